//! # swallowed-error
//!
//! An error that is caught and dropped: nobody is told, nothing is logged, and the program goes on as if what it tried had
//! happened. The order is "placed" and not stored, the receipt never leaves, a locked database reads as "not logged in".
//! Each single time nothing is seen; over a year the books and the world drift apart, and the log that would explain it was
//! never written. Of 265 generated backends with `except Exception`, 258 log nothing.
//!
//! ## What is reported
//!
//! - **error**: something that changes or fetches data outside the process (a query, a file written, a request, a message sent)
//!   is tried, *every* error is caught, and the handler only passes, continues or returns a constant;
//! - **error**: in Rust, the result of a durable write is dropped: `let _ = fs::write(..)`, `file.sync_all().ok();`;
//! - **warning**: the same around code whose failure does less harm, or with a comment that gives a reason: the reason is a
//!   claim, but a person has thought about it;
//! - **note**: the caller is answered 500 or above, as by a health route: it is told that the server failed, and nobody learns why.
//!
//! Left alone: narrow exceptions (`KeyError`, `FileNotFoundError`), handlers that log, re-raise, use the error or call something,
//! optional imports, closing and cleaning up, and tests.
//!
//! ## What to do
//!
//! Catch what you expect, and let the rest rise to the one place that logs it and answers 500:
//!
//! ```python
//! try:
//!     return sessions[token]
//! except KeyError:          # not: except Exception
//!     return None
//! ```
//!
//! Where the work may really fail without harm, leave a trace: `logger.exception("receipt not sent")`, `console.error(error)`,
//! `if let Err(error) = fs::write(..) { tracing::error!(%error, "cache not kept") }`.
//!
//! Source: [CWE-390](https://cwe.mitre.org/data/definitions/390.html), [CWE-391](https://cwe.mitre.org/data/definitions/391.html);
//! Yuan et al., "Simple Testing Can Prevent Most Critical Failures", OSDI 2014: 92% of the catastrophic failures studied came from
//! errors that were signalled and handled wrongly.

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::answer::answer as answered;
use crate::facts::nodes::{Around, Node, each_expr, each_in_body, each_node, enclosing_function};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Handler, Stmt, StmtKind, Try, UnaryOp};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::called_name;
use crate::facts::words::words;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("swallowed-error"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "an error that is caught and dropped",
        applies_to: "place that handles an error",
        variants: &["ignored", "answered-with-a-constant", "promise-ignored", "result-discarded"],
        source: include_str!("swallowed_error.rs"),
    },
    run: Run::File(run),
};

/// Calls that change or fetch what lies outside the process: that they failed must not be lost.
const EFFECTS: &[&str] = &[
    "execute",
    "executemany",
    "executescript",
    "commit",
    "save",
    "insert",
    "insertone",
    "insertmany",
    "update",
    "updateone",
    "delete",
    "deleteone",
    "create",
    "bulkcreate",
    "upsert",
    "publish",
    "enqueue",
    "charge",
    "refund",
    "pay",
    "transfer",
    "sendmail",
    "sendmessage",
    "post",
    "put",
    "patch",
    "fetch",
    "fetchone",
    "fetchall",
    "query",
    "findone",
    "findmany",
    "findunique",
    "findall",
    "urlopen",
    "writefile",
    "writefilesync",
    "appendfile",
    "appendfilesync",
    "writetext",
    "writebytes",
    "writeall",
    "syncall",
    "syncdata",
    "fsync",
    "rename",
    "renamesync",
    "replace_file",
    "dump",
    "upload",
    "uploadfile",
    "putobject",
    "setitem",
];

/// Calls of Python that read a file: with `except Exception`, one that cannot be read looks like one that is not there.
const READS: &[&str] = &["open", "read_text", "read_bytes"];

/// Calls whose failure nobody needs to hear of: letting go of things.
const CLEANUP: &[&str] = &[
    "close",
    "unlink",
    "remove",
    "rmtree",
    "kill",
    "terminate",
    "shutdown",
    "disconnect",
    "cancel",
    "unsubscribe",
    "destroy",
    "dispose",
    "abort",
    "stop",
    "quit",
    "release",
    "detach",
    "removeeventlistener",
    "rm",
    "rmdir",
    "unlinksync",
    "rmsync",
    "killpg",
    "wait",
    "join",
    "flush",
    "rollback",
    "cleanup",
    "teardown",
    "aclose",
    "end",
];

/// Words in what a handler calls that say it tells somebody, or leaves.
const TELLS: &[&str] = &[
    "log",
    "logger",
    "logging",
    "warn",
    "warning",
    "error",
    "err",
    "exception",
    "print",
    "println",
    "eprintln",
    "traceback",
    "trace",
    "capture",
    "report",
    "notify",
    "alert",
    "abort",
    "fail",
    "exit",
    "reject",
    "debug",
    "info",
    "console",
    "sentry",
    "record",
    "next",
    "raise",
    "throw",
    "callback",
    "cb",
    "done",
    "emit",
    "critical",
    "fatal",
];

fn run(_context: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    if file.is_test {
        return;
    }
    each_node(&file.syntax, &mut |node, around| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }) => judge_try(file, tried, around, report),
            Node::Expr(expr) if file.language != Language::Python && file.language != Language::Rust => {
                judge_promise(file, expr, report);
            }
            Node::Stmt(stmt) if file.language == Language::Rust && !in_rust_tests(around) => {
                judge_result(file, stmt, report)
            }
            _ => {}
        }
        true
    });
}

fn judge_try(file: &SourceFile, tried: &Try, around: Around<'_, '_>, report: &mut Report<'_>) {
    for handler in &tried.handlers {
        report.trial();
        let broad = catches_everything(handler);
        if !broad || reports(&handler.body, handler.binding.as_ref()) || !only_drops(&handler.body) {
            continue;
        }
        if is_optional(&tried.body) || is_letting_go(&tried.body, around) {
            continue;
        }
        let harm = harmful_call(&tried.body, file.language);
        // JavaScript has no typed `catch`: a handler around an attempt (`JSON.parse`, a probe of the browser) is how one asks there.
        if harm.is_none() && file.language != Language::Python && !awaits(&tried.body) {
            continue;
        }
        let explained = has_reason(file, handler.extent);
        // A 500 or 503 is no lie: the caller is told, and only the cause is lost.
        let is_told = says_fault(&handler.body);
        let severity = match harm {
            _ if is_told => Severity::Note,
            Some(_) if !explained => Severity::Error,
            _ => Severity::Warning,
        };
        let constant = answer(&handler.body);
        let what =
            harm.map_or_else(|| "whatever fails here".to_owned(), |call| format!("a failure of `{call}`"));
        let caught = handler.caught.as_ref().map_or("everything", |caught| file.text_of(caught.extent));
        let (variant, becomes) = match constant {
            Some(value) if is_told => {
                let text = file.text_of(value);
                ("answered-with-a-constant", format!("is answered with `{text}`, and nobody learns why"))
            }
            Some(value) => {
                let text = if file.text_of(value).is_empty() { "nothing" } else { file.text_of(value) };
                ("answered-with-a-constant", format!("is answered with `{text}`, as if that were the truth"))
            }
            None => ("ignored", "is dropped, and the program goes on as if it had worked".to_owned()),
        };
        let message = format!("`{caught}` is caught and not told to anybody: {what} {becomes}");
        let head = file.first_line(handler.extent);
        report.add(
            report
                .at(file, head, message)
                .variant(variant)
                .severity(severity)
                .confidence(Confidence::High)
                .advice(advice(file.language)),
        );
    }
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::Python => {
            "catch only the exception you expect here (`except KeyError:`), or log it (`logger.exception(\"…\")`) and `raise`"
        }
        Language::JavaScript | Language::TypeScript => {
            "let it rise (`throw error`, `next(error)`), or log it (`console.error(error)`) and answer that the work failed"
        }
        Language::Rust => {
            "return it with `?`, or log it: `if let Err(error) = … { tracing::error!(%error, \"…\") }`"
        }
    }
}

/// `except:`, `except Exception`, every `catch` of JavaScript.
fn catches_everything(handler: &Handler) -> bool {
    fn is_base(caught: &Expr) -> bool {
        match &caught.kind {
            ExprKind::Sequence { items, .. } => items.iter().any(is_base),
            _ => matches!(
                caught.dotted().as_deref().map(|name| name.strip_prefix("builtins.").unwrap_or(name)),
                Some("Exception" | "BaseException")
            ),
        }
    }
    handler.caught.as_ref().is_none_or(is_base)
}

/// Whether a handler tells somebody, raises, or hands the error on.
fn reports(body: &[Stmt], binding: Option<&Expr>) -> bool {
    let bound = binding.and_then(Expr::dotted);
    let mut told = false;
    each_in_body(body, &mut |node, _| {
        told |= match node {
            Node::Stmt(Stmt { kind: StmtKind::Raise { .. }, .. }) => true,
            Node::Expr(Expr { kind: ExprKind::Name(name), .. }) => bound.as_deref() == Some(name.as_str()),
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => call
                .callee
                .dotted()
                .or_else(|| called_name(&call.callee).map(str::to_owned))
                .is_some_and(|name| words(&name).iter().any(|word| TELLS.contains(&word.as_str()))),
            _ => false,
        };
        !told
    });
    told
}

/// Whether a handler does nothing but go on: passes, leaves a loop, or gives a constant.
fn only_drops(body: &[Stmt]) -> bool {
    body.iter().all(|stmt| match &stmt.kind {
        StmtKind::Empty | StmtKind::Continue | StmtKind::Break | StmtKind::Return(None) => true,
        StmtKind::Return(Some(value)) => is_constant(value),
        StmtKind::Assign(assign) => assign.op.is_none() && assign.value.as_ref().is_some_and(is_constant),
        StmtKind::Expr(Expr { kind: ExprKind::Assign { op: None, value, .. }, .. }) => is_constant(value),
        StmtKind::Expr(expr) => {
            is_constant(expr)
                || expr
                    .call()
                    .and_then(|call| called_name(&call.callee))
                    .is_some_and(|name| is_one_of(name, CLEANUP))
        }
        StmtKind::Block(body) => only_drops(body),
        _ => false,
    })
}

fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Sequence { items, .. } => items.iter().all(is_constant),
        ExprKind::Record { of: None, entries } => entries.iter().all(|(_, value)| is_constant(value)),
        ExprKind::Unary { op: UnaryOp::Minus | UnaryOp::Not, value } => is_constant(value),
        ExprKind::Name(name) => name == "undefined",
        _ => false,
    }
}

/// The constant that a handler gives as its answer.
fn answer(body: &[Stmt]) -> Option<Extent> {
    body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Return(Some(value)) => Some(value.extent),
        StmtKind::Assign(assign) => assign.value.as_ref().map(|value| value.extent),
        StmtKind::Expr(Expr { kind: ExprKind::Assign { value, .. }, .. }) => Some(value.extent),
        _ => None,
    })
}

/// Whether what is answered says that the server failed.
fn says_fault(body: &[Stmt]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= answered(node).and_then(|answer| answer.status).is_some_and(|status| status >= 500);
        !found
    });
    found
}

/// Nothing is tried but an import.
fn is_optional(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| matches!(stmt.kind, StmtKind::Import(_)))
}

/// Nothing is tried but letting go of something, or it is tried while ending.
fn is_letting_go(body: &[Stmt], around: Around<'_, '_>) -> bool {
    const ENDINGS: &[&str] =
        &["del", "exit", "aexit", "close", "cleanup", "teardown", "shutdown", "dispose", "stop", "destroy"];
    if enclosing_function(around)
        .is_some_and(|function| words(&function.name).iter().any(|word| ENDINGS.contains(&word.as_str())))
    {
        return true;
    }
    let mut calls = 0;
    let mut kept = 0;
    each_expr(body, false, &mut |expr| {
        if let Some(name) = expr.call().and_then(|call| called_name(&call.callee)) {
            calls += 1;
            kept += u32::from(!is_one_of(name, CLEANUP));
        }
    });
    calls > 0 && kept == 0
}

/// The first call of a body that changes or fetches what lies outside the process.
fn harmful_call(body: &[Stmt], language: Language) -> Option<String> {
    let reads = |name: &str| language == Language::Python && READS.contains(&name);
    let mut found = None;
    each_expr(body, false, &mut |expr| {
        let Some(call) = expr.call() else { return };
        let Some(name) = called_name(&call.callee) else { return };
        // A bare `update(x)` of a dict is in the process; what has the effect is a method of something or an awaited function.
        if found.is_none() && (reads(name) || (is_one_of(name, EFFECTS) && !is_collection(&call.callee))) {
            found = Some(call.callee.dotted().unwrap_or_else(|| name.to_owned()));
        }
    });
    found
}

fn awaits(body: &[Stmt]) -> bool {
    let mut found = false;
    each_expr(body, false, &mut |expr| found |= matches!(expr.kind, ExprKind::Await(_)));
    found
}

/// `headers.update(..)`: dictionaries and sets have methods with the same names.
fn is_collection(callee: &Expr) -> bool {
    const IN_PROCESS: &[&str] = &[
        "dict", "headers", "params", "options", "set", "data", "map", "cache", "hash", "hasher", "digest",
        "list", "object", "path",
    ];
    let ExprKind::Member { object, .. } = &callee.kind else { return false };
    called_name(object).is_some_and(|name| words(name).iter().any(|word| IN_PROCESS.contains(&word.as_str())))
}

fn is_one_of(name: &str, list: &[&str]) -> bool {
    let folded: String =
        name.chars().filter(|character| *character != '_').flat_map(char::to_lowercase).collect();
    list.contains(&folded.as_str())
}

/// Whether a comment in or beside the handler gives a reason.
fn has_reason(file: &SourceFile, extent: Extent) -> bool {
    let line = |offset| file.lines.line(offset);
    let (first, last) = (line(extent.start), line(extent.end));
    file.syntax.comments.iter().any(|comment| {
        let at = line(comment.extent.start);
        (first..=last).contains(&at) && is_reason(file.text_of(comment.extent))
    })
}

/// Three words at least, and meant for a person: `noqa`, `type: ignore[..]`, `error: [..]` are for tools.
fn is_reason(comment: &str) -> bool {
    const FOR_TOOLS: &[&str] = &[
        "noqa",
        "nosec",
        "NOSONAR",
        "pylint:",
        "eslint",
        "pragma:",
        "istanbul",
        "biome-ignore",
        "@ts-",
        "ignore[",
        ": [",
    ];
    let words = comment.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    words >= 3 && !FOR_TOOLS.iter().any(|mark| comment.contains(mark))
}

/// `.catch(() => {})`.
fn judge_promise(file: &SourceFile, expr: &Expr, report: &mut Report<'_>) {
    let Some(call) = expr.call() else { return };
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
    let [handler] = call.arguments.as_slice() else { return };
    let ExprKind::Function(function) = &handler.value.kind else { return };
    if name != "catch" {
        return;
    }
    report.trial();
    let binding = function.parameters.first().map(|parameter| &parameter.pattern);
    if reports(&function.body, binding) || !only_drops(&function.body) {
        return;
    }
    let tried = outermost_call(object);
    let effect = tried.filter(|name| is_one_of(name, EFFECTS));
    if tried.is_some_and(|name| is_one_of(name, CLEANUP)) {
        return;
    }
    let explained = has_reason(file, handler.value.extent);
    let severity = if effect.is_some() && !explained { Severity::Error } else { Severity::Warning };
    let what = tried.map_or_else(|| "the promise".to_owned(), |name| format!("`{name}`"));
    let message = format!("a failure of {what} is dropped here: nobody learns that it did not happen");
    report.add(
        report
            .at(file, handler.value.extent, message)
            .variant("promise-ignored")
            .severity(severity)
            .advice("log it at least: `.catch((error) => console.error(error))`; better, `await` it and let the caller answer"),
    );
}

/// The last call before `.catch`, `.then` not counted.
fn outermost_call(expr: &Expr) -> Option<&str> {
    let call = expr.call()?;
    match called_name(&call.callee)? {
        "then" | "finally" => match &call.callee.kind {
            ExprKind::Member { object, .. } => outermost_call(object),
            _ => None,
        },
        name => Some(name),
    }
}

/// Calls of Rust whose failure means that something was not kept.
const DURABLE: &[&str] =
    &["write_all", "sync_all", "sync_data", "persist", "commit", "execute", "rename", "copy"];

/// `let _ = fs::write(..);` and `file.sync_all().ok();`.
fn judge_result(file: &SourceFile, stmt: &Stmt, report: &mut Report<'_>) {
    let dropped = match &stmt.kind {
        StmtKind::Assign(assign) if matches!(assign.targets.as_slice(), [Expr { kind: ExprKind::Name(name), .. }] if name == "_") => {
            assign.value.as_ref()
        }
        StmtKind::Expr(expr) => ok_of(expr),
        StmtKind::If { test: Expr { kind: ExprKind::Matches { pattern, value }, .. }, then, otherwise } => {
            let is_ok = pattern.call().and_then(|call| called_name(&call.callee)) == Some("Ok");
            (is_ok && then.is_empty() && otherwise.is_empty()).then_some(&**value)
        }
        _ => None,
    };
    let Some(dropped) = dropped else { return };
    report.trial();
    let unwrapped = match &dropped.kind {
        ExprKind::Await(value) => value,
        _ => dropped,
    };
    let Some(call) = unwrapped.call() else { return };
    let Some(name) = called_name(&call.callee) else { return };
    let path = file.resolve(&call.callee).unwrap_or_default();
    let is_fs = path.contains("fs.") && !is_one_of(name, CLEANUP) && !name.starts_with("remove");
    if !(DURABLE.contains(&name)
        || (is_fs && matches!(name, "write" | "create_dir_all" | "create_dir" | "set_permissions")))
    {
        return;
    }
    let writes = DURABLE.contains(&name) || name == "write";
    let severity = if writes && !has_reason(file, stmt.extent) && !has_reason_above(file, stmt.extent) {
        Severity::Error
    } else {
        Severity::Warning
    };
    let message =
        format!("whether `{name}` worked is thrown away here: what was to be kept may be lost unnoticed");
    report.add(
        report.at(file, stmt.extent, message).variant("result-discarded").severity(severity).advice(
            "return it with `?`, or log it: `if let Err(error) = … { tracing::error!(%error, \"…\") }`",
        ),
    );
}

fn ok_of(expr: &Expr) -> Option<&Expr> {
    let call = expr.call()?;
    match &call.callee.kind {
        ExprKind::Member { object, name, .. } if name == "ok" && call.arguments.is_empty() => Some(object),
        _ => None,
    }
}

fn has_reason_above(file: &SourceFile, extent: Extent) -> bool {
    let line = file.lines.line(extent.start);
    file.syntax
        .comments
        .iter()
        .any(|comment| comment.alone && file.lines.line(comment.extent.start) + 1 == line)
}

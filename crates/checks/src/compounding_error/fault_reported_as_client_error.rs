//! # fault-reported-as-client-error
//!
//! `except Exception` around a whole handler, and 400 as the answer: now a database that is locked, a disk that is full and a name that was
//! mistyped are all the caller's fault. Clients do not try again what was answered with 4xx; who was answered 401 is logged out; nobody
//! is woken, because nothing counts as a fault; and the cause is gone.
//!
//! ## What is reported
//!
//! - **error**: a fault of a database, a disk, another machine or a program is answered 401 or 403, and the cause is not logged, also where a
//!   function catches everything and returns nothing, and its caller takes nothing for nobody;
//! - **warning**: the same with another 4xx; the error of a callback likewise; a handler of the errors of databases (`sqlite3.Error`) that
//!   answers 4xx;
//! - **note**: it is logged, or only the program's own mistakes (a missing key, a wrong type) can get there.
//!
//! Left alone: exceptions of a certain kind (`except ValueError`, `IntegrityError` as 409), `catch` around nothing but parsing, validation
//! and the reading of a token or a request, and answers that look at what kind of error it is (`err.code`, `instanceof`).
//!
//! ## What to do
//!
//! Catch what the caller can cause by its own name, and let everything else be a 500, logged once in one place:
//!
//! ```python
//! try:
//!     payload = jwt.decode(token, KEY, algorithms=["HS256"])
//! except jwt.InvalidTokenError:
//!     raise HTTPException(401, "invalid token")
//! user = find_user(payload["sub"])      # a fault of the database is none of the token's
//! ```
//!
//! Source: RFC 9110, 15.5 ("the client seems to have erred") and 15.6; [CWE-755](https://cwe.mitre.org/data/definitions/755.html),
//! [CWE-396](https://cwe.mitre.org/data/definitions/396.html).

use std::collections::BTreeSet;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::absence::{absent_names, root_name};
use crate::facts::answer::{Answer, answer};
use crate::facts::effects::{Effect, first_effect, only_judges};
use crate::facts::faults::{Breadth, breadth, is_narrowed, is_told};
use crate::facts::nodes::{Around, Node, each_expr, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Function, Handler, Literal, Stmt, StmtKind, Try};
use crate::facts::values::called_name;
use crate::framework::conduct::{Conduct, Step};
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("fault-reported-as-client-error"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "a fault of the service, answered as the caller's",
        applies_to: "handler of everything that answers",
        variants: &["caught", "callback", "returned-as-nothing", "registered"],
        source: include_str!("fault_reported_as_client_error.rs"),
    },
    run: Run::Handlers(run),
};

/// What of the surroundings can fail in a body.
enum Reach {
    /// Something by its name, and the call.
    Known(Effect, String),
    /// Something that is awaited.
    Awaited(String),
    /// Nothing but the program itself.
    Program,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.web.handlers.is_empty() {
        return;
    }
    let conduct = Conduct::of(context);
    for (at, file) in context.files.iter().enumerate().filter(|(_, file)| !file.is_test) {
        each_node(&file.syntax, &mut |node, around| {
            if let Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }) = node {
                judge_try(&conduct, at, file, tried, around, report);
            } else if let Some(function) = node.function() {
                judge_callback(&conduct, at, file, function, around, report);
                judge_registered(file, function, report);
            }
            true
        });
    }
    judge_nothing(context, &conduct, report);
}

/// What a body can fail at, itself or in a function of the project that it calls.
fn reach<'a>(
    conduct: &Conduct<'a>,
    at: usize,
    file: &SourceFile,
    body: &'a [Stmt],
    around: Around<'a, '_>,
) -> Reach {
    if let Some((effect, call)) = first_effect(file, body) {
        return Reach::Known(effect, shown(file, call));
    }
    let (mut known, mut awaited) = (None, None);
    each_in_body(body, &mut |node, inner| {
        let Some(expr) = node.expr() else { return known.is_none() };
        if let Some(call) = expr.call() {
            let here: Vec<Node<'a>> = around.iter().chain(inner).copied().collect();
            let effect = conduct.target(at, &here, &call.callee).and_then(|function| {
                let steps = conduct.steps([function]);
                steps.iter().find_map(|step: &Step<'a>| {
                    first_effect(step.source, &step.function.body).map(|(effect, _)| effect)
                })
            });
            known = effect.map(|effect| (effect, shown(file, expr)));
        }
        if let ExprKind::Await(value) = &expr.kind
            && awaited.is_none()
            && !value.call().is_some_and(only_judges)
        {
            awaited = Some(shown(file, value));
        }
        known.is_none()
    });
    match (known, awaited) {
        (Some((effect, call)), _) => Reach::Known(effect, call),
        (None, Some(call)) => Reach::Awaited(call),
        (None, None) => Reach::Program,
    }
}

/// What is called, as it is written: `conn.execute`.
fn shown(file: &SourceFile, call: &Expr) -> String {
    let mut callee = call.call().map_or(call, |call| &call.callee);
    // Of `db.execute(..).fetchone()` the first says most.
    while let ExprKind::Member { object, .. } = &callee.kind
        && let Some(inner) = object.call()
    {
        callee = &inner.callee;
    }
    let text = callee.dotted().or_else(|| called_name(callee).map(str::to_owned));
    text.unwrap_or_else(|| file.text_of(callee.extent).chars().take(40).collect())
}

fn judge_try<'a>(
    conduct: &Conduct<'a>,
    at: usize,
    file: &SourceFile,
    tried: &'a Try,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
) {
    for handler in &tried.handlers {
        let broad = breadth(handler.caught.as_ref()) == Breadth::All;
        let of_database = handler.caught.as_ref().is_some_and(is_database_error);
        if !(broad || of_database) {
            continue;
        }
        let Some(answered) = blamed(handler) else { continue };
        report.trial();
        let reached = if of_database && !broad {
            Reach::Known(
                Effect::Database,
                handler
                    .caught
                    .as_ref()
                    .map_or_else(String::new, |caught| file.text_of(caught.extent).to_owned()),
            )
        } else {
            reach(conduct, at, file, &tried.body, around)
        };
        let told = is_told(&handler.body);
        let python = file.language == Language::Python;
        let (severity, what) = match (&reached, told) {
            (Reach::Program, _) if !python || only_reads(&tried.body) => continue,
            (Reach::Program, _) => {
                (Severity::Note, "a mistake of the program itself (a missing key, a wrong type)".to_owned())
            }
            (Reach::Known(effect, call), true) => {
                (Severity::Note, format!("a fault of the {} (`{call}`)", effect.name()))
            }
            (Reach::Awaited(call), true) => (Severity::Note, format!("whatever fails in `{call}`")),
            (Reach::Known(effect, call), false) if answered.refuses() => {
                (Severity::Error, format!("a fault of the {} (`{call}`)", effect.name()))
            }
            (Reach::Known(effect, call), false) => {
                (Severity::Warning, format!("a fault of the {} (`{call}`)", effect.name()))
            }
            (Reach::Awaited(call), false) => (Severity::Warning, format!("whatever fails in `{call}`")),
        };
        let logged = if told { "" } else { ", and nobody learns of it" };
        let status = answered.status.unwrap_or(400);
        let message = format!("{what} is answered {status} here, as if the caller were wrong{logged}");
        let confidence =
            if matches!(reached, Reach::Known(..)) { Confidence::High } else { Confidence::Medium };
        report.add(
            report
                .at(file, file.first_line(handler.extent), message)
                .variant("caught")
                .severity(severity)
                .confidence(confidence)
                .related(file, answered.extent, "the answer")
                .advice(advice(file.language)),
        );
    }
}

fn is_database_error(caught: &Expr) -> bool {
    let dotted = caught.dotted().unwrap_or_default();
    matches!(
        dotted.rsplit('.').next().unwrap_or_default(),
        "OperationalError" | "DatabaseError" | "SQLAlchemyError" | "InterfaceError" | "PyMongoError"
    ) || matches!(
        dotted.as_str(),
        "sqlite3.Error" | "psycopg2.Error" | "psycopg.Error" | "mysql.connector.Error"
    )
}

/// A body that only reads the request, or turns texts into numbers and times.
fn only_reads(body: &[Stmt]) -> bool {
    const READS: &[&str] = &[
        "get_json",
        "json",
        "loads",
        "int",
        "float",
        "str",
        "len",
        "get",
        "strip",
        "lower",
        "upper",
        "split",
        "fromisoformat",
        "strptime",
        "UUID",
        "bool",
        "Decimal",
        "decode",
        "b64decode",
        "format",
        "items",
        "keys",
        "isoformat",
        "parse",
        "body",
        "form",
        "model_validate",
        "parse_obj",
        "list",
        "dict",
        "ObjectId",
        "date",
    ];
    let mut only = true;
    each_expr(body, true, &mut |expr| {
        if let Some(call) = expr.call() {
            only &= called_name(&call.callee).is_some_and(|name| READS.contains(&name))
                && !matches!(call.callee.dotted().as_deref(), Some("jwt.decode" | "jose.jwt.decode"));
        }
    });
    only
}

/// The answer with which a handler of everything blames the caller, whatever was caught.
fn blamed(handler: &Handler) -> Option<Answer<'_>> {
    let name = handler.binding.as_ref().and_then(root_name).unwrap_or_default();
    let mut found = None;
    each_in_body(&handler.body, &mut |node, around| {
        if found.is_none()
            && let Some(answer) = answer(node).filter(Answer::blames_caller)
            && !(is_narrowed(name, &handler.body, around, answer.extent))
        {
            found = Some(answer);
        }
        found.is_none() && node.function().is_none()
    });
    found
}

/// `db.get(sql, (err, row) => { if (err) return res.status(404).end(); .. })`.
fn judge_callback<'a>(
    conduct: &Conduct<'a>,
    at: usize,
    file: &SourceFile,
    function: &'a Function,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
) {
    let Some(Node::Expr(parent)) = around.last() else { return };
    let Some(call) = parent.call() else { return };
    let error =
        function.parameters.first().and_then(|parameter| root_name(&parameter.pattern)).unwrap_or_default();
    if file.language == Language::Python
        || !matches!(error, "err" | "error" | "e" | "er")
        || function.parameters.len() > 3
    {
        return;
    }
    let direct = crate::facts::effects::effect_of(file, parent);
    let effect = direct.or_else(|| {
        let steps = conduct.steps(conduct.target(at, around, &call.callee));
        steps.iter().find_map(|step| first_effect(step.source, &step.function.body).map(|(effect, _)| effect))
    });
    let Some(effect) = effect else { return };
    for stmt in &function.body {
        let StmtKind::If { test: Expr { kind: ExprKind::Name(tested), .. }, then, .. } = &stmt.kind else {
            continue;
        };
        if tested != error {
            continue;
        }
        report.trial();
        let mut found = None;
        each_in_body(then, &mut |node, inner| {
            if found.is_none() && !is_narrowed(error, then, inner, stmt.extent) {
                found = answer(node).filter(Answer::blames_caller);
            }
            found.is_none()
        });
        let Some(answered) = found.filter(|_| !is_told(then)) else { continue };
        let message = format!(
            "a fault of the {} (`{}`) is answered {} here, as if the caller were wrong, and nobody learns of it",
            effect.name(),
            shown(file, parent),
            answered.status.unwrap_or(400)
        );
        report.add(
            report
                .at(file, answered.extent, message)
                .variant("callback")
                .severity(if answered.refuses() && direct.is_some() {
                    Severity::Error
                } else {
                    Severity::Warning
                })
                .confidence(Confidence::High)
                .advice(advice(file.language)),
        );
    }
}

/// `@app.errorhandler(OSError)` that answers 404.
fn judge_registered(file: &SourceFile, function: &Function, report: &mut Report<'_>) {
    let caught = function.decorators.iter().filter_map(Expr::call).find(|call| {
        matches!(called_name(&call.callee), Some("errorhandler" | "exception_handler" | "app_errorhandler"))
    });
    let Some(caught) = caught.and_then(|call| call.arguments.first()).map(|given| &given.value) else {
        return;
    };
    if breadth(Some(caught)) == Breadth::Certain {
        return;
    }
    let name =
        function.parameters.last().and_then(|parameter| root_name(&parameter.pattern)).unwrap_or_default();
    let mut found = None;
    each_in_body(&function.body, &mut |node, around| {
        if found.is_none()
            && let Some(answer) = answer(node).filter(Answer::blames_caller)
            && !is_narrowed(name, &function.body, around, answer.extent)
        {
            found = Some(answer);
        }
        found.is_none()
    });
    let Some(answered) = found else { return };
    report.trial();
    let told = is_told(&function.body);
    let all = breadth(Some(caught)) == Breadth::All;
    let message = format!(
        "every `{}` of the whole program is answered {} here, as if the caller were wrong",
        file.text_of(caught.extent),
        answered.status.unwrap_or(400)
    );
    report.add(
        report
            .at(file, function.name_extent, message)
            .variant("registered")
            .severity(if all && !told { Severity::Warning } else { Severity::Note })
            .confidence(Confidence::Medium)
            .related(file, answered.extent, "the answer")
            .advice(advice(file.language)),
    );
}

/// A function that catches everything and returns nothing, and a caller that takes nothing for the caller's fault.
fn judge_nothing<'a>(context: &'a Context<'a>, conduct: &Conduct<'a>, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for handler in &context.web.handlers {
        let steps = conduct.steps(
            handler
                .guards
                .iter()
                .filter_map(|guard| guard.function)
                .chain([(handler.file, handler.function)]),
        );
        for step in steps {
            for called in conduct.calls((step.file, step.function)).iter() {
                let Some(source) = context.files.get(called.to.0) else { continue };
                let Some((caught, effect, call)) = gives_nothing(source, called.to.1) else { continue };
                if !seen.insert((called.to.0, caught.extent.start)) {
                    continue;
                }
                report.trial();
                let Some(answered) = taken_for_nobody(step.function, called.call) else { continue };
                let message = format!(
                    "a fault of the {} (`{call}`) is returned as nothing here, and answered {} by who called, as if the caller were wrong",
                    effect.name(),
                    answered.status.unwrap_or(400)
                );
                report.add(
                    report
                        .at(source, source.first_line(caught.extent), message)
                        .variant("returned-as-nothing")
                        .severity(if answered.refuses() { Severity::Error } else { Severity::Warning })
                        .confidence(Confidence::High)
                        .related(step.source, answered.extent, "the answer")
                        .advice(advice(source.language)),
                );
            }
        }
    }
}

/// The handler with which a function turns a fault into nothing.
fn gives_nothing<'a>(file: &SourceFile, function: &'a Function) -> Option<(&'a Handler, Effect, String)> {
    let mut found = None;
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }) = node
            && found.is_none()
            && let Some((effect, call)) = first_effect(file, &tried.body)
        {
            let nothing = |stmt: &Stmt| match &stmt.kind {
                StmtKind::Return(None) => true,
                StmtKind::Return(Some(value)) => {
                    matches!(&value.kind, ExprKind::Literal(Literal::Null | Literal::Boolean(false)))
                }
                _ => false,
            };
            let broad = tried.handlers.iter().find(|handler| {
                breadth(handler.caught.as_ref()) == Breadth::All
                    && !is_told(&handler.body)
                    && handler.body.iter().all(|stmt| nothing(stmt) || matches!(stmt.kind, StmtKind::Expr(_)))
                    && handler.body.iter().any(nothing)
            });
            found = broad.map(|handler| (handler, effect, shown(file, call)));
        }
        found.is_none()
    });
    found
}

/// The answer of a caller that got nothing from a call.
fn taken_for_nobody<'a>(function: &'a Function, call: &crate::facts::syntax::Call) -> Option<Answer<'a>> {
    let holds = |expr: &Expr| {
        expr.extent.start <= call.callee.extent.start && call.callee.extent.end <= expr.extent.end
    };
    let mut names: Vec<&str> = Vec::new();
    let mut found = None;
    each_in_body(&function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })
                if assign.value.as_ref().is_some_and(holds) =>
            {
                names.extend(assign.targets.iter().filter_map(root_name));
            }
            Node::Stmt(Stmt { kind: StmtKind::If { test, then, .. }, .. }) => {
                let absent = absent_names(test);
                let direct = matches!(&test.kind, ExprKind::Unary { op: crate::facts::syntax::UnaryOp::Not, value } if holds(value));
                if direct || absent.iter().any(|name| names.contains(name)) {
                    each_in_body(then, &mut |node, _| {
                        found = found.take().or_else(|| answer(node).filter(Answer::blames_caller));
                        found.is_none()
                    });
                }
            }
            _ => {}
        }
        found.is_none()
    });
    found
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::Python => {
            "catch what the caller can cause by its name (`except jwt.InvalidTokenError:`) around the one call that raises it; let everything else rise, to be logged and answered 500 in one place"
        }
        Language::JavaScript | Language::TypeScript => {
            "answer 4xx only for errors that you recognise (`err instanceof …`, `err.code === …`), and hand the others on: `throw err`, `next(err)`"
        }
        Language::Rust => {
            "answer 4xx only for the variants that the caller can cause, and 500 for the others, logged"
        }
    }
}

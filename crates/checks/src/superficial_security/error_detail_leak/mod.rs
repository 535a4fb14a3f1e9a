//! # error-detail-leak
//!
//! The text of an exception is written for who wrote the program: it names tables and columns, files and folders, hosts and versions, and
//! sometimes the value that was being worked on. Sent to the caller, it is what an attacker reads to find the next step, and it is different
//! with every fault, so that no client can rely on it.
//!
//! ## What is reported
//!
//! - **error**: a stack trace in an answer (`traceback.format_exc()`, `err.stack`);
//! - **warning**: the text of whatever went wrong in an answer: in a handler of everything (`except Exception`, `catch`, Express's
//!   error middleware, the error of a callback) or of what only the program's own surroundings raise (`OSError`, `sqlite3.Error`, ..), and what
//!   a tool wrote to its standard error;
//! - **warning**: the text of a library's error in what an error of a Rust program answers for a fault (`impl IntoResponse`, `impl ResponseError`);
//! - **warning**: an Express application without any error handler: Express answers whatever is thrown, and JSON that does not parse, with the
//!   stack trace, unless `NODE_ENV` is `production`, and nothing in the tree sets it.
//!
//! Left alone: an exception of a certain kind whose text is meant for the caller (`except ValueError as e`, `catch` around nothing but parsing
//! and the project's own calculations answered with 400), text that is sent only while developing or only for errors that are marked as
//! the caller's (`err.expose`, `err instanceof AppError`, `status < 500`), and logs.
//!
//! ## What to do
//!
//! Log the exception with a number, and give the caller the number:
//!
//! ```python
//! except Exception:
//!     app.logger.exception("import %s failed", number)
//!     return jsonify(error="Something went wrong here.", reference=number), 500
//! ```
//!
//! ```js
//! app.use((err, req, res, next) => {
//!   const status = err.status ?? 500;
//!   if (status >= 500) log.error(err);
//!   res.status(status).json({ error: status < 500 ? err.message : "Something went wrong here." });
//! });
//! ```
//!
//! Source: [CWE-209](https://cwe.mitre.org/data/definitions/209.html); Express, ["Error handling"](https://expressjs.com/en/guide/error-handling.html):
//! "the stack trace is not included in the production environment"; OWASP Error Handling Cheat Sheet.

mod caught;
mod default_handler;
mod into_response;
mod text;

use std::collections::BTreeMap;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::caught::Caught;
use self::text::{Leak, Told};
use crate::context::Context;
use crate::facts::answer::{Answer, answer};
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function};
use crate::facts::values::called_name;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("error-detail-leak"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what went wrong inside, told to the caller",
        applies_to: "answer to a fault",
        variants: &["stack-trace", "exception-text", "tool-output", "default-handler"],
        source: include_str!("mod.rs"),
    },
    run: Run::Handlers(run),
};

/// Other places of the same function that are listed.
const RELATED: usize = 5;

/// One leak at its place.
struct Found {
    extent: Extent,
    leak: Leak,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.web.handlers.is_empty() {
        return;
    }
    for (at, file) in context.files.iter().enumerate().filter(|(_, file)| !file.is_test) {
        let handlers: Vec<*const Function> = context
            .web
            .handlers
            .iter()
            .filter(|handler| handler.file == at)
            .map(|handler| std::ptr::from_ref(handler.function))
            .collect();
        judge(file, &handlers, report);
    }
    default_handler::judge(context, report);
    into_response::judge(context, report);
}

fn judge(file: &SourceFile, handlers: &[*const Function], report: &mut Report<'_>) {
    let registered = caught::registered(file);
    let mut groups: BTreeMap<(u32, &'static str), Vec<Found>> = BTreeMap::new();
    each_node(&file.syntax, &mut |node, around| {
        let Some(answer) = answer(node).filter(|_| !is_variant(file, node)) else { return true };
        let caught = caught::around(file, around, &registered);
        if caught.is_some() || answer.status.is_some_and(|status| status >= 500) {
            report.trial();
        }
        if let Some(leak) = leak(file, &answer, caught.as_ref(), around) {
            let group = (owner(around, handlers), leak.told.variant());
            groups.entry(group).or_default().push(Found { extent: answer.extent, leak });
            return false;
        }
        // An answer in an answer is looked at on its own: a callback in it, say.
        true
    });
    for ((_, variant), found) in groups {
        say(file, variant, &found, report);
    }
}

/// Whether an error of the program is made here (`RepositoryError::Internal(text)`): what it answers, and what it only logs, its
/// `IntoResponse` says.
fn is_variant(file: &SourceFile, node: Node<'_>) -> bool {
    let Some(call) = node.expr().and_then(Expr::call).filter(|_| file.language == Language::Rust) else {
        return false;
    };
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return false };
    let is_type = |name: &str| name.starts_with(char::is_uppercase);
    let of = called_name(object).unwrap_or_default();
    is_type(name) && is_type(of) && of != "HttpResponse" && !of.starts_with("Status")
}

/// What an answer gives away.
fn leak(
    file: &SourceFile,
    answer: &Answer<'_>,
    caught: Option<&Caught<'_>>,
    around: Around<'_, '_>,
) -> Option<Leak> {
    if text::is_for_developers(around) {
        return None;
    }
    let leak = text::leak(file, answer, caught, around)?;
    match leak.told {
        Told::Stack | Told::Tool => Some(leak),
        Told::Text => {
            let caught = caught?;
            (caught.is_ours(answer.status) && !caught.is_narrowed(around, answer)).then_some(leak)
        }
        Told::Place => caught.map(|_| leak),
    }
}

/// The function that a leak belongs to: the innermost that answers a request or has a name.
fn owner(around: Around<'_, '_>, handlers: &[*const Function]) -> u32 {
    let mut functions = around.iter().filter_map(|node| node.function());
    let inner = functions
        .clone()
        .rev()
        .find(|function| !function.name.is_empty() || handlers.contains(&std::ptr::from_ref(*function)));
    inner.or_else(|| functions.next()).map_or(u32::MAX, |function| function.name_extent.start)
}

fn say(file: &SourceFile, variant: &'static str, found: &[Found], report: &mut Report<'_>) {
    let Some(first) = found.first() else { return };
    let what = first.leak.what.as_str();
    let (severity, message) = match first.leak.told {
        Told::Stack => (
            Severity::Error,
            format!(
                "`{what}` is sent to the caller: a stack trace names files, lines and values of the program"
            ),
        ),
        Told::Tool => (
            Severity::Warning,
            format!(
                "`{what}` is sent to the caller: what a tool says of its own trouble names files and commands of the server"
            ),
        ),
        Told::Text | Told::Place => (
            Severity::Warning,
            format!(
                "`{what}` is sent to the caller, whatever went wrong: the text of a fault of the database, the disk or a library is not meant for strangers"
            ),
        ),
    };
    let mut draft = report
        .at(file, file.first_line(first.extent), message)
        .variant(variant)
        .severity(severity)
        .confidence(Confidence::High)
        .advice(advice(file.language));
    for other in found.iter().skip(1).take(RELATED) {
        draft = draft.related(file, file.first_line(other.extent), format!("`{}` too", other.leak.what));
    }
    report.add(draft);
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::Python => {
            "log it (`logger.exception(\"…\")`) and answer a fixed text; catch the exceptions whose text is meant for the caller by their own names"
        }
        Language::JavaScript | Language::TypeScript => {
            "log it (`console.error(err)`) and answer a fixed text for 500 and above; send `err.message` only of errors that were made for the caller"
        }
        Language::Rust => "log it (`tracing::error!(%error)`) and answer a fixed text",
    }
}

//! What an error of a Rust program becomes as an answer: `impl IntoResponse for AppError`, `impl ResponseError for AppError`.
//!
//! An error of a library that it holds is told by its type: `Database(sqlx::Error)`, `struct AppError(anyhow::Error)`.

use super::{RELATED, advice};
use crate::context::Context;
use crate::facts::answer::status_of;
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{
    Arm, CallStyle, Class, ClassKind, Expr, ExprKind, Extent, Function, SequenceKind, Stmt, StmtKind,
};
use crate::facts::values::called_name;
use crate::language::Language;
use crate::report::Report;
use seaworthy_core::{Confidence, Severity};

/// Looks at what the errors of the program answer.
pub(super) fn judge(context: &Context<'_>, report: &mut Report<'_>) {
    let is_rust = |file: &&SourceFile| file.language == Language::Rust && !file.is_test;
    for file in context.files.iter().filter(is_rust) {
        if !file.mentions(&["IntoResponse for", "ResponseError for"]) {
            continue;
        }
        for answers in classes(file).filter(|class| answers(class)) {
            let Some(own) = classes(file).find(|own| own.kind != ClassKind::Impl && own.name == answers.name)
            else {
                continue;
            };
            for function in answers.body.iter().filter_map(function) {
                say(file, &told(file, own, function, report), report);
            }
        }
    }
}

fn classes(file: &SourceFile) -> impl Iterator<Item = &Class> {
    file.syntax.body.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Class(class) => Some(&**class),
        _ => None,
    })
}

fn answers(class: &Class) -> bool {
    let base = |name: Option<&str>| matches!(name, Some("IntoResponse" | "ResponseError"));
    class.kind == ClassKind::Impl && class.bases.iter().any(|given| base(called_name(&given.value)))
}

fn function(stmt: &Stmt) -> Option<&Function> {
    match &stmt.kind {
        StmtKind::Function(function) => Some(function),
        _ => None,
    }
}

/// Where the text of an error of a library is put into what is answered for a fault, and how it is written.
fn told(file: &SourceFile, own: &Class, function: &Function, report: &mut Report<'_>) -> Vec<Extent> {
    let mut found = Vec::new();
    // `struct AppError(anyhow::Error);`
    if own.kind == ClassKind::Struct && is_library_error(field(own, "0")) && is_fault(&function.body) {
        report.trial();
        found.extend(text_of_error(file, &function.body, "self.0"));
    }
    each_in_body(&function.body, &mut |node, _| {
        let Node::Stmt(Stmt { kind: StmtKind::Match { arms, .. }, .. }) = node else { return true };
        for arm in arms.iter().filter(|arm| is_fault(&arm.body)) {
            report.trial();
            if let Some(held) = held(own, arm) {
                found.extend(text_of_error(file, &arm.body, held));
            }
        }
        true
    });
    found
}

/// The name that an arm gives the error of a library: `e` in `AppError::Database(e) => ..`.
fn held<'a>(own: &Class, arm: &'a Arm) -> Option<&'a str> {
    let call = arm.pattern.as_ref()?.call()?;
    let variant = called_name(&call.callee)?;
    is_library_error(field(own, variant)).then_some(())?;
    match &call.arguments.first()?.value.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

/// The type of a field, or what a variant holds.
fn field<'a>(own: &'a Class, name: &str) -> Option<&'a Expr> {
    own.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign(assign) if assign.targets.first()?.dotted()? == name => assign.annotation.as_ref(),
        _ => None,
    })
}

/// Whether a type is the error of a library that may be any fault: `sqlx::Error`, `anyhow::Error`, `(std::io::Error)`.
fn is_library_error(written: Option<&Expr>) -> bool {
    match written.map(|written| &written.kind) {
        Some(ExprKind::Sequence { kind: SequenceKind::Tuple, items }) => is_library_error(items.first()),
        Some(ExprKind::Member { object, name, .. }) => {
            let of = called_name(object).unwrap_or_default();
            name == "Error" && of.starts_with(char::is_lowercase) && !matches!(of, "crate" | "self" | "super")
        }
        _ => false,
    }
}

/// Whether a body answers that the server is at fault.
fn is_fault(body: &[Stmt]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= node.expr().and_then(status_of).is_some_and(|status| status >= 500);
        !found
    });
    found
}

/// Where the text of an error is made, other than to log it.
fn text_of_error(file: &SourceFile, body: &[Stmt], error: &str) -> Option<Extent> {
    const LOGS: &[&str] = &["error", "warn", "info", "debug", "trace", "event", "eprintln", "println", "log"];
    let mut found = None;
    each_in_body(body, &mut |node, _| {
        let Some(expr) = node.expr().filter(|_| found.is_none()) else { return found.is_none() };
        let Some(call) = expr.call() else { return true };
        let name = called_name(&call.callee).unwrap_or_default();
        if call.style == CallStyle::Macro && LOGS.contains(&name) {
            return false;
        }
        let of_error = |expr: &Expr| expr.dotted().as_deref() == Some(error);
        let is_text = match &call.callee.kind {
            ExprKind::Member { object, .. } if name == "to_string" => of_error(object),
            _ if call.style == CallStyle::Macro && name == "format" => {
                let holes = [format!("{{{error}}}"), format!("{{{error}:")];
                call.arguments.iter().any(|given| {
                    mentions(&given.value, error)
                        || given
                            .value
                            .string()
                            .is_some_and(|text| holes.iter().any(|hole| text.contains(hole)))
                })
            }
            // `json!({ "error": e.to_string() })` is no expression of Rust.
            _ if call.style == CallStyle::Macro && name == "json" => {
                file.text_of(expr.extent).contains(&format!("{error}.to_string()"))
            }
            _ => false,
        };
        found = is_text.then_some(expr.extent);
        found.is_none()
    });
    found
}

fn mentions(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= node.expr().and_then(Expr::dotted).as_deref() == Some(name);
        !found
    });
    found
}

fn say(file: &SourceFile, found: &[Extent], report: &mut Report<'_>) {
    let Some((first, others)) = found.split_first() else { return };
    let what: String = file.text_of(*first).chars().take(80).collect();
    let message = format!(
        "`{what}` is sent to the caller: the text of a fault of the database, the disk or a library is not meant for strangers"
    );
    let mut draft = report
        .at(file, file.first_line(*first), message)
        .variant("exception-text")
        .severity(Severity::Warning)
        .confidence(Confidence::High)
        .advice(advice(file.language));
    for other in others.iter().take(RELATED) {
        draft = draft.related(file, file.first_line(*other), "here too".to_owned());
    }
    report.add(draft);
}

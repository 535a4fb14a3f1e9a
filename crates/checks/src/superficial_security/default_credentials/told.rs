//! Passwords that are printed.

use crate::facts::nodes::{Node, each_in_expr, each_node};
use crate::facts::passwords::is_password_name;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Literal, TemplatePart};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::called_name;
use crate::facts::words::words;
use crate::language::Language;

/// A password that is printed.
pub(super) enum Told {
    /// One that is in the source.
    Known { extent: Extent },
    /// What a name holds.
    Variable { extent: Extent, name: String },
}

/// The passwords that a file prints: those of `known`, and, where the project is a service, what names hold.
pub(super) fn told(file: &SourceFile, known: &[&str], is_service: bool) -> Vec<Told> {
    let mut found = Vec::new();
    // `pass` alone is a statement of Python, and no name there.
    let named = match file.language {
        Language::Python => {
            &["passw", "passp", "passc", "Pass", "PASS", "_pass", "pass_", "pw", "PW", "Pw"][..]
        }
        _ => &["pass", "Pass", "PASS", "pw", "PW", "Pw"],
    };
    if !(file.mentions(known) || is_service && file.mentions(named)) {
        return found;
    }
    each_node(&file.syntax, &mut |node, around| {
        if file.language == Language::Rust && in_rust_tests(around) {
            return false;
        }
        let Node::Expr(expr) = node else { return true };
        let Some(call) = expr.call() else { return true };
        let Some(logs) = kind_of(file, &call.callee) else { return true };
        for argument in &call.arguments {
            if has_text(&argument.value, known) {
                found.push(Told::Known { extent: expr.extent });
                return false;
            }
            if let Some(name) = variable(&argument.value).filter(|_| is_service && logs) {
                found.push(Told::Variable { extent: expr.extent, name });
                return false;
            }
        }
        true
    });
    found
}

/// Whether something called writes to a terminal (`Some(false)`) or into a log.
fn kind_of(file: &SourceFile, callee: &Expr) -> Option<bool> {
    let path = file.resolve(callee).or_else(|| callee.dotted()).unwrap_or_default();
    let (object, name) = path.rsplit_once('.').unwrap_or(("", path.as_str()));
    let object = object.rsplit('.').next().unwrap_or_default();
    match (object, name) {
        ("", "print" | "println" | "eprintln") => Some(false),
        ("console", "log" | "info" | "warn" | "error" | "debug") => Some(true),
        ("" | "tracing" | "log", "info" | "warn" | "error" | "debug" | "trace")
            if file.language == Language::Rust =>
        {
            Some(true)
        }
        (
            "logger" | "log" | "logging" | "LOG" | "LOGGER" | "_logger" | "winston" | "fastify",
            "info" | "warning" | "warn" | "error" | "debug" | "log" | "critical" | "exception",
        ) => Some(true),
        _ => None,
    }
}

/// Whether a text in an expression holds one of the passwords as a word of its own.
fn has_text(expr: &Expr, known: &[&str]) -> bool {
    let holds = |text: &str| {
        text.split(|c: char| {
            c.is_whitespace() || matches!(c, '/' | '"' | '\'' | ',' | '(' | ')' | '`' | ':' | ';')
        })
        .any(|part| known.contains(&part))
    };
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= match node {
            Node::Expr(Expr { kind: ExprKind::Literal(Literal::String(text)), .. }) => holds(text),
            Node::Expr(Expr { kind: ExprKind::Template(template), .. }) => {
                template.parts.iter().any(|part| matches!(part, TemplatePart::Text(text) if holds(text)))
            }
            _ => false,
        };
        !found
    });
    found
}

/// A name for a password in a printed expression, other than in a question about it.
fn variable(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => is_plain(name).then(|| name.to_string()),
        ExprKind::Template(template) => template.parts.iter().find_map(|part| match part {
            TemplatePart::Value(value) => variable(value),
            TemplatePart::Text(_) => None,
        }),
        ExprKind::Binary { left, right, .. } => variable(left).or_else(|| variable(right)),
        ExprKind::Index { index, .. } => index.string().filter(|name| is_plain(name)).map(str::to_owned),
        ExprKind::Call(call) if matches!(called_name(&call.callee), Some("format" | "str" | "String")) => {
            call.arguments.iter().find_map(|argument| variable(&argument.value))
        }
        _ => None,
    }
}

fn is_plain(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "admin",
        "new",
        "user",
        "default",
        "generated",
        "temp",
        "temporary",
        "initial",
        "plain",
        "raw",
        "random",
        "root",
        "old",
        "current",
    ];
    let words = words(name);
    let Some((_, before)) = words.split_last() else { return false };
    is_password_name(name)
        && !matches!(name, "pass" | "pw")
        && name.chars().any(char::is_lowercase)
        && before.iter().all(|word| OTHERS.contains(&word.as_str()))
}

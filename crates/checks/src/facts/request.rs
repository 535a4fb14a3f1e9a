//! What a request brought, by the names under which handlers have it.

use super::nodes::{Node, each_in_expr};
use super::syntax::{Expr, ExprKind};
use super::values::called_name;
use super::words::words;

/// Names of what a request brought, as a whole or in parts.
const CARRIERS: &[&str] = &[
    "request",
    "req",
    "_request",
    "body",
    "data",
    "payload",
    "json",
    "form",
    "query",
    "args",
    "params",
    "input",
    "dto",
    "parsed",
    "credentials",
    "get_json",
    "event",
    "fields",
    "formData",
    "values",
    "rfile",
];

/// Whether an expression is, or reads, something that a request brought.
pub fn is_of_request(expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= matches!(node, Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. })
            if CARRIERS.contains(&name.as_str()));
        !found
    });
    found
}

/// A call that sends a mail or a short message.
pub fn sends_mail(expr: &Expr) -> bool {
    let Some(call) = expr.call() else { return false };
    let name =
        call.callee.dotted().or_else(|| called_name(&call.callee).map(str::to_owned)).unwrap_or_default();
    let words = words(&name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    has(&["send", "deliver", "sendmail"])
        && has(&["mail", "email", "sms", "mailer", "sendmail", "smtp", "sendgrid"])
        || words.last().is_some_and(|last| last == "sendmail")
}

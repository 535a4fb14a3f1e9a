//! Whether the program tells its own pages' requests from those of others.

use std::collections::HashSet;

use crate::context::Context;
use crate::facts::absence::is_nothing;
use crate::facts::nodes::{Node, each_in_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind};
use crate::facts::values::called_name;
use crate::facts::words::has_word;

/// Signs of it in names and texts, in lower case and without `-` and `_`.
const SIGNS: &[&str] = &["csrf", "xsrf", "secfetchsite", "xrequestedwith", "antiforgery"];

/// Rounds of names that take their value from names; real chains are two long.
const ROUNDS: usize = 3;

/// Whether some file that runs knows a CSRF token, compares where a request comes from, or knows a header that forms cannot have. Comments do not
/// count. Where it is there, it is taken to stand before everything.
pub(super) fn somewhere(context: &Context<'_>) -> bool {
    context.files.iter().filter(|file| !file.is_test).any(|file| {
        file.imports.iter().any(|fact| says(&fact.import.module))
            || has_any(&file.text, MAY_SAY) && knows_sign(file)
            || has_any(&file.text, MAY_ASK) && compares_source(file)
    })
}

/// Cheap first looks.
const MAY_SAY: &[&str] =
    &["csrf", "CSRF", "Csrf", "xsrf", "XSRF", "Xsrf", "etch-", "equested-", "ntiforgery", "lusca"];
const MAY_ASK: &[&str] = &["rigin", "ORIGIN", "efer", "REFER"];

fn has_any(text: &str, sought: &[&str]) -> bool {
    sought.iter().any(|sign| text.contains(sign))
}

/// A name or a short text, in lower case and without what stands between its words.
fn plain(text: &str) -> String {
    text.chars().filter(|c| *c != '-' && *c != '_').flat_map(char::to_lowercase).collect()
}

fn says(text: &str) -> bool {
    if text.len() > 200 {
        return false;
    }
    let plain = plain(text);
    SIGNS.iter().any(|sign| plain.contains(sign)) || plain == "lusca"
}

fn knows_sign(file: &SourceFile) -> bool {
    let mut found = false;
    each_node(&file.syntax, &mut |node, _| {
        found |= match node {
            Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => says(name),
            Node::Expr(expr) => expr.string().is_some_and(says),
            _ => node.function().is_some_and(|function| says(&function.name)),
        };
        !found
    });
    found
}

/// Whether a file reads the header that says where a request comes from, and compares it. To log it, to show it or to go back there tells nothing
/// apart.
fn compares_source(file: &SourceFile) -> bool {
    let held = names_of_source(file);
    let mut found = false;
    each_node(&file.syntax, &mut |node, _| {
        let Some(expr) = node.expr() else { return !found };
        found |= match &expr.kind {
            ExprKind::Compare { left, rest } => {
                !rest.iter().any(|(_, right)| is_nothing(right))
                    && std::iter::once(&**left)
                        .chain(rest.iter().map(|(_, right)| right))
                        .any(|side| holds_source(side, &held))
            }
            // `ALLOWED.includes(origin)`, `origin.startsWith(OWN)`, `isOwnOrigin(req.headers.origin)`.
            ExprKind::Call(call) => {
                let object = match &call.callee.kind {
                    ExprKind::Member { object, .. } => Some(&**object),
                    _ => None,
                };
                called_name(&call.callee).is_some_and(tests)
                    && object
                        .into_iter()
                        .chain(call.arguments.iter().map(|given| &given.value))
                        .any(|part| holds_source(part, &held))
            }
            _ => false,
        };
        !found
    });
    found
}

/// The names that hold the header, or something that is made of it.
fn names_of_source(file: &SourceFile) -> HashSet<&str> {
    let mut held: HashSet<&str> = HashSet::new();
    for _ in 0..ROUNDS {
        let before = held.len();
        each_node(&file.syntax, &mut |node, _| {
            if let Some((target, value)) = node.assignment() {
                match &target.kind {
                    ExprKind::Name(name) if holds_source(value, &held) => {
                        held.insert(name);
                    }
                    // `const { origin } = req.headers`.
                    ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Index { .. } => {}
                    _ if is_headers(value) => {
                        each_in_expr(target, &mut |node, _| {
                            if let Node::Expr(Expr { kind: ExprKind::Name(name), .. }) = node
                                && is_source(name)
                            {
                                held.insert(name);
                            }
                            true
                        });
                    }
                    _ => {}
                }
            }
            true
        });
        if held.len() == before {
            break;
        }
    }
    held
}

/// Whether what is called tells one text from another.
fn tests(name: &str) -> bool {
    matches!(
        name,
        "includes"
            | "has"
            | "startswith"
            | "startsWith"
            | "starts_with"
            | "endswith"
            | "endsWith"
            | "ends_with"
            | "contains"
            | "test"
            | "match"
            | "fullmatch"
            | "indexOf"
            | "eq"
    ) || has_word(
        name,
        &[
            "is", "same", "check", "valid", "validate", "verify", "allowed", "trusted", "assert", "matches",
            "ensure",
        ],
    )
}

/// Whether a value is made of the header, or of a name that holds it.
fn holds_source(value: &Expr, held: &HashSet<&str>) -> bool {
    let mut found = false;
    each_in_expr(value, &mut |node, _| {
        if let Some(expr) = node.expr() {
            found |= reads_source(expr)
                || matches!(&expr.kind, ExprKind::Name(name) if held.contains(name.as_str()));
        }
        !found && node.function().is_none()
    });
    found
}

/// `req.headers.origin`, `request.headers["Referer"]`, `self.headers.get("Origin")`, `req.get("origin")`, `request.referrer`.
fn reads_source(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Member { object, name, .. } => {
            is_source(name) && (is_headers(object) || is_request(object))
        }
        ExprKind::Index { object, index } => is_headers(object) && is_source_key(index),
        ExprKind::Call(call) => {
            let ExprKind::Member { object, name, .. } = &call.callee.kind else { return false };
            matches!(name.as_str(), "get" | "header" | "get_header")
                && (is_headers(object) || is_request(object))
                && call.arguments.first().is_some_and(|given| is_source_key(&given.value))
        }
        _ => false,
    }
}

fn is_source_key(key: &Expr) -> bool {
    key.string().or_else(|| called_name(key)).is_some_and(is_source)
}

fn is_source(name: &str) -> bool {
    matches!(plain(name).as_str(), "origin" | "referer" | "referrer" | "httporigin" | "httpreferer")
}

fn is_headers(object: &Expr) -> bool {
    let object = match &object.kind {
        ExprKind::Call(call) => &call.callee,
        _ => object,
    };
    called_name(object).is_some_and(|name| has_word(name, &["headers", "header", "meta", "environ"]))
}

fn is_request(object: &Expr) -> bool {
    called_name(object).is_some_and(|name| matches!(name, "req" | "request" | "ctx" | "c"))
}

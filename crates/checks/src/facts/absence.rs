//! Tests for something that is not there: `if not user`, `if (!row)`, `user is None`, `rows.length === 0`.

use super::syntax::{CompareOp, Expr, ExprKind, Literal, LogicalOp, UnaryOp};
use super::values::called_name;

/// The names that are absent when a test is true: each of a choice counts.
pub fn absent_names(test: &Expr) -> Vec<&str> {
    let mut found = Vec::new();
    absent(test, &mut found);
    found
}

/// The names that are there when a test is true: all of a conjunction.
pub fn present_names(test: &Expr) -> Vec<&str> {
    let mut found = Vec::new();
    present(test, &mut found);
    found
}

/// Whether a test is true when something is not there (`!cache.has(key)`, `key not in cache`, `found === undefined`), or false then (`key in cache`);
/// `None` when no part of it asks for that thing.
pub fn asks_absence(test: &Expr, is_it: &dyn Fn(&Expr) -> bool) -> Option<bool> {
    match &test.kind {
        ExprKind::Unary { op: UnaryOp::Not, value } => asks_absence(value, is_it).map(|absent| !absent),
        ExprKind::Logical { left, right, .. } => {
            asks_absence(left, is_it).or_else(|| asks_absence(right, is_it))
        }
        ExprKind::Compare { left, rest } => match rest.as_slice() {
            [(CompareOp::In, right)] => is_it(right).then_some(false),
            [(CompareOp::NotIn, right)] => is_it(right).then_some(true),
            [(op, right)] if is_nothing(right) && is_it(left) => {
                Some(matches!(op, CompareOp::Equal | CompareOp::StrictEqual | CompareOp::Is))
            }
            _ => None,
        },
        ExprKind::Await(value) | ExprKind::Cast { value, .. } | ExprKind::Assign { value, .. } => {
            asks_absence(value, is_it)
        }
        _ => is_it(test).then_some(false),
    }
}

/// The name that an expression begins with: `user` in `user["password"].encode()`.
pub fn root_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => root_name(object),
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, .. } => root_name(object),
            _ => None,
        },
        ExprKind::Await(value) | ExprKind::Cast { value, .. } | ExprKind::Propagate(value) => {
            root_name(value)
        }
        _ => None,
    }
}

fn absent<'a>(test: &'a Expr, found: &mut Vec<&'a str>) {
    match &test.kind {
        ExprKind::Unary { op: UnaryOp::Not, value } => present(value, found),
        ExprKind::Logical { op: LogicalOp::Or, left, right } => {
            absent(left, found);
            absent(right, found);
        }
        ExprKind::Compare { left, rest } => {
            if let [(op, right)] = rest.as_slice() {
                let equal = matches!(
                    op,
                    CompareOp::Equal
                        | CompareOp::StrictEqual
                        | CompareOp::Is
                        | CompareOp::Less
                        | CompareOp::LessOrEqual
                );
                if equal && (is_nothing(right) || is_zero(right) && is_count(left)) {
                    found.extend(subject(left));
                } else if equal && is_nothing(left) {
                    found.extend(subject(right));
                }
            }
        }
        ExprKind::Await(value) | ExprKind::Cast { value, .. } => absent(value, found),
        _ => {}
    }
}

fn present<'a>(test: &'a Expr, found: &mut Vec<&'a str>) {
    match &test.kind {
        ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Index { .. } => found.extend(subject(test)),
        ExprKind::Unary { op: UnaryOp::Not, value } => absent(value, found),
        ExprKind::Logical { op: LogicalOp::And, left, right } => {
            present(left, found);
            present(right, found);
        }
        ExprKind::Compare { left, rest } => {
            if let [(op, right)] = rest.as_slice() {
                let differs = matches!(
                    op,
                    CompareOp::NotEqual | CompareOp::StrictNotEqual | CompareOp::IsNot | CompareOp::Greater
                );
                if differs && (is_nothing(right) || is_zero(right) && is_count(left)) {
                    found.extend(subject(left));
                }
            }
        }
        ExprKind::Matches { value, .. } => found.extend(root_name(value)),
        // `(user := find(name))`.
        ExprKind::Assign { target, .. } => found.extend(root_name(target)),
        _ => {}
    }
}

/// What is tested: the name itself, or how many it has.
fn subject(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Member { object, .. } if is_count(expr) => root_name(object),
        ExprKind::Index { object, .. } => root_name(object),
        ExprKind::Call(call) if called_name(&call.callee) == Some("len") => {
            call.arguments.first().and_then(|given| root_name(&given.value))
        }
        ExprKind::Assign { target, .. } => root_name(target),
        _ => None,
    }
}

fn is_count(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Member { name, .. } => {
            matches!(name.as_str(), "length" | "size" | "rowCount" | "count" | "rowcount")
        }
        ExprKind::Call(call) => matches!(called_name(&call.callee), Some("len" | "count")),
        _ => false,
    }
}

/// Whether an expression is `None`, `null` or `undefined`.
pub fn is_nothing(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Literal(Literal::Null))
        || matches!(&expr.kind, ExprKind::Name(name) if name == "undefined")
}

fn is_zero(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Literal(Literal::Integer(digits)) if digits == "0" || digits == "1")
}

//! Which fields a function looks at before it uses them.

use std::collections::BTreeSet;

use super::fields::Fields;
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Literal, Stmt, StmtKind, UnaryOp};
use crate::facts::values::called_name;
use crate::facts::words::has_word;
use crate::language::Language;

/// Words of functions that look at what they are given.
const CHECKS: &[&str] = &[
    "validate",
    "validator",
    "validated",
    "valid",
    "schema",
    "parse",
    "safe",
    "ensure",
    "assert",
    "isinstance",
    "issubclass",
    "clean",
    "coerce",
    "sanitize",
    "serializer",
    "form",
    "require",
    "required",
    "normalize",
    "normalise",
    "is",
    "model",
    "load",
    "check",
    "check_type",
    "invalid",
    "verify",
    "must",
    "expect",
    "compile",
    "test",
    "joi",
    "zod",
    "enum",
    "in",
    "to",
    "as",
    "optional",
    "read",
    "field",
    "string",
    "number",
    "integer",
];

/// What was looked at.
#[derive(Default)]
pub(super) struct Checked {
    /// The whole body.
    pub(super) whole: bool,
    /// Keys that are known to be there.
    pub(super) present: BTreeSet<String>,
    /// Fields whose type or value is looked at.
    pub(super) typed: BTreeSet<String>,
    /// Fields that are compared in size with something.
    pub(super) compared: BTreeSet<String>,
}

/// Reads one function.
pub(super) fn of(fields: &Fields<'_>) -> Checked {
    let mut checked = Checked::default();
    let is_python = fields.source.language == Language::Python;
    each_in_body(&fields.function.body, &mut |node, _| {
        match node {
            Node::Expr(expr) => look(fields, &mut checked, expr, is_python),
            Node::Stmt(Stmt { kind: StmtKind::Match { value, .. }, .. }) => {
                checked.typed.extend(keys(fields, value));
            }
            // Whatever is asked of a field, a missing one has been thought of.
            Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => {
                checked.present.extend(keys(fields, test));
            }
            _ => {}
        }
        true
    });
    checked
}

fn look(fields: &Fields<'_>, checked: &mut Checked, expr: &Expr, is_python: bool) {
    match &expr.kind {
        ExprKind::Unary { op: UnaryOp::TypeOf, value } => {
            checked.typed.extend(keys(fields, value));
            checked.whole |= fields.body_of(value).is_some();
        }
        ExprKind::Compare { left, rest } => compare(fields, checked, (left, rest), is_python),
        ExprKind::Call(call) => {
            let name = called_name(&call.callee).unwrap_or_default();
            let about_password = has_word(name, &["password", "hash", "pw", "compare"]);
            let takes_method = matches!(
                name,
                "isArray"
                    | "isInteger"
                    | "isFinite"
                    | "isNaN"
                    | "isSafeInteger"
                    | "has"
                    | "includes"
                    | "indexOf"
            );
            let is_builtin = matches!(name, "parseInt" | "parseFloat" | "parse" if call.callee.dotted().as_deref().is_some_and(|path| matches!(path, "parseInt" | "parseFloat" | "JSON.parse" | "Date.parse")));
            let looks = takes_method || has_word(name, CHECKS) && !about_password && !is_builtin;
            let is_model = name.starts_with(char::is_uppercase) && is_python;
            for given in &call.arguments {
                let spread = matches!(given.value.kind, ExprKind::Spread(_));
                let inner = match &given.value.kind {
                    ExprKind::Spread(value) => value,
                    _ => &given.value,
                };
                if looks || is_model && spread {
                    checked.whole |= fields.body_of(inner).is_some();
                    checked.typed.extend(keys(fields, inner));
                }
                if matches!(name, "max" | "min" | "abs" | "clamp") {
                    checked.compared.extend(keys(fields, inner));
                }
            }
        }
        // `SORTS[sort]` admits what is in the list.
        ExprKind::Index { index, object } if fields.body_of(object).is_none() => {
            if let Some(field) = fields.field_of(index) {
                checked.typed.insert(field.key);
            }
        }
        _ => {}
    }
}

fn compare(
    fields: &Fields<'_>,
    checked: &mut Checked,
    (left, rest): (&Expr, &[(CompareOp, Expr)]),
    is_python: bool,
) {
    let mut before = left;
    for (op, right) in rest {
        match op {
            CompareOp::In | CompareOp::NotIn => {
                // `"name" in data`, `all(key in data for key in ..)`.
                if fields.body_of(right).is_some() {
                    match before.string() {
                        Some(key) => checked.present.extend([key.to_owned()]),
                        None => checked.present.extend(["*".to_owned()]),
                    }
                } else if let Some(field) = fields.field_of(before) {
                    checked.typed.insert(field.key);
                }
            }
            CompareOp::InstanceOf => checked.typed.extend(keys(fields, before)),
            CompareOp::Less | CompareOp::LessOrEqual | CompareOp::Greater | CompareOp::GreaterOrEqual => {
                for side in [before, right] {
                    keys(fields, side).into_iter().for_each(|key| {
                        // In JavaScript an object is neither more nor less than a number.
                        if !is_python && fields.field_of(side).is_some() {
                            checked.typed.insert(key.clone());
                        }
                        checked.compared.insert(key);
                    });
                }
            }
            _ => {
                for (side, other) in [(before, right), (right, before)] {
                    let Some(field) = fields.field_of(side) else { continue };
                    match &other.kind {
                        ExprKind::Literal(Literal::Null) => checked.present.extend([field.key]),
                        ExprKind::Literal(Literal::String(_)) if other.string() != Some("") => {
                            checked.typed.insert(field.key);
                        }
                        _ => {}
                    }
                }
            }
        }
        before = right;
    }
}

/// The fields in an expression.
pub(super) fn keys(fields: &Fields<'_>, expr: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    each_in_expr(expr, &mut |node, _| {
        if let Some(field) = node.expr().and_then(|expr| fields.field_of(expr)) {
            found.push(field.key);
            return false;
        }
        node.function().is_none()
    });
    found
}

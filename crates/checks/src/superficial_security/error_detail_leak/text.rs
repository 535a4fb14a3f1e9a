//! What an answer says of what went wrong.

use super::caught::Caught;
use crate::facts::absence::root_name;
use crate::facts::answer::Answer;
use crate::facts::faults::{is_developing, looks_at_kind};
use crate::facts::nodes::{Around, Node, each_in_expr};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, LogicalOp, Stmt, StmtKind};
use crate::facts::values::{Bound, Values, called_name};

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// A stack trace.
    Stack,
    /// The text of an error.
    Text,
    /// A file or a command that an error names.
    Place,
    /// What a tool wrote to its standard error.
    Tool,
}

impl Told {
    pub(super) fn variant(self) -> &'static str {
        match self {
            Self::Stack => "stack-trace",
            Self::Text | Self::Place => "exception-text",
            Self::Tool => "tool-output",
        }
    }
}

/// A leak: what is told, as it is written.
#[derive(Debug)]
pub(super) struct Leak {
    pub(super) told: Told,
    pub(super) what: String,
}

/// What an answer gives away: in what it says, or in a name that was bound to it just before.
pub(super) fn leak(
    file: &SourceFile,
    answer: &Answer<'_>,
    caught: Option<&Caught<'_>>,
    around: Around<'_, '_>,
) -> Option<Leak> {
    let name = caught.and_then(|caught| Some((caught.name?, caught.is_error())));
    let content = answer.content.iter();
    if let Some(leak) = content.clone().find_map(|value| in_value(file, value, name)) {
        return Some(leak);
    }
    // `message = str(e)` and `return jsonify(error=message), 500`.
    let function = around.iter().rev().find_map(|node| node.function())?;
    let values = Values::of_function(function);
    content.copied().find_map(|value| {
        let mut found = None;
        each_in_expr(value, &mut |node, _| {
            if let Node::Expr(Expr { kind: ExprKind::Name(used), .. }) = node
                && name.is_none_or(|(name, _)| used != name)
                && found.is_none()
            {
                found = values.bound(used).iter().find_map(|bound| match bound {
                    Bound::To(value) if is_near(value, answer, around) => in_value(file, value, name),
                    _ => None,
                });
            }
            found.is_none() && node.function().is_none()
        });
        found
    })
}

/// Whether a value is bound in the same handler as the answer is made, and before it.
fn is_near(value: &Expr, answer: &Answer<'_>, around: Around<'_, '_>) -> bool {
    let handler = around.iter().rev().find_map(|node| match node {
        Node::Handler(handler) => Some(handler.extent),
        _ => None,
    });
    value.extent.end <= answer.extent.start
        && handler
            .is_none_or(|handler| handler.start <= value.extent.start && value.extent.end <= handler.end)
}

fn in_value(file: &SourceFile, value: &Expr, name: Option<(&str, bool)>) -> Option<Leak> {
    let mut found = None;
    each_in_expr(value, &mut |node, around| {
        let Some(expr) = node.expr() else { return false };
        if found.is_some() || node.function().is_some() {
            return false;
        }
        if let Some(told) = told(file, expr, name, around)
            && !is_kept_back(around, name.map(|(name, _)| name))
        {
            found = Some(Leak { told, what: file.text_of(expr.extent).chars().take(80).collect() });
        }
        found.is_none()
    });
    found
}

/// Whether a choice around a part of a value keeps it from strangers.
fn is_kept_back(around: Around<'_, '_>, name: Option<&str>) -> bool {
    around.iter().any(|node| match node {
        Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => {
            looks_at_kind(test, name.unwrap_or_default()) || is_developing(test)
        }
        Node::Expr(Expr { kind: ExprKind::Logical { op: LogicalOp::And, left, .. }, .. }) => {
            looks_at_kind(left, name.unwrap_or_default()) || is_developing(left)
        }
        _ => false,
    })
}

/// What a part of an answer tells.
fn told(file: &SourceFile, expr: &Expr, known: Option<(&str, bool)>, around: Around<'_, '_>) -> Option<Told> {
    let name = known.map(|(name, _)| name);
    match &expr.kind {
        ExprKind::Call(call) => {
            let path = file.resolve(&call.callee).unwrap_or_default();
            matches!(
                path.as_str(),
                "traceback.format_exc" | "traceback.format_exception" | "traceback.format_tb"
            )
            .then_some(Told::Stack)
        }
        ExprKind::Member { object, name: member, .. } => {
            let of_error = root_name(object).is_some()
                && root_name(object) == name
                && matches!(object.kind, ExprKind::Name(_) | ExprKind::Cast { .. });
            match member.as_str() {
                "stack" if of_error => Some(Told::Stack),
                "message" | "sqlMessage" | "args" | "detail" | "original_exception" | "orig" if of_error => {
                    // `e.detail` of a framework's own exception is written for the caller.
                    (member != "detail" || file.language != crate::language::Language::Python)
                        .then_some(Told::Text)
                }
                "filename" | "filename2" | "cmd" | "stderr" | "output" if of_error => Some(Told::Place),
                "stderr" => Some(Told::Tool),
                _ => None,
            }
        }
        ExprKind::Name(used) if used == "stderr" => Some(Told::Tool),
        ExprKind::Name(used) if Some(used.as_str()) == name => {
            is_text(expr, around, known.is_some_and(|(_, is_error)| is_error)).then_some(Told::Text)
        }
        _ => None,
    }
}

/// Whether an error becomes text here, or is sent as it is: `str(e)`, `f"{e}"`, `` `${err}` ``, `{ error: err }`, `err.toString()`.
fn is_text(expr: &Expr, around: Around<'_, '_>, is_error: bool) -> bool {
    let Some(Node::Expr(parent)) = around.last() else { return is_error };
    match &parent.kind {
        ExprKind::Call(call) => {
            let given = call.arguments.iter().any(|given| std::ptr::eq(&raw const given.value, expr));
            let callee = called_name(&call.callee).filter(|_| given).unwrap_or_default();
            matches!(callee, "str" | "repr" | "String" | "format" | "inspect" | "stringify")
                || is_error && matches!(callee, "jsonify" | "dict")
        }
        ExprKind::Member { name, .. } => {
            matches!(name.as_str(), "toString" | "to_string") && around.len() >= 2
        }
        ExprKind::Template(_) | ExprKind::Binary { .. } | ExprKind::Record { .. } | ExprKind::Spread(_) => {
            true
        }
        ExprKind::Logical { .. } | ExprKind::Sequence { .. } | ExprKind::Cast { .. } => true,
        ExprKind::Conditional { test, .. } => !std::ptr::eq(&raw const **test, expr),
        _ => false,
    }
}

/// Whether everything here is for developers: a condition around it asks for a debug mode.
pub(super) fn is_for_developers(around: Around<'_, '_>) -> bool {
    around.iter().any(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => is_developing(test),
        Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => is_developing(test),
        _ => false,
    })
}

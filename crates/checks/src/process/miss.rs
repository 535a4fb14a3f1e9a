//! What is put into a collection only after it was looked for there and not found.

use crate::facts::absence::asks_absence;
use crate::facts::nodes::{Around, Node, each_in_body, each_in_expr};
use crate::facts::syntax::{BinaryOp, Expr, ExprKind, Extent, Function, LogicalOp, Stmt, StmtKind};
use crate::facts::values::{Bound, Values};

/// Whether an expression names the collection: `cache`, `this.cache`, `store.cache` of another file.
pub(super) fn names(expr: &Expr, collection: &str) -> bool {
    expr.dotted().is_some_and(|dotted| {
        dotted == collection || dotted.rsplit_once('.').is_some_and(|(_, last)| last == collection)
    })
}

/// Whether an expression looks into the collection.
pub(super) fn mentions(expr: &Expr, collection: &str) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= node.expr().is_some_and(|inner| names(inner, collection));
        !found
    });
    found
}

/// Whether what stands at a place of the function runs only when the collection has nothing there: `if key not in cache: ..`, after
/// `if (cache.has(key)) return ..`, in `except KeyError`, `cache[key] ||= ..`.
pub(crate) fn is_after_miss(function: &Function, collection: &str, at: Extent) -> bool {
    let values = Values::of_function(function);
    let found_there = |expr: &Expr| match &expr.kind {
        ExprKind::Name(name) => values
            .bound(name)
            .iter()
            .any(|bound| matches!(bound, Bound::To(value) if mentions(value, collection))),
        _ => false,
    };
    let asks = |expr: &Expr| mentions(expr, collection) || found_there(expr);
    let mut found = false;
    each_in_body(&function.body, &mut |node, _| {
        found |= match node {
            Node::Stmt(Stmt { kind: StmtKind::If { test, then, otherwise }, extent }) => {
                match asks_absence(test, &asks) {
                    Some(true) => holds(then, at),
                    Some(false) => holds(otherwise, at) || leaves(then) && extent.end <= at.start,
                    None => false,
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }) => {
                tried.handlers.iter().any(|handler| holds(&handler.body, at))
                    && tried.body.iter().any(|stmt| reads(stmt, collection))
            }
            Node::Expr(Expr { kind: ExprKind::Assign { op: Some(op), value, target }, .. }) => {
                is_default(*op) && (within(at, value.extent) || within(at, target.extent))
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
                assign.op.is_some_and(is_default) && within(at, *extent)
            }
            Node::Expr(Expr { kind: ExprKind::Logical { op, left, right }, .. }) => {
                *op != LogicalOp::And && within(at, right.extent) && asks(left)
            }
            _ => false,
        };
        !found
    });
    found
}

/// `||=`, `??=`.
fn is_default(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Logical(LogicalOp::Or | LogicalOp::Coalesce))
}

pub(super) fn within(inner: Extent, outer: Extent) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Whether a body holds a place.
pub(super) fn holds(body: &[Stmt], at: Extent) -> bool {
    body.iter().any(|stmt| within(at, stmt.extent))
}

fn leaves(body: &[Stmt]) -> bool {
    body.last().is_some_and(|stmt| {
        matches!(stmt.kind, StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Continue)
    })
}

fn reads(stmt: &Stmt, collection: &str) -> bool {
    let mut found = false;
    each_in_body(std::slice::from_ref(stmt), &mut |node, _: Around<'_, '_>| {
        found |= node.expr().is_some_and(|expr| names(expr, collection));
        !found
    });
    found
}

//! Where the rows that a program goes through come from.

use super::{Frame, Operation};
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::sql::Verb;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Stmt, StmtKind};
use crate::facts::values::called_name;

/// Names that are followed.
const STEPS: usize = 4;

/// Of the operations before, the one whose rows an expression in this frame is.
pub(crate) fn source<'a, 'b>(
    expr: &'a Expr,
    frame: Frame<'a>,
    before: &'b [Operation<'a>],
) -> Option<&'b Operation<'a>> {
    find(expr, frame, before, STEPS)
}

fn find<'a, 'b>(
    expr: &'a Expr,
    frame: Frame<'a>,
    before: &'b [Operation<'a>],
    steps: usize,
) -> Option<&'b Operation<'a>> {
    let left = steps.checked_sub(1)?;
    let inside = |one: &&Operation<'a>| {
        // What runs for each item is not what the items are.
        one.looped.is_none()
            && one.statement().is_some_and(|statement| statement.verb == Verb::Select)
            && place_in(one, frame).is_some_and(|at| holds(expr.extent, at))
    };
    if let Some(found) = before.iter().rev().find(inside) {
        return Some(found);
    }
    let name = root(expr)?;
    let mut found = None;
    each_in_body(&frame.function.body, &mut |node, _| {
        if found.is_some() {
            return false;
        }
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                if let Some(value) = assign.value.as_ref()
                    && assign.targets.iter().any(|target| binds(target, name))
                {
                    found = find(value, frame, before, left).or_else(|| fetched(value, before));
                }
            }
            // `db.all("SELECT ..", (error, rows) => ..)`.
            Node::Expr(expr @ Expr { kind: ExprKind::Call(call), .. }) => {
                let given = call.arguments.iter().any(|argument| match &argument.value.kind {
                    ExprKind::Function(function) => takes(function, name),
                    _ => false,
                });
                if given {
                    found = before.iter().rev().find(|one| place_in(one, frame) == Some(expr.extent));
                }
            }
            _ => {}
        }
        found.is_none()
    });
    found
}

/// `cursor.fetchall()`: of the last statement that was run.
fn fetched<'a, 'b>(value: &Expr, before: &'b [Operation<'a>]) -> Option<&'b Operation<'a>> {
    let name = called_name(&value.call()?.callee)?;
    name.starts_with("fetch").then(|| before.iter().rev().find(|one| one.statement().is_some()))?
}

/// The call of a frame that leads to an operation.
fn place_in(operation: &Operation<'_>, frame: Frame<'_>) -> Option<Extent> {
    let mut frames = operation.frames.iter();
    frames.find(|one| std::ptr::eq(one.function, frame.function)).map(|one| one.extent)
}

fn holds(outer: Extent, inner: Extent) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn takes(function: &Function, name: &str) -> bool {
    function.parameters.iter().any(|parameter| binds(&parameter.pattern, name))
}

/// Whether a pattern binds the name.
fn binds(pattern: &Expr, name: &str) -> bool {
    match &pattern.kind {
        ExprKind::Name(own) => own == name,
        ExprKind::Sequence { items, .. } => items.iter().any(|item| binds(item, name)),
        ExprKind::Record { entries, .. } => entries.iter().any(|(_, value)| binds(value, name)),
        ExprKind::Assign { target, .. } => binds(target, name),
        _ => false,
    }
}

/// The name that an expression begins with: `rows` of `rows.map(..)`, `result.rows`, `list(rows)`, `enumerate(rows)`.
fn root(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => root(object),
        ExprKind::Await(value) | ExprKind::Cast { value, .. } => root(value),
        ExprKind::Logical { left, .. } => root(left),
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, .. } => root(object),
            _ => root(&call.arguments.first()?.value),
        },
        _ => None,
    }
}

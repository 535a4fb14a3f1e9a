//! Where the rows that a program goes through come from.

use super::{Frame, Operation};
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::sql::Verb;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Stmt, StmtKind};
use crate::facts::values::{binds, called_name};

/// Names that are followed.
const STEPS: usize = 4;

/// Of the operations before, the one whose rows an expression in this frame is.
pub(crate) fn source<'a, 'b>(
    expr: &'a Expr,
    frame: Frame<'a>,
    before: &'b [Operation<'a>],
) -> Option<&'b Operation<'a>> {
    // What runs for each item is not what the items are.
    let outside: Vec<&Operation<'a>> = before.iter().filter(|one| one.looped.is_none()).collect();
    let mut found = Vec::new();
    find(expr, frame, &outside, STEPS, &mut found);
    found.first().copied()
}

/// Whether an expression in this frame may be of the rows that an operation gave.
pub(crate) fn is_from<'a>(
    expr: &'a Expr,
    frame: Frame<'a>,
    read: &Operation<'a>,
    operations: &[Operation<'a>],
) -> bool {
    let all: Vec<&Operation<'a>> = operations.iter().collect();
    let mut found = Vec::new();
    find(expr, frame, &all, STEPS, &mut found);
    found.iter().any(|one| std::ptr::eq(*one, read))
}

/// Adds the operations whose rows an expression may be, of several at one place the last first.
fn find<'a, 'b>(
    expr: &'a Expr,
    frame: Frame<'a>,
    among: &[&'b Operation<'a>],
    steps: usize,
    found: &mut Vec<&'b Operation<'a>>,
) {
    let Some(left) = steps.checked_sub(1) else { return };
    let inside = |one: &&&Operation<'a>| {
        one.statement().is_some_and(|statement| statement.verb == Verb::Select)
            && place_in(one, frame).is_some_and(|at| holds(expr.extent, at))
    };
    let known = found.len();
    found.extend(among.iter().rev().filter(inside).copied());
    let Some(name) = root(expr).filter(|_| found.len() == known) else { return };
    each_in_body(&frame.function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                if let Some(value) = assign.value.as_ref()
                    && assign.targets.iter().any(|target| binds(target, name))
                {
                    let known = found.len();
                    // `row = dict(row)` says nothing that the other values of the name do not.
                    let steps = if root(value) == Some(name) { 1 } else { left };
                    find(value, frame, among, steps, found);
                    if found.len() == known {
                        found.extend(fetched(value, frame, among));
                    }
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Loop(each), .. }) => {
                if let (Some(target), Some(iterable)) = (&each.target, &each.iterable)
                    && binds(target, name)
                {
                    find(iterable, frame, among, left, found);
                }
            }
            // `db.all("SELECT ..", (error, rows) => ..)`, `rows.forEach((row) => ..)`.
            Node::Expr(expr @ Expr { kind: ExprKind::Call(call), .. }) => {
                let given = call.arguments.iter().any(|argument| match &argument.value.kind {
                    ExprKind::Function(function) => takes(function, name),
                    _ => false,
                });
                if given {
                    let known = found.len();
                    let here = |one: &&&Operation<'a>| place_in(one, frame) == Some(expr.extent);
                    found.extend(among.iter().rev().filter(here).copied());
                    if let ExprKind::Member { object, .. } = &call.callee.kind
                        && found.len() == known
                        && root(object) != Some(name)
                    {
                        find(object, frame, among, left, found);
                    }
                }
            }
            _ => {}
        }
        true
    });
}

/// `cursor.fetchall()`: of the last statement that was run before it.
fn fetched<'a, 'b>(value: &Expr, frame: Frame<'a>, among: &[&'b Operation<'a>]) -> Option<&'b Operation<'a>> {
    let value = match &value.kind {
        ExprKind::Await(inner) => &**inner,
        _ => value,
    };
    let before = |one: &&&Operation<'a>| {
        one.statement().is_some() && place_in(one, frame).is_some_and(|at| at.start < value.extent.start)
    };
    let name = called_name(&value.call()?.callee)?;
    name.starts_with("fetch").then(|| among.iter().rev().find(before).copied())?
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

/// The name that an expression begins with: `rows` of `rows.map(..)`, `result.rows`, `list(rows)`, `enumerate(rows)`.
pub(crate) fn root(expr: &Expr) -> Option<&str> {
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

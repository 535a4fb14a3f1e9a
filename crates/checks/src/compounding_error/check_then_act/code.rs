//! What the functions between a read and a write do with what was read.

use super::pairs::Pair;
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::sql::Statement;
use crate::facts::syntax::{
    BinaryOp, CompareOp, Expr, ExprKind, Extent, Function, Literal, LogicalOp, Stmt, StmtKind,
};
use crate::facts::values::called_name;
use crate::facts::values::{Bound, Values};
use crate::facts::words::has_word;

/// The functions on the ways to both, each once, with the places of their files.
fn functions<'a>(pair: &Pair<'a, '_>) -> Vec<(usize, &'a Function)> {
    let mut found: Vec<(usize, &'a Function)> = Vec::new();
    for frame in pair.read.frames.iter().chain(pair.write.frames.iter()) {
        if !found.iter().any(|(_, function)| std::ptr::eq(*function, frame.function)) {
            found.push((frame.file, frame.function));
        }
    }
    found
}

/// The column that an expression is of a row: `row.stock`, `row["stock"]`, `row.get("stock")`; looked through `Number(..)`, `x || 0`.
fn column(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Member { name, .. } => Some(name),
        ExprKind::Index { index, .. } => index.string(),
        ExprKind::Logical { op: LogicalOp::Or | LogicalOp::Coalesce, left, .. } => column(left),
        ExprKind::Cast { value, .. } | ExprKind::Unary { value, .. } | ExprKind::Await(value) => {
            column(value)
        }
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { name, .. } if name == "get" => call.arguments.first()?.value.string(),
            _ if matches!(
                called_name(&call.callee),
                Some("Number" | "int" | "float" | "Decimal" | "parseInt" | "parseFloat" | "BigInt")
            ) =>
            {
                column(&call.arguments.first()?.value)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether a condition on the way looks at the column of a row.
pub(super) fn is_compared(pair: &Pair<'_, '_>, sought: &str) -> bool {
    let mut found = false;
    for (_, function) in functions(pair) {
        each_in_body(&function.body, &mut |node, _| {
            let test = match node {
                Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => Some(test),
                Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => Some(&**test),
                _ => None,
            };
            if let Some(test) = test {
                each_in_expr(test, &mut |node, _| {
                    found |= node.expr().and_then(column) == Some(sought);
                    !found
                });
            }
            !found
        });
    }
    found
}

/// Where the column of a row is added to or taken from.
pub(super) fn changed(pair: &Pair<'_, '_>, sought: &str) -> Option<(usize, Extent)> {
    functions(pair).into_iter().find_map(|(file, function)| {
        let mut found = None;
        each_in_body(&function.body, &mut |node, _| {
            if let Node::Expr(expr @ Expr { kind: ExprKind::Binary { op, left, .. }, .. }) = node
                && matches!(op, BinaryOp::Add | BinaryOp::Subtract)
                && column(left) == Some(sought)
                && found.is_none()
            {
                found = Some((file, expr.extent));
            }
            found.is_none()
        });
        found
    })
}

/// Where one more than what was read is made: `row.c + 1` of `SELECT COUNT(*) AS c`, `last["rev"] + 1` of a row whose column is inserted again.
pub(super) fn next_number(
    pair: &Pair<'_, '_>,
    read: &Statement,
    inserted: &[&str],
) -> Option<(usize, Extent)> {
    let counted = read.has("count") || read.has("max");
    let order = &["position", "order", "sort", "rank", "index", "priority", "ordinal"];
    let by_name = |expr: &Expr| {
        column(expr).is_some_and(|name| {
            let ours = inserted.contains(&name) || counted && read.has(&name.to_lowercase());
            ours && !has_word(name, order)
        })
    };
    if counted && inserted.iter().any(|column| has_word(column, order)) {
        return None;
    }
    let (at, extent) = pair.read.place()?;
    functions(pair).into_iter().find_map(|(file, function)| {
        let values = Values::of_function(function);
        let holds =
            |value: &Expr| file == at && value.extent.start <= extent.start && extent.end <= value.extent.end;
        // `count` of `const count = db.prepare("SELECT COUNT(*) ..").get().c`.
        let from_read = |expr: &Expr| match &expr.kind {
            ExprKind::Name(name) => values.bound(name).iter().any(|bound| match bound {
                Bound::To(value) | Bound::PartOf(value) => holds(value),
                _ => false,
            }),
            _ => holds(expr),
        };
        let mut found = None;
        each_in_body(&function.body, &mut |node, _| {
            if let Node::Expr(expr @ Expr { kind: ExprKind::Binary { op: BinaryOp::Add, left, right }, .. }) =
                node
                && matches!(&right.kind, ExprKind::Literal(Literal::Integer(one)) if one == "1")
                && found.is_none()
                && (by_name(left) || counted && from_read(inner(left)))
            {
                found = Some((file, expr.extent));
            }
            found.is_none()
        });
        found
    })
}

/// Where being the first of all makes an administrator: `"admin" if count == 0 else "user"`.
pub(super) fn first_of_all(pair: &Pair<'_, '_>) -> Option<(usize, Extent)> {
    let is_zero = |test: &Expr| {
        matches!(&test.kind, ExprKind::Compare { rest, .. } if rest.iter().any(|(op, right)| {
            let zero = matches!(&right.kind, ExprKind::Literal(Literal::Integer(zero)) if zero == "0");
            zero && matches!(op, CompareOp::Equal | CompareOp::StrictEqual)
        }))
    };
    functions(pair).into_iter().find_map(|(file, function)| {
        let (mut zero, mut admin) = (None, false);
        each_in_body(&function.body, &mut |node, _| {
            let Some(expr) = node.expr() else { return true };
            if is_zero(expr) {
                zero = zero.or(Some((file, expr.extent)));
            }
            admin |= match &expr.kind {
                ExprKind::Name(name) => has_word(name, &["admin"]),
                _ => expr
                    .string()
                    .is_some_and(|text| matches!(text, "admin" | "owner" | "superuser" | "ADMIN")),
            };
            true
        });
        zero.filter(|_| admin)
    })
}

/// `x` of `(x or 0)`, `x[0]`, `x.c`, `int(x)`.
fn inner(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Logical { left, .. } => inner(left),
        ExprKind::Index { object, .. } | ExprKind::Member { object, .. } => inner(object),
        ExprKind::Cast { value, .. } | ExprKind::Await(value) => inner(value),
        _ => expr,
    }
}

/// Whether what was read decides that the request is refused: `if existing: return .., 409`, before the write.
pub(super) fn is_refused(pair: &Pair<'_, '_>) -> bool {
    let mut found = false;
    for (_, function) in functions(pair) {
        each_in_body(&function.body, &mut |node, _| {
            if let Node::Expr(Expr { kind: ExprKind::Literal(Literal::Integer(status)), .. }) = node {
                found |= status == "409";
            }
            !found
        });
    }
    found
}

/// Whether a `try` stands around the write, in one of the functions on the way to it.
pub(super) fn is_caught(pair: &Pair<'_, '_>) -> bool {
    pair.write.frames.iter().any(|frame| {
        let mut caught = false;
        each_in_body(&frame.function.body, &mut |node, _| {
            if let Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }) = node
                && let (Some(first), Some(last)) = (tried.body.first(), tried.body.last())
            {
                caught |= first.extent.start <= frame.extent.start && frame.extent.end <= last.extent.end;
            }
            if let Some(call) = node.expr().and_then(Expr::call) {
                let catches = called_name(&call.callee) == Some("catch");
                caught |= catches
                    && call.callee.extent.start <= frame.extent.start
                    && frame.extent.end <= call.callee.extent.end;
            }
            !caught
        });
        caught
    })
}

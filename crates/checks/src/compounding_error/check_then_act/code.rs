//! What the functions between a read and a write do with what was read.

use super::pairs::Pair;
use crate::database::{Frame, rows};
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::sql::Statement;
use crate::facts::syntax::{
    BinaryOp, Call, CompareOp, Expr, ExprKind, Extent, Function, Literal, LogicalOp, Stmt, StmtKind,
};
use crate::facts::values::{Bound, Values, binds, called_name};
use crate::facts::words::has_word;
use crate::framework::passed_for;

/// Names that are followed from one to the next.
const STEPS: usize = 4;

/// The ways to the functions that lead to both, each function once: the frames from the handler to it.
fn ways<'a, 'b>(pair: &Pair<'a, 'b>) -> Vec<&'b [Frame<'a>]> {
    let mut found: Vec<&'b [Frame<'a>]> = Vec::new();
    for frames in [&pair.read.frames, &pair.write.frames] {
        for at in 1..=frames.len() {
            let Some((way, last)) = frames.get(..at).and_then(|way| Some((way, way.last()?))) else {
                continue;
            };
            let is_known = |known: &&[Frame<'a>]| {
                known.last().is_some_and(|known| std::ptr::eq(known.function, last.function))
            };
            if !found.iter().any(is_known) {
                found.push(way);
            }
        }
    }
    found
}

/// The functions on the ways to both, each once, with the places of their files.
fn functions<'a>(pair: &Pair<'a, '_>) -> Vec<(usize, &'a Function)> {
    ways(pair).iter().filter_map(|way| way.last()).map(|frame| (frame.file, frame.function)).collect()
}

/// The column that an expression is of a row, and the row: `row.stock`, `row["stock"]`, `row.get("stock")`; looked through `Number(..)`,
/// `x || 0`.
fn column(expr: &Expr) -> Option<(&Expr, &str)> {
    match &expr.kind {
        ExprKind::Member { object, name, .. } => Some((object, name)),
        ExprKind::Index { object, index } => Some((object, index.string()?)),
        ExprKind::Logical { op: LogicalOp::Or | LogicalOp::Coalesce, left, .. } => column(left),
        ExprKind::Cast { value, .. }
        | ExprKind::Unary { value, .. }
        | ExprKind::Await(value)
        | ExprKind::Propagate(value) => column(value),
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. } if matches!(name.as_str(), "get" | "try_get") => {
                Some((object, call.arguments.first()?.value.string()?))
            }
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

/// The row that an expression of a function is this column of: by its name, by its place in a tuple of Rust, or under a name that it
/// is kept as. What is used as a number is the only column that a statement reads, or no row at all.
fn row_of<'a>(
    function: &'a Function,
    expr: &'a Expr,
    (read, sought): (&Statement, &str),
    is_number: bool,
) -> Option<&'a Expr> {
    let at = |place: usize| read.column_at(place) == Some(sought);
    if let Some((row, name)) = column(expr) {
        return (name == sought || name.parse().is_ok_and(at)).then_some(row);
    }
    let ExprKind::Name(name) = &expr.kind else { return None };
    let mut found = None;
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node
            && let (Some(target), Some(value)) = (assign.targets.first(), &assign.value)
            && let Some(place) = place_in(target, name)
        {
            let kept = column(value).filter(|(_, column)| *column == sought).map(|(row, _)| row);
            let alone = || is_number && at(0) && read.column_at(1).is_none();
            found = found.or(match place {
                Some(place) => at(place).then_some(expr),
                None => kept.or_else(|| alone().then_some(expr)),
            });
        }
        found.is_none()
    });
    found
}

/// The sides of a comparison of which is more.
fn measured(expr: &Expr) -> Vec<&Expr> {
    const ORDER: &[CompareOp] =
        &[CompareOp::Less, CompareOp::LessOrEqual, CompareOp::Greater, CompareOp::GreaterOrEqual];
    match &expr.kind {
        ExprKind::Compare { left, rest } if rest.iter().all(|(op, _)| ORDER.contains(op)) => {
            std::iter::once(&**left).chain(rest.iter().map(|(_, side)| side)).collect()
        }
        _ => Vec::new(),
    }
}

/// Where in a pattern a name is: alone, or at this place of a tuple: `(stock,)`, `Some((stock, price))`.
fn place_in(pattern: &Expr, name: &str) -> Option<Option<usize>> {
    let is_it = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(own) if own == name);
    match &pattern.kind {
        ExprKind::Call(call) => place_in(&call.arguments.first()?.value, name),
        ExprKind::Sequence { items, .. } => items.iter().position(is_it).map(Some),
        _ => is_it(pattern).then_some(None),
    }
}

/// Whether an expression in the last function of a way may be of what was read: there, or where a caller had it and passed it on.
fn is_read<'a>(pair: &Pair<'a, '_>, way: &[Frame<'a>], expr: &'a Expr) -> bool {
    let Some((frame, callers)) = way.split_last() else { return false };
    let passed = || {
        let caller = callers.last()?;
        let index = parameter_of(frame.function, rows::root(expr)?, STEPS)?;
        let call = call_at(caller.function, caller.extent)?;
        Some(is_read(pair, callers, passed_for(call, frame.function, index)?))
    };
    rows::is_from(expr, *frame, pair.read, &pair.trace.operations) || passed().unwrap_or(false)
}

/// The parameter of a function that a name is, or is made of: `item` of `item = dict(row)`.
fn parameter_of(function: &Function, name: &str, steps: usize) -> Option<usize> {
    let left = steps.checked_sub(1)?;
    let own = function.parameters.iter().position(|parameter| binds(&parameter.pattern, name));
    own.or_else(|| {
        let values = Values::of_function(function);
        values.bound(name).iter().find_map(|bound| match bound {
            Bound::To(value) | Bound::PartOf(value) => parameter_of(function, rows::root(value)?, left),
            _ => None,
        })
    })
}

/// The call that stands at a place of a function.
fn call_at(function: &Function, extent: Extent) -> Option<&Call> {
    let mut found = None;
    each_in_body(&function.body, &mut |node, _| {
        if let Some(expr) = node.expr().filter(|expr| expr.extent == extent) {
            found = found.or(expr.call());
        }
        found.is_none()
    });
    found
}

/// Whether something in the last function of a way stands before the write, where that function leads to it.
fn is_before_write(pair: &Pair<'_, '_>, way: &[Frame<'_>], extent: Extent) -> bool {
    writing(pair, way).is_none_or(|write| extent.start < write.end)
}

/// Where the last function of a way writes, if it leads to the write.
fn writing(pair: &Pair<'_, '_>, way: &[Frame<'_>]) -> Option<Extent> {
    let last = way.last()?;
    let mut frames = pair.write.frames.iter();
    frames.find(|frame| std::ptr::eq(frame.function, last.function)).map(|frame| frame.extent)
}

/// Whether a condition on the way looks at the column of the row that was read, before the write.
pub(super) fn is_compared(pair: &Pair<'_, '_>, read: &Statement, sought: &str) -> bool {
    let mut found = false;
    for way in ways(pair).into_iter().filter(|_| read.selects(sought)) {
        let Some(frame) = way.last() else { continue };
        each_in_body(&frame.function.body, &mut |node, _| {
            let test = match node {
                Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => Some(test),
                Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => Some(&**test),
                _ => None,
            };
            if let Some(test) = test.filter(|test| is_before_write(pair, way, test.extent)) {
                each_in_expr(test, &mut |node, _| {
                    let Some(expr) = node.expr() else { return !found };
                    let number = measured(expr).into_iter().map(|side| (side, true));
                    for (expr, is_number) in std::iter::once((expr, false)).chain(number) {
                        let row = row_of(frame.function, expr, (read, sought), is_number);
                        found |= row.is_some_and(|row| is_read(pair, way, row));
                    }
                    !found
                });
            }
            !found
        });
    }
    found
}

/// Where the column of the row that was read is added to or taken from, before the write.
pub(super) fn changed(pair: &Pair<'_, '_>, read: &Statement, sought: &str) -> Option<(usize, Extent)> {
    ways(pair).into_iter().filter(|_| read.selects(sought)).find_map(|way| {
        let frame = way.last()?;
        let mut found = None;
        each_in_body(&frame.function.body, &mut |node, _| {
            if let Node::Expr(expr @ Expr { kind: ExprKind::Binary { op, left, .. }, .. }) = node
                && matches!(op, BinaryOp::Add | BinaryOp::Subtract)
                && found.is_none()
                && is_before_write(pair, way, expr.extent)
                && row_of(frame.function, left, (read, sought), true)
                    .is_some_and(|row| is_read(pair, way, row))
            {
                found = Some((frame.file, expr.extent));
            }
            found.is_none()
        });
        found
    })
}

/// One more than what was read, which is inserted.
pub(super) struct Next<'a> {
    /// Where it is made.
    pub(super) place: (usize, Extent),
    /// The column that it is of, where that is known.
    pub(super) column: Option<&'a str>,
}

/// Where one more than what was read is made and inserted: `row.c + 1` of `SELECT COUNT(*) AS c`, `last["rev"] + 1` of a row whose
/// column is inserted again.
pub(super) fn next_number<'s>(
    pair: &Pair<'_, '_>,
    read: &'s Statement,
    inserted: &[&'s str],
) -> Option<Next<'s>> {
    let counted = read.has("count") || read.has("max");
    let order = &["position", "order", "sort", "rank", "index", "priority", "ordinal"];
    if counted && inserted.iter().any(|column| has_word(column, order)) {
        return None;
    }
    let greatest = read.greatest().filter(|column| inserted.contains(column));
    ways(pair).into_iter().find_map(|way| {
        let frame = way.last()?;
        let mut found = None;
        each_in_body(&frame.function.body, &mut |node, _| {
            let Node::Expr(expr @ Expr { kind: ExprKind::Binary { op: BinaryOp::Add, left, right }, .. }) =
                node
            else {
                return found.is_none();
            };
            let one = matches!(&right.kind, ExprKind::Literal(Literal::Integer(one)) if one == "1");
            if !one || found.is_some() {
                return found.is_none();
            }
            let named = column(left).filter(|(_, name)| !has_word(name, order)).map(|(_, name)| name);
            let again = named.and_then(|name| inserted.iter().copied().find(|column| *column == name));
            if (again.is_some() || counted)
                && is_read(pair, way, left)
                && goes_into_write(pair, way, expr.extent)
            {
                found = Some(Next { place: (frame.file, expr.extent), column: again.or(greatest) });
            }
            found.is_none()
        });
        found
    })
}

/// Whether what stands in the last function of a way goes into the write: by itself or under a name, or by being given back.
fn goes_into_write(pair: &Pair<'_, '_>, way: &[Frame<'_>], extent: Extent) -> bool {
    let Some((frame, callers)) = way.split_last() else { return false };
    match writing(pair, way) {
        Some(write) => reaches(frame.function, extent, write),
        None => callers.last().is_some_and(|caller| goes_into_write(pair, callers, caller.extent)),
    }
}

/// Whether what stands at one place of a function is given to the call at another: by itself, or under the names that it gets. What is
/// called back afterwards is given nothing.
fn reaches(function: &Function, from: Extent, to: Extent) -> bool {
    let mut names: Vec<&str> = Vec::new();
    let carries = |value: &Expr, names: &[&str]| {
        let mut carries = false;
        each_in_expr(value, &mut |node, _| {
            if matches!(node, Node::Expr(Expr { kind: ExprKind::Function(_), .. })) {
                return false;
            }
            carries |= node.extent() == from
                || matches!(node, Node::Expr(Expr { kind: ExprKind::Name(name), .. }) if names.contains(&name.as_str()));
            !carries
        });
        carries
    };
    for _ in 0..STEPS {
        let known = names.len();
        each_in_body(&function.body, &mut |node, _| {
            let (targets, value): (Vec<&Expr>, &Expr) = match node {
                Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => match &assign.value {
                    Some(value) => (assign.targets.iter().collect(), value),
                    None => return true,
                },
                Node::Expr(Expr { kind: ExprKind::Assign { target, value, .. }, .. }) => {
                    (vec![&**target], value)
                }
                _ => return true,
            };
            let new = targets.into_iter().filter_map(rows::root).filter(|name| !names.contains(name));
            let new: Vec<&str> = new.collect();
            if !new.is_empty() && carries(value, &names) {
                names.extend(new);
            }
            true
        });
        if names.len() == known {
            break;
        }
    }
    match call_at(function, to) {
        Some(call) => {
            let given = call.arguments.iter().map(|argument| &argument.value);
            given.chain(std::iter::once(&call.callee)).any(|value| carries(value, &names))
        }
        // A text with a tag is no call.
        None => to.start <= from.start && from.end <= to.end,
    }
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

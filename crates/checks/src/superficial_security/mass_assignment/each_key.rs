//! Fields that are written one by one, whatever keys the body has.

use super::Written;
use super::body::is_whole;
use super::forms::{is_made_here, is_plain};
use crate::facts::nodes::{Around, Node, each_in_body};
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Loop, Stmt, StmtKind, TemplatePart};
use crate::facts::values::{FileValues, called_name};

/// `Object.keys(body).map((key) => `${key} = ?`)`: the columns of an `UPDATE`.
pub(super) fn by_map<'a>(
    values: &mut FileValues<'a>,
    call: &'a Call,
    around: Around<'a, '_>,
) -> Option<Written> {
    let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
    let of_keys = values
        .origins(object, around)
        .into_iter()
        .filter_map(Expr::call)
        .find(|keys| matches!(keys.callee.dotted().as_deref(), Some("Object.keys" | "Object.entries")))?;
    if !is_whole(values, &of_keys.arguments.first()?.value, around) {
        return None;
    }
    let given = &call.arguments.first()?.value;
    let ExprKind::Function(callback) = &given.kind else { return None };
    let mut sets = false;
    each_in_body(&callback.body, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Template(template), .. }) = node {
            sets |= template.parts.iter().any(|part| matches!(part, TemplatePart::Text(text) if text.trim_start().trim_start_matches(['"', '`']).trim_start().starts_with('=')));
        }
        !sets
    });
    sets.then(|| Written {
        extent: call.callee.extent,
        variant: "each-key",
        into: "the columns of an UPDATE".to_owned(),
    })
}

/// `for key, value in body.items(): setattr(user, key, value)`, and an `UPDATE` put together of the keys.
pub(super) fn by_loop<'a>(
    values: &mut FileValues<'a>,
    stmt: &'a Stmt,
    each: &'a Loop,
    around: Around<'a, '_>,
) -> Option<Written> {
    let iterable = each.iterable.as_ref()?;
    let over = gone_through(iterable)?;
    if !is_whole(values, over, around) {
        return None;
    }
    let key = match each.target.as_ref().map(|target| &target.kind) {
        Some(ExprKind::Name(name)) => name.as_str(),
        Some(ExprKind::Sequence { items, .. }) => items.first().and_then(called_name)?,
        _ => return None,
    };
    let is_key = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(used) if used == key);
    let (mut into, mut guarded): (Option<String>, bool) = (None, false);
    each_in_body(&each.body, &mut |node, _| {
        match node {
            Node::Expr(Expr { kind: ExprKind::Call(call), .. })
                if called_name(&call.callee) == Some("setattr") =>
            {
                let by_key = call.arguments.get(1).is_some_and(|given| is_key(&given.value));
                let target = call.arguments.first().filter(|_| by_key).and_then(|given| given.value.dotted());
                if target.is_some() {
                    into = target;
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                for target in &assign.targets {
                    if let ExprKind::Index { object, index } = &target.kind
                        && is_key(index)
                        && !is_plain(object)
                        && !is_made_here(values, object, around)
                    {
                        into = object.dotted();
                    }
                }
            }
            Node::Expr(Expr { kind: ExprKind::Template(template), .. }) => {
                let sets = template.parts.iter().any(
                    |part| matches!(part, TemplatePart::Text(text) if text.trim_start().starts_with('=')),
                );
                if sets
                    && template
                        .parts
                        .iter()
                        .any(|part| matches!(part, TemplatePart::Value(value) if is_key(value)))
                {
                    into = Some("the columns of an UPDATE".to_owned());
                }
            }
            // `if key in ALLOWED`
            Node::Expr(Expr { kind: ExprKind::Compare { left, .. }, .. }) => guarded |= is_key(left),
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                guarded |= matches!(called_name(&call.callee), Some("includes" | "has"))
                    && call.arguments.iter().any(|given| is_key(&given.value));
            }
            _ => {}
        }
        true
    });
    let into = into.filter(|_| !guarded)?;
    let shown = if into.contains(' ') { into } else { format!("`{into}`") };
    Some(Written {
        extent: Extent { start: stmt.extent.start, end: iterable.extent.end },
        variant: "each-key",
        into: shown,
    })
}

/// What a loop goes through the keys of.
fn gone_through(iterable: &Expr) -> Option<&Expr> {
    Some(match &iterable.kind {
        ExprKind::Call(call) => match (&call.callee.kind, called_name(&call.callee)) {
            (ExprKind::Member { object, .. }, Some("items" | "keys")) if call.arguments.is_empty() => {
                &**object
            }
            (_, Some("entries" | "keys")) => &call.arguments.first()?.value,
            _ => return None,
        },
        _ => iterable,
    })
}

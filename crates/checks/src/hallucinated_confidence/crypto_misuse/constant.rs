//! Bytes that are the same at every call: written in the code, zeros, or the beginning of the key.

use super::algorithm::Looked;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Call, Expr, ExprKind, Literal, SequenceKind};
use crate::facts::values::called_name;
use crate::facts::words::has_word;

/// Why bytes never change; `None` when they may.
pub(super) fn never_changes<'a>(looked: &mut Looked<'_, 'a, '_>, expr: &'a Expr) -> Option<&'static str> {
    let origins = looked.origins(expr);
    let mut why = None;
    for origin in origins {
        why = Some(fixed(origin, 4)?);
    }
    if let ExprKind::Name(name) = &expr.kind
        && is_filled(looked, name)
    {
        return None;
    }
    why
}

fn fixed(expr: &Expr, steps: u32) -> Option<&'static str> {
    let left = steps.checked_sub(1)?;
    const WRITTEN: &str = "is written in the code";
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => (!text.is_empty()).then_some(WRITTEN),
        ExprKind::Literal(Literal::Bytes(bytes)) => (!bytes.is_empty()).then_some(WRITTEN),
        ExprKind::Literal(Literal::Integer(_)) => Some(WRITTEN),
        ExprKind::Template(_) => expr.string().filter(|text| !text.is_empty()).map(|_| WRITTEN),
        // `b"\0" * 16`
        ExprKind::Binary { left: one, right: other, .. } => fixed(one, left).and(fixed(other, left)),
        // `[0u8; 12]`
        ExprKind::Other(parts) => (parts.len() == 2)
            .then(|| parts.iter().try_for_each(|part| fixed(part, left).map(|_| ())))?
            .map(|()| WRITTEN),
        ExprKind::Sequence { kind: SequenceKind::List, items } => (items.len() >= 8)
            .then(|| items.iter().try_for_each(|item| fixed(item, left).map(|_| ())))?
            .map(|()| WRITTEN),
        ExprKind::Unary { value, .. } | ExprKind::Cast { value, .. } => fixed(value, left),
        // `key[:16]`
        ExprKind::Index { object, index } => {
            let cut = matches!(index.kind, ExprKind::Range(_));
            (cut && is_key(object)).then_some("is cut off the key")
        }
        ExprKind::Call(call) => of_call(call, left),
        _ => None,
    }
}

/// Calls that make the same of the same.
fn of_call(call: &Call, left: u32) -> Option<&'static str> {
    let name = called_name(&call.callee)?;
    let first = call.arguments.first().map(|given| &given.value);
    match (name, &call.callee.kind) {
        // `"text".encode()`, `key.slice(0, 16)`
        ("encode" | "into" | "to_vec" | "as_bytes" | "as_slice", ExprKind::Member { object, .. })
            if call.arguments.is_empty() =>
        {
            fixed(object, left)
        }
        ("slice" | "subarray" | "substring" | "substr", ExprKind::Member { object, .. }) => {
            is_key(object).then_some("is cut off the key")
        }
        (
            "alloc" | "bytes" | "bytearray" | "Uint8Array" | "from" | "fromhex" | "unhexlify" | "b64decode"
            | "parse" | "from_slice" | "Bytes" | "vec" | "from_hex" | "hexToBytes",
            _,
        ) => call
            .arguments
            .iter()
            .take(2)
            .try_fold((), |(), given| fixed(&given.value, left).map(|_| ()))
            .filter(|()| first.is_some())
            .map(|()| "is written in the code"),
        _ => None,
    }
}

fn is_key(expr: &Expr) -> bool {
    called_name(expr).is_some_and(|name| has_word(name, &["key", "secret"]))
}

/// Whether a buffer is filled after it is made: `randomFillSync(iv)`, `iv.writeUInt32BE(counter)`.
fn is_filled(looked: &Looked<'_, '_, '_>, name: &str) -> bool {
    let Some(function) = looked.around.iter().rev().find_map(|node| node.function()) else { return false };
    let is_it = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(used) if used == name);
    let mut filled = false;
    each_in_body(&function.body, &mut |node, _| {
        let Node::Expr(Expr { kind: ExprKind::Call(call), .. }) = node else { return !filled };
        let called = called_name(&call.callee).unwrap_or_default();
        let method = match &call.callee.kind {
            ExprKind::Member { object, .. } => is_it(object),
            _ => false,
        };
        filled |= method
            && (called.starts_with("write")
                || matches!(called, "set" | "fill" | "copy" | "copy_from_slice" | "extend"));
        filled |= call.arguments.iter().any(|given| match &given.value.kind {
            ExprKind::Unary { value, .. } => is_it(value),
            _ => is_it(&given.value),
        }) && (called.contains("fill")
            || called.contains("Fill")
            || called.contains("andomValues")
            || called == "copy"
            || called.contains("getrandom"));
        !filled
    });
    filled
}

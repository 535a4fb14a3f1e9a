//! Bytes that are the same at every call: written in the code, zeros, or the beginning of the key.

use super::algorithm::Looked;
use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Node, each_in_body, enclosing_function};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Literal, SequenceKind, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::facts::words::has_word;

/// Said of a vector that is a part of the key.
pub(super) const CUT: &str = "is cut off the key";

/// Why bytes never change; `None` when they may.
pub(super) fn never_changes<'a>(looked: &mut Looked<'_, 'a, '_>, expr: &'a Expr) -> Option<&'static str> {
    let origins = looked.origins(expr);
    let mut why = None;
    for origin in origins {
        why = Some(fixed(origin, 4)?);
    }
    if let Some(name) = buffer(expr)
        && let Some(function) = enclosing_function(looked.around)
        && is_changed(looked.context, looked.file, &function.body, name, 2)
    {
        return None;
    }
    why
}

/// Why the bytes that an expression makes are the same each time, without looking at names.
pub(super) fn fixed(expr: &Expr, steps: u32) -> Option<&'static str> {
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
            (cut && is_key(object)).then_some(CUT)
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
            is_key(object).then_some(CUT)
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

/// The name that a reference, a part or a view of a buffer is of: `&mut nonce[4..]`, `iv.as_mut_slice()`.
fn buffer(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Unary { value: of, .. } | ExprKind::Cast { value: of, .. } => buffer(of),
        ExprKind::Index { object, .. } => buffer(object),
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. } if name.starts_with("as_mut") => buffer(object),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a buffer is written into after it is made: `randomFillSync(iv)`, `iv.writeUInt32BE(counter)`, `iv[11] = n`, `&mut nonce`.
fn is_changed(context: &Context<'_>, file: &SourceFile, body: &[Stmt], name: &str, steps: u32) -> bool {
    let is_it = |expr: &Expr| buffer(expr) == Some(name);
    let is_part = |expr: &Expr| matches!(expr.kind, ExprKind::Index { .. }) && is_it(expr);
    let mut changed = false;
    each_in_body(body, &mut |node, _| {
        changed |= match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => assign.targets.iter().any(is_part),
            Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => is_part(target),
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                let of = match &call.callee.kind {
                    ExprKind::Member { object, .. } => is_it(object),
                    _ => false,
                };
                of && writes(call)
                    || call.arguments.iter().enumerate().any(|(at, given)| {
                        is_it(&given.value)
                            && (fills(call)
                                || file.text_of(given.value.extent).starts_with("&mut ")
                                || is_changed_by(context, file, call, at, steps))
                    })
            }
            _ => false,
        };
        !changed
    });
    changed
}

/// Whether a method writes into what it is called on.
fn writes(call: &Call) -> bool {
    let called = called_name(&call.callee).unwrap_or_default();
    called.starts_with("write")
        || called.ends_with("from_slice")
        || matches!(called, "set" | "fill" | "copy" | "extend")
}

/// Whether a function of a library writes into what it is given.
fn fills(call: &Call) -> bool {
    let called = called_name(&call.callee).unwrap_or_default().to_lowercase();
    called.contains("fill")
        || called.contains("randomvalues")
        || called.contains("getrandom")
        || called == "copy"
}

/// Whether a function of the project writes into the buffer that it is given at a place.
fn is_changed_by(context: &Context<'_>, file: &SourceFile, call: &Call, at: usize, steps: u32) -> bool {
    let Some(left) = steps.checked_sub(1) else { return false };
    let Some(file) = context.file(&file.path) else { return false };
    let Some((home, function)) = called_function(context, file, &call.callee) else { return false };
    let name = function.parameters.get(at).and_then(|parameter| parameter.pattern.dotted());
    name.is_some_and(|name| is_changed(context, home, &function.body, &name, left))
}

/// What a vector is cut off, and where the cut begins.
fn cut(expr: &Expr) -> Option<(&Expr, Option<&Expr>)> {
    match &expr.kind {
        ExprKind::Index { object, index } => match &index.kind {
            ExprKind::Range(parts) => Some((object, parts.first().and_then(Option::as_ref))),
            _ => None,
        },
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. }
                if matches!(name.as_str(), "slice" | "subarray" | "substring" | "substr") =>
            {
                Some((object, call.arguments.first().map(|given| &given.value)))
            }
            _ => None,
        },
        ExprKind::Unary { value, .. } => cut(value),
        _ => None,
    }
}

/// Whether a vector is a part of its key: cut off what is the key as a whole, or off the same end of what the key is cut off. One
/// derivation may well give both, side by side.
pub(super) fn is_part_of<'a>(looked: &mut Looked<'_, 'a, '_>, vector: &'a Expr, key: &'a Expr) -> bool {
    let start = |at: Option<&Expr>| at.map_or("0", |at| looked.file.text_of(at.extent)).to_owned();
    let ends: Vec<(Option<String>, String)> =
        looked.origins(vector).into_iter().filter_map(cut).map(|(of, at)| (of.dotted(), start(at))).collect();
    let keys = looked.origins(key).into_iter().chain([key]);
    let keys: Vec<(Option<String>, Option<String>)> = keys
        .map(|key| match cut(key) {
            Some((of, at)) => (of.dotted(), Some(start(at))),
            None => (key.dotted(), None),
        })
        .collect();
    ends.iter().any(|(of, at)| {
        keys.iter()
            .any(|(key, from)| of.is_some() && of == key && from.as_ref().is_none_or(|from| from == at))
    })
}

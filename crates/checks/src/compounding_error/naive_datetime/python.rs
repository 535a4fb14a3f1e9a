//! `datetime` of Python.

use seaworthy_core::Severity;

use super::Found;
use crate::facts::nodes::{Around, Node, each_in_body, each_node, enclosing_function};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{BinaryOp, Call, CompareOp, Expr, ExprKind, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name, keyword};

const AWARE: &str = "write `datetime.now(timezone.utc)` (`from datetime import datetime, timezone`)";

/// What becomes of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// Shown, or a name of a file; given a zone on the spot; its year read.
    Harmless,
    /// One of two that are subtracted: how long something took.
    Duration,
    /// Handed on, where it cannot be seen.
    Unseen,
    /// Stored, written as text, compared, or moved on the calendar.
    Kept,
}

pub(super) fn find(file: &SourceFile, times: &mut u64) -> Vec<Found> {
    let mut found = Vec::new();
    if !file.text.contains("datetime") {
        return found;
    }
    let mut values = FileValues::of(&file.syntax);
    each_node(&file.syntax, &mut |node, around| {
        let Node::Expr(expr) = node else { return true };
        match &expr.kind {
            ExprKind::Call(call) => {
                *times += u64::from(file.resolve(&call.callee).is_some_and(|path| is_reading(&path)));
                found.extend(by_call(file, expr, call, around));
            }
            ExprKind::Member { .. } => found.extend(by_reference(file, expr, around)),
            ExprKind::Compare { left, rest } => {
                if let [(op, right)] = rest.as_slice() {
                    found.extend(mixed(file, expr, *op, left, right, &mut values, around));
                }
            }
            _ => {}
        }
        true
    });
    found
}

/// Calls that give a time, with a zone or without.
fn is_reading(path: &str) -> bool {
    path.starts_with("datetime.datetime.") || matches!(path, "django.utils.timezone.now" | "time.time")
}

fn by_call(file: &SourceFile, expr: &Expr, call: &Call, around: Around<'_, '_>) -> Option<Found> {
    let path = file.resolve(&call.callee)?;
    let name = path.strip_prefix("datetime.datetime.")?;
    let text = || file.text_of(expr.extent).to_owned();
    match name {
        "utcnow" | "utcfromtimestamp" => {
            let used = use_of(expr, around);
            let severity = match used {
                Use::Harmless => return None,
                Use::Duration => Severity::Warning,
                // A day has no zone, and this one is the right one.
                _ if is_day(around) => Severity::Warning,
                Use::Unseen | Use::Kept => Severity::Error,
            };
            Some(Found {
                extent: expr.extent,
                variant: "utc-without-zone",
                severity,
                message: format!(
                    "`{}` is UTC and does not say so: `.timestamp()`, a comparison with an aware time and whoever reads it back take it for local or fail; deprecated since Python 3.12",
                    text()
                ),
                advice: if name == "utcnow" {
                    AWARE
                } else {
                    "write `datetime.fromtimestamp(seconds, timezone.utc)`"
                },
            })
        }
        "now" | "today" if call.arguments.is_empty() => {
            let severity = match use_of(expr, around) {
                Use::Harmless => return None,
                Use::Duration => Severity::Note,
                Use::Unseen => Severity::Warning,
                Use::Kept => Severity::Error,
            };
            Some(Found {
                extent: expr.extent,
                variant: "local-without-zone",
                severity,
                message: format!(
                    "`{}` is the server's local time without its zone: it jumps by an hour twice a year, and means something else on another machine",
                    text()
                ),
                advice: if severity == Severity::Note {
                    "measure durations with `time.monotonic()`"
                } else {
                    AWARE
                },
            })
        }
        "fromtimestamp" if call.arguments.len() == 1 && keyword(&call.arguments, "tz").is_none() => {
            let severity = match use_of(expr, around) {
                Use::Harmless | Use::Duration => return None,
                Use::Unseen | Use::Kept => Severity::Warning,
            };
            Some(Found {
                extent: expr.extent,
                variant: "local-without-zone",
                severity,
                message: format!(
                    "`{}` turns an instant into the server's local time and drops the zone",
                    text()
                ),
                advice: "write `datetime.fromtimestamp(seconds, timezone.utc)`",
            })
        }
        _ => None,
    }
}

/// `default=datetime.utcnow`: the function handed on.
fn by_reference(file: &SourceFile, expr: &Expr, around: Around<'_, '_>) -> Option<Found> {
    let path = file.resolve(expr)?;
    if path != "datetime.datetime.utcnow" && path != "datetime.datetime.now" {
        return None;
    }
    // As the callee of a call it is `by_call`'s; as an argument its result is kept by whoever calls it.
    let Some(Node::Expr(Expr { kind: ExprKind::Call(call), .. })) = around.last() else { return None };
    let argument = call.arguments.iter().find(|argument| std::ptr::eq(&raw const argument.value, expr))?;
    let keeps = matches!(
        argument.name.as_deref(),
        Some("default" | "default_factory" | "onupdate" | "server_default" | "factory")
    );
    keeps.then(|| {
        let utc = path.ends_with("utcnow");
        Found {
            extent: expr.extent,
            variant: if utc { "utc-without-zone" } else { "local-without-zone" },
            severity: Severity::Error,
            message: format!(
                "each record is stamped by `{}`, a time without its zone",
                file.text_of(expr.extent)
            ),
            advice: "write `lambda: datetime.now(timezone.utc)`, and let the column keep the zone",
        }
    })
}

/// A time claim of a JWT: PyJWT and python-jose take a time without zone for UTC (`timegm(value.utctimetuple())`), which it is.
fn is_claim(entries: &[(Option<Expr>, Expr)], value: &Expr) -> bool {
    let key = entries.iter().find(|(_, known)| std::ptr::eq(known, value)).and_then(|(key, _)| key.as_ref());
    key.and_then(Expr::string).is_some_and(|key| matches!(key, "exp" | "iat" | "nbf"))
}

/// `utcnow().date()`.
fn is_day(around: Around<'_, '_>) -> bool {
    matches!(around.last(), Some(Node::Expr(Expr { kind: ExprKind::Member { name, .. }, .. })) if name == "date")
}

/// What becomes of the value of an expression, seen from what is around it; the most telling use counts.
fn use_of(expr: &Expr, around: Around<'_, '_>) -> Use {
    let Some((parent, outer)) = around.split_last() else { return Use::Unseen };
    match parent {
        Node::Expr(parent_expr) => match &parent_expr.kind {
            ExprKind::Member { name, .. } => use_of_method(name, outer),
            ExprKind::Binary { op: BinaryOp::Subtract, left, right }
                if !is_timedelta(left) && !is_timedelta(right) =>
            {
                Use::Duration
            }
            ExprKind::Binary { op: BinaryOp::Modulo, .. } | ExprKind::Template(_) => Use::Harmless,
            ExprKind::Binary { .. } => match use_of(parent_expr, outer) {
                Use::Unseen => Use::Kept,
                used => used,
            },
            ExprKind::Compare { rest, .. } => {
                let identity =
                    rest.iter().all(|(op, _)| matches!(op, CompareOp::Is | CompareOp::IsNot | CompareOp::In));
                if identity { Use::Harmless } else { Use::Kept }
            }
            ExprKind::Record { entries, .. } if is_claim(entries, expr) => Use::Duration,
            ExprKind::Record { .. } => Use::Kept,
            ExprKind::Call(call) => match called_name(&call.callee) {
                Some(
                    "print" | "str" | "format" | "info" | "debug" | "warning" | "error" | "log" | "write"
                    | "make_aware" | "localize" | "replace" | "repr",
                ) => Use::Harmless,
                Some(
                    "execute" | "executemany" | "insert" | "insert_one" | "append" | "add" | "save"
                    | "update",
                ) => Use::Kept,
                _ => Use::Unseen,
            },
            ExprKind::Conditional { .. }
            | ExprKind::Logical { .. }
            | ExprKind::Sequence { .. }
            | ExprKind::Await(_) => use_of(parent_expr, outer),
            _ => Use::Unseen,
        },
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
            match assign.targets.first().map(|target| &target.kind) {
                Some(ExprKind::Name(name)) => uses_of_name(name, expr, around),
                Some(ExprKind::Member { .. } | ExprKind::Index { .. }) => Use::Kept,
                _ => Use::Unseen,
            }
        }
        Node::Stmt(Stmt { kind: StmtKind::Expr(_), .. }) => Use::Harmless,
        Node::Stmt(_) | Node::Handler(_) => Use::Unseen,
    }
}

fn is_timedelta(expr: &Expr) -> bool {
    expr.call().and_then(|call| called_name(&call.callee)).is_some_and(|name| name.ends_with("delta"))
        || called_name(expr).is_some_and(|name| {
            name.ends_with("delta")
                || name.to_lowercase().ends_with("ttl")
                || name.to_lowercase().ends_with("lifetime")
        })
}

/// `now().year`, `utcnow().isoformat()`, `utcnow().replace(tzinfo=..)`.
fn use_of_method(name: &str, outer: Around<'_, '_>) -> Use {
    match name {
        "isoformat" => Use::Kept,
        // Today's date where the server stands: often what is meant.
        "date" | "time" => Use::Unseen,
        // Right for local time, an offset off for UTC: said by the message of `utcnow`.
        "timestamp" => Use::Duration,
        "replace" => match outer.last() {
            Some(Node::Expr(Expr { kind: ExprKind::Call(call), .. }))
                if keyword(&call.arguments, "tzinfo").is_some() =>
            {
                Use::Harmless
            }
            Some(Node::Expr(call)) => use_of(call, outer.split_last().map_or(&[], |(_, outer)| outer)),
            _ => Use::Unseen,
        },
        "strftime" if is_stored(outer) => Use::Kept,
        "astimezone" | "strftime" | "ctime" | "year" | "month" | "day" | "hour" | "minute" | "second"
        | "microsecond" | "weekday" | "isoweekday" | "timetuple" | "toordinal" | "isocalendar" => {
            Use::Harmless
        }
        _ => Use::Unseen,
    }
}

/// Whether the text made by the call around is handed to a database, by a name at most one step away.
fn is_stored(around: Around<'_, '_>) -> bool {
    let Some((Node::Expr(call), outer)) = around.split_last() else { return false };
    if reaches_database(outer) {
        return true;
    }
    let (Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })), Some(function)) =
        (outer.last(), enclosing_function(outer))
    else {
        return false;
    };
    let Some(Expr { kind: ExprKind::Name(name), .. }) = assign.targets.first() else { return false };
    let mut stored = false;
    each_in_body(&function.body, &mut |node, inner| {
        if let Node::Expr(Expr { kind: ExprKind::Name(other), extent }) = node {
            stored |= other == name && extent.start > call.extent.end && reaches_database(inner);
        }
        !stored
    });
    stored
}

/// An argument, alone or in a list, of a call that puts it into a database or looks for it there.
fn reaches_database(around: Around<'_, '_>) -> bool {
    let mut outer = around.iter().rev();
    outer
        .find(|node| !matches!(node, Node::Expr(Expr { kind: ExprKind::Sequence { .. }, .. })))
        .and_then(|node| node.expr()?.call())
        .and_then(|call| called_name(&call.callee))
        .is_some_and(|name| matches!(name, "execute" | "executemany" | "insert" | "insert_one"))
}

/// The most telling use of a name within its function.
fn uses_of_name(name: &str, origin: &Expr, around: Around<'_, '_>) -> Use {
    let Some(function) = enclosing_function(around) else { return Use::Unseen };
    let mut telling = Use::Harmless;
    each_in_body(&function.body, &mut |node, inner| {
        if let Node::Expr(expr) = node
            && matches!(&expr.kind, ExprKind::Name(other) if other == name)
            && expr.extent.start > origin.extent.end
            && !is_rebound(inner)
        {
            telling = telling.max(use_of(expr, inner));
        }
        true
    });
    telling
}

/// An assignment to the name, or one that would follow another name: one step is enough.
fn is_rebound(around: Around<'_, '_>) -> bool {
    matches!(around.last(), Some(Node::Stmt(Stmt { kind: StmtKind::Assign(_), .. })))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Zone {
    Naive,
    Aware,
}

/// Whether a value is known to be naive or aware.
fn zone_of(file: &SourceFile, expr: &Expr) -> Option<Zone> {
    if let ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Subtract, left, right } = &expr.kind
        && is_timedelta(right)
    {
        return zone_of(file, left);
    }
    let call = expr.call()?;
    if let ExprKind::Member { object, name, .. } = &call.callee.kind {
        match name.as_str() {
            "replace" => {
                let zone = keyword(&call.arguments, "tzinfo");
                return match zone {
                    Some(zone) if matches!(zone.kind, ExprKind::Literal(_)) => Some(Zone::Naive),
                    Some(_) => Some(Zone::Aware),
                    None => zone_of(file, object),
                };
            }
            "astimezone" => return Some(Zone::Aware),
            _ => {}
        }
    }
    let path = file.resolve(&call.callee)?;
    match path.as_str() {
        "datetime.datetime.utcnow" | "datetime.datetime.utcfromtimestamp" => Some(Zone::Naive),
        "datetime.datetime.now" | "datetime.datetime.today" => {
            Some(if call.arguments.is_empty() { Zone::Naive } else { Zone::Aware })
        }
        "datetime.datetime.strptime" => {
            let format = call.arguments.get(1)?.value.string()?;
            Some(if format.contains("%z") { Zone::Aware } else { Zone::Naive })
        }
        "datetime.datetime" => {
            let zoned = call.arguments.len() >= 8 || keyword(&call.arguments, "tzinfo").is_some();
            Some(if zoned { Zone::Aware } else { Zone::Naive })
        }
        _ => None,
    }
}

fn mixed<'a>(
    file: &SourceFile,
    expr: &Expr,
    op: CompareOp,
    left: &'a Expr,
    right: &'a Expr,
    values: &mut FileValues<'a>,
    around: Around<'a, '_>,
) -> Option<Found> {
    if !matches!(
        op,
        CompareOp::Less | CompareOp::LessOrEqual | CompareOp::Greater | CompareOp::GreaterOrEqual
    ) {
        return None;
    }
    let mut zone = |side| {
        let zones: Vec<_> =
            values.origins(side, around).into_iter().map(|origin| zone_of(file, origin)).collect();
        match zones.as_slice() {
            [Some(first), rest @ ..] if rest.iter().all(|zone| *zone == Some(*first)) => Some(*first),
            _ => None,
        }
    };
    let (left_zone, right_zone) = (zone(left)?, zone(right)?);
    (left_zone != right_zone).then(|| {
        let naive = if left_zone == Zone::Naive { left } else { right };
        Found {
            extent: expr.extent,
            variant: "mixed",
            severity: Severity::Error,
            message: format!(
                "`{}` has no zone and the other side has one: Python raises `TypeError: can't compare offset-naive and offset-aware datetimes`",
                file.text_of(naive.extent)
            ),
            advice: "make both aware where they are made; text that is known to be UTC: `.replace(tzinfo=timezone.utc)`",
        }
    })
}

//! Node: uploads, body parsers, and bodies that are collected by hand.

use seaworthy_core::{Confidence, Severity};

use super::Unbounded;
use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{BinaryOp, Call, Expr, ExprKind, Function, Literal, StmtKind};
use crate::facts::values::{Bound, FileValues, called_name};
use crate::facts::words::has_word;
use crate::language::Language;
use crate::report::Report;

/// A body larger than this is no JSON document that a person or a form sends.
pub(super) const LARGE: u64 = 32 * 1024 * 1024;

const MULTER: &str = "give it limits: `multer({ …, limits: { fileSize: 5 * 1024 * 1024, files: 1 } })`, and answer 413 to `LIMIT_FILE_SIZE`";
const COLLECTED: &str =
    "count the bytes as they come, and answer 413 and `req.destroy()` when there are more than you take";

pub(super) fn judge<'a>(
    context: &'a Context<'a>,
    at: usize,
    file: &'a SourceFile,
    bounded: bool,
    report: &mut Report<'_>,
    found: &mut Vec<Unbounded<'a>>,
) {
    if file.language == Language::Rust {
        return judge_rust(file, report, found);
    }
    if file.language == Language::Python {
        return;
    }
    const SIGNS: &[&str] = &["multer", "express-fileupload", "limit", "'data'", "\"data\""];
    if !SIGNS.iter().any(|sign| file.text.contains(sign)) {
        return;
    }
    let serves = context.web.handlers.iter().any(|handler| handler.file == at || handler.registered.0 == at);
    let mut values = FileValues::of(&file.syntax);
    each_node(&file.syntax, &mut |node, around| {
        if let Some(expr) = node.expr()
            && let Some(call) = expr.call()
        {
            let path = file.resolve(&call.callee).unwrap_or_default();
            match path.as_str() {
                "multer" | "multer.default" if !bounded => {
                    judge_multer(file, &mut values, expr, call, around, report, found)
                }
                "express-fileupload" if !bounded => judge_fileupload(file, expr, call, report, found),
                _ => {}
            }
            if matches!(called_name(&call.callee), Some("json" | "urlencoded" | "text" | "raw")) {
                judge_parser(file, &mut values, expr, call, around, report, found);
            }
            if serves && !bounded {
                judge_collected(file, expr, call, around, report, found);
            }
        }
        true
    });
}

/// The value of an option, through the names of the file.
fn option<'a>(
    values: &mut FileValues<'a>,
    call: &'a Call,
    around: Around<'a, '_>,
    name: &str,
) -> Option<Option<&'a Expr>> {
    let given = &call.arguments.first()?.value;
    for origin in values.origins(given, around) {
        let ExprKind::Record { entries, .. } = &origin.kind else { return None };
        for (key, value) in entries {
            match key {
                // What is spread in may have it.
                None => return None,
                Some(key) if key.string() == Some(name) || key.dotted().as_deref() == Some(name) => {
                    return Some(Some(value));
                }
                Some(_) => {}
            }
        }
    }
    Some(None)
}

fn judge_multer<'a>(
    file: &'a SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    call: &'a Call,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
    found: &mut Vec<Unbounded<'a>>,
) {
    let only_text = matches!(around.last(), Some(Node::Expr(Expr { kind: ExprKind::Member { name, .. }, .. })) if name == "none");
    if only_text {
        return;
    }
    report.trial();
    let limits = if call.arguments.is_empty() { Some(None) } else { option(values, call, around, "limits") };
    let is_bounded = match limits {
        None => true,
        Some(None) => false,
        Some(Some(limits)) => {
            file.text_of(limits.extent).contains("fileSize")
                || !matches!(limits.kind, ExprKind::Record { .. })
        }
    };
    if is_bounded {
        return;
    }
    let kept = match (option(values, call, around, "storage"), option(values, call, around, "dest")) {
        (Some(Some(storage)), _)
            if !file.text_of(storage.extent).contains("memory")
                && !is_memory(file, values, storage, around) =>
        {
            "on the disk"
        }
        (_, Some(Some(_))) => "on the disk",
        _ => "in memory",
    };
    found.push(Unbounded {
        file,
        extent: expr.extent,
        variant: "upload",
        severity: Severity::Error,
        confidence: Confidence::High,
        message: format!("multer has no `limits.fileSize` here: a file of any size is kept {kept}, and one request can take all there is"),
        advice: MULTER,
    });
}

fn is_memory<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    storage: &'a Expr,
    around: Around<'a, '_>,
) -> bool {
    values.origins(storage, around).iter().any(|origin| file.text_of(origin.extent).contains("memoryStorage"))
}

fn judge_fileupload<'a>(
    file: &'a SourceFile,
    expr: &'a Expr,
    call: &'a Call,
    report: &mut Report<'_>,
    found: &mut Vec<Unbounded<'a>>,
) {
    report.trial();
    if call.arguments.first().is_some_and(|given| {
        file.text_of(given.value.extent).contains("fileSize")
            || !matches!(given.value.kind, ExprKind::Record { .. })
    }) {
        return;
    }
    found.push(Unbounded {
        file,
        extent: expr.extent,
        variant: "upload",
        severity: Severity::Error,
        confidence: Confidence::High,
        message: "express-fileupload has no `limits.fileSize` here: a file of any size is taken into memory"
            .to_owned(),
        advice: "give it limits: `fileUpload({ limits: { fileSize: 5 * 1024 * 1024 }, abortOnLimit: true })`",
    });
}

/// `express.json({ limit: "500mb" })`.
fn judge_parser<'a>(
    file: &'a SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    call: &'a Call,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
    found: &mut Vec<Unbounded<'a>>,
) {
    let path = file.resolve(&call.callee).unwrap_or_default();
    if !(path.starts_with("express.") || path.starts_with("body-parser.") || path == "koa-body") {
        return;
    }
    report.trial();
    let Some(Some(limit)) = option(values, call, around, "limit") else { return };
    let Some(bytes) = bytes(limit) else { return };
    if bytes <= LARGE {
        return;
    }
    let name = called_name(&call.callee).unwrap_or_default();
    found.push(Unbounded {
        file,
        extent: expr.extent,
        variant: "limit",
        severity: Severity::Warning,
        confidence: Confidence::High,
        message: format!("`{name}` takes bodies of up to {} on every route it stands before, and keeps each in memory whole: a few at once take all there is", file.text_of(limit.extent)),
        advice: "set the limit for what the routes need, larger only before the one route that needs it; take files with a parser that writes them to disk",
    });
}

/// A size: `10485760`, `"50mb"`, `Infinity`, `50 * 1024 * 1024`.
pub(super) fn bytes(expr: &Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::Literal(Literal::Integer(digits)) => digits.parse().ok(),
        ExprKind::Literal(Literal::Float(digits)) => {
            let (mantissa, exponent) = digits.split_once(['e', 'E'])?;
            mantissa.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(exponent.parse().ok()?)?)
        }
        ExprKind::Name(name) if name == "Infinity" => Some(u64::MAX),
        ExprKind::Binary { op: BinaryOp::Multiply, left, right } => bytes(left)?.checked_mul(bytes(right)?),
        ExprKind::Binary { op: BinaryOp::Power, left, right } => {
            bytes(left)?.checked_pow(u32::try_from(bytes(right)?).ok()?)
        }
        _ => {
            let text = expr.string()?.trim().to_lowercase();
            let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
            let (number, unit) = text.split_at_checked(end)?;
            let number: u64 = number.split('.').next()?.parse().ok()?;
            let unit = match unit.trim() {
                "" | "b" => 1,
                "k" | "kb" => 1 << 10,
                "m" | "mb" => 1 << 20,
                "g" | "gb" => 1 << 30,
                _ => return None,
            };
            number.checked_mul(unit)
        }
    }
}

/// `req.on("data", (chunk) => { body += chunk; })`.
fn judge_collected<'a>(
    file: &'a SourceFile,
    expr: &'a Expr,
    call: &'a Call,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
    found: &mut Vec<Unbounded<'a>>,
) {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
    let [event, handler] = call.arguments.as_slice() else { return };
    let is_request =
        object.dotted().is_some_and(|of| matches!(of.rsplit('.').next(), Some("req" | "request")));
    if !is_request || name != "on" && name != "addListener" || event.value.string() != Some("data") {
        return;
    }
    let ExprKind::Function(function) = &handler.value.kind else { return };
    let Some(collected) = collects(function) else { return };
    report.trial();
    // The counting may stand beside: a listener on `end`, a test of Content-Length before.
    let outer = around.iter().rev().find_map(|node| node.function());
    if counts(function) || outer.is_some_and(counts) {
        return;
    }
    found.push(Unbounded {
        file,
        extent: expr.extent,
        variant: "body",
        severity: Severity::Error,
        confidence: Confidence::High,
        message: format!(
            "`{collected}` grows as long as the caller sends: one request without an end takes all memory"
        ),
        advice: COLLECTED,
    });
}

/// What a listener adds each chunk to.
fn collects(function: &Function) -> Option<String> {
    let chunk = function.parameters.first()?.pattern.dotted()?;
    let mentions = |value: &Expr| {
        let mut found = false;
        crate::facts::nodes::each_in_expr(value, &mut |node, _| {
            found |= matches!(node, Node::Expr(Expr { kind: ExprKind::Name(name), .. }) if *name == chunk.as_str());
            !found
        });
        found
    };
    let mut found = None;
    each_expr(&function.body, false, &mut |expr| match &expr.kind {
        ExprKind::Assign { target, op: Some(BinaryOp::Add), value } if mentions(value) => {
            found = target.dotted()
        }
        ExprKind::Call(call)
            if called_name(&call.callee) == Some("push")
                && call.arguments.iter().any(|given| mentions(&given.value)) =>
        {
            if let ExprKind::Member { object, .. } = &call.callee.kind {
                found = object.dotted();
            }
        }
        _ => {}
    });
    function.body.iter().for_each(|stmt| {
        if let StmtKind::Assign(assign) = &stmt.kind
            && assign.op == Some(BinaryOp::Add)
            && assign.value.as_ref().is_some_and(mentions)
        {
            found = assign.targets.first().and_then(Expr::dotted);
        }
    });
    found
}

/// Whether a function looks at how much there is, or can stop.
fn counts(function: &Function) -> bool {
    let mut counts = false;
    each_expr(&function.body, true, &mut |expr| {
        counts |= match &expr.kind {
            ExprKind::Compare { left, rest } => {
                std::iter::once(&**left).chain(rest.iter().map(|(_, right)| right)).any(|side| {
                    called_name(side).is_some_and(|name| {
                        has_word(name, &["length", "size", "bytes", "limit", "max", "total", "received"])
                    })
                })
            }
            ExprKind::Member { name, .. } => matches!(name.as_str(), "destroy" | "pause"),
            _ => false,
        };
    });
    counts
}

/// `DefaultBodyLimit::disable()` without another limit.
fn judge_rust<'a>(file: &'a SourceFile, report: &mut Report<'_>, found: &mut Vec<Unbounded<'a>>) {
    each_node(&file.syntax, &mut |node, _| {
        if let Some(expr) = node.expr()
            && let Some(call) = expr.call()
            && let ExprKind::Member { object, name, .. } = &call.callee.kind
            && called_name(object) == Some("DefaultBodyLimit")
        {
            report.trial();
            if name == "disable" && !file.text.contains("RequestBodyLimitLayer") {
                found.push(Unbounded {
                    file,
                    extent: expr.extent,
                    variant: "limit",
                    severity: Severity::Warning,
                    confidence: Confidence::High,
                    message: "`DefaultBodyLimit::disable()` takes the limit of 2 MB away, and nothing here sets another: one request can take all memory".to_owned(),
                    advice: "set the most that the route takes: `DefaultBodyLimit::max(10 * 1024 * 1024)`, or `RequestBodyLimitLayer` of tower-http",
                });
            }
        }
        true
    });
}

/// Whether a name is a part of the request here: destructured, or a member of it.
pub(super) fn is_request_part(values: &[Bound<'_>]) -> bool {
    values.iter().any(|bound| match bound {
        Bound::To(value) | Bound::PartOf(value) => crate::facts::request::is_of_request(value),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::bytes;
    use crate::facts::syntax::{Expr, ExprKind, Extent, Literal};

    #[test]
    fn sizes_are_read_as_body_parsers_read_them() {
        let text = |text: &str| Expr {
            extent: Extent::default(),
            kind: ExprKind::Literal(Literal::String(text.into())),
        };
        assert_eq!(bytes(&text("100kb")), Some(102_400));
        assert_eq!(bytes(&text("50mb")), Some(52_428_800));
        assert_eq!(bytes(&text("1gb")), Some(1 << 30));
        assert_eq!(bytes(&text("many")), None);
    }
}

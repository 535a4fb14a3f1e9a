//! Archives that callers send, unpacked without looking at how large their contents are.

use seaworthy_core::{Confidence, Severity};

use super::Unbounded;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Expr, ExprKind, Stmt, StmtKind};
use crate::facts::values::{called_name, keyword};
use crate::framework::conduct::Step;
use crate::report::Report;

/// Methods that unpack.
const UNPACKS: &[&str] = &[
    "extractall",
    "extract",
    "read",
    "open",
    "extractAllTo",
    "extractAllToAsync",
    "extractEntryTo",
    "getData",
    "readAsText",
    "readFile",
    "buffer",
];

pub(super) fn judge<'a>(step: &Step<'a>, report: &mut Report<'_>, found: &mut Vec<Unbounded<'a>>) {
    let (mut archives, mut unpacked, mut looks) = (Vec::new(), None, false);
    each_in_body(&step.function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::With { items, .. }, .. }) => {
                for (context, name) in items {
                    if is_archive(step, context) {
                        archives.extend(name.as_ref().and_then(Expr::dotted));
                    }
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })
                if assign.value.as_ref().is_some_and(|value| is_archive(step, value)) =>
            {
                archives.extend(assign.targets.iter().filter_map(Expr::dotted));
            }
            Node::Expr(expr) => {
                if let ExprKind::Member { name, .. } = &expr.kind {
                    looks |= matches!(
                        name.as_str(),
                        "file_size" | "uncompressedSize" | "header" | "size" | "compress_size"
                    );
                }
                if let Some(call) = expr.call()
                    && let ExprKind::Member { object, name, .. } = &call.callee.kind
                    && UNPACKS.contains(&name.as_str())
                {
                    let of = object.dotted().unwrap_or_default();
                    let bounded = name == "read" && call.arguments.len() > 1;
                    let entry = matches!(name.as_str(), "getData" | "buffer") && !archives.is_empty();
                    if (archives.contains(&of) || entry || is_archive(step, object))
                        && !bounded
                        && unpacked.is_none()
                    {
                        unpacked = Some(expr);
                    }
                }
            }
            _ => {}
        }
        true
    });
    let Some(unpacked) = unpacked else { return };
    report.trial();
    if looks {
        return;
    }
    let text: String = step.source.text_of(unpacked.extent).chars().take(60).collect();
    found.push(Unbounded {
        file: step.source,
        extent: unpacked.extent,
        variant: "archive",
        severity: Severity::Error,
        confidence: Confidence::High,
        message: format!("`{text}` unpacks an archive without looking at how large its contents are: a few kilobytes of a crafted archive become gigabytes"),
        advice: "add up the sizes that the archive names (`info.file_size`, `entry.header.size`) before unpacking, refuse more than you take, and stop reading there: the sizes may lie",
    });
}

/// An archive that is opened for reading.
fn is_archive(step: &Step<'_>, expr: &Expr) -> bool {
    let expr = match &expr.kind {
        ExprKind::Await(value) => value,
        _ => expr,
    };
    let Some(call) = expr.call() else { return false };
    let path = step.source.resolve(&call.callee).unwrap_or_default();
    let mode = keyword(&call.arguments, "mode")
        .or_else(|| call.arguments.get(1).filter(|given| given.name.is_none()).map(|given| &given.value));
    let writes = mode.and_then(Expr::string).is_some_and(|mode| mode.starts_with(['w', 'a', 'x']));
    let known = matches!(
        path.as_str(),
        "zipfile.ZipFile" | "tarfile.open" | "adm-zip" | "unzipper.Open.buffer" | "unzipper.Open.file"
    ) || matches!(called_name(&call.callee), Some("ZipFile" | "AdmZip"));
    known && !writes && !call.arguments.is_empty()
}

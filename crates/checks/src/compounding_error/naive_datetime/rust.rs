//! chrono of Rust.

use seaworthy_core::Severity;

use super::Found;
use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::called_name;

pub(super) fn find(file: &SourceFile, times: &mut u64) -> Vec<Found> {
    let mut found = Vec::new();
    if !file.text.contains("chrono") {
        return found;
    }
    each_node(&file.syntax, &mut |node, around| {
        if let Node::Expr(expr) = node
            && let Some(call) = expr.call()
            && !in_rust_tests(around)
        {
            *times += u64::from(matches!(
                called_name(&call.callee),
                Some("now" | "from_timestamp" | "from_timestamp_opt")
            ));
            found.extend(judge(file, expr, call));
        }
        true
    });
    found
}

fn judge(file: &SourceFile, expr: &Expr, call: &Call) -> Option<Found> {
    let name = called_name(&call.callee)?;
    let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
    let text = file.text_of(expr.extent);
    let made_by = |owner: &str| {
        let now = object.call().and_then(|call| file.resolve(&call.callee)).unwrap_or_default();
        now.ends_with(&format!("{owner}.now"))
    };
    match name {
        "naive_local" if made_by("Local") => Some(Found {
            extent: expr.extent,
            variant: "local-without-zone",
            severity: Severity::Error,
            message: format!(
                "`{text}` is the server's local time without its zone: it jumps by an hour twice a year, and means something else on another machine"
            ),
            advice: "keep `Utc::now()` (`DateTime<Utc>`), and convert where a person reads it",
        }),
        "naive_utc" if made_by("Utc") || made_by("Local") => Some(Found {
            extent: expr.extent,
            variant: "utc-without-zone",
            severity: Severity::Warning,
            message: format!(
                "`{text}` is UTC and its type does not say so: nothing stops a later reader from taking it for local"
            ),
            advice: "keep `DateTime<Utc>`; databases have `TIMESTAMPTZ` for it",
        }),
        "from_timestamp" | "from_timestamp_millis" | "from_timestamp_opt"
            if called_name(object) == Some("NaiveDateTime") =>
        {
            Some(Found {
                extent: expr.extent,
                variant: "utc-without-zone",
                severity: Severity::Error,
                message: format!(
                    "`{text}` drops the zone that a timestamp has, and is deprecated since chrono 0.4.35"
                ),
                advice: "write `DateTime::from_timestamp(seconds, nanoseconds)`, which is a `DateTime<Utc>`",
            })
        }
        _ => None,
    }
}

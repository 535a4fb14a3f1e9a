//! `Date` of JavaScript.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;
use seaworthy_core::Severity;
use seaworthy_core::limits::SOURCE_FILE_BYTES;

use super::Found;
use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Extent, TemplatePart};
use crate::facts::values::called_name;

/// Columns that SQLite and MySQL fill with UTC text that does not say so.
static UTC_COLUMN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?-u:\b)([a-z_][a-z0-9_]*)["`]?\s+(?:TEXT|DATETIME|TIMESTAMP)(?:\s+NOT\s+NULL)?\s+DEFAULT\s+\(?\s*(?:CURRENT_TIMESTAMP|datetime\(\s*'now'\s*\))"#).ok()
});

/// A date and time without offset: ISO forms are local by ECMA-262, others as the implementation likes.
static UNZONED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?$|^\d{1,2}/\d{1,2}/\d{4}|^\d{4}/\d{1,2}/\d{1,2}").ok()
});

pub(super) fn find(context: &Context<'_>, file: &SourceFile, times: &mut u64) -> Vec<Found> {
    let mut found = Vec::new();
    if !file.text.contains("Date") {
        return found;
    }
    let mut columns: Option<HashSet<String>> = None;
    each_node(&file.syntax, &mut |node, _| {
        let Node::Expr(expr) = node else { return true };
        *times += u64::from(expr.call().is_some_and(|call| {
            matches!(call.callee.dotted().as_deref(), Some("Date" | "Date.parse" | "Date.now" | "Date.UTC"))
        }));
        match &expr.kind {
            ExprKind::Call(call) if is_reading(call) => {
                let Some(argument) = call.arguments.first().map(|argument| &argument.value) else { return true };
                if let Some(read) = literal_without_zone(file, expr, argument) {
                    found.push(read);
                } else if let Some(name) = field_name(argument) {
                    let columns = columns.get_or_insert_with(|| utc_columns(context));
                    found.extend(columns.contains(name).then(|| utc_text(file, expr, name)));
                }
            }
            ExprKind::Call(call) if is_shifted(file, call) => found.push(Found {
                extent: expr.extent,
                variant: "local-parts-as-utc",
                severity: Severity::Warning,
                message: "the offset is added to an instant by hand: the result is another instant that only looks like local time".to_owned(),
                advice: "format with the zone instead: `new Intl.DateTimeFormat(locale, { timeZone })`",
            }),
            ExprKind::Template(template) => {
                let ends_in_z = matches!(template.parts.last(), Some(TemplatePart::Text(text)) if text.ends_with('Z'));
                let local = template.parts.iter().any(|part| matches!(part, TemplatePart::Value(value) if file.text_of(value.extent).contains(".getHours(")));
                if ends_in_z && local {
                    found.push(Found {
                        extent: expr.extent,
                        variant: "local-parts-as-utc",
                        severity: Severity::Error,
                        message: "local hours are written with a `Z`, which says UTC: the time is off by the server's offset".to_owned(),
                        advice: "write `date.toISOString()`, or use `getUTCHours()` and its like",
                    });
                }
            }
            _ => {}
        }
        true
    });
    found
}

/// `new Date(x)`, `Date.parse(x)`.
fn is_reading(call: &Call) -> bool {
    let path = call.callee.dotted();
    let constructs = call.style == CallStyle::New && path.as_deref() == Some("Date");
    (constructs || path.as_deref() == Some("Date.parse")) && call.arguments.len() == 1
}

fn literal_without_zone(file: &SourceFile, expr: &Expr, argument: &Expr) -> Option<Found> {
    let text = argument.string()?;
    UNZONED.as_ref().is_some_and(|unzoned| unzoned.is_match(text)).then(|| Found {
        extent: expr.extent,
        variant: "text-without-zone",
        severity: Severity::Warning,
        message: format!(
            "`{}` has no zone: it is another instant on every machine",
            file.text_of(argument.extent)
        ),
        advice: "say the zone: `new Date(\"2024-01-01T10:00:00Z\")`",
    })
}

/// The `created_at` of `new Date(row.created_at)`.
fn field_name(argument: &Expr) -> Option<&str> {
    match &argument.kind {
        ExprKind::Member { name, .. } => Some(name),
        ExprKind::Index { index, .. } => index.string(),
        _ => None,
    }
}

fn utc_columns(context: &Context<'_>) -> HashSet<String> {
    let Some(pattern) = UTC_COLUMN.as_ref() else { return HashSet::new() };
    let mut columns = HashSet::new();
    for file in context
        .files
        .iter()
        .filter(|file| file.text.contains("CURRENT_TIMESTAMP") || file.text.contains("datetime('now')"))
    {
        // PostgreSQL's `timestamptz` comes back as a Date and needs no reading.
        columns.extend(
            pattern.captures_iter(&file.text).filter_map(|hit| Some(hit.get(1)?.as_str().to_owned())),
        );
    }
    // A schema of its own beside the program.
    let schemas =
        context.tree.entries().iter().filter(|entry| !entry.foreign && entry.path.ends_with(".sql"));
    for text in schemas.filter_map(|entry| context.tree.read_text(&entry.path, SOURCE_FILE_BYTES)) {
        columns.extend(pattern.captures_iter(&text).filter_map(|hit| Some(hit.get(1)?.as_str().to_owned())));
    }
    columns
}

fn utc_text(file: &SourceFile, expr: &Expr, name: &str) -> Found {
    Found {
        extent: expr.extent,
        variant: "text-without-zone",
        severity: Severity::Error,
        message: format!(
            "`{}` reads `{name}`, which the database fills with UTC text without a zone, as local time: off by the server's offset",
            file.text_of(expr.extent)
        ),
        advice: "say that it is UTC: `new Date(value.replace(\" \", \"T\") + \"Z\")`",
    }
}

/// `new Date(x - d.getTimezoneOffset() * 60000)`.
fn is_shifted(file: &SourceFile, call: &Call) -> bool {
    let is_date = call.style == CallStyle::New && called_name(&call.callee) == Some("Date");
    is_date
        && call.arguments.first().is_some_and(|argument| {
            matches!(argument.value.kind, ExprKind::Binary { .. })
                && text(file, argument.value.extent).contains(".getTimezoneOffset(")
        })
}

fn text(file: &SourceFile, extent: Extent) -> &str {
    file.text_of(extent)
}

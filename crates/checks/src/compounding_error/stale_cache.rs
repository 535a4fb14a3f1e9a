//! # stale-cache
//!
//! What was read from the database once is kept in the process and answered again, and another request of the same program changes it. Whoever changed
//! it still sees the old value, until the process is started anew; a second worker may show the new one, so that the answer changes from click to click.
//!
//! ## What is reported
//!
//! - **error**: a function with `lru_cache` or `functools.cache` reads rows of a table, another request of the program changes a column that was read, or deletes
//!   rows of that table (or adds some, where the list of them is kept), and nothing ever calls `cache_clear()`;
//! - **warning**: the same with a dict or `Map` that is filled with what a query gave, of which nothing is removed and which no request that changes the table
//!   touches.
//!
//! Only what is certain is reported: caches that look at the time, that are emptied anywhere, or of tables that only the program's start fills are left alone.
//!
//! ## What to do
//!
//! Remove the value where its source is changed (`function.cache_clear()`, `cache.delete(key)`), or give it an age (`cachetools.TTLCache`) when old answers are
//! right for that long. With several workers only a shared cache (Redis) can be emptied for all.
//!
//! Source: Python, [functools.lru_cache](https://docs.python.org/3/library/functools.html#functools.lru_cache) (`cache_clear`).

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::database::{Operation, Takes, Trace, rows};
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::plain_text::is_example;
use crate::facts::sql::{Statement, Verb};
use crate::facts::syntax::{Expr, ExprKind, Extent, Function};
use crate::facts::words::has_word;
use crate::process::kind::{Kind, kind};
use crate::process::{Use, Variable, What};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("stale-cache"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "an answer that is kept although its source changes",
        applies_to: "cache of what a database holds",
        variants: &["decorator", "variable"],
        source: include_str!("stale_cache.rs"),
    },
    run: Run::Project(run),
};

/// What is kept: the read, and where.
struct Kept<'a, 'b> {
    read: &'b Operation<'a>,
    file: usize,
    extent: Extent,
    name: String,
    variant: &'static str,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let traces = &context.database.traces;
    let mut said = std::collections::BTreeSet::new();
    for read in traces.iter().flat_map(|trace| &trace.operations).filter(|one| is_read(one)) {
        let Some(kept) = decorated(read) else { continue };
        if said.insert((kept.file, kept.extent)) {
            report.trial();
            let cleared = context.files.iter().any(|file| file.text.contains("cache_clear"));
            if let Some((trace, write)) = changed(traces, read).filter(|_| !cleared) {
                say(context, &kept, (trace, write), report);
            }
        }
    }
    for variable in &context.process.variables {
        if variable.is_pruned || kind(context, variable) != Kind::Cache {
            continue;
        }
        let Some(kept) = variable.adds().find_map(|one| filled(traces, variable, one)) else { continue };
        report.trial();
        let touches = |trace: &Trace<'_>| {
            let mut uses = variable.uses.iter();
            uses.any(|one| trace.functions.iter().any(|(_, function)| std::ptr::eq(*function, one.function)))
        };
        if let Some((trace, write)) = changed(traces, kept.read).filter(|(trace, _)| !touches(trace)) {
            say(context, &kept, (trace, write), report);
        }
    }
}

fn is_read(one: &Operation<'_>) -> bool {
    one.statement().is_some_and(|statement| statement.verb == Verb::Select) && one.table().is_some()
}

/// A read that a cached function makes.
fn decorated<'a, 'b>(read: &'b Operation<'a>) -> Option<Kept<'a, 'b>> {
    read.frames.iter().find_map(|frame| {
        let decorator = frame.function.decorators.iter().find(|decorator| {
            let callee = decorator.call().map_or(*decorator, |call| &call.callee);
            let name = callee.dotted();
            matches!(name.as_deref(), Some("lru_cache" | "functools.lru_cache" | "cache" | "functools.cache"))
        })?;
        Some(Kept {
            read,
            file: frame.file,
            extent: decorator.extent,
            name: frame.function.name.to_string(),
            variant: "decorator",
        })
    })
}

/// A read whose result is put into a variable.
fn filled<'a, 'b>(traces: &'b [Trace<'a>], variable: &Variable<'a>, one: &Use<'a>) -> Option<Kept<'a, 'b>> {
    let What::Adds { value: Some(value), .. } = one.what else { return None };
    if looks_at_time(one.function) {
        return None;
    }
    traces.iter().find_map(|trace| {
        let mut frames = trace.operations.iter().flat_map(|operation| operation.frames.iter());
        let frame = *frames.find(|frame| std::ptr::eq(frame.function, one.function))?;
        let read = rows::source(value, frame, &trace.operations).filter(|read| is_read(read))?;
        Some(Kept {
            read,
            file: variable.file,
            extent: variable.extent,
            name: variable.name.clone(),
            variant: "variable",
        })
    })
}

/// Whether a function asks how late it is: what it keeps has an age.
fn looks_at_time(function: &Function) -> bool {
    let mut looks = false;
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) = node {
            looks |=
                has_word(name, &["time", "now", "ttl", "expires", "expiry", "age", "monotonic", "until"]);
        }
        !looks
    });
    looks
}

/// A write by which what was read is no longer so.
fn changed<'a, 'b>(
    traces: &'b [Trace<'a>],
    read: &Operation<'a>,
) -> Option<(&'b Trace<'a>, &'b Operation<'a>)> {
    let changes = |write: &Operation<'_>| {
        let Some(statement) = write.statement() else { return false };
        let touches = match statement.verb {
            Verb::Insert => read.takes == Takes::All,
            Verb::Update => sets_what_is_read(statement, read),
            verb => verb == Verb::Delete,
        };
        write.table() == read.table() && touches
    };
    traces.iter().find_map(|trace| Some((trace, trace.operations.iter().find(|write| changes(write))?)))
}

/// Whether an `UPDATE` sets a column that was read, or by which rows were chosen. Which columns it sets may not be written there.
fn sets_what_is_read(update: &Statement, read: &Operation<'_>) -> bool {
    let columns = update.set_columns();
    read.statement().is_some_and(|read| {
        let chosen = read.condition_columns();
        columns.is_empty() || columns.iter().any(|column| read.selects(column) || chosen.contains(column))
    })
}

fn say(
    context: &Context<'_>,
    kept: &Kept<'_, '_>,
    (trace, write): (&Trace<'_>, &Operation<'_>),
    report: &mut Report<'_>,
) {
    let (Some(file), Some(table)) = (context.files.get(kept.file), kept.read.table()) else { return };
    if file.is_test || is_example(&file.path) {
        return;
    }
    let request = format!("{} {}", trace.handler.method, trace.handler.path);
    let message = format!(
        "`{}` keeps what it read from `{table}`, and {request} changes `{table}` without removing it: the old value is answered until the next restart",
        kept.name
    );
    let severity = if kept.variant == "decorator" { Severity::Error } else { Severity::Warning };
    let mut draft = report
        .at(file, kept.extent, message)
        .variant(kept.variant)
        .severity(severity)
        .confidence(Confidence::High)
        .advice("remove it where the table is changed (`cache_clear()`, `delete(key)`), or give it an age (`cachetools.TTLCache`); with several workers only a shared cache can be emptied for all");
    for (place, note) in [(kept.read.place(), "read here"), (write.place(), "changed here")] {
        if let Some((at, extent)) = place
            && let Some(other) = context.files.get(at)
        {
            draft = draft.related(other, extent, note);
        }
    }
    report.add(draft);
}

//! # unbounded-result
//!
//! A list is answered with every row that there is, or with as many as the caller asks for. With the ten rows of a test it is fast; after a year it takes
//! seconds and the memory of the process, and whoever sends `limit=1000000000` gets that on the first day.
//!
//! ## What is reported
//!
//! - **warning**: a `GET` of a list whose `SELECT` has no `LIMIT`, is not restricted to one row by a key, and is read whole;
//! - **note**: the same for a list that belongs to one thing (`/orders/{id}/lines`), which may be short by nature;
//! - **warning**: a `LIMIT` that the caller names (`?limit=`, `per_page`, `size`) and nothing caps;
//! - **warning**: one that is capped above and not below, with SQLite, where a negative `LIMIT` means no limit: `min(limit, 100)` lets `-1` through.
//!
//! Left alone: sums and counts, tables that are short by what they are (settings, roles, categories, countries), a limit that a schema or a
//! comparison anywhere on the way holds within bounds.
//!
//! ## What to do
//!
//! ```python
//! limit = max(1, min(request.args.get("limit", 20, type=int), 100))
//! rows = conn.execute("SELECT * FROM orders WHERE id > ? ORDER BY id LIMIT ?", (after, limit)).fetchall()
//! ```
//!
//! Give the caller a way to the next page (the last id, `OFFSET` where the list is short). FastAPI: `Query(20, ge=1, le=100)`; Fastify: `minimum` and `maximum` in the
//! schema of `querystring`.
//!
//! Source: [CWE-770](https://cwe.mitre.org/data/definitions/770.html), OWASP API4:2023 (unrestricted resource consumption); SQLite,
//! [the LIMIT clause](https://www.sqlite.org/lang_select.html#limitoffset).

mod asked;
mod capped;

use std::collections::BTreeSet;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::capped::Bounds;
use crate::context::Context;
use crate::database::{Operation, Takes, Trace, is_embedded, is_short};
use crate::facts::plain_text::is_example;
use crate::facts::sql::{Limit, Statement, Verb};
use crate::facts::syntax::Extent;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("unbounded-result"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "a list of as many rows as there are, or as the caller likes",
        applies_to: "request that reads rows from a database",
        variants: &["all-rows", "callers-limit", "negative-limit"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// Words of what rows are grouped by of which there are few.
const FEW_GROUPS: &[&str] = &[
    "strftime",
    "date_trunc",
    "date",
    "day",
    "week",
    "month",
    "year",
    "hour",
    "status",
    "type",
    "kind",
    "level",
    "state",
];

type Said = BTreeSet<(usize, Extent)>;

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.database.traces.is_empty() {
        return;
    }
    let embedded = is_embedded(context);
    let mut said = Said::new();
    for trace in &context.database.traces {
        let file = context.files.get(trace.handler.file);
        if file.is_none_or(|file| is_example(&file.path) || file.is_test) {
            continue;
        }
        let reads = trace.operations.iter().filter_map(|one| {
            let statement = one.statement().filter(|statement| statement.verb == Verb::Select)?;
            (!statement.is_aggregate() && one.takes != Takes::One).then_some((one, statement))
        });
        let reads: Vec<(&Operation<'_>, &Statement)> = reads.collect();
        if reads.is_empty() {
            continue;
        }
        report.trial();
        let is_list =
            matches!(trace.handler.method.as_str(), "GET" | "*") && !trace.handler.path.ends_with('}');
        let unlimited = reads.iter().find(|(one, statement)| {
            statement.limit() == Limit::No && is_read_whole(context, one, statement)
        });
        if let Some((one, _)) = unlimited.filter(|_| is_list) {
            say_all(context, trace, one, &mut said, report);
        }
        if reads.iter().any(|(_, statement)| statement.limit() == Limit::Given) {
            judge_limit(context, trace, embedded, &mut said, report);
        }
    }
}

/// Whether a read gives as many rows as there are.
fn is_read_whole(context: &Context<'_>, one: &Operation<'_>, statement: &Statement) -> bool {
    let Some(table) = one.table() else { return false };
    let keys = statement.equal_columns();
    let by_key = keys.contains(&"id") || statement.asks_for_several();
    // One row for each day, state or kind.
    let counted = statement.has_words(&["group", "by"]) && FEW_GROUPS.iter().any(|word| statement.has(word));
    if one.looped.is_some() || by_key || counted || is_short(table) {
        return false;
    }
    let is_python = one
        .place()
        .and_then(|(file, _)| context.files.get(file))
        .is_some_and(|file| file.language == Language::Python);
    // Of JavaScript's `query(..)` all rows come, unless the first is taken of them.
    let whole = one.takes == Takes::All || !is_python && !asked::takes_first(one);
    whole && !context.database.tables.is_unique(table, &keys)
}

fn say_all(
    context: &Context<'_>,
    trace: &Trace<'_>,
    one: &Operation<'_>,
    said: &mut Said,
    report: &mut Report<'_>,
) {
    let (Some((at, extent)), Some(table)) = (one.place(), one.table()) else { return };
    let Some(file) = context.files.get(at).filter(|file| !file.is_test) else { return };
    if !said.insert((at, extent)) {
        return;
    }
    let belongs = trace.handler.path.contains('{');
    let message = format!(
        "{} {} answers every row of `{table}` that there is, without `LIMIT`: it grows slower with each of them",
        trace.handler.method, trace.handler.path
    );
    let draft = report
        .at(file, extent, message)
        .variant("all-rows")
        .severity(if belongs { Severity::Note } else { Severity::Warning })
        .confidence(Confidence::High)
        .advice("answer a page: `ORDER BY id LIMIT ?` with at most a hundred or so, and the last id as the way to the next");
    report.add(draft);
}

/// A `LIMIT` whose value comes from the caller.
fn judge_limit(
    context: &Context<'_>,
    trace: &Trace<'_>,
    embedded: bool,
    said: &mut Said,
    report: &mut Report<'_>,
) {
    let Some(asked) = asked::limit(context, trace) else { return };
    let bounds = capped::bounds(context, trace, &asked);
    let (variant, harm) = match bounds {
        Bounds { above: false, .. } => {
            ("callers-limit", "nothing caps it: one request may ask for every row that there is")
        }
        Bounds { below: false, .. } if embedded => (
            "negative-limit",
            "it is capped above only: in SQLite a negative `LIMIT` means no limit, and `-1` asks for every row",
        ),
        _ => return,
    };
    let Some(file) = context.files.get(asked.file).filter(|file| !file.is_test) else { return };
    if !said.insert((asked.file, asked.extent)) {
        return;
    }
    let advice = match file.language {
        Language::Python => {
            "hold it within bounds where it is read: `max(1, min(limit, 100))`; FastAPI: `Query(20, ge=1, le=100)`"
        }
        _ => {
            "hold it within bounds where it is read: `Math.max(1, Math.min(limit, 100))`; Fastify: `minimum` and `maximum` in the schema"
        }
    };
    let message = format!(
        "how many rows {} {} answers is the caller's `{}`, and {harm}",
        trace.handler.method, trace.handler.path, asked.name
    );
    let draft = report
        .at(file, asked.extent, message)
        .variant(variant)
        .severity(Severity::Warning)
        .confidence(Confidence::High)
        .advice(advice);
    report.add(draft);
}

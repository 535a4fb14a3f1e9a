//! # query-in-loop
//!
//! For each row of a list another query is sent (N+1): a page of fifty orders asks the database fifty-one times, and a list that grows to thousands
//! makes its page take seconds, although every single query is fast. With three rows in a test nobody notices.
//!
//! ## What is reported
//!
//! A `SELECT` that a handler, or a function that it calls, runs once for each item of a loop, a comprehension or a `map(..)`:
//!
//! - **error**: the loop goes through all rows of a table (neither `WHERE` nor `LIMIT`), and each query goes over a connection (PostgreSQL, MySQL);
//! - **warning**: the same of some rows of a table, or of one that is short by what it is (settings, roles, categories); with SQLite, which is in the process, as many rows as there are or as the caller asks for;
//! - **note**: the loop goes through what the caller sent, or through a fixed number of rows of SQLite.
//!
//! Left alone: loops over what is written in the program, tries again (`while`), and queries that already ask for many at once (`IN (..)`).
//!
//! ## What to do
//!
//! Ask once: a `JOIN`, or one second query for all rows of the page (`WHERE order_id IN (..)`, in PostgreSQL `= ANY($1)`), put together in the program by their key.
//! Object maps: `selectinload(..)` of SQLAlchemy, `prefetch_related(..)` of Django, `include` of Prisma.
//!
//! Source: SQLite, [many small queries are efficient in SQLite](https://www.sqlite.org/np1queryprob.html) (why it weighs less there).

use std::collections::BTreeSet;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::database::{Looped, Operation, Trace, is_embedded, is_short, rows};
use crate::facts::plain_text::is_example;
use crate::facts::sql::{Limit, Verb};
use crate::facts::syntax::{Expr, ExprKind, Extent};
use crate::facts::values::{Bound, called_name};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("query-in-loop"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "one more query for each row of a list",
        applies_to: "request that reads from a database",
        variants: &["rows", "items"],
        source: include_str!("query_in_loop.rs"),
    },
    run: Run::Handlers(run),
};

/// A page of this many rows is asked for one by one without anybody noticing.
const FEW: u64 = 200;

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.database.traces.is_empty() {
        return;
    }
    let embedded = is_embedded(context);
    let mut said: BTreeSet<(usize, Extent)> = BTreeSet::new();
    for trace in &context.database.traces {
        let file = context.files.get(trace.handler.file);
        if file.is_none_or(|file| is_example(&file.path) || file.is_test) {
            continue;
        }
        for (at, operation) in trace.operations.iter().enumerate() {
            let Some(statement) = operation.statement().filter(|one| one.verb == Verb::Select) else {
                continue;
            };
            report.trial();
            let Some(looped) = operation.looped else { continue };
            if statement.asks_for_several() {
                continue;
            }
            let before = trace.operations.get(..at).unwrap_or_default();
            let outside: Vec<Operation<'_>> =
                before.iter().filter(|one| !is_same(one.looped, looped)).cloned().collect();
            if let Some(over) = over(context, operation, looped, &outside) {
                say(context, trace, operation, (looped, over, embedded), &mut said, report);
            }
        }
    }
}

fn is_same(one: Option<Looped<'_>>, other: Looped<'_>) -> bool {
    one.is_some_and(|one| one.file == other.file && one.extent == other.extent)
}

/// What is gone through.
#[derive(Clone, Copy)]
enum Over {
    /// All rows of a table.
    Table,
    /// The rows of a query that asks for some.
    Rows(Limit),
    /// Something else, whose length the program does not say.
    Items,
}

/// What the loop goes through; `None` for what is written in the program.
fn over<'a>(
    context: &Context<'_>,
    operation: &Operation<'a>,
    looped: Looped<'a>,
    before: &[Operation<'a>],
) -> Option<Over> {
    let Some(over) = looped.over else { return Some(Over::Items) };
    let frame = operation.looping_frame()?;
    if let Some(source) = rows::source(over, frame, before) {
        let statement = source.statement()?;
        let over = match statement.limit() {
            // Settings, roles, categories: there are a few.
            Limit::No if source.table().is_some_and(is_short) => Over::Rows(Limit::Rows(FEW)),
            Limit::No if !statement.has("where") && !statement.has("having") => Over::Table,
            limit => Over::Rows(limit),
        };
        return (!statement.is_aggregate()).then_some(over);
    }
    let is_written = |expr: &Expr| match &expr.kind {
        ExprKind::Sequence { .. } | ExprKind::Literal(_) | ExprKind::Record { .. } | ExprKind::Range(_) => {
            true
        }
        ExprKind::Call(call) => {
            matches!(called_name(&call.callee), Some("range" | "Array" | "fill" | "keys"))
        }
        _ => false,
    };
    if is_written(over) {
        return None;
    }
    let ExprKind::Name(name) = &over.kind else { return Some(Over::Items) };
    let file = context.files.get(frame.file)?;
    let top = crate::facts::values::Values::of_body(&file.syntax.body);
    let constant = top.bound(name).iter().any(|bound| matches!(bound, Bound::To(value) if is_written(value)));
    (!constant).then_some(Over::Items)
}

fn say(
    context: &Context<'_>,
    trace: &Trace<'_>,
    operation: &Operation<'_>,
    (looped, over, embedded): (Looped<'_>, Over, bool),
    said: &mut BTreeSet<(usize, Extent)>,
    report: &mut Report<'_>,
) {
    let Some((at, extent)) = operation.place() else { return };
    let (Some(file), Some(loop_file)) = (context.files.get(at), context.files.get(looped.file)) else {
        return;
    };
    // One for each loop: whoever mends it reads the rest.
    let new = said.insert((at, extent)) && said.insert((looped.file, looped.extent));
    if file.is_test || !new {
        return;
    }
    let severity = match over {
        Over::Table if !embedded => Severity::Error,
        Over::Rows(Limit::Rows(few)) if embedded && few <= FEW => Severity::Note,
        Over::Items if embedded => Severity::Note,
        _ => Severity::Warning,
    };
    let table = operation.table().unwrap_or("a table");
    let each = match over {
        Over::Table | Over::Rows(_) => "row of another query",
        Over::Items => "item of a list",
    };
    let request = format!("{} {}", trace.handler.method, trace.handler.path);
    let message = format!(
        "`SELECT .. FROM {table}` is sent once for each {each} in {request}: with a thousand of them it asks the database a thousand times"
    );
    let head = loop_file.first_line(looped.extent);
    let draft = report
        .at(file, extent, message)
        .variant(if matches!(over, Over::Items) { "items" } else { "rows" })
        .severity(severity)
        .confidence(Confidence::High)
        .related(loop_file, head, "the loop")
        .advice("ask once for all of them (`JOIN`, or `WHERE .. IN (..)` with the keys of the page) and put the rows together by their key");
    report.add(draft);
}

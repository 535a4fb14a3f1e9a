//! # missing-transaction
//!
//! One request makes several changes that belong together (the order and its lines, the transfer's two sides), and each is made last by itself. When
//! the process ends between them, the second fails or the connection breaks, the first stays: an order without lines, money taken and
//! not given, a cart that was ordered and is still full. Of 391 generated Express programs that write, 370 never begin a transaction.
//!
//! ## What is reported
//!
//! What a handler and everything that it calls does to the database, on the way through it with the most writes:
//!
//! - **error**: two or more writes of one request that are made last one by one: in Node (`sqlite3`, `better-sqlite3`, `pg`, `mysql2`, `postgres`, Prisma), where
//!   nothing begins a transaction by itself, without `BEGIN`, `db.transaction(..)`, `$transaction` around them; in Python, whose
//!   drivers begin one with the first write, with a `commit()` (or the end of `with connection`) between them;
//! - **warning**: rows written one by one in a loop; two writes of the same table; rows that are only removed (whoever asks again removes the rest);
//!   all but one of them only make a session or token, tell somebody, or count (`sessions`, `notifications`, `failed_logins` of a user); two `commit()`s of
//!   SQLAlchemy's session.
//!
//! Left alone: Python's one implicit transaction with its one `commit()`, what only keeps a trace (logs, audits, `last_login`), the removal of what has
//! expired, writes of which only one happens (`if` and `else`). What begins a transaction is read where it is written: `BEGIN` with whatever level, a
//! handle (`await knex.transaction()`), a class with `__enter__`, a decorator, a generator that FastAPI injects.
//!
//! What a pool sends itself (`pool.query(..)`) is not in the transaction that was begun on a client which it lent (`client.query("BEGIN")`), also where a function
//! of one's own sends it; a request of which it cannot be told over which connection it writes is listed as not looked at.
//!
//! Limit: a statement that is sent while another handle is open counts as part of it, also when it is not given the handle. Whether Python's connection
//! commits by itself (`autocommit`) is asked of the functions that run for the request, where they connect, and else of the handler's file and what it
//! imports. Of query builders only statements that are written as text are seen.
//!
//! ## What to do
//!
//! ```js
//! const place = db.transaction((order, lines) => {                       // better-sqlite3
//!   const { lastInsertRowid: id } = insertOrder.run(order);
//!   for (const line of lines) insertLine.run({ ...line, order: id });
//! });
//! ```
//!
//! pg: one client (`pool.connect()`), `BEGIN`, the writes, `COMMIT`, in `catch` `ROLLBACK`, in `finally` `release()`; `pool.query("BEGIN")` is of no use, since
//! the next query may go over another connection. Python: commit once, at the end, in the function that knows where the work ends; SQLAlchemy:
//! `flush()` where an id is needed before that.
//!
//! Source: [SQLite, transactions](https://www.sqlite.org/lang_transaction.html); node-postgres,
//! [transactions](https://node-postgres.com/features/transactions); Python,
//! [sqlite3, transaction control](https://docs.python.org/3/library/sqlite3.html#transaction-control).

use std::collections::BTreeSet;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::database::{Commits, Does, Operation, Trace, parting};
use crate::facts::plain_text::is_example;
use crate::facts::sql::{Statement, Verb};
use crate::facts::syntax::Extent;
use crate::facts::words::{has_word, words};
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("missing-transaction"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "changes that belong together and are made one by one",
        applies_to: "request that writes to a database",
        variants: &["one-by-one", "committed-between", "loop"],
        source: include_str!("missing_transaction.rs"),
    },
    run: Run::Handlers(run),
};

/// Words of tables that keep a trace of what happened, and nothing that others rest on.
const TRACES: &[&str] = &[
    "log",
    "logs",
    "audit",
    "audits",
    "event",
    "events",
    "history",
    "histories",
    "attempt",
    "attempts",
    "tries",
    "failed",
    "failures",
    "analytics",
    "metric",
    "metrics",
    "activity",
    "activities",
    "visit",
    "visits",
    "views",
    "cache",
    "rate",
    "limits",
];
/// Words of tables of which a row is made anew by asking again, or is only told to somebody.
const RENEWED: &[&str] = &["session", "sessions", "token", "tokens", "notification", "notifications"];
/// Words of columns that count how often something happened.
const COUNTERS: &[&str] =
    &["failed", "attempts", "tries", "logins", "likes", "clicks", "votes", "downloads", "uses", "plays"];
/// Words of columns that only say when something was last seen.
const MARKS: &[&str] = &["last", "updated", "seen", "accessed", "views", "hits", "count"];

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let mut said: BTreeSet<(usize, Extent)> = BTreeSet::new();
    let mut unclear: Vec<String> = Vec::new();
    for trace in &context.database.traces {
        let example =
            context.files.get(trace.handler.file).is_some_and(|file| is_example(&file.path) || file.is_test);
        if example || !trace.operations.iter().any(Operation::is_write) {
            continue;
        }
        let how = trace.commits;
        let found = judge(&groups(trace, how), how);
        if found.is_none() && trace.is_unclear {
            unclear.push(format!("{} {}", trace.handler.method, trace.handler.path));
            continue;
        }
        report.trial();
        if let Some(found) = found {
            say(context, trace, how, found, &mut said, report);
        }
    }
    let why = "a transaction is begun on a client that a pool lent, and over which connection the writes go could not be told: hand the client on to what writes";
    for request in unclear {
        // Where there is nothing else, nothing was looked at.
        if report.trials == 0 { report.cut_short(request, why) } else { report.skip(request, why) }
    }
}

/// Writes that are made last together.
fn groups<'a, 'b>(trace: &'b Trace<'a>, how: Commits) -> Vec<Vec<&'b Operation<'a>>> {
    let mut groups: Vec<Vec<&Operation<'a>>> = Vec::new();
    let mut open = false;
    for operation in &trace.operations {
        if matches!(operation.does, Does::Commit) {
            open = false;
            continue;
        }
        if !operation.is_write() || is_trace(operation) {
            continue;
        }
        let together = match groups.last().and_then(|group| group.last()) {
            Some(last) if operation.transaction.is_some() => last.transaction == operation.transaction,
            Some(last) => how == Commits::Together && open && last.transaction.is_none(),
            None => false,
        };
        match groups.last_mut().filter(|_| together) {
            Some(group) => group.push(operation),
            None => groups.push(vec![operation]),
        }
        open = true;
    }
    groups
}

/// What is wrong.
struct Found<'a, 'b> {
    first: &'b Operation<'a>,
    second: &'b Operation<'a>,
    variant: &'static str,
    severity: Severity,
}

fn judge<'a, 'b>(groups: &[Vec<&'b Operation<'a>>], how: Commits) -> Option<Found<'a, 'b>> {
    if let [first, rest @ ..] = groups
        && let Some(second) = rest.first()
    {
        let (first, second) = (*first.first()?, *second.first()?);
        let mut all = groups.iter().flatten();
        let same_row = all.clone().all(|one| one.table() == first.table()) && !moves(groups);
        // Whoever asks again removes the rest.
        let removes = all.all(|one| one.statement().is_some_and(|one| one.verb == Verb::Delete));
        let mapped = [first, second]
            .iter()
            .any(|one| one.statement().is_some_and(|statement| statement.has("sqlalchemy")));
        // What is left of the others is one group.
        let kept = groups.iter().filter(|group| !group.iter().all(|one| is_lesser(one))).count() <= 1;
        let is_warning = same_row || removes || mapped || kept;
        let severity = if is_warning { Severity::Warning } else { Severity::Error };
        return Some(Found { first, second, variant: "one-by-one", severity });
    }
    let [group] = groups else { return None };
    let [only] = group.as_slice() else { return None };
    // One statement, many times; in Python a loop before one commit is one transaction.
    let looped = only.looped.is_some() && only.transaction.is_none() && how == Commits::Each;
    looped.then_some(Found { first: only, second: only, variant: "loop", severity: Severity::Warning })
}

/// Whether something is taken from one row and given to another.
fn moves(groups: &[Vec<&Operation<'_>>]) -> bool {
    groups
        .iter()
        .flatten()
        .filter(|one| one.statement().is_some_and(|one| !one.relative_columns().is_empty()))
        .count()
        > 1
}

/// What is missed by nobody for long: a session or token, for which one logs in again, what is told to somebody, how often something was
/// done.
fn is_lesser(operation: &Operation<'_>) -> bool {
    let Some(statement) = operation.statement() else { return false };
    let columns = statement.set_columns();
    let counts = !columns.is_empty() && columns.iter().all(|column| has_word(column, COUNTERS));
    counts || statement.table.as_deref().is_some_and(|table| has_word(table, RENEWED))
}

/// What only keeps a trace, or removes what has expired.
fn is_trace(operation: &Operation<'_>) -> bool {
    let Some(statement) = operation.statement() else { return false };
    let by_table = statement.table.as_deref().is_some_and(|table| has_word(table, TRACES));
    let marks = statement.verb == Verb::Update && {
        let columns = statement.set_columns();
        !columns.is_empty()
            && columns.iter().all(|column| words(column).iter().any(|word| MARKS.contains(&word.as_str())))
    };
    let expired = statement.verb == Verb::Delete
        && statement
            .condition_columns()
            .iter()
            .any(|column| has_word(column, &["expires", "expiry", "expired", "expire", "at", "until"]));
    by_table || marks || expired
}

/// What a statement does, in its own words.
fn shown(statement: &Statement) -> String {
    let verb = match statement.verb {
        Verb::Insert => "INSERT INTO",
        Verb::Update => "UPDATE",
        _ => "DELETE FROM",
    };
    match &statement.table {
        Some(table) => format!("`{verb} {table}`"),
        None => format!("an `{verb}`"),
    }
}

fn say(
    context: &Context<'_>,
    trace: &Trace<'_>,
    how: Commits,
    found: Found<'_, '_>,
    said: &mut BTreeSet<(usize, Extent)>,
    report: &mut Report<'_>,
) {
    let looped = found.variant == "loop";
    let right = if looped { found.first.looping_frame() } else { parting(found.first, found.second) };
    let Some(right) = right else { return };
    let (Some(file), Some((first_file, first_extent))) = (context.files.get(right.file), found.first.place())
    else {
        return;
    };
    if !said.insert((right.file, right.extent)) || file.is_test {
        return;
    }
    let (Some(first), Some(second)) = (found.first.statement(), found.second.statement()) else { return };
    let request = format!("{} {}", trace.handler.method, trace.handler.path);
    let message = if looped {
        format!(
            "{} is made last row by row: when one of them fails, {request} has written some and not the others",
            shown(first)
        )
    } else {
        format!(
            "{} and {} of {request} are made last one after the other: when the second fails or the process ends between them, the first stays without it",
            shown(first),
            shown(second)
        )
    };
    let variant = if looped {
        "loop"
    } else if how == Commits::Together {
        "committed-between"
    } else {
        "one-by-one"
    };
    let mut draft = report
        .at(file, right.extent, message)
        .variant(variant)
        .severity(found.severity)
        .confidence(Confidence::High)
        .advice(advice(file.language, how));
    if let Some(first_file) = context.files.get(first_file).filter(|_| !looped) {
        draft = draft.related(first_file, first_extent, "the first of them");
    }
    report.add(draft);
}

fn advice(language: Language, how: Commits) -> &'static str {
    match (language, how) {
        (Language::Python, Commits::Together) => {
            "commit once, after the last write, in the function that knows where the work ends; what it calls writes and does not commit (SQLAlchemy: `flush()`)"
        }
        (Language::Python, _) => {
            "put them into one transaction: `async with connection.transaction():`, or `BEGIN` … `COMMIT` with `ROLLBACK` on errors"
        }
        _ => {
            "put them into one transaction: `db.transaction(() => { … })()` (better-sqlite3), `prisma.$transaction(…)`, or `BEGIN` … `COMMIT` on one client with `ROLLBACK` in `catch`"
        }
    }
}

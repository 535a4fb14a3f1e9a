//! # check-then-act
//!
//! A request reads something, decides by it, and then writes, and nothing keeps another request from doing the same in between. Both see the last
//! piece, both see the token unused, both see that the name is free, both read the same balance: more is sold than there is, one token is
//! redeemed twice, two accounts have one name, one of two payments is lost. Tests never see it, since they send one request at a time.
//!
//! ## What is reported
//!
//! Of what a handler and everything that it calls does to the database, a read and a later write of the same table:
//!
//! - **error**: `stock` is compared and then taken by an `UPDATE` that does not look again (`stock = stock - ?` without `AND stock >= ?`);
//! - **error**: a column is read, changed in the program and written back (`paid = row.paid + amount`): of two changes one is lost;
//! - **error**: the next number is made of `COUNT(*)`, `MAX(..)` or the last row, and no unique column refuses the second of the same number;
//! - **error**: a token or voucher is tested for being used and then marked by an `UPDATE` that does not look again, while it pays for another change;
//! - **warning**: rows are looked for and then inserted, and the table that the program makes has no unique column for them; the same with one, where a hash or
//!   another server is awaited in between and nobody catches what the database refuses; the first account becomes the administrator; what is in a cart or queue is read, used and only then deleted.
//!
//! What happens in one transaction of SQLite (`db.transaction(..)`, `BEGIN IMMEDIATE`), under `SELECT .. FOR UPDATE`, an advisory lock or a lock of the process
//! (`with lock:`, `acquire()` to `release()`), at the level `SERIALIZABLE`, or with a column that is set and compared (`SET rev = ? .. AND rev = ?`) is left alone, and so is
//! what no other request of the process can come between: `better-sqlite3` without an `await` from the read to the write. A transaction of
//! PostgreSQL or MySQL alone does not help (both read what was committed before), and makes it a **warning**.
//!
//! Limit: a row is followed through names, loops and what functions are passed, not through objects that are built of it, nor what `if let` and `match` of Rust bind. `stat` and `exists` before a file is made are not looked at, nor objects of an object map that are changed and saved (SQLAlchemy, Django).
//!
//! ## What to do
//!
//! Let the write decide, and look at what it did:
//!
//! ```python
//! taken = conn.execute("UPDATE products SET stock = stock - ? WHERE id = ? AND stock >= ?", (n, id, n))
//! if taken.rowcount == 0:
//!     raise SoldOut
//! ```
//!
//! `UPDATE tokens SET used_at = ? WHERE token = ? AND used_at IS NULL` (or `DELETE .. RETURNING`) and its `rowcount`; `paid = paid + ?`; a `UNIQUE` column, and the
//! error of the second caught and answered 409; where several rows decide, one transaction that takes the lock first (`BEGIN IMMEDIATE`, `SELECT .. FOR UPDATE`).
//!
//! Source: [CWE-367](https://cwe.mitre.org/data/definitions/367.html); SQLite, [isolation](https://www.sqlite.org/isolation.html); PostgreSQL,
//! [explicit locking](https://www.postgresql.org/docs/current/explicit-locking.html).

mod code;
mod pairs;

use std::collections::BTreeSet;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::pairs::{Found, Pair};
use crate::context::Context;
use crate::database::{Operation, Trace, is_embedded};
use crate::facts::plain_text::is_example;
use crate::facts::sql::Verb;
use crate::facts::syntax::Extent;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("check-then-act"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "a decision by what another request may have changed since",
        applies_to: "request that reads a table and writes it",
        variants: &[
            "taken",
            "lost-update",
            "number",
            "first",
            "used-twice",
            "duplicate",
            "refused-late",
            "read-then-deleted",
        ],
        source: include_str!("mod.rs"),
    },
    run: Run::Handlers(run),
};

/// What is known of the program.
struct Program<'a, 'b> {
    context: &'b Context<'a>,
    /// Whether its database is SQLite, of which one transaction writes at a time.
    is_sqlite: bool,
    /// Whether statements run while nothing else of the process does.
    is_synchronous: bool,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.database.traces.is_empty() {
        return;
    }
    let imports = |sought: &[&str]| {
        let sources = context.files.iter().filter(|file| !file.is_test);
        let mut imports = sources.flat_map(|file| &file.imports);
        imports.any(|fact| sought.contains(&fact.import.module.as_str()))
    };
    let program = Program {
        context,
        is_sqlite: is_embedded(context),
        is_synchronous: imports(&["better-sqlite3", "node:sqlite", "sqlite3"]),
    };
    let mut said = BTreeSet::new();
    for trace in &context.database.traces {
        let file = context.files.get(trace.handler.file);
        if file.is_none_or(|file| is_example(&file.path) || file.is_test) {
            continue;
        }
        for (at, write) in trace.operations.iter().enumerate().filter(|(_, one)| one.is_write()) {
            let reads = trace.operations.iter().take(at).filter(|read| is_read_of(read, write));
            let pairs: Vec<_> = reads.map(|read| Pair { program: &program, trace, read, write }).collect();
            if pairs.is_empty() {
                continue;
            }
            report.trial();
            let mut open = pairs.iter().filter_map(|pair| Some((pair, protection(&program, pair)?)));
            if let Some((pair, found, weak)) = open.find_map(|(pair, weak)| Some((pair, pair.judge()?, weak)))
            {
                say(pair, found, weak, &mut said, report);
            }
        }
    }
}

fn is_read_of(read: &Operation<'_>, write: &Operation<'_>) -> bool {
    read.statement().is_some_and(|one| one.verb == Verb::Select)
        && read.table().is_some()
        && read.table() == write.table()
}

/// Whether nothing keeps another request from coming between the two: `None` when something does, and otherwise whether there is
/// a transaction which is not enough.
fn protection(program: &Program<'_, '_>, pair: &Pair<'_, '_>) -> Option<bool> {
    let (read, write) = (pair.read, pair.write);
    let statement = read.statement()?;
    let locked = read.locked && write.locked;
    let together = read.transaction.is_some() && read.transaction == write.transaction;
    if locked || statement.has("share") || statement.takes_lock() || waits(pair, together) {
        return None;
    }
    let handler = pair.trace.handler;
    let is_python =
        program.context.files.get(handler.file).is_some_and(|file| file.language == Language::Python);
    // Nothing else of the process has its turn before somebody waits.
    let alone = !is_python || handler.function.is_async;
    if alone && program.is_synchronous && read.waits == write.waits {
        return None;
    }
    match together {
        true if program.is_sqlite => None,
        together => Some(together),
    }
}

/// Whether the database makes one of two wait, or refuses one, by what ran before the read: a lock that is held until the transaction
/// ends, or the level at which it began.
fn waits(pair: &Pair<'_, '_>, together: bool) -> bool {
    let is_update = pair.write.statement().is_some_and(|one| one.verb == Verb::Update);
    let before = pair.trace.operations.iter().take_while(|one| !std::ptr::eq(*one, pair.read));
    let mut same = before.filter(|one| one.transaction == pair.read.transaction);
    same.any(|one| {
        let Some(statement) = one.statement() else { return false };
        // Outside of a transaction these end with their own statement.
        let ends_at_once = statement.has("pg_advisory_xact_lock") || statement.has("for");
        let is_serial = statement.has("isolation") && statement.has("serializable");
        // Only PostgreSQL begins with this level, and it refuses a second change of one row.
        let is_refused = statement.verb == Verb::Begin && statement.has("repeatable") && is_update;
        statement.takes_lock() && (together || !ends_at_once) || together && (is_serial || is_refused)
    })
}

fn say(
    pair: &Pair<'_, '_>,
    found: Found,
    weak: bool,
    said: &mut BTreeSet<(usize, Extent)>,
    report: &mut Report<'_>,
) {
    let context = pair.program.context;
    let Some((at, extent)) = found.place.or(pair.write.place()) else { return };
    let (Some(file), Some((read_file, read_extent))) = (context.files.get(at), pair.read.place()) else {
        return;
    };
    if file.is_test || !said.insert((at, extent)) {
        return;
    }
    let severity = if weak { Severity::Warning } else { found.severity };
    let mut draft = report
        .at(file, extent, found.message)
        .variant(found.variant)
        .severity(severity)
        .confidence(if weak { Confidence::Medium } else { Confidence::High })
        .advice(found.advice);
    if let Some(read_file) = context.files.get(read_file) {
        draft = draft.related(read_file, read_extent, "what it decides by is read here");
    }
    report.add(draft);
}

/// `POST /orders`.
fn request(trace: &Trace<'_>) -> String {
    format!("{} {}", trace.handler.method, trace.handler.path)
}

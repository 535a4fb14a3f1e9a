//! # leaked-resource
//!
//! A connection, file or socket that is opened, used, and closed on the last line: when something between throws, or returns early, that line
//! is never reached. Each time one more stays open. With SQLite the harm comes at once: since Python 3.11 a connection is part of a
//! reference cycle, so that it stays open until the garbage collector happens to run, and an `INSERT` that failed keeps the whole database
//! locked meanwhile: one duplicate name, and every write after it fails with "database is locked". A client that is not given back to its pool
//! is gone for ever, and after ten such errors every request waits. Eleven of thirteen generated Flask programs that open connections by hand do this.
//!
//! ## What is reported
//!
//! - **error**: in a service, a SQLite connection that has written and is not closed, nor rolled back, when what stands between throws;
//!   a client of a pool (`pool.connect()`, `pool.getConnection()`, `getconn()`) that is not given back when something throws;
//! - **error**: a `return` before the `close()` or `release()` of such a one;
//! - **warning**: another connection, socket, response or file handle that is not closed when something throws, or never;
//!   `with sqlite3.connect(..)` that nobody closes: it ends the transaction and leaves the connection open.
//!
//! Left alone: `with`, `contextlib.closing`, `using`, `try`/`finally`, a handler that catches everything and closes; what is returned, yielded, kept in an
//! object or handed to one (Flask's `g` with its teardown), Rust's values, which close themselves; programs that run once and end.
//!
//! ## What to do
//!
//! ```python
//! with contextlib.closing(sqlite3.connect(path)) as conn, conn:      # the first closes, the second commits or rolls back
//!     conn.execute("INSERT …")
//! ```
//!
//! ```js
//! const client = await pool.connect();
//! try { await client.query("…"); } finally { client.release(); }
//! ```
//!
//! Source: [CWE-772](https://cwe.mitre.org/data/definitions/772.html); Python,
//! [sqlite3: how to use the connection context manager](https://docs.python.org/3/library/sqlite3.html#how-to-use-the-connection-context-manager);
//! node-postgres, [pooling](https://node-postgres.com/features/pooling): "you must release it".

mod acquired;
mod paths;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::acquired::{Acquired, Kind, acquisitions};
use self::paths::{Leak, leak};
use crate::context::Context;
use crate::facts::plain_text::is_example;
use crate::facts::service::is_service;
use crate::facts::source::SourceFile;
use crate::facts::words::has_word;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("leaked-resource"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "a connection, file or socket that stays open when something throws",
        applies_to: "connection or file that is opened and closed by hand",
        variants: &["when-it-throws", "on-return", "never", "with-does-not-close"],
        source: include_str!("mod.rs"),
    },
    run: Run::File(run),
};

/// Words of functions that run once, at the start: when they throw, the program ends and takes everything with it.
const ONCE: &[&str] = &[
    "init",
    "setup",
    "main",
    "migrate",
    "migration",
    "seed",
    "bootstrap",
    "create",
    "initialize",
    "initialise",
    "upgrade",
    "reset",
    "populate",
];

fn run(context: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    if file.is_test || is_example(&file.path) || file.language == Language::Rust {
        return;
    }
    let Some(file) = context.file(&file.path) else { return };
    let found = acquisitions(context, file);
    if found.is_empty() {
        return;
    }
    let service = is_service(context);
    for one in &found {
        let Some(leak) = leak(one) else {
            report.trial();
            continue;
        };
        report.trial();
        // A program that runs once ends with everything it opened.
        if !service || is_once(one) {
            continue;
        }
        say(file, one, leak, report);
    }
}

fn is_once(one: &Acquired<'_>) -> bool {
    // `create_app` and `init_db` run once; `create_order` does not.
    let name = one.function.name.as_str();
    has_word(name, ONCE)
        && (!has_word(name, &["create"])
            || has_word(name, &["app", "table", "tables", "schema", "database", "db"]))
}

fn say(file: &SourceFile, one: &Acquired<'_>, leak: Leak, report: &mut Report<'_>) {
    let name = &one.name;
    let what = one.kind.what();
    let lock =
        "until it is, an unfinished write keeps the database locked for everybody (\"database is locked\")";
    let locks = one.kind == Kind::Sqlite && one.writes && !one.rolls_back;
    let (variant, when) = match leak {
        Leak::Return(_) => ("on-return", "when this function returns early"),
        Leak::Throws(_) => ("when-it-throws", "when anything before its last line throws"),
        Leak::Never => ("never", "after this function"),
        Leak::With => (
            "with-does-not-close",
            "after the block: `with` on a SQLite connection commits or rolls back, and does not close",
        ),
    };
    let closed = if one.kind.is_pooled() { "is not given back to its pool" } else { "stays open" };
    let consequence = if one.kind.is_pooled() {
        "each time the pool has one less, until every request waits"
    } else if locks && matches!(leak, Leak::Throws(_)) {
        lock
    } else {
        "each time one more is held until the garbage collector comes by"
    };
    let severe = match leak {
        Leak::Throws(_) => locks || one.kind.is_pooled(),
        Leak::Return(_) | Leak::Never => one.kind.is_pooled(),
        Leak::With => false,
    };
    let severity = match (severe, one.kind) {
        (true, _) => Severity::Error,
        (false, Kind::File) => Severity::Note,
        (false, _) => Severity::Warning,
    };
    let mut draft = report
        .at(file, one.extent, format!("`{name}`, {what}, {closed} {when}: {consequence}"))
        .variant(variant)
        .severity(severity)
        .confidence(if matches!(leak, Leak::Return(_)) { Confidence::High } else { Confidence::Medium })
        .advice(advice(file.language, one));
    if let Leak::Return(at) = leak {
        draft = draft.related(file, at, "returns without closing");
    } else if let Leak::Throws(at) = leak {
        draft = draft.related(file, at, "closed only here");
    }
    report.add(draft);
}

fn advice(language: Language, one: &Acquired<'_>) -> String {
    let (name, close) = (&one.name, one.kind.close());
    match (language, one.kind) {
        (Language::Python, Kind::Sqlite) => format!(
            "write `with contextlib.closing({}) as {name}, {name}:` — the first closes, the second commits or rolls back — or close it in `finally`",
            one.opener
        ),
        (Language::Python, Kind::PooledClient) => format!("give it back in `finally: pool.putconn({name})`"),
        (Language::Python, _) => format!("write `with {} as {name}:`, or close it in `finally`", one.opener),
        _ => format!("use it inside `try {{ … }} finally {{ {name}.{close}(); }}`"),
    }
}

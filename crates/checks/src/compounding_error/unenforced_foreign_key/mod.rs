//! # unenforced-foreign-key
//!
//! SQLite reads `FOREIGN KEY` and `REFERENCES`, keeps them in its schema, and enforces them only on connections that ask for it with
//! `PRAGMA foreign_keys = ON`. Without it an order of a user who does not exist is accepted, deleting a product leaves its lines behind, and
//! `ON DELETE CASCADE` deletes nothing. Nobody notices until a join comes out empty. Of 344 generated backends that declare keys on
//! SQLite, 336 never switch them on.
//!
//! ## What is reported
//!
//! Where a connection is opened, when the program declares foreign keys (in its SQL, in `.sql` files, with SQLAlchemy's `ForeignKey`,
//! peewee's `ForeignKeyField`, knex's `references`):
//!
//! - **error**: nothing in the program switches them on; or it is switched on for another connection only, such as the one that makes the
//!   tables: the setting belongs to the connection and is not kept in the file;
//! - **warning**: the connection is to SQLite only when a variable such as `DATABASE_URL` is missing.
//!
//! It knows `sqlite3`, `aiosqlite`, SQLAlchemy, Flask-SQLAlchemy, SQLModel, peewee; `sqlite3`, `sqlite` and knex of Node; `rusqlite` and `diesel`. What
//! has them on by itself is left alone: `better-sqlite3`, `node:sqlite`, Sequelize, TypeORM, Django, `sqlx`, `rusqlite` with its
//! feature `bundled`. So are connections that only read, and other databases.
//!
//! ## What to do
//!
//! On every connection, right after it is opened:
//!
//! ```python
//! conn = sqlite3.connect(path)
//! conn.execute("PRAGMA foreign_keys = ON")
//! ```
//!
//! ```python
//! @event.listens_for(Engine, "connect")          # SQLAlchemy
//! def enforce(connection, _record):
//!     connection.execute("PRAGMA foreign_keys = ON")
//! ```
//!
//! ```js
//! db.run("PRAGMA foreign_keys = ON");
//! ```
//!
//! Rows that already point at nothing are listed by `PRAGMA foreign_key_check`.
//!
//! Source: [SQLite, foreign key support, section 2](https://www.sqlite.org/foreignkeys.html#fk_enable); SQLAlchemy,
//! [foreign key support of SQLite](https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#foreign-key-support); `defines.gypi` of better-sqlite3 and
//! `build.rs` of libsqlite3-sys, which compile SQLite with `SQLITE_DEFAULT_FOREIGN_KEYS=1`.

mod declared;
mod enforced;
mod opened;

use std::collections::BTreeMap;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::declared::Declared;
use self::enforced::{Enforced, Pragmas};
use self::opened::{Library, Opened, openers};
use crate::context::Context;
use crate::facts::plain_text::is_example;
use crate::facts::source::SourceFile;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("unenforced-foreign-key"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "foreign keys that SQLite is never told to enforce",
        applies_to: "SQLite connection of a program that declares foreign keys",
        variants: &["never", "other-connection", "when-unset"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// Other connections of the same file that are listed; a reader needs a few, not all.
const RELATED: usize = 5;

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let files: Vec<&SourceFile> =
        context.files.iter().filter(|file| !file.is_test && !is_example(&file.path)).collect();
    let opened: Vec<(&SourceFile, Vec<Opened<'_>>)> = files
        .iter()
        .map(|file| (*file, openers(context, file)))
        .filter(|(_, opened)| !opened.is_empty())
        .collect();
    if opened.is_empty() {
        return;
    }
    let declared = Declared::of(context, &files);
    let pragmas = Pragmas::of(context, &files);
    for (file, opened) in opened {
        let Some(key) = declared.for_connections_of(file) else { continue };
        let mut wrong: BTreeMap<&'static str, Vec<&Opened<'_>>> = BTreeMap::new();
        for one in &opened {
            report.trial();
            match pragmas.on(file, one) {
                Enforced::Yes | Enforced::CannotTell => {}
                Enforced::Never if one.when_unset.is_some() => {
                    wrong.entry("when-unset").or_default().push(one)
                }
                Enforced::Never => wrong.entry("never").or_default().push(one),
                Enforced::Elsewhere => wrong.entry("other-connection").or_default().push(one),
            }
        }
        for (variant, places) in wrong {
            say(file, variant, &places, &key, report);
        }
    }
}

fn say(
    file: &SourceFile,
    variant: &'static str,
    places: &[&Opened<'_>],
    key: &declared::Key<'_>,
    report: &mut Report<'_>,
) {
    let Some(first) = places.first() else { return };
    let opener = file.text_of(first.named).split('(').next().unwrap_or_default().trim();
    let who = match places.len() {
        1 => format!("`{opener}` opens a connection to SQLite"),
        count => format!("`{opener}` and {} more open connections to SQLite", count - 1),
    };
    let harm = format!(
        "{} is declared and not enforced: rows that point at nothing are accepted, and nothing cascades",
        key.what()
    );
    let message = match variant {
        "other-connection" => {
            format!(
                "{who} without `PRAGMA foreign_keys = ON`, which is set on another connection only and is not kept: {harm}"
            )
        }
        "when-unset" => format!(
            "{who} when `{}` is not set, and nothing switches foreign keys on: {harm}",
            first.when_unset.as_deref().unwrap_or("the variable")
        ),
        _ => format!("{who}, and nothing switches foreign keys on: {harm}"),
    };
    let (severity, confidence) = match variant {
        "when-unset" => (Severity::Warning, Confidence::High),
        "other-connection" => (Severity::Error, Confidence::Medium),
        _ => (Severity::Error, Confidence::High),
    };
    let mut draft = report
        .at(file, first.named, message)
        .variant(variant)
        .severity(severity)
        .confidence(confidence)
        .advice(advice(first.library));
    draft = key.related(draft);
    for other in places.iter().skip(1).take(RELATED) {
        draft = draft.related(file, other.named, "another connection without it");
    }
    report.add(draft);
}

fn advice(library: Library) -> &'static str {
    match library {
        Library::Python => {
            "after every connect: `conn.execute(\"PRAGMA foreign_keys = ON\")` (one function that opens connections, used by all); then look for old damage with `PRAGMA foreign_key_check`"
        }
        Library::SqlAlchemy => {
            "add `@event.listens_for(Engine, \"connect\")` with a function that runs `PRAGMA foreign_keys = ON` on each new connection; then look for old damage with `PRAGMA foreign_key_check`"
        }
        Library::Peewee => "write `SqliteDatabase(path, pragmas={\"foreign_keys\": 1})`",
        Library::Node => {
            "run `PRAGMA foreign_keys = ON` right after opening (`db.run(\"PRAGMA foreign_keys = ON\")`); then look for old damage with `PRAGMA foreign_key_check`"
        }
        Library::Knex => {
            "set `pool: { afterCreate: (conn, done) => conn.run(\"PRAGMA foreign_keys = ON\", done) }` in knex's configuration"
        }
        Library::Rust => {
            "run `conn.pragma_update(None, \"foreign_keys\", true)?` on each connection that is opened"
        }
    }
}

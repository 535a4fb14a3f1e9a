//! # naive-datetime
//!
//! A time without its zone. `datetime.utcnow()` says UTC and carries nothing that says so: `.timestamp()` reads it as local time, a
//! comparison with an aware time raises, and `isoformat()` writes a text that the next reader takes for local. `datetime.now()` jumps
//! by an hour twice a year. `new Date("2024-03-31 02:30")` is another instant on every machine. Nothing fails on a developer's
//! laptop; tokens expire an hour early in October, and a night's orders land on the wrong day.
//!
//! ## What is reported
//!
//! - **error**: `datetime.utcnow()` and `utcfromtimestamp()` (deprecated since Python 3.12) that are stored, compared or sent;
//!   `datetime.now()` without a zone that is stored as text or compared; a naive and an aware time compared; in JavaScript, UTC text of SQL
//!   (`CURRENT_TIMESTAMP`) read as local time, and local parts written with a `Z`; in Rust, `Local::now().naive_local()` and the naive
//!   `from_timestamp` that chrono has deprecated;
//! - **warning**: a naive time whose use cannot be seen from here; a date text without zone read by `new Date(..)`.
//!
//! Left alone: names of log files and copyright years, durations between two naive times of one process, `now(tz)`,
//! `replace(tzinfo=..)` on the spot, and tests.
//!
//! ## What to do
//!
//! Keep instants aware and in UTC, and convert where a person reads them:
//!
//! ```python
//! expires_at = datetime.now(timezone.utc) + timedelta(hours=12)
//! ```
//!
//! ```js
//! const created = new Date(row.created_at.replace(" ", "T") + "Z");   // SQLite's CURRENT_TIMESTAMP is UTC without saying so
//! ```
//!
//! ```rust
//! let created: DateTime<Utc> = Utc::now();
//! ```
//!
//! Source: [Python, datetime.utcnow](https://docs.python.org/3/library/datetime.html#datetime.datetime.utcnow) and its warning;
//! [PEP 495](https://peps.python.org/pep-0495/); [ECMA-262, Date Time String Format](https://tc39.es/ecma262/#sec-date-time-string-format): forms with a
//! time and no offset are local; [SQLite, date and time functions](https://www.sqlite.org/lang_datefunc.html): `CURRENT_TIMESTAMP` is UTC.

mod javascript;
mod python;
mod rust;

use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("naive-datetime"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "a time without its zone",
        applies_to: "time that is read or computed",
        variants: &[
            "utc-without-zone",
            "local-without-zone",
            "mixed",
            "text-without-zone",
            "local-parts-as-utc",
        ],
        source: include_str!("mod.rs"),
    },
    run: Run::File(run),
};

fn run(context: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    if file.is_test {
        return;
    }
    let mut times = 0;
    let found = match file.language {
        Language::Python => python::find(file, &mut times),
        Language::JavaScript | Language::TypeScript => javascript::find(context, file, &mut times),
        Language::Rust => rust::find(file, &mut times),
    };
    (0..times.max(found.len() as u64)).for_each(|_| report.trial());
    for Found { extent, variant, severity, message, advice } in found {
        // What shows how something is done is copied, and stores nothing.
        let severity =
            if plain_text::is_example(&file.path) { severity.min(Severity::Warning) } else { severity };
        report.add(report.at(file, extent, message).variant(variant).graded(severity).advice(advice));
    }
}

/// One naive time.
struct Found {
    extent: Extent,
    variant: &'static str,
    severity: Severity,
    message: String,
    advice: &'static str,
}

//! # process-local-state
//!
//! What one request brings is kept in a variable of the process (a dict or list at the top of a file, a `Map`, a field of a record or of an
//! object that is made once), and the answers of later requests depend on it. It is gone with the process: at each deploy, at each crash. And each worker and each
//! replica has its own: with two of them every second request does not find what was just sent. `gunicorn -w 4` is enough for that.
//!
//! ## What is reported
//!
//! - **error**: a request that may change something (`POST`, `PUT`, ..) puts data into such a collection, and requests read it;
//! - **warning**: the same, where the function that puts it in also writes it to a file or a database: it is found again after a restart, and other
//!   processes still do not see it;
//! - **note**: counting of tries and requests: it begins anew at each restart, and with four workers there are four counts.
//!
//! What is put in counts first: a record with an `id` of its own, and a model that a handler is given for its body, is data in `clients` too. Only where the value says nothing does the name of the variable decide.
//!
//! Left alone: caches (what a read fills can be filled again; `unbounded-cache` looks at how they grow), what is loaded, opened or compiled after it was not found and so can be made again,
//! numbers for those who run the service, and what lives in one process anyway: sockets, locks, timers, functions, and what the same request takes out again in `finally`. Sessions and tokens are the business of `process-local-session`.
//!
//! ## What to do
//!
//! Keep it where all processes look: in the database the program has already (SQLite in a file is one, on one machine), in Redis; a count of tries in Redis (`INCR`
//! with `EXPIRE`) or in the store of the limiter that is used.
//!
//! Source: The Twelve-Factor App, [VI. Processes](https://12factor.net/processes): "never assume that anything cached in memory or on disk will be available
//! on a future request".

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::plain_text::is_example;
use crate::facts::words::has_word;
use crate::process::kind::{Kind, keeps_elsewhere, kind};
use crate::process::{Use, Variable};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("process-local-state"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "data that lives and dies with one process",
        applies_to: "collection that requests write and read",
        variants: &["lost", "not-shared", "counting"],
        source: include_str!("process_local_state.rs"),
    },
    run: Run::Project(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    for variable in &context.process.variables {
        let Some(file) = context.files.get(variable.file) else { continue };
        // What only pretends to be a service keeps what it likes.
        let pretends = is_example(&file.path)
            || has_word(&file.path, &["mock", "mocks", "fake", "stub", "dummy", "fixtures"]);
        let Some(write) = changing(context, variable) else { continue };
        if file.is_test || pretends || variable.reads().next().is_none() {
            continue;
        }
        report.trial();
        let (severity, variant) = match kind(context, variable) {
            Kind::Data if variable.adds().all(|one| keeps_elsewhere(one.function)) => {
                (Severity::Warning, "not-shared")
            }
            Kind::Data => (Severity::Error, "lost"),
            Kind::Limiter => (Severity::Note, "counting"),
            _ => continue,
        };
        say(context, variable, write, (severity, variant), report);
    }
}

/// Calls between a handler and what changes a field: further down it is the library's own business.
const DEPTH: usize = 3;

/// A use by which a request changes it.
fn changing<'b, 'a>(context: &Context<'_>, variable: &'b Variable<'a>) -> Option<&'b Use<'a>> {
    let is_field = variable.name.contains('.');
    let changes = |one: &&Use<'_>| {
        let by = context.process.reached.get(one.by);
        by.is_some_and(|by| by.may_change && (!is_field || by.depth <= DEPTH))
    };
    variable.adds().find(changes)
}

fn say(
    context: &Context<'_>,
    variable: &Variable<'_>,
    write: &Use<'_>,
    (severity, variant): (Severity, &'static str),
    report: &mut Report<'_>,
) {
    let (Some(file), Some(by)) = (context.files.get(variable.file), context.process.reached.get(write.by))
    else {
        return;
    };
    let (name, method, path) = (&variable.name, &by.handler.method, &by.handler.path);
    let (message, advice) = match variant {
        "counting" => (
            format!(
                "what `{name}` counts for {method} {path} begins anew at each restart, and each worker counts for itself: of a limit of ten there are forty with four workers"
            ),
            "count where all processes look: Redis (`INCR` with `EXPIRE`), or the store of the limiter",
        ),
        "not-shared" => (
            format!(
                "what {method} {path} puts into `{name}` is also written elsewhere, but requests read the variable: another worker or replica does not see it until it starts again"
            ),
            "read it from where it is written, not from the variable",
        ),
        _ => (
            format!(
                "what {method} {path} puts into `{name}` lives in this process only: it is lost at each restart, and a second worker or replica does not have it"
            ),
            "keep it in the database (SQLite in a file is one) or in Redis, where every process finds it, also after a restart",
        ),
    };
    let mut draft = report
        .at(file, variable.extent, message)
        .variant(variant)
        .severity(severity)
        .confidence(Confidence::High)
        .advice(advice);
    if let Some(other) = context.files.get(write.file) {
        draft = draft.related(other, write.extent, "a request puts something in here");
    }
    if let Some(read) = variable.reads().find(|read| read.extent != write.extent)
        && let Some(other) = context.files.get(read.file)
    {
        draft = draft.related(other, read.extent, "and here one reads it");
    }
    report.add(draft);
}

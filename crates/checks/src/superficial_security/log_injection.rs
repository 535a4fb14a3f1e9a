//! # log-injection
//!
//! A line end in what a caller sends begins a line of its own in the log. Whoever reads the log after an incident reads what the attacker
//! wrote: a login that never was, an error that explains everything.
//!
//! ## What is reported
//!
//! - **warning**: text that comes with a request is put into the message of a log that writes lines as they are (`logging`, `print`, `console.log`).
//!
//! Left alone: `%r`, `json.dumps`, `JSON.stringify`, fields of structured loggers (pino, winston's JSON), numbers, text without line ends.
//!
//! ## What to do
//!
//! `logger.warning("login failed for %r", name)`, or log structured records.
//!
//! Source: [CWE-117](https://cwe.mitre.org/data/definitions/117.html).

use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::flow::finding::{Words, say};
use crate::flow::{Flow, Risk};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("log-injection"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller sends is written into the log as it is",
        applies_to: "log line of a handler",
        variants: &[],
        source: include_str!("log_injection.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Log,
    into: "the log by",
    harm: "a line end in it makes a second line that nobody wrote",
    severity: Severity::Warning,
    python: "log it as a value that is written with its line ends escaped: `logger.info(\"login failed for %r\", name)`, or log JSON",
    script: "log it as a field of a structured logger, or `JSON.stringify(value)`",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}

//! # catastrophic-regex
//!
//! Python's and JavaScript's engines try every way in which a pattern can match; for some patterns the ways double with each letter. A caller who
//! may choose the pattern can stop the process with thirty letters.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request becomes a regular expression (`re.compile`, `re.search`, `new RegExp`).
//!
//! Left alone: text that was escaped (`re.escape`, `escapeRegExp`), patterns of the program's own.
//!
//! ## What to do
//!
//! Most searches want text, not patterns. Where patterns are the feature: an engine with linear time (`google-re2`, `re2`), a limit on length, and
//! a process of its own with a deadline.
//!
//! Source: [CWE-1333](https://cwe.mitre.org/data/definitions/1333.html), [CWE-625](https://cwe.mitre.org/data/definitions/625.html).

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
        id: RuleId::known("catastrophic-regex"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a caller's own regular expression is run",
        applies_to: "regular expression in a handler",
        variants: &[],
        source: include_str!("catastrophic_regex.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Pattern,
    into: "the pattern of",
    harm: "one such as `(a+)+$` keeps this process busy for hours, and everybody waits",
    severity: Severity::Error,
    python: "search for text (`re.escape(value)`, SQL `LIKE`), or use an engine that cannot blow up: `google-re2`",
    script: "search for text (`includes`), escape it first, or use an engine that cannot blow up: `re2`",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}

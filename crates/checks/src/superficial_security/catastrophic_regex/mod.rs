//! # catastrophic-regex
//!
//! Python's and JavaScript's engines try every way in which a pattern can match; for some patterns the ways double with each letter. A caller who
//! may choose the pattern can stop the process with thirty letters.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request becomes a regular expression (`re.compile`, `re.search`, `new RegExp`);
//! - **error**: a pattern of the program's own that is tried on what came from outside, for which the time doubles with each letter (`^(a+)+$`), or grows with the
//!   third power of the length or more;
//! - **warning**: one for which it doubles, in a service, where it was not seen what it is tried on;
//! - **note**: one that is tried on what came from outside and takes the square of the length, such as `\s+$`: matters where texts may be long.
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! None is reported for its looks: a text was made for it, on which a machine that tries as these engines do took so many steps, and the message says
//! which. That Python 3.11 and Node 20 do not come to an end with such texts was tried.
//!
//! Left alone: text that was escaped (`re.escape`, `escapeRegExp`); patterns tried on a text whose length the function tests or that is cut off (`text[:20]`); Rust's `regex` and RE2, which
//! have no such patterns; patterns with back references or lookaround, which the machine cannot do.
//!
//! ## What to do
//!
//! Most searches want text, not patterns. Where patterns are the feature: an engine with linear time (`google-re2`, `re2`), a limit on length, and
//! a process of its own with a deadline. In a pattern of one's own, let each letter belong to one loop only: `[^\]\n]{1,200}` for `.+?`, `(?:a+b)*` for `(?:a+b?)*`;
//! and test the length first.
//!
//! Source: [CWE-1333](https://cwe.mitre.org/data/definitions/1333.html), [CWE-625](https://cwe.mitre.org/data/definitions/625.html);
//! Davis et al., "The Impact of Regular Expression Denial of Service (ReDoS) in Practice", ESEC/FSE 2018.

mod written;

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
        version: 2,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a regular expression that a caller can keep busy",
        applies_to: "regular expression in a handler",
        variants: &["written"],
        source: include_str!("mod.rs"),
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
    written::judge(context, flow, report);
}

//! # command-injection
//!
//! Something that a caller sends becomes part of a line that a shell reads, or the program that is started.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request reaches `os.system`, `os.popen`, `subprocess` with `shell=True` or a list that begins with a shell,
//!   `child_process.exec`, `spawn` with `shell: true`, `Command::new("sh").arg("-c")`, or is the program to run.
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! Left alone: arguments in a list without a shell, `shlex.quote`, numbers, and what was checked against a list or a pattern without the
//! shell's letters.
//!
//! ## What to do
//!
//! No shell: `subprocess.run(["convert", source, target])`, `execFile("convert", [source, target])`. An argument may still begin with a dash and be
//! taken for an option: put `--` before it.
//!
//! Source: [CWE-78](https://cwe.mitre.org/data/definitions/78.html); Python's
//! [security considerations of subprocess](https://docs.python.org/3/library/subprocess.html#security-considerations).

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
        id: RuleId::known("command-injection"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller sends is put into a command line",
        applies_to: "command in a handler",
        variants: &[],
        source: include_str!("command_injection.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Command,
    into: "the command of",
    harm: "`; rm -rf .` in it is run too",
    severity: Severity::Error,
    python: "give the program and its arguments as a list, without a shell: `subprocess.run([\"convert\", path], check=True)`; put `--` before what could begin with a dash",
    script: "give the program and its arguments apart, without a shell: `execFile(\"convert\", [path])`; put `--` before what could begin with a dash",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}

//! # code-injection
//!
//! Something that a caller sends is evaluated: as Python or JavaScript, as the name of a module, or as the text of a template, which is code
//! too (`{{ config }}`, `{{ ''.__class__ }}`).
//!
//! ## What is reported
//!
//! - **error**: what comes with a request reaches `eval`, `exec`, `compile`, `Function`, `vm`, `import_module`, or the *text* of a template
//!   (`render_template_string`, `Template(..)`, `ejs.render`).
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! Left alone: values given *to* a template, constants, and what was checked against a list.
//!
//! ## What to do
//!
//! Find the smallest thing that is needed: a table of functions by name instead of `eval`, a parser for arithmetic, a template in a file.
//!
//! Source: [CWE-94](https://cwe.mitre.org/data/definitions/94.html), [CWE-95](https://cwe.mitre.org/data/definitions/95.html),
//! [CWE-1336](https://cwe.mitre.org/data/definitions/1336.html).

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
        id: RuleId::known("code-injection"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller sends is run as code",
        applies_to: "evaluation of code in a handler",
        variants: &[],
        source: include_str!("code_injection.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Code,
    into: "the code that runs in",
    harm: "whoever sends it runs what they like in this process",
    severity: Severity::Error,
    python: "read data as data: `json.loads`, `ast.literal_eval`; keep templates in files and give values to them: `render_template(\"page.html\", name=name)`",
    script: "read data as data: `JSON.parse`; keep templates in files and give values to them",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}

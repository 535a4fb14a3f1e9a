//! # unsafe-deserialization
//!
//! Formats such as pickle say which functions to call while they are read. Who may choose the bytes may run anything.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request is read by `pickle`, `marshal`, `dill`, `jsonpickle`, `joblib`, `yaml.load` without a safe loader,
//!   `node-serialize`, `v8.deserialize`.
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! Left alone: `json`, `yaml.safe_load`, `ast.literal_eval`.
//!
//! ## What to do
//!
//! JSON, and a schema that says what may be in it.
//!
//! Source: [CWE-502](https://cwe.mitre.org/data/definitions/502.html); [pickle's own warning](https://docs.python.org/3/library/pickle.html).

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
        id: RuleId::known("unsafe-deserialization"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller sends is made into objects",
        applies_to: "object read in a handler",
        variants: &[],
        source: include_str!("unsafe_deserialization.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Objects,
    into: "the objects made by",
    harm: "reading it can run whatever it says",
    severity: Severity::Error,
    python: "use a format that holds data only: `json.loads`, `yaml.safe_load`; or sign what you wrote yourself and check the signature first",
    script: "use a format that holds data only: `JSON.parse`; or sign what you wrote yourself and check the signature first",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}

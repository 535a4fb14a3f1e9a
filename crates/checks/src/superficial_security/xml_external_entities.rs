//! # xml-external-entities
//!
//! A document may define an entity that stands for a file or an address, and a parser that follows it puts the file into what is read.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request is parsed by a parser that was *told* to follow entities: lxml with `resolve_entities=True`,
//!   `xml.sax` with external general entities on, libxmljs with `noent`.
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! Left alone: Python's own ElementTree and minidom, which follow no external entity (tried with 3.11), lxml since 5.0 as it comes, `defusedxml`.
//!
//! ## What to do
//!
//! Turn entities off, or use a parser that has none.
//!
//! Source: [CWE-611](https://cwe.mitre.org/data/definitions/611.html); [Python's XML vulnerabilities](https://docs.python.org/3/library/xml.html#xml-security).

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
        id: RuleId::known("xml-external-entities"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "XML from a caller is read with its entities",
        applies_to: "XML read in a handler",
        variants: &[],
        source: include_str!("xml_external_entities.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Entities,
    into: "the XML read by",
    harm: "an entity in it reads a file of this machine or sends a request",
    severity: Severity::Error,
    python: "leave entities alone: `XMLParser(resolve_entities=False, no_network=True)`, or use `defusedxml`",
    script: "leave entities alone: do not set `noent`",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}

//! # xpath-injection
//!
//! A document is searched with an XPath expression that is put together of text, and what a caller sends is a part of it: `' or '1'='1` finds
//! everything, and a login that looks a name and a password up in a file of XML lets everybody in.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request reaches the expression of lxml's `xpath` and `XPath`, of `elementpath`, of a path for `find` and `findall`
//!   with a condition in it, or of the npm package `xpath`.
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! Left alone: variables (`root.xpath("//user[@id=$id]", id=x)`), values of which the quotes are taken out or refused, numbers, and values out of a list.
//!
//! ## What to do
//!
//! ```python
//! root.xpath("//user[@name=$name]", name=name)
//! ```
//!
//! Source: [CWE-643](https://cwe.mitre.org/data/definitions/643.html); [lxml's XPath variables](https://lxml.de/xpathxslt.html#the-xpath-method).

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
        id: RuleId::known("xpath-injection"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller sends becomes a part of an XPath expression",
        applies_to: "XPath expression in a handler",
        variants: &[],
        source: include_str!("xpath_injection.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Selector,
    into: "the XPath of",
    harm: "a quote in it asks another question",
    severity: Severity::Error,
    python: "hand it over as a variable: `root.xpath(\"//user[@name=$name]\", name=x)`",
    script: "hand it over as a variable: `xpath.parse(\"//user[@name=$name]\").select({ node, variables: { name: x } })`",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}

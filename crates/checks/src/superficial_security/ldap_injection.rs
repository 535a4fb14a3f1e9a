//! # ldap-injection
//!
//! A directory is searched with a filter that is put together of text, and what a caller sends is a part of it: `*` finds everybody,
//! `*)(uid=admin` asks another question, and a login that searches for name and password lets everybody in.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request reaches the filter of `ldap3`'s or python-ldap's `search`, or of `ldapjs`, as it is.
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! Left alone: `escape_filter_chars`, `filter_format`, `ldap-escape`, filters that are built of objects (`new EqualityFilter(..)`), numbers, and
//! values out of a list.
//!
//! ## What to do
//!
//! ```python
//! from ldap3.utils.conv import escape_filter_chars
//! connection.search(BASE, f"(uid={escape_filter_chars(name)})")
//! ```
//!
//! Source: [CWE-90](https://cwe.mitre.org/data/definitions/90.html); RFC 4515, section 3 (what is escaped in a filter).

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
        id: RuleId::known("ldap-injection"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller sends becomes a part of a search filter",
        applies_to: "LDAP search in a handler",
        variants: &[],
        source: include_str!("ldap_injection.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Directory,
    into: "the LDAP filter of",
    harm: "`*` and brackets in it ask another question",
    severity: Severity::Error,
    python: "escape it: `ldap3.utils.conv.escape_filter_chars(x)`, or `ldap.filter.filter_format(\"(uid=%s)\", [x])`",
    script: "build the filter of objects (`new EqualityFilter({ attribute, value })`), or escape it with `ldap-escape`",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}

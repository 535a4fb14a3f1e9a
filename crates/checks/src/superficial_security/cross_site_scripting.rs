//! # cross-site-scripting
//!
//! Something that a caller sends is put between tags without being escaped. The page looks right with every name that is tried; a name such
//! as `<script>…` runs in the session of whoever looks at the page.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request becomes part of HTML that is answered (a text given back by a Flask handler, `HTMLResponse`, `res.send`),
//!   or is declared safe (`Markup`, `mark_safe`, `dangerouslySetInnerHTML`).
//!
//! Left alone: what templates and JSX escape, `escape` and its kin, JSON, answers whose type is no page, numbers.
//!
//! ## What to do
//!
//! Let a template engine make pages. Where a page is put together by hand, every value goes through `markupsafe.escape` (Python's `html.escape`) or
//! `escape-html`; inside attributes keep the quotes, inside scripts and URLs escaping for HTML is not enough.
//!
//! Source: [CWE-79](https://cwe.mitre.org/data/definitions/79.html);
//! [OWASP Cross Site Scripting Prevention](https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html).

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
        id: RuleId::known("cross-site-scripting"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller sends is put into a page as it is",
        applies_to: "page made in a handler",
        variants: &[],
        source: include_str!("cross_site_scripting.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Markup,
    into: "the page that is made by",
    harm: "a script in it runs in the browser of whoever opens the page",
    severity: Severity::Error,
    python: "escape it where it goes into the page: `markupsafe.escape(value)`, or let a template do it: `render_template(\"page.html\", value=value)`",
    script: "escape it where it goes into the page, or let a template engine that escapes do it (`<%= value %>`, JSX)",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}

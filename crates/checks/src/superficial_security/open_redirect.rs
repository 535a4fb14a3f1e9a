//! # open-redirect
//!
//! A handler sends the browser wherever a parameter says. A link that begins with this site's name ends on a copy of its login page.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request is the host of a redirect (`redirect`, `RedirectResponse`, `HttpResponseRedirect`, `res.redirect`,
//!   `Redirect::to`).
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! Left alone: paths behind a fixed beginning, hosts checked against a list, `url_has_allowed_host_and_scheme`.
//!
//! ## What to do
//!
//! Accept only paths of this site: one slash at the beginning, not two, no backslash. Or send a name and look the address up.
//!
//! Source: [CWE-601](https://cwe.mitre.org/data/definitions/601.html).

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
        id: RuleId::known("open-redirect"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a caller says where the browser is sent",
        applies_to: "redirect of a handler",
        variants: &[],
        source: include_str!("open_redirect.rs"),
    },
    run: Run::Flow(run),
};

const WORDS: Words = Words {
    risk: Risk::Redirect,
    into: "the address of",
    harm: "a link to this site leads to another, which asks for the password again",
    severity: Severity::Error,
    python: "redirect to paths of this site only: refuse unless it begins with one `/` (and not with `//` or a backslash), or look the target up in a list",
    script: "redirect to paths of this site only: refuse unless it begins with one `/` (and not with `//` or a backslash), or look the target up in a list",
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    say(context, flow, report, &WORDS);
}

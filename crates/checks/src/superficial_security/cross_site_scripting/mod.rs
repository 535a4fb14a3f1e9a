//! # cross-site-scripting
//!
//! Something that a caller sends is put between tags without being escaped. The page looks right with every name that is tried; a name such
//! as `<script>…` runs in the session of whoever looks at the page.
//!
//! ## What is reported
//!
//! - **error**: what comes with a request becomes part of HTML that is answered (a text given back by a Flask handler, `HTMLResponse`, `res.send`,
//!   axum's `Html`),
//!   or is declared safe (`Markup`, `mark_safe`, `dangerouslySetInnerHTML`), or is printed as it is by a template of the project: `{{ q|safe }}` and
//!   `{% autoescape false %}` (Jinja, Nunjucks, Django), `<%- q %>` (EJS), `{{{q}}}` (Handlebars, Mustache), `!= q` (Pug), anything where Jinja's
//!   `Environment` is not told to escape; a **warning** when it is what callers leave in the database by SQL and nothing makes harmless before;
//! - **error**: in a script of the page, what a server answered, another window sent, or the address holds (**warning**: the storage) becomes markup: `innerHTML`, `outerHTML`,
//!   `insertAdjacentHTML`, `document.write`, jQuery's `.html(..)`, `dangerouslySetInnerHTML`. A name of a product that another user typed is no text of the page's author.
//! - **warning**: what would be an error, in a folder of `examples` beside the library that they show.
//!
//! Left alone: what templates and JSX escape, what filters and functions of templates that we do not know make of a value, templates whose name is
//! worked out or that do not lie in the project, rows of an ORM, what is set on `res.locals`, macros and class-based views, `escape` and its kin, DOMPurify, JSON, answers whose type is no page, numbers, `textContent`, and a part of a page that is
//! fetched as a whole (the server that makes it has to escape).
//!
//! ## What to do
//!
//! Let a template engine make pages. Where a page is put together by hand, every value goes through `markupsafe.escape` (Python's `html.escape`) or
//! `escape-html`; a script sets `textContent`, or makes elements; inside attributes keep the quotes, inside scripts and URLs escaping for HTML is not enough.
//!
//! Source: [CWE-79](https://cwe.mitre.org/data/definitions/79.html);
//! [OWASP Cross Site Scripting Prevention](https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html).

mod browser;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::flow::finding::{Words, say};
use crate::flow::{Flow, Risk};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("cross-site-scripting"),
        version: 3,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller sends is put into a page as it is",
        applies_to: "page made in a handler or a script",
        variants: &[],
        source: include_str!("mod.rs"),
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
    for file in context.files {
        let (arrived, looked) = browser::read(context, file);
        (0..looked).for_each(|_| report.trial());
        for browser::Arrived { place, value, into, from, source, is_own } in arrived {
            let message = format!(
                "`{}`, {from}, becomes markup by `{into}`: a script in it runs in the browser of whoever sees this page",
                file.text_of(value)
            );
            let mut draft = report
                .at(file, place, message)
                .severity(if is_own { Severity::Warning } else { Severity::Error })
                .confidence(Confidence::High)
                .advice("set `textContent`, or make the elements (`document.createElement`) and give them their text; markup that has to stay goes through DOMPurify")
                .identified_by(format!("{into} {}", file.text_of(value)));
            if source != value {
                draft = draft.related(file, source, "it comes from here");
            }
            report.add(draft);
        }
    }
}

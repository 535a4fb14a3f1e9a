//! # trust-boundary-violation
//!
//! What stands in a session is taken for the program's own word at the next request: who somebody is, what that one may do. What a caller merely
//! says must not get there unasked.
//!
//! ## What is reported
//!
//! - **error**: a caller chooses the *key* under which something is kept in the session, and so sets any of them (`session[request.form["name"]] = ..`);
//! - **warning**: what a caller says is kept under a key that other code will take for who somebody is or what that one may do (`user_id`, `role`,
//!   `is_admin`, `tenant`, `price`).
//!
//! Left alone: handlers that check a password (a login keeps the name that it has checked), values compared with something first, values out of a
//! list, numbers, and everything that gives nobody any right: a cart, a language, a filled-in form.
//!
//! ## What to do
//!
//! Keep what the program itself found out (the id of the row that the password was checked against, the role that the database says), under keys that
//! are written in the code.
//!
//! Source: [CWE-501](https://cwe.mitre.org/data/definitions/501.html).

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::each_node;
use crate::facts::passwords::checks_password;
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::flow::{Flow, Risk};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("trust-boundary-violation"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "what a caller says becomes what the program believes",
        applies_to: "session written in a handler",
        variants: &["key", "value"],
        source: include_str!("trust_boundary_violation.rs"),
    },
    run: Run::Flow(run),
};

fn run(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>) {
    let looked = flow.looked.get(&Risk::Session).copied().unwrap_or_default();
    (0..looked).for_each(|_| report.trial());
    for arrival in flow.arrivals.iter().filter(|arrival| arrival.risk == Risk::Session) {
        let Some(file) = context.files.get(arrival.file) else { continue };
        let is_key = arrival.into == "key";
        let places =
            arrival.way.iter().map(|(at, extent, _)| (*at, *extent)).chain([(arrival.file, arrival.extent)]);
        let checked = places.filter_map(|(at, extent)| Some((context.files.get(at)?, extent)));
        if !is_key && checked.into_iter().any(|(file, extent)| is_login(file, extent)) {
            continue;
        }
        let what = &arrival.what;
        let (variant, severity, message, advice) = if is_key {
            (
                "key",
                Severity::Error,
                format!(
                    "{what} chooses the key under which the session keeps something: a caller sets any of them, also the one that says who is logged in"
                ),
                "keep it under a key that is written in the code, or in a dictionary of its own inside the session",
            )
        } else {
            (
                "value",
                Severity::Warning,
                format!(
                    "{what} is kept as `{}`: later requests take what a caller only said for what the program knows",
                    arrival.into
                ),
                "keep what the program found out itself: the id of the row that the password was checked against, the role that the database says",
            )
        };
        let mut draft = report
            .at(file, arrival.extent, message)
            .variant(variant)
            .severity(severity)
            .confidence(Confidence::High)
            .advice(advice)
            .identified_by(file.text_of(arrival.argument));
        for (at, extent, note) in &arrival.way {
            if let Some(file) = context.files.get(*at) {
                draft = draft.related(file, *extent, note.clone());
            }
        }
        report.add(draft);
    }
}

/// Whether a place is inside a function that checks a password.
fn is_login(file: &SourceFile, extent: Extent) -> bool {
    let mut login = false;
    each_node(&file.syntax, &mut |node, _| {
        if let Some(function) = node.function() {
            let begin = function.name_extent.start;
            let end = function.body.last().map_or(begin, |stmt| stmt.extent.end);
            login |= begin <= extent.start && extent.end <= end && checks_password(file, function);
        }
        !login
    });
    login
}

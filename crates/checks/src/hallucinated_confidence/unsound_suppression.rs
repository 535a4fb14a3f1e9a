//! # unsound-suppression
//!
//! A comment `seaworthy: allow(ID) REASON` sets a finding aside. It is a claim of the author's, and a claim without a reason
//! cannot be judged by whoever reads it later: an agent that is told to make the report green writes exactly this. So a
//! suppression that gives no reason is an error, and so is one that names no check or an unknown one: it looks as if something had
//! been considered, and nothing has. One that sets nothing aside is a warning: the code has changed, the comment has not.
//!
//! ## What to do
//!
//! Say why the finding does not matter here, in a few words that a stranger can check: `# seaworthy: allow(float-money)
//! shown on a chart, never added up`. Remove what is no longer needed. Better: mend the code.
//!
//! This check itself cannot be set aside.

use seaworthy_core::plan::{identifiers, nearest};
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::registry::{Applied, Check, Meta, Run};
use crate::report::{Draft, Report};
use crate::suppression::Suppression;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("unsound-suppression"),
        version: 1,
        failure_mode: FailureMode::HallucinatedConfidence,
        need: Need::Required,
        title: "a finding set aside without a reason",
        applies_to: "comment that sets a finding aside",
        variants: &["malformed", "without-reason", "unknown-id", "sets-nothing-aside"],
        source: include_str!("unsound_suppression.rs"),
    },
    run: Run::Afterwards(run),
};

fn run(context: &Context<'_>, applied: &Applied<'_>, report: &mut Report<'_>) {
    for file in context.files {
        for (at, suppression) in file.suppressions.iter().enumerate() {
            let place = Place { path: &file.path, at, given: suppression };
            judge(place, applied, report, &|report, message| report.at(file, suppression.extent, message));
        }
    }
    for file in context.texts {
        for (at, suppression) in file.suppressions.iter().enumerate() {
            let place = Place { path: &file.path, at, given: suppression };
            let begin = |report: &Report<'_>, message: String| {
                report.at_text(&file.path, &file.text, suppression.extent, message)
            };
            judge(place, applied, report, &begin);
        }
    }
}

/// One suppression and where it stands.
#[derive(Clone, Copy)]
struct Place<'f> {
    path: &'f str,
    /// Its place in the file's list.
    at: usize,
    given: &'f Suppression,
}

fn judge(
    place: Place<'_>,
    applied: &Applied<'_>,
    report: &mut Report<'_>,
    begin: &dyn Fn(&Report<'_>, String) -> Draft,
) {
    report.trial();
    let given = place.given;
    let form =
        "write `seaworthy: allow(ID) REASON`, in a comment on the line of the finding or alone above it";
    if given.malformed {
        let draft = begin(report, "this looks like a suppression and sets nothing aside".to_owned());
        return report.add(draft.variant("malformed").confidence(Confidence::Certain).advice(form));
    }
    if given.reason.is_empty() {
        let ids: Vec<&str> = given.ids.iter().map(RuleId::as_str).collect();
        let draft = begin(report, format!("`{}` is set aside here without a reason", ids.join("`, `")));
        let advice = "say in a few words, which a stranger can check, why it does not matter here";
        report.add(draft.variant("without-reason").confidence(Confidence::Certain).advice(advice));
    }
    for id in &given.ids {
        let is_known = identifiers::is_known(id.as_str()) || applied.rules().any(|rule| rule == id.as_str());
        if !is_known {
            let draft = begin(report, format!("there is no check `{id}`"));
            let draft = draft.variant("unknown-id").confidence(Confidence::Certain);
            let all = identifiers::ALL.iter().copied().chain(applied.rules());
            let advice = match nearest(id.as_str(), all) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`seaworthy explain` lists the identifiers".to_owned(),
            };
            report.add(draft.symbol(id.as_str()).advice(advice));
        } else if applied.has_run(id) && !applied.is_used(place.path, place.at, id) {
            let draft = begin(report, format!("`{id}` finds nothing here that could be set aside"));
            let draft = draft.variant("sets-nothing-aside").severity(Severity::Warning);
            report
                .add(draft.confidence(Confidence::Certain).symbol(id.as_str()).advice("remove the comment"));
        }
    }
}

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
use crate::facts::source::SourceFile;
use crate::registry::{Applied, Check, Meta, Run};
use crate::report::Report;
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
            report.trial();
            judge(file, at, suppression, applied, report);
        }
    }
}

fn judge(file: &SourceFile, at: usize, given: &Suppression, applied: &Applied<'_>, report: &mut Report<'_>) {
    let form =
        "write `seaworthy: allow(ID) REASON`, in a comment on the line of the finding or alone above it";
    if given.malformed {
        let draft = report.at(file, given.extent, "this looks like a suppression and sets nothing aside");
        return report.add(draft.variant("malformed").confidence(Confidence::Certain).advice(form));
    }
    if given.reason.is_empty() {
        let ids: Vec<&str> = given.ids.iter().map(RuleId::as_str).collect();
        let message = format!("`{}` is set aside here without a reason", ids.join("`, `"));
        let draft = report.at(file, given.extent, message).variant("without-reason");
        let advice = "say in a few words, which a stranger can check, why it does not matter here";
        report.add(draft.confidence(Confidence::Certain).advice(advice));
    }
    for id in &given.ids {
        if !identifiers::is_known(id.as_str()) {
            let message = format!("there is no check `{id}`");
            let draft =
                report.at(file, given.extent, message).variant("unknown-id").confidence(Confidence::Certain);
            let advice = match nearest(id.as_str(), identifiers::ALL.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`seaworthy explain` lists the identifiers".to_owned(),
            };
            report.add(draft.symbol(id.as_str()).advice(advice));
        } else if applied.has_run(id) && !applied.is_used(&file.path, at, id) {
            let message = format!("`{id}` finds nothing here that could be set aside");
            let draft = report.at(file, given.extent, message).variant("sets-nothing-aside");
            let draft = draft.severity(Severity::Warning).confidence(Confidence::Certain).symbol(id.as_str());
            report.add(draft.advice("remove the comment"));
        }
    }
}

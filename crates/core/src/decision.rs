//! The verdict: total, pure, and the same on anybody's machine.

use serde::{Deserialize, Serialize};

use crate::entry::Body;
use crate::observation::{Bound, Observation, Outcome, Reason};
use crate::{
    Digest, Entry, Finding, Need, NotChecked, Policy, Requirement, Severity, Subject, Timestamp, Verified,
};

/// What was decided about a subject, and everything it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What was judged.
    pub subject: Subject,
    /// [`Policy::digest`].
    pub policy: Digest,
    /// The time given to [`decide`].
    pub at: Timestamp,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in sentences, most telling first.
    pub reasons: Vec<String>,
    /// What has to be supplied before the subject can be clear.
    pub missing: Vec<Missing>,
    /// Findings that would hold and were known before.
    pub waived: Vec<Waived>,
    /// What nobody looked at.
    pub not_checked: Vec<NotChecked>,
}

/// The three answers. A gap is never a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything required was measured and held.
    Clear,
    /// Something is broken.
    Hold,
    /// Nothing is known to be broken, but something required could not be told. Also when nothing ran.
    Unknown,
}

impl Verdict {
    /// As every format writes it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Hold => "hold",
            Self::Unknown => "unknown",
        }
    }
}

/// Something required that is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Missing {
    /// What, and why it is not there.
    pub what: String,
    /// The command that would supply it.
    pub command: String,
}

/// A finding that would hold and does not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Waived {
    /// The finding.
    pub fingerprint: Digest,
    /// Its rule and place.
    pub what: String,
    /// Why it does not hold.
    pub why: String,
}

/// Decides about `subject` from what is on record, at time `at`.
///
/// Invariant: a claim never clears; a broken observation never helps; the order of `record` does not matter; nothing
/// makes an unknown clear but evidence for what was missing; zero trials are inconclusive.
pub fn decide(subject: &Subject, policy: &Policy, at: Timestamp, record: &[Verified<Entry>]) -> Decision {
    let mut weighing = Weighing::default();
    let counted =
        record.iter().filter(|entry| policy.recorders.is_empty() || policy.recorders.contains(&entry.key()));
    let (mut observations, mut doubts) = (Vec::new(), Vec::new());
    for entry in counted {
        match &entry.value().body {
            Body::Observation(seen) if seen.subject.tree == subject.tree => observations.push(seen.as_ref()),
            Body::Claim(claim) if claim.subject.tree == subject.tree && claim.doubts => doubts.push(claim),
            Body::Observation(_) | Body::Claim(_) | Body::Decision(_) => {}
        }
    }
    for requirement in &policy.requirements {
        weighing.weigh(requirement, policy, &observations);
    }
    for approval in &policy.approvals {
        let what = format!("{} is not on record", approval.what);
        weighing.missing.push(Missing { what, command: approval.command.clone() });
    }
    weighing.doubts.extend(doubts.iter().map(|claim| format!("{} doubts it: {}", claim.author, claim.text)));
    weighing.not_checked.extend(policy.not_checked.iter().cloned());
    if policy.recorders.is_empty() {
        weighing.not_checked.push(local_key());
    }
    weighing.conclude(subject, policy, at)
}

/// What is not known of evidence whose recorders nobody named.
pub fn local_key() -> NotChecked {
    NotChecked {
        what: "who recorded the evidence".to_owned(),
        why: "recorded by a local key anybody on this account could use; `[gate] recorders` names the keys that count".to_owned(),
    }
}

#[derive(Default)]
struct Weighing {
    broken: Vec<String>,
    missing: Vec<Missing>,
    doubts: Vec<String>,
    waived: Vec<Waived>,
    not_checked: Vec<NotChecked>,
    measured: usize,
}

impl Weighing {
    fn weigh(&mut self, requirement: &Requirement, policy: &Policy, observations: &[&Observation]) {
        let key = Policy::inputs_key(&requirement.producer);
        let (inputs, newest) = (policy.inputs.get(&key), policy.newest.get(&key));
        let matching = observations.iter().filter(|seen| {
            seen.producer == requirement.producer && inputs.is_none_or(|inputs| *inputs == seen.inputs)
        });
        let (mut holds, mut gap, mut passed, mut measured) = (Vec::new(), None::<String>, false, false);
        for seen in matching {
            holds.extend(self.holding(seen, policy));
            // What held once and was measured again since is judged by what came out then.
            if newest.is_some_and(|newest| *newest != seen.digest()) {
                continue;
            }
            self.not_checked.extend(seen.skipped.iter().cloned());
            match coverage(seen, requirement) {
                Ok(()) => {
                    passed = true;
                    measured |= !matches!(seen.outcome, Outcome::NotApplicable(_));
                }
                // The smallest text, so that the order of the record does not show in the answer.
                Err(why) => gap = Some(gap.map_or(why.clone(), |known| known.min(why))),
            }
        }
        if let Some(first) = holds.iter().min() {
            let more = holds.iter().collect::<std::collections::BTreeSet<_>>().len() - 1;
            let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
            self.broken.push(format!("{}: {first}{more}", requirement.producer.id()));
        } else if passed {
            // What does not apply leaves no gap, and was not measured either: of nothing but that, nothing is known.
            self.measured += usize::from(measured);
        } else {
            let why = gap.unwrap_or_else(|| "not on record for this tree".to_owned());
            self.gap(requirement, &why);
        }
    }

    /// What in an observation holds: its errors that were not known before. A broken outcome without any finding
    /// (foreign or damaged evidence) still holds.
    fn holding(&mut self, seen: &Observation, policy: &Policy) -> Vec<String> {
        let errors: Vec<&Finding> = seen.findings.iter().filter(|f| f.severity == Severity::Error).collect();
        let mut holds = Vec::new();
        for finding in &errors {
            let what = format!("{} {}", finding.primary, finding.message);
            if policy.baseline.contains(&finding.fingerprint) {
                let why = "known before, in the baseline".to_owned();
                self.waived.push(Waived {
                    fingerprint: finding.fingerprint,
                    what: format!("{} {what}", finding.rule),
                    why,
                });
            } else {
                holds.push(what);
            }
        }
        if errors.is_empty() && seen.outcome == Outcome::Broken {
            holds.push("recorded as broken".to_owned());
        }
        holds
    }

    fn gap(&mut self, requirement: &Requirement, why: &str) {
        let id = requirement.producer.id();
        match requirement.need {
            Need::Required => {
                self.missing
                    .push(Missing { what: format!("{id}: {why}"), command: requirement.command.clone() });
            }
            Need::Supporting => {
                self.not_checked.push(NotChecked { what: id.to_string(), why: why.to_owned() });
            }
        }
    }

    fn conclude(mut self, subject: &Subject, policy: &Policy, at: Timestamp) -> Decision {
        sort_unique(&mut self.broken);
        sort_unique(&mut self.doubts);
        sort_unique(&mut self.missing);
        sort_unique(&mut self.waived);
        sort_unique(&mut self.not_checked);
        let verdict = if !self.broken.is_empty() {
            Verdict::Hold
        } else if !self.missing.is_empty() || !self.doubts.is_empty() || self.measured == 0 {
            Verdict::Unknown
        } else {
            Verdict::Clear
        };
        let mut reasons = self.broken;
        reasons.extend(self.missing.iter().map(|missing| missing.what.clone()));
        reasons.extend(self.doubts);
        if verdict == Verdict::Unknown && reasons.is_empty() {
            reasons.push("nothing was measured".to_owned());
        }
        if verdict == Verdict::Clear {
            let (count, s) = (self.measured, if self.measured == 1 { "" } else { "s" });
            reasons.push(format!("{count} measurement{s} held and nothing required is missing"));
        }
        let (missing, waived, not_checked) = (self.missing, self.waived, self.not_checked);
        let policy = policy.digest();
        Decision { subject: subject.clone(), policy, at, verdict, reasons, missing, waived, not_checked }
    }
}

/// Whether an observation covers a requirement, or why it does not.
fn coverage(seen: &Observation, requirement: &Requirement) -> Result<(), String> {
    match &seen.outcome {
        Outcome::Held | Outcome::Broken if seen.trials == 0 => Err(Reason::NoTrials.to_string()),
        // Broken reaches this only when all its errors were known before: then it was measured, and nothing new was found.
        Outcome::Held | Outcome::Broken => bound_met(seen.bound, requirement),
        Outcome::NotApplicable(_) => Ok(()),
        Outcome::Inconclusive(reason) => Err(reason.to_string()),
    }
}

fn bound_met(reached: Option<Bound>, requirement: &Requirement) -> Result<(), String> {
    match (requirement.bound, reached) {
        (None, _) => Ok(()),
        (Some(needed), Some(reached)) if reached.meets(&needed) => Ok(()),
        (Some(needed), Some(reached)) => Err(format!("{reached}, {needed} is needed")),
        (Some(needed), None) => Err(format!("says nothing of its bound, {needed} is needed")),
    }
}

fn sort_unique<T: Ord>(items: &mut Vec<T>) {
    items.sort();
    items.dedup();
}

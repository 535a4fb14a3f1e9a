//! What every report is made of.

use std::collections::BTreeMap;
use std::path::Path;

use seaworthy_core::{
    Decision, Digest, FailureMode, Finding, Location, NotChecked, Observation, Outcome, Severity, Suppressed,
};
use seaworthy_trial::http::shell::quoted;
use seaworthy_trial::statistics::trials_behind;

/// Something that nobody wrote down and we concluded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Inferred {
    /// What.
    pub what: String,
    /// From what.
    pub why: String,
}

/// What came out of a run, or stands on record.
#[derive(Debug, Clone)]
pub struct Report {
    /// The root judged, as the person wrote it.
    pub root: String,
    /// The name of its folder, for a title.
    pub name: String,
    /// The verdict and what it rests on.
    pub decision: Decision,
    /// Every observation of the subject.
    pub observations: Vec<Observation>,
    /// What was concluded.
    pub inferred: Vec<Inferred>,
    /// What a rule looks for, in a few words, by id.
    pub titles: BTreeMap<String, String>,
    /// What a rule looks for, why, and how to fix it, as Markdown, by id.
    pub pages: BTreeMap<String, String>,
    /// The lines around each finding, by path and line.
    pub excerpts: BTreeMap<(String, u32), Excerpt>,
    /// Where the handler of an endpoint stands, by method and route.
    pub handlers: BTreeMap<(String, String), Location>,
    /// The file that starts the service, for findings whose handler is not known.
    pub start_file: Option<String>,
    /// The request and the answer of a reproduction, by fingerprint, as they went over the wire.
    pub exchanges: BTreeMap<Digest, Vec<(String, String)>>,
}

/// How many trials a bound is about, and where there were more in all, how many: the least tried subject bounds them all.
pub(super) fn trials(observation: &Observation) -> String {
    let all = observation.trials;
    match observation.bound.as_ref().and_then(trials_behind) {
        Some(behind) if behind < all => format!("{behind} trials of each, {all} in all"),
        _ => format!("{all} trials"),
    }
}

/// Lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The number of the first, from 1.
    pub first_line: u32,
    /// The lines, without their ends.
    pub lines: Vec<String>,
}

/// How many measurements of a failure mode came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Broken.
    pub broken: usize,
    /// Held.
    pub held: usize,
    /// Inconclusive.
    pub inconclusive: usize,
    /// Not applicable.
    pub not_applicable: usize,
}

/// Findings that are one defect: the most telling first, then those that confirm it.
#[derive(Debug, Clone)]
pub struct Defect<'a> {
    /// The one to print.
    pub finding: &'a Finding,
    /// Other producers' evidence of the same.
    pub confirmed_by: Vec<&'a Finding>,
    /// The failure mode of the first's producer.
    pub failure_mode: FailureMode,
}

impl Report {
    /// How the measurements of a failure mode came out.
    pub fn tally(&self, mode: FailureMode) -> Tally {
        let mut tally = Tally::default();
        for observation in self.observations.iter().filter(|observation| observation.failure_mode == mode) {
            match observation.outcome {
                Outcome::Broken => tally.broken += 1,
                Outcome::Held => tally.held += 1,
                Outcome::Inconclusive(_) => tally.inconclusive += 1,
                Outcome::NotApplicable(_) => tally.not_applicable += 1,
            }
        }
        tally
    }

    /// Every defect of a failure mode, gravest first, then by place. A defect confirmed across failure modes is shown under the mode of its
    /// gravest, surest finding.
    pub fn defects(&self, mode: FailureMode) -> Vec<Defect<'_>> {
        let mut by_cause: BTreeMap<Digest, Vec<(&Finding, FailureMode)>> = BTreeMap::new();
        for observation in &self.observations {
            for finding in &observation.findings {
                by_cause.entry(finding.cause).or_default().push((finding, observation.failure_mode));
            }
        }
        let weight = |f: &Finding| std::cmp::Reverse((f.severity, f.confidence));
        let mut defects: Vec<Defect<'_>> = by_cause
            .into_values()
            .filter_map(|mut findings| {
                findings.sort_by_key(|(finding, _)| (weight(finding), finding.primary.clone()));
                let ((finding, failure_mode), others) = findings.split_first()?;
                let confirmed_by = others.iter().map(|(other, _)| *other).collect();
                Some(Defect { finding, confirmed_by, failure_mode: *failure_mode })
            })
            .filter(|defect| defect.failure_mode == mode)
            .collect();
        defects.sort_by_key(|d| {
            (std::cmp::Reverse(d.finding.severity), d.finding.rule.clone(), d.finding.primary.clone())
        });
        defects
    }

    /// How many defects there are of a severity, those that are known or accepted left out.
    pub fn count(&self, severity: Severity) -> usize {
        let all = FailureMode::ALL.into_iter().flat_map(|mode| self.defects(mode));
        all.filter(|defect| defect.finding.severity == severity && !self.is_waived(defect.finding)).count()
    }

    /// How many defects are known before or accepted by a reviewer: they do not hold.
    pub fn count_waived(&self) -> usize {
        let all = FailureMode::ALL.into_iter().flat_map(|mode| self.defects(mode));
        all.filter(|defect| self.is_waived(defect.finding)).count()
    }

    fn is_waived(&self, finding: &Finding) -> bool {
        self.decision.waived.iter().any(|waived| waived.fingerprint == finding.fingerprint)
    }

    /// The command that shows a defect again by the file that was written when it was seen.
    pub fn replay_of(&self, defect: &Defect<'_>) -> Option<String> {
        let of_defect = std::iter::once(defect.finding).chain(defect.confirmed_by.iter().copied());
        let fingerprints: Vec<Digest> = of_defect.map(|finding| finding.fingerprint).collect();
        let mut artifacts = self.observations.iter().flat_map(|seen| &seen.artifacts);
        let replay = artifacts.find(|artifact| {
            artifact.kind == "replay"
                && artifact.finding.is_some_and(|finding| fingerprints.contains(&finding))
        })?;
        let (root, path) = match self.root.as_str() {
            "." => (String::new(), replay.path.clone()),
            // Outside the root a path is absolute, and stays so.
            root => {
                let path = Path::new(root).join(&replay.path).display().to_string();
                (format!("--root {} ", quoted(root)), path)
            }
        };
        Some(format!("seaworthy trial {root}--replay {}", quoted(&path)))
    }

    /// Everything set aside in the source.
    pub fn suppressed(&self) -> Vec<&Suppressed> {
        self.observations.iter().flat_map(|observation| &observation.suppressed).collect()
    }

    /// What nobody looked at.
    pub fn not_checked(&self) -> &[NotChecked] {
        &self.decision.not_checked
    }

    /// The measurements that came out without a verdict, and why.
    pub fn inconclusive(&self) -> Vec<(&Observation, String)> {
        let reason = |observation: &Observation| match &observation.outcome {
            Outcome::Inconclusive(reason) => Some(reason.to_string()),
            _ => None,
        };
        self.observations.iter().filter_map(|observation| Some((observation, reason(observation)?))).collect()
    }

    /// Where a finding is in the source: its own place, its handler's, or the file that starts the service.
    pub fn source_of(&self, finding: &Finding) -> Option<Location> {
        match &finding.primary {
            Location::Endpoint { method, route, .. } => {
                let key =
                    route_key(method.as_deref().unwrap_or_default(), route.as_deref().unwrap_or_default());
                let start = || self.start_file.clone().map(|path| Location::Artifact { path });
                self.handlers.get(&key).cloned().or_else(start)
            }
            other => Some(other.clone()),
        }
    }
}

/// A route as it is looked up: a document may name the values in it otherwise than the source (`{gid}`, `{id}`).
pub(crate) fn route_key(method: &str, route: &str) -> (String, String) {
    let parts =
        route.split('/').map(|part| if part.starts_with('{') && part.ends_with('}') { "{}" } else { part });
    (method.to_owned(), parts.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::route_key;

    #[test]
    fn a_route_is_the_same_whatever_its_values_are_called() {
        assert_eq!(route_key("GET", "/a/{gid}/b"), route_key("GET", "/a/{id}/b"));
        assert_ne!(route_key("GET", "/a/{id}"), route_key("GET", "/a/b"));
    }
}

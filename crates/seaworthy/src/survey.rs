//! What this program can look for: the registries of checks and probes as one list.

use seaworthy_core::FailureMode;

/// A check or probe, as people read about it.
pub(crate) struct Rule {
    /// Its identifier.
    pub id: &'static str,
    /// `check` or `probe`.
    pub kind: &'static str,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// The failure mode it answers.
    pub failure_mode: FailureMode,
    /// Its version.
    pub version: u32,
    /// Its ways to be wrong.
    pub variants: &'static [&'static str],
    /// Its page, as Markdown.
    pub page: String,
}

/// Every check and probe, in ascending order of their identifiers.
pub(crate) fn rules() -> Vec<Rule> {
    let checks = seaworthy_checks::registry::CHECKS.iter().map(|check| Rule {
        id: check.meta.id.as_str(),
        kind: "check",
        title: check.meta.title,
        failure_mode: check.meta.failure_mode,
        version: check.meta.version,
        variants: check.meta.variants,
        page: check.meta.page(),
    });
    let probes = seaworthy_trial::probe::registry::PROBES.iter().map(|probe| Rule {
        id: probe.meta.id.as_str(),
        kind: "probe",
        title: probe.meta.title,
        failure_mode: probe.meta.failure_mode,
        version: probe.meta.version,
        variants: probe.meta.variants,
        page: probe.meta.page(),
    });
    let mut rules: Vec<Rule> = checks.chain(probes).collect();
    rules.sort_by_key(|rule| rule.id);
    rules
}

//! `seaworthy.report/v1`: structures of its own, so that a change inside never changes what others read.

use seaworthy_core::{
    Bound, Confidence, FailureMode, Finding, Independence, Location, NotChecked, Observation, Outcome,
    Producer, Related, Severity, Suppressed, Verdict,
};
use serde::Serialize;

use crate::report::Report;

/// The name of the format.
const FORMAT: &str = "seaworthy.report/v1";

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    tool_version: &'static str,
    subject: Subject<'a>,
    verdict: Verdict,
    reasons: &'a [String],
    not_checked: &'a [NotChecked],
    missing: &'a [seaworthy_core::decision::Missing],
    waived: &'a [seaworthy_core::decision::Waived],
    suppressed: Vec<&'a Suppressed>,
    inferred: Vec<Inferred<'a>>,
    failure_modes: Vec<Mode>,
    observations: Vec<Measured<'a>>,
}

#[derive(Serialize)]
struct Subject<'a> {
    root: &'a str,
    commit: Option<&'a str>,
    tree: String,
    base: Option<&'a str>,
}

#[derive(Serialize)]
struct Inferred<'a> {
    what: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct Mode {
    id: &'static str,
    broken: usize,
    held: usize,
    inconclusive: usize,
    not_applicable: usize,
}

#[derive(Serialize)]
struct Measured<'a> {
    producer: &'a Producer,
    failure_mode: &'static str,
    outcome: &'static str,
    reason: Option<String>,
    trials: u64,
    bound: Option<Bound>,
    duration_ms: u64,
    independence: Option<Independence>,
    findings: Vec<Found<'a>>,
    artifacts: Vec<&'a str>,
}

#[derive(Serialize)]
struct Found<'a> {
    rule: &'a str,
    variant: Option<&'a str>,
    cause: String,
    severity: Severity,
    confidence: Confidence,
    location: &'a Location,
    related: &'a [Related],
    message: &'a str,
    advice: Option<&'a str>,
    fingerprint: String,
    reproduce: &'a [String],
}

pub(super) fn render(report: &Report) -> String {
    let decision = &report.decision;
    let subject = Subject {
        root: &report.root,
        commit: decision.subject.git_commit.as_deref(),
        tree: decision.subject.tree.to_string(),
        base: decision.subject.base.as_deref(),
    };
    let document = Document {
        format: FORMAT,
        tool_version: env!("CARGO_PKG_VERSION"),
        subject,
        verdict: decision.verdict,
        reasons: &decision.reasons,
        not_checked: &decision.not_checked,
        missing: &decision.missing,
        waived: &decision.waived,
        suppressed: report.suppressed(),
        inferred: report.inferred.iter().map(|one| Inferred { what: &one.what, why: &one.why }).collect(),
        failure_modes: FailureMode::ALL.into_iter().map(|mode| tally(report, mode)).collect(),
        observations: report.observations.iter().map(measured).collect(),
    };
    // Limit: serialising plain data to a String cannot fail.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn tally(report: &Report, mode: FailureMode) -> Mode {
    let tally = report.tally(mode);
    Mode {
        id: mode.id(),
        broken: tally.broken,
        held: tally.held,
        inconclusive: tally.inconclusive,
        not_applicable: tally.not_applicable,
    }
}

fn measured(observation: &Observation) -> Measured<'_> {
    let (outcome, reason) = match &observation.outcome {
        Outcome::Held => ("held", None),
        Outcome::Broken => ("broken", None),
        Outcome::Inconclusive(reason) => ("inconclusive", Some(reason.to_string())),
        Outcome::NotApplicable(reason) => ("not-applicable", Some(reason.to_string())),
    };
    Measured {
        producer: &observation.producer,
        failure_mode: observation.failure_mode.id(),
        outcome,
        reason,
        trials: observation.trials,
        bound: observation.bound,
        duration_ms: observation.span.duration_ms,
        independence: observation.independence,
        findings: observation.findings.iter().map(found).collect(),
        artifacts: observation.artifacts.iter().map(|artifact| artifact.path.as_str()).collect(),
    }
}

fn found(finding: &Finding) -> Found<'_> {
    Found {
        rule: finding.rule.as_str(),
        variant: finding.variant.as_deref(),
        cause: finding.cause.to_string(),
        severity: finding.severity,
        confidence: finding.confidence,
        location: &finding.primary,
        related: &finding.related,
        message: &finding.message,
        advice: finding.advice.as_deref(),
        fingerprint: finding.fingerprint.to_string(),
        reproduce: &finding.reproduce,
    }
}

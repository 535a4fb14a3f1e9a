//! What goes on record of a measurement that says more than an envelope holds: the gravest of it, and how much is missing.
//!
//! The report of the run itself has everything; only the record is cut.

use std::collections::BTreeSet;

use seaworthy_core::limits::{FINDING_TEXT_CHARS, OBSERVATION_FINDINGS, RECORDED_BYTES};
use seaworthy_core::{Decision, Digest, Finding, NotChecked, Observation, Severity};

/// An observation as it is recorded. What decides comes first: errors that are not known before (`baseline`), then other errors, then the
/// rest, so that cutting never turns a hold into anything else.
pub(crate) fn observation(seen: &Observation, baseline: &BTreeSet<Digest>) -> Observation {
    let mut kept = seen.clone();
    let known =
        |finding: &Finding| finding.severity != Severity::Error || baseline.contains(&finding.fingerprint);
    if kept.findings.len() > OBSERVATION_FINDINGS || bytes(&kept) > RECORDED_BYTES {
        kept.findings.sort_by_key(|finding| (known(finding), std::cmp::Reverse(finding.severity)));
        kept.findings.truncate(OBSERVATION_FINDINGS);
        kept.findings.iter_mut().for_each(shorten);
    }
    kept.suppressed.truncate(OBSERVATION_FINDINGS);
    kept.skipped.truncate(OBSERVATION_FINDINGS);
    kept.artifacts.truncate(OBSERVATION_FINDINGS);
    while bytes(&kept) > RECORDED_BYTES && (kept.findings.len() > 1 || !kept.suppressed.is_empty()) {
        kept.findings.truncate((kept.findings.len() / 2).max(1));
        kept.suppressed.truncate(kept.suppressed.len() / 2);
        kept.skipped.truncate(kept.skipped.len() / 2);
        kept.artifacts.truncate(kept.artifacts.len() / 2);
    }
    let left_out = [
        (seen.findings.len() - kept.findings.len(), "findings"),
        (seen.suppressed.len() - kept.suppressed.len(), "findings set aside in the source"),
        (seen.skipped.len() - kept.skipped.len(), "lines about what was not looked at"),
    ];
    for (count, what) in left_out.into_iter().filter(|(count, _)| *count > 0) {
        let what = format!("{count} more {what} of {}", seen.producer.id());
        let why = "there is no room for them on record; the report of the run has them all".to_owned();
        kept.skipped.push(NotChecked { what, why });
    }
    kept
}

/// A decision as it is recorded.
pub(crate) fn decision(made: &Decision) -> Decision {
    let mut kept = made.clone();
    kept.waived.truncate(OBSERVATION_FINDINGS);
    kept.not_checked.truncate(OBSERVATION_FINDINGS);
    kept.reasons.truncate(OBSERVATION_FINDINGS);
    while bytes(&kept) > RECORDED_BYTES && !(kept.waived.is_empty() && kept.not_checked.is_empty()) {
        kept.waived.truncate(kept.waived.len() / 2);
        kept.not_checked.truncate(kept.not_checked.len() / 2);
    }
    kept
}

fn bytes(value: &impl serde::Serialize) -> usize {
    // Limit: plain data always serialises.
    serde_json::to_vec(value).map_or(0, |bytes| bytes.len())
}

fn shorten(finding: &mut Finding) {
    let texts = [&mut finding.message].into_iter().chain(&mut finding.advice).chain(&mut finding.reproduce);
    for text in texts {
        if let Some((end, _)) = text.char_indices().nth(FINDING_TEXT_CHARS) {
            text.truncate(end);
            text.push_str(" ..");
        }
    }
}

//! SARIF 2.1.0 (OASIS Standard, 2020): for code scanning services and editors.

use std::collections::BTreeMap;

use seaworthy_core::{Finding, Location, Severity, Span};
use serde_json::{Value, json};

use crate::report::Report;

pub(super) fn render(report: &Report) -> String {
    let findings = report.observations.iter().flat_map(|observation| &observation.findings);
    // What the source itself sets aside is a result that is suppressed there (section 3.35).
    let aside = report.suppressed();
    let aside = aside.iter().filter_map(|one| Some((one.finding.as_deref()?, Some(one.reason.as_str()))));
    let findings: Vec<(&Finding, Option<&str>)> =
        findings.map(|finding| (finding, None)).chain(aside).collect();
    let rules: BTreeMap<&str, usize> = {
        let mut ids: Vec<&str> = findings.iter().map(|(finding, _)| finding.rule.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().enumerate().map(|(index, id)| (id, index)).collect()
    };
    let driver = json!({
        "name": "Seaworthy",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules.keys().map(|id| rule(report, id)).collect::<Vec<_>>(),
    });
    let notifications: Vec<Value> = report
        .not_checked()
        .iter()
        .map(|not| json!({"level": "note", "message": {"text": format!("not checked: {}: {}", not.what, not.why)}}))
        .collect();
    let run = json!({
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": "the root judged"}}},
        "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notifications}],
        "results": findings.iter().map(|(finding, aside)| result(report, finding, *aside, &rules)).collect::<Vec<_>>(),
        "properties": {
            "verdict": report.decision.verdict.id(),
            "tree": report.decision.subject.tree.to_string(),
            "reasons": report.decision.reasons,
        },
    });
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    // Limit: serialising plain data to a String cannot fail.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn rule(report: &Report, id: &str) -> Value {
    let mut rule = json!({"id": id});
    if let Some(title) = report.titles.get(id) {
        rule["shortDescription"] = json!({"text": title});
    }
    if let Some(page) = report.pages.get(id) {
        rule["help"] = json!({"text": page, "markdown": page});
    }
    rule
}

fn result(report: &Report, finding: &Finding, aside: Option<&str>, rules: &BTreeMap<&str, usize>) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut text = finding.message.clone();
    if let Some(advice) = &finding.advice {
        text.push_str("\n\n");
        text.push_str(advice);
    }
    if !finding.reproduce.is_empty() {
        text.push_str("\n\nReproduce:\n");
        text.push_str(&finding.reproduce.join("\n"));
    }
    let place = report.source_of(finding).unwrap_or_else(|| finding.primary.clone());
    let related: Vec<Value> = finding
        .related
        .iter()
        .enumerate()
        .map(|(id, related)| {
            let mut place = location(&related.location);
            place["id"] = json!(id);
            place["message"] = json!({"text": related.note.as_deref().unwrap_or("see also")});
            place
        })
        .collect();
    let waived = report.decision.waived.iter().find(|waived| waived.fingerprint == finding.fingerprint);
    // What a reviewer has accepted is a result all the same, and services show it apart (section 3.35).
    let waived = waived.map(|waived| ("external", waived.why.as_str()));
    let suppressions: Vec<Value> = waived
        .into_iter()
        .chain(aside.map(|reason| ("inSource", reason)))
        .map(|(kind, why)| json!({"kind": kind, "status": "accepted", "justification": why}))
        .collect();
    json!({
        "ruleId": finding.rule.as_str(),
        "ruleIndex": rules.get(finding.rule.as_str()),
        "level": level,
        "message": {"text": text},
        "locations": [location_with(&place, &finding.primary)],
        "suppressions": suppressions,
        "relatedLocations": related,
        "partialFingerprints": {"seaworthy/v1": finding.fingerprint.to_string()},
        "properties": {"confidence": finding.confidence, "cause": finding.cause.to_string(), "variant": finding.variant},
    })
}

/// The place in the source, with the endpoint as a logical location where the finding is about one.
fn location_with(place: &Location, primary: &Location) -> Value {
    let mut value = location(place);
    if matches!(primary, Location::Endpoint { .. }) {
        value["logicalLocations"] = json!([{"fullyQualifiedName": primary.to_string(), "kind": "resource"}]);
    }
    value
}

fn location(place: &Location) -> Value {
    match place {
        Location::Source { path, span } => json!({"physicalLocation": {
            "artifactLocation": {"uri": uri(path), "uriBaseId": "ROOT"}, "region": region(*span)}}),
        Location::Plan { line } => json!({"physicalLocation": {
            "artifactLocation": {"uri": "seaworthy.toml", "uriBaseId": "ROOT"}, "region": {"startLine": line}}}),
        Location::Artifact { path } => {
            json!({"physicalLocation": {"artifactLocation": {"uri": uri(path), "uriBaseId": "ROOT"}}})
        }
        Location::Endpoint { .. } | Location::Project { .. } => {
            json!({"logicalLocations": [{"fullyQualifiedName": place.to_string()}]})
        }
    }
}

fn region(span: Span) -> Value {
    json!({"startLine": span.line, "startColumn": span.column, "endLine": span.end_line, "endColumn": span.end_column})
}

/// A path as a URI reference (RFC 3986): everything but unreserved characters and `/` is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

//! The lines around a finding.

use std::collections::BTreeMap;

use seaworthy_checks::tree::Tree;
use seaworthy_core::{Location, Observation, Span, limits};

use crate::report::model::Excerpt;

/// Lines shown before and after.
const AROUND: u32 = 1;
/// Lines of a finding shown at most.
const MOST: u32 = 6;

/// Checks whose findings stand on a secret. A report is read and passed on by more people than the source is.
const OF_SECRETS: [&str; 6] = [
    "client-side-secret",
    "default-credentials",
    "fallback-secret",
    "hardcoded-secret",
    "plaintext-password",
    "plaintext-secret",
];

/// Characters of a secret that are shown, so that it is recognised.
const SHOWN: usize = 4;

/// The lines around every finding that has a place in the source. What a finding about a secret stands on is masked in all of them.
pub(crate) fn excerpts(tree: &Tree, observations: &[Observation]) -> BTreeMap<(String, u32), Excerpt> {
    let places = || {
        let findings = observations.iter().flat_map(|observation| &observation.findings);
        findings.filter_map(|finding| match &finding.primary {
            Location::Source { path, span } => Some((finding, path, *span)),
            _ => None,
        })
    };
    let mut secrets: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for (finding, path, span) in places().filter(|(one, ..)| OF_SECRETS.contains(&one.rule.as_str())) {
        secrets.entry(path).or_default().push(span);
        let related = finding.related.iter().filter_map(|related| match &related.location {
            Location::Source { path, span } => Some((path.as_str(), *span)),
            _ => None,
        });
        related.for_each(|(path, span)| secrets.entry(path).or_default().push(span));
    }
    let mut texts: BTreeMap<&str, Option<String>> = BTreeMap::new();
    let mut excerpts = BTreeMap::new();
    for (_, path, span) in places() {
        let text = texts.entry(path).or_insert_with(|| tree.read_text(path, limits::SOURCE_FILE_BYTES));
        let Some(text) = text else { continue };
        let first_line = span.line.saturating_sub(AROUND).max(1);
        // An observation that was imported may say any line.
        let last_line = span.end_line.min(span.line.saturating_add(MOST)).saturating_add(AROUND);
        let count = last_line.saturating_sub(first_line) as usize + 1;
        let lines = (first_line..).zip(text.lines().skip(first_line as usize - 1).take(count));
        let spans = secrets.get(path.as_str()).map_or(&[][..], Vec::as_slice);
        let lines = lines.map(|(number, line)| masked(number, line, spans)).collect();
        excerpts.insert((path.clone(), span.line), Excerpt { first_line, lines });
    }
    excerpts
}

/// A line in which what the spans cover is masked: the insides of texts, or all of it where there is none.
fn masked(number: u32, line: &str, spans: &[Span]) -> String {
    let mut chars: Vec<char> = line.chars().collect();
    for span in spans.iter().filter(|span| (span.line..=span.end_line).contains(&number)) {
        let from = if number == span.line { span.column.saturating_sub(1) as usize } else { 0 };
        let to =
            if number == span.end_line { span.end_column.saturating_sub(1) as usize } else { chars.len() };
        let (from, to) = (from.min(chars.len()), to.min(chars.len()));
        let Some(covered) = chars.get_mut(from..to.max(from)) else { continue };
        let is_quote = |c: char| matches!(c, '"' | '\'' | '`');
        // A text that begins on another line has no quote on this one that would tell inside from outside.
        let whole = span.line != span.end_line || !covered.iter().any(|c| is_quote(*c));
        let (mut open, mut shown) = (None, 0);
        for c in covered {
            match open {
                _ if whole => {}
                None => {
                    if is_quote(*c) {
                        (open, shown) = (Some(*c), 0);
                    }
                    continue;
                }
                Some(quote) if *c == quote => {
                    open = None;
                    continue;
                }
                Some(_) => {}
            }
            if shown >= SHOWN && !c.is_whitespace() {
                *c = '*';
            }
            shown += 1;
        }
    }
    chars.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(line: u32, column: u32, end_column: u32) -> Span {
        Span { line, column, end_line: line, end_column }
    }

    #[test]
    fn of_a_secret_only_the_beginning_is_shown() {
        let line = "KEY = \"AKIAPTGZ6J\" + other";
        assert_eq!(masked(1, line, &[span(1, 7, 19)]), "KEY = \"AKIA******\" + other");
        assert_eq!(masked(1, line, &[span(1, 1, 19)]), "KEY = \"AKIA******\" + other");
        assert_eq!(masked(2, line, &[span(1, 1, 19)]), line);
        assert_eq!(masked(1, "KEY=AKIAPTGZ", &[span(1, 5, 13)]), "KEY=AKIA****");
        let long = Span { line: 1, column: 1, end_line: 3, end_column: 4 };
        assert_eq!(masked(2, "MIIEowIBAAKC", &[long]), "MIIE********");
        assert_eq!(masked(1, "ä", &[span(1, u32::MAX, u32::MAX)]), "ä");
    }

    #[test]
    fn a_line_that_no_file_has_is_no_excerpt() {
        use seaworthy_core::finding::Identity;
        use seaworthy_core::{Finding, RuleId};
        let far = Span { line: u32::MAX, column: 1, end_line: u32::MAX, end_column: 2 };
        let place = Location::Source { path: "a.py".to_owned(), span: far };
        let finding =
            Finding::at(&RuleId::known("float-money"), place, "wrong").identify(Identity::default());
        let seen: Observation = serde_json::from_value(serde_json::json!({
            "subject": {"tree": "0".repeat(64), "git_commit": null, "base": null, "critical": {}},
            "producer": {"kind": "check", "id": "float-money", "version": 1},
            "failure_mode": "compounding-error", "outcome": {"kind": "broken"}, "findings": [finding], "skipped": [],
            "trials": 1, "bound": null, "span": {"started_at": "2026-01-01T00:00:00Z", "duration_ms": 1},
            "inputs": "0".repeat(64), "artifacts": []
        }))
        .unwrap();
        let shown = excerpts(&Tree::of_files([("a.py", "x = 1\n")]), &[seen]);
        assert!(shown.values().all(|excerpt| excerpt.lines.is_empty()));
    }
}

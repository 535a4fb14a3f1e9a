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

/// Those of them that say the text itself, which everybody knows who has the source, and without which they are not understood. One that
/// was made at random is only hinted at (`v9dn…`), and is masked.
const SAID: [&str; 2] = ["default-credentials", "fallback-secret"];

/// A secret: where it stands, what is said of it, and whether it is the place itself or one that belongs to it.
#[derive(Clone, Copy)]
struct Secret<'a> {
    span: Span,
    message: &'a str,
    is_primary: bool,
}

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
    let mut secrets: BTreeMap<&str, Vec<Secret<'_>>> = BTreeMap::new();
    let of_secrets = places().filter(|(one, ..)| {
        let rule = one.rule.as_str();
        OF_SECRETS.contains(&rule) && (one.message.contains('…') || !SAID.contains(&rule))
    });
    for (finding, path, span) in of_secrets {
        let message = finding.message.as_str();
        secrets.entry(path).or_default().push(Secret { span, message, is_primary: true });
        let related = finding.related.iter().filter_map(|related| match &related.location {
            Location::Source { path, span } => Some((path.as_str(), *span)),
            _ => None,
        });
        related.for_each(|(path, span)| {
            secrets.entry(path).or_default().push(Secret { span, message, is_primary: false });
        });
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
        let secrets = secrets.get(path.as_str()).map_or(&[][..], Vec::as_slice);
        let lines = lines.map(|(number, line)| masked(number, line, text, secrets)).collect();
        excerpts.insert((path.clone(), span.line), Excerpt { first_line, lines });
    }
    excerpts
}

/// A line in which what is secret is masked: the insides of texts that nothing says, or all of what is covered where there is no text.
fn masked(number: u32, line: &str, text: &str, secrets: &[Secret<'_>]) -> String {
    let mut chars: Vec<char> = line.chars().collect();
    if !secrets.is_empty() && is_key_material(line) {
        mask(&mut chars);
    }
    for secret in secrets.iter().filter(|one| (one.span.line..=one.span.end_line).contains(&number)) {
        let span = secret.span;
        let count = chars.len();
        let Some(covered) = chars.get_mut(columns(span, number, count)) else { continue };
        let first = span.line as usize;
        let lines = (span.line..).zip(text.lines().skip(first.saturating_sub(1)));
        let lines: Vec<(u32, &str)> =
            lines.take_while(|(number, _)| *number <= span.end_line).take(LINES).collect();
        // A place inside of a text has its quotes around it, and is the secret as a whole.
        let is_long = span.line != span.end_line;
        let has_text = covered.iter().any(|c| is_quote(*c))
            || is_long && lines.iter().any(|(_, line)| line.contains(is_quote));
        if has_text {
            mask_texts(covered, open_before(number, span, &lines), secret.message);
        } else if secret.is_primary || span.line != span.end_line {
            mask(covered);
        }
    }
    chars.into_iter().collect()
}

/// Lines of a secret that are looked at to tell texts from what is around them.
const LINES: usize = 400;

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`')
}

/// Which characters of a line a span covers.
fn columns(span: Span, number: u32, count: usize) -> std::ops::Range<usize> {
    let from = if number == span.line { span.column.saturating_sub(1) as usize } else { 0 };
    let to = if number == span.end_line { span.end_column.saturating_sub(1) as usize } else { count };
    let (from, to) = (from.min(count), to.min(count));
    from..to.max(from)
}

/// The quote of the text that a line of a span begins in.
fn open_before(number: u32, span: Span, lines: &[(u32, &str)]) -> Option<char> {
    let mut open = None;
    for (at, line) in lines.iter().take_while(|(at, _)| *at < number) {
        let chars: Vec<char> = line.chars().collect();
        let covered = chars.get(columns(span, *at, chars.len())).unwrap_or_default();
        for c in covered {
            match open {
                None if is_quote(*c) => open = Some(*c),
                Some(quote) if quote == *c => open = None,
                _ => {}
            }
        }
        // Only these go on behind the end of their line.
        let goes_on =
            open == Some('`') || line.contains("\"\"\"") || line.contains("'''") || line.ends_with('\\');
        let inside = at > &span.line && open.is_some();
        open = open.filter(|_| goes_on || inside);
    }
    open
}

/// Masks the insides of the texts of a line that the message does not say anyway.
fn mask_texts(covered: &mut [char], mut open: Option<char>, message: &str) {
    let mut from = 0;
    for at in 0..=covered.len() {
        let here = covered.get(at).copied();
        let ends = open.is_some() && (here.is_none() || here == open);
        if ends {
            let inside = covered.get_mut(from..at).unwrap_or_default();
            let text: String = inside.iter().collect();
            let is_said = !text.is_empty()
                && ['`', '"'].iter().any(|quote| message.contains(&format!("{quote}{text}{quote}")));
            if !is_said {
                mask(inside);
            }
            open = None;
        } else if open.is_none() && here.is_some_and(is_quote) {
            (open, from) = (here, at + 1);
        }
    }
}

/// Leaves only the beginning.
fn mask(covered: &mut [char]) {
    covered.iter_mut().skip(SHOWN).filter(|c| !c.is_whitespace()).for_each(|c| *c = '*');
}

/// Whether a line is nothing but a stretch of base64: a line of a key, also where only its first lines are the finding's.
fn is_key_material(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 48 && line.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(line: u32, column: u32, end_column: u32) -> Span {
        Span { line, column, end_line: line, end_column }
    }

    fn secret(span: Span) -> Secret<'static> {
        Secret { span, message: "`SECRET_KEY` is written here (`AKIA…`)", is_primary: true }
    }

    fn one(line: &str, span: Span) -> String {
        masked(1, line, line, &[secret(span)])
    }

    #[test]
    fn of_a_secret_only_the_beginning_is_shown() {
        let line = "KEY = \"AKIAPTGZ6J\" + other";
        assert_eq!(one(line, span(1, 7, 19)), "KEY = \"AKIA******\" + other");
        assert_eq!(one(line, span(1, 1, 19)), "KEY = \"AKIA******\" + other");
        assert_eq!(masked(2, line, line, &[secret(span(1, 1, 19))]), line);
        assert_eq!(one("KEY=AKIAPTGZ", span(1, 5, 13)), "KEY=AKIA****");
        assert_eq!(one("K = \"AKIAPTGZ\"", span(1, 6, 14)), "K = \"AKIA****\"");
        assert_eq!(one("ä", span(1, u32::MAX, u32::MAX)), "ä");
        let long = Span { line: 1, column: 1, end_line: 3, end_column: 4 };
        assert_eq!(masked(2, "MIIEowIBAAKC", "-----\nMIIEowIBAAKC\n---", &[secret(long)]), "MIIE********");
    }

    #[test]
    fn what_the_message_says_and_what_is_no_text_is_shown() {
        let line = "x = os.environ.get(\"SECRET_KEY\", \"AKIAPTGZ6J\")";
        assert_eq!(one(line, span(1, 5, 48)), "x = os.environ.get(\"SECRET_KEY\", \"AKIA******\")");
        let lines = "const users = [{\n  id: 1,\n  key: `AKIAPTGZ6J\nBBBBBBBB`,\n}]";
        let whole = Span { line: 1, column: 15, end_line: 5, end_column: 3 };
        let line = |number: u32| {
            let line = lines.lines().nth(number as usize - 1).unwrap();
            masked(number, line, lines, &[secret(whole)])
        };
        assert_eq!(line(2), "  id: 1,");
        assert_eq!(line(3), "  key: `AKIA******");
        assert_eq!(line(4), "BBBB****`,");
        let key = "A".repeat(64);
        let key = masked(3, &key, "", &[secret(span(1, 1, 5))]);
        assert_eq!(key, format!("AAAA{}", "*".repeat(60)));
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

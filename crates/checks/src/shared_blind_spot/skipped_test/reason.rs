//! What counts as a reason.

use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::facts::words::words;

/// A reason that the framework was given, when it says something.
pub(super) fn said(text: &str) -> Option<String> {
    const NOTHING: &str = "skip skipped skipping todo fixme disabled disable wip tmp temp temporary temporarily broken fail \
                        fails failing ignore ignored xxx test tests this for now me reason later";
    let text = text.trim();
    let says = words(text).iter().any(|word| NOTHING.split(' ').all(|other| other != word));
    says.then(|| shortened(text))
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// A comment on the lines of a place, or alone right above it, that says why something is skipped.
pub(super) fn beside(file: &SourceFile, at: Extent) -> Option<String> {
    let (first, last) = (file.lines.line(at.start), file.lines.line(at.end.saturating_sub(1).max(at.start)));
    let mut above = first;
    let mut found = None;
    for comment in file.syntax.comments.iter().rev() {
        let (start, end) =
            (file.lines.line(comment.extent.start), file.lines.line(comment.extent.end.saturating_sub(1)));
        let is_beside = (first..=last).contains(&start);
        let is_above = comment.alone && end + 1 == above;
        if is_above {
            above = start;
        }
        if is_beside || is_above {
            found = says_why(file.text_of(comment.extent)).or(found);
        }
    }
    found
}

/// The text of a comment that says why, without its marks.
pub(super) fn says_why(comment: &str) -> Option<String> {
    const WHY: &str = "skip skipped skipping skips disable disabled ignore ignored flaky flakey because since until \
                        todo fixme issue bug fails fail failing broken breaks needs need requires require slow takes \
                        unsupported supported work works working enable reenable wait waiting blocked hangs times \
                        timeout timing only manually manual https http jira ticket not cannot can doesn unstable race \
                        later upstream depends network expensive long";
    let text = comment.trim_matches(|c: char| c.is_whitespace() || "#/*!".contains(c));
    let words = words(text);
    let has_issue = text.char_indices().any(|(at, c)| {
        c == '#' && text.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    let says =
        has_issue || (words.len() > 2 && words.iter().any(|word| WHY.split(' ').any(|other| other == word)));
    // Directions to tools, and our own finding quoted beside the code, are nobody's reason.
    let is_other =
        text.starts_with("eslint-") || text.starts_with("seaworthy:") || text.contains("[skipped-test]");
    (says && !is_other).then(|| said(text)).flatten()
}

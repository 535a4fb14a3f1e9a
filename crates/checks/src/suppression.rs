//! Findings set aside in the source: `seaworthy: allow(ID) REASON` in a comment, on the line of the finding or alone above it.
//!
//! It works in comments only; in a string it is text. Several ids are separated by commas. What is set aside is shown in every
//! report with its reason; one without a reason, of an unknown id, or that sets nothing aside is a finding itself
//! ([`crate::hallucinated_confidence::unsound_suppression`]).

use std::collections::BTreeSet;

use seaworthy_core::RuleId;

use crate::facts::lines::Lines;
use crate::facts::syntax::{Comment, Extent};

/// What a comment must begin with, after its marks.
const WORD: &str = "seaworthy:";

/// One comment that sets findings aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The comment.
    pub extent: Extent,
    /// The line whose findings are set aside, from 1.
    pub line: u32,
    /// Of which checks.
    pub ids: Vec<RuleId>,
    /// Why; empty when nothing is said.
    pub reason: String,
    /// Whether it begins as one and does not go on as one.
    pub malformed: bool,
}

/// Which suppressions set something aside: by path, place in the file's list, and id.
pub(crate) type Used = BTreeSet<(String, usize, RuleId)>;

/// Whether a text may have suppressions in it: a look that costs little.
pub(crate) fn may_be_in(text: &str) -> bool {
    text.contains(WORD)
}

/// The suppressions among the comments of a text, in order.
pub(crate) fn read(text: &str, lines: &Lines, comments: &[Comment]) -> Vec<Suppression> {
    if !may_be_in(text) {
        return Vec::new();
    }
    let file = Commented { text, lines, comments };
    comments.iter().filter_map(|comment| read_one(file, comment)).collect()
}

/// A text with its lines and comments.
#[derive(Clone, Copy)]
struct Commented<'f> {
    text: &'f str,
    lines: &'f Lines,
    comments: &'f [Comment],
}

impl<'f> Commented<'f> {
    fn text_of(self, extent: Extent) -> &'f str {
        self.text.get(extent.start as usize..extent.end as usize).unwrap_or_default()
    }
}

fn read_one(file: Commented<'_>, comment: &Comment) -> Option<Suppression> {
    let text = file.text_of(comment.extent);
    let marks = |c: char| c.is_whitespace() || "#/*!-<".contains(c);
    let said = text.trim_start_matches(marks).strip_prefix(WORD)?.trim_start();
    let said = said.trim_end().trim_end_matches("*/").trim_end_matches("-->").trim_end();
    let own = file.lines.line(comment.extent.end.saturating_sub(1).max(comment.extent.start));
    let line = if comment.alone { next_code_line(file, own) } else { file.lines.line(comment.extent.start) };
    let mut found =
        Suppression { extent: comment.extent, line, ids: Vec::new(), reason: String::new(), malformed: true };
    let Some((ids, reason)) =
        said.strip_prefix("allow").and_then(|rest| rest.trim_start().strip_prefix('(')?.split_once(')'))
    else {
        return Some(found);
    };
    found.ids = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(RuleId::from).collect();
    found.malformed = found.ids.is_empty();
    // A dash or colon before the reason is no reason.
    found.reason =
        reason.trim_start_matches(|c: char| c.is_whitespace() || "-:—–".contains(c)).trim().to_owned();
    Some(found)
}

/// The first line after `line` that is not blank and has more than a comment.
fn next_code_line(file: Commented<'_>, line: u32) -> u32 {
    let mut next = line + 1;
    loop {
        let Some(start) = file.lines.start(next) else { return line + 1 };
        let end = file
            .lines
            .start(next + 1)
            .unwrap_or(u32::MAX)
            .min(u32::try_from(file.text.len()).unwrap_or(u32::MAX));
        let text = file.text_of(Extent { start, end });
        let first = start + u32::try_from(text.len() - text.trim_start().len()).unwrap_or(0);
        let comment = file
            .comments
            .iter()
            .find(|comment| comment.alone && comment.extent.start <= first && first < comment.extent.end);
        match comment {
            _ if text.trim().is_empty() => next += 1,
            Some(comment) => next = file.lines.line(comment.extent.end.saturating_sub(1)) + 1,
            None => return next,
        }
    }
}

/// The suppression that sets aside a finding of `rule` on the lines from `first` to `last`, with its place in the file's list.
/// A finding of several lines may be answered on its first or its last.
pub(crate) fn covering<'f>(
    suppressions: &'f [Suppression],
    rule: &RuleId,
    first: u32,
    last: u32,
) -> Option<(usize, &'f Suppression)> {
    suppressions
        .iter()
        .enumerate()
        .find(|(_, given)| (given.line == first || given.line == last) && given.ids.contains(rule))
}

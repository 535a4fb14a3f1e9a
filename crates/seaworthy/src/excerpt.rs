//! The lines around a finding.

use std::collections::BTreeMap;

use seaworthy_checks::tree::Tree;
use seaworthy_core::{Location, Observation, limits};

use crate::report::model::Excerpt;

/// Lines shown before and after.
const AROUND: u32 = 1;
/// Lines of a finding shown at most.
const MOST: u32 = 6;

/// The lines around every finding that has a place in the source.
pub(crate) fn excerpts(tree: &Tree, observations: &[Observation]) -> BTreeMap<(String, u32), Excerpt> {
    let mut texts: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut excerpts = BTreeMap::new();
    for finding in observations.iter().flat_map(|observation| &observation.findings) {
        let Location::Source { path, span } = &finding.primary else { continue };
        let text =
            texts.entry(path.clone()).or_insert_with(|| tree.read_text(path, limits::SOURCE_FILE_BYTES));
        let Some(text) = text else { continue };
        let first_line = span.line.saturating_sub(AROUND).max(1);
        let last_line = span.end_line.min(span.line + MOST) + AROUND;
        let lines = text.lines().skip(first_line as usize - 1).take((last_line - first_line) as usize + 1);
        let lines = lines.map(str::to_owned).collect();
        excerpts.insert((path.clone(), span.line), Excerpt { first_line, lines });
    }
    excerpts
}

//! Tests that stand in comments.

use std::sync::LazyLock;

use regex::Regex;

use super::reason::says_why;
use super::{How, Skip};
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::language::Language;

/// The head of a test, after the marks of a comment; the name is a group of it.
static PYTHON: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:async )?def (test\w*)\(.*\).*:$").ok());
static SCRIPT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"^(?:it|test|specify)(?:\.\w+)?\(\s*["'`](.*?)["'`]\s*,\s*(?:async\s*)?(?:function\b.*\{|\(?[\w\s,{}]*\)?\s*=>\s*[{(]?)\s*$"#).ok()
});
static RUST: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(?:pub )?(?:async )?fn (\w+)\(").ok());

/// The commented tests of a file that has tests; one for each run of comments.
pub(super) fn skips(file: &SourceFile, has_tests: bool) -> Vec<Skip> {
    if !has_tests && !file.is_test {
        return Vec::new();
    }
    runs(file).into_iter().filter_map(|run| in_run(file, &run)).collect()
}

/// Comments that stand alone one line below the other, or with one empty line between.
fn runs(file: &SourceFile) -> Vec<Vec<Extent>> {
    let mut runs: Vec<Vec<Extent>> = Vec::new();
    let mut next = 0;
    for comment in file.syntax.comments.iter().filter(|comment| comment.alone) {
        let first = file.lines.line(comment.extent.start);
        match runs.last_mut() {
            Some(run) if first == next || (first == next + 1 && is_empty(file, next)) => {
                run.push(comment.extent)
            }
            _ => runs.push(vec![comment.extent]),
        }
        next = file.lines.line(comment.extent.end.saturating_sub(1)) + 1;
    }
    runs
}

fn is_empty(file: &SourceFile, line: u32) -> bool {
    let (start, end) = (file.lines.start(line), file.lines.start(line + 1));
    let text = start.zip(end).map(|(start, end)| file.text_of(Extent { start, end }));
    text.is_some_and(|text| text.trim().is_empty())
}

/// The lines of a run, each with where it stands, without the marks of comments. Documentation is no code.
fn lines<'f>(file: &'f SourceFile, run: &[Extent]) -> Vec<(Extent, &'f str)> {
    let mut lines = Vec::new();
    for extent in run {
        let text = file.text_of(*extent);
        if ["/**", "///", "//!", "/*!"].iter().any(|mark| text.starts_with(mark)) {
            continue;
        }
        let mut start = extent.start;
        for line in text.split('\n') {
            let code = line.trim().trim_start_matches(['#', '/', '*']).trim_end_matches("*/").trim();
            // `# #[test]` of Rust keeps its own mark.
            let code = if file.language == Language::Rust {
                line.trim().trim_start_matches(['/', '*']).trim()
            } else {
                code
            };
            let end = start + u32::try_from(line.len()).unwrap_or(0);
            lines.push((Extent { start, end }, code));
            start = end + 1;
        }
    }
    lines
}

fn in_run(file: &SourceFile, run: &[Extent]) -> Option<Skip> {
    let lines = lines(file, run);
    let head = match file.language {
        Language::Python => &PYTHON,
        Language::JavaScript | Language::TypeScript => &SCRIPT,
        Language::Rust => &RUST,
    };
    let head = head.as_ref()?;
    let found = lines.iter().enumerate().find_map(|(at, (extent, code))| {
        let name = head.captures(code)?.get(1)?.as_str();
        // A test of Rust is told by what stands above it, the others by what stands below: code, not prose.
        let is_test = match file.language {
            Language::Rust => at
                .checked_sub(1)
                .and_then(|above| lines.get(above))
                .is_some_and(|(_, code)| code.starts_with("#[") && code.contains("test")),
            _ => lines.get(at + 1..).unwrap_or_default().iter().any(|(_, code)| is_code(code)),
        };
        is_test.then_some((at, *extent, name))
    });
    let (at, extent, name) = found?;
    let above = lines.get(..at).unwrap_or_default();
    let reason = above.iter().rev().find_map(|(_, line)| if is_code(line) { None } else { says_why(line) });
    Some(Skip { at: extent, name: name.to_owned(), how: How::CommentedOut, reason })
}

/// Whether a line reads as code of a test and not as prose.
fn is_code(line: &str) -> bool {
    let ends = [")", ");", "{", "}", "});", "})", ":", ";"].iter().any(|end| line.ends_with(end));
    let begins = ["assert", "expect", "return", "await", "const", "let", "with", "self.", "#[", "@"]
        .iter()
        .any(|begin| line.starts_with(begin));
    begins || (ends && line.contains(['(', '=']))
}

//! Matches rules in one file, and says what they find there.

use ast_grep_config::LabelStyle;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_core::{AstGrep, NodeMatch};
use seaworthy_core::limits::RULE_FINDINGS;
use seaworthy_core::{Confidence, Location, NotChecked, Severity};

use super::text_file::extent;
use super::{Grammar, Rule, TextFile};
use crate::facts::lines::Lines;
use crate::facts::source::SourceFile;
use crate::report::{Draft, Report};

/// A file that rules are matched in.
#[derive(Clone, Copy)]
pub(crate) enum Read<'f> {
    /// One that all checks look at.
    Source(&'f SourceFile),
    /// One in a language of which only the rules know.
    Text(&'f TextFile),
}

impl<'f> Read<'f> {
    pub(crate) fn path(self) -> &'f str {
        match self {
            Self::Source(file) => &file.path,
            Self::Text(file) => &file.path,
        }
    }

    fn text(self) -> &'f str {
        match self {
            Self::Source(file) => &file.text,
            Self::Text(file) => &file.text,
        }
    }

    fn lines(self) -> &'f Lines {
        match self {
            Self::Source(file) => &file.lines,
            Self::Text(file) => &file.lines,
        }
    }
}

/// What one rule says of one file, into a report.
type Saying<'r, 's> = &'s mut dyn FnMut(&mut Report<'r>);

/// Says what the rules find in a file; `say` runs a rule, guarded, when it applies.
pub(crate) fn on_file<'r>(
    rules: &[&'r Rule],
    file: Read<'_>,
    say: &mut dyn FnMut(usize, &'r Rule, Saying<'r, '_>),
) {
    let Some(grammar) = Grammar::of_path(file.path()) else { return };
    let mut parsed = None;
    for (at, rule) in rules.iter().enumerate() {
        if !rule.applies_to(grammar, file.path()) {
            continue;
        }
        let tree = parsed.get_or_insert_with(|| StrDoc::try_new(file.text(), grammar).map(AstGrep::doc));
        say(at, rule, &mut |report| match tree {
            Ok(tree) => {
                report.trial();
                matches(rule, file, tree, report);
            }
            Err(why) => {
                report.cut_short(file.path(), format!("could not be parsed for {}: {why}", rule.id()))
            }
        });
    }
}

/// What the rules say that apply to files which could not be read: that they have not looked at everything.
pub(crate) fn on_unread<'r>(rules: &[&'r Rule], not_read: &[NotChecked]) -> Vec<(usize, Report<'r>)> {
    let applies = |rule: &Rule, path: &str| {
        Grammar::of_path(path).is_some_and(|grammar| rule.applies_to(grammar, path))
    };
    let said = rules.iter().enumerate().filter_map(|(at, rule)| {
        let one = not_read.iter().find(|one| applies(rule, &one.what))?;
        let mut report = Report::new(&rule.meta);
        // It is listed already, with the files that were not read.
        report.cut_short = Some(format!("{}: {}", one.what, one.why));
        Some((at, report))
    });
    said.collect()
}

fn matches(rule: &Rule, file: Read<'_>, tree: &AstGrep<StrDoc<Grammar>>, report: &mut Report<'_>) {
    let (root, mut count) = (tree.root(), 0_usize);
    for found in root.find_all(&rule.config.matcher) {
        count += 1;
        if count <= RULE_FINDINGS {
            report.add(draft(rule, file, &found, report));
        }
    }
    if let Some(more) = count.checked_sub(RULE_FINDINGS).filter(|more| *more > 0) {
        report.skip(
            format!("{more} more matches of {} in {}", rule.id(), file.path()),
            format!("only the first {RULE_FINDINGS} of a file are listed"),
        );
    }
}

fn draft(rule: &Rule, file: Read<'_>, found: &NodeMatch<'_, StrDoc<Grammar>>, report: &Report<'_>) -> Draft {
    let place = extent(found.range());
    let message = match rule.config.get_message(found) {
        message if message.trim().is_empty() => {
            format!("the project's rule `{}` matches here", rule.written_id())
        }
        message => message.trim().to_owned(),
    };
    let draft = match file {
        Read::Source(file) => report.at(file, place, message),
        Read::Text(file) => report.at_text(&file.path, &file.text, place, message),
    };
    let mut draft = draft.severity(rule.severity.unwrap_or(Severity::Note)).confidence(Confidence::High);
    if let Some(advice) = advice(rule, found) {
        draft = draft.advice(advice);
    }
    for label in rule.config.get_labels(found) {
        if label.style == LabelStyle::Secondary {
            let span = file.lines().span(file.text(), extent(label.range()));
            let location = Location::Source { path: file.path().to_owned(), span };
            draft = draft.related_at(location, label.message.unwrap_or("belongs to it"));
        }
    }
    draft
}

/// The rule's note; without one, what its `fix` would write.
fn advice(rule: &Rule, found: &NodeMatch<'_, StrDoc<Grammar>>) -> Option<String> {
    const LONGEST: usize = 200;
    if let Some(note) = rule.config.note.as_deref().map(str::trim).filter(|note| !note.is_empty()) {
        return Some(note.to_owned());
    }
    let edit = found.make_edit(&rule.config.matcher, rule.config.fixer.first()?);
    let written = String::from_utf8(edit.inserted_text).ok()?;
    let is_short = written.len() <= LONGEST && !written.contains('\n');
    (is_short && !written.trim().is_empty()).then(|| format!("write `{}`", written.trim()))
}

//! An arrival as a finding: where it does harm, what it is, and the way it came.

use seaworthy_core::{Confidence, Severity};

use super::{Arrival, Flow, Risk, stored};
use crate::context::Context;
use crate::facts::plain_text;
use crate::language::Language;
use crate::report::Report;

/// What a check says of its kind of harm.
pub(crate) struct Words {
    /// The kind.
    pub(crate) risk: Risk,
    /// After "`x` gets into ": `the SQL of`.
    pub(crate) into: &'static str,
    /// After a colon: what the caller can do with it.
    pub(crate) harm: &'static str,
    /// How much it weighs.
    pub(crate) severity: Severity,
    /// What to write instead, in Python.
    pub(crate) python: &'static str,
    /// What to write instead, in JavaScript.
    pub(crate) script: &'static str,
}

/// Says everything of one kind.
pub(crate) fn say(context: &Context<'_>, flow: &Flow, report: &mut Report<'_>, words: &Words) {
    let looked = flow.looked.get(&words.risk).copied().unwrap_or_default();
    (0..looked).for_each(|_| report.trial());
    if let Some(first) = flow.cut_short.first() {
        let what = match flow.cut_short.len() {
            1 => first.what.clone(),
            count => format!("{} and {} more", first.what, count - 1),
        };
        report.cut_short(what, first.why.clone());
    }
    for arrival in flow.arrivals.iter().filter(|arrival| arrival.risk == words.risk) {
        let Some(file) = context.files.get(arrival.file) else { continue };
        let Arrival { extent, what, into, way, .. } = arrival;
        let is_left = stored::left_in(arrival).is_some();
        let what =
            if is_left { format!("{what}, which callers leave in the database,") } else { what.clone() };
        let place = arrival.template.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        let message = format!("{what} gets into {} `{into}`{place}: {}", words.into, words.harm);
        let advice = match file.language {
            Language::Python => words.python,
            _ => words.script,
        };
        // Who may write into a column, and whether the same text comes back out of it, is not followed.
        let (severity, confidence) = if is_left {
            (words.severity.min(Severity::Warning), Confidence::Medium)
        } else if plain_text::only_shows(context, &file.path) {
            (words.severity.min(Severity::Warning), Confidence::High)
        } else {
            (words.severity, Confidence::High)
        };
        let mut draft = report
            .at(file, *extent, message)
            .severity(severity)
            .confidence(confidence)
            .advice(advice)
            .identified_by(file.text_of(arrival.argument))
            .reached_by(arrival.reached_by.clone());
        for (at, extent, note) in way {
            if let Some(file) = context.files.get(*at) {
                draft = draft.related(file, *extent, note.clone());
            }
        }
        report.add(draft);
    }
}

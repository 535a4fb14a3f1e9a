//! What a check says. Fingerprints, ordinals, suppression and places are the frame's business, not the check's.

use seaworthy_core::finding::FindingBuilder;
use seaworthy_core::{Confidence, Finding, Location, NotChecked, Severity};

use crate::facts::lines::Lines;
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::flow::Way;
use crate::registry::Meta;

/// Collects what one check says about one file or the project.
pub struct Report<'a> {
    meta: &'a Meta,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) skipped: Vec<NotChecked>,
    pub(crate) trials: u64,
    /// Why it did not look at everything that it should have.
    pub(crate) cut_short: Option<String>,
}

/// A finding before its fingerprint is known. Give it to [`Report::add`].
#[must_use = "a draft says nothing until it is added"]
#[derive(Debug)]
pub struct Draft {
    pub(crate) builder: FindingBuilder,
    pub(crate) path: String,
    pub(crate) start: u32,
    pub(crate) line: u32,
    pub(crate) end_line: u32,
    pub(crate) symbol: String,
    pub(crate) text: String,
    pub(crate) variant: &'static str,
    pub(crate) ordinal: u32,
    /// The ways there, in order. One more is a new way to an old place.
    pub(crate) reached_by: Vec<Way>,
}

impl<'a> Report<'a> {
    /// An empty report of the check.
    pub fn new(meta: &'a Meta) -> Self {
        Self { meta, drafts: Vec::new(), skipped: Vec::new(), trials: 0, cut_short: None }
    }

    /// Begins a finding at a place of a file, saying `message`. Severity error, confidence high, until said otherwise;
    /// the enclosing function and the text of the place identify it.
    pub fn at(&self, file: &SourceFile, extent: Extent, message: impl Into<String>) -> Draft {
        let location = file.location(extent);
        let (line, end_line) = match &location {
            Location::Source { span, .. } => (span.line, span.end_line),
            _ => (0, 0),
        };
        Draft {
            builder: Finding::at(&self.meta.id, location, message),
            path: file.path.clone(),
            start: extent.start,
            line,
            end_line,
            symbol: file.symbol_at(extent.start).to_owned(),
            text: file.text_of(extent).to_owned(),
            variant: "",
            ordinal: 0,
            reached_by: Vec::new(),
        }
    }

    /// Begins a finding at a place of a file that is no source: a setting, a page, a bundle. Like [`Report::at`] otherwise.
    pub fn at_text(&self, path: &str, text: &str, extent: Extent, message: impl Into<String>) -> Draft {
        let span = Lines::of(text).span(text, extent);
        let place = Location::Source { path: path.to_owned(), span };
        Draft {
            builder: Finding::at(&self.meta.id, place, message),
            path: path.to_owned(),
            start: extent.start,
            line: span.line,
            end_line: span.end_line,
            symbol: String::new(),
            text: text.get(extent.start as usize..extent.end as usize).unwrap_or_default().to_owned(),
            variant: "",
            ordinal: 0,
            reached_by: Vec::new(),
        }
    }

    /// Begins a finding about the project as a whole, such as that something is nowhere in it. Like [`Report::at`] otherwise; no comment
    /// can set it aside.
    pub fn at_project(&self, message: impl Into<String>) -> Draft {
        let path = ".".to_owned();
        let place = Location::Project { path: path.clone() };
        Draft {
            builder: Finding::at(&self.meta.id, place, message),
            path,
            start: 0,
            line: 0,
            end_line: 0,
            symbol: String::new(),
            text: String::new(),
            variant: "",
            ordinal: 0,
            reached_by: Vec::new(),
        }
    }

    /// Whether nothing was said and nothing was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.drafts.is_empty() && self.skipped.is_empty() && self.trials == 0
    }

    /// Adds a finding.
    pub fn add(&mut self, draft: Draft) {
        debug_assert!(draft.variant.is_empty() || self.meta.variants.contains(&draft.variant));
        self.drafts.push(draft);
    }

    /// Says that something could not be looked at, and what would change that.
    pub fn skip(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.skipped.push(NotChecked { what: what.into(), why: why.into() });
    }

    /// Says that looking was ended before its end: having found nothing is then no answer.
    pub fn cut_short(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let (what, why) = (what.into(), why.into());
        self.cut_short = Some(format!("{what}: {why}"));
        self.skip(what, why);
    }

    /// Counts one thing that the check could have found wrong: a comparison, a handler, a test. A check that applies to
    /// something and counts nothing has looked at nothing.
    pub fn trial(&mut self) {
        self.trials += 1;
    }
}

impl Draft {
    /// The text that identifies it, with white space folded.
    pub(crate) fn normal_text(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Which of the check's ways to be wrong; one of `Meta::variants`.
    pub fn variant(mut self, variant: &'static str) -> Self {
        self.builder = self.builder.variant(variant);
        self.variant = variant;
        self
    }

    /// Adds another place to look at, with half a sentence on what is there.
    pub fn related(mut self, file: &SourceFile, extent: Extent, note: impl Into<String>) -> Self {
        self.builder = self.builder.related(file.location(extent), note);
        self
    }

    /// Adds another place to look at, wherever it is.
    pub fn related_at(mut self, location: Location, note: impl Into<String>) -> Self {
        self.builder = self.builder.related(location, note);
        self
    }

    /// The requests that get there, in order.
    pub(crate) fn reached_by(mut self, ways: Vec<Way>) -> Self {
        self.reached_by = ways;
        self
    }

    /// Says of a place that was wrong before by which requests it is reached only now.
    pub(crate) fn reached_anew_by(mut self, requests: &[&str]) -> Self {
        self.builder = self.builder.more(&format!("; reached anew by {}", requests.join(", ")));
        self
    }

    /// What to do about it.
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.builder = self.builder.advice(advice);
        self
    }

    /// How much it weighs, and how sure that is: of an error high confidence, of what weighs less medium.
    pub fn graded(self, severity: Severity) -> Self {
        let confidence = if severity == Severity::Error { Confidence::High } else { Confidence::Medium };
        self.severity(severity).confidence(confidence)
    }

    /// How much it weighs.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.builder = self.builder.severity(severity);
        self
    }

    /// How sure the check is.
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.builder = self.builder.confidence(confidence);
        self
    }

    /// What identifies it instead of the enclosing function.
    pub fn symbol(mut self, symbol: impl Into<String>) -> Self {
        self.symbol = symbol.into();
        self
    }

    /// What identifies it instead of the text of its place: for a secret, say, its name.
    pub fn identified_by(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }
}

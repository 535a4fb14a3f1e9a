//! What is wrong with a file of rules or of their examples, where, and how a person finds the place.

use std::error::Error;

use ast_grep_config::{RuleConfigError, RuleCoreError};

/// A file of rules, or of their examples, that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// It could not be read at all.
    #[error("{path}: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// Something in it is wrong.
    #[error("{path}:{line}: {why}")]
    Wrong {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
}

/// One document of a file: its text, and the line of the file before its first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    pub(super) lines_before: usize,
}

impl<'a> Document<'a> {
    /// The documents of a file, divided by lines that begin with `---`; those without anything but comments are left out.
    pub(super) fn all(path: &'a str, text: &'a str) -> Vec<Self> {
        let mut documents = Vec::new();
        let (mut start, mut first, mut at) = (0, 0, 0);
        for (number, line) in text.split_inclusive('\n').enumerate() {
            if line.trim_end() == "---" {
                documents.push((start, at, first));
                (start, first) = (at + line.len(), number + 1);
            }
            at += line.len();
        }
        documents.push((start, text.len(), first));
        let documents = documents.into_iter().filter_map(|(start, end, lines_before)| {
            Some(Self { path, text: text.get(start..end)?, lines_before })
        });
        documents.filter(|document| !document.is_empty()).collect()
    }

    fn is_empty(&self) -> bool {
        self.text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#'))
    }

    /// The first line of the document that says something, in the file.
    pub(super) fn first_line(&self) -> usize {
        let says = |line: &str| !line.trim().is_empty() && !line.trim().starts_with('#');
        self.lines_before + self.text.lines().position(says).unwrap_or(0) + 1
    }

    /// The line, in the file, on which a key of the document's top stands.
    pub(super) fn line_of_key(&self, key: &str) -> Option<usize> {
        let is_key =
            |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
        self.text.lines().position(is_key).map(|at| self.lines_before + at + 1)
    }

    /// The line, in the file and not before `from`, that has this text.
    fn line_with(&self, from: usize, sought: &str) -> Option<usize> {
        let mut lines = self.text.lines().enumerate().map(|(at, line)| (self.lines_before + at + 1, line));
        lines.find(|(number, line)| *number >= from && line.contains(sought)).map(|(number, _)| number)
    }

    /// What is wrong with a text of the document, which stands below a key.
    pub(super) fn about(&self, text: &str, key: &str, why: impl Into<String>) -> RuleError {
        let section = self.line_of_key(key).unwrap_or_else(|| self.first_line());
        let first = text.lines().next().unwrap_or_default();
        self.wrong(self.line_with(section, first).unwrap_or(section), why)
    }

    pub(super) fn wrong(&self, line: usize, why: impl Into<String>) -> RuleError {
        RuleError::Wrong { path: self.path.to_owned(), line, why: why.into() }
    }

    /// What is wrong with the YAML.
    pub(super) fn yaml(&self, error: &serde_saphyr::Error) -> RuleError {
        let error = error.without_snippet();
        let place = error.location().map(|location| usize::try_from(location.line()).unwrap_or(0));
        let why = without_place(&error.to_string());
        let in_file = place.filter(|line| *line > 0).map(|line| self.lines_before + line);
        // What is found only when the whole map was read has the map's place or the next key's; but it names the key.
        let named = why.split('`').nth(1).and_then(|name| self.line_with(0, name));
        let by_name = named
            .filter(|_| why.starts_with("unknown ") || in_file.is_none_or(|line| line <= self.first_line()));
        self.wrong(by_name.or(in_file).unwrap_or_else(|| self.first_line()), why)
    }

    /// What is wrong with a rule whose YAML is right: a kind, a pattern, a name.
    pub(super) fn rule(&self, error: &RuleConfigError) -> RuleError {
        let key = match error {
            RuleConfigError::Yaml(error) | RuleConfigError::Core(RuleCoreError::Yaml(error)) => {
                return self.yaml(error);
            }
            RuleConfigError::Core(RuleCoreError::Utils(_)) => "utils",
            RuleConfigError::Core(RuleCoreError::Rule(_)) | RuleConfigError::MissingPotentialKinds => "rule",
            RuleConfigError::Core(RuleCoreError::Constraints(_)) => "constraints",
            RuleConfigError::Core(RuleCoreError::Transform(_)) => "transform",
            RuleConfigError::Core(RuleCoreError::UndefinedMetaVar(_, section)) => section,
            RuleConfigError::Fixer(_) => "fix",
            RuleConfigError::Rewriter(_) | RuleConfigError::UndefinedRewriter(_) => "rewriters",
            RuleConfigError::LabelVariable(_) => "labels",
        };
        let why = chain(error);
        let section = self.line_of_key(key).unwrap_or_else(|| self.first_line());
        // The deepest error names what it is about.
        let about = why.rsplit(": ").next().and_then(|last| last.split('`').nth(1));
        let about = about.or_else(|| why.contains("regex parse error").then_some("regex:"));
        let line = about.and_then(|about| self.line_with(section, about)).unwrap_or(section);
        self.wrong(line, why)
    }
}

/// An error with everything that caused it, from the outside in.
fn chain(error: &dyn Error) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.trim_end_matches('.').to_owned();
        // The library's outermost words say nothing of what is wrong.
        let is_wrapping = text.starts_with("Fail to parse yaml as");
        if !is_wrapping && said.last().is_none_or(|last| !last.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    said.join(": ")
}

/// The parser's words without the place, which stands before them already.
fn without_place(said: &str) -> String {
    let said = said.lines().next().unwrap_or_default();
    let end = said.find(" at line ").or_else(|| said.find(" (line ")).unwrap_or(said.len());
    let said = said.get(..end).unwrap_or(said);
    match said.strip_prefix("error: line ").and_then(|rest| rest.split_once(": ")) {
        Some((_, rest)) => rest.to_owned(),
        None => said.to_owned(),
    }
}

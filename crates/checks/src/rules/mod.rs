//! Users' own rules: `.seaworthy/rules/*.yml`, in the format of [ast-grep](https://ast-grep.github.io/reference/yaml.html).
//!
//! Each rule is a check of its own, `rules/ID`: what it finds is weighed, set aside, known before and explained like any other finding. Its
//! examples (`.seaworthy/rules/tests/*-test.yml`: `id`, `valid`, `invalid`) are tried by `seaworthy check --test-rules`.
//!
//! What differs from ast-grep: nothing is rewritten (a `fix` becomes the advice), `ast-grep-ignore` sets nothing aside (`seaworthy:
//! allow(rules/ID) REASON` does), utilities belong to their rule (`utils`), and `metadata: {failure-mode: ..}` says which failure mode a rule
//! answers, `architecture-drift` when nothing is said.

mod error;
mod examples;
mod grammar;
mod read;
mod run;
mod text_file;

use ast_grep_config::RuleConfig;
use globset::GlobSet;
use seaworthy_core::plan::identifiers::RULE_PREFIX;
use seaworthy_core::{Digest, FailureMode, RuleId, Severity};

pub use error::RuleError;
pub use examples::{Example, Failed, Tried};
pub use grammar::Grammar;
pub(crate) use run::{Read, on_file, on_unread};
pub use text_file::TextFile;
pub(crate) use text_file::texts;

use crate::registry::Meta;

/// Where the rules are, from the root.
pub const FOLDER: &str = ".seaworthy/rules";

/// The rules of a project.
#[derive(Default)]
pub struct Rules {
    /// In ascending order of their ids.
    rules: Vec<Rule>,
    digest: Option<Digest>,
}

/// One rule.
pub struct Rule {
    pub(crate) meta: Meta,
    /// The file that it stands in.
    path: String,
    /// The line at which it begins there.
    line: usize,
    /// What its findings weigh; `None` when it is switched off.
    severity: Option<Severity>,
    files: Option<GlobSet>,
    ignores: Option<GlobSet>,
    /// Patterns that are no code of its language.
    unparsed: Vec<String>,
    config: RuleConfig<Grammar>,
}

impl Rules {
    /// No rules.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every rule, in ascending order of their ids.
    pub fn list(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with this id, `rules/` before it.
    pub fn find(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.meta.id.as_str() == id)
    }

    /// Digest of what the rules say; `None` when there are none.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }
}

impl Rule {
    /// Its id, `rules/` before what the file says.
    pub fn id(&self) -> &RuleId {
        &self.meta.id
    }

    /// Its version as a producer: always the same, since what it says is part of the inputs of what it measured.
    pub fn version(&self) -> u32 {
        self.meta.version
    }

    /// The failure mode that it answers.
    pub fn failure_mode(&self) -> FailureMode {
        self.meta.failure_mode
    }

    /// Whether it is switched off by its own `severity`.
    pub fn is_off(&self) -> bool {
        self.severity.is_none()
    }

    /// What about it may keep it from finding anything.
    pub fn doubts(&self) -> impl Iterator<Item = String> {
        let language = self.config.language.names().first().copied().unwrap_or_default();
        self.unparsed.iter().map(move |pattern| {
            let pattern = read::one_line(pattern);
            format!(
                "{}: the pattern `{pattern}` is no whole piece of {language}: it may match nothing",
                self.place()
            )
        })
    }

    /// Its file and line.
    pub fn place(&self) -> String {
        format!("{}:{}", self.path, self.line)
    }

    /// What it finds, in a few words.
    pub fn title(&self) -> String {
        match self.config.message.lines().next() {
            Some(first) => first.to_owned(),
            None => format!("a rule of this project, {}", self.place()),
        }
    }

    /// What it looks for, why, and how to fix it, as Markdown.
    pub fn page(&self) -> String {
        let config = &self.config;
        let language = config.language.names().first().copied().unwrap_or_default();
        let mut page =
            format!("# {}\n\nA rule of this project for {language}: {}.\n", self.meta.id, self.place());
        let said = [Some(config.message.as_str()), config.note.as_deref(), config.url.as_deref()];
        for text in said.into_iter().flatten().map(str::trim).filter(|text| !text.is_empty()) {
            page.push_str(&format!("\n{text}\n"));
        }
        page
    }

    /// Whether it applies to a file, by its language and its globs.
    fn applies_to(&self, grammar: Grammar, path: &str) -> bool {
        let matches = |set: &GlobSet| set.is_match(path);
        self.config.language == grammar
            && !self.ignores.as_ref().is_some_and(matches)
            && self.files.as_ref().is_none_or(matches)
    }

    /// The id as its own file writes it.
    fn written_id(&self) -> &str {
        self.meta.id.as_str().trim_start_matches(RULE_PREFIX)
    }
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.rules.iter().map(|rule| rule.meta.id.as_str())).finish()
    }
}

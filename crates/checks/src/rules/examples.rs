//! The examples beside the rules: what must be found and what must be left alone.

use ast_grep_core::AstGrep;
use ast_grep_core::tree_sitter::StrDoc;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::error::{Document, RuleError};
use super::{Rules, read};
use crate::tree::Tree;

/// Examples of one rule, in ast-grep's test format.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    #[serde(default)]
    valid: Vec<Spanned<String>>,
    #[serde(default)]
    invalid: Vec<Spanned<String>>,
}

/// One example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The rule's id, `rules/` before it.
    pub rule: String,
    /// The file that it stands in.
    pub path: String,
    /// Its line there.
    pub line: usize,
    /// The code.
    pub code: String,
}

/// An example that came out otherwise than it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// It is called valid, and the rule finds something in it.
    Found(Example),
    /// It is called invalid, and the rule finds nothing in it.
    NotFound(Example),
}

/// What came out of trying the examples.
#[derive(Debug, Default)]
pub struct Tried {
    /// How many were tried.
    pub examples: usize,
    /// Those that came out otherwise.
    pub failed: Vec<Failed>,
    /// The rules without any example.
    pub without: Vec<String>,
}

impl Rules {
    /// Tries the examples below `.seaworthy/rules/tests` of a tree. Rules that are switched off are tried too.
    ///
    /// # Errors
    /// When a file of examples cannot be read, says something else, or is about a rule that there is not.
    pub fn try_examples(&self, tree: &Tree) -> Result<Tried, RuleError> {
        let mut tried = Tried::default();
        let mut with: Vec<&str> = Vec::new();
        for entry in read::files(tree, true) {
            // What ast-grep itself writes beside tests.
            if entry.path.split('/').any(|part| part == "__snapshots__") {
                continue;
            }
            let text = read::text(tree, entry)?;
            for document in Document::all(&entry.path, &text) {
                let written: Written =
                    ast_grep_config::from_str(document.text).map_err(|error| document.yaml(&error))?;
                let rule = self.rules.iter().find(|rule| rule.written_id() == written.id);
                let rule = rule.ok_or_else(|| {
                    document.wrong(
                        document.first_line(),
                        format!("there is no rule with the id `{}`", written.id),
                    )
                })?;
                with.push(rule.id().as_str());
                let all = written
                    .valid
                    .iter()
                    .map(|code| (code, false))
                    .chain(written.invalid.iter().map(|code| (code, true)));
                for (code, must_be_found) in all {
                    let line = usize::try_from(code.referenced.line()).unwrap_or(0);
                    let example = Example {
                        rule: rule.id().to_string(),
                        path: document.path.to_owned(),
                        line: document.lines_before + line.max(1),
                        code: code.value.clone(),
                    };
                    tried.examples += 1;
                    let doc = StrDoc::try_new(&code.value, rule.config.language);
                    let doc = doc.map_err(|error| document.wrong(example.line, error))?;
                    let is_found = AstGrep::doc(doc).root().find(&rule.config.matcher).is_some();
                    match (must_be_found, is_found) {
                        (false, true) => tried.failed.push(Failed::Found(example)),
                        (true, false) => tried.failed.push(Failed::NotFound(example)),
                        _ => {}
                    }
                }
            }
        }
        let without = self.rules.iter().map(|rule| rule.id().as_str()).filter(|id| !with.contains(id));
        tried.without = without.map(str::to_owned).collect();
        Ok(tried)
    }
}

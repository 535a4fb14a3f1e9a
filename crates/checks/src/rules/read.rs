//! Reads the rules of a tree.

use std::collections::BTreeMap;

use ast_grep_config::{GlobalRules, RuleConfig, RuleConfigError, SerializableRuleConfig, Severity as Weight};
use ast_grep_core::Pattern;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use seaworthy_core::limits::{RULE_FILE_BYTES, RULES};
use seaworthy_core::plan::identifiers::RULE_PREFIX;
use seaworthy_core::policy::Need;
use seaworthy_core::{Digest, FailureMode, RuleId, Severity};
use serde::Deserialize;
use serde_json::Value;

use super::error::{Document, RuleError};
use super::grammar::Grammar;
use super::{FOLDER, Rule, Rules};
use crate::registry::Meta;
use crate::tree::{Entry, Mode, Tree};

/// The rule files of a tree, or those of their examples, in order of path.
pub(super) fn files(tree: &Tree, examples: bool) -> impl Iterator<Item = &Entry> {
    let is_example = |path: &str| path.split('/').any(|part| part == "tests");
    tree.below(FOLDER).filter(move |entry| {
        let is_yaml = [".yml", ".yaml"].iter().any(|ending| entry.path.ends_with(ending));
        is_yaml && !entry.foreign && entry.mode != Mode::Link && is_example(&entry.path) == examples
    })
}

/// The text of a rule file.
pub(super) fn text(tree: &Tree, entry: &Entry) -> Result<String, RuleError> {
    let unreadable = |why: String| RuleError::Unreadable { path: entry.path.clone(), why };
    let bytes = tree.read(entry, RULE_FILE_BYTES).map_err(|error| unreadable(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| unreadable(format!("is not UTF-8: {error}")))
}

impl Rules {
    /// The rules below [`FOLDER`] of a tree.
    ///
    /// # Errors
    /// When one of the files cannot be read or says something that is no rule: with its path and line.
    pub fn of(tree: &Tree) -> Result<Self, RuleError> {
        let mut rules = Vec::new();
        let mut fields = Vec::new();
        for entry in files(tree, false) {
            let text = text(tree, entry)?;
            for document in Document::all(&entry.path, &text) {
                rules.push(rule(document)?);
                if rules.len() > RULES {
                    return Err(
                        document.wrong(document.first_line(), format!("there are more than {RULES} rules"))
                    );
                }
            }
            fields.push(entry.path.clone());
            fields.push(text);
        }
        unique(&rules)?;
        rules.sort_by(|a, b| a.meta.id.cmp(&b.meta.id));
        let digest = (!rules.is_empty()).then(|| Digest::of_fields(fields));
        Ok(Self { rules, digest })
    }
}

fn unique(rules: &[Rule]) -> Result<(), RuleError> {
    let mut known: BTreeMap<&RuleId, &Rule> = BTreeMap::new();
    for rule in rules {
        if let Some(other) = known.insert(&rule.meta.id, rule) {
            let id = rule.meta.id.as_str().trim_start_matches(RULE_PREFIX);
            let why = format!("the id `{id}` is taken by {}:{}", other.path, other.line);
            return Err(RuleError::Wrong { path: rule.path.clone(), line: rule.line, why });
        }
    }
    Ok(())
}

fn rule(document: Document<'_>) -> Result<Rule, RuleError> {
    let written: SerializableRuleConfig<Grammar> =
        ast_grep_config::from_str(document.text).map_err(|error| document.yaml(&error))?;
    let line = document.first_line();
    let at = |key: &str| document.line_of_key(key).unwrap_or(line);
    let id = id(&written.id).map_err(|why| document.wrong(at("id"), why))?;
    let globs =
        |key: &str| set(&written, key).map_err(|why| document.wrong(at(key), format!("`{key}`: {why}")));
    let (files, ignores) = (globs("files")?, globs("ignores")?);
    let failure_mode = failure_mode(&written).map_err(|why| document.wrong(at("metadata"), why))?;
    let unparsed = unparsed(&written);
    let config =
        RuleConfig::try_from(written, &GlobalRules::default()).map_err(|error| match unparsed.first() {
            // A pattern that does not parse has no kind, which is all that the library says of it.
            Some(pattern) if matches!(error, RuleConfigError::MissingPotentialKinds) => {
                document.about(pattern, "rule", format!("the pattern `{}` does not parse", one_line(pattern)))
            }
            _ => document.rule(&error),
        })?;
    let severity = match config.severity {
        Weight::Error => Some(Severity::Error),
        Weight::Warning => Some(Severity::Warning),
        Weight::Info | Weight::Hint => Some(Severity::Note),
        Weight::Off => None,
    };
    let meta = Meta {
        id,
        // What a rule says is part of the inputs: see `verdict::inputs`.
        version: 1,
        failure_mode,
        need: Need::Required,
        title: "a rule of this project",
        applies_to: "file in the language of this rule",
        variants: &[],
        source: "",
    };
    Ok(Rule { meta, path: document.path.to_owned(), line, severity, files, ignores, unparsed, config })
}

/// The id as findings carry it. It stands in comments between brackets and commas, in settings, and in addresses.
fn id(written: &str) -> Result<RuleId, String> {
    const LONGEST: usize = 100;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if written.is_empty() {
        return Err("the rule has no `id`".to_owned());
    }
    if written.len() > LONGEST || !written.chars().all(is_plain) {
        return Err(format!(
            "the id `{written}` must be of at most {LONGEST} letters, digits, `-`, `_`, `.` and `/`"
        ));
    }
    Ok(RuleId::from(format!("{RULE_PREFIX}{written}").as_str()))
}

/// `metadata: { failure-mode: superficial-security }`; a project's own rules are its conventions when nothing is said.
fn failure_mode(written: &SerializableRuleConfig<Grammar>) -> Result<FailureMode, String> {
    let metadata = written.metadata.as_ref().and_then(|metadata| serde_json::to_value(metadata).ok());
    let Some(named) = metadata.as_ref().and_then(|metadata| metadata.get("failure-mode")) else {
        return Ok(FailureMode::ArchitectureDrift);
    };
    FailureMode::ALL.into_iter().find(|mode| named.as_str() == Some(mode.id())).ok_or_else(|| {
        let all: Vec<&str> = FailureMode::ALL.iter().map(|mode| mode.id()).collect();
        format!("`failure-mode` is one of {}", all.join(", "))
    })
}

/// The patterns of a rule that are no code of its language. The library takes them all the same; some match, most match nothing.
fn unparsed(written: &SerializableRuleConfig<Grammar>) -> Vec<String> {
    let parts = serde_json::to_value((&written.core.rule, &written.core.constraints, &written.core.utils));
    let mut found = Vec::new();
    walk(&parts.unwrap_or_default(), written.language, &mut found);
    found
}

fn walk(value: &Value, language: Grammar, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, language, found)),
        Value::Object(entries) => {
            for (key, value) in entries {
                let code = value.as_str().or_else(|| value.get("context")?.as_str());
                if let (true, Some(code)) = (key == "pattern", code)
                    && Pattern::try_new(code, language).is_ok_and(|pattern| pattern.has_error())
                {
                    found.push(code.to_owned());
                }
                walk(value, language, found);
            }
        }
        _ => {}
    }
}

/// A pattern on one line.
pub(super) fn one_line(pattern: &str) -> String {
    pattern.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One glob of `files` or `ignores`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Plain(String),
    #[serde(rename_all = "camelCase")]
    With {
        glob: String,
        #[serde(default)]
        case_insensitive: bool,
    },
}

/// The globs of `files` or `ignores`, as ast-grep means them: from the root, with a `*` that goes into folders.
fn set(written: &SerializableRuleConfig<Grammar>, key: &str) -> Result<Option<GlobSet>, String> {
    let list = if key == "files" { &written.files } else { &written.ignores };
    // The library keeps the type of these to itself; as data they can be read.
    let list = serde_json::to_value(list).map_err(|error| error.to_string())?;
    let Some(list) = Option::<Vec<Written>>::deserialize(list).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let mut set = GlobSetBuilder::new();
    for glob in list {
        let (text, folds) = match glob {
            Written::Plain(text) => (text, false),
            Written::With { glob, case_insensitive } => (glob, case_insensitive),
        };
        let text = text.strip_prefix("./").unwrap_or(&text);
        set.add(GlobBuilder::new(text).case_insensitive(folds).build().map_err(|error| error.to_string())?);
    }
    set.build().map(Some).map_err(|error| error.to_string())
}

//! `seaworthy.baseline.json`: the findings an old repository is known to have. Only new ones hold.
//!
//! It holds fingerprints, in ascending order, so that two people's changes merge line by line; the rule and the place
//! beside each are for people and are not read.

use std::collections::BTreeSet;

use seaworthy_core::{Digest, Finding, Severity};
use serde::{Deserialize, Serialize};

/// The format's name. A reader refuses any other.
pub const FORMAT: &str = "seaworthy.baseline/v1";

/// The name of the file, unless the plan gives another.
pub const FILE_NAME: &str = "seaworthy.baseline.json";

/// Findings known before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline {
    known: Vec<Known>,
}

/// One finding known before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    fingerprint: Digest,
    rule: String,
    place: String,
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    findings: Vec<Known>,
}

/// A baseline that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// No JSON, or not this shape.
    #[error("line {line}: {why}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// Why.
        why: String,
    },
    /// Another format, or a newer version of this one.
    #[error(
        "its format is {found:?}, and this version reads {FORMAT:?}: write it anew with `seaworthy check --write-baseline`"
    )]
    Format {
        /// What it says.
        found: String,
    },
}

impl Baseline {
    /// The findings that would hold: those of severity error.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let holding = findings.into_iter().filter(|finding| finding.severity == Severity::Error);
        let mut known: Vec<Known> = holding
            .map(|finding| Known {
                fingerprint: finding.fingerprint,
                rule: finding.rule.to_string(),
                place: finding.primary.to_string(),
            })
            .collect();
        known.sort();
        known.dedup_by_key(|known| known.fingerprint);
        Self { known }
    }

    /// What is known of the rules that are not asked for.
    pub fn of_others(self, is_asked_for: impl Fn(&str) -> bool) -> Self {
        Self { known: self.known.into_iter().filter(|known| !is_asked_for(&known.rule)).collect() }
    }

    /// What this one knows, and what another does.
    pub fn with(mut self, other: Self) -> Self {
        self.known.extend(other.known);
        self.known.sort();
        self.known.dedup_by_key(|known| known.fingerprint);
        self
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// When it is not JSON of this format.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        #[derive(Deserialize)]
        struct Head {
            format: Option<String>,
        }
        let syntax =
            |error: serde_json::Error| BaselineError::Syntax { line: error.line(), why: error.to_string() };
        // The format first: a newer one may have fields that this version would only call unknown.
        let head: Head = serde_json::from_str(text).map_err(syntax)?;
        match head.format {
            Some(format) if format == FORMAT => {}
            found => return Err(BaselineError::Format { found: found.unwrap_or_default() }),
        }
        let file: File = serde_json::from_str(text).map_err(syntax)?;
        Ok(Self { known: file.findings })
    }

    /// The file's text, with a line break at its end.
    pub fn write(&self) -> String {
        let file = File { format: FORMAT.to_owned(), findings: self.known.clone() };
        // Limit: plain data; serialising it to a String cannot fail.
        let mut text = serde_json::to_string_pretty(&file).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The fingerprints.
    pub fn fingerprints(&self) -> BTreeSet<Digest> {
        self.known.iter().map(|known| known.fingerprint).collect()
    }

    /// The known findings of the rules `told` that none of `findings` is any more: what can be struck off, as `rule at place`.
    pub fn gone<'a>(
        &self,
        findings: impl IntoIterator<Item = &'a Finding>,
        told: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let still: BTreeSet<Digest> = findings.into_iter().map(|finding| finding.fingerprint).collect();
        let gone = self.known.iter().filter(|known| told(&known.rule) && !still.contains(&known.fingerprint));
        gone.map(|known| format!("{} at {}", known.rule, known.place)).collect()
    }
}

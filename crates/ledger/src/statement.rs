//! Entries as in-toto Statements v1 (github.com/in-toto/attestation, spec/v1/statement.md).
//!
//! The statement's subject is the entry's, so that tools which know in-toto and not us can tell what was judged.

use std::collections::BTreeMap;

use seaworthy_core::entry::FORMAT;
use seaworthy_core::{Body, Entry, Subject};
use serde::{Deserialize, Serialize};

/// `_type` of every statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// `predicateType` of an observation.
pub const OBSERVATION: &str = "https://seaworthy.dev/observation/v1";
/// `predicateType` of a claim.
pub const CLAIM: &str = "https://seaworthy.dev/claim/v1";
/// `predicateType` of a decision.
pub const DECISION: &str = "https://seaworthy.dev/decision/v1";
/// Name of the tree digest in a subject's DigestSet, which allows names beyond the predefined ones.
pub const TREE_DIGEST: &str = "seaworthyTree";
/// Name of the commit in a subject's DigestSet; predefined by in-toto (spec/v1/digest_set.md).
pub const COMMIT_DIGEST: &str = "gitCommit";
/// Name of the one subject.
pub const SUBJECT_NAME: &str = "source";

/// Why a payload is not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not the JSON of a statement of ours.
    #[error("not a statement that this version knows: {0}")]
    Malformed(String),
    /// Written by a later version.
    #[error("format {found}, and this version reads up to {FORMAT}: use a newer Seaworthy")]
    Newer {
        /// The entry's format.
        found: u32,
    },
    /// The outside of the statement says something else than its predicate.
    #[error("the statement's {0} is not that of its predicate")]
    Disagrees(&'static str),
    /// Reading back gives something else than was written (a number that is not finite, for one).
    #[error("the entry cannot be written as JSON without loss")]
    Lossy,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Descriptor>,
    predicate_type: String,
    predicate: Entry,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Descriptor {
    name: String,
    digest: BTreeMap<String, String>,
}

/// The payload of an entry. Checked to read back as the same entry.
pub fn encode(entry: &Entry) -> Result<Vec<u8>, StatementError> {
    let statement = Statement {
        kind: STATEMENT_TYPE.to_owned(),
        subject: vec![descriptor(subject(&entry.body))],
        predicate_type: predicate_type(&entry.body).to_owned(),
        predicate: entry.clone(),
    };
    let payload =
        serde_json::to_vec(&statement).map_err(|error| StatementError::Malformed(error.to_string()))?;
    if decode(&payload).as_ref() == Ok(entry) { Ok(payload) } else { Err(StatementError::Lossy) }
}

/// The entry in a payload.
pub fn decode(payload: &[u8]) -> Result<Entry, StatementError> {
    let statement: Statement = match serde_json::from_slice(payload) {
        Ok(statement) => statement,
        Err(error) => return Err(newer(payload).unwrap_or(StatementError::Malformed(error.to_string()))),
    };
    if !(1..=FORMAT).contains(&statement.predicate.format) {
        return Err(newer(payload).unwrap_or(StatementError::Malformed("format 0 never was".to_owned())));
    }
    if statement.kind != STATEMENT_TYPE {
        return Err(StatementError::Disagrees("_type"));
    }
    let entry = statement.predicate;
    if statement.predicate_type != predicate_type(&entry.body) {
        return Err(StatementError::Disagrees("predicateType"));
    }
    if statement.subject != [descriptor(subject(&entry.body))] {
        return Err(StatementError::Disagrees("subject"));
    }
    Ok(entry)
}

/// Whether what cannot be read was written by a later version: that is no corruption.
fn newer(payload: &[u8]) -> Option<StatementError> {
    #[derive(Deserialize)]
    struct Outer {
        predicate: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        format: u32,
    }
    let found = serde_json::from_slice::<Outer>(payload).ok()?.predicate.format;
    (found > FORMAT).then_some(StatementError::Newer { found })
}

fn descriptor(subject: &Subject) -> Descriptor {
    let mut digest = BTreeMap::from([(TREE_DIGEST.to_owned(), subject.tree.to_string())]);
    if let Some(commit) = &subject.git_commit {
        digest.insert(COMMIT_DIGEST.to_owned(), commit.clone());
    }
    Descriptor { name: SUBJECT_NAME.to_owned(), digest }
}

fn subject(body: &Body) -> &Subject {
    match body {
        Body::Observation(observation) => &observation.subject,
        Body::Claim(claim) => &claim.subject,
        Body::Decision(decision) => &decision.subject,
    }
}

fn predicate_type(body: &Body) -> &'static str {
    match body {
        Body::Observation(_) => OBSERVATION,
        Body::Claim(_) => CLAIM,
        Body::Decision(_) => DECISION,
    }
}

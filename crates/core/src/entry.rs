//! What the record holds: observations, claims and decisions, each with who put it there and when.

use serde::{Deserialize, Serialize};

use crate::{Decision, Digest, Observation, Subject, Timestamp};

/// The format of entries that this version writes. Readers read older ones; writers refuse newer ones.
pub const FORMAT: u32 = 1;

/// A decoded DSSE payload. The leaf is the envelope's bytes; the leaf's index is not signed and not here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// What is recorded.
    pub body: Body,
    /// Who recorded it.
    pub actor: Actor,
    /// When, as told by the recorder's clock.
    pub recorded_at: Timestamp,
}

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Body {
    /// A measurement.
    Observation(Box<Observation>),
    /// What somebody said.
    Claim(Claim),
    /// What was decided.
    Decision(Box<Decision>),
}

/// Who recorded an entry. The signature over it proves a key, not a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// The program and its version, such as `seaworthy 0.1.0`.
    pub tool: String,
    /// The session it ran in, where one was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// What an agent or a person said. May raise doubt; never clears. There is no way from a claim to an observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// About what.
    pub subject: Subject,
    /// Who said it: an agent's name and session, a person's key.
    pub author: String,
    /// What was said.
    pub text: String,
    /// Whether it doubts that the subject is fit. A doubt keeps the verdict from being clear; praise does nothing.
    pub doubts: bool,
}

/// An entry whose signature and place in the log were verified.
///
/// Architecture invariant: only `ledger` makes one. Rust has no friend crates, so `Verified::by_ledger` is public and
/// banned by clippy everywhere else.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified<T> {
    value: T,
    seq: u64,
    key: Digest,
}

impl<T> Verified<T> {
    /// Says that `value` is leaf `seq` of a log that verified, signed by the key whose SHA-256 is `key`.
    pub fn by_ledger(value: T, seq: u64, key: Digest) -> Self {
        Self { value, seq, key }
    }

    /// What was verified.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The leaf's index.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// SHA-256 of the public key that signed it.
    pub fn key(&self) -> Digest {
        self.key
    }
}

//! Verification of a log read from its beginning: one state machine for ledgers and exports, in constant memory.

use std::collections::BTreeMap;

use seaworthy_core::{Digest, Entry, Verified};

use crate::checkpoint::{Checkpoint, SignedCheckpoint, VerifierKey};
use crate::error::{Corruption, ReadError};
use crate::key::PublicKey;
use crate::merkle::{self, Frontier};
use crate::statement::StatementError;
use crate::{envelope, statement};

/// What verifying found. That a key signed is all a signature says; whose key it is, is for the reader to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Number of entries.
    pub size: u64,
    /// Number of checkpoints.
    pub checkpoints: u64,
    /// The last checkpoint: what to keep elsewhere. `None` for an empty ledger.
    pub head: Option<SignedCheckpoint>,
    /// The keys that signed entries, and how many each.
    pub recorders: BTreeMap<PublicKey, u64>,
    /// The keys that signed checkpoints, and how many each.
    pub log_keys: BTreeMap<PublicKey, u64>,
}

/// A log as far as it was read.
pub(crate) struct Audit<'a> {
    origin: String,
    against: Option<&'a Checkpoint>,
    frontier: Frontier,
    seen: Verification,
}

impl<'a> Audit<'a> {
    pub(crate) fn new(origin: String, against: Option<&'a Checkpoint>) -> Result<Self, Corruption> {
        if let Some(kept) = against
            && kept.origin != origin
        {
            let what = format!("this is the log {origin}, and the checkpoint given is of {}", kept.origin);
            return Err(Corruption::of_the_file(what));
        }
        let seen = Verification {
            size: 0,
            checkpoints: 0,
            head: None,
            recorders: BTreeMap::new(),
            log_keys: BTreeMap::new(),
        };
        let audit = Self { origin, against, frontier: Frontier::default(), seen };
        audit.compare()?;
        Ok(audit)
    }

    /// Number of entries read.
    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The tree over the entries read.
    pub(crate) fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Size of the last checkpoint read: every entry before it is where the log's key said.
    fn vouched(&self) -> u64 {
        self.seen.head.as_ref().map_or(0, |head| head.checkpoint().size)
    }

    /// Reads the next entry.
    pub(crate) fn entry(&mut self, bytes: &[u8]) -> Result<Verified<Entry>, ReadError> {
        let entry = open_entry(self.size(), bytes)?;
        *self.seen.recorders.entry(entry.1).or_default() += 1;
        self.frontier.push(merkle::leaf_hash(bytes));
        self.compare()?;
        Ok(entry.0)
    }

    /// Passes over an entry whose leaf hash is given: its place will be vouched for, its signature is not looked at.
    pub(crate) fn skip(&mut self, leaf: Digest) -> Result<(), Corruption> {
        self.frontier.push(leaf);
        self.compare()
    }

    /// Holds the tree, where it has just the size of the checkpoint kept elsewhere, against that.
    fn compare(&self) -> Result<(), Corruption> {
        match self.against {
            Some(kept) if kept.size == self.size() && kept.root != self.frontier.root() => {
                let what = format!(
                    "entries {}..{} are not those of the checkpoint given",
                    self.vouched(),
                    kept.size
                );
                Err(Corruption { first_bad_seq: (kept.size > 0).then_some(self.vouched()), what })
            }
            _ => Ok(()),
        }
    }

    /// Reads a checkpoint of the entries read so far.
    pub(crate) fn checkpoint(&mut self, note: &str, key: &str) -> Result<(), Corruption> {
        let (from, size) = (self.vouched(), self.size());
        let wrong = |what: String| Corruption::at(from, format!("the checkpoint of size {size}: {what}"));
        let signed = open_checkpoint(&self.origin, note, key).map_err(wrong)?;
        if signed.0.checkpoint().size != size || size == 0 {
            return Err(wrong(format!("the size signed is {}", signed.0.checkpoint().size)));
        }
        if from == size {
            return Err(wrong("there is another of that size".to_owned()));
        }
        if signed.0.checkpoint().root != self.frontier.root() {
            let what =
                format!("entries {from}..{size} are not those that the checkpoint of size {size} signs");
            return Err(Corruption::at(from, what));
        }
        self.seen.checkpoints += 1;
        *self.seen.log_keys.entry(signed.1.public()).or_default() += 1;
        self.seen.head = Some(signed.0);
        Ok(())
    }

    /// The log has ended.
    pub(crate) fn finish(mut self) -> Result<Verification, Corruption> {
        let (vouched, size) = (self.vouched(), self.size());
        if vouched != size {
            return Err(Corruption::at(vouched, format!("entries {vouched}..{size} have no checkpoint")));
        }
        if let Some(kept) = self.against
            && kept.size > size
        {
            let what = format!(
                "the tail is cut off: the checkpoint given has {} entries, the log {size}",
                kept.size
            );
            return Err(Corruption::at(size, what));
        }
        self.seen.size = size;
        Ok(self.seen)
    }
}

/// Verifies one entry's signature and reads it. The caller holds its place against a checkpoint before handing it out.
#[expect(
    clippy::disallowed_methods,
    reason = "the ban is for the other crates: this is where Verified is made"
)]
pub(crate) fn open_entry(seq: u64, bytes: &[u8]) -> Result<(Verified<Entry>, PublicKey), ReadError> {
    let (payload, key) = envelope::open(bytes).map_err(|error| Corruption::at(seq, error.to_string()))?;
    match statement::decode(&payload) {
        Ok(entry) => Ok((Verified::by_ledger(entry, seq, key.digest()), key)),
        Err(StatementError::Newer { found }) => Err(ReadError::Newer { seq, found }),
        Err(error) => Err(Corruption::at(seq, error.to_string()).into()),
    }
}

/// Verifies a stored checkpoint's origin and signature. Its root is the caller's to compare.
pub(crate) fn open_checkpoint(
    origin: &str,
    note: &str,
    key: &str,
) -> Result<(SignedCheckpoint, VerifierKey), String> {
    let key: VerifierKey = key.parse().map_err(|error| format!("{error}"))?;
    let signed: SignedCheckpoint = note.parse().map_err(|error| format!("{error}"))?;
    if signed.checkpoint().origin != origin || key.name() != origin {
        return Err(format!("it is of the log {}, not of {origin}", signed.checkpoint().origin));
    }
    if !signed.verify(&key) {
        return Err(format!("the signature is not that of {key}"));
    }
    Ok((signed, key))
}

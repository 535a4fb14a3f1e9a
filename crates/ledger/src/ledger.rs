//! [`Ledger`]: appending, reading, proving and verifying.

use std::ops::Range;
use std::path::Path;

use seaworthy_core::entry::FORMAT;
use seaworthy_core::{Actor, Body, Digest, Entry, Timestamp, Verified};

use crate::audit::{self, Audit, Verification};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::envelope::{self, EnvelopeError};
use crate::error::{AppendError, Corruption, OpenError, ReadError};
use crate::key::SigningKey;
use crate::store::{self, Checkpoints, Item, Store};
use crate::{merkle, statement};

/// A record that can be appended to and never changed. Several processes may have one open at the same time; appends wait for
/// each other up to [`seaworthy_core::limits::LEDGER_BUSY_TIMEOUT_MS`].
pub struct Ledger {
    pub(crate) store: Store,
    pub(crate) key: Option<SigningKey>,
}

/// What an append did. It is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Number of the first entry appended; the others follow.
    pub first_seq: u64,
    /// The log's head since. `None` only when nothing was appended to an empty log.
    pub checkpoint: Option<SignedCheckpoint>,
}

/// Proof that an entry is in a log; see [`InclusionProof::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The entry's number.
    pub seq: u64,
    /// Size of the log it was made for: that of a checkpoint.
    pub size: u64,
    /// Siblings, deepest first.
    pub path: Vec<Digest>,
}

/// Proof that a log extends what it was at a smaller size; see [`ConsistencyProof::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The smaller size.
    pub from: u64,
    /// The larger size.
    pub to: u64,
    /// Node hashes in the order of RFC 6962 section 2.1.2.
    pub path: Vec<Digest>,
}

impl InclusionProof {
    /// Whether `envelope`, byte for byte, is entry `seq` of the log that `checkpoint` describes. The caller has verified the
    /// checkpoint.
    pub fn verify(&self, envelope: &[u8], checkpoint: &Checkpoint) -> bool {
        let leaf = merkle::leaf_hash(envelope);
        self.size == checkpoint.size
            && merkle::verify_inclusion(&leaf, self.seq, self.size, &self.path, &checkpoint.root)
    }
}

impl ConsistencyProof {
    /// Whether the log of `new` begins with that of `old`. The caller has verified both.
    pub fn verify(&self, old: &Checkpoint, new: &Checkpoint) -> bool {
        old.origin == new.origin
            && (self.from, self.to) == (old.size, new.size)
            && merkle::verify_consistency(self.from, self.to, &old.root, &new.root, &self.path)
    }
}

impl Ledger {
    /// Opens the ledger at `path` to append, signing with `key`. Made if there is none, with its folder, which then gets a
    /// `.gitignore` of its own.
    ///
    /// The last checkpoint is held against the head; nothing is written to a ledger that fails this.
    pub fn open(path: &Path, key: SigningKey) -> Result<Self, OpenError> {
        Ok(Self { store: Store::open(path)?, key: Some(key) })
    }

    /// Opens the ledger at `path` to read, from a folder that cannot be written too. Where it can be, SQLite may leave an empty
    /// `-wal` and a `-shm` beside it, which the next writer takes away; the ledger itself is not touched.
    pub fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { store: Store::open_read_only(path)?, key: None })
    }

    /// A ledger that is gone when it is dropped, for where nothing can be written.
    pub fn in_memory(key: SigningKey) -> Result<Self, OpenError> {
        let origin = store::new_origin().map_err(OpenError::Random)?;
        Self::in_memory_named(origin, key)
    }

    pub(crate) fn in_memory_named(origin: String, key: SigningKey) -> Result<Self, OpenError> {
        let store = Store::in_memory(origin)
            .map_err(|source| OpenError::Store { path: Path::new(":memory:").to_owned(), source })?;
        Ok(Self { store, key: Some(key) })
    }

    /// The log's name, which is in every checkpoint.
    pub fn origin(&self) -> &str {
        self.store.origin()
    }

    /// Number of entries.
    pub fn size(&self) -> Result<u64, ReadError> {
        self.store.size()
    }

    /// Appends `bodies` as one transaction: all of them, signed and under one checkpoint, or none. On disk when it returns.
    pub fn append(&mut self, bodies: &[Body], at: Timestamp, actor: &Actor) -> Result<Appended, AppendError> {
        let key = self.key.as_ref().ok_or(AppendError::ReadOnly)?;
        // Signed before the lock is taken, so that others wait for the disk alone.
        let seal = |(index, body): (usize, &Body)| {
            let entry = Entry { format: FORMAT, body: body.clone(), actor: actor.clone(), recorded_at: at };
            let payload =
                statement::encode(&entry).map_err(|source| AppendError::Unwritable { index, source })?;
            envelope::seal(&payload, key)
                .map_err(|source: EnvelopeError| AppendError::TooLong { index, source })
        };
        let envelopes = bodies.iter().enumerate().map(seal).collect::<Result<Vec<_>, _>>()?;
        let mut append = self.store.begin()?;
        for envelope in &envelopes {
            append.push(envelope)?;
        }
        Ok(Appended { first_seq: append.first_seq(), checkpoint: append.commit(key)? })
    }

    /// The entries of `range` that there are, in order. Each one's signature is verified, and that it is where the last checkpoint
    /// has it; the signatures of other entries are not looked at (see [`Ledger::verify`]).
    pub fn entries(&self, range: Range<u64>) -> Result<Vec<Verified<Entry>>, ReadError> {
        let mut entries = Vec::new();
        let mut audit = Audit::new(self.origin().to_owned(), None)?;
        self.store.replay(&mut audit, &range, Checkpoints::Last, |item| {
            if let Item::Entry(_, entry) = item {
                entries.push(entry);
            }
            Ok::<(), ReadError>(())
        })?;
        audit.finish()?;
        Ok(entries)
    }

    /// The envelope of one entry, byte for byte: the leaf that [`InclusionProof::verify`] takes.
    pub fn envelope(&self, seq: u64) -> Result<Vec<u8>, ReadError> {
        let mut found = None;
        let mut audit = Audit::new(self.origin().to_owned(), None)?;
        self.store.replay(&mut audit, &(seq..seq.saturating_add(1)), Checkpoints::Last, |item| {
            if let Item::Entry(bytes, _) = item {
                found = Some(bytes.to_vec());
            }
            Ok::<(), ReadError>(())
        })?;
        let size = audit.finish()?.size;
        found.ok_or(ReadError::OutOfRange { asked: seq, size })
    }

    /// Verifies everything from the leaves up, and, where a checkpoint that was kept elsewhere is given, that the log still begins
    /// with what it signed. Never writes. The error names the first entry that cannot be relied on.
    pub fn verify(&self, against: Option<&Checkpoint>) -> Result<Verification, ReadError> {
        let mut audit = Audit::new(self.origin().to_owned(), against)?;
        self.store.replay(&mut audit, &(0..u64::MAX), Checkpoints::All, |_| Ok::<(), ReadError>(()))?;
        let verification = audit.finish()?;
        self.store.check_pages()?;
        Ok(verification)
    }

    /// The last checkpoint, its signature verified: what to keep elsewhere. `None` for an empty log.
    pub fn checkpoint(&self) -> Result<Option<SignedCheckpoint>, ReadError> {
        let Some((note, key)) = self.store.last_checkpoint()? else { return Ok(None) };
        let wrong = |what| Corruption::of_the_file(format!("the last checkpoint: {what}"));
        Ok(Some(audit::open_checkpoint(self.origin(), &note, &key).map_err(wrong)?.0))
    }

    /// Proof that entry `seq` is in the log as the last checkpoint has it. Takes 32 bytes of memory an entry.
    pub fn inclusion_proof(&self, seq: u64) -> Result<InclusionProof, ReadError> {
        let leaves = self.vouched_leaves()?;
        let size = leaves.len() as u64;
        let path = usize::try_from(seq).ok().and_then(|index| merkle::inclusion_path(&leaves, index));
        let path = path.ok_or(ReadError::OutOfRange { asked: seq, size })?;
        Ok(InclusionProof { seq, size, path })
    }

    /// Proof that the log of size `to` begins with that of size `from`. Takes 32 bytes of memory an entry.
    pub fn consistency_proof(&self, from: u64, to: u64) -> Result<ConsistencyProof, ReadError> {
        let leaves = self.vouched_leaves()?;
        let size = leaves.len() as u64;
        let whole = usize::try_from(to).ok().and_then(|to| leaves.get(..to));
        let whole = whole.ok_or(ReadError::OutOfRange { asked: to, size })?;
        let path = usize::try_from(from).ok().and_then(|from| merkle::consistency_path(whole, from));
        let path = path.ok_or(ReadError::OutOfRange { asked: from, size: to })?;
        Ok(ConsistencyProof { from, to, path })
    }

    /// All leaf hashes, held against the last checkpoint: a proof made from others would be good for nothing.
    fn vouched_leaves(&self) -> Result<Vec<Digest>, ReadError> {
        let mut audit = Audit::new(self.origin().to_owned(), None)?;
        self.store.replay(&mut audit, &(0..0), Checkpoints::Last, |_| Ok::<(), ReadError>(()))?;
        let size = audit.finish()?.size;
        let mut leaves = self.store.leaves()?;
        leaves.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        Ok(leaves)
    }
}

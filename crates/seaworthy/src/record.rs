//! The record of a run: the project's ledger, or one in memory where the project cannot be written to.

use std::path::Path;

use seaworthy_core::{Actor, Body, Digest, Entry, NotChecked, Timestamp, Verified};
use seaworthy_ledger::{AppendError, Ledger, OpenError, ReadError, key};

use crate::failure::Failure;
use crate::project::{self, Project};

/// The record of a run.
pub(crate) struct Record {
    ledger: Ledger,
    /// SHA-256 of the key that this run records with: the only one whose entries count as long as nobody named others.
    pub own: Digest,
    /// Why it is kept in memory only; `None` when it is kept.
    pub forgotten: Option<String>,
}

impl Record {
    /// Opens the project's record for writing. Where nothing can be written, the record is kept in memory, and says so.
    ///
    /// # Errors
    /// When the record or the key is there and cannot be trusted.
    pub(crate) fn open(project: &Project) -> Result<Self, Failure> {
        let path = project.ledger_path()?;
        match Self::on_disk(project, &path) {
            Ok((ledger, own)) => Ok(Self { ledger, own, forgotten: None }),
            Err(Refusal::Fatal(failure)) => Err(failure),
            Err(Refusal::NotWritable(why)) => Ok(Self { forgotten: Some(why), ..Self::passing()? }),
        }
    }

    /// A record that lasts as long as the run: for restricted looks, which are not evidence about the whole.
    ///
    /// # Errors
    /// When the system has no randomness for a key.
    pub(crate) fn passing() -> Result<Self, Failure> {
        let key = key::SigningKey::generate().map_err(Failure::usage)?;
        let own = key.public().digest();
        Ok(Self { ledger: Ledger::in_memory(key).map_err(Failure::usage)?, own, forgotten: None })
    }

    /// Everything on record for the project; nothing when there is no record yet.
    ///
    /// # Errors
    /// When the record cannot be trusted or read.
    pub(crate) fn read(project: &Project) -> Result<Known, Failure> {
        let path = project.ledger_path()?;
        let own = own_key();
        if !path.exists() {
            return Ok(Known { entries: Vec::new(), own, gap: None });
        }
        let ledger = Ledger::open_read_only(&path).map_err(|error| open_failure(&error))?;
        let record = Self { ledger, own, forgotten: None };
        let (entries, gap) = record.known()?;
        Ok(Known { entries, own, gap })
    }

    fn on_disk(project: &Project, path: &Path) -> Result<(Ledger, Digest), Refusal> {
        let not_writable = |error: &dyn std::fmt::Display| Refusal::NotWritable(error.to_string());
        if std::env::var_os("SEAWORTHY_LEDGER").is_none() {
            project.make_state_folder().map_err(|error| not_writable(&error))?;
        }
        let key_path = project::key_path().ok_or_else(|| {
            Refusal::NotWritable("no place for a key: neither HOME nor SEAWORTHY_KEY is set".to_owned())
        })?;
        let key = key::load_or_create(&key_path).map_err(|error| match error {
            key::KeyError::Io { .. } | key::KeyError::Random(_) => not_writable(&error),
            key::KeyError::OpenToOthers { .. } | key::KeyError::NotAKey { .. } => {
                Refusal::Fatal(key_failure(&error))
            }
        })?;
        let own = key.public().digest();
        let ledger = Ledger::open(path, key).map_err(|error| match error {
            OpenError::Corrupt { .. } => Refusal::Fatal(untrusted(&error)),
            OpenError::Newer { .. } => Refusal::Fatal(Failure::record(error)),
            OpenError::Io { .. } | OpenError::Store { .. } | OpenError::Random(_) => not_writable(&error),
        })?;
        Ok((ledger, own))
    }

    /// Records what was measured or decided.
    ///
    /// # Errors
    /// When the ledger cannot be trusted, or stopped taking entries.
    pub(crate) fn append(&mut self, bodies: &[Body], at: Timestamp) -> Result<(), Failure> {
        let tool = format!("seaworthy {}", env!("CARGO_PKG_VERSION"));
        let appended = self.ledger.append(bodies, at, &Actor { tool, session: None });
        appended.map(drop).map_err(|error| match error {
            AppendError::Corrupt(_) => untrusted(&error),
            AppendError::Store(_) | AppendError::Full(_) | AppendError::ReadOnly => Failure::usage(error),
            AppendError::Unwritable { .. } | AppendError::TooLong { .. } => Failure::bug(error),
        })
    }

    /// Everything on record, each entry verified.
    ///
    /// # Errors
    /// When the ledger cannot be trusted or read.
    pub(crate) fn entries(&self) -> Result<Vec<Verified<Entry>>, Failure> {
        self.known().map(|(entries, _)| entries)
    }

    /// Everything on record, each entry verified; and that others signed the log, for the report.
    ///
    /// # Errors
    /// When the ledger cannot be trusted or read.
    pub(crate) fn known(&self) -> Result<(Vec<Verified<Entry>>, Option<NotChecked>), Failure> {
        let seen = self.ledger.verify(None).map_err(|error| read_failure(&error))?;
        let entries = self.ledger.entries(0..seen.size).map_err(|error| read_failure(&error))?;
        let others: u64 =
            seen.log_keys.iter().filter(|(key, _)| key.digest() != self.own).map(|(_, count)| count).sum();
        let gap = (others > 0).then(|| NotChecked {
            what: format!("whether the record is whole: other keys signed {others} of its checkpoints"),
            why: "whoever holds one of those keys can have left entries out before signing; `seaworthy ledger verify` lists them"
                .to_owned(),
        });
        Ok((entries, gap))
    }

    /// That the record is not kept, for the report.
    pub(crate) fn gap(&self) -> Option<NotChecked> {
        let why = self.forgotten.as_ref()?;
        let why = format!("kept in memory only, and gone after this run: {why}");
        Some(NotChecked { what: "the record".to_owned(), why })
    }
}

/// SHA-256 of this machine's own key. Without one nothing on record is ours; the digest of nothing is no key's.
pub(crate) fn own_key() -> Digest {
    let key = project::key_path().and_then(|path| key::load(&path).ok());
    key.map_or_else(|| Digest::of(b""), |key| key.public().digest())
}

/// That others recorded evidence about this tree, which does not count, for the report.
pub(crate) fn foreign(entries: &[Verified<Entry>], own: Digest, tree: Digest) -> Option<NotChecked> {
    let about = |entry: &&Verified<Entry>| match &entry.value().body {
        Body::Observation(seen) => seen.subject.tree == tree,
        Body::Claim(claim) => claim.subject.tree == tree,
        Body::Decision(_) => false,
    };
    let count = entries.iter().filter(|entry| entry.key() != own).filter(about).count();
    let why =
        "until `[gate] recorders` names the keys that count, only what this machine's own key recorded does";
    (count > 0).then(|| NotChecked {
        what: format!("{count} entries about this tree that other keys recorded"),
        why: why.to_owned(),
    })
}

/// What is on record for a project.
pub(crate) struct Known {
    /// Each entry verified.
    pub entries: Vec<Verified<Entry>>,
    /// The key whose entries count.
    pub own: Digest,
    /// That others signed the log.
    pub gap: Option<NotChecked>,
}

/// Why a ledger on disk is not used.
enum Refusal {
    /// It cannot be trusted.
    Fatal(Failure),
    /// It cannot be written.
    NotWritable(String),
}

/// What the person sees when the record cannot be trusted.
pub(crate) fn untrusted(error: &dyn std::fmt::Display) -> Failure {
    Failure::record(error)
        .hint("nothing was overwritten; keep the file and find out who changed it: `seaworthy ledger verify`")
        .hint("to begin a new record, move the old one away")
}

/// What the person sees when the key cannot be used: one that others can read or that is none is no key to trust a record to.
pub(crate) fn key_failure(error: &key::KeyError) -> Failure {
    match error {
        key::KeyError::OpenToOthers { .. } | key::KeyError::NotAKey { .. } => Failure::record(error),
        key::KeyError::Io { .. } | key::KeyError::Random(_) => Failure::usage(error),
    }
}

/// What the person sees when the record could not be read.
pub(crate) fn read_failure(error: &ReadError) -> Failure {
    match error {
        ReadError::Corrupt(_) => untrusted(error),
        ReadError::Newer { .. } => Failure::record(error),
        ReadError::OutOfRange { .. } | ReadError::Store(_) => Failure::usage(error),
    }
}

/// What the person sees when the record could not be opened.
pub(crate) fn open_failure(error: &OpenError) -> Failure {
    match error {
        OpenError::Corrupt { .. } => untrusted(error),
        OpenError::Newer { .. } => Failure::record(error),
        OpenError::Io { .. } | OpenError::Store { .. } | OpenError::Random(_) => Failure::usage(error),
    }
}

//! What can go wrong, one type per operation, and the one that matters: [`Corruption`].

use std::io;
use std::path::PathBuf;

use crate::statement::StatementError;

/// The record cannot be trusted. Nothing was overwritten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", .first_bad_seq.map(|seq| format!("entry {seq}: ")).unwrap_or_default())]
pub struct Corruption {
    /// The first entry that cannot be relied on; all before it verified. `None` where what is wrong has no place in the
    /// order (the file is not a ledger at all), so that nothing can be relied on.
    pub first_bad_seq: Option<u64>,
    /// What is wrong, in a sentence.
    pub what: String,
}

impl Corruption {
    pub(crate) fn at(seq: u64, what: impl Into<String>) -> Self {
        Self { first_bad_seq: Some(seq), what: what.into() }
    }

    pub(crate) fn of_the_file(what: impl Into<String>) -> Self {
        Self { first_bad_seq: None, what: what.into() }
    }
}

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is there and cannot be trusted.
    #[error("the ledger {path} cannot be trusted: {corruption}")]
    Corrupt {
        /// The ledger.
        path: PathBuf,
        /// What is wrong.
        #[source]
        corruption: Corruption,
    },
    /// A later version wrote it.
    #[error(
        "the ledger {path} has format {found}, and this version knows up to {known}: use a newer Seaworthy"
    )]
    Newer {
        /// The ledger.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format this version knows.
        known: u32,
    },
    /// The file or its folder could not be used.
    #[error("the ledger {path}: {source}")]
    Io {
        /// The ledger or its folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite could not, for a reason that is not corruption: locked, no permission, disk full.
    #[error("the ledger {path}: {source}")]
    Store {
        /// The ledger.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The system has no randomness to give for a new log's name.
    #[error("no randomness for a new ledger: {0}")]
    Random(getrandom::Error),
}

/// Why entries could not be appended. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// What is there cannot be trusted, so nothing is added to it.
    #[error("the ledger cannot be trusted: {0}")]
    Corrupt(#[from] Corruption),
    /// The ledger was opened for reading.
    #[error("the ledger was opened for reading only")]
    ReadOnly,
    /// An entry that could not be read back.
    #[error("entry {index} of those given: {source}")]
    Unwritable {
        /// Its place among those given.
        index: usize,
        /// Why.
        source: StatementError,
    },
    /// An entry that is too long.
    #[error("entry {index} of those given: {source}")]
    TooLong {
        /// Its place among those given.
        index: usize,
        /// How long it is.
        source: crate::envelope::EnvelopeError,
    },
    /// The ledger holds as many entries as it may.
    #[error("the ledger is full: it holds {0} entries; start a new one and keep this one's last checkpoint")]
    Full(u64),
    /// SQLite could not, for a reason that is not corruption.
    #[error("the ledger could not be written: {0}")]
    Store(rusqlite::Error),
}

/// Why the record could not be read or verified.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be trusted.
    #[error("the ledger cannot be trusted: {0}")]
    Corrupt(#[from] Corruption),
    /// An entry that a later version wrote.
    #[error("entry {seq} has format {found}, newer than this version knows: use a newer Seaworthy")]
    Newer {
        /// The entry.
        seq: u64,
        /// Its format.
        found: u32,
    },
    /// There is no such entry or size.
    #[error("the ledger holds {size} entries, so there is no {asked}")]
    OutOfRange {
        /// What was asked for.
        asked: u64,
        /// Entries in the ledger.
        size: u64,
    },
    /// SQLite could not, for a reason that is not corruption.
    #[error("the ledger could not be read: {0}")]
    Store(rusqlite::Error),
}

/// Why a ledger could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It could not be read, or does not verify.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The export could not be written.
    #[error("the export could not be written: {0}")]
    Io(#[from] io::Error),
}

/// Why an export was not imported. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A line that is not what it has to be there.
    #[error("line {line} of the export: {what}")]
    Line {
        /// Counted from one.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// The export cannot be trusted.
    #[error("line {line} of the export: {corruption}")]
    Corrupt {
        /// Counted from one.
        line: u64,
        /// What is wrong.
        #[source]
        corruption: Corruption,
    },
    /// An entry that a later version wrote.
    #[error(
        "line {line} of the export: entry {seq} has format {found}, newer than this version knows: use a newer Seaworthy"
    )]
    Newer {
        /// Counted from one.
        line: u64,
        /// The entry.
        seq: u64,
        /// Its format.
        found: u32,
    },
    /// The export could not be read.
    #[error("the export could not be read: {0}")]
    Io(#[from] io::Error),
    /// Our own ledger refused.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Whether SQLite's words mean that the file is not what it was, rather than that it cannot be had just now.
fn is_corruption(error: &rusqlite::Error) -> bool {
    use rusqlite::{Error, ErrorCode, ffi};
    match error {
        Error::SqliteFailure(failure, _) => {
            // Our SQL is constant: where it does not run, the tables are not ours. A short read is a truncated file.
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
                || failure.extended_code == ffi::SQLITE_IOERR_SHORT_READ
        }
        Error::SqlInputError { .. }
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::QueryReturnedNoRows
        | Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// Sorts what SQLite said into corruption, at the entry that was being read if any, and the rest.
pub(crate) fn sort(error: rusqlite::Error, seq: Option<u64>) -> Result<Corruption, rusqlite::Error> {
    if is_corruption(&error) {
        Ok(Corruption { first_bad_seq: seq, what: format!("SQLite cannot read it: {error}") })
    } else {
        Err(error)
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        sort(error, None).map_or_else(Self::Store, Self::Corrupt)
    }
}

impl From<rusqlite::Error> for AppendError {
    fn from(error: rusqlite::Error) -> Self {
        sort(error, None).map_or_else(Self::Store, Self::Corrupt)
    }
}

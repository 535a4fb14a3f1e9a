//! The log in SQLite: tables, opening, reading in order, appending in one transaction. The only SQL of the project.
//!
//! Rows are only ever inserted; triggers refuse the rest, against our own mistakes and not against an attacker.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params,
};
use seaworthy_core::{Digest, Entry, Verified, limits};

use crate::audit::{self, Audit};
use crate::checkpoint::{Checkpoint, SignedCheckpoint, VerifierKey};
use crate::error::{AppendError, Corruption, OpenError, ReadError, sort};
use crate::key::SigningKey;
use crate::merkle::{self, Frontier};

/// The format of ledger files that this version writes; SQLite's `user_version`.
pub const LEDGER_FORMAT: u32 = 1;
/// SQLite's `application_id` of a ledger: "SWLG".
pub(crate) const APPLICATION_ID: i32 = 0x5357_4c47;
/// What every origin begins with; 32 random hexadecimal digits follow.
pub(crate) const ORIGIN_PREFIX: &str = "seaworthy.dev/ledger/";

const SCHEMA: &str = include_str!("schema-v1.sql");

/// A ledger's database.
pub(crate) struct Store {
    connection: Connection,
    origin: String,
}

/// One thing read in order.
#[expect(clippy::large_enum_variant, reason = "one at a time, on the stack, for the length of a call")]
pub(crate) enum Item<'a> {
    /// An entry in the range asked for, and its envelope.
    Entry(&'a [u8], Verified<Entry>),
    /// The checkpoint after the entries before it, and its verifier key.
    Checkpoint(&'a str, &'a str),
}

/// Which checkpoints are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checkpoints {
    All,
    Last,
}

struct CheckpointRow {
    size: u64,
    note: String,
    key: String,
    frontier: Vec<u8>,
}

impl Store {
    /// A new log in memory.
    pub(crate) fn in_memory(origin: String) -> Result<Self, rusqlite::Error> {
        let connection = Connection::open_in_memory()?;
        create_tables(&connection, &origin)?;
        Ok(Self { connection, origin })
    }

    /// Opens the ledger at `path` to append, made if there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let io_error = |source| OpenError::Io { path: path.to_owned(), source };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if !path.try_exists().map_err(io_error)? {
            create_file(path)?;
        }
        let connection = Connection::open_with_flags(path, flags).map_err(|error| refuse(path, error))?;
        let store = Self::check(path, connection)?;
        // FULL: an append is acknowledged only when it is on disk, not merely in the write-ahead log's cache.
        let durable = store
            .connection
            .query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
            .and_then(|()| store.connection.execute_batch("PRAGMA synchronous = FULL"));
        durable.map_err(|error| refuse(path, error))?;
        let snapshot = store.connection.unchecked_transaction().map_err(|error| refuse(path, error))?;
        let checked = check_head(&snapshot, &store.origin);
        drop(snapshot);
        match checked {
            Ok(_) => Ok(store),
            Err(AppendError::Corrupt(corruption)) => {
                Err(OpenError::Corrupt { path: path.to_owned(), corruption })
            }
            Err(AppendError::Store(source)) => Err(OpenError::Store { path: path.to_owned(), source }),
            Err(other) => Err(io_error(io::Error::other(other))),
        }
    }

    /// Opens the ledger at `path` to read, from a folder that cannot be written too. Where it can be, SQLite may leave an empty
    /// `-wal` and a `-shm` beside it, which the next writer takes away; the ledger itself is not touched.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        let metadata =
            fs::metadata(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        if !metadata.is_file() {
            return Err(refuse_file(path, "it is not a file"));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags).map_err(|error| refuse(path, error));
        match opened.and_then(|connection| Self::check(path, connection)) {
            // Where no shared memory can be made beside it, and nothing is in the write-ahead log, nobody is writing.
            Err(OpenError::Store { source, .. })
                if matches!(
                    source.sqlite_error_code(),
                    Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
                ) && !has_wal(path) =>
            {
                let flags = flags | OpenFlags::SQLITE_OPEN_URI;
                let connection = Connection::open_with_flags(immutable_uri(path), flags);
                Self::check(path, connection.map_err(|error| refuse(path, error))?)
            }
            opened => opened,
        }
    }

    /// Is it a ledger, of a format known, with just the tables of that format?
    fn check(path: &Path, connection: Connection) -> Result<Self, OpenError> {
        let sqlite = |error| refuse(path, error);
        if fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0) {
            return Err(refuse_file(path, "it is empty; a ledger never is"));
        }
        connection.busy_timeout(Duration::from_millis(limits::LEDGER_BUSY_TIMEOUT_MS)).map_err(sqlite)?;
        // A ledger may come from anywhere: its schema runs no functions of ours.
        connection
            .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
            .map_err(sqlite)?;
        let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let (application, format) =
            (pragma("application_id").map_err(sqlite)?, pragma("user_version").map_err(sqlite)?);
        if application != APPLICATION_ID {
            return Err(refuse_file(path, "it is a SQLite database and not a ledger"));
        }
        match u32::try_from(format) {
            Ok(LEDGER_FORMAT) => {}
            Ok(found) if found > LEDGER_FORMAT => {
                return Err(OpenError::Newer { path: path.to_owned(), found, known: LEDGER_FORMAT });
            }
            _ => return Err(refuse_file(path, "its format never was")),
        }
        let expected = Connection::open_in_memory().and_then(|fresh| {
            fresh.execute_batch(SCHEMA)?;
            schema_of(&fresh)
        });
        if schema_of(&connection).map_err(sqlite)? != expected.map_err(sqlite)? {
            return Err(refuse_file(path, "its tables are not those of format 1"));
        }
        let origin = connection.query_row("SELECT origin FROM log WHERE only = 1", [], |row| row.get(0));
        Ok(Self { origin: origin.map_err(sqlite)?, connection })
    }

    /// The log's name.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The last checkpoint, as it is stored.
    pub(crate) fn last_checkpoint(&self) -> Result<Option<(String, String)>, ReadError> {
        Ok(last_checkpoint(&self.connection)?.map(|row| (row.note, row.key)))
    }

    /// Number of entries.
    pub(crate) fn size(&self) -> Result<u64, ReadError> {
        Ok(self.connection.query_row("SELECT ifnull(max(seq) + 1, 0) FROM entry", [], |row| row.get(0))?)
    }

    /// The leaf hashes of all entries, in order.
    pub(crate) fn leaves(&self) -> Result<Vec<Digest>, ReadError> {
        let mut statement = self.connection.prepare("SELECT seq, leaf FROM entry ORDER BY seq")?;
        let mut rows = statement.query([])?;
        let mut leaves = Vec::new();
        while let Some(row) = rows.next()? {
            let expected = leaves.len() as u64;
            if row.get::<_, u64>(0)? != expected {
                return Err(Corruption::at(expected, "it is missing").into());
            }
            leaves.push(Digest(row.get(1)?));
        }
        Ok(leaves)
    }

    /// Reads the log in order into `audit`, in one transaction, and hands on what is in `range`. Outside it, entries are held
    /// against the tree alone.
    pub(crate) fn replay<E: From<ReadError>>(
        &self,
        audit: &mut Audit<'_>,
        range: &Range<u64>,
        which: Checkpoints,
        mut each: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let read = |error| sort(error, None).map_or_else(ReadError::Store, ReadError::Corrupt);
        let transaction = self.connection.unchecked_transaction().map_err(read)?;
        let mut entries = transaction.prepare(SELECT_ENTRIES).map_err(read)?;
        let mut checkpoints = transaction.prepare(SELECT_CHECKPOINTS).map_err(read)?;
        let bounds = params![clamp(range.start), clamp(range.end)];
        let mut entries = entries.query(bounds).map_err(read)?;
        let mut checkpoints = checkpoints.query([which == Checkpoints::Last]).map_err(read)?;
        let mut pending = next_checkpoint(&mut checkpoints, audit.size())?;
        loop {
            let seq = audit.size();
            let at = |error| sort(error, Some(seq)).map_or_else(ReadError::Store, ReadError::Corrupt);
            let Some(row) = entries.next().map_err(at)? else { break };
            let (stored, leaf) = (row.get::<_, u64>(0).map_err(at)?, Digest(row.get(1).map_err(at)?));
            if stored != seq {
                return Err(ReadError::from(Corruption::at(seq, "it is missing")).into());
            }
            match row.get::<_, Option<Vec<u8>>>(2).map_err(at)? {
                None => audit.skip(leaf).map_err(ReadError::from)?,
                Some(envelope) => {
                    if merkle::leaf_hash(&envelope) != leaf {
                        return Err(ReadError::from(Corruption::at(
                            seq,
                            "its bytes are not those of its hash",
                        ))
                        .into());
                    }
                    let entry = audit.entry(&envelope)?;
                    each(Item::Entry(&envelope, entry))?;
                }
            }
            while let Some(row) = pending.take_if(|row| row.size == audit.size()) {
                read_checkpoint(audit, &row)?;
                each(Item::Checkpoint(&row.note, &row.key))?;
                pending = next_checkpoint(&mut checkpoints, audit.size())?;
            }
        }
        match pending {
            None => Ok(()),
            Some(row) => {
                let what = format!("the tail is cut off: there is a checkpoint of {} entries", row.size);
                Err(ReadError::from(Corruption::at(row.size.min(audit.size()), what)).into())
            }
        }
    }

    /// SQLite's own view of its file: pages, indexes and constraints.
    pub(crate) fn check_pages(&self) -> Result<(), ReadError> {
        let said: String = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if said == "ok" {
            Ok(())
        } else {
            Err(Corruption::of_the_file(format!("SQLite says: {said}")).into())
        }
    }

    /// Begins an append: takes the write lock and holds the head against its checkpoint.
    pub(crate) fn begin(&mut self) -> Result<Append<'_>, AppendError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (frontier, head) = check_head(&transaction, &self.origin)?;
        Ok(Append { origin: &self.origin, first_seq: frontier.size(), transaction, frontier, head })
    }
}

/// An append under way. Dropped before [`Append::commit`], it leaves nothing.
pub(crate) struct Append<'a> {
    origin: &'a str,
    transaction: Transaction<'a>,
    frontier: Frontier,
    head: Option<SignedCheckpoint>,
    first_seq: u64,
}

impl Append<'_> {
    /// Number the first entry pushed gets.
    pub(crate) fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// How many were pushed.
    pub(crate) fn count(&self) -> u64 {
        self.frontier.size() - self.first_seq
    }

    /// Whether just this envelope is in the log.
    pub(crate) fn contains(&self, envelope: &[u8]) -> Result<bool, AppendError> {
        let leaf = merkle::leaf_hash(envelope);
        let mut statement = self.transaction.prepare_cached("SELECT 1 FROM entry WHERE leaf = ?1")?;
        Ok(statement.exists([leaf.0])?)
    }

    /// Adds one envelope.
    pub(crate) fn push(&mut self, envelope: &[u8]) -> Result<(), AppendError> {
        let seq = self.frontier.size();
        if seq >= limits::LEDGER_ENTRIES {
            return Err(AppendError::Full(seq));
        }
        let leaf = merkle::leaf_hash(envelope);
        self.transaction
            .prepare_cached("INSERT INTO entry (seq, leaf, envelope) VALUES (?1, ?2, ?3)")?
            .execute(params![seq, leaf.0, envelope])?;
        self.frontier.push(leaf);
        Ok(())
    }

    /// Signs what the log now is and makes it so. Durable when this returns. The head, which is none only for an empty log.
    pub(crate) fn commit(self, key: &SigningKey) -> Result<Option<SignedCheckpoint>, AppendError> {
        if self.count() == 0 {
            return Ok(self.head);
        }
        let (size, root) = (self.frontier.size(), self.frontier.root());
        let signed = SignedCheckpoint::sign(Checkpoint { origin: self.origin.to_owned(), size, root }, key);
        let verifier = VerifierKey::new(self.origin, key.public()).to_string();
        self.transaction.execute(
            "INSERT INTO checkpoint (size, note, verifier_key, frontier) VALUES (?1, ?2, ?3, ?4)",
            params![size, signed.note(), verifier, frontier_bytes(&self.frontier)],
        )?;
        self.transaction.commit()?;
        Ok(Some(signed))
    }
}

const SELECT_ENTRIES: &str =
    "SELECT seq, leaf, CASE WHEN seq >= ?1 AND seq < ?2 THEN envelope END FROM entry ORDER BY seq";
const SELECT_CHECKPOINTS: &str = "SELECT size, note, verifier_key, frontier FROM checkpoint \
    WHERE NOT ?1 OR size = (SELECT max(size) FROM checkpoint) ORDER BY size";

fn clamp(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn checkpoint_row(row: &rusqlite::Row<'_>) -> Result<CheckpointRow, rusqlite::Error> {
    Ok(CheckpointRow { size: row.get(0)?, note: row.get(1)?, key: row.get(2)?, frontier: row.get(3)? })
}

fn next_checkpoint(rows: &mut rusqlite::Rows<'_>, seq: u64) -> Result<Option<CheckpointRow>, ReadError> {
    let row = rows.next().and_then(|row| row.map(checkpoint_row).transpose());
    row.map_err(|error| sort(error, Some(seq)).map_or_else(ReadError::Store, ReadError::Corrupt))
}

fn last_checkpoint(connection: &Connection) -> Result<Option<CheckpointRow>, rusqlite::Error> {
    connection.query_row(SELECT_CHECKPOINTS, [true], checkpoint_row).optional()
}

/// Reads a stored checkpoint into the audit, and holds its frontier, which later appends rely on, against the entries.
fn read_checkpoint(audit: &mut Audit<'_>, row: &CheckpointRow) -> Result<(), ReadError> {
    audit.checkpoint(&row.note, &row.key)?;
    if row.frontier != frontier_bytes(audit.frontier()) {
        let what = format!(
            "the frontier stored with the checkpoint of size {} is not that of the entries",
            row.size
        );
        return Err(Corruption::at(row.size.saturating_sub(1), what).into());
    }
    Ok(())
}

fn frontier_bytes(frontier: &Frontier) -> Vec<u8> {
    frontier.peaks().iter().flat_map(|peak| peak.0).collect()
}

/// The last checkpoint must be signed, its frontier must give its root, and the last entry must be the last it counts. What is
/// before that is for `verify`: doing it at each append would make appending linear.
fn check_head(
    connection: &Connection,
    origin: &str,
) -> Result<(Frontier, Option<SignedCheckpoint>), AppendError> {
    let last = connection
        .query_row("SELECT seq, leaf, envelope FROM entry ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, u64>(0)?, Digest(row.get(1)?), row.get::<_, Vec<u8>>(2)?))
        })
        .optional()?;
    let size = last.as_ref().map_or(0, |(seq, ..)| seq + 1);
    let Some(row) = last_checkpoint(connection)? else {
        let refused = Corruption::at(0, format!("entries 0..{size} have no checkpoint"));
        return if size == 0 { Ok((Frontier::default(), None)) } else { Err(refused.into()) };
    };
    let first_bad = row.size.min(size).saturating_sub(1);
    let wrong =
        |what: &str| Corruption::at(first_bad, format!("the last checkpoint, of size {}: {what}", row.size));
    if row.size != size {
        return Err(wrong(&format!("there are {size} entries")).into());
    }
    let (signed, _) = audit::open_checkpoint(origin, &row.note, &row.key).map_err(|what| wrong(&what))?;
    let (peaks, rest) = row.frontier.as_chunks::<32>();
    let frontier = Frontier::from_parts(size, peaks.iter().map(|peak| Digest(*peak)).collect());
    let frontier = frontier.filter(|_| rest.is_empty()).ok_or_else(|| wrong("its frontier is malformed"))?;
    if signed.checkpoint().size != size || signed.checkpoint().root != frontier.root() {
        return Err(wrong("it signs something else").into());
    }
    let Some((seq, leaf, envelope)) = last else { return Err(wrong("its entries are missing").into()) };
    let is_peak = size % 2 == 0 || frontier.peaks().last() == Some(&leaf);
    if merkle::leaf_hash(&envelope) != leaf || !is_peak {
        return Err(Corruption::at(seq, "its bytes are not those of its hash").into());
    }
    Ok((frontier, Some(signed)))
}

fn create_tables(connection: &Connection, origin: &str) -> Result<(), rusqlite::Error> {
    connection.execute_batch(SCHEMA)?;
    connection.execute("INSERT INTO log (only, origin) VALUES (1, ?1)", [origin])?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", LEDGER_FORMAT)
}

/// A name for a new log.
pub(crate) fn new_origin() -> Result<String, getrandom::Error> {
    let mut name = [0; 16];
    getrandom::fill(&mut name)?;
    Ok(format!("{ORIGIN_PREFIX}{:032x}", u128::from_be_bytes(name)))
}

/// Makes an empty ledger. It gets its name only when it is whole and on disk, so that a kill leaves all of it or nothing; where
/// two processes make it at the same time, the first one's stays.
fn create_file(path: &Path) -> Result<(), OpenError> {
    let wrap = |source| OpenError::Io { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.try_exists().map_err(wrap)? {
        fs::create_dir_all(folder).map_err(wrap)?;
        // The folder is ours alone, and what is in it is nobody's source.
        fs::write(folder.join(".gitignore"), "*\n").map_err(wrap)?;
    }
    if has_wal(path) && !path.try_exists().map_err(wrap)? {
        return Err(refuse_file(path, "it is gone, but its write-ahead log is still there"));
    }
    let origin = new_origin().map_err(OpenError::Random)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", origin.trim_start_matches(ORIGIN_PREFIX)));
    let draft = folder.join(name);
    let made = Connection::open(&draft)
        .and_then(|mut connection| {
            let transaction = connection.transaction()?;
            create_tables(&transaction, &origin)?;
            transaction.commit()?;
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            connection.close().map_err(|(_, error)| error)
        })
        .map_err(|error| refuse(path, error))
        .and_then(|()| File::open(&draft).and_then(|file| file.sync_all()).map_err(wrap))
        .and_then(|()| match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked.map_err(wrap),
        });
    let removed = fs::remove_file(&draft);
    made?;
    removed.map_err(wrap)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(wrap)
}

fn schema_of(connection: &Connection) -> Result<Vec<(String, String, Option<String>)>, rusqlite::Error> {
    let mut statement =
        connection.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

fn refuse(path: &Path, error: rusqlite::Error) -> OpenError {
    match sort(error, None) {
        Ok(corruption) => OpenError::Corrupt { path: path.to_owned(), corruption },
        Err(source) => OpenError::Store { path: path.to_owned(), source },
    }
}

fn refuse_file(path: &Path, what: &str) -> OpenError {
    OpenError::Corrupt { path: path.to_owned(), corruption: Corruption::of_the_file(what) }
}

/// Whether transactions are waiting in the write-ahead log beside `path`.
fn has_wal(path: &Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    fs::metadata(PathBuf::from(wal)).is_ok_and(|metadata| metadata.len() > 0)
}

/// SQLite's URI of a file that nobody writes.
fn immutable_uri(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let encode = |&byte: &u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let encoded: String = path.as_os_str().as_encoded_bytes().iter().map(encode).collect();
    format!("file:{encoded}?immutable=1")
}

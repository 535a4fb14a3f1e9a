//! A ledger as text: exporting, reading and importing.
//!
//! JSON Lines: a header, then the envelopes as they are (an in-toto bundle has the same lines) with checkpoints between
//! them. `docs/ledger-format.md` is normative.

use std::io::{self, BufRead, Read as _, Write};

use seaworthy_core::limits;
use serde::{Deserialize, Serialize};

use crate::audit::{Audit, Verification};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::error::{AppendError, Corruption, ExportError, ImportError, ReadError};
use crate::ledger::Ledger;
use crate::store::{Append, Checkpoints, Item};

/// `format` of the header line.
pub const EXPORT_FORMAT: &str = "seaworthy.ledger/v1";

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What was verified of the export before anything was stored.
    pub export: Verification,
    /// Entries that were new, appended in the export's order with their own signatures.
    pub added: u64,
    /// Entries that were there, byte for byte.
    pub already_there: u64,
    /// This ledger's head since. `None` only for an empty ledger that was given an empty export.
    pub checkpoint: Option<SignedCheckpoint>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    origin: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CheckpointLine {
    checkpoint: String,
    verifier_key: String,
}

/// Begins every checkpoint line and no envelope line that this version writes.
const CHECKPOINT_LINE: &[u8] = b"{\"checkpoint\":";

impl Ledger {
    /// Writes the whole ledger as text, verifying it on the way. After an error, throw away what was written: it could pass for an
    /// export of a shorter log.
    pub fn export(&self, mut writer: impl Write) -> Result<Verification, ExportError> {
        let mut audit = Audit::new(self.origin().to_owned(), None).map_err(ReadError::from)?;
        let header = Header { format: EXPORT_FORMAT.to_owned(), origin: self.origin().to_owned() };
        write_line(&mut writer, &header)?;
        self.store.replay(&mut audit, &(0..u64::MAX), Checkpoints::All, |item| match item {
            Item::Entry(envelope, _) => {
                writer.write_all(envelope)?;
                Ok(writer.write_all(b"\n")?)
            }
            Item::Checkpoint(note, key) => {
                let line = CheckpointLine { checkpoint: note.to_owned(), verifier_key: key.to_owned() };
                write_line(&mut writer, &line)
            }
        })?;
        writer.flush()?;
        Ok(audit.finish().map_err(ReadError::from)?)
    }

    /// Verifies an export, and appends what of it is not here yet as one transaction under this ledger's key. Foreign entries keep
    /// their signers. All or nothing; a second time adds nothing. Memory is bounded by the longest line.
    ///
    /// `against` is a checkpoint of the exported log that was kept elsewhere.
    pub fn import(
        &mut self,
        reader: impl BufRead,
        against: Option<&Checkpoint>,
    ) -> Result<Imported, ImportError> {
        let key = self.key.as_ref().ok_or(AppendError::ReadOnly)?;
        let mut append = self.store.begin()?;
        let mut already_there = 0;
        let export = read_export(reader, against, |envelope| {
            if append.contains(envelope)? {
                already_there += 1;
                return Ok(());
            }
            Append::push(&mut append, envelope)
        })?;
        let added = append.count();
        let checkpoint = append.commit(key)?;
        Ok(Imported { export, added, already_there, checkpoint })
    }
}

/// Verifies the bytes of an export, storing nothing.
pub fn parse_export(bytes: &[u8]) -> Result<Verification, ImportError> {
    read_export(bytes, None, |_| Ok(()))
}

/// Reads and verifies an export, handing on each envelope as it comes. What was handed on counts only if all is well.
fn read_export(
    mut reader: impl BufRead,
    against: Option<&Checkpoint>,
    mut each: impl FnMut(&[u8]) -> Result<(), AppendError>,
) -> Result<Verification, ImportError> {
    let mut line = Vec::new();
    let malformed = |line, what: String| ImportError::Line { line, what };
    if !read_line(&mut reader, &mut line, 1)? {
        return Err(malformed(1, "the export is empty".to_owned()));
    }
    let header: Header = serde_json::from_slice(&line)
        .map_err(|error| malformed(1, format!("not the header of an export: {error}")))?;
    if header.format != EXPORT_FORMAT {
        let found: String = header.format.chars().take(80).collect();
        return Err(malformed(1, format!("the format is {found:?}; this version reads {EXPORT_FORMAT:?}")));
    }
    let corrupt = |line, corruption: Corruption| ImportError::Corrupt { line, corruption };
    let mut audit = Audit::new(header.origin, against).map_err(|corruption| corrupt(1, corruption))?;
    let mut number = 1;
    while read_line(&mut reader, &mut line, number + 1)? {
        number += 1;
        if line.starts_with(CHECKPOINT_LINE) {
            let read: CheckpointLine = serde_json::from_slice(&line)
                .map_err(|error| malformed(number, format!("not a checkpoint line: {error}")))?;
            let taken = audit.checkpoint(&read.checkpoint, &read.verifier_key);
            taken.map_err(|corruption| corrupt(number, corruption))?;
            continue;
        }
        if audit.size() >= limits::LEDGER_ENTRIES {
            return Err(malformed(number, format!("more than {} entries", limits::LEDGER_ENTRIES)));
        }
        match audit.entry(&line) {
            Ok(_) => each(&line)?,
            Err(ReadError::Corrupt(corruption)) => return Err(corrupt(number, corruption)),
            Err(ReadError::Newer { seq, found }) => {
                return Err(ImportError::Newer { line: number, seq, found });
            }
            Err(other) => return Err(malformed(number, other.to_string())),
        }
    }
    audit.finish().map_err(|corruption| corrupt(number, corruption))
}

/// Reads one line without its newline; false at the end. A last line without newline was cut off.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>, number: u64) -> Result<bool, ImportError> {
    let most = limits::LEDGER_ENVELOPE_BYTES + 1;
    line.clear();
    if reader.by_ref().take(most as u64).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.pop() == Some(b'\n') {
        return Ok(true);
    }
    let what = if line.len() + 1 >= most { "the line is too long" } else { "the line is cut off" };
    Err(ImportError::Line { line: number, what: what.to_owned() })
}

fn write_line(writer: &mut impl Write, line: &impl Serialize) -> Result<(), ExportError> {
    let mut bytes = serde_json::to_vec(line).map_err(io::Error::from)?;
    bytes.push(b'\n');
    Ok(writer.write_all(&bytes)?)
}

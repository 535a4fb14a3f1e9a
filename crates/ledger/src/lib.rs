//! The record: what was observed, claimed and decided, signed and in an order that can be proven.
//!
//! A ledger is an RFC 6962 Merkle log whose leaves are DSSE envelopes holding in-toto statements, kept in SQLite, with a
//! signed checkpoint after every append. `docs/ledger-format.md` is normative; an independent reader needs nothing else.
//!
//! It is tamper-evident, not proof against tampering: whoever holds the file can cut its tail, and whoever holds the
//! key can rewrite it. Both show only against a checkpoint that was kept elsewhere: export checkpoints, and verify
//! against them.
//!
//! Architecture invariants: no clock is read here (time is passed in), nothing is ever updated or deleted, and a
//! ledger that does not verify is never written to.

pub mod checkpoint;
pub mod envelope;
pub mod key;
pub mod merkle;
pub mod statement;

mod audit;
mod error;
pub mod export;
mod ledger;
mod store;

pub use audit::Verification;
pub use checkpoint::{Checkpoint, SignedCheckpoint, VerifierKey};
pub use error::{AppendError, Corruption, ExportError, ImportError, OpenError, ReadError};
pub use export::{Imported, parse_export};
pub use key::{KeyError, PublicKey, SigningKey};
pub use ledger::{Appended, ConsistencyProof, InclusionProof, Ledger};
pub use store::LEDGER_FORMAT;

#[cfg(test)]
mod worked_example;

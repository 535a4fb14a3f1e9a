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

//! The record: entries, Merkle log, signatures, checkpoints, SQLite.

//! Every maximum of the whole program, in one place, each with its reason. Sections by crate; append to yours.

/// Files of a tree that are looked at; more are listed as not checked. Chromium has about 500,000.
pub const TREE_FILES: usize = 1_000_000;

/// Bytes of one source file that are read; a larger one is generated or data, and is listed as not checked.
pub const SOURCE_FILE_BYTES: u64 = 2 * 1024 * 1024;

/// Bytes of `seaworthy.toml`.
pub const PLAN_BYTES: usize = 1024 * 1024;

/// Depth to which syntax is followed. Recursive descent over deeper nesting could exhaust a thread's stack.
pub const SYNTAX_DEPTH: usize = 200;

/// Trials after which a bound needs no more: a rate below 3 in 10^9 is beyond what any probe here can promise.
pub const TRIALS: u64 = 1_000_000_000;

// The ledger.

/// Bytes of one envelope, and so of one line of an export. An observation names its artifacts and does not hold them.
pub const LEDGER_ENVELOPE_BYTES: usize = 16 * 1024 * 1024;

/// Entries of one ledger. Making a proof holds 32 bytes of each: 320 MB at this size.
pub const LEDGER_ENTRIES: u64 = 10_000_000;

/// Bytes of a checkpoint's note. Sixteen post-quantum signatures, which readers of notes must accept, take 80 KB.
pub const LEDGER_NOTE_BYTES: usize = 128 * 1024;

/// Signatures on a note. Readers must accept at least sixteen (signed-note v1.0.0).
pub const LEDGER_NOTE_SIGNATURES: usize = 64;

/// How long a writer waits for another process to finish its append.
pub const LEDGER_BUSY_TIMEOUT_MS: u64 = 30_000;

/// Bytes of a key file: PKCS#8 PEM of an Ed25519 key takes 119.
pub const KEY_FILE_BYTES: u64 = 4096;

// The checks.

/// Bytes of one file that can be part of a subject; a larger one is listed and left out.
pub const TREE_FILE_BYTES: u64 = 1024 * 1024 * 1024;

/// Stack of each thread that reads syntax: the parsers descend recursively, and a debug build needs most.
pub const SYNTAX_STACK_BYTES: usize = 64 * 1024 * 1024;

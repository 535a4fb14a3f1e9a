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

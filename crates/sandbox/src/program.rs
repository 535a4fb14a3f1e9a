//! What is to be run, within which limits, and how it ended.

use seaworthy_core::limits;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

/// A program to start.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments. A first word without `/` is looked for on `PATH`.
    pub argv: Vec<OsString>,
    /// The folder it starts in. In a world: as the world sees it, usually the tree or below.
    pub dir: PathBuf,
    /// Variables in addition to the allow-list; a name given here wins.
    pub env: Vec<(OsString, OsString)>,
    /// What it may use.
    pub limits: Limits,
    /// What it reads.
    pub stdin: Stdin,
}

impl Program {
    /// `argv` in `dir`, with default limits, nothing on standard input and no further variables.
    pub fn new<S: AsRef<OsStr>>(argv: impl IntoIterator<Item = S>, dir: impl Into<PathBuf>) -> Self {
        Program {
            argv: argv.into_iter().map(|word| word.as_ref().to_owned()).collect(),
            dir: dir.into(),
            env: Vec::new(),
            limits: Limits::default(),
            stdin: Stdin::Null,
        }
    }
}

/// What a program finds on its standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stdin {
    /// Nothing: `/dev/null`.
    #[default]
    Null,
    /// These bytes, then the end.
    Bytes(Vec<u8>),
}

/// What a program and everything it starts may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run; `None` for a service, which is stopped by its starter.
    pub deadline: Option<Duration>,
    /// Bytes of each of its two output streams that are kept: half from the start, half from the end. More is counted and dropped.
    pub output_bytes: u64,
    /// Resident memory of the whole process tree (pages shared by two processes count twice).
    pub memory_bytes: Option<u64>,
    /// Descriptors of each process.
    pub open_files: u64,
    /// Bytes of each file written.
    pub file_bytes: u64,
    /// Processes and threads of the whole tree.
    pub processes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            deadline: None,
            output_bytes: limits::CHILD_OUTPUT_BYTES,
            memory_bytes: Some(limits::CHILD_MEMORY_BYTES),
            open_files: limits::CHILD_OPEN_FILES,
            file_bytes: limits::CHILD_FILE_BYTES,
            processes: Some(limits::CHILD_PROCESSES),
        }
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this status.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// It ran longer than [`Limits::deadline`] and was killed.
    DeadlineExceeded,
    /// Its tree used more than [`Limits::memory_bytes`] and was killed.
    MemoryExceeded,
    /// Its tree had more than [`Limits::processes`] and was killed.
    ProcessesExceeded,
    /// The world it ran in ended, or the process that watched it was killed from outside.
    Lost,
}

impl Exit {
    /// Whether it exited with status 0.
    pub fn success(self) -> bool {
        self == Exit::Code(0)
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exited with status {code}"),
            Exit::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Exit::DeadlineExceeded => write!(f, "ran past its deadline and was killed"),
            Exit::MemoryExceeded => write!(f, "used more memory than it may and was killed"),
            Exit::ProcessesExceeded => write!(f, "started more processes than it may and was killed"),
            Exit::Lost => write!(f, "ended together with what it ran in"),
        }
    }
}

/// One captured output stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// What was kept: everything, or the start, a line saying how much is missing, and the end.
    pub bytes: Vec<u8>,
    /// How many bytes were left out between start and end.
    pub dropped: u64,
}

impl Output {
    /// The bytes as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// A program that ran and ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How it ended.
    pub status: Exit,
    /// Its standard output.
    pub stdout: Output,
    /// Its standard error.
    pub stderr: Output,
    /// From its start to its end.
    pub duration: Duration,
}

//! Why something was not started or opened. Every message says what, where, and the system's own answer.

use std::io;
use std::path::PathBuf;

/// Why a program did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// `argv` is empty, or its first word is.
    #[error("there is no program to start: its command line is empty")]
    Empty,
    /// A word, a variable or the folder holds a NUL byte.
    #[error(
        "the command line of `{program}`, its folder or a variable holds a NUL byte, which no program can be given"
    )]
    Nul {
        /// The program's name.
        program: String,
    },
    /// Nowhere on `PATH`, or no such file.
    #[error("`{program}` was not found (PATH={path})")]
    NotFound {
        /// The program's name.
        program: String,
        /// Where it was looked for.
        path: String,
    },
    /// It is there and cannot be run.
    #[error("`{program}` cannot be run: {reason}")]
    NotRunnable {
        /// The program's name.
        program: String,
        /// Why.
        reason: String,
    },
    /// The folder it was to start in.
    #[error("`{program}` cannot start in {}: {source}", dir.display())]
    Directory {
        /// The program's name.
        program: String,
        /// The folder.
        dir: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Too many programs run in the world already.
    #[error(
        "`{program}` was not started: {} programs run in this world already",
        seaworthy_core::limits::WORLD_PROCESSES
    )]
    TooMany {
        /// The program's name.
        program: String,
    },
    /// The system refused something else.
    #[error("`{program}` was not started: {what}: {source}")]
    System {
        /// The program's name.
        program: String,
        /// What was refused.
        what: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
}

/// Why a program was not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// No process could be made to watch over it.
    #[error("no process could be made to watch over `{program}`: {source}")]
    Supervisor {
        /// The program's name.
        program: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// What the system did not allow.
#[derive(Debug, thiserror::Error)]
#[error("could not {what}: {error}")]
pub struct Denied {
    pub(crate) what: String,
    pub(crate) error: io::Error,
}

impl Denied {
    #[cfg(target_os = "linux")]
    pub(crate) fn new(what: impl Into<String>, error: i32) -> Self {
        Denied { what: what.into(), error: io::Error::from_raw_os_error(error) }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn system(what: &str, error: io::Error) -> Self {
        Denied { what: what.into(), error }
    }
}

/// Why a world could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The tree is not there, is no folder, or cannot be entered.
    #[error("{} cannot be run: {source}", tree.display())]
    Tree {
        /// The tree.
        tree: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The scratch folder cannot be written.
    #[error("{} cannot be used as a scratch folder: {source}", scratch.display())]
    Scratch {
        /// The scratch folder.
        scratch: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A layer over a tree cannot lie in that tree.
    #[error("the scratch folder {} lies in the tree {}; name one outside", scratch.display(), tree.display())]
    ScratchInTree {
        /// The scratch folder.
        scratch: PathBuf,
        /// The tree.
        tree: PathBuf,
    },
    /// No overlay was possible, and no copy either.
    #[error("{} could not be copied: {source}", tree.display())]
    Copy {
        /// The tree.
        tree: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Namespaces were asked for and are not to be had.
    #[error(transparent)]
    Denied(#[from] Denied),
}

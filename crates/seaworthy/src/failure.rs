//! Why a command could not do its work, and what to do next.

use std::fmt;

use crate::exit::Exit;

/// Why a command could not do its work. Problems in the judged software are findings, not failures.
#[derive(Debug)]
pub struct Failure {
    /// Whose it is to mend.
    pub kind: Kind,
    /// What happened, and where.
    pub message: String,
    /// What to do next, a line each.
    pub hints: Vec<String>,
}

/// Whose it is to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The call or the configuration is wrong.
    Usage,
    /// The record cannot be trusted.
    Record,
    /// A defect of ours.
    Bug,
}

impl Failure {
    /// The call or the configuration is wrong.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { kind: Kind::Usage, message: message.to_string(), hints: Vec::new() }
    }

    /// The record cannot be trusted.
    pub fn record(message: impl fmt::Display) -> Self {
        Self { kind: Kind::Record, message: message.to_string(), hints: Vec::new() }
    }

    /// A defect of ours.
    pub fn bug(message: impl fmt::Display) -> Self {
        let hint = "this is a defect of Seaworthy: please report the line above, with the command".to_owned();
        Self { kind: Kind::Bug, message: message.to_string(), hints: vec![hint] }
    }

    /// Adds what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self.kind {
            Kind::Usage => Exit::Usage,
            Kind::Record => Exit::Untrusted,
            Kind::Bug => Exit::Bug,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

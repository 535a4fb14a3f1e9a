//! Probes: each one way in which a running service can be wrong. One file (or folder) each, listed in [`registry`].

pub mod concurrent_users;
pub mod crash_recovery;
pub mod malformed_input;
pub mod password_guessing;
pub mod registry;
pub mod replicas;

use seaworthy_core::{BoundNeeded, FailureMode, Need, RuleId};

use crate::arena::{Arena, Evidence, Stop};

/// A probe: what it is, and how it runs.
#[derive(Debug)]
pub struct Probe {
    /// What it is.
    pub meta: Meta,
    /// Runs it. What it found and how much it tried goes into the evidence; `Ok` says that it worked to its end, `Err` why it could not.
    /// Findings count either way.
    pub run: fn(&Arena<'_>, &mut Evidence) -> Result<(), Stop>,
}

/// What a probe is.
#[derive(Debug)]
pub struct Meta {
    /// Its id: the file's name with hyphens.
    pub id: RuleId,
    /// Raised whenever its judgement changes.
    pub version: u32,
    /// The failure mode it answers.
    pub failure_mode: FailureMode,
    /// Whether a verdict waits for it.
    pub need: Need,
    /// One line.
    pub title: &'static str,
    /// The closed list of ways to be wrong that it tells apart.
    pub variants: &'static [&'static str],
    /// What its trials must rule out before "held" may be said.
    pub bound_needed: Option<BoundNeeded>,
    /// The checks it confirms at the same route or handler.
    pub confirms: &'static [&'static str],
    /// How long it works when no budget is given.
    pub budget_ms: u64,
    /// Its own source: the leading `//!` text is its page.
    pub source: &'static str,
}

impl Meta {
    /// Its page: the leading `//!` lines of its source.
    pub fn page(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    }
}

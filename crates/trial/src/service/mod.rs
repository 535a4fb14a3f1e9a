//! Starting a service as its user would, in a world of its own: what to start, when it is ready, and whose socket that is.

mod distribution;
mod launch;
mod running;
mod words;

use seaworthy_core::Reason;

pub use launch::{Launch, Prepared, Ready, prepare};
pub use running::Running;
pub use words::{Need, needs};

/// Why a service is not ready. Carries what goes into the observation.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct NotReady(pub Reason);

impl NotReady {
    /// As an observation says it.
    pub fn reason(self) -> Reason {
        self.0
    }

    /// A sentence and the last lines of the log.
    pub(crate) fn saying(what: impl Into<String>, log: &str) -> Self {
        Self(Reason::NotReady { what: what.into(), log: last_lines(log) })
    }
}

/// The last lines of a log, as much as a reason quotes.
pub(crate) fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.trim_end().lines().collect();
    let shown = lines
        .get(lines.len().saturating_sub(seaworthy_core::limits::SERVICE_LOG_LINES)..)
        .unwrap_or_default();
    // A line may be a whole page of HTML.
    shown.iter().map(|line| line.chars().take(200).collect::<String>()).collect::<Vec<_>>().join("\n")
}

//! One model of what came out, and its renderings. None of them decides anything, and none changes the exit code.

mod html;
mod json;
pub mod model;
mod sarif;
mod terminal;

use clap::ValueEnum;

pub(crate) use model::route_key;
pub use model::{Inferred, Report};

/// A rendering of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// One self-contained page.
    Html,
    /// `seaworthy.report/v1`.
    Json,
    /// SARIF 2.1.0 (OASIS).
    Sarif,
    /// For people at a terminal.
    #[default]
    Terminal,
}

impl Format {
    /// The report in this format.
    pub fn render(self, report: &Report) -> String {
        match self {
            Self::Html => html::render(report),
            Self::Json => json::render(report),
            Self::Sarif => sarif::render(report),
            Self::Terminal => terminal::render(report),
        }
    }
}

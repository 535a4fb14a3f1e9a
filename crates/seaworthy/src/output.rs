//! How a report leaves: in which format, and where to.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::report::{Format, Report};
use crate::terminal::{Terminal, visible_json};

/// How a report leaves.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct OutputArgs {
    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write the report to a file instead of standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl OutputArgs {
    /// Renders the report and puts it where it is wanted.
    pub(crate) fn put(&self, report: &Report, terminal: &Terminal) -> Result<(), Failure> {
        let text = match self.format {
            Format::Json | Format::Sarif => visible_json(&self.format.render(report)),
            Format::Html | Format::Terminal => self.format.render(report),
        };
        let Some(path) = &self.output else { return terminal.print(&text) };
        // A file is not a terminal: escape sequences in it would be noise.
        let text = match self.format {
            Format::Terminal => anstream::adapter::strip_str(&text).to_string(),
            Format::Html | Format::Json | Format::Sarif => text,
        };
        std::fs::write(path, text)
            .map_err(|error| Failure::usage(format!("{} could not be written: {error}", path.display())))
    }
}

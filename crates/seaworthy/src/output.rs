//! How a report leaves: in which format, and where to.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use seaworthy_trial::Replayed;
use serde_json::json;

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
    /// Before the work: a place that cannot be written is known in the first second, not after minutes.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let Some(path) = &self.output else { return Ok(()) };
        let new = !path.exists();
        OpenOptions::new().append(true).create(true).open(path).map_err(|error| unwritten(path, &error))?;
        if new {
            // Nothing is left where nothing came out.
            std::fs::remove_file(path).map_err(|error| unwritten(path, &error))?;
        }
        Ok(())
    }

    /// Tells what running a replay again came to.
    pub(crate) fn put_replayed(&self, replayed: &Replayed, terminal: &Terminal) -> Result<(), Failure> {
        let Replayed { seen, tried, notes, see } = replayed;
        let text = match self.format {
            Format::Terminal => {
                let notes = (1..).zip(notes).map(|(number, note)| format!("  {number}. {note}\n"));
                format!("seen again in {seen} of {tried} attempts: {see}\n{}", notes.collect::<String>())
            }
            Format::Json => {
                let document = json!({
                    "format": "seaworthy.replayed/v1", "seen": seen, "tried": tried, "see": see, "notes": notes
                });
                format!("{document:#}\n")
            }
            Format::Html | Format::Sarif => {
                return Err(Failure::usage("what came of a replay is told as `terminal` or `json`"));
            }
        };
        self.write(text, terminal)
    }

    /// Renders the report and puts it where it is wanted.
    pub(crate) fn put(&self, report: &Report, terminal: &Terminal) -> Result<(), Failure> {
        let text = match self.format {
            Format::Json | Format::Sarif => visible_json(&self.format.render(report)),
            Format::Html | Format::Terminal => self.format.render(report),
        };
        self.write(text, terminal)
    }

    fn write(&self, text: String, terminal: &Terminal) -> Result<(), Failure> {
        let Some(path) = &self.output else { return terminal.print(&text) };
        // A file is not a terminal: escape sequences in it would be noise.
        let text = match self.format {
            Format::Terminal => anstream::adapter::strip_str(&text).to_string(),
            Format::Html | Format::Json | Format::Sarif => text,
        };
        std::fs::write(path, text).map_err(|error| unwritten(path, &error))
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{} could not be written: {error}", path.display()))
}

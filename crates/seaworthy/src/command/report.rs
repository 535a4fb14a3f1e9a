//! `seaworthy report`: what is on record, decided again.

use std::path::PathBuf;

use crate::assessment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::project::Project;
use crate::terminal::Terminal;

/// Show what is on record for the tree as it is now, without measuring anything.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder judged.
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    args.output.check()?;
    let project = Project::open(&args.path)?;
    let report = assessment::on_record(&project)?;
    if report.observations.is_empty() {
        terminal.say(&format!("nothing is on record for this tree: seaworthy assess {}", project.shown));
    }
    args.output.put(&report, terminal)?;
    Ok(report.decision.verdict.into())
}

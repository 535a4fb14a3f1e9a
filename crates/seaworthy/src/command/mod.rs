//! The commands: one file each, one line each here.

mod assess;
mod baseline;
mod check;
mod completions;
mod explain;
mod init;
mod ledger;
mod report;
mod trial;

use clap::{Parser, Subcommand};

pub(crate) use init::service_name;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Tells whether software that AI largely wrote is fit for production, and shows why not.
///
/// An author's claim is never evidence: Seaworthy gathers its own, by reading the code against what is installed and by running the
/// service in a hostile world. What it could not tell, it says it could not tell.
#[derive(Debug, Parser)]
#[command(name = "seaworthy", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 clear, 1 hold, 2 usage or configuration, 3 unknown (something required could not be told), \
                          4 the record cannot be trusted, 70 a defect of Seaworthy's own.";

#[derive(Debug, Subcommand)]
enum Command {
    Assess(assess::Args),
    Check(check::Args),
    Completions(completions::Args),
    Explain(explain::Args),
    Init(init::Args),
    Ledger(ledger::Args),
    Report(report::Args),
    Trial(trial::Args),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// When the command could not do its work; what it found wrong is in the exit code.
    pub(crate) fn run(&self, terminal: &Terminal) -> Result<Exit, Failure> {
        match &self.command {
            Command::Assess(args) => assess::run(args, terminal),
            Command::Check(args) => check::run(args, terminal),
            Command::Completions(args) => completions::run(args, terminal),
            Command::Explain(args) => explain::run(args, terminal),
            Command::Init(args) => init::run(args, terminal),
            Command::Ledger(args) => ledger::run(args, terminal),
            Command::Report(args) => report::run(args, terminal),
            Command::Trial(args) => trial::run(args, terminal),
        }
    }
}

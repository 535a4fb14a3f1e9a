//! `seaworthy completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::command::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Print a completion script for a shell.
///
/// For bash: `seaworthy completions bash > ~/.local/share/bash-completion/completions/seaworthy`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "seaworthy", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clear)
}

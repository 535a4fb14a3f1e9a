//! The program: config, commands, reports. It wires the other crates together and has no rules and no SQL of its own.
//!
//! As data flows: a root becomes a [`project::Project`], its tree and its services become observations, those are
//! recorded as entries, decided once by `core::decide`, and leave through a [`report::Report`]. Nothing goes back up.

pub mod command;
pub mod exit;
pub mod failure;
pub mod reference;
pub mod report;

mod assessment;
mod cache;
mod clock;
mod excerpt;
mod fitting;
mod interrupt;
mod output;
mod policy;
mod project;
mod record;
mod survey;
mod terminal;
mod trials;
mod unjudged;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser;

use crate::command::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Where and why the last panic happened; the hook has the place, the catcher has not.
static PANIC: Mutex<String> = Mutex::new(String::new());

/// Runs the command line. A panic is a defect of ours: it is said in one line, and the exit code is 70.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut last) = PANIC.lock() {
            *last = info.to_string();
        }
    }));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to be told when the terminal is gone.
            drop(error.print());
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Clear.into() };
        }
    };
    let terminal = Terminal::new();
    let ended = catch_unwind(AssertUnwindSafe(|| cli.run(&terminal))).unwrap_or_else(|_| {
        let what = PANIC.lock().map(|last| last.clone()).unwrap_or_default();
        Err(Failure::bug(what))
    });
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal.fail(&failure);
            failure.exit().into()
        }
    }
}

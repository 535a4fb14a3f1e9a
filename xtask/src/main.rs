//! Repository rules, tests, benchmarks and generated documents.

mod bench;
mod docs;
mod parts;
mod process;
mod suite;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Bring what the tests need into target/parts, then run everything.
    Test(suite::Args),
    /// Measure, beside peers or physical limits, and store the figures in docs/bench.
    Bench(bench::Args),
    /// Write the generated documents; with --check, only tell whether they are current.
    Docs(docs::Args),
}

fn main() -> ExitCode {
    let ended = match Cli::parse().chore {
        Chore::Test(args) => suite::run(&args),
        Chore::Bench(args) => bench::run(&args),
        Chore::Docs(args) => docs::run(&args),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            process::say(&format!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}

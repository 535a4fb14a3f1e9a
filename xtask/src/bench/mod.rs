//! `cargo xtask bench`: figures beside a peer or a physical limit in the same run, printed and kept in `docs/bench/` with the machine's.
//! Never a test: machines are shared and noisy.

mod backends;
mod build;
mod check;
mod ledger;
mod measure;
mod security;

use std::path::PathBuf;

use clap::Subcommand;

use crate::process::{print, root};

/// Measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// All checks over a tree, beside parse-only of the same files, and ruff and bandit where installed.
    Check {
        /// The tree; Django's wheel when absent.
        path: Option<PathBuf>,
    },
    /// Parse a tree and do nothing else: what `check` is held against.
    #[command(hide = true)]
    ParseOnly {
        /// The tree.
        path: PathBuf,
    },
    /// A clean release build of the program, and what each heavy dependency costs.
    Build,
    /// Appending to the record and verifying it.
    Ledger,
    /// The labelled backends of fixtures/backends, rule by rule.
    Backends {
        /// The half that was put away before the first rule was written.
        #[arg(long)]
        sealed: bool,
    },
    /// A checkout of OWASP BenchmarkPython or BenchmarkJava, by category, beside bandit where installed.
    Security {
        /// The checkout.
        path: PathBuf,
    },
}

pub(crate) fn run(args: &Args) -> Result<(), String> {
    match &args.what {
        What::Check { path } => check::run(path.as_deref()),
        What::ParseOnly { path } => check::parse_only(path),
        What::Build => build::run(),
        What::Ledger => ledger::run(),
        What::Backends { sealed } => backends::run(*sealed),
        What::Security { path } => security::run(path),
    }
}

/// Prints a page of figures and keeps it.
fn keep(name: &str, page: &str) -> Result<(), String> {
    print(page);
    let folder = root().join("docs/bench");
    let path = folder.join(format!("{name}.md"));
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, page))
        .map_err(|error| format!("{}: {error}", path.display()))
}

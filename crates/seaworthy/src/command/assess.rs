//! `seaworthy assess [PATH]`: the main job.

use std::path::PathBuf;

use super::baseline;
use crate::assessment::{Assessment, Budget, Wanted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::policy::Scope;
use crate::project::Project;
use crate::terminal::Terminal;

/// Survey, check, try, decide, record, report. Needs no configuration.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to judge.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How long each probe may take, such as `90s` or `5m`. Without it, each takes what it usually needs: 90 s to 180 s at most. A service that has to be waited for gets 30 s more to start.
    #[arg(long, value_name = "TIME")]
    budget: Option<Budget>,
    /// Where randomness starts from; the same seed makes the same requests.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Take everything found for known, and write it to the plan's baseline.
    #[arg(long)]
    write_baseline: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    args.output.check()?;
    let project = Project::open(&args.path)?;
    let wanted = Wanted {
        scope: Scope::Assess,
        budget: args.budget.map(|budget| budget.0),
        seed: args.seed,
        keep: !args.write_baseline,
        without_baseline: args.write_baseline,
        ..Wanted::default()
    };
    let assessment = Assessment::make(&project, &wanted, terminal)?;
    if args.write_baseline {
        return baseline::write(&project, &assessment, terminal);
    }
    args.output.put(&assessment.report, terminal)?;
    Ok(assessment.report.decision.verdict.into())
}

//! `seaworthy trial [SERVICE] [--probe ID]… [--replay FILE] [-- COMMAND]`.

use std::path::PathBuf;

use seaworthy_core::RuleId;
use seaworthy_core::plan::nearest;

use crate::assessment::{Assessment, Budget, Wanted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::policy::Scope;
use crate::project::Project;
use crate::terminal::Terminal;
use crate::trials;

/// Run a service in a hostile world.
///
/// The service is the plan's, or the one after `--`, or the one that the source shows. It runs in a copy of the folder, cut off from the
/// network; nothing of yours is written to.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The service to try; all of them when absent.
    service: Option<String>,
    /// A probe to run; all of them when absent.
    #[arg(long = "probe", value_name = "ID")]
    probes: Vec<String>,
    /// Run a replay again, on a fresh process, instead of probing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["probes", "serve"])]
    replay: Option<PathBuf>,
    /// Serve a fresh copy of the service on this port of 127.0.0.1 until stopped, instead of probing. With several ports,
    /// separated by commas: as many copies, which share their files and data.
    #[arg(long, value_name = "PORT", value_delimiter = ',', conflicts_with = "probes")]
    serve: Vec<u16>,
    /// The project's root.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    root: PathBuf,
    /// How long each probe may take, such as `90s` or `5m`. Without it, each takes what it usually needs: 90 s to 180 s at most. A service that has to be waited for gets 30 s more to start.
    #[arg(long, value_name = "TIME")]
    budget: Option<Budget>,
    /// Where randomness starts from; the same seed makes the same requests.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    #[command(flatten)]
    output: OutputArgs,
    /// The command that starts the service; `{port}` and `{data}` are replaced.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    args.output.check()?;
    seaworthy_trial::ports_are_free(&args.serve).map_err(Failure::usage)?;
    let project = Project::open(&args.root)?;
    let probes = args.probes.iter().map(|id| known(id)).collect::<Result<Vec<_>, _>>()?;
    let wanted = Wanted {
        scope: Scope::Trial,
        command: (!args.command.is_empty()).then(|| args.command.clone()),
        service: args.service.as_deref(),
        probes: &probes,
        budget: args.budget.map(|budget| budget.0),
        seed: args.seed,
        // A command given by hand is not what the plan or the source says: it is a look, and no evidence about them.
        keep: args.command.is_empty(),
        ..Wanted::default()
    };
    if !args.serve.is_empty() {
        return trials::serve(&project, &wanted, &args.serve, terminal);
    }
    if let Some(file) = &args.replay {
        return trials::replay(&project, &wanted, file, &args.output, terminal);
    }
    let assessment = Assessment::make(&project, &wanted, terminal)?;
    args.output.put(&assessment.report, terminal)?;
    Ok(assessment.report.decision.verdict.into())
}

fn known(id: &str) -> Result<RuleId, Failure> {
    let ids = || seaworthy_trial::probe::registry::PROBES.iter().map(|probe| probe.meta.id.as_str());
    if ids().any(|known| known == id) {
        return Ok(id.into());
    }
    let failure = Failure::usage(format!(
        "`{id}` is not a probe of this version: {}",
        ids().collect::<Vec<_>>().join(", ")
    ));
    Err(match nearest(id, ids()) {
        Some(right) => failure.hint(format!("--probe {right}")),
        None => failure,
    })
}

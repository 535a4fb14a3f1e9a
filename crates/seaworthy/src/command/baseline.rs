//! `--write-baseline`: what was found is taken for known.

use std::collections::BTreeSet;

use seaworthy_checks::baseline::Baseline;
use seaworthy_checks::tree::read_file;
use seaworthy_core::plan::FILE_NAME;
use seaworthy_core::{Outcome, limits};

use crate::assessment::Assessment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::{self, Project};
use crate::terminal::Terminal;

/// Writes everything found to the plan's baseline. What is known of checks and probes that did not run, or could not tell, stays known.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(
    project: &Project,
    assessment: &Assessment,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let name = project.plan.gate.baseline.as_deref().unwrap_or(project::BASELINE);
    let path = project.root.join(name);
    let observations = &assessment.report.observations;
    // What is there and is no baseline is what this one is written to replace.
    let before = read_file(&path, limits::BASELINE_BYTES)
        .ok()
        .and_then(|bytes| Baseline::read(&String::from_utf8_lossy(&bytes)).ok())
        .unwrap_or_default();
    // What could not tell now knows no more than before.
    let told = observations.iter().filter(|seen| !matches!(seen.outcome, Outcome::Inconclusive(_)));
    let ran: BTreeSet<&str> = told.map(|seen| seen.producer.id().as_str()).collect();
    let baseline = Baseline::of(observations.iter().flat_map(|seen| &seen.findings))
        .with(before.of_others(|rule| ran.contains(rule)));
    project
        .write(name, &baseline.write())
        .map_err(|error| Failure::usage(format!("{} could not be written: {error}", path.display())))?;
    terminal.say(&format!("{} findings are known now: {}", baseline.fingerprints().len(), path.display()));
    if project.plan.gate.baseline.is_none() {
        terminal.say(&format!(
            "it counts from now on; {FILE_NAME} can name another:\n\n[gate]\nbaseline = \"{name}\""
        ));
    }
    Ok(Exit::Clear)
}

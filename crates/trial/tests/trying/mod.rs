//! Runs one probe against a service of `testing/` and hands back what it observed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "clippy allows them in tests, yet not in the helpers of an integration test"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seaworthy_core::surface::Surface;
use seaworthy_core::{Digest, Finding, Observation, Plan, RuleId, Severity, Subject, Timestamp};
use seaworthy_trial::{Event, Progress, Request, Tried, run};

/// Says every step, so that a failing test shows how far it got.
struct Said;

impl Progress for Said {
    fn happened(&self, event: &Event<'_>) {
        if !matches!(event, Event::Step { .. }) {
            println!("{event:?}");
        }
    }
}

/// The folder of the services.
pub(crate) fn testing() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testing")
}

/// Tries a service by its plan, below `root`, with one probe.
pub(crate) fn tried(root: &Path, plan: &str, surface: &Surface, probe: &str, budget: Duration) -> Tried {
    let plan = Plan::read(plan).unwrap_or_else(|error| panic!("{error}"));
    let scratch = tempfile::tempdir().unwrap();
    let replays = scratch.path().join("replays");
    let subject =
        Subject { tree: Digest::of(b"tree"), git_commit: None, base: None, critical: BTreeMap::new() };
    let only = [RuleId::from(probe)];
    let request = Request {
        root,
        subject: &subject,
        service: &plan.services[0],
        surface,
        only: Some(&only),
        budget: Some(budget),
        seed: 7,
        bounds: &BTreeMap::new(),
        world: Digest::of(b"world"),
        scratch: scratch.path(),
        replays: &replays,
        started_at: Timestamp::UNIX_EPOCH,
        progress: &Said,
    };
    run(&request)
}

/// Tries the shop of `testing/` with these faults.
pub(crate) fn shop(faults: &str, promises: &str, probe: &str, budget: Duration) -> Observation {
    let plan = format!(
        "[[service]]\nname = \"shop\"\nstart = [\"python3\", \"shop.py\"]\nenv = {{ FAULTS = \"{faults}\" }}\n{promises}"
    );
    observed(faults, &plan, probe, budget)
}

/// Tries a service of `testing/` by its plan, and says what was observed.
pub(crate) fn observed(faults: &str, plan: &str, probe: &str, budget: Duration) -> Observation {
    let mut tried = tried(&testing(), plan, &Surface::default(), probe, budget);
    let observation = tried.observations.remove(0);
    println!("{faults}: {:?}, {} trials", observation.outcome, observation.trials);
    observation.findings.iter().for_each(|finding| {
        println!("{:?} {:?} {}: {}", finding.severity, finding.variant, finding.primary, finding.message)
    });
    observation.skipped.iter().for_each(|note| println!("skipped: {} — {}", note.what, note.why));
    observation
}

/// The findings of severity error.
pub(crate) fn errors(observation: &Observation) -> Vec<&Finding> {
    observation.findings.iter().filter(|finding| finding.severity == Severity::Error).collect()
}

/// Variant and place of each, for comparison.
pub(crate) fn places(findings: &[&Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} {}", finding.variant.as_deref().unwrap_or_default(), finding.primary))
        .collect()
}

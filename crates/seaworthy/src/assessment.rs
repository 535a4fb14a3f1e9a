//! The run itself: survey, check, try, record, decide, report.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use seaworthy_core::plan::FILE_NAME;
use seaworthy_core::surface::Surface;
use seaworthy_core::{
    Artifact, Body, Decision, Digest, Entry, NotChecked, Observation, Producer, RuleId, Verified, decide,
};

use crate::cache;
use crate::clock;
use crate::excerpt;
use crate::failure::Failure;
use crate::policy::{self, Basis, Scope};
use crate::project::Project;
use crate::record::Record;
use crate::report::{Inferred, Report};
use crate::survey;
use crate::terminal::Terminal;
use crate::trials::{self, Trials};

/// What a command wants measured.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Which classes are measured and decided over.
    pub scope: Scope,
    /// Report only what is found in these paths.
    pub paths: &'a [String],
    /// A command to try instead of the services of the plan.
    pub command: Option<Vec<String>>,
    /// The service to try; all when absent.
    pub service: Option<&'a str>,
    /// The probes to run; all when empty.
    pub probes: &'a [RuleId],
    /// How long each probe may take.
    pub budget: Option<Duration>,
    /// Where randomness starts from.
    pub seed: Option<u64>,
    /// Whether it is recorded. A restricted look is not evidence about the whole, and is not.
    pub keep: bool,
    /// Whether the plan's baseline is left aside: it is about to be written anew.
    pub without_baseline: bool,
}

/// What came out.
pub(crate) struct Assessment {
    /// The report.
    pub report: Report,
}

/// How long a probe may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget(pub Duration);

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a time such as `90s` or `5m`");
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let seconds = match unit {
            "s" | "" => Some(number),
            "m" => number.checked_mul(60),
            "h" => number.checked_mul(3600),
            _ => None,
        };
        seconds
            .filter(|seconds| (1..=86_400).contains(seconds))
            .map(|s| Self(Duration::from_secs(s)))
            .ok_or_else(wrong)
    }
}

/// What was measured, before it is decided over.
#[derive(Default)]
struct Measured {
    observations: Vec<Observation>,
    not_checked: Vec<NotChecked>,
    inferred: Vec<Inferred>,
    services: Vec<String>,
    surface: Surface,
    trials: Trials,
}

impl Assessment {
    /// Measures what is wanted, records it where it is kept, and decides.
    ///
    /// # Errors
    /// When the project, the plan or the record keeps the work from being done.
    pub(crate) fn make(project: &Project, wanted: &Wanted<'_>, terminal: &Terminal) -> Result<Self, Failure> {
        let baseline = if wanted.without_baseline { BTreeSet::new() } else { project.baseline()? };
        // Before the work: a record that cannot be trusted is known in the first second, not after minutes.
        let record = if wanted.keep { Some(Record::open(project)?) } else { None };
        let mut measured = measure(project, wanted, terminal)?;
        measured.not_checked.extend(project.unread.iter().cloned());
        measured.not_checked.extend(unread_recorders(project));
        measured.not_checked.extend(record.as_ref().and_then(Record::gap));
        if !project.planned && wanted.scope == Scope::Assess {
            let what = "the plan: there is no seaworthy.toml, so everything is inferred".to_owned();
            let why = format!("`seaworthy init {}` writes a first one to review", project.shown);
            measured.inferred.push(Inferred { what, why });
        }
        if let Some(baseline) = project.inferred_baseline().filter(|_| !wanted.without_baseline) {
            let what = format!("[gate] baseline = \"{baseline}\"");
            let why = "it lies in the root; what it knows does not hold".to_owned();
            measured.inferred.push(Inferred { what, why });
        }
        let policy = policy::policy(Basis {
            plan: &project.plan,
            scope: wanted.scope,
            serves: trials::serves(project, &measured.surface),
            services: &measured.services,
            probes: wanted.probes,
            command: wanted.command.as_deref(),
            root: &project.shown,
            baseline,
            recorders: BTreeSet::new(),
            fresh: &measured.observations,
            not_checked: std::mem::take(&mut measured.not_checked),
        });
        let decision = conclude(project, record, &measured, &policy)?;
        Ok(Self { report: report(project, measured, decision) })
    }
}

fn measure(project: &Project, wanted: &Wanted<'_>, terminal: &Terminal) -> Result<Measured, Failure> {
    let steps = Steps(terminal);
    let request = seaworthy_checks::Request {
        paths: wanted.paths,
        only: (wanted.scope == Scope::Trial).then_some(&[]),
        ..project.checks(&steps)
    };
    // What goes on record was measured now: a file that anybody on this account can write is no evidence.
    let checked = if wanted.keep { seaworthy_checks::run(&request) } else { cache::checked(&request) };
    let mut measured = Measured {
        observations: checked.observations,
        not_checked: checked.not_checked,
        surface: checked.surface,
        ..Measured::default()
    };
    if wanted.scope != Scope::Check {
        let mut trials = trials::run(project, wanted, &measured.surface, terminal)?;
        measured.observations.append(&mut trials.observations);
        measured.not_checked.append(&mut trials.not_checked);
        measured.inferred.append(&mut trials.inferred);
        measured.services = std::mem::take(&mut trials.services);
        measured.trials = trials;
    }
    Ok(measured)
}

/// Tells the terminal of the checks' steps.
struct Steps<'a>(&'a Terminal);

impl seaworthy_checks::Progress for Steps<'_> {
    fn advance(&self, step: &'static str, done: u64, total: u64) {
        self.0.step(&format!("{step}: {done} of {total}"));
    }
}

fn conclude(
    project: &Project,
    record: Option<Record>,
    measured: &Measured,
    policy: &seaworthy_core::Policy,
) -> Result<Decision, Failure> {
    let bodies: Vec<Body> =
        measured.observations.iter().map(|seen| Body::Observation(Box::new(seen.clone()))).collect();
    let Some(mut record) = record else {
        let mut passing = Record::passing()?;
        passing.append(&bodies, clock::now())?;
        return Ok(decide(&project.subject, policy, clock::now(), &passing.entries()?));
    };
    record.append(&bodies, clock::now())?;
    let decision = decide(&project.subject, policy, clock::now(), &record.entries()?);
    record.append(&[Body::Decision(Box::new(decision.clone()))], clock::now())?;
    Ok(decision)
}

fn report(project: &Project, measured: Measured, decision: Decision) -> Report {
    let rules = survey::rules();
    let handlers = measured.surface.routes.iter().filter_map(|route| {
        let handler = route.handler.as_ref()?;
        Some(((route.method.clone(), route.path.clone()), handler.location.clone()))
    });
    Report {
        root: project.shown.clone(),
        name: project
            .root
            .file_name()
            .map_or_else(|| project.shown.clone(), |name| name.to_string_lossy().into_owned()),
        excerpts: excerpt::excerpts(&project.tree, &measured.observations),
        titles: rules.iter().map(|rule| (rule.id.to_owned(), rule.title)).collect(),
        pages: rules.iter().map(|rule| (rule.id.to_owned(), rule.page.clone())).collect(),
        handlers: handlers.collect(),
        start_file: measured.trials.start_file,
        exchanges: exchanges(project, &measured.observations),
        observations: measured.observations,
        inferred: measured.inferred,
        decision,
    }
}

/// What went over the wire when a finding was seen, from the replay files that are still there.
fn exchanges(project: &Project, observations: &[Observation]) -> BTreeMap<Digest, Vec<(String, String)>> {
    let artifacts = observations.iter().flat_map(|seen| &seen.artifacts);
    let read = |artifact: &Artifact| {
        let bytes = std::fs::read(project.root.join(&artifact.path)).ok()?;
        // Another file of this name, or one that was changed, shows nothing of this finding.
        let replay = (Digest::of(&bytes) == artifact.digest)
            .then(|| seaworthy_trial::replay::read(&bytes).ok())
            .flatten()?;
        let exchanges = replay.exchanges.into_iter().map(|seen| (seen.request, seen.answer)).collect();
        Some((artifact.finding?, exchanges))
    };
    artifacts.filter_map(read).collect()
}

/// What is on record for the project's tree as it is now, decided again.
///
/// # Errors
/// When the record cannot be trusted or read.
pub(crate) fn on_record(project: &Project) -> Result<Report, Failure> {
    let entries: Vec<Verified<Entry>> = Record::read(project)?;
    let mut newest: BTreeMap<Producer, Observation> = BTreeMap::new();
    for entry in &entries {
        if let Body::Observation(seen) = &entry.value().body
            && seen.subject.tree == project.subject.tree
        {
            newest.insert(seen.producer.clone(), seen.as_ref().clone());
        }
    }
    let surface = project.surface();
    let services: BTreeSet<String> = newest
        .keys()
        .filter_map(|producer| match producer {
            Producer::Probe { service, .. } => Some(service.clone()),
            _ => None,
        })
        .chain(trials::names(project, &surface))
        .collect();
    let observations: Vec<Observation> = newest.into_values().collect();
    let policy = policy::policy(Basis {
        plan: &project.plan,
        scope: Scope::Assess,
        serves: trials::serves(project, &surface),
        services: &services.into_iter().collect::<Vec<_>>(),
        probes: &[],
        command: None,
        root: &project.shown,
        baseline: project.baseline()?,
        recorders: BTreeSet::new(),
        fresh: &observations,
        not_checked: project.tree.left_out().to_vec(),
    });
    let decision = decide(&project.subject, &policy, clock::now(), &entries);
    let measured = Measured { observations, ..Measured::default() };
    Ok(report(project, measured, decision))
}

impl fmt::Debug for Assessment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assessment({})", self.report.decision.verdict.id())
    }
}

/// The recorders that count are named by the base, never by the tree being judged; see the gate.
fn unread_recorders(project: &Project) -> Option<NotChecked> {
    let recorders = project.plan.gate.recorders.as_ref()?;
    let line = project.plan.line_of("gate.recorders");
    let why = format!(
        "{FILE_NAME}:{line}: read from the base of a change, which only the gate has; entries of any key counted here"
    );
    Some(NotChecked { what: format!("the recorders in {recorders}"), why })
}

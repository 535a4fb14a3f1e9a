//! The run itself: survey, check, try, record, decide, report.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;
use std::time::Duration;

use seaworthy_checks::baseline::Baseline;
use seaworthy_checks::tree::read_file;
use seaworthy_core::observation::Reason;
use seaworthy_core::plan::{FILE_NAME, Service};
use seaworthy_core::surface::Surface;
use seaworthy_core::{
    Artifact, Body, Decision, Digest, Entry, NotChecked, Observation, Outcome, Policy, Producer, RuleId,
    Verified, decide, limits,
};
use seaworthy_trial::http::shell::quoted;

use crate::cache;
use crate::clock;
use crate::excerpt;
use crate::failure::Failure;
use crate::fitting;
use crate::interrupt;
use crate::policy::{self, Basis, Scope};
use crate::project::Project;
use crate::record::{self, Known, Record};
use crate::report::{Inferred, Report, route_key};
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
    /// Nothing of the tree was read but its digest, so there was no time in which it could change.
    was_at_once: bool,
    /// The answer of the checks, to be kept.
    keep: Option<cache::Keep>,
}

impl Measured {
    /// The tree changed while it was measured: what was found is shown, and nothing of it held.
    fn of_neither(&mut self) {
        let what = "the files changed while they were judged, so what was measured is about neither state: run it again";
        for seen in &mut self.observations {
            if matches!(seen.outcome, Outcome::Held | Outcome::NotApplicable(_)) {
                seen.outcome = Outcome::Inconclusive(Reason::Other { what: what.to_owned() });
            }
        }
        let why = "the files changed under way, so nothing of this run is kept as evidence".to_owned();
        self.not_checked.push(NotChecked { what: "the record".to_owned(), why });
    }
}

impl Assessment {
    /// Measures what is wanted, records it where it is kept, and decides.
    ///
    /// # Errors
    /// When the project, the plan or the record keeps the work from being done.
    pub(crate) fn make(project: &Project, wanted: &Wanted<'_>, terminal: &Terminal) -> Result<Self, Failure> {
        let known_before = if wanted.without_baseline { Baseline::default() } else { project.baseline()? };
        let baseline = known_before.fingerprints();
        // Before the work: a record that cannot be trusted is known in the first second, not after minutes.
        let mut record = if wanted.keep { Record::open(project)? } else { Record::passing()? };
        let (mut known, gap) = record.known()?;
        let mut measured = measure(project, wanted, terminal)?;
        let stood_still = measured.was_at_once || project.is_unchanged()?;
        if !stood_still {
            record = Record::passing()?;
            measured.of_neither();
        } else if let Some(keep) = measured.keep.take() {
            keep.keep();
        }
        measured.not_checked.extend(project.unread.iter().cloned());
        measured.not_checked.extend(unread_recorders(project));
        measured.not_checked.extend(record.gap());
        measured.not_checked.extend(gap);
        measured.not_checked.extend(record::foreign(&known, record.own, project.subject.tree));
        if !stood_still {
            known.clear();
        }
        if !project.planned && wanted.scope == Scope::Assess {
            let what = "the plan: there is no seaworthy.toml, so everything is inferred".to_owned();
            let why = format!("`seaworthy init {}` writes a first one to review", quoted(&project.shown));
            measured.inferred.push(Inferred { what, why });
        }
        if let Some(baseline) = project.inferred_baseline().filter(|_| !wanted.without_baseline) {
            let what = format!("[gate] baseline = \"{baseline}\"");
            let why = "it lies in the root; what it knows does not hold".to_owned();
            measured.inferred.push(Inferred { what, why });
        }
        measured.not_checked.extend(struck_off(&known_before, &measured.observations, wanted));
        let kept: Vec<Observation> =
            measured.observations.iter().map(|seen| fitting::observation(seen, &baseline)).collect();
        let policy = policy::policy(Basis {
            plan: &project.plan,
            rules: &project.rules,
            scope: wanted.scope,
            serves: trials::serves(project, &measured.surface),
            services: &measured.services,
            probes: wanted.probes,
            command: wanted.command.as_deref(),
            root: &project.shown,
            baseline,
            own: record.own,
            newest: &kept,
            // What was measured just now was measured in the world as it is.
            inputs: kept.iter().map(|seen| (Policy::inputs_key(&seen.producer), seen.inputs)).collect(),
            not_checked: std::mem::take(&mut measured.not_checked),
        });
        interrupt::recording_begins();
        let decision = conclude(project, &mut record, known, kept, &policy)?;
        Ok(Self { report: report(project, measured, decision) })
    }
}

/// What the baseline knows and nothing is found for any more. As long as it stands there, what comes back passes.
fn struck_off(baseline: &Baseline, seen: &[Observation], wanted: &Wanted<'_>) -> Option<NotChecked> {
    // A look at a part says nothing of the rest.
    if !wanted.paths.is_empty() || !wanted.keep {
        return None;
    }
    // What a trial does not find again may only have been lucky.
    let told = |rule: &str| {
        seen.iter().any(|seen| {
            matches!(&seen.producer, Producer::Check { id, .. } if id.as_str() == rule)
                && !matches!(seen.outcome, Outcome::Inconclusive(_))
        })
    };
    let gone = baseline.gone(seen.iter().flat_map(|seen| &seen.findings), told);
    let first = gone.first()?;
    let more = if gone.len() > 1 { format!(" and {} more", gone.len() - 1) } else { String::new() };
    Some(NotChecked {
        what: format!("what the baseline knows and is gone: {first}{more}"),
        why: "`--write-baseline` strikes it off; until then it passes when it comes back".to_owned(),
    })
}

fn measure(project: &Project, wanted: &Wanted<'_>, terminal: &Terminal) -> Result<Measured, Failure> {
    let steps = Steps(terminal);
    let request = seaworthy_checks::Request {
        paths: wanted.paths,
        only: (wanted.scope == Scope::Trial).then_some(&[]),
        ..project.checks(&steps)
    };
    let cache::Answer { checked, was_kept, keep } = cache::checked(&request);
    let mut measured = Measured {
        observations: checked.observations,
        not_checked: checked.not_checked,
        surface: checked.surface,
        was_at_once: was_kept && wanted.scope == Scope::Check,
        keep,
        ..Measured::default()
    };
    if wanted.scope != Scope::Check {
        let mut trials = trials::run(project, wanted, &measured.surface, terminal)?;
        measured.observations.append(&mut trials.observations);
        measured.not_checked.append(&mut trials.not_checked);
        measured.inferred.append(&mut trials.inferred);
        measured.services = std::mem::take(&mut trials.services);
        measured.trials = trials;
    } else {
        measured.not_checked.extend(measured.surface.not_read.iter().cloned());
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
    record: &mut Record,
    mut entries: Vec<Verified<Entry>>,
    kept: Vec<Observation>,
    policy: &Policy,
) -> Result<Decision, Failure> {
    let own = entries.iter().filter(|entry| entry.key() == record.own);
    let recorded: BTreeSet<Digest> = own
        .filter_map(|entry| match &entry.value().body {
            Body::Observation(seen) if seen.subject == project.subject => Some(seen.digest()),
            Body::Observation(_) | Body::Claim(_) | Body::Decision(_) => None,
        })
        .collect();
    // An answer that was kept is on record already, and once is enough.
    let new = kept.into_iter().filter(|seen| !recorded.contains(&seen.digest()));
    let new: Vec<Body> = new.map(|seen| Body::Observation(Box::new(seen))).collect();
    if !new.is_empty() {
        record.append(&new, clock::now())?;
        entries = record.entries()?;
    }
    let decision = decide(&project.subject, policy, clock::now(), &entries);
    record.append(&[Body::Decision(Box::new(fitting::decision(&decision)))], clock::now())?;
    Ok(decision)
}

fn report(project: &Project, measured: Measured, decision: Decision) -> Report {
    let known = survey::rules();
    let own = project.rules.list();
    let titles = known.iter().map(|rule| (rule.id.to_owned(), rule.title.to_owned()));
    let pages = known.iter().map(|rule| (rule.id.to_owned(), rule.page.clone()));
    let handlers = measured.surface.routes.iter().filter_map(|route| {
        let handler = route.handler.as_ref()?;
        Some((route_key(&route.method, &route.path), handler.location.clone()))
    });
    Report {
        root: project.shown.clone(),
        name: project
            .root
            .file_name()
            .map_or_else(|| project.shown.clone(), |name| name.to_string_lossy().into_owned()),
        excerpts: excerpt::excerpts(&project.tree, &measured.observations),
        titles: titles.chain(own.iter().map(|rule| (rule.id().to_string(), rule.title()))).collect(),
        pages: pages.chain(own.iter().map(|rule| (rule.id().to_string(), rule.page()))).collect(),
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
        // An entry that was imported may name any path, and what lies there may be a pipe.
        let within = Path::new(&artifact.path).components().all(|part| matches!(part, Component::Normal(_)));
        let path = within.then(|| project.root.join(&artifact.path))?;
        let real = path.canonicalize().ok().filter(|path| path.starts_with(&project.root))?;
        let bytes = read_file(&real, limits::REPLAY_BYTES as u64).ok()?;
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
    let Known { entries, own, gap } = Record::read(project)?;
    // The checks themselves are not run again; what they were asked of is looked at as it is now.
    let request = seaworthy_checks::Request { only: Some(&[]), ..project.checks(&seaworthy_checks::Quiet) };
    let checked = seaworthy_checks::run(&request);
    let services = trials::known(project, &checked.surface);
    let inputs = inputs_now(project, &services, &checked.surface);
    let mut newest: BTreeMap<Producer, Observation> = BTreeMap::new();
    let mut of_another_world = BTreeSet::new();
    for entry in entries.iter().filter(|entry| entry.key() == own) {
        if let Body::Observation(seen) = &entry.value().body
            && seen.subject.tree == project.subject.tree
        {
            if inputs.get(&Policy::inputs_key(&seen.producer)) == Some(&seen.inputs) {
                newest.insert(seen.producer.clone(), seen.as_ref().clone());
            } else {
                of_another_world.insert(seen.producer.clone());
            }
        }
    }
    let mut not_checked = checked.not_checked;
    not_checked.extend(project.unread.iter().cloned());
    not_checked.extend(unread_recorders(project));
    not_checked.extend(checked.surface.not_read.iter().cloned());
    not_checked.extend(gap);
    not_checked.extend(record::foreign(&entries, own, project.subject.tree));
    not_checked.extend(of_another_world.iter().filter(|seen| !newest.contains_key(seen)).map(stale));
    let observations: Vec<Observation> = newest.into_values().collect();
    let policy = policy::policy(Basis {
        plan: &project.plan,
        rules: &project.rules,
        scope: Scope::Assess,
        serves: trials::serves(project, &checked.surface),
        services: &services.into_iter().map(|service| service.name).collect::<Vec<_>>(),
        probes: &[],
        command: None,
        root: &project.shown,
        baseline: project.baseline()?.fingerprints(),
        own,
        newest: &observations,
        inputs,
        not_checked,
    });
    let decision = decide(&project.subject, &policy, clock::now(), &entries);
    let measured = Measured { observations, surface: checked.surface, ..Measured::default() };
    Ok(report(project, measured, decision))
}

/// What besides the tree would go into every measurement now, by [`Policy::inputs_key`].
fn inputs_now(project: &Project, services: &[Service], surface: &Surface) -> BTreeMap<String, Digest> {
    let of_checks = seaworthy_checks::inputs(&project.checks(&seaworthy_checks::Quiet));
    let checks = seaworthy_checks::registry::CHECKS.iter().map(|check| check.meta.id.to_string());
    // The project's own rules are checks too.
    let rules = project.rules.list().iter().map(|rule| rule.id().to_string());
    let checks = checks.chain(rules).map(|id| (id, of_checks));
    let world = if services.is_empty() { of_checks } else { project.world() };
    let probes = services.iter().flat_map(|service| {
        let inputs = seaworthy_trial::inputs(service, surface, &world);
        let probes = seaworthy_trial::probe::registry::PROBES.iter();
        probes.map(move |probe| (format!("{}@{}", probe.meta.id, service.name), inputs))
    });
    checks.chain(probes).collect()
}

/// Evidence that is of this tree and of another world.
fn stale(producer: &Producer) -> NotChecked {
    NotChecked {
        what: format!("{} as it is on record", producer.id()),
        why: "it was measured with other packages, another plan or other files beside the tree".to_owned(),
    }
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
        "{FILE_NAME}:{line}: read from the base of a change, which only the gate has; entries of this machine's own key counted here"
    );
    Some(NotChecked { what: format!("the recorders in {recorders}"), why })
}

//! The services of a project, tried: from the plan, from a command given by hand, or from what the source shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use seaworthy_core::plan::{Service, nearest};
use seaworthy_core::surface::Surface;
use seaworthy_core::{BoundNeeded, Digest, Location, NotChecked, Observation, RuleId};
use seaworthy_trial::http::shell::quoted;
use seaworthy_trial::{Event, Progress, Request};
use signal_hook::consts::{SIGINT, SIGTERM};
use tempfile::TempDir;

use crate::assessment::Wanted;
use crate::clock;
use crate::command::service_name;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::OutputArgs;
use crate::project::Project;
use crate::report::Inferred;
use crate::terminal::Terminal;

/// How often a replay is run again: once could be luck, for a race more so.
const REPLAY_ATTEMPTS: u32 = 5;

/// What came of trying every service.
#[derive(Default)]
pub(crate) struct Trials {
    /// One for each probe and service.
    pub observations: Vec<Observation>,
    /// What was not looked at.
    pub not_checked: Vec<NotChecked>,
    /// What nobody said and was taken for true.
    pub inferred: Vec<Inferred>,
    /// The services' names.
    pub services: Vec<String>,
    /// The file that starts the service.
    pub start_file: Option<String>,
}

/// Tries what is wanted.
///
/// # Errors
/// When a service is named that there is not, or there is no room for a copy.
pub(crate) fn run(
    project: &Project,
    wanted: &Wanted<'_>,
    surface: &Surface,
    terminal: &Terminal,
) -> Result<Trials, Failure> {
    let (services, mut trials) = services(project, wanted, surface)?;
    let bounds: BTreeMap<RuleId, BoundNeeded> =
        project.plan.gate.bound.iter().map(|(id, bound)| (id.as_str().into(), *bound)).collect();
    if services.is_empty() {
        return Ok(trials);
    }
    let place = Place::make(project)?;
    let passing = place.passing.as_ref().map(|folder| folder.path().to_owned());
    interrupt::leave_nothing_behind(place.scratch.clone(), passing, terminal)?;
    for service in &services {
        let tried =
            seaworthy_trial::run(&place.request(project, wanted, service, surface, &bounds, terminal));
        trials.observations.extend(
            tried.observations.into_iter().map(|seen| from_here(seen, project, wanted.command.as_deref())),
        );
        trials.not_checked.extend(tried.not_checked);
        trials
            .inferred
            .extend(tried.inferred.into_iter().map(|one| Inferred { what: one.what, why: one.why }));
    }
    Ok(trials)
}

/// The lines that show a finding again start the service by `seaworthy trial`, which takes the current folder for the root. Where the person
/// stands elsewhere, they say which root; where the command was given by hand, no plan knows the service, and they say the command.
fn from_here(mut seen: Observation, project: &Project, command: Option<&[String]>) -> Observation {
    let root = match project.shown.as_str() {
        "." => String::new(),
        shown => format!("--root {} ", quoted(shown)),
    };
    let words = command.unwrap_or_default().iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    for line in seen.findings.iter_mut().flat_map(|finding| &mut finding.reproduce) {
        let Some(rest) = line.strip_prefix("seaworthy trial ") else { continue };
        let ports = rest.split_once("--serve ").and_then(|(_, ports)| ports.split_once(" & "));
        *line = match ports {
            Some((ports, after)) if command.is_some() => {
                format!("seaworthy trial {root}--serve {ports} -- {words} & {after}")
            }
            _ => format!("seaworthy trial {root}{rest}"),
        };
    }
    seen
}

/// The services that there are, tried or not.
pub(crate) fn known(project: &Project, surface: &Surface) -> Vec<Service> {
    services(project, &Wanted::default(), surface).map(|(services, _)| services).unwrap_or_default()
}

/// Whether the project shows itself as one that serves, whether or not it was found out how.
pub(crate) fn serves(project: &Project, surface: &Surface) -> bool {
    let listens = surface.entries.iter().any(|entry| entry.listens.is_some());
    let documented = seaworthy_trial::USUAL_FILES.iter().any(|name| project.tree.entry(name).is_some());
    // Also where nobody here can read the routes of what serves them.
    !surface.routes.is_empty() || listens || documented || !surface.not_read.is_empty()
}

/// Which services there are.
fn services(
    project: &Project,
    wanted: &Wanted<'_>,
    surface: &Surface,
) -> Result<(Vec<Service>, Trials), Failure> {
    let mut trials = Trials::default();
    let name = service_name(
        &project.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    );
    let mut services = if let Some(command) = &wanted.command {
        // The promises of a plan's only service go with the command: it is the same service, started by hand.
        let known = match project.plan.services.as_slice() {
            [only] => only.clone(),
            _ => bare(&name),
        };
        vec![Service { start: command.clone(), ..known }]
    } else if project.plan.services.is_empty() {
        inferred(&name, surface, &mut trials)
    } else {
        project.plan.services.clone()
    };
    if let Some(named) = wanted.service {
        let names: Vec<String> = services.iter().map(|service| service.name.clone()).collect();
        services.retain(|service| service.name == named);
        if services.is_empty() {
            let failure =
                Failure::usage(format!("there is no service `{named}` here; there is: {}", listed(&names)));
            return Err(match nearest(named, names.iter().map(String::as_str)) {
                Some(right) => failure.hint(format!("seaworthy trial {right}")),
                None => failure.hint("seaworthy trial -- COMMAND"),
            });
        }
    }
    trials.services = services.iter().map(|service| service.name.clone()).collect();
    trials.start_file = services
        .iter()
        .flat_map(|service| &service.start)
        .find(|word| project.tree.entry(word).is_some())
        .cloned();
    if trials.start_file.is_none() {
        let listens = surface.entries.iter().find_map(|entry| entry.listens.as_ref());
        trials.start_file = listens.and_then(|place| match place {
            Location::Source { path, .. } => Some(path.clone()),
            _ => None,
        });
    }
    Ok((services, trials))
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The service that the source shows: an entry that listens.
fn inferred(name: &str, surface: &Surface, trials: &mut Trials) -> Vec<Service> {
    let listening = surface.entries.iter().find(|entry| entry.listens.is_some());
    let entry = listening.or_else(|| surface.entries.first().filter(|_| !surface.routes.is_empty()));
    let Some(entry) = entry else {
        let what = "a running service".to_owned();
        let why = "no entry that listens was found in the source; `seaworthy trial -- COMMAND` or a [[service]] in seaworthy.toml names one".to_owned();
        trials.not_checked.push(NotChecked { what, why });
        return Vec::new();
    };
    let what = format!("the service `{name}`, started by `{}`", entry.command.join(" "));
    trials.inferred.push(Inferred { what, why: entry.why.clone() });
    vec![bare(name)]
}

fn bare(name: &str) -> Service {
    Service {
        name: name.to_owned(),
        start: Vec::new(),
        dir: ".".to_owned(),
        env: BTreeMap::new(),
        ready: None,
        openapi: None,
        clock: None,
        dependencies: Vec::new(),
        identities: Vec::new(),
        promises: Vec::new(),
    }
}

/// Where a trial may write.
struct Place {
    /// The folder of all our worlds: the next one removes what a killed one left there.
    scratch: PathBuf,
    replays: PathBuf,
    /// Removed with the run: what has no lasting place.
    passing: Option<TempDir>,
    /// [`Project::world`], before anything was started.
    world: Digest,
}

impl Place {
    fn make(project: &Project) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::usage(format!(
                "no room for a copy of the service below {}: {error}",
                std::env::temp_dir().display()
            ))
            .hint("TMPDIR names another folder")
        };
        let (kept, own) = (project.make_replays_folder(), own_folder());
        let passing = match (&kept, &own) {
            (Ok(()), Some(_)) => None,
            _ => Some(tempfile::Builder::new().prefix("seaworthy-").tempdir().map_err(failed)?),
        };
        let beside = |name: &str| passing.as_ref().map(|folder| folder.path().join(name)).unwrap_or_default();
        let scratch = own.unwrap_or_else(|| beside("worlds"));
        let replays = if kept.is_ok() { project.replays_path() } else { beside("replays") };
        Ok(Self { scratch, replays, passing, world: project.world() })
    }

    fn request<'a>(
        &'a self,
        project: &'a Project,
        wanted: &'a Wanted<'_>,
        service: &'a Service,
        surface: &'a Surface,
        bounds: &'a BTreeMap<RuleId, BoundNeeded>,
        terminal: &'a Terminal,
    ) -> Request<'a> {
        Request {
            root: &project.root,
            subject: &project.subject,
            service,
            surface,
            only: (!wanted.probes.is_empty()).then_some(wanted.probes),
            budget: wanted.budget,
            seed: wanted.seed.unwrap_or_else(fresh_seed),
            bounds,
            world: self.world,
            scratch: &self.scratch,
            replays: &self.replays,
            started_at: clock::now(),
            progress: terminal,
        }
    }
}

/// One folder for each person, which all their runs share, so that each finds what another left when it was killed. `None` where it cannot be had,
/// or where somebody else has put something in its place.
#[cfg(unix)]
fn own_folder() -> Option<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let uid = tempfile::tempfile().ok()?.metadata().ok()?.uid();
    let folder = std::env::temp_dir().join(format!("seaworthy-{uid}"));
    match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return None,
        _ => {}
    }
    let found = folder.symlink_metadata().ok()?;
    (found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0).then_some(folder)
}

#[cfg(not(unix))]
fn own_folder() -> Option<PathBuf> {
    None
}

/// Another one each time; a replay file says which.
#[expect(
    clippy::disallowed_methods,
    reason = "a seed has to differ from run to run, and the clock is what differs"
)]
fn fresh_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64)
}

impl Progress for Terminal {
    fn happened(&self, event: &Event<'_>) {
        match event {
            Event::Exploring { service } => self.step(&format!("{service}: looking at what it offers")),
            Event::Began { service, probe, index, total } => {
                self.step(&format!("{service}: {probe} ({index} of {total})"))
            }
            Event::Step { probe, what, done, of: Some(of) } => {
                self.step(&format!("{probe}: {what}, {done} of {of}"))
            }
            Event::Step { probe, what, done, of: None } => self.step(&format!("{probe}: {what}, {done}")),
            Event::Ended { .. } => {}
        }
    }
}

/// The one service that `--serve` and `--replay` mean.
fn only_service(project: &Project, wanted: &Wanted<'_>, surface: &Surface) -> Result<Service, Failure> {
    let (services, _) = services(project, wanted, surface)?;
    let names: Vec<String> = services.iter().map(|service| service.name.clone()).collect();
    match <[Service; 1]>::try_from(services) {
        Ok([only]) => Ok(only),
        Err(_) if names.is_empty() => Err(Failure::usage("no service was found here")
            .hint("seaworthy trial --serve PORT -- COMMAND")
            .hint("or a [[service]] in seaworthy.toml: `seaworthy init` writes a first one")),
        Err(_) => Err(Failure::usage(format!("which service? There are several: {}", names.join(", ")))),
    }
}

/// Serves fresh copies until stopped: one for each port, all sharing their files and data.
///
/// # Errors
/// When it does not start, or the port is taken.
pub(crate) fn serve(
    project: &Project,
    wanted: &Wanted<'_>,
    ports: &[u16],
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let surface = project.surface();
    let service = only_service(project, wanted, &surface)?;
    let place = Place::make(project)?;
    let stop = stopped_by_signal()?;
    let bounds = BTreeMap::new();
    let request = place.request(project, wanted, &service, &surface, &bounds, terminal);
    let ready = |ports: &[u16]| {
        let places: Vec<String> = ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect();
        let (copies, answer) = if ports.len() == 1 {
            ("a fresh copy", "answers")
        } else {
            ("fresh copies that share their data", "answer")
        };
        terminal.say(&format!(
            "{copies} of {} {answer} at {} until you stop it (Ctrl-C)",
            service.name,
            places.join(" and ")
        ));
    };
    seaworthy_trial::serve(&request, ports, &stop, ready).map_err(Failure::usage)?;
    Ok(Exit::Clear)
}

/// What is wanted with the command that the replay file names, where neither the person nor a plan says another: it was found by that.
fn by_file<'w>(
    project: &Project,
    wanted: &Wanted<'w>,
    file: &[u8],
    terminal: &Terminal,
) -> Option<Wanted<'w>> {
    if wanted.command.is_some() || !project.plan.services.is_empty() {
        return None;
    }
    let start = seaworthy_trial::replay::read(file).ok()?.start;
    (!start.is_empty()).then(|| {
        let words: Vec<String> = start.iter().map(|word| quoted(word)).collect();
        terminal.say(&format!("started as the replay says: {}", words.join(" ")));
        Wanted { command: Some(start), service: wanted.service, ..Wanted::default() }
    })
}

/// Runs a replay again, on fresh processes.
///
/// # Errors
/// When the file is no replay, or the service does not start.
pub(crate) fn replay(
    project: &Project,
    wanted: &Wanted<'_>,
    file: &Path,
    output: &OutputArgs,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let bytes =
        std::fs::read(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    let surface = project.surface();
    let by_file = by_file(project, wanted, &bytes, terminal);
    let service = only_service(project, by_file.as_ref().unwrap_or(wanted), &surface)?;
    let place = Place::make(project)?;
    let bounds = BTreeMap::new();
    let request = place.request(project, wanted, &service, &surface, &bounds, terminal);
    let stop = stopped_by_signal()?;
    let replayed = seaworthy_trial::replay(&bytes, &request, REPLAY_ATTEMPTS, &stop)
        .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    output.put_replayed(&replayed, terminal)?;
    Ok(match (replayed.seen, replayed.tried) {
        (0, 0) => Exit::Unknown,
        (0, _) => Exit::Clear,
        _ => Exit::Hold,
    })
}

/// A flag that SIGINT and SIGTERM set.
fn stopped_by_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::bug)?;
    }
    Ok(stop)
}

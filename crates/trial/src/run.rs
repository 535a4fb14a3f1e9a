//! One run: explores the service once, then gives each probe a fresh arena. A probe that fails or panics says so and stops no other.

use std::cell::Cell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use seaworthy_core::limits::OPENAPI_BYTES;
use seaworthy_core::plan::Service;
use seaworthy_core::surface::Surface;
use seaworthy_core::{
    Bound, BoundNeeded, Digest, NotChecked, Observation, Outcome, Producer, Reason, Severity, TimeSpan,
};

use crate::arena::{Arena, Evidence, Stop};
use crate::http::Request as HttpRequest;
use crate::probe::Probe;
use crate::probe::registry::PROBES;
use crate::schema::{Document, Inferred, Operations, USUAL_PLACES};
use crate::service::{Launch, NotReady, Prepared, Running, prepare};
use crate::statistics::trials_needed;
use crate::{Event, Request, Tried, schema};

/// Files in which projects usually keep their document, from the root and from the service's folder.
pub const USUAL_FILES: &[&str] = &[
    "openapi.json",
    "openapi.yaml",
    "openapi.yml",
    "swagger.json",
    "swagger.yaml",
    "docs/openapi.json",
    "docs/openapi.yaml",
    "api/openapi.json",
    "api/openapi.yaml",
    "static/openapi.json",
];

/// Tries one service with every probe asked for.
pub fn run(request: &Request<'_>) -> Tried {
    let chosen: Vec<&'static Probe> = PROBES
        .iter()
        .copied()
        .filter(|probe| request.only.is_none_or(|only| only.contains(&probe.meta.id)))
        .collect();
    let service = request.service.name.as_str();
    request.progress.happened(&Event::Exploring { service });
    let begun = Instant::now();
    let explored = catch_unwind(AssertUnwindSafe(|| explore(request)))
        .unwrap_or_else(|panic| Err(NotReady(internal(panic.as_ref()))));
    let mut tried = Tried::default();
    let (launch, operations) = match explored {
        Ok(Explored { launch, operations, inferred, not_checked }) => {
            tried.inferred = inferred;
            tried.not_checked = not_checked;
            (launch, operations)
        }
        Err(error) => {
            let took = begun.elapsed();
            let outcome = |probe: &&Probe| {
                observation(request, probe, Outcome::Inconclusive(error.0.clone()), Evidence::default(), took)
            };
            tried.observations = chosen.iter().map(outcome).collect();
            return tried;
        }
    };
    for (index, probe) in chosen.iter().enumerate() {
        let id = &probe.meta.id;
        request.progress.happened(&Event::Began {
            service,
            probe: id,
            index: index + 1,
            total: chosen.len(),
        });
        let (seen, inferred) = run_probe(request, probe, &launch, &operations);
        request.progress.happened(&Event::Ended { probe: id, outcome: &seen.outcome });
        tried.observations.push(seen);
        tried.inferred.extend(inferred);
    }
    tried.inferred.sort();
    tried.inferred.dedup();
    tried
}

/// Everything besides the tree that decides what a probe of this service measures; `world` is [`Request::world`]. Observations made with
/// other inputs are about another world. The seed is none of them: what broke under one seed is broken, and trying again until luck has it
/// is no cure.
pub fn inputs(service: &Service, surface: &Surface, world: &Digest) -> Digest {
    // Limit: plain data always serialises; an empty text would only make the digest match nothing.
    let service = serde_json::to_vec(service).unwrap_or_default();
    let entries = serde_json::to_vec(&surface.entries).unwrap_or_default();
    Digest::of_fields([service, entries, world.0.to_vec()])
}

struct Explored {
    launch: Launch,
    operations: Operations,
    inferred: Vec<Inferred>,
    not_checked: Vec<NotChecked>,
}

fn explore(request: &Request<'_>) -> Result<Explored, NotReady> {
    let Prepared { launch, running, mut inferred } = prepare(request)?;
    let mut not_checked = Vec::new();
    let documents = find_documents(request, &running, &mut inferred, &mut not_checked);
    let document = documents.into_iter().reduce(schema::Document::with);
    let operations = Operations::assemble(&request.service.promises, document.as_ref(), request.surface);
    inferred.extend(operations.inferred());
    not_checked.extend(operations.not_read.iter().cloned());
    not_checked.extend(request.service.dependencies.iter().map(|dependency| NotChecked {
        what: format!("the dependency {} of {}", dependency.name, request.service.name),
        why: "dependencies are not started yet: no probe here injects their faults".to_owned(),
    }));
    Ok(Explored { launch, operations, inferred, not_checked })
}

/// The OpenAPI documents, the likeliest first: where the plan says, else in the usual files; and what the service itself serves.
fn find_documents(
    request: &Request<'_>,
    running: &Running,
    inferred: &mut Vec<Inferred>,
    not_checked: &mut Vec<NotChecked>,
) -> Vec<Document> {
    let folder = request.root.join(&request.service.dir);
    let client = running.client();
    let served = |path: &str| {
        let answer = client.send(&HttpRequest::new("GET", path)).ok()?;
        answer.is_success().then_some(answer.body)
    };
    let named = request.service.openapi.as_ref().map(|place| {
        // A path begins with a slash; as a file it would lead out of the tree.
        let bytes = match place.starts_with('/') {
            true => served(place),
            false => read_file(&folder.join(place)).or_else(|| read_file(&request.root.join(place))),
        };
        (place.clone(), bytes)
    });
    let usual = |name: &&str| Some(((*name).to_owned(), Some(read_file(&folder.join(name))?)));
    let files: Vec<(String, Option<Vec<u8>>)> = match &named {
        Some(named) => vec![named.clone()],
        None => USUAL_FILES.iter().filter_map(usual).collect(),
    };
    let is_named = |place: &str| named.as_ref().is_some_and(|(named, _)| named == place);
    let places = USUAL_PLACES.iter().filter(|path| !is_named(path));
    let serves: Vec<(String, Option<Vec<u8>>)> =
        places.filter_map(|path| Some(((*path).to_owned(), Some(served(path)?)))).collect();
    let mut documents = Vec::new();
    // One of each kind: the others of a kind are copies or older versions.
    for candidates in [files, serves] {
        documents.extend(first_document(candidates, &is_named, inferred, not_checked));
    }
    documents
}

/// The first candidate that reads as a document.
fn first_document(
    candidates: Vec<(String, Option<Vec<u8>>)>,
    is_named: &dyn Fn(&str) -> bool,
    inferred: &mut Vec<Inferred>,
    not_checked: &mut Vec<NotChecked>,
) -> Option<Document> {
    for (place, bytes) in candidates {
        let Some(bytes) = bytes else {
            let why = "it is neither a file of the tree nor answered by the service".to_owned();
            not_checked.push(NotChecked { what: place, why });
            continue;
        };
        match schema::read(&bytes) {
            Ok(document) => {
                if !is_named(&place) {
                    let why = "it is where such documents usually are, and reads as one".to_owned();
                    inferred.push(Inferred { what: format!("openapi = \"{place}\""), why });
                }
                return Some(document);
            }
            // A page that a service answers everywhere is no document, and nothing worth telling.
            Err(error) if is_named(&place) || !place.starts_with('/') => {
                not_checked.push(NotChecked { what: place, why: error.to_string() });
            }
            Err(_) => {}
        }
    }
    None
}

fn read_file(path: &Path) -> Option<Vec<u8>> {
    let size = fs::metadata(path).ok().filter(|meta| meta.is_file())?.len();
    (size <= OPENAPI_BYTES as u64).then(|| fs::read(path).ok()).flatten()
}

fn run_probe(
    request: &Request<'_>,
    probe: &'static Probe,
    launch: &Launch,
    operations: &Operations,
) -> (Observation, Vec<Inferred>) {
    let begun = Instant::now();
    let budget = request.budget.unwrap_or(Duration::from_millis(probe.meta.budget_ms));
    let arena = Arena {
        request,
        meta: &probe.meta,
        operations,
        deadline: begun + budget,
        launch,
        starts: Cell::new(0),
    };
    let mut evidence = Evidence::default();
    let stopped = catch_unwind(AssertUnwindSafe(|| (probe.run)(&arena, &mut evidence)))
        .unwrap_or_else(|panic| Err(Stop::Inconclusive(internal(panic.as_ref()))));
    let outcome = conclude(&arena, stopped, &evidence, begun.elapsed());
    let inferred = std::mem::take(&mut evidence.inferred);
    (observation(request, probe, outcome, evidence, begun.elapsed()), inferred)
}

fn internal(panic: &(dyn std::any::Any + Send)) -> Reason {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Reason::Internal { what: text.unwrap_or_else(|| "a panic".to_owned()) }
}

/// What the evidence amounts to: an error found is broken whatever came after it; held takes trials and the bound that is needed.
fn conclude(arena: &Arena<'_>, stopped: Result<(), Stop>, evidence: &Evidence, took: Duration) -> Outcome {
    if evidence.findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Outcome::Broken;
    }
    match stopped {
        Err(Stop::NotApplicable(reason)) => return Outcome::NotApplicable(reason),
        Err(Stop::Inconclusive(reason)) => return Outcome::Inconclusive(reason),
        Ok(()) if evidence.trials == 0 => return Outcome::Inconclusive(Reason::NoTrials),
        Ok(()) => {}
    }
    match (arena.bound_needed(), evidence.bound) {
        (Some(needed), Some(reached)) if !reached.meets(&needed) => Outcome::Inconclusive(Reason::Budget {
            reached,
            needed,
            budget: budget_for(evidence.trials, &reached, &needed, took),
        }),
        (Some(_), None) => Outcome::Inconclusive(Reason::NoTrials),
        _ => Outcome::Held,
    }
}

/// The budget at which, going on as it went, the bound would be reached, with a quarter to spare.
fn budget_for(trials: u64, reached: &Bound, needed: &BoundNeeded, took: Duration) -> String {
    let wanted = trials_needed(needed).unwrap_or(u64::MAX) as f64;
    // What counts for the bound may be a part of the trials: derive it from the bound itself.
    let counted = trials_needed(&BoundNeeded { rate: reached.rate, confidence: needed.confidence });
    let counted = counted.unwrap_or(trials).max(1) as f64;
    let seconds = took.as_secs_f64() * (wanted / counted).max(1.0) * 1.25;
    format!("{}s", ((seconds / 5.0).ceil() * 5.0).clamp(5.0, 1e9) as u64)
}

fn observation(
    request: &Request<'_>,
    probe: &Probe,
    outcome: Outcome,
    evidence: Evidence,
    took: Duration,
) -> Observation {
    Observation {
        subject: request.subject.clone(),
        producer: Producer::Probe {
            id: probe.meta.id.clone(),
            version: probe.meta.version,
            service: request.service.name.clone(),
        },
        failure_mode: probe.meta.failure_mode,
        outcome,
        findings: evidence.findings,
        suppressed: Vec::new(),
        skipped: evidence.skipped,
        trials: evidence.trials,
        bound: evidence.bound,
        span: TimeSpan {
            started_at: request.started_at,
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        },
        inputs: inputs(request.service, request.surface, &request.world),
        artifacts: evidence.artifacts,
        independence: None,
    }
}

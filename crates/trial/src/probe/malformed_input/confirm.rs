//! Repeats each alarm on fresh copies of the service, and reports what comes again.

use std::time::{Duration, Instant};

use seaworthy_core::limits::CHALLENGE_CONFIRM_TIMEOUT_MS;
use seaworthy_core::{Confidence, Digest, Location, NotChecked, Reason, Severity, Span, finding::Identity};

use super::Bench;
use super::alarm::{Alarm, Alarms};
use super::verdict::{Logged, Origin, Variant};
use super::way::{self, Repeated};
use crate::arena::{Arena, Evidence, Stop};
use crate::replay;
use crate::schema::Operation;

/// Fresh copies on which each finding's replay is run, and on how many when there are many findings.
const REPEATS: u32 = 2;
const REPEATS_OF_MANY: u32 = 1;
const MANY: usize = 8;

/// Alarms of one finding that are repeated, as long as none came again.
const ATTEMPTED: usize = 3;

/// Alarms beside the first that a message names, and places.
const SHOWN: usize = 4;
const RELATED: usize = 8;

const UNREADABLE: &str = "refuse what cannot be shown where it enters, with 400, and let what reads it stand what is stored already";

/// Repeats all alarms. Returns the reason to doubt when one did not come again.
///
/// Every alarm is sent once more to one fresh copy; then the smallest of each finding goes, as the replay that will be printed, to fresh
/// copies of its own.
pub(super) fn all(
    arena: &Arena<'_>,
    alarms: Alarms,
    evidence: &mut Evidence,
) -> Result<Option<Reason>, Stop> {
    let groups = alarms.into_groups();
    if groups.is_empty() {
        return Ok(None);
    }
    let repeats = if groups.len() > MANY { REPEATS_OF_MANY } else { REPEATS };
    // An alarm that was never repeated would be neither reported nor denied: they all get their turn, within a hard end.
    let until = arena.deadline.max(Instant::now()) + Duration::from_millis(CHALLENGE_CONFIRM_TIMEOUT_MS);
    let mut bench = Bench::new(arena)?;
    let mut doubt = None;
    let total = groups.len();
    for (done, mut group) in groups.into_iter().enumerate() {
        arena.step("repeating on fresh copies", done as u64, Some(total as u64));
        let again = shown_again(&mut bench, &mut group, until)?;
        let mut order: Vec<usize> = (0..group.len()).collect();
        order.sort_by_key(|at| again.get(*at) != Some(&true));
        let mut last = None;
        for at in order.into_iter().take(ATTEMPTED) {
            let Some(alarm) = group.get(at) else { continue };
            let repeated = way::repeat(arena, alarm, repeats, until);
            let seen = repeated.seen > 0;
            last = Some((at, repeated));
            if seen {
                break;
            }
        }
        let Some((at, repeated)) = last else { continue };
        let mut alarm = group.remove(at);
        if repeated.seen > 0 {
            alarm.logged = repeated.logged.clone();
            let shown = group.iter().zip(again.iter().enumerate().filter(|(own, _)| *own != at));
            let also: Vec<&Alarm> = shown.filter(|(_, (_, again))| **again).map(|(one, _)| one).collect();
            report(arena, &alarm, &distinct(&alarm, also), &repeated, evidence);
        } else {
            let what = format!("{} {} ({})", alarm.operation, alarm.seen.how, alarm.challenge.what);
            let why =
                format!("seen once, and again {} of {} times on fresh copies", repeated.seen, repeated.tried);
            evidence.skipped.push(NotChecked { what: what.clone(), why });
            doubt = Some(Reason::NotReproduced { what, seen: repeated.seen, tried: repeated.tried });
        }
    }
    Ok(doubt)
}

/// Which alarms of a group show on one fresh copy. What is known of their causes is what came between the request and its answer there, where
/// nothing else was asked.
fn shown_again(bench: &mut Bench<'_>, group: &mut [Alarm], until: Instant) -> Result<Vec<bool>, Stop> {
    let mut again = Vec::new();
    for alarm in group {
        let shown = if Instant::now() < until { bench.shows(alarm)? } else { None };
        again.push(shown.is_some());
        alarm.logged = shown.unwrap_or(Logged::Nothing);
    }
    Ok(again)
}

/// Those that tell something else than the first, or than one before them.
fn distinct<'a>(first: &Alarm, others: Vec<&'a Alarm>) -> Vec<&'a Alarm> {
    let mut kept: Vec<&Alarm> = Vec::new();
    for one in others {
        if one.reason() != first.reason() && kept.iter().all(|known| known.reason() != one.reason()) {
            kept.push(one);
        }
    }
    kept
}

fn report(arena: &Arena<'_>, alarm: &Alarm, also: &[&Alarm], repeated: &Repeated, evidence: &mut Evidence) {
    let operation = &alarm.operation;
    let variant = alarm.seen.variant;
    let (seen, tried) = (repeated.seen, repeated.tried);
    let mut message = format!("{operation} {}", example(alarm));
    if !also.is_empty() {
        let shown = also
            .iter()
            .take(SHOWN)
            .map(|one| if one.index == alarm.index { example_of_group(one) } else { one.operation.label() });
        message.push_str(&format!("; also {}", shown.collect::<Vec<_>>().join(", ")));
        if also.len() > SHOWN {
            message.push_str(&format!(" and {} more", also.len() - SHOWN));
        }
    }
    message.push_str(&format!(" (again on {seen} of {tried} fresh copies)"));
    let mut finding = arena
        .finding(variant.id(), &operation.method, &operation.route(), message)
        .severity(alarm.severity())
        .confidence(Confidence::Certain)
        .advice(if alarm.reader.is_some() { UNREADABLE } else { advice(variant) })
        .reproduce(replay::lines(&repeated.replay, arena.start_lines(1)));
    let mut places: Vec<&Origin> = Vec::new();
    for one in std::iter::once(&alarm).chain(also) {
        if let Logged::At(origin) = &one.logged
            && variant != Variant::Accepted
            && places.len() < RELATED
            && !places.contains(&origin)
        {
            places.push(origin);
            let span = Span { line: origin.line, column: 1, end_line: origin.line, end_column: 1 };
            let note = format!("{} is raised here", origin.exception);
            finding = finding.related(Location::Source { path: origin.path.clone(), span }, note);
        }
    }
    let reader = alarm.reader.as_ref().map(Operation::label).unwrap_or_default();
    let mut finding = finding.identify(Identity { symbol: &operation.name, text: &reader, ordinal: 0 });
    if let (Variant::Died | Variant::ServerError, Logged::At(origin), Severity::Error) =
        (variant, &alarm.logged, finding.severity)
    {
        finding.cause = cause(arena.service(), origin);
    }
    let artifact = arena.write_replay(&repeated.replay);
    evidence.found(finding, artifact);
}

/// Operations that fail at one line of the program have one defect: it is there that it is mended.
fn cause(service: &str, origin: &Origin) -> Digest {
    let Origin { path, line, function, exception, .. } = origin;
    Digest::of_fields(["malformed-input", service, path, &line.to_string(), function, exception])
}

/// `with no field `a` answers 500: KeyError in f (app.py:3)`.
fn example(alarm: &Alarm) -> String {
    let from = match &alarm.logged {
        Logged::At(origin) if alarm.seen.variant != Variant::Accepted => {
            format!(": {} {}", origin.exception, origin.place())
        }
        _ => String::new(),
    };
    format!("with {} {}{from}", alarm.challenge.what, alarm.seen.how)
}

/// The same, shorter, beside others.
fn example_of_group(alarm: &Alarm) -> String {
    match &alarm.logged {
        Logged::At(origin) if alarm.seen.variant != Variant::Accepted => {
            format!("with {} ({} {})", alarm.challenge.what, origin.exception, origin.place())
        }
        _ => format!("with {}", alarm.challenge.what),
    }
}

fn advice(variant: Variant) -> &'static str {
    match variant {
        Variant::Died => {
            "catch what this request throws, asynchronous code included: one caller must not end the service for all"
        }
        Variant::Hung => "answer on every path, errors included, and give every wait a deadline",
        Variant::ServerError => {
            "check types and presence where the request enters, and answer 400 with what is wrong"
        }
        Variant::TraceLeaked => {
            "give the framework an error handler that logs details and answers without them; set its production mode"
        }
        Variant::Accepted => "hold requests to the schema the document promises, or loosen the document",
    }
}

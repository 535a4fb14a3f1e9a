//! Repeats each alarm on fresh copies of the service, and reports what comes again.

use std::time::{Duration, Instant};

use seaworthy_core::limits::CHALLENGE_CONFIRM_TIMEOUT_MS;
use seaworthy_core::{Confidence, Location, NotChecked, Reason, Span, finding::Identity};

use super::Bench;
use super::alarm::{Alarm, Alarms};
use super::challenge::Form;
use super::verdict::{Logged, Origin, Variant};
use crate::arena::{Arena, Evidence, Stop};
use crate::http::Request;
use crate::replay::{self, Attempt, Expect, FORMAT, Message, Replay, Send, Step};
use crate::schema::steps::lead_to;

/// Fresh copies on which each finding's replay is run, and on how many when there are many findings.
const REPEATS: u32 = 2;
const REPEATS_OF_MANY: u32 = 1;
const MANY: usize = 8;

/// Alarms beside the first that a message names, and places.
const SHOWN: usize = 4;
const RELATED: usize = 8;

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
        let again = shown_again(&mut bench, &group, until)?;
        let first = again.iter().position(|again| *again).unwrap_or(0);
        if first > 0 {
            group.swap(0, first);
        }
        let also: Vec<&Alarm> = group
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(at, _)| again.get(*at) == Some(&true) && *at != first)
            .map(|(_, alarm)| alarm)
            .collect();
        let Some(alarm) = group.first() else { continue };
        let (replay, repeated) = repeat(arena, alarm, repeats, until);
        if repeated.seen > 0 {
            report(arena, alarm, &also, &replay, &repeated, evidence);
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

/// Which alarms of a group show on one fresh copy.
fn shown_again(bench: &mut Bench<'_>, group: &[Alarm], until: Instant) -> Result<Vec<bool>, Stop> {
    let mut again = Vec::new();
    for alarm in group {
        again.push(Instant::now() < until && bench.shows(alarm)?);
    }
    Ok(again)
}

/// Runs an alarm's replay on fresh copies.
fn repeat(arena: &Arena<'_>, alarm: &Alarm, repeats: u32, until: Instant) -> (Replay, Repeated) {
    let mut repeated = Repeated::default();
    let lean = replay(arena, alarm, false);
    let mut chosen = lean.clone();
    while repeated.tried < repeats && Instant::now() < until {
        match attempt(arena, alarm, &chosen, repeated.tried) {
            Ok(true) => repeated.seen += 1,
            Ok(false) => {}
            // Something of the way there is missing: go all of it.
            Err(_) if chosen == lean => {
                chosen = replay(arena, alarm, true);
                if chosen != lean {
                    continue;
                }
            }
            Err(_) => {}
        }
        repeated.tried += 1;
    }
    (chosen, repeated)
}

#[derive(Debug, Clone, Copy, Default)]
struct Repeated {
    seen: u32,
    tried: u32,
}

/// One attempt on a fresh copy: whether the defect showed. `Err` when the way there failed.
fn attempt(arena: &Arena<'_>, alarm: &Alarm, replay: &Replay, number: u32) -> Result<bool, String> {
    let copies = [arena.start().map_err(|error| error.to_string())?];
    match replay::perform(replay, &copies, &format!("c{number}")) {
        // A process may end a moment after it has answered.
        Attempt::Seen(_) | Attempt::NotSeen if alarm.seen.variant == Variant::Died => {
            let until = Instant::now() + super::DYING;
            while copies.iter().any(crate::service::Running::alive) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
            Ok(!copies.iter().all(crate::service::Running::alive))
        }
        Attempt::Seen(_) => Ok(true),
        Attempt::NotSeen => Ok(false),
        Attempt::Worthless(why) => Err(why),
    }
}

/// The alarm as steps: what has to be done before, then the request, with what fit software would answer.
fn replay(arena: &Arena<'_>, alarm: &Alarm, everything: bool) -> Replay {
    let bytes = matches!(alarm.challenge.form, Form::Bytes(_));
    let requests: Vec<Request> = if bytes { Vec::new() } else { vec![alarm.request.clone()] };
    let (mut steps, messages) = lead_to(&alarm.said, &requests);
    if everything {
        steps = alarm
            .said
            .iter()
            .map(|said| Step::Send(Send { request: Message::of(&said.request), ..Send::default() }))
            .collect();
    }
    let message = match (&alarm.challenge.form, messages.into_iter().next()) {
        (Form::Bytes(bytes), _) => Message::raw("GET", bytes),
        (_, Some(message)) if !everything => message,
        _ => Message::of(&alarm.request),
    };
    let expect = match alarm.seen.variant {
        Variant::Died | Variant::Hung => None,
        Variant::ServerError => Some(Expect { status: Some("not 500".to_owned()), ..Expect::default() }),
        Variant::TraceLeaked => {
            Some(Expect { lacks: alarm.seen.telltale.as_deref().map(told), ..Expect::default() })
        }
        Variant::Accepted => Some(Expect { status: Some("not 2XX".to_owned()), ..Expect::default() }),
    };
    steps.push(Step::Send(Send { request: message, expect, challenge: true, ..Send::default() }));
    if alarm.seen.variant == Variant::Died {
        let any = Message::of(&Request::new("GET", "/"));
        steps.push(Step::Send(Send { request: any, challenge: true, ..Send::default() }));
    }
    let see = match alarm.seen.variant {
        Variant::Died => "no answer: the process has ended".to_owned(),
        Variant::Hung => "no answer at all".to_owned(),
        Variant::ServerError if alarm.seen.how.contains("500") => "HTTP 500".to_owned(),
        Variant::ServerError => "the connection is closed without an answer".to_owned(),
        Variant::TraceLeaked => "a stack trace in the answer".to_owned(),
        Variant::Accepted => "success, where the service's own document refuses this".to_owned(),
    };
    Replay {
        format: FORMAT.to_owned(),
        service: arena.service().to_owned(),
        probe: arena.meta.id.clone(),
        variant: alarm.seen.variant.id().to_owned(),
        seed: arena.request.seed,
        replicas: 1,
        steps,
        see,
        exchanges: Vec::new(),
    }
}

/// A part of the telltale that stands in the answer letter by letter, whatever it was encoded as, and on the next run again.
fn told(telltale: &str) -> String {
    let word = ["Traceback (most recent call last)", "panicked at", "goroutine ", "Stack trace:"];
    if let Some(word) = word.into_iter().find(|word| telltale.contains(word)) {
        return word.to_owned();
    }
    let path = telltale.rsplit(['(', '"']).find(|part| part.contains('/')).unwrap_or(telltale);
    path.rsplit('/').next().unwrap_or(path).trim_end_matches(')').trim().to_owned()
}

fn report(
    arena: &Arena<'_>,
    alarm: &Alarm,
    also: &[&Alarm],
    replay: &Replay,
    repeated: &Repeated,
    evidence: &mut Evidence,
) {
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
        .advice(advice(variant))
        .reproduce(replay::lines(replay, arena.start_lines(1)));
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
    let finding = finding.identify(Identity { symbol: &operation.name, text: "", ordinal: 0 });
    let artifact = arena.write_replay(replay);
    evidence.found(finding, artifact);
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

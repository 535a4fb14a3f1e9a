//! The way to an alarm on a fresh copy: what has to be said before, as little of it as shows the alarm again.

use std::time::{Duration, Instant};

use super::alarm::Alarm;
use super::challenge::Form;
use super::verdict::{self, Logged, Variant, unescaped};
use super::{DYING, PRINTING};
use crate::arena::Arena;
use crate::http::Request;
use crate::replay::{Attempt, Expect, Message, Replay, Send, Step, perform_and_keep};
use crate::schema::Said;
use crate::schema::steps::{Makers, lead_from};
use crate::service::Running;

/// Fresh copies on which a way is shortened.
const SHORTENING: usize = 12;

/// How often an alarm came again, and how.
#[derive(Debug, Clone)]
pub(super) struct Repeated {
    /// What was run, and will be printed.
    pub(super) replay: Replay,
    pub(super) seen: u32,
    pub(super) tried: u32,
    /// What the log of a fresh copy said about it, on which nothing else failed.
    pub(super) logged: Logged,
}

/// How much of what was said before goes before the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// What made a value that the request uses.
    Makers,
    /// What gave it last, and what that needs.
    Lean,
    /// Whatever may have changed something.
    Writes,
    /// Everything.
    All,
    /// Everything as it was said, ids included.
    Literal,
}

/// Runs an alarm's replay on fresh copies, by the first way on which it shows.
pub(super) fn repeat(arena: &Arena<'_>, alarm: &Alarm, repeats: u32, until: Instant) -> Repeated {
    let mut tried: Vec<Replay> = Vec::new();
    let mut worthwhile = 0;
    for way in [Way::Makers, Way::Lean, Way::Writes, Way::All, Way::Literal] {
        let replay = replay(arena, alarm, way);
        if tried.iter().any(|known| known.steps == replay.steps) || Instant::now() >= until {
            continue;
        }
        // A control that fails says that something of the way is missing; and so may a right answer.
        let attempt = attempt(arena, alarm, &replay, tried.len());
        worthwhile += u32::from(attempt.is_ok());
        if let Ok(Some(logged)) = attempt {
            let shortened = if matches!(way, Way::Makers | Way::Lean) {
                None
            } else {
                shortened(arena, alarm, &replay, until)
            };
            return again(arena, alarm, shortened.unwrap_or((replay, logged)), repeats, until);
        }
        tried.push(replay);
    }
    let replay = tried.into_iter().next().unwrap_or_else(|| self::replay(arena, alarm, Way::Makers));
    Repeated { replay, seen: 0, tried: worthwhile, logged: Logged::Nothing }
}

/// Repeats what has shown once.
fn again(
    arena: &Arena<'_>,
    alarm: &Alarm,
    (replay, logged): (Replay, Logged),
    repeats: u32,
    until: Instant,
) -> Repeated {
    let mut repeated = Repeated { replay, seen: 1, tried: 1, logged };
    while repeated.tried < repeats && Instant::now() < until {
        let number = SHORTENING + repeated.tried as usize;
        if let Ok(Some(logged)) = attempt(arena, alarm, &repeated.replay, number) {
            repeated.seen += 1;
            if repeated.logged == Logged::Nothing {
                repeated.logged = logged;
            }
        }
        repeated.tried += 1;
    }
    repeated
}

/// The replay without the steps it shows without (after Zeller and Hildebrandt's ddmin, 2002), when there are any.
fn shortened(arena: &Arena<'_>, alarm: &Alarm, replay: &Replay, until: Instant) -> Option<(Replay, Logged)> {
    let is_challenge = |step: &Step| matches!(step, Step::Send(send) if send.challenge);
    let ahead = replay.steps.iter().take_while(|step| !is_challenge(step)).count();
    let mut best: Option<(Replay, Logged)> = None;
    let (mut size, mut left, mut number) = (ahead.div_ceil(2), ahead, 0);
    while size > 0 {
        let mut at = 0;
        while at < left {
            let current = best.as_ref().map_or(replay, |(replay, _)| replay);
            let mut steps = current.steps.clone();
            let dropped = steps.drain(at..(at + size).min(left)).count();
            let candidate = Replay { steps, ..current.clone() };
            if !is_closed(&candidate.steps) {
                at += size;
                continue;
            }
            if number >= SHORTENING || Instant::now() >= until {
                return best;
            }
            number += 1;
            match attempt(arena, alarm, &candidate, number) {
                Ok(Some(logged)) => {
                    best = Some((candidate, logged));
                    left -= dropped;
                }
                _ => at += size,
            }
        }
        size /= 2;
    }
    best
}

/// Whether every name that a step uses is saved by a step before it.
fn is_closed(steps: &[Step]) -> bool {
    let mut saved: Vec<&String> = Vec::new();
    for step in steps {
        let Step::Send(send) = step else { continue };
        let Message { target, headers, body, .. } = &send.request;
        let texts = headers.iter().map(|(_, value)| value).chain([target, body]);
        for text in texts {
            let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
            let ours = |name: &str| {
                name.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            if names.filter(|(name, _)| ours(name)).any(|(name, _)| !saved.iter().any(|known| *known == name))
            {
                return false;
            }
        }
        saved.extend(send.save.keys());
    }
    true
}

/// One attempt on a fresh copy: what its log says when the defect showed. `Err` when the way there failed.
fn attempt(
    arena: &Arena<'_>,
    alarm: &Alarm,
    replay: &Replay,
    number: usize,
) -> Result<Option<Logged>, String> {
    let copies = [arena.start().map_err(|error| error.to_string())?];
    let [copy] = &copies;
    let mark = copy.printed_bytes();
    let (attempt, exchanges) = perform_and_keep(replay, &copies, &format!("c{number}"));
    let shown = match attempt {
        // A process may end a moment after it has answered.
        Attempt::Seen(_) | Attempt::NotSeen if alarm.seen.variant == Variant::Died => {
            let until = Instant::now() + DYING;
            while copy.alive() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
            !copy.alive()
        }
        Attempt::Seen(_) => true,
        Attempt::NotSeen => false,
        Attempt::Worthless(why) => return Err(why),
    };
    let answer = exchanges.last().map(|seen| seen.answer.as_str()).unwrap_or_default();
    Ok(shown.then(|| match alarm.seen.variant {
        Variant::Accepted => Logged::Nothing,
        _ => trace(copy, mark, answer),
    }))
}

/// The stack trace that a copy printed after its first `mark` bytes, as soon as it is there; else the one in the answer: some tell the caller
/// what they should tell their log.
pub(super) fn trace(copy: &Running, mark: u64, answer: &str) -> Logged {
    let in_answer = verdict::origin(&unescaped(answer), copy.root());
    let until = Instant::now() + if in_answer == Logged::Nothing { PRINTING } else { PRINTING / 10 };
    loop {
        let logged = verdict::origin(&copy.log_since(mark), copy.root());
        if logged != Logged::Nothing {
            return logged;
        }
        if Instant::now() >= until || !copy.alive() {
            return in_answer;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The alarm as steps: what has to be done before, then the request, with what fit software would answer.
fn replay(arena: &Arena<'_>, alarm: &Alarm, way: Way) -> Replay {
    let bytes = matches!(alarm.challenge.form, Form::Bytes(_));
    let requests: Vec<Request> = if bytes { Vec::new() } else { vec![alarm.request.clone()] };
    let goes = |one: &Said| match way {
        Way::Makers | Way::Lean => one.needed,
        Way::Writes => one.needed || !matches!(one.request.method.as_str(), "GET" | "HEAD"),
        Way::All | Way::Literal => true,
    };
    let said: Vec<Said> = alarm.said.iter().map(|one| Said { needed: goes(one), ..one.clone() }).collect();
    let makers = if way == Way::Makers { Makers::Any } else { Makers::Related };
    let (mut steps, messages) = lead_from(makers, &said, &requests);
    if way == Way::Literal {
        let step = |said: &Said| Step::Send(Send { request: Message::of(&said.request), ..Send::default() });
        steps = alarm.said.iter().map(step).collect();
    }
    let message = match (&alarm.challenge.form, messages.into_iter().next()) {
        (Form::Bytes(bytes), _) => Message::raw("GET", bytes),
        (_, Some(message)) if way != Way::Literal => message,
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
    arena.replay(alarm.seen.variant.id(), steps, see)
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

//! `malformed-input`: sends every operation what no fit client would, and expects it refused, not a crash.
//!
//! **What it looks for.** Values of the wrong JSON type, `null`, missing fields, numbers at and past their boundaries, texts with NUL, lone
//! surrogates or 100,000 characters, deep nesting, bodies that are no JSON, other media types, odd query strings and path segments,
//! unexpected headers and methods, broken framing. Each is one change to a request that was answered before (the control).
//!
//! - `died`: one request ended the process. Everybody else's requests end with it.
//! - `hung`: no answer came, while a valid request was answered in its usual time.
//! - `server-error`: 500, or the connection closed instead of an answer. 501 to 505 are no failure of the program.
//! - `died` and `server-error` also name a request that was accepted, when what reads it back fails by it: it was stored, and cannot be shown.
//! - `trace-leaked`: the answer shows a stack trace or source files: a map for an attacker.
//! - `accepted` (warning): success for what the service's own document refuses. A lenient framework is no defect, a lenient program may be.
//!
//! **Why.** A dozen malformed requests per operation found 500s in nearly half of 1,137 services written by AI models whose functional
//! tests all passed, and one request ended the process in 33 of them.
//!
//! **How to fix it.** Check types and presence where the request enters, in one place, and answer 400 with what was wrong. Give the
//! framework an error handler that logs the details and answers without them. Await, or catch, everything asynchronous.
//!
//! Nothing is said to have held where valid requests are refused: a challenge made from one that the service turns away at the door tries
//! the door. Such operations are listed; when they are most, or all that write, the probe could not tell.
//!
//! Every alarm is shrunk, then repeated on fresh copies of the service; what does not come again is not reported.

mod alarm;
mod challenge;
mod confirm;
mod read_back;
mod siege;
mod verdict;
mod way;

use std::time::{Duration, Instant};

use seaworthy_core::limits::{CHALLENGE_ANSWER_TIMEOUT_MS, CHALLENGE_RESTARTS};
use seaworthy_core::{Bound, FailureMode, Need, Reason, RuleId, Severity};

use self::alarm::{Alarm, Alarms};
use self::challenge::{Challenge, Class, Form};
use self::verdict::{Logged, Seen, Variant, judge};
use super::{Meta, Probe};
use crate::arena::{Arena, Evidence, Stop};
use crate::http::{Client, Exchange, Request, TransportError};
use crate::schema::{Call, Control, Fresh, Operation, Payload, Purpose, Visitor};
use crate::service::Running;

/// The probe.
pub static PROBE: Probe = Probe {
    meta: Meta {
        id: RuleId::known("malformed-input"),
        version: 3,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "malformed requests are refused, and crash nothing",
        variants: &["died", "hung", "server-error", "trace-leaked", "accepted"],
        bound_needed: None,
        confirms: &["unvalidated-input", "unhandled-rejection", "error-detail-leak"],
        budget_ms: 90_000,
        source: include_str!("mod.rs"),
    },
    run,
};

/// The part of the budget that goes into challenges; the rest is for shrinking and repeating.
const CHALLENGING: f64 = 0.6;

/// What each operation gets when no budget is given, and what all get at least.
const PER_OPERATION_MS: u64 = 2_000;
const LEAST_MS: u64 = 15_000;

/// Refusals for too many requests (429) in a row after which a fresh copy is started.
const LIMITED: u32 = 3;

/// Challenges before a death that may have been its cause.
const SUSPECTS: usize = 3;

/// How long a process that answers no more is given to be seen as dead.
const DYING: Duration = Duration::from_millis(400);

/// What a service prints comes through a pipe, and so a moment after its answer: how long that is awaited, and how long a silence is one.
const PRINTING: Duration = Duration::from_millis(500);
const QUIET: Duration = Duration::from_millis(60);

fn run(arena: &Arena<'_>, evidence: &mut Evidence) -> Result<(), Stop> {
    if arena.operations.list.is_empty() {
        return Err(arena.no_subject("operation", "openapi = \"openapi.json\""));
    }
    let until = Instant::now() + budget(arena).mul_f64(CHALLENGING);
    let mut bench = Bench::new(arena)?;
    evidence.inferred.extend(bench.visitor.session.inferred.iter().cloned());
    let (alarms, coverage) = siege::all(&mut bench, until, evidence)?;
    drop(bench);
    let unconfirmed = confirm::all(arena, alarms, evidence)?;
    if evidence.findings.iter().all(|finding| finding.severity != Severity::Error) {
        evidence.bound = Bound::zero_failures(evidence.trials, 0.95);
        if let Some(reason) = unconfirmed {
            return Err(Stop::Inconclusive(reason));
        }
        if let Some(what) = coverage.lacks() {
            return Err(Stop::Inconclusive(Reason::ControlFailed { what }));
        }
        if evidence.trials == 0 {
            let what = "no operation answered a valid request".to_owned();
            return Err(Stop::Inconclusive(Reason::ControlFailed { what }));
        }
    }
    Ok(())
}

/// What is given; else what so many operations need.
fn budget(arena: &Arena<'_>) -> Duration {
    let operations = u32::try_from(arena.operations.list.len()).unwrap_or(u32::MAX);
    let needed = Duration::from_millis(PER_OPERATION_MS)
        .saturating_mul(operations)
        .max(Duration::from_millis(LEAST_MS));
    if arena.request.budget.is_some() { arena.remaining() } else { needed.min(arena.remaining()) }
}

/// A copy of the service under challenge, and somebody who uses it.
pub(super) struct Bench<'a> {
    arena: &'a Arena<'a>,
    running: Running,
    visitor: Visitor<'a>,
    restarts: u32,
    limited: u32,
    /// The last challenges that were answered, the newest last.
    recent: Vec<(usize, Operation, Challenge)>,
    /// What reads and was seen to work.
    readers: Vec<Operation>,
    /// Fresh copies on which reading back was tried: they are no sign of a service that cannot be tried further.
    copies_for_reading: u32,
    /// How often that was done for an operation.
    read_back: std::collections::BTreeMap<usize, usize>,
}

impl<'a> Bench<'a> {
    fn new(arena: &'a Arena<'a>) -> Result<Self, Stop> {
        let running = arena.start()?;
        let visitor = arrive(arena, &running);
        Ok(Self {
            arena,
            running,
            visitor,
            restarts: 0,
            limited: 0,
            recent: Vec::new(),
            readers: Vec::new(),
            copies_for_reading: 0,
            read_back: std::collections::BTreeMap::new(),
        })
    }

    /// Whether an alarm of another copy shows on this one as well, and what its log says then. A death or a hang ends the copy.
    fn shows(&mut self, alarm: &Alarm) -> Result<Option<Logged>, Stop> {
        if let Some(reader) = &alarm.reader {
            return self.shows_by(alarm, reader);
        }
        let form = self.with_own_ids(alarm);
        let mark = self.quiet();
        let came = send(self.visitor.client(), &self.visitor, &form);
        let variant = alarm.seen.variant;
        if (came.is_err() || variant == Variant::Died) && self.died() {
            let logged = self.trace_since(mark, None);
            self.renew()?;
            return Ok((variant == Variant::Died).then_some(logged));
        }
        let well_formed = !matches!(form, Form::Bytes(_));
        let seen = judge(&came, well_formed, alarm.challenge.refused, self.running.root());
        let again = seen.iter().any(|one| one.variant == variant);
        let logged = if again { self.trace_since(mark, came.as_ref().ok()) } else { Logged::Nothing };
        if seen.iter().any(|one| one.variant == Variant::Hung) {
            self.renew()?;
        }
        Ok(again.then_some(logged))
    }

    /// The request with the ids of this copy in its path, unless it is the path that is broken.
    fn with_own_ids(&mut self, alarm: &Alarm) -> Form {
        let form = &alarm.challenge.form;
        if let Form::Call(call) = form
            && alarm.challenge.class != Class::PathValue
            && !call.path.is_empty()
            && let Some(control) = self.visitor.control(&alarm.operation)
        {
            return with_path(form, &control.call.path);
        }
        form.clone()
    }

    /// Waits until the service prints nothing more about what was asked before, and returns how much it has printed.
    fn quiet(&self) -> u64 {
        let until = Instant::now() + PRINTING;
        let mut mark = self.running.printed_bytes();
        while Instant::now() < until {
            std::thread::sleep(QUIET);
            let now = self.running.printed_bytes();
            if now == mark {
                break;
            }
            mark = now;
        }
        mark
    }

    /// Starts over on a fresh copy.
    fn renew(&mut self) -> Result<(), Stop> {
        self.restarts += 1;
        self.limited = 0;
        self.recent.clear();
        self.running.kill();
        self.running = self.arena.start()?;
        self.visitor = arrive(self.arena, &self.running);
        Ok(())
    }

    /// Whether so many fresh copies were needed that no more is to be expected.
    fn worn(&self) -> bool {
        self.restarts - self.copies_for_reading.min(self.restarts) > CHALLENGE_RESTARTS
    }

    fn control(&mut self, operation: &Operation) -> Result<Option<Control>, Stop> {
        if matches!(operation.purpose, Purpose::Logout | Purpose::Reset) {
            // Done for good and never twice: a control would end what the others need.
            let call = Call::valid(
                operation,
                &mut self.visitor.fresh,
                &self.visitor.known,
                crate::schema::Style::Full,
            );
            let answer = self.visitor.send(&call);
            self.renew()?;
            return Ok(answer
                .ok()
                .filter(|answer| answer.status < 500)
                .map(|answer| Control { call, answer }));
        }
        Ok(self.visitor.control(operation))
    }

    /// Whether a call that was answered is so no more: by a server error, or not at all.
    fn control_fails(&self, control: &Control) -> bool {
        let again = self.running.visitor().send(&self.visitor.request(&control.call));
        again.is_ok_and(|answer| answer.status == 500) || !self.running.alive()
    }

    /// Sends one challenge. Whether it was answered to the point, so that it counts.
    fn challenge(
        &mut self,
        index: usize,
        operation: &Operation,
        control: &Control,
        challenge: Challenge,
        alarms: &mut Alarms,
    ) -> Result<bool, Stop> {
        let challenge = self.with_new_names(operation, control, challenge);
        let mark = self.running.printed_bytes();
        let mut came = send(self.visitor.client(), &self.visitor, &challenge.form);
        let turned_away =
            came.as_ref().is_ok_and(|exchange| exchange.status == 401) && control.answer.status != 401;
        if turned_away && challenge.class != Class::Header && self.visitor.log_in_again() {
            // Another challenge has ended the session; without one this would try nothing but the door.
            came = send(self.visitor.client(), &self.visitor, &challenge.form);
        }
        if came.as_ref().is_ok_and(|exchange| exchange.status == 429) {
            self.limited += 1;
            if self.limited >= LIMITED && !self.worn() {
                // A limiter blinds the probe; a fresh copy has not counted yet.
                self.renew()?;
            }
            return Ok(false);
        }
        self.limited = 0;
        let suspect = (index, operation.clone(), challenge.clone());
        if came.is_err() && self.died() {
            // Who finds the door closed did not close it.
            let innocent = matches!(came, Err(TransportError::Connect(_)));
            let mut suspects: Vec<_> = std::mem::take(&mut self.recent);
            suspects.extend(Some(suspect).filter(|_| !innocent));
            self.accuse(suspects, alarms)?;
            return Ok(true);
        }
        if self.recent.len() >= SUSPECTS {
            self.recent.remove(0);
        }
        self.recent.push(suspect);
        let well_formed = !matches!(challenge.form, Form::Bytes(_));
        for seen in judge(&came, well_formed, challenge.refused, self.running.root()) {
            let variant = seen.variant;
            if variant == Variant::TraceLeaked && alarms.shows_trace(index) {
                continue;
            }
            // Before it is shrunk: what is sent for that prints its own.
            let logged = match variant {
                Variant::Accepted => Logged::Nothing,
                _ => self.trace_since(mark, came.as_ref().ok()),
            };
            let shrunk = self.shrink(&challenge, &seen);
            self.raise(index, operation, shrunk, (seen, logged), alarms);
            if variant == Variant::Hung {
                self.renew()?;
                return Ok(true);
            }
        }
        if let Ok(answer) = &came {
            self.read_back(index, operation, &challenge, answer, alarms)?;
        }
        Ok(true)
    }

    /// The process is gone, and one of these ended it, likeliest the last: what nobody awaits fails after its request was answered.
    fn accuse(
        &mut self,
        mut suspects: Vec<(usize, Operation, Challenge)>,
        alarms: &mut Alarms,
    ) -> Result<(), Stop> {
        let how = self
            .running
            .exit()
            .map_or_else(|| "ends the process".to_owned(), |exit| format!("ends the process ({exit})"));
        let seen = Seen { variant: Variant::Died, how, telltale: None };
        self.renew()?;
        while let Some((index, operation, challenge)) = suspects.pop() {
            // The last one left is accused as it is; it is repeated before it is reported.
            let _ = send(self.visitor.client(), &self.visitor, &challenge.form);
            if suspects.is_empty() || self.died() {
                let logged = self.trace_since(0, None);
                self.raise(index, &operation, challenge, (seen, logged), alarms);
                return self.renew();
            }
        }
        Ok(())
    }

    /// Whether the process is gone, or goes in this moment.
    fn died(&self) -> bool {
        let until = Instant::now() + DYING;
        while Instant::now() < until {
            if !self.running.alive() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn raise(
        &mut self,
        index: usize,
        operation: &Operation,
        challenge: Challenge,
        (seen, logged): (Seen, Logged),
        alarms: &mut Alarms,
    ) {
        let request = self.sent(&challenge.form);
        let said = self.visitor.said.clone();
        alarms.add(Alarm {
            index,
            operation: operation.clone(),
            challenge,
            seen,
            logged,
            request,
            said,
            reader: None,
        });
    }

    /// The stack trace printed after the first `mark` bytes of the log, else the one in the answer.
    fn trace_since(&self, mark: u64, answer: Option<&Exchange>) -> Logged {
        let answer = answer.map(Exchange::text).unwrap_or_default();
        way::trace(&self.running, mark, &answer)
    }

    /// Names, mails and the like that must be new: with the control's own, every challenge would be refused as a duplicate.
    fn with_new_names(
        &mut self,
        operation: &Operation,
        control: &Control,
        mut challenge: Challenge,
    ) -> Challenge {
        if operation.purpose == Purpose::Login {
            return challenge;
        }
        let fresh = &mut self.visitor.fresh;
        if let (Form::Call(Call { payload, .. }), Payload::Json(valid)) =
            (&mut challenge.form, &control.call.payload)
        {
            match payload {
                Payload::Json(value) => fresh.renew_in(value, valid),
                Payload::Raw { bytes, .. } => {
                    if let Ok(text) = std::str::from_utf8(bytes) {
                        *bytes = fresh.renewed_text(text, valid).into_bytes();
                    }
                }
                _ => {}
            }
        }
        challenge
    }

    /// Leaves out of a call whatever it fails the same without.
    fn shrink(&mut self, challenge: &Challenge, seen: &Seen) -> Challenge {
        let Form::Call(call) = &challenge.form else { return challenge.clone() };
        if !matches!(seen.variant, Variant::ServerError | Variant::TraceLeaked) {
            return challenge.clone();
        }
        let mut smallest = call.clone();
        for smaller in smaller_calls(call, challenge.field.as_deref()) {
            let candidate = intersection(&smallest, &smaller);
            if candidate == smallest {
                continue;
            }
            let came = send(self.visitor.client(), &self.visitor, &Form::Call(candidate.clone()));
            let again = judge(&came, true, challenge.refused, self.running.root());
            if again.iter().any(|one| one.variant == seen.variant && one.how == seen.how) {
                smallest = candidate;
            }
        }
        Challenge { form: Form::Call(smallest), ..challenge.clone() }
    }

    fn sent(&self, form: &Form) -> Request {
        match form {
            Form::Call(call) => self.visitor.request(call),
            Form::Request(request) => self.visitor.signed(request.clone()),
            Form::Bytes(_) => Request::default(),
        }
    }
}

fn arrive<'a>(arena: &'a Arena<'a>, running: &Running) -> Visitor<'a> {
    let fresh = Fresh::new(arena.rng("visitor").u64(..));
    let client = running.visitor().with_timeout(Duration::from_millis(CHALLENGE_ANSWER_TIMEOUT_MS));
    let mut visitor = Visitor::arrive(arena.operations, arena.identities(), client, fresh);
    visitor.settle(Instant::now() + arena.remaining() / 4);
    visitor
}

/// The form with these values in its path.
fn with_path(form: &Form, path: &[(String, String)]) -> Form {
    match form {
        Form::Call(call) => Form::Call(Call { path: path.to_vec(), ..call.clone() }),
        other => other.clone(),
    }
}

/// Sends a challenge as it has to be sent, on a connection of its own: what a broken request leaves on one would be read as the next.
fn send(client: &Client, visitor: &Visitor<'_>, form: &Form) -> Result<Exchange, TransportError> {
    let mut connection = client.connect()?;
    match form {
        Form::Call(call) => connection.send(&visitor.request(call)),
        Form::Request(request) => connection.send(&visitor.signed(request.clone())),
        Form::Bytes(bytes) => connection.send_raw(bytes.clone(), "GET"),
    }
}

/// The call with one part left out, for each part that can be.
fn smaller_calls(call: &Call, broken: Option<&str>) -> Vec<Call> {
    let mut smaller = Vec::new();
    if let Payload::Json(serde_json::Value::Object(object)) = &call.payload {
        for name in object.keys().filter(|name| Some(name.as_str()) != broken) {
            let mut fields = object.clone();
            fields.remove(name);
            smaller.push(Call { payload: Payload::Json(serde_json::Value::Object(fields)), ..call.clone() });
        }
    }
    for (name, _) in call.query.iter().filter(|(name, _)| Some(name.as_str()) != broken) {
        let query = call.query.iter().filter(|(own, _)| own != name).cloned().collect();
        smaller.push(Call { query, ..call.clone() });
    }
    for (name, _) in &call.headers {
        let headers = call.headers.iter().filter(|(own, _)| own != name).cloned().collect();
        smaller.push(Call { headers, ..call.clone() });
    }
    smaller
}

/// What both calls have.
fn intersection(one: &Call, other: &Call) -> Call {
    let keep = |mine: &[(String, String)], theirs: &[(String, String)]| -> Vec<(String, String)> {
        mine.iter().filter(|pair| theirs.contains(pair)).cloned().collect()
    };
    let payload = match (&one.payload, &other.payload) {
        (
            Payload::Json(serde_json::Value::Object(mine)),
            Payload::Json(serde_json::Value::Object(theirs)),
        ) => {
            let both = mine.iter().filter(|(name, _)| theirs.contains_key(*name));
            Payload::Json(serde_json::Value::Object(
                both.map(|(name, value)| (name.clone(), value.clone())).collect(),
            ))
        }
        (mine, _) => mine.clone(),
    };
    Call {
        query: keep(&one.query, &other.query),
        headers: keep(&one.headers, &other.headers),
        payload,
        ..one.clone()
    }
}

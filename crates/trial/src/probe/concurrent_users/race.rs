//! One round: the same requests at one moment, and what must hold afterwards.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Stage;
use super::subject::{Counter, Kind, Number, Subject, Watched, at_key, own_ids, read, renewed};
use crate::http::{Client, Exchange, Request, TransportError, released_together};
use crate::schema::{Call, Operation, Payload, Said};

/// Pieces that a scarce resource is made with: fewer than users, more than one.
const SCARCE: f64 = 3.0;

/// A level at or below this can be raced down to nothing by one round.
const LOW: f64 = 12.0;

/// What a round came to.
pub(super) enum Round {
    Held,
    Broken(Box<Broken>),
    /// It could not be run.
    Untold(String),
}

/// A round in which something broke.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    pub(super) variant: &'static str,
    /// What happened, as a sentence.
    pub(super) how: String,
    /// What was said before.
    pub(super) said: Vec<Said>,
    /// The requests that went together.
    pub(super) requests: Vec<Request>,
    /// How many of them could rightly succeed.
    pub(super) most: Option<usize>,
    /// Reads the number, and what it should have been.
    pub(super) read: Option<(Request, String, f64)>,
    /// The line of the log that speaks of a row that was there already.
    pub(super) conflict: Option<String>,
}

/// What broke although the requests came one after the other.
pub(super) struct Unsound {
    pub(super) how: String,
    pub(super) watched: Option<usize>,
}

/// What a round needs: the requests, and what was before.
struct Prepared {
    requests: Vec<Request>,
    /// The ids of what is raced for.
    own: Vec<String>,
    /// The numbers watched, as they are; none where one is not there any more.
    levels: Vec<Option<f64>>,
}

/// Runs one round.
pub(super) fn round(stage: &mut Stage<'_>, subject: &Subject, users: usize) -> Round {
    let prepared = match prepare(stage, subject, users) {
        Ok(prepared) => prepared,
        Err(why) => return Round::Untold(why),
    };
    let clients: Vec<Client> =
        prepared.requests.iter().map(|_| stage.running.visitor().with_timeout(timeout())).collect();
    let pairs: Vec<(&Client, Request)> = clients.iter().zip(prepared.requests.iter().cloned()).collect();
    let mark = stage.running.printed_bytes();
    let answers = released_together(&pairs);
    if answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 429)) {
        return Round::Untold("every request was refused for coming too often (429)".to_owned());
    }
    match judge(stage, subject, &prepared, &answers) {
        None => Round::Held,
        Some(judged) => {
            let conflict = (judged.variant == "server-error").then(|| conflict(stage, mark)).flatten();
            let Judged { variant, how, most, read, .. } = judged;
            let (said, requests) = (stage.visitor.said.clone(), prepared.requests);
            Round::Broken(Box::new(Broken { variant, how, said, requests, most, read, conflict }))
        }
    }
}

fn timeout() -> std::time::Duration {
    std::time::Duration::from_millis(seaworthy_core::limits::RACE_ANSWER_TIMEOUT_MS)
}

/// The same requests one after the other, with something fresh to race for. `Err` says what broke all the same.
pub(super) fn in_sequence(stage: &mut Stage<'_>, subject: &Subject, broken: &Broken) -> Result<(), Unsound> {
    let prepared =
        prepare(stage, subject, broken.requests.len()).map_err(|how| Unsound { how, watched: None })?;
    let answers: Vec<_> =
        prepared.requests.iter().map(|request| stage.visitor.client().another().send(request)).collect();
    match judge(stage, subject, &prepared, &answers) {
        Some(judged) => Err(Unsound { how: judged.how, watched: judged.watched }),
        None => Ok(()),
    }
}

/// Makes something fresh to race for, and the requests.
fn prepare(stage: &mut Stage<'_>, subject: &Subject, users: usize) -> Result<Prepared, String> {
    stage.visitor.said.iter_mut().for_each(|said| said.needed = false);
    let before = stage.visitor.said.len();
    let mut set_by = None;
    if let Kind::Counter(counter) = &subject.kind {
        set_by = counter.set_by.clone().filter(|_| counter.step() < 0.0);
        if let Some(reset) = &counter.reset {
            let call = Call::valid(
                reset,
                &mut stage.visitor.fresh,
                &stage.visitor.known,
                crate::schema::Style::Examples,
            );
            let answer = stage.visitor.send(&call).map_err(|error| format!("the reset failed: {error}"))?;
            if !answer.is_success() {
                return Err(format!("the reset was answered {}", answer.told()));
            }
            stage.visitor.said.push(Said {
                request: stage.visitor.request(&call),
                answer,
                identity: false,
                needed: true,
            });
        }
    }
    for producer in &subject.producers {
        make(stage, producer, set_by.as_deref(), subject)?;
    }
    stage.visitor.said.iter_mut().skip(before).for_each(|said| said.needed = true);
    let control = Call::valid(
        &subject.operation,
        &mut stage.visitor.fresh,
        &stage.visitor.known,
        crate::schema::Style::Examples,
    );
    let call = renewed(&mut stage.visitor, &subject.operation, &control);
    let own = own_ids(&call);
    let levels = levels(stage, subject, &own)?;
    let request = stage.visitor.request(&call);
    Ok(Prepared { requests: vec![request; users], own, levels })
}

/// Creates what is raced for; scarce, where a field says how much of it there is.
fn make(
    stage: &mut Stage<'_>,
    producer: &crate::schema::Operation,
    set_by: Option<&str>,
    subject: &Subject,
) -> Result<(), String> {
    let Some(mut control) = stage.visitor.control(producer) else {
        return Err(format!("{producer} was not answered"));
    };
    if let (Some(field), Payload::Json(Value::Object(body))) = (set_by, &control.call.payload)
        && body.get(field).is_some_and(Value::is_number)
        && let Kind::Counter(counter) = &subject.kind
    {
        let mut body = body.clone();
        let original = Value::Object(body.clone());
        body.insert(field.to_owned(), json!((SCARCE * counter.step().abs()) as i64));
        let mut value = Value::Object(body);
        stage.visitor.fresh.renew_in(&mut value, &original);
        let call = Call { payload: Payload::Json(value), ..control.call.clone() };
        if let Ok(answer) = stage.visitor.send(&call)
            && answer.is_success()
        {
            if let Some(json) = answer.json() {
                stage.visitor.known.learn(&producer.route(), &json);
            }
            let request = stage.visitor.request(&call);
            stage.visitor.said.push(Said { request, answer: answer.clone(), identity: false, needed: true });
            control.answer = answer;
        }
    }
    if control.succeeded() {
        Ok(())
    } else {
        Err(format!("{producer} was answered {}", control.answer.told()))
    }
}

/// The numbers watched, as they are. `Err` when there is none at all.
fn levels(stage: &mut Stage<'_>, subject: &Subject, own: &[String]) -> Result<Vec<Option<f64>>, String> {
    let Kind::Counter(counter) = &subject.kind else { return Ok(Vec::new()) };
    let readings = readings(stage, counter, own);
    let level = |one: &Watched| {
        let (_, numbers) = readings.get(&one.reader.label())?;
        Some(at_key(numbers, &one.key)?.value)
    };
    let levels: Vec<Option<f64>> = counter.watched.iter().map(level).collect();
    match counter.watched.first() {
        Some(Watched { reader, key, .. }) if levels.iter().all(Option::is_none) => {
            Err(format!("{reader} has no number at {key} any more"))
        }
        _ => Ok(levels),
    }
}

/// What the reading operations of a counter answer now, by their labels: several numbers of one answer are read once.
type Readings = BTreeMap<String, (Request, BTreeMap<String, Number>)>;

fn readings(stage: &mut Stage<'_>, counter: &Counter, own: &[String]) -> Readings {
    let mut readings = Readings::new();
    for reader in counter.watched.iter().map(|one| &one.reader) {
        if !readings.contains_key(&reader.label()) {
            readings.extend(read(&mut stage.visitor, reader, own).map(|read| (reader.label(), read)));
        }
    }
    readings
}

/// What a round is judged to have broken.
struct Judged {
    variant: &'static str,
    how: String,
    most: Option<usize>,
    read: Option<(Request, String, f64)>,
    watched: Option<usize>,
}

impl Judged {
    fn new(variant: &'static str, how: String) -> Self {
        Self { variant, how, most: None, read: None, watched: None }
    }
}

/// How the requests of a round were answered.
struct Answered {
    users: usize,
    successes: usize,
    /// What was not answered with a plain yes or no may have happened.
    unsure: usize,
}

fn judge(
    stage: &mut Stage<'_>,
    subject: &Subject,
    prepared: &Prepared,
    answers: &[Result<Exchange, TransportError>],
) -> Option<Judged> {
    let operation = &subject.operation;
    let users = answers.len();
    let successes = answers.iter().filter(|answer| answer.as_ref().is_ok_and(Exchange::is_success)).count();
    let lost = answers.iter().filter(|answer| answer.as_ref().is_err_and(TransportError::is_timeout)).count();
    let failed =
        answers.iter().filter(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 500)).count();
    let unsure =
        answers.iter().filter(|answer| answer.as_ref().map_or(true, |answer| answer.status >= 500)).count();
    match &subject.kind {
        Kind::Once if successes > 1 => {
            let how = format!(
                "{successes} of {users} equal requests to {operation} succeeded at one moment; in sequence only one does"
            );
            return Some(Judged { most: Some(1), ..Judged::new("used-twice", how) });
        }
        Kind::Counter(counter) => {
            let answered = Answered { users, successes, unsure };
            let readings = readings(stage, counter, &prepared.own);
            let all = counter.watched.iter().zip(&prepared.levels).enumerate();
            for (at, (watched, level)) in all {
                let Some(start) = *level else { continue };
                if let Some(judged) = changed(&readings, operation, watched, start, &answered) {
                    return Some(Judged { watched: Some(at), ..judged });
                }
            }
        }
        Kind::Once => {}
    }
    if failed > 0 {
        let how = format!(
            "{failed} of {users} requests to {operation} at one moment were answered 500; in sequence none is"
        );
        return Some(Judged::new("server-error", how));
    }
    if lost > 0 {
        let how = format!(
            "{lost} of {users} requests to {operation} at one moment were never answered; in sequence all are"
        );
        return Some(Judged::new("hung", how));
    }
    None
}

/// Whether a number changed otherwise than what was answered says.
fn changed(
    readings: &Readings,
    operation: &Operation,
    watched: &Watched,
    start: f64,
    answered: &Answered,
) -> Option<Judged> {
    let Watched { reader, key, step } = watched;
    let Answered { users, successes, unsure } = *answered;
    let (reading, numbers) = readings.get(&reader.label())?;
    let seen = at_key(numbers, key)?;
    let end = seen.value;
    let (expected, furthest) = (start + step * successes as f64, start + step * (successes + unsure) as f64);
    let (low, high) = (expected.min(furthest), expected.max(furthest));
    let most = (*step < 0.0).then(|| (start / step.abs()).max(0.0) as usize);
    if most.is_some_and(|most| successes > most && start <= LOW * step.abs()) {
        let how = format!(
            "{successes} of {users} requests to {operation} at one moment took {} each of {start}, and {end} is left",
            step.abs()
        );
        return Some(Judged { most, ..Judged::new("oversold", how) });
    }
    if *step < 0.0 && start >= 0.0 && end < 0.0 {
        let how = format!("{users} requests to {operation} at one moment took {start} down to {end}");
        return Some(Judged { most, ..Judged::new("oversold", how) });
    }
    (end < low - 1e-6 || end > high + 1e-6).then(|| {
        let how = format!(
            "{successes} of {users} requests to {operation} at one moment succeeded, each for {step}: {start} should have become {expected}, and {reader} says {end} at {}",
            seen.pointer
        );
        Judged { read: Some((reading.clone(), seen.pointer.clone(), expected)), ..Judged::new("lost-update", how) }
    })
}

/// What stores say of a row that is there already: SQLite, PostgreSQL, MySQL, MongoDB, and the names that drivers give it.
const CONFLICTS: &[&str] = &[
    "unique constraint",
    "duplicate key",
    "duplicate entry",
    "integrityerror",
    "sqlite_constraint_unique",
    "sqlite_constraint_primarykey",
    "uniqueviolation",
    "uniqueconstrainterror",
    "e11000",
];

/// How long a service is given to print what it has to say of a round.
const PRINTING: std::time::Duration = std::time::Duration::from_millis(500);

/// The line of the log since `mark` that speaks of a row that was there already. Nothing but the round's requests was in flight.
fn conflict(stage: &Stage<'_>, mark: u64) -> Option<String> {
    let until = std::time::Instant::now() + PRINTING;
    loop {
        let log = stage.running.log_since(mark);
        let told = log.lines().rev().find(|line| {
            let line = line.to_ascii_lowercase();
            CONFLICTS.iter().any(|word| line.contains(word))
        });
        if told.is_some() || std::time::Instant::now() >= until {
            return told.map(|line| line.trim().chars().take(120).collect());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

//! One round: the same requests at one moment, and what must hold afterwards.

use serde_json::{Value, json};

use super::Stage;
use super::subject::{Counter, Kind, Subject, read, renewed};
use crate::http::{Client, Exchange, Request, TransportError, released_together};
use crate::schema::{Call, Payload, Said};

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
}

/// What a round needs: the requests, and what was before.
struct Prepared {
    requests: Vec<Request>,
    level: Option<f64>,
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
    let answers = released_together(&pairs);
    if answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 429)) {
        return Round::Untold("every request was refused for coming too often (429)".to_owned());
    }
    match judge(stage, subject, &prepared, &answers) {
        None => Round::Held,
        Some((variant, how, most, read)) => Round::Broken(Box::new(Broken {
            variant,
            how,
            said: stage.visitor.said.clone(),
            requests: prepared.requests,
            most,
            read,
        })),
    }
}

fn timeout() -> std::time::Duration {
    std::time::Duration::from_millis(seaworthy_core::limits::RACE_ANSWER_TIMEOUT_MS)
}

/// The same requests one after the other, with something fresh to race for. `Err` says what broke all the same.
pub(super) fn in_sequence(stage: &mut Stage<'_>, subject: &Subject, broken: &Broken) -> Result<(), String> {
    let prepared = prepare(stage, subject, broken.requests.len())?;
    let answers: Vec<_> =
        prepared.requests.iter().map(|request| stage.visitor.client().another().send(request)).collect();
    match judge(stage, subject, &prepared, &answers) {
        Some((_, how, ..)) => Err(how),
        None => Ok(()),
    }
}

/// Makes something fresh to race for, and the requests.
fn prepare(stage: &mut Stage<'_>, subject: &Subject, users: usize) -> Result<Prepared, String> {
    stage.visitor.said.iter_mut().for_each(|said| said.needed = false);
    let before = stage.visitor.said.len();
    let mut set_by = None;
    if let Kind::Counter(counter) = &subject.kind {
        set_by = counter.set_by.clone().filter(|_| counter.step < 0.0);
        if let Some(reset) = &counter.reset {
            let call = Call::valid(
                reset,
                &mut stage.visitor.fresh,
                &stage.visitor.known,
                crate::schema::Style::Examples,
            );
            let answer = stage.visitor.send(&call).map_err(|error| format!("the reset failed: {error}"))?;
            if !answer.is_success() {
                return Err(format!("the reset was answered {}", answer.status));
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
    let level = match &subject.kind {
        Kind::Counter(counter) => {
            let Counter { reader, pointer, .. } = counter.as_ref();
            let level = read(&mut stage.visitor, reader).and_then(|numbers| numbers.get(pointer).copied());
            Some(level.ok_or_else(|| format!("{reader} has no number at {pointer} any more"))?)
        }
        Kind::Once => None,
    };
    let request = stage.visitor.request(&call);
    Ok(Prepared { requests: vec![request; users], level })
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
        body.insert(field.to_owned(), json!((SCARCE * counter.step.abs()) as i64));
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
        Err(format!("{producer} was answered {}", control.answer.status))
    }
}

type Judged = (&'static str, String, Option<usize>, Option<(Request, String, f64)>);

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
    // What was not answered with a plain yes or no may have happened.
    let unsure =
        answers.iter().filter(|answer| answer.as_ref().map_or(true, |answer| answer.status >= 500)).count();
    match &subject.kind {
        Kind::Once if successes > 1 => {
            let how = format!(
                "{successes} of {users} equal requests to {operation} succeeded at one moment; in sequence only one does"
            );
            return Some(("used-twice", how, Some(1), None));
        }
        Kind::Counter(counter) => {
            let Counter { reader, pointer, step, .. } = counter.as_ref();
            let start = prepared.level?;
            let seen = read(&mut stage.visitor, reader).and_then(|numbers| numbers.get(pointer).copied());
            let end = seen?;
            let call = Call::valid(
                reader,
                &mut stage.visitor.fresh,
                &stage.visitor.known,
                crate::schema::Style::Required,
            );
            let reading = stage.visitor.request(&call);
            let (expected, furthest) =
                (start + step * successes as f64, start + step * (successes + unsure) as f64);
            let (low, high) = (expected.min(furthest), expected.max(furthest));
            let most = (*step < 0.0).then(|| (start / step.abs()).max(0.0) as usize);
            if most.is_some_and(|most| successes > most && start <= LOW * step.abs()) {
                let how = format!(
                    "{successes} of {users} requests to {operation} at one moment took {} each of {start}, and {end} is left",
                    step.abs()
                );
                return Some(("oversold", how, most, None));
            }
            if *step < 0.0 && start >= 0.0 && end < 0.0 {
                let how = format!("{users} requests to {operation} at one moment took {start} down to {end}");
                return Some(("oversold", how, most, None));
            }
            if end < low - 1e-6 || end > high + 1e-6 {
                let how = format!(
                    "{successes} of {users} requests to {operation} at one moment succeeded, each for {step}: {start} should have become {expected}, and {reader} says {end}"
                );
                return Some(("lost-update", how, None, Some((reading, pointer.clone(), expected))));
            }
        }
        Kind::Once => {}
    }
    if failed > 0 {
        let how = format!(
            "{failed} of {users} requests to {operation} at one moment were answered 500; in sequence none is"
        );
        return Some(("server-error", how, None, None));
    }
    if lost > 0 {
        let how = format!(
            "{lost} of {users} requests to {operation} at one moment were never answered; in sequence all are"
        );
        return Some(("hung", how, None, None));
    }
    None
}

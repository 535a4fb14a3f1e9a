//! Runs steps against a running service: with names filled in, answers looked at, and what they gave remembered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use seaworthy_core::limits::{REPLAY_BYTES, REPLAY_STEPS};
use seaworthy_core::plan::promise::Place;
use serde_json::Value;

use super::crash;
use super::{Expect, ExpectTogether, FORMAT, Message, PlaceTest, Replay, Seen, Send, Step};
use crate::Request;
use crate::http::{Client, Exchange, TransportError, released_together};
use crate::service::{NotReady, Running, prepare};

/// One caller: a client, and the names that earlier answers gave.
#[derive(Debug)]
pub struct Actor {
    /// The client.
    pub client: Client,
    /// What `${name}` stands for.
    pub names: BTreeMap<String, String>,
    /// What makes this caller's fresh values differ from everybody's.
    label: String,
    /// What went over the wire, step by step.
    seen: Vec<Seen>,
}

static FRESH: AtomicU64 = AtomicU64::new(0);

impl Actor {
    /// A caller known as `${user}`. The label must be unique in the service; letters and digits pass everywhere.
    pub fn new(client: Client, label: &str) -> Self {
        let names = BTreeMap::from([("user".to_owned(), label.to_owned())]);
        Self { client, names, label: label.to_owned(), seen: Vec::new() }
    }

    /// The same caller over another client, such as one of another replica.
    pub fn over(&self, client: Client) -> Self {
        Self { client, names: self.names.clone(), label: self.label.clone(), seen: Vec::new() }
    }

    /// Makes `${unique}` and `${value}` fresh ones, and returns the value.
    pub fn renew(&mut self) -> String {
        let number = FRESH.fetch_add(1, Ordering::Relaxed);
        let value = format!("{}v{number}", self.label);
        self.names.insert("unique".to_owned(), format!("{}u{number}", self.label));
        self.names.insert("value".to_owned(), value.clone());
        self.names.insert("n".to_owned(), (number % 1_000_000 + 1).to_string());
        value
    }

    /// Sends a message as it stands, with names filled in.
    ///
    /// # Errors
    /// How the exchange ended without an answer.
    pub fn send(&self, message: &Message) -> Result<Exchange, TransportError> {
        match message.raw_bytes() {
            Some(bytes) => self.client.send_raw(bytes, &message.method),
            None => self.client.send(&message.request(&self.names)),
        }
    }

    /// Performs a step: fresh values where it mentions any, send, save. A challenge keeps the values of the step before: it reads what that wrote.
    ///
    /// # Errors
    /// How the exchange ended without an answer.
    pub fn perform(&mut self, step: &Send) -> Result<Exchange, TransportError> {
        if step.request.mentions_fresh() && !(step.challenge && self.names.contains_key("unique")) {
            self.renew();
        }
        let exchange = self.send(&step.request)?;
        self.save(&step.save, &exchange);
        Ok(exchange)
    }

    /// Remembers what an answer gives. What it does not give keeps the value it had.
    pub fn save(&mut self, save: &BTreeMap<String, Place>, exchange: &Exchange) {
        for (name, place) in save {
            if let Some(value) = text_at(exchange, place) {
                self.names.insert(name.clone(), value);
            }
        }
    }
}

/// What an answer has at a place, as it would stand in a path or a header.
pub fn text_at(exchange: &Exchange, place: &Place) -> Option<String> {
    match place {
        Place::Json(pointer) => match exchange.json()?.pointer(pointer)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        },
        // The last segment of a `Location` names what was made (RFC 9110, 10.2.2).
        Place::Header(name) if name.eq_ignore_ascii_case("location") => {
            let path = exchange.header(name)?.split(['?', '#']).next()?;
            path.trim_end_matches('/')
                .rsplit('/')
                .next()
                .filter(|segment| !segment.is_empty())
                .map(str::to_owned)
        }
        Place::Header(name) => exchange.header(name).map(str::to_owned),
        Place::Cookie(name) => exchange.header_all("set-cookie").find_map(|cookie| {
            let (known, value) = cookie.split(';').next()?.split_once('=')?;
            (known.trim() == name).then(|| value.trim().to_owned())
        }),
        Place::Status => Some(exchange.status.to_string()),
        Place::Query(_) | Place::Form(_) | Place::Path(_) | Place::Client => None,
    }
}

impl Expect {
    /// What of it an exchange does not meet, as half a sentence; `None` when all is met.
    pub fn unmet(
        &self,
        exchange: &Result<Exchange, TransportError>,
        names: &BTreeMap<String, String>,
    ) -> Option<String> {
        let exchange = match exchange {
            Ok(exchange) => exchange,
            Err(error) => return Some(error.to_string()),
        };
        if let Some(status) = &self.status
            && !status_is(exchange.status, status)
        {
            return Some(format!("it answered {} where {status} was expected", exchange.status));
        }
        if let Some(limit_ms) = self.within_ms
            && exchange.timing.total > Duration::from_millis(limit_ms)
        {
            return Some(format!("it took {} ms of {limit_ms}", exchange.timing.total.as_millis()));
        }
        let text = exchange.text();
        let wanted = self.contains.as_ref().map(|text| super::filled(text, names));
        if let Some(wanted) = wanted.filter(|wanted| !text.contains(wanted.as_str())) {
            return Some(format!("its answer lacks {wanted:?}"));
        }
        let unwanted = self.lacks.as_ref().map(|text| super::filled(text, names));
        if let Some(unwanted) = unwanted.filter(|unwanted| text.contains(unwanted.as_str())) {
            return Some(format!("its answer has {unwanted:?}"));
        }
        self.place.as_ref().and_then(|place| place.unmet(exchange, names))
    }
}

impl PlaceTest {
    fn unmet(&self, exchange: &Exchange, names: &BTreeMap<String, String>) -> Option<String> {
        let Some(found) = text_at(exchange, &self.at) else {
            return Some(format!("its answer has nothing at {}", self.at));
        };
        if let Some(wanted) = &self.equals {
            let wanted = match wanted {
                Value::String(text) => super::filled(text, names),
                other => other.to_string(),
            };
            let equal = match (found.parse::<f64>(), wanted.parse::<f64>()) {
                (Ok(found), Ok(wanted)) => found == wanted,
                _ => found == wanted,
            };
            if !equal {
                return Some(format!("{} is {found}, not {wanted}", self.at));
            }
        }
        let number = found.parse::<f64>().ok();
        match (number, self.at_least, self.at_most) {
            (None, None, None) | (Some(_), None, None) => None,
            (None, ..) => Some(format!("{} is {found:?}, not a number", self.at)),
            (Some(number), Some(least), _) if number < least => {
                Some(format!("{} is {number}, below {least}", self.at))
            }
            (Some(number), _, Some(most)) if number > most => {
                Some(format!("{} is {number}, above {most}", self.at))
            }
            (Some(_), ..) => None,
        }
    }
}

/// Whether a status is one of `200`, `2XX`, `not 5XX`.
fn status_is(status: u16, wanted: &str) -> bool {
    let (negated, class) = wanted.strip_prefix("not ").map_or((false, wanted), |class| (true, class));
    let text = status.to_string();
    let same = text.len() == class.len()
        && text.chars().zip(class.chars()).all(|(digit, wanted)| wanted == 'X' || wanted == digit);
    same != negated
}

/// What one attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The defect showed, as this half sentence says.
    Seen(String),
    /// Fit software would have done the same.
    NotSeen,
    /// A control failed, so nothing can be said.
    Worthless(String),
}

/// Performs all steps once against copies that run.
pub fn perform(replay: &Replay, copies: &[Running], label: &str) -> Attempt {
    perform_and_keep(replay, copies, label).0
}

/// The same, with what went over the wire.
pub(crate) fn perform_and_keep(replay: &Replay, copies: &[Running], label: &str) -> (Attempt, Vec<Seen>) {
    let Some(first) = copies.first() else {
        return (Attempt::Worthless("there is no copy of the service".to_owned()), Vec::new());
    };
    let mut actor = Actor::new(first.visitor(), label);
    let attempt = steps(replay, copies, first, &mut actor);
    (attempt, actor.seen)
}

fn steps(replay: &Replay, copies: &[Running], first: &Running, actor: &mut Actor) -> Attempt {
    for step in &replay.steps {
        let done = match step {
            Step::Send(send) => one(actor, send, copies),
            Step::Together { requests, expect } => together(actor, requests, expect.as_ref()),
            Step::Crash(crash) => crash::perform(crash, actor, first),
            Step::Restart { on } => copies.get(*on).unwrap_or(first).restart().map_or_else(
                |error| Some(Attempt::Seen(format!("it does not start again: {error}"))),
                |()| {
                    actor.client.close();
                    None
                },
            ),
        };
        if let Some(attempt) = done {
            return attempt;
        }
    }
    Attempt::NotSeen
}

fn one(actor: &mut Actor, send: &Send, copies: &[Running]) -> Option<Attempt> {
    let Some(copy) = copies.get(send.on) else {
        return Some(Attempt::Worthless(format!("step for copy {}, of {}", send.on, copies.len())));
    };
    actor.client = copy.client();
    let exchange = actor.perform(send);
    actor.seen.push(Seen::of(&send.request, &exchange));
    let unmet = send.expect.as_ref().map_or_else(
        || exchange.as_ref().err().map(ToString::to_string),
        |expect| expect.unmet(&exchange, &actor.names),
    )?;
    let what = format!("{} {}: {unmet}", send.request.method, send.request.target);
    Some(if send.challenge { Attempt::Seen(what) } else { Attempt::Worthless(what) })
}

fn together(actor: &mut Actor, messages: &[Message], expect: Option<&ExpectTogether>) -> Option<Attempt> {
    let clients: Vec<Client> = messages.iter().map(|_| actor.client.another()).collect();
    let mut requests = Vec::new();
    for (client, message) in clients.iter().zip(messages) {
        actor.renew();
        requests.push((client, message.request(&actor.names)));
    }
    let answers = released_together(&requests);
    actor
        .seen
        .extend(messages.iter().zip(&answers).take(2).map(|(message, answer)| Seen::of(message, answer)));
    let expect = expect?;
    let successes = answers.iter().filter(|answer| answer.as_ref().is_ok_and(Exchange::is_success)).count();
    if let Some(most) = expect.successes_at_most.filter(|most| successes > *most) {
        return Some(Attempt::Seen(format!("{successes} of {} succeeded where {most} could", answers.len())));
    }
    let each = expect.each.as_ref()?;
    answers.iter().find_map(|answer| each.unmet(answer, &actor.names)).map(Attempt::Seen)
}

/// What running a replay file again came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Attempts in which the defect showed.
    pub seen: u32,
    /// Attempts that say anything.
    pub tried: u32,
    /// What was seen, or why an attempt says nothing; one for each attempt.
    pub notes: Vec<String>,
    /// What there is to see, from the file.
    pub see: String,
}

/// Why a replay file could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It is not a replay file of a version we know.
    #[error("not a replay file ({FORMAT}): {0}")]
    Format(String),
    /// It is about another service.
    #[error("it replays {found}, not {wanted}")]
    Service {
        /// The service in the file.
        found: String,
        /// The service asked for.
        wanted: String,
    },
    /// The service is not ready.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// Asked to stop.
    #[error("stopped")]
    Stopped,
}

/// Runs a replay file again, `attempts` times, each on fresh processes with fresh data. The defect is reproduced when `seen` is not 0.
///
/// # Errors
/// When the file cannot be read or the service does not start.
pub fn replay(
    file: &[u8],
    request: &Request<'_>,
    attempts: u32,
    stop: &AtomicBool,
) -> Result<Replayed, ReplayError> {
    let replay = read(file)?;
    if replay.service != request.service.name {
        return Err(ReplayError::Service { found: replay.service, wanted: request.service.name.clone() });
    }
    let prepared = prepare(request)?;
    drop(prepared.running);
    let mut replayed = Replayed { seen: 0, tried: 0, notes: Vec::new(), see: replay.see.clone() };
    for attempt in 0..attempts {
        if stop.load(Ordering::Relaxed) {
            return Err(ReplayError::Stopped);
        }
        let mut copies = vec![Running::start(&prepared.launch)?];
        while copies.len() < replay.replicas.clamp(1, 8) {
            let next = copies.first().map(Running::replica).transpose()?;
            copies.extend(next);
        }
        let done = perform(&replay, &copies, &format!("rp{}a{attempt}", request.seed % 100_000));
        replayed.tried += u32::from(!matches!(done, Attempt::Worthless(_)));
        replayed.seen += u32::from(matches!(done, Attempt::Seen(_)));
        replayed.notes.push(match done {
            Attempt::Seen(what) => what,
            Attempt::NotSeen => "not seen".to_owned(),
            Attempt::Worthless(why) => format!("says nothing: {why}"),
        });
    }
    Ok(replayed)
}

/// Reads a replay file.
///
/// # Errors
/// When it is too large, broken, or of a version we do not know.
pub fn read(file: &[u8]) -> Result<Replay, ReplayError> {
    if file.len() > REPLAY_BYTES {
        return Err(ReplayError::Format(format!("larger than {REPLAY_BYTES} bytes")));
    }
    let replay: Replay =
        serde_json::from_slice(file).map_err(|error| ReplayError::Format(error.to_string()))?;
    if replay.format != FORMAT {
        return Err(ReplayError::Format(format!(
            "its format is {:?}",
            replay.format.chars().take(60).collect::<String>()
        )));
    }
    if replay.steps.len() > REPLAY_STEPS {
        return Err(ReplayError::Format(format!("more than {REPLAY_STEPS} steps")));
    }
    Ok(replay)
}

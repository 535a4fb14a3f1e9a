//! What is raced for: found by trying operations one after the other and watching what they change.

use std::collections::BTreeMap;
use std::time::Instant;

use seaworthy_core::NotChecked;
use seaworthy_core::plan::Promise;
use seaworthy_core::plan::promise::Place as Where;
use serde_json::Value;

use super::Stage;
use crate::http::Request;
use crate::schema::names::is_identifier;
use crate::schema::operations::from_request;
use crate::schema::steps::first_giver;
use crate::schema::{Call, Inferred, Operation, Purpose, Style, Visitor};

/// Reading operations that are watched while another is tried, at most.
const READERS: usize = 10;

/// Numbers of one answer that are watched, at most.
const NUMBERS: usize = 400;

/// Numbers watched of one subject, at most.
const WATCHED: usize = 6;

/// Creating operations tried to make a call succeed again, at most.
const REFILLS: usize = 6;

/// Subjects raced for, at most.
const SUBJECTS: usize = 8;

/// What is raced for.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// What is called at the same moment.
    pub(super) operation: Operation,
    pub(super) kind: Kind,
    /// Operations called before each round, so that there is something fresh to race for.
    pub(super) producers: Vec<Operation>,
    /// Whether a promise names it.
    pub(super) promised: bool,
}

/// What must hold.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A number changes with each success.
    Counter(Box<Counter>),
    /// Only the first of several equal calls succeeds.
    Once,
}

/// A number that changes with each success.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    /// The numbers that each success changes, the most telling first: a balance may be lost where the list of what was booked is whole.
    pub(super) watched: Vec<Watched>,
    /// The field of a producer's body that sets it, so that a scarce one can be made.
    pub(super) set_by: Option<String>,
    /// Puts it back.
    pub(super) reset: Option<Operation>,
}

/// A number that each success changes by the same amount.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Watched {
    /// Reads it.
    pub(super) reader: Operation,
    /// Where it is in the answer: a JSON pointer in which items of a list go by their ids, and those that the call names by [`OWN`].
    pub(super) key: String,
    /// By how much it changes.
    pub(super) step: f64,
}

/// A number of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    /// Where it is (RFC 6901).
    pub(super) pointer: String,
    pub(super) value: f64,
}

/// Stands in a key for the id of what is raced for, which is another in every round.
const OWN: &str = "{its id}";

impl Counter {
    /// By how much the first of its numbers changes.
    pub(super) fn step(&self) -> f64 {
        self.watched.first().map_or(0.0, |one| one.step)
    }

    /// Watches this number no more. Whether there are others.
    pub(super) fn leave(&mut self, watched: usize) -> bool {
        if watched < self.watched.len() {
            self.watched.remove(watched);
        }
        !self.watched.is_empty()
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) subjects: Vec<Subject>,
    pub(super) skipped: Vec<NotChecked>,
    /// Whether some writing operation never succeeded, so that nothing is known about it.
    pub(super) unknown: bool,
}

impl Subject {
    pub(super) fn label(&self) -> String {
        match &self.kind {
            Kind::Counter(counter) => match counter.watched.first() {
                Some(Watched { reader, key, .. }) => {
                    format!("{} counted at {key} of {reader}", self.operation)
                }
                None => self.operation.label(),
            },
            Kind::Once => format!("{} (succeeds once)", self.operation),
        }
    }

    pub(super) fn inferred(&self) -> Inferred {
        let why = match &self.kind {
            _ if self.promised => "a promise says so".to_owned(),
            Kind::Counter(counter) => {
                let step = counter.watched.first().map_or(0.0, |one| one.step);
                format!("two calls in sequence each changed it by {step}")
            }
            Kind::Once => {
                "in sequence the first call succeeded and the same call again was refused".to_owned()
            }
        };
        Inferred { what: self.label(), why }
    }
}

/// Finds subjects: those the plan promises, then those that show themselves.
pub(super) fn find(stage: &mut Stage<'_>, until: Instant) -> Found {
    let mut found = Found { subjects: promised(stage), ..Found::default() };
    let operations = stage.arena.operations;
    let mut candidates: Vec<&Operation> = operations
        .list
        .iter()
        .filter(|one| matches!(one.method.as_str(), "POST" | "PUT" | "PATCH"))
        .filter(|one| {
            !matches!(
                one.purpose,
                Purpose::Login | Purpose::Logout | Purpose::Reset | Purpose::Search | Purpose::Upload
            )
        })
        .collect();
    // What uses something up first: it is what matters most, should the time end.
    candidates.sort_by_key(|one| match one.purpose {
        Purpose::Take => 0,
        Purpose::Other | Purpose::Update => 1,
        Purpose::Create => 2,
        _ => 3,
    });
    let mut unraced: Vec<String> = Vec::new();
    for operation in candidates {
        if Instant::now() >= until || found.subjects.len() >= SUBJECTS {
            let why = "the time was up; a longer --budget would".to_owned();
            found.skipped.push(NotChecked { what: format!("whether {operation} counts anything"), why });
            continue;
        }
        if found.subjects.iter().any(|known| known.promised && known.operation.label() == operation.label()) {
            continue;
        }
        match try_one(stage, operation) {
            Tried::Subject(subject) => found.subjects.push(*subject),
            Tried::Nothing => unraced.push(operation.label()),
            Tried::Refused(status) => {
                found.unknown = true;
                let why = format!("no valid request to it succeeded ({status})");
                found.skipped.push(NotChecked { what: format!("whether {operation} counts anything"), why });
            }
        }
    }
    if !unraced.is_empty() {
        // Nothing was raced there, and so nothing has held.
        let why = "no number was seen that each call changes alike, and a second call succeeds as well";
        let what = format!("users at the same moment at {}", unraced.join(", "));
        found.skipped.push(NotChecked { what, why: why.to_owned() });
    }
    found
}

fn promised(stage: &Stage<'_>) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for promise in stage.arena.promises() {
        let Promise::Stock(stock) = promise else { continue };
        let find = |line: &seaworthy_core::plan::promise::RequestLine| {
            stage.arena.operations.find(&line.method, &line.route).cloned()
        };
        let (Some(level), Some(Where::Json(pointer))) = (&stock.level, &stock.value) else { continue };
        let operation = find(stock.take.line()).unwrap_or_else(|| from_request(&stock.take));
        let reader = find(level.line()).unwrap_or_else(|| from_request(level));
        let reset =
            stock.reset.as_ref().map(|reset| find(reset.line()).unwrap_or_else(|| from_request(reset)));
        let step = -(stock.per_take.unwrap_or(1) as f64);
        let producers = if reset.is_some() { Vec::new() } else { creators(stage, &operation) };
        let set_by = pointer.rsplit('/').next().map(str::to_owned);
        let watched = vec![Watched { reader, key: pointer.clone(), step }];
        let kind = Kind::Counter(Box::new(Counter { watched, set_by, reset }));
        subjects.push(Subject { operation, kind, producers, promised: true });
    }
    subjects
}

/// The operations that create what the route of another names.
fn creators(stage: &Stage<'_>, operation: &Operation) -> Vec<Operation> {
    let before = operation.path.split("/{").next().unwrap_or_default();
    let creating = stage.arena.operations.of(Purpose::Create);
    creating
        .filter(|one| one.path.trim_end_matches('/') == before && operation.path.contains('{'))
        .cloned()
        .collect()
}

enum Tried {
    Subject(Box<Subject>),
    Nothing,
    Refused(u16),
}

/// Calls an operation twice in sequence and watches.
fn try_one(stage: &mut Stage<'_>, operation: &Operation) -> Tried {
    let Some(control) = stage.visitor.control(operation) else { return Tried::Refused(500) };
    if !control.succeeded() {
        return Tried::Refused(control.answer.status);
    }
    let mut producers = producers(stage, operation, &control.call);
    // Again with something fresh, so that the first call above took nothing away.
    for producer in &producers {
        stage.visitor.control(producer);
    }
    let call = renewed(&mut stage.visitor, operation, &control.call);
    let before = snapshot(&mut stage.visitor, operation, &own_ids(&call));
    let Ok(first) = stage.visitor.send(&call) else { return Tried::Nothing };
    let mut call = call;
    if !first.is_success() {
        // It succeeded a moment ago: something it needs is used up that no id speaks of, such as a cart's contents.
        let Some((producer, again)) = refill(stage, operation, &control.call) else { return Tried::Nothing };
        producers.push(producer);
        call = again;
    }
    let own = own_ids(&call);
    let between = snapshot(&mut stage.visitor, operation, &own);
    let Ok(second) = stage.visitor.send(&call) else { return Tried::Nothing };
    if (400..500).contains(&second.status) && !matches!(second.status, 401 | 403 | 429) {
        // Making a thing twice is refused for its name; taking one twice because it is gone.
        let subject = Subject { operation: operation.clone(), kind: Kind::Once, producers, promised: false };
        return Tried::Subject(Box::new(subject));
    }
    if !second.is_success() {
        return Tried::Nothing;
    }
    let after = snapshot(&mut stage.visitor, operation, &own);
    let named = |(reader, key, step): (usize, String, f64)| {
        let reader = stage.arena.operations.list.get(reader)?.clone();
        Some(Watched { reader, key, step })
    };
    let watched: Vec<Watched> = counted(&before, &between, &after).into_iter().filter_map(named).collect();
    let Some(first) = watched.first() else { return Tried::Nothing };
    let field = first.key.rsplit('/').next().unwrap_or_default().to_owned();
    let settable = producers
        .iter()
        .any(|one| one.body.as_ref().is_some_and(|body| body.schema.property(&field).is_some()));
    let set_by = settable.then_some(field);
    let kind = Kind::Counter(Box::new(Counter { watched, set_by, reset: None }));
    Tried::Subject(Box::new(Subject { operation: operation.clone(), kind, producers, promised: false }))
}

/// The creating operation after which a call succeeds again, and the call as it then was.
fn refill(stage: &mut Stage<'_>, operation: &Operation, model: &Call) -> Option<(Operation, Call)> {
    let creating = stage.arena.operations.of(Purpose::Create).filter(|one| one.label() != operation.label());
    for producer in creating.take(REFILLS) {
        let made = stage.visitor.control(producer).is_some_and(|control| control.succeeded());
        let call = renewed(&mut stage.visitor, operation, model);
        if made && stage.visitor.send(&call).is_ok_and(|answer| answer.is_success()) {
            return Some((producer.clone(), call));
        }
    }
    None
}

/// The ids that a call names.
pub(super) fn own_ids(call: &Call) -> Vec<String> {
    let mut used: Vec<String> = call.path.iter().map(|(_, value)| value.clone()).collect();
    if let crate::schema::Payload::Json(Value::Object(body)) = &call.payload {
        let references = body.iter().filter(|(name, _)| is_identifier(name));
        used.extend(references.map(|(_, value)| text(value)));
    }
    used
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The operations that made the values the call uses.
fn producers(stage: &Stage<'_>, operation: &Operation, call: &Call) -> Vec<Operation> {
    let mut producers: Vec<Operation> = Vec::new();
    for value in own_ids(call) {
        let giver = first_giver(&stage.visitor.said, &value).filter(|giver| giver.request.method == "POST");
        let Some(path) = giver.map(|giver| giver.request.path()) else { continue };
        let maker = stage.arena.operations.list.iter().find(|one| {
            one.method == "POST" && matches_template(&one.route(), path) && one.label() != operation.label()
        });
        let maker = maker.filter(|one| !matches!(one.purpose, Purpose::Login | Purpose::Register));
        if let Some(maker) = maker.filter(|one| producers.iter().all(|known| known.label() != one.label())) {
            producers.push(maker.clone());
        }
    }
    producers
}

/// Whether a path is one of a template's.
fn matches_template(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(own, given)| own == given || own.starts_with('{'))
}

/// The call in the style that worked, with the newest ids and new unique values.
pub(super) fn renewed(visitor: &mut Visitor<'_>, operation: &Operation, model: &Call) -> Call {
    let mut best: Option<Call> = None;
    for style in [Style::Examples, Style::Full, Style::Required] {
        let call = Call::valid(operation, &mut visitor.fresh, &visitor.known, style);
        let same = same_shape(&call, model);
        if same {
            return call;
        }
        best.get_or_insert(call);
    }
    best.unwrap_or_else(|| model.clone())
}

/// Whether two calls have the same fields.
fn same_shape(one: &Call, other: &Call) -> bool {
    let fields = |call: &Call| match &call.payload {
        crate::schema::Payload::Json(Value::Object(object)) => object.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let names = |call: &Call| call.query.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    fields(one) == fields(other) && names(one) == names(other)
}

/// The numbers that reading operations answer, by operation and key.
type Snapshot = BTreeMap<(usize, String), f64>;

/// What is read around calls of an operation: what stands nearest to it in the tree of paths first.
fn snapshot(visitor: &mut Visitor<'_>, operation: &Operation, own: &[String]) -> Snapshot {
    let mut all = Snapshot::new();
    let operations = visitor.operations;
    let mut readers: Vec<(usize, &Operation)> =
        operations.list.iter().enumerate().filter(|(_, one)| one.method == "GET").collect();
    let shared = |one: &Operation| {
        one.path.split('/').zip(operation.path.split('/')).take_while(|(own, other)| own == other).count()
    };
    readers.sort_by_key(|(_, one)| std::cmp::Reverse(shared(one)));
    for (index, reader) in readers.into_iter().take(READERS) {
        let Some((_, numbers)) = read(visitor, reader, own) else { continue };
        all.extend(numbers.into_iter().map(|(key, number)| ((index, key), number.value)));
    }
    all
}

/// The numbers a reading operation answers now, by key, and the request that asked for them. `own` are the ids of what is raced for.
pub(super) fn read(
    visitor: &mut Visitor<'_>,
    reader: &Operation,
    own: &[String],
) -> Option<(Request, BTreeMap<String, Number>)> {
    let call = Call::valid(reader, &mut visitor.fresh, &visitor.known, Style::Required);
    let answer = visitor.send(&call).ok().filter(|answer| answer.is_success())?;
    let mut numbers = BTreeMap::new();
    leaves(&answer.json()?, Number { pointer: String::new(), value: 0.0 }, ("", ""), own, &mut numbers);
    Some((visitor.request(&call), numbers))
}

/// The number of this key, or at this pointer: a promise names it so.
pub(super) fn at_key<'n>(numbers: &'n BTreeMap<String, Number>, key: &str) -> Option<&'n Number> {
    numbers.get(key).or_else(|| numbers.values().find(|one| one.pointer == key))
}

fn leaves(
    value: &Value,
    at: Number,
    (key, name): (&str, &str),
    own: &[String],
    numbers: &mut BTreeMap<String, Number>,
) {
    if numbers.len() >= NUMBERS {
        return;
    }
    let below = |part: &str| Number { pointer: format!("{}/{part}", at.pointer), ..at.clone() };
    match value {
        // Ids grow by one with each creation, and times with each moment: neither is counted.
        Value::Number(number) if !is_identifier(name) && !is_time(name) => {
            let number = number.as_f64().map(|value| Number { value, ..at });
            numbers.extend(number.map(|number| (key.to_owned(), number)));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let part = index.to_string();
                let known = item_id(item)
                    .map(|id| if own.contains(&id) { OWN.to_owned() } else { format!("{{{id}}}") });
                let key = format!("{key}/{}", known.as_deref().unwrap_or(&part));
                leaves(item, below(&part), (&key, name), own, numbers);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                leaves(field, below(&escaped), (&format!("{key}/{escaped}"), name), own, numbers);
            }
        }
        _ => {}
    }
}

/// What an item of a list goes by: its place is another as soon as somebody adds one.
fn item_id(item: &Value) -> Option<String> {
    let id = ["id", "_id", "uuid", "code", "key", "slug"].iter().find_map(|name| item.get(name))?;
    (id.is_string() || id.is_number()).then(|| text(id))
}

fn is_time(name: &str) -> bool {
    let words = crate::schema::names::words(name);
    words.iter().any(|word| {
        ["time", "timestamp", "at", "uptime", "now", "date", "ts", "ms", "seconds", "age"]
            .contains(&word.as_str())
    })
}

/// The numbers that changed by the same amount both times. One resource before a list: its place does not depend on others; a level
/// before a count: what falls can be oversold.
fn counted(before: &Snapshot, between: &Snapshot, after: &Snapshot) -> Vec<(usize, String, f64)> {
    let mut changed = Vec::new();
    for ((reader, key), start) in before {
        let place = (*reader, key.clone());
        let (Some(middle), Some(end)) = (between.get(&place), after.get(&place)) else { continue };
        let (one, two) = (middle - start, end - middle);
        if one != 0.0 && (one - two).abs() < 1e-9 {
            changed.push((*reader, key.clone(), one));
        }
    }
    let listed = |key: &str| {
        let others = |part: &str| part.starts_with('{') && part != OWN;
        let place = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        key.split('/').any(|part| others(part) || place(part))
    };
    changed.sort_by_key(|(reader, key, step)| (listed(key), *step > 0.0, *reader));
    changed.truncate(WATCHED);
    changed
}

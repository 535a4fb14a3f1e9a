//! What can be written and read back by a unique value: promised, or found by writing through every operation that creates and looking
//! where the value shows up again.

use std::collections::BTreeMap;

use seaworthy_core::NotChecked;
use seaworthy_core::plan::Promise;
use seaworthy_core::plan::promise::Place;
use serde_json::Value;

use super::promised;
use super::session::Session;
use super::template::Template;
use crate::arena::Arena;
use crate::http::{Client, Exchange};
use crate::replay::{Actor, Crash, Expect, Message, text_at};
use crate::schema::{Call, Fresh, Inferred, Known, Operation, Payload, Purpose, Style};

/// Operations that create, tried at most.
const CREATORS: usize = 24;

/// Writes that are used, at most: each takes its share of the load.
const WRITES: usize = 6;

/// Places of one request in which a value is tried.
const SLOTS: usize = 4;

/// Places of one answer tried as the id.
const IDS: usize = 6;

/// Writes in a row that have to be accepted and read back before a subject counts as one.
const CONTROL: usize = 3;

/// Writes after which a list has to hold the first still; else it is paged, and absence from it says nothing.
const LISTED: usize = 40;

/// Something that can be written and read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The method that writes.
    pub method: String,
    /// The route that writes.
    pub route: String,
    /// Writes `${value}`.
    pub write: Message,
    /// What of its answer the reading needs.
    pub save: BTreeMap<String, Place>,
    /// Reads it back.
    pub read: Message,
    /// What the reading's answer has to be.
    pub expect: Expect,
    /// Whether the requests carry the session.
    pub with_session: bool,
    /// Why this is thought to be a write and its reading.
    pub why: String,
}

impl Written {
    /// The round of a crash that writes this, with what carries the session on its requests.
    pub fn crash(&self, session: Option<&Session>, writers: usize, kill_after_ms: [u64; 2]) -> Crash {
        let session = session.filter(|_| self.with_session);
        let dress =
            |message: &Message| session.map_or_else(|| message.clone(), |session| session.dress(message));
        let before_reading = session.map(|session| session.login_steps().to_vec());
        Crash {
            kill: true,
            write: dress(&self.write),
            save: self.save.clone(),
            before_reading: before_reading.unwrap_or_default(),
            read: dress(&self.read),
            expect: self.expect.clone(),
            writers,
            kill_after_ms,
        }
    }

    /// `GET /items/{id}`: what reads it, as people write it.
    pub fn reader(&self) -> String {
        format!("{} {}", self.read.method, self.read.target.replace("${", "{"))
    }

    /// What was guessed and then seen to work.
    pub fn inferred(&self) -> Inferred {
        Inferred {
            what: format!("what {} {} writes is read by {}", self.method, self.route, self.reader()),
            why: self.why.clone(),
        }
    }

    /// Writes once and reads back, over the same client.
    ///
    /// # Errors
    /// The sentence that says what failed.
    pub fn control(&self, session: Option<&Session>, actor: &mut Actor) -> Result<(), String> {
        let crash = self.crash(session, 1, [0, 0]);
        actor.renew();
        let label = format!("{} {}", self.method, self.route);
        let answer = actor.send(&crash.write).map_err(|error| format!("{label}: {error}"))?;
        if !answer.is_success() {
            return Err(format!("{label} answered {}", answer.told()));
        }
        actor.save(&crash.save, &answer);
        let read = actor.send(&crash.read);
        crash
            .expect
            .unmet(&read, &actor.names)
            .map_or(Ok(()), |unmet| Err(format!("{}: {unmet}", self.reader())))
    }
}

/// Finds what can be written and read back. `actor` is in by `session`, where there is one.
pub fn find_writes(
    arena: &Arena<'_>,
    session: Option<&Session>,
    actor: &Actor,
) -> (Vec<Written>, Vec<NotChecked>) {
    let mut search = Search {
        arena,
        session,
        actor,
        known: Known::about(&arena.operations.list),
        fresh: Fresh::new(arena.rng("writes").u64(..)),
        not_checked: Vec::new(),
    };
    let mut found: Vec<Written> = Vec::new();
    for promise in arena.promises() {
        if let Promise::Resource(resource) = promise
            && let Some(written) = promised::write(resource)
        {
            match search.proven(&written) {
                Ok(()) => found.push(written),
                Err(why) => search
                    .not_checked
                    .push(NotChecked { what: format!("{} {}", written.method, written.route), why }),
            }
        }
    }
    let makes = |operation: &&Operation| {
        operation.purpose == Purpose::Create
            || (operation.method == "PUT" && operation.route().ends_with('}'))
    };
    for operation in arena.operations.list.iter().filter(makes).take(CREATORS) {
        let promised =
            found.iter().any(|known| known.method == operation.method && known.route == operation.route());
        if found.len() >= WRITES || promised || arena.expired() {
            continue;
        }
        found.extend(search.written(operation));
    }
    found.extend(session.and_then(registered).filter(|written| search.proven(written).is_ok()));
    (found, search.not_checked)
}

/// A registration is a write too: it is read back by logging in.
fn registered(session: &Session) -> Option<Written> {
    let (at, ..) = session.login;
    let register = session.enter.get(at.checked_sub(1)?)?;
    let login = session.enter.get(at)?;
    let named = |message: &Message| {
        let mut message = message.clone();
        message.body = message.body.replace("${user}", "${value}");
        message
    };
    let (write, read) = (named(&register.request), named(&login.request));
    let both = write.body.contains("${value}") && read.body.contains("${value}");
    let route = register.request.target.clone();
    let expect = Expect { status: Some("2XX".to_owned()), ..Expect::default() };
    let why = "a registered user can log in".to_owned();
    both.then(|| Written {
        method: write.method.clone(),
        route,
        write,
        save: BTreeMap::new(),
        read,
        expect,
        with_session: false,
        why,
    })
}

struct Search<'a> {
    arena: &'a Arena<'a>,
    session: Option<&'a Session>,
    actor: &'a Actor,
    known: Known,
    fresh: Fresh,
    not_checked: Vec<NotChecked>,
}

impl Search<'_> {
    fn client(&self) -> Client {
        self.actor.client.another()
    }

    fn send(&self, message: &Message, names: &BTreeMap<String, String>) -> Option<Exchange> {
        let dressed = self.session.map_or_else(|| message.clone(), |session| session.dress(message));
        let mut actor = self.actor.over(self.client());
        actor.names.extend(names.clone());
        actor.send(&dressed).ok()
    }

    /// The first way in which what this operation writes can be read back.
    fn written(&mut self, operation: &Operation) -> Option<Written> {
        let upsert = operation.method == "PUT";
        for style in [Style::Examples, Style::Required, Style::Full] {
            let mut call = Call::valid(operation, &mut self.fresh, &self.known, style);
            if upsert && let Some(last) = call.path.last_mut() {
                last.1 = self.fresh.unique();
            }
            let first = Template::of_call(&call, None, None);
            let names = self.fresh_names();
            let Some(answer) = self.send(&first, &names).filter(Exchange::is_success) else { continue };
            if let Some(body) = answer.json() {
                self.known.learn(&operation.route(), &body);
            }
            for slot in slots(&call.payload).into_iter().take(SLOTS) {
                let found = self.through(operation, &call, &slot);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    fn fresh_names(&mut self) -> BTreeMap<String, String> {
        let (unique, value) = (self.fresh.unique(), self.fresh.unique());
        BTreeMap::from([("unique".to_owned(), unique), ("value".to_owned(), value)])
    }

    /// Writes a marker through one slot and looks where it shows up.
    fn through(&mut self, operation: &Operation, call: &Call, slot: &Slot) -> Option<Written> {
        // A text of its own shape, so that no generated one is taken for it.
        let marker = format!("swmarker{}", self.fresh.rng().u32(10_000_000..));
        let mut marked = call.clone();
        slot.fill(&mut marked.payload, &marker)?;
        let write = Template::of_call(&marked, None, Some(&marker));
        let names = self.fresh_names();
        let value = names.get("value").cloned().unwrap_or_default();
        let answer = self.send(&write, &names).filter(Exchange::is_success)?;
        for (read, save) in self.readings(operation, call, &write, &answer) {
            let mut names = names.clone();
            names.extend(
                save.iter().filter_map(|(name, place)| Some((name.clone(), text_at(&answer, place)?))),
            );
            let shows = self
                .send(&read, &names)
                .is_some_and(|seen| seen.is_success() && seen.text().contains(&value));
            if !shows {
                continue;
            }
            let why = "a unique value written by one was in the answer of the other".to_owned();
            let expect = Expect {
                status: Some("2XX".to_owned()),
                contains: Some("${value}".to_owned()),
                ..Expect::default()
            };
            let (method, route) = (operation.method.clone(), operation.route());
            let with_session = self.session.is_some();
            let written =
                Written { method, route, write: write.clone(), save, read, expect, with_session, why };
            match self.proven(&written) {
                Ok(()) => return Some(written),
                Err(why) => self.not_checked.push(NotChecked { what: operation.label(), why }),
            }
        }
        None
    }

    /// Ways to read what was made: by each candidate for its id, then as part of a list.
    fn readings(
        &self,
        operation: &Operation,
        call: &Call,
        write: &Message,
        answer: &Exchange,
    ) -> Vec<(Message, BTreeMap<String, Place>)> {
        let route = operation.route();
        let mut readings = Vec::new();
        if route.ends_with('}') {
            readings.push((
                Message { method: "GET".to_owned(), target: write.target.clone(), ..Message::default() },
                BTreeMap::new(),
            ));
        }
        let below = format!("{}/{{", route.trim_end_matches('/'));
        let mut readers: Vec<&Operation> =
            self.arena.operations.list.iter().filter(|one| reads_one(one)).collect();
        readers.retain(|one| one.route().starts_with(&below) || same_collection(&one.route(), &route));
        readers.sort_by_key(|one| !one.route().starts_with(&below));
        for reader in readers.into_iter().take(3) {
            for id in ids(answer).into_iter().take(IDS) {
                let target = filled_route(&reader.route(), call, "${id}");
                readings.push((
                    Message { method: "GET".to_owned(), target, ..Message::default() },
                    BTreeMap::from([("id".to_owned(), id)]),
                ));
            }
            // The caller chose the id: it is one of the names in the request.
            for name in ["${unique}", "${value}"] {
                if write.body.contains(name) {
                    let target = filled_route(&reader.route(), call, name);
                    readings.push((
                        Message { method: "GET".to_owned(), target, ..Message::default() },
                        BTreeMap::new(),
                    ));
                }
            }
        }
        if let Some(list) = self.arena.operations.find("GET", &route) {
            let mut target = filled_route(&list.route(), call, "");
            let sized = list
                .parameters
                .iter()
                .find(|one| PAGE_SIZES.contains(&one.name.to_ascii_lowercase().as_str()));
            if let Some(size) = sized {
                let most =
                    size.schema.maximum.filter(|most| (1.0..=10_000.0).contains(most)).unwrap_or(1_000.0);
                target.push_str(&format!("?{}={most}", size.name));
            }
            readings
                .push((Message { method: "GET".to_owned(), target, ..Message::default() }, BTreeMap::new()));
        }
        readings
    }

    /// Control: accepted and read back several times in a row; a list goes on holding the first.
    fn proven(&self, written: &Written) -> Result<(), String> {
        let mut actor = self.actor.over(self.client());
        for _ in 0..CONTROL {
            written.control(self.session, &mut actor)?;
        }
        let by_id = !written.save.is_empty() || written.read.target.contains("${");
        if by_id || written.read.method != "GET" {
            return Ok(());
        }
        let first = actor.names.clone();
        for _ in 0..LISTED {
            written.control(self.session, &mut actor)?;
        }
        actor.names = first;
        let crash = written.crash(self.session, 1, [0, 0]);
        let read = actor.send(&crash.read);
        let unmet = crash.expect.unmet(&read, &actor.names);
        unmet.map_or(Ok(()), |_| {
            Err("it can be read back only from a list that shows a part at a time".to_owned())
        })
    }
}

/// Names of parameters that say how long a page is, folded to lower case.
const PAGE_SIZES: &[&str] =
    &["limit", "page_size", "pagesize", "per_page", "perpage", "size", "count", "max_results"];

fn reads_one(operation: &Operation) -> bool {
    operation.method == "GET" && operation.route().trim_end_matches('/').ends_with('}')
}

/// Whether a route reads one of what another makes: `/notes/{id}` after `/users/{id}/notes` or `/notes/new`.
fn same_collection(read: &str, make: &str) -> bool {
    let words = |route: &str| -> Vec<String> {
        let segments = route.split('/').filter(|segment| !segment.is_empty() && !segment.starts_with('{'));
        segments.map(|segment| segment.trim_end_matches('s').to_ascii_lowercase()).collect()
    };
    words(read).last().is_some_and(|last| words(make).contains(last))
}

/// The route with its last name filled by `last` and the others by what the call had for them.
fn filled_route(route: &str, call: &Call, last: &str) -> String {
    let mut route = route.to_owned();
    for (name, value) in &call.path {
        route = route.replacen(&format!("{{{name}}}"), &crate::schema::call::percent_encoded(value), 1);
    }
    while let Some((before, rest)) =
        route.split_once('{').map(|(before, rest)| (before.to_owned(), rest.to_owned()))
    {
        // A name of ours is filled in later.
        if before.ends_with('$') {
            break;
        }
        let after = rest.split_once('}').map(|(_, after)| after).unwrap_or_default();
        route = format!("{before}{last}{after}");
    }
    route
}

/// Places of an answer that may hold the id of what was made, likeliest first.
fn ids(answer: &Exchange) -> Vec<Place> {
    let mut found = Vec::new();
    if let Some(body) = answer.json() {
        scalars(&body, "", 0, &mut found);
    }
    found.sort_by_key(|(pointer, _)| {
        let name = pointer.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let id = matches!(name.as_str(), "id" | "_id" | "uuid" | "key" | "slug");
        (!id, !name.ends_with("id"), pointer.matches('/').count())
    });
    let mut places: Vec<Place> = found.into_iter().map(|(pointer, _)| Place::Json(pointer)).collect();
    if answer.header("location").is_some() {
        places.insert(places.len().min(1), Place::Header("location".to_owned()));
    }
    places
}

fn scalars(value: &Value, pointer: &str, depth: usize, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if depth < 4 => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                scalars(field, &format!("{pointer}/{name}"), depth + 1, found);
            }
        }
        Value::String(text) if !text.is_empty() && text.len() <= 64 => {
            found.push((pointer.to_owned(), text.clone()))
        }
        Value::Number(number) => found.push((pointer.to_owned(), number.to_string())),
        _ => {}
    }
}

/// A place of a payload where a text goes.
enum Slot {
    Json(String),
    Form(usize),
}

impl Slot {
    fn fill(&self, payload: &mut Payload, text: &str) -> Option<()> {
        match (self, payload) {
            (Self::Json(pointer), Payload::Json(body)) => {
                *body.pointer_mut(pointer)? = Value::String(text.to_owned())
            }
            (Self::Form(index), Payload::Form(pairs)) => pairs.get_mut(*index)?.1 = text.to_owned(),
            _ => return None,
        }
        Some(())
    }
}

/// Names under which services keep free text.
const FREE_TEXT: &[&str] = &[
    "text",
    "content",
    "body",
    "title",
    "name",
    "description",
    "message",
    "comment",
    "note",
    "subject",
    "label",
    "value",
    "data",
    "summary",
];

/// Places of a payload that take a free text, likeliest first.
fn slots(payload: &Payload) -> Vec<Slot> {
    let rank = |name: &str, text: &str| {
        let name = name.to_ascii_lowercase();
        let free = FREE_TEXT.iter().any(|word| name.contains(word));
        let generated = text.starts_with("sw") && text.len() > 7;
        (!free, !generated)
    };
    match payload {
        Payload::Json(body) => {
            let mut found = Vec::new();
            scalars(body, "", 0, &mut found);
            found.retain(|(pointer, _)| body.pointer(pointer).is_some_and(Value::is_string));
            found.sort_by_key(|(pointer, text)| rank(pointer.rsplit('/').next().unwrap_or_default(), text));
            found.into_iter().map(|(pointer, _)| Slot::Json(pointer)).collect()
        }
        Payload::Form(pairs) => {
            let mut found: Vec<usize> = (0..pairs.len()).collect();
            found.sort_by_key(|index| pairs.get(*index).map(|(name, text)| rank(name, text)));
            found.into_iter().map(Slot::Form).collect()
        }
        Payload::None | Payload::Multipart(_) | Payload::Raw { .. } => Vec::new(),
    }
}

//! Who can log in: promised, or found by registering and logging in as a fresh user; proven by an operation that succeeds with the session
//! and fails without.

use std::collections::BTreeMap;

use seaworthy_core::plan::promise::{Carrier, Place};
use serde_json::Value;

use super::promised;
use super::template::Template;
use crate::arena::Arena;
use crate::http::{Client, Exchange};
use crate::replay::{Actor, Expect, Message, Send, text_at};
use crate::schema::names::{Meaning, called, meaning};
use crate::schema::{
    Auth, Call, Credentials, Fresh, Inferred, Known, Operation, Payload, Purpose, Scheme, Style,
};

/// Operations tried as the proof of a session.
const PROOFS: usize = 16;

/// A session that was proven.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// What is sent, in order, to be in: register where there is such a thing, log in.
    pub enter: Vec<Send>,
    /// Index in `enter` of the request that logs in, and its route.
    pub login: (usize, String, String),
    /// What lets in is given once: to who registers, or as a key. To ask for it again would be to come as somebody else.
    pub is_given_once: bool,
    /// Header fields that carry it, with names filled in from what `enter` saves.
    pub carried: Vec<(String, String)>,
    /// Succeeds only when logged in, where such an operation was found: method, route and message, fields of `carried` included.
    pub proof: Option<(String, String, Message)>,
    /// What was guessed and then seen to work.
    pub inferred: Vec<Inferred>,
}

impl Session {
    /// Gives a message the fields that carry the session.
    pub fn dress(&self, message: &Message) -> Message {
        let mut dressed = message.clone();
        for (name, value) in &self.carried {
            dressed.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            dressed.headers.push((name.clone(), value.clone()));
        }
        dressed
    }

    /// Logs a fresh user in over `client`.
    ///
    /// # Errors
    /// The sentence that says which step failed and how.
    pub fn enter(&self, client: Client, label: &str) -> Result<Actor, String> {
        let mut actor = Actor::new(client, label);
        perform(&mut actor, &self.enter)?;
        Ok(actor)
    }

    /// What is sent to log in again, without registering. Nothing where what lets in is given once: the actor has it still.
    pub fn login_steps(&self) -> &[Send] {
        if self.is_given_once { &[] } else { self.enter.get(self.login.0..).unwrap_or_default() }
    }

    /// Logs the actor's user in again, without registering.
    ///
    /// # Errors
    /// The sentence that says how it failed.
    pub fn login_again(&self, actor: &mut Actor) -> Result<(), String> {
        perform(actor, self.login_steps())
    }
}

fn perform(actor: &mut Actor, steps: &[Send]) -> Result<(), String> {
    for step in steps {
        let label = format!("{} {}", step.request.method, step.request.target);
        match actor.perform(step) {
            Ok(exchange) if exchange.status < 400 => {}
            Ok(exchange) => return Err(format!("{label} answered {}", exchange.told())),
            Err(error) => return Err(format!("{label}: {error}")),
        }
    }
    Ok(())
}

/// Finds a session: by the plan's promises and identities, else by trying what the operations offer.
pub fn find_session(arena: &Arena<'_>, client: &Client, label: &str) -> Option<Session> {
    promised::session(arena, client, label).or_else(|| inferred(arena, client, label))
}

fn inferred(arena: &Arena<'_>, client: &Client, label: &str) -> Option<Session> {
    let registers: Vec<Option<&Operation>> =
        arena.operations.of(Purpose::Register).map(Some).chain(std::iter::once(None)).collect();
    let mut fresh = Fresh::new(arena.rng(&format!("session {label}")).u64(..));
    for login in arena.operations.of(Purpose::Login) {
        for register in &registers {
            for style in [Style::Examples, Style::Required, Style::Full] {
                if let Some(session) = attempt(arena, client, &mut fresh, *register, login, style) {
                    return Some(session);
                }
            }
        }
    }
    // Some services log a user in as they register.
    let registered = registers.iter().flatten().copied();
    // Others know who calls by a key.
    let all = registered.chain(arena.operations.key_givers());
    all.into_iter().find_map(|register| attempt_register(arena, client, &mut fresh, register))
}

fn attempt(
    arena: &Arena<'_>,
    client: &Client,
    fresh: &mut Fresh,
    register: Option<&Operation>,
    login: &Operation,
    style: Style,
) -> Option<Session> {
    let credentials = fresh.credentials();
    let known = known_as(arena, &credentials);
    let mut enter = Vec::new();
    if let Some(register) = register {
        let call = as_user(Call::valid(register, fresh, &known, style), &credentials);
        let answer = client.send(&(&call).into()).ok()?;
        // A form is answered with a redirect (RFC 9110, 15.4).
        if answer.status >= 400 {
            return None;
        }
        enter.push(step(Template::of_call(&call, Some(&credentials), None)));
    }
    let call = as_user(Call::valid(login, fresh, &known, style), &credentials);
    let answer = client.send(&(&call).into()).ok().filter(|answer| answer.status < 400)?;
    let (save, carried) = carriers(arena, &answer).into_iter().next()?;
    enter.push(Send { save, ..step(Template::of_call(&call, Some(&credentials), None)) });
    let at = enter.len() - 1;
    let why = match register {
        Some(register) => format!("{register} and then {login} answered a fresh user with it"),
        None => format!("{login} answered with it"),
    };
    conclude(arena, client, enter, at, login, &answer, carried, why)
}

fn attempt_register(
    arena: &Arena<'_>,
    client: &Client,
    fresh: &mut Fresh,
    register: &Operation,
) -> Option<Session> {
    let credentials = fresh.credentials();
    let known = known_as(arena, &credentials);
    let call = as_user(Call::valid(register, fresh, &known, Style::Examples), &credentials);
    let answer = client.send(&(&call).into()).ok().filter(Exchange::is_success)?;
    let (save, carried) = carriers(arena, &answer).into_iter().next()?;
    let enter = vec![Send { save, ..step(Template::of_call(&call, Some(&credentials), None)) }];
    conclude(arena, client, enter, 0, register, &answer, carried, format!("{register} answered with it"))
}

/// The call with this user's name and secret in it, also where a document's pattern or example says otherwise: the answer decides.
fn as_user(mut call: Call, credentials: &Credentials) -> Call {
    let names: Vec<String> = match &call.payload {
        Payload::Json(Value::Object(fields)) => fields.keys().cloned().collect(),
        Payload::Form(pairs) => pairs.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    };
    let value = |name: &str, now: &str| match meaning(called(name, names.iter().map(String::as_str))) {
        Meaning::Email => Some(credentials.email.clone()),
        Meaning::Username if now.contains('@') => Some(credentials.email.clone()),
        Meaning::Username => Some(credentials.username.clone()),
        Meaning::Password => Some(credentials.password.clone()),
        _ => None,
    };
    match &mut call.payload {
        Payload::Json(Value::Object(fields)) => {
            for (name, field) in fields {
                if let Some(text) = field.as_str().and_then(|now| value(name, now)) {
                    *field = Value::String(text);
                }
            }
        }
        Payload::Form(pairs) => {
            for (name, field) in pairs {
                if let Some(text) = value(name, field) {
                    *field = text;
                }
            }
        }
        _ => {}
    }
    call
}

/// Knows nothing but who is calling.
pub(super) fn known_as(arena: &Arena<'_>, credentials: &Credentials) -> Known {
    let mut known = Known::about(&arena.operations.list);
    known.credentials = Some(credentials.clone());
    known
}

fn step(request: Message) -> Send {
    Send {
        request,
        expect: Some(Expect { status: Some("not 5XX".to_owned()), ..Expect::default() }),
        ..Send::default()
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts of one attempt; a struct for them would be used once"
)]
fn conclude(
    arena: &Arena<'_>,
    client: &Client,
    enter: Vec<Send>,
    at: usize,
    login: &Operation,
    answer: &Exchange,
    carried: Vec<(String, String)>,
    why: String,
) -> Option<Session> {
    let mut actor = Actor::new(client.another(), "");
    let saved = enter.get(at).map(|step| step.save.clone()).unwrap_or_default();
    actor.save(&saved, answer);
    let what = format!(
        "a session is carried by {}",
        carried.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" and ")
    );
    let mut session = Session {
        enter,
        login: (at, login.method.clone(), login.route()),
        is_given_once: !arena.operations.of(Purpose::Login).any(|known| std::ptr::eq(known, login)),
        carried,
        proof: None,
        inferred: vec![Inferred { what, why }],
    };
    prove(arena, &mut session, &actor);
    Some(session)
}

/// Looks for an operation that succeeds with the session and fails without.
pub(super) fn prove(arena: &Arena<'_>, session: &mut Session, actor: &Actor) {
    let mut fresh = Fresh::new(arena.rng("proof").u64(..));
    let known = Known::about(&arena.operations.list);
    let own = |operation: &&Operation| {
        ["me", "profile", "whoami", "account", "session", "current", "self", "user"]
            .iter()
            .any(|word| operation.path.trim_end_matches('/').ends_with(word))
    };
    let mut candidates: Vec<&Operation> =
        arena.operations.list.iter().filter(|operation| fits_proof(operation)).collect();
    // Reads that name the caller first, then reads that are said to need one, then other reads, then what writes.
    candidates.sort_by_key(|operation| {
        (!operation.is_safe(), !own(operation), !matches!(operation.auth, Auth::Required(_)))
    });
    for operation in candidates.into_iter().take(PROOFS) {
        let call = Call::valid(operation, &mut fresh, &known, Style::Required);
        let bare = Template::of_call(&call, None, None);
        let dressed = session.dress(&bare);
        // Without first: where that succeeds the operation proves nothing.
        let without = Actor::new(actor.client.another(), "").send(&bare);
        if !without.is_ok_and(|answer| {
            (300..500).contains(&answer.status) && answer.status != 404 && answer.status != 429
        }) {
            continue;
        }
        let mut with = actor.over(actor.client.another());
        with.renew();
        if with.send(&dressed).is_ok_and(|answer| answer.is_success()) {
            let what = format!("{operation} succeeds only when logged in");
            session
                .inferred
                .push(Inferred { what, why: "it did with the session, and was refused without".to_owned() });
            session.proof = Some((operation.method.clone(), operation.route(), dressed));
            return;
        }
    }
}

fn fits_proof(operation: &Operation) -> bool {
    let reads = operation.is_safe() && operation.path_names().is_empty() && operation.method == "GET";
    reads || (operation.purpose == Purpose::Create && operation.path_names().is_empty())
}

/// Names of fields that hold tokens, folded, likeliest first.
const TOKENS: &[&str] = &[
    "accesstoken",
    "token",
    "authtoken",
    "jwt",
    "bearer",
    "sessiontoken",
    "idtoken",
    "sessionid",
    "session",
    "apikey",
    "sid",
    "key",
];

type Carried = (BTreeMap<String, Place>, Vec<(String, String)>);

/// How an answer to a login may carry a session: what to save of it, and the header fields to send. Likeliest first.
fn carriers(arena: &Arena<'_>, answer: &Exchange) -> Vec<Carried> {
    let mut found = Vec::new();
    if let Some(body) = answer.json() {
        let mut tokens = Vec::new();
        find_tokens(&body, "", 0, &mut tokens);
        tokens.sort();
        found.extend(tokens.into_iter().map(|(_, pointer)| token_at(arena, Place::Json(pointer))));
    }
    found.extend(cookies(answer));
    for name in ["authorization", "x-auth-token", "x-access-token"] {
        if answer.header(name).is_some() {
            found.push(token_at(arena, Place::Header(name.to_owned())));
        }
    }
    found
}

/// All cookies an answer sets, sent back as they came.
pub(super) fn cookies(answer: &Exchange) -> Option<Carried> {
    let mut save = BTreeMap::new();
    let mut pairs = Vec::new();
    for cookie in answer.header_all("set-cookie") {
        let name = cookie.split('=').next().unwrap_or_default().trim().to_owned();
        let place = Place::Cookie(name.clone());
        if name.is_empty() || text_at(answer, &place).is_none_or(|value| value.is_empty()) {
            continue;
        }
        let saved = format!("cookie{}", save.len() + 1);
        pairs.push(format!("{name}=${{{saved}}}"));
        save.insert(saved, place);
    }
    (!pairs.is_empty()).then(|| (save, vec![("Cookie".to_owned(), pairs.join("; "))]))
}

/// A token from this place, carried as the document says, else as a bearer token (RFC 6750).
pub(super) fn token_at(arena: &Arena<'_>, place: Place) -> Carried {
    let schemes = arena.operations.list.iter().filter_map(|operation| match &operation.auth {
        Auth::Required(schemes) => Some(schemes),
        _ => None,
    });
    let key = schemes.flatten().find_map(|scheme| match scheme {
        Scheme::Key(crate::schema::Place::Header, name) => Some((name.clone(), "${token}".to_owned())),
        Scheme::Key(crate::schema::Place::Cookie, name) => {
            Some(("Cookie".to_owned(), format!("{name}=${{token}}")))
        }
        Scheme::Bearer => Some(("Authorization".to_owned(), "Bearer ${token}".to_owned())),
        _ => None,
    });
    let already = matches!(&place, Place::Header(name) if name.eq_ignore_ascii_case("authorization"));
    let field = match key {
        _ if already => ("Authorization".to_owned(), "${token}".to_owned()),
        Some(field) => field,
        None => ("Authorization".to_owned(), "Bearer ${token}".to_owned()),
    };
    (BTreeMap::from([("token".to_owned(), place)]), vec![field])
}

fn find_tokens(value: &Value, pointer: &str, depth: usize, found: &mut Vec<(usize, String)>) {
    let Some(fields) = value.as_object().filter(|_| depth < 4) else { return };
    for (name, field) in fields {
        let here = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        let folded: String =
            name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        match field {
            Value::String(text) if text.len() >= 8 => {
                found.extend(TOKENS.iter().position(|token| *token == folded).map(|rank| (rank, here)));
            }
            other => find_tokens(other, &here, depth + 1, found),
        }
    }
}

/// What a promised carrier saves and sends.
pub(super) fn promised_carrier(
    arena: &Arena<'_>,
    carrier: Option<&Carrier>,
    answer: &Exchange,
) -> Option<Carried> {
    match carrier {
        None | Some(Carrier::Cookie) => cookies(answer),
        Some(Carrier::Bearer(place)) => {
            text_at(answer, place)?;
            let field = ("Authorization".to_owned(), "Bearer ${token}".to_owned());
            let _ = arena;
            Some((BTreeMap::from([("token".to_owned(), place.clone())]), vec![field]))
        }
        Some(Carrier::Field(name, place)) => {
            text_at(answer, place)?;
            let field = (name.clone(), "${token}".to_owned());
            Some((BTreeMap::from([("token".to_owned(), place.clone())]), vec![field]))
        }
    }
}

//! Sessions and writes that the plan names. They are tried like found ones: a promise says where to look, not what is true.

use std::collections::BTreeMap;

use seaworthy_core::plan::Promise;
use seaworthy_core::plan::promise::{
    Carrier, Place, Request as Promised, Resource, Session as SessionPromise,
};

use super::session::{Session, known_as, promised_carrier, prove};
use super::template::Template;
use super::write::Written;
use crate::arena::Arena;
use crate::http::Client;
use crate::replay::{Actor, Expect, Message, PlaceTest, Send};
use crate::schema::{Call, Credentials, Fresh, Purpose, Style};

/// The first promised session or identity with which one gets in.
pub(super) fn session(arena: &Arena<'_>, client: &Client, label: &str) -> Option<Session> {
    let promises = arena.promises().iter().filter_map(|promise| match promise {
        Promise::Session(session) => Some(session),
        _ => None,
    });
    let promised = promises.into_iter().find_map(|promise| by_promise(arena, client, label, promise));
    promised.or_else(|| {
        arena.identities().iter().find_map(|identity| {
            if let Some(login) = &identity.login {
                return log_in(arena, client, label, login, identity.carrier.as_ref()).map(
                    |(mut session, actor)| {
                        prove(arena, &mut session, &actor);
                        session
                    },
                );
            }
            let carried: Vec<(String, String)> = identity.headers.clone().into_iter().collect();
            let mut session = Session {
                enter: Vec::new(),
                login: (0, String::new(), String::new()),
                is_given_once: true,
                carried,
                proof: None,
                inferred: Vec::new(),
            };
            prove(arena, &mut session, &Actor::new(client.another(), label));
            (!session.carried.is_empty()).then_some(session)
        })
    })
}

fn by_promise(arena: &Arena<'_>, client: &Client, label: &str, promise: &SessionPromise) -> Option<Session> {
    let (mut session, actor) = log_in(arena, client, label, &promise.login, promise.carrier.as_ref())?;
    let check = Template::of_promise(&promise.check);
    let dressed = session.dress(&check);
    let without = Actor::new(client.another(), "").send(&check);
    let with = actor.over(client.another()).send(&dressed);
    if with.is_ok_and(|answer| answer.is_success()) && without.is_ok_and(|answer| !answer.is_success()) {
        let line = promise.check.line();
        session.proof = Some((line.method.clone(), line.route.clone(), dressed));
    }
    Some(session)
}

/// Logs in as promised; where that is refused and there is a way to register, as a user registered first.
fn log_in(
    arena: &Arena<'_>,
    client: &Client,
    label: &str,
    login: &Promised,
    carrier: Option<&Carrier>,
) -> Option<(Session, Actor)> {
    let message = Template::of_promise(login);
    let mut enter = Vec::new();
    let mut actor = Actor::new(client.another(), label);
    actor.renew();
    let mut answer = actor.send(&message).ok()?;
    if answer.status >= 400 {
        enter.push(Send { request: registration(arena, &message)?, ..Send::default() });
        actor.perform(enter.first()?).ok().filter(|answer| answer.status < 400)?;
        answer = actor.send(&message).ok().filter(|answer| answer.status < 400)?;
    }
    let (save, carried) = promised_carrier(arena, carrier, &answer)?;
    actor.save(&save, &answer);
    enter.push(Send { request: message, save, ..Send::default() });
    let line = login.line();
    let login = (enter.len() - 1, line.method.clone(), line.route.clone());
    Some((Session { enter, login, is_given_once: false, carried, proof: None, inferred: Vec::new() }, actor))
}

/// A registration of the very user that the login names: its strings are taken over by the names of their fields.
fn registration(arena: &Arena<'_>, login: &Message) -> Option<Message> {
    let register = arena.operations.of(Purpose::Register).next()?;
    let given = given_fields(login);
    let field = |names: &[&str]| {
        let named = |name: &str| names.iter().any(|wanted| name.to_ascii_lowercase().contains(wanted));
        given.iter().find(|(name, _)| named(name)).map(|(_, value)| value.clone())
    };
    let username = field(&["user", "name", "login"]).or_else(|| field(&["mail"]))?;
    let email = field(&["mail"]).unwrap_or_else(|| format!("{username}@example.com"));
    let password = field(&["pass", "secret", "pin"])?;
    let credentials = Credentials { username, email, password };
    let known = known_as(arena, &credentials);
    let mut fresh = Fresh::new(arena.rng("registration").u64(..));
    Some(Template::of_call(&Call::valid(register, &mut fresh, &known, Style::Examples), None, None))
}

/// The text fields of a message's body, JSON or form.
fn given_fields(message: &Message) -> Vec<(String, String)> {
    if let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&message.body) {
        let texts = fields.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        return texts.collect();
    }
    let pairs = message.body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The write that a resource promises, when it says how to write and how to read.
pub(super) fn write(resource: &Resource) -> Option<Written> {
    let made = resource.create.as_ref().or(resource.update.as_ref())?;
    let read = resource.read.as_ref().or(resource.list.as_ref())?;
    let mut write = Template::of_promise(made);
    let mut reading = Template::of_promise(read);
    let mut save = BTreeMap::new();
    let id = read.line().route.split('{').nth(1).and_then(|rest| rest.split('}').next()).map(str::to_owned);
    if let Some(id) = id {
        match &resource.id {
            Some(place) => {
                save.insert(id, place.clone());
            }
            // The caller chooses it.
            None => {
                let name = format!("${{{id}}}");
                write.target = write.target.replace(&name, "${unique}");
                write.body = write.body.replace(&name, "${unique}");
                reading.target = reading.target.replace(&name, "${unique}");
            }
        }
    }
    let expect = match &resource.value {
        Some(at @ Place::Json(_)) => {
            let equals = Some(serde_json::Value::String("${value}".to_owned()));
            let place = Some(PlaceTest { at: at.clone(), equals, at_least: None, at_most: None });
            Expect { status: Some("2XX".to_owned()), place, ..Expect::default() }
        }
        _ => Expect {
            status: Some("2XX".to_owned()),
            contains: Some("${value}".to_owned()),
            ..Expect::default()
        },
    };
    let line = made.line();
    Some(Written {
        method: line.method.clone(),
        route: line.route.clone(),
        write,
        save,
        read: reading,
        expect,
        with_session: true,
        why: "promised".to_owned(),
    })
}

//! A login: how a fresh user comes to have a password, and what is sent with the right one, a wrong one, and a name that nobody has.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::Value;

use crate::http::Exchange;
use crate::replay::{Actor, Message, Saved, Send, text_at};
use crate::schema::names::{Meaning, called, meaning};
use crate::service::Running;
use crate::subject::Session;

/// A login with a password.
#[derive(Debug)]
pub(super) struct Login {
    /// What is sent before: registering.
    pub(super) before: Vec<Send>,
    /// The right password.
    pub(super) right: Send,
    /// A wrong one, another each time.
    pub(super) wrong: Message,
    /// A name that nobody has, with a wrong password.
    pub(super) nobody: Message,
    /// Method and route.
    pub(super) place: (String, String),
    session: Session,
}

/// A password that is nobody's, and that no rule about passwords refuses.
const WRONG: &str = "Wrong-${unique}-Aa1";

/// A name that nobody has: the same as long as its asker has it.
const NOBODY: &str = "${nobody}";

impl Login {
    /// The login of a session; `None` where it takes no password.
    pub(super) fn of(session: &Session) -> Option<Self> {
        let (at, method, route) = &session.login;
        let right = session.enter.get(*at).filter(|_| !session.is_given_once)?.clone();
        let wrong = with_fields(&right.request, &|name, _| {
            (meaning(name) == Meaning::Password).then(|| WRONG.to_owned())
        })?;
        let names = names_of(&wrong);
        let beside = || names.iter().map(String::as_str);
        let nobody = with_fields(&wrong, &|name, value| match meaning(called(name, beside())) {
            Meaning::Email => Some(format!("{NOBODY}@example.com")),
            Meaning::Username if value.contains('@') => Some(format!("{NOBODY}@example.com")),
            Meaning::Username => Some(NOBODY.to_owned()),
            _ => None,
        })?;
        Some(Self {
            before: session.enter.get(..*at)?.to_vec(),
            right,
            wrong,
            nobody,
            place: (method.clone(), route.clone()),
            session: session.clone(),
        })
    }

    /// A fresh user at an address of their own, logged in once, and how the right password is answered.
    pub(super) fn user(
        &self,
        running: &Running,
        label: &str,
        number: u32,
    ) -> Result<(Actor, Answered), String> {
        let mut actor = Actor::new(running.client().at(address(number)), label);
        let mut answered = None;
        for step in self.before.iter().chain(std::iter::once(&self.right)) {
            let place = format!("{} {}", step.request.method, step.request.target);
            match actor.perform(step) {
                Ok(answer) if answer.status < 400 => answered = Some(answer),
                Ok(answer) => return Err(format!("{place} answered {}", answer.told())),
                Err(error) => return Err(format!("{place}: {error}")),
            }
        }
        actor.names.insert("nobody".to_owned(), format!("{label}x"));
        let answer = answered.ok_or("nothing is sent to log in")?;
        let right = Answered::of(&answer);
        if !self.lets_in(&actor, &answer, &right) {
            return Err(format!("what {} gave a fresh user opens nothing", self.shown()));
        }
        Ok((actor, right))
    }

    /// Forgets what proves a session when it opens to anybody who was refused: a cart of a guest, say, that any cookie opens.
    pub(super) fn doubt_proof(&mut self, running: &Running, label: &str) {
        let mut actor = Actor::new(running.visitor(), label);
        actor.renew();
        actor.names.insert("nobody".to_owned(), format!("{label}x"));
        let Ok(answer) = actor.send(&self.nobody) else { return };
        if self.proof().is_some() && self.lets_in(&actor, &answer, &Answered::of(&answer)) {
            self.session.proof = None;
        }
    }

    /// A name that nobody has, as a replay and a shell have it: a fresh one.
    pub(super) fn nobody_anew(&self) -> Message {
        let body = self.nobody.body.replace(NOBODY, "${unique}");
        Message { body, ..self.nobody.clone() }
    }

    /// Whether an answer lets in: what it gives is a session that works. Where nothing proves one, whether it gives all that the right password was
    /// given, in the same way.
    pub(super) fn lets_in(&self, actor: &Actor, answer: &Exchange, right: &Answered) -> bool {
        let has = |place: &Saved| text_at(answer, place).is_some_and(|text| !text.is_empty());
        if answer.status >= 400 || !self.right.save.values().all(has) {
            return false;
        }
        let Some(proof) = self.proof() else { return Answered::of(answer) == *right };
        let mut stranger = actor.over(actor.client.another());
        // What the user's own login gave must not be what is sent.
        self.right.save.keys().for_each(|name| drop(stranger.names.remove(name)));
        stranger.save(&self.right.save, answer);
        stranger.send(proof).is_ok_and(|answer| answer.is_success())
    }

    /// What only a session opens, where that was found.
    pub(super) fn proof(&self) -> Option<&Message> {
        self.session.proof.as_ref().map(|(_, _, proof)| proof)
    }

    /// As `POST /login`.
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.place.0, self.place.1)
    }
}

/// How an answer looks from outside: its status, and where it leads (RFC 9110, 15.4: a form is answered with a redirect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) status: u16,
    leads_to: Option<String>,
}

impl Answered {
    fn of(answer: &Exchange) -> Self {
        Self { status: answer.status, leads_to: answer.header("location").map(str::to_owned) }
    }
}

/// An address of 127.0.0.0/8 for each user: some limits count by it.
fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x7f20_0001 | ((number & 0xffff) << 1))
}

/// The names of the fields of a message's body, JSON or a form.
fn names_of(message: &Message) -> Vec<String> {
    match serde_json::from_str::<BTreeMap<String, Value>>(&message.body) {
        Ok(fields) => fields.into_keys().collect(),
        Err(_) => {
            let names = message.body.split('&').filter_map(|pair| pair.split_once('='));
            names.map(|(name, _)| name.to_owned()).collect()
        }
    }
}

/// A message with other texts in fields of its body, JSON or a form; `None` when no field gets one.
fn with_fields(message: &Message, new: &dyn Fn(&str, &str) -> Option<String>) -> Option<Message> {
    let mut changed = false;
    let body = match serde_json::from_str::<BTreeMap<String, Value>>(&message.body) {
        Ok(mut fields) => {
            for (name, field) in &mut fields {
                if let Some(text) = field.as_str().and_then(|now| new(name, now)) {
                    *field = Value::String(text);
                    changed = true;
                }
            }
            serde_json::to_string(&fields).ok()?
        }
        Err(_) => {
            let pair = |pair: &str| match pair.split_once('=') {
                Some((name, value)) => match new(name, value) {
                    Some(text) => {
                        let text = text.replace('@', "%40");
                        (format!("{name}={text}"), true)
                    }
                    None => (pair.to_owned(), false),
                },
                None => (pair.to_owned(), false),
            };
            let pairs: Vec<(String, bool)> = message.body.split('&').map(pair).collect();
            changed = pairs.iter().any(|(_, changed)| *changed);
            pairs.into_iter().map(|(pair, _)| pair).collect::<Vec<_>>().join("&")
        }
    };
    changed.then(|| Message { body, ..message.clone() })
}

/// An answer without what differs each time: its status, where it leads, and its body, where neither the name nor the password stands in them.
pub(super) fn signature(answer: &Exchange, actor: &Actor) -> (u16, String) {
    let mut body = format!("{}\n{}", answer.header("location").unwrap_or_default(), answer.text());
    let fresh = ["unique", "user", "value", "nobody"].iter().filter_map(|name| actor.names.get(*name));
    for text in fresh.filter(|text| !text.is_empty()) {
        body = body.replace(text.as_str(), "..");
    }
    // Times, ids of requests, tokens of forms.
    let mut plain = String::with_capacity(body.len());
    for word in body.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let is_number = word.bytes().any(|byte| byte.is_ascii_digit());
        plain.push_str(if is_number { ".." } else { word });
    }
    (answer.status, plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_are_replaced_wherever_they_stand() {
        let json =
            Message { body: r#"{"email":"a@b.c","password":"x","n":1}"#.to_owned(), ..Message::default() };
        let replaced =
            with_fields(&json, &|name, _| (meaning(name) == Meaning::Password).then(|| "new".to_owned()));
        assert_eq!(replaced.unwrap().body, r#"{"email":"a@b.c","n":1,"password":"new"}"#);
        let form = Message { body: "user=a&passwd=x&ok".to_owned(), ..Message::default() };
        let replaced =
            with_fields(&form, &|name, _| (meaning(name) == Meaning::Username).then(|| "z@y".to_owned()));
        assert_eq!(replaced.unwrap().body, "user=z%40y&passwd=x&ok");
        assert_eq!(with_fields(&form, &|_, _| None), None);
    }
}

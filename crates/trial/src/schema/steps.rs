//! The way a visitor came, as steps of a replay: only what a request needs, with ids and tokens taken from the answers that gave them.

use std::collections::BTreeMap;

use seaworthy_core::plan::promise::Place;
use serde_json::Value;

use super::call::percent_encoded;
use super::names::is_identifier;
use super::visitor::Said;
use crate::http::{Exchange, Request};
use crate::replay::{Expect, Message, Send, Step};

/// Depth to which answers are searched for ids.
const DEPTH: usize = 5;

/// A text shorter than this is looked for only where an id goes; a longer one is an id wherever it stands.
const TELLING: usize = 8;

/// One request of a replay as it was sent, and the names its values go by.
struct Woven {
    message: Message,
    save: BTreeMap<String, Place>,
    expect: Option<Expect>,
}

/// From which earlier request a value is taken that several answers gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Makers {
    /// From the one that made it, where that is one of the same resource; else from the last that gave it.
    Related,
    /// From the first that made a thing with it, whatever thing: small numbers are the ids of many.
    Any,
}

/// The steps that lead to `requests`, and the messages those become. Which of `said` are needed is told by the values they gave.
pub fn lead_to(said: &[Said], requests: &[Request]) -> (Vec<Step>, Vec<Message>) {
    lead_from(Makers::Related, said, requests)
}

/// The same, with a choice of who made what.
pub fn lead_from(makers: Makers, said: &[Said], requests: &[Request]) -> (Vec<Step>, Vec<Message>) {
    let signed = requests.iter().any(signed);
    let mut messages: Vec<Message> = requests.iter().map(Message::of).collect();
    let mut steps: Vec<Woven> = Vec::new();
    for (index, one) in said.iter().enumerate().rev() {
        let mut save = BTreeMap::new();
        for (nth, (found, value)) in given(&one.answer).into_iter().enumerate() {
            if made_before(said, index, &value, makers) {
                continue;
            }
            // A name that a shell takes for a variable.
            let name = format!("v{index}x{nth}");
            let users = messages.iter_mut().chain(steps.iter_mut().map(|step| &mut step.message));
            // Every user is asked: `any` would stop at the first.
            let used = users.map(|message| substitute(message, &value, &name)).filter(|used| *used).count();
            if used > 0 {
                save.insert(name, found.place());
            }
        }
        // The first is the registration, on which every login rests; of the logins only the one whose session is used.
        let first = one.identity && !said.iter().take(index).any(|before| before.identity);
        if one.needed
            || !save.is_empty()
            || (signed && (first || (one.identity && given(&one.answer).is_empty())))
        {
            let expect =
                Some(Expect { status: Some(format!("{}XX", one.answer.status / 100)), ..Expect::default() });
            steps.push(Woven { message: Message::of(&one.request), save, expect });
        }
    }
    let step = |woven: Woven| {
        Step::Send(Send { request: woven.message, save: woven.save, expect: woven.expect, ..Send::default() })
    };
    (steps.into_iter().rev().map(step).collect(), messages)
}

/// Whether what the answer at `index` gives was made by an earlier request: on a fresh copy nothing would be there to be shown or changed.
fn made_before(said: &[Said], index: usize, value: &Value, makers: Makers) -> bool {
    let Some(shown) = said.get(index).map(|one| one.request.path()) else { return false };
    said.iter().take(index).filter(|one| one.request.method == "POST").any(|made| {
        let path = made.request.path();
        let related = shown.starts_with(path) || path.starts_with(shown);
        (related || makers == Makers::Any) && given(&made.answer).iter().any(|(_, given)| given == value)
    })
}

/// The earliest answer that gave this value: where it was made, if it was made on the way.
pub fn first_giver<'a>(said: &'a [Said], wanted: &str) -> Option<&'a Said> {
    said.iter().find(|one| {
        given(&one.answer)
            .iter()
            .any(|(_, value)| value.as_str().map_or_else(|| value.to_string(), str::to_owned) == wanted)
    })
}

/// Whether a request says who calls.
fn signed(request: &Request) -> bool {
    request.headers.iter().any(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name == "authorization" || name == "cookie" || name.contains("key") || name.contains("token")
    })
}

/// Where an answer had a value.
enum Found {
    Json(String),
    Cookie(String),
}

impl Found {
    fn place(&self) -> Place {
        match self {
            Self::Json(pointer) => Place::Json(pointer.clone()),
            Self::Cookie(name) => Place::Cookie(name.clone()),
        }
    }
}

/// Values an answer gives that later requests may need: ids, tokens, cookies.
fn given(answer: &Exchange) -> Vec<(Found, Value)> {
    let mut all = Vec::new();
    if let Some(json) = answer.json() {
        scalars(&json, String::new(), "", 0, &mut all);
    }
    for cookie in answer.header_all("set-cookie") {
        let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
        all.extend(pair.map(|(name, value)| {
            (Found::Cookie(name.trim().to_owned()), Value::String(value.trim().to_owned()))
        }));
    }
    all
}

fn scalars(value: &Value, pointer: String, name: &str, depth: usize, all: &mut Vec<(Found, Value)>) {
    match value {
        _ if depth > DEPTH => {}
        Value::Object(fields) => {
            for (name, field) in fields {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                scalars(field, format!("{pointer}/{escaped}"), name, depth + 1, all);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate().take(DEPTH) {
                scalars(item, format!("{pointer}/{index}"), name, depth + 1, all);
            }
        }
        Value::Number(_) if is_identifier(name) => all.push((Found::Json(pointer), value.clone())),
        Value::String(text) if (is_identifier(name) && !text.is_empty()) || text.len() >= 16 => {
            all.push((Found::Json(pointer), value.clone()));
        }
        _ => {}
    }
}

/// Puts `${name}` where the message has the value. Whether it had it.
fn substitute(message: &mut Message, value: &Value, name: &str) -> bool {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let named = format!("${{{name}}}");
    let encoded = percent_encoded(&text);
    let (path, query) = message
        .target
        .split_once('?')
        .map_or((message.target.as_str(), None), |(path, query)| (path, Some(query)));
    let path: Vec<&str> =
        path.split('/').map(|segment| if segment == encoded { named.as_str() } else { segment }).collect();
    let mut target = path.join("/");
    if let Some(query) = query {
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((key, value)) if value == encoded && is_identifier(key) => format!("{key}={named}"),
                _ => pair.to_owned(),
            })
            .collect();
        target = format!("{target}?{}", pairs.join("&"));
    }
    let mut used = target != message.target;
    message.target = target;
    if text.len() >= TELLING {
        for (_, field) in &mut message.headers {
            used |= field.contains(&text);
            *field = field.replace(&text, &named);
        }
    }
    if let Ok(mut body) = serde_json::from_str::<Value>(&message.body) {
        let mark = format!("\u{1}{name}\u{1}");
        if mark_ids(&mut body, "", value, &mark) {
            let quoted = Value::String(mark).to_string();
            let bare = if value.is_string() { format!("\"{named}\"") } else { named };
            message.body = body.to_string().replace(&quoted, &bare);
            used = true;
        }
    }
    used
}

fn mark_ids(body: &mut Value, name: &str, wanted: &Value, mark: &str) -> bool {
    match body {
        Value::Object(fields) => {
            fields.iter_mut().fold(false, |used, (name, field)| mark_ids(field, name, wanted, mark) | used)
        }
        Value::Array(items) => {
            items.iter_mut().fold(false, |used, item| mark_ids(item, name, wanted, mark) | used)
        }
        value if value == wanted && is_identifier(name) => {
            *value = Value::String(mark.to_owned());
            true
        }
        _ => false,
    }
}

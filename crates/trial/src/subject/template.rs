//! Requests in which what must be fresh each time stands as a name: made from generated calls and from promises.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use seaworthy_core::plan::promise::{Request as Promised, RequestTable};
use serde_json::Value;

use crate::http::Request;
use crate::replay::Message;
use crate::schema::call::percent_encoded;
use crate::schema::{Call, Credentials};

/// Makes messages with names in them.
#[derive(Debug, Clone)]
pub struct Template;

/// What `Fresh::unique` makes.
static UNIQUE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"sw[a-z]{6}\d+").ok());

impl Template {
    /// A generated call as a message: the user's name in it becomes `${user}`, `marker` becomes `${value}`, every other generated
    /// unique text `${unique}`.
    pub fn of_call(call: &Call, credentials: Option<&Credentials>, marker: Option<&str>) -> Message {
        let mut message = Message::of(&Request::from(call));
        let user = credentials.map(|credentials| credentials.username.as_str());
        let name = |text: &str| {
            let text = user.map_or_else(|| text.to_owned(), |user| text.replace(user, "${user}"));
            let text = marker.map_or_else(|| text.clone(), |marker| text.replace(marker, "${value}"));
            UNIQUE
                .as_ref()
                .map_or_else(|| text.clone(), |unique| unique.replace_all(&text, "$${unique}").into_owned())
        };
        message.target = name(&message.target);
        message.body = name(&message.body);
        message.headers.iter_mut().for_each(|(_, value)| *value = name(value));
        message
    }

    /// A promised request as a message: `{unique}`, `{value}`, `{user}` and `{n}` become names, `{{` a brace, names of the route stay to be
    /// filled in as `${name}`.
    pub fn of_promise(request: &Promised) -> Message {
        let RequestTable { request: line, query, headers, body, form } = request.table();
        let mut target = names_of_route(&line.route);
        let pairs = |fields: &BTreeMap<String, Value>| {
            let pair = |(name, value): (&String, &Value)| {
                format!("{}={}", percent_encoded(name), encoded(&named(&plain(value))))
            };
            fields.iter().map(pair).collect::<Vec<_>>().join("&")
        };
        if !query.is_empty() {
            target.push('?');
            target.push_str(&pairs(&query));
        }
        let mut all: Vec<(String, String)> =
            headers.iter().map(|(name, value)| (name.clone(), named(value))).collect();
        let has_type = all.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let mut typed = |media: &str| {
            if !has_type {
                all.push(("Content-Type".to_owned(), media.to_owned()));
            }
        };
        let text = if let Some(body) = &body {
            typed("application/json");
            json_text(body)
        } else if let Some(form) = &form {
            typed("application/x-www-form-urlencoded");
            pairs(form)
        } else {
            String::new()
        };
        Message { method: line.method, target, headers: all, body: text, ..Message::default() }
    }
}

/// `/items/{id}` as `/items/${id}`.
fn names_of_route(route: &str) -> String {
    route.replace('{', "${")
}

/// A promise's names as a replay's.
fn named(text: &str) -> String {
    const OPEN: char = '\u{1}';
    let mut text = text.replace("{{", &OPEN.to_string());
    for name in ["unique", "value", "user"] {
        text = text.replace(&format!("{{{name}}}"), &format!("\u{2}{name}}}"));
    }
    text = text.replace("{n}", "\u{2}n}");
    text.replace(OPEN, "{").replace('\u{2}', "${")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Percent-encoded but for the names in it.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, after) = rest.split_at(start);
        let end = after.find('}').map_or(after.len(), |end| end + 1);
        out.push_str(&percent_encoded(before));
        out.push_str(after.get(..end).unwrap_or_default());
        rest = after.get(end..).unwrap_or_default();
    }
    out + &percent_encoded(rest)
}

/// JSON in which names stand; `"{n}"` alone is a number.
fn json_text(value: &Value) -> String {
    fn with_names(value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(named(text)),
            Value::Array(items) => Value::Array(items.iter().map(with_names).collect()),
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(name, field)| (name.clone(), with_names(field))).collect())
            }
            other => other.clone(),
        }
    }
    with_names(value).to_string().replace("\"${n}\"", "${n}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_becomes_a_message_with_names() {
        let toml = r#"
            request = { request = "POST /rooms/{room}/notes", query = { q = "a {value}" }, body = { text = "{value} {{x", count = "{n}", by = "{user}" } }
        "#;
        #[derive(serde::Deserialize)]
        struct Holder {
            request: Promised,
        }
        let holder: Holder = toml::from_str(toml).unwrap();
        let message = Template::of_promise(&holder.request);
        assert_eq!(message.target, "/rooms/${room}/notes?q=a%20${value}");
        assert_eq!(message.body, r#"{"by":"${user}","count":${n},"text":"${value} {x"}"#);
        let names = BTreeMap::from([("n", "7"), ("user", "u"), ("value", "v"), ("room", "3")]);
        let names = names.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let request = message.request(&names);
        assert_eq!(request.target, "/rooms/3/notes?q=a%20v");
        assert_eq!(request.body, br#"{"by":"u","count":7,"text":"v {x"}"#);
    }
}

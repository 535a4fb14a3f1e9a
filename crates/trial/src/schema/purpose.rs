//! What each operation is for, told from method, path, schema and names. A guess until its control has run; always shown as inferred.

use super::names::{Meaning, meaning, singular, words};
use super::operation::{Operation, Place, Purpose};
use super::shape::{Schema, Types};

const LOGIN: &[&str] = &["login", "signin", "authenticate", "session", "sessions", "token", "tokens", "auth"];
const REGISTER: &[&str] = &["register", "registration", "signup", "enroll"];
const LOGOUT: &[&str] = &["logout", "signout", "logoff"];
const RESET: &[&str] = &["reset", "restart", "seed", "reseed", "refill", "restock"];
const UPLOAD: &[&str] = &["upload", "uploads", "import", "attachment", "attachments", "avatar"];
const SEARCH: &[&str] = &["search", "find", "query", "lookup", "filter", "autocomplete", "suggest"];
const PEOPLE: &[&str] = &["user", "account", "customer", "member", "player", "author", "patient", "student"];
/// Verbs of using up something that is counted.
pub(crate) const TAKE: &[&str] = &[
    "buy",
    "checkout",
    "purchase",
    "reserve",
    "book",
    "withdraw",
    "redeem",
    "claim",
    "take",
    "consume",
    "spend",
    "pay",
    "payout",
    "transfer",
    "rent",
    "borrow",
    "acquire",
    "debit",
    "decrement",
    "allocate",
    "hold",
    "use",
    "apply",
    "order",
    "join",
    "enroll",
    "sell",
];

/// Tells every operation's purpose, writing it and its reason into the operation.
pub(super) fn infer(operations: &mut [Operation]) {
    for operation in operations {
        if operation.purpose != Purpose::Other {
            // A promise has said it.
            operation.purpose_why = "a promise says so".to_owned();
            continue;
        }
        let (purpose, why) = purpose(operation);
        operation.purpose = purpose;
        operation.purpose_why = why;
    }
}

/// The words of the last segment of the path that is no parameter.
pub(crate) fn last_words(path: &str) -> Vec<String> {
    let segment = path.rsplit('/').find(|segment| !segment.is_empty() && !segment.contains('{'));
    words(segment.unwrap_or_default())
}

fn purpose(operation: &Operation) -> (Purpose, String) {
    let last = last_words(&operation.path);
    let named = words(&operation.name);
    let is = |list: &[&str]| last.iter().any(|word| list.contains(&word.as_str()));
    let joined = |list: &[&str]| is(list) || list.contains(&last.concat().as_str());
    // An operation id begins with its verb: `buyItem`, `create_order`. Later words are its object.
    let verb = |list: &[&str]| named.first().is_some_and(|word| list.contains(&word.as_str()));
    let body = operation.body.as_ref();
    let password = body.is_some_and(|body| has_field(&body.schema, Meaning::Password));
    let says = |what: &str| format!("its path and method say {what}");
    let writes = !operation.is_safe();
    let posts = operation.method == "POST";
    if writes && joined(LOGOUT) {
        return (Purpose::Logout, says("log out"));
    }
    if posts && (joined(REGISTER) || named.concat().contains("register") || named.concat().contains("signup"))
    {
        return (Purpose::Register, says("register"));
    }
    let forgotten = last
        .iter()
        .chain(&named)
        .any(|word| ["forgot", "refresh", "verify", "change", "reset", "revoke"].contains(&word.as_str()));
    if posts
        && !forgotten
        && (joined(LOGIN) || verb(&["login", "signin"]))
        && (password || body.is_none_or(|body| body.schema.properties.is_empty()))
    {
        return (
            Purpose::Login,
            if password { "it takes a password at a path for logging in".to_owned() } else { says("log in") },
        );
    }
    if posts
        && password
        && last.iter().any(|word| PEOPLE.contains(&singular(word).as_str()))
        && !operation.path.ends_with('}')
    {
        return (Purpose::Register, "it creates a user with a password".to_owned());
    }
    if writes
        && (is(RESET) || verb(RESET))
        && !last.iter().chain(&named).any(|word| word == "password" || word == "token")
    {
        return (Purpose::Reset, says("reset"));
    }
    if writes
        && (body.is_some_and(|body| body.is_multipart() && has_file(&body.schema)) || (posts && is(UPLOAD)))
    {
        return (Purpose::Upload, "it takes a file".to_owned());
    }
    if writes && operation.method != "DELETE" && (is_verb(&last, TAKE) || verb(TAKE)) {
        return (Purpose::Take, "its name is a verb of using something up".to_owned());
    }
    let ends_in_parameter = operation.path.trim_end_matches('/').ends_with('}');
    match operation.method.as_str() {
        "GET" if ends_in_parameter => (Purpose::Read, says("read one")),
        "GET" if is(SEARCH) || verb(SEARCH) || asks(operation) => {
            (Purpose::Search, "it answers what matches".to_owned())
        }
        "GET" if operation.success().is_some_and(|schema| !lists(schema)) && !is_plural(&last) => {
            (Purpose::Read, says("read"))
        }
        "GET" if is_plural(&last) || operation.success().is_some_and(lists) => (Purpose::List, says("list")),
        "GET" => (Purpose::Read, says("read")),
        "PUT" | "PATCH" => (Purpose::Update, says("change")),
        "DELETE" => (Purpose::Delete, says("remove")),
        "POST" if !ends_in_parameter => (Purpose::Create, says("create")),
        _ => (Purpose::Other, "nothing says what it is for".to_owned()),
    }
}

/// Verbs only in their bare form: `/orders` lists orders, `/order` orders.
fn is_verb(last: &[String], verbs: &[&str]) -> bool {
    last.first().is_some_and(|word| verbs.contains(&word.as_str()))
}

fn is_plural(words: &[String]) -> bool {
    words.last().is_some_and(|word| *word != singular(word))
}

fn asks(operation: &Operation) -> bool {
    let mut query = operation.parameters.iter().filter(|one| one.place == Place::Query);
    query.any(|one| {
        ["q", "query", "search", "term", "keyword"].contains(&one.name.to_ascii_lowercase().as_str())
    })
}

/// Whether a schema is a list, or an object around one.
fn lists(schema: &Schema) -> bool {
    let is_list = |schema: &Schema| schema.types != Types::ANY && schema.likely_type() == Types::ARRAY;
    is_list(schema)
        || schema.properties.iter().any(|(_, property)| is_list(property)) && schema.properties.len() <= 5
}

pub(crate) fn has_field(schema: &Schema, wanted: Meaning) -> bool {
    schema.properties.iter().any(|(name, _)| meaning(name) == wanted)
        || schema.alternatives.iter().any(|one| has_field(one, wanted))
}

fn has_file(schema: &Schema) -> bool {
    schema.properties.iter().any(|(_, property)| {
        property.format.as_deref() == Some("binary")
            || property.items.as_ref().is_some_and(|items| items.format.as_deref() == Some("binary"))
    })
}

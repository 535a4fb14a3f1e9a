//! What comes from outside: the parts of a request, as each framework gives them.

use super::call::Given;
use super::declared;
use super::extracted;
use super::known::Known;
use super::pattern;
use super::risk::{Risk, Risks};
use super::session;
use super::value::{Beside, Origin, Shape, Value};
use super::walk::{Walk, shown};
use super::web_request;
use crate::facts::syntax::{Expr, Extent, Function, Parameter, Text};
use crate::framework::Framework;
use crate::framework::web::Handler;

/// The prefix of the shape of a part of a request whose own parts are told apart.
pub(super) const FROM: &str = "from:";

/// Parts of a request by the dotted name of the request: (request, parts that are what the caller says, functions that give such a part).
const REQUESTS: &[(&str, &[&str], &[&str])] = &[
    (
        "flask.request",
        &[
            "args",
            "form",
            "values",
            "json",
            "data",
            "headers",
            "cookies",
            "files",
            "query_string",
            "url",
            "full_path",
            "path",
            "referrer",
            "view_args",
            "stream",
            "user_agent",
            "base_url",
        ],
        &["get_json", "get_data"],
    ),
    (
        "request:django",
        &[
            "GET",
            "POST",
            "body",
            "META",
            "COOKIES",
            "FILES",
            "headers",
            "data",
            "query_params",
            "path",
            "path_info",
        ],
        &["get_full_path", "build_absolute_uri", "read"],
    ),
    (
        "request:starlette",
        &["query_params", "path_params", "headers", "cookies", "url"],
        &["json", "body", "form", "stream"],
    ),
    (
        "request:aiohttp",
        &["query", "match_info", "headers", "cookies", "path", "rel_url", "url", "query_string", "path_qs"],
        &["json", "text", "post", "read"],
    ),
    (
        "request:koa",
        &[
            "query",
            "params",
            "headers",
            "header",
            "url",
            "originalUrl",
            "href",
            "path",
            "body",
            "rawBody",
            "files",
            "file",
            "cookies",
            "querystring",
            "search",
            "host",
            "hostname",
        ],
        &["get"],
    ),
    (
        "request:web",
        &["url", "headers", "cookies", "nextUrl", "body"],
        &["json", "text", "formData", "arrayBuffer"],
    ),
    ("request:next", &["params"], &[]),
    ("request:actix", &[], &["match_info", "query_string", "headers"]),
    ("request:http.server", &["path", "headers", "rfile", "requestline"], &[]),
    (
        "request:express",
        &[
            "body",
            "query",
            "params",
            "headers",
            "cookies",
            "url",
            "originalUrl",
            "path",
            "hostname",
            "rawBody",
            "raw",
            "file",
            "files",
        ],
        &["get", "header", "param", "formData"],
    ),
];

/// What an uploaded file says of itself, which is the caller's word.
const OF_AN_UPLOAD: &[&str] =
    &["filename", "originalname", "name", "mimetype", "content_type", "headers", "raw_filename"];

/// What the name of a part of an uploaded file is, when the caller does not say it.
const OF_THE_SERVER: &[&str] = &["size", "destination", "path", "content_length", "fieldname"];

/// A member of something of a library: a part of a request, when it is one.
pub(super) fn member<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    name: &str,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    if let Some(from) = dotted.strip_prefix(FROM) {
        if let Some(part) = web_request::part(walk, from, name, expr.extent) {
            return Some(part);
        }
        let method = matches!(
            name,
            "get"
                | "getlist"
                | "get_all"
                | "getall"
                | "getone"
                | "items"
                | "keys"
                | "values"
                | "to_dict"
                | "entries"
                | "read"
                | "pop"
                | "copy"
                | "dict"
                | "lower"
                | "strip"
                | "split"
                | "toString"
        );
        if method {
            let mut value = whole(walk, from, expr.extent);
            value.shape = Shape::Unknown;
            return Some(value);
        }
        return Some(field_of(walk, from, name, expr.extent));
    }
    let dotted = if dotted == "flask.globals.request" { "flask.request" } else { dotted };
    let (request, parts, calls) = REQUESTS.iter().find(|(request, _, _)| *request == dotted)?;
    // https://koajs.com/#context: most of the request is there under both names.
    if dotted == "request:koa" && matches!(name, "request" | "req" | "response") {
        return Some(Value::of(Shape::Name(Text::from(dotted))));
    }
    if dotted == "request:koa" && matches!(name, "redirect" | "throw" | "render") {
        return Some(Value::of(Shape::Name(Text::from(format!("{dotted}.{name}")))));
    }
    if walk.path_is_fixed && matches!(name, "path" | "base_url" | "path_info") {
        return Some(Value::UNKNOWN);
    }
    if parts.contains(&name) {
        return Some(of_request(walk, &format!("{request}.{name}"), expr.extent));
    }
    if calls.contains(&name) {
        return Some(Value::of(Shape::Name(Text::from(format!("calls:{request}.{name}")))));
    }
    if name == "session" && request.starts_with("request:") {
        return Some(Value::of(Shape::Name(Text::from(session::NAME))));
    }
    // What the framework itself made of it: the route, the user.
    request.starts_with("request:").then_some(Value::UNKNOWN)
}

/// A field of a part of a request.
pub(super) fn field<'a>(
    walk: &mut Walk<'_, 'a>,
    of: &Value<'a>,
    dotted: &str,
    key: &str,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    match dotted.strip_prefix(FROM) {
        Some(from) => Some(field_of(walk, from, key, expr.extent)),
        // `const { body, query } = req`
        None if of.taints.is_empty() => member(walk, dotted, key, expr),
        None => None,
    }
}

/// `request.get_json()`, `req.get("name")`.
pub(super) fn called<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    let from = dotted.strip_prefix("calls:")?;
    if let Some(name) = given
        .positional
        .first()
        .and_then(Value::text)
        .filter(|_| from.starts_with("request:express") || from == "request:koa.get")
    {
        let from = match from {
            "request:koa.get" => "request:koa.headers",
            _ if from.ends_with(".param") => "request:express.params",
            _ => "request:express.headers",
        };
        return Some(field_of(walk, from, &name.to_lowercase(), expr.extent));
    }
    if let Some(name) = web_request::named(from, given) {
        return Some(field_of(walk, from, name, expr.extent));
    }
    Some(of_request(walk, from, expr.extent))
}

/// A part of a request whose own parts are told apart.
pub(super) fn of_request<'a>(walk: &Walk<'_, 'a>, from: &str, extent: Extent) -> Value<'a> {
    let mut value = whole(walk, from, extent);
    value.shape = Shape::Name(Text::from(format!("{FROM}{from}")));
    value
}

fn field_of<'a>(walk: &Walk<'_, 'a>, from: &str, name: &str, extent: Extent) -> Value<'a> {
    if let Some(part) = web_request::part(walk, from, name, extent) {
        return part;
    }
    let is_file = from.contains(".file");
    if is_file && OF_THE_SERVER.contains(&name)
        || is_file && name == "filename" && from.starts_with("request:express")
    {
        return Value::UNKNOWN;
    }
    let what = format!("`{}`", shown(walk.file(), extent));
    let value = came_in(walk, Origin { file: walk.at(), extent, what, key: format!("{from}.{name}") });
    // `request.files["avatar"]` is a file, `.filename` of it is not.
    let names_a_file = from.ends_with(".files") || from.ends_with(".FILES");
    if is_file && (names_a_file || !OF_AN_UPLOAD.contains(&name)) {
        return upload(value, &format!("{from}.{name}"));
    }
    value
}

/// An uploaded file: what is in it, which is nobody's path or address, and its name, which is the caller's word.
pub(super) fn upload<'a>(value: Value<'a>, from: &str) -> Value<'a> {
    let mut value =
        value.without(Risks::of(&[Risk::Path, Risk::Request, Risk::Redirect, Risk::Command, Risk::Log]));
    value.shape = Shape::Name(Text::from(format!("{FROM}{from}")));
    value
}

/// Something that comes in, without the harm that it is known not to do.
pub(super) fn came_in<'a>(walk: &Walk<'_, 'a>, origin: Origin) -> Value<'a> {
    let harmless = walk.state.harmless(&origin.key);
    harmless.of_value(Value::from_outside(origin))
}

fn whole<'a>(walk: &Walk<'_, 'a>, from: &str, extent: Extent) -> Value<'a> {
    let what = format!("`{}`", shown(walk.file(), extent));
    let value = came_in(walk, Origin { file: walk.at(), extent, what, key: from.to_owned() });
    value.without(web_request::harmless(from))
}

/// What the function that answers a request is given.
pub(super) fn answering<'a>(walk: &mut Walk<'_, 'a>, handler: &Handler<'a>, function: &'a Function) {
    match handler.framework {
        Framework::Flask => {
            for parameter in named(function) {
                let value = in_path(walk, parameter);
                walk.declare(&parameter.pattern, value);
            }
        }
        Framework::FastApi => {
            for parameter in named(function) {
                let value = declared::declared(walk, parameter, 4);
                walk.declare(&parameter.pattern, value);
            }
        }
        Framework::Express | Framework::NodeHttp => {
            request_first(walk, function, ("request:express", "answer:"))
        }
        Framework::Fastify => request_first(walk, function, ("request:express", "reply:")),
        Framework::Django => {
            request_first(walk, function, ("request:django", ""));
            for parameter in named(function).skip(1) {
                let value = in_url(walk, handler, parameter);
                walk.declare(&parameter.pattern, value);
            }
        }
        Framework::Aiohttp => request_first(walk, function, ("request:aiohttp", "")),
        Framework::Koa => request_first(walk, function, ("request:koa", "")),
        Framework::NextJs if handler.path.starts_with('#') => {
            named(function).for_each(|parameter| web_request::of_action(walk, parameter));
        }
        Framework::NextJs => {
            // `pages/api` is given Node's pair, a route handler the Request of the web and what is known of the path.
            if named(function).nth(1).is_some_and(is_answer) {
                request_first(walk, function, ("request:express", "answer:"));
            } else {
                request_first(walk, function, ("request:web", "request:next"));
            }
        }
        Framework::ActixWeb | Framework::Axum => {
            for parameter in named(function) {
                let value = extracted::extracted(walk, parameter);
                walk.declare(&parameter.pattern, value);
            }
        }
        Framework::PythonHttpServer => of_http_server(walk, function, &handler.path),
    }
}

/// The parameters of a function, without the object it is called on.
pub(super) fn named(function: &Function) -> impl Iterator<Item = &Parameter> {
    let own = |parameter: &&Parameter| !matches!(parameter.pattern.dotted().as_deref(), Some("self" | "cls"));
    function.parameters.iter().filter(own)
}

/// A method of a handler of `http.server`: the object that it is called on holds the request, and its class's other methods.
fn of_http_server<'a>(walk: &mut Walk<'_, 'a>, function: &'a Function, path: &str) {
    let (Some(first), at) = (function.parameters.first(), walk.at()) else { return };
    let Some(class) = walk.index.class_of_method(function) else { return };
    let part = |name: &str| Value::of(Shape::Name(Text::from(format!("{FROM}request:http.server.{name}"))));
    let mut fields = std::collections::BTreeMap::new();
    for name in ["path", "headers", "rfile", "requestline"] {
        let mut value = whole(walk, &format!("request:http.server.{name}"), first.pattern.extent);
        value.shape = part(name).shape;
        fields.insert(Text::from(name), value);
    }
    fields.insert(Text::from("wfile"), Value::of(Shape::Name(Text::from("answer:wfile"))));
    let object = Value::of(Shape::Object(at, class, std::rc::Rc::new(fields)));
    walk.declare(&first.pattern, object);
    // A table of routes gives the parts of the path by their names.
    for parameter in named(function) {
        let name = parameter.pattern.dotted().unwrap_or_default();
        if path.contains(&format!("{{{name}}}")) {
            let value = from_parameter(walk, parameter);
            walk.declare(&parameter.pattern, value);
        }
    }
}

/// Whether a parameter is named, or typed, for the answer of Node.
fn is_answer(parameter: &Parameter) -> bool {
    let typed = parameter.annotation.as_ref().and_then(crate::facts::values::called_name);
    let name = parameter.pattern.dotted().unwrap_or_default();
    typed == Some("NextApiResponse") || matches!(name.trim_start_matches('_'), "res" | "response")
}

/// A function whose first parameter is the request.
pub(super) fn request_first<'a>(
    walk: &mut Walk<'_, 'a>,
    function: &'a Function,
    (request, answer): (&str, &str),
) {
    let value = Value::of(Shape::Name(Text::from(request)));
    if let Some(first) = named(function).next() {
        walk.declare(&first.pattern, value);
    }
    let answer = Value::of(Shape::Name(Text::from(answer)));
    if let Some(second) =
        named(function).nth(1).filter(|_| !matches!(&answer.shape, Shape::Name(name) if name.is_empty()))
    {
        walk.declare(&second.pattern, answer);
    }
}

/// A value of the path: a number where the route says so.
fn in_path<'a>(walk: &mut Walk<'_, 'a>, parameter: &'a Parameter) -> Value<'a> {
    let Some(name) = parameter.pattern.dotted() else { return Value::UNKNOWN };
    let decorators = walk.calls.last().and_then(|call| call.function).map(|function| &function.decorators);
    let text = walk.file().zip(decorators).map(|(file, decorators)| {
        decorators.iter().map(|decorator| file.text_of(decorator.extent)).collect::<String>()
    });
    let text = text.unwrap_or_default();
    let is = |converter: &str| text.contains(&format!("<{converter}:{name}>"));
    if is("int")
        || is("float")
        || is("uuid")
        || parameter.annotation.as_ref().is_some_and(declared::is_harmless)
    {
        return Value::UNKNOWN;
    }
    let value = from_parameter(walk, parameter);
    // A segment of the path holds no slash, and several begin with none:
    // https://werkzeug.palletsprojects.com/en/stable/routing/#builtin-converters
    let segment = Known { risks: Risks::of(&[Risk::Path]), marks: Beside::SEGMENT };
    if is("path") { value.marked(Beside::RELATIVE) } else { segment.of_value(value) }
}

/// A value of the path in Django, by its converter or the expression of its group
/// (<https://docs.djangoproject.com/en/5.2/topics/http/urls/#path-converters>).
fn in_url<'a>(walk: &mut Walk<'_, 'a>, handler: &Handler<'a>, parameter: &'a Parameter) -> Value<'a> {
    let name = parameter.pattern.dotted().unwrap_or_default();
    let (file, extent) = handler.registered;
    let written = walk.project.context.files.get(file).map_or("", |file| file.text_of(extent));
    let value = from_parameter(walk, parameter);
    if let Some((_, group)) = written.split_once(&format!("(?P<{name}>")) {
        return pattern::excluded(&inside(group), "", true).of_value(value);
    }
    let converter = written.split('<').skip(1).find_map(|part| {
        let (inner, _) = part.split_once('>')?;
        let (converter, of) = inner.split_once(':').unwrap_or(("str", inner));
        (of.trim() == name).then(|| converter.trim())
    });
    match converter {
        Some("int" | "uuid") => Value::UNKNOWN,
        Some("slug") => pattern::excluded("[-a-zA-Z0-9_]+", "", true).of_value(value),
        // `path`, or one of the project's own.
        Some(converter) if converter != "str" => value,
        _ => Known { risks: Risks::of(&[Risk::Path]), marks: Beside::SEGMENT }.of_value(value),
    }
}

/// What stands inside a group, up to the bracket that closes it.
fn inside(group: &str) -> String {
    let (mut depth, mut inner, mut escaped) = (0_usize, String::new(), false);
    for letter in group.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            _ => {}
        }
        inner.push(letter);
    }
    inner
}

pub(super) fn from_parameter<'a>(walk: &Walk<'_, 'a>, parameter: &'a Parameter) -> Value<'a> {
    let name = parameter.pattern.dotted().unwrap_or_default();
    let origin = Origin {
        file: walk.at(),
        extent: parameter.pattern.extent,
        what: format!("`{name}`"),
        key: format!("parameter.{name}"),
    };
    came_in(walk, origin)
}

/// What a text that is known to stand before takes out of what follows it: behind a host, nobody chooses the host.
pub(super) fn fixed_by(before: &str) -> Risks {
    let after_scheme = before.split_once("://").map(|(_, rest)| rest);
    if after_scheme.is_some_and(|rest| rest.contains(['/', '?', '#'])) {
        return Risks::of(&[Risk::Request, Risk::Redirect]);
    }
    // A path of this server; two slashes would begin a host.
    let own_path = before.starts_with('/') && !before.starts_with("//") && before.len() > 1;
    if own_path || before.starts_with('?') || before.starts_with('#') {
        return Risks::of(&[Risk::Redirect]);
    }
    Risks::NONE
}

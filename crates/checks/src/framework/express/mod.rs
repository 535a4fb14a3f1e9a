//! Express: verbs of applications and routers, `route(..)` chains, and `use` with routers
//! (<https://expressjs.com/en/5x/api.html#router>).
//!
//! Files that `express.static` serves are no routes of the program.

mod mounts;

use seaworthy_core::surface::{Input, InputKind, InputPlace};

pub(super) use self::mounts::each;

use super::inputs::{Carried, Carries, Reader, Scope};
use super::origins::anonymous;
use super::path;
use super::project::{ExprAt, FunctionAt, Place, Project, within};
use super::routing::{Answering, Framework, Routing};
use super::schema;
use super::web::{Guard, Reach};
use crate::facts::nodes::{Around, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Function};
use crate::facts::values::called_name;
use crate::language::Language;

/// What registers a route, and its method.
const VERBS: &[(&str, &str)] = &[
    ("get", "GET"),
    ("post", "POST"),
    ("put", "PUT"),
    ("delete", "DELETE"),
    ("patch", "PATCH"),
    ("head", "HEAD"),
    ("options", "OPTIONS"),
    ("all", "*"),
];

/// Notes applications and routers.
pub(super) fn objects(routing: &mut Routing<'_>) {
    for (at, file) in scripts(routing) {
        each_node(&file.syntax, &mut |node, _| {
            if let Some(expr) = node.expr()
                && let Some(is_root) = expr.call().and_then(|call| makes(file, call))
            {
                let place = anonymous(at, expr);
                routing.object(place, Framework::Express, is_root, Some(String::new()), (at, expr.extent));
            }
            true
        });
    }
}

fn scripts<'a>(routing: &Routing<'a>) -> Vec<(usize, &'a SourceFile)> {
    let is_script = |language| matches!(language, Language::JavaScript | Language::TypeScript);
    routing.project.files().filter(|(_, file)| is_script(file.language)).collect()
}

/// Whether a call makes an application (true) or a router (false).
fn makes(file: &SourceFile, call: &Call) -> Option<bool> {
    match file.resolve(&call.callee)?.as_str() {
        "express" | "express.default" | "express.express" => Some(true),
        "express.Router" | "express.default.Router" => Some(false),
        "express-promise-router" | "router" if call.arguments.is_empty() => Some(false),
        _ => None,
    }
}

/// Notes routes and mounts.
pub(super) fn read(routing: &mut Routing<'_>) {
    for (at, file) in scripts(routing) {
        each_node(&file.syntax, &mut |node, around| {
            let Some((expr, call)) = node.expr().and_then(|expr| Some((expr, expr.call()?))) else {
                return true;
            };
            if let ExprKind::Index { object, .. } = &call.callee.kind
                && !on(routing, at, around, chain(object).0).is_empty()
            {
                routing.unread(at, expr.extent, "the method of this route is told at run time");
            }
            if let ExprKind::Member { object, name, .. } = &call.callee.kind {
                if name == "use" {
                    mounts::used(routing, at, around, expr, call);
                } else if let Some((_, method)) = VERBS.iter().find(|(verb, _)| verb == name) {
                    verb(routing, at, around, expr, object, call, method);
                }
            }
            true
        });
    }
}

/// The object at the beginning of a chain of calls, and the path of a `route(..)` in it.
fn chain(expr: &Expr) -> (&Expr, Option<&Expr>) {
    let mut at = expr;
    while let ExprKind::Call(call) = &at.kind {
        let ExprKind::Member { object, name, .. } = &call.callee.kind else { break };
        if name == "route" {
            return (chain(object).0, call.arguments.first().map(|argument| &argument.value));
        }
        let continues = name == "use" || name == "set" || VERBS.iter().any(|(verb, _)| verb == name);
        if !continues {
            break;
        }
        at = object;
    }
    (at, None)
}

fn on<'a>(routing: &Routing<'a>, at: usize, around: Around<'a, '_>, object: &'a Expr) -> Vec<Place> {
    routing.objects_of(Framework::Express, at, &within(around), object)
}

fn verb<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    whole: &'a Expr,
    object: &'a Expr,
    call: &'a Call,
    method: &str,
) {
    let (object, path_of_route) = chain(object);
    let mut handlers: Vec<&'a Expr> = call.arguments.iter().map(|argument| &argument.value).collect();
    if path_of_route.is_none() && handlers.len() < 2 {
        // `app.get("setting")`.
        return;
    }
    let path = path_of_route.unwrap_or_else(|| handlers.remove(0));
    let on = on(routing, at, around, object);
    if on.is_empty() {
        // Of another framework, or of nobody's.
        if looks_like_route(path, &handlers) && routing.objects(at, around, object).is_empty() {
            routing.unread(
                at,
                whole.extent,
                "a route of something that could not be recognised as an application or router",
            );
            unplaced(routing, (at, around), (whole, call), (method, path), &handlers);
        }
        return;
    }
    let Some(written) = mounts::paths(routing.project, &(at, within(around), path)) else {
        routing.unread(at, whole.extent, "the path of this route is not written as text");
        return;
    };
    let written_at = (at, call_extent(whole, call));
    let handlers: Vec<ExprAt<'a>> = handlers
        .iter()
        .flat_map(|handler| mounts::each(routing.project, &(at, within(around), *handler)))
        .collect();
    let Some((last, before)) = handlers.split_last() else { return };
    let function = routing.project.answering(last.0, &last.1, last.2);
    if method == "*" && function.is_some_and(hands_on) {
        return asked_first(routing, &on, written_at, &written, &handlers);
    }
    let mut read = function.map(|function| inputs_of(routing.project, function)).unwrap_or_default();
    read.extend(handlers.iter().filter_map(|(_, _, handler)| upload(handler)));
    before.iter().for_each(|one| validated(routing.project, one, &mut read));
    let guards: Vec<Guard<'a>> =
        before.iter().map(|expr| mounts::guard(routing, expr, Reach::Route)).collect();
    for written in written {
        let Some(patterns) = path::express_all(&written) else {
            routing.unread(at, whole.extent, "the path of this route has parts that are not one value each");
            continue;
        };
        let answering = Answering { function, guards: guards.clone() };
        routing.register_each(&on, written_at, method, (&patterns, &read), &answering);
    }
}

/// A function that answers for something that could not be told, with the path as it is written.
fn unplaced<'a>(
    routing: &mut Routing<'a>,
    (at, around): (usize, Around<'a, '_>),
    (whole, call): (&Expr, &Call),
    (method, path): (&str, &Expr),
    handlers: &[&'a Expr],
) {
    let handlers: Vec<ExprAt<'a>> = handlers
        .iter()
        .flat_map(|handler| mounts::each(routing.project, &(at, within(around), *handler)))
        .collect();
    let Some((last, before)) = handlers.split_last() else { return };
    let function = routing.project.answering(last.0, &last.1, last.2);
    let guards = before.iter().map(|expr| mounts::guard(routing, expr, Reach::Route)).collect();
    let registered = (at, call_extent(whole, call));
    let written = path.string().unwrap_or_default();
    routing.unplaced(Framework::Express, registered, (method, written), Answering { function, guards });
}

/// Whether a function hands a request on to what comes after it.
fn hands_on((_, function): FunctionAt<'_>) -> bool {
    let Some(next) = function.parameters.get(2).and_then(|third| third.pattern.dotted()) else {
        return false;
    };
    let mut called = false;
    each_in_body(&function.body, &mut |node, _| {
        called |=
            node.expr().and_then(Expr::call).is_some_and(|call| call.callee.dotted().as_ref() == Some(&next));
        !called
    });
    called
}

/// `app.all("/admin/*", requireAuth)`: nothing is answered there, but what comes below is asked first.
fn asked_first<'a>(
    routing: &mut Routing<'a>,
    on: &[Place],
    at: (usize, Extent),
    paths: &[String],
    handlers: &[ExprAt<'a>],
) {
    for below in paths.iter().filter_map(|text| path::express(text)) {
        let below = below.path.trim_end_matches("{rest}").trim_end_matches('/').to_owned();
        for place in on {
            for handler in handlers {
                let guard = mounts::guard(routing, handler, Reach::Router);
                routing.guard(place, at, Some(below.clone()).filter(|below| !below.is_empty()), guard);
            }
        }
    }
}

/// Where a link of a chain stands: its name, since all links begin at the same place.
fn call_extent(whole: &Expr, call: &Call) -> Extent {
    Extent { start: call.callee.extent.end.max(whole.extent.start), end: whole.extent.end }
}

/// Something unknown whose `get("/path", (req, res) => ..)` can hardly be anything else than a route.
fn looks_like_route(path: &Expr, handlers: &[&Expr]) -> bool {
    let path_like = match path.string() {
        Some(text) => text.starts_with('/'),
        None => !matches!(path.kind, ExprKind::Function(_) | ExprKind::Record { .. } | ExprKind::Literal(_)),
    };
    path_like && handlers.last().is_some_and(|last| {
        let names = |function: &Function| {
            let first = function.parameters.first().and_then(|parameter| parameter.pattern.dotted());
            matches!(first.as_deref(), Some("req" | "request" | "_req")) || path.string().is_some() && first.as_deref() == Some("_")
        };
        matches!(&last.kind, ExprKind::Function(function) if names(function) && function.parameters.len() >= 2)
    })
}

/// `validate(schema)` before a handler: the fields that a body, or a query, has to have.
fn validated<'a>(project: &Project<'a>, (at, within, expr): &ExprAt<'a>, read: &mut Vec<Input>) {
    let Some(call) = expr.call() else { return };
    let name = called_name(&call.callee).unwrap_or_default().to_lowercase();
    if !name.contains("valid") || name.contains("param") {
        return;
    }
    let place = if name.contains("query") { InputPlace::Query } else { InputPlace::Json };
    for argument in &call.arguments {
        let parts = schema::parts(project, *at, within, &argument.value);
        if parts.is_empty() {
            schema::add(read, place, schema::fields(project, *at, within, &argument.value));
        }
        // A schema of the whole request has one for each of its places.
        for (name, (at, within, schema)) in parts {
            let Some(place) = part(&name).filter(|place| *place != InputPlace::Path) else { continue };
            schema::add(read, place, schema::fields(project, at, &within, schema));
        }
    }
}

/// `upload.single("avatar")` of multer (<https://github.com/expressjs/multer#usage>).
fn upload(handler: &Expr) -> Option<Input> {
    let call = handler.call()?;
    let one = matches!(called_name(&call.callee)?, "single" | "array");
    let name = call.arguments.first()?.value.string().filter(|_| one)?;
    Some(Input { name: name.to_owned(), place: InputPlace::File, kind: InputKind::Unknown, required: false })
}

pub(super) fn inputs_of<'a>(project: &Project<'a>, (at, function): FunctionAt<'a>) -> Vec<Input> {
    let mut carries = Carries::new();
    if let Some(first) = function.parameters.first() {
        match &first.pattern.kind {
            ExprKind::Name(name) => {
                carries.insert(name.to_string(), Carried::Request);
            }
            // `({ body, query }, res) => ..`
            ExprKind::Record { entries, .. } => {
                for (key, value) in entries {
                    let place = key.as_ref().and_then(Expr::string).and_then(part);
                    if let (Some(place), Some(local)) = (place, value.dotted()) {
                        carries.insert(local, Carried::Place(place));
                    }
                }
            }
            _ => {}
        }
    }
    Reader::new(project, carrier, single).inputs_of((at, function), carries)
}

fn part(name: &str) -> Option<InputPlace> {
    Some(match name {
        "body" => InputPlace::Json,
        "query" => InputPlace::Query,
        "params" => InputPlace::Path,
        "headers" => InputPlace::Header,
        "cookies" | "signedCookies" => InputPlace::Cookie,
        "files" => InputPlace::File,
        _ => return None,
    })
}

fn is_request(scope: &Scope<'_>, expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Name(name) if scope.carries.get(name.as_str()) == Some(&Carried::Request))
}

/// `req.body` and the like.
fn carrier<'a>(_: &Reader<'_, 'a>, scope: &Scope<'a>, expr: &'a Expr) -> Option<InputPlace> {
    match &expr.kind {
        ExprKind::Member { object, name, .. } if is_request(scope, object) => part(name),
        _ => None,
    }
}

/// `req.get("Name")`, `req.header("Name")`.
fn single<'a>(scope: &Scope<'a>, expr: &'a Expr) -> Option<(String, InputPlace)> {
    let call = expr.call()?;
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    let header = matches!(name.as_str(), "get" | "header") && is_request(scope, object);
    let name = call.arguments.first()?.value.string().filter(|_| header)?;
    Some((name.to_lowercase(), InputPlace::Header))
}

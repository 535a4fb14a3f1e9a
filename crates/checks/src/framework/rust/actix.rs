//! actix-web 4: <https://docs.rs/actix-web/4/actix_web/struct.App.html>.
//!
//! What wraps an application, a scope or a resource stands before all of it, whenever it is added; what is added last stands outermost.

use super::build::{Build, Built, Dialect, Entry, Scope, Step};
use super::layers::layers;
use crate::facts::syntax::{Call, Expr, ExprKind};
use crate::facts::values::called_name;
use crate::framework::path;
use crate::framework::project::{FunctionAt, STEPS};
use crate::framework::routing::Framework;
use crate::framework::web::{Guard, Reach};
use crate::framework::words::text_within;

/// How actix-web builds.
pub(super) const DIALECT: Dialect = Dialect {
    framework: Framework::ActixWeb,
    package: "actix_web",
    made,
    step,
    path: below,
    types: &["App", "Scope", "Resource", "ServiceConfig", "HttpServiceFactory"],
    adds: &["service", "route", "configure", "default_service", "wrap", "wrap_fn"],
};

/// What makes a route that answers one method, and the attributes of functions of the same names.
const METHODS: &[(&str, &str)] = &[
    ("get", "GET"),
    ("post", "POST"),
    ("put", "PUT"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
    ("head", "HEAD"),
    ("options", "OPTIONS"),
    ("trace", "TRACE"),
    ("connect", "CONNECT"),
];

/// Methods of what is built that leave its routes as they are.
const KEEPS: &[&str] = &[
    "app_data",
    "data",
    "guard",
    "name",
    "external_resource",
    "into_factory",
    "register_data",
    "add_guards",
];

fn made<'a>(
    build: &mut Build<'_, 'a>,
    scope: &mut Scope<'a>,
    (of, last): (&str, &str),
    call: &'a Call,
) -> Option<Built<'a>> {
    let method = METHODS.iter().find(|(name, _)| *name == last).map(|(_, method)| *method);
    let at = (scope.at, call.callee.extent);
    let one = |method: &str| {
        let (method, path) = (method.to_owned(), String::new());
        let entry = Entry { method, path, at, function: None, guards: Vec::new(), is_fallback: false };
        Built { entries: vec![entry], is_one: true, ..Built::default() }
    };
    match (of, last) {
        ("App", "new") => Some(Built::default()),
        ("web" | "Scope" | "Resource", "scope" | "resource" | "new") => {
            let path = call.arguments.first().map(|given| &given.value)?;
            // `web::resource(["/a", "/b"])` answers several.
            let written = text_within(build.routing.project, scope.at, &scope.within, path);
            if written.is_none() {
                build.unread(scope, path.extent, "this path is not written as text");
            }
            let prefix = plain(&written?);
            Some(Built { prefix, ..Built::default() })
        }
        ("web", "route") => Some(one("*")),
        ("web", "to") => Some(answered(build, scope, one("*"), call)),
        ("web", "method") => {
            let written = call.arguments.first().and_then(|given| called_name(&given.value));
            Some(one(written.unwrap_or("*")))
        }
        ("web", _) => method.map(one),
        _ => None,
    }
}

/// `web::get().to(list)`.
fn answered<'a>(
    build: &mut Build<'_, 'a>,
    scope: &Scope<'a>,
    mut built: Built<'a>,
    call: &'a Call,
) -> Built<'a> {
    let Some(answer) = call.arguments.first().map(|given| &given.value) else { return built };
    let function = build.routing.project.answering(scope.at, &scope.within, answer);
    if function.is_none() && !build.is_of_library(scope, answer) {
        build.unread(scope, answer.extent, "the function that answers this route could not be found");
    }
    for entry in &mut built.entries {
        (entry.function, entry.at) = (function, (scope.at, answer.extent));
    }
    built
}

fn step<'a>(
    build: &mut Build<'_, 'a>,
    scope: &mut Scope<'a>,
    mut built: Built<'a>,
    step: Step<'a>,
) -> Built<'a> {
    let Step { name, expr, call } = step;
    let first = call.arguments.first().map(|given| &given.value);
    let second = call.arguments.get(1).map(|given| &given.value);
    match (name, first, second) {
        ("service", Some(given), _) => service(build, scope, &mut built, given),
        ("route", Some(path), Some(answers)) => {
            let inside = build.eval(scope, answers);
            let written = text_within(build.routing.project, scope.at, &scope.within, path);
            let (Some(inside), Some(path)) = (inside, written) else {
                build.unread(scope, call.callee.extent, "this route could not be followed");
                return built;
            };
            let placed = Built { prefix: plain(&path), ..inside };
            built.entries.extend(placed.placed(below));
        }
        // Of a resource: `web::resource("/x").route(web::get().to(list))`.
        ("route", Some(answers), None) => {
            let inside = build.eval(scope, answers);
            if inside.is_none() && !build.is_of_library(scope, answers) {
                build.unread(scope, answers.extent, "this route could not be followed");
            }
            built.entries.extend(inside.into_iter().flat_map(|inside| inside.placed(below)));
        }
        ("to", Some(answer), _) if !built.is_one => {
            let at = (scope.at, answer.extent);
            let (method, path) = ("*".to_owned(), String::new());
            let entry = Entry { method, path, at, function: None, guards: Vec::new(), is_fallback: false };
            let one = Built { entries: vec![entry], is_one: true, ..Built::default() };
            let one = answered(build, scope, one, call);
            built.entries.extend(one.entries);
        }
        ("to", Some(_), _) => return answered(build, scope, built, call),
        ("method", Some(method), _) => {
            let named = called_name(method).unwrap_or("*");
            built.entries.iter_mut().for_each(|entry| named.clone_into(&mut entry.method));
        }
        ("configure", Some(by), _) => return configured(build, scope, built, by),
        ("default_service", Some(answers), _) => {
            let inside = build.eval(scope, answers);
            if inside.is_none() && !build.is_of_library(scope, answers) {
                build.unread(scope, answers.extent, "what answers here could not be followed");
            }
            let entries = inside.into_iter().flat_map(|inside| inside.entries);
            let anything = |entry| Entry { path: "/{rest}".to_owned(), is_fallback: true, ..entry };
            built.entries.extend(entries.map(anything));
        }
        ("wrap", Some(layer), _) => {
            let guards = layers(build.routing, (scope.at, &scope.within), layer, reach_of(&built));
            built.guards.splice(0..0, guards);
        }
        // `wrap_fn(|request, service| ..)`: the closure is the middleware.
        ("wrap_fn", Some(by), _) => {
            let function = build.routing.project.answering(scope.at, &scope.within, by);
            let (file, option, reach) = (scope.at, None, reach_of(&built));
            built.guards.insert(0, Guard { file, expr: by, option, function, reach });
        }
        _ if KEEPS.contains(&name) => {}
        _ => build.unread(scope, expr.extent, "what this does to the routes before it is not known"),
    }
    built
}

/// Before how much what wraps this stands.
fn reach_of(built: &Built<'_>) -> Reach {
    match (built.is_one, built.prefix.is_empty()) {
        (true, _) => Reach::Route,
        (false, true) => Reach::Application,
        (false, false) => Reach::Router,
    }
}

/// `.service(x)`: a function with an attribute, a scope, a resource, or several.
fn service<'a>(build: &mut Build<'_, 'a>, scope: &mut Scope<'a>, built: &mut Built<'a>, given: &'a Expr) {
    let several = match &given.kind {
        ExprKind::Call(call) if called_name(&call.callee) == Some("services") => {
            Some(call.arguments.iter().map(|given| &given.value).collect::<Vec<_>>())
        }
        ExprKind::Sequence { items, .. } => Some(items.iter().collect()),
        _ => None,
    };
    if let Some(several) = several {
        return several.into_iter().for_each(|one| service(build, scope, built, one));
    }
    if let Some(inside) = build.eval(scope, given) {
        let guards = |guard: &mut Guard<'a>| guard.reach = guard.reach.max(Reach::Router);
        let mut placed = inside.placed(below);
        placed.iter_mut().for_each(|entry| entry.guards.iter_mut().for_each(guards));
        built.entries.extend(placed);
        return;
    }
    let named = matches!(given.kind, ExprKind::Name(_) | ExprKind::Member { .. });
    let function =
        build.routing.project.function_within(scope.at, &scope.within, given, STEPS).filter(|_| named);
    let entries = function.map(|function| by_attributes(build, function)).unwrap_or_default();
    if entries.is_empty() && !build.is_of_library(scope, given) {
        build.unread(scope, given.extent, "what is added here could not be followed");
    }
    built.entries.extend(entries);
}

/// `#[get("/notes/{id}", wrap = "auth")]`, `#[route("/notes", method = "GET", method = "HEAD")]`.
fn by_attributes<'a>(build: &mut Build<'_, 'a>, (at, function): FunctionAt<'a>) -> Vec<Entry<'a>> {
    let mut found = Vec::new();
    for call in function.decorators.iter().filter_map(Expr::call) {
        let name = called_name(&call.callee).unwrap_or_default();
        let mut methods: Vec<&str> =
            METHODS.iter().filter(|(known, _)| *known == name).map(|(_, method)| *method).collect();
        if name == "route" {
            let named = call.arguments.iter().filter(|given| given.name.as_deref() == Some("method"));
            methods.extend(named.filter_map(|given| given.value.string()));
        }
        let path = call.arguments.first().filter(|given| given.name.is_none()).map(|given| &given.value);
        let Some(path) = path.filter(|_| !methods.is_empty()) else { continue };
        let Some(path) = text_within(build.routing.project, at, &[], path) else {
            build.routing.unread(at, path.extent, "the path of this route is not written as text");
            continue;
        };
        let wraps = call.arguments.iter().filter(|given| given.name.as_deref() == Some("wrap"));
        let guard = |expr: &'a Expr| {
            let (option, function, reach) = (Some("wrap"), None, Reach::Route);
            Guard { file: at, expr, option, function, reach }
        };
        let guards: Vec<Guard<'a>> = wraps.map(|given| guard(&given.value)).collect();
        found.extend(methods.into_iter().map(|method| Entry {
            method: method.to_owned(),
            path: plain(&path),
            at: (at, call.callee.extent),
            function: Some((at, function)),
            guards: guards.clone(),
            is_fallback: false,
        }));
    }
    found
}

/// `.configure(routes)`: what a function of the project adds.
fn configured<'a>(
    build: &mut Build<'_, 'a>,
    scope: &Scope<'a>,
    mut built: Built<'a>,
    by: &'a Expr,
) -> Built<'a> {
    let project = build.routing.project;
    let Some(function) = project.answering(scope.at, &scope.within, by) else {
        build.unread(scope, by.extent, "what is added here could not be followed");
        return built;
    };
    let (value, after) = build.run(function, vec![Some(Built::default())]);
    let added = after.into_iter().next().flatten().or(value);
    built.entries.extend(added.into_iter().flat_map(|added| added.placed(below)));
    built
}

/// A path below another: one after the other, with a slash before what has none (`ResourceDef` of actix-router).
fn below(prefix: &str, path: &str) -> String {
    let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
    format!("{prefix}{slash}{path}")
}

/// `/files/{tail:.*}` as `/files/{tail}`.
fn plain(path: &str) -> String {
    path::aiohttp(path).path
}

//! axum, in the spelling of 0.7 and of 0.8: <https://docs.rs/axum/latest/axum/struct.Router.html>.
//!
//! A layer stands before the routes that were added before it. `OpenApiRouter` of utoipa-axum is read as the `Router` that it wraps.

use super::build::{Build, Built, Dialect, Entry, Scope, Step, base};
use super::layers::layers;
use crate::facts::nodes::each_in_expr;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Extent};
use crate::facts::values::called_name;
use crate::framework::path::join;
use crate::framework::project::FunctionAt;
use crate::framework::routing::Framework;
use crate::framework::web::{Guard, Reach};
use crate::framework::words::text_within;

/// How axum builds.
pub(super) const DIALECT: Dialect = Dialect {
    framework: Framework::Axum,
    package: "axum",
    made,
    step,
    path: |_, path| path.to_owned(),
    types: &["Router", "MethodRouter", "OpenApiRouter"],
    adds: &[
        "route",
        "api_route",
        "nest",
        "nest_api_service",
        "nest_service",
        "route_service",
        "merge",
        "routes",
        "layer",
        "route_layer",
        "fallback",
        "fallback_service",
    ],
};

/// What makes a router of one path, and the method that it answers; `any` answers each, `on` those that it is given.
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
    ("any", "*"),
];

/// Said of what answers a path and cannot be found.
const UNFOLLOWED: &str = "what answers here could not be followed";
/// The path of what answers everything that nothing else does.
const ANYTHING: &str = "/{rest}";

/// Methods of a router that leave its routes as they are.
const KEEPS: &[&str] = &[
    "with_state",
    "into_make_service",
    "into_make_service_with_connect_info",
    "into_service",
    "boxed_clone",
    "clone",
    "unwrap",
    "expect",
    "without_v07_checks",
    "method_not_allowed_fallback",
    "reset_fallback",
    "split_for_parts",
    "as_service",
    "to_owned",
    "into",
];

fn made<'a>(
    build: &mut Build<'_, 'a>,
    scope: &mut Scope<'a>,
    (of, last): (&str, &str),
    call: &'a Call,
) -> Option<Built<'a>> {
    match (of, last) {
        ("Router", "new" | "default") | ("OpenApiRouter", "new" | "default" | "with_openapi") => {
            Some(Built::default())
        }
        ("MethodRouter", "new" | "default") => Some(Built { is_one: true, ..Built::default() }),
        // `routes!(list, create)` of utoipa-axum: the attributes of the functions say where.
        (_, "routes") if call.style == CallStyle::Macro => Some(documented(build, scope, call)),
        _ => {
            let is_routing = of == "routing" || of.is_empty() && takes_all_of_routing(build, scope);
            let known =
                METHODS.iter().any(|(name, _)| *name == last || last.strip_suffix("_service") == Some(name));
            let one = is_routing
                && (known || matches!(last, "on" | "on_service"))
                && call.style == CallStyle::Plain;
            one.then(|| answers(build, scope, Built { is_one: true, ..Built::default() }, (last, call)))
        }
    }
}

/// Whether a file has `use axum::routing::*`.
fn takes_all_of_routing(build: &Build<'_, '_>, scope: &Scope<'_>) -> bool {
    let file = build.routing.project.file(scope.at);
    file.is_some_and(|file| {
        file.imports.iter().any(|fact| fact.import.star && fact.import.module == "axum::routing")
    })
}

/// `get(list)`, `.post(create)`, `on(MethodFilter::GET, list)`: one more method of a path.
fn answers<'a>(
    build: &mut Build<'_, 'a>,
    scope: &mut Scope<'a>,
    mut built: Built<'a>,
    (name, call): (&str, &'a Call),
) -> Built<'a> {
    let plain = name.strip_suffix("_service").unwrap_or(name);
    let methods: Vec<String> = match METHODS.iter().find(|(known, _)| *known == plain) {
        Some((_, method)) => vec![(*method).to_owned()],
        None => call.arguments.first().map(|filter| filtered(&filter.value)).unwrap_or_default(),
    };
    let Some(answer) = call.arguments.last().map(|given| &given.value) else { return built };
    let is_service = name.ends_with("_service");
    let (function, guards) = if is_service { (None, Vec::new()) } else { answering(build, scope, answer) };
    if function.is_none() && !is_service && !build.is_of_library(scope, answer) {
        build.unread(scope, answer.extent, "the function that answers this route could not be found");
    }
    for method in methods {
        let guards = guards.clone();
        let at = (scope.at, answer.extent);
        built.entries.push(Entry { method, path: String::new(), at, function, guards, is_fallback: false });
    }
    built
}

/// The function that answers, and the layers that it has by itself: `list.layer(..)`.
fn answering<'a>(
    build: &Build<'_, 'a>,
    scope: &Scope<'a>,
    answer: &'a Expr,
) -> (Option<FunctionAt<'a>>, Vec<Guard<'a>>) {
    if let ExprKind::Call(call) = &answer.kind
        && let ExprKind::Member { object, name, .. } = &call.callee.kind
        && matches!(name.as_str(), "layer" | "with_state")
    {
        let (function, mut guards) = answering(build, scope, object);
        if name == "layer" {
            guards.splice(0..0, given_layers(build, scope, call, Reach::Route));
        }
        return (function, guards);
    }
    (build.routing.project.answering(scope.at, &scope.within, answer), Vec::new())
}

/// `MethodFilter::GET.or(MethodFilter::POST)`, `MethodFilter::GET | MethodFilter::POST`.
fn filtered(filter: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    each_in_expr(filter, &mut |node, _| {
        if let Some(ExprKind::Member { object, name, .. }) = node.expr().map(|expr| &expr.kind)
            && called_name(object) == Some("MethodFilter")
        {
            found.push(name.to_string());
        }
        true
    });
    found
}

/// `routes!(list, create)`: each by its `#[utoipa::path(get, path = "/notes")]`.
fn documented<'a>(build: &mut Build<'_, 'a>, scope: &mut Scope<'a>, call: &'a Call) -> Built<'a> {
    let mut built = Built::default();
    for given in &call.arguments {
        let function = build.routing.project.answering(scope.at, &scope.within, &given.value);
        let documented = function.and_then(|(_, function)| {
            function
                .decorators
                .iter()
                .filter_map(Expr::call)
                .find(|one| called_name(&one.callee) == Some("path"))
        });
        let path = documented.and_then(|one| {
            one.arguments.iter().find(|given| given.name.as_deref() == Some("path"))?.value.string()
        });
        let method = documented.and_then(|one| {
            let named = one.arguments.iter().filter_map(|given| called_name(&given.value));
            named.into_iter().find_map(|name| METHODS.iter().find(|(known, _)| *known == name))
        });
        let (Some(path), Some((_, method))) = (path, method) else {
            let why = "what this function answers is not written in its `#[utoipa::path(..)]` as text";
            build.unread(scope, given.value.extent, why);
            continue;
        };
        built.entries.push(Entry {
            method: (*method).to_owned(),
            path: plain(path),
            at: (scope.at, given.value.extent),
            function,
            guards: Vec::new(),
            is_fallback: false,
        });
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
        ("route" | "api_route", Some(path), Some(answers)) => {
            let one = build.eval(scope, answers);
            add(build, scope, &mut built, (answers, path, one));
        }
        ("nest_service" | "route_service", Some(path), Some(inner)) => {
            let inside = served(build, scope, inner);
            add(build, scope, &mut built, (inner, path, inside));
        }
        ("nest" | "nest_api_service", Some(path), Some(inner)) => {
            let inside = build.eval(scope, inner);
            add(build, scope, &mut built, (inner, path, inside));
        }
        ("merge", Some(inner), _) => match build.eval(scope, inner) {
            Some(inside) => built.entries.extend(inside.entries.into_iter().map(below)),
            None if build.is_of_library(scope, inner) => {}
            None => build.unread(scope, inner.extent, "the router that is merged here could not be followed"),
        },
        ("routes", Some(inner), _) => {
            let inside = build.eval(scope, inner);
            built.entries.extend(inside.into_iter().flat_map(|inside| inside.entries));
        }
        ("layer" | "route_layer", Some(_), _) => {
            let reach = if built.is_one { Reach::Route } else { Reach::Application };
            let guards = given_layers(build, scope, call, reach);
            for entry in built.entries.iter_mut().filter(|entry| name == "layer" || !entry.is_fallback) {
                entry.guards.splice(0..0, guards.iter().cloned());
            }
        }
        ("fallback", Some(answer), _) => {
            let path = if built.is_one { "" } else { ANYTHING }.to_owned();
            let (function, guards) = answering(build, scope, answer);
            let (method, at) = ("*".to_owned(), (scope.at, answer.extent));
            built.entries.push(Entry { method, path, at, function, guards, is_fallback: true });
        }
        ("fallback_service", Some(inner), _) if !built.is_one => otherwise(build, scope, &mut built, inner),
        _ if METHODS.iter().any(|(known, _)| *known == name)
            || name == "on"
            || name.ends_with("_service") && built.is_one =>
        {
            return answers(build, scope, built, (name, call));
        }
        _ if KEEPS.contains(&name) => {}
        _ => build.unread(scope, end_of(expr, call), "what this does to the routes before it is not known"),
    }
    built
}

/// What a service is that stands for other routes or one function, also under a name.
fn served<'a>(build: &mut Build<'_, 'a>, scope: &mut Scope<'a>, service: &'a Expr) -> Option<Built<'a>> {
    if let Some(built) = wrapped(build, scope, service) {
        return Some(built);
    }
    let built = build.eval(scope, service);
    let made = build.made(scope, service);
    if built.is_some() || std::ptr::eq(made, service) { built } else { wrapped(build, scope, made) }
}

/// `service_fn(f)`, `f.into_service()`, `ServiceBuilder::new().layer(..).service(router)`.
fn wrapped<'a>(build: &mut Build<'_, 'a>, scope: &mut Scope<'a>, service: &'a Expr) -> Option<Built<'a>> {
    let call = service.call()?;
    let given = call.arguments.last().map(|given| &given.value);
    match (&call.callee.kind, called_name(&call.callee)?, given) {
        (_, "service_fn", Some(answer)) => one(build, scope, answer),
        (ExprKind::Member { object, .. }, "into_service", None) => one(build, scope, object),
        (ExprKind::Member { object, .. }, "service", Some(inner)) if build.is_of_library(scope, object) => {
            let mut inside = served(build, scope, inner)?;
            let before = layers(build.routing, (scope.at, &scope.within), object, Reach::Router);
            for entry in &mut inside.entries {
                entry.guards.splice(0..0, before.iter().cloned());
            }
            Some(inside)
        }
        _ => None,
    }
}

/// A service that is one function, for any method.
fn one<'a>(build: &Build<'_, 'a>, scope: &Scope<'a>, answer: &'a Expr) -> Option<Built<'a>> {
    let (function, guards) = answering(build, scope, answer);
    let (method, path, at) = ("*".to_owned(), String::new(), (scope.at, answer.extent));
    let entry = Entry { method, path, at, function: Some(function?), guards, is_fallback: false };
    Some(Built { entries: vec![entry], is_one: true, ..Built::default() })
}

/// A service for everything that nothing else answers: the routes of a router keep their paths.
fn otherwise<'a>(build: &mut Build<'_, 'a>, scope: &mut Scope<'a>, built: &mut Built<'a>, service: &'a Expr) {
    match served(build, scope, service) {
        Some(inside) if inside.is_one => {
            let anything = |entry| Entry { path: ANYTHING.to_owned(), is_fallback: true, ..below(entry) };
            built.entries.extend(inside.entries.into_iter().map(anything));
        }
        Some(inside) => built.entries.extend(inside.entries.into_iter().map(below)),
        None if build.is_of_library(scope, service) => {}
        None => build.unread(scope, service.extent, UNFOLLOWED),
    }
}

/// Adds what answers a path, or lies below it.
fn add<'a>(
    build: &mut Build<'_, 'a>,
    scope: &Scope<'a>,
    built: &mut Built<'a>,
    (whole, path, inside): (&'a Expr, &'a Expr, Option<Built<'a>>),
) {
    let Some(inside) = inside else {
        if !build.is_of_library(scope, whole) {
            build.unread(scope, whole.extent, UNFOLLOWED);
        }
        return;
    };
    let Some(prefix) = text_within(build.routing.project, scope.at, &scope.within, path) else {
        return build.unread(scope, path.extent, "this path is not written as text");
    };
    let prefix = plain(&prefix);
    for entry in inside.entries {
        let path = if inside.is_one { prefix.clone() } else { nested(&prefix, &entry.path) };
        let entry = if inside.is_one { entry } else { below(entry) };
        built.entries.push(Entry { path, ..entry });
    }
}

/// What stood before a whole router stands before a part of the one that it is put into.
fn below(mut entry: Entry<'_>) -> Entry<'_> {
    for guard in &mut entry.guards {
        guard.reach = guard.reach.max(Reach::Router);
    }
    entry
}

/// The layers that a call is given.
fn given_layers<'a>(
    build: &Build<'_, 'a>,
    scope: &Scope<'a>,
    call: &'a Call,
    reach: Reach,
) -> Vec<Guard<'a>> {
    let given = call.arguments.iter().map(|given| &given.value);
    given.flat_map(|layer| layers(build.routing, (scope.at, &scope.within), layer, reach)).collect()
}

/// A path below another: `/` below a prefix is the prefix (`path_for_nested_route` of axum).
fn nested(prefix: &str, path: &str) -> String {
    if path == "/" && !prefix.ends_with('/') { prefix.to_owned() } else { join(prefix, path) }
}

/// `/users/:id/*rest` of 0.7 and `/users/{id}/{*rest}` of 0.8 as `/users/{id}/{rest}`.
fn plain(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.strip_prefix([':', '*']) {
        Some(name) => format!("{{{name}}}"),
        None => part.replace("{*", "{"),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Where the last call of a chain is written.
fn end_of(whole: &Expr, call: &Call) -> Extent {
    let start = match &call.callee.kind {
        ExprKind::Member { object, .. } => object.extent.end,
        _ => base(whole).extent.start,
    };
    Extent { start, end: whole.extent.end }
}

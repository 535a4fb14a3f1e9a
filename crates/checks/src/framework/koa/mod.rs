//! Koa with its router: verbs of `@koa/router` and `koa-router`, routers in routers, and `use` in the order in which it is written
//! (<https://koajs.com>, <https://github.com/koajs/router>).
//!
//! Files that `koa-static` serves, and the HEAD that is answered beside each GET, are no routes of the program.

mod inputs;
mod uses;

use super::express::each;
use super::origins::{anonymous, entry};
use super::path::{self, Pattern};
use super::project::{ExprAt, Place, within};
use super::routing::{Answering, Framework, Routing};
use super::web::{Guard, Reach};
use super::words::text_within;
use crate::facts::nodes::{Around, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Extent, SequenceKind};
use crate::facts::values::called_name;
use crate::language::Language;

/// What registers a route, and its method.
const VERBS: &[(&str, &str)] = &[
    ("get", "GET"),
    ("post", "POST"),
    ("put", "PUT"),
    ("delete", "DELETE"),
    ("del", "DELETE"),
    ("patch", "PATCH"),
    ("all", "*"),
];

/// The packages of the router.
const ROUTERS: &[&str] = &["@koa/router", "koa-router"];

/// What stands in one file where something is added.
#[derive(Clone, Copy)]
struct Here<'a, 'b> {
    at: usize,
    around: Around<'a, 'b>,
}

impl<'a> Here<'a, '_> {
    fn of(self, expr: &'a Expr) -> ExprAt<'a> {
        (self.at, within(self.around), expr)
    }
}

/// Notes applications and routers.
pub(super) fn objects(routing: &mut Routing<'_>) {
    for (at, file) in scripts(routing) {
        each_node(&file.syntax, &mut |node, around| {
            let Some((expr, call)) = node.expr().and_then(|expr| Some((expr, expr.call()?))) else {
                return true;
            };
            let written = (at, expr.extent);
            match makes(file, call) {
                Some(true) => {
                    let prefix = Some(String::new());
                    routing.object(anonymous(at, expr), Framework::Koa, true, prefix, written);
                }
                Some(false) => {
                    let prefix = prefix_of(routing, Here { at, around }, call);
                    routing.object(anonymous(at, expr), Framework::Koa, false, prefix, written);
                }
                None => {}
            }
            true
        });
    }
}

/// The scripts of a program that has to do with Koa at all; a file of routes need not take the package itself.
fn scripts<'a>(routing: &Routing<'a>) -> Vec<(usize, &'a SourceFile)> {
    let is_script = |language| matches!(language, Language::JavaScript | Language::TypeScript);
    let files: Vec<_> = routing.project.files().filter(|(_, file)| is_script(file.language)).collect();
    let takes = |file: &SourceFile| {
        file.imports.iter().any(|fact| {
            let module = fact.import.module.as_str();
            module == "koa" || ROUTERS.contains(&module)
        })
    };
    if files.iter().any(|(_, file)| takes(file)) { files } else { Vec::new() }
}

/// Whether a call makes an application (true) or a router (false).
fn makes(file: &SourceFile, call: &Call) -> Option<bool> {
    // `require("koa-router")()`
    let required = || {
        let inner = call.callee.call().filter(|inner| called_name(&inner.callee) == Some("require"))?;
        inner.arguments.first()?.value.string().map(str::to_owned)
    };
    let named = required().or_else(|| file.resolve(&call.callee))?;
    if matches!(named.as_str(), "koa" | "koa.default") && call.style == CallStyle::New {
        return Some(true);
    }
    let rest = ROUTERS.iter().find_map(|router| named.strip_prefix(router))?;
    matches!(rest, "" | ".default" | ".Router").then_some(false)
}

/// `new Router({ prefix: "/users" })`; `None` when that is no text.
fn prefix_of<'a>(routing: &Routing<'a>, here: Here<'a, '_>, call: &'a Call) -> Option<String> {
    let Some(options) = call.arguments.first() else { return Some(String::new()) };
    let origins =
        routing.project.origins(here.at, &within(here.around), &options.value, super::project::STEPS);
    let [(at, inside, Expr { kind: ExprKind::Record { entries, .. }, .. })] = origins.as_slice() else {
        return None;
    };
    match entry(entries, "prefix") {
        Some(prefix) => one_path(&text_within(routing.project, *at, inside, prefix)?),
        None => Some(String::new()),
    }
}

/// A prefix as a path.
fn one_path(written: &str) -> Option<String> {
    match patterns(written)?.as_slice() {
        [pattern] => Some(pattern.path.trim_end_matches('/').to_owned()),
        _ => None,
    }
}

/// The paths that a text stands for (<https://github.com/koajs/router#path-patterns>): what Express has, and in older versions `(.*)` and
/// values of several segments.
fn patterns(written: &str) -> Option<Vec<Pattern>> {
    let written = written.replace("/(.*)", "/*");
    let written = match written.strip_suffix(['*', '+']).filter(|rest| !rest.ends_with('/')) {
        Some(before) if before.rsplit('/').next().is_some_and(|last| last.starts_with(':')) => before,
        _ => written.as_str(),
    };
    path::express_all(written)
}

/// Notes routes, routers in routers, and what stands before them.
pub(super) fn read(routing: &mut Routing<'_>) {
    let has_router = scripts(routing)
        .iter()
        .any(|(_, file)| file.imports.iter().any(|fact| ROUTERS.contains(&fact.import.module.as_str())));
    for (at, file) in scripts(routing) {
        each_node(&file.syntax, &mut |node, around| {
            let Some((expr, call)) = node.expr().and_then(|expr| Some((expr, expr.call()?))) else {
                return true;
            };
            let ExprKind::Member { object, name, .. } = &call.callee.kind else { return true };
            let here = Here { at, around };
            let method = VERBS.iter().find(|(verb, _)| verb == name).map(|(_, method)| *method);
            if method.is_none() && !matches!(name.as_str(), "use" | "prefix" | "register" | "param") {
                return true;
            }
            let on = on(routing, &here.of(base(object)));
            match (method, name.as_str()) {
                (Some(_), _) if on.is_empty() => uses::strange(routing, here, expr, object, call),
                _ if on.is_empty() => {}
                (Some(method), _) => verb(routing, here, (expr, call), &on, method),
                (_, "use") => uses::used(routing, here, (expr, call), &on, has_router),
                (_, "prefix") => prefixed(routing, here, (expr, call), &on),
                (_, "param") => uses::of_parameter(routing, here, (expr, call), &on),
                _ => routing.unread(at, expr.extent, "a route that is registered with a list of methods"),
            }
            true
        });
    }
}

/// The routers and applications that an expression means.
fn on<'a>(routing: &Routing<'a>, (at, within, expr): &ExprAt<'a>) -> Vec<Place> {
    routing.objects_of(Framework::Koa, *at, within, expr)
}

/// What a chain of registrations begins with: `router` in `router.get("/", a).post("/", b)`.
fn base(expr: &Expr) -> &Expr {
    let ExprKind::Call(call) = &expr.kind else { return expr };
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return expr };
    let continues = VERBS.iter().any(|(verb, _)| verb == name)
        || matches!(name.as_str(), "use" | "prefix" | "param" | "register");
    if continues { base(object) } else { expr }
}

/// `router.prefix("/users")`.
fn prefixed<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    (whole, call): (&'a Expr, &'a Call),
    on: &[Place],
) {
    let written = call.arguments.first();
    let text = written
        .and_then(|written| text_within(routing.project, here.at, &within(here.around), &written.value));
    let prefix = text.and_then(|text| one_path(&text));
    if prefix.is_none() {
        routing.unread(here.at, whole.extent, "the prefix of this router is not written as text");
    }
    on.iter().for_each(|place| routing.prefix(place, prefix.clone()));
}

/// The paths of a route: one text, or several in a list.
fn paths<'a>(routing: &Routing<'a>, here: Here<'a, '_>, expr: &'a Expr) -> Option<Vec<String>> {
    let inside = within(here.around);
    match &expr.kind {
        ExprKind::Sequence { kind: SequenceKind::List, items } => {
            items.iter().map(|item| text_within(routing.project, here.at, &inside, item)).collect()
        }
        _ => Some(vec![text_within(routing.project, here.at, &inside, expr)?]),
    }
}

/// `router.get("/path", before, handler)`, `router.get("name", "/path", handler)`.
fn verb<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    (whole, call): (&'a Expr, &'a Call),
    on: &[Place],
    method: &str,
) {
    let arguments: Vec<&'a Expr> = call.arguments.iter().map(|argument| &argument.value).collect();
    let (path, rest) = match arguments.as_slice() {
        [name, path, rest @ ..] if !rest.is_empty() && name.string().is_some() && path.string().is_some() => {
            (*path, rest)
        }
        [path, rest @ ..] if !rest.is_empty() => (*path, rest),
        _ => return,
    };
    let handlers: Vec<ExprAt<'a>> =
        rest.iter().flat_map(|handler| uses::composed(routing, here.of(handler))).collect();
    let Some((last, before)) = handlers.split_last() else { return };
    let function = routing.project.answering(last.0, &last.1, last.2);
    let guards: Vec<Guard<'a>> = before.iter().map(|one| uses::guard(routing, one, Reach::Route)).collect();
    let Some(paths) = paths(routing, here, path) else {
        routing.unread(here.at, whole.extent, "the path of this route is not written as text");
        let answering = Answering { function, guards };
        routing.unplaced(Framework::Koa, (here.at, whole.extent), (method, ""), answering);
        return;
    };
    let read = function.map(|function| inputs::of(routing.project, function)).unwrap_or_default();
    let at = (here.at, call_extent(whole, call));
    for written in paths {
        let Some(patterns) = patterns(&written) else {
            let why = "the path of this route has parts that are not one value each";
            routing.unread(here.at, whole.extent, why);
            continue;
        };
        let answering = Answering { function, guards: guards.clone() };
        routing.register_each(on, at, method, (&patterns, &read), &answering);
    }
}

/// Where a link of a chain stands: its name, since all links begin at the same place.
fn call_extent(whole: &Expr, call: &Call) -> Extent {
    Extent { start: call.callee.extent.end.max(whole.extent.start), end: whole.extent.end }
}

//! Express: verbs of applications and routers, `route(..)` chains, and `use` with routers
//! (<https://expressjs.com/en/5x/api.html#router>).
//!
//! Files that `express.static` serves are no routes of the program.

use seaworthy_core::surface::{Input, InputKind, InputPlace, Route};

use super::inputs::{Carried, Carries, Reader, Scope};
use super::origins::anonymous;
use super::path;
use super::project::{FunctionAt, Place, Project};
use super::routing::{Answering, Framework, Mount, Routing, handler};
use super::web::{Guard, Reach};
use super::words::{constant, text_of};
use crate::facts::nodes::{Around, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Argument, Call, Expr, ExprKind, Function, SequenceKind};
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
            if let Some(expr) = node.expr()
                && let Some(call) = expr.call()
                && let ExprKind::Member { object, name, .. } = &call.callee.kind
            {
                if name == "use" {
                    used(routing, at, around, expr, object, call);
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

fn on<'a>(routing: &Routing<'a>, at: usize, around: Around<'a, '_>, object: &Expr) -> Vec<Place> {
    let objects = routing.objects(at, around, object).into_iter();
    objects.filter(|(_, framework)| *framework == Framework::Express).map(|(place, _)| place).collect()
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
        }
        return;
    }
    let Some(written) = paths(routing, at, path) else {
        routing.unread(at, whole.extent, "the path of this route is not written as text");
        return;
    };
    let function = last_handler(routing, at, around, &handlers);
    let mut read = function.map(|function| inputs_of(routing.project, function)).unwrap_or_default();
    read.extend(handlers.iter().filter_map(|handler| upload(handler)));
    let guards = before_last(routing, at, around, &handlers);
    for written in written {
        let Some(pattern) = path::express(&written) else {
            routing.unread(at, whole.extent, "the path of this route has parts that are not one value each");
            continue;
        };
        let mut inputs = pattern.inputs;
        inputs.extend(read.iter().filter(|input| input.place != InputPlace::Path).cloned());
        for place in &on {
            let handler = handler(routing.project, function);
            let route = Route {
                method: method.to_owned(),
                path: pattern.path.clone(),
                handler,
                inputs: inputs.clone(),
            };
            let answering = Answering { function, guards: guards.clone() };
            routing.register(place, (at, call_extent(whole, call)), route, answering);
        }
    }
}

/// Where a link of a chain stands: its name, since all links begin at the same place.
fn call_extent(whole: &Expr, call: &Call) -> crate::facts::syntax::Extent {
    crate::facts::syntax::Extent {
        start: call.callee.extent.end.max(whole.extent.start),
        end: whole.extent.end,
    }
}

/// Something unknown whose `get("/path", (req, res) => ..)` can hardly be anything else than a route.
fn looks_like_route(path: &Expr, handlers: &[&Expr]) -> bool {
    let rooted = path.string().is_some_and(|text| text.starts_with('/'));
    rooted && handlers.last().is_some_and(|last| {
        let names = |function: &Function| {
            let first = function.parameters.first().and_then(|parameter| parameter.pattern.dotted());
            matches!(first.as_deref(), Some("req" | "request" | "_req" | "_"))
        };
        matches!(&last.kind, ExprKind::Function(function) if names(function) && function.parameters.len() >= 2)
    })
}

/// The paths of a registration: one text, or several in a list.
fn paths(routing: &Routing<'_>, at: usize, path: &Expr) -> Option<Vec<String>> {
    if let ExprKind::Sequence { kind: SequenceKind::List, items } = &path.kind {
        return items.iter().map(|item| text_of(routing.project, at, item)).collect();
    }
    if let Some(text) = text_of(routing.project, at, path) {
        return Some(vec![text]);
    }
    let (at, value) = constant(routing.project, at, path)?;
    let ExprKind::Sequence { items, .. } = &value.kind else { return None };
    items.iter().map(|item| text_of(routing.project, at, item)).collect()
}

fn last_handler<'a>(
    routing: &Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    handlers: &[&'a Expr],
) -> Option<FunctionAt<'a>> {
    let last = *handlers.last()?;
    match &last.kind {
        ExprKind::Sequence { items, .. } => routing.project.function(at, around, items.last()?),
        _ => routing.project.function(at, around, last),
    }
}

/// What a registration names before its handler.
fn before_last<'a>(
    routing: &Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    handlers: &[&'a Expr],
) -> Vec<Guard<'a>> {
    let all = handlers.iter().flat_map(|handler| match &handler.kind {
        ExprKind::Sequence { items, .. } => items.iter().collect(),
        _ => vec![*handler],
    });
    let mut all: Vec<&'a Expr> = all.collect();
    all.pop();
    all.into_iter().map(|expr| guard(routing, at, around, expr, Reach::Route)).collect()
}

fn guard<'a>(
    routing: &Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    expr: &'a Expr,
    reach: Reach,
) -> Guard<'a> {
    let function = routing.guarding(at, around, expr);
    Guard { file: at, expr, option: None, function, reach }
}

/// `app.use(path, ...)`: mounts every router among the arguments. Functions are middleware, which answers nothing by itself.
fn used<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    whole: &Expr,
    object: &'a Expr,
    call: &'a Call,
) {
    let (object, _) = chain(object);
    let parents = on(routing, at, around, object);
    if parents.is_empty() {
        return;
    }
    let Some(Argument { value: first, .. }) = call.arguments.first() else { return };
    let text = paths(routing, at, first);
    let rest = call.arguments.get(usize::from(text.is_some())..).unwrap_or_default();
    let prefixes: Vec<Option<String>> = match text {
        None => vec![Some(String::new())],
        Some(written) => written.iter().map(|text| path::express(text).map(|pattern| pattern.path)).collect(),
    };
    let items = rest.iter().flat_map(|argument| match &argument.value.kind {
        ExprKind::Sequence { items, .. } => items.iter().collect(),
        _ => vec![&argument.value],
    });
    let mut known = false;
    let items: Vec<&'a Expr> = items.collect();
    for item in &items {
        let children = on(routing, at, around, item);
        known |= !children.is_empty() || is_middleware(routing, at, around, item);
        if children.is_empty() {
            let guard = guard(routing, at, around, item, Reach::Router);
            for (parent, below) in
                parents.iter().flat_map(|parent| prefixes.iter().map(move |below| (parent, below)))
            {
                let below = below.clone().filter(|below| !below.is_empty());
                routing.guard(parent, (at, call_extent(whole, call)), below, guard.clone());
            }
        }
        for (parent, child) in
            parents.iter().flat_map(|parent| children.iter().map(move |child| (parent, child)))
        {
            for prefix in &prefixes {
                routing.mount(Mount {
                    parent: parent.clone(),
                    child: child.clone(),
                    prefix: prefix.clone(),
                    replaces: false,
                    at: (at, call_extent(whole, call)),
                    guards: Vec::new(),
                });
            }
        }
    }
    if !known && !items.is_empty() {
        routing.unread(at, whole.extent, "what is used here may have routes, and could not be read");
    }
}

/// Whether what is used is a function, or made by a package that makes middleware.
fn is_middleware<'a>(routing: &Routing<'a>, at: usize, around: Around<'a, '_>, item: &'a Expr) -> bool {
    let Some(file) = routing.project.file(at) else { return false };
    let callee = item.call().map_or(item, |call| &call.callee);
    if [item, callee].iter().any(|expr| routing.project.function(at, around, expr).is_some()) {
        return true;
    }
    // A middleware of a package, by its own name or as a member of what it gives: `cors()`, `passport.initialize()`.
    const WITH_ROUTES: &[&str] = &["graphql", "apollo", "swagger", "proxy", "admin", "trpc", "router"];
    match file.resolve(callee) {
        Some(name) => {
            let local = name.starts_with('.') || name.starts_with('@') && name.contains("/routes");
            !local && !WITH_ROUTES.iter().any(|word| name.to_lowercase().contains(word))
        }
        None => false,
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

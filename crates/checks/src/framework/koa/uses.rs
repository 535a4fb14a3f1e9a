//! `use`: routers that are put into others, and the functions that stand before what comes after them.

use seaworthy_core::surface::Route;

use super::super::project::{ExprAt, FunctionAt, Place, STEPS, within};
use super::super::routing::{Answering, Framework, Routing, handler};
use super::super::web::{Guard, Reach};
use super::{Here, call_extent, each, inputs, on, one_path, paths};
use crate::facts::nodes::each_in_body;
use crate::facts::syntax::{Call, Expr, ExprKind};
use crate::facts::values::called_name;

/// What is used, one by one: lists, and what `compose([a, b])` puts together.
pub(super) fn composed<'a>(routing: &Routing<'a>, written: ExprAt<'a>) -> Vec<ExprAt<'a>> {
    let mut found = Vec::new();
    for (at, within, expr) in each(routing.project, &written) {
        let origins = routing.project.origins(at, &within, expr, STEPS);
        let (of, inside, made) = match origins.as_slice() {
            [one] => one.clone(),
            _ => (at, within.clone(), expr),
        };
        let is_compose = |call: &&Call| {
            let file = routing.project.file(of);
            file.and_then(|file| file.resolve(&call.callee))
                .is_some_and(|name| matches!(name.as_str(), "koa-compose" | "koa-compose.default"))
        };
        match made.call().filter(is_compose).and_then(|call| call.arguments.first()) {
            Some(list) => found.extend(each(routing.project, &(of, inside, &list.value))),
            None => found.push((at, within, expr)),
        }
    }
    found
}

/// `app.use(router.routes())`, `router.use("/path", before, inner.routes())`, `app.use(mount("/path", other))`.
pub(super) fn used<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    (whole, call): (&'a Expr, &'a Call),
    parents: &[Place],
    has_router: bool,
) {
    let mut arguments: Vec<&'a Expr> = call.arguments.iter().map(|argument| &argument.value).collect();
    let Some(first) = arguments.first() else { return };
    let text = paths(routing, here, first);
    let below: Vec<Option<String>> = match text {
        Some(written) => {
            arguments.remove(0);
            written.iter().map(|text| one_path(text)).collect()
        }
        None => vec![Some(String::new())],
    };
    let at = (here.at, call_extent(whole, call));
    let items: Vec<ExprAt<'a>> =
        arguments.into_iter().flat_map(|argument| composed(routing, here.of(argument))).collect();
    for item in &items {
        let (mounted, item) = mounted(routing, item);
        let prefixes: Vec<Option<String>> = match mounted {
            Some(path) => vec![path],
            None => below.clone(),
        };
        if allows_methods(item.2) {
            continue;
        }
        let children = children(routing, &item);
        if children.is_empty() {
            stands(routing, (at, whole), &item, (parents, &prefixes), has_router);
        }
        routing.mount_each((parents, &children), &prefixes, at, &[]);
    }
}

/// `mount("/path", other)` of koa-mount: the path, `None` in it when that is no text, and what is put below it.
fn mounted<'a>(routing: &Routing<'a>, item: &ExprAt<'a>) -> (Option<Option<String>>, ExprAt<'a>) {
    let (at, within, expr) = item;
    let file = routing.project.file(*at);
    let call = expr.call().filter(|call| {
        let name = file.and_then(|file| file.resolve(&call.callee));
        matches!(name.as_deref(), Some("koa-mount" | "koa-mount.default"))
    });
    match call.map(|call| call.arguments.as_slice()) {
        Some([path, other]) => {
            let text = super::text_within(routing.project, *at, within, &path.value);
            (Some(text.and_then(|text| one_path(&text))), (*at, within.clone(), &other.value))
        }
        Some([other]) => (None, (*at, within.clone(), &other.value)),
        _ => (None, item.clone()),
    }
}

/// `router.allowedMethods()` answers what no route does.
fn allows_methods(expr: &Expr) -> bool {
    expr.call().and_then(|call| called_name(&call.callee)) == Some("allowedMethods")
}

/// The routers that an expression brings: `router.routes()`, `router.middleware()`, or a name for that; another application.
fn children<'a>(routing: &Routing<'a>, item: &ExprAt<'a>) -> Vec<Place> {
    let mut found = on(routing, item);
    for (at, within, origin) in routing.project.origins(item.0, &item.1, item.2, STEPS) {
        if let Some(call) = origin.call()
            && let ExprKind::Member { object, name, .. } = &call.callee.kind
            && matches!(name.as_str(), "routes" | "middleware")
        {
            found.extend(on(routing, &(at, within, super::base(object))));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Something that is no router: it stands before what comes after it, or answers everything by itself.
fn stands<'a>(
    routing: &mut Routing<'a>,
    (at, whole): ((usize, crate::facts::syntax::Extent), &'a Expr),
    item: &ExprAt<'a>,
    (parents, prefixes): (&[Place], &[Option<String>]),
    has_router: bool,
) {
    let guard = guard(routing, item, Reach::Router);
    let brings_routes = item.2.call().and_then(|call| called_name(&call.callee)) == Some("routes");
    if brings_routes && guard.function.is_none() {
        return routing.unread(at.0, whole.extent, "the router that is used here could not be read");
    }
    let is_own = matches!(item.2.kind, ExprKind::Function(_) | ExprKind::Name(_) | ExprKind::Member { .. });
    let own = guard.function.filter(|(_, function)| is_own && !function.parameters.is_empty());
    if let Some(function) = own.filter(|function| !has_router && !hands_on(*function)) {
        return answers_all(routing, at, function, parents);
    }
    for (parent, below) in parents.iter().flat_map(|parent| prefixes.iter().map(move |below| (parent, below)))
    {
        let below = below.clone().filter(|below| !below.is_empty());
        routing.guard(parent, at, below, guard.clone());
    }
}

/// An application without a router: a function that answers whatever is asked.
fn answers_all<'a>(
    routing: &mut Routing<'a>,
    at: (usize, crate::facts::syntax::Extent),
    function: FunctionAt<'a>,
    parents: &[Place],
) {
    if tells_paths_apart(function) {
        let why = "a function that tells paths apart by itself, which are not read";
        routing.unread(at.0, at.1, why);
    }
    for place in parents {
        let route = Route {
            method: "*".to_owned(),
            path: "/{rest}".to_owned(),
            handler: handler(routing.project, Some(function)),
            inputs: inputs::of(routing.project, function),
        };
        routing.register(place, at, route, Answering { function: Some(function), guards: Vec::new() });
    }
}

/// Whether a function calls what comes after it.
fn hands_on((_, function): FunctionAt<'_>) -> bool {
    let Some(next) = function.parameters.get(1).and_then(|second| second.pattern.dotted()) else {
        return false;
    };
    let mut used = false;
    each_in_body(&function.body, &mut |node, _| {
        used |= matches!(node.expr().map(|expr| &expr.kind), Some(ExprKind::Name(name)) if *name == next);
        !used
    });
    used
}

fn tells_paths_apart((_, function): FunctionAt<'_>) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, _| {
        found |= matches!(node.expr().map(|expr| &expr.kind), Some(ExprKind::Member { name, .. })
            if matches!(name.as_str(), "path" | "url" | "originalUrl"));
        !found
    });
    found
}

/// What stands before something, as it is written.
pub(super) fn guard<'a>(routing: &Routing<'a>, (at, within, expr): &ExprAt<'a>, reach: Reach) -> Guard<'a> {
    let function = routing.guarding_within(*at, within, expr);
    Guard { file: *at, expr, option: None, function, reach }
}

/// `router.param("id", (id, ctx, next) => ..)`: what a value of the path is looked up with.
pub(super) fn of_parameter<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    (whole, call): (&'a Expr, &'a Call),
    on: &[Place],
) {
    let Some(written) = call.arguments.get(1) else { return };
    let mut guard = guard(routing, &here.of(&written.value), Reach::Router);
    // It is given the value first: what it does is no middleware's.
    guard.option = Some("param");
    let at = (here.at, call_extent(whole, call));
    for place in on {
        routing.guard(place, at, None, guard.clone());
    }
}

/// A route of something unknown that can hardly be anything else than a router of Koa.
pub(super) fn strange<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    whole: &'a Expr,
    object: &'a Expr,
    call: &'a Call,
) {
    let rooted =
        call.arguments.first().and_then(|path| path.value.string()).is_some_and(|text| text.starts_with('/'));
    let of_context = call.arguments.last().is_some_and(|last| match &last.value.kind {
        ExprKind::Function(function) => {
            let first = function.parameters.first().and_then(|first| first.pattern.dotted());
            matches!(first.as_deref(), Some("ctx" | "context"))
        }
        _ => false,
    });
    if rooted
        && of_context
        && call.arguments.len() >= 2
        && routing.objects(here.at, here.around, object).is_empty()
        && !within(here.around).is_empty()
    {
        let why = "a route of something that could not be recognised as an application or router";
        routing.unread(here.at, whole.extent, why);
        let function = call
            .arguments
            .last()
            .and_then(|last| routing.project.answering(here.at, &within(here.around), &last.value));
        let answering = Answering { function, guards: Vec::new() };
        routing.unplaced(Framework::Koa, (here.at, whole.extent), ("*", ""), answering);
    }
}

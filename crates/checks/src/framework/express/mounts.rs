//! `use`: routers that are put into others, and the functions that stand before what comes after them.

use super::super::origins::entry;
use super::super::path;
use super::super::project::{ExprAt, Place, Project, STEPS, within};
use super::super::routing::{Framework, Routing};
use super::super::unless;
use super::super::web::{Guard, Reach};
use super::super::words::text_within;
use super::{call_extent, chain};
use crate::facts::nodes::{Around, Node};
use crate::facts::syntax::{Call, Expr, ExprKind, Loop, SequenceKind, Stmt, StmtKind};
use crate::facts::values::called_name;

/// `app.use(path, ...)`: mounts every router among the arguments. Functions are middleware, which answers nothing by itself.
pub(super) fn used<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    whole: &'a Expr,
    call: &'a Call,
) {
    let ExprKind::Member { object, .. } = &call.callee.kind else { return };
    let parents: Vec<Place> = on(routing, &(at, within(around), chain(object).0));
    if parents.is_empty() {
        return;
    }
    let written: Vec<ExprAt<'a>> =
        call.arguments.iter().map(|argument| (at, within(around), &argument.value)).collect();
    for arguments in unrolled(routing.project, at, around, &written) {
        put(routing, (at, whole, call), &parents, &arguments);
    }
}

/// The routers and applications of Express that an expression means.
fn on<'a>(routing: &Routing<'a>, (at, within, expr): &ExprAt<'a>) -> Vec<Place> {
    routing.objects_of(Framework::Express, *at, within, expr)
}

fn put<'a>(
    routing: &mut Routing<'a>,
    (at, whole, call): (usize, &'a Expr, &'a Call),
    parents: &[Place],
    arguments: &[ExprAt<'a>],
) {
    let Some(first) = arguments.first() else { return };
    let text = paths(routing.project, first);
    let rest = arguments.get(usize::from(text.is_some())..).unwrap_or_default();
    let prefixes: Vec<Option<String>> = match text {
        None => vec![Some(String::new())],
        Some(written) => written.iter().map(|text| path::express(text).map(|pattern| pattern.path)).collect(),
    };
    let items: Vec<ExprAt<'a>> = rest.iter().flat_map(|argument| each(routing.project, argument)).collect();
    let at = (at, call_extent(whole, call));
    let mut known = false;
    for item in &items {
        let children = on(routing, item);
        known |= !children.is_empty() || is_middleware(routing, item);
        if children.is_empty() {
            let guard = guard(routing, item, Reach::Router);
            for (parent, below) in
                parents.iter().flat_map(|parent| prefixes.iter().map(move |below| (parent, below)))
            {
                let below = below.clone().filter(|below| !below.is_empty());
                routing.guard(parent, at, below, guard.clone());
            }
        }
        routing.mount_each((parents, &children), &prefixes, at, &[]);
    }
    if !known && !items.is_empty() {
        routing.unread(at.0, whole.extent, "what is used here may have routes, and could not be read");
    }
}

/// Each of a list, wherever it is written; a spread brings its own.
pub(in super::super) fn each<'a>(project: &Project<'a>, written: &ExprAt<'a>) -> Vec<ExprAt<'a>> {
    let mut found = Vec::new();
    let mut left = vec![(written.clone(), STEPS)];
    while let Some(((at, within, expr), steps)) = left.pop() {
        let value = match &expr.kind {
            ExprKind::Spread(value) => value,
            _ => expr,
        };
        let lists = project.origins(at, &within, value, STEPS);
        match (lists.as_slice(), steps.checked_sub(1)) {
            ([(at, within, Expr { kind: ExprKind::Sequence { items, .. }, .. })], Some(steps)) => {
                left.extend(items.iter().rev().map(|item| ((*at, within.clone(), item), steps)));
            }
            _ => found.push((at, within, value)),
        }
    }
    found
}

/// The paths of an argument: one text, or several in a list.
pub(super) fn paths<'a>(project: &Project<'a>, (at, within, expr): &ExprAt<'a>) -> Option<Vec<String>> {
    if let Some(text) = text_within(project, *at, within, expr) {
        return Some(vec![text]);
    }
    let origins = project.origins(*at, within, expr, STEPS);
    let [(at, within, Expr { kind: ExprKind::Sequence { kind: SequenceKind::List, items }, .. })] =
        origins.as_slice()
    else {
        return None;
    };
    items.iter().map(|item| text_within(project, *at, within, item)).collect()
}

/// What stands before something, as it is written.
pub(super) fn guard<'a>(routing: &Routing<'a>, (at, within, expr): &ExprAt<'a>, reach: Reach) -> Guard<'a> {
    let function = routing.guarding_within(*at, within, expr);
    Guard { file: *at, expr, option: None, function, reach }
}

/// Whether what is used is a function, or made by a package that makes middleware.
fn is_middleware<'a>(routing: &Routing<'a>, item: &ExprAt<'a>) -> bool {
    let (at, within, expr) = (&item.0, &item.1, &unless::without(item.2));
    let Some(file) = routing.project.file(*at) else { return false };
    if routing.guarding_within(*at, within, expr).is_some() {
        return true;
    }
    // A middleware of a package, by its own name or as a member of what it gives: `cors()`, `passport.initialize()`; also one that has
    // a name: `const limiter = rateLimit({ max: 5 })`.
    const WITH_ROUTES: &[&str] = &["graphql", "apollo", "swagger", "proxy", "admin", "trpc", "router"];
    let origins = routing.project.origins(*at, within, expr, STEPS);
    let name = match origins.as_slice() {
        [(at, _, made)] if !std::ptr::eq(*made, *expr) => routing
            .project
            .file(*at)
            .and_then(|file| file.resolve(made.call().map_or(made, |call| &call.callee))),
        _ => file.resolve(expr.call().map_or(*expr, |call| &call.callee)),
    };
    name.is_some_and(|name| {
        let local = name.starts_with('.') || name.starts_with('@') && name.contains("/routes");
        !local && !WITH_ROUTES.iter().any(|word| name.to_lowercase().contains(word))
    })
}

/// The arguments, once for each record of the list that a loop around goes through:
/// `for (const { path, router } of routes) app.use(path, router)`, `routes.forEach((route) => app.use(route.path, route.router))`.
fn unrolled<'a>(
    project: &Project<'a>,
    at: usize,
    around: Around<'a, '_>,
    written: &[ExprAt<'a>],
) -> Vec<Vec<ExprAt<'a>>> {
    let Some((variable, list)) = around.iter().rev().find_map(|node| turn(node)) else {
        return vec![written.to_vec()];
    };
    let mut found = Vec::new();
    for (at, within, item) in each(project, &(at, within(around), list)) {
        let origins = project.origins(at, &within, item, STEPS);
        let [(at, within, Expr { kind: ExprKind::Record { entries, .. }, .. })] = origins.as_slice() else {
            continue;
        };
        let put_in = |argument: &ExprAt<'a>| {
            let key = key_of(variable, argument.2)?;
            Some((*at, within.clone(), entry(entries, key)?))
        };
        if written.iter().any(|argument| put_in(argument).is_some()) {
            found.push(written.iter().map(|one| put_in(one).unwrap_or_else(|| one.clone())).collect());
        }
    }
    if found.is_empty() { vec![written.to_vec()] } else { found }
}

/// What a loop binds, and the list that it goes through.
fn turn<'a>(node: &Node<'a>) -> Option<(&'a Expr, &'a Expr)> {
    match node {
        Node::Stmt(Stmt { kind: StmtKind::Loop(each), .. }) => {
            let Loop { target: Some(target), iterable: Some(iterable), .. } = &**each else { return None };
            Some((target, iterable))
        }
        Node::Expr(expr) => {
            let call =
                expr.call().filter(|call| matches!(called_name(&call.callee), Some("forEach" | "map")))?;
            let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
            let ExprKind::Function(function) = &call.arguments.first()?.value.kind else { return None };
            Some((&function.parameters.first()?.pattern, object))
        }
        Node::Stmt(_) | Node::Handler(_) => None,
    }
}

/// The key under which a record has what an argument says: `route.path`, or the name taken out of it.
fn key_of<'e>(variable: &'e Expr, argument: &'e Expr) -> Option<&'e str> {
    match (&variable.kind, &argument.kind) {
        (ExprKind::Name(variable), ExprKind::Member { object, name, .. }) => {
            (object.dotted().as_deref() == Some(variable.as_str())).then_some(name)
        }
        (ExprKind::Record { entries, .. }, ExprKind::Name(local)) => entries
            .iter()
            .find(|(_, value)| value.dotted().as_deref() == Some(local.as_str()))
            .and_then(|(key, _)| key.as_ref()?.string()),
        _ => None,
    }
}

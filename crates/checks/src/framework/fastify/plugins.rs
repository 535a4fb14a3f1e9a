//! Plugins: functions that are given a part of the application of their own, below a prefix, unless `fastify-plugin` says that what they
//! add is meant for whoever registers them (<https://fastify.dev/docs/latest/Reference/Encapsulation/>).

use std::collections::BTreeSet;

use super::super::origins::entry;
use super::super::path;
use super::super::project::{ExprAt, FunctionAt, Place, Project, STEPS, is_import, within};
use super::super::routing::{Framework, Routing};
use super::super::standing::Order;
use super::super::web::{Guard, Reach};
use super::super::words::text_within;
use super::{Here, autoload, on};
use crate::facts::nodes::{Node, each_node};
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Function};
use crate::facts::values::called_name;

/// A plugin of the project.
struct Plugin<'a> {
    function: FunctionAt<'a>,
    /// Whether what it adds is meant for whoever registers it.
    is_open: bool,
}

impl<'a> Plugin<'a> {
    fn of(project: &Project<'a>, here: Here<'a, '_>, expr: &'a Expr) -> Option<Self> {
        let mut written = project.origins(here.at, &within(here.around), expr, STEPS);
        written.push((here.at, within(here.around), expr));
        for (at, around, origin) in written {
            let Some(call) = origin.call().filter(|_| !is_import(origin)) else { continue };
            if opens(project, at, call)
                && let Some(first) = call.arguments.first()
                && let Some(function) = project.function_within(at, &around, &first.value, STEPS)
            {
                return Some(Self { function, is_open: true });
            }
        }
        let function = project.answering(here.at, &within(here.around), expr)?;
        let is_open = project.wrapper(function).is_some_and(|call| opens(project, function.0, call));
        Some(Self { function, is_open })
    }

    /// The parameter that the instance is given as.
    fn instance(&self) -> Option<Place> {
        let (file, function) = self.function;
        instance(file, function)
    }
}

/// The parameter of a plugin that the instance is given as.
pub(super) fn instance(file: usize, function: &Function) -> Option<Place> {
    let name = function.parameters.first()?.pattern.dotted()?;
    Some(Place { file, scope: function.name_extent.start + 1, name })
}

/// Whether a call is that of `fastify-plugin`.
pub(super) fn opens(project: &Project<'_>, at: usize, call: &Call) -> bool {
    let name = project.file(at).and_then(|file| file.resolve(&call.callee));
    name.is_some_and(|name| matches!(name.as_str(), "fastify-plugin" | "fastify-plugin.default"))
}

/// The plugin that a file gives out, and whether what it adds is meant for whoever registers it.
pub(super) fn given_out<'a>(project: &Project<'a>, place: &Place) -> Option<(FunctionAt<'a>, bool)> {
    for (at, around, origin) in project.values_of(place) {
        let made = project.origins(at, &around, origin, STEPS);
        for (at, around, origin) in made {
            let Some(call) = origin.call().filter(|call| opens(project, at, call)) else { continue };
            let first = &call.arguments.first()?.value;
            return Some((project.function_within(at, &around, first, STEPS)?, true));
        }
    }
    let function = project.function_at(place)?;
    let is_open = project.wrapper(function).is_some_and(|call| opens(project, function.0, call));
    Some((function, is_open))
}

/// Notes the instance that a plugin is given.
pub(super) fn note<'a>(routing: &mut Routing<'a>, here: Here<'a, '_>, call: &'a Call) {
    let ExprKind::Member { object, .. } = &call.callee.kind else { return };
    let Some(first) = call.arguments.first() else { return };
    let parent = (here.at, within(here.around), super::base(object));
    if autoload::is(routing.project, here, &first.value) {
        return autoload::note(routing, here, call, &parent);
    }
    if let Some(plugin) = Plugin::of(routing.project, here, &first.value) {
        given(routing, plugin.function, plugin.is_open, parent, first.value.extent, here.at);
    }
}

/// Notes the parameter of a plugin: an instance of its own, or the one of whoever registers it.
pub(super) fn given<'a>(
    routing: &mut Routing<'a>,
    (file, function): FunctionAt<'a>,
    is_open: bool,
    parent: ExprAt<'a>,
    extent: Extent,
    at: usize,
) {
    let Some(place) = instance(file, function) else { return };
    if is_open {
        routing.alias(place, parent);
    } else {
        routing.object(place, Framework::Fastify, false, Some(String::new()), (at, extent));
    }
}

/// `app.register(plugin, { prefix })`.
pub(super) fn register<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    (whole, call): (&'a Expr, &'a Call),
    parents: &[Place],
    awaited: &BTreeSet<u32>,
) {
    let Some(first) = call.arguments.first().map(|argument| &argument.value) else { return };
    let extent = Extent { start: call.callee.extent.end.max(whole.extent.start), end: whole.extent.end };
    let at = (here.at, extent);
    if autoload::is(routing.project, here, first) {
        return autoload::register(routing, here, (whole, call), parents);
    }
    if let Some(plugin) = Plugin::of(routing.project, here, first) {
        let Some(child) = plugin.instance().filter(|_| !plugin.is_open) else { return };
        let prefix = prefix(routing.project, here, call).and_then(|prefix| path::fastify_prefix(&prefix));
        return routing.mount_each((parents, &[child]), &[prefix], at, &[]);
    }
    let name = routing.project.file(here.at).and_then(|file| file.resolve(first)).unwrap_or_default();
    if name.is_empty() || name.starts_with('.') || brings_routes(&name) {
        return routing.unread(
            here.at,
            whole.extent,
            "what is registered here may have routes, and could not be read",
        );
    }
    let guard = Guard { file: here.at, expr: whole, option: None, function: None, reach: Reach::Router };
    // It counts what is added after it was loaded, and it is loaded when the program next waits
    // (<https://github.com/fastify/fastify-rate-limit#usage>).
    let (at, order) = match name.contains("rate-limit") {
        false => (at, Order::Any),
        true => match awaited.range(whole.extent.start..).next() {
            Some(start) => ((here.at, Extent { start: *start, end: *start }), Order::Later),
            None => (at, Order::LaterMounts),
        },
    };
    for parent in parents {
        routing.guard_in_order(parent, at, None, order, guard.clone());
    }
}

/// Packages that answer requests themselves.
fn brings_routes(name: &str) -> bool {
    const WITH_ROUTES: &[&str] = &[
        "graphql",
        "mercurius",
        "apollo",
        "trpc",
        "http-proxy",
        "reply-from",
        "admin",
        "nextjs",
        "vite",
        "oauth2",
    ];
    let name = name.to_lowercase();
    WITH_ROUTES.iter().any(|word| name.contains(word))
}

/// The prefix among the options; `None` when it is no text.
fn prefix<'a>(project: &Project<'a>, here: Here<'a, '_>, call: &'a Call) -> Option<String> {
    let Some(options) = call.arguments.get(1) else { return Some(String::new()) };
    let around = within(here.around);
    let origins = project.origins(here.at, &around, &options.value, STEPS);
    let [(at, around, origin)] = origins.as_slice() else { return None };
    match &origin.kind {
        ExprKind::Record { entries, .. } => match entry(entries, "prefix") {
            Some(prefix) => text_within(project, *at, around, prefix),
            None => Some(String::new()),
        },
        // What the plugin was itself given is handed on.
        ExprKind::Name(name) => {
            let is_parameter = around.iter().any(|function| {
                function.parameters.iter().any(|one| one.pattern.dotted().as_deref() == Some(name))
            });
            is_parameter.then(String::new)
        }
        _ => None,
    }
}

/// The function that the instance was decorated with under the name of a member: `app.authenticate` after
/// `app.decorate("authenticate", async (request, reply) => ..)`; also when it is called and makes the guard.
pub(super) fn decorated<'a>(
    routing: &Routing<'a>,
    here: Here<'a, '_>,
    expr: &'a Expr,
) -> Option<FunctionAt<'a>> {
    let object = member(expr)?.0;
    let is_instance = !on(routing, here, object).is_empty();
    is_instance.then(|| decoration(routing.project, member(expr)?.1)).flatten()
}

/// The same, for what stands in these functions.
pub(super) fn decorated_within<'a>(
    routing: &Routing<'a>,
    file: usize,
    within: &[&'a Function],
    expr: &'a Expr,
) -> Option<FunctionAt<'a>> {
    let (object, name) = member(expr)?;
    let is_instance = !routing.objects_within(file, within, object).is_empty();
    is_instance.then(|| decoration(routing.project, name)).flatten()
}

fn member(expr: &Expr) -> Option<(&Expr, &str)> {
    let callee = expr.call().map_or(expr, |call| &call.callee);
    match &callee.kind {
        ExprKind::Member { object, name, .. } => Some((object, name)),
        _ => None,
    }
}

fn decoration<'a>(project: &Project<'a>, name: &str) -> Option<FunctionAt<'a>> {
    let mut found = None;
    for (at, file) in super::scripts(project) {
        each_node(&file.syntax, &mut |node, around| {
            if let Node::Expr(expr) = node
                && let Some(call) = expr.call()
                && called_name(&call.callee) == Some("decorate")
                && let [first, second, ..] = call.arguments.as_slice()
                && first.value.string() == Some(name)
            {
                found = found.or_else(|| project.function(at, around, &second.value));
            }
            found.is_none()
        });
    }
    found
}

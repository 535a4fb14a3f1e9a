//! Applications, routers, what is mounted where, and the routes that come of it; the same in every framework.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use seaworthy_core::NotChecked;
use seaworthy_core::surface::{Handler, Input, Route};

use super::path;
use super::project::{ExprAt, FunctionAt, Place, Project, STEPS, within};
use super::standing::{Before, Order, Standing};
use super::unless::{self, LetThrough};
use super::web::{self, Guard, Reach};
use crate::facts::nodes::Around;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, Extent, Function};

/// Routers in routers, and names that stand for names, that are followed; a circle of mounts has no end.
const DEPTH: usize = 8;
/// Names that are followed to tell what one stands for; whoever is handed on further is no application.
const PLACES: usize = 256;

/// Which framework something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framework {
    /// actix-web.
    ActixWeb,
    /// aiohttp's server.
    Aiohttp,
    /// axum.
    Axum,
    /// Django, with Django REST framework.
    Django,
    /// Express and what follows its interface.
    Express,
    /// FastAPI.
    FastApi,
    /// Fastify.
    Fastify,
    /// Flask.
    Flask,
    /// Koa with its router.
    Koa,
    /// Next.js.
    NextJs,
    /// Node's own `http`.
    NodeHttp,
    /// Python's own `http.server`.
    PythonHttpServer,
}

/// An application or router.
#[derive(Debug, Clone)]
struct Object {
    framework: Framework,
    /// Whether it is an application, which needs no mounting.
    is_root: bool,
    /// Its own prefix; `None` when that is not a literal.
    prefix: Option<String>,
    at: (usize, Extent),
}

/// Where something is added to an application or router, and whether it is a router.
type Added = ((usize, Extent), bool);

/// A router put into another.
#[derive(Debug)]
pub(super) struct Mount<'a> {
    /// What it is put into.
    pub(super) parent: Place,
    /// The router.
    pub(super) child: Place,
    /// The path before its routes; `None` when that is not a literal.
    pub(super) prefix: Option<String>,
    /// Whether the prefix stands in the place of the router's own (Flask).
    pub(super) replaces: bool,
    /// Where that is written.
    pub(super) at: (usize, Extent),
    /// What is put before it there.
    pub(super) guards: Vec<Guard<'a>>,
}

/// The function that answers a route, and what stands before that route alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Answering<'a> {
    /// The function.
    pub(super) function: Option<FunctionAt<'a>>,
    /// Outermost first.
    pub(super) guards: Vec<Guard<'a>>,
}

/// A route as it is registered on an application or router.
#[derive(Debug)]
struct Registration<'a> {
    on: Place,
    at: (usize, Extent),
    route: Route,
    answering: Answering<'a>,
}

/// A route and where it is registered.
#[derive(Debug)]
struct Found<'a> {
    framework: Framework,
    at: (usize, Extent),
    route: Route,
    answering: Answering<'a>,
}

/// What stands before the routes of a router in one of the places where it is mounted.
struct Above<'a> {
    /// The path; `None` when it is no text.
    prefix: Option<String>,
    guards: Vec<Before<'a>>,
}

/// What was read of the project.
pub(super) struct Read<'a> {
    /// In the order of files and lines, without repetitions.
    pub(super) routes: Vec<Route>,
    /// What could not be understood.
    pub(super) not_read: Vec<NotChecked>,
    /// Those of a framework.
    pub(super) unread: Vec<NotChecked>,
    /// Who answers.
    pub(super) handlers: Vec<web::Handler<'a>>,
}

/// Everything read so far.
pub(super) struct Routing<'a> {
    /// The files.
    pub(super) project: &'a Project<'a>,
    objects: BTreeMap<Place, Object>,
    /// The frameworks that they are of.
    frameworks: BTreeSet<Framework>,
    /// Names that stand for the value of an expression, with the nodes around that one.
    aliases: BTreeMap<Place, Vec<ExprAt<'a>>>,
    mounts: Vec<Mount<'a>>,
    standing: Vec<Standing<'a>>,
    registrations: Vec<Registration<'a>>,
    found: Vec<Found<'a>>,
    /// Functions that answer, where it could not be told what.
    unplaced: Vec<web::Handler<'a>>,
    not_read: BTreeMap<(usize, u32), NotChecked>,
    /// Servers of the project's own over a socket.
    sockets: BTreeMap<(usize, u32), NotChecked>,
}

impl<'a> Routing<'a> {
    /// Nothing yet.
    pub(super) fn new(project: &'a Project<'a>) -> Self {
        Self {
            project,
            objects: BTreeMap::new(),
            frameworks: BTreeSet::new(),
            aliases: BTreeMap::new(),
            mounts: Vec::new(),
            standing: Vec::new(),
            registrations: Vec::new(),
            found: Vec::new(),
            unplaced: Vec::new(),
            not_read: BTreeMap::new(),
            sockets: BTreeMap::new(),
        }
    }

    /// Notes what could not be understood.
    pub(super) fn unread(&mut self, file: usize, extent: Extent, why: &str) {
        let Some(source) = self.project.file(file) else { return };
        let what = place_of(source, extent);
        self.not_read.entry((file, extent.start)).or_insert(NotChecked { what, why: why.to_owned() });
    }

    /// Notes a server of the project's own over a socket.
    pub(super) fn socket(&mut self, file: usize, extent: Extent, why: &str) {
        let Some(source) = self.project.file(file) else { return };
        let what = place_of(source, extent);
        self.sockets.entry((file, extent.start)).or_insert(NotChecked { what, why: why.to_owned() });
    }

    /// Notes an application or router. Without a literal prefix its routes cannot be told.
    pub(super) fn object(
        &mut self,
        place: Place,
        framework: Framework,
        is_root: bool,
        prefix: Option<String>,
        at: (usize, Extent),
    ) {
        self.frameworks.insert(framework);
        self.objects.entry(place).or_insert(Object { framework, is_root, prefix, at });
    }

    /// Gives a router another prefix.
    pub(super) fn prefix(&mut self, place: &Place, prefix: Option<String>) {
        if let Some(object) = self.objects.get_mut(place) {
            object.prefix = prefix;
        }
    }

    /// The applications and routers that an expression may mean, of this framework; `None` when it can mean something that is
    /// none of any framework.
    pub(super) fn objects(
        &self,
        file: usize,
        around: Around<'a, '_>,
        expr: &'a Expr,
    ) -> Vec<(Place, Framework)> {
        self.objects_within(file, &within(around), expr)
    }

    /// Those of one framework, for what stands in these functions. A project that makes none is not searched.
    pub(super) fn objects_of(
        &self,
        framework: Framework,
        file: usize,
        within: &[&'a Function],
        expr: &'a Expr,
    ) -> Vec<Place> {
        if !self.frameworks.contains(&framework) {
            return Vec::new();
        }
        let objects = self.objects_within(file, within, expr).into_iter();
        objects.filter(|(_, of)| *of == framework).map(|(place, _)| place).collect()
    }

    /// The same, for what stands in these functions.
    pub(super) fn objects_within(
        &self,
        file: usize,
        within: &[&'a Function],
        expr: &'a Expr,
    ) -> Vec<(Place, Framework)> {
        let mut found = Vec::new();
        if self.objects.is_empty() {
            return found;
        }
        let mut seen = BTreeSet::new();
        for place in self.project.places(file, within, expr, STEPS) {
            self.follow(place, DEPTH, &mut seen, &mut found);
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found.dedup();
        found
    }

    fn follow(
        &self,
        place: Place,
        depth: usize,
        seen: &mut BTreeSet<Place>,
        found: &mut Vec<(Place, Framework)>,
    ) {
        if let Some(object) = self.objects.get(&place) {
            let framework = object.framework;
            found.push((place, framework));
            return;
        }
        let Some(left) = depth.checked_sub(1) else { return };
        if seen.len() >= PLACES || !seen.insert(place.clone()) {
            return;
        }
        for source in self.project.sources(&place) {
            self.follow(source, left, seen, found);
        }
        for (at, within, expr) in self.aliases.get(&place).into_iter().flatten() {
            for source in self.project.places(*at, within, expr, STEPS) {
                self.follow(source, left, seen, found);
            }
        }
    }

    /// Notes that a name stands for the value of an expression.
    pub(super) fn alias(&mut self, place: Place, of: ExprAt<'a>) {
        self.aliases.entry(place).or_default().push(of);
    }

    /// The function that an expression is, or that makes it: `requireRole("admin")`.
    pub(super) fn guarding(
        &self,
        at: usize,
        around: Around<'a, '_>,
        expr: &'a Expr,
    ) -> Option<FunctionAt<'a>> {
        self.guarding_within(at, &within(around), expr)
    }

    /// The same, for what stands in these functions.
    pub(super) fn guarding_within(
        &self,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
    ) -> Option<FunctionAt<'a>> {
        let expr = unless::without(expr);
        let callee = expr.call().map_or(expr, |call| &call.callee);
        let own = self.project.function_within(at, within, expr, STEPS);
        own.or_else(|| self.project.function_within(at, within, callee, STEPS))
    }

    /// Notes that a router is put into another.
    pub(super) fn mount(&mut self, mount: Mount<'a>) {
        self.mounts.push(mount);
    }

    /// Notes a guard of an application or router, from here on; below a path, when one is given.
    pub(super) fn guard(&mut self, on: &Place, at: (usize, Extent), below: Option<String>, guard: Guard<'a>) {
        let framework = self.objects.get(on).map(|object| object.framework);
        let in_order = matches!(framework, Some(Framework::Express | Framework::Koa));
        let order = if in_order { Order::Later } else { Order::Any };
        self.guard_in_order(on, at, below, order, guard);
    }

    /// The same, for one that stands before a part of what is added.
    pub(super) fn guard_in_order(
        &mut self,
        on: &Place,
        at: (usize, Extent),
        below: Option<String>,
        order: Order,
        guard: Guard<'a>,
    ) {
        let is_root = self.objects.get(on).is_some_and(|object| object.is_root);
        let reach = if is_root && below.is_none() { Reach::Application } else { Reach::Router };
        let unless = Rc::new(LetThrough::of(self.project, &guard));
        let guard = Guard { reach, ..guard };
        self.standing.push(Standing { on: on.clone(), at, below, order, unless, guard });
    }

    /// Notes a route of an application or router.
    pub(super) fn register(
        &mut self,
        on: &Place,
        at: (usize, Extent),
        route: Route,
        answering: Answering<'a>,
    ) {
        self.registrations.push(Registration { on: on.clone(), at, route, answering });
    }

    /// Notes a route that is whole.
    pub(super) fn found(
        &mut self,
        framework: Framework,
        at: (usize, Extent),
        route: Route,
        function: Option<FunctionAt<'a>>,
    ) {
        self.answered(framework, at, route, Answering { function, guards: Vec::new() });
    }

    /// The same, with everything that stands before it.
    pub(super) fn answered(
        &mut self,
        framework: Framework,
        at: (usize, Extent),
        route: Route,
        answering: Answering<'a>,
    ) {
        self.found.push(Found { framework, at, route, answering });
    }

    /// Whether there is any route, or anything that could not be understood.
    pub(super) fn says_something(&self) -> bool {
        !(self.found.is_empty()
            && self.registrations.is_empty()
            && self.not_read.is_empty()
            && self.sockets.is_empty()
            && self.objects.is_empty())
    }

    /// Notes a function that answers requests, of an application or router that could not be told: with the path as it is written.
    pub(super) fn unplaced(
        &mut self,
        framework: Framework,
        at: (usize, Extent),
        (method, path): (&str, &str),
        answering: Answering<'a>,
    ) {
        let Some((file, function)) = answering.function else { return };
        self.unplaced.push(web::Handler {
            framework,
            method: method.to_owned(),
            path: path.to_owned(),
            file,
            function,
            registered: at,
            guards: answering.guards,
        });
    }

    /// The routes, what could not be understood, and who answers.
    pub(super) fn finish(mut self) -> Read<'a> {
        for registration in std::mem::take(&mut self.registrations) {
            self.place(registration);
        }
        let unplaced = std::mem::take(&mut self.unplaced);
        self.found.sort_by_key(|found| (found.at.0, found.at.1.start));
        let (mut routes, mut handlers) = (Vec::<Route>::new(), Vec::new());
        for Found { framework, at, route, answering } in self.found {
            let known = routes.iter().any(|known| known.method == route.method && known.path == route.path);
            // Of two for one route the first answers; in a tree of several programs both do.
            let again = |handler: &web::Handler<'_>| {
                answering.function.is_some_and(|(_, function)| std::ptr::eq(function, handler.function))
                    && handler.method == route.method
                    && handler.path == route.path
            };
            if let Some((file, function)) = answering.function.filter(|_| !handlers.iter().any(again)) {
                handlers.push(web::Handler {
                    framework,
                    method: route.method.clone(),
                    path: route.path.clone(),
                    file,
                    function,
                    registered: at,
                    guards: answering.guards,
                });
            }
            if !known {
                routes.push(route);
            }
        }
        handlers.extend(unplaced);
        handlers.sort_by_key(|handler| (handler.registered.0, handler.registered.1.start));
        let unread: Vec<NotChecked> = self.not_read.values().cloned().collect();
        let mut not_read = self.not_read;
        not_read.extend(self.sockets);
        Read { routes, not_read: not_read.into_values().collect(), unread, handlers }
    }

    /// A route with what is before it, once for each place where its router is mounted.
    fn place(&mut self, registration: Registration<'a>) {
        let Registration { on, at, route, answering } = registration;
        let Some(object) = self.objects.get(&on).cloned() else { return };
        let above = self.above(&on, (at, false), DEPTH);
        if above.is_empty() {
            let why = "a router that is mounted nowhere, or where that could not be read: its routes are not listed";
            self.unread(object.at.0, object.at.1, why);
            self.unplaced(object.framework, at, (&route.method, &route.path), answering);
            return;
        }
        for Above { prefix, guards } in above {
            let Some(prefix) = prefix else {
                self.unread(at.0, at.1, "the path in front of this route is not written as text");
                continue;
            };
            let path = whole(Some(object.framework), &prefix, &route.path);
            let standing = guards.into_iter().filter(|before| before.stands_before(&route.method, &path));
            let guards =
                standing.map(|before| before.guard).chain(answering.guards.iter().cloned()).collect();
            self.found.push(Found {
                framework: object.framework,
                at,
                route: with_prefix(&route, path, Some(object.framework), &prefix),
                answering: Answering { function: answering.function, guards },
            });
        }
    }

    /// What stands before something that is registered or mounted on `place` at `at`, one for each place where it is mounted.
    fn above(&self, place: &Place, at: Added, depth: usize) -> Vec<Above<'a>> {
        let Some(object) = self.objects.get(place) else { return Vec::new() };
        let Some(left) = depth.checked_sub(1) else { return Vec::new() };
        let mut found = Vec::new();
        if object.is_root && !self.mounts.iter().any(|mount| mount.child == *place) {
            let prefix = object.prefix.clone();
            let guards = self.standing_before(place, at, object, prefix.as_deref().unwrap_or_default());
            found.push(Above { prefix, guards });
        }
        for mount in self.mounts.iter().filter(|mount| mount.child == *place && mount.parent != *place) {
            for before in self.above(&mount.parent, (mount.at, true), left) {
                let own = if mount.replaces { Some(String::new()) } else { object.prefix.clone() };
                let parts = before.prefix.zip(mount.prefix.clone()).zip(own);
                let prefix = parts.map(|((before, mounted), own)| {
                    let inner = whole(Some(object.framework), &before, &mounted);
                    let inner = if inner == "/" { String::new() } else { inner };
                    if own.is_empty() { inner } else { whole(Some(object.framework), &inner, &own) }
                });
                let below = prefix.clone().unwrap_or_default();
                let mut guards = before.guards;
                guards.extend(mount.guards.iter().map(|guard| Before {
                    below: below.clone(),
                    unless: Rc::default(),
                    guard: guard.clone(),
                }));
                // An application below another is a part of it.
                let standing = self.standing_before(place, at, object, &below).into_iter();
                guards.extend(standing.map(|mut before| {
                    before.guard.reach = before.guard.reach.max(Reach::Router);
                    before
                }));
                found.push(Above { prefix, guards });
            }
        }
        found
    }

    /// The guards of one application or router that stand before what is added at `at`.
    fn standing_before(
        &self,
        place: &Place,
        (at, is_mount): Added,
        object: &Object,
        prefix: &str,
    ) -> Vec<Before<'a>> {
        let counts = |standing: &&Standing<'a>| {
            let later = standing.at.0 != at.0 || standing.at.1.start <= at.1.start;
            standing.on == *place
                && match standing.order {
                    Order::Any => true,
                    Order::Later => later,
                    Order::LaterMounts => later && is_mount,
                }
        };
        let below = |standing: &Standing<'a>| match &standing.below {
            Some(below) => whole(Some(object.framework), prefix, below),
            None => prefix.to_owned(),
        };
        let before = |one: &Standing<'a>| Before {
            below: below(one),
            unless: one.unless.clone(),
            guard: one.guard.clone(),
        };
        self.standing.iter().filter(counts).map(before).collect()
    }
}

/// A prefix and a path as a framework puts them together.
fn whole(framework: Option<Framework>, prefix: &str, route: &str) -> String {
    match framework {
        // FastAPI sets them one after the other: `/items` and the empty path are `/items`, and with `/` `/items/`.
        Some(Framework::FastApi) => {
            let joined = format!("{prefix}{route}");
            if joined.starts_with('/') { joined } else { format!("/{joined}") }
        }
        // Express takes a path with and without a slash at its end for the same (`strict` is off).
        Some(Framework::Express) => {
            let joined = path::join(prefix, route);
            if joined.len() > 1 { joined.trim_end_matches('/').to_owned() } else { joined }
        }
        // Fastify has a `/` below a prefix with and without the slash; Koa's router takes it away.
        Some(Framework::Fastify | Framework::Koa) if route == "/" && !matches!(prefix, "" | "/") => {
            prefix.to_owned()
        }
        _ => path::join(prefix, route),
    }
}

/// A route below a prefix, with the values of the prefix among its inputs.
fn with_prefix(route: &Route, path: String, framework: Option<Framework>, prefix: &str) -> Route {
    let pattern = if framework == Some(Framework::Flask) { path::flask } else { path::starlette };
    let mut inputs: Vec<Input> = pattern(prefix).inputs;
    let path = pattern(&path).path;
    inputs.retain(|input| !route.inputs.iter().any(|own| own.name == input.name && own.place == input.place));
    inputs.extend(route.inputs.iter().cloned());
    Route { path, inputs, ..route.clone() }
}

/// `path:line`.
pub(super) fn place_of(file: &SourceFile, extent: Extent) -> String {
    match file.location(extent) {
        seaworthy_core::Location::Source { path, span } => format!("{path}:{}", span.line),
        _ => file.path.clone(),
    }
}

/// The function that answers, as the surface has it.
pub(super) fn handler(project: &Project<'_>, function: Option<FunctionAt<'_>>) -> Option<Handler> {
    let (at, function) = function?;
    let file = project.file(at)?;
    let symbol = file.symbol_at(function.name_extent.start).to_owned();
    Some(Handler { location: file.location(function.name_extent), symbol })
}

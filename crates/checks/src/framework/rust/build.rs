//! What the functions of a project build of routes: each is gone through as it is written, with what its names hold.
//!
//! A router is moved from name to name, so that what is handed to something that is not of the project (`axum::serve(listener, app)`), given
//! back by a function that nobody here calls, or left over at its end, is what the program serves.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_core::surface::Route;

use crate::facts::source::SourceFile;
use crate::facts::syntax::{Arm, Call, Expr, ExprKind, Extent, Function, Stmt, StmtKind, Text};
use crate::facts::values::called_name;
use crate::framework::project::{FunctionAt, STEPS};
use crate::framework::routing::{Answering, Framework, Routing, handler};
use crate::framework::web::{Guard, Reach};

use super::extractors;
use super::roots::{self, Builders};

/// Functions in functions that are followed.
const DEPTH: usize = 10;
/// Functions that are gone through altogether; a project that builds more is not read to its end.
const FUNCTIONS: usize = 2000;

/// Said of what is added to a field: what is in it by then is not followed.
const KEPT: &str = "this adds to routes that are kept in a field, which is not followed";
/// Said of what is added to something that is not known.
const UNKNOWN: &str = "what these routes are added to could not be followed";

/// What a function makes, by the last two names of its path.
type Made = for<'a> fn(&mut Build<'_, 'a>, &mut Scope<'a>, (&str, &str), &'a Call) -> Option<Built<'a>>;

/// How one framework builds.
pub(super) struct Dialect {
    pub(super) framework: Framework,
    /// Its crate, as it stands in `use`.
    pub(super) package: &'static str,
    /// What a call of a function of the framework makes.
    pub(super) made: Made,
    /// What a method makes of what is built.
    pub(super) step: for<'a> fn(&mut Build<'_, 'a>, &mut Scope<'a>, Built<'a>, Step<'a>) -> Built<'a>,
    /// What stands before a route and below which path it lies, once it is in its place.
    pub(super) path: fn(&str, &str) -> String,
    /// The types whose values are routes, or take them.
    pub(super) types: &'static [&'static str],
    /// Methods of those types that add routes, or something before them.
    pub(super) adds: &'static [&'static str],
}

/// A method that is called on what is built.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) name: &'a str,
    pub(super) expr: &'a Expr,
    pub(super) call: &'a Call,
}

/// Routes, as far as they are built.
#[derive(Debug, Clone, Default)]
pub(super) struct Built<'a> {
    /// The path before them, where the framework keeps that with them.
    pub(super) prefix: String,
    pub(super) entries: Vec<Entry<'a>>,
    /// What stands before all of them, whenever they are added; outermost first.
    pub(super) guards: Vec<Guard<'a>>,
    /// Whether it answers one path: `get(list).post(create)`.
    pub(super) is_one: bool,
}

/// One route.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    /// Upper case; `*` for any.
    pub(super) method: String,
    pub(super) path: String,
    pub(super) at: (usize, Extent),
    pub(super) function: Option<FunctionAt<'a>>,
    /// Outermost first.
    pub(super) guards: Vec<Guard<'a>>,
    /// Whether it answers what nothing else does.
    pub(super) is_fallback: bool,
}

impl<'a> Built<'a> {
    /// With what stands before all of them before each, and their path in front.
    pub(super) fn placed(self, path: fn(&str, &str) -> String) -> Vec<Entry<'a>> {
        let Self { prefix, entries, guards, .. } = self;
        let place = |mut entry: Entry<'a>| {
            entry.path = path(&prefix, &entry.path);
            entry.guards.splice(0..0, guards.iter().cloned());
            entry
        };
        entries.into_iter().map(place).collect()
    }

    /// One or the other: of what both have, that with more before it, for whether a condition holds cannot be told.
    fn or(mut self, other: Self) -> Self {
        for entry in other.entries {
            let same = |known: &&mut Entry<'a>| {
                known.at == entry.at && known.method == entry.method && known.path == entry.path
            };
            match self.entries.iter_mut().find(same) {
                Some(known) if known.guards.len() < entry.guards.len() => *known = entry,
                Some(_) => {}
                None => self.entries.push(entry),
            }
        }
        if self.guards.len() < other.guards.len() {
            self.guards = other.guards;
        }
        self
    }
}

/// What the names of a function hold while it is gone through.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    /// The place of its file.
    pub(super) at: usize,
    /// The functions around what is read, innermost last.
    pub(super) within: Vec<&'a Function>,
    names: BTreeMap<Text, Built<'a>>,
    /// What it gave back on the way.
    given: Option<Built<'a>>,
}

/// What is being gone through.
pub(super) struct Build<'r, 'a> {
    pub(super) routing: &'r mut Routing<'a>,
    pub(super) dialect: &'static Dialect,
    builders: Builders,
    /// Functions that others call, by their address.
    entered: BTreeSet<usize>,
    /// What is served.
    served: Vec<Built<'a>>,
    /// The functions that are being gone through, by their address.
    open: Vec<usize>,
    left: usize,
}

/// Reads the routes of one framework.
pub(super) fn read(routing: &mut Routing<'_>, dialect: &'static Dialect) {
    let project = routing.project;
    let files: Vec<(usize, &SourceFile)> =
        project.files().filter(|(_, file)| roots::uses(file, dialect)).collect();
    let Some((first, file)) = files.first() else { return };
    let builders = Builders::of(project, &files, dialect);
    let roots = builders.roots(project, dialect);
    let mut build = Build {
        routing,
        dialect,
        builders,
        entered: BTreeSet::new(),
        served: Vec::new(),
        open: Vec::new(),
        left: FUNCTIONS,
    };
    let mut all = Vec::new();
    for (at, function) in roots {
        build.begin((at, function));
        all.push((function, std::mem::take(&mut build.served)));
    }
    let entered = std::mem::take(&mut build.entered);
    let served: Vec<Built<'_>> = all
        .into_iter()
        .filter(|(function, _)| !entered.contains(&address(function)))
        .flat_map(|(_, served)| served)
        .collect();
    let makes_routes = |file: &SourceFile| dialect.types.iter().any(|name| file.text.contains(name));
    let is_empty = served.iter().all(|built| built.entries.is_empty());
    if is_empty && files.iter().any(|(_, file)| makes_routes(file)) {
        let extent = file.imports.first().map_or(Extent::default(), |fact| fact.extent);
        let why = format!("{} is used, and no routes of it could be read", dialect.package);
        build.routing.unread(*first, extent, &why);
    }
    for built in served {
        note(build.routing, dialect, built);
    }
}

/// `("Router", "new")` of `axum.Router.new`.
fn last_two(dotted: &str) -> (&str, &str) {
    let (before, last) = dotted.rsplit_once('.').unwrap_or(("", dotted));
    (before.rsplit('.').next().unwrap_or_default(), last)
}

fn address(function: &Function) -> usize {
    std::ptr::from_ref(function).addr()
}

/// Notes the routes of something that is served.
fn note<'a>(routing: &mut Routing<'a>, dialect: &Dialect, built: Built<'a>) {
    let mut entries = built.placed(dialect.path);
    entries.iter_mut().filter(|entry| entry.path.is_empty()).for_each(|entry| entry.path.push('/'));
    let everywhere = |guard: &Guard<'a>| {
        entries.iter().all(|entry| entry.guards.iter().any(|other| std::ptr::eq(other.expr, guard.expr)))
    };
    let mut ready = Vec::new();
    for entry in &entries {
        let own = entry.guards.iter().map(|guard| match guard.reach {
            Reach::Application if !everywhere(guard) => Guard { reach: Reach::Router, ..guard.clone() },
            _ => guard.clone(),
        });
        let mut guards: Vec<Guard<'a>> = own.collect();
        guards
            .extend(entry.function.map(|function| extractors::guards(routing, function)).unwrap_or_default());
        ready.push(guards);
    }
    for (entry, guards) in entries.into_iter().zip(ready) {
        let function = entry.function;
        let answering = Answering { function, guards };
        let framework = dialect.framework;
        if entry.is_fallback {
            routing.unplaced(framework, entry.at, (&entry.method, &entry.path), answering);
            continue;
        }
        let inputs = extractors::inputs(routing.project, &entry.path, function);
        let handler = handler(routing.project, function);
        let route = Route { method: entry.method, path: entry.path, handler, inputs };
        routing.answered(framework, entry.at, route, answering);
    }
}

impl<'a> Build<'_, 'a> {
    /// Goes through a function that nobody here calls.
    fn begin(&mut self, (at, function): FunctionAt<'a>) {
        let mut scope = self.scope(at, function);
        // What it is given by somebody else has no routes yet.
        for parameter in &function.parameters {
            let builds = parameter.annotation.as_ref().is_some_and(|of| roots::names_type(of, self.dialect));
            if let Some(name) = parameter.pattern.dotted().filter(|_| builds) {
                scope.names.insert(Text::from(name), Built::default());
            }
        }
        let given = self.body(&mut scope, &function.body);
        let left = std::mem::take(&mut scope.names).into_values();
        self.served.extend(given.into_iter().chain(scope.given).chain(left));
    }

    fn scope(&self, at: usize, function: &'a Function) -> Scope<'a> {
        let within = self.routing.project.within_function(at, function);
        Scope { at, within, names: BTreeMap::new(), given: None }
    }

    /// Goes through a function of the project that is called with what is built: what it gives back, and what its parameters hold then.
    pub(super) fn run(
        &mut self,
        (at, function): FunctionAt<'a>,
        given: Vec<Option<Built<'a>>>,
    ) -> (Option<Built<'a>>, Vec<Option<Built<'a>>>) {
        if self.open.len() >= DEPTH || self.left == 0 || self.open.contains(&address(function)) {
            return (None, Vec::new());
        }
        self.open.push(address(function));
        self.left -= 1;
        self.entered.insert(address(function));
        let mut scope = self.scope(at, function);
        let own = |name: &Option<String>| !matches!(name.as_deref(), Some("self"));
        let names: Vec<Option<String>> =
            function.parameters.iter().map(|parameter| parameter.pattern.dotted()).filter(own).collect();
        for (name, value) in names.iter().zip(given) {
            if let (Some(name), Some(value)) = (name, value) {
                scope.names.insert(Text::from(name), value);
            }
        }
        let value = self.body(&mut scope, &function.body);
        self.open.pop();
        let held =
            |name: &Option<String>| name.as_ref().and_then(|name| scope.names.get(name.as_str()).cloned());
        let after = names.iter().map(held).collect();
        let value = match (value, scope.given) {
            (Some(value), Some(given)) => Some(value.or(given)),
            (value, given) => value.or(given),
        };
        (value, after)
    }

    fn body(&mut self, scope: &mut Scope<'a>, body: &'a [Stmt]) -> Option<Built<'a>> {
        let mut last = None;
        for stmt in body {
            last = self.stmt(scope, stmt);
        }
        last
    }

    /// Goes through a statement: its value, when it is the value of its block.
    fn stmt(&mut self, scope: &mut Scope<'a>, stmt: &'a Stmt) -> Option<Built<'a>> {
        match &stmt.kind {
            StmtKind::Value(expr) => {
                let value = self.eval(scope, expr);
                self.put_back(scope, expr, value.as_ref());
                value
            }
            StmtKind::Expr(expr) => {
                let value = self.eval(scope, expr);
                self.put_back(scope, expr, value.as_ref());
                None
            }
            StmtKind::Assign(assign) => {
                let value = assign.value.as_ref().and_then(|value| self.eval(scope, value));
                let target = assign.targets.first()?;
                // `let (router, api) = router.split_for_parts()`
                let name = match &target.kind {
                    ExprKind::Sequence { items, .. } => items.first().and_then(Expr::dotted),
                    _ => target.dotted(),
                };
                if let (Some(value), Some(name)) = (value, name) {
                    scope.names.insert(Text::from(name), value);
                }
                None
            }
            StmtKind::Return(value) => {
                if let Some(value) = value.as_ref().and_then(|value| self.eval(scope, value)) {
                    let known = scope.given.take();
                    scope.given = Some(known.map_or_else(|| value.clone(), |known| known.or(value.clone())));
                }
                None
            }
            StmtKind::If { test, then, otherwise } => {
                self.eval(scope, test);
                self.either(scope, &[then, otherwise])
            }
            StmtKind::Match { value, arms } => {
                self.eval(scope, value);
                let bodies: Vec<&'a [Stmt]> = arms.iter().map(|arm: &'a Arm| arm.body.as_slice()).collect();
                self.either(scope, &bodies)
            }
            StmtKind::Loop(each) => {
                self.body(scope, &each.body);
                None
            }
            StmtKind::Block(body) => self.body(scope, body),
            StmtKind::Other(parts) => {
                parts.iter().for_each(|part| drop(self.eval(scope, part)));
                None
            }
            _ => None,
        }
    }

    /// One of several ways: what any of them makes.
    fn either(&mut self, scope: &mut Scope<'a>, ways: &[&'a [Stmt]]) -> Option<Built<'a>> {
        let before = scope.clone();
        let mut value: Option<Built<'a>> = None;
        let mut names: BTreeMap<Text, Built<'a>> = BTreeMap::new();
        for way in ways {
            let mut one = before.clone();
            if let Some(made) = self.body(&mut one, way) {
                value = Some(match value.take() {
                    Some(known) => known.or(made),
                    None => made,
                });
            }
            for (name, held) in one.names {
                let joined = match names.remove(&name) {
                    Some(known) => known.or(held),
                    None => held,
                };
                names.insert(name, joined);
            }
            scope.given = match (scope.given.take(), one.given) {
                (Some(known), Some(given)) => Some(known.or(given)),
                (known, given) => known.or(given),
            };
        }
        scope.names = names;
        value
    }

    /// `cfg.service(..)` changes what `cfg` refers to.
    fn put_back(&self, scope: &mut Scope<'a>, expr: &'a Expr, value: Option<&Built<'a>>) {
        if let (Some(value), ExprKind::Name(name)) = (value, &base(expr).kind) {
            scope.names.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    /// What an expression builds; what it hands to something else is served.
    pub(super) fn eval(&mut self, scope: &mut Scope<'a>, expr: &'a Expr) -> Option<Built<'a>> {
        match &expr.kind {
            ExprKind::Name(name) => scope.names.remove(name),
            ExprKind::Member { .. } => scope.names.remove(expr.dotted()?.as_str()),
            ExprKind::Call(call) => self.call(scope, expr, call),
            ExprKind::Await(value)
            | ExprKind::Propagate(value)
            | ExprKind::Cast { value, .. }
            | ExprKind::Unary { value, .. } => self.eval(scope, value),
            ExprKind::Statement(stmt) => self.stmt(scope, stmt),
            ExprKind::Assign { target, value, .. } => {
                let value = self.eval(scope, value)?;
                scope.names.insert(Text::from(target.dotted()?), value);
                None
            }
            ExprKind::Sequence { items, .. } => {
                let mut found = items.iter().filter_map(|item| self.eval(scope, item));
                found.next()
            }
            ExprKind::Record { entries, .. } => {
                for (_, value) in entries {
                    let held = self.eval(scope, value);
                    self.served.extend(held);
                }
                None
            }
            _ => None,
        }
    }

    fn call(&mut self, scope: &mut Scope<'a>, expr: &'a Expr, call: &'a Call) -> Option<Built<'a>> {
        let project = self.routing.project;
        let file = project.file(scope.at)?;
        let dotted = file.resolve(&call.callee);
        if let Some(dotted) = &dotted
            && let Some(built) = (self.dialect.made)(self, scope, last_two(dotted), call)
        {
            return Some(built);
        }
        if let ExprKind::Member { object, name, .. } = &call.callee.kind {
            if let (ExprKind::Name(held), "clone") = (&object.kind, name.as_str())
                && let Some(held) = scope.names.get(held)
            {
                return Some(held.clone());
            }
            if let Some(built) = self.eval(scope, object) {
                return Some((self.dialect.step)(self, scope, built, Step { name, expr, call }));
            }
            if self.builders.keeps(object) && self.dialect.adds.contains(&name.as_str()) {
                self.unread(scope, call.callee.extent, KEPT);
                return None;
            }
        }
        let is_builder = called_name(&call.callee).is_some_and(|name| self.builders.has(name));
        let named = matches!(call.callee.kind, ExprKind::Name(_) | ExprKind::Member { .. });
        if is_builder
            && named
            && let Some(function) = project.function_within(scope.at, &scope.within, &call.callee, STEPS)
        {
            let given = call.arguments.iter().map(|given| self.eval(scope, &given.value)).collect();
            return self.run(function, given).0;
        }
        self.hand_on(scope, call)
    }

    /// What is given to something that is not of the project: it is served, unless it only wraps it.
    fn hand_on(&mut self, scope: &mut Scope<'a>, call: &'a Call) -> Option<Built<'a>> {
        const WRAPS: &[&str] = &["Ok", "Some", "Box", "Arc"];
        let wraps = called_name(&call.callee).is_some_and(|name| WRAPS.contains(&name));
        let adds = self.adds_to_unknown(scope, call);
        let mut first = None;
        for given in &call.arguments {
            let held = match &given.value.kind {
                ExprKind::Function(inner) => {
                    let mut inside = scope.clone();
                    inside.within.push(inner);
                    inside.given = None;
                    let made = self.body(&mut inside, &inner.body);
                    made.or(inside.given)
                }
                _ => self.eval(scope, &given.value),
            };
            match held {
                Some(held) if wraps && first.is_none() => first = Some(held),
                Some(_) if adds => self.unread(scope, call.callee.extent, UNKNOWN),
                held => self.served.extend(held),
            }
        }
        first
    }

    /// Whether a call adds routes to something of which nobody here knows what it is: `server.route("/", get(list))`.
    fn adds_to_unknown(&self, scope: &Scope<'a>, call: &'a Call) -> bool {
        let ExprKind::Member { object, name, .. } = &call.callee.kind else { return false };
        self.dialect.adds.contains(&name.as_str()) && !self.is_of_library(scope, object)
    }

    /// What is not read here.
    pub(super) fn unread(&mut self, scope: &Scope<'a>, extent: Extent, why: &str) {
        self.routing.unread(scope.at, extent, why);
    }

    /// What a name of the file stands for, when it is made once; anything else is itself.
    pub(super) fn made(&self, scope: &Scope<'a>, expr: &'a Expr) -> &'a Expr {
        let named = matches!(expr.kind, ExprKind::Name(_));
        let origins = || self.routing.project.origins(scope.at, &scope.within, expr, STEPS);
        match named.then(origins).as_deref() {
            Some([(file, _, made)]) if *file == scope.at => made,
            _ => expr,
        }
    }

    /// Whether what a chain begins with is of a library that the project uses.
    pub(super) fn is_of_library(&self, scope: &Scope<'a>, expr: &'a Expr) -> bool {
        let project = self.routing.project;
        let first = base(self.made(scope, base(expr)));
        let path = match &first.kind {
            ExprKind::Call(call) => &call.callee,
            ExprKind::Record { of: Some(of), .. } => of,
            _ => first,
        };
        let Some(dotted) = project.file(scope.at).and_then(|file| file.resolve(path)) else { return false };
        let parts: Vec<&str> = dotted.split('.').collect();
        parts.len() > 1
            && !matches!(parts.first(), Some(&("crate" | "self" | "super")))
            && project.context.graph.rust_item(scope.at, &parts).is_none()
    }
}

/// What a chain of methods begins with: `app` in `app.route(..).layer(..)`, `Router::new()` in `Router::new().route(..)`.
pub(super) fn base(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, .. } if is_value(object) => base(object),
            _ => expr,
        },
        ExprKind::Await(value)
        | ExprKind::Propagate(value)
        | ExprKind::Cast { value, .. }
        | ExprKind::Unary { value, .. } => base(value),
        _ => expr,
    }
}

/// Whether something before a dot is a value, and no module or type: `app`, not `Router`.
fn is_value(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => name.chars().next().is_some_and(|first| first.is_lowercase() || first == '_'),
        ExprKind::Member { .. } => false,
        _ => true,
    }
}

//! Applications, routers, what is mounted where, and the routes that come of it; the same in every framework.

use std::collections::BTreeMap;

use seaworthy_core::NotChecked;
use seaworthy_core::surface::{Handler, Input, Route};

use super::path;
use super::project::{FunctionAt, Place, Project};
use crate::facts::nodes::Around;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, Extent};

/// Routers in routers, and names that stand for names, that are followed; a circle of mounts has no end.
const DEPTH: usize = 8;

/// Which framework something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framework {
    Flask,
    FastApi,
    Express,
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

/// A router put into another.
#[derive(Debug)]
struct Mount {
    parent: Place,
    child: Place,
    prefix: Option<String>,
    /// Whether the prefix stands in the place of the router's own (Flask).
    replaces: bool,
}

/// A route as it is registered on an application or router.
#[derive(Debug)]
struct Registration {
    on: Place,
    at: (usize, Extent),
    route: Route,
}

/// A route and where it is registered.
#[derive(Debug)]
pub(super) struct Found {
    /// The place of the file in the list.
    pub(super) file: usize,
    /// Where it begins.
    pub(super) offset: u32,
    /// The route.
    pub(super) route: Route,
}

/// Everything read so far.
pub(super) struct Routing<'a> {
    /// The files.
    pub(super) project: &'a Project<'a>,
    objects: BTreeMap<Place, Object>,
    mounts: Vec<Mount>,
    registrations: Vec<Registration>,
    found: Vec<Found>,
    not_read: BTreeMap<(usize, u32), NotChecked>,
}

impl<'a> Routing<'a> {
    /// Nothing yet.
    pub(super) fn new(project: &'a Project<'a>) -> Self {
        Self {
            project,
            objects: BTreeMap::new(),
            mounts: Vec::new(),
            registrations: Vec::new(),
            found: Vec::new(),
            not_read: BTreeMap::new(),
        }
    }

    /// Notes what could not be understood.
    pub(super) fn unread(&mut self, file: usize, extent: Extent, why: &str) {
        let Some(source) = self.project.file(file) else { return };
        let what = place_of(source, extent);
        self.not_read.entry((file, extent.start)).or_insert(NotChecked { what, why: why.to_owned() });
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
        self.objects.entry(place).or_insert(Object { framework, is_root, prefix, at });
    }

    /// The applications and routers that an expression may mean, of this framework; `None` when it can mean something that is
    /// none of any framework.
    pub(super) fn objects(
        &self,
        file: usize,
        around: Around<'a, '_>,
        expr: &Expr,
    ) -> Vec<(Place, Framework)> {
        let Some(place) = self.project.find(file, around, expr) else { return Vec::new() };
        let mut found = Vec::new();
        self.follow(place, DEPTH, &mut found);
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found.dedup();
        found
    }

    fn follow(&self, place: Place, depth: usize, found: &mut Vec<(Place, Framework)>) {
        if let Some(object) = self.objects.get(&place) {
            let framework = object.framework;
            found.push((place, framework));
            return;
        }
        let Some(left) = depth.checked_sub(1) else { return };
        for source in self.project.sources(&place) {
            self.follow(source, left, found);
        }
    }

    /// Notes that a router is put into another.
    pub(super) fn mount(&mut self, parent: &Place, child: &Place, prefix: Option<String>, replaces: bool) {
        self.mounts.push(Mount { parent: parent.clone(), child: child.clone(), prefix, replaces });
    }

    /// Notes a route of an application or router.
    pub(super) fn register(&mut self, on: &Place, at: (usize, Extent), route: Route) {
        self.registrations.push(Registration { on: on.clone(), at, route });
    }

    /// Notes a route that is whole.
    pub(super) fn found(&mut self, file: usize, extent: Extent, route: Route) {
        self.found.push(Found { file, offset: extent.start, route });
    }

    /// Whether there is any route, or anything that could not be understood.
    pub(super) fn says_something(&self) -> bool {
        !(self.found.is_empty()
            && self.registrations.is_empty()
            && self.not_read.is_empty()
            && self.objects.is_empty())
    }

    /// The routes, in the order of files and lines, without repetitions; and what could not be understood.
    pub(super) fn finish(mut self) -> (Vec<Route>, Vec<NotChecked>) {
        let registrations = std::mem::take(&mut self.registrations);
        for Registration { on, at, route } in registrations {
            let prefixes = self.prefixes(&on, DEPTH);
            if prefixes.is_empty() {
                let Some(object) = self.objects.get(&on).cloned() else { continue };
                let why = "a router that is mounted nowhere, or where that could not be read: its routes are not listed";
                self.unread(object.at.0, object.at.1, why);
            }
            let framework = self.objects.get(&on).map(|object| object.framework);
            for prefix in prefixes {
                let Some(prefix) = prefix else {
                    self.unread(at.0, at.1, "the path in front of this route is not written as text");
                    continue;
                };
                let path = whole(framework, &prefix, &route.path);
                self.found.push(Found {
                    file: at.0,
                    offset: at.1.start,
                    route: with_prefix(&route, path, framework, &prefix),
                });
            }
        }
        self.found.sort_by_key(|found| (found.file, found.offset));
        let mut routes: Vec<Route> = Vec::new();
        for found in self.found {
            let known = routes
                .iter()
                .any(|route| route.method == found.route.method && route.path == found.route.path);
            if !known {
                routes.push(found.route);
            }
        }
        (routes, self.not_read.into_values().collect())
    }

    /// What stands before the routes of a router, one for each place where it is mounted; `None` for one that is no text.
    fn prefixes(&self, place: &Place, depth: usize) -> Vec<Option<String>> {
        let Some(object) = self.objects.get(place) else { return Vec::new() };
        let Some(left) = depth.checked_sub(1) else { return Vec::new() };
        let mut found = Vec::new();
        if object.is_root && !self.mounts.iter().any(|mount| mount.child == *place) {
            found.push(object.prefix.clone());
        }
        for mount in self.mounts.iter().filter(|mount| mount.child == *place && mount.parent != *place) {
            for before in self.prefixes(&mount.parent, left) {
                let own = if mount.replaces { Some(String::new()) } else { object.prefix.clone() };
                let parts = before.zip(mount.prefix.clone()).zip(own);
                found.push(parts.map(|((before, mounted), own)| {
                    let inner = whole(Some(object.framework), &before, &mounted);
                    let inner = if inner == "/" { String::new() } else { inner };
                    if own.is_empty() { inner } else { whole(Some(object.framework), &inner, &own) }
                }));
            }
        }
        found
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

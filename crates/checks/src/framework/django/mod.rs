//! Django and Django REST framework: `urlpatterns` from the root that the settings name, functions and classes as views, routers of view
//! sets, and what the settings put before all of them (<https://docs.djangoproject.com/en/5.2/topics/http/urls/>,
//! <https://www.django-rest-framework.org/api-guide/>).
//!
//! Django's own applications (`admin.site.urls`, `django.contrib.*`), files that it serves, and the suffixes and documents that a router
//! adds by itself are no routes of the program.

mod fields;
mod rest;
mod settings;
mod urls;
mod views;

use std::collections::BTreeSet;

use super::project::{Project, STEPS};
use super::routing::Routing;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Stmt, StmtKind};
use crate::language::Language;

use self::settings::Settings;
use self::urls::Walk;

/// There are no objects to be noted beforehand.
pub(super) fn objects(_: &mut Routing<'_>) {}

/// Notes the routes of every root.
pub(super) fn read(routing: &mut Routing<'_>) {
    let project = routing.project;
    let modules: Vec<(usize, Extent)> =
        python(project).filter_map(|(at, file)| Some((at, patterns(file)?))).collect();
    if modules.is_empty() {
        return;
    }
    let settings = Settings::of(project);
    let mut walk = Walk::new(routing, &settings);
    for root in &settings.roots {
        walk.module(*root, &mut String::new().into());
    }
    let mut reached: BTreeSet<usize> = walk.reached().clone();
    if settings.roots.is_empty() {
        // An application for others: what it will stand below is theirs to say.
        for (at, extent) in &modules {
            if reached.contains(at) {
                continue;
            }
            walk.module(*at, &mut String::new().into());
            reached.clone_from(walk.reached());
            let why = "no settings name the root of the URLs, so that what these stand below is not known";
            walk.unread(*at, *extent, why);
        }
        return;
    }
    for (at, extent) in modules.iter().filter(|(at, _)| !reached.contains(at)) {
        walk.unread(*at, *extent, "URLs that are included nowhere, or where that could not be read");
    }
}

/// The files of Python that are no tests.
fn python<'a>(project: &Project<'a>) -> impl Iterator<Item = (usize, &'a SourceFile)> + use<'a> {
    project.files().filter(|(_, file)| file.language == Language::Python)
}

/// Where a file says its URLs, when it does.
fn patterns(file: &SourceFile) -> Option<Extent> {
    let makes = file.imports.iter().any(|fact| {
        let module = fact.import.module.as_str();
        module.starts_with("django") || module.starts_with("rest_framework")
    });
    file.syntax.body.iter().filter(|_| makes).find_map(|stmt| match &stmt.kind {
        StmtKind::Assign(assign) if assign.targets.iter().any(|target| is_named(target, "urlpatterns")) => {
            Some(stmt.extent)
        }
        _ => None,
    })
}

fn is_named(expr: &Expr, wanted: &str) -> bool {
    matches!(&expr.kind, ExprKind::Name(name) if name == wanted)
}

/// The file of a module that is named in a text: `shop.urls`; the one nearest to the root when several could be meant.
fn module(project: &Project<'_>, dotted: &str) -> Option<usize> {
    let path = dotted.replace('.', "/");
    let fits = |file: &SourceFile| {
        [format!("{path}.py"), format!("{path}/__init__.py")].iter().any(|wanted| {
            file.path
                .strip_suffix(wanted.as_str())
                .is_some_and(|before| before.is_empty() || before.ends_with('/'))
        })
    };
    let mut found: Vec<(usize, &SourceFile)> = python(project).filter(|(_, file)| fits(file)).collect();
    found.sort_by_key(|(_, file)| file.path.len());
    found.first().map(|(at, _)| *at)
}

/// The statements at the top of a file, those of its conditions and `try`s too.
fn top<'a>(body: &'a [Stmt], found: &mut Vec<&'a Stmt>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::If { then, otherwise, .. } => {
                top(then, found);
                top(otherwise, found);
            }
            StmtKind::Try(tried) => {
                top(&tried.body, found);
                tried.handlers.iter().for_each(|handler| top(&handler.body, found));
            }
            StmtKind::With { body, .. } => top(body, found),
            _ => found.push(stmt),
        }
    }
}

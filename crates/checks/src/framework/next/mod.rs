//! Next.js: what its file conventions make of a tree. Route handlers (`app/**/route.ts`), API routes (`pages/api/**`), server actions
//! (`"use server"`), and the middleware before them (<https://nextjs.org/docs/app/api-reference/file-conventions>).
//!
//! Pages, which only show something, are no routes of the program, nor are the rewrites of a configuration.

mod actions;
mod api;
mod handlers;
mod matcher;
mod middleware;
mod next_auth;
mod segments;

use std::collections::BTreeSet;

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use super::origins::entry;
use super::project::{ExprAt, FunctionAt, Place, Project, STEPS, is_import};
use super::routing::Routing;
use super::web::{Guard, Reach};
use crate::facts::nodes::each_node;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind};
use crate::language::Language;

use self::middleware::Middleware;
use self::segments::Kind;

/// One application of the tree.
struct Application<'a> {
    /// Its folder.
    root: String,
    /// `basePath` of its configuration.
    base: String,
    middleware: Option<Middleware<'a>>,
}

/// Notes the routes of every application of the tree.
pub(super) fn read(routing: &mut Routing<'_>) {
    let scripts = scripts(routing.project);
    let applications: Vec<Application<'_>> =
        roots(routing.project, &scripts).into_iter().map(|root| application(routing.project, root)).collect();
    for (at, extent) in applications.iter().filter_map(|one| one.middleware.as_ref()?.unread) {
        routing.unread(at, extent, "the paths that this middleware is asked for could not be read");
    }
    for (at, file) in scripts {
        // The deepest folder that the file is in.
        let inside = applications.iter().rev().find_map(|one| Some((one, below(&file.path, &one.root)?)));
        let Some((application, inner)) = inside else { continue };
        actions::read(routing, at, file);
        let Some((kind, paths)) = segments::of(inner) else { continue };
        for path in &paths {
            let path = segments::joined(&application.base, path);
            let before = application.middleware.as_ref().map(|one| one.before(&path)).unwrap_or_default();
            match kind {
                Kind::Handlers => handlers::read(routing, (at, file), &path, &before),
                Kind::Api => api::read(routing, at, &path, &before),
            }
        }
    }
}

fn scripts<'a>(project: &Project<'a>) -> Vec<(usize, &'a SourceFile)> {
    let is_script = |language| matches!(language, Language::JavaScript | Language::TypeScript);
    project.files().filter(|(_, file)| is_script(file.language)).collect()
}

/// The folders of applications, the deepest last: those with a configuration, with a package that takes `next`, or in which a file takes
/// it that stands where it makes a route.
fn roots(project: &Project<'_>, scripts: &[(usize, &SourceFile)]) -> BTreeSet<String> {
    let tree = project.context.tree;
    let mut found = BTreeSet::new();
    for entry in tree.entries().iter().filter(|entry| !entry.foreign) {
        let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let configures = entry.name().starts_with("next.config.");
        let takes = || tree.read_text(&entry.path, SOURCE_FILE_BYTES).is_some_and(|text| takes_next(&text));
        if configures || entry.name() == "package.json" && takes() {
            found.insert(folder.to_owned());
        }
    }
    for (_, file) in scripts {
        let takes = file.imports.iter().any(|fact| {
            let module = fact.import.module.as_str();
            module == "next" || module.starts_with("next/")
        });
        if takes
            && let Some(root) = segments::root(&file.path)
            && !found.iter().any(|known| below(&file.path, known).is_some())
        {
            found.insert(root.to_owned());
        }
    }
    found
}

fn takes_next(text: &str) -> bool {
    let Ok(package) = serde_json::from_str::<serde_json::Value>(text) else { return false };
    ["dependencies", "devDependencies"]
        .iter()
        .any(|part| package.get(part).and_then(|part| part.get("next")).is_some())
}

fn application<'a>(project: &Project<'a>, root: String) -> Application<'a> {
    let base = base_path(project, &root);
    let middleware = Middleware::of(project, &root);
    Application { root, base, middleware }
}

/// A path from a folder on.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// `basePath` of the configuration.
fn base_path(project: &Project<'_>, root: &str) -> String {
    let mut found = String::new();
    for (_, file) in scripts(project) {
        if below(&file.path, root).is_some_and(|inner| inner.starts_with("next.config.")) {
            each_node(&file.syntax, &mut |node, _| {
                if let Some(Expr { kind: ExprKind::Record { entries, .. }, .. }) = node.expr()
                    && let Some(base) = entry(entries, "basePath").and_then(Expr::string)
                {
                    found = base.to_owned();
                }
                true
            });
        }
    }
    found
}

/// What is found under a name that a file gives out.
#[derive(Default)]
struct Wrapped<'a> {
    /// The function that answers in the end.
    function: Option<FunctionAt<'a>>,
    /// What is put around it, outermost first: `withAuth` of `export const POST = withAuth(async (request) => ..)`.
    guards: Vec<Guard<'a>>,
    /// Whether something of the project makes what answers, in a way that is not followed.
    is_unclear: bool,
}

/// The function at a place, and what is put around it.
fn wrapped<'a>(project: &Project<'a>, place: &Place) -> Wrapped<'a> {
    let values = project.values_of(place);
    let [value] = values.as_slice() else {
        let function = project.function_at(place);
        return Wrapped { function, is_unclear: values.len() > 1, ..Wrapped::default() };
    };
    let (mut at, mut within, mut expr): ExprAt<'a> = value.clone();
    let mut guards = Vec::new();
    for _ in 0..STEPS {
        match &expr.kind {
            ExprKind::Await(value) | ExprKind::Cast { value, .. } => expr = value,
            ExprKind::Name(_) | ExprKind::Member { .. } => {
                let Some(place) = project.find_within(at, &within, expr) else { break };
                let values = project.values_of(&place);
                let [value] = values.as_slice() else { break };
                (at, within, expr) = value.clone();
            }
            ExprKind::Call(call) if !is_import(expr) => {
                let mut given = call.arguments.iter().map(|argument| &argument.value);
                let Some(inner) =
                    given.find(|value| project.function_within(at, &within, value, STEPS).is_some())
                else {
                    break;
                };
                guards.push(around(project, (at, &within), &call.callee));
                expr = inner;
            }
            _ => break,
        }
    }
    let function = project.answering(at, &within, expr).or_else(|| project.function_at(place));
    let is_unclear = function.is_none() && is_made_here(project, (at, &within), expr);
    Wrapped { function, guards, is_unclear }
}

/// What is called around a function; `withRole("admin")` makes it.
fn around<'a>(
    project: &Project<'a>,
    (at, within): (usize, &[&'a crate::facts::syntax::Function]),
    callee: &'a Expr,
) -> Guard<'a> {
    let named = callee.call().map_or(callee, |made| &made.callee);
    let function = project.function_within(at, within, named, STEPS);
    Guard { file: at, expr: callee, option: None, function, reach: Reach::Route }
}

/// Whether what answers is made by a function of the project, or of something that the project wrote down.
fn is_made_here<'a>(
    project: &Project<'a>,
    (at, within): (usize, &[&'a crate::facts::syntax::Function]),
    expr: &'a Expr,
) -> bool {
    let Some(call) = expr.call() else { return false };
    let has_record =
        call.arguments.iter().any(|argument| matches!(argument.value.kind, ExprKind::Record { .. }));
    has_record || project.function_within(at, within, &call.callee, STEPS).is_some()
}

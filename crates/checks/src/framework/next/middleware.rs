//! The middleware of an application, and the paths that it is asked for
//! (<https://nextjs.org/docs/app/api-reference/file-conventions/proxy#matcher>).

use super::super::caller::is_named_for_asking;
use super::super::origins::entry;
use super::super::project::{Place, Project, STEPS};
use super::super::web::{self, Guard, Reach};
use super::matcher::Matcher;
use super::{below, next_auth, scripts, wrapped};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, ImportKind, Literal};
use crate::facts::values::called_name;

/// What a middleware is written as that a file only hands on from a package.
static NOTHING_WRITTEN: Expr =
    Expr { extent: Extent { start: 0, end: 0 }, kind: ExprKind::Literal(Literal::Null) };

/// The middleware of one application.
pub(super) struct Middleware<'a> {
    guard: Guard<'a>,
    /// Without any it is asked for everything; those that are not understood are taken to be about any path.
    matchers: Vec<Option<Matcher>>,
    /// Where they are written, when one of them is not understood.
    pub(super) unread: Option<(usize, Extent)>,
}

impl<'a> Middleware<'a> {
    /// Reads it: `middleware.ts`, or `proxy.ts` since version 16, beside `app` or `pages`.
    pub(super) fn of(project: &Project<'a>, root: &str) -> Option<Self> {
        let (at, file) = scripts(project).into_iter().find(|(_, file)| is_middleware(file, root))?;
        let name = file.path.rsplit('/').next()?.split('.').next()?;
        let config = Place { file: at, scope: 0, name: "config".to_owned() };
        let values = project.values_of(&config);
        let matcher = values.iter().find_map(|(_, _, config)| match &config.kind {
            ExprKind::Record { entries, .. } => entry(entries, "matcher"),
            _ => None,
        });
        let guard = guard(project, (at, file), name, matcher);
        let matchers = matcher.map(|matcher| read(project, at, matcher)).unwrap_or_default();
        let unread = matcher.filter(|_| matchers.iter().any(Option::is_none)).map(|one| (at, one.extent));
        Some(Self { guard, matchers, unread })
    }

    /// What stands before a path by it. What is asked for everything decides itself whom it lets pass, but for what a package makes to ask
    /// everybody.
    pub(super) fn before(&self, path: &str) -> Vec<Guard<'a>> {
        let whole = |matcher: &Option<Matcher>| matcher.as_ref().is_none_or(Matcher::is_whole);
        let asks = self.guard.option == Some(web::ASKS)
            || self.guard.expr.call().and_then(|call| called_name(&call.callee)) == Some("withAuth");
        let is_whole = !asks && (self.matchers.is_empty() || self.matchers.iter().any(whole));
        let reach = if is_whole { Reach::Application } else { Reach::Router };
        let is_meant = |matcher: &Option<Matcher>| matcher.as_ref().is_none_or(|one| one.matches(path));
        let matches = self.matchers.is_empty() || self.matchers.iter().any(is_meant);
        if matches { vec![Guard { reach, ..self.guard.clone() }] } else { Vec::new() }
    }
}

fn is_middleware(file: &SourceFile, root: &str) -> bool {
    let inner = below(&file.path, root).map(|inner| inner.strip_prefix("src/").unwrap_or(inner));
    let stem = inner.and_then(|inner| inner.rsplit_once('.')).map(|(stem, _)| stem);
    matches!(stem, Some("middleware" | "proxy"))
}

fn guard<'a>(
    project: &Project<'a>,
    (at, file): (usize, &'a SourceFile),
    name: &str,
    matcher: Option<&'a Expr>,
) -> Guard<'a> {
    let is_there =
        |place: &Place| project.function_at(place).is_some() || !project.values_of(place).is_empty();
    let named = project.exported_named(at, name).filter(is_there);
    let place = named.or_else(|| project.exported_default(at).filter(is_there));
    let mut function = None;
    let mut written = matcher;
    if let Some(place) = &place {
        let found = wrapped(project, place);
        function = found.function;
        let parameter = function.and_then(|(_, function)| function.parameters.first());
        written = match project.values_of(place).as_slice() {
            // `export default withAuth(function middleware(request) {..})`, `export default clerkMiddleware()`.
            [(_, _, value)] if value.call().is_some() => Some(value),
            _ => matcher.or(parameter.map(|parameter| &parameter.pattern)),
        };
    }
    let asks = function.is_none()
        && (hands_on_asking(project, (at, file), name)
            || [project.exported_named(at, name), project.exported_default(at)]
                .into_iter()
                .flatten()
                .any(|place| next_auth::refuses(project, &place)));
    let option = if asks { web::ASKS } else { "middleware" };
    Guard {
        file: at,
        expr: written.unwrap_or(&NOTHING_WRITTEN),
        option: Some(option),
        function,
        reach: Reach::Router,
    }
}

/// `export { default } from "next-auth/middleware"`: what a package gives that is named for asking. What the project gives itself is read.
fn hands_on_asking(project: &Project<'_>, (at, file): (usize, &SourceFile), name: &str) -> bool {
    file.imports.iter().filter(|fact| fact.import.kind == ImportKind::Reexport).any(|fact| {
        let module = fact.import.module.as_str();
        let of_auth = module.split(['/', '-']).any(|word| word == "auth");
        let is_own = module.starts_with(['.', '~', '#']) || module.starts_with("@/");
        !is_own
            && fact.import.names.iter().any(|one| {
                let outside = one.alias.as_ref().unwrap_or(&one.name);
                (outside == name || outside == "default")
                    && (of_auth || is_named_for_asking(&one.name))
                    && project.exported_named(at, outside).is_none()
            })
    })
}

/// One text, a list of them, or of records with a `source`.
fn read<'a>(project: &Project<'a>, at: usize, matcher: &'a Expr) -> Vec<Option<Matcher>> {
    let origins = project.origins(at, &[], matcher, STEPS);
    let items: Vec<&'a Expr> = origins
        .iter()
        .flat_map(|(_, _, origin)| match &origin.kind {
            ExprKind::Sequence { items, .. } => items.iter().collect(),
            _ => vec![*origin],
        })
        .collect();
    let text = |item: &'a Expr| match &item.kind {
        ExprKind::Record { entries, .. } => entry(entries, "source").and_then(Expr::string),
        _ => item.string(),
    };
    items.into_iter().map(|item| text(item).and_then(Matcher::of)).collect()
}

//! The middleware of an application, and the paths that it is asked for
//! (<https://nextjs.org/docs/app/api-reference/file-conventions/proxy#matcher>).

use super::super::caller::is_named_for_asking;
use super::super::origins::entry;
use super::super::project::{Place, Project, STEPS};
use super::super::web::{self, Guard, Reach};
use super::{below, scripts, wrapped};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, ImportKind, Literal};
use crate::facts::values::called_name;

/// What a middleware is written as that a file only hands on from a package.
static NOTHING_WRITTEN: Expr =
    Expr { extent: Extent { start: 0, end: 0 }, kind: ExprKind::Literal(Literal::Null) };

/// What a matcher says of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Matcher {
    /// Segments; `None` for one with any value.
    Segments(Vec<Option<String>>, Rest),
    /// Everything but what begins with one of these.
    AllBut(Vec<String>),
    /// It could not be read, and is taken to match.
    Unclear,
}

/// What may come after the segments of a matcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    Anything,
    Something,
}

/// The middleware of one application.
pub(super) struct Middleware<'a> {
    guard: Guard<'a>,
    /// Without any it is asked for everything.
    matchers: Vec<Matcher>,
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
        Some(Self { guard, matchers })
    }

    /// What stands before a path by it. What is asked for everything decides itself whom it lets pass, but for what a package makes to ask
    /// everybody.
    pub(super) fn before(&self, path: &str) -> Vec<Guard<'a>> {
        let whole = |matcher: &Matcher| matches!(matcher, Matcher::AllBut(_));
        let asks = self.guard.option == Some(web::ASKS)
            || self.guard.expr.call().and_then(|call| called_name(&call.callee)) == Some("withAuth");
        let is_whole = !asks && self.matchers.iter().all(whole);
        let reach = if is_whole { Reach::Application } else { Reach::Router };
        let matches = self.matchers.is_empty() || self.matchers.iter().any(|matcher| matcher.matches(path));
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
    let asks = function.is_none() && hands_on_asking(file, name);
    let option = if asks { web::ASKS } else { "middleware" };
    Guard {
        file: at,
        expr: written.unwrap_or(&NOTHING_WRITTEN),
        option: Some(option),
        function,
        reach: Reach::Router,
    }
}

/// `export { auth as middleware } from "@/auth"`, `export { default } from "next-auth/middleware"`.
fn hands_on_asking(file: &SourceFile, name: &str) -> bool {
    file.imports.iter().filter(|fact| fact.import.kind == ImportKind::Reexport).any(|fact| {
        let of_auth = fact.import.module.split(['/', '-']).any(|word| word == "auth");
        fact.import.names.iter().any(|one| {
            let outside = one.alias.as_ref().unwrap_or(&one.name);
            (outside == name || outside == "default") && (of_auth || is_named_for_asking(&one.name))
        })
    })
}

/// One text, a list of them, or of records with a `source`.
fn read<'a>(project: &Project<'a>, at: usize, matcher: &'a Expr) -> Vec<Matcher> {
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
    items.into_iter().map(|item| text(item).map_or(Matcher::Unclear, Matcher::of)).collect()
}

impl Matcher {
    fn of(text: &str) -> Self {
        if let Some(inner) = text.strip_prefix("/((?!").and_then(|rest| rest.strip_suffix(").*)")) {
            let words = inner.split('|').map(|word| word.trim_end_matches('$').replace('\\', ""));
            // `.*\..*` is about files.
            return Self::AllBut(
                words.filter(|word| !word.contains(['*', '[', '(']) && !word.is_empty()).collect(),
            );
        }
        let (mut segments, mut rest) = (Vec::new(), Rest::Nothing);
        for part in text.split('/').filter(|part| !part.is_empty()) {
            match part.strip_prefix(':') {
                Some(name) if name.ends_with('*') || name.ends_with('?') => rest = Rest::Anything,
                Some(name) if name.ends_with('+') => rest = Rest::Something,
                Some(name) if name.contains('(') => return Self::Unclear,
                Some(_) => segments.push(None),
                None if part == "(.*)" => rest = Rest::Anything,
                // Clerk's own spelling: `/(api|trpc)(.*)`, `/dashboard(.*)`.
                None if part.contains(['(', '*', ':', '?', '+']) => return Self::Unclear,
                None => segments.push(Some(part.to_owned())),
            }
        }
        Self::Segments(segments, rest)
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Unclear => true,
            Self::AllBut(words) => {
                let path = path.trim_start_matches('/');
                !words.iter().any(|word| path.starts_with(word.as_str()))
            }
            Self::Segments(segments, rest) => {
                let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
                let fits = |(wanted, part): (&Option<String>, &&str)| {
                    wanted.as_ref().is_none_or(|wanted| wanted == part || part.starts_with('{'))
                };
                let same = parts.len() >= segments.len() && segments.iter().zip(&parts).all(fits);
                same && match rest {
                    Rest::Nothing => parts.len() == segments.len(),
                    Rest::Anything => true,
                    Rest::Something => parts.len() > segments.len(),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Matcher;

    /// The examples of the documentation.
    #[test]
    fn matchers_match_as_documented() {
        let matches = |matcher: &str, path: &str| Matcher::of(matcher).matches(path);
        assert!(matches("/about", "/about") && !matches("/about", "/about/team"));
        assert!(matches("/about/:path*", "/about") && matches("/about/:path*", "/about/a/b"));
        assert!(matches("/about/:path", "/about/a") && !matches("/about/:path", "/about/a/c"));
        assert!(!matches("/about/:path+", "/about") && matches("/about/:path+", "/about/a"));
        assert!(matches("/about/(.*)", "/about/a/b") && !matches("/about/(.*)", "/other"));
        let but = "/((?!api|_next/static|_next/image|favicon.ico|sitemap.xml|robots.txt).*)";
        assert!(!matches(but, "/api/users") && matches(but, "/dashboard"));
        assert!(matches("/api/:id(\\d+)", "/x"));
    }
}

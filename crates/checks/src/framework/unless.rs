//! What a middleware lets through that is told so: `jwt({ secret }).unless({ path: ["/login"] })`
//! (<https://github.com/jfromaniello/express-unless>, <https://github.com/Foxandxss/koa-unless>).

use regex::bytes::Regex;

use super::express::each;
use super::origins::entry;
use super::path;
use super::project::{ExprAt, Project, STEPS};
use super::web::Guard;
use super::words::text_within;
use crate::facts::syntax::{Expr, ExprKind, Literal};

/// What a guard lets through without a look.
///
/// Limit: what it decides by a function of its own, or by what cannot be read, is not among it: there it is taken to ask.
#[derive(Debug, Default)]
pub(super) struct LetThrough(Vec<Open>);

/// Requests of these methods, any when there is none, to these paths.
#[derive(Debug)]
struct Open {
    paths: Paths,
    methods: Vec<String>,
}

#[derive(Debug)]
enum Paths {
    Any,
    One(String),
    Like(Regex),
}

/// What is there without its exceptions: `jwt({ secret })` of `jwt({ secret }).unless(..)`.
pub(crate) fn without(expr: &Expr) -> &Expr {
    excepted(expr).map_or(expr, |(guard, _)| guard)
}

/// What `unless` is called on, and what it is given.
fn excepted(expr: &Expr) -> Option<(&Expr, &Expr)> {
    let call = expr.call()?;
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    (name == "unless").then_some((&**object, &call.arguments.first()?.value))
}

impl LetThrough {
    /// Reads it, also where what stands there has a name: `const auth = jwt(..).unless(..)`.
    pub(super) fn of<'a>(project: &Project<'a>, guard: &Guard<'a>) -> Self {
        let origins = project.origins(guard.file, &[], guard.expr, STEPS);
        let [(at, within, made)] = origins.as_slice() else { return Self::default() };
        let Some((_, options)) = excepted(made) else { return Self::default() };
        let origins = project.origins(*at, within, options, STEPS);
        let [(at, within, Expr { kind: ExprKind::Record { entries, .. }, .. })] = origins.as_slice() else {
            return Self::default();
        };
        let under = |key: &str| {
            let value = entry(entries, key).map(|value| (*at, within.clone(), value));
            value.map(|value| each(project, &value)).unwrap_or_default()
        };
        let mut found: Vec<Open> = under("path").iter().filter_map(|path| Open::at(project, path)).collect();
        let methods = names(project, &under("method"));
        if !methods.is_empty() {
            found.push(Open { paths: Paths::Any, methods });
        }
        Self(found)
    }

    /// Whether every request to this route, or some of them, are let through.
    pub(super) fn has(&self, method: &str, path: &str) -> bool {
        self.0.iter().any(|open| {
            let of_method = open.methods.is_empty() || open.methods.iter().any(|one| one == method);
            of_method && open.paths.has(path)
        })
    }
}

impl Open {
    /// A path, an expression, or `{ url, methods }` with either.
    fn at<'a>(project: &Project<'a>, (at, within, written): &ExprAt<'a>) -> Option<Self> {
        match &written.kind {
            ExprKind::Record { entries, .. } => {
                let url = (*at, within.clone(), entry(entries, "url")?);
                let methods = entry(entries, "methods").or_else(|| entry(entries, "method"));
                let methods = methods.map(|methods| each(project, &(*at, within.clone(), methods)));
                let methods = names(project, &methods.unwrap_or_default());
                Some(Self { paths: Paths::of(project, &url)?, methods })
            }
            _ => Some(Self {
                paths: Paths::of(project, &(*at, within.clone(), written))?,
                methods: Vec::new(),
            }),
        }
    }
}

impl Paths {
    fn of<'a>(project: &Project<'a>, (at, within, written): &ExprAt<'a>) -> Option<Self> {
        let origins = project.origins(*at, within, written, STEPS);
        match origins.as_slice() {
            [(_, _, Expr { kind: ExprKind::Literal(Literal::Regex { pattern, flags }), .. })] => {
                path::expression(pattern, flags).map(Self::Like)
            }
            _ => text_within(project, *at, within, written).map(Self::One),
        }
    }

    fn has(&self, path: &str) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => one.trim_end_matches('/') == path.trim_end_matches('/'),
            Self::Like(expression) => {
                path::SAMPLES.iter().any(|sample| expression.is_match(path::filled(path, sample).as_bytes()))
            }
        }
    }
}

/// Methods, upper case.
fn names<'a>(project: &Project<'a>, written: &[ExprAt<'a>]) -> Vec<String> {
    let text = |(at, within, one): &ExprAt<'a>| text_within(project, *at, within, one);
    written.iter().filter_map(text).map(|text| text.to_uppercase()).collect()
}

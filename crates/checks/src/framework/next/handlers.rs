//! Route handlers: the methods that `app/**/route.ts` gives out
//! (<https://nextjs.org/docs/app/api-reference/file-conventions/route>).

use seaworthy_core::surface::{Input, InputPlace, Route};

use super::super::inputs::{Carried, Carries, Reader, Scope};
use super::super::node_http;
use super::super::path;
use super::super::project::{FunctionAt, Place, Project};
use super::super::routing::{Answering, Framework, Routing, handler};
use super::super::web::Guard;
use super::{Wrapped, wrapped};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, ImportKind, ImportedName, StmtKind};

/// What a route handler may give out, and is asked for by; HEAD and OPTIONS are answered beside them.
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

/// `export async function GET(request, { params })`.
pub(super) fn read<'a>(
    routing: &mut Routing<'a>,
    (at, file): (usize, &'a SourceFile),
    path: &str,
    before: &[Guard<'a>],
) {
    let pattern = path::starlette(path);
    let star = file.imports.iter().any(|fact| fact.import.star && fact.import.kind == ImportKind::Reexport);
    let mut any = false;
    for method in METHODS {
        let Some((place, extent)) = exported(routing.project, at, file, method) else { continue };
        any = true;
        let Wrapped { function, guards, is_unclear } =
            place.map(|place| wrapped(routing.project, &place)).unwrap_or_default();
        if is_unclear {
            routing.unread(at, extent, "what makes the function that answers here could not be followed");
        }
        let mut inputs = pattern.inputs.clone();
        let read = function.map(|function| inputs_of(routing.project, function)).unwrap_or_default();
        inputs.extend(read.into_iter().filter(|input| input.place != InputPlace::Path));
        let route = Route {
            method: (*method).to_owned(),
            path: pattern.path.clone(),
            handler: handler(routing.project, function),
            inputs,
        };
        let guards = [before, &guards].concat();
        routing.answered(Framework::NextJs, (at, extent), route, Answering { function, guards });
    }
    let others = ["HEAD", "OPTIONS"];
    if star || !any && !others.iter().any(|name| exported(routing.project, at, file, name).is_some()) {
        let why = "the methods that this route handler gives out could not be read";
        routing.unread(at, Extent::default(), why);
    }
}

/// What a script gives out under a name, and where that is written; `None` when nothing is.
pub(super) fn exported<'a>(
    project: &Project<'a>,
    at: usize,
    file: &SourceFile,
    name: &str,
) -> Option<(Option<Place>, Extent)> {
    let place = || project.exported_named(at, name);
    let outside = |one: &&ImportedName| one.alias.as_ref().unwrap_or(&one.name) == name;
    file.syntax.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Function(function) if function.is_public && function.name == name => {
            Some((place(), function.name_extent))
        }
        StmtKind::Assign(assign) if assign.is_public => {
            let target = assign.targets.iter().find(|target| binds(target, name))?;
            Some((place(), target.extent))
        }
        StmtKind::Export(names) => Some((place(), names.iter().find(outside)?.extent)),
        StmtKind::Import(import) if import.kind == ImportKind::Reexport => {
            Some((place(), import.names.iter().find(outside)?.extent))
        }
        _ => None,
    })
}

/// `GET`, or `{ GET, POST }` of `export const { GET, POST } = handlers`.
fn binds(target: &Expr, name: &str) -> bool {
    match &target.kind {
        ExprKind::Record { entries, .. } => {
            entries.iter().any(|(_, local)| local.dotted().as_deref() == Some(name))
        }
        _ => target.dotted().as_deref() == Some(name),
    }
}

fn inputs_of<'a>(project: &Project<'a>, (at, function): FunctionAt<'a>) -> Vec<Input> {
    let mut carries = Carries::new();
    if let Some(request) = function.parameters.first().and_then(|first| first.pattern.dotted()) {
        carries.insert(request, Carried::Request);
    }
    Reader::new(project, carrier, node_http::single).inputs_of((at, function), carries)
}

/// `await request.json()`, `request.nextUrl.searchParams`, `await cookies()` and the like.
fn carrier<'a>(_: &Reader<'_, 'a>, scope: &Scope<'a>, expr: &'a Expr) -> Option<InputPlace> {
    let is_request = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(name) if scope.carries.get(name.as_str()) == Some(&Carried::Request));
    match &expr.kind {
        ExprKind::Member { object, name, .. } => match name.as_str() {
            "headers" if is_request(object) => Some(InputPlace::Header),
            "cookies" if is_request(object) => Some(InputPlace::Cookie),
            "searchParams" => Some(InputPlace::Query),
            _ => None,
        },
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. } if is_request(object) => match name.as_str() {
                "json" => Some(InputPlace::Json),
                "formData" => Some(InputPlace::Form),
                _ => None,
            },
            ExprKind::Name(_) => match scope.file.resolve(&call.callee)?.as_str() {
                "next/headers.headers" => Some(InputPlace::Header),
                "next/headers.cookies" => Some(InputPlace::Cookie),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

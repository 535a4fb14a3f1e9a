//! What a function of Koa reads of the request that its context holds (<https://koajs.com/#context>).

use seaworthy_core::surface::{Input, InputPlace};

use super::super::inputs::{Carried, Carries, Reader, Scope};
use super::super::project::{FunctionAt, Project};
use crate::facts::syntax::{Expr, ExprKind};

/// By name, in the order of place and name.
pub(super) fn of<'a>(project: &Project<'a>, (at, function): FunctionAt<'a>) -> Vec<Input> {
    let mut carries = Carries::new();
    if let Some(context) = function.parameters.first().and_then(|first| first.pattern.dotted()) {
        carries.insert(context, Carried::Request);
    }
    Reader::new(project, carrier, single).inputs_of((at, function), carries)
}

fn is_context(scope: &Scope<'_>, expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Name(name) if scope.carries.get(name.as_str()) == Some(&Carried::Request))
}

/// `ctx.request`, which has most of what the context has.
fn is_request(scope: &Scope<'_>, expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Member { object, name, .. } if name == "request" && is_context(scope, object))
}

/// `ctx.request.body`, `ctx.query`, `ctx.params` and the like.
fn carrier<'a>(_: &Reader<'_, 'a>, scope: &Scope<'a>, expr: &'a Expr) -> Option<InputPlace> {
    let ExprKind::Member { object, name, .. } = &expr.kind else { return None };
    let of_request = is_request(scope, object);
    if !of_request && !is_context(scope, object) {
        return None;
    }
    match name.as_str() {
        // What the context has under this name is the answer's.
        "body" if of_request => Some(InputPlace::Json),
        "files" if of_request => Some(InputPlace::File),
        "query" => Some(InputPlace::Query),
        "params" => Some(InputPlace::Path),
        "headers" | "header" => Some(InputPlace::Header),
        "cookies" if !of_request => Some(InputPlace::Cookie),
        _ => None,
    }
}

/// `ctx.get("Name")`.
fn single<'a>(scope: &Scope<'a>, expr: &'a Expr) -> Option<(String, InputPlace)> {
    let call = expr.call()?;
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    let header = name == "get" && (is_context(scope, object) || is_request(scope, object));
    let name = call.arguments.first()?.value.string().filter(|_| header)?;
    Some((name.to_lowercase(), InputPlace::Header))
}

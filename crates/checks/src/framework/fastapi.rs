//! FastAPI: decorators, routers, `include_router`, and the parameters that a function declares
//! (<https://fastapi.tiangolo.com/reference/>).
//!
//! Its own documents (`/docs`, `/openapi.json`), sockets and mounted folders are no routes of the program.

use seaworthy_core::surface::{Input, InputKind, InputPlace, Route};

use super::path;
use super::project::{FunctionAt, Place, within};
use super::routing::{Answering, Framework, Routing, handler};
use super::signature;
use super::web::{Guard, Reach};
use super::words::{keyword_or, method_names, text_of};
use crate::facts::nodes::{Around, Node, each_in_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::{called_name, keyword};
use crate::language::Language;

/// Decorators that stand for one method.
const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "head", "options", "trace"];

/// Notes applications and routers.
pub(super) fn objects(routing: &mut Routing<'_>) {
    for (at, file) in python(routing) {
        each_node(&file.syntax, &mut |node, around| {
            let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node else { return true };
            let Some(call) = assign.value.as_ref().and_then(Expr::call) else { return true };
            let is_root = match file.resolve(&call.callee).unwrap_or_default().as_str() {
                "fastapi.FastAPI" | "fastapi.applications.FastAPI" => true,
                "fastapi.APIRouter" | "fastapi.routing.APIRouter" => false,
                _ => return true,
            };
            let prefix = match keyword(&call.arguments, "prefix") {
                Some(prefix) if !is_root => text_of(routing.project, at, prefix),
                _ => Some(String::new()),
            };
            let guards = dependencies(routing, at, around, call);
            for target in &assign.targets {
                let Some(place) = routing.project.find(at, around, target) else { continue };
                let written = (at, call.callee.extent);
                routing.object(place.clone(), Framework::FastApi, is_root, prefix.clone(), written);
                for guard in &guards {
                    routing.guard(&place, written, None, guard.clone());
                }
            }
            true
        });
    }
}

fn python<'a>(routing: &Routing<'a>) -> Vec<(usize, &'a SourceFile)> {
    routing.project.files().filter(|(_, file)| file.language == Language::Python).collect()
}

/// Notes routes and mounts.
pub(super) fn read(routing: &mut Routing<'_>) {
    for (at, file) in python(routing) {
        each_node(&file.syntax, &mut |node, around| {
            if let Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) = node {
                for decorator in &function.decorators {
                    if let Some(call) = decorator.call() {
                        registered(routing, at, around, decorator, call, Some((at, function)));
                        if let ExprKind::Member { object, name, .. } = &call.callee.kind
                            && name == "middleware"
                        {
                            added(routing, at, around, decorator, object, Some((at, function)));
                        }
                    }
                }
            }
            if let Some(expr) = node.expr()
                && let Some(call) = expr.call()
                && let ExprKind::Member { object, name, .. } = &call.callee.kind
            {
                match name.as_str() {
                    "include_router" => mount(routing, at, around, expr, object, call),
                    "add_middleware" => {
                        let class = call.arguments.first().map(|argument| &argument.value);
                        let function = class.and_then(|class| routing.project.function(at, around, class));
                        added(routing, at, around, expr, object, function);
                    }
                    "mount" => mounted(routing, at, around, object, call),
                    "add_api_route" => {
                        let endpoint = keyword_or(call, "endpoint", 1);
                        let function =
                            endpoint.and_then(|endpoint| routing.project.function(at, around, endpoint));
                        registered(routing, at, around, expr, call, function);
                    }
                    _ => {}
                }
            }
            true
        });
    }
}

fn on<'a>(routing: &Routing<'a>, at: usize, around: Around<'a, '_>, object: &'a Expr) -> Vec<Place> {
    routing.objects_of(Framework::FastApi, at, &within(around), object)
}

/// A decorator, or `add_api_route`.
fn registered<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    whole: &'a Expr,
    call: &'a Call,
    function: Option<FunctionAt<'a>>,
) {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
    let several = matches!(name.as_str(), "api_route" | "add_api_route");
    if !several && !VERBS.contains(&name.as_str()) {
        return;
    }
    // What is none of a framework's is noted where Flask's decorators are read.
    let on = on(routing, at, around, object);
    if on.is_empty() {
        if name == "add_api_route" {
            routing.unread(
                at,
                whole.extent,
                "a route of something that could not be recognised as an application or router",
            );
        }
        return;
    }
    let methods = match keyword(&call.arguments, "methods").filter(|_| several) {
        Some(written) => method_names(routing.project, at, written),
        None if several => Some(vec!["GET".to_owned()]),
        None => Some(vec![name.to_uppercase().to_string()]),
    };
    let pattern = keyword_or(call, "path", 0).and_then(|path| text_of(routing.project, at, path));
    let (Some(pattern), Some(methods)) = (pattern, methods) else {
        routing.unread(at, whole.extent, "the path or the methods of this route are not written as text");
        return;
    };
    let mut guards = dependencies(routing, at, around, call);
    guards.extend(function.map(|function| before(routing, function)).unwrap_or_default());
    for method in methods {
        for place in &on {
            let route = Route {
                method: method.clone(),
                path: path::starlette(&pattern).path,
                handler: handler(routing.project, function),
                inputs: inputs_of(routing, &pattern, function),
            };
            let answering = Answering { function, guards: guards.clone() };
            routing.register(place, (at, whole.extent), route, answering);
        }
    }
}

fn inputs_of<'a>(routing: &Routing<'a>, pattern: &str, function: Option<FunctionAt<'a>>) -> Vec<Input> {
    let mut inputs = path::starlette(pattern).inputs;
    let declared = function.map(|function| signature::inputs(routing.project, function)).unwrap_or_default();
    for input in declared {
        // A parameter that the path has is taken from there, whatever its annotation is.
        match inputs.iter_mut().find(|own| own.name == input.name && input.place == InputPlace::Query) {
            Some(own) if own.kind == InputKind::Unknown => own.kind = input.kind,
            Some(_) => {}
            None => inputs.push(input),
        }
    }
    inputs
}

fn mount<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    whole: &Expr,
    object: &'a Expr,
    call: &'a Call,
) {
    let parents = on(routing, at, around, object);
    let Some(child) = keyword_or(call, "router", 0) else { return };
    let children = on(routing, at, around, child);
    if parents.is_empty() || children.is_empty() {
        routing.unread(at, whole.extent, "which router is put into which application could not be told");
        return;
    }
    let written = keyword(&call.arguments, "prefix");
    let prefix = written.map_or(Some(String::new()), |prefix| text_of(routing.project, at, prefix));
    let guards = dependencies(routing, at, around, call);
    routing.mount_each((&parents, &children), &[prefix], (at, whole.extent), &guards);
}

/// `dependencies=[Depends(f)]` of a route, a router, an application or an inclusion.
fn dependencies<'a>(
    routing: &Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    call: &'a Call,
) -> Vec<Guard<'a>> {
    let Some(ExprKind::Sequence { items, .. }) =
        keyword(&call.arguments, "dependencies").map(|list| &list.kind)
    else {
        return Vec::new();
    };
    items.iter().map(|item| guard(routing, at, around, item)).collect()
}

fn guard<'a>(routing: &Routing<'a>, at: usize, around: Around<'a, '_>, expr: &'a Expr) -> Guard<'a> {
    let function = routing.project.function(at, around, expr);
    Guard { file: at, expr, option: None, function, reach: Reach::Route }
}

/// What a function asks for itself: its decorators, and the dependencies among its parameters.
fn before<'a>(routing: &Routing<'a>, (at, function): FunctionAt<'a>) -> Vec<Guard<'a>> {
    let registers = |decorator: &&'a Expr| {
        decorator.call().is_some_and(|call| match &call.callee.kind {
            ExprKind::Member { object, name, .. } => {
                (VERBS.contains(&name.as_str()) || name == "api_route")
                    && !on(routing, at, &[], object).is_empty()
            }
            _ => false,
        })
    };
    let mut asked: Vec<&'a Expr> = function.decorators.iter().filter(|one| !registers(one)).collect();
    for parameter in &function.parameters {
        for written in parameter.default.iter().chain(&parameter.annotation) {
            each_in_expr(written, &mut |node, _| {
                let depends = node.expr().filter(|expr| {
                    let callee = expr.call().and_then(|call| called_name(&call.callee));
                    matches!(callee, Some("Depends" | "Security"))
                });
                asked.extend(depends);
                depends.is_none()
            });
        }
    }
    asked.into_iter().map(|expr| guard(routing, at, &[], expr)).collect()
}

/// `app.mount("/sub", other)`: another application below a path.
fn mounted<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    object: &'a Expr,
    call: &'a Call,
) {
    let parents = on(routing, at, around, object);
    let (Some(path), Some(child)) = (keyword_or(call, "path", 0), keyword_or(call, "app", 1)) else { return };
    if parents.is_empty() || child.call().is_some_and(|call| called_name(&call.callee) == Some("StaticFiles"))
    {
        return;
    }
    let children = on(routing, at, around, child);
    if children.is_empty() {
        routing.unread(at, call.callee.extent, "the application mounted here is not read");
    }
    let prefix = text_of(routing.project, at, path);
    routing.mount_each((&parents, &children), &[prefix], (at, call.callee.extent), &[]);
}

/// `app.add_middleware(X, ..)`, and what is made with the application: `Instrumentator().instrument(app)`.
fn added<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    whole: &'a Expr,
    object: &'a Expr,
    function: Option<FunctionAt<'a>>,
) {
    for place in on(routing, at, around, object) {
        let added = Guard { file: at, expr: whole, option: None, function, reach: Reach::Application };
        routing.guard(&place, (at, whole.extent), None, added);
    }
}

/// The function of a dependency: `Depends(f)`.
pub(super) fn dependency<'a>(
    routing: &super::project::Project<'a>,
    at: usize,
    call: &'a Call,
) -> Option<(usize, &'a Function)> {
    routing.function(at, &[], keyword_or(call, "dependency", 0)?)
}

//! aiohttp's server: tables of routes, `add_get` and its kin, `add_routes`, class-based views, applications in applications, and middlewares
//! (<https://docs.aiohttp.org/en/stable/web_reference.html>).
//!
//! Files that `add_static` serves are no routes of the program.

use seaworthy_core::surface::{Input, InputKind, InputPlace, Route};

use super::inputs::{Carried, Carries, Reader, Scope};
use super::origins::anonymous;
use super::path;
use super::project::{ExprAt, FunctionAt, Place, Project, STEPS, within};
use super::routing::{Answering, Framework, Routing, handler};
use super::web::{Guard, Reach};
use super::words::{keyword_or, text_within};
use crate::facts::nodes::{Around, Node, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Class, Expr, ExprKind, Extent, Function, Stmt, StmtKind};
use crate::facts::values::{called_name, keyword};
use crate::language::Language;

/// What stands for one method.
const VERBS: &[&str] = &["get", "post", "put", "patch", "delete"];

/// A registration: in which file, in which functions, written where, of what call.
#[derive(Clone, Copy)]
struct Here<'a, 's> {
    at: usize,
    within: &'s [&'a Function],
    extent: Extent,
}

/// Notes applications and tables of routes.
pub(super) fn objects(routing: &mut Routing<'_>) {
    for (at, file) in python(routing.project) {
        each_node(&file.syntax, &mut |node, around| {
            let Some((expr, call)) = node.expr().and_then(|expr| Some((expr, expr.call()?))) else {
                return true;
            };
            let is_root = match file.resolve(&call.callee).unwrap_or_default().as_str() {
                "aiohttp.web.Application" | "aiohttp.web_app.Application" => true,
                "aiohttp.web.RouteTableDef" | "aiohttp.web_routedef.RouteTableDef" => false,
                _ => return true,
            };
            let place = anonymous(at, expr);
            routing.object(
                place.clone(),
                Framework::Aiohttp,
                is_root,
                Some(String::new()),
                (at, expr.extent),
            );
            if let Some(list) = keyword(&call.arguments, "middlewares") {
                for (file, within, one) in super::express::each(routing.project, &(at, within(around), list))
                {
                    middleware(routing, &place, (at, expr.extent), (file, within, one));
                }
            }
            true
        });
    }
}

fn python<'a>(project: &Project<'a>) -> Vec<(usize, &'a SourceFile)> {
    project.files().filter(|(_, file)| file.language == Language::Python).collect()
}

fn middleware<'a>(
    routing: &mut Routing<'a>,
    on: &Place,
    at: (usize, Extent),
    (file, within, expr): ExprAt<'a>,
) {
    let function = routing.guarding_within(file, &within, expr);
    let option = Some("middlewares");
    routing.guard(on, at, None, Guard { file, expr, option, function, reach: Reach::Application });
}

/// Notes routes, what is put into what, and what stands before it.
pub(super) fn read(routing: &mut Routing<'_>) {
    let files = python(routing.project);
    if !files
        .iter()
        .any(|(_, file)| file.imports.iter().any(|fact| fact.import.module.starts_with("aiohttp")))
    {
        return;
    }
    for (at, file) in files {
        each_node(&file.syntax, &mut |node, around| {
            match node {
                Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) => {
                    for decorator in &function.decorators {
                        decorated(routing, at, around, decorator, Handles::Function((at, function)));
                    }
                }
                Node::Stmt(Stmt { kind: StmtKind::Class(class), .. }) => {
                    for decorator in &class.decorators {
                        decorated(routing, at, around, decorator, Handles::Class(at, class));
                    }
                }
                Node::Expr(expr) => {
                    if let Some(call) = expr.call() {
                        let within = within(around);
                        called(routing, Here { at, within: &within, extent: expr.extent }, expr, call);
                    }
                }
                _ => {}
            }
            true
        });
    }
}

/// What answers.
#[derive(Clone, Copy)]
enum Handles<'a> {
    Function(FunctionAt<'a>),
    Class(usize, &'a Class),
    Unknown,
}

fn on<'a>(routing: &Routing<'a>, at: usize, within: &[&'a Function], expr: &'a Expr) -> Vec<Place> {
    routing.objects_of(Framework::Aiohttp, at, within, expr)
}

/// The applications whose router an expression is: `app.router`, or a name for it.
fn of_router<'a>(routing: &Routing<'a>, at: usize, within: &[&'a Function], expr: &'a Expr) -> Vec<Place> {
    let mut found = Vec::new();
    for (at, within, origin) in routing.project.origins(at, within, expr, STEPS) {
        if let ExprKind::Member { object, name, .. } = &origin.kind
            && name == "router"
        {
            found.extend(on(routing, at, &within, object));
        }
    }
    found
}

/// `@routes.get("/x")`, `@routes.view("/x")`.
fn decorated<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    around: Around<'a, '_>,
    decorator: &'a Expr,
    handles: Handles<'a>,
) {
    let Some(call) = decorator.call() else { return };
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
    if !VERBS.contains(&name.as_str()) && !matches!(name.as_str(), "view" | "route") {
        return;
    }
    let within = within(around);
    let tables = on(routing, at, &within, object);
    if !tables.is_empty() {
        let here = Here { at, within: &within, extent: decorator.extent };
        registered(routing, here, &tables, (name, call), Some(handles));
    }
}

fn called<'a>(routing: &mut Routing<'a>, here: Here<'a, '_>, whole: &'a Expr, call: &'a Call) {
    // `add_route = app.router.add_route` has a name of its own.
    let origins = match &call.callee.kind {
        ExprKind::Name(_) => routing.project.origins(here.at, here.within, &call.callee, STEPS),
        _ => Vec::new(),
    };
    let callee = match origins.as_slice() {
        [(at, _, origin)] if *at == here.at => *origin,
        _ => &call.callee,
    };
    let ExprKind::Member { object, name, .. } = &callee.kind else {
        return set_up(routing, here, whole, call);
    };
    match name.as_str() {
        "add_subapp" => return mount(routing, here, object, call),
        "add_routes" => {
            let mut parents = on(routing, here.at, here.within, object);
            parents.extend(of_router(routing, here.at, here.within, object));
            if let Some(first) = call.arguments.first().filter(|_| !parents.is_empty()) {
                table(routing, here, &parents, &first.value);
            }
            return;
        }
        "append" | "extend" | "insert" => {
            if let ExprKind::Member { object, name, .. } = &object.kind
                && name == "middlewares"
                && let Some(last) = call.arguments.last()
            {
                for place in on(routing, here.at, here.within, object) {
                    for one in
                        super::express::each(routing.project, &(here.at, here.within.to_vec(), &last.value))
                    {
                        middleware(routing, &place, (here.at, here.extent), one);
                    }
                }
            }
            return;
        }
        _ => {}
    }
    let Some(verb) = name.strip_prefix("add_") else { return set_up(routing, here, whole, call) };
    if !VERBS.contains(&verb) && !matches!(verb, "route" | "view") {
        return;
    }
    let parents = of_router(routing, here.at, here.within, object);
    if !parents.is_empty() {
        return registered(routing, here, &parents, (verb, call), None);
    }
    // `resource = app.router.add_resource("/x")`, `resource.add_route("GET", handler)`.
    for (at, within, origin) in routing.project.origins(here.at, here.within, object, STEPS) {
        let Some(made) = origin.call().filter(|made| called_name(&made.callee) == Some("add_resource"))
        else {
            continue;
        };
        let ExprKind::Member { object, .. } = &made.callee.kind else { continue };
        let parents = of_router(routing, at, &within, object);
        let (method, answers) = (keyword_or(call, "method", 0), keyword_or(call, "handler", 1));
        if let (Some(path), Some(method), Some(answers), false) =
            (keyword_or(made, "path", 0), method, answers, parents.is_empty())
        {
            let method = text_within(routing.project, here.at, here.within, method);
            let path = text_within(routing.project, at, &within, path);
            let handles = handles(routing, here, answers);
            add(routing, here, &parents, (method, path), handles);
        }
    }
}

/// What a package is given the application for: `aiohttp_session.setup(app, storage)`.
fn set_up<'a>(routing: &mut Routing<'a>, here: Here<'a, '_>, whole: &'a Expr, call: &'a Call) {
    let named = called_name(&call.callee).is_some_and(|name| name.starts_with("setup"));
    let Some(first) = call.arguments.first().filter(|_| named) else { return };
    if routing.project.function_within(here.at, here.within, &call.callee, STEPS).is_some() {
        return;
    }
    for place in on(routing, here.at, here.within, &first.value) {
        let guard =
            Guard { file: here.at, expr: whole, option: None, function: None, reach: Reach::Application };
        routing.guard(&place, (here.at, here.extent), None, guard);
    }
}

/// `app.add_subapp("/admin/", admin)`.
fn mount<'a>(routing: &mut Routing<'a>, here: Here<'a, '_>, object: &'a Expr, call: &'a Call) {
    let parents = on(routing, here.at, here.within, object);
    let (Some(prefix), Some(child)) = (keyword_or(call, "prefix", 0), keyword_or(call, "subapp", 1)) else {
        return;
    };
    let children = on(routing, here.at, here.within, child);
    if parents.is_empty() || children.is_empty() {
        let why = "which application is put into which could not be told";
        return routing.unread(here.at, here.extent, why);
    }
    let prefix = text_within(routing.project, here.at, here.within, prefix);
    let prefix = prefix.map(|prefix| path::aiohttp(prefix.trim_end_matches('/')).path);
    routing.mount_each((&parents, &children), &[prefix], (here.at, here.extent), &[]);
}

/// `app.add_routes(routes)`, `app.add_routes([web.get("/x", handler)])`.
fn table<'a>(routing: &mut Routing<'a>, here: Here<'a, '_>, parents: &[Place], written: &'a Expr) {
    let tables = on(routing, here.at, here.within, written);
    if !tables.is_empty() {
        return routing.mount_each((parents, &tables), &[Some(String::new())], (here.at, here.extent), &[]);
    }
    for (at, within, item) in super::express::each(routing.project, &(here.at, here.within.to_vec(), written))
    {
        let here = Here { at, within: &within, extent: item.extent };
        let call = item.call();
        let name = call.and_then(|call| called_name(&call.callee));
        match (name, call) {
            (Some("static"), _) => {}
            (Some(name), Some(call))
                if VERBS.contains(&name) || matches!(name, "view" | "route" | "head" | "options") =>
            {
                registered(routing, here, parents, (name, call), None);
            }
            _ => routing.unread(at, item.extent, "what is added here may be routes, and could not be read"),
        }
    }
}

/// A route by a verb, `route` or `view`; a decorator has its handler, any other names it.
fn registered<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    on: &[Place],
    (name, call): (&str, &'a Call),
    answers: Option<Handles<'a>>,
) {
    let shift = usize::from(name == "route");
    let method = match name {
        "route" => keyword_or(call, "method", 0)
            .and_then(|method| text_within(routing.project, here.at, here.within, method)),
        "view" => Some("*".to_owned()),
        verb => Some(verb.to_uppercase()),
    };
    let path = keyword_or(call, "path", shift)
        .and_then(|path| text_within(routing.project, here.at, here.within, path));
    let answers = answers.unwrap_or_else(|| {
        keyword_or(call, "handler", shift + 1)
            .map_or(Handles::Unknown, |answers| handles(routing, here, answers))
    });
    add(routing, here, on, (method, path), answers);
}

fn handles<'a>(routing: &Routing<'a>, here: Here<'a, '_>, expr: &'a Expr) -> Handles<'a> {
    if let Some(function) = routing.project.answering(here.at, here.within, expr) {
        return Handles::Function(function);
    }
    match routing.project.class_within(here.at, here.within, expr) {
        Some((file, class)) => Handles::Class(file, class),
        None => Handles::Unknown,
    }
}

fn add<'a>(
    routing: &mut Routing<'a>,
    here: Here<'a, '_>,
    on: &[Place],
    (method, path): (Option<String>, Option<String>),
    answers: Handles<'a>,
) {
    let (Some(method), Some(written)) = (method, path) else {
        return routing.unread(
            here.at,
            here.extent,
            "the path or the method of this route is not written as text",
        );
    };
    if matches!(method.as_str(), "HEAD" | "OPTIONS") {
        return;
    }
    let pattern = path::aiohttp(&written);
    let answered: Vec<(String, Option<FunctionAt<'a>>, Vec<Guard<'a>>)> = match answers {
        Handles::Function(function) => vec![(method, Some(function), before(routing, function))],
        Handles::Class(file, class) => methods(routing, file, class),
        Handles::Unknown => vec![(method, None, Vec::new())],
    };
    for (method, function, guards) in answered {
        let mut inputs = pattern.inputs.clone();
        let read = function.map(|function| inputs_of(routing.project, function)).unwrap_or_default();
        inputs.extend(read.into_iter().filter(|input| input.place != InputPlace::Path));
        for place in on {
            let route = Route {
                method: method.to_uppercase(),
                path: pattern.path.clone(),
                handler: handler(routing.project, function),
                inputs: inputs.clone(),
            };
            let answering = Answering { function, guards: guards.clone() };
            routing.register(place, (here.at, here.extent), route, answering);
        }
    }
}

/// The methods of a class-based view, with the decorators of each.
fn methods<'a>(
    routing: &Routing<'a>,
    file: usize,
    class: &'a Class,
) -> Vec<(String, Option<FunctionAt<'a>>, Vec<Guard<'a>>)> {
    let answers =
        VERBS.iter().filter_map(|verb| Some((verb, routing.project.method_of(file, class, verb, STEPS)?)));
    answers.map(|(verb, function)| ((*verb).to_owned(), Some(function), before(routing, function))).collect()
}

/// The decorators of a function that register nothing.
fn before<'a>(routing: &Routing<'a>, (at, function): FunctionAt<'a>) -> Vec<Guard<'a>> {
    let registers = |decorator: &&'a Expr| {
        decorator.call().is_some_and(|call| match &call.callee.kind {
            ExprKind::Member { object, .. } => !on(routing, at, &[], object).is_empty(),
            _ => false,
        })
    };
    let own = function.decorators.iter().filter(|decorator| !registers(decorator));
    own.map(|expr| {
        let function = routing.guarding_within(at, &[], expr);
        Guard { file: at, expr, option: None, function, reach: Reach::Route }
    })
    .collect()
}

fn inputs_of<'a>(project: &Project<'a>, (at, function): FunctionAt<'a>) -> Vec<Input> {
    let mut carries = Carries::new();
    let names = function.parameters.iter().filter_map(|parameter| parameter.pattern.dotted());
    if let Some(request) = names.take(2).find(|name| name != "self") {
        carries.insert(request, Carried::Request);
    }
    let mut inputs = Reader::new(project, carrier, |_, _| None).inputs_of((at, function), carries);
    let mut uploads = false;
    each_in_body(&function.body, &mut |node, _| {
        let call = node.expr().and_then(Expr::call);
        uploads |= call.is_some_and(|call| called_name(&call.callee) == Some("multipart"));
        !uploads
    });
    if uploads {
        let place = InputPlace::File;
        inputs.push(Input { name: "file".to_owned(), place, kind: InputKind::Unknown, required: false });
    }
    inputs
}

/// `request.query`, `await request.json()` and the like; `self.request` too.
fn carrier<'a>(_: &Reader<'_, 'a>, scope: &Scope<'a>, expr: &'a Expr) -> Option<InputPlace> {
    let is_request = |expr: &Expr| match &expr.kind {
        ExprKind::Name(name) => scope.carries.get(name.as_str()) == Some(&Carried::Request),
        ExprKind::Member { object, name, .. } => {
            matches!(name.as_str(), "request" | "rel_url" | "url")
                && matches!(&object.kind, ExprKind::Name(object) if object == "self" || scope.carries.get(object.as_str()) == Some(&Carried::Request))
        }
        _ => false,
    };
    match &expr.kind {
        ExprKind::Member { object, name, .. } if is_request(object) => Some(match name.as_str() {
            "query" => InputPlace::Query,
            "match_info" => InputPlace::Path,
            "headers" => InputPlace::Header,
            "cookies" => InputPlace::Cookie,
            _ => return None,
        }),
        ExprKind::Call(call) => {
            let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
            match name.as_str() {
                "json" if is_request(object) => Some(InputPlace::Json),
                "post" if is_request(object) => Some(InputPlace::Form),
                _ => None,
            }
        }
        _ => None,
    }
}

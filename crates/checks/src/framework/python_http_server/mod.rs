//! Programs on Python's own `http.server`: what `do_GET` and its kin compare the path with
//! (<https://docs.python.org/3/library/http.server.html#http.server.BaseHTTPRequestHandler>).
//!
//! Read are comparisons with texts, `startswith`, regular expressions, `match`, and tables of routes. A path that is used in any other
//! way makes the surface incomplete.

mod table;
mod walk;

use std::collections::HashMap;

use seaworthy_core::surface::{Input, InputPlace, Route};

use self::walk::{Answer, Walk};
use super::inputs::{Carries, Reader, Scope};
use super::path;
use super::project::Project;
use super::routing::{Framework, Routing, handler};
use crate::facts::nodes::each_node;
use crate::facts::syntax::{Class, Expr, Function, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::language::Language;

/// Base classes in base classes that are followed.
const DEPTH: usize = 6;
/// Expressions that are looked through to see where a value comes from.
const STEPS: usize = 8;

/// Notes the routes of every handler class.
pub(super) fn read(routing: &mut Routing<'_>) {
    let project = routing.project;
    for (at, file) in project.files().filter(|(_, file)| file.language == Language::Python) {
        let mut classes: Vec<&Class> = Vec::new();
        each_node(&file.syntax, &mut |node, _| {
            classes.extend(node.class().filter(|class| is_handler(project, at, class, DEPTH)));
            true
        });
        for class in classes {
            let mut methods = HashMap::new();
            for (method, function) in answers(class) {
                methods.insert(method, function);
            }
            let mut methods: Vec<(String, &Function)> = methods.into_iter().collect();
            methods.sort_by_key(|(method, function)| (function.name_extent, method.clone()));
            for (method, function) in methods {
                one_method(routing, at, class, &method, function);
            }
        }
    }
}

/// Whether a class is a handler of `http.server`, by its bases.
fn is_handler(project: &Project<'_>, at: usize, class: &Class, depth: usize) -> bool {
    let (Some(left), Some(file)) = (depth.checked_sub(1), project.file(at)) else { return false };
    class.bases.iter().any(|base| {
        let name = file.resolve(&base.value).unwrap_or_default();
        let own = matches!(
            name.as_str(),
            "http.server.BaseHTTPRequestHandler"
                | "http.server.SimpleHTTPRequestHandler"
                | "http.server.CGIHTTPRequestHandler"
        );
        own || project
            .class(at, &[], &base.value)
            .is_some_and(|(file, base)| !std::ptr::eq(base, class) && is_handler(project, file, base, left))
    })
}

/// The methods that a class answers: `def do_GET`, `do_POST = do_GET`.
fn answers(class: &Class) -> Vec<(String, &Function)> {
    let named = |name: &str| {
        class.body.iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Function(function) if function.name == name => Some(&**function),
            _ => None,
        })
    };
    let mut found = Vec::new();
    for stmt in &class.body {
        let (names, function) = match &stmt.kind {
            StmtKind::Function(function) => (vec![function.name.to_string()], Some(&**function)),
            StmtKind::Assign(assign) => {
                let names = assign.targets.iter().filter_map(Expr::dotted).collect();
                (names, assign.value.as_ref().and_then(Expr::dotted).and_then(|name| named(&name)))
            }
            _ => continue,
        };
        for name in names {
            // HEAD and OPTIONS say what there is, and are answered beside another method.
            if let (Some(method), Some(function)) = (name.strip_prefix("do_"), function)
                && !matches!(method, "HEAD" | "OPTIONS")
            {
                found.push((method.to_owned(), function));
            }
        }
    }
    found
}

fn one_method<'a>(
    routing: &mut Routing<'a>,
    at: usize,
    class: &'a Class,
    method: &str,
    function: &'a Function,
) {
    let mut walk = Walk::new(routing.project, class, method);
    walk.function(at, function);
    let (answers, unclear) = walk.finish();
    if answers.is_empty() && unclear.is_empty() {
        routing.unread(
            at,
            function.name_extent,
            "what it answers is not decided by comparing the path with texts",
        );
    }
    for (file, extent, why) in unclear {
        routing.unread(file, extent, why);
    }
    for answer in answers {
        let Answer { pattern, at, extent, function, body } = answer;
        let mut inputs = pattern.inputs;
        inputs.extend(inputs_of(routing, function, body));
        let route = Route {
            method: method.to_owned(),
            path: pattern.path,
            handler: handler(routing.project, Some(function)),
            inputs,
        };
        routing.found(Framework::PythonHttpServer, (at, extent), route, Some(function));
    }
}

fn inputs_of<'a>(
    routing: &Routing<'a>,
    (at, function): (usize, &'a Function),
    body: &'a [Stmt],
) -> Vec<Input> {
    Reader::new(routing.project, carrier, |_, _| None).inputs_of_body((at, function), body, Carries::new())
}

/// `json.loads` of what `rfile` gave, `parse_qs` of the query or of the body, `self.headers`, `SimpleCookie`.
fn carrier<'a>(reader: &Reader<'_, 'a>, scope: &Scope<'a>, expr: &'a Expr) -> Option<InputPlace> {
    if expr.dotted().as_deref() == Some("self.headers") {
        return Some(InputPlace::Header);
    }
    let call = expr.call()?;
    let first = &call.arguments.first()?.value;
    match scope.file.resolve(&call.callee)?.as_str() {
        "json.loads" | "json.load" => {
            reader.comes_from(scope, first, "rfile", STEPS).then_some(InputPlace::Json)
        }
        "urllib.parse.parse_qs" | "urllib.parse.parse_qsl" => {
            let form = reader.comes_from(scope, first, "rfile", STEPS);
            Some(if form { InputPlace::Form } else { InputPlace::Query })
        }
        "dict" if called_name(&first.call()?.callee) == Some("parse_qsl") => carrier(reader, scope, first),
        "http.cookies.SimpleCookie" => Some(InputPlace::Cookie),
        _ => None,
    }
}

/// A path as a program writes it: a text, one of the usual templates, or a regular expression whose groups are the last parameters of
/// the handler.
fn pattern(written: &str, is_regex: bool, names: &[String]) -> Option<path::Pattern> {
    if is_regex || written.contains(['\\', '(', '^', '$', '[']) {
        return path::regex(written, names);
    }
    match written {
        _ if !written.starts_with('/') => None,
        _ if written.contains('{') => Some(path::starlette(written)),
        _ if written.contains('<') => Some(path::flask(written)),
        _ => path::express(written),
    }
}

/// The names that the groups of a pattern go by: those of the last parameters without a default.
fn group_names(function: Option<&Function>, groups: usize) -> Vec<String> {
    let parameters = function.map(|function| function.parameters.as_slice()).unwrap_or_default();
    let required = parameters.iter().filter(|parameter| parameter.default.is_none());
    let names: Vec<String> =
        required.filter_map(|parameter| parameter.pattern.dotted()).filter(|name| name != "self").collect();
    names.get(names.len().saturating_sub(groups)..).unwrap_or_default().to_vec()
}

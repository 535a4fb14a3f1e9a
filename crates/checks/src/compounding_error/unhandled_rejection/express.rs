//! `async` handlers of Express 4, which forwards nothing that they throw.

use seaworthy_core::limits::SOURCE_FILE_BYTES;
use serde_json::Value;

use super::Ends;
use super::callback::shorten;
use super::request::{catches_all, uncaught_await};
use super::wrapper::{catches, catches_at_definition, is_wrapper, registers};
use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::syntax::{Expr, ExprKind, Extent, Function};
use crate::framework::{Framework, Project};

/// Finds the handlers whose function stands in this file.
pub(super) fn find(context: &Context<'_>, at: usize, found: &mut Vec<Ends>, looked: &mut u64) {
    let own = context
        .web
        .handlers
        .iter()
        .filter(|handler| handler.framework == Framework::Express && handler.file == at);
    let mut seen = Vec::new();
    let mut forwards = None;
    let project = Project::of(context);
    for handler in own {
        let function = handler.function;
        if !function.is_async || seen.contains(&std::ptr::from_ref(function)) {
            continue;
        }
        seen.push(std::ptr::from_ref(function));
        *looked += 1;
        if *forwards.get_or_insert_with(|| forwards_rejections(context)) {
            continue;
        }
        let Some(file) = context.files.get(at) else { continue };
        let within = project.within_function(at, function);
        let settles = |value: &'_ Expr| {
            let callee = value.call().map(|call| &call.callee);
            callee
                .and_then(|callee| project.called(at, &within, callee))
                .is_some_and(|(_, called)| catches_all(called))
        };
        let Some(fails) = uncaught_await(function, &settles) else { continue };
        if !is_given_bare(&project, handler.registered, (at, function)) {
            continue;
        }
        found.push(Ends {
            extent: fails.extent,
            variant: "async-handler",
            what: format!(
                "`{}` of {} {} is awaited outside `try`, and Express 4 does not catch what an `async` handler throws",
                shorten(file.text_of(fails.extent)),
                handler.method,
                handler.path
            ),
            advice: "put the body into `try { … } catch (error) { next(error) }`, wrap the handler, import `express-async-errors`, or move to Express 5, which forwards it".to_owned(),
            by_request: true,
            always: false,
        });
    }
}

/// Whether nothing catches what a handler throws between it and Express: neither what it is handed to where it is registered, nor
/// where it is defined.
fn is_given_bare<'a>(
    project: &Project<'a>,
    (at, extent): (usize, Extent),
    (own, function): (usize, &'a Function),
) -> bool {
    let Some(file) = project.context.files.get(at) else { return false };
    let mut bare = false;
    // What the handler itself calls is no registration.
    let body = function
        .body
        .first()
        .zip(function.body.last())
        .filter(|_| at == own)
        .map(|(first, last)| (first.extent.start, last.extent.end));
    each_node(&file.syntax, &mut |node, _| {
        if let Node::Expr(expr) = node
            && let Some(call) = expr.call()
            && body.is_none_or(|(start, end)| expr.extent.start < start || expr.extent.end > end)
            && (extent.start <= expr.extent.start && expr.extent.end <= extent.end
                || expr.extent.start <= extent.start && extent.end <= expr.extent.end)
            && registers(call)
        {
            bare |= call.arguments.iter().any(|argument| is_bare(project, &argument.value, (own, function)));
        }
        !bare
    });
    bare && !catches_at_definition(project, (own, function))
}

/// Whether an argument is the handler, by itself, by name, or in a wrapper that catches nothing.
fn is_bare<'a>(project: &Project<'a>, expr: &'a Expr, (own, function): (usize, &'a Function)) -> bool {
    match &expr.kind {
        ExprKind::Function(written) => std::ptr::eq(&raw const **written, function),
        ExprKind::Name(_) | ExprKind::Member { .. } => true,
        ExprKind::Sequence { items, .. } => items.iter().any(|item| is_bare(project, item, (own, function))),
        ExprKind::Call(call) if !is_wrapper(call) => matches!(call.callee.kind, ExprKind::Member { .. }),
        // A wrapper that is written where the handler is.
        ExprKind::Call(call) => {
            let inside = call.arguments.iter().any(|argument| match &argument.value.kind {
                ExprKind::Function(written) => std::ptr::eq(&raw const **written, function),
                _ => false,
            });
            inside && !catches(project, (own, function), call)
        }
        _ => false,
    }
}

/// Whether what handlers throw is caught for them: Express 5, or a package that patches Express 4. Not known counts as caught.
fn forwards_rejections(context: &Context<'_>) -> bool {
    const PATCHES: &[&str] = &[
        "express-async-errors",
        "express-promise-router",
        "@root/async-router",
        "express-async-router",
        "express-async-handler-all",
        "@awaitjs/express",
        "express-async-await",
    ];
    let patched = context
        .files
        .iter()
        .any(|file| file.imports.iter().any(|fact| PATCHES.contains(&fact.import.module.as_str())));
    patched || major_version(context) != Some(4)
}

/// The major version of Express: what is locked, else the least that is asked for.
fn major_version(context: &Context<'_>) -> Option<u32> {
    let entries = || context.tree.entries().iter().filter(|entry| !entry.foreign);
    let read = |name: &'static str| {
        entries()
            .filter(move |entry| entry.name() == name)
            .filter_map(|entry| context.tree.read_text(&entry.path, SOURCE_FILE_BYTES))
            .filter_map(|text| serde_json::from_str::<Value>(&text).ok())
    };
    let locked = read("package-lock.json").find_map(|lock| {
        let package = lock.get("packages").and_then(|packages| packages.get("node_modules/express"));
        let package = package.or_else(|| lock.get("dependencies").and_then(|all| all.get("express")));
        major(package?.get("version")?.as_str()?)
    });
    locked.or_else(|| {
        read("package.json").find_map(|package| major(package.get("dependencies")?.get("express")?.as_str()?))
    })
}

/// `^4.18.2`, `~4.17`, `>=4`, `4.x`.
fn major(range: &str) -> Option<u32> {
    let digits: String = range
        .trim_start_matches(|c: char| !c.is_ascii_digit())
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

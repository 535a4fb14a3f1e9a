//! `async` handlers of Express 4, which forwards nothing that they throw.

use seaworthy_core::limits::SOURCE_FILE_BYTES;
use serde_json::Value;

use super::Ends;
use super::callback::shorten;
use super::request::uncaught_await;
use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function};
use crate::facts::values::called_name;
use crate::framework::Framework;

/// Finds the handlers whose function stands in this file.
pub(super) fn find(context: &Context<'_>, at: usize, found: &mut Vec<Ends>, looked: &mut u64) {
    let own = context
        .web
        .handlers
        .iter()
        .filter(|handler| handler.framework == Framework::Express && handler.file == at);
    let mut seen = Vec::new();
    let mut forwards = None;
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
        let Some(registration) = context.files.get(handler.registered.0) else { continue };
        let Some(fails) = uncaught_await(function) else { continue };
        if !is_given_directly(registration, handler.registered.1, function) {
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

/// Whether the handler itself is registered and not what a wrapper makes of it.
fn is_given_directly(file: &SourceFile, extent: Extent, function: &Function) -> bool {
    let mut direct = false;
    // What the handler itself calls is no registration.
    let body = function
        .body
        .first()
        .zip(function.body.last())
        .map(|(first, last)| (first.extent.start, last.extent.end));
    each_node(&file.syntax, &mut |node, _| {
        if let Node::Expr(expr) = node
            && let Some(call) = expr.call()
            && body.is_none_or(|(start, end)| expr.extent.start < start || expr.extent.end > end)
            && (extent.start <= expr.extent.start && expr.extent.end <= extent.end
                || expr.extent.start <= extent.start && extent.end <= expr.extent.end)
            && matches!(
                called_name(&call.callee),
                Some("get" | "post" | "put" | "patch" | "delete" | "all" | "use" | "head" | "options")
            )
        {
            direct |= call.arguments.iter().any(|argument| is_it(&argument.value, function));
        }
        true
    });
    direct
}

fn is_it(expr: &Expr, function: &Function) -> bool {
    match &expr.kind {
        ExprKind::Function(own) => std::ptr::eq(&raw const **own, function),
        ExprKind::Name(_) | ExprKind::Member { .. } => true,
        ExprKind::Sequence { items, .. } => items.iter().any(|item| is_it(item, function)),
        ExprKind::Call(call) => {
            called_name(&call.callee) == Some("bind") && matches!(call.callee.kind, ExprKind::Member { .. })
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

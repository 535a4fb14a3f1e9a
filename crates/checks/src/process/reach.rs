//! The functions that run for requests.

use std::collections::HashSet;

use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Expr, ExprKind, Function};
use crate::framework::Project;
use crate::framework::web::{Handler, Web};

/// Functions that are followed altogether.
const FUNCTIONS: usize = 1500;

/// A function that runs for requests.
#[derive(Debug)]
pub(crate) struct Reached<'a> {
    /// The place of its file in the list of files.
    pub(crate) file: usize,
    /// The function.
    pub(crate) function: &'a Function,
    /// The first handler that it runs for.
    pub(crate) handler: &'a Handler<'a>,
    /// Whether it runs for a request that may change something: any but `GET`, `HEAD` and `OPTIONS`.
    pub(crate) may_change: bool,
    /// Calls between a handler and it.
    pub(crate) depth: usize,
}

/// Every function that handlers, and what stands before them, call.
pub(super) fn reached<'a>(project: &Project<'a>, web: &'a Web<'a>) -> Vec<Reached<'a>> {
    let mut found: Vec<Reached<'a>> = Vec::new();
    let mut known: HashSet<*const Function> = HashSet::new();
    let changes = |handler: &Handler<'_>| !matches!(handler.method.as_str(), "GET" | "HEAD" | "OPTIONS");
    let of = |handler: &'a Handler<'a>| (handler, (handler.file, handler.function), changes(handler));
    let guards = web.handlers.iter().flat_map(|handler| {
        handler.guards.iter().filter_map(move |guard| Some((handler, guard.function?, false)))
    });
    // Those that may change something first, and what stands before a handler last: whoever is reached from the first stays known as such.
    let changing = web.handlers.iter().filter(|handler| changes(handler)).map(of);
    let reading = web.handlers.iter().filter(|handler| !changes(handler)).map(of);
    for (handler, (file, function), may_change) in changing.chain(reading).chain(guards) {
        let at = found.len();
        if known.insert(std::ptr::from_ref(function)) {
            found.push(Reached { file, function, handler, may_change, depth: 0 });
            follow(project, at, &mut found, &mut known);
        }
    }
    found
}

fn follow<'a>(
    project: &Project<'a>,
    from: usize,
    found: &mut Vec<Reached<'a>>,
    known: &mut HashSet<*const Function>,
) {
    let mut at = from;
    while let Some(one) = found.get(at) {
        let (file, function, handler) = (one.file, one.function, one.handler);
        let (may_change, depth) = (one.may_change, one.depth + 1);
        let within = project.functions_around(file, function);
        let mut targets = Vec::new();
        each_in_body(&function.body, &mut |node, around| {
            let Node::Expr(Expr { kind: ExprKind::Call(call), .. }) = node else { return true };
            let mut within = within.clone();
            within.extend(around.iter().filter_map(|node| node.function()));
            let named = call.arguments.iter().map(|argument| &argument.value);
            let named = named.filter(|value| matches!(value.kind, ExprKind::Name(_)));
            for callee in std::iter::once(&call.callee).chain(named) {
                if matches!(callee.kind, ExprKind::Name(_) | ExprKind::Member { .. }) {
                    targets.extend(project.called(file, &within, callee));
                }
            }
            true
        });
        for (file, function) in targets {
            if found.len() < FUNCTIONS && known.insert(std::ptr::from_ref(function)) {
                found.push(Reached { file, function, handler, may_change, depth });
            }
        }
        at += 1;
    }
}

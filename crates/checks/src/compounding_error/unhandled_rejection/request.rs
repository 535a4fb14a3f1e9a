//! Whether a request leads to a place, and which awaits of a function nobody catches.

use std::collections::HashSet;

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_body};
use crate::facts::syntax::{Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::called_name;

/// The functions that requests are given to.
pub(super) struct Requests {
    functions: HashSet<*const Function>,
}

impl Requests {
    pub(super) fn of(context: &Context<'_>) -> Self {
        let mut functions = HashSet::new();
        for handler in &context.web.handlers {
            functions.insert(std::ptr::from_ref(handler.function));
            functions.extend(
                handler
                    .guards
                    .iter()
                    .filter_map(|guard| guard.function)
                    .map(|(_, function)| std::ptr::from_ref(function)),
            );
        }
        Self { functions }
    }

    /// Whether one of the functions around is given a request: it is known to answer one, or takes `(req, res)`.
    pub(super) fn lead_to(&self, around: Around<'_, '_>) -> bool {
        around
            .iter()
            .filter_map(|node| node.function())
            .any(|function| self.functions.contains(&std::ptr::from_ref(function)) || takes_request(function))
    }
}

fn takes_request(function: &Function) -> bool {
    let named = |list: &[&str]| {
        function
            .parameters
            .iter()
            .any(|parameter| called_name(&parameter.pattern).is_some_and(|name| list.contains(&name)))
    };
    named(&["req", "request", "_req"]) && named(&["res", "response", "reply", "next"])
}

/// The first `await` of a function that no `try` of it catches; functions inside it not counted, nor what a handler itself awaits, nor what
/// `settles` says never rejects.
pub(super) fn uncaught_await<'a>(
    function: &'a Function,
    settles: &dyn Fn(&'a Expr) -> bool,
) -> Option<&'a Expr> {
    let mut found = None;
    each_in_body(&function.body, &mut |node, around| {
        if let Node::Expr(expr) = node
            && let ExprKind::Await(value) = &expr.kind
            && found.is_none()
            && !is_caught(around, expr)
            && !never_fails(value)
            && !settles(value)
        {
            found = Some(expr);
        }
        found.is_none() && node.function().is_none()
    });
    found
}

/// Whether a place stands in the body of a `try` with a handler, or in a handler or `finally`, which are written to end things.
pub(super) fn is_caught(around: Around<'_, '_>, expr: &Expr) -> bool {
    around.iter().any(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }) => {
            let inside = |body: &[Stmt]| {
                body.iter()
                    .any(|stmt| stmt.extent.start <= expr.extent.start && expr.extent.end <= stmt.extent.end)
            };
            !tried.handlers.is_empty() && inside(&tried.body) || inside(&tried.finally)
        }
        Node::Handler(_) => true,
        _ => false,
    })
}

/// Whether a function catches all that it does: its body is one `try`, and what it does then is to give back something that is there.
pub(super) fn catches_all(function: &Function) -> bool {
    let [Stmt { kind: StmtKind::Try(tried), .. }] = function.body.as_slice() else { return false };
    let mut quiet = !tried.handlers.is_empty();
    let after = tried.handlers.iter().flat_map(|handler| &handler.body).chain(&tried.finally);
    for stmt in after {
        each_in_body(std::slice::from_ref(stmt), &mut |node, _| {
            quiet &= match node {
                Node::Stmt(stmt) => !matches!(stmt.kind, StmtKind::Raise { .. }),
                Node::Expr(expr) => match &expr.kind {
                    // `console.error(error)`
                    ExprKind::Call(call) => {
                        call.callee.dotted().is_some_and(|name| name.starts_with("console."))
                    }
                    ExprKind::Await(_) => false,
                    _ => true,
                },
                _ => true,
            };
            quiet
        });
    }
    quiet
}

/// `await x.catch(..)`, `await sleep(..)`, `await Promise.allSettled(..)`.
fn never_fails(value: &Expr) -> bool {
    let Some(call) = value.call() else { return false };
    let name = called_name(&call.callee).unwrap_or_default();
    matches!(name, "catch" | "allSettled" | "sleep" | "delay" | "wait" | "setTimeout" | "nextTick")
        // `await new Promise((resolve) => setTimeout(resolve, 100))`
        || (name == "Promise"
            && call.arguments.first().is_some_and(|argument| {
                matches!(&argument.value.kind, ExprKind::Function(function) if function.parameters.len() < 2 && !function.is_async)
            }))
}

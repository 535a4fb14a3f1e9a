//! Promises that are neither awaited nor caught.

use super::Ends;
use super::callback::shorten;
use super::request::{Requests, uncaught_await};
use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Around, Node, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Function, Stmt, StmtKind, UnaryOp};
use crate::facts::values::called_name;

pub(super) fn find(
    context: &Context<'_>,
    file: &SourceFile,
    requests: &Requests,
    found: &mut Vec<Ends>,
    looked: &mut u64,
) {
    each_node(&file.syntax, &mut |node, around| {
        if let Node::Stmt(Stmt { kind: StmtKind::Expr(expr), .. }) = node {
            let expr = match &expr.kind {
                ExprKind::Unary { op: UnaryOp::Void, value } => value,
                _ => expr,
            };
            if let Some(call) = expr.call() {
                found.extend(then_without_catch(file, expr, call, requests, around, looked));
                found.extend(own(context, file, expr, call, requests, around, looked));
            }
        }
        true
    });
}

/// `find(id).then((row) => res.json(row));`
fn then_without_catch(
    file: &SourceFile,
    expr: &Expr,
    call: &Call,
    requests: &Requests,
    around: Around<'_, '_>,
    looked: &mut u64,
) -> Option<Ends> {
    let mut names = Vec::new();
    let mut inner = call;
    let mut handled = false;
    loop {
        let name = called_name(&inner.callee)?;
        names.push(name);
        handled |= name == "catch" || (name == "then" && inner.arguments.len() > 1);
        let ExprKind::Member { object, .. } = &inner.callee.kind else { break };
        let Some(next) = object.call() else { break };
        inner = next;
    }
    if !names.contains(&"then") || !requests.lead_to(around) {
        return None;
    }
    *looked += 1;
    // A chain's last word decides: what comes after `catch` may fail again, but seldom does.
    let ends_in_promise = matches!(names.first(), Some(&("then" | "finally")));
    (ends_in_promise && !handled).then(|| Ends {
        extent: expr.extent,
        variant: "floating-promise",
        what: format!("`{}` has no `.catch`, and nobody awaits it", shorten(file.text_of(expr.extent))),
        advice: "end it with `.catch(next)`, or `await` it inside `try`".to_owned(),
        by_request: true,
        always: false,
    })
}

/// `sendReceipt(user);`, where `sendReceipt` is an `async` function of the program that may fail.
fn own(
    context: &Context<'_>,
    file: &SourceFile,
    expr: &Expr,
    call: &Call,
    requests: &Requests,
    around: Around<'_, '_>,
    looked: &mut u64,
) -> Option<Ends> {
    if !requests.lead_to(around) {
        return None;
    }
    let file = context.file(&file.path)?;
    let (_, function) = called_function(context, file, &call.callee)?;
    if !function.is_async {
        return None;
    }
    *looked += 1;
    (uncaught_await(function, &|_| false).is_some() || throws(function)).then(|| Ends {
        extent: expr.extent,
        variant: "floating-promise",
        what: format!(
            "`{}` is an `async` function that may fail, and is neither awaited nor caught",
            shorten(file.text_of(call.callee.extent))
        ),
        advice: "`await` it, or say what happens when it fails: `.catch((error) => console.error(error))`"
            .to_owned(),
        by_request: true,
        always: false,
    })
}

fn throws(function: &Function) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, around| {
        let caught =
            around.iter().any(|node| matches!(node, Node::Stmt(Stmt { kind: StmtKind::Try(_), .. })));
        found |= matches!(node, Node::Stmt(Stmt { kind: StmtKind::Raise { .. }, .. })) && !caught;
        !found && node.function().is_none()
    });
    found
}

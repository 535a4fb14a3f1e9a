//! What each process fetches for itself, and again when it is missing: no session, whatever it is called.

use super::{Use, Variable, What};
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind};
use crate::facts::values::{Bound, Values};
use crate::facts::words::has_word;

/// Whether everything that is put into a collection is the program's own and is fetched again when it is missing: an access token of another
/// service, under a constant key or under one by which the same function looks it up first. A session has a key that is made at random and
/// handed out, or that the caller brings.
pub(super) fn is_fetched_again(variable: &Variable<'_>) -> bool {
    let mut adds = variable.adds().peekable();
    adds.peek().is_some() && adds.all(|add| of_program(variable, add))
}

fn of_program(variable: &Variable<'_>, add: &Use<'_>) -> bool {
    let What::Adds { key: Some(key), .. } = add.what else { return false };
    if matches!(key.kind, ExprKind::Literal(Literal::String(_))) {
        return true;
    }
    let is_inside =
        |read: &Use<'_>| std::ptr::eq(read.function, add.function) && read.extent.start < add.extent.start;
    !is_handed_out(key)
        && variable.reads().any(|read| is_inside(read) && gives_back(add.function, read.extent, add.extent))
}

/// Whether a key is one that a caller shows: by its name, or because it is read from where callers put it.
fn is_handed_out(key: &Expr) -> bool {
    const SHOWN: &[&str] = &[
        "token",
        "sid",
        "session",
        "ticket",
        "nonce",
        "code",
        "otp",
        "cookie",
        "cookies",
        "headers",
        "header",
        "email",
        "authorization",
    ];
    let mut found = false;
    each_in_expr(key, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) = node {
            found |= has_word(name, SHOWN);
        }
        !found
    });
    found
}

/// Whether a function gives back what it found by this look, before it puts something in.
fn gives_back(function: &Function, look: Extent, add: Extent) -> bool {
    let values = Values::of_function(function);
    let holds = |expr: &Expr| expr.extent.start <= look.start && look.end <= expr.extent.end;
    let found = |name: &str| {
        values
            .bound(name)
            .iter()
            .any(|bound| matches!(bound, Bound::To(value) | Bound::PartOf(value) if holds(value)))
    };
    let mut given = false;
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Return(Some(value)), extent }) = node
            && extent.start < add.start
        {
            given |= holds(value);
            each_in_expr(value, &mut |node, _| {
                given |= matches!(node, Node::Expr(Expr { kind: ExprKind::Name(name), .. }) if found(name));
                !given
            });
        }
        !given
    });
    given
}

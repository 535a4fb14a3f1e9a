//! The ways out of a function, and whether what it opened is closed on each.

use super::acquired::{Acquired, Kind};
use crate::facts::nodes::{Node, each_in_body, each_in_expr, parts};
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Handler, Stmt, StmtKind, Try};
use crate::facts::values::called_name;
use crate::facts::words::words;

/// A way out on which it stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leak {
    /// This `return`.
    Return(Extent),
    /// Anything that throws before it is closed here.
    Throws(Extent),
    /// Every way.
    Never,
    /// The block of a `with` that does not close.
    With,
}

/// The way out on which it stays open; `None` when it is closed on all, or somebody else is to close it.
pub(super) fn leak(one: &Acquired<'_>) -> Option<Leak> {
    if is_handed_on(one.function, one) {
        return None;
    }
    let closes: Vec<Extent> = closings(one.function, &one.name);
    if one.by_with {
        return closes.is_empty().then_some(Leak::With);
    }
    if managed(one) || closed_by_handling(one) {
        return None;
    }
    let first =
        closes.iter().filter(|close| close.start > one.extent.end).min_by_key(|close| close.start).copied();
    let Some(first) = first else { return Some(Leak::Never) };
    let mut walk = Walk { one, leaked: None };
    walk.body(&one.function.body, State::Before);
    // Opened under a condition, it is often closed under the same.
    if let Some(at) = walk.leaked.filter(|_| !opened_under_condition(one)) {
        return Some(Leak::Return(at));
    }
    throws_between(one, first).then_some(Leak::Throws(first))
}

/// Whether it goes to somebody who may close it: returned, yielded, kept, given to an object, closed later by name.
fn is_handed_on(function: &Function, one: &Acquired<'_>) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, around| {
        let Node::Expr(expr) = node else { return !found };
        if !matches!(&expr.kind, ExprKind::Name(name) if *name == one.name) || expr.extent == one.extent {
            return !found;
        }
        // Used in a function inside this one: that one may live longer.
        found |= around.iter().any(|node| node.function().is_some());
        found |= match around.last() {
            Some(Node::Stmt(Stmt { kind: StmtKind::Return(_) | StmtKind::Value(_), .. })) => true,
            Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => {
                assign.value.as_ref().is_some_and(|value| std::ptr::eq(value, expr))
            }
            Some(Node::Expr(parent)) => takes(parent, expr, around, &one.name),
            Some(Node::Stmt(Stmt { kind: StmtKind::Global(_), .. })) => true,
            _ => false,
        };
        if let Some(Node::Stmt(Stmt { kind: StmtKind::Global(names), .. })) = around.last() {
            found |= names.iter().any(|name| *name == one.name);
        }
        !found
    });
    found || declares_global(function, &one.name)
}

fn declares_global(function: &Function, name: &str) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Global(names), .. }) = node {
            found |= names.iter().any(|global| global == name);
        }
        !found
    });
    found
}

/// Whether an expression takes what stands in it with it.
fn takes(parent: &Expr, expr: &Expr, around: &[Node<'_>], own: &str) -> bool {
    if closes(parent, own) {
        return false;
    }
    match &parent.kind {
        ExprKind::Yield(_) | ExprKind::Record { .. } | ExprKind::Spread(_) => true,
        ExprKind::Sequence { .. }
        | ExprKind::Conditional { .. }
        | ExprKind::Logical { .. }
        | ExprKind::Await(_) => {
            !matches!(
                around.get(around.len().wrapping_sub(2)),
                Some(Node::Stmt(Stmt { kind: StmtKind::If { .. } | StmtKind::Delete(_), .. }))
            ) && !matches!(parent.kind, ExprKind::Logical { .. } | ExprKind::Conditional { .. })
        }
        ExprKind::Assign { value, .. } => std::ptr::eq(&**value, expr),
        // `conn.close` without a call is given to somebody who calls it.
        ExprKind::Member { name, .. } => {
            let called = matches!(around.get(around.len().wrapping_sub(2)), Some(Node::Expr(Expr { kind: ExprKind::Call(call), .. }))
                if std::ptr::eq(&raw const call.callee, parent));
            !called && matches!(name.as_str(), "close" | "release" | "end" | "putconn")
        }
        ExprKind::Call(call) => {
            let Some(name) = called_name(&call.callee) else { return true };
            let is_callee = std::ptr::eq(&raw const call.callee, expr);
            // `Store.of(conn)` makes an object that holds it.
            let of_type = matches!(&call.callee.kind, ExprKind::Member { object, .. }
                if called_name(object).and_then(|name| name.chars().next()).is_some_and(char::is_uppercase));
            !is_callee && (takes_ownership(name) || of_type)
        }
        _ => false,
    }
}

/// Whether who is called by this name takes its argument over: an object that is made of it, a list, a stack of contexts; a function
/// that only uses it is called by a verb.
fn takes_ownership(name: &str) -> bool {
    let first_is_upper = name.chars().next().is_some_and(char::is_uppercase);
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    first_is_upper
        || has(&[
            "closing", "append", "push", "add", "register", "enter", "callback", "finalize", "wrap", "close",
            "release", "putconn", "put", "set", "thread", "submit", "partial", "setattr", "wrapper",
            "makefile", "cleanup", "dispose", "defer", "from", "reader", "writer", "fdopen", "stream",
            "pipe", "store", "yield", "return", "spawn", "create",
        ])
}

/// The places where it is closed or given back.
fn closings(function: &Function, name: &str) -> Vec<Extent> {
    let mut found = Vec::new();
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Expr(expr) = node
            && closes(expr, name)
        {
            found.push(expr.extent);
        }
        true
    });
    found
}

/// `conn.close()`, `client.release()`, `pool.putconn(conn)`, `fs.closeSync(fd)`, `close_quietly(conn)`.
fn closes(expr: &Expr, name: &str) -> bool {
    let Some(call) = expr.call() else { return false };
    let named = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(own) if own == name);
    let Some(method) = called_name(&call.callee) else { return false };
    let own = matches!(&call.callee.kind, ExprKind::Member { object, .. } if named(object))
        && matches!(method, "close" | "release" | "end" | "destroy" | "detach" | "aclose" | "shutdown");
    let given = call.arguments.iter().any(|argument| named(&argument.value))
        && words(method)
            .iter()
            .any(|word| matches!(word.as_str(), "close" | "putconn" | "release" | "cleanup"));
    own || given
}

fn body_closes(body: &[Stmt], name: &str) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= node.expr().is_some_and(|expr| closes(expr, name));
        !found
    });
    found
}

/// Whether a `finally` or a `with` around its use closes it.
fn managed(one: &Acquired<'_>) -> bool {
    let mut found = false;
    each_in_body(&one.function.body, &mut |node, _| {
        let Node::Stmt(stmt) = node else { return !found };
        found |= match &stmt.kind {
            StmtKind::Try(tried) => body_closes(&tried.finally, &one.name),
            StmtKind::With { items, .. } => items.iter().any(|(context, _)| with_closes(context, one)),
            _ => false,
        };
        !found
    });
    found
}

/// `with conn:` closes what is no connection of `sqlite3` or `psycopg2`; `with closing(conn)` everything.
fn with_closes(context: &Expr, one: &Acquired<'_>) -> bool {
    match &context.kind {
        ExprKind::Name(name) => *name == one.name && !matches!(one.kind, Kind::Sqlite | Kind::Connection),
        ExprKind::Call(call) => {
            called_name(&call.callee) == Some("closing")
                && call
                    .arguments
                    .iter()
                    .any(|argument| matches!(&argument.value.kind, ExprKind::Name(name) if *name == one.name))
        }
        _ => false,
    }
}

/// Whether a handler that catches everything closes it, and the normal way does too.
fn closed_by_handling(one: &Acquired<'_>) -> bool {
    let mut found = false;
    each_in_body(&one.function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Try(tried), extent }) = node {
            let handled = tried
                .handlers
                .iter()
                .any(|handler| is_broad(handler) && body_closes(&handler.body, &one.name));
            let rest = body_closes(&tried.body, &one.name)
                || body_closes(&tried.otherwise, &one.name)
                || closings(one.function, &one.name).iter().any(|close| close.start > extent.end);
            // Closed after a `try` that catches everything and goes on.
            let after = goes_on(tried)
                && closings(one.function, &one.name).iter().any(|close| close.start > extent.end);
            found |= (handled && rest) || after;
        }
        !found
    });
    found
}

fn is_broad(handler: &Handler) -> bool {
    handler
        .caught
        .as_ref()
        .is_none_or(|caught| matches!(called_name(caught), Some("Exception" | "BaseException" | "Error")))
}

/// Whether every error is caught, and no handler leaves the function.
fn goes_on(tried: &Try) -> bool {
    tried.handlers.iter().any(is_broad) && tried.handlers.iter().all(|handler| !leaves(&handler.body))
}

fn leaves(body: &[Stmt]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= matches!(node, Node::Stmt(Stmt { kind: StmtKind::Return(_) | StmtKind::Raise { .. }, .. }));
        !found && node.function().is_none()
    });
    found
}

fn opened_under_condition(one: &Acquired<'_>) -> bool {
    let mut found = false;
    each_in_body(&one.function.body, &mut |node, around| {
        if node.expr().is_some_and(|expr| expr.extent == one.extent) {
            found |=
                around.iter().any(|node| matches!(node, Node::Stmt(Stmt { kind: StmtKind::If { .. }, .. })));
        }
        !found
    });
    found
}

/// Whether something that may throw stands between opening and the first closing: a call on it, or of something else.
fn throws_between(one: &Acquired<'_>, close: Extent) -> bool {
    let mut found = false;
    each_in_body(&one.function.body, &mut |node, _| {
        if let Node::Expr(expr) = node
            && expr.extent.start >= one.extent.end
            && expr.extent.end <= close.start
            && let Some(call) = expr.call()
        {
            found |= !matches!(
                called_name(&call.callee),
                Some("cursor" | "len" | "str" | "print" | "log" | "dict" | "list" | "isoformat")
            );
        }
        found |= matches!(node, Node::Stmt(Stmt { kind: StmtKind::Raise { .. }, extent }) if extent.start >= one.extent.end && extent.end <= close.start);
        !found && (node.function().is_none())
    });
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Open,
    Closed,
    /// The way ended: a return, a raise.
    Left,
}

struct Walk<'a, 'b> {
    one: &'b Acquired<'a>,
    leaked: Option<Extent>,
}

impl Walk<'_, '_> {
    fn body(&mut self, body: &[Stmt], mut state: State) -> State {
        for stmt in body {
            if state == State::Left {
                break;
            }
            state = self.stmt(stmt, state);
        }
        state
    }

    fn stmt(&mut self, stmt: &Stmt, state: State) -> State {
        match &stmt.kind {
            StmtKind::If { test, then, otherwise } => {
                let state = self.expr(test, state);
                let then_state = self.body(then, state);
                let else_state = self.body(otherwise, state);
                // `if conn: conn.close()`: open only where it is.
                if tests(test, &self.one.name) {
                    join_closed(then_state, else_state)
                } else {
                    join(then_state, else_state)
                }
            }
            StmtKind::Loop(each) => {
                let inside = self.body(&each.body, state);
                join(state, if inside == State::Left { state } else { inside })
            }
            StmtKind::Try(tried) => {
                let body = self.body(&tried.body, state);
                let mut after = self.body(&tried.otherwise, body);
                for handler in &tried.handlers {
                    // What was opened in the body may not have been.
                    let begin = if state == State::Before { State::Before } else { state };
                    after = join(after, self.body(&handler.body, begin));
                }
                self.body(&tried.finally, after)
            }
            StmtKind::With { items, body, .. } => {
                let state = items.iter().fold(state, |state, (context, _)| self.expr(context, state));
                self.body(body, state)
            }
            StmtKind::Match { arms, .. } => {
                arms.iter().map(|arm| self.body(&arm.body, state)).fold(state, join)
            }
            StmtKind::Block(body) => self.body(body, state),
            StmtKind::Return(value) => {
                let state = value.iter().fold(state, |state, value| self.expr(value, state));
                if state == State::Open {
                    self.leaked = self.leaked.or(Some(stmt.extent));
                }
                State::Left
            }
            StmtKind::Raise { .. } | StmtKind::Continue | StmtKind::Break => State::Left,
            StmtKind::Function(_) | StmtKind::Class(_) => state,
            _ => {
                let mut state = state;
                parts(Node::Stmt(stmt), &mut |part| {
                    if let Some(expr) = part.expr() {
                        state = self.expr(expr, state);
                    }
                });
                state
            }
        }
    }

    fn expr(&mut self, expr: &Expr, state: State) -> State {
        let mut state = state;
        each_in_expr(expr, &mut |node, _| {
            if let Node::Expr(inner) = node {
                if inner.extent == self.one.extent {
                    state = State::Open;
                } else if closes(inner, &self.one.name) {
                    state = State::Closed;
                }
            }
            node.function().is_none()
        });
        state
    }
}

/// Of two ways, what may be the case after them; one that left does not count.
fn join(left: State, right: State) -> State {
    match (left, right) {
        (State::Left, other) | (other, State::Left) => other,
        (State::Open, _) | (_, State::Open) => State::Open,
        (State::Closed, _) | (_, State::Closed) => State::Closed,
        _ => State::Before,
    }
}

fn join_closed(left: State, right: State) -> State {
    if left == State::Closed || right == State::Closed { State::Closed } else { join(left, right) }
}

fn tests(test: &Expr, name: &str) -> bool {
    let mut found = false;
    each_in_expr(test, &mut |node, _| {
        found |= matches!(node.expr().map(|expr| &expr.kind), Some(ExprKind::Name(own)) if own == name);
        !found
    });
    found
}

//! What a function makes of who is calling, beyond asking.

use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind, UnaryOp};
use crate::facts::values::called_name;
use crate::framework::caller;
use crate::framework::conduct::Step;
use crate::framework::web::Handler;
use crate::language::Language;

/// What a request carries that is not who is calling.
const CARRIED: &[&str] = &[
    "params",
    "body",
    "query",
    "headers",
    "header",
    "method",
    "path",
    "url",
    "ip",
    "ips",
    "args",
    "json",
    "form",
    "files",
    "file",
    "get_json",
    "get",
    "log",
    "server",
    "protocol",
    "hostname",
    "originalUrl",
    "is",
    "accepts",
    "db",
    "conn",
    "app",
    "raw",
    "id",
    "on",
    "socket",
    "connection",
    "status",
    "res",
    "next",
    "render",
    "send",
    "match_info",
    "rel_url",
    "content_type",
    "data",
    "values",
    "GET",
    "POST",
    "FILES",
    "META",
    "base_url",
    "baseUrl",
    "host",
    "scheme",
    "endpoint",
    "view_args",
    "client",
    "start_time",
    "state",
    "request_id",
    "requestId",
    "pool",
    "cursor",
    "connections",
    "remote_addr",
    "host_url",
    "url_root",
    "mimetype",
    "content_length",
    "is_json",
    "path_params",
    "query_params",
    "stream",
    "environ",
    "locals",
];

/// Whether a function makes any use of who is calling, beyond asking.
pub(super) fn uses_caller(step: &Step<'_>, handler: &Handler<'_>, names: &[&str]) -> bool {
    let given = identity_parameters(step, handler, names);
    let mut found = false;
    let mut written: Vec<*const Expr> = Vec::new();
    each_in_body(&step.function.body, &mut |node, around| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                written.extend(assign.targets.iter().map(std::ptr::from_ref));
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => {
                written.push(std::ptr::from_ref(&**target))
            }
            _ => {}
        }
        let Node::Expr(expr) = node else { return !found };
        found |= match &expr.kind {
            ExprKind::Name(name) => {
                name == "current_user" || name == "currentUser" || given.contains(&name.to_string())
            }
            ExprKind::Member { object, name, .. } if !written.contains(&std::ptr::from_ref(expr)) => {
                let of = called_name(object).unwrap_or_default();
                matches!(of, "req" | "request" | "g" | "state" | "locals" | "ctx" | "context")
                    && !CARRIED.contains(&name.as_str())
            }
            ExprKind::Index { object, .. } => {
                matches!(called_name(object), Some("session" | "state" | "locals"))
            }
            ExprKind::Call(call) => {
                let asks = called_name(&call.callee)
                    .is_some_and(|name| caller::is_named_for_asking(name) && !is_plain(name));
                let about = call.arguments.iter().any(|given| mentions(&given.value, names));
                asks && (about || !is_only_asked(around, step.function))
            }
            _ => false,
        };
        !found
    });
    found
}

/// Whether the answer of a call goes nowhere: `self.user(conn)` alone, `user = get_user()` that is then only looked for
/// (`if not user:`). `messages.list(self.user(conn))` hands it on.
fn is_only_asked(around: &[Node<'_>], function: &Function) -> bool {
    let awaited = |node: &&Node<'_>| !matches!(node, Node::Expr(Expr { kind: ExprKind::Await(_), .. }));
    match around.iter().rfind(awaited) {
        Some(Node::Stmt(Stmt { kind: StmtKind::Expr(_), .. })) => true,
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => match assign.targets.as_slice() {
            [Expr { kind: ExprKind::Name(name), extent }] => !is_read(function, name, *extent),
            _ => false,
        },
        Some(Node::Stmt(Stmt { kind: StmtKind::If { .. }, .. })) => true,
        Some(node) => is_presence(*node),
        None => false,
    }
}

/// Whether a name is read otherwise than to see whether it is there.
fn is_read(function: &Function, name: &str, bound: Extent) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, around| {
        if let Node::Expr(Expr { kind: ExprKind::Name(other), extent }) = node
            && other == name
            && *extent != bound
        {
            found |= !around.last().is_some_and(|around| is_presence(*around));
        }
        !found
    });
    found
}

/// `not user`, `user is None`, `user && ..`, `if user`.
fn is_presence(node: Node<'_>) -> bool {
    match node {
        Node::Stmt(Stmt { kind: StmtKind::If { .. }, .. })
        | Node::Expr(Expr { kind: ExprKind::Unary { op: UnaryOp::Not, .. }, .. }) => true,
        Node::Expr(Expr { kind: ExprKind::Compare { rest, .. }, .. }) => {
            rest.iter().all(|(_, right)| matches!(right.kind, ExprKind::Literal(Literal::Null)))
        }
        _ => false,
    }
}

/// Calls of libraries whose names have such a word and that have nothing to do with the caller.
fn is_plain(name: &str) -> bool {
    matches!(name, "key" | "keys" | "role" | "token_hex" | "token_urlsafe" | "private")
}

fn mentions(expr: &Expr, names: &[&str]) -> bool {
    let mut found = false;
    crate::facts::nodes::each_in_expr(expr, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) = node {
            found |= names.contains(&name.as_str());
        }
        !found
    });
    found
}

/// The names that a parameter binds: one, or in Rust those of its pattern.
pub(super) fn pattern_names(pattern: &Expr) -> Vec<String> {
    if let Some(name) = pattern.dotted() {
        return vec![name];
    }
    let mut names = Vec::new();
    crate::facts::nodes::each_in_expr(pattern, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Name(name), .. }) = node {
            names.push(name.to_string());
        }
        true
    });
    names
}

/// Parameters that hold who is calling: `user = Depends(current_user)`, what a decorator puts first.
fn identity_parameters(step: &Step<'_>, handler: &Handler<'_>, names: &[&str]) -> Vec<String> {
    let own = std::ptr::eq(step.function, handler.function);
    let found = step.function.parameters.iter().flat_map(|parameter| {
        let written = || parameter.default.iter().chain(&parameter.annotation);
        let depended = written().any(|written| {
            let text = step.source.text_of(written.extent);
            (text.contains("Depends") || text.contains("Security")) && caller::is_named_for_asking(text)
        });
        // Rust's `CurrentUser(id): CurrentUser` is a guard and gives who is calling.
        let is_guard = |written: &Expr| handler.guards.iter().any(|guard| std::ptr::eq(guard.expr, written));
        let guards = step.source.language == Language::Rust && written().any(is_guard);
        let mut held = pattern_names(&parameter.pattern);
        held.retain(|name| {
            let named = caller::is_named_for_asking(name) && !names.contains(&name.as_str());
            named || own && (depended || guards)
        });
        held
    });
    found.collect()
}

//! What a request brought: the parts of it that a handler reads.

use super::nodes::{Node, each_in_expr};
use super::source::SourceFile;
use super::syntax::{Expr, ExprKind};

/// Whether an expression reads what a request brought.
pub fn is_received(file: &SourceFile, expr: &Expr) -> bool {
    const PARTS: &[&str] = &[
        "headers",
        "args",
        "form",
        "json",
        "body",
        "query",
        "params",
        "cookies",
        "values",
        "GET",
        "POST",
        "META",
        "COOKIES",
        "header",
        "get_json",
        "authorization",
    ];
    let mut received = false;
    each_in_expr(expr, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Member { object, name, .. }, .. }) = node {
            let path = file.resolve(object).or_else(|| object.dotted()).unwrap_or_default();
            let root = path.rsplit('.').next().unwrap_or_default();
            received |= PARTS.contains(&name.as_str())
                && matches!(root, "request" | "req" | "ctx" | "self" | "event" | "r" | "c");
            received |= matches!(name.as_str(), "get" | "header") && matches!(root, "req" | "ctx" | "c");
        }
        !received
    });
    received
}

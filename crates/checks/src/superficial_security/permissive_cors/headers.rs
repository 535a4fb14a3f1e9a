//! The headers set by hand, function by function.

use super::Said;
use super::origin::Allowed;
use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_body, each_in_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind};
use crate::facts::values::{Bound, FileValues, called_name};
use crate::superficial_security::fallback_secret::refusal::is_of_one_environment;

const ORIGIN: &str = "access-control-allow-origin";
const CREDENTIALS: &str = "access-control-allow-credentials";

/// What each function of a file sends by hand.
pub(super) fn said(context: &Context<'_>, file: &SourceFile) -> Vec<Said> {
    let Some(file) = context.file(&file.path) else { return Vec::new() };
    if !file.text.to_ascii_lowercase().contains(ORIGIN) {
        return Vec::new();
    }
    let mut values = FileValues::of(&file.syntax);
    let mut found: Vec<(Option<*const Function>, Said)> = Vec::new();
    let mut credentials: Vec<Option<*const Function>> = Vec::new();
    each_node(&file.syntax, &mut |node, around| {
        if is_of_one_environment(around) {
            return true;
        }
        let function = around.iter().rev().find_map(|node| node.function());
        let scope = function.map(std::ptr::from_ref);
        for (name, value, extent) in headers(node) {
            if name.eq_ignore_ascii_case(CREDENTIALS) && is_true(value) {
                credentials.push(scope);
            }
            if name.eq_ignore_ascii_case(ORIGIN) {
                let allowed = allowed(&mut values, value, function, around);
                let by = "the header `Access-Control-Allow-Origin`".to_owned();
                found.push((scope, Said { extent, allowed, credentials: false, by, refuses: false }));
            }
        }
        true
    });
    for (scope, said) in &mut found {
        said.credentials = credentials.contains(scope);
    }
    found.into_iter().map(|(_, said)| said).collect()
}

/// The headers that a node sets, each with its value.
fn headers(node: Node<'_>) -> Vec<(&str, &Expr, Extent)> {
    match node {
        Node::Expr(Expr { kind: ExprKind::Call(call), extent }) => {
            let [name, value, ..] = call.arguments.as_slice() else { return Vec::new() };
            let sets = matches!(
                called_name(&call.callee),
                Some(
                    "setHeader"
                        | "header"
                        | "set"
                        | "append"
                        | "add"
                        | "send_header"
                        | "add_header"
                        | "setdefault"
                        | "insert"
                        | "set_header"
                )
            );
            name.value
                .string()
                .filter(|_| sets)
                .map(|name| (name, &value.value, *extent))
                .into_iter()
                .collect()
        }
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
            let Some(ExprKind::Index { index, .. }) = assign.targets.first().map(|target| &target.kind)
            else {
                return Vec::new();
            };
            index
                .string()
                .zip(assign.value.as_ref())
                .map(|(name, value)| (name, value, *extent))
                .into_iter()
                .collect()
        }
        Node::Expr(Expr { kind: ExprKind::Assign { target, op: None, value }, extent }) => match &target.kind
        {
            ExprKind::Index { index, .. } => {
                index.string().map(|name| (name, &**value, *extent)).into_iter().collect()
            }
            _ => Vec::new(),
        },
        Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. }) => entries
            .iter()
            .filter_map(|(key, value)| {
                let key = key.as_ref()?;
                Some((key.string()?, value, Extent { start: key.extent.start, end: value.extent.end }))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn is_true(value: &Expr) -> bool {
    matches!(value.kind, ExprKind::Literal(Literal::Boolean(true)))
        || value.string().is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

fn allowed<'a>(
    values: &mut FileValues<'a>,
    value: &'a Expr,
    function: Option<&'a Function>,
    around: Around<'a, '_>,
) -> Allowed {
    let origins = values.origins(value, around);
    if origins.iter().all(|origin| origin.string() == Some("*")) {
        return Allowed::Any;
    }
    let taken = match &value.kind {
        ExprKind::Name(name) => values.bound(name, around).iter().any(|bound| {
            // `const { origin } = req.headers`.
            matches!(bound, Bound::PartOf(whole) if name == "origin" && called_name(whole) == Some("headers"))
        }),
        _ => false,
    };
    let reads = |expr: &Expr| taken || origin_of_request(expr);
    // An origin that was asked about anywhere in the function is a chosen one.
    if origins.iter().any(|origin| reads(origin)) && !function.is_some_and(asks_about_origin) {
        return Allowed::Reflected;
    }
    Allowed::Listed
}

/// `req.headers.origin`, `request.headers.get("Origin")`, `req.get("origin")`, `req.headers["origin"]`.
fn origin_of_request(expr: &Expr) -> bool {
    let is = |text: &str| text.eq_ignore_ascii_case("origin") || text == "HTTP_ORIGIN";
    match &expr.kind {
        ExprKind::Member { object, name, .. } => name == "origin" && called_name(object) == Some("headers"),
        ExprKind::Index { object, index } => {
            index.string().is_some_and(is)
                && matches!(called_name(object), Some("headers" | "META" | "environ"))
        }
        ExprKind::Call(call) => {
            matches!(called_name(&call.callee), Some("get" | "header" | "get_header"))
                && call.arguments.first().and_then(|first| first.value.string()).is_some_and(is)
        }
        _ => false,
    }
}

/// Whether a function has a condition about an origin other than that there is one.
fn asks_about_origin(function: &Function) -> bool {
    let mut asks = false;
    each_in_body(&function.body, &mut |node, _| {
        let test = match node {
            Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => Some(test),
            Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => Some(&**test),
            Node::Expr(Expr { kind: ExprKind::Logical { left, .. }, .. }) => Some(&**left),
            _ => None,
        };
        asks |= test.is_some_and(asks_more);
        !asks
    });
    asks
}

/// Whether a condition compares, looks up or calls something with an origin in it.
fn asks_more(test: &Expr) -> bool {
    let mut found = false;
    each_in_expr(test, &mut |node, _| {
        found |= match node {
            Node::Expr(expr @ Expr { kind: ExprKind::Compare { .. }, .. }) => mentions_origin(expr),
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                call.arguments.iter().any(|argument| mentions_origin(&argument.value))
            }
            _ => false,
        };
        !found
    });
    found
}

fn mentions_origin(expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= match node {
            Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                name.to_ascii_lowercase().contains("origin")
            }
            _ => false,
        };
        !found
    });
    found
}

//! What is said when verifying fails.

use seaworthy_core::{Confidence, Severity};

use super::asker::{Asker, ends_in};
use super::{Open, is_true, says_yes};
use crate::facts::absence::absent_names;
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Arm, Expr, ExprKind, Extent, Literal, LogicalOp, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::facts::words::has_word;

const REFUSE: &str = "refuse here: give back false, raise, or answer 401; log the cause, so that somebody sees that the check does not work";
const NOBODY: &str = "answer 401: who is not known is nobody, and no administrator";

/// One place where a failure is taken for a yes.
fn open(asker: &Asker<'_>, extent: Extent, how: &str) -> Open {
    Open {
        extent,
        variant: "caught",
        severity: Severity::Error,
        confidence: Confidence::High,
        message: format!("{} {how}: whoever makes it fail is in", asker.shown()),
        advice: REFUSE,
    }
}

pub(super) fn judge(file: &SourceFile, asker: &Asker<'_>, found: &mut Vec<Open>) {
    each_in_body(&asker.function.body, &mut |node, around| {
        match node {
            Node::Handler(handler) => {
                // What is raised when a thing is not there at all is not a failure of the check.
                let by_name = handler.caught.as_ref().is_some_and(|caught| {
                    file.text_of(caught.extent).contains("ImportError")
                        || file.text_of(caught.extent).contains("StopIteration")
                });
                // What is tried is the view itself, after the check: `try: return f(*args) except AttributeError: ..`.
                // Where success is a no, `try: verify(t); return False except: return True`, a yes refuses.
                let otherwise = matches!(around.last(), Some(Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }))
                    if tried.body.len() == 1 && spreads(&tried.body)
                        || ends_in(&tried.body, false)
                        || ends_in(&tried.otherwise, false));
                if let Some(extent) = says_yes(asker, &handler.body).filter(|_| !by_name && !otherwise) {
                    found.push(open(asker, extent, "lets through when it fails"));
                }
                found.extend(administrator(asker, &handler.body));
            }
            Node::Stmt(Stmt { kind: StmtKind::If { test, then, .. }, .. })
                if absent_names(test).into_iter().any(is_credential) =>
            {
                found.extend(administrator(asker, then));
            }
            Node::Expr(expr) => {
                if let Some(extent) = defaults_to_yes(expr) {
                    found.push(open(asker, extent, "takes a failure for a yes"));
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Match { arms, .. }, .. }) => {
                arms_that_fail(asker, arms, found);
            }
            Node::Stmt(_) => {}
        }
        // A function inside with a name of its own is looked at by itself.
        node.function().is_none_or(|inner| inner.name.is_empty()) || around.is_empty()
    });
}

/// `Err(_) => true`.
fn arms_that_fail(asker: &Asker<'_>, arms: &[Arm], found: &mut Vec<Open>) {
    for arm in arms {
        let failed = arm
            .pattern
            .as_ref()
            .is_some_and(|pattern| pattern.call().and_then(|call| called_name(&call.callee)) == Some("Err"));
        if let Some(extent) = says_yes(asker, &arm.body).filter(|_| failed) {
            found.push(open(asker, extent, "lets through when it fails"));
        }
    }
}

/// Whether the only thing that a body does is to hand on all arguments.
fn spreads(body: &[Stmt]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= matches!(node, Node::Expr(Expr { kind: ExprKind::Spread(_), .. }));
        !found
    });
    found
}

fn is_credential(name: &str) -> bool {
    has_word(
        name,
        &[
            "token",
            "auth",
            "authorization",
            "header",
            "session",
            "user",
            "payload",
            "credentials",
            "key",
            "apikey",
            "jwt",
            "cookie",
            "bearer",
        ],
    )
}

/// `.catch(() => true)`, `.unwrap_or(true)`.
fn defaults_to_yes(expr: &Expr) -> Option<Extent> {
    let call = expr.call()?;
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    let given = &call.arguments.first()?.value;
    let yes = match name.as_str() {
        "unwrap_or" => is_true(given),
        "catch" | "unwrap_or_else" => match &given.kind {
            ExprKind::Function(function) => {
                matches!(function.body.as_slice(), [Stmt { kind: StmtKind::Return(Some(value)) | StmtKind::Value(value), .. }] if is_true(value))
            }
            _ => false,
        },
        _ => false,
    };
    let mut verifies = false;
    each_in_expr(object, &mut |node, _| {
        verifies |= node.expr().and_then(called_name).is_some_and(|name| {
            has_word(
                name,
                &[
                    "verify",
                    "check",
                    "validate",
                    "compare",
                    "authorize",
                    "allowed",
                    "permitted",
                    "has",
                    "can",
                    "decode",
                    "verified",
                    "authorized",
                ],
            )
        });
        !verifies
    });
    (yes && verifies).then_some(expr.extent)
}

/// Where a body makes of a caller who is not known an administrator.
fn administrator(asker: &Asker<'_>, body: &[Stmt]) -> Option<Open> {
    if !asker.identifies() {
        return None;
    }
    let mut extent = None;
    each_in_body(body, &mut |node, around| {
        if let Node::Expr(expr) = node
            && is_administrator(expr)
            && extent.is_none()
        {
            let handed = around.iter().rev().find_map(|node| match node {
                Node::Stmt(Stmt { kind: StmtKind::Return(_) | StmtKind::Value(_), .. }) => Some(true),
                Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                    Some(assign.targets.first().and_then(called_name).is_some_and(is_caller))
                }
                Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => {
                    Some(called_name(target).is_some_and(is_caller))
                }
                // An answer is no caller.
                Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => (!called_name(&call.callee)
                    .is_some_and(|name| has_word(name, &["user", "principal", "identity"])))
                .then_some(false),
                _ => None,
            });
            extent = handed.unwrap_or(false).then_some(expr.extent);
        }
        extent.is_none()
    });
    extent.map(|extent| Open {
        extent,
        variant: "administrator",
        severity: Severity::Error,
        confidence: Confidence::High,
        message: "a caller who is not known becomes an administrator here: a request without a token, or with a bad one, may do everything".to_owned(),
        advice: NOBODY,
    })
}

fn is_caller(name: &str) -> bool {
    has_word(name, &["user", "auth", "principal", "identity", "account", "caller", "payload", "claims"])
}

/// `{"id": 1, "role": "admin"}`, `User(id=1, is_admin=True)`, `stored || { role: 'admin' }`.
fn is_administrator(expr: &Expr) -> bool {
    let grants = |key: &str, value: &Expr| {
        let said = value.string().is_some_and(|text| {
            matches!(
                text.to_lowercase().as_str(),
                "admin" | "administrator" | "superuser" | "root" | "owner" | "superadmin"
            )
        });
        said && has_word(
            key,
            &["role", "roles", "type", "scope", "kind", "permission", "permissions", "level"],
        ) || matches!(value.kind, ExprKind::Literal(Literal::Boolean(true)))
            && has_word(key, &["admin", "superuser", "root", "staff"])
    };
    match &expr.kind {
        ExprKind::Record { entries, .. } => entries.iter().any(|(key, value)| {
            key.as_ref()
                .and_then(|key| key.string().or_else(|| called_name(key)))
                .is_some_and(|key| grants(key, value))
        }),
        ExprKind::Call(call) => call
            .arguments
            .iter()
            .any(|given| given.name.as_ref().is_some_and(|name| grants(name, &given.value))),
        ExprKind::Logical { op: LogicalOp::Or | LogicalOp::Coalesce, right, .. } => is_administrator(right),
        _ => false,
    }
}

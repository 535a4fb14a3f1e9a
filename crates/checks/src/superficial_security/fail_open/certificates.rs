//! Certificates of the other side that are not verified.

use seaworthy_core::{Confidence, Severity};

use super::Open;
use crate::facts::nodes::{Around, Node, each_in_expr};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Literal, Stmt, StmtKind};
use crate::facts::values::{called_name, keyword};
use crate::facts::words::has_word;
use crate::language::Language;

/// A cheap first look.
pub(super) fn may(file: &SourceFile) -> bool {
    let signs: &[&str] = match file.language {
        Language::Python => &["verify=False", "verify = False", "ssl=False", "_create_unverified_context"],
        Language::JavaScript | Language::TypeScript => {
            &["rejectUnauthorized", "NODE_TLS_REJECT_UNAUTHORIZED"]
        }
        Language::Rust => &["danger_accept_invalid"],
    };
    signs.iter().any(|sign| file.text.contains(sign))
}

pub(super) fn judge<'a>(file: &SourceFile, node: Node<'a>, around: Around<'a, '_>) -> Option<Open> {
    let (extent, database) = match file.language {
        Language::Python => (python(file, node)?, false),
        Language::JavaScript | Language::TypeScript => script(node, around)?,
        Language::Rust => (rust(node)?, false),
    };
    if is_asked_for(around) || is_local(node) {
        return None;
    }
    let text: String = file.text_of(extent).chars().take(60).collect();
    Some(Open {
        extent,
        variant: "certificate",
        severity: if database { Severity::Warning } else { Severity::Error },
        confidence: Confidence::High,
        message: format!(
            "`{text}` takes any certificate: whoever is on the way can read and change what is sent, the credentials too"
        ),
        advice: match file.language {
            Language::Python => {
                "leave it on, and give the client the authority that signed: `verify=\"/etc/ssl/ca.pem\"`"
            }
            Language::Rust => {
                "leave it on, and give the client the authority that signed: `.add_root_certificate(certificate)`"
            }
            _ => {
                "leave it on, and give the client the authority that signed: `ca: fs.readFileSync(\"ca.pem\")`, `NODE_EXTRA_CA_CERTS`"
            }
        },
    })
}

/// Whether an option decides: what stands around it asks for `insecure`, `verify`, `ssl`.
fn is_asked_for(around: Around<'_, '_>) -> bool {
    around.iter().any(|node| {
        let test = match node {
            Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => test,
            Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => test,
            Node::Expr(Expr { kind: ExprKind::Logical { left, .. }, .. }) => left,
            _ => return false,
        };
        let mut found = false;
        each_in_expr(test, &mut |node, _| {
            let name = node.expr().and_then(|expr| expr.string().or_else(|| called_name(expr)));
            found |= name.is_some_and(|name| {
                has_word(
                    name,
                    &[
                        "insecure",
                        "verify",
                        "ssl",
                        "tls",
                        "cert",
                        "certs",
                        "strict",
                        "unsafe",
                        "selfsigned",
                        "self",
                        "skip",
                        "reject",
                        "local",
                        "localhost",
                    ],
                )
            });
            !found
        });
        found
    })
}

/// A call of this very machine.
fn is_local(node: Node<'_>) -> bool {
    let first = node.expr().and_then(Expr::call).and_then(|call| call.arguments.first());
    first.and_then(|given| given.value.string()).is_some_and(|address| {
        ["https://localhost", "https://127.0.0.1", "https://[::1]"]
            .iter()
            .any(|local| address.starts_with(local))
    })
}

fn is_false(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Literal(Literal::Boolean(false)))
}

fn python(file: &SourceFile, node: Node<'_>) -> Option<Extent> {
    match node {
        Node::Expr(expr) => {
            let call = expr.call()?;
            let path = file.resolve(&call.callee).unwrap_or_default();
            if path.ends_with("_create_unverified_context") {
                return Some(expr.extent);
            }
            let name = called_name(&call.callee)?;
            let sends = matches!(
                name,
                "get"
                    | "post"
                    | "put"
                    | "patch"
                    | "delete"
                    | "head"
                    | "request"
                    | "Client"
                    | "AsyncClient"
                    | "stream"
                    | "options"
            );
            let known = path.starts_with("requests.") || path.starts_with("httpx.");
            let off = keyword(&call.arguments, "verify").is_some_and(is_false) && (known || sends);
            let off_aiohttp = keyword(&call.arguments, "ssl").is_some_and(is_false)
                && (path == "aiohttp.TCPConnector" || sends && file.text.contains("aiohttp"));
            (off || off_aiohttp).then_some(Extent { end: expr.extent.end, start: expr.extent.start })
        }
        // `session.verify = False`.
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
            let ExprKind::Member { object, name, .. } = &assign.targets.first()?.kind else { return None };
            let is_session = called_name(object)
                .is_some_and(|of| has_word(of, &["session", "client", "http", "requests", "s"]));
            (name == "verify" && is_session && assign.value.as_ref().is_some_and(is_false)).then_some(*extent)
        }
        _ => None,
    }
}

fn script<'a>(node: Node<'a>, around: Around<'a, '_>) -> Option<(Extent, bool)> {
    match node {
        Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. }) => {
            let (key, value) = entries.iter().find(|(key, value)| {
                key.as_ref().and_then(|key| key.string().or_else(|| called_name(key)))
                    == Some("rejectUnauthorized")
                    && is_false(value)
            })?;
            let start = key.as_ref().map_or(value.extent.start, |key| key.extent.start);
            let database = around.iter().any(|node| match node {
                Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. }) => {
                    entries.iter().any(|(key, _)| {
                        key.as_ref().and_then(|key| key.string().or_else(|| called_name(key))).is_some_and(
                            |key| matches!(key, "ssl" | "connectionString" | "dialectOptions" | "database"),
                        )
                    })
                }
                _ => false,
            });
            Some((Extent { start, end: value.extent.end }, database))
        }
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
            let off = called_name(assign.targets.first()?) == Some("NODE_TLS_REJECT_UNAUTHORIZED")
                && assign.value.as_ref().is_some_and(is_zero);
            off.then_some((*extent, false))
        }
        Node::Expr(Expr { kind: ExprKind::Assign { target, value, .. }, extent }) => {
            let name = match &target.kind {
                ExprKind::Index { index, .. } => index.string(),
                _ => called_name(target),
            };
            (name == Some("NODE_TLS_REJECT_UNAUTHORIZED") && is_zero(value)).then_some((*extent, false))
        }
        _ => None,
    }
}

fn is_zero(value: &Expr) -> bool {
    value.string() == Some("0")
        || matches!(&value.kind, ExprKind::Literal(Literal::Integer(digits)) if digits == "0")
}

fn rust(node: Node<'_>) -> Option<Extent> {
    let call = node.expr()?.call()?;
    let ExprKind::Member { name, .. } = &call.callee.kind else { return None };
    let on = call
        .arguments
        .first()
        .is_some_and(|given| matches!(given.value.kind, ExprKind::Literal(Literal::Boolean(true))));
    let last = call.arguments.first()?.value.extent.end;
    let start = call.callee.extent.end.checked_sub(u32::try_from(name.len()).ok()?)?;
    (on && matches!(name.as_str(), "danger_accept_invalid_certs" | "danger_accept_invalid_hostnames"))
        .then_some(Extent { start, end: last + 1 })
}

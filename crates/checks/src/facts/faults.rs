//! How much a handler of exceptions catches, and whether a test looks at what kind of error it is.

use super::absence::root_name;
use super::answer::answer;
use super::nodes::{Around, Node, each_in_body, each_in_expr};
use super::syntax::{Call, CompareOp, Expr, ExprKind, Extent, LogicalOp, Stmt, StmtKind};
use super::values::called_name;
use super::words::{has_word, words};

/// How much is caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breadth {
    /// Everything.
    All,
    /// What only the surroundings raise, or a mistake of the program: files, databases, other programs, a missing attribute.
    Surroundings,
    /// One kind of exception.
    Certain,
}

/// Exceptions of Python and its libraries that callers cannot cause on purpose.
const SURROUNDINGS: &[&str] = &[
    "OSError",
    "IOError",
    "FileNotFoundError",
    "PermissionError",
    "ConnectionError",
    "CalledProcessError",
    "TimeoutExpired",
    "SubprocessError",
    "SQLAlchemyError",
    "DatabaseError",
    "OperationalError",
    "ProgrammingError",
    "InterfaceError",
    "IntegrityError",
    "RequestException",
    "HTTPStatusError",
    "RuntimeError",
    "AttributeError",
    "TypeError",
    "KeyError",
    "ClientError",
    "PyMongoError",
    "RedisError",
    "SMTPException",
];

/// How much a clause `except X` catches; without a clause, everything.
pub fn breadth(caught: Option<&Expr>) -> Breadth {
    let Some(caught) = caught else { return Breadth::All };
    if let ExprKind::Sequence { items, .. } = &caught.kind {
        let all: Vec<Breadth> = items.iter().map(|item| breadth(Some(item))).collect();
        return [Breadth::All, Breadth::Surroundings]
            .into_iter()
            .find(|breadth| all.contains(breadth))
            .unwrap_or(Breadth::Certain);
    }
    let dotted = caught.dotted().unwrap_or_default();
    let name = dotted.rsplit('.').next().unwrap_or_default();
    if matches!(name, "Exception" | "BaseException") {
        Breadth::All
    } else if SURROUNDINGS.contains(&name)
        || matches!(
            dotted.as_str(),
            "sqlite3.Error" | "psycopg2.Error" | "psycopg.Error" | "mysql.connector.Error" | "MySQLdb.Error"
        )
    {
        Breadth::Surroundings
    } else {
        Breadth::Certain
    }
}

/// Whether a test looks at what kind of error it is: `e instanceof X`, `isinstance(e, X)`, `err.expose`, `status < 500`.
pub fn looks_at_kind(test: &Expr, name: &str) -> bool {
    let mut found = false;
    each_in_expr(test, &mut |node, _| {
        let Some(expr) = node.expr() else { return !found };
        found |= match &expr.kind {
            ExprKind::Compare { left, rest } => {
                let of_error =
                    |side: &Expr| root_name(side) == Some(name) && !matches!(side.kind, ExprKind::Name(_));
                let status =
                    |side: &Expr| called_name(side).is_some_and(|name| has_word(name, &["status", "code"]));
                rest.iter().any(|(op, right)| {
                    matches!(op, CompareOp::InstanceOf)
                        || of_error(left)
                        || of_error(right)
                        || status(left)
                        || status(right)
                })
            }
            ExprKind::Member { object, name: member, .. } => {
                matches!(&object.kind, ExprKind::Name(own) if own == name)
                    && !matches!(member.as_str(), "message" | "stack" | "toString" | "msg")
            }
            ExprKind::Call(call) if looks_at_text(call, name) => true,
            ExprKind::Call(call) => {
                called_name(&call.callee) != Some("String")
                    && call
                        .arguments
                        .first()
                        .is_some_and(|given| matches!(&given.value.kind, ExprKind::Name(own) if own == name))
            }
            _ => false,
        };
        !found
    });
    found || is_developing(test)
}

/// `error.message.toLowerCase().includes("unique")`, `/unique/.test(error.message)`.
fn looks_at_text(call: &Call, name: &str) -> bool {
    let ExprKind::Member { object, name: method, .. } = &call.callee.kind else { return false };
    let looked_at: Option<&Expr> = match method.as_str() {
        "includes" | "startsWith" | "endsWith" | "match" | "startswith" | "endswith" => Some(object),
        "test" => call.arguments.first().map(|given| &given.value),
        _ => None,
    };
    looked_at.and_then(root_name) == Some(name)
}

/// Whether only some of what was caught under this name gets to a place in the body of a handler: a condition around it, or one
/// before it that leaves with a fault's own answer, looks at what kind of error it is.
pub fn is_narrowed(name: &str, body: &[Stmt], around: Around<'_, '_>, at: Extent) -> bool {
    let by_around = around.iter().any(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => looks_at_kind(test, name),
        Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => looks_at_kind(test, name),
        Node::Stmt(Stmt { kind: StmtKind::Match { value, .. }, .. }) => looks_at_kind(value, name),
        Node::Expr(Expr { kind: ExprKind::Logical { op: LogicalOp::And, left, .. }, .. }) => {
            looks_at_kind(left, name)
        }
        _ => false,
    });
    let inner = around.iter().filter_map(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::If { then, .. }, .. }) => Some(then.as_slice()),
        _ => node.function().map(|function| function.body.as_slice()),
    });
    let mut before = inner.chain(std::iter::once(body)).flatten().filter(|stmt| stmt.extent.end <= at.start);
    by_around
        || before.any(|stmt| match &stmt.kind {
            StmtKind::If { test, then, .. } => looks_at_kind(test, name) && answers_fault(then),
            _ => false,
        })
}

/// Whether a body answers with a fault of its own, or lets the error rise.
fn answers_fault(body: &[Stmt]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= answer(node).is_some_and(|answer| answer.status.is_some_and(|status| status >= 500));
        found |= matches!(node, Node::Stmt(Stmt { kind: StmtKind::Raise { value, .. }, .. })
            if value.as_ref().is_none_or(|value| matches!(value.kind, ExprKind::Name(_))));
        found |=
            node.expr().and_then(Expr::call).is_some_and(|call| called_name(&call.callee) == Some("next"));
        !found
    });
    found
}

/// Whether a test asks whether this is a developer's machine.
pub fn is_developing(test: &Expr) -> bool {
    let mut found = false;
    each_in_expr(test, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) = node {
            let words = words(name);
            let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
            found |= name == "NODE_ENV"
                || has(&["debug", "dev", "development", "production", "prod", "verbose", "testing"]);
        }
        found |= node.expr().and_then(Expr::string).is_some_and(|text| {
            matches!(text, "production" | "development" | "NODE_ENV" | "DEBUG" | "FLASK_DEBUG" | "FLASK_ENV")
        });
        !found
    });
    found
}

/// Whether a body tells somebody who runs the program: it logs, prints, or hands the error to who collects them.
pub fn is_told(body: &[Stmt]) -> bool {
    const TELLS: &[&str] = &[
        "log",
        "logger",
        "logging",
        "console",
        "sentry",
        "capture",
        "warn",
        "warning",
        "print",
        "eprintln",
        "traceback",
        "report",
        "notify",
        "tracing",
        "rollbar",
        "bugsnag",
        "airbrake",
        "newrelic",
    ];
    let mut told = false;
    each_in_body(body, &mut |node, _| {
        // `error("no", 400)` is an answer, whatever it is called.
        if let Some(call) = node.expr().and_then(Expr::call)
            && answer(node).is_none()
        {
            let name = call
                .callee
                .dotted()
                .or_else(|| called_name(&call.callee).map(str::to_owned))
                .unwrap_or_default();
            told |= words(&name).iter().any(|word| TELLS.contains(&word.as_str()));
        }
        told |= matches!(node, Node::Stmt(Stmt { kind: StmtKind::Raise { value: None, .. }, .. }));
        !told
    });
    told
}

/// Whether a place is in the body of a `try` with somebody who catches.
pub fn is_tried(around: Around<'_, '_>) -> bool {
    around.windows(2).any(|pair| match pair {
        [Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }), inner] => {
            let start = match inner {
                Node::Stmt(stmt) => stmt.extent.start,
                Node::Expr(expr) => expr.extent.start,
                Node::Handler(_) => return false,
            };
            !tried.handlers.is_empty()
                && tried.body.iter().any(|stmt| (stmt.extent.start..stmt.extent.end).contains(&start))
        }
        _ => false,
    })
}

//! Tests that no runner finds: a script that asks the program as a caller would, and asserts what it answers. People start it by hand,
//! and call it `smoke.py` or `try.js`; what it does tells, not its name.

use super::nodes::{Node, each_in_expr, each_node};
use super::syntax::{Expr, ExprKind, Module, Stmt, StmtKind};
use super::values::called_name;
use crate::language::Language;

/// Assertions that make a script a test; a program that asserts one thing about its settings is none.
const ASSERTIONS: usize = 3;

/// What asks a service, and how it is told where it is.
const ASKS: [&[&str]; 2] = [
    &["requests.", "urllib", "httpx", "http.client", "aiohttp", "test_client(", "TestClient("],
    &["fetch(", "axios", "http.request", "http.get", "undici", "got(", "supertest", ".inject("],
];
/// The program itself, on this machine or within this process.
const OWN: &[&str] = &["127.0.0.1", "localhost", "test_client(", "TestClient(", "supertest", ".inject("];
/// What a service begins with, or a module that others load: such a file asserts to protect itself.
const PROGRAM: [&[&str]; 2] = [
    &["Flask(", "FastAPI(", "APIRouter(", "Blueprint(", "uvicorn.run", "urlpatterns"],
    &["express(", "fastify(", "Fastify(", "Router(", "module.exports", "exports.", "export "],
];
/// What answers are asked for.
const ANSWER: &[&str] = &[
    "status",
    "status_code",
    "statusCode",
    "json",
    "body",
    "text",
    "content",
    "code",
    "headers",
    "data",
    "ok",
];

/// Whether a script asks its own program and asserts what comes back.
pub(crate) fn asserts_answers(language: Language, text: &str, module: &Module) -> bool {
    let script = match language {
        Language::Python => 0,
        Language::JavaScript | Language::TypeScript => 1,
        Language::Rust => return false,
    };
    let holds = |list: &[&str]| list.iter().any(|part| text.contains(part));
    let of = |lists: [&'static [&'static str]; 2]| lists.get(script).copied().unwrap_or_default();
    if !text.contains("assert") || !holds(OWN) || !holds(of(ASKS)) || holds(of(PROGRAM)) {
        return false;
    }
    let (mut assertions, mut of_answers) = (0, 0);
    each_node(module, &mut |node, _| {
        if let Some(claimed) = asserted(node) {
            assertions += 1;
            of_answers += usize::from(claimed.iter().any(|value| names_answer(value)));
        }
        true
    });
    assertions >= ASSERTIONS && of_answers > 0
}

/// What an assertion looks at: `assert x`, `assert.equal(x, 1)`, `assert(x)`.
fn asserted(node: Node<'_>) -> Option<Vec<&Expr>> {
    match node {
        Node::Stmt(Stmt { kind: StmtKind::Assert { test, .. }, .. }) => Some(vec![test]),
        Node::Expr(expr) => {
            let call = expr.call()?;
            let path = call.callee.dotted()?;
            let root = path.split('.').next()?;
            matches!(root, "assert" | "strictAssert" | "ok" | "equal" | "strictEqual" | "deepStrictEqual")
                .then(|| call.arguments.iter().map(|argument| &argument.value).collect())
        }
        _ => None,
    }
}

fn names_answer(value: &Expr) -> bool {
    let mut found = false;
    each_in_expr(value, &mut |node, _| {
        found |= match node.expr().map(|expr| &expr.kind) {
            Some(ExprKind::Name(name) | ExprKind::Member { name, .. }) => ANSWER.contains(&name.as_str()),
            Some(ExprKind::Call(call)) => {
                called_name(&call.callee).is_some_and(|name| ANSWER.contains(&name))
            }
            _ => false,
        };
        !found
    });
    found
}

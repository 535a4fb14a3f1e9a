//! Why a constant does no harm: it is not taken in production, or the start is refused with it.

use super::forms::Fallback;
use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_body, each_in_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Function, Literal, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::facts::words::{has_word, words};

/// Words that tell one environment from another.
const ENVIRONMENTS: &[&str] = &[
    "production",
    "prod",
    "development",
    "dev",
    "debug",
    "test",
    "testing",
    "local",
    "localhost",
    "ci",
    "staging",
];

/// Calls that end the program or the start.
const ENDS: &[&str] = &[
    "exit",
    "panic",
    "bail",
    "fatal",
    "die",
    "fail",
    "quit",
    "throw",
    "_exit",
    "ensure",
    "assert",
    "invariant",
    "ImproperlyConfigured",
];

/// Whether a file is only for development: by a word of its path.
pub(in crate::superficial_security) fn is_for_development(path: &str) -> bool {
    path.split('/').any(|part| {
        // Passport's `local.strategy.ts` is no local setting.
        let is_local = has_word(part, &["local"])
            && (part.starts_with("local.py") || has_word(part, &["settings", "config", "env"]));
        is_local
            || has_word(
                part,
                &[
                    "dev",
                    "development",
                    "testing",
                    "ci",
                    "seed",
                    "seeds",
                    "smoke",
                    "storybook",
                    "playwright",
                    "cypress",
                ],
            )
    })
}

/// Whether what stands around a place says in which environment it is reached.
pub(in crate::superficial_security) fn is_of_one_environment(around: Around<'_, '_>) -> bool {
    around.iter().any(|node| match *node {
        Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => tells_environments_apart(test),
        Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => tells_environments_apart(test),
        Node::Expr(Expr { kind: ExprKind::Logical { left, .. }, .. }) => tells_environments_apart(left),
        Node::Stmt(Stmt { kind: StmtKind::Class(class), .. }) => {
            has_word(&class.name, &["dev", "development", "test", "testing", "local", "ci", "debug"])
        }
        Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) => {
            has_word(&function.name, &["dev", "development", "test", "testing", "seed", "fixture"])
        }
        _ => false,
    })
}

/// Whether an expression asks which environment this is.
pub(in crate::superficial_security) fn tells_environments_apart(test: &Expr) -> bool {
    let mut found = false;
    each_in_expr(test, &mut |node, _| {
        let text = match node {
            Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                name.as_str()
            }
            Node::Expr(Expr { kind: ExprKind::Literal(Literal::String(text)), .. }) => text.as_str(),
            _ => return !found,
        };
        // `isProduction`, `DEBUG`, `"production"`; `devSecret` and `TEST_SECRET` are secrets.
        let words = words(text);
        found |= words.len() <= 3
            && words.iter().any(|word| ENVIRONMENTS.contains(&word.as_str()))
            && !words.iter().any(|word| matches!(word.as_str(), "secret" | "key" | "token"));
        !found
    });
    found
}

/// Whether the start is refused, somewhere in the project, when the variable is missing or has the constant's value; or another value
/// replaces the constant in production.
pub(in crate::superficial_security) fn is_refused(
    context: &Context<'_>,
    file: &SourceFile,
    fallback: &Fallback<'_>,
) -> bool {
    let here: Vec<&str> = fallback.names().chain(fallback.constant_name).collect();
    if refuses(file, &here) || is_replaced(file, fallback) {
        return true;
    }
    let elsewhere: Vec<&str> = here
        .into_iter()
        .filter(|name| crate::facts::environment::is_variable_name(name) && words(name).len() > 1)
        .collect();
    !elsewhere.is_empty()
        && context.files.iter().any(|other| {
            other.path != file.path
                && !other.is_test
                && elsewhere.iter().any(|name| other.text.contains(name))
                && (refuses(other, &elsewhere) || replaces(other, &elsewhere))
        })
}

/// Whether the start is refused, somewhere in the project, when a setting of this name is missing.
pub(in crate::superficial_security) fn is_demanded(context: &Context<'_>, names: &[&str]) -> bool {
    context.files.iter().any(|file| {
        !file.is_test && names.iter().any(|name| file.text.contains(name)) && refuses(file, names)
    })
}

fn refuses(file: &SourceFile, names: &[&str]) -> bool {
    let mut found = false;
    each_node(&file.syntax, &mut |node, _| {
        found |= match node {
            Node::Stmt(Stmt { kind: StmtKind::If { test, then, otherwise }, .. }) => {
                asks_about(test, names) && (ends(then) || ends(otherwise))
            }
            Node::Stmt(Stmt { kind: StmtKind::Assert { test, .. }, .. }) => mentions(test, names),
            // `process.env.X || process.exit(1)`, `X ?? fail()`.
            Node::Expr(Expr { kind: ExprKind::Logical { left, right, .. }, .. }) => {
                mentions(left, names) && right.call().is_some_and(|call| is_end(&call.callee))
            }
            // `requireEnv(["JWT_SECRET"])`, `assert(process.env.JWT_SECRET)`, `ensure!(secret != DEFAULT)`.
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                let demands = called_name(&call.callee).is_some_and(|name| {
                    has_word(
                        name,
                        &[
                            "require",
                            "required",
                            "ensure",
                            "assert",
                            "must",
                            "validate",
                            "invariant",
                            "mandatory",
                        ],
                    )
                });
                demands && call.arguments.iter().any(|argument| mentions(&argument.value, names))
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                let required = assign
                    .targets
                    .iter()
                    .filter_map(called_name)
                    .any(|target| has_word(target, &["required", "mandatory", "needed"]));
                required && assign.value.as_ref().is_some_and(|value| mentions(value, names))
            }
            _ => node.function().is_some_and(|function| validates(function, names)),
        };
        !found
    });
    found
}

/// Pydantic's `@field_validator("secret_key")` that raises.
fn validates(function: &Function, names: &[&str]) -> bool {
    let about = |decorator: &Expr| {
        decorator.call().is_some_and(|call| {
            called_name(&call.callee).is_some_and(|name| name.contains("validator"))
                && call.arguments.iter().any(|argument| mentions(&argument.value, names))
        })
    };
    function.decorators.iter().any(about) && ends(&function.body)
}

/// Whether a condition asks if a value is there or is the constant; one that compares it with what somebody sent does not.
fn asks_about(test: &Expr, names: &[&str]) -> bool {
    match &test.kind {
        ExprKind::Logical { left, right, .. } => asks_about(left, names) || asks_about(right, names),
        ExprKind::Unary { value, .. } => asks_about(value, names),
        ExprKind::Compare { left, rest } => {
            let parts = || std::iter::once(&**left).chain(rest.iter().map(|(_, right)| right));
            parts().any(|part| mentions(part, names))
                && parts().all(|part| mentions(part, names) || is_inert(part))
        }
        _ => mentions(test, names),
    }
}

/// A constant, a list of them, or the environment itself.
fn is_inert(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Template(_) => true,
        ExprKind::Sequence { items, .. } => items.iter().all(is_inert),
        ExprKind::Name(name) => crate::facts::environment::is_variable_name(name) || name == "undefined",
        ExprKind::Member { name, .. } => {
            crate::facts::environment::is_variable_name(name) || matches!(name.as_str(), "environ" | "env")
        }
        _ => false,
    }
}

fn mentions(expr: &Expr, names: &[&str]) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= match node {
            Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                names.contains(&name.as_str())
            }
            Node::Expr(expr) => expr.string().is_some_and(|text| names.contains(&text)),
            _ => false,
        };
        !found
    });
    found
}

fn ends(body: &[Stmt]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= match node {
            Node::Stmt(Stmt { kind: StmtKind::Raise { .. }, .. }) => true,
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => is_end(&call.callee),
            _ => false,
        };
        !found
    });
    found
}

fn is_end(callee: &Expr) -> bool {
    called_name(callee).is_some_and(|name| ENDS.contains(&name))
}

/// Whether a class for production in the same file gives the name another value.
fn is_replaced(file: &SourceFile, fallback: &Fallback<'_>) -> bool {
    let Some(bound) = fallback.bound else { return false };
    file.syntax.body.iter().any(|stmt| {
        let StmtKind::Class(class) = &stmt.kind else { return false };
        has_word(&class.name, &["prod", "production", "live"])
            && class.body.iter().any(|field| assigns(field, &[bound]))
    })
}

/// Whether a module for production gives the name another value.
pub(in crate::superficial_security) fn replaces(file: &SourceFile, names: &[&str]) -> bool {
    let stem = file.path.rsplit('/').next().unwrap_or_default();
    has_word(stem, &["prod", "production", "live"])
        && file.syntax.body.iter().any(|stmt| assigns(stmt, names))
}

fn assigns(stmt: &Stmt, names: &[&str]) -> bool {
    let StmtKind::Assign(assign) = &stmt.kind else { return false };
    assign.targets.iter().filter_map(called_name).any(|target| names.contains(&target))
}

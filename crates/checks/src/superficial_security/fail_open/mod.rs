//! # fail-open
//!
//! A check that lets through when it fails is none. Nobody sees it: everything works, for everybody, and whoever can make the check fail (a broken token, a timeout of
//! the service that is asked, a variable that one deployment forgot) is in.
//!
//! ## What is reported
//!
//! - **error**: what verifies a signature, a token, a permission says yes when it fails: `except: return True`, `.catch(() => true)`,
//!   `.unwrap_or(true)`, a middleware that answers 401 elsewhere and calls `next()` in its `catch`;
//! - **error**: it says yes when its secret or key is not configured: `if not WEBHOOK_SECRET: return True`, `if (!process.env.API_KEY) return next()`;
//! - **error**: a caller who is not known becomes an administrator: `return {"id": 1, "role": "admin"}` where there is no token, or a bad one;
//! - **error**: the certificate of the other side is not verified: `verify=False`, `rejectUnauthorized: false`, `NODE_TLS_REJECT_UNAUTHORIZED = "0"`,
//!   `danger_accept_invalid_certs(true)`; a **warning** for a database's connection, whose host often has no certificate that anybody could verify.
//!
//! Left alone: what goes on without a user where no token is needed (a middleware that never refuses); `is_expired`, `is_blocked` and their like, which are closed
//! when they say yes; limits of requests; what only development or tests do; a missing variable with which the start is refused; certificates that an option of the
//! user's switches off. Tokens that are decoded without being verified are `unverified-token`'s.
//!
//! ## What to do
//!
//! Refuse in every branch that is not a success; stop at the start when a secret is missing; give the client the certificate authority (`verify="ca.pem"`, `ca:`) instead of
//! switching the test off.
//!
//! Source: [CWE-636](https://cwe.mitre.org/data/definitions/636.html), [CWE-295](https://cwe.mitre.org/data/definitions/295.html); OWASP Top 10 2025, A10 "Mishandling of
//! Exceptional Conditions"; OWASP ASVS 5.0, 16.5.

mod caught;
mod certificates;
mod unconfigured;

use rayon::prelude::*;
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_body, each_node};
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::called_name;
use crate::facts::words::words;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::fallback_secret::refusal::{is_for_development, is_of_one_environment};

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("fail-open"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a check that lets through when it fails",
        applies_to: "verification of who is calling or what is sent",
        variants: &["caught", "unconfigured", "administrator", "certificate"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// One way through.
struct Open {
    extent: Extent,
    variant: &'static str,
    severity: Severity,
    confidence: Confidence,
    message: String,
    advice: &'static str,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let parts: Vec<(&SourceFile, Vec<Open>, u64)> = context
        .files
        .par_iter()
        .filter(|file| {
            !file.is_test && !plain_text::is_example(&file.path) && !is_for_development(&file.path)
        })
        .map(|file| {
            let (found, trials) = of_file(context, file);
            (file, found, trials)
        })
        .collect();
    for (file, found, trials) in parts {
        (0..trials).for_each(|_| report.trial());
        for one in found {
            report.add(
                report
                    .at(file, one.extent, one.message)
                    .variant(one.variant)
                    .severity(one.severity)
                    .confidence(one.confidence)
                    .advice(one.advice),
            );
        }
    }
}

fn of_file(context: &Context<'_>, file: &SourceFile) -> (Vec<Open>, u64) {
    let mut found = Vec::new();
    let mut trials = 0;
    let may_verify = certificates::may(file);
    each_node(&file.syntax, &mut |node, around| {
        if file.language == Language::Rust && in_rust_tests(around) {
            return false;
        }
        if let Some(function) = node.function().filter(|function| function.has_body)
            && let Some(asker) = Asker::of(function, around)
            && !is_of_one_environment(around)
        {
            trials += 1;
            caught::judge(file, &asker, &mut found);
            unconfigured::judge(context, file, &asker, &mut found);
        }
        if may_verify && !is_of_one_environment(around) {
            found.extend(certificates::judge(file, node, around));
        }
        true
    });
    trials += found.iter().filter(|one| one.variant == "certificate").count() as u64;
    found.sort_by_key(|one| one.extent.start);
    found.dedup_by_key(|one| one.extent);
    (found, trials)
}

/// A function that decides whether somebody may go on.
struct Asker<'a> {
    function: &'a Function,
    /// What it is called; empty for one without a name.
    name: String,
    /// Whether it can refuse: it answers 401 or 403, raises, or gives false back.
    refuses: bool,
}

/// What is asked about.
const SUBJECTS: &[&str] = &[
    "token",
    "signature",
    "auth",
    "authorization",
    "authentication",
    "password",
    "permission",
    "permissions",
    "access",
    "admin",
    "owner",
    "ownership",
    "role",
    "roles",
    "captcha",
    "recaptcha",
    "turnstile",
    "csrf",
    "license",
    "licence",
    "webhook",
    "hmac",
    "jwt",
    "apikey",
    "session",
    "login",
    "credentials",
    "policy",
    "scope",
    "scopes",
    "otp",
    "totp",
    "mfa",
    "sig",
    "certificate",
    "user",
    "secret",
];

/// Words that ask.
const ASKS: &[&str] = &[
    "verify",
    "validate",
    "check",
    "valid",
    "is",
    "has",
    "can",
    "require",
    "required",
    "ensure",
    "authenticate",
    "authorize",
    "enforce",
    "guard",
    "protect",
];

/// Words that ask by themselves.
const ALONE: &[&str] = &[
    "authenticate",
    "authenticated",
    "authorize",
    "authorized",
    "auth",
    "allowed",
    "permitted",
    "protect",
    "authmiddleware",
    "authguard",
];

/// Words with which yes is a no, or that are about something else.
const OTHERWISE: &[&str] = &[
    "expired",
    "expire",
    "blocked",
    "banned",
    "revoked",
    "invalid",
    "locked",
    "limit",
    "limited",
    "limiter",
    "rate",
    "taken",
    "exists",
    "exist",
    "missing",
    "denied",
    "rejected",
    "spam",
    "blacklisted",
    "needs",
    "should",
    "optional",
    "maybe",
    "try",
    "anonymous",
    "load",
    "attach",
    "populate",
    "logged",
    "empty",
    "stale",
    "dirty",
    "refresh",
    "update",
    "create",
    "send",
    "delete",
    "remove",
    "count",
    "list",
    "format",
    "parse",
    "without",
    "no",
    "not",
    "mock",
    "fake",
    "supported",
    "available",
    "enabled",
    "uses",
    "support",
    "safe",
];

impl<'a> Asker<'a> {
    fn of(function: &'a Function, around: Around<'a, '_>) -> Option<Self> {
        let name = name_of(function, around);
        let named = asks(&name);
        let middleware = name.is_empty() && takes_next(function) && verifies(&function.body);
        (named || middleware).then(|| Self { function, refuses: refuses(&function.body), name })
    }

    /// How a message calls it.
    fn shown(&self) -> String {
        if self.name.is_empty() { "this middleware".to_owned() } else { format!("`{}`", self.name) }
    }
}

fn asks(name: &str) -> bool {
    if name.len() < 4 {
        return false;
    }
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    !has(OTHERWISE) && (has(ALONE) || has(ASKS) && has(SUBJECTS))
}

/// The name of a function, or of what it is bound to.
fn name_of(function: &Function, around: Around<'_, '_>) -> String {
    if !function.name.is_empty() {
        return function.name.to_string();
    }
    let target = match around.last() {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => assign.targets.first(),
        Some(Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. })) => Some(&**target),
        Some(Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. })) => entries
            .iter()
            .find(
                |(_, value)| matches!(&value.kind, ExprKind::Function(own) if std::ptr::eq(&**own, function)),
            )
            .and_then(|(key, _)| key.as_ref()),
        _ => None,
    };
    target.and_then(|target| target.string().or_else(|| called_name(target))).unwrap_or_default().to_owned()
}

fn takes_next(function: &Function) -> bool {
    function.parameters.get(2).and_then(|parameter| parameter.pattern.dotted()).as_deref() == Some("next")
}

/// Whether a body verifies something by a call.
fn verifies(body: &[Stmt]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= node.expr().and_then(Expr::call).is_some_and(|call| {
            called_name(&call.callee).is_some_and(|name| {
                let lower = name.to_lowercase();
                lower.starts_with("verify")
                    || lower.ends_with("verify")
                    || lower == "compare_digest"
                    || lower == "timingsafeequal"
            })
        });
        !found
    });
    found
}

/// Whether a body refuses somewhere.
fn refuses(body: &[Stmt]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= match node {
            Node::Expr(Expr { kind: ExprKind::Literal(Literal::Integer(digits)), .. }) => {
                digits == "401" || digits == "403"
            }
            Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                matches!(
                    name.as_str(),
                    "HTTP_401_UNAUTHORIZED"
                        | "HTTP_403_FORBIDDEN"
                        | "UNAUTHORIZED"
                        | "FORBIDDEN"
                        | "unauthorized"
                        | "forbidden"
                        | "abort"
                )
            }
            _ => false,
        };
        !found
    });
    found
}

/// Whether a body says yes: `return True`, `next()`, `return f(*args, **kwargs)`, as its last statement.
fn says_yes(asker: &Asker<'_>, body: &[Stmt]) -> Option<Extent> {
    let last = body.last()?;
    let yes = |value: &Expr| is_true(value) || is_going_on(asker, value);
    match &last.kind {
        StmtKind::Return(Some(value)) | StmtKind::Value(value) | StmtKind::Expr(value) if yes(value) => {
            // `true;` alone says nothing, except at the end of a Rust block.
            let bare = matches!(last.kind, StmtKind::Expr(_)) && is_true(value);
            (!bare).then_some(last.extent)
        }
        // `next(); return;`.
        StmtKind::Return(None) => match &body.get(body.len().checked_sub(2)?)?.kind {
            StmtKind::Expr(value) if is_going_on(asker, value) => Some(last.extent),
            _ => None,
        },
        StmtKind::Block(inner) => says_yes(asker, inner),
        _ => None,
    }
}

fn is_true(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Literal(Literal::Boolean(true)))
}

/// `next()`, or the call of the view that a decorator wraps.
fn is_going_on(asker: &Asker<'_>, value: &Expr) -> bool {
    let value = match &value.kind {
        ExprKind::Await(value) => value,
        _ => value,
    };
    let Some(call) = value.call() else { return false };
    let passes = call.callee.dotted().as_deref() == Some("next") && call.arguments.is_empty();
    let views = ["f", "func", "fn", "view", "view_func", "function", "handler", "wrapped"];
    let spread = call.arguments.iter().any(|given| matches!(given.value.kind, ExprKind::Spread(_)));
    asker.refuses
        && (passes
            || spread && matches!(&call.callee.kind, ExprKind::Name(name) if views.contains(&name.as_str())))
}

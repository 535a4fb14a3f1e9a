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
//! That a yes lets somebody in is known when the function answers 401 or 403 elsewhere, hands on the outcome of verifying, can by its name only be leave
//! (`has_permission`, `is_allowed`, `authorize`), or when a caller refuses without it.
//!
//! Left alone: what goes on without a user where no token is needed (a middleware that never refuses); every other function that says yes, as `is_token_used` and
//! `is_auth_required` do, which are closed then; limits of requests; what only development or tests do; a missing variable with which the start is refused; certificates that an option of the
//! user's switches off. Tokens that are decoded without being verified are `unverified-token`'s.
//!
//! ## What to do
//!
//! Refuse in every branch that is not a success; stop at the start when a secret is missing; give the client the certificate authority (`verify="ca.pem"`, `ca:`) instead of
//! switching the test off.
//!
//! Source: [CWE-636](https://cwe.mitre.org/data/definitions/636.html), [CWE-295](https://cwe.mitre.org/data/definitions/295.html); OWASP Top 10 2025, A10 "Mishandling of
//! Exceptional Conditions"; OWASP ASVS 5.0, 16.5.

mod asker;
mod caught;
mod certificates;
mod unconfigured;

use asker::{Asker, may_ask};
use rayon::prelude::*;
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::each_node;
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Literal, Stmt, StmtKind};
use crate::facts::tests::in_rust_tests;
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
    let may_ask = may_ask(&file.text);
    if !may_verify && !may_ask {
        return (found, trials);
    }
    each_node(&file.syntax, &mut |node, around| {
        if file.language == Language::Rust && in_rust_tests(around) {
            return false;
        }
        if may_ask
            && let Some(function) = node.function().filter(|function| function.has_body)
            && let Some(asker) = Asker::of(file, function, around)
            && !is_of_one_environment(around)
        {
            trials += 1;
            let mut open = Vec::new();
            caught::judge(file, &asker, &mut open);
            unconfigured::judge(context, file, &asker, &mut open);
            if open.iter().any(|one| one.variant != "administrator") && !asker.lets_in(context) {
                open.retain(|one| one.variant == "administrator");
            }
            found.extend(open);
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

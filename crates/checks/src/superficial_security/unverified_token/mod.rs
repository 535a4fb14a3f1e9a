//! # unverified-token
//!
//! A token says who is calling only as long as its signature is checked. Libraries read one without checking just as readily, under a name that sounds the
//! same: `jwt.decode(token)` of the npm package jsonwebtoken believes anybody.
//!
//! ## What is reported
//!
//! - **error**: the claims of a token are read and used although its signature is not checked: `jwt.decode` (jsonwebtoken), `decodeJwt` (jose), `jwtDecode`
//!   (fastify), `options={"verify_signature": False}` (PyJWT, python-jose), `get_unverified_claims`, `insecure_disable_signature_validation`, the
//!   middle part decoded by hand; the token itself says which algorithm is right; `jwt.verify` whose callback never looks at its error;
//! - **warning**: the expiry is ignored (`verify_exp`, `ignoreExpiration`, `validate_exp`, Authlib's claims without `validate()`, itsdangerous without
//!   `max_age`); a token is made that never expires; python-jose is not told which algorithms are right, so that the token says; `none` is among them.
//!
//! Left alone: reading the header or the key id first and verifying afterwards in the same function, reading only the expiry (to log out), browser
//! code that looks at its own token, and tokens that a provider has just handed over (`id_token` by its name or key, and no part of the request).
//!
//! What the libraries do was tried: PyJWT 2 refuses to decode without `algorithms`; with `none` in the list it and jsonwebtoken 9 still refuse an
//! unsigned token as long as there is a key; python-jose 3 without `algorithms` takes any that fits the key; Authlib checks no expiry by itself.
//!
//! ## What to do
//!
//! `jwt.decode(token, KEY, algorithms=["HS256"])` (Python), `jwt.verify(token, KEY, { algorithms: ["HS256"] })` (JavaScript),
//! `decode::<Claims>(token, &key, &Validation::new(Algorithm::HS256))` (Rust), and tokens that live for minutes or hours.
//!
//! Source: [CWE-347](https://cwe.mitre.org/data/definitions/347.html), [CWE-613](https://cwe.mitre.org/data/definitions/613.html); RFC 8725, sections 2.1 and 3.1.

mod expiry;
mod signature;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, Extent};
use crate::facts::values::FileValues;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("unverified-token"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a token that is believed without being checked",
        applies_to: "token read or made",
        variants: &["signature", "algorithm", "expiry"],
        source: include_str!("mod.rs"),
    },
    run: Run::File(run),
};

/// A call, and what it may be judged by.
struct Site<'w, 'a, 'b> {
    file: &'a SourceFile,
    values: &'w mut FileValues<'a>,
    around: Around<'a, 'b>,
    expr: &'a Expr,
    call: &'a Call,
    /// The full name of what is called.
    path: String,
}

impl<'a> Site<'_, 'a, '_> {
    /// The argument at a place.
    fn at(&self, at: usize) -> Option<&'a Expr> {
        self.call.arguments.iter().filter(|given| given.name.is_none()).nth(at).map(|given| &given.value)
    }
}

/// What is wrong with a token.
struct Fault {
    extent: Extent,
    variant: &'static str,
    severity: Severity,
    message: String,
    advice: &'static str,
}

impl Fault {
    fn new(
        extent: Extent,
        variant: &'static str,
        severity: Severity,
        message: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        Self { extent, variant, severity, message: message.into(), advice }
    }
}

fn run(_: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    const WORDS: &[&str] = &[
        "jwt",
        "Jwt",
        "JWT",
        "jose",
        "itsdangerous",
        "jsonwebtoken",
        "b64decode",
        "base64",
        "atob",
        "insecure_decode",
    ];
    if file.is_test || !WORDS.iter().any(|word| file.text.contains(word)) {
        return;
    }
    let mut values = FileValues::of(&file.syntax);
    each_node(&file.syntax, &mut |node, around| {
        let found = match node {
            Node::Expr(expr) => match expr.call() {
                Some(call) => {
                    let path =
                        file.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
                    let mut site = Site { file, values: &mut values, around, expr, call, path };
                    signature::judge(&mut site).or_else(|| expiry::judge(&mut site))
                }
                None => None,
            },
            Node::Stmt(stmt) => expiry::switched_off(file, stmt),
            Node::Handler(_) => None,
        };
        let Some(fault) = found else { return true };
        report.trial();
        if let Some(fault) = fault {
            report.add(
                report
                    .at(file, fault.extent, fault.message)
                    .variant(fault.variant)
                    .severity(fault.severity)
                    .confidence(Confidence::High)
                    .advice(fault.advice),
            );
        }
        true
    });
}

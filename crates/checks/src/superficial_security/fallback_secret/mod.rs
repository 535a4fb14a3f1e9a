//! # fallback-secret
//!
//! A signing secret that is read from the environment, with a constant for when it is not there. On the author's machine it is convenient;
//! in production a variable is forgotten or misspelt, the service starts all the same, and from then on everybody who can read the
//! source, or guess `dev-secret`, makes himself an administrator's token. Nothing fails and no log says so. Of 356 generated backends that
//! sign something, 329 do this.
//!
//! ## What is reported
//!
//! - **error**: a variable whose value signs sessions, tokens, cookies, links or messages, encrypts data, or is what a caller's key is compared
//!   with, and that falls back to a text written in the source: by default argument, `or`, `||`, `??`, `unwrap_or`, a destructuring or a settings
//!   field's default, a schema's default, an `if (!secret)`, an `except KeyError`. Known by where the value goes, or by a name that can mean
//!   nothing else (`JWT_SECRET`, `SECRET_KEY`);
//! - **error**: an empty text to fall back to, where the library signs with an empty key too (`hmac`, `itsdangerous`, python-jose,
//!   Starlette's sessions);
//! - **warning**: the same for a secret of which only the name is known, and not what it is for.
//!
//! Left alone: a fallback that is random; one that is not taken in production (`NODE_ENV`, `DEBUG`); a start that is refused when the variable is
//! missing or still has the constant's value; settings and classes for development; ports, hosts, addresses, and other services' passwords, where a
//! wrong value only fails.
//!
//! ## What to do
//!
//! Refuse to start. A missing secret found at deployment costs a minute:
//!
//! ```python
//! SECRET_KEY = os.environ["SECRET_KEY"]
//! ```
//!
//! ```js
//! const secret = process.env.JWT_SECRET;
//! if (!secret) throw new Error("JWT_SECRET is not set");
//! ```
//!
//! Source: [CWE-798](https://cwe.mitre.org/data/definitions/798.html), [CWE-1188](https://cwe.mitre.org/data/definitions/1188.html); [OWASP
//! ASVS 5.0, 13.3](https://owasp.org/www-project-application-security-verification-standard/); [RFC 8725, 3.5](https://www.rfc-editor.org/rfc/rfc8725#section-3.5).
//! That libraries sign with an empty key was tried with Python 3.11's `hmac`, itsdangerous 2.2, python-jose 3.5, Starlette 1.10 and Node 20's
//! `createHmac`; jsonwebtoken 9, PyJWT 2.15, Flask 3.1 and express-session 1.19 refuse it.

pub(super) mod forms;
mod purpose;
pub(super) mod refusal;

use rayon::prelude::*;
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::forms::{Fallback, fallbacks};
use self::purpose::{Purpose, Sink, purpose, sinks};
use crate::context::Context;
use crate::facts::credentials::hint;
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::hardcoded_secret::by_name::looks_random;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("fallback-secret"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a constant where a signing secret is missing",
        applies_to: "signing secret that is read from the environment",
        variants: &["signing-secret", "encryption-key", "accepted-key", "named-secret"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// What one file holds.
struct Held<'a> {
    file: &'a SourceFile,
    fallbacks: Vec<Fallback<'a>>,
    reads: u64,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let judged = || context.files.par_iter().filter(|file| is_judged(file));
    let held: Vec<Held<'_>> = judged()
        .map(|file| {
            let (fallbacks, reads) = fallbacks(file);
            Held { file, fallbacks, reads }
        })
        .collect();
    let falls_back = held.iter().any(|held| !held.fallbacks.is_empty());
    let sinks: Vec<Sink> = if falls_back { judged().flat_map_iter(sinks).collect() } else { Vec::new() };
    for each in &held {
        for _ in 0..each.reads {
            report.trial();
        }
        for fallback in &each.fallbacks {
            let found = purpose(each.file, fallback, sinks.iter());
            let Some(found) = found else { continue };
            if refusal::is_refused(context, each.file, fallback) {
                continue;
            }
            add(context, each.file, fallback, &found, report);
        }
    }
}

/// Whether a file is a part of what runs in production.
fn is_judged(file: &SourceFile) -> bool {
    !file.is_test
        && !plain_text::is_example(&file.path)
        && !refusal::is_for_development(&file.path)
        && !plain_text::is_browser_source(file)
}

fn add(
    context: &Context<'_>,
    file: &SourceFile,
    fallback: &Fallback<'_>,
    purpose: &Purpose<'_>,
    report: &mut Report<'_>,
) {
    let name = &fallback.variable;
    let constant = if looks_random(&fallback.constant) {
        hint(&fallback.constant)
    } else {
        fallback.constant.chars().take(40).collect()
    };
    let becomes = match fallback.constant.as_str() {
        "" => "falls back to an empty text, which signs too".to_owned(),
        _ => format!("falls back to \"{constant}\""),
    };
    let harm = purpose.harm();
    let message = format!("`{name}` {becomes}: where it is not set, the service starts all the same, {harm}");
    let (severity, confidence) = purpose.weight();
    let mut draft = report
        .at(file, fallback.extent, message)
        .variant(purpose.variant())
        .severity(severity)
        .confidence(confidence)
        .identified_by(name.clone())
        .advice(advice(file.language, name));
    if let Purpose::Used { sink, .. } = purpose
        && let Some(other) = context.file(&sink.path)
        && !(sink.path == file.path
            && sink.extent.start <= fallback.extent.start
            && fallback.extent.end <= sink.extent.end)
    {
        draft = draft.related(
            other,
            sink.extent,
            format!("the key is used here: {} or checked with it", sink.use_of),
        );
    }
    report.add(draft);
}

fn advice(language: Language, name: &str) -> String {
    let name = if crate::facts::environment::is_variable_name(name) { name } else { "SECRET_KEY" };
    match language {
        Language::Python => format!(
            "write `os.environ[\"{name}\"]`, which ends the start when it is missing, and put a random value into each environment (`python -c \"import secrets; print(secrets.token_hex(32))\"`)"
        ),
        Language::JavaScript | Language::TypeScript => format!(
            "write `if (!process.env.{name}) throw new Error(\"{name} is not set\")` where the program starts, and no fallback"
        ),
        Language::Rust => {
            format!("write `std::env::var(\"{name}\")?` and let the start fail, with no fallback")
        }
    }
}

impl Purpose<'_> {
    fn variant(&self) -> &'static str {
        match self {
            Self::Used { sink, .. } => match sink.use_of.as_str() {
                "data is encrypted" => "encryption-key",
                "callers are let in" => "accepted-key",
                _ => "signing-secret",
            },
            Self::Named { .. } => "named-secret",
        }
    }

    fn harm(&self) -> String {
        const READS: &str = "whoever has read the source";
        match self {
            Self::Used { sink, .. } => match sink.use_of.as_str() {
                "data is encrypted" => format!("data is encrypted with it, and {READS} can decrypt it"),
                "callers are let in" => format!("callers are let in by it, and {READS} is one of them"),
                use_of => format!("{use_of} with it, and {READS} can forge them"),
            },
            Self::Named { .. } => format!("and {READS} knows it"),
        }
    }

    fn weight(&self) -> (Severity, Confidence) {
        match self {
            Self::Used { direct: true, .. } => (Severity::Error, Confidence::Certain),
            Self::Used { direct: false, .. } | Self::Named { clear: true } => {
                (Severity::Error, Confidence::High)
            }
            Self::Named { clear: false } => (Severity::Warning, Confidence::Medium),
        }
    }
}

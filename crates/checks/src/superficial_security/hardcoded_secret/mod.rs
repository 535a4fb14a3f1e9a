//! # hardcoded-secret
//!
//! A secret in the source is known to everybody who ever reads the repository, a laptop's backup, a container image or the log of a
//! build, and it stays in the history when the line is gone. It cannot be changed without a release, so it is not changed. Bots find
//! keys in public repositories within minutes.
//!
//! ## What is reported
//!
//! - **error**: a credential in a provider's published format (AWS, GitHub, Stripe, Slack, npm, PyPI, private keys, …), in source and in
//!   committed settings, checksums verified where the format has one; a literal signing secret (`app.secret_key = "…"`,
//!   `jwt.sign(payload, "…")`, `createHmac("sha256", "…")`); a password or key by its name whose value looks random; a password in a connection
//!   address to another machine;
//! - **warning**: the same in documentation, examples and tests.
//!
//! Left alone: placeholders (`changeme`, `<your key>`), names of variables, fields and headers, texts and addresses, hashes, public keys.
//! What a browser receives is reported by `client-side-secret`, defaults of environment variables by `fallback-secret`.
//! Messages show the first four characters.
//!
//! ## What to do
//!
//! First make the secret worthless: revoke it at the provider. Then read it from outside, and refuse to start without it:
//!
//! ```python
//! SMTP_PASSWORD = os.environ["SMTP_PASSWORD"]      # KeyError at start is better than a known password
//! ```
//!
//! Source: [CWE-798](https://cwe.mitre.org/data/definitions/798.html); [OWASP Secrets Management Cheat
//! Sheet](https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html); Meli, McNiece & Reaves, "How Bad Can It Git?
//! Characterizing Secret Leakage in Public GitHub Repositories", NDSS 2019. Each provider's format names its page in `facts/credentials.rs`.

pub(crate) mod by_name;
mod by_use;

use rayon::prelude::*;
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::credentials::{Audience, credentials, hint};
use crate::facts::nodes::each_node;
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::facts::tests::in_rust_tests;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("hardcoded-secret"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a secret in the repository",
        applies_to: "file that could hold a secret",
        variants: &["provider-format", "signing-secret", "named-secret", "connection-password"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// One secret.
pub(crate) struct Found {
    pub(crate) extent: Extent,
    pub(crate) variant: &'static str,
    pub(crate) message: String,
    pub(crate) confidence: Confidence,
    /// What identifies it instead of its text, which must not be stored.
    pub(crate) name: String,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let in_source: Vec<_> = context
        .files
        .par_iter()
        .filter(|file| !plain_text::is_browser_source(file))
        .map(|file| (file, in_source(file)))
        .collect();
    for (file, found) in in_source {
        report.trial();
        for secret in found {
            let draft = report.at(file, secret.extent, secret.message.clone());
            add(report, draft, &file.path, file.is_test, secret);
        }
    }
    let in_text: Vec<_> = plain_text::entries(context)
        .into_par_iter()
        .filter_map(|entry| {
            let text = plain_text::text(context, entry)?;
            (!plain_text::is_for_browser(&entry.path, &text)).then(|| (entry, by_format(&text), text))
        })
        .collect();
    for (entry, found, text) in in_text {
        report.trial();
        for secret in found {
            let draft = report.at_text(&entry.path, &text, secret.extent, secret.message.clone());
            add(report, draft, &entry.path, false, secret);
        }
    }
}

fn add(report: &mut Report<'_>, draft: crate::report::Draft, path: &str, is_test: bool, secret: Found) {
    let shown = is_test || plain_text::is_example(path);
    let severity = if shown { Severity::Warning } else { Severity::Error };
    report.add(
        draft
            .variant(secret.variant)
            .severity(severity)
            .confidence(secret.confidence)
            .identified_by(secret.name)
            .advice("revoke it where it was issued, then read it from the environment and refuse to start without it: `os.environ[\"NAME\"]`, `process.env.NAME`, `std::env::var(\"NAME\")?`"),
    );
}

/// Credentials known by their form.
fn by_format(text: &str) -> Vec<Found> {
    credentials(text)
        .into_iter()
        .filter(|credential| credential.format.audience == Audience::Secret)
        .map(|credential| {
            let value = text
                .get(credential.extent.start as usize..credential.extent.end as usize)
                .unwrap_or_default();
            Found {
                extent: credential.extent,
                variant: "provider-format",
                message: format!(
                    "{} is written here (`{}`): everybody with the repository has it; revoke it at {}",
                    credential.format.name,
                    hint(value),
                    credential.format.revoke
                ),
                confidence: Confidence::High,
                name: credential.format.name.to_owned(),
            }
        })
        .collect()
}

fn in_source(file: &SourceFile) -> Vec<Found> {
    let mut found = by_format(&file.text);
    // Tests have passwords of their own making, and nobody else's.
    if file.is_test || plain_text::is_example(&file.path) {
        return found;
    }
    let known: Vec<Extent> = found.iter().map(|secret| secret.extent).collect();
    each_node(&file.syntax, &mut |node, around| {
        if file.language == Language::Rust && in_rust_tests(around) {
            return false;
        }
        let more = by_use::signing_secret(file, node).into_iter().chain(by_name::named_secret(node)).next();
        let more = more.or_else(|| by_name::connection_password(node));
        let inside = |secret: &Found| {
            known
                .iter()
                .chain(found.iter().map(|other| &other.extent))
                .any(|other| secret.extent.start < other.end && other.start < secret.extent.end)
        };
        if let Some(secret) = more.filter(|secret| !inside(secret)) {
            found.push(secret);
        }
        true
    });
    found
}

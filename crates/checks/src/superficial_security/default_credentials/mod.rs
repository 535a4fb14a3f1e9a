//! # default-credentials
//!
//! An administrator whose password is in the source is everybody's administrator. `admin` / `admin123` is made at the first start so that
//! the demo can be shown, nobody is made to change it, and it is the first pair that every scanner tries.
//!
//! ## What is reported
//!
//! - **error**: an account of an administrator that is made with a password from the source: by a call (`create_user("admin", "admin123")`), an SQL
//!   `INSERT`, a model, a list of users; hashed or not, directly or as what a missing `ADMIN_PASSWORD` falls back to;
//! - **error**: a login that accepts a name and a password written in the source;
//! - **warning**: the same for an account without rights, or in a script that is run by hand (`seed.py`, a migration); a password from the source
//!   that is printed; a password that a service writes into its log.
//!
//! Left alone: passwords that are random or come from outside; what only happens in development (`if (process.env.NODE_ENV !== "production")`);
//! accounts of other services (a database, a mail server); a hash that is only there to take time; tests and examples.
//!
//! ## What to do
//!
//! Let whoever installs it choose, and refuse to start without:
//!
//! ```python
//! create_user(conn, "admin", os.environ["ADMIN_PASSWORD"], is_admin=True)
//! ```
//!
//! or make a random one (`secrets.token_urlsafe(16)`), keep it in a file that only the service's user may read, and demand another at the first login.
//!
//! Source: [CWE-1392](https://cwe.mitre.org/data/definitions/1392.html), [CWE-798](https://cwe.mitre.org/data/definitions/798.html),
//! [CWE-532](https://cwe.mitre.org/data/definitions/532.html); [OWASP ASVS 5.0, 6.3.2](https://owasp.org/www-project-application-security-verification-standard/);
//! [NIST SP 800-63B-4, 3.1.1](https://pages.nist.gov/800-63-4/sp800-63b.html).

mod account;
mod told;

use rayon::prelude::*;
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::account::{Account, accounts};
use self::told::{Told, told};
use crate::context::Context;
use crate::facts::plain_text;
use crate::facts::service::is_service;
use crate::facts::source::SourceFile;
use crate::facts::words::has_word;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("default-credentials"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "an account whose password is in the source",
        applies_to: "account that is made, or login",
        variants: &["seeded-account", "accepted-pair", "password-printed"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let found: Vec<_> = context
        .files
        .par_iter()
        .filter(|file| !file.is_test && !plain_text::is_example(&file.path))
        .map(|file| (file, accounts(context, file)))
        .collect();
    for (file, (accounts, tried)) in &found {
        for _ in 0..*tried {
            report.trial();
        }
        for account in accounts {
            add_account(file, account, report);
        }
    }
    let known: Vec<&str> = found
        .iter()
        .flat_map(|(_, (accounts, _))| accounts)
        .map(|account| account.password.as_str())
        .filter(|password| password.len() >= 5)
        .collect();
    let is_service = is_service(context);
    let told: Vec<_> = found.par_iter().map(|(file, _)| (file, told(file, &known, is_service))).collect();
    for (file, told) in told {
        for told in told {
            report.trial();
            add_told(file, &told, report);
        }
    }
}

fn add_account(file: &SourceFile, account: &Account, report: &mut Report<'_>) {
    let by_hand = is_run_by_hand(&file.path);
    let severity = if account.is_admin && !by_hand { Severity::Error } else { Severity::Warning };
    let (variant, message) = match &account.by {
        account::By::Pair => (
            "accepted-pair",
            format!(
                "`{}` with the password \"{}\" is let in: whoever has read the source can log in",
                account.name, account.password
            ),
        ),
        account::By::Variable(variable) => (
            "seeded-account",
            format!(
                "`{variable}` falls back to \"{}\": where it is not set, whoever has read the source logs in as the administrator",
                account.password
            ),
        ),
        account::By::Made => (
            "seeded-account",
            format!(
                "the account `{}` is made with the password \"{}\": whoever has read the source{} can log in with it",
                account.name,
                account.password,
                if account.is_admin { ", and every scanner," } else { "" }
            ),
        ),
    };
    let confidence = if account.is_admin { Confidence::High } else { Confidence::Medium };
    report.add(
        report
            .at(file, account.extent, message)
            .variant(variant)
            .severity(severity)
            .confidence(confidence)
            .identified_by(format!("{}: {}", account.name, account.variable()))
            .advice(advice(file.language)),
    );
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::Python => {
            "read it from the environment and fail without it (`os.environ[\"ADMIN_PASSWORD\"]`), or make a random one (`secrets.token_urlsafe(16)`) that must be changed at the first login"
        }
        Language::JavaScript | Language::TypeScript => {
            "read it from the environment and throw without it, or make a random one (`crypto.randomBytes(16).toString(\"base64url\")`) that must be changed at the first login"
        }
        Language::Rust => {
            "read it from the environment and fail without it (`std::env::var(\"ADMIN_PASSWORD\")?`), or make a random one that must be changed at the first login"
        }
    }
}

fn add_told(file: &SourceFile, told: &Told, report: &mut Report<'_>) {
    let (message, advice) = match told {
        Told::Known { .. } => (
            "the password of an account is printed: it stays in the log, and it is the one in the source"
                .to_owned(),
            "let whoever installs it choose the password, and print nothing",
        ),
        Told::Variable { name, .. } => (
            format!(
                "`{name}` is written into the log, where everybody who may read logs has it, for as long as they are kept"
            ),
            "leave it out; where a first password must be handed over, write it once into a file that only the service's user may read",
        ),
    };
    let (Told::Known { extent } | Told::Variable { extent, .. }) = told;
    report.add(
        report
            .at(file, *extent, message)
            .variant("password-printed")
            .severity(Severity::Warning)
            .confidence(Confidence::High)
            .advice(advice),
    );
}

/// Whether a file is started by a person and not by the service: by a word of its path.
fn is_run_by_hand(path: &str) -> bool {
    path.split('/').any(|part| {
        has_word(
            part,
            &[
                "seed",
                "seeds",
                "seeder",
                "seeders",
                "seeding",
                "demo",
                "migrations",
                "migration",
                "dev",
                "development",
                "fixtures",
                "scripts",
                "factories",
                "factory",
            ],
        )
    })
}

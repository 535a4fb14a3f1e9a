//! # weak-password-reset
//!
//! A forgotten password is a second way in, and it is as strong as its weakest step: who may set a new one is whoever shows the token that was sent to
//! the address of the account, once, and soon.
//!
//! ## What is reported
//!
//! - **error**: a new password is set for whoever the request names, without a token, a code, the old password or a login (`unproven`); the token is
//!   checked, but the account that gets the password is the one that the request names (`other-account`); the token is given back in the answer to whoever
//!   asked for it (`answered`);
//! - **warning**: a token that is kept has no end, and nothing looks at how old it is (`no-expiry`); a token is good as often as somebody likes, because
//!   nothing takes it away (`reusable`): that a cookie or a session is deleted, or the password's own column is set, takes no token away.
//!
//! Tokens that can be guessed are [weak-randomness](weak-randomness.md)'s affair, tokens that are kept as they are
//! [plaintext-secret](plaintext-secret.md)'s. Left alone: the libraries' own (Django's, Flask-Security's, Devise's), tokens that are answered in
//! development only, signed tokens with an age (`max_age`, `exp`), handlers for administrators, and changing the password of who is logged in.
//!
//! ## What to do
//!
//! Keep the digest of a random token with the account and an end half an hour away; send the token to the address on record; look the account up *by
//! the token*; delete the token with the change of the password, and end the sessions.
//!
//! Source: [CWE-640](https://cwe.mitre.org/data/definitions/640.html); OWASP Forgot Password Cheat Sheet; NIST SP 800-63B, 5.1.3.

mod account;
mod evidence;
mod life;
mod removal;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::evidence::{Evidence, Named, answered_token, evidence};
use self::life::{ByName, Life, by_name};
use crate::context::Context;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Extent, Function};
use crate::facts::words::words;
use crate::framework::caller;
use crate::framework::conduct::Conduct;
use crate::framework::web::Handler;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("weak-password-reset"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a forgotten password that anybody may set",
        applies_to: "reset of a password",
        variants: &["unproven", "other-account", "answered", "no-expiry", "reusable"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let resets: Vec<&Handler<'_>> = context
        .web
        .handlers
        .iter()
        .filter(|handler| !matches!(handler.method.as_str(), "GET" | "HEAD") && is_reset(handler))
        .collect();
    if resets.is_empty() {
        return;
    }
    let conduct = Conduct::of(context);
    let by_name = by_name(context);
    // How a token is made tells of its end, wherever it is made.
    let all = resets
        .iter()
        .map(|handler| Life::of(&conduct.of_handler(handler), &by_name))
        .fold(Life::default(), Life::with);
    let mut seen: Vec<*const Function> = Vec::new();
    for handler in resets {
        if seen.contains(&std::ptr::from_ref(handler.function)) {
            continue;
        }
        seen.push(handler.function);
        judge(context, &conduct, handler, (&all, &by_name), report);
    }
}

/// Whether a handler is a step of setting a forgotten password, by its route or its name.
fn is_reset(handler: &Handler<'_>) -> bool {
    let said = format!("{} {}", handler.path, handler.function.name);
    let words = words(&said);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    has(&["forgot", "forgotten", "resetpassword", "forgotpassword", "passwordreset"])
        || has(&["reset", "recover", "recovery"])
            && has(&["password", "passwords", "passwd", "account", "confirm", "request", "pwd"])
}

fn judge<'a>(
    context: &'a Context<'a>,
    conduct: &Conduct<'a>,
    handler: &Handler<'a>,
    (all, by_name): (&Life, &ByName<'a>),
    report: &mut Report<'_>,
) {
    let steps = conduct.of_handler(handler);
    report.trial();
    let route = format!("{} {}", handler.method, handler.path);
    for step in &steps {
        if let Some(extent) = answered_token(step) {
            let message = format!(
                "`{route}` gives the token to whoever asks for it: anybody resets anybody's password"
            );
            say(
                step.source,
                extent,
                "answered",
                Severity::Error,
                &message,
                "send it to the address on record, and answer the same whether there is one or not",
                report,
            );
            return;
        }
    }
    let Some(Evidence { source, set, named, token, looked_up, old_password }) = evidence(context, &steps)
    else {
        return;
    };
    let by_request = named != Named::Otherwise;
    let asks = caller::asks_here(conduct, handler);
    if token.is_none() {
        if by_request && !old_password && !asks {
            let message = format!(
                "`{route}` sets a new password for whoever the request names, and asks for no proof: anybody takes over any account"
            );
            say(
                source,
                set,
                "unproven",
                Severity::Error,
                &message,
                "ask for a token that was sent to the address of the account, and look the account up by it",
                report,
            );
        }
        return;
    }
    if by_request && !looked_up && !asks {
        let message = format!(
            "`{route}` checks a token, and sets the password of the account that the request names: one's own token opens any account"
        );
        say(
            source,
            set,
            "other-account",
            Severity::Error,
            &message,
            "look the account up by the token, and use what was found",
            report,
        );
        return;
    }
    let own = Life::of(&steps, by_name);
    judge_life(&route, (source, set), (all, own), report);
}

/// How long a token is good.
fn judge_life(
    route: &str,
    (source, set): (&SourceFile, Extent),
    (all, own): (&Life, Life),
    report: &mut Report<'_>,
) {
    if all.library {
        return;
    }
    if !all.ends {
        let message = format!(
            "the token of `{route}` has no end: a mail that is found years later still opens the account"
        );
        say(
            source,
            set,
            "no-expiry",
            Severity::Warning,
            &message,
            "keep an end with it (half an hour), and refuse it afterwards",
            report,
        );
    }
    if !(all.signed || all.takes_away() || own.changes) {
        let message = format!(
            "the token of `{route}` stays good after it was used: whoever finds the mail sets the password again"
        );
        say(
            source,
            set,
            "reusable",
            Severity::Warning,
            &message,
            "delete the token in the same transaction that sets the password",
            report,
        );
    }
}

fn say(
    source: &SourceFile,
    extent: Extent,
    variant: &'static str,
    severity: Severity,
    message: &str,
    advice: &'static str,
    report: &mut Report<'_>,
) {
    report.add(
        report
            .at(source, extent, message)
            .variant(variant)
            .severity(severity)
            .confidence(Confidence::High)
            .advice(advice),
    );
}

//! # plaintext-secret
//!
//! What is worth stealing lies where it is stolen from: card numbers, national identity numbers and keys that stand in a table as they were sent are
//! gone with one backup. A security code of a card must not be kept at all.
//!
//! ## What is reported
//!
//! By data flow from the request to a column, a document or a collection:
//!
//! - **error**: the number or the security code of a card, a social security or passport number, kept as it was sent;
//! - **warning**: a bank account, an API key, a client secret or somebody else's access token, kept as it was sent or made; a password, a card or a one-time
//!   token that is written to the log;
//! - **note**: a token that resets a password or logs somebody in once, kept as it is and not as its digest.
//!
//! What is only called a card's number counts where something else says that one pays with it: the table, a security code or an expiry date beside it,
//! or what else the function reads.
//!
//! Left alone: cards of boards, libraries and clubs; objects of packages and classes that are no models; what is encrypted, hashed, masked or cut to its last digits on the way, tokens of a payment provider (`payment_method`, `card_token`), public
//! keys, expiry dates, and session ids (which end soon).
//!
//! ## What to do
//!
//! Leave cards to a payment provider and keep its token. Keep of a key that you give out only its SHA-256 (`sha256(key)`: it is long and random, so this
//! is enough) and its first letters. Encrypt what has to be read again, with a key that is not in the database (`cryptography.fernet`, AES-GCM).
//!
//! Source: [CWE-312](https://cwe.mitre.org/data/definitions/312.html), [CWE-532](https://cwe.mitre.org/data/definitions/532.html); PCI DSS 4.0, requirements 3.3.1
//! (no security code after authorisation) and 3.5.1 (card numbers unreadable).

mod place;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::place::{is_no_row, is_of_payment, keeps};
use crate::context::Context;
use crate::facts::nodes::each_node;
use crate::facts::passwords::{is_password_name, last_name};
use crate::facts::sent::{Sent, column_of, sent, value_of};
use crate::facts::source::SourceFile;
use crate::facts::stored::{How, stored};
use crate::facts::syntax::{Call, Expr, ExprKind, TemplatePart};
use crate::facts::values::{FileValues, called_name};
use crate::facts::words::{has_word, words};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("plaintext-secret"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a secret kept so that it can be read",
        applies_to: "secret that is kept or logged",
        variants: &["kept", "logged"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// Texts of which one stands in every file with something of the kind.
const WORDS: &[&str] = &[
    "card",
    "Card",
    "cvv",
    "cvc",
    "CVV",
    "ssn",
    "SSN",
    "social_security",
    "socialSecurity",
    "passport",
    "iban",
    "api_key",
    "apiKey",
    "secret",
    "Secret",
    "token",
    "Token",
    "INSERT",
    "console.",
    "logger",
    "logging",
    "print(",
    "insert",
];

/// What kind of secret a name is of.
#[derive(Clone, Copy)]
struct Kind {
    what: &'static str,
    severity: Severity,
    advice: &'static str,
    /// Whether one that the program makes up counts as well.
    made: bool,
    /// Whether the name leaves open what kind of card it is: a card of a board or of a library has a number too.
    any_card: bool,
}

const CARD: &str = "leave cards to a payment provider, and keep its token and the last four digits";
const SEALED: &str =
    "encrypt it before it is kept (`cryptography.fernet`, AES-GCM), with a key that is not in the database";
const DIGEST: &str = "keep its digest (`hashlib.sha256(key.encode()).hexdigest()`, `createHash(\"sha256\")`) and its first letters; show it once";

/// Words beside that of a secret that make of it something else.
const OTHERWISE: &[&str] = &[
    "last4",
    "last",
    "four",
    "digits",
    "masked",
    "mask",
    "brand",
    "type",
    "holder",
    "name",
    "exp",
    "expiry",
    "expires",
    "expiration",
    "hash",
    "hashed",
    "encrypted",
    "cipher",
    "ciphertext",
    "id",
    "count",
    "public",
    "at",
    "status",
    "valid",
    "verified",
    "url",
    "limit",
    "usage",
    "used",
    "issuer",
    "country",
    "length",
    "prefix",
    "hint",
    "digest",
    "bin",
    "fingerprint",
    "method",
    "template",
    "title",
    "text",
    "color",
    "index",
    "position",
    "game",
    "deck",
    "gift",
    "max",
    "min",
    "total",
    "prompt",
    "completion",
    "input",
    "output",
    "reveal",
    "year",
    "month",
    "date",
    "network",
    "scheme",
];

/// The kind of secret that a name is of; `None` for anything else.
fn kind(name: &str) -> Option<Kind> {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.iter().any(|word| OTHERWISE.contains(word)) {
        return None;
    }
    let card = Kind {
        what: "the number of a card",
        severity: Severity::Error,
        advice: CARD,
        made: false,
        any_card: false,
    };
    let any_card = Kind { any_card: true, ..card };
    let code = Kind {
        what: "the security code of a card",
        severity: Severity::Error,
        advice: "do not keep it at all: PCI DSS forbids it, even encrypted",
        made: false,
        any_card: false,
    };
    let person =
        |what| Some(Kind { what, severity: Severity::Error, advice: SEALED, made: false, any_card: false });
    let key = |what, made| {
        let advice = if made { DIGEST } else { SEALED };
        Some(Kind { what, severity: Severity::Warning, advice, made, any_card: false })
    };
    let once = Some(Kind {
        what: "a token that lets somebody in once",
        severity: Severity::Note,
        advice: DIGEST,
        made: true,
        any_card: false,
    });
    match words.as_slice() {
        [.., "cc" | "creditcard", "number" | "no" | "num"]
        | [.., "credit" | "debit" | "payment" | "bank", "card", "number" | "no" | "num"]
        | ["ccnumber" | "pan"]
        | ["card", "pan"] => Some(card),
        [.., "credit" | "debit", "card"] => Some(card),
        [.., "card", "number" | "no" | "num"] | ["cardnumber"] => Some(any_card),
        ["cvv" | "cvc" | "cvv2" | "cvc2" | "csc"]
        | ["card", "cvv" | "cvc" | "cvv2"]
        | ["card", "security", "code"]
        | ["card", "verification", ..] => Some(code),
        ["ssn"]
        | [.., "social", "security", "number" | "no"]
        | [.., "social", "security"]
        | ["socialsecuritynumber"]
        | [.., "user" | "customer" | "patient" | "employee", "ssn"] => person("a social security number"),
        [.., "passport", "number" | "no"] | ["passport"] => person("a passport number"),
        [.., "national", "identity", "number"] | ["national", "id" | "identity"] => {
            person("a national identity number")
        }
        [.., "bank", "account", "number"] | [.., "iban"] | [.., "routing", "number"] => {
            key("a bank account", false)
        }
        [.., "api", "key"] | ["apikey"] | [.., "secret", "key"] | [.., "license" | "licence", "secret"] => {
            key("a key", true)
        }
        [.., "client" | "app" | "webhook" | "api", "secret"] | ["apisecret"] => key("a shared secret", false),
        [.., "access" | "refresh" | "oauth", "token"] => key("a token of another service", false),
        [.., "reset" | "verification" | "magic" | "login" | "recovery", "token" | "code"] => once,
        _ => None,
    }
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    for (at, file) in context.files.iter().enumerate() {
        if !file.is_test && WORDS.iter().any(|word| file.text.contains(word)) {
            judge(context, (at, file), report);
        }
    }
}

fn judge(context: &Context<'_>, (at, file): (usize, &SourceFile), report: &mut Report<'_>) {
    let mut values = FileValues::of(&file.syntax);
    each_node(&file.syntax, &mut |node, around| {
        let call = node.expr().and_then(Expr::call);
        if let Some(call) = call {
            logged(file, call, report);
        }
        let fields = stored(file, &mut values, node, around);
        for field in &fields {
            let column = column_of(context.files, field);
            // Of `api_keys.key` the table says what kind of key.
            let of = field.into.strip_suffix('s').unwrap_or(&field.into);
            let whole = match column.as_str() {
                "key" | "token" | "value" | "secret" | "number" | "code"
                    if of.ends_with(&format!("_{column}")) =>
                {
                    of.to_owned()
                }
                "key" | "token" | "value" | "secret" | "number" | "code" => format!("{of}_{column}"),
                _ => column.clone(),
            };
            let Some(kind) = kind(&column).or_else(|| kind(&whole)).filter(|_| field.how != How::Compared)
            else {
                continue;
            };
            let lasts = keeps(node, &field.into) && !is_no_row(context, (at, file), node);
            let Some(value) = value_of(field).filter(|_| lasts) else { continue };
            if kind.any_card && !is_of_payment(context, &fields, around) {
                continue;
            }
            report.trial();
            let Some(from) = sent(&mut values, value, around) else { continue };
            if from == Sent::Made && !kind.made || matches!(from, Sent::Parameter(name) if is_done_to(name)) {
                continue;
            }
            let into = if field.into.is_empty() { column } else { format!("{}.{column}", field.into) };
            let how = if from == Sent::Made { "as it was made" } else { "as it was sent" };
            let confidence =
                if matches!(from, Sent::Parameter(_)) { Confidence::Medium } else { Confidence::High };
            report.add(
                report
                    .at(
                        file,
                        value.extent,
                        format!(
                            "{} is kept in `{into}` {how}: whoever sees the table, or a backup of it, has it",
                            kind.what
                        ),
                    )
                    .variant("kept")
                    .severity(if confidence == Confidence::Medium && kind.severity == Severity::Error {
                        Severity::Warning
                    } else {
                        kind.severity
                    })
                    .confidence(confidence)
                    .advice(kind.advice),
            );
        }
        true
    });
}

/// Whether a name says that something has been done to what it holds.
fn is_done_to(name: &str) -> bool {
    has_word(name, OTHERWISE)
}

/// A secret is written to the log.
fn logged(file: &SourceFile, call: &Call, report: &mut Report<'_>) {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return };
    let of = called_name(object).unwrap_or_default();
    let is_log = matches!(
        name.as_str(),
        "log" | "info" | "debug" | "warn" | "warning" | "error" | "exception" | "critical" | "trace"
    ) && (of == "console"
        || of.to_lowercase().ends_with("log")
        || matches!(of, "logger" | "logging" | "app_logger"));
    if !is_log {
        return;
    }
    let mut parts: Vec<&Expr> = Vec::new();
    for given in &call.arguments {
        match &given.value.kind {
            ExprKind::Template(template) => {
                parts.extend(template.parts.iter().filter_map(|part| match part {
                    TemplatePart::Value(value) => Some(value),
                    TemplatePart::Text(_) => None,
                }))
            }
            ExprKind::Binary { left, right, .. } => parts.extend([&**left, &**right]),
            _ => parts.push(&given.value),
        }
    }
    for part in parts {
        let Some(named) = last_name(part).filter(|_| !matches!(part.kind, ExprKind::Literal(_))) else {
            continue;
        };
        let last = words(named).last().cloned().unwrap_or_default();
        let once = matches!(
            named,
            "otp"
                | "reset_token"
                | "resetToken"
                | "reset_link"
                | "magic_link"
                | "access_token"
                | "accessToken"
                | "refresh_token"
                | "refreshToken"
                | "api_key"
                | "apiKey"
        ) || last == "otp";
        let secret = is_password_name(named)
            || once
            || kind(named).is_some_and(|kind| kind.severity == Severity::Error && !kind.any_card);
        if !secret || named.chars().all(|c| c.is_ascii_uppercase() || c == '_') && !is_password_name(named) {
            continue;
        }
        report.trial();
        report.add(
            report
                .at(
                    file,
                    part.extent,
                    format!(
                        "`{named}` is written to the log as it is: logs are copied, kept and read by many"
                    ),
                )
                .variant("logged")
                .severity(Severity::Warning)
                .confidence(Confidence::High)
                .advice("leave it out of the log, or write its last four letters"),
        );
    }
}

//! # plaintext-password
//!
//! Tables are stolen: by an injection, a forgotten backup, a leaving colleague. Passwords that are kept as they were typed, or under a digest that a
//! graphics card tries ten thousand million times a second, are then everybody's, here and wherever else people use them.
//!
//! ## What is reported
//!
//! - **error**: a password from a request goes as it is into a column, a document or a collection, or is looked for there as it is
//!   (`WHERE name = ? AND password = ?`); a password that was sent is compared with the kept one as they are; a password is hashed by MD5, SHA-1, SHA-2 or
//!   SHA-3 without salt;
//! - **warning**: the same digests with a salt: everybody's has to be tried apart, but as quickly.
//!
//! Left alone: argon2, scrypt, bcrypt, PBKDF2 and whatever the project calls a hash; models and hooks that hash when they save
//! (`set_password`, `pre("save")`), Django's `create_user`; passwords of other systems that a program must know (a mail server's, a database's);
//! one fixed password from the environment; digests that are asked of a list of leaked passwords, or that are given to bcrypt.
//!
//! ## What to do
//!
//! Python: `argon2.PasswordHasher().hash(password)`, `bcrypt.hashpw(..)`, `werkzeug.security.generate_password_hash(password)`. JavaScript: `bcrypt.hash(password, 12)`,
//! `argon2.hash(password)`. Rust: the crate `argon2`.
//!
//! Source: [CWE-256](https://cwe.mitre.org/data/definitions/256.html), [CWE-257](https://cwe.mitre.org/data/definitions/257.html),
//! [CWE-916](https://cwe.mitre.org/data/definitions/916.html); OWASP Password Storage Cheat Sheet.

mod fast;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::destination::Destinations;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::passwords::{
    PASSWORD, PasswordUse, compares_plainly, is_kept_password_name, is_password_name, last_name, password_use,
};
use crate::facts::sent::{Sent, column_of, sent, value_of};
use crate::facts::source::SourceFile;
use crate::facts::stored::{Field, How, stored};
use crate::facts::syntax::{Call, CallStyle, CompareOp, Expr, ExprKind, Extent};
use crate::facts::values::{FileValues, called_name};
use crate::facts::words::has_word;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("plaintext-password"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a password kept so that it can be read",
        applies_to: "password that is kept or compared",
        variants: &["kept", "compared", "fast-hash"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

const ADVICE: &str = "keep `argon2.PasswordHasher().hash(password)` or `bcrypt.hashpw(..)` (Python), `await bcrypt.hash(password, 12)` or `argon2.hash` (JavaScript), and compare with their `verify`";

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let relevant = |file: &&SourceFile| {
        !file.is_test
            && !has_word(&file.path, &["test", "tests", "testing"])
            && (file.text.contains("assw") || file.text.contains("ASSW"))
    };
    let hashing = context.files.iter().filter(relevant).any(hashes_passwords);
    let mut whereto = Destinations::of(context.files);
    for (at, file) in context.files.iter().enumerate() {
        if relevant(&file) {
            judge(context, &mut whereto, (at, file), hashing, report);
        }
    }
}

/// Whether a file hashes passwords, so that what a function of the project is given may be a hash already.
fn hashes_passwords(file: &SourceFile) -> bool {
    let mut hashes = file.text.contains("pre(\"save\"")
        || file.text.contains("pre('save'")
        || file.text.contains("beforeCreate");
    if hashes {
        return true;
    }
    each_node(&file.syntax, &mut |node, _| {
        hashes |= node.expr().and_then(Expr::call).is_some_and(|call| {
            matches!(password_use(file, call), Some(PasswordUse::Hash | PasswordUse::Stretch))
        });
        !hashes
    });
    hashes
}

fn judge<'a>(
    context: &Context<'a>,
    whereto: &mut Destinations<'a>,
    (at, file): (usize, &'a SourceFile),
    hashing: bool,
    report: &mut Report<'_>,
) {
    let mut values = FileValues::of(&file.syntax);
    let mut said: Vec<Extent> = Vec::new();
    each_node(&file.syntax, &mut |node, around| {
        let fields = stored(file, &mut values, node, around);
        for field in &fields {
            let name = column_of(context.files, field);
            if !is_kept_password_name(&name)
                || is_foreign(node, field)
                || fields.iter().any(|beside| is_address(&column_of(context.files, beside)))
            {
                continue;
            }
            report.trial();
            let Some(found) = as_sent(&mut values, (node, field), around, hashing) else { continue };
            if !said.contains(&found) {
                said.push(found);
                kept(file, field, &name, found, report);
            }
        }
        let Node::Expr(expr) = node else { return true };
        if is_plain_comparison(&mut values, expr, around) {
            report.trial();
            let message = "a password that was sent is compared with the one that is kept, as they are: so it is kept as it was typed";
            say(file, expr.extent, "compared", (Severity::Error, Confidence::High), message, report);
        }
        if let Some(call) = expr.call()
            && let Some(found) = fast::judge(file, whereto, at, (expr, call), around)
        {
            report.trial();
            if let Some((severity, message)) = found {
                say(file, expr.extent, "fast-hash", (severity, Confidence::High), &message, report);
            }
        }
        true
    });
}

/// Calls that hash by themselves, and things that keep no password of somebody's who logs in here.
fn is_foreign(node: Node<'_>, field: &Field<'_>) -> bool {
    let call = node.expr().and_then(Expr::call);
    let name = call.and_then(|call| called_name(&call.callee)).unwrap_or_default();
    let elsewhere = [
        "client",
        "service",
        "services",
        "api",
        "manager",
        "pool",
        "connection",
        "config",
        "options",
        "transport",
        "session",
        "cookies",
        "headers",
        "params",
        "form",
        "self",
        "this",
        "smtp",
        "redis",
        "settings",
        "env",
        "args",
        "kwargs",
        "state",
        "errors",
        "touched",
    ];
    matches!(
        name,
        "create_user"
            | "create_superuser"
            | "set"
            | "setItem"
            | "put"
            | "setdefault"
            | "get"
            | "signUp"
            | "register"
            | "save"
            | "add"
            | "set_password"
    ) || has_word(&field.into, &elsewhere)
        || call.is_some_and(|call| {
            is_type(call)
                && !has_word(
                    name,
                    &[
                        "user", "account", "member", "customer", "admin", "employee", "person", "student",
                        "patient",
                    ],
                )
        })
}

/// Whether a column says where another system is: the password beside it is for that one, and has to be read again.
fn is_address(column: &str) -> bool {
    has_word(column, &["ssid", "bssid", "host", "hostname", "server", "port", "dsn", "imap", "smtp"])
}

fn is_type(call: &Call) -> bool {
    call.style == CallStyle::New
        || called_name(&call.callee).is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// Where a password goes on as it was sent.
fn as_sent<'a>(
    values: &mut FileValues<'a>,
    (node, field): (Node<'a>, &Field<'a>),
    around: Around<'a, '_>,
    hashing: bool,
) -> Option<Extent> {
    let value = value_of(field)?;
    let named = last_name(value).is_some_and(is_password_name);
    // A statement and a list keep what they are given; a model, or a function of the project, may hash it first.
    const KEEPS: &[&str] = &[
        "execute",
        "executemany",
        "run",
        "query",
        "get",
        "all",
        "each",
        "exec",
        "fetchrow",
        "fetchval",
        "fetch",
        "raw",
        "unsafe",
        "push",
        "append",
        "execute_fetchall",
        "fetch_one",
        "fetch_all",
    ];
    let call = node.expr().and_then(Expr::call);
    let plainly = call.is_none_or(|call| called_name(&call.callee).is_some_and(|name| KEEPS.contains(&name)));
    match sent(values, value, around)? {
        // A model may hash when it saves; a statement does not.
        Sent::Request if plainly || !hashing => named.then_some(value.extent),
        Sent::Parameter(name) => (is_password_name(name) && !hashing).then_some(value.extent),
        Sent::Request | Sent::Made => None,
    }
}

fn kept(file: &SourceFile, field: &Field<'_>, name: &str, extent: Extent, report: &mut Report<'_>) {
    let into = if field.into.is_empty() { name.to_owned() } else { format!("{}.{name}", field.into) };
    let (variant, message) = match field.how {
        How::Compared => (
            "compared",
            format!("a password is looked for in `{into}` as it was sent: so it is kept as it was typed"),
        ),
        How::Made | How::Changed => {
            ("kept", format!("a password is kept in `{into}` as it was sent: whoever sees the table has it"))
        }
    };
    say(file, extent, variant, (Severity::Error, Confidence::High), &message, report);
}

fn say(
    file: &SourceFile,
    extent: Extent,
    variant: &'static str,
    (severity, confidence): (Severity, Confidence),
    message: &str,
    report: &mut Report<'_>,
) {
    report.add(
        report
            .at(file, extent, message)
            .variant(variant)
            .severity(severity)
            .confidence(confidence)
            .advice(ADVICE),
    );
}

/// Whether what a request brought is compared as it is with a password of something that was looked up: `link.password !== req.query.password`.
fn is_plain_comparison<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>) -> bool {
    let ExprKind::Compare { left, rest } = &expr.kind else { return false };
    let [
        (CompareOp::Equal | CompareOp::NotEqual | CompareOp::StrictEqual | CompareOp::StrictNotEqual, right),
    ] = rest.as_slice()
    else {
        return false;
    };
    if !compares_plainly(expr) {
        return false;
    }
    [(&**left, right), (right, &**left)].iter().any(|(kept, other)| {
        sent(values, other, around) == Some(Sent::Request) && is_looked_up(values, kept, around)
    })
}

/// Whether a password is a part of something: a row, a document. A constant from the environment is none.
fn is_looked_up<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>) -> bool {
    let object = match &expr.kind {
        ExprKind::Member { object, name, .. }
            if !name.chars().all(|c| c.is_ascii_uppercase() || c == '_') =>
        {
            object
        }
        ExprKind::Index { object, index } if index.string().is_some_and(|key| has_word(key, PASSWORD)) => {
            object
        }
        _ => return false,
    };
    let owner = called_name(object).unwrap_or_default();
    !matches!(
        owner,
        "config"
            | "settings"
            | "env"
            | "self"
            | "this"
            | "environ"
            | "options"
            | "args"
            | "body"
            | "data"
            | "form"
            | "values"
            | "state"
            | "process"
            | "formData"
            | "validated"
    ) && sent(values, expr, around) != Some(Sent::Request)
}

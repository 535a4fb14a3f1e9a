//! # timing-unsafe-comparison
//!
//! `==` stops at the first byte that differs. Who may try often enough measures how far a guess got and finds a signature or an API key
//! byte by byte, without ever breaking the cryptography that made it. The code is right in every test, and the mistake is one
//! operator.
//!
//! ## What is reported
//!
//! - **error**: a MAC, a password hash or a digest of a secret that was just computed, compared with `==`, `!=`, `===` or `.equals` with
//!   something that came from elsewhere; a configured secret (`os.environ["API_KEY"]`, `process.env.WEBHOOK_TOKEN`) compared with
//!   what a request brought;
//! - **warning**: a configured secret compared with a parameter of a function that is named for one;
//! - **note**: a password that is kept as it is, compared with the one that a request brought (that it is kept so is
//!   [`plaintext-password`](plaintext-password.md)).
//!
//! It goes by what the value is, not by its name: tokens of a parser, ETags, checksums of files, comparisons with `None`, an empty text
//! or a literal are left alone, and so are `hmac.compare_digest`, `secrets.compare_digest`, `crypto.timingSafeEqual` and `subtle`.
//!
//! ## What to do
//!
//! ```python
//! return hmac.compare_digest(signature, sign(order_id))
//! ```
//!
//! ```js
//! const ok = given.length === wanted.length && crypto.timingSafeEqual(given, wanted);
//! ```
//!
//! ```rust
//! mac.verify_slice(&given).is_ok()
//! ```
//!
//! Source: [CWE-208](https://cwe.mitre.org/data/definitions/208.html); Python's documentation of
//! [`hmac.compare_digest`](https://docs.python.org/3/library/hmac.html#hmac.compare_digest); Node's of
//! [`crypto.timingSafeEqual`](https://nodejs.org/api/crypto.html#cryptotimingsafeequala-b); Crosby, Wallach & Riedi, "Opportunities and Limits
//! of Remote Timing Attacks", ACM TISSEC 2009.

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Around, Node, each_in_expr, each_node};
use crate::facts::passwords::compares_plainly;
use crate::facts::received::is_received;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{BinaryOp, CompareOp, Expr, ExprKind, Stmt, StmtKind};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::{Bound, FileValues, called_name, returned};
use crate::facts::words::words;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("timing-unsafe-comparison"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a secret compared byte by byte",
        applies_to: "comparison of secrets",
        variants: &["mac", "password-hash", "secret-digest", "configured-secret", "kept-password"],
        source: include_str!("timing_unsafe_comparison.rs"),
    },
    run: Run::File(run),
};

/// Calls of the project's own functions that are followed to what they return.
const CALLS: u32 = 3;

fn run(context: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    if file.is_test {
        return;
    }
    let Some(file) = context.file(&file.path) else { return };
    let mut values = FileValues::of(&file.syntax);
    each_node(&file.syntax, &mut |node, around| {
        if node.expr().and_then(Expr::call).is_some_and(|call| is_constant_time(&call.callee)) {
            report.trial();
        }
        if let Some(whole) = node.expr()
            && let Some((left, right)) = compared(whole)
            && !(file.language == Language::Rust && in_rust_tests(around))
            && !is_inert(left)
            && !is_inert(right)
        {
            let mut pair = Pair { context, file, values: &mut values, around };
            if let Some(judged) = pair.judge(whole, left, right) {
                report.trial();
                let name = file.text_of(judged.subject.extent);
                let message = format!(
                    "`{name}` {}, and is compared byte by byte: how long the answer takes tells how much of a guess is right",
                    judged.kind.is_what()
                );
                report.add(
                    report
                        .at(file, whole.extent, message)
                        .variant(judged.kind.variant())
                        .severity(judged.severity)
                        .confidence(if judged.severity == Severity::Error {
                            Confidence::High
                        } else {
                            Confidence::Medium
                        })
                        .advice(advice(file, left, right)),
                );
            }
        }
        true
    });
}

/// Comparisons that take the same time for every guess.
fn is_constant_time(callee: &Expr) -> bool {
    matches!(
        called_name(callee),
        Some(
            "compare_digest"
                | "timingSafeEqual"
                | "ct_eq"
                | "verify_slice"
                | "constant_time_compare"
                | "checkpw"
                | "check_password_hash"
        )
    )
}

fn advice(file: &SourceFile, left: &Expr, right: &Expr) -> String {
    let (left, right) = (file.text_of(left.extent), file.text_of(right.extent));
    match file.language {
        Language::Python => {
            // What `get` does not find is `None`, which `compare_digest` refuses with a TypeError.
            let or_none = if left.contains(".get(") || right.contains(".get(") {
                "; `None` needs a text in its place first (`or \"\"`)"
            } else {
                ""
            };
            format!(
                "write `hmac.compare_digest({left}, {right})`; texts with other than ASCII characters must be encoded first{or_none}"
            )
        }
        Language::JavaScript | Language::TypeScript => {
            format!(
                "write `crypto.timingSafeEqual(Buffer.from({left}), Buffer.from({right}))` after comparing their lengths, which it requires to be equal"
            )
        }
        Language::Rust => {
            format!(
                "let the MAC compare (`mac.verify_slice(given)`), or write `bool::from({left}.ct_eq({right}))` with `subtle::ConstantTimeEq`"
            )
        }
    }
}

/// What is compared for equality.
fn compared(expr: &Expr) -> Option<(&Expr, &Expr)> {
    match &expr.kind {
        ExprKind::Compare { left, rest } => match rest.as_slice() {
            [
                (
                    CompareOp::Equal
                    | CompareOp::NotEqual
                    | CompareOp::StrictEqual
                    | CompareOp::StrictNotEqual,
                    right,
                ),
            ] => Some((left, right)),
            _ => None,
        },
        ExprKind::Call(call) => match (&call.callee.kind, call.arguments.as_slice()) {
            (ExprKind::Member { object, name, .. }, [other])
                if matches!(name.as_str(), "equals" | "eq" | "localeCompare" | "compare") =>
            {
                Some((object, &other.value))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Nothing to be guessed: a literal, a length, a type.
fn is_inert(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Sequence { .. } | ExprKind::Record { .. } => true,
        ExprKind::Template(_) => expr.string().is_some(),
        ExprKind::Name(name) => name == "undefined",
        ExprKind::Member { name, .. } => matches!(name.as_str(), "length" | "size" | "byteLength"),
        ExprKind::Unary { op: crate::facts::syntax::UnaryOp::TypeOf, .. } => true,
        ExprKind::Call(call) => {
            matches!(called_name(&call.callee), Some("len" | "type" | "count" | "typeof" | "isinstance"))
        }
        _ => false,
    }
}

/// What makes a value worth guessing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mac,
    PasswordHash,
    SecretDigest,
    Configured,
    KeptPassword,
}

impl Kind {
    fn is_what(self) -> &'static str {
        match self {
            Self::Mac => "is a message authentication code",
            Self::PasswordHash => "is a password's hash",
            Self::SecretDigest => "is the digest of a secret",
            Self::Configured => "is a configured secret",
            Self::KeptPassword => "is a password as it is kept",
        }
    }

    fn variant(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::PasswordHash => "password-hash",
            Self::SecretDigest => "secret-digest",
            Self::Configured => "configured-secret",
            Self::KeptPassword => "kept-password",
        }
    }
}

struct Judged<'a> {
    kind: Kind,
    subject: &'a Expr,
    severity: Severity,
}

struct Pair<'c, 'v, 'n, 'a> {
    context: &'c Context<'a>,
    file: &'a SourceFile,
    values: &'v mut FileValues<'a>,
    around: Around<'a, 'n>,
}

impl<'a> Pair<'_, '_, '_, 'a> {
    fn judge(&mut self, whole: &'a Expr, left: &'a Expr, right: &'a Expr) -> Option<Judged<'a>> {
        for (subject, other) in [(left, right), (right, left)] {
            let origins = self.values.origins(subject, self.around);
            let kind = origins.iter().find_map(|origin| kind_of(self.context, self.file, origin, CALLS));
            let Some(kind) =
                kind.or_else(|| self.is_kept_password(whole, subject).then_some(Kind::KeptPassword))
            else {
                continue;
            };
            let others = self.values.origins(other, self.around);
            // A known answer (test vector, self-test, sentinel) is no secret.
            if others.iter().all(|origin| is_inert(origin)) {
                continue;
            }
            let severity = match kind {
                Kind::Mac | Kind::PasswordHash | Kind::SecretDigest => Severity::Error,
                Kind::Configured if others.iter().any(|origin| is_received(self.file, origin)) => {
                    Severity::Error
                }
                Kind::Configured if self.is_secret_parameter(other) => Severity::Warning,
                Kind::KeptPassword if others.iter().any(|origin| is_received(self.file, origin)) => {
                    Severity::Note
                }
                Kind::Configured | Kind::KeptPassword => continue,
            };
            return Some(Judged { kind, subject, severity });
        }
        None
    }

    /// Whether one side of a comparison of two passwords is no part of the request: what is kept of somebody.
    fn is_kept_password(&mut self, whole: &'a Expr, subject: &'a Expr) -> bool {
        compares_plainly(whole)
            && matches!(subject.kind, ExprKind::Member { .. } | ExprKind::Index { .. })
            && !self.values.origins(subject, self.around).iter().any(|origin| is_received(self.file, origin))
    }

    fn is_secret_parameter(&mut self, other: &Expr) -> bool {
        let ExprKind::Name(name) = &other.kind else { return false };
        is_secret_name(name)
            && self.values.bound(name, self.around).iter().any(|bound| matches!(bound, Bound::Parameter(_)))
    }
}

/// What hands on a hasher's or a text's contents in another form: `.hexdigest()`, `.toString("hex")`, `.into_bytes()`, ..
const OUTPUTS: &[&str] = &[
    "hexdigest",
    "digest",
    "hex",
    "toString",
    "finalize",
    "into_bytes",
    "decode",
    "encode",
    "as_slice",
    "to_vec",
    "update",
    "result",
    "replace",
    "slice",
    "substring",
    "toLowerCase",
    "toUpperCase",
    "lower",
    "upper",
    "rstrip",
    "strip",
    "trim",
];
/// Functions that give their first argument in another form.
const ENCODERS: &[&str] =
    &["b64encode", "hexlify", "urlsafe_b64encode", "str", "String", "from", "b2a_hex", "encode", "bytes"];

/// What an expression computes, when that must not be guessed.
fn kind_of<'a>(context: &Context<'a>, file: &'a SourceFile, expr: &'a Expr, calls: u32) -> Option<Kind> {
    if is_configured_secret(file, expr) {
        return Some(Kind::Configured);
    }
    // A text with a MAC in it gives the MAC away.
    if let ExprKind::Binary { op: BinaryOp::Add, left, right } = &expr.kind {
        let kind = kind_of(context, file, left, calls).or_else(|| kind_of(context, file, right, calls));
        return kind.filter(|kind| *kind != Kind::Configured);
    }
    let call = expr.call()?;
    let name = called_name(&call.callee)?;
    let path = file.resolve(&call.callee).unwrap_or_default();
    match path.trim_start_matches("node:") {
        "hmac.digest" => return Some(Kind::Mac),
        "hashlib.pbkdf2_hmac"
        | "hashlib.scrypt"
        | "crypto.pbkdf2Sync"
        | "crypto.scryptSync"
        | "bcrypt.hashpw"
        | "crypt.crypt"
        | "crypto.argon2Sync"
        | "bcrypt.hashSync" => return Some(Kind::PasswordHash),
        _ => {}
    }
    if let ExprKind::Member { object, .. } = &call.callee.kind
        && OUTPUTS.contains(&name)
    {
        return kind_of_hasher(context, file, object, calls);
    }
    if ENCODERS.contains(&name) {
        return call.arguments.first().and_then(|argument| kind_of(context, file, &argument.value, calls));
    }
    let left = calls.checked_sub(1)?;
    let (other, function) = called_function(context, file, &call.callee)?;
    let found = returned(function).into_iter().find_map(|value| kind_of(context, other, value, left));
    // A function that returns a setting is no computation; its caller is judged by what it is compared with.
    found.filter(|kind| *kind != Kind::Configured)
}

/// What a chain like `hmac.new(..).hexdigest()` or `createHmac(..).update(..).digest()` computes.
fn kind_of_hasher<'a>(
    context: &Context<'a>,
    file: &'a SourceFile,
    object: &'a Expr,
    calls: u32,
) -> Option<Kind> {
    let object = match &object.kind {
        ExprKind::Name(name) => {
            let mut found = None;
            each_node(&file.syntax, &mut |node, _| {
                if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node
                    && assign
                        .targets
                        .iter()
                        .any(|target| matches!(&target.kind, ExprKind::Name(other) if other == name))
                    && let Some(value) = &assign.value
                    && value.extent.end < object.extent.start
                {
                    found = Some(value);
                }
                true
            });
            found?
        }
        _ => object,
    };
    let Some(call) = object.call() else { return kind_of(context, file, object, calls) };
    let path = file.resolve(&call.callee).unwrap_or_default();
    let name = called_name(&call.callee)?;
    let of_secret = || call.arguments.iter().any(|argument| mentions_secret(&argument.value));
    match path.trim_start_matches("node:") {
        "hmac.new" | "hmac.HMAC" | "django.utils.crypto.salted_hmac" | "crypto.createHmac" | "createHmac" => {
            return Some(Kind::Mac);
        }
        path if path.starts_with("hashlib.") || path.ends_with("createHash") => {
            return of_secret().then_some(Kind::SecretDigest);
        }
        path if path.contains("Hmac") && matches!(name, "new_from_slice" | "new") => return Some(Kind::Mac),
        _ => {}
    }
    match &call.callee.kind {
        ExprKind::Member { name, .. } if name == "createHmac" => Some(Kind::Mac),
        ExprKind::Member { object, name, .. } if name == "update" => {
            let inner = kind_of_hasher(context, file, object, calls);
            let hashes = object.call().and_then(|call| called_name(&call.callee)) == Some("createHash");
            inner.or((hashes && of_secret()).then_some(Kind::SecretDigest))
        }
        ExprKind::Member { object, name, .. }
            if matches!(name.as_str(), "finalize" | "unwrap" | "expect" | "into_bytes" | "chain_update") =>
        {
            kind_of_hasher(context, file, object, calls)
        }
        _ => kind_of(context, file, object, calls),
    }
}

/// Whether a name or a constant key in an expression says that it is a secret.
fn mentions_secret(expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= match node {
            Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                is_secret_name(name)
            }
            _ => false,
        };
        !found
    });
    found
}

/// Names whose last words say that whoever knows the value may do something.
fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let Some((last, before)) = words.split_last() else { return false };
    match last.as_str() {
        "secret" | "password" | "passwd" | "passphrase" | "apikey" | "token" | "hmac" | "otp" | "pin" => true,
        "key" => before.last().is_some_and(|word| {
            matches!(
                word.as_str(),
                "api" | "secret" | "access" | "auth" | "admin" | "private" | "webhook" | "signing"
            )
        }),
        "signature" => true,
        _ => false,
    }
}

/// A value from the environment or the settings that is named for a secret.
fn is_configured_secret(file: &SourceFile, expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Index { object, index } => {
            is_settings(file, object) && index.string().is_some_and(is_secret_name)
        }
        ExprKind::Member { object, name, .. } => is_settings(file, object) && is_secret_name(name),
        ExprKind::Call(call) => {
            let path = file.resolve(&call.callee).unwrap_or_default();
            let reads = matches!(
                path.as_str(),
                "os.getenv" | "os.environ.get" | "std.env.var" | "env.var" | "decouple.config"
            ) || matches!(&call.callee.kind, ExprKind::Member { object, name, .. } if name == "get" && is_settings(file, object));
            reads
                && call
                    .arguments
                    .first()
                    .and_then(|argument| argument.value.string())
                    .is_some_and(is_secret_name)
        }
        _ => false,
    }
}

fn is_settings(file: &SourceFile, object: &Expr) -> bool {
    let path = file.resolve(object).or_else(|| object.dotted()).unwrap_or_default();
    let last = path.rsplit('.').next().unwrap_or_default();
    matches!(path.as_str(), "os.environ" | "process.env" | "Deno.env" | "Bun.env")
        || matches!(last, "settings" | "config" | "Settings" | "Config" | "cfg" | "env")
}

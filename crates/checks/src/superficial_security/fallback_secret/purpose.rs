//! What a secret is for: known by the call that its value goes to, else by its name.

use super::forms::Fallback;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::received::is_received;
use crate::facts::signing::signing_key;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Extent};
use crate::facts::values::{FileValues, called_name};
use crate::facts::words::words;

/// A place where a key is used.
pub(super) struct Sink {
    pub(super) path: String,
    pub(super) extent: Extent,
    /// What is done with it.
    pub(super) use_of: String,
    /// Whether an empty key works.
    takes_empty: bool,
    /// Names that the key has there.
    names: Vec<String>,
}

/// What a secret is for.
pub(super) enum Purpose<'a> {
    /// It is used at a place that was found; `direct` when that is certain.
    Used { sink: &'a Sink, direct: bool },
    /// Its name says that it is a secret; `clear` when it can only be one that signs or encrypts.
    Named { clear: bool },
}

/// Every place of a file where a key is used.
pub(super) fn sinks(file: &SourceFile) -> Vec<Sink> {
    let mut found = Vec::new();
    let mut values = FileValues::of(&file.syntax);
    each_node(&file.syntax, &mut |node, around| {
        let mut add = |value, use_of: &str, takes_empty| {
            let mut names = Vec::new();
            names_of(&mut values, value, around, 6, &mut names);
            found.push(Sink {
                path: file.path.clone(),
                extent: value.extent,
                use_of: use_of.to_owned(),
                takes_empty,
                names,
            });
        };
        if let Some(key) = signing_key(file, node) {
            add(key.value, key.signs, key.takes_empty);
        }
        for (key, other) in compared(node) {
            if is_received(file, other) && !is_received(file, key) {
                add(key, "callers are let in", false);
            }
        }
        true
    });
    found
}

/// What is compared for equality, each with the other.
fn compared<'a>(node: Node<'a>) -> Vec<(&'a Expr, &'a Expr)> {
    let Some(expr) = node.expr() else { return Vec::new() };
    let pair = match &expr.kind {
        ExprKind::Compare { left, rest } => match rest.as_slice() {
            [
                (
                    CompareOp::Equal
                    | CompareOp::NotEqual
                    | CompareOp::StrictEqual
                    | CompareOp::StrictNotEqual,
                    right,
                ),
            ] => Some((&**left, right)),
            _ => None,
        },
        ExprKind::Call(call) => match (called_name(&call.callee), call.arguments.as_slice()) {
            (Some("compare_digest" | "timingSafeEqual" | "constant_time_compare"), [left, right]) => {
                Some((&left.value, &right.value))
            }
            _ => None,
        },
        _ => None,
    };
    pair.map_or_else(Vec::new, |(left, right)| vec![(left, right), (right, left)])
}

/// Names of one key that are kept. Limit: a name may be bound hundreds of times.
const MOST_NAMES: usize = 32;

/// The names a key has: of what it is read from, through encodings, casts and local names.
fn names_of<'a>(
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
    steps: u32,
    names: &mut Vec<String>,
) {
    let Some(left) = steps.checked_sub(1).filter(|_| names.len() < MOST_NAMES) else { return };
    let mut follow = |part: &'a Expr, names: &mut Vec<String>| names_of(values, part, around, left, names);
    match &expr.kind {
        ExprKind::Name(name) => {
            names.push(name.to_string());
            for origin in values.origins(expr, around) {
                if !std::ptr::eq(origin, expr) {
                    names_of(values, origin, around, left, names);
                }
            }
        }
        ExprKind::Member { name, .. } => names.push(name.to_string()),
        ExprKind::Index { index, .. } => names.extend(index.string().map(str::to_owned)),
        ExprKind::Logical { left, right, .. } => {
            follow(left, names);
            follow(right, names);
        }
        ExprKind::Await(value)
        | ExprKind::Propagate(value)
        | ExprKind::Unary { value, .. }
        | ExprKind::Cast { value, .. } => follow(value, names),
        ExprKind::Template(template) => template.parts.iter().for_each(|part| {
            if let crate::facts::syntax::TemplatePart::Value(value) = part {
                follow(value, names);
            }
        }),
        ExprKind::Call(call) => {
            match (&call.callee.kind, call.arguments.as_slice()) {
                // `SECRET.encode()`, `secret.as_bytes()`; of `config.get("jwt.secret")` the text is the name.
                (ExprKind::Member { object, name, .. }, []) => {
                    follow(object, names);
                    names.push(name.to_string());
                }
                (ExprKind::Member { object, name, .. }, [first, ..]) => {
                    if matches!(name.as_str(), "encode" | "as_ref" | "padEnd" | "ljust" | "slice") {
                        follow(object, names);
                    }
                    names.extend(first.value.string().map(str::to_owned));
                    follow(&first.value, names);
                }
                (ExprKind::Name(name), arguments) => {
                    names.push(name.to_string());
                    arguments.iter().for_each(|argument| follow(&argument.value, names));
                    names.extend(arguments.first().and_then(|first| first.value.string()).map(str::to_owned));
                }
                _ => {}
            }
        }
        _ => {}
    }
}

/// Names that many things have: they say that two places mean the same only within one file.
const GENERIC: &[&str] =
    &["secret", "key", "token", "value", "secrets", "password", "encode", "get", "from", "String", "trim"];

/// What a secret is for; `None` when it is no secret, or harmless.
pub(super) fn purpose<'a>(
    file: &SourceFile,
    fallback: &Fallback<'_>,
    sinks: impl Iterator<Item = &'a Sink>,
) -> Option<Purpose<'a>> {
    let mut used: Option<(&'a Sink, bool)> = None;
    let fits = |sink: &Sink| !fallback.constant.is_empty() || sink.takes_empty;
    for sink in sinks.filter(|sink| fits(sink)) {
        let here = sink.path == file.path;
        let inside =
            here && sink.extent.start <= fallback.extent.start && fallback.extent.end <= sink.extent.end;
        let shared = fallback
            .names()
            .any(|name| (here || !GENERIC.contains(&name)) && sink.names.iter().any(|other| other == name));
        if inside {
            return Some(Purpose::Used { sink, direct: true });
        }
        if shared && used.is_none() {
            used = Some((sink, false));
        }
    }
    if let Some((sink, direct)) = used {
        return Some(Purpose::Used { sink, direct });
    }
    if fallback.constant.is_empty() {
        return None;
    }
    fallback.names().filter_map(named).max().map(|clear| Purpose::Named { clear })
}

/// Words for somebody else's service, which refuses a wrong credential.
const ELSEWHERE: &[&str] = &[
    "client",
    "aws",
    "s3",
    "minio",
    "r2",
    "stripe",
    "paypal",
    "twilio",
    "google",
    "github",
    "facebook",
    "oauth",
    "azure",
    "gcp",
    "consumer",
    "razorpay",
    "cloudinary",
    "plaid",
    "spotify",
    "discord",
    "slack",
    "openai",
    "db",
    "database",
    "redis",
    "smtp",
    "mail",
    "public",
    "recaptcha",
    "captcha",
    "turnstile",
    "hcaptcha",
    "okta",
    "auth0",
    "keycloak",
];

/// Words before "secret" that say that it signs, encrypts or lets callers in.
const OWN: &[&str] = &[
    "jwt",
    "session",
    "cookie",
    "csrf",
    "token",
    "signing",
    "hmac",
    "auth",
    "app",
    "application",
    "flask",
    "django",
    "encryption",
    "nextauth",
    "refresh",
    "access",
    "webhook",
    "server",
    "magic",
    "reset",
    "api",
    "admin",
    "master",
    "hash",
    "password",
    "user",
];

/// Whether a name is a secret's, and if so whether it can only be one that signs or encrypts.
fn named(name: &str) -> Option<bool> {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let about = |sought: &[&str]| words.iter().any(|word| sought.contains(word));
    if about(ELSEWHERE) && !about(&["webhook", "session", "jwt"]) {
        return None;
    }
    match words.as_slice() {
        ["secret" | "pepper"] | [.., "secret", "key"] | [.., "secretkey"] => Some(true),
        [.., "secret"] => Some(about(OWN)),
        [
            ..,
            "jwt" | "signing" | "hmac" | "encryption" | "private" | "cipher" | "crypto" | "signature",
            "key",
        ] => Some(true),
        _ => None,
    }
}

//! Secrets known by what they are called and by how random they look.

use std::sync::LazyLock;

use regex::Regex;
use seaworthy_core::Confidence;

use super::Found;
use crate::facts::credentials::{bits_per_character, hint};
use crate::facts::nodes::Node;
use crate::facts::syntax::{Expr, ExprKind, Extent, Literal, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::facts::words::words;

/// The shortest value that is taken for random.
const SHORTEST: usize = 12;

/// Longer than any key or password: a text, a template, data.
const LONGEST: usize = 512;

/// Bits a character from which a value of at least [`SHORTEST`] characters looks random: English words have about 3 at this length.
const RANDOM_BITS: f64 = 3.2;

/// A name for a secret that gets a random-looking literal: by assignment, in a record, as a keyword argument.
pub(super) fn named_secret(node: Node<'_>) -> Option<Found> {
    let (name, value) = match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) if assign.op.is_none() => {
            (target_name(assign.targets.first()?)?, assign.value.as_ref()?)
        }
        Node::Expr(Expr { kind: ExprKind::Assign { target, op: None, value }, .. }) => {
            (target_name(target)?, &**value)
        }
        Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. }) => {
            return entries.iter().find_map(|(key, value)| {
                let key = key.as_ref()?;
                found(key.string().or_else(|| called_name(key))?, value)
            });
        }
        Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
            return call
                .arguments
                .iter()
                .find_map(|argument| found(argument.name.as_deref()?, &argument.value));
        }
        _ => return None,
    };
    found(name, value)
}

fn target_name(target: &Expr) -> Option<&str> {
    match &target.kind {
        ExprKind::Index { index, .. } => index.string(),
        _ => called_name(target),
    }
}

fn found(name: &str, value: &Expr) -> Option<Found> {
    let text = literal_text(value)?;
    (is_name_of_secret(name) && looks_random(text)).then(|| Found {
        extent: value.extent,
        variant: "named-secret",
        message: format!("`{name}` is written here (`{}`): everybody with the repository has it", hint(text)),
        confidence: Confidence::High,
        name: name.to_owned(),
    })
}

/// The text of a literal, of bytes too, and of `b"..".to_vec()` and its like.
pub(crate) fn literal_text(value: &Expr) -> Option<&str> {
    match &value.kind {
        ExprKind::Literal(Literal::Bytes(bytes)) => std::str::from_utf8(bytes).ok(),
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. }
                if matches!(
                    name.as_str(),
                    "encode" | "to_string" | "to_owned" | "into" | "as_bytes" | "to_vec"
                ) =>
            {
                literal_text(object)
            }
            _ => None,
        },
        ExprKind::Unary { value, .. } | ExprKind::Cast { value, .. } => literal_text(value),
        _ => value.string(),
    }
}

/// Names whose last words say that the value is a secret, and none that says that it is about one.
pub(crate) fn is_name_of_secret(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // A value that stands in for one: what a caller is measured against who has none.
    const MADE_UP: &[&str] = &["dummy", "example", "fake", "mock", "placeholder", "sample"];
    if words.iter().any(|word| MADE_UP.contains(word)) {
        return false;
    }
    match words.as_slice() {
        [.., "public" | "site" | "publishable" | "csrf" | "xsrf" | "cache", _] => false,
        [
            ..,
            "password" | "passwd" | "passphrase" | "secret" | "apikey" | "token" | "credential"
            | "credentials" | "pwd",
        ] => true,
        [
            ..,
            "api" | "secret" | "private" | "access" | "auth" | "signing" | "encryption" | "master"
            | "service" | "payment" | "license" | "webhook" | "admin",
            "key",
        ] => true,
        [.., "secret", "value" | "hex" | "base64" | "string" | "bytes"] => true,
        _ => false,
    }
}

/// Whether a text looks as if it had been drawn at random, and is not of a kind that only looks so.
pub(crate) fn looks_random(text: &str) -> bool {
    if !(SHORTEST..=LONGEST).contains(&text.len()) || !text.is_ascii() || text.contains(char::is_whitespace) {
        return false;
    }
    if is_placeholder(text) || is_other_than_secret(text) {
        return false;
    }
    let kinds = [
        text.contains(|c: char| c.is_ascii_lowercase()),
        text.contains(|c: char| c.is_ascii_uppercase()),
        text.contains(|c: char| c.is_ascii_digit()),
        text.contains(|c: char| c.is_ascii_punctuation()),
    ];
    let kinds = kinds.iter().filter(|present| **present).count();
    let has_digit = text.contains(|c: char| c.is_ascii_digit());
    kinds >= 2 && has_digit && bits_per_character(text) >= RANDOM_BITS && !is_made_of_words(text)
}

/// What people write where a secret goes later.
pub(crate) fn is_placeholder(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "example",
        "sample",
        "changeme",
        "change-me",
        "change_me",
        "your",
        "placeholder",
        "dummy",
        "fake",
        "todo",
        "xxxx",
        "replace",
        "insert",
        "redacted",
        "test",
        "mock",
        "foobar",
        "foo",
        "12345678",
        "abcdef",
        "default",
        "localhost",
        "undefined",
        "password",
        "secret",
        "****",
        "....",
        "demo",
        "token",
    ];
    let lower = text.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
        || text.starts_with(['<', '$', '{', '%', '#', '@', '/', '.', '-', '['])
        || text.contains("${")
        || text.contains("{{")
        || text.contains("%s")
        || text.contains("{}")
}

/// Addresses, paths, identifiers, colours, dates, patterns, digests named so.
fn is_other_than_secret(text: &str) -> bool {
    static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"://|^[\w.+-]+@[\w-]+\.\w+|^(?:sha\d+|md5|sha1|sha256|sha512|pbkdf2|bcrypt|argon2|scrypt)[-:$_]|^\$2[aby]\$|^\$argon2|",
            r"^[A-Za-z_$][\w$]*(?:[./:-][A-Za-z_$][\w$]*)+\(?\)?$|^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$|^\d[\d.:/T+-]*Z?$|[()\[\]<>|]|^ssh-|^-----BEGIN (?:PUBLIC|CERT)"
        ))
        .ok()
    });
    OTHER.as_ref().is_some_and(|other| other.is_match(text))
}

/// `X-Api-Key-Header2`, `reset_password_form`: pieces that read as words, with a digit at most at an end.
fn is_made_of_words(text: &str) -> bool {
    let pieces = words(text);
    let readable = pieces.iter().filter(|piece| {
        let letters = piece.trim_end_matches(|c: char| c.is_ascii_digit());
        letters.len() >= 3
            && letters.chars().all(char::is_alphabetic)
            && letters.contains(['a', 'e', 'i', 'o', 'u', 'y'])
    });
    let readable: usize = readable.map(String::len).sum();
    readable * 10 >= text.len() * 7
}

/// `postgres://shop:hunter2@db.example.org/shop`.
pub(super) fn connection_password(node: Node<'_>) -> Option<Found> {
    static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\b(?:postgres(?:ql)?(?:\+\w+)?|mysql(?:\+\w+)?|mongodb(?:\+srv)?|redis|rediss|amqps?|mssql(?:\+\w+)?|ftp|https?)://[^\s:/@]+:([^\s:/@]{4,})@([^\s:/@?]+)").ok()
    });
    let Node::Expr(expr) = node else { return None };
    let text = expr.string()?;
    let hit = ADDRESS.as_ref()?.captures(text)?;
    let (password, host) = (hit.get(1)?.as_str(), hit.get(2)?.as_str());
    let local = matches!(
        host,
        "localhost"
            | "127.0.0.1"
            | "db"
            | "postgres"
            | "mysql"
            | "mongo"
            | "redis"
            | "host"
            | "hostname"
            | "0.0.0.0"
            | "database"
            | "proxy"
            | "server"
    ) || host.contains("example");
    let shown =
        is_placeholder(password) || password.len() < 8 || password.contains(['{', '%', '$', '<', '*']);
    if local || shown {
        return None;
    }
    Some(Found {
        extent: Extent { ..expr.extent },
        variant: "connection-password",
        message: format!(
            "the password of `{host}` is written here (`{}`): everybody with the repository has it",
            hint(password)
        ),
        confidence: Confidence::High,
        name: format!("password of {host}"),
    })
}

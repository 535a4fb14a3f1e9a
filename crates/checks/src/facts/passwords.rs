//! Passwords: what is called one, and which calls hash one.

use super::syntax::{Call, Expr, ExprKind};
use super::values::called_name;
use super::words::words;

/// Whether a name is that of a password itself, and not of something about one (`password_field`, `reset_password`, `passwordLength`).
pub fn is_password_name(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let about = [
        "reset",
        "forgot",
        "change",
        "update",
        "check",
        "verify",
        "validate",
        "hash",
        "hashed",
        "has",
        "is",
        "no",
        "show",
        "confirm",
        "min",
        "max",
        "encrypted",
    ];
    match words.as_slice() {
        [before @ .., "password" | "passwd" | "passphrase" | "pwd" | "passcode"] => {
            !before.iter().any(|word| about.contains(word))
        }
        ["pass" | "pw"] | [.., "user" | "admin" | "plain" | "raw", "pass" | "pw"] => true,
        _ => false,
    }
}

/// Whether a name is that of a password as it is kept: a password, or its hash.
pub fn is_kept_password_name(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    is_password_name(name)
        || matches!(
            words.as_slice(),
            ["hashed" | "encrypted", "password" | "passwd" | "pwd"]
                | ["password" | "passwd" | "pwd" | "pass" | "pw", "hash" | "hashed" | "digest"]
        )
}

/// Whether a call hashes a password: by what it is called.
pub fn hashes(call: &Call) -> bool {
    let Some(name) = called_name(&call.callee) else { return false };
    let words = words(name);
    let has = |sought: &[&str]| words.iter().any(|word| sought.contains(&word.as_str()));
    has(&[
        "hash",
        "hashed",
        "hasher",
        "hashpw",
        "pbkdf2",
        "scrypt",
        "argon2",
        "bcrypt",
        "encrypt",
        "digest",
        "hexdigest",
    ]) || matches!(
        name,
        "make_password"
            | "hashSync"
            | "md5"
            | "sha1"
            | "sha256"
            | "sha512"
            | "deriveKey"
            | "derive"
            | "crypt"
            | "encode_password"
    )
}

/// The password that a chain of calls hashes: `hash("x")`, `bcrypt.hashpw("x".encode(), bcrypt.gensalt()).decode()`,
/// `createHash("sha256").update("x").digest("hex")`.
pub fn hashed(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Await(value)
        | ExprKind::Propagate(value)
        | ExprKind::Cast { value, .. }
        | ExprKind::Unary { value, .. } => hashed(value),
        ExprKind::Call(call) => {
            let name = called_name(&call.callee)?;
            if let ExprKind::Member { object, .. } = &call.callee.kind
                && let Some(inner) = object.call()
            {
                // `..update(x).digest("hex")`: what is updated with is what is hashed.
                if called_name(&inner.callee) == Some("update") {
                    return inner.arguments.first().map(|argument| &argument.value);
                }
                if hashes(inner)
                    && matches!(
                        name,
                        "hexdigest" | "digest" | "decode" | "toString" | "to_string" | "unwrap" | "hex"
                    )
                {
                    return inner.arguments.first().map(|argument| &argument.value);
                }
                if matches!(
                    name,
                    "hexdigest" | "digest" | "decode" | "toString" | "to_string" | "unwrap" | "expect"
                ) {
                    return hashed(object);
                }
            }
            hashes(call).then(|| call.arguments.first().map(|argument| &argument.value)).flatten()
        }
        _ => None,
    }
}

//! What is done with passwords: checked against what is kept, hashed to be kept, stretched.

use super::nodes::{Node, each_in_body, each_in_expr};
use super::source::SourceFile;
use super::syntax::{Call, CompareOp, Expr, ExprKind, Function, Literal};
use super::values::called_name;
use super::words::{has_word, words};

/// What a call does with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordUse {
    /// Compares it with what is kept.
    Check,
    /// Makes of it what is kept.
    Hash,
    /// Stretches it, for either.
    Stretch,
}

/// Words of a password.
pub const PASSWORD: &[&str] = &["password", "passwd", "pwd", "passphrase", "passcode", "pin", "passwort"];

/// Functions that compare a password with what is kept, whoever made them; lower case, without `_`.
const CHECKS: &[&str] = &[
    "checkpw",
    "checkpasswordhash",
    "checkpassword",
    "verifypassword",
    "comparepassword",
    "comparepasswords",
    "validatepassword",
    "matchpassword",
    "matchespassword",
    "passwordmatches",
    "isvalidpassword",
    "ispasswordvalid",
    "ispasswordcorrect",
    "correctpassword",
    "verifyhash",
    "verifypasswordhash",
    "checkpasswd",
    "verifypasswd",
];

/// Functions that make what is kept; lower case, without `_`.
const HASHES: &[&str] = &[
    "hashpw",
    "generatepasswordhash",
    "hashpassword",
    "passwordhash",
    "makepassword",
    "getpasswordhash",
    "setpassword",
    "createuser",
    "encryptpassword",
    "hashpasswd",
];

/// Functions that stretch; lower case, without `_`.
const STRETCHES: &[&str] =
    &["pbkdf2hmac", "pbkdf2", "pbkdf2sync", "scrypt", "scryptsync", "argon2sync", "crypt"];

/// What names a library of password hashes, or an object made of one, somewhere in what is called.
const LIBRARIES: &[&str] = &[
    "bcrypt",
    "bcryptjs",
    "argon2",
    "scrypt",
    "pwd",
    "passlib",
    "password",
    "passwords",
    "hasher",
    "pbkdf2",
    "ph",
];

/// What a call does with a password, by what is called.
pub fn password_use(file: &SourceFile, call: &Call) -> Option<PasswordUse> {
    let name = called_name(&call.callee)?;
    let folded: String = name.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    if CHECKS.contains(&folded.as_str()) {
        return Some(PasswordUse::Check);
    }
    if HASHES.contains(&folded.as_str()) {
        return Some(PasswordUse::Hash);
    }
    if STRETCHES.contains(&folded.as_str()) {
        return Some(PasswordUse::Stretch);
    }
    let path = file.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
    let by_library = || path.rsplit_once('.').is_some_and(|(of, _)| has_word(of, LIBRARIES));
    match folded.as_str() {
        "compare" | "comparesync" | "verify" | "matches" | "verifysync" if by_library() => {
            Some(PasswordUse::Check)
        }
        "hash" | "hashsync" | "encrypt" | "tohash" if by_library() => Some(PasswordUse::Hash),
        // Django's, and what is like it: the name and the password of somebody.
        "authenticate" if call.arguments.iter().any(|given| mentions(&given.value, PASSWORD)) => {
            Some(PasswordUse::Check)
        }
        _ => None,
    }
}

/// Whether an expression names something with one of these words.
pub fn mentions(expr: &Expr, sought: &[&str]) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= match node {
            Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                has_word(name, sought)
            }
            Node::Expr(Expr { kind: ExprKind::Literal(Literal::String(text)), .. }) => {
                text.len() < 40 && has_word(text, sought)
            }
            _ => false,
        };
        !found && node.function().is_none()
    });
    found
}

/// The last name of a value: `password` in `data["password"]`, `data.get("password")`, `user.password`.
pub fn last_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name),
        ExprKind::Index { index, .. } => index.string(),
        ExprKind::Await(value) | ExprKind::Cast { value, .. } => last_name(value),
        ExprKind::Logical { left, .. } => last_name(left),
        ExprKind::Call(call) => match called_name(&call.callee)? {
            "get" | "pop" | "String" | "str" | "encode" | "strip" | "trim" | "toString" => {
                let given = call.arguments.first().map(|given| &given.value);
                let of = match &call.callee.kind {
                    ExprKind::Member { object, .. } => Some(&**object),
                    _ => None,
                };
                given.and_then(|given| given.string().or_else(|| last_name(given))).or(of.and_then(last_name))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression compares one password with another as they are: `password === ADMIN_PASSWORD`. A password that is typed
/// twice is no check.
pub fn compares_plainly(expr: &Expr) -> bool {
    const TWICE: &[&str] = &[
        "confirm",
        "confirmation",
        "repeat",
        "repeated",
        "again",
        "retype",
        "password2",
        "verify",
        "new",
        "old",
        "current",
    ];
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
            (Some("compare_digest" | "timingSafeEqual"), [left, right]) => Some((&left.value, &right.value)),
            _ => None,
        },
        _ => None,
    };
    let Some((left, right)) = pair else { return false };
    let names = [left, right].map(|side| {
        let name = last_name(side).unwrap_or_default();
        words(name).iter().any(|word| PASSWORD.contains(&word.as_str())).then_some(name)
    });
    let [Some(left_name), Some(right_name)] = names else { return false };
    !matches!(left.kind, ExprKind::Literal(_))
        && !matches!(right.kind, ExprKind::Literal(_))
        && !has_word(left_name, TWICE)
        && !has_word(right_name, TWICE)
}

/// Whether a function checks a password itself, functions inside it included.
pub fn checks_password(file: &SourceFile, function: &Function) -> bool {
    first_check(file, function).is_some()
}

/// The first check of a password in a function.
pub fn first_check<'a>(file: &SourceFile, function: &'a Function) -> Option<&'a Expr> {
    let mut found = None;
    each_in_body(&function.body, &mut |node, _| {
        if let Some(expr) = node.expr()
            && found.is_none()
            && (compares_plainly(expr)
                || expr.call().and_then(|call| password_use(file, call)) == Some(PasswordUse::Check))
        {
            found = Some(expr);
        }
        found.is_none()
    });
    found
}

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

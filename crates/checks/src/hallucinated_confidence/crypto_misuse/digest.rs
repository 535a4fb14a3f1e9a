//! MD5 and SHA-1 where security depends on them: told by where the digest goes.

use seaworthy_core::Severity;

use super::Fault;
use super::algorithm::{Looked, fold};
use crate::facts::destination::{Destination, Destinations, Way};
use crate::facts::nodes::each_in_expr;
use crate::facts::passwords::{PASSWORD, hashed, mentions};
use crate::facts::syntax::{Call, Expr, ExprKind, Literal};
use crate::facts::values::{called_name, keyword};
use crate::facts::words::words;
use crate::language::Language;

const ADVICE: &str = "use SHA-256 (with a secret: HMAC-SHA-256), and for what people type argon2, scrypt or bcrypt; where it is a mere checksum, say so (`usedforsecurity=False`)";

/// A digest that is made, and what is wrong with it: `None` for what is no digest.
pub(super) fn judge<'a>(
    looked: &mut Looked<'_, 'a, '_>,
    whereto: &mut Destinations<'a>,
    at: usize,
    (expr, call): (&'a Expr, &'a Call),
) -> Option<Option<Fault>> {
    let (name, from) = weak(looked, call)?;
    let set = from.map(|from| format!(" (so says `{from}`)")).unwrap_or_default();
    if keyword(&call.arguments, "usedforsecurity").is_some_and(is_false) {
        return Some(None);
    }
    if is_named_after(looked, name) {
        return Some(None);
    }
    if let Some(signed) = signature(looked, call) {
        return Some(Some(Fault {
            extent: expr.extent,
            variant: "digest",
            severity: if signed == "signed" { Severity::Error } else { Severity::Warning },
            message: format!(
                "what is {signed} here is a digest of {name}{set}: another text with the same one can be made"
            ),
            advice: "sign with SHA-256 (`hashes.SHA256()`, `RSA-SHA256`), or with Ed25519",
            related: None,
        }));
    }
    let places = whereto.find(at, expr, looked.around);
    // A password by its name is another check's: no digest is right for it.
    if is_of_password(looked, expr) || is_cut_short(looked) {
        return Some(None);
    }
    let found = places.iter().find_map(|place| purpose(place).map(|purpose| (place, purpose)));
    // What signs a request to somebody else's service is what that service asks for.
    let asked = found.as_ref().is_some_and(|(place, _)| is_signature(&place.name)) && asks_others(looked);
    let found = found.filter(|_| !asked);
    Some(found.map(|(place, (what, severity))| Fault {
        extent: expr.extent,
        variant: "digest",
        severity,
        message: format!("a digest of {name}{set} is {what}: it is quickly tried through, and another text with the same one can be made"),
        advice: ADVICE,
        related: Some((place.file, place.extent, format!("where it goes: {what}"))),
    }))
}

fn is_false(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(Literal::Boolean(false)))
}

/// Functions that make a digest of MD5.
const MD5: &[&str] = &[
    "hashlib.md5",
    "Crypto.Hash.MD5.new",
    "Cryptodome.Hash.MD5.new",
    "CryptoJS.MD5",
    "md5",
    "blueimp-md5",
    "js-md5",
    "crypto-js.MD5",
    "crypto-js/md5",
    "cryptography.hazmat.primitives.hashes.MD5",
    "md5.compute",
    "md5.Md5.digest",
    "md5.Md5.new",
];

/// Functions that make a digest of SHA-1.
const SHA1: &[&str] = &[
    "hashlib.sha1",
    "Crypto.Hash.SHA.new",
    "Crypto.Hash.SHA1.new",
    "Cryptodome.Hash.SHA1.new",
    "CryptoJS.SHA1",
    "sha1",
    "js-sha1",
    "crypto-js.SHA1",
    "crypto-js/sha1",
    "cryptography.hazmat.primitives.hashes.SHA1",
    "sha1.Sha1.digest",
    "sha1.Sha1.new",
];

/// The weak digest that a call makes, and the file that names it.
fn weak<'a>(looked: &mut Looked<'_, 'a, '_>, call: &'a Call) -> Option<(&'static str, Option<String>)> {
    // Most calls are of something else.
    let last = called_name(&call.callee)?;
    const NAMES: &[&str] = &[
        "md5",
        "sha1",
        "new",
        "MD5",
        "SHA1",
        "createHash",
        "compute",
        "digest",
        "hash",
        "createSign",
        "createVerify",
        "sign",
        "verify",
        "sha",
        "new_with_prefix",
    ];
    if !NAMES.contains(&last) {
        return None;
    }
    let path = looked.path(&call.callee);
    if MD5.contains(&path.as_str()) {
        return Some(("MD5", None));
    }
    if SHA1.contains(&path.as_str()) {
        return Some(("SHA-1", None));
    }
    let first = call.arguments.first().map(|given| &given.value)?;
    let by_name = matches!(
        path.as_str(),
        "hashlib.new" | "crypto.createHash" | "crypto.hash" | "crypto.createSign" | "crypto.createVerify"
    ) || matches!(path.as_str(), "crypto.sign" | "crypto.verify")
        || looked.file.language != Language::Rust
            && (path.ends_with("crypto.subtle.digest") || path == "subtle.digest");
    if !by_name {
        return None;
    }
    looked.named(first).into_iter().find_map(|named| {
        let name = named.name.strip_prefix("rsa").unwrap_or(&named.name);
        match name {
            "md5" | "md4" | "md2" => Some(("MD5", named.from)),
            "sha1" | "sha" => Some(("SHA-1", named.from)),
            _ => None,
        }
    })
}

/// Whether a digest is what a signature is made of: by the call itself, or by the call that it is given to.
fn signature(looked: &Looked<'_, '_, '_>, call: &Call) -> Option<&'static str> {
    match looked.path(&call.callee).as_str() {
        "crypto.createSign" | "crypto.sign" => return Some("signed"),
        "crypto.createVerify" | "crypto.verify" => return Some("verified"),
        _ => {}
    }
    let outer = looked.around.iter().rev().find_map(|node| node.expr()?.call())?;
    let given =
        outer.arguments.iter().any(|given| given.value.call().is_some_and(|inner| std::ptr::eq(inner, call)));
    let is_asymmetric = looked.file.text.contains("padding.")
        || looked.file.text.contains("pkcs1_15")
        || looked.file.text.contains("ec.ECDSA")
        || looked.file.text.contains("CertificateBuilder");
    match called_name(&outer.callee) {
        Some("sign") if given && is_asymmetric => Some("signed"),
        Some("verify") if given && is_asymmetric => Some("verified"),
        _ => None,
    }
}

/// Whether a function is named for the digest that it makes: a protocol asks for it, and whoever calls it knows.
fn is_named_after(looked: &Looked<'_, '_, '_>, name: &str) -> bool {
    let sought = fold(name);
    let functions = looked.around.iter().filter_map(|node| node.function());
    functions.map(|function| fold(&function.name)).any(|name| name.contains(&sought))
}

fn is_signature(name: &str) -> bool {
    words(name).last().is_some_and(|last| matches!(last.as_str(), "signature" | "sig" | "mac" | "hmac"))
}

/// Whether a file sends requests to other services.
fn asks_others(looked: &Looked<'_, '_, '_>) -> bool {
    [
        "requests.",
        "httpx",
        "fetch(",
        "axios",
        "urlopen",
        "aiohttp.ClientSession",
        "get_adapter().get_requests_session",
        "reqwest",
        "http.request",
    ]
    .iter()
    .any(|client| looked.file.text.contains(client))
}

/// Whether a few letters of a digest are all that is taken: a check against typing errors.
fn is_cut_short(looked: &Looked<'_, '_, '_>) -> bool {
    const FEW: u32 = 8;
    let few = |expr: &Expr| match &expr.kind {
        ExprKind::Literal(Literal::Integer(digits)) => digits.parse::<u32>().is_ok_and(|count| count <= FEW),
        _ => false,
    };
    looked.around.iter().rev().map_while(|node| node.expr()).any(|outer| match &outer.kind {
        ExprKind::Index { index, .. } => match &index.kind {
            ExprKind::Range(bounds) => matches!(bounds.get(1), Some(Some(end)) if few(end)),
            _ => false,
        },
        ExprKind::Call(call) => {
            matches!(called_name(&call.callee), Some("slice" | "substring" | "substr"))
                && call.arguments.get(1).is_some_and(|end| few(&end.value))
        }
        _ => false,
    })
}

/// Whether what is hashed is a password by its name.
fn is_of_password(looked: &Looked<'_, '_, '_>, expr: &Expr) -> bool {
    // The whole chain: `hashlib.md5(password.encode()).hexdigest()`, `createHash("md5").update(password).digest("hex")`.
    let chain = looked
        .around
        .iter()
        .rev()
        .take_while(|node| {
            node.expr().is_some_and(|outer| {
                matches!(&outer.kind, ExprKind::Member { .. } | ExprKind::Call(_))
                    && outer.extent.start == expr.extent.start
            })
        })
        .filter_map(|node| node.expr())
        .last()
        .unwrap_or(expr);
    let mut found = hashed(chain).is_some_and(|input| mentions(input, PASSWORD));
    each_in_expr(chain, &mut |node, _| {
        found |= node.expr().and_then(|expr| expr.call()).is_some_and(|call| {
            matches!(called_name(&call.callee), Some("update" | "md5" | "sha1" | "MD5" | "SHA1" | "digest"))
                && call.arguments.iter().any(|given| mentions(&given.value, PASSWORD))
        });
        !found
    });
    found
}

/// What a digest is that goes here; `None` when nothing depends on it.
fn purpose(place: &Destination) -> Option<(String, Severity)> {
    let words = words(&place.name);
    let has = |sought: &[&str]| words.iter().any(|word| sought.contains(&word.as_str()));
    let shown = fold_spaces(&place.name);
    if has(&[
        "etag",
        "checksum",
        "cache",
        "cached",
        "gravatar",
        "avatar",
        "file",
        "content",
        "bucket",
        "shard",
        "image",
        "url",
        "uri",
        "path",
        "git",
        "commit",
        "blob",
        "csp",
        "integrity",
        "usedforsecurity",
        "body",
        "payload",
        "schema",
    ]) && place.way != Way::Written
    {
        return None;
    }
    let password = has(&[
        "password",
        "passwords",
        "passwd",
        "credential",
        "credentials",
        "pwd",
        "passphrase",
        "shadow",
        "htpasswd",
    ]);
    match place.way {
        Way::Written if password || has(&["secret", "secrets", "token", "tokens"]) => {
            Some((format!("kept in `{shown}`"), Severity::Error))
        }
        Way::Written => None,
        Way::Credential => {
            Some(("what a caller's cookie or header is compared with".to_owned(), Severity::Warning))
        }
        Way::Returned
            if words.first().is_some_and(|first| {
                matches!(first.as_str(), "check" | "verify" | "is" | "get" | "find" | "load")
            }) =>
        {
            None
        }
        _ if password => Some((format!("kept as `{shown}`"), Severity::Error)),
        _ => {
            let last = words.last().map_or("", String::as_str);
            let secret = has(&["token", "csrf", "apikey", "sessionid", "otp"])
                || has(&["session", "api", "auth", "access", "license", "licence", "reset"])
                    && matches!(last, "id" | "key" | "code" | "token" | "secret")
                || matches!(last, "signature" | "hmac" | "mac" | "sig");
            secret.then(|| (format!("used as `{shown}`"), Severity::Warning))
        }
    }
}

fn fold_spaces(name: &str) -> String {
    let last = name.split_whitespace().last().unwrap_or(name);
    let folded = fold(last);
    if folded.is_empty() { name.to_owned() } else { last.trim_start_matches('/').to_owned() }
}

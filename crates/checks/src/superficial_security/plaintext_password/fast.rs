//! Passwords under a digest that was made to be fast.

use seaworthy_core::Severity;

use crate::facts::destination::{Destinations, Way};
use crate::facts::nodes::{Around, each_in_body, each_in_expr};
use crate::facts::passwords::{PASSWORD, is_password_name, mentions, password_use};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Literal};
use crate::facts::values::called_name;
use crate::facts::words::{has_word, words};

/// Digests by their names, lower case without `-` and `_`.
const FAST: &[&str] = &[
    "md5",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha3256",
    "sha3512",
    "sha3",
    "blake2b",
    "blake2s",
    "ripemd160",
];

/// A digest of a password, and how bad it is; `None` for anything else.
pub(super) fn judge<'a>(
    file: &'a SourceFile,
    whereto: &mut Destinations<'a>,
    at: usize,
    (expr, call): (&'a Expr, &'a Call),
    around: Around<'a, '_>,
) -> Option<Option<(Severity, String)>> {
    let name = algorithm(file, call)?;
    let input = input(call, around)?;
    if !mentions_password(input) {
        return None;
    }
    // `pwnedpasswords` is asked for the beginning of a digest; bcrypt takes 72 bytes, and is given one of a longer password.
    if file.text.contains("pwnedpasswords") || is_followed_by_slow(file, around) {
        return Some(None);
    }
    let places = whereto.find(at, expr, around);
    let kept = places.iter().find(|place| {
        let words = words(&place.name);
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        match place.way {
            Way::Returned => {
                has(&["hash", "hashed", "encrypt", "encode", "digest", "make"])
                    && has(&["password", "passwd", "pwd", "pass", "pw"])
            }
            Way::Named | Way::Field => {
                has(PASSWORD) && !is_password_name(&place.name)
                    || is_password_name(&place.name) && place.way == Way::Field
            }
            _ => false,
        }
    });
    if kept.is_none() && !is_compared(around) {
        return Some(None);
    }
    let salted = mentions(input, &["salt", "pepper", "secret", "nonce"]);
    let (severity, message) = if salted {
        (
            Severity::Warning,
            format!(
                "a password is hashed by one round of {name}: with a salt, but a graphics card still tries ten thousand million a second"
            ),
        )
    } else {
        (
            Severity::Error,
            format!(
                "a password is hashed by one round of {name} without salt: a graphics card tries ten thousand million a second, and all users at once"
            ),
        )
    };
    Some(Some((severity, message)))
}

/// The fast digest that a call makes.
fn algorithm(file: &SourceFile, call: &Call) -> Option<String> {
    let last = called_name(&call.callee)?;
    let folded: String = last.chars().filter(|c| *c != '_' && *c != '-').collect::<String>().to_lowercase();
    let path = file.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
    let known = |name: &str| {
        let folded: String =
            name.chars().filter(|c| *c != '_' && *c != '-').collect::<String>().to_lowercase();
        FAST.contains(&folded.as_str()).then(|| name.to_uppercase())
    };
    match last {
        "new" if path == "hashlib.new" => known(call.arguments.first()?.value.string()?),
        "createHash" => known(call.arguments.first()?.value.string()?),
        "digest" | "new" => {
            let of = path.rsplit('.').nth(1)?;
            known(of)
        }
        _ if FAST.contains(&folded.as_str()) => known(last),
        _ => None,
    }
}

/// What is hashed: the first argument, or what the chain is updated with.
fn input<'a>(call: &'a Call, around: Around<'a, '_>) -> Option<&'a Expr> {
    let update = around.iter().rev().take(4).find_map(|node| {
        let call = node.expr()?.call()?;
        (called_name(&call.callee) == Some("update")).then(|| call.arguments.first())?
    });
    let own = call.arguments.iter().find(|given| {
        given.name.is_none() && !matches!(given.value.kind, ExprKind::Literal(Literal::String(_)))
    });
    update.or(own).map(|given| &given.value)
}

fn mentions_password(input: &Expr) -> bool {
    let mut found = false;
    each_in_expr(input, &mut |node, _| {
        found |= node.expr().is_some_and(|part| match &part.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => is_password_name(name),
            ExprKind::Index { index, .. } => index.string().is_some_and(is_password_name),
            _ => false,
        });
        !found
    });
    found
}

/// Whether a slow hash is computed in the same function, or around the digest itself.
fn is_followed_by_slow(file: &SourceFile, around: Around<'_, '_>) -> bool {
    let Some(function) = around.iter().rev().find_map(|node| node.function()) else { return false };
    let mut slow = false;
    each_in_body(&function.body, &mut |node, _| {
        slow |= node.expr().and_then(Expr::call).is_some_and(|call| {
            let path = call.callee.dotted().unwrap_or_default().to_lowercase();
            password_use(file, call).is_some()
                && ["bcrypt", "argon", "scrypt", "pbkdf2", "passlib", "pwd_context"]
                    .iter()
                    .any(|name| path.contains(name))
        });
        !slow
    });
    slow
}

/// Whether the digest is compared with something kept.
fn is_compared(around: Around<'_, '_>) -> bool {
    let kept = |expr: &Expr| {
        let name = match &expr.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str(),
            ExprKind::Index { index, .. } => index.string().unwrap_or_default(),
            _ => "",
        };
        has_word(name, PASSWORD) || has_word(name, &["hash", "stored", "digest", "hashed"])
    };
    around.iter().rev().filter_map(|node| node.expr()).take(6).any(|expr| match &expr.kind {
        ExprKind::Compare { left, rest } => kept(left) || rest.iter().any(|(_, right)| kept(right)),
        ExprKind::Call(call) => {
            matches!(called_name(&call.callee), Some("compare_digest" | "timingSafeEqual"))
                && call.arguments.iter().any(|given| kept(&given.value))
        }
        _ => false,
    })
}

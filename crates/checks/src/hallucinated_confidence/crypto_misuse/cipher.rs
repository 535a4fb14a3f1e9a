//! Ciphers: broken ones, modes that show what they hide, vectors and nonces that never change, RSA without its fine print.

use seaworthy_core::Severity;

use super::Fault;
use super::algorithm::Looked;
use super::constant::{CUT, fixed as written, is_part_of, never_changes};
use crate::facts::nodes::{Around, each_expr, enclosing_function};
use crate::facts::syntax::{Call, Expr, ExprKind, Literal};
use crate::facts::values::{called_name, keyword, option};
use crate::language::Language;

const AEAD: &str =
    "use AES-GCM or ChaCha20-Poly1305 (`AESGCM`, `aes-256-gcm`, `Aes256Gcm`), or `cryptography.fernet`";
const FRESH: &str = "make a fresh one for each message (`os.urandom(12)`, `crypto.randomBytes(12)`, `Aes256Gcm::generate_nonce`) and keep it beside what is encrypted";

/// What is wrong with a call of a cipher: `None` for what is none.
pub(super) fn judge<'a>(
    looked: &mut Looked<'_, 'a, '_>,
    (expr, call): (&'a Expr, &'a Call),
) -> Option<Option<Fault>> {
    let last = called_name(&call.callee)?;
    const NAMES: &[&str] = &[
        "new",
        "ECB",
        "CBC",
        "CTR",
        "GCM",
        "CFB",
        "OFB",
        "ARC4",
        "TripleDES",
        "Blowfish",
        "IDEA",
        "SEED",
        "CAST5",
        "createCipher",
        "createDecipher",
        "createCipheriv",
        "encrypt",
        "decrypt",
        "publicEncrypt",
        "privateDecrypt",
        "PKCS1v15",
        "generate_private_key",
        "generate",
        "generateKeyPair",
        "generateKeyPairSync",
        "from_slice",
        "aes_128_ecb",
        "aes_256_ecb",
        "aes_192_ecb",
        "des_cbc",
        "des_ecb",
        "rc4",
        "des_ede3_cbc",
        "Cipheriv",
        "encrypt_in_place",
    ];
    if !NAMES.contains(&last) {
        return None;
    }
    let path = looked.path(&call.callee);
    match looked.file.language {
        Language::Python => python(looked, &path, (expr, call)),
        Language::Rust => rust(looked, &path, (expr, call)),
        _ => script(looked, &path, (expr, call)),
    }
}

fn fault(
    expr: &Expr,
    variant: &'static str,
    severity: Severity,
    message: String,
    advice: &'static str,
) -> Option<Option<Fault>> {
    Some(Some(Fault { extent: expr.extent, variant, severity, message, advice, related: None }))
}

fn ecb(expr: &Expr) -> Option<Option<Fault>> {
    let message =
        "ECB encrypts equal blocks to equal blocks: what is repeated shows, and blocks can be exchanged"
            .to_owned();
    fault(expr, "mode", Severity::Error, message, AEAD)
}

fn broken(expr: &Expr, name: &str, severity: Severity) -> Option<Option<Fault>> {
    let why = match severity {
        Severity::Error => "it can be broken by anybody who tries",
        _ => {
            "its blocks of 64 bits give contents away after some gigabytes (Sweet32), and nobody is to use it any more (NIST SP 800-131A)"
        }
    };
    fault(expr, "cipher", severity, format!("{name}: {why}"), AEAD)
}

fn fixed<'a>(
    looked: &mut Looked<'_, 'a, '_>,
    expr: &Expr,
    (key, vector): (Option<&'a Expr>, Option<&'a Expr>),
    what: &str,
) -> Option<Option<Fault>> {
    let Some(vector) = vector else { return Some(None) };
    let Some(why) = never_changes(looked, vector) else { return Some(None) };
    let apart = why == CUT && key.is_some_and(|key| !is_part_of(looked, vector, key));
    // A key of one message needs no vector, and what only decrypts has to take what was used.
    if apart || key.is_some_and(|key| is_made_here(looked, key)) || only_decrypts(looked.around) {
        return Some(None);
    }
    let message = format!(
        "the {what} {why} and is the same for every message: equal beginnings show, and with CTR or GCM two messages give each other away"
    );
    fault(expr, "fixed-iv", Severity::Error, message, FRESH)
}

/// Whether a key is made at random in the function that uses it.
fn is_made_here<'a>(looked: &mut Looked<'_, 'a, '_>, key: &'a Expr) -> bool {
    const MAKERS: &[&str] =
        &["generate_key", "get_random_bytes", "randbytes", "randomBytes", "token_bytes", "urandom"];
    let Some(function) = enclosing_function(looked.around) else { return false };
    let (Some(first), Some(last)) = (function.body.first(), function.body.last()) else { return false };
    let origins = looked.origins(key);
    !origins.is_empty()
        && origins.iter().all(|origin| {
            let made = origin.call().and_then(|call| called_name(&call.callee));
            made.is_some_and(|made| MAKERS.contains(&made))
                && origin.extent.start >= first.extent.start
                && origin.extent.end <= last.extent.end
        })
}

/// Whether the function around decrypts, and encrypts nothing.
fn only_decrypts(around: Around<'_, '_>) -> bool {
    let Some(function) = enclosing_function(around) else { return false };
    let (mut opens, mut seals) = (false, false);
    each_expr(&function.body, true, &mut |expr| {
        let called =
            expr.call().and_then(|call| called_name(&call.callee)).unwrap_or_default().to_lowercase();
        opens |= called.contains("decrypt") || called.contains("decipher");
        seals |= called.contains("encrypt") || called.contains("createcipher");
    });
    opens && !seals
}

/// Whether all that the function around encrypts is written in the code: one block under the bare cipher, of which a key is made
/// (NIST SP 800-38B).
fn encrypts_constants(around: Around<'_, '_>) -> bool {
    let Some(function) = enclosing_function(around) else { return false };
    let mut all = Vec::new();
    each_expr(&function.body, true, &mut |expr| {
        let Some(call) = expr.call() else { return };
        if matches!(called_name(&call.callee), Some("update" | "encrypt"))
            && let Some(given) = call.arguments.first()
        {
            all.push(written(&given.value, 4).is_some());
        }
    });
    !all.is_empty() && all.into_iter().all(|is_written| is_written)
}

/// The key of the cipher of which a mode is given: `Cipher(algorithms.AES(key), modes.CBC(iv))`.
fn key_beside<'a>(around: Around<'a, '_>) -> Option<&'a Expr> {
    let cipher = around
        .iter()
        .rev()
        .find_map(|node| node.expr()?.call().filter(|call| called_name(&call.callee) == Some("Cipher")))?;
    let algorithm = cipher.arguments.first()?.value.call()?;
    algorithm.arguments.first().map(|given| &given.value)
}

fn positional(call: &Call, at: usize) -> Option<&Expr> {
    call.arguments.iter().filter(|given| given.name.is_none()).nth(at).map(|given| &given.value)
}

fn python<'a>(
    looked: &mut Looked<'_, 'a, '_>,
    path: &str,
    (expr, call): (&'a Expr, &'a Call),
) -> Option<Option<Fault>> {
    let last = called_name(&call.callee)?;
    if let Some(name) = path.strip_suffix(".new").and_then(|path| {
        path.strip_prefix("Crypto.Cipher.").or_else(|| path.strip_prefix("Cryptodome.Cipher."))
    }) {
        return match name {
            "DES" | "ARC4" | "ARC2" | "XOR" => broken(expr, name, Severity::Error),
            "DES3" | "Blowfish" | "CAST" => broken(expr, name, Severity::Warning),
            "PKCS1_v1_5" => padding(expr),
            _ => {
                let mode = keyword(&call.arguments, "mode").or_else(|| positional(call, 1));
                if mode.and_then(called_name) == Some("MODE_ECB") && !encrypts_constants(looked.around) {
                    return ecb(expr);
                }
                let vector = ["iv", "IV", "nonce"]
                    .iter()
                    .find_map(|name| keyword(&call.arguments, name))
                    .or_else(|| positional(call, 2));
                fixed(looked, expr, (positional(call, 0), vector), "initialisation vector")
            }
        };
    }
    if !path.starts_with("cryptography.")
        && last != "encrypt"
        && last != "decrypt"
        && path != "Crypto.PublicKey.RSA.generate"
    {
        return None;
    }
    match last {
        "ECB" if encrypts_constants(looked.around) => Some(None),
        "ECB" => ecb(expr),
        "ARC4" => broken(expr, "ARC4", Severity::Error),
        "TripleDES" | "Blowfish" | "IDEA" | "SEED" | "CAST5" => broken(expr, last, Severity::Warning),
        "CBC" | "CTR" | "GCM" | "CFB" | "OFB" if path.contains(".modes.") => {
            let key = key_beside(looked.around);
            fixed(looked, expr, (key, positional(call, 0)), "initialisation vector")
        }
        "generate_private_key" if path.contains(".rsa.") => {
            key_size(expr, option(call, "key_size").or_else(|| positional(call, 1)))
        }
        "generate" => key_size(expr, option(call, "bits").or_else(|| positional(call, 0))),
        "PKCS1v15" => {
            // The same padding is right for signatures.
            let outer = looked.around.iter().rev().find_map(|node| node.expr()?.call())?;
            matches!(called_name(&outer.callee), Some("encrypt" | "decrypt")).then(|| padding(expr))?
        }
        // `AESGCM(key).encrypt(nonce, ..)`
        "encrypt" => aead(looked, (expr, call)),
        _ => None,
    }
}

/// `AESGCM(key).encrypt(nonce, data, extra)`, also through a name.
fn aead<'a>(looked: &mut Looked<'_, 'a, '_>, (expr, call): (&'a Expr, &'a Call)) -> Option<Option<Fault>> {
    let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
    let made = looked.origins(object).into_iter().filter_map(Expr::call).find(|made| {
        matches!(
            called_name(&made.callee),
            Some("AESGCM" | "ChaCha20Poly1305" | "AESCCM" | "AESOCB3" | "AESGCMSIV")
        )
    });
    fixed(looked, expr, (positional(made?, 0), positional(call, 0)), "nonce")
}

fn padding(expr: &Expr) -> Option<Option<Fault>> {
    let message = "RSA encryption with the padding of PKCS #1 v1.5: whoever can ask whether a text decrypts reads any (Bleichenbacher)".to_owned();
    fault(
        expr,
        "padding",
        Severity::Warning,
        message,
        "use OAEP (`padding.OAEP(..)`, `RSA_PKCS1_OAEP_PADDING`, `Oaep::new::<Sha256>()`)",
    )
}

fn key_size(expr: &Expr, size: Option<&Expr>) -> Option<Option<Fault>> {
    let bits = match size.map(|size| &size.kind) {
        Some(ExprKind::Literal(Literal::Integer(digits))) => digits.parse::<u32>().ok()?,
        _ => return Some(None),
    };
    if bits >= 2048 {
        return Some(None);
    }
    let message = format!(
        "an RSA key of {bits} bits can be factored by whoever can pay for it; 2,048 are the least (NIST SP 800-131A)"
    );
    fault(expr, "key-size", Severity::Error, message, "use 3,072 bits, or Ed25519")
}

fn script<'a>(
    looked: &mut Looked<'_, 'a, '_>,
    path: &str,
    (expr, call): (&'a Expr, &'a Call),
) -> Option<Option<Fault>> {
    match path {
        "crypto.createCipher" | "crypto.createDecipher" => {
            let message = "`createCipher` makes key and vector of the password by one MD5 without salt, and is gone from Node 22".to_owned();
            fault(
                expr,
                "cipher",
                Severity::Error,
                message,
                "use `createCipheriv(\"aes-256-gcm\", key, crypto.randomBytes(12))` with a key of 32 random bytes",
            )
        }
        "crypto.createCipheriv" | "crypto.Cipheriv" => {
            let names = looked.named(call.arguments.first().map(|given| &given.value)?);
            for named in names {
                let name = named.name;
                if name.ends_with("ecb") {
                    return ecb(expr);
                }
                if name.starts_with("rc4")
                    || name.starts_with("rc2")
                    || name.starts_with("des") && !name.starts_with("desede") && !name.starts_with("des3")
                {
                    return broken(expr, &name, Severity::Error);
                }
                if name.starts_with("des")
                    || name.starts_with("bf")
                    || name.starts_with("idea")
                    || name.starts_with("cast")
                {
                    return broken(expr, &name, Severity::Warning);
                }
            }
            fixed(looked, expr, (positional(call, 1), positional(call, 2)), "initialisation vector")
        }
        "crypto.publicEncrypt" | "crypto.privateDecrypt" => {
            match option(call, "padding").and_then(called_name) {
                Some("RSA_NO_PADDING") => fault(
                    expr,
                    "padding",
                    Severity::Error,
                    "RSA without padding: equal texts are equal when encrypted, and small ones are read without the key".to_owned(),
                    "use `RSA_PKCS1_OAEP_PADDING`, the default",
                ),
                Some("RSA_PKCS1_PADDING") => padding(expr),
                _ => Some(None),
            }
        }
        "crypto.generateKeyPair" | "crypto.generateKeyPairSync" => {
            key_size(expr, option(call, "modulusLength"))
        }
        _ => crypto_js(looked, path, (expr, call)),
    }
}

/// `CryptoJS.AES.encrypt(text, key, { mode, iv })`.
fn crypto_js<'a>(
    looked: &mut Looked<'_, 'a, '_>,
    path: &str,
    (expr, call): (&'a Expr, &'a Call),
) -> Option<Option<Fault>> {
    let of = path
        .strip_suffix(".encrypt")
        .and_then(|path| path.strip_prefix("CryptoJS.").or_else(|| path.strip_prefix("crypto-js.")))?;
    match of {
        "DES" | "RC4" | "RC4Drop" | "Rabbit" => broken(expr, of, Severity::Error),
        "TripleDES" | "Blowfish" => broken(expr, of, Severity::Warning),
        _ if option(call, "mode").and_then(called_name) == Some("ECB") => ecb(expr),
        _ => fixed(looked, expr, (positional(call, 1), option(call, "iv")), "initialisation vector"),
    }
}

fn rust<'a>(
    looked: &mut Looked<'_, 'a, '_>,
    path: &str,
    (expr, call): (&'a Expr, &'a Call),
) -> Option<Option<Fault>> {
    let parts: Vec<&str> = path.split('.').collect();
    let has = |name: &str| parts.contains(&name);
    let last = parts.last().copied().unwrap_or_default();
    if last.ends_with("_ecb") || has("ecb") && last == "new" {
        return ecb(expr);
    }
    if has("Cipher") && matches!(last, "des_cbc" | "des_ecb" | "rc4") || has("Rc4") && last == "new" {
        return broken(expr, last, Severity::Error);
    }
    if last == "des_ede3_cbc" {
        return broken(expr, last, Severity::Warning);
    }
    if has("RsaPrivateKey") && last == "new" {
        return key_size(expr, positional(call, 1));
    }
    if matches!(last, "encrypt" | "decrypt") && call.arguments.iter().any(|given| names_pkcs1(&given.value)) {
        return padding(expr);
    }
    if last == "from_slice" && (has("Nonce") || has("XNonce")) {
        return fixed(looked, expr, (None, positional(call, 0)), "nonce");
    }
    None
}

fn names_pkcs1(expr: &Expr) -> bool {
    called_name(expr) == Some("Pkcs1v15Encrypt")
}

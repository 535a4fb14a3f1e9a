//! # crypto-misuse
//!
//! Encryption that looks right and protects nothing: a mode that shows the picture through, an initialisation vector that never changes, a cipher that
//! was broken decades ago, a digest that anybody can forge, a password stretched for a millisecond. It all runs, and every test is green.
//!
//! ## What is reported
//!
//! - **error**: ECB; RC4, DES, RC2; `createCipher`; an initialisation vector or nonce that is written in the code or cut off the key; RSA keys under 2,048 bits
//!   and RSA without padding; signatures over MD5 or SHA-1; MD5 or SHA-1 of something kept as a password or in a file of passwords; PBKDF2 with
//!   fewer than 10,000 rounds;
//! - **warning**: triple DES, Blowfish and IDEA (64-bit blocks); RSA encryption with PKCS #1 v1.5; MD5 or SHA-1 as a token, a key, a session id or a signature;
//!   PBKDF2 with fewer than 50,000 rounds; a cost of bcrypt under 10; a salt that is written in the code.
//!
//! A vector is left alone where it is written into after it is made (a counter, random bytes), where the key is made for one message in the same function,
//! where the function only decrypts, and where key and vector are two parts of one derivation; ECB where all that is encrypted is written in the code. Rounds
//! and salts of PBKDF2 are judged where what is stretched is called a password.
//!
//! What a digest is for is told by where it goes. Left alone: checksums, cache keys, ETags, object ids, names of files, Gravatar, `usedforsecurity=False`,
//! HMAC with SHA-1 (not broken), digests of what nobody can foresee, and protocols that say which digest they want. The name of an algorithm is followed
//! through names, defaults and files of settings in the tree.
//!
//! ## What to do
//!
//! AES-GCM or ChaCha20-Poly1305 with a fresh random nonce for each message (`cryptography.fernet`, `AESGCM`, `aes-256-gcm`); RSA with OAEP and PSS, or Ed25519;
//! SHA-256; for passwords argon2, scrypt or bcrypt.
//!
//! Source: [CWE-327](https://cwe.mitre.org/data/definitions/327.html), [CWE-328](https://cwe.mitre.org/data/definitions/328.html),
//! [CWE-329](https://cwe.mitre.org/data/definitions/329.html), [CWE-780](https://cwe.mitre.org/data/definitions/780.html),
//! [CWE-916](https://cwe.mitre.org/data/definitions/916.html); NIST SP 800-131A; RFC 8017, section 7.2; RFC 6151 and 6194; OWASP Password Storage Cheat Sheet.

mod algorithm;
mod cipher;
mod constant;
mod digest;
mod stretch;

use std::cell::OnceCell;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::destination::Destinations;
use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::facts::values::FileValues;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("crypto-misuse"),
        version: 1,
        failure_mode: FailureMode::HallucinatedConfidence,
        need: Need::Required,
        title: "encryption that protects nothing",
        applies_to: "use of cryptography",
        variants: &["cipher", "mode", "fixed-iv", "padding", "key-size", "digest", "rounds", "fixed-salt"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// Something wrong with what a call does.
struct Fault {
    extent: Extent,
    variant: &'static str,
    severity: Severity,
    message: String,
    advice: &'static str,
    /// Another place, with what is there.
    related: Option<(usize, Extent, String)>,
}

/// Texts of which one stands in every file that uses cryptography in a way that can be wrong.
const WORDS: &[&str] = &[
    "md5",
    "MD5",
    "Md5",
    "sha1",
    "SHA1",
    "Sha1",
    "SHA-1",
    "hashlib",
    "createHash",
    "createCipher",
    "createSign",
    "createVerify",
    "createDecipher",
    "publicEncrypt",
    "privateDecrypt",
    "generateKeyPair",
    "crypto-js",
    "CryptoJS",
    "crypto.hash",
    "crypto.sign",
    "pbkdf2",
    "PBKDF2",
    "Crypto.",
    "Cryptodome",
    "hazmat",
    "bcrypt",
    "_ecb",
    "ecb::",
    "Rc4",
    "RsaPrivateKey",
    "Pkcs1v15",
    "Nonce::",
];

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let mut whereto = Destinations::of(context.files);
    let settings = OnceCell::new();
    for (at, file) in context.files.iter().enumerate() {
        if !file.is_test && WORDS.iter().any(|word| file.text.contains(word)) {
            judge(context, (&mut whereto, &settings), (at, file), report);
        }
    }
}

fn judge<'a>(
    context: &Context<'a>,
    (whereto, settings): (&mut Destinations<'a>, &OnceCell<algorithm::Settings>),
    (at, file): (usize, &'a SourceFile),
    report: &mut Report<'_>,
) {
    let mut values = FileValues::of(&file.syntax);
    each_node(&file.syntax, &mut |node, around| {
        let Node::Expr(expr) = node else { return true };
        let Some(call) = expr.call() else { return true };
        let mut looked = algorithm::Looked { context, file, values: &mut values, around, settings };
        let found = digest::judge(&mut looked, whereto, at, (expr, call))
            .or_else(|| cipher::judge(&mut looked, (expr, call)))
            .or_else(|| stretch::judge(&mut looked, (expr, call)));
        let Some(found) = found else { return true };
        report.trial();
        if let Some(fault) = found {
            say(context, file, fault, report);
        }
        true
    });
}

fn say(context: &Context<'_>, file: &SourceFile, fault: Fault, report: &mut Report<'_>) {
    let mut draft = report
        .at(file, fault.extent, fault.message)
        .variant(fault.variant)
        .severity(fault.severity)
        .confidence(Confidence::High)
        .advice(fault.advice);
    if let Some((at, extent, note)) = fault.related
        && let Some(there) = context.files.get(at)
        && (!std::ptr::eq(there, file)
            || file.lines.line(extent.start) != file.lines.line(fault.extent.start))
    {
        draft = draft.related(there, extent, note);
    }
    report.add(draft);
}

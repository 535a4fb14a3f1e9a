//! Where a program hands over the key that signs its sessions, tokens, cookies, links and messages, or encrypts its data: whoever knows it
//! can forge them.

use super::nodes::Node;
use super::source::SourceFile;
use super::syntax::{Argument, Call, Expr, ExprKind, Stmt, StmtKind};
use super::values::{called_name, keyword, option};
use super::words::has_word;
use crate::language::Language;

/// A key handed over.
#[derive(Debug, Clone, Copy)]
pub struct SigningKey<'a> {
    /// The key.
    pub value: &'a Expr,
    /// What is done with it: "tokens are signed".
    pub signs: &'static str,
    /// Whether the library works with an empty key too, so that anybody can sign.
    pub takes_empty: bool,
    /// Whether what is written here is a default that the same library lets a file of settings replace.
    pub replaceable: bool,
}

/// The key that a node hands over.
pub fn signing_key<'a>(file: &SourceFile, node: Node<'a>) -> Option<SigningKey<'a>> {
    match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) if file.language == Language::Python => {
            let signs = assigned(file, assign.targets.first()?)?;
            Some(key(assign.value.as_ref()?, signs))
        }
        Node::Expr(Expr { kind: ExprKind::Assign { target, op: None, value }, .. }) => {
            koa_keys(target, value)
        }
        Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => called(file, call),
        _ => None,
    }
}

impl SigningKey<'_> {
    /// What somebody who knows the key can do.
    pub fn harm(&self) -> &'static str {
        if self.signs == "data is encrypted" { "read it" } else { "forge them" }
    }
}

fn key<'a>(value: &'a Expr, signs: &'static str) -> SigningKey<'a> {
    SigningKey { value, signs, takes_empty: false, replaceable: false }
}

/// Flask's and Django's secret keys.
fn assigned(file: &SourceFile, target: &Expr) -> Option<&'static str> {
    match &target.kind {
        ExprKind::Member { object, name, .. } if name == "secret_key" => {
            matches!(called_name(object), Some("app" | "application" | "server"))
                .then_some("sessions are signed")
        }
        ExprKind::Index { object, index } => {
            let key = index.string()?;
            let is_config = called_name(object) == Some("config");
            (is_config && is_config_key(key)).then_some("sessions and tokens are signed")
        }
        ExprKind::Name(name) if name == "SECRET_KEY" => {
            let is_settings = file.path.ends_with("settings.py")
                || file.path.contains("/settings/")
                || file.text.contains("INSTALLED_APPS");
            is_settings.then_some("sessions and reset links are signed")
        }
        _ => None,
    }
}

fn is_config_key(key: &str) -> bool {
    matches!(key, "SECRET_KEY" | "JWT_SECRET_KEY" | "JWT_SECRET")
}

/// Koa's `app.keys = [..]`.
fn koa_keys<'a>(target: &Expr, value: &'a Expr) -> Option<SigningKey<'a>> {
    let ExprKind::Member { object, name, .. } = &target.kind else { return None };
    let is_keys = name == "keys" && called_name(object) == Some("app");
    is_keys.then(|| key(first_item(value), "cookies are signed"))
}

fn first_item(value: &Expr) -> &Expr {
    match &value.kind {
        ExprKind::Sequence { items, .. } => items.first().unwrap_or(value),
        _ => value,
    }
}

fn positional(arguments: &[Argument], at: usize) -> Option<&Expr> {
    arguments.iter().filter(|argument| argument.name.is_none()).nth(at).map(|argument| &argument.value)
}

/// Calls that take a key: by the full name of what is called, then by what an option is called.
fn called<'a>(file: &SourceFile, call: &'a Call) -> Option<SigningKey<'a>> {
    let path = file.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
    let at = |at| positional(&call.arguments, at);
    let empty = |value: &'a Expr, signs| SigningKey { takes_empty: true, ..key(value, signs) };
    let found = match path.trim_start_matches("node:") {
        "jwt.encode" | "jwt.decode" => {
            key(keyword(&call.arguments, "key").or_else(|| at(1))?, "tokens are signed")
        }
        "jose.jwt.encode" | "jose.jwt.decode" | "jose.jws.sign" | "jose.jws.verify" => {
            empty(keyword(&call.arguments, "key").or_else(|| at(1))?, "tokens are signed")
        }
        "jsonwebtoken.sign"
        | "jsonwebtoken.verify"
        | "jsonwebtoken.default.sign"
        | "jsonwebtoken.default.verify"
        | "jose.jwtVerify" => key(at(1)?, "tokens are signed"),
        "cookie-parser" | "cookie-parser.default" => key(first_item(at(0)?), "cookies are signed"),
        "crypto.createHmac" => empty(at(1)?, "messages are signed"),
        "crypto.createCipheriv" | "crypto.createDecipheriv" => key(at(1)?, "data is encrypted"),
        "cryptography.fernet.Fernet"
        | "Crypto.Cipher.AES.new"
        | "Cryptodome.Cipher.AES.new"
        | "cryptography.hazmat.primitives.ciphers.aead.AESGCM" => key(at(0)?, "data is encrypted"),
        "CryptoJS.AES.encrypt" | "crypto-js.AES.encrypt" => key(at(1)?, "data is encrypted"),
        "hmac.new" | "hmac.digest" => empty(at(0)?, "messages are signed"),
        "itsdangerous.URLSafeTimedSerializer"
        | "itsdangerous.URLSafeSerializer"
        | "itsdangerous.TimedSerializer"
        | "itsdangerous.Signer"
        | "itsdangerous.TimestampSigner" => empty(at(0)?, "links are signed"),
        "starlette.middleware.sessions.SessionMiddleware" => {
            empty(keyword(&call.arguments, "secret_key").or_else(|| at(1))?, "sessions are signed")
        }
        _ => return by_method(file, call).or_else(|| by_option(file, call, &path)),
    };
    Some(found)
}

/// Methods whose object says what they sign.
fn by_method<'a>(file: &SourceFile, call: &'a Call) -> Option<SigningKey<'a>> {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    let owner = || file.resolve(object).or_else(|| object.dotted()).unwrap_or_default();
    match name.as_str() {
        // jsonwebtoken of Rust.
        "from_secret" if matches!(called_name(object), Some("EncodingKey" | "DecodingKey")) => {
            Some(key(positional(&call.arguments, 0)?, "tokens are signed"))
        }
        "new_from_slice" if owner().contains("Hmac") || owner().contains("Mac") => {
            let value = positional(&call.arguments, 0)?;
            Some(SigningKey { takes_empty: true, ..key(value, "messages are signed") })
        }
        // jose's `new SignJWT(claims).setProtectedHeader(..).sign(key)`.
        "sign" if begins_with(object, "SignJWT") => {
            Some(key(positional(&call.arguments, 0)?, "tokens are signed"))
        }
        // Starlette's way to add a middleware: `app.add_middleware(SessionMiddleware, secret_key=..)`.
        "add_middleware" => {
            let middleware = file.resolve(positional(&call.arguments, 0)?)?;
            let value = keyword(&call.arguments, "secret_key")?;
            middleware
                .ends_with("SessionMiddleware")
                .then(|| SigningKey { takes_empty: true, ..key(value, "sessions are signed") })
        }
        // Flask's `app.config.from_mapping(SECRET_KEY=..)`.
        "from_mapping" | "update" if called_name(object) == Some("config") => {
            let given =
                call.arguments.iter().find(|given| given.name.as_deref().is_some_and(is_config_key))?;
            Some(SigningKey { replaceable: true, ..key(&given.value, "sessions and tokens are signed") })
        }
        _ => None,
    }
}

/// Whether a chain of calls begins with a call of this name.
fn begins_with(expr: &Expr, name: &str) -> bool {
    let Some(call) = expr.call() else { return false };
    match &call.callee.kind {
        ExprKind::Member { object, .. } => begins_with(object, name),
        _ => called_name(&call.callee) == Some(name),
    }
}

/// `session({ secret })`, `new JwtStrategy({ secretOrKey })`, `app.register(jwt, { secret })`, `JWTStrategy(secret=..)`: what is called,
/// or what is registered, says what the option signs.
fn by_option<'a>(file: &SourceFile, call: &'a Call, path: &str) -> Option<SigningKey<'a>> {
    let named = ["secret", "secret_key", "secretOrKey", "secretOrPrivateKey", "jwtSecret"];
    let value = named.iter().find_map(|name| option(call, name));
    let keys = || option(call, "keys").filter(|_| path.contains("session"));
    let value = value.or_else(keys)?;
    let first = call.arguments.first().map(|argument| &argument.value);
    let registered = first.and_then(|first| file.resolve(first).or_else(|| first.dotted()));
    let takers = [Some(path), registered.as_deref()];
    let says = |words: &[&str]| takers.iter().flatten().any(|taker| has_word(taker, words));
    let signs = if says(&["jwt", "passport", "bearer"]) {
        "tokens are signed"
    } else if says(&["session", "sessions"])
        || matches!(called_name(&call.callee), Some("NextAuth" | "betterAuth" | "AuthenticationBackend"))
    {
        "sessions are signed"
    } else if says(&["cookie", "cookies", "csrf"]) {
        "cookies are signed"
    } else {
        return None;
    };
    Some(key(first_item(value), signs))
}

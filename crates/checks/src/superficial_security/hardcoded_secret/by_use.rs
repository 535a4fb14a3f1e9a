//! Secrets known by what they are used for: a literal that signs sessions and tokens is one, however it reads.

use seaworthy_core::Confidence;

use super::Found;
use super::by_name::literal_text;
use crate::facts::credentials::hint;
use crate::facts::nodes::Node;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Stmt, StmtKind};
use crate::facts::values::{called_name, keyword};
use crate::language::Language;

/// A literal where a signing secret goes.
pub(super) fn signing_secret(file: &SourceFile, node: Node<'_>) -> Option<Found> {
    let (value, signs) = match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) if file.language == Language::Python => {
            (assign.value.as_ref()?, assigned(file, assign.targets.first()?)?)
        }
        Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => called(file, call)?,
        _ => return None,
    };
    let text = literal_text(value).filter(|text| !text.is_empty() && !text.starts_with(['<', '$', '{']))?;
    Some(Found {
        extent: value.extent,
        variant: "signing-secret",
        message: format!(
            "{signs} with a literal (`{}`): whoever reads the repository can forge them",
            hint(text)
        ),
        confidence: Confidence::High,
        name: signs.to_owned(),
    })
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
            (is_config && matches!(key, "SECRET_KEY" | "JWT_SECRET_KEY" | "JWT_SECRET"))
                .then_some("sessions and tokens are signed")
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

/// `jwt.encode(payload, "..")`, `jwt.sign(payload, "..")`, `session({ secret: ".." })`, `createHmac("sha256", "..")`, `hmac.new(b"..", ..)`.
fn called<'a>(file: &SourceFile, call: &'a Call) -> Option<(&'a Expr, &'static str)> {
    let path = file.resolve(&call.callee)?;
    let positional = |at: usize| {
        call.arguments
            .iter()
            .filter(|argument| argument.name.is_none())
            .nth(at)
            .map(|argument| &argument.value)
    };
    match path.trim_start_matches("node:") {
        "jwt.encode" | "jwt.decode" | "jose.jwt.encode" | "jose.jwt.decode" => {
            Some((keyword(&call.arguments, "key").or_else(|| positional(1))?, "tokens are signed"))
        }
        "jsonwebtoken.sign"
        | "jsonwebtoken.verify"
        | "jsonwebtoken.default.sign"
        | "jsonwebtoken.default.verify" => Some((positional(1)?, "tokens are signed")),
        "express-session" | "express-session.default" | "cookie-session" | "cookie-session.default" => {
            let ExprKind::Record { entries, .. } = &positional(0)?.kind else { return None };
            let secret = entries.iter().find_map(|(key, value)| {
                let key = key.as_ref()?;
                (key.string().or_else(|| called_name(key)) == Some("secret")).then_some(value)
            });
            Some((secret?, "sessions are signed"))
        }
        "cookie-parser" | "cookie-parser.default" => Some((positional(0)?, "cookies are signed")),
        "crypto.createHmac" => Some((positional(1)?, "messages are signed")),
        "hmac.new" | "hmac.digest" => Some((positional(0)?, "messages are signed")),
        "itsdangerous.URLSafeTimedSerializer"
        | "itsdangerous.URLSafeSerializer"
        | "itsdangerous.Signer"
        | "itsdangerous.TimestampSigner" => Some((positional(0)?, "links are signed")),
        "starlette.middleware.sessions.SessionMiddleware" => {
            Some((keyword(&call.arguments, "secret_key")?, "sessions are signed"))
        }
        _ => None,
    }
}

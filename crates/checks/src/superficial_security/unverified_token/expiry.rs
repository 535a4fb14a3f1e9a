//! Tokens that never end: whose end is ignored, or that have none.

use seaworthy_core::Severity;

use super::signature::{ignores_expiry, is};
use super::{Fault, Site};
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Stmt, StmtKind};
use crate::facts::values::{called_name, entry, keyword, option, referred};

/// A call that reads or makes a token, and what is wrong with its end; `None` for any other.
pub(super) fn judge(site: &mut Site<'_, '_, '_>) -> Option<Option<Fault>> {
    match site.path.as_str() {
        "jwt.encode" | "jose.jwt.encode" => {
            Some(endless(site, keyword(&site.call.arguments, "payload").or_else(|| site.at(0))))
        }
        "jsonwebtoken.encode" => {
            let claims = site.at(1).map(referred);
            let renamed = claims.is_some_and(|claims| ends_renamed(site, claims));
            Some(if renamed { None } else { endless(site, claims) })
        }
        "jsonwebtoken.sign" | "jsonwebtoken.default.sign" => {
            let has_end = option(site.call, "expiresIn").is_some()
                || site.at(2).is_some_and(|options| !is_plain(options));
            Some(if has_end { None } else { endless(site, site.at(0)) })
        }
        "flask_jwt_extended.create_access_token" => Some(
            keyword(&site.call.arguments, "expires_delta")
                .filter(|delta| is(delta, false))
                .map(|_| never_ends(site.expr)),
        ),
        "flask_jwt_extended.decode_token" => Some(
            keyword(&site.call.arguments, "allow_expired")
                .filter(|on| is(on, true))
                .map(|_| ignores_expiry(site.expr)),
        ),
        "authlib.jose.jwt.decode" => Some((!is_validated(site)).then(|| {
            Fault::new(
                site.expr.extent,
                "expiry",
                Severity::Warning,
                "Authlib checks the signature only: without `claims.validate()` a token is good for ever",
                "call `claims.validate()` before the claims are used",
            )
        })),
        _ => by_method(site),
    }
}

/// `URLSafeTimedSerializer(..).loads(token)`, `new JwtStrategy({ ignoreExpiration: true })`.
fn by_method(site: &mut Site<'_, '_, '_>) -> Option<Option<Fault>> {
    let name = called_name(&site.call.callee)?;
    if name.ends_with("Strategy") {
        let ignores = option(site.call, "ignoreExpiration")?;
        return Some(is(ignores, true).then(|| ignores_expiry(site.expr)));
    }
    if !matches!(name, "loads" | "loads_unsafe" | "unsign") {
        return None;
    }
    let ExprKind::Member { object, .. } = &site.call.callee.kind else { return None };
    let made = site.values.origins(object, site.around).into_iter().filter_map(Expr::call);
    let kind = made
        .filter_map(|made| site.file.resolve(&made.callee))
        .find(|kind| kind.starts_with("itsdangerous."))?;
    if name == "loads_unsafe" {
        return Some(Some(Fault::new(
            site.expr.extent,
            "signature",
            Severity::Error,
            "`loads_unsafe` reads what anybody may have written: the signature is not checked",
            "use `loads`, which throws when the signature is wrong",
        )));
    }
    let timed = kind.contains("Timed") || kind.ends_with("TimestampSigner");
    let aged = keyword(&site.call.arguments, "max_age").or_else(|| site.at(1)).is_some();
    Some((timed && !aged).then(|| {
        Fault::new(
            site.expr.extent,
            "expiry",
            Severity::Warning,
            "the time in the token is never looked at: without `max_age` it is good for ever",
            "say how old it may be: `loads(token, max_age=3600)`",
        )
    }))
}

/// `validation.validate_exp = false`
pub(super) fn switched_off(file: &SourceFile, stmt: &Stmt) -> Option<Option<Fault>> {
    let StmtKind::Assign(assign) = &stmt.kind else { return None };
    let target = assign.targets.first().and_then(called_name)?;
    if target != "validate_exp" || !file.text.contains("jsonwebtoken") {
        return None;
    }
    let off = assign.value.as_ref().is_some_and(|value| is(value, false));
    Some(off.then(|| {
        Fault::new(
            stmt.extent,
            "expiry",
            Severity::Warning,
            "the expiry is ignored: a token that was stolen once is good for ever",
            "leave `validate_exp` on",
        )
    }))
}

fn never_ends(expr: &Expr) -> Fault {
    Fault::new(
        expr.extent,
        "expiry",
        Severity::Warning,
        "the token never expires: once stolen it is good for ever",
        "give it an end: `\"exp\": now + timedelta(minutes=15)` (Python), `{ expiresIn: \"15m\" }` (JavaScript), `exp: now + 900` (Rust)",
    )
}

/// Whether claims of Rust have their end under another name, which `#[serde(rename = "exp")]` makes the one that it is.
fn ends_renamed<'a>(site: &mut Site<'_, 'a, '_>, claims: &'a Expr) -> bool {
    let is_end = |(key, _): &(Option<Expr>, Expr)| {
        key.as_ref().and_then(Expr::string).is_some_and(|key| key.starts_with("exp"))
    };
    site.values
        .origins(claims, site.around)
        .into_iter()
        .any(|origin| matches!(&origin.kind, ExprKind::Record { entries, .. } if entries.iter().any(is_end)))
}

/// Whether options are written in their place, so that what is not there is not set.
fn is_plain(options: &Expr) -> bool {
    matches!(&options.kind, ExprKind::Record { entries, .. } if entries.iter().all(|(key, _)| key.is_some()))
}

/// A token is made of claims that are all known, and no end is among them.
fn endless<'a>(site: &mut Site<'_, 'a, '_>, claims: Option<&'a Expr>) -> Option<Fault> {
    let claims = claims?;
    let origins = site.values.origins(claims, site.around);
    let known = !origins.is_empty() && origins.iter().all(|origin| has_no_end(origin));
    // `claims["exp"] = ..`, `claims.update(..)`
    let added = called_name(claims).is_some_and(|name| is_added_to(site, name));
    (known && !added).then(|| never_ends(site.expr))
}

fn has_no_end(record: &Expr) -> bool {
    match &record.kind {
        ExprKind::Record { entries, .. } => {
            entries.iter().all(|(key, _)| key.is_some())
                && entry(record, "exp").is_none()
                && !entries.is_empty()
        }
        _ => false,
    }
}

fn is_added_to(site: &Site<'_, '_, '_>, name: &str) -> bool {
    let Some(function) = site.around.iter().rev().find_map(|node| node.function()) else { return true };
    let of_it = |expr: &Expr| called_name(expr) == Some(name);
    let mut added = false;
    each_in_body(&function.body, &mut |node, _| {
        added |= match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                assign.targets.iter().any(|target| part_of(target, &of_it))
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => part_of(target, &of_it),
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => is_update(call, &of_it),
            _ => false,
        };
        !added
    });
    added
}

fn part_of(target: &Expr, of_it: &dyn Fn(&Expr) -> bool) -> bool {
    matches!(&target.kind, ExprKind::Index { object, .. } | ExprKind::Member { object, .. } if of_it(object))
}

fn is_update(call: &Call, of_it: &dyn Fn(&Expr) -> bool) -> bool {
    matches!(&call.callee.kind, ExprKind::Member { object, name, .. } if matches!(name.as_str(), "update" | "setdefault") && of_it(object))
}

/// Whether the claims that Authlib gives back are validated in the same function.
fn is_validated(site: &Site<'_, '_, '_>) -> bool {
    let Some(function) = site.around.iter().rev().find_map(|node| node.function()) else { return false };
    let mut validated = false;
    each_in_body(&function.body, &mut |node, _| {
        validated |= node
            .expr()
            .and_then(Expr::call)
            .is_some_and(|call| matches!(called_name(&call.callee), Some("validate" | "validate_exp")));
        !validated
    });
    validated
}

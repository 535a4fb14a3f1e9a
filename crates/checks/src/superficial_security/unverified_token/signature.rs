//! Tokens whose signature nobody checks, or whose own word says how it is to be checked.

use seaworthy_core::Severity;

use super::{Fault, Site};
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::syntax::{Call, Expr, ExprKind, Function, Literal, Stmt, StmtKind};
use crate::facts::values::{called_name, entry, keyword, option};
use crate::facts::words::has_word;
use crate::language::Language;

const VERIFY: &str = "check it first: `jwt.decode(token, KEY, algorithms=[\"HS256\"])` (Python), `jwt.verify(token, KEY, { algorithms: [\"HS256\"] })` (JavaScript)";
const NAME: &str = "name the algorithms in the code: `algorithms=[\"HS256\"]`";

/// A call that reads a token, and what is wrong with it; `None` for what reads none.
pub(super) fn judge(site: &mut Site<'_, '_, '_>) -> Option<Option<Fault>> {
    match site.file.language {
        Language::Python => python(site),
        Language::Rust => rust(site),
        _ => script(site),
    }
}

fn python(site: &mut Site<'_, '_, '_>) -> Option<Option<Fault>> {
    match site.path.as_str() {
        "jwt.decode" | "jose.jwt.decode" | "jwt.decode_complete" => {}
        "jose.jwt.get_unverified_claims" | "jose.jws.get_unverified_claims" => return unchecked(site),
        _ => return by_hand(site),
    }
    let options = keyword(&site.call.arguments, "options").or_else(|| site.at(3));
    let options = options.and_then(|options| {
        let mut origins = site.values.origins(options, site.around).into_iter();
        origins.find(|origin| matches!(origin.kind, ExprKind::Record { .. }))
    });
    let off = |name| options.and_then(|options| entry(options, name)).is_some_and(|value| is(value, false));
    if off("verify_signature") {
        return unchecked(site);
    }
    if off("verify_exp") {
        return Some(Some(Fault::new(
            site.expr.extent,
            "expiry",
            Severity::Warning,
            "`verify_exp` is off: a token that was stolen once is good for ever",
            "leave the expiry to be checked; for clocks that differ give `leeway=30`",
        )));
    }
    let Some(algorithms) = keyword(&site.call.arguments, "algorithms").or_else(|| site.at(2)) else {
        let lets_any = site.path == "jose.jwt.decode";
        return Some(lets_any.then(|| {
            Fault::new(
                site.expr.extent,
                "algorithm",
                Severity::Warning,
                "python-jose is not told which algorithms are right, and takes the one that the token names if the key fits it",
                NAME,
            )
        }));
    };
    Some(by_algorithms(site, algorithms))
}

/// What is wrong with the list of the algorithms that are right.
fn by_algorithms<'a>(site: &mut Site<'_, 'a, '_>, algorithms: &'a Expr) -> Option<Fault> {
    let extent = algorithms.extent;
    let mut parts = Vec::new();
    for origin in site.values.origins(algorithms, site.around) {
        match &origin.kind {
            ExprKind::Sequence { items, .. } => parts.extend(items.iter()),
            _ => parts.push(origin),
        }
    }
    let mut none = false;
    for part in parts {
        none |= part.string().is_some_and(|text| text.eq_ignore_ascii_case("none"));
        // `jwt.get_unverified_header(token)["alg"]`, also through a name.
        let object = match &part.kind {
            ExprKind::Index { object, .. } | ExprKind::Member { object, .. } => Some(&**object),
            ExprKind::Call(call) => match &call.callee.kind {
                ExprKind::Member { object, .. } if called_name(&call.callee) == Some("get") => {
                    Some(&**object)
                }
                _ => None,
            },
            _ => None,
        };
        let Some(object) = object else { continue };
        let origins = site.values.origins(object, site.around);
        if origins.iter().any(|origin| is_unverified_header(origin)) {
            return Some(Fault::new(
                extent,
                "algorithm",
                Severity::Error,
                "the token itself says which algorithm is right: whoever makes one up chooses how it is checked (RFC 8725, 2.1)",
                NAME,
            ));
        }
    }
    none.then(|| {
        Fault::new(
            extent,
            "algorithm",
            Severity::Warning,
            "`none` is among the algorithms that are right: an unsigned token passes as soon as the key is missing",
            "take `none` out of the list",
        )
    })
}

fn is_unverified_header(expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= node.expr().is_some_and(|part| {
            matches!(
                called_name(part),
                Some(
                    "get_unverified_header"
                        | "get_unverified_headers"
                        | "decodeProtectedHeader"
                        | "decode_header"
                )
            )
        });
        !found
    });
    found
}

fn script(site: &mut Site<'_, '_, '_>) -> Option<Option<Fault>> {
    match site.path.as_str() {
        "jsonwebtoken.decode"
        | "jsonwebtoken.default.decode"
        | "jose.decodeJwt"
        | "jose.UnsecuredJWT.decode"
        | "jwt-simple.decode" => {
            if site.path.starts_with("jwt-simple") {
                return Some(site.at(2).filter(|off| is(off, true)).and_then(|_| unchecked(site)?));
            }
            return unchecked(site);
        }
        "jwt-decode" | "jwt-decode.jwtDecode" | "jwt-decode.default" if is_server(site) => {
            return unchecked(site);
        }
        "jsonwebtoken.verify" | "jsonwebtoken.default.verify" => {
            if let Some(algorithms) = option(site.call, "algorithms")
                && let Some(fault) = by_algorithms(site, algorithms)
            {
                return Some(Some(fault));
            }
            if option(site.call, "ignoreExpiration").is_some_and(|on| is(on, true)) {
                return Some(Some(ignores_expiry(site.expr)));
            }
            return Some(unheard(site.call));
        }
        _ => {}
    }
    if called_name(&site.call.callee) == Some("jwtDecode") && site.file.text.contains("fastify") {
        return unchecked(site);
    }
    by_hand(site)
}

/// A warning that the expiry is not looked at.
pub(super) fn ignores_expiry(expr: &Expr) -> Fault {
    Fault::new(
        expr.extent,
        "expiry",
        Severity::Warning,
        "the expiry is ignored: a token that was stolen once is good for ever",
        "leave the expiry to be checked, and give out tokens that live for minutes beside one that renews them",
    )
}

/// `jwt.verify(token, key, (error, claims) => ..)` that never looks at the error.
fn unheard(call: &Call) -> Option<Fault> {
    let ExprKind::Function(callback) = &call.arguments.last()?.value.kind else { return None };
    let error = callback.parameters.first()?.pattern.dotted()?;
    let claims = callback.parameters.get(1)?.pattern.dotted();
    // Nothing is there when it fails: to look at the claims is to look at the error.
    let looks = |name: &str| {
        let mut found = false;
        each_in_body(&callback.body, &mut |node, around| {
            let Node::Expr(Expr { kind: ExprKind::Name(used), .. }) = node else { return !found };
            let tested = name == error
                || matches!(
                    around.last(),
                    Some(
                        Node::Stmt(Stmt { kind: StmtKind::If { .. }, .. })
                            | Node::Expr(Expr {
                                kind: ExprKind::Unary { .. }
                                    | ExprKind::Logical { .. }
                                    | ExprKind::Conditional { .. }
                                    | ExprKind::Compare { .. },
                                ..
                            })
                    )
                );
            found |= used == name && tested;
            !found
        });
        found
    };
    let ignored = !looks(&error) && !claims.as_deref().is_some_and(looks);
    (ignored && !callback.body.is_empty()).then(|| {
        Fault::new(
            call.callee.extent,
            "signature",
            Severity::Error,
            format!("what `verify` says is not heard: `{error}` is never looked at, so that a forged token goes on like a right one"),
            "refuse when there is an error: `if (err) return res.sendStatus(401)`",
        )
    })
}

fn rust(site: &mut Site<'_, '_, '_>) -> Option<Option<Fault>> {
    // It checks the signature and the expiry, unless it is told otherwise.
    if site.path == "jsonwebtoken.decode" {
        return Some(None);
    }
    match called_name(&site.call.callee)? {
        "insecure_disable_signature_validation" | "dangerous_insecure_decode" | "insecure_decode" => {
            unchecked(site)
        }
        _ => None,
    }
}

/// The claims of a token are read unchecked: wrong when they are used, and the same function does not check it as well.
fn unchecked(site: &mut Site<'_, '_, '_>) -> Option<Option<Fault>> {
    let harmless = is_own(site)
        || verified_beside(site)
        || only_about_expiry(site)
        || is_browser(site)
        || is_handed_over(site);
    Some((!harmless).then(|| {
        let called = site.file.text_of(site.call.callee.extent);
        Fault::new(
            site.expr.extent,
            "signature",
            Severity::Error,
            format!("`{called}` does not check the signature here: whoever writes a token by hand is whoever it says"),
            VERIFY,
        )
    }))
}

/// Whether the token was made in the same function.
fn is_own(site: &mut Site<'_, '_, '_>) -> bool {
    let Some(token) = site.at(0) else { return false };
    site.values.origins(token, site.around).into_iter().filter_map(Expr::call).any(|call| {
        called_name(&call.callee).is_some_and(|name| {
            has_word(name, &["create", "sign", "encode", "generate", "issue", "make", "mint"])
        })
    })
}

/// Whether a token is what a provider handed over: an `id_token` by its name or its key, which is no part of a request.
fn is_handed_over(site: &mut Site<'_, '_, '_>) -> bool {
    let Some(token) = site.at(0) else { return false };
    let name = match &token.kind {
        ExprKind::Index { index, .. } => index.string(),
        ExprKind::Call(call) if called_name(&call.callee) == Some("get") => {
            call.arguments.first().and_then(|given| given.value.string())
        }
        _ => called_name(token),
    };
    name.is_some_and(|name| has_word(name, &["id"])) && !is_of_request(site, token, 8)
}

/// Whether a value is a part of the request at hand.
fn is_of_request<'a>(site: &mut Site<'_, 'a, '_>, expr: &'a Expr, steps: u32) -> bool {
    let Some(left) = steps.checked_sub(1) else { return false };
    match &expr.kind {
        ExprKind::Name(name) if matches!(name.as_str(), "request" | "req" | "ctx" | "event") => true,
        ExprKind::Name(_) => {
            let origins = site.values.origins(expr, site.around);
            origins.into_iter().any(|origin| !std::ptr::eq(origin, expr) && is_of_request(site, origin, left))
        }
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => is_of_request(site, object, left),
        ExprKind::Call(call) => is_of_request(site, &call.callee, left),
        ExprKind::Await(value) => is_of_request(site, value, left),
        _ => false,
    }
}

/// Whether the same function checks a token too, other than where the check has failed.
fn verified_beside(site: &Site<'_, '_, '_>) -> bool {
    if site.around.iter().any(|node| matches!(node, Node::Handler(_))) {
        return false;
    }
    let Some(function) = enclosing(site) else { return false };
    let mut verified = false;
    each_in_body(&function.body, &mut |node, _| {
        if let Some(call) = node.expr().and_then(Expr::call)
            && !std::ptr::eq(call, site.call)
        {
            let name = called_name(&call.callee).unwrap_or_default().to_lowercase();
            verified |= name.contains("verify")
                || name == "decode"
                    && keyword(&call.arguments, "algorithms").is_some()
                    && keyword(&call.arguments, "options").is_none();
        }
        !verified
    });
    verified
}

/// The outermost function around a call that is no mere wrapper of a whole file.
fn enclosing<'a>(site: &Site<'_, 'a, '_>) -> Option<&'a Function> {
    site.around.iter().rev().find_map(|node| {
        node.function().filter(|function| !function.parameters.is_empty() || !function.name.is_empty())
    })
}

/// Whether of the claims only when the token ends, or its header, is looked at.
fn only_about_expiry(site: &mut Site<'_, '_, '_>) -> bool {
    const ABOUT: &[&str] = &["exp", "iat", "header", "kid", "nbf", "alg", "jti", "iss"];
    let direct = match site.around.last() {
        Some(Node::Expr(Expr { kind: ExprKind::Member { name, .. }, .. })) => Some(name.as_str()),
        Some(Node::Expr(Expr { kind: ExprKind::Index { index, .. }, .. })) => index.string(),
        _ => None,
    };
    if let Some(direct) = direct {
        return ABOUT.contains(&direct);
    }
    let Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) =
        site.around.iter().rev().find(|node| matches!(node, Node::Stmt(_)))
    else {
        return false;
    };
    let Some(target) = assign.targets.first() else { return false };
    if let ExprKind::Record { entries, .. } = &target.kind {
        return entries
            .iter()
            .all(|(key, _)| key.as_ref().and_then(Expr::string).is_some_and(|key| ABOUT.contains(&key)));
    }
    let (Some(name), Some(function)) = (called_name(target), enclosing(site)) else { return false };
    let (mut uses, mut others) = (0, 0);
    each_in_body(&function.body, &mut |node, around| {
        let Node::Expr(expr @ Expr { kind: ExprKind::Name(used), .. }) = node else { return true };
        if used != name || std::ptr::eq(expr, target) {
            return true;
        }
        let read = match around.last() {
            Some(Node::Expr(Expr { kind: ExprKind::Member { name, .. }, .. })) => Some(name.as_str()),
            Some(Node::Expr(Expr { kind: ExprKind::Index { index, .. }, .. })) => index.string(),
            // `if (decoded && decoded.exp)`
            Some(
                Node::Stmt(Stmt { kind: StmtKind::If { .. }, .. })
                | Node::Expr(Expr { kind: ExprKind::Unary { .. } | ExprKind::Logical { .. }, .. }),
            ) => return true,
            _ => None,
        };
        match read {
            Some("get") => {
                let key = around
                    .get(around.len().wrapping_sub(2))
                    .and_then(|node| node.expr()?.call()?.arguments.first()?.value.string());
                if key.is_some_and(|key| ABOUT.contains(&key)) { uses += 1 } else { others += 1 }
            }
            Some(read) if ABOUT.contains(&read) => uses += 1,
            _ => others += 1,
        }
        true
    });
    uses > 0 && others == 0
}

/// Whether a file is a page's own code, which may look into the token that it was given.
fn is_browser(site: &Site<'_, '_, '_>) -> bool {
    const SIGNS: &[&str] = &[
        "localStorage",
        "sessionStorage",
        "document.",
        "window.",
        "from \"react\"",
        "from 'react'",
        "AsyncStorage",
        "\"use client\"",
    ];
    site.file.language != Language::Python
        && SIGNS.iter().any(|sign| site.file.text.contains(sign))
        && !is_server(site)
}

/// Whether code answers requests.
fn is_server(site: &Site<'_, '_, '_>) -> bool {
    let takes_request = site.around.iter().filter_map(|node| node.function()).any(|function| {
        function.parameters.iter().any(|parameter| {
            matches!(
                parameter.pattern.dotted().as_deref(),
                Some("req" | "request" | "ctx" | "c" | "reply" | "handshake" | "_req")
            )
        })
    });
    takes_request
        || ["express", "fastify", "koa", "next/server", "@nestjs", "hono"].iter().any(|name| {
            site.file.imports.iter().any(|fact| {
                fact.import.module.as_str() == *name || fact.import.module.starts_with(&format!("{name}/"))
            })
        })
}

/// The middle part of a token, decoded by hand: `json.loads(b64decode(token.split(".")[1]))`, `atob(token.split(".")[1])`.
fn by_hand(site: &mut Site<'_, '_, '_>) -> Option<Option<Fault>> {
    let name = called_name(&site.call.callee)?;
    if !matches!(name, "b64decode" | "urlsafe_b64decode" | "from" | "atob" | "base64url_decode") {
        return None;
    }
    let given = site.at(0)?;
    let mut middle = false;
    let mut look = |expr: &Expr| {
        each_in_expr(expr, &mut |node, _| {
            middle |= node.expr().is_some_and(is_middle_of_token);
            !middle
        });
    };
    look(given);
    let mut names = Vec::new();
    each_in_expr(given, &mut |node, _| {
        if let Node::Expr(expr @ Expr { kind: ExprKind::Name(_), .. }) = node {
            names.push(expr);
        }
        true
    });
    for name in names {
        site.values.origins(name, site.around).into_iter().for_each(&mut look);
    }
    if !middle {
        return None;
    }
    // In a browser it is the page's own token; on a server somebody else's.
    let server = site.file.language == Language::Python || is_server(site);
    if server { unchecked(site) } else { Some(None) }
}

/// `token.split(".")[1]`
fn is_middle_of_token(expr: &Expr) -> bool {
    let ExprKind::Index { object, index } = &expr.kind else { return false };
    let is_one = matches!(&index.kind, ExprKind::Literal(Literal::Integer(digits)) if digits == "1");
    let Some(call) = object.call().filter(|_| is_one) else { return false };
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return false };
    let dotted = call.arguments.first().is_some_and(|given| given.value.string() == Some("."));
    name == "split"
        && dotted
        && called_name(object)
            .is_some_and(|name| has_word(name, &["token", "jwt", "bearer", "idtoken", "accesstoken"]))
}

pub(super) fn is(expr: &Expr, truth: bool) -> bool {
    matches!(expr.kind, ExprKind::Literal(Literal::Boolean(is)) if is == truth)
}

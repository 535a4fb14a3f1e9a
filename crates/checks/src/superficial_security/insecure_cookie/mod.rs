//! # insecure-cookie
//!
//! A session cookie is the login. Without `HttpOnly` one script in the page takes it away; without `Secure` it goes over plain HTTP as soon as
//! somebody types the address without `https`; without `SameSite` it goes along with what other sites' pages send. Each framework sets other
//! attributes by itself, and none of the usual ones sets all three.
//!
//! ## What is reported
//!
//! - **error**: a session cookie without `HttpOnly`; without both `Secure` and `SameSite`; with `Secure` switched off by a literal; with
//!   `SameSite=None` and no `Secure`, which browsers throw away: by `set_cookie` of Flask, Django, Starlette, FastAPI and aiohttp, `res.cookie`,
//!   `reply.setCookie`, `SimpleCookie`, Hono's `setCookie`, Next's `cookies().set`, `cookie.serialize`, a `Set-Cookie` header, `Cookie::build`;
//! - **error**: the sessions of Flask, express-session and aiohttp_session with their own defaults, which are `HttpOnly` and nothing else;
//! - **warning**: only one of `Secure` and `SameSite` is missing; settings that a file outside the source may change; any other cookie whose
//!   `Secure` is switched off by a literal.
//!
//! A session cookie is one that is named for a session or a token, or holds one. Left alone: CSRF cookies, which scripts must read; preferences; cookies that are
//! deleted; attributes that are computed (`secure: process.env.NODE_ENV === "production"`); options that come from elsewhere; tests and examples.
//!
//! ## What to do
//!
//! ```python
//! app.config.update(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Lax")
//! response.set_cookie("session", token, httponly=True, secure=True, samesite="Lax")
//! ```
//!
//! ```js
//! res.cookie("session", token, { httpOnly: true, secure: true, sameSite: "lax" });
//! ```
//!
//! Source: [CWE-614](https://cwe.mitre.org/data/definitions/614.html), [CWE-1004](https://cwe.mitre.org/data/definitions/1004.html),
//! [CWE-1275](https://cwe.mitre.org/data/definitions/1275.html); [RFC 6265bis, 4.1.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis);
//! [OWASP ASVS 5.0, 3.3](https://owasp.org/www-project-application-security-verification-standard/). The defaults were seen with Flask 3.1,
//! Werkzeug 3.1, Django 5.2, Starlette 1.10, aiohttp 3.14, aiohttp_session 2.12, Express 5.3, express-session 1.19, cookie-session 2.1, Koa 3.3,
//! @fastify/cookie 11.1, @fastify/session 11.1 and Hono 4.13.

pub(in crate::superficial_security) use self::frameworks::is_key_of_login;

mod explicit;
mod frameworks;
mod header;

use rayon::prelude::*;
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::facts::words::words;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::fallback_secret::refusal::is_for_development;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("insecure-cookie"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a session cookie that scripts, plain HTTP or other sites get",
        applies_to: "session cookie",
        variants: &["cookie", "session-settings"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// What is known of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    /// It is set, or computed.
    Set,
    /// It is not set.
    Missing,
    /// It is switched off by a literal.
    Off,
    /// `SameSite=None`.
    Crossing,
}

/// A session cookie and its attributes.
struct Cookie {
    extent: Extent,
    /// What it is, for a message: "the cookie `token`".
    what: String,
    kind: Kind,
    http_only: Attribute,
    secure: Attribute,
    same_site: Attribute,
    /// Whether something outside the source may set what is missing.
    perhaps: bool,
    variant: &'static str,
    advice: &'static str,
}

/// A place in a file.
type Place<'a> = (&'a SourceFile, Extent);

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let found: Vec<_> = context
        .files
        .par_iter()
        .filter(|file| file.text.contains("ookie") && is_judged(file))
        .map(|file| (file, explicit::cookies(file)))
        .collect();
    for (file, cookies) in &found {
        cookies.iter().for_each(|cookie| judge(file, cookie, None, report));
    }
    for (file, cookie, login) in frameworks::cookies(context) {
        judge(file, &cookie, login, report);
    }
}

/// A login's cookie that goes along with what other sites' pages send.
pub(in crate::superficial_security) struct Crossing {
    /// What it is, for a message.
    pub(in crate::superficial_security) what: String,
    /// Where it is set.
    pub(in crate::superficial_security) extent: Extent,
    /// Whether something outside the source may set `SameSite`.
    pub(in crate::superficial_security) perhaps: bool,
}

/// The first cookie of a login that is set without `SameSite`.
pub(in crate::superficial_security) fn crossing<'a>(
    context: &Context<'a>,
) -> Option<(&'a SourceFile, Crossing)> {
    let crosses = |cookie: &Cookie| {
        cookie.kind == Kind::Login
            && matches!(cookie.same_site, Attribute::Missing | Attribute::Off | Attribute::Crossing)
    };
    let given = |(file, cookie): (&'a SourceFile, Cookie)| {
        let Cookie { what, extent, perhaps, .. } = cookie;
        (file, Crossing { what: what.trim_end_matches(',').to_owned(), extent, perhaps })
    };
    let files = context.files.iter().filter(|file| file.text.contains("ookie") && is_judged(file));
    let mut set =
        files.flat_map(|file| explicit::cookies(file).into_iter().map(move |cookie| (file, cookie)));
    set.find(|(_, cookie)| crosses(cookie)).map(given).or_else(|| {
        let sessions = frameworks::cookies(context).into_iter().map(|(file, cookie, _)| (file, cookie));
        sessions.into_iter().find(|(_, cookie)| crosses(cookie)).map(given)
    })
}

/// Whether what a file does happens in production.
fn is_judged(file: &SourceFile) -> bool {
    !file.is_test
        && !plain_text::is_example(&file.path)
        && !is_for_development(&file.path)
        && !plain_text::is_browser_source(file)
}

fn judge(file: &SourceFile, cookie: &Cookie, login: Option<Place<'_>>, report: &mut Report<'_>) {
    match cookie.kind {
        Kind::Login => {
            report.trial();
            add(file, cookie, login, report);
        }
        Kind::Unknown if cookie.secure == Attribute::Off => {
            report.trial();
            let message = format!(
                "{} is told to go over plain HTTP too: whoever listens on the way reads it",
                cookie.what
            );
            report.add(
                report
                    .at(file, cookie.extent, message)
                    .variant(cookie.variant)
                    .severity(Severity::Warning)
                    .confidence(Confidence::High)
                    .advice("switch `Secure` on, or take it from the configuration where development has no HTTPS"),
            );
        }
        Kind::Unknown | Kind::Open => {}
    }
}

fn add(file: &SourceFile, cookie: &Cookie, login: Option<Place<'_>>, report: &mut Report<'_>) {
    let lacks = |attribute| matches!(attribute, Attribute::Missing | Attribute::Off);
    let crosses_openly = cookie.same_site == Attribute::Crossing && lacks(cookie.secure);
    let mut missing = Vec::new();
    let mut harms = Vec::new();
    if lacks(cookie.http_only) {
        missing.push("HttpOnly");
        harms.push("any script in the page can read it");
    }
    if lacks(cookie.secure) {
        missing.push("Secure");
        harms.push(if crosses_openly {
            "browsers throw a `SameSite=None` cookie without it away"
        } else {
            "it is sent over plain HTTP too"
        });
    }
    if lacks(cookie.same_site) {
        missing.push("SameSite");
        harms.push("it goes along with what other sites' pages send");
    }
    if missing.is_empty() {
        return;
    }
    let grave =
        lacks(cookie.http_only) || cookie.secure == Attribute::Off || crosses_openly || missing.len() > 1;
    let severity = if grave && !cookie.perhaps { Severity::Error } else { Severity::Warning };
    let message = format!("{} is sent without {}: {}", cookie.what, listed(&missing), listed(&harms));
    let confidence = if cookie.perhaps { Confidence::Medium } else { Confidence::High };
    let mut draft = report
        .at(file, cookie.extent, message)
        .variant(cookie.variant)
        .severity(severity)
        .confidence(confidence)
        .advice(cookie.advice);
    if let Some((file, extent)) = login {
        draft = draft.related(file, extent, "here the session becomes a login");
    }
    report.add(draft);
}

/// `a`, `a and b`, `a, b and c`.
fn listed(parts: &[&str]) -> String {
    match parts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// What a cookie is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::superficial_security) enum Kind {
    /// Who has it is logged in.
    Login,
    /// What anybody may know: a preference, a token that scripts must read.
    Open,
    /// Cannot tell.
    Unknown,
}

impl Kind {
    /// By the words of the name.
    pub(in crate::superficial_security) fn of_name(name: &str) -> Self {
        let words = words(name);
        let has = |sought: &[&str]| words.iter().any(|word| sought.contains(&word.as_str()));
        let is_user = matches!(words.as_slice(), [one] if one == "uid")
            || matches!(words.as_slice(), [user, id] if user == "user" && id == "id");
        if has(OPEN) {
            Self::Open
        } else if has(LOGIN) || is_user {
            Self::Login
        } else {
            Self::Unknown
        }
    }
}

/// Words of the names of logins.
const LOGIN: &[&str] = &[
    "session",
    "sessionid",
    "sid",
    "sess",
    "token",
    "auth",
    "jwt",
    "access",
    "refresh",
    "remember",
    "authtoken",
    "accesstoken",
    "refreshtoken",
    "sessiontoken",
    "userid",
    "authorization",
    "login",
];

/// Words of the names of everything else that has one of those words, and of preferences.
const OPEN: &[&str] = &[
    "csrf",
    "xsrf",
    "csrftoken",
    "theme",
    "locale",
    "lang",
    "consent",
    "state",
    "redirect",
    "next",
    "return",
    "count",
    "seen",
    "name",
    "expiry",
    "expires",
    "verifier",
    "nonce",
    "flash",
    "device",
    "cart",
    "exists",
    "hint",
    "indicator",
    "type",
    "dark",
    "language",
    "currency",
    "timezone",
    "tz",
    "preference",
    "preferences",
    "prefs",
    "banner",
    "visited",
    "tracking",
    "analytics",
    "layout",
    "sidebar",
    "view",
    "sort",
    "tab",
];

//! # missing-csrf-protection
//!
//! A browser sends a cookie along with every request to its site, also with one that another site's page makes. Where the cookie alone says who is
//! calling, any page that a logged-in user opens can act as that user: a form that sends itself is enough.
//!
//! ## What is reported
//!
//! - **error**: a route that changes something for whoever holds the session's cookie, when a form of another site can send what it takes, and
//!   nothing tells that form apart: the cookie is set without `SameSite=Lax` or `Strict`, and the program knows no CSRF token, compares no `Origin` or `Referer`, knows no `Sec-Fetch-Site`, and no
//!   header of its own.
//!
//! A form can send no JSON media type. So a route is left alone that takes only JSON and insists on its type: Flask's `get_json()`, a model of
//! FastAPI, `express.json()`. aiohttp's `request.json()`, `get_json(force=True)` and `json.loads` of a raw body do not look at the type. `PUT`, `PATCH` and `DELETE`
//! cannot be sent from another site without its asking first (CORS).
//!
//! Left alone are also APIs with a bearer token, Django (whose session is `Lax` by itself), logging in and out, and projects that mention a CSRF token
//! anywhere. That Chromium takes a cookie without `SameSite` for `Lax` does not
//! help in Firefox and Safari, and in Chromium not for the first two minutes of the cookie.
//!
//! ## What to do
//!
//! ```python
//! app.config.update(SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=True)
//! CSRFProtect(app)  # Flask-WTF
//! ```
//!
//! ```js
//! app.use(session({ secret, cookie: { sameSite: "lax", secure: true } }));
//! ```
//!
//! Source: [CWE-352](https://cwe.mitre.org/data/definitions/352.html); OWASP, "Cross-Site Request Forgery Prevention"; [RFC 6265bis,
//! 8.8](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis). Which body parsers look at the media type was tried with Flask 3.1, FastAPI 0.165, aiohttp 3.14, Express
//! 5.3 and Fastify 5.12.

mod body;
mod protected;
mod trusted;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Function, Literal};
use crate::facts::values::called_name;
use crate::facts::words::{has_word, words};
use crate::framework::Framework;
use crate::framework::conduct::{Conduct, Step};
use crate::framework::web::Handler;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::insecure_cookie;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("missing-csrf-protection"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a change that another site's page can make as the user",
        applies_to: "change for whoever holds a session cookie",
        variants: &[],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// A route that trusts a cookie, and the functions that run for it.
struct Trusting<'a, 'w> {
    handler: &'w Handler<'a>,
    steps: Vec<Step<'a>>,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let is_sent = |handler: &&Handler<'_>| {
        matches!(handler.method.as_str(), "POST" | "*") && handler.framework != Framework::Django
    };
    let says = |file: &SourceFile| {
        !file.is_test
            && ["ookie", "session", "flask_login", "passport"].iter().any(|sign| file.text.contains(sign))
    };
    if !context.web.handlers.iter().any(|handler| is_sent(&handler)) || !context.files.iter().any(says) {
        return;
    }
    let conduct = Conduct::of(context);
    let mut seen: Vec<*const Function> = Vec::new();
    let mut trusting = Vec::new();
    for handler in context.web.handlers.iter().filter(is_sent) {
        if seen.contains(&std::ptr::from_ref(handler.function)) || is_of_login(handler) {
            continue;
        }
        seen.push(handler.function);
        let mut steps = conduct.of_handler(handler);
        if !steps.iter().any(changes) {
            continue;
        }
        let own = steps.len();
        steps.extend(conduct.of_guards(handler));
        if trusted::by_cookie(context, handler, &steps) {
            report.trial();
            steps.truncate(own);
            trusting.push(Trusting { handler, steps });
        }
    }
    if trusting.is_empty() || protected::somewhere(context) {
        return;
    }
    let Some((cookie_file, cookie)) = insecure_cookie::crossing(context) else { return };
    trusting.retain(|one| body::from_a_form(context, one.handler, &one.steps));
    let Some(first) = trusting.first() else { return };
    say(context, first.handler, trusting.len() - 1, (cookie_file, cookie), report);
}

/// Whether a route lets somebody in or out: nothing is gained by another's doing that.
fn is_of_login(handler: &Handler<'_>) -> bool {
    const DOORS: &[&str] =
        &["login", "logout", "signin", "signout", "register", "signup", "logoff", "authenticate", "callback"];
    let said = format!("{} {}", handler.path, handler.function.name);
    let words = words(&said);
    has_word(&said, DOORS)
        || words.windows(2).any(|pair| {
            matches!(pair, [first, second] if matches!(first.as_str(), "log" | "sign") && matches!(second.as_str(), "in" | "out" | "up"))
        })
}

/// Whether a function changes something that stays.
fn changes(step: &Step<'_>) -> bool {
    const WRITES: &[&str] = &[
        "commit",
        "save",
        "create",
        "insert",
        "update",
        "delete",
        "destroy",
        "upsert",
        "remove",
        "insertone",
        "insertmany",
        "updateone",
        "deleteone",
        "updatemany",
        "deletemany",
        "transfer",
        "publish",
        "charge",
        "writefile",
        "writefilesync",
        "unlink",
        "unlinksync",
        "write",
        "dump",
        "send",
        "findbyidandupdate",
        "findbyidanddelete",
        "findoneandupdate",
        "bulkwrite",
    ];
    // An answer is sent and written too.
    const ANSWERS: &[&str] = &["res", "response", "reply", "self", "wfile", "resp"];
    let mut found = false;
    each_in_body(&step.function.body, &mut |node, _| {
        found |= match node {
            Node::Expr(Expr { kind: ExprKind::Literal(Literal::String(text)), .. }) => is_writing_sql(text),
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                let name = called_name(&call.callee).unwrap_or_default().to_lowercase();
                let root = crate::facts::absence::root_name(&call.callee).unwrap_or_default();
                WRITES.contains(&name.replace('_', "").as_str()) && !ANSWERS.contains(&root)
            }
            _ => false,
        };
        !found
    });
    found
}

fn is_writing_sql(text: &str) -> bool {
    let begin: String = text.trim_start().chars().take(12).collect::<String>().to_lowercase();
    ["insert into", "insert or", "replace into", "update ", "delete from"]
        .iter()
        .any(|verb| begin.starts_with(verb))
}

fn say(
    context: &Context<'_>,
    handler: &Handler<'_>,
    others: usize,
    (cookie_file, cookie): (&SourceFile, insecure_cookie::Crossing),
    report: &mut Report<'_>,
) {
    let Some(file) = context.files.get(handler.file) else { return };
    let (place, extent) = if handler.function.name.is_empty() {
        let (at, extent) = handler.registered;
        let Some(file) = context.files.get(at) else { return };
        (file, file.first_line(extent))
    } else {
        (file, handler.function.name_extent)
    };
    let more = match others {
        0 => String::new(),
        1 => " (and one more route)".to_owned(),
        many => format!(" (and {many} more routes)"),
    };
    let message = format!(
        "`{} {}` changes something for whoever holds {}{more}, and nothing tells a form of another site apart: any page that a user opens can send it as that user",
        handler.method, handler.path, cookie.what
    );
    let severity = if cookie.perhaps { Severity::Warning } else { Severity::Error };
    let draft = report
        .at(place, extent, message)
        .severity(severity)
        .confidence(if cookie.perhaps { Confidence::Medium } else { Confidence::High })
        .identified_by(format!("{} {}", handler.method, handler.path))
        .related(cookie_file, cookie.extent, "the cookie is set here, without `SameSite=Lax`")
        .advice(advice(file.language));
    report.add(draft);
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::Python => {
            "set the cookie with `SameSite=Lax` (Flask: `SESSION_COOKIE_SAMESITE=\"Lax\"`), and for forms add a token (Flask-WTF's `CSRFProtect`) or refuse what `Sec-Fetch-Site` calls `cross-site`"
        }
        _ => {
            "set the cookie with `sameSite: \"lax\"`, and for forms add a token (`csrf-csrf`, `@fastify/csrf-protection`) or refuse what `Sec-Fetch-Site` calls `cross-site`"
        }
    }
}

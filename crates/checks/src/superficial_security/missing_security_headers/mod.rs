//! # missing-security-headers
//!
//! A browser does with a page what its headers allow. Without `X-Content-Type-Options: nosniff` it may take a file that a user uploaded for a page or a
//! script; without `Content-Security-Policy` one forgotten escape is a script that runs as the user; and without `frame-ancestors` (or
//! `X-Frame-Options`) any site can put the page into an invisible frame and have its buttons clicked. No framework but Django sets them by itself.
//!
//! ## What is reported
//!
//! - **warning**: a service that answers pages, or files as they are, to browsers, and nothing in the tree sets `nosniff`, and a
//!   `Content-Security-Policy` or `X-Frame-Options`: no helmet, no Flask-Talisman, no header of the program's own, none of a proxy or a host
//!   whose settings are in the tree.
//!
//! Left alone: a service that answers only JSON or downloads, from which a browser shows nothing; Django with its `SecurityMiddleware` and
//! `XFrameOptionsMiddleware`; libraries, tests and examples.
//!
//! ## What to do
//!
//! ```js
//! app.use(helmet());  // before every route
//! ```
//!
//! ```python
//! @app.after_request
//! def secure(response):
//!     response.headers["X-Content-Type-Options"] = "nosniff"
//!     response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
//!     return response
//! ```
//!
//! Source: [CWE-693](https://cwe.mitre.org/data/definitions/693.html), [CWE-1021](https://cwe.mitre.org/data/definitions/1021.html);
//! [OWASP Secure Headers Project](https://owasp.org/www-project-secure-headers/); OWASP ASVS 5.0, 3.4. What is sent without being told was seen with Flask 3.1, FastAPI
//! 0.165, Express 5.3, Fastify 5.12 and Koa 3.3 (nothing), helmet 8.3 and Flask-Talisman 1.1 (all of it), Django 5.2.

mod pages;
mod sent;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::each_node;
use crate::facts::plain_text;
use crate::facts::service::server_files;
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::fallback_secret::refusal::is_for_development;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("missing-security-headers"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "pages without the headers that hold an attack back",
        applies_to: "service that answers pages",
        variants: &[],
        source: include_str!("mod.rs"),
    },
    run: Run::Handlers(run),
};

/// A place in a file.
type Place<'a> = (&'a SourceFile, Extent);

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let files: Vec<&SourceFile> = server_files(context)
        .into_iter()
        .filter_map(|at| context.files.get(at))
        .filter(|file| {
            !file.is_test && !plain_text::is_example(&file.path) && !is_for_development(&file.path)
        })
        .collect();
    let applications: Vec<Place<'_>> = files.iter().filter_map(|file| application(file)).collect();
    // A library shows how a page is made, and leaves it to the program what is sent with it.
    if applications.is_empty() {
        return;
    }
    let Some(page) = files.iter().find_map(|file| pages::first(context, file)) else { return };
    report.trial();
    let sent = sent::sent(context, &files);
    let missing = match (sent.nosniff, sent.framing) {
        (true, true) => return,
        (true, false) => {
            "`Content-Security-Policy` nor `X-Frame-Options`: one forgotten escape runs as the user, and any site may frame its pages"
        }
        (false, true) => {
            "`X-Content-Type-Options: nosniff`: a browser may take a file that somebody uploaded for a page or a script"
        }
        (false, false) => {
            "`X-Content-Type-Options` nor `Content-Security-Policy`: one forgotten escape runs as the user, any site may frame its pages, and files are taken for what they look like"
        }
    };
    let neither = if sent.nosniff || !sent.framing { "sets neither " } else { "does not set " };
    let message = format!("this service answers {} to browsers and {neither}{missing}", page.what);
    let (file, extent) = place(&applications, page.file, page.extent);
    let mut draft = report
        .at(file, extent, message)
        .severity(Severity::Warning)
        .confidence(Confidence::High)
        .advice(advice(file));
    if extent != page.extent || !std::ptr::eq(file, page.file) {
        draft = draft.related(page.file, page.extent, format!("here it answers {}", page.what));
    }
    report.add(draft);
}

/// Where headers are set: at the application that a middleware is put on; in Python, where the page is answered.
fn place<'a>(applications: &[Place<'a>], file: &'a SourceFile, page: Extent) -> Place<'a> {
    if file.language == Language::Python {
        return pages::sender(file).map_or((file, page), |extent| (file, extent));
    }
    let own = applications.iter().find(|(other, _)| std::ptr::eq(*other, file));
    own.or(applications.iter().find(|(other, _)| other.language == file.language))
        .copied()
        .unwrap_or((file, page))
}

/// What makes an application that answers.
const MAKERS: &[&str] = &[
    "flask.Flask",
    "quart.Quart",
    "fastapi.FastAPI",
    "starlette.applications.Starlette",
    "aiohttp.web.Application",
    "sanic.Sanic",
    "bottle.Bottle",
    "tornado.web.Application",
    "django.core.wsgi.get_wsgi_application",
    "django.core.asgi.get_asgi_application",
    "http.server.HTTPServer",
    "http.server.ThreadingHTTPServer",
    "socketserver.TCPServer",
    "socketserver.ThreadingTCPServer",
    "express",
    "express.default",
    "fastify",
    "fastify.default",
    "koa",
    "koa.default",
    "http.createServer",
    "https.createServer",
    "axum.Router.new",
    "actix_web.HttpServer.new",
];

/// One of these names stands in the text of a file that does; a cheap first look.
const SIGNS: &[&str] = &[
    "Flask",
    "Quart",
    "FastAPI",
    "Starlette",
    "Application",
    "Sanic",
    "Bottle",
    "_application",
    "HTTPServer",
    "express",
    "astify",
    "oa",
    "createServer",
    "Router",
    "HttpServer",
];

/// Where a file makes the application that answers.
fn application(file: &SourceFile) -> Option<Place<'_>> {
    let sign =
        |sign: &&str| file.text.contains(&format!("{sign}(")) || file.text.contains(&format!("{sign}::new"));
    if !file.text.contains("Server)") && !SIGNS.iter().any(sign) {
        return None;
    }
    let mut found = None;
    each_node(&file.syntax, &mut |node, _| {
        // `class Server(ThreadingMixIn, HTTPServer)`.
        if let Some(class) = node.class()
            && class.bases.iter().any(|base| {
                file.resolve(&base.value)
                    .is_some_and(|path| path.ends_with("Server") && MAKERS.contains(&path.as_str()))
            })
        {
            found = found.or(Some(class.name_extent));
        }
        if let Some(expr) = node.expr()
            && let Some(call) = expr.call()
            && file.resolve(&call.callee).is_some_and(|path| {
                let path = path.strip_prefix("node:").unwrap_or(&path);
                MAKERS.contains(&path)
            })
        {
            found = found.or(Some(file.first_line(expr.extent)));
        }
        found.is_none()
    });
    found.map(|extent| (file, extent))
}

fn advice(file: &SourceFile) -> &'static str {
    match file.language {
        Language::Python => {
            "set them on every answer: `X-Content-Type-Options: nosniff` and `Content-Security-Policy: default-src 'self'; frame-ancestors 'none'`, in an `after_request`, a middleware, Flask-Talisman, or beside the other headers"
        }
        Language::JavaScript | Language::TypeScript => {
            "`app.use(helmet())` before the routes (`@fastify/helmet`, `koa-helmet`), and a policy that fits the pages"
        }
        Language::Rust => {
            "add `SetResponseHeaderLayer` for `X-Content-Type-Options: nosniff` and `Content-Security-Policy: default-src 'self'; frame-ancestors 'none'` around the router"
        }
    }
}

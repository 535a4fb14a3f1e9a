//! # permissive-cors
//!
//! A browser lets a page read answers of other origins only when these say so. A server that names whatever origin asks, and allows
//! credentials, says: any page that a logged-in user opens may act and read in his name. It is what one arrives at by trial when the browser
//! complains: `*` is refused together with cookies, so the origin is sent back.
//!
//! ## What is reported
//!
//! - **error**: every origin is sent back together with `Access-Control-Allow-Credentials: true`: `cors({ origin: true, credentials: true })`, a function that
//!   always says yes, a pattern that fits everything, `CORS(app, supports_credentials=True)`, Starlette's `allow_origins=["*"]` with `allow_credentials=True`
//!   (which sends the origin back), Django's `CORS_ALLOW_ALL_ORIGINS` with `CORS_ALLOW_CREDENTIALS`, `CorsLayer::very_permissive()`, `Cors::permissive()` of actix-cors,
//!   or the headers set by hand;
//! - **error**: a literal `*` together with credentials: no browser hands such an answer to a page, so the calls that it is there for fail;
//! - **note**: `*`, or every origin, without credentials: right for what anybody may read, and for nothing that trusts a network.
//!
//! Left alone: lists of origins, origins that are looked up, origins from the environment, development, tests and examples.
//!
//! ## What to do
//!
//! Name the origins, from the environment:
//!
//! ```js
//! app.use(cors({ origin: process.env.WEB_ORIGINS.split(","), credentials: true }));
//! ```
//!
//! Source: [CWE-942](https://cwe.mitre.org/data/definitions/942.html); [Fetch, CORS protocol and
//! credentials](https://fetch.spec.whatwg.org/#cors-protocol-and-credentials); [OWASP ASVS 5.0, 3.4](https://owasp.org/www-project-application-security-verification-standard/).
//! What is sent was seen with cors 2.8, @koa/cors 5, @fastify/cors 11, Hono 4, Flask-CORS 6 and Starlette 1.10; of tower-http and actix-cors their documentation is believed.

mod headers;
mod libraries;
mod origin;

use rayon::prelude::*;
use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId, Severity};

use self::origin::Allowed;
use crate::context::Context;
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::fallback_secret::refusal::is_for_development;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("permissive-cors"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "every origin may act for a user",
        applies_to: "answer to other origins",
        variants: &["reflected-with-credentials", "wildcard-with-credentials", "any-origin"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// What one place says to other origins.
struct Said {
    extent: Extent,
    allowed: Allowed,
    credentials: bool,
    /// Where that was found: `cors()`, the headers.
    by: String,
    /// Whether the library refuses to start with a wildcard and credentials.
    refuses: bool,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let found: Vec<_> = context
        .files
        .par_iter()
        .filter(|file| {
            !file.is_test && !plain_text::is_example(&file.path) && !is_for_development(&file.path)
        })
        .map(|file| {
            let mut said = libraries::said(context, file);
            said.extend(headers::said(context, file));
            said.sort_by_key(|said| said.extent.start);
            (file, said)
        })
        .collect();
    for (file, places) in found {
        for said in places {
            report.trial();
            add(file, &said, report);
        }
    }
}

fn add(file: &SourceFile, said: &Said, report: &mut Report<'_>) {
    let by = &said.by;
    let (variant, severity, message) = match (said.allowed, said.credentials) {
        (Allowed::Listed, _) => return,
        (Allowed::Reflected | Allowed::ReflectedByDefault, true) => (
            "reflected-with-credentials",
            if said.allowed == Allowed::Reflected { Severity::Error } else { Severity::Warning },
            format!(
                "{by} sends every origin back and allows credentials: any page that a logged-in user opens may read and act in his name"
            ),
        ),
        (Allowed::Any, true) if said.refuses => (
            "wildcard-with-credentials",
            Severity::Error,
            format!(
                "{by} allows credentials for every origin, which the library refuses when the service starts"
            ),
        ),
        (Allowed::Any, true) => (
            "wildcard-with-credentials",
            Severity::Error,
            format!(
                "{by} allows credentials for `*`, which no browser accepts: calls with cookies fail, and sending the origin back instead would let any page act for the user"
            ),
        ),
        (Allowed::AnyByDefault, true) => (
            "wildcard-with-credentials",
            Severity::Warning,
            format!(
                "{by} allows credentials for `*` when nothing else is set, which no browser accepts: calls with cookies fail"
            ),
        ),
        (_, false) => (
            "any-origin",
            Severity::Note,
            format!(
                "{by} lets pages of every origin read the answers: right for what anybody may read, wrong where being in the network is enough to be trusted"
            ),
        ),
    };
    report.add(
        report.at(file, said.extent, message).variant(variant).graded(severity).advice(advice(file.language)),
    );
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::Python => {
            "name the origins: `allow_origins=os.environ[\"WEB_ORIGINS\"].split(\",\")` (Starlette), `CORS(app, origins=[..])` (Flask), `CORS_ALLOWED_ORIGINS` (Django)"
        }
        Language::JavaScript | Language::TypeScript => {
            "name the origins: `cors({ origin: process.env.WEB_ORIGINS.split(\",\"), credentials: true })`; by hand, send an origin back only when a list has it, with `Vary: Origin`"
        }
        Language::Rust => {
            "name the origins: `AllowOrigin::list([..])`, `.allowed_origin(\"https://app.example\")`"
        }
    }
}

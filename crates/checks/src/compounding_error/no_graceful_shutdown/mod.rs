//! # no-graceful-shutdown
//!
//! Every deploy, every restart and every smaller cluster ends a service with SIGTERM. A process that does not handle it is gone at once: the
//! requests it was answering are cut off in the middle, the second of two writes never happens, what was kept to be written later
//! is lost. It is never seen in a test, and happens several times a day in production. Of 1,137 generated backends, 1,105 do not handle it.
//!
//! ## What is reported
//!
//! - **warning**: where a service begins to listen with a server that ends at once on SIGTERM, and nothing in the program handles the signal; or
//!   only Ctrl-C (SIGINT, `KeyboardInterrupt`) is handled, which nobody sends to a service.
//!
//! What happens was tried with each server, a request being answered meanwhile. These end at once: `app.run` of Flask and
//! bottle, `http.server`, `wsgiref`, `waitress`, tornado, gevent's `WSGIServer`; Node's `http`, Express, Koa, Fastify, Nest
//! without `enableShutdownHooks`; axum, warp and tonic without their graceful forms.
//!
//! Left alone, since they finish what they began: uvicorn, gunicorn, hypercorn, aiohttp's `run_app`, Quart, Sanic, CherryPy, actix-web, Rocket; a
//! Flask application whose Dockerfile, Procfile or requirements say that gunicorn or the like serves it; libraries that listen when asked.
//!
//! ## What to do
//!
//! Stop accepting, finish, close what is open, leave; and sooner than the orchestrator's patience (10 s with Docker, 30 s with Kubernetes):
//!
//! ```js
//! process.on("SIGTERM", () => server.close(() => { db.close(); process.exit(0); }));
//! ```
//!
//! ```python
//! signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())   # then join and close after serve_forever()
//! ```
//!
//! Flask: serve it with `gunicorn app:app`, which does this. Rust: `axum::serve(listener, app).with_graceful_shutdown(terminated())`.
//!
//! Source: [The Twelve-Factor App, IX. Disposability](https://12factor.net/disposability); Kubernetes,
//! [termination of pods](https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination); Express,
//! [health checks and graceful shutdown](https://expressjs.com/en/advanced/healthcheck-graceful-shutdown.html).

mod handled;
mod served;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::handled::{Signals, handled};
use self::served::{Server, servers};
use crate::context::Context;
use crate::facts::plain_text::{is_browser_source, is_example};
use crate::facts::reach::Reached;
use crate::facts::source::SourceFile;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("no-graceful-shutdown"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "a service that ends in the middle of its requests",
        applies_to: "service that listens",
        variants: &["unhandled", "interrupt-only"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let files: Vec<&SourceFile> = context
        .files
        .iter()
        .filter(|file| !file.is_test && !is_example(&file.path) && !is_browser_source(file))
        .collect();
    let found: Vec<(&SourceFile, Vec<Server>)> =
        files.iter().map(|file| (*file, servers(file))).filter(|(_, servers)| !servers.is_empty()).collect();
    if found.is_empty() {
        return;
    }
    let reached = Reached::of(&files);
    let served_otherwise = served::by_another(context);
    let is_library = served::is_library(context);
    for language in [Language::Python, Language::JavaScript, Language::Rust] {
        let signals = handled(context, &files, language);
        for (file, servers) in found.iter().filter(|(file, _)| family(file.language) == language) {
            let runs = |server: &&Server| {
                reached.is_reached(file, &server.inside)
                    && (!is_library || server.inside.functions.is_empty())
            };
            let wrong = servers.iter().filter(runs).filter(|server| {
                report.trial();
                !(server.finishes || (server.is_for_development && served_otherwise))
            });
            if let Some(first) =
                wrong.min_by_key(|server| server.extent.start).filter(|_| signals != Signals::Terminate)
            {
                say(file, first, signals, report);
            }
        }
    }
}

/// TypeScript runs where JavaScript does.
fn family(language: Language) -> Language {
    if language == Language::TypeScript { Language::JavaScript } else { language }
}

fn say(file: &SourceFile, server: &Server, signals: Signals, report: &mut Report<'_>) {
    let harm =
        "requests being answered are cut off at each deploy, and what they had not yet written is lost";
    let (variant, message) = match signals {
        Signals::Interrupt => (
            "interrupt-only",
            format!(
                "`{}` serves until Ctrl-C, and a deploy sends SIGTERM, which ends the process at once: {harm}",
                server.name
            ),
        ),
        _ => (
            "unhandled",
            format!(
                "`{}` serves, and nothing handles SIGTERM, which ends the process at once: {harm}",
                server.name
            ),
        ),
    };
    report.add(
        report
            .at(file, server.extent, message)
            .variant(variant)
            .severity(Severity::Warning)
            .confidence(Confidence::High)
            .advice(server.advice),
    );
}

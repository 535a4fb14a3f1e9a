//! # debug-mode
//!
//! Debug mode shows whoever makes a request fail what the author needed to see: the trace, the source around it, settings and local
//! values. Werkzeug's debugger goes further and offers a console in which any Python runs, behind a PIN that is made of the machine's name, user and
//! paths. It is right on a laptop and is shipped because nobody turned it off: 40 of 426 generated Flask backends start with `debug=True`.
//!
//! ## What is reported
//!
//! - **error**: `app.run(debug=True)` of Flask, Quart, Sanic, Bottle, Dash, `run_simple(use_debugger=True)`, `DebuggedApplication`; `DEBUG = True` in Django's
//!   settings; `FastAPI(debug=True)`, `Starlette(debug=True)`, Tornado's `debug=True`; Express's `errorhandler()`; `app.set("env", "development")`; Apollo's
//!   `includeStacktraceInErrorResponses: true`; `FLASK_DEBUG=1` or `flask run --debug` in a Dockerfile or Procfile;
//! - **error**: debug mode that a missing variable turns on (`os.environ.get("DEBUG", "True")`);
//! - **warning**: the same where a server made for production (gunicorn, uWSGI, waitress) is what the project's own files start; a reloader
//!   (`uvicorn.run(reload=True)`, `--reload`); a variable of which every text turns it on, `DEBUG=False` too; `NODE_ENV=development` in a Dockerfile.
//!
//! Left alone: what only happens in development (`if app.env == "development"`, `settings/local.py`, `class DevelopmentConfig`), flags of the
//! command line, tests and examples.
//!
//! ## What to do
//!
//! Off unless a variable says otherwise, and read as a word:
//!
//! ```python
//! app.run(debug=os.environ.get("FLASK_DEBUG") == "1")
//! ```
//!
//! Source: [CWE-489](https://cwe.mitre.org/data/definitions/489.html), [CWE-215](https://cwe.mitre.org/data/definitions/215.html);
//! [Flask, debug mode](https://flask.palletsprojects.com/en/stable/debugging/); [Werkzeug, debugger
//! PIN](https://werkzeug.palletsprojects.com/en/stable/debug/#debugger-pin); [Django, deployment
//! checklist](https://docs.djangoproject.com/en/stable/howto/deployment/checklist/#debug); [errorhandler](https://github.com/expressjs/errorhandler);
//! [Uvicorn, settings](https://www.uvicorn.org/settings/#development).

mod artifacts;
mod places;
mod state;

use rayon::prelude::*;
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::places::{Kind, Place, places};
use self::state::State;
use crate::context::Context;
use crate::facts::plain_text;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::fallback_secret::refusal::is_for_development;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("debug-mode"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "debug mode in what is deployed",
        applies_to: "start or setting of a service with a debug mode",
        variants: &["debugger", "error-pages", "reloader", "on-by-default", "any-text"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let started_otherwise = artifacts::production_server(context);
    let found: Vec<_> = context
        .files
        .par_iter()
        .filter(|file| {
            !file.is_test
                && !plain_text::is_example(&file.path)
                && !is_for_development(&file.path)
                && !plain_text::is_browser_source(file)
        })
        .map(|file| (file, places(context, file)))
        .collect();
    for (file, places) in found {
        for place in places {
            report.trial();
            let Some(said) = judge(&place, started_otherwise.as_deref()) else { continue };
            report.add(
                report
                    .at(file, place.extent, said.message)
                    .variant(said.variant)
                    .severity(said.severity)
                    .confidence(said.confidence)
                    .advice(place.kind.advice()),
            );
        }
    }
    artifacts::judge(context, report);
}

struct Said {
    variant: &'static str,
    severity: Severity,
    confidence: Confidence,
    message: String,
}

fn judge(place: &Place, started_otherwise: Option<&str>) -> Option<Said> {
    let what = &place.what;
    let harm = place.kind.harm();
    let variant = place.kind.variant();
    let mut said = match &place.state {
        State::On => Said {
            variant,
            severity: Severity::Error,
            confidence: Confidence::Certain,
            message: format!("{what}: {harm}"),
        },
        State::OnByDefault(variable) => Said {
            variant: "on-by-default",
            severity: Severity::Error,
            confidence: Confidence::High,
            message: format!("{what} unless `{variable}` is set: {harm}"),
        },
        State::OnOutsideProduction(variable) => Said {
            variant: "on-by-default",
            severity: Severity::Warning,
            confidence: Confidence::High,
            message: format!("{what} unless `{variable}` names production: {harm}"),
        },
        State::AnyText(variable) => Said {
            variant: "any-text",
            severity: Severity::Warning,
            confidence: Confidence::High,
            message: format!("every text turns this on, `{variable}=False` and `{variable}=0` too: {harm}"),
        },
        State::Perhaps => Said {
            variant,
            severity: Severity::Warning,
            confidence: Confidence::Medium,
            message: format!("{what}, unless what follows turns it off: {harm}"),
        },
        State::Off => return None,
    };
    if place.kind == Kind::Reloader {
        said.severity = said.severity.min(Severity::Warning);
    }
    if let Some(server) = started_otherwise.filter(|_| place.is_own_start && said.severity == Severity::Error)
    {
        said.severity = Severity::Warning;
        said.message.push_str(&format!(
            "; {server} starts it otherwise, so this only happens to who runs the file itself"
        ));
    }
    Some(said)
}

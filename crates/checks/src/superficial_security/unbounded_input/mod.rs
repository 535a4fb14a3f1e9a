//! # unbounded-input
//!
//! Whoever may send a request chooses how large it is. What reads it whole, and has no limit, lets one caller fill the memory or the disk
//! and end the service for all others; no flood of requests is needed for that, one is enough.
//!
//! ## What is reported
//!
//! - **error**: uploads of any size (Flask without `MAX_CONTENT_LENGTH` that takes files, multer and express-fileupload without
//!   `limits.fileSize`, `await file.read()` of an `UploadFile`, also where the length is tested afterwards); a body read as long as its `Content-Length` says, or collected chunk by chunk,
//!   without a bound; archives of the caller unpacked without looking at how large their contents are;
//! - **warning**: Flask without `MAX_CONTENT_LENGTH` that reads bodies; a limit that is none (`express.json({ limit: "500mb" })`,
//!   `DefaultBodyLimit::disable()`, `DATA_UPLOAD_MAX_MEMORY_SIZE = None`, aiohttp's `client_max_size=0`); an answer of an address that somebody chose, read whole, however long it is;
//! - **note**: FastAPI and Starlette, which have no limit of their own, with nothing else in the tree that sets one.
//!
//! Left alone is what has a limit without being told: `express.json()` (100 kB), Fastify and `@fastify/multipart` (1 MiB), axum (2 MB), actix-web,
//! aiohttp (1 MiB), Django (2.5 MB); reading in pieces; and what a proxy in the same tree bounds (`client_max_body_size`,
//! `proxy-body-size`).
//!
//! ## What to do
//!
//! ```python
//! app.config["MAX_CONTENT_LENGTH"] = 2 * 1024 * 1024
//! ```
//!
//! ```js
//! const upload = multer({ dest: "uploads/", limits: { fileSize: 5 * 1024 * 1024, files: 1 } });
//! ```
//!
//! Source: [CWE-770](https://cwe.mitre.org/data/definitions/770.html), [CWE-409](https://cwe.mitre.org/data/definitions/409.html); Flask, ["Configuration
//! Handling"](https://flask.palletsprojects.com/en/stable/config/#MAX_CONTENT_LENGTH): "`None`: no limit"; multer's README, "Limits": `fileSize`, "Infinity";
//! tried with Flask 3.1, FastAPI 0.165, aiohttp 3.14, multer 2.5 and Express 5.3.

mod archive;
mod outgoing;
mod python;
mod script;

use std::collections::HashSet;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Extent, Function};
use crate::framework::conduct::{Conduct, Step};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::fallback_secret::refusal::is_for_development;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("unbounded-input"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "input of any size",
        applies_to: "reading of what callers send",
        variants: &["body", "upload", "limit", "answer", "archive"],
        source: include_str!("mod.rs"),
    },
    run: Run::Handlers(run),
};

/// One finding before it is said.
struct Unbounded<'a> {
    file: &'a SourceFile,
    extent: Extent,
    variant: &'static str,
    severity: Severity,
    confidence: Confidence,
    message: String,
    advice: &'static str,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.web.handlers.is_empty() {
        return;
    }
    let conduct = Conduct::of(context);
    let mut found = Vec::new();
    let bounded = is_bounded_in_front(context);
    let steps = reached(context, &conduct);
    let is_judged = |file: &SourceFile| {
        !file.is_test && !plain_text::is_example(&file.path) && !is_for_development(&file.path)
    };
    for (at, file) in context.files.iter().enumerate().filter(|(_, file)| is_judged(file)) {
        script::judge(context, at, file, bounded, report, &mut found);
        python::judge_lengths(file, report, &mut found);
    }
    if !bounded {
        python::judge_applications(context, &steps, report, &mut found);
    }
    for step in &steps {
        if !bounded {
            python::judge_upload(step, report, &mut found);
        }
        archive::judge(step, report, &mut found);
        outgoing::judge(context, step, report, &mut found);
    }
    for one in found {
        report.add(
            report
                .at(one.file, one.extent, one.message)
                .variant(one.variant)
                .severity(one.severity)
                .confidence(one.confidence)
                .advice(one.advice),
        );
    }
}

/// The functions that run when requests are answered, each once.
fn reached<'a>(context: &'a Context<'a>, conduct: &Conduct<'a>) -> Vec<Step<'a>> {
    let mut seen: HashSet<*const Function> = HashSet::new();
    let mut found = Vec::new();
    for handler in &context.web.handlers {
        for step in conduct.of_handler(handler) {
            if seen.insert(step.function) {
                found.push(step);
            }
        }
    }
    found
}

/// Whether the settings of a proxy in the tree bound what comes through.
fn is_bounded_in_front(context: &Context<'_>) -> bool {
    const SIGNS: &[&str] = &[
        "client_max_body_size",
        "proxy-body-size",
        "maxrequestbodybytes",
        "limit-post",
        "limitrequestbody",
        "max_request_body_size",
    ];
    let is_front = |path: &str| {
        let ending = path.rsplit('.').next().unwrap_or_default();
        matches!(ending, "conf" | "cfg" | "yaml" | "yml" | "tf" | "toml") && !plain_text::is_example(path)
    };
    plain_text::entries(context).into_iter().filter(|entry| is_front(&entry.path)).any(|entry| {
        plain_text::text(context, entry).is_some_and(|text| {
            let text = text.to_lowercase();
            SIGNS.iter().any(|sign| text.contains(sign))
        })
    })
}

//! # unvalidated-upload
//!
//! What a file is called and what type it is said to have, the caller says. A page called `photo.html` and sent as `image/png` passes a test of the type, is kept under
//! its own ending, and is served as a page: its script runs as whoever opens it, on the site's own origin.
//!
//! ## What is reported
//!
//! - **error**: an upload that is kept under the caller's file name, or under its ending, without that ending being compared with a list, in a folder that is served:
//!   by `express.static`, `@fastify/static`, `StaticFiles`, `send_from_directory`, `sendFile`, or read and answered with a type that its ending says;
//! - **error**: a list of what may be uploaded that has SVG or HTML in it, whose files are served: both carry script;
//! - **warning**: the caller's media type is kept as it is, and later sent back as the type of the file.
//!
//! A test of the media type alone is none: it is the caller's word, as the name is. Left alone: names that the program makes with an ending of its own; endings that are
//! looked up in a list; files that nobody is served; downloads (`Content-Disposition: attachment`); what a `fileFilter` decides that cannot be read (a library's).
//!
//! ## What to do
//!
//! Look at the first bytes (`filetype`, `python-magic`, `file-type`), or decode the picture and write it anew; choose the ending from what was found; make the name yourself;
//! serve with `X-Content-Type-Options: nosniff`, from another origin where that can be.
//!
//! Source: [CWE-434](https://cwe.mitre.org/data/definitions/434.html); OWASP, "File Upload Cheat Sheet"; multer's README: `originalname`, "Name of the file on the user's
//! computer"; Werkzeug's `FileStorage.mimetype` and Starlette's `UploadFile.content_type` are the part's own header.

mod filter;
mod kept;
mod served;
mod types;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::kept::Kept;
use self::served::Served;
use crate::context::Context;
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::fallback_secret::refusal::is_for_development;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("unvalidated-upload"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "an upload that is taken for what the caller calls it",
        applies_to: "upload that is kept",
        variants: &["name", "list", "type"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.web.handlers.is_empty() {
        return;
    }
    let files: Vec<&SourceFile> = context
        .files
        .iter()
        .filter(|file| {
            !file.is_test
                && file.language != Language::Rust
                && !plain_text::is_example(&file.path)
                && !is_for_development(&file.path)
        })
        .collect();
    let kept: Vec<Kept<'_>> = files.iter().flat_map(|file| kept::kept(context, file)).collect();
    let served = if kept.is_empty() { Vec::new() } else { served::folders(&files) };
    let mut listed = false;
    for one in &kept {
        report.trial();
        let Some(place) =
            served.iter().find(|place| place.names.iter().any(|name| one.folder.contains(name)))
        else {
            continue;
        };
        if !one.tested {
            say(one, place, report);
        } else if !listed {
            listed = true;
            list(&files, place, report);
        }
    }
    types::judge(&files, report);
}

fn say(one: &Kept<'_>, place: &Served<'_>, report: &mut Report<'_>) {
    let believed =
        if one.type_tested { "only the media type that the caller wrote is tested, and " } else { "" };
    let message = format!(
        "{believed}the upload keeps the ending of `{}` in a folder that is served: a page that is called `.html` is served as a page, and its script runs as whoever opens it",
        one.name
    );
    report.add(
        report
            .at(one.file, one.extent, message)
            .variant("name")
            .confidence(Confidence::High)
            .related(place.file, place.extent, "the folder is served here")
            .advice(match one.file.language {
                Language::Python => {
                    "look at the first bytes (`filetype.guess`, or decode the picture and save it anew), and take the ending from a table of your own: `f\"{uuid4().hex}.{ENDINGS[kind]}\"`"
                }
                _ => {
                    "look at the first bytes (`file-type`, or decode the picture with `sharp` and write it anew), and take the ending from a table of your own: `${randomUUID()}.${ENDINGS[kind]}`"
                }
            }),
    );
}

fn list(files: &[&SourceFile], place: &Served<'_>, report: &mut Report<'_>) {
    let Some((file, extent, what)) = files.iter().find_map(|file| types::list_with_script(file)) else {
        return;
    };
    let message = format!(
        "what may be uploaded has `{what}` in it, and is served as it was sent: such a file carries script, which runs as whoever opens it"
    );
    report.add(
        report
            .at(file, extent, message)
            .variant("list")
            .severity(Severity::Error)
            .confidence(Confidence::High)
            .related(place.file, place.extent, "the folder is served here")
            .advice("leave it out, or serve it as a download (`Content-Disposition: attachment`) with `Content-Security-Policy: sandbox`"),
    );
}

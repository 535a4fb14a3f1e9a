//! What the project's own files of deployment start, and how: Dockerfile, Procfile and their like.

use std::sync::LazyLock;

use regex::Regex;
use seaworthy_core::limits::SOURCE_FILE_BYTES;
use seaworthy_core::{Confidence, Severity};

use crate::context::Context;
use crate::facts::plain_text;
use crate::facts::syntax::Extent;
use crate::facts::words::has_word;
use crate::report::Report;

/// Servers made for production.
const SERVERS: &[&str] =
    &["gunicorn", "uwsgi", "waitress", "hypercorn", "gevent", "daphne", "mod_wsgi", "cheroot", "granian"];

/// The server for production that the project starts or requires.
pub(super) fn production_server(context: &Context<'_>) -> Option<String> {
    let named = |text: &str| {
        let lower = text.to_lowercase();
        SERVERS.iter().find(|server| lower.contains(*server)).map(|server| (*server).to_owned())
    };
    context.tree.entries().iter().filter(|entry| !entry.foreign && says_how_to_start(&entry.path)).find_map(
        |entry| {
            let text = String::from_utf8(context.tree.read(entry, SOURCE_FILE_BYTES).ok()?).ok()?;
            named(&text)
        },
    )
}

/// Files that say how the program is started, or what it needs for that.
fn says_how_to_start(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    is_container(&name)
        || name.starts_with("docker-compose")
        || name.starts_with("compose.")
        || name.starts_with("requirements")
        || name.ends_with(".service")
        || name.ends_with(".sh")
        || matches!(
            name.as_str(),
            "pyproject.toml"
                | "pipfile"
                | "render.yaml"
                | "app.yaml"
                | "fly.toml"
                | "setup.py"
                | "setup.cfg"
                | "uwsgi.ini"
                | "wsgi.ini"
                | "gunicorn.conf.py"
        )
}

/// Dockerfile and Procfile, those for development left out.
fn is_container(name: &str) -> bool {
    let is = name == "procfile"
        || name == "dockerfile"
        || name.starts_with("dockerfile.")
        || name.ends_with(".dockerfile")
        || name == "containerfile";
    is && !has_word(name, &["dev", "development", "test", "local", "debug", "ci"])
}

/// What is turned on in a Dockerfile or a Procfile.
pub(super) fn judge(context: &Context<'_>, report: &mut Report<'_>) {
    static ON: LazyLock<Vec<(Regex, &str, Severity, &str)>> = LazyLock::new(|| {
        [
            (r#"\bFLASK_DEBUG[ =]"?(?:1|[Tt]rue|on)\b"#, "debugger", Severity::Error, "`FLASK_DEBUG` is on in what is deployed: whoever makes a request fail sees source and values, and gets a console that runs any Python here, behind a PIN made of the machine's own data"),
            (r#"\bflask"?[^\n]*\brun\b[^\n]*--debug\b|\bflask"?[^\n]*--debug\b[^\n]*\brun\b"#, "debugger", Severity::Error, "`flask run --debug` is what is deployed: whoever makes a request fail sees source and values, and gets a console that runs any Python here, behind a PIN made of the machine's own data"),
            (r#"\bDJANGO_DEBUG[ =]"?(?:1|[Tt]rue|on)\b"#, "error-pages", Severity::Error, "`DJANGO_DEBUG` is on in what is deployed: whoever makes a request fail sees the trace, the source and the settings"),
            (r#"\b(?:uvicorn|gunicorn|hypercorn|fastapi dev)\b[^\n]*--reload\b"#, "reloader", Severity::Warning, "a reloader is what is deployed: the server is started again whenever a file changes, which cuts off what is under way"),
            (r#"\bNODE_ENV[ =]"?development\b"#, "error-pages", Severity::Warning, "`NODE_ENV` is \"development\" in what is deployed: Express answers errors with their trace, and templates are compiled anew for each answer"),
        ]
        .into_iter()
        .filter_map(|(pattern, variant, severity, message)| Some((Regex::new(pattern).ok()?, variant, severity, message)))
        .collect()
    });
    for entry in context.tree.entries().iter().filter(|entry| !entry.foreign) {
        let name = entry.path.rsplit('/').next().unwrap_or(&entry.path).to_lowercase();
        if !is_container(&name) || plain_text::is_example(&entry.path) {
            continue;
        }
        let Some(text) = plain_text::text(context, entry) else { continue };
        report.trial();
        for (pattern, variant, severity, message) in ON.iter() {
            for hit in pattern.find_iter(&text).filter(|hit| !is_comment(&text, hit.start())) {
                let (Ok(start), Ok(end)) = (u32::try_from(hit.start()), u32::try_from(hit.end())) else {
                    continue;
                };
                report.add(
                    report
                        .at_text(&entry.path, &text, Extent { start, end }, *message)
                        .variant(variant)
                        .severity(*severity)
                        .confidence(Confidence::High)
                        .advice("leave it out here, and set it where you develop"),
                );
            }
        }
    }
}

fn is_comment(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with('#'))
}

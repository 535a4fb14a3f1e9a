//! Flask, FastAPI and Python's own server.

use seaworthy_core::{Confidence, Severity};

use super::Unbounded;
use super::script::{LARGE, bytes};
use crate::context::Context;
use crate::facts::nodes::{Node, each_expr, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Function, Literal, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name, keyword};
use crate::facts::words::has_word;
use crate::framework::Framework;
use crate::framework::conduct::Step;
use crate::language::Language;
use crate::report::Report;

/// What of Flask's request reads a body, and what of it reads files.
const BODIES: &[&str] = &["get_json", "json", "data", "form", "files", "get_data", "stream", "values"];

const FLASK: &str = "set it where the application is made: `app.config[\"MAX_CONTENT_LENGTH\"] = 2 * 1024 * 1024`; Flask then answers 413 before anything is read";
const UPLOAD: &str = "read it in pieces and stop at your limit (`while chunk := await file.read(65536)`), or refuse by `file.size` before reading; have the proxy in front refuse larger bodies";
const STARLETTE: &str = "have what stands in front refuse large bodies (`client_max_body_size` of nginx), or add a middleware that refuses by `Content-Length` and counts what is streamed";

/// Applications of Flask and FastAPI that nothing bounds.
pub(super) fn judge_applications<'a>(
    context: &'a Context<'a>,
    steps: &[Step<'a>],
    report: &mut Report<'_>,
    found: &mut Vec<Unbounded<'a>>,
) {
    let has = |framework| context.web.handlers.iter().any(|handler| handler.framework == framework);
    let sources = || context.files.iter().filter(|file| !file.is_test && file.language == Language::Python);
    let reads = |parts: &[&str]| steps.iter().any(|step| reads_request(step, parts));
    if has(Framework::Flask) && reads(BODIES) {
        report.trial();
        let is_set = sources().any(|file| {
            (file.text.contains("MAX_CONTENT_LENGTH") || file.text.contains("max_content_length"))
                && says(file, &["max_content_length"])
        });
        let files = reads(&["files"]);
        for (file, made) in
            sources().filter(|_| !is_set).flat_map(|file| made(file, &["flask.Flask", "flask.app.Flask"]))
        {
            let (variant, severity, message) = if files {
                ("upload", Severity::Error, "this application takes files, and has no MAX_CONTENT_LENGTH: one upload of any size fills the disk or the memory".to_owned())
            } else {
                ("body", Severity::Warning, "this application has no MAX_CONTENT_LENGTH: Flask reads a body of any size into memory, and one request can take all there is".to_owned())
            };
            found.push(Unbounded {
                file,
                extent: made.extent,
                variant,
                severity,
                confidence: Confidence::High,
                message,
                advice: FLASK,
            });
        }
    }
    let takes_body = || {
        context.web.handlers.iter().any(|handler| {
            handler.framework == Framework::FastApi
                && !matches!(handler.method.as_str(), "GET" | "DELETE" | "HEAD")
        })
    };
    if has(Framework::FastApi) && takes_body() {
        report.trial();
        let is_bounded = sources().any(|file| {
            let signs = [
                "content-length",
                "content_length",
                "max_body",
                "max_upload",
                "body_limit",
                "maxbody",
                "limitupload",
                "sizelimit",
            ];
            says(file, &signs)
        });
        for (file, made) in sources()
            .filter(|_| !is_bounded)
            .flat_map(|file| made(file, &["fastapi.FastAPI", "fastapi.applications.FastAPI"]))
        {
            found.push(Unbounded {
                file,
                extent: made.extent,
                variant: "body",
                severity: Severity::Note,
                confidence: Confidence::Medium,
                message: "neither FastAPI nor uvicorn bounds how large a body may be, and nothing in this tree does: one request can take all memory".to_owned(),
                advice: STARLETTE,
            });
        }
    }
}

/// Whether a name or a text of a file, comments not counted, has one of these in it.
fn says(file: &SourceFile, signs: &[&str]) -> bool {
    let mut found = false;
    each_node(&file.syntax, &mut |node, _| {
        let text = match node {
            Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                Some(name.as_str())
            }
            Node::Expr(expr) => expr.string(),
            _ => None,
        };
        let text = text.filter(|text| text.len() < 200).map(str::to_lowercase);
        found |= text.is_some_and(|text| signs.iter().any(|sign| text.contains(sign)));
        if let Some(call) = node.expr().and_then(Expr::call) {
            let named = call.arguments.iter().filter_map(|given| given.name.as_ref());
            found |= named
                .map(|name| name.to_lowercase())
                .any(|name| signs.iter().any(|sign| name.contains(sign)));
        }
        !found
    });
    found
}

/// Whether a function reads one of these parts of Flask's request.
fn reads_request(step: &Step<'_>, parts: &[&str]) -> bool {
    let mut found = false;
    each_in_body(&step.function.body, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Member { object, name, .. }, .. }) = node {
            found |= parts.contains(&name.as_str())
                && (step
                    .source
                    .resolve(object)
                    .is_some_and(|path| path == "flask.request" || path == "flask.globals.request"));
        }
        !found
    });
    found
}

/// Where applications are made.
fn made<'a>(file: &'a SourceFile, sought: &[&str]) -> Vec<(&'a SourceFile, &'a Expr)> {
    let mut found = Vec::new();
    each_node(&file.syntax, &mut |node, _| {
        if let Some(expr) = node.expr()
            && let Some(call) = expr.call()
            && file.resolve(&call.callee).is_some_and(|path| sought.contains(&path.as_str()))
        {
            found.push((file, expr));
        }
        true
    });
    found
}

/// `await file.read()` of an `UploadFile`.
pub(super) fn judge_upload<'a>(step: &Step<'a>, report: &mut Report<'_>, found: &mut Vec<Unbounded<'a>>) {
    if step.source.language != Language::Python {
        return;
    }
    let uploads: Vec<String> = step
        .function
        .parameters
        .iter()
        .filter(|parameter| {
            parameter
                .annotation
                .as_ref()
                .is_some_and(|annotation| step.source.text_of(annotation.extent).contains("UploadFile"))
                || parameter.default.as_ref().and_then(Expr::call).and_then(|call| called_name(&call.callee))
                    == Some("File")
        })
        .filter_map(|parameter| parameter.pattern.dotted())
        .collect();
    if uploads.is_empty() {
        return;
    }
    report.trial();
    let (mut whole, mut tests) = (None, Vec::new());
    each_in_body(&step.function.body, &mut |node, _| {
        let Some(expr) = node.expr() else { return true };
        if let Some(call) = expr.call()
            && let ExprKind::Member { object, name, .. } = &call.callee.kind
            && name == "read"
            && call.arguments.is_empty()
            && object.dotted().is_some_and(|of| {
                uploads.iter().any(|upload| of == *upload || of == format!("{upload}.file"))
            })
        {
            whole = whole.or(Some(expr));
        }
        if is_size_test(expr) {
            tests.push(expr.extent);
        }
        true
    });
    // What is tested when everything has been read bounds nothing.
    let is_bounded = |whole: &Expr| tests.iter().any(|test| test.end <= whole.extent.start);
    let Some(whole) = whole.filter(|whole| !is_bounded(whole)) else { return };
    let text = step.source.text_of(whole.extent);
    found.push(Unbounded {
        file: step.source,
        extent: whole.extent,
        variant: "upload",
        severity: Severity::Error,
        confidence: Confidence::High,
        message: format!(
            "`{text}` reads an upload of any size into memory: one request can take all there is"
        ),
        advice: UPLOAD,
    });
}

/// A comparison of a size or length with something.
fn is_size_test(expr: &Expr) -> bool {
    let is_size = |side: &Expr| match &side.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => {
            has_word(name, &["size", "length", "len", "bytes", "total", "max"])
        }
        ExprKind::Call(call) => called_name(&call.callee) == Some("len"),
        _ => false,
    };
    matches!(&expr.kind, ExprKind::Compare { left, rest } if is_size(left) || rest.iter().any(|(_, right)| is_size(right)))
}

/// Bodies read as long as `Content-Length` says, and limits that are switched off.
pub(super) fn judge_lengths<'a>(
    file: &'a SourceFile,
    report: &mut Report<'_>,
    found: &mut Vec<Unbounded<'a>>,
) {
    const SIGNS: &[&str] =
        &["rfile", "wsgi.input", "content.read", "client_max_size", "DATA_UPLOAD_MAX", "MAX_CONTENT_LENGTH"];
    if file.language != Language::Python || !SIGNS.iter().any(|sign| file.text.contains(sign)) {
        return;
    }
    let mut values = FileValues::of(&file.syntax);
    each_node(&file.syntax, &mut |node, around| {
        match node {
            Node::Expr(expr) => {
                found.extend(unlimited_aiohttp(file, expr, report));
                if let Some(call) = expr.call()
                    && let ExprKind::Member { object, name, .. } = &call.callee.kind
                    && name == "read"
                    && call.arguments.is_empty()
                    && (is_request_stream(object) || is_content_of_request(object))
                {
                    report.trial();
                    found.push(Unbounded {
                        file,
                        extent: expr.extent,
                        variant: "body",
                        severity: Severity::Error,
                        confidence: Confidence::High,
                        message: format!("`{}` reads until the caller stops sending: one request without an end takes all memory", file.text_of(expr.extent)),
                        advice: "read in pieces, count them, and answer 413 when there is more than you take",
                    });
                } else if let Some(call) = expr.call()
                    && let ExprKind::Member { object, name, .. } = &call.callee.kind
                    && name == "read"
                    && is_request_stream(object)
                    && let [length] = call.arguments.as_slice()
                {
                    report.trial();
                    let origins = values.origins(&length.value, around);
                    let by_caller = origins.iter().any(|origin| {
                        file.text_of(origin.extent).to_lowercase().contains("content-length")
                            || file.text_of(origin.extent).contains("CONTENT_LENGTH")
                    });
                    let function = around.iter().rev().find_map(|node| node.function());
                    let whole = matches!(&length.value.kind, ExprKind::Unary { .. });
                    if (by_caller && !function.is_some_and(|function| is_bounded(function, expr))) || whole {
                        found.push(Unbounded {
                            file,
                            extent: expr.extent,
                            variant: "body",
                            severity: Severity::Error,
                            confidence: Confidence::High,
                            message: format!("`{}` reads as much as the caller says in Content-Length, without a bound: one request can take all memory, and one that never ends holds a thread", file.text_of(expr.extent)),
                            advice: "compare the length with the most that you take, and answer 413 before reading; refuse what is no number or negative",
                        });
                    }
                }
            }
            Node::Stmt(stmt) => found.extend(switched_off(file, stmt, report)),
            Node::Handler(_) => {}
        }
        true
    });
}

/// `MAX_CONTENT_LENGTH = None`.
fn switched_off<'a>(file: &'a SourceFile, stmt: &Stmt, report: &mut Report<'_>) -> Option<Unbounded<'a>> {
    let StmtKind::Assign(assign) = &stmt.kind else { return None };
    let off = matches!(assign.value.as_ref()?.kind, ExprKind::Literal(Literal::Null));
    let name = called_name(assign.targets.first()?)?;
    if !off || !matches!(name, "DATA_UPLOAD_MAX_MEMORY_SIZE" | "MAX_CONTENT_LENGTH") {
        return None;
    }
    report.trial();
    Some(Unbounded {
        file,
        extent: stmt.extent,
        variant: "limit",
        severity: Severity::Warning,
        confidence: Confidence::High,
        message: format!("`{name} = None` switches the limit off: bodies of any size are read into memory"),
        advice: "set the largest body that you mean to take, in bytes",
    })
}

/// aiohttp's `web.Application(client_max_size=0)`, which is no limit, and one so large that it is none.
fn unlimited_aiohttp<'a>(
    file: &'a SourceFile,
    expr: &'a Expr,
    report: &mut Report<'_>,
) -> Option<Unbounded<'a>> {
    let call = expr.call()?;
    if file.resolve(&call.callee).as_deref() != Some("aiohttp.web.Application") {
        return None;
    }
    let limit = keyword(&call.arguments, "client_max_size")?;
    report.trial();
    let none = bytes(limit) == Some(0) || matches!(limit.kind, ExprKind::Literal(Literal::Null));
    let large = bytes(limit).is_some_and(|bytes| bytes > LARGE);
    (none || large).then(|| Unbounded {
        file,
        extent: limit.extent,
        variant: "limit",
        severity: Severity::Warning,
        confidence: Confidence::High,
        message: if none {
            "`client_max_size` switches aiohttp's limit of 1 MiB off: bodies of any size are read into memory"
                .to_owned()
        } else {
            format!("`client_max_size` lets every route take bodies of up to {} bytes into memory: a few at once take all there is", file.text_of(limit.extent))
        },
        advice: "set the largest body that the routes take; read larger files in pieces with `request.multipart()` and `read_chunk()`",
    })
}

/// aiohttp's `request.content`, a stream that no limit is for.
fn is_content_of_request(object: &Expr) -> bool {
    matches!(&object.kind, ExprKind::Member { object, name, .. }
        if name == "content" && called_name(object) == Some("request"))
}

/// `self.rfile`, `environ["wsgi.input"]`.
fn is_request_stream(object: &Expr) -> bool {
    match &object.kind {
        ExprKind::Member { name, .. } => name == "rfile",
        ExprKind::Index { index, .. } => index.string() == Some("wsgi.input"),
        _ => false,
    }
}

/// Whether a function compares a length with something, or takes the smaller of two, until it has read.
fn is_bounded(function: &Function, read: &Expr) -> bool {
    let mut bounded = false;
    each_expr(&function.body, true, &mut |expr| {
        if expr.extent.end > read.extent.end {
            return;
        }
        bounded |=
            is_size_test(expr) || expr.call().and_then(|call| called_name(&call.callee)) == Some("min");
    });
    bounded
}

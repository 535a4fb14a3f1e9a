//! Whether a form of another site can send what a route takes.

use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Literal, Parameter};
use crate::facts::values::{called_name, keyword};
use crate::framework::Framework;
use crate::framework::conduct::Step;
use crate::framework::web::Handler;
use crate::language::Language;

/// What a route reads of the body.
#[derive(Debug, Default)]
struct Reads {
    /// JSON, by a reader that insists on its media type.
    checked: bool,
    /// JSON or bytes, whatever the media type says.
    unchecked: bool,
    /// Fields or files of a form.
    form: bool,
    /// What parsers before the route left there.
    parsed: bool,
    /// The media type itself.
    media_type: bool,
}

/// Whether a form can send it: there is no body, or one that a form can have.
pub(super) fn from_a_form(context: &Context<'_>, handler: &Handler<'_>, steps: &[Step<'_>]) -> bool {
    let mut reads = Reads::default();
    for step in steps {
        each_in_body(&step.function.body, &mut |node, _| {
            if let Some(expr) = node.expr() {
                note(step.source, expr, &mut reads);
            }
            true
        });
    }
    if handler.framework == Framework::FastApi {
        parameters(handler, &mut reads);
    }
    if reads.media_type {
        return false;
    }
    if reads.form || reads.unchecked {
        return true;
    }
    if reads.parsed {
        return parses_forms(context);
    }
    !reads.checked
}

fn note(file: &SourceFile, expr: &Expr, reads: &mut Reads) {
    match &expr.kind {
        ExprKind::Call(call) => {
            let name = called_name(&call.callee).unwrap_or_default();
            let ExprKind::Member { object, .. } = &call.callee.kind else { return };
            if !is_request(object) {
                reads.unchecked |= name == "read" && called_name(object) == Some("rfile");
                return;
            }
            let forced = keyword(&call.arguments, "force")
                .is_some_and(|value| matches!(value.kind, ExprKind::Literal(Literal::Boolean(true))));
            match name {
                "get_json" if forced => reads.unchecked = true,
                "get_json" => reads.checked = true,
                "form" | "post" | "multipart" | "formData" => reads.form = true,
                "get_data" | "body" | "read" | "text" | "json" | "stream" => reads.unchecked = true,
                "is" => reads.media_type = true,
                _ => {}
            }
        }
        ExprKind::Member { object, name, .. } if is_request(object) => match name.as_str() {
            "form" | "files" | "values" | "file" => reads.form = true,
            "data" => reads.unchecked = true,
            "is_json" | "mimetype" | "content_type" => reads.media_type = true,
            "json" if file.language == Language::Python => reads.checked |= imports(file, "flask"),
            "body" if file.language != Language::Python => reads.parsed = true,
            _ => {}
        },
        ExprKind::Literal(Literal::String(text)) => {
            reads.media_type |= text.starts_with("application/json") && asks(file, expr);
        }
        _ => {}
    }
}

/// Whether the media type that is written here is compared with what came, and not what is answered.
fn asks(file: &SourceFile, expr: &Expr) -> bool {
    let begin = file.text.get(..expr.extent.start as usize).unwrap_or_default();
    let line = begin.rsplit('\n').next().unwrap_or_default();
    ["==", "!=", " in ", "startswith(", "startsWith(", "includes("].iter().any(|sign| line.contains(sign))
        || file.text.get(expr.extent.end as usize..).unwrap_or_default().trim_start().starts_with("not in")
        || file.text.get(expr.extent.end as usize..).unwrap_or_default().trim_start().starts_with("in ")
}

fn imports(file: &SourceFile, module: &str) -> bool {
    file.imports.iter().any(|fact| fact.import.module == module)
}

fn is_request(object: &Expr) -> bool {
    matches!(called_name(object), Some("request" | "req" | "ctx"))
}

/// FastAPI reads a model from JSON of the right type only, and `Form` and files from forms.
fn parameters(handler: &Handler<'_>, reads: &mut Reads) {
    for parameter in &handler.function.parameters {
        let mut names = Vec::new();
        let mut note = |expr: &Expr| {
            crate::facts::nodes::each_in_expr(expr, &mut |node: Node<'_>, _| {
                names.extend(node.expr().and_then(called_name).map(str::to_owned));
                true
            });
        };
        parameter.annotation.iter().for_each(&mut note);
        parameter.default.iter().for_each(&mut note);
        let has = |sought: &[&str]| names.iter().any(|name| sought.contains(&name.as_str()));
        reads.form |= has(&["Form", "File", "UploadFile"]);
        reads.checked |= has(&["Body", "dict", "Dict"]) || is_model(parameter, &names);
    }
}

/// A parameter whose type is a class of the project, and that nothing else gives.
fn is_model(parameter: &Parameter, names: &[String]) -> bool {
    const OTHERS: &[&str] = &[
        "Depends",
        "Security",
        "Cookie",
        "Header",
        "Query",
        "Path",
        "Form",
        "File",
        "UploadFile",
        "Request",
        "Response",
        "Session",
        "AsyncSession",
        "BackgroundTasks",
        "WebSocket",
        "Annotated",
        "Optional",
        "UUID",
        "Literal",
    ];
    parameter.annotation.is_some()
        && names.iter().any(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
        && !names.iter().any(|name| OTHERS.contains(&name.as_str()))
}

/// Whether something parses bodies that a form can have into `req.body`.
fn parses_forms(context: &Context<'_>) -> bool {
    const PARSERS: &[&str] = &[
        "urlencoded(",
        "multer",
        "@fastify/formbody",
        "@fastify/multipart",
        "addContentTypeParser",
        "express-fileupload",
        "koa-body",
        "formidable",
        "express.text(",
        "bodyParser.text(",
        "type: '*/*'",
        "type: \"*/*\"",
        "type: () => true",
    ];
    context.files.iter().any(|file| {
        !file.is_test
            && file.language != Language::Python
            && PARSERS.iter().any(|sign| file.text.contains(sign))
    })
}

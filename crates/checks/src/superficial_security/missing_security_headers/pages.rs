//! Where a service answers something that a browser shows: pages, and files as they are.

use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Around, Node, each_in_body, each_node, enclosing_function};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Literal, Stmt, StmtKind};
use crate::facts::values::{called_name, keyword, returned};
use crate::facts::words::has_word;
use crate::language::Language;

/// Something that a browser shows.
pub(super) struct Page<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) extent: Extent,
    /// What it is, for a message.
    pub(super) what: &'static str,
}

const PAGES: &str = "pages";
const FILES: &str = "files as they are";

/// The first of them in a file: pages before files.
pub(super) fn first<'a>(context: &Context<'a>, file: &'a SourceFile) -> Option<Page<'a>> {
    let (mut page, mut files) = (None, None);
    each_node(&file.syntax, &mut |node, around| {
        match shown(context, file, node, around) {
            Some((PAGES, extent)) => page = page.or(Some(extent)),
            Some((_, extent)) => files = files.or(Some(extent)),
            None => {}
        }
        page.is_none()
    });
    let (extent, what) = page.map(|extent| (extent, PAGES)).or(files.map(|extent| (extent, FILES)))?;
    Some(Page { file, extent, what })
}

fn shown<'a>(
    context: &Context<'a>,
    file: &'a SourceFile,
    node: Node<'a>,
    around: Around<'a, '_>,
) -> Option<(&'static str, Extent)> {
    match node {
        Node::Expr(expr) => {
            let what = match &expr.kind {
                ExprKind::Call(call) => match file.language {
                    Language::Python => python(file, call),
                    Language::JavaScript | Language::TypeScript => script(context, file, call),
                    Language::Rust => rust(file, call),
                },
                // `Answer(200, page, "text/html")`, `{ "Content-Type": "text/html" }`; a test of what the caller takes is neither.
                ExprKind::Literal(Literal::String(text)) if is_html_type(text) => {
                    is_sent(file, around).then_some(PAGES)
                }
                _ => None,
            }?;
            Some((what, file.first_line(expr.extent)))
        }
        // Flask answers text as a page.
        Node::Stmt(Stmt { kind: StmtKind::Return(Some(value)), extent }) => {
            let is_flask = file.imports.iter().any(|fact| fact.import.module == "flask");
            let routed = || {
                enclosing_function(around).is_some_and(|function| {
                    function.decorators.iter().any(|decorator| {
                        decorator
                            .call()
                            .and_then(|call| called_name(&call.callee))
                            .is_some_and(|name| matches!(name, "route" | "get" | "post" | "errorhandler"))
                    })
                })
            };
            (is_flask && is_markup(value) && routed()).then(|| (PAGES, file.first_line(*extent)))
        }
        _ => None,
    }
}

fn is_html_type(text: &str) -> bool {
    let lower = text.trim_start();
    lower.len() < 60 && (lower.starts_with("text/html") || lower.starts_with("application/xhtml"))
}

/// Whether a media type is part of what is answered: given to a call that sends, or under the header's name.
fn is_sent(file: &SourceFile, around: Around<'_, '_>) -> bool {
    match around.last() {
        Some(Node::Expr(Expr { kind: ExprKind::Call(call), .. })) => {
            let name = called_name(&call.callee).unwrap_or_default();
            let tests = [
                "accepts",
                "accept",
                "startswith",
                "startsWith",
                "includes",
                "is",
                "match",
                "test",
                "best_match",
            ];
            // Mails have pages in them too.
            !tests.contains(&name)
                && !has_word(
                    name,
                    &["mime", "mail", "attach", "alternative", "message", "request", "fetch", "get"],
                )
        }
        Some(Node::Expr(Expr { kind: ExprKind::Record { .. }, .. })) => {
            // A table of endings and types, or headers of an answer.
            !around.iter().any(|node| {
                node.expr().and_then(Expr::call).and_then(|call| called_name(&call.callee)).is_some_and(
                    |name| {
                        has_word(name, &["fetch", "get", "request", "mail", "send", "axios", "attach"])
                            && name != "send_header"
                    },
                )
            }) && !file.text.contains("nodemailer")
        }
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => {
            assign.targets.iter().any(|target| match &target.kind {
                ExprKind::Index { index, .. } => {
                    index.string().is_some_and(|name| name.eq_ignore_ascii_case("content-type"))
                }
                _ => called_name(target)
                    .is_some_and(|name| matches!(name, "content_type" | "mimetype" | "media_type")),
            })
        }
        _ => false,
    }
}

/// Text that begins as markup.
fn is_markup(expr: &Expr) -> bool {
    let begins = |text: &str| {
        let text = text.trim_start();
        text.starts_with('<') && text.chars().nth(1).is_some_and(|c| c.is_ascii_alphabetic() || c == '!')
    };
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => begins(text),
        ExprKind::Template(template) => {
            matches!(template.parts.first(), Some(crate::facts::syntax::TemplatePart::Text(text)) if begins(text))
        }
        ExprKind::Binary { left, .. } => is_markup(left),
        ExprKind::Sequence { items, .. } => items.first().is_some_and(is_markup),
        _ => false,
    }
}

fn python(file: &SourceFile, call: &Call) -> Option<&'static str> {
    let path = file.resolve(&call.callee).unwrap_or_default();
    let name = called_name(&call.callee)?;
    match path.as_str() {
        "flask.render_template" | "flask.render_template_string" | "aiohttp_jinja2.render_template" => {
            return Some(PAGES);
        }
        "flask.send_file" | "flask.send_from_directory" => {
            let attached = keyword(&call.arguments, "as_attachment")
                .is_some_and(|value| !matches!(value.kind, ExprKind::Literal(Literal::Boolean(false))));
            let typed = keyword(&call.arguments, "mimetype")
                .and_then(Expr::string)
                .is_some_and(|kind| !kind.contains("html") && !kind.contains("svg"));
            return (!attached && !typed).then_some(FILES);
        }
        _ => {}
    }
    let class = keyword(&call.arguments, "response_class").and_then(called_name);
    if class == Some("HTMLResponse") {
        return Some(PAGES);
    }
    match name {
        "HTMLResponse" | "TemplateResponse" => Some(PAGES),
        "StaticFiles" => Some(FILES),
        "add_static" if file.text.contains("aiohttp") => Some(FILES),
        "FileResponse" => (keyword(&call.arguments, "filename").is_none()
            && keyword(&call.arguments, "media_type")
                .and_then(Expr::string)
                .is_none_or(|kind| kind.contains("html")))
        .then_some(FILES),
        _ => None,
    }
}

fn script<'a>(context: &Context<'a>, file: &'a SourceFile, call: &Call) -> Option<&'static str> {
    let path = file.resolve(&call.callee).or_else(|| call.callee.dotted()).unwrap_or_default();
    let name = called_name(&call.callee)?;
    let first = call.arguments.first().map(|given| &given.value);
    if matches!(path.as_str(), "express.static" | "koa-static" | "serve-static" | "express.default.static") {
        return Some(FILES);
    }
    if name == "register"
        && first
            .and_then(|plugin| file.resolve(plugin))
            .is_some_and(|plugin| plugin == "@fastify/static" || plugin == "@fastify/static.default")
    {
        return Some(FILES);
    }
    let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
    let on_answer = is_answer(object);
    match name {
        "render" | "view" if on_answer => Some(PAGES),
        "sendFile" if on_answer => {
            let ending =
                first.and_then(Expr::string).and_then(|path| path.rsplit_once('.')).map(|(_, ending)| ending);
            match ending {
                Some("html") => Some(PAGES),
                Some("json" | "csv" | "pdf" | "png" | "txt" | "yaml" | "xml") => None,
                _ => Some(FILES),
            }
        }
        "type" | "contentType" if on_answer => first
            .and_then(Expr::string)
            .is_some_and(|kind| kind == "html" || kind == ".html")
            .then_some(PAGES),
        // Fastify answers text as text.
        "send" if on_answer && called_name(object) != Some("reply") => {
            first.is_some_and(|sent| is_markup(sent) || makes_markup(context, file, sent)).then_some(PAGES)
        }
        "html" if matches!(called_name(object), Some("c" | "ctx")) => Some(PAGES),
        _ => None,
    }
}

/// `layout(title, body)`: a function of the project that gives markup back.
fn makes_markup<'a>(context: &Context<'a>, file: &'a SourceFile, sent: &Expr) -> bool {
    let function = sent.call().and_then(|call| called_function(context, file, &call.callee));
    function.is_some_and(|(_, function)| returned(function).into_iter().any(is_markup))
}

/// `res`, `res.status(200)`, `reply.code(200)`.
fn is_answer(object: &Expr) -> bool {
    match &object.kind {
        ExprKind::Name(name) => matches!(name.as_str(), "res" | "response" | "reply" | "resp"),
        ExprKind::Call(call) => {
            matches!(&call.callee.kind, ExprKind::Member { object, .. } if is_answer(object))
        }
        _ => false,
    }
}

fn rust(file: &SourceFile, call: &Call) -> Option<&'static str> {
    let path = file.resolve(&call.callee).unwrap_or_default();
    match path.as_str() {
        "axum.response.Html" | "warp.reply.html" | "actix_web.web.Html.new" => Some(PAGES),
        "tower_http.services.ServeDir.new" | "actix_files.Files.new" => Some(FILES),
        _ => None,
    }
}

/// Where a handler of `http.server` writes its headers: the name of the function.
pub(super) fn sender(file: &SourceFile) -> Option<Extent> {
    if !file.text.contains("end_headers") {
        return None;
    }
    let mut found = None;
    each_node(&file.syntax, &mut |node, _| {
        if let Some(function) = node.function()
            && found.is_none()
        {
            let mut sends = 0;
            each_in_body(&function.body, &mut |node, _| {
                let name = node.expr().and_then(Expr::call).and_then(|call| called_name(&call.callee));
                sends += u32::from(matches!(name, Some("send_header" | "end_headers")));
                node.function().is_none()
            });
            found = (sends > 1).then_some(function.name_extent);
        }
        found.is_none()
    });
    found
}

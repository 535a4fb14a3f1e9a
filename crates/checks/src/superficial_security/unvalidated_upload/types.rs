//! Lists of what may be uploaded, and media types that are kept as the caller wrote them.

use seaworthy_core::{Confidence, Severity};

use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, StmtKind};
use crate::facts::values::{called_name, keyword};
use crate::facts::words::has_word;
use crate::report::Report;

/// A list of allowed endings or types of pictures that has something in it which carries script.
pub(super) fn list_with_script(file: &SourceFile) -> Option<(&SourceFile, Extent, String)> {
    file.syntax.body.iter().find_map(|stmt| {
        let StmtKind::Assign(assign) = &stmt.kind else { return None };
        let name = assign.targets.first().and_then(called_name)?;
        if !has_word(
            name,
            &[
                "allowed",
                "accept",
                "accepted",
                "permitted",
                "valid",
                "extensions",
                "ext",
                "exts",
                "whitelist",
                "mimes",
            ],
        ) {
            return None;
        }
        let value = assign.value.as_ref()?;
        let items = items(value)?;
        let texts: Vec<&str> = items.iter().filter_map(Expr::string).collect();
        let is = |text: &str, endings: &[&str]| {
            let plain = text.trim_start_matches('.').rsplit('/').next().unwrap_or(text).to_lowercase();
            endings.contains(&plain.as_str())
        };
        let pictures = texts.iter().any(|text| is(text, &["png", "jpg", "jpeg", "gif", "webp"]));
        let script =
            texts.iter().find(|text| is(text, &["svg", "svg+xml", "html", "htm", "xhtml", "xhtml+xml"]))?;
        pictures.then(|| (file, stmt.extent, (*script).to_owned()))
    })
}

/// The items of a list, and of `new Set([..])`, `frozenset({..})`.
fn items(value: &Expr) -> Option<&[Expr]> {
    match &value.kind {
        ExprKind::Sequence { items, .. } => Some(items),
        ExprKind::Call(call) if matches!(called_name(&call.callee), Some("Set" | "set" | "frozenset")) => {
            items(&call.arguments.first()?.value)
        }
        _ => None,
    }
}

/// The caller's media type is kept, and sent back as the type of the file.
pub(super) fn judge(files: &[&SourceFile], report: &mut Report<'_>) {
    let Some((file, extent)) = files.iter().find_map(|file| kept(file)) else { return };
    report.trial();
    let Some((other, answer)) = files.iter().find_map(|file| sent_back(file)) else { return };
    let message = format!(
        "`{}`, which the caller wrote, is kept and sent back as the type of the file: a page that is uploaded is answered as a page",
        file.text_of(extent)
    );
    report.add(
        report
            .at(file, extent, message)
            .variant("type")
            .severity(Severity::Warning)
            .confidence(Confidence::Medium)
            .related(other, answer, "here it is the type of the answer")
            .advice("take the type from the first bytes and from a list of those you serve; send everything else as `application/octet-stream` with `Content-Disposition: attachment` and `nosniff`"),
    );
}

/// Where the caller's media type is put away: an entry of a record, an argument of a statement; and nothing in the file tests it.
fn kept(file: &SourceFile) -> Option<(&SourceFile, Extent)> {
    if !["mimetype", "content_type", "contentType"].iter().any(|sign| file.text.contains(sign)) {
        return None;
    }
    const TAKES: &[&str] = &[
        ".file(",
        ".files",
        "parts(",
        "UploadFile",
        "multer",
        "busboy",
        "formidable",
        "req.file",
        "express-fileupload",
    ];
    if !TAKES.iter().any(|sign| file.text.contains(sign)) {
        return None;
    }
    let (mut found, mut tested) = (None, false);
    each_node(&file.syntax, &mut |node, around| {
        if let Node::Expr(expr @ Expr { kind: ExprKind::Member { object, name, .. }, .. }) = node
            && matches!(name.as_str(), "mimetype" | "content_type" | "contentType")
            && called_name(object).is_some_and(is_upload)
        {
            match around.last() {
                Some(Node::Expr(Expr { kind: ExprKind::Record { .. }, .. })) => {
                    found = found.or(Some(expr.extent))
                }
                Some(Node::Expr(Expr { kind: ExprKind::Call(call), .. }))
                    if matches!(called_name(&call.callee), Some("run" | "execute" | "query")) =>
                {
                    found = found.or(Some(expr.extent));
                }
                // `(name, kind, ..)` of a statement.
                Some(Node::Expr(Expr { kind: ExprKind::Sequence { .. }, .. })) => {
                    found = found.or(Some(expr.extent))
                }
                Some(Node::Expr(Expr {
                    kind: ExprKind::Compare { .. } | ExprKind::Member { .. } | ExprKind::Index { .. },
                    ..
                })) => {
                    tested = true;
                }
                Some(Node::Expr(Expr { kind: ExprKind::Call(call), .. })) => {
                    tested |= matches!(
                        called_name(&call.callee),
                        Some("includes" | "has" | "test" | "match" | "get")
                    );
                }
                _ => {}
            }
        }
        true
    });
    found.filter(|_| !tested).map(|extent| (file, extent))
}

pub(super) fn is_upload(name: &str) -> bool {
    has_word(
        name,
        &[
            "file",
            "upload",
            "uploaded",
            "part",
            "photo",
            "picture",
            "image",
            "avatar",
            "attachment",
            "up",
            "data",
            "f",
        ],
    )
}

/// Where a type that is no constant is the type of an answer, which is no download.
fn sent_back(file: &SourceFile) -> Option<(&SourceFile, Extent)> {
    let lower = file.text.to_lowercase();
    // Where a file says that it answers downloads, it may say so of this one.
    if lower.contains("attachment") && !lower.contains("inline") {
        return None;
    }
    let mut found = None;
    each_node(&file.syntax, &mut |node, _| {
        if let Node::Expr(expr) = node
            && let Some(call) = expr.call()
            && let Some(kind) = type_of_answer(call)
            && is_kept_type(kind)
        {
            found = found.or(Some(file.first_line(expr.extent)));
        }
        found.is_none()
    });
    found.map(|extent| (file, extent))
}

/// What a call gives an answer for its type.
fn type_of_answer(call: &crate::facts::syntax::Call) -> Option<&Expr> {
    let name = called_name(&call.callee)?;
    let given = |at: usize| call.arguments.get(at).map(|given| &given.value);
    match name {
        "type" | "contentType" if matches!(call.callee.kind, ExprKind::Member { .. }) => given(0),
        "setHeader" | "header" | "set" | "send_header" => {
            given(0)?.string().filter(|header| header.eq_ignore_ascii_case("content-type"))?;
            given(1)
        }
        "Response" | "send_file" | "StreamingResponse" | "make_response" => {
            if keyword(&call.arguments, "as_attachment").is_some() {
                return None;
            }
            ["mimetype", "media_type", "content_type"].iter().find_map(|name| keyword(&call.arguments, name))
        }
        _ => None,
    }
}

/// A field of a row that is named for a media type.
fn is_kept_type(kind: &Expr) -> bool {
    let field = match &kind.kind {
        ExprKind::Member { name, .. } => Some(name.as_str()),
        ExprKind::Index { index, .. } => index.string(),
        ExprKind::Logical { left, .. } => return is_kept_type(left),
        _ => None,
    };
    field.is_some_and(|field| {
        has_word(field, &["mime", "mimetype"])
            || matches!(field, "content_type" | "contentType" | "media_type" | "mediaType")
    })
}

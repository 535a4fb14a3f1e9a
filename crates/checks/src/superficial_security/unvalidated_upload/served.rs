//! Folders whose files anybody is served.

use std::collections::HashSet;

use crate::facts::nodes::{each_in_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Literal, TemplatePart};
use crate::facts::values::{Bound, FileValues, Values, called_name, keyword};
use crate::language::Language;

/// A folder that is served.
pub(super) struct Served<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) extent: Extent,
    /// Names and texts by which it is written.
    pub(super) names: HashSet<String>,
}

/// Words of paths that say nothing of which folder.
const PLAIN: &[&str] = &[
    "path",
    "os",
    "join",
    "process",
    "env",
    "dirname",
    "__dirname",
    "__file__",
    "cwd",
    "file",
    "name",
    "filename",
    "app",
    "config",
    "root",
    "resolve",
    "req",
    "params",
    "request",
    "fs",
    "Path",
    "str",
    "BASE_DIR",
    "root_path",
    "originalname",
    "extname",
    "current_app",
    "uuidv4",
    "uuid4",
    "uuid",
    "hex",
    "Date",
    "now",
    "secure_filename",
    "f",
    "data",
    "args",
    "query",
    "this",
    "self",
    "environ",
    "get",
    "getenv",
    "abspath",
    "import",
    "meta",
    "url",
    "fileURLToPath",
    "id",
    "settings",
    "ext",
    "splitext",
    "lower",
    "rsplit",
    "split",
    "toLowerCase",
    "image",
    "upload",
    "img",
    "photo",
    "v",
    "row",
    "doc",
];

/// The names and texts in an expression for a folder.
pub(super) fn folder_names(expr: &Expr, found: &mut HashSet<String>) {
    let mut take = |text: &str| {
        for part in text.split('/').map(|part| part.trim_matches('.')) {
            if part.len() > 2 && !PLAIN.contains(&part) && !part.contains(' ') {
                found.insert(part.to_owned());
            }
        }
    };
    each_in_expr(expr, &mut |node, _| {
        match node.expr().map(|expr| &expr.kind) {
            Some(ExprKind::Name(name) | ExprKind::Member { name, .. }) => take(name),
            Some(ExprKind::Literal(Literal::String(text))) => take(text),
            Some(ExprKind::Template(template)) => {
                for part in &template.parts {
                    if let TemplatePart::Text(text) = part {
                        take(text);
                    }
                }
            }
            _ => {}
        }
        true
    });
}

/// Adds what the constants of a file stand for: `UPLOADS = join(DATA, "uploads")`.
pub(super) fn with_constants(top: &Values<'_>, found: &mut HashSet<String>) {
    for name in found.clone() {
        for bound in top.bound(&name) {
            if let Bound::To(value) = bound {
                folder_names(value, found);
            }
        }
    }
}

/// The folders that the files serve.
pub(super) fn folders<'a>(files: &[&'a SourceFile]) -> Vec<Served<'a>> {
    let mut found = Vec::new();
    for file in files {
        let mut values = FileValues::of(&file.syntax);
        let top = Values::of_body(&file.syntax.body);
        each_node(&file.syntax, &mut |node, around| {
            let Some(expr) = node.expr() else { return true };
            let Some(call) = expr.call() else { return true };
            let Some(folder) = served_by(file, call) else { return true };
            let mut names = HashSet::new();
            for origin in values.origins(folder, around) {
                folder_names(origin, &mut names);
            }
            folder_names(folder, &mut names);
            with_constants(&top, &mut names);
            found.push(Served { file, extent: file.first_line(expr.extent), names });
            true
        });
    }
    found
}

/// The folder, or the path in it, that a call serves.
fn served_by<'a>(file: &SourceFile, call: &'a Call) -> Option<&'a Expr> {
    let name = called_name(&call.callee)?;
    let given = |at: usize| call.arguments.get(at).map(|given| &given.value);
    let path = file.resolve(&call.callee).unwrap_or_default();
    if file.language == Language::Python {
        let attached = keyword(&call.arguments, "as_attachment")
            .is_some_and(|value| !matches!(value.kind, ExprKind::Literal(Literal::Boolean(false))));
        let typed = keyword(&call.arguments, "mimetype").or_else(|| keyword(&call.arguments, "media_type"));
        return match name {
            "send_from_directory" | "send_file" if !attached && typed.is_none() => given(0),
            "StaticFiles" => keyword(&call.arguments, "directory").or_else(|| given(0)),
            "add_static" => given(1),
            "FileResponse" if keyword(&call.arguments, "filename").is_none() && typed.is_none() => given(0),
            // Read, and answered with the type that a table of endings says.
            "open" => {
                let reads = given(1).and_then(Expr::string).is_some_and(|mode| mode.starts_with("rb"));
                let typed = file.text.contains("\"text/html\"")
                    || file.text.contains("'text/html'")
                    || file.text.contains("guess_type(");
                given(0).filter(|_| reads && typed)
            }
            _ => None,
        };
    }
    let is_static =
        matches!(path.as_str(), "express.static" | "express.default.static" | "serve-static" | "koa-static");
    match name {
        _ if is_static => given(0),
        "sendFile" => given(0),
        "register" => {
            let plugin = file.resolve(given(0)?)?;
            let options = given(1)?;
            plugin.starts_with("@fastify/static").then_some(options)
        }
        _ => None,
    }
}

//! Uploads that are kept under a name that the caller gave.

use std::collections::HashSet;

use super::filter::{Filter, filter_of};
use super::served::{folder_names, with_constants};
use super::types::is_upload;
use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{each_in_body, each_in_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CompareOp, Expr, ExprKind, Extent, Function, Literal, Stmt, TemplatePart};
use crate::facts::values::{Bound, Values, called_name, entry, returned};
use crate::facts::words::has_word;
use crate::language::Language;

/// Rounds of names that take their value from names; real chains are two or three long.
const ROUNDS: usize = 4;

/// Calls whose result no longer has the ending that was given.
const WITHOUT_ENDING: &[&str] = &[
    "sha256",
    "sha1",
    "md5",
    "createHash",
    "digest",
    "hexdigest",
    "hash",
    "len",
    "getsize",
    "stat",
    "guess_type",
    "lookup",
    "uuid5",
    "exists",
    "isfile",
    "existsSync",
    "stem",
];

/// An upload that is kept under what the caller called it.
pub(super) struct Kept<'a> {
    pub(super) file: &'a SourceFile,
    /// Where it is written.
    pub(super) extent: Extent,
    /// The caller's name for it, as the source has it: `file.originalname`.
    pub(super) name: String,
    /// Names and texts of the folder.
    pub(super) folder: HashSet<String>,
    /// Whether the ending is compared with a list.
    pub(super) tested: bool,
    /// Whether the media type is tested.
    pub(super) type_tested: bool,
}

/// The uploads that a file keeps.
pub(super) fn kept<'a>(context: &Context<'a>, file: &'a SourceFile) -> Vec<Kept<'a>> {
    const SIGNS: &[&str] = &["originalname", ".filename", "get_filename", "originalFilename"];
    let mut found = Vec::new();
    if !SIGNS.iter().any(|sign| file.text.contains(sign)) {
        return found;
    }
    each_node(&file.syntax, &mut |node, around| {
        // Functions inside others are read with the outermost.
        if let Some(function) = node.function()
            && !around.iter().any(|node| node.function().is_some())
        {
            found.extend(of_function(context, file, function));
        }
        if let Some(expr) = node.expr() {
            found.extend(by_multer(context, file, expr));
        }
        true
    });
    found.dedup_by_key(|one| one.extent);
    found
}

/// `multer.diskStorage({ destination, filename: (req, file, cb) => cb(null, file.originalname) })`.
fn by_multer<'a>(context: &Context<'a>, file: &'a SourceFile, expr: &'a Expr) -> Option<Kept<'a>> {
    let call = expr.call().filter(|call| called_name(&call.callee) == Some("diskStorage"))?;
    let options = &call.arguments.first()?.value;
    let ExprKind::Function(function) = &entry(options, "filename")?.kind else { return None };
    let names = Names::of(context, file, function);
    let mut given = None;
    each_in_body(&function.body, &mut |node, _| {
        if let Some(call) = node.expr().and_then(Expr::call)
            && let [_, name] = call.arguments.as_slice()
            && matches!(called_name(&call.callee), Some("cb" | "callback" | "done" | "next"))
        {
            given = given.or(Some(&name.value));
        }
        true
    });
    let given = given.filter(|given| names.in_ending(given))?;
    let filter = filter_of(context, expr);
    if matches!(filter, Filter::Unread) {
        return None;
    }
    let mut folder = HashSet::new();
    if let Some(destination) = entry(options, "destination") {
        folder_names(destination, &mut folder);
    }
    with_constants(&Values::of_body(&file.syntax.body), &mut folder);
    Some(Kept {
        file,
        extent: given.extent,
        name: names.first.clone()?,
        folder,
        tested: names.are_tested(file, &function.body) || filter.looks_at(&["originalname", "extname"]),
        type_tested: filter.looks_at(&["mimetype"]),
    })
}

/// Whether a body names something so.
pub(super) fn mentions_one(body: &[Stmt], sought: &[&str]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= node.expr().and_then(called_name).is_some_and(|name| sought.contains(&name));
        !found
    });
    found
}

fn of_function<'a>(context: &Context<'a>, file: &'a SourceFile, function: &'a Function) -> Vec<Kept<'a>> {
    let names = Names::of(context, file, function);
    let mut found = Vec::new();
    if names.first.is_none() {
        return found;
    }
    let values = Values::of_function(function);
    each_in_body(&function.body, &mut |node, _| {
        if let Some(call) = node.expr().and_then(Expr::call)
            && let Some(path) = written_path(file, call)
            && names.in_ending(path)
            && !ends_fixed(path, &values)
        {
            let mut folder = HashSet::new();
            folder_names(path, &mut folder);
            if let ExprKind::Name(name) = &path.kind {
                for bound in values.bound(name) {
                    if let Bound::To(value) | Bound::PartOf(value) = bound {
                        folder_names(value, &mut folder);
                    }
                }
            }
            with_constants(&Values::of_body(&file.syntax.body), &mut folder);
            found.push(Kept {
                file,
                extent: node.expr().map_or(path.extent, |expr| expr.extent),
                name: names.first.clone().unwrap_or_default(),
                folder,
                tested: names.are_tested(file, &function.body),
                type_tested: mentions_one(
                    &function.body,
                    &["mimetype", "content_type", "media_type", "get_content_type"],
                ),
            });
        }
        true
    });
    found
}

/// The path that a call writes to.
fn written_path<'a>(file: &SourceFile, call: &'a Call) -> Option<&'a Expr> {
    let name = called_name(&call.callee)?;
    let first = call.arguments.first().map(|given| &given.value);
    let is_member = matches!(call.callee.kind, ExprKind::Member { .. });
    match (file.language, name) {
        (Language::Python, "open") => {
            let mode = call.arguments.get(1).and_then(|given| given.value.string())?;
            mode.starts_with(['w', 'a', 'x']).then_some(first?)
        }
        (Language::Python, "save") if is_member => first,
        (Language::Python, "write_bytes") => match &call.callee.kind {
            ExprKind::Member { object, .. } => Some(object),
            _ => None,
        },
        (Language::Python, _) => None,
        (_, "writeFile" | "writeFileSync" | "createWriteStream" | "mv" | "toFile") => first,
        _ => None,
    }
}

/// Whether a path ends in an ending of the program's own.
fn ends_fixed(path: &Expr, values: &Values<'_>) -> bool {
    match &path.kind {
        ExprKind::Literal(Literal::String(text)) => text.contains('.'),
        ExprKind::Template(template) => {
            matches!(template.parts.last(), Some(TemplatePart::Text(text)) if text.contains('.') && !text.ends_with('.'))
        }
        ExprKind::Binary { right, .. } => ends_fixed(right, values),
        ExprKind::Call(call) if matches!(called_name(&call.callee), Some("join" | "resolve" | "Path")) => {
            call.arguments.last().is_some_and(|last| ends_fixed(&last.value, values))
        }
        ExprKind::Name(name) => {
            let bound = values.bound(name);
            !bound.is_empty()
                && bound.iter().all(|bound| match bound {
                    Bound::To(Expr { kind: ExprKind::Name(_), .. }) => false,
                    Bound::To(value) => ends_fixed(value, values),
                    _ => false,
                })
        }
        _ => false,
    }
}

/// The names of a function that hold the caller's name for a file, or its ending.
struct Names {
    held: HashSet<String>,
    /// How the source writes the first of them.
    first: Option<String>,
    has_multer: bool,
}

impl Names {
    fn of<'a>(context: &Context<'a>, file: &'a SourceFile, function: &'a Function) -> Self {
        let has_multer = file.imports.iter().any(|fact| fact.import.module == "multer");
        let mut names = Self { held: HashSet::new(), first: None, has_multer };
        for parameter in &function.parameters {
            names.held.extend(parameter.pattern.dotted().filter(|name| is_name_of_upload(name)));
        }
        names.first = names.held.iter().next().cloned();
        each_in_body(&function.body, &mut |node, _| {
            if let Some(expr) = node.expr()
                && names.is_source(expr)
                && names.first.is_none()
            {
                names.first = Some(file.text_of(expr.extent).to_owned());
            }
            true
        });
        for _ in 0..ROUNDS {
            let before = names.held.len();
            each_in_body(&function.body, &mut |node, _| {
                if let Some((target, value)) = node.assignment() {
                    names.take(context, file, target, value);
                }
                true
            });
            if names.held.len() == before {
                break;
            }
        }
        names
    }

    /// Notes what an assignment makes of its target.
    fn take(&mut self, context: &Context<'_>, file: &SourceFile, target: &Expr, value: &Expr) {
        match &target.kind {
            ExprKind::Sequence { items, .. } => {
                // `name, kind, data = parse_form(..)`: what the function gives back in that place.
                let given = value.call().and_then(|call| {
                    context.file(&file.path).and_then(|file| called_function(context, file, &call.callee))
                });
                let Some((_, function)) = given else { return };
                for back in returned(function) {
                    let ExprKind::Sequence { items: parts, .. } = &back.kind else { continue };
                    for (item, part) in items.iter().zip(parts) {
                        if self.in_ending(part)
                            && let Some(name) = item.dotted()
                        {
                            self.first.get_or_insert_with(|| name.clone());
                            self.held.insert(name);
                        }
                    }
                }
            }
            _ => {
                if self.in_ending(value)
                    && let Some(name) = target.dotted()
                {
                    self.held.insert(name);
                }
            }
        }
    }

    /// Whether an expression is the caller's name for a file.
    fn is_source(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Member { object, name, .. } => match name.as_str() {
                "originalname" | "originalFilename" => true,
                // multer's own name for it.
                "filename" => !self.has_multer && called_name(object).is_some_and(is_upload),
                _ => false,
            },
            ExprKind::Call(call) => called_name(&call.callee) == Some("get_filename"),
            _ => false,
        }
    }

    /// Whether the ending of a value is, or comes from, the caller's name.
    fn in_ending(&self, value: &Expr) -> bool {
        let mut found = false;
        each_in_expr(value, &mut |node, _| {
            let Some(expr) = node.expr() else { return !found };
            if loses_ending(expr) {
                return false;
            }
            found |= self.is_source(expr) || expr.dotted().is_some_and(|name| self.held.contains(&name));
            !found
        });
        found
    }

    /// Whether the name or its ending is compared with what is allowed.
    fn are_tested(&self, file: &SourceFile, body: &[Stmt]) -> bool {
        let mut found = false;
        each_in_body(body, &mut |node, _| {
            let Some(expr) = node.expr() else { return !found };
            found |= match &expr.kind {
                ExprKind::Compare { left, rest } => rest.iter().any(|(op, right)| match op {
                    CompareOp::In | CompareOp::NotIn => self.in_ending(left),
                    CompareOp::Equal
                    | CompareOp::StrictEqual
                    | CompareOp::NotEqual
                    | CompareOp::StrictNotEqual => {
                        self.in_ending(left) && right.string().is_some_and(|text| text.len() > 1)
                    }
                    _ => false,
                }),
                ExprKind::Call(call) => {
                    let name = called_name(&call.callee).unwrap_or_default();
                    let given = call.arguments.iter().any(|given| self.in_ending(&given.value));
                    let of = matches!(&call.callee.kind, ExprKind::Member { object, .. } if self.in_ending(object));
                    matches!(name, "includes" | "has" | "test" | "indexOf" | "search" | "fullmatch" | "match" | "exec")
                        && (given || of)
                        || matches!(name, "endswith" | "endsWith" | "match") && of
                        || given && has_word(name, &["allowed", "allow", "valid", "validate", "check", "permitted", "accept", "is", "extension", "ext"])
                            && !matches!(name, "extname")
                        // `ENDINGS.get(ext)`, `ENDINGS[ext]`.
                        || name == "get" && given
                }
                ExprKind::Index { object, index } => {
                    self.in_ending(index) && !file.text_of(object.extent).contains("files")
                }
                _ => false,
            };
            !found
        });
        found
    }
}

fn is_name_of_upload(name: &str) -> bool {
    matches!(
        name,
        "originalname" | "original_filename" | "originalName" | "original_name" | "upload_filename"
    )
}

/// `os.path.splitext(name)[0]`, `Path(name).stem`, a hash of it.
fn loses_ending(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Index { object, index } => {
            let first = matches!(&index.kind, ExprKind::Literal(Literal::Integer(digits)) if digits == "0");
            let splits = object.call().and_then(|call| called_name(&call.callee));
            first && matches!(splits, Some("splitext" | "rsplit" | "split" | "rpartition" | "partition"))
        }
        ExprKind::Member { object, name, .. } => {
            matches!(name.as_str(), "stem" | "length" | "size")
                || name == "name" && object.call().and_then(|call| called_name(&call.callee)) == Some("parse")
        }
        ExprKind::Call(call) => called_name(&call.callee).is_some_and(|name| WITHOUT_ENDING.contains(&name)),
        _ => false,
    }
}

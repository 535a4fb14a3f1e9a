//! Which function of the project a call means, as far as names tell.

use super::nodes::{Node, each_node};
use super::source::SourceFile;
use super::syntax::{Expr, ExprKind, Function, Stmt, StmtKind};
use crate::context::Context;

/// The function of the project that is called here and the file that it is in: one of this file, a method of this object, or one
/// that an import brings. `None` when it is not of the project, or cannot be told.
pub fn called_function<'a>(
    context: &Context<'a>,
    file: &'a SourceFile,
    callee: &Expr,
) -> Option<(&'a SourceFile, &'a Function)> {
    match &callee.kind {
        ExprKind::Name(name) => {
            if let Some(function) = function_named(file, name) {
                return Some((file, function));
            }
        }
        ExprKind::Member { object, name, .. } => {
            if matches!(&object.kind, ExprKind::Name(own) if own == "self" || own == "this" || own == "cls" || own == "Self" || own == "exports")
            {
                return Some((file, function_named(file, name)?));
            }
        }
        _ => return None,
    }
    let path = file.resolve(callee)?;
    let (module, name) = path.rsplit_once('.')?;
    let other = module_file(context, module)?;
    Some((other, function_named(other, name)?))
}

/// The only function of a file with this name.
fn function_named<'a>(file: &'a SourceFile, sought: &str) -> Option<&'a Function> {
    let mut found = Vec::new();
    each_node(&file.syntax, &mut |node, around| {
        if let Some(function) = node.function() {
            let target = match around.last() {
                Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => assign.targets.first(),
                Some(Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. })) => Some(&**target),
                _ => None,
            };
            // `const sign = () => ..`, `exports.sign = function ..`, `module.exports.sign = ..`.
            let bound = target.and_then(Expr::dotted);
            let bound = bound
                .as_deref()
                .map(|name| name.trim_start_matches("module.").trim_start_matches("exports."));
            if function.has_body && (function.name == sought || bound == Some(sought)) {
                found.push(function);
            }
        }
        true
    });
    match found.as_slice() {
        [function] => Some(function),
        _ => None,
    }
}

/// The one file that a dotted module name ends in: `shop.auth` is `…/shop/auth.py`, `./auth` is `…/auth.js`.
pub fn module_file<'a>(context: &Context<'a>, module: &str) -> Option<&'a SourceFile> {
    let plain = module.trim_start_matches("./").trim_start_matches("../");
    let wanted = if plain.contains('/') { plain.to_owned() } else { plain.replace('.', "/") };
    let wanted = wanted.trim_start_matches("crate/").trim_start_matches("super/").trim_start_matches('/');
    if wanted.is_empty() {
        return None;
    }
    let mut found = context.files.iter().filter(|file| {
        let stem = file.path.rsplit_once('.').map_or(file.path.as_str(), |(stem, _)| stem);
        let stem = ["/__init__", "/index", "/mod"]
            .iter()
            .find_map(|ending| stem.strip_suffix(ending))
            .unwrap_or(stem);
        stem.strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    });
    match (found.next(), found.next()) {
        (Some(file), None) => Some(file),
        _ => None,
    }
}

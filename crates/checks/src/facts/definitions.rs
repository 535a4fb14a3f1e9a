//! Which function of the project a call means, as far as names tell.

use std::borrow::Cow;
use std::collections::HashMap;

use rayon::prelude::*;

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
            if let Some(function) = context.definitions.function_named(file, name) {
                return Some((file, function));
            }
        }
        ExprKind::Member { object, name, .. } => {
            if matches!(&object.kind, ExprKind::Name(own) if own == "self" || own == "this" || own == "cls" || own == "Self" || own == "exports")
            {
                return Some((file, context.definitions.function_named(file, name)?));
            }
        }
        _ => return None,
    }
    let path = file.resolve(callee)?;
    let (module, name) = path.rsplit_once('.')?;
    let other = module_file(context, module)?;
    Some((other, context.definitions.function_named(other, name)?))
}

/// The functions of each file by the names that they have or are bound to.
#[derive(Debug, Default)]
pub struct Definitions<'a> {
    functions: HashMap<&'a str, Named<'a>>,
    /// The files by the last part of the name of the module that each is.
    modules: HashMap<&'a str, Vec<&'a SourceFile>>,
}

/// The functions of a file by name; `None` where several share it.
type Named<'a> = HashMap<Cow<'a, str>, Option<&'a Function>>;

impl<'a> Definitions<'a> {
    /// Reads those of all files.
    pub fn of(files: &'a [SourceFile]) -> Self {
        let functions = files.par_iter().map(|file| (file.path.as_str(), functions_of(file))).collect();
        let mut modules: HashMap<&'a str, Vec<&'a SourceFile>> = HashMap::new();
        for file in files {
            modules.entry(last_part(module_path(file))).or_default().push(file);
        }
        Self { functions, modules }
    }

    /// The only function of a file with this name.
    fn function_named(&self, file: &SourceFile, sought: &str) -> Option<&'a Function> {
        self.functions.get(file.path.as_str())?.get(sought).copied().flatten()
    }
}

fn functions_of(file: &SourceFile) -> Named<'_> {
    let mut found = Named::new();
    each_node(&file.syntax, &mut |node, around| {
        let Some(function) = node.function().filter(|function| function.has_body) else { return true };
        let target = match around.last() {
            Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => assign.targets.first(),
            Some(Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. })) => Some(&**target),
            _ => None,
        };
        // `const sign = () => ..`, `exports.sign = function ..`, `module.exports.sign = ..`.
        let bound = target.and_then(Expr::dotted).map(|name| {
            let name = name.trim_start_matches("module.").trim_start_matches("exports.");
            Cow::Owned(name.to_owned())
        });
        let own = Some(Cow::Borrowed(function.name.as_str())).filter(|name| !name.is_empty());
        for name in own.into_iter().chain(bound) {
            let known = found.entry(name).or_insert(Some(function));
            if known.is_some_and(|known| !std::ptr::eq(known, function)) {
                *known = None;
            }
        }
        true
    });
    found
}

/// The path of a file without what Python, Node and Rust leave out of a module's name.
fn module_path(file: &SourceFile) -> &str {
    let stem = file.path.rsplit_once('.').map_or(file.path.as_str(), |(stem, _)| stem);
    ["/__init__", "/index", "/mod"].iter().find_map(|ending| stem.strip_suffix(ending)).unwrap_or(stem)
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The one file that a dotted module name ends in: `shop.auth` is `…/shop/auth.py`, `./auth` is `…/auth.js`.
pub fn module_file<'a>(context: &Context<'a>, module: &str) -> Option<&'a SourceFile> {
    let plain = module.trim_start_matches("./").trim_start_matches("../");
    let wanted = if plain.contains('/') { plain.to_owned() } else { plain.replace('.', "/") };
    let wanted = wanted.trim_start_matches("crate/").trim_start_matches("super/").trim_start_matches('/');
    if wanted.is_empty() {
        return None;
    }
    let of_name = context.definitions.modules.get(last_part(wanted))?;
    let mut found = of_name.iter().copied().filter(|file| {
        let path = module_path(file);
        path.strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    });
    match (found.next(), found.next()) {
        (Some(file), None) => Some(file),
        _ => None,
    }
}

//! Where functions and classes stand, looked up over and over by a walk.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::stored::Columns;
use super::walk::Walk;
use crate::context::Context;
use crate::facts::page_template::Templates;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Class, Expr, Function, StmtKind};
use crate::facts::values::Values;
use crate::framework::defined::Defined;
use crate::tree::Tree;

/// The definitions of every file that is no test.
pub(super) struct Index<'a> {
    /// The functions around each function, by its address.
    around: HashMap<usize, &'a Function>,
    /// The class that each method is of, by the method's address.
    methods: HashMap<usize, &'a Class>,
    columns: OnceLock<Columns>,
    templates: OnceLock<Templates<'a>>,
    tree: &'a Tree,
    defined: &'a Defined<'a>,
    files: &'a [SourceFile],
}

impl<'a> Index<'a> {
    /// Where each definition stands.
    pub(super) fn of(context: &'a Context<'a>) -> Self {
        let known = || context.defined.functions.values();
        let around = known().filter_map(|known| Some((address(known.function), *known.outer.last()?)));
        let methods = known().filter_map(|known| Some((address(known.function), known.class?)));
        Self {
            around: around.collect(),
            methods: methods.collect(),
            columns: OnceLock::new(),
            templates: OnceLock::new(),
            tree: context.tree,
            defined: context.defined,
            files: context.files,
        }
    }

    /// The function around a function.
    pub(super) fn around(&self, function: &Function) -> Option<&'a Function> {
        self.around.get(&address(function)).copied()
    }

    /// The class that a function is a method of.
    pub(super) fn class_of_method(&self, function: &Function) -> Option<&'a Class> {
        self.methods.get(&address(function)).copied()
    }

    /// A class of a file by its name.
    pub(super) fn class(&self, file: usize, name: &str) -> Option<&'a Class> {
        self.defined.classes.get(&(file, name)).copied()
    }

    /// The columns of the project's tables.
    pub(super) fn columns(&self) -> &Columns {
        self.columns.get_or_init(|| Columns::of(self.files, self.tree))
    }

    /// The templates of pages.
    pub(super) fn templates(&self) -> &Templates<'a> {
        self.templates.get_or_init(|| Templates::of(self.tree))
    }

    /// The names at the top of a file.
    pub(super) fn top(&self, file: usize) -> Option<&Values<'a>> {
        self.defined.tops.get(&file)
    }
}

/// Two functions are one when they lie in the same place.
fn address(function: &Function) -> usize {
    std::ptr::from_ref(function).addr()
}

fn name_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        crate::facts::syntax::ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

impl Walk<'_, '_> {
    /// The file of a module of Python by its whole name: a package has every module of it that is loaded anywhere.
    pub(super) fn loaded(&self, dotted: &str) -> Option<usize> {
        let path = format!("{}.py", dotted.replace('.', "/"));
        self.project.context.files.binary_search_by(|file| file.path.as_str().cmp(&path)).ok()
    }
}

/// The method of this name in a class's own body.
pub(super) fn method<'a>(class: &'a Class, name: &str) -> Option<&'a Function> {
    class.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Function(function) if function.name == name => Some(&**function),
        StmtKind::Assign(assign) => {
            let named = assign.targets.first().and_then(name_of) == Some(name);
            match assign.value.as_ref().map(|value| &value.kind) {
                Some(crate::facts::syntax::ExprKind::Function(function)) if named => Some(&**function),
                _ => None,
            }
        }
        _ => None,
    })
}

/// The value of a field that a class gives all its instances.
pub(super) fn class_field<'a>(class: &'a Class, name: &str) -> Option<&'a Expr> {
    class.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign(assign) if assign.targets.first().and_then(name_of) == Some(name) => {
            assign.value.as_ref()
        }
        _ => None,
    })
}

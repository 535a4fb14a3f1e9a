//! Where functions and classes stand, looked up over and over by a walk.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::stored::Columns;
use super::walk::Walk;
use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Class, Expr, Function, Stmt, StmtKind};
use crate::facts::values::Values;

/// The definitions of every file that is no test.
pub(super) struct Index<'a> {
    /// The functions around each function, by its address.
    around: HashMap<*const Function, &'a Function>,
    classes: HashMap<(usize, &'a str), &'a Class>,
    /// The class that each method is of, by the method's address.
    methods: HashMap<*const Function, &'a Class>,
    /// Names at the top of each file, read when first asked for.
    tops: Vec<OnceCell<Values<'a>>>,
    columns: OnceCell<Columns>,
    files: &'a [SourceFile],
}

impl<'a> Index<'a> {
    /// Reads the definitions.
    pub(super) fn of(files: &'a [SourceFile]) -> Self {
        let (mut around, mut classes, mut methods) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (at, file) in files.iter().enumerate().filter(|(_, file)| !file.is_test) {
            each_node(&file.syntax, &mut |node, outer| {
                if let Some(function) = node.function()
                    && let Some(outside) = outer.iter().rev().find_map(|node| node.function())
                {
                    around.insert(std::ptr::from_ref(function), outside);
                }
                if let (Some(function), Some(class)) =
                    (node.function(), outer.last().and_then(|node| node.class()))
                {
                    methods.insert(std::ptr::from_ref(function), class);
                }
                if let Some(class) = node.class() {
                    let name = match outer.last() {
                        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }))
                            if class.name.is_empty() =>
                        {
                            assign.targets.first().and_then(name_of)
                        }
                        _ => Some(class.name.as_str()),
                    };
                    if let Some(name) = name {
                        classes.entry((at, name)).or_insert(class);
                    }
                }
                true
            });
        }
        Self {
            around,
            classes,
            methods,
            tops: files.iter().map(|_| OnceCell::new()).collect(),
            columns: OnceCell::new(),
            files,
        }
    }

    /// The function around a function.
    pub(super) fn around(&self, function: &Function) -> Option<&'a Function> {
        self.around.get(&std::ptr::from_ref(function)).copied()
    }

    /// The class that a function is a method of.
    pub(super) fn class_of_method(&self, function: &Function) -> Option<&'a Class> {
        self.methods.get(&std::ptr::from_ref(function)).copied()
    }

    /// A class of a file by its name.
    pub(super) fn class(&self, file: usize, name: &str) -> Option<&'a Class> {
        self.classes.get(&(file, name)).copied()
    }

    /// The columns of the project's tables.
    pub(super) fn columns(&self) -> &Columns {
        self.columns.get_or_init(|| Columns::of(self.files))
    }

    /// The names at the top of a file.
    pub(super) fn top(&self, file: usize) -> Option<&Values<'a>> {
        let source = self.files.get(file)?;
        Some(self.tops.get(file)?.get_or_init(|| Values::of_body(&source.syntax.body)))
    }
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
        self.project.context.files.iter().position(|file| file.path == path)
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

//! Where building begins: which files use a framework, and which functions of a project make routes, take them or keep them.

use std::collections::BTreeSet;

use super::build::Dialect;
use crate::facts::nodes::{Node, each_in_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{ClassKind, Expr, ExprKind, Function, StmtKind, Text};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::called_name;
use crate::framework::project::{FunctionAt, Project};
use crate::language::Language;

/// Whether a file uses the framework.
pub(super) fn uses(file: &SourceFile, dialect: &Dialect) -> bool {
    file.language == Language::Rust
        && (file.imports.iter().any(|fact| names_crate(&fact.import.module, dialect))
            || names_in_code(file, dialect))
}

fn names_crate(module: &str, dialect: &Dialect) -> bool {
    module.split("::").next() == Some(dialect.package)
}

/// Whether code writes a path of the crate without importing it: `axum::Router::new()`. A comment that speaks of it is no use of it.
fn names_in_code(file: &SourceFile, dialect: &Dialect) -> bool {
    if !file.mentions(&[&format!("{}::", dialect.package)]) {
        return false;
    }
    let mut found = false;
    each_node(&file.syntax, &mut |node, _| {
        found |=
            matches!(node, Node::Expr(Expr { kind: ExprKind::Name(name), .. }) if name == dialect.package);
        !found
    });
    found
}

/// What builds, by its name.
pub(super) struct Builders {
    /// The functions that give back or take what is built.
    functions: BTreeSet<Text>,
    /// The fields of structs that keep it.
    fields: BTreeSet<Text>,
}

impl Builders {
    /// Those of a project.
    pub(super) fn of(project: &Project<'_>, files: &[(usize, &SourceFile)], dialect: &Dialect) -> Self {
        let known = |(at, _): &(usize, &SourceFile)| {
            let range = (*at, 0)..=(*at, u32::MAX);
            project.context.defined.functions.range(range).map(|(_, known)| known.function)
        };
        let builds = |function: &&Function| {
            let types = function.parameters.iter().filter_map(|parameter| parameter.annotation.as_ref());
            types.chain(&function.returns).any(|written| names_type(written, dialect))
        };
        let mut functions: BTreeSet<Text> =
            files.iter().flat_map(known).filter(builds).map(|function| function.name.clone()).collect();
        let taken = project.files().flat_map(|(_, file)| &file.imports).flat_map(|fact| &fact.import.names);
        let others =
            taken.filter(|taken| functions.contains(&taken.name)).filter_map(|taken| taken.alias.clone());
        let others: Vec<Text> = others.collect();
        functions.extend(others);
        Self { functions, fields: files.iter().flat_map(|(_, file)| fields(file, dialect)).collect() }
    }

    /// Whether a function of this name gives back or takes what is built.
    pub(super) fn has(&self, name: &str) -> bool {
        self.functions.contains(name)
    }

    /// Whether something is kept in a field that holds what is built: `self.router`.
    pub(super) fn keeps(&self, expr: &Expr) -> bool {
        matches!(&expr.kind, ExprKind::Member { name, .. } if self.fields.contains(name))
    }

    /// The functions that make routes, call what makes them, or add to what a field keeps; tests are none.
    pub(super) fn roots<'a>(&self, project: &Project<'a>, dialect: &Dialect) -> Vec<FunctionAt<'a>> {
        let mut found: Vec<FunctionAt<'a>> = Vec::new();
        let is_named = |file: &SourceFile| {
            file.mentions(dialect.types)
                || self.functions.iter().any(|name| file.text.contains(name.as_str()))
        };
        for (at, file) in project.files().filter(|(_, file)| file.language == Language::Rust) {
            if !is_named(file) && !self.fields.iter().any(|name| file.text.contains(name.as_str())) {
                continue;
            }
            each_node(&file.syntax, &mut |node, around| {
                let Some(call) = node.expr().and_then(Expr::call) else { return true };
                let makes = called_name(&call.callee).is_some_and(|name| self.has(name))
                    || begins(file, &call.callee, dialect)
                    || self.adds(&call.callee, dialect);
                // The outermost function: what is inside is gone through with it.
                let outer = around.iter().find_map(|node| node.function());
                if let Some(function) = outer.filter(|_| makes && !in_rust_tests(around))
                    && !found.iter().any(|(_, known)| std::ptr::eq(*known, function))
                {
                    found.push((at, function));
                }
                true
            });
        }
        found
    }

    /// Whether a call adds to what a field keeps: `self.router.route(..)`.
    fn adds(&self, callee: &Expr, dialect: &Dialect) -> bool {
        matches!(&callee.kind, ExprKind::Member { object, name, .. }
            if dialect.adds.contains(&name.as_str()) && self.keeps(object))
    }
}

/// The fields of a file's structs that keep what is built.
fn fields(file: &SourceFile, dialect: &Dialect) -> Vec<Text> {
    let mut found = Vec::new();
    if !file.mentions(dialect.types) {
        return found;
    }
    each_node(&file.syntax, &mut |node, _| {
        if let Node::Stmt(stmt) = node
            && let StmtKind::Class(class) = &stmt.kind
            && class.kind == ClassKind::Struct
        {
            found.extend(class.body.iter().filter_map(|stmt| match &stmt.kind {
                StmtKind::Assign(assign) => {
                    assign.annotation.as_ref().filter(|written| names_type(written, dialect))?;
                    assign.targets.first()?.dotted().map(Text::from)
                }
                _ => None,
            }));
        }
        true
    });
    found
}

/// Whether a type names one of the framework's.
pub(super) fn names_type(written: &Expr, dialect: &Dialect) -> bool {
    let mut found = false;
    each_in_expr(written, &mut |node, _| {
        found |= node.expr().and_then(called_name).is_some_and(|name| dialect.types.contains(&name));
        !found
    });
    found
}

/// Whether a call makes one of the framework's types anew: `Router::new()`.
fn begins(file: &SourceFile, callee: &Expr, dialect: &Dialect) -> bool {
    let ExprKind::Member { object, .. } = &callee.kind else { return false };
    called_name(object).is_some_and(|name| dialect.types.contains(&name))
        && file.resolve(object).is_some_and(|of| is_of(&of, dialect))
}

/// Whether what a type resolves to is the framework's own or of a crate named for it (`utoipa_axum`), or a bare name that nothing here
/// binds: one that comes with a `use ..::*`.
fn is_of(resolved: &str, dialect: &Dialect) -> bool {
    match resolved.split_once('.') {
        Some((of, _)) => of.contains(dialect.package),
        None => true,
    }
}

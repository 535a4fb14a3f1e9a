//! What runs when a program is started: the top of its files, and the functions that are called from there, as far as names tell.

use std::collections::{BTreeMap, BTreeSet};

use super::nodes::{Around, Node, each_node, enclosing_class};
use super::source::SourceFile;
use super::syntax::{ClassKind, Expr, ExprKind, Stmt, StmtKind};
use super::values::called_name;
use crate::language::Language;

/// The functions and the class that a place is in.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Inside {
    /// The names of the functions, outermost first.
    pub functions: Vec<String>,
    /// The name of the innermost class.
    pub class: Option<String>,
}

impl Inside {
    /// What is around a place.
    pub fn of(around: Around<'_, '_>) -> Self {
        let class = enclosing_class(around).filter(|class| class.kind == ClassKind::Class);
        Self { functions: names_around(around), class: class.map(|class| class.name.to_string()) }
    }
}

/// The functions that run when the program is started.
#[derive(Debug, Default)]
pub struct Reached {
    names: BTreeSet<String>,
}

impl Reached {
    /// Follows calls by name from the top of the files and, in Rust, from `main`.
    pub fn of(files: &[&SourceFile]) -> Self {
        let mut calls: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in files {
            each_node(&file.syntax, &mut |node, around| {
                let Some(expr) = node.expr() else { return true };
                let Some(name) = called(expr, around) else { return true };
                let from = names_around(around).pop().unwrap_or_else(|| top_of(file));
                calls.entry(from).or_default().insert(name.to_owned());
                true
            });
        }
        let mut names = BTreeSet::new();
        let mut open: Vec<String> = vec![String::new(), "main".to_owned()];
        while let Some(name) = open.pop() {
            for called in calls.get(&name).into_iter().flatten() {
                if names.insert(called.clone()) {
                    open.push(called.clone());
                }
            }
        }
        if files.iter().any(|file| file.language == Language::Rust) {
            names.insert("main".to_owned());
        }
        Self { names }
    }

    /// Whether a place inside these functions (by name, outermost first) runs when the program is started. A method runs only when
    /// somebody makes an object of its class.
    pub fn is_reached(&self, file: &SourceFile, inside: &Inside) -> bool {
        let made = inside.class.as_ref().is_none_or(|class| self.names.contains(class));
        match inside.functions.last() {
            None => file.language != Language::Rust,
            Some(name) => self.names.contains(name) && made,
        }
    }
}

/// What the top of a file is known by: code of a Rust file runs from `main` alone.
fn top_of(file: &SourceFile) -> String {
    if file.language == Language::Rust { "(top)".to_owned() } else { String::new() }
}

/// The name of what is called here, or handed to somebody who calls it: `main()`, `asyncio.run(main())`, `.then(start)`.
fn called<'a>(expr: &'a Expr, around: Around<'a, '_>) -> Option<&'a str> {
    if let Some(call) = expr.call() {
        return called_name(&call.callee);
    }
    let is_argument = around.last().and_then(|node| node.expr()).and_then(Expr::call).is_some_and(|call| {
        call.arguments.iter().any(|argument| std::ptr::eq(&raw const argument.value, expr))
    });
    matches!(expr.kind, ExprKind::Name(_) | ExprKind::Member { .. })
        .then(|| called_name(expr))
        .flatten()
        .filter(|_| is_argument)
}

/// The names of the functions around a place, outermost first; functions that are never named are part of what is around them.
fn names_around(around: Around<'_, '_>) -> Vec<String> {
    let mut names = Vec::new();
    for (at, node) in around.iter().enumerate() {
        let Some(function) = node.function() else { continue };
        if !function.name.is_empty() {
            names.push(function.name.to_string());
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| around.get(before));
        let target = match before {
            Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => assign.targets.first(),
            Some(Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. })) => Some(&**target),
            _ => None,
        };
        names.extend(target.and_then(called_name).map(str::to_owned));
    }
    names
}

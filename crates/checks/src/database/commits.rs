//! How the database of a request commits, as the connection says that it uses.

use std::collections::{BTreeSet, HashMap};

use super::{Commits, Trace};
use crate::facts::nodes::{Node, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Function, Literal, Stmt, StmtKind};
use crate::facts::values::{called_name, keyword};
use crate::framework::Project;
use crate::language::Language;

/// Libraries of Python that make each statement last by itself; `sqlite3`, `psycopg2` and what PEP 249 describes begin a transaction.
const BY_THEMSELVES: &[&str] = &["asyncpg", "databases", "apsw"];
/// Libraries whose connections follow PEP 249.
const TOGETHER: &[&str] = &[
    "sqlite3",
    "aiosqlite",
    "psycopg2",
    "psycopg",
    "pymysql",
    "MySQLdb",
    "mysql",
    "oracledb",
    "pyodbc",
    "sqlalchemy",
];

/// Files that are followed from a handler's through what they import.
const FILES: usize = 64;

/// What the files of a program say of it, each asked once.
pub(super) struct Settings<'a, 'b> {
    project: &'b Project<'a>,
    files: HashMap<usize, bool>,
}

impl<'a, 'b> Settings<'a, 'b> {
    pub(super) fn of(project: &'b Project<'a>) -> Self {
        Self { project, files: HashMap::new() }
    }

    /// Of the functions that run, those that make the connection and those that set it; else of the handler's file and what it
    /// imports; else, where those name no library, of every file.
    pub(super) fn commits(&mut self, trace: &Trace<'a>) -> Commits {
        if self.source(trace.handler.file).is_none() {
            return Commits::Each;
        }
        let each = match self.connected(trace) {
            Some(each) => each,
            None => {
                let near = self.near(trace);
                let named = near.iter().filter_map(|at| self.source(*at));
                let known =
                    named.into_iter().any(|file| imports(file, BY_THEMSELVES) || imports(file, TOGETHER));
                let asked = if known { near } else { (0..self.project.context.files.len()).collect() };
                asked.into_iter().any(|at| self.is_each(at))
            }
        };
        if each { Commits::Each } else { Commits::Together }
    }

    /// What the functions say that run for a request, where one of them connects.
    fn connected(&self, trace: &Trace<'a>) -> Option<bool> {
        let (mut connects, mut each) = (false, false);
        for (at, function) in &trace.functions {
            let file = self.source(*at)?;
            if !may_set(file) && !file.text.contains("connect(") {
                continue;
            }
            each |= sets(function);
            each_in_body(&function.body, &mut |node, _| {
                let library =
                    node.expr().and_then(Expr::call).and_then(|call| self.connects(*at, function, call));
                connects |= library.is_some();
                each |= library == Some(Commits::Each);
                true
            });
        }
        connects.then_some(each)
    }

    /// How the library commits whose `connect` a call is: its own, or that of what it made (`engine = create_engine(..)`). What else connects,
    /// a broker or a socket, says nothing of the database.
    fn connects(&self, at: usize, function: &'a Function, call: &'a Call) -> Option<Commits> {
        let callee = Some(&call.callee).filter(|callee| called_name(callee) == Some("connect"))?;
        let made_by = || {
            let ExprKind::Member { object, .. } = &callee.kind else { return None };
            let within = self.project.functions_around(at, function);
            let mut made = self.project.origins_of(at, &within, object).into_iter();
            made.find_map(|(at, _, made)| library(self.source(at)?, &made.call()?.callee))
        };
        library(self.source(at)?, callee).or_else(made_by)
    }

    /// The handler's file, those of what runs for it, and what they import.
    fn near(&self, trace: &Trace<'a>) -> BTreeSet<usize> {
        let guards = trace.handler.guards.iter().map(|guard| guard.file);
        let functions = trace.functions.iter().map(|(at, _)| *at);
        let mut near: BTreeSet<usize> = functions.chain(guards).collect();
        let mut left: Vec<usize> = near.iter().copied().collect();
        while let Some(at) = left.pop() {
            for edge in self.project.context.graph.imports_of(at) {
                if near.len() < FILES && near.insert(edge.to) {
                    left.push(edge.to);
                }
            }
        }
        near
    }

    fn is_each(&mut self, at: usize) -> bool {
        let Some(file) = self.source(at) else { return false };
        *self.files.entry(at).or_insert_with(|| imports(file, BY_THEMSELVES) || file_sets(file))
    }

    fn source(&self, at: usize) -> Option<&'a SourceFile> {
        let file = self.project.context.files.get(at)?;
        (!file.is_test && file.language == Language::Python).then_some(file)
    }
}

fn imports(file: &SourceFile, libraries: &[&str]) -> bool {
    let mut modules = file.imports.iter().map(|fact| fact.import.module.as_str());
    modules.any(|module| libraries.contains(&module.split('.').next().unwrap_or(module)))
}

fn may_set(file: &SourceFile) -> bool {
    file.text.contains("autocommit") || file.text.contains("isolation_level")
}

fn file_sets(file: &SourceFile) -> bool {
    let mut each = false;
    if may_set(file) {
        each_node(&file.syntax, &mut |node, _| {
            each |= is_setting(node);
            !each
        });
    }
    each
}

fn sets(function: &Function) -> bool {
    let mut each = false;
    each_in_body(&function.body, &mut |node, _| {
        each |= is_setting(node);
        !each
    });
    each
}

/// How the library commits that something is called of.
fn library(file: &SourceFile, callee: &Expr) -> Option<Commits> {
    let path = file.resolve(callee)?;
    let root = path.split('.').next().unwrap_or(&path);
    match root {
        _ if BY_THEMSELVES.contains(&root) => Some(Commits::Each),
        _ if TOGETHER.contains(&root) => Some(Commits::Together),
        _ => None,
    }
}

/// `connect(.., isolation_level=None)`, `conn.autocommit = True`, `conn.autocommit(True)`.
fn is_setting(node: Node<'_>) -> bool {
    let turned_on = |name: &str, value: &Expr| match name {
        "autocommit" => matches!(value.kind, ExprKind::Literal(Literal::Boolean(true))),
        "isolation_level" => matches!(value.kind, ExprKind::Literal(Literal::Null)),
        _ => false,
    };
    let called = |call: &Call| {
        let first = call.arguments.first().filter(|first| first.name.is_none());
        let names = ["autocommit", "isolation_level"];
        names.iter().any(|name| keyword(&call.arguments, name).is_some_and(|value| turned_on(name, value)))
            || called_name(&call.callee)
                .is_some_and(|name| first.is_some_and(|first| turned_on(name, &first.value)))
    };
    match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
            assign.value.as_ref().is_some_and(|value| {
                let mut targets = assign.targets.iter();
                targets.any(|target| match &target.kind {
                    ExprKind::Member { name, .. } => turned_on(name, value),
                    _ => false,
                })
            })
        }
        Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => called(call),
        _ => false,
    }
}

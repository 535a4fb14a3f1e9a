//! Where a function opens something that it has to close itself.

use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Node, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::sql;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Extent, Function, Stmt, StmtKind};
use crate::facts::values::{called_name, returned};
use crate::language::Language;

/// What is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    Connection,
    PooledClient,
    Socket,
    Response,
    File,
}

impl Kind {
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Sqlite => "a connection to SQLite",
            Self::Connection => "a connection to a database",
            Self::PooledClient => "a client taken from a pool",
            Self::Socket => "a socket",
            Self::Response => "an answer that is read from the network",
            Self::File => "an open file",
        }
    }

    pub(super) fn is_pooled(self) -> bool {
        self == Self::PooledClient
    }

    pub(super) fn close(self) -> &'static str {
        if self.is_pooled() { "release" } else { "close" }
    }
}

/// Something opened and bound to a name of a function.
#[derive(Debug)]
pub(super) struct Acquired<'a> {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The value that opens it.
    pub(super) extent: Extent,
    /// What opens it, as written, on one line.
    pub(super) opener: String,
    pub(super) function: &'a Function,
    /// Whether the function writes to a database.
    pub(super) writes: bool,
    /// Whether the function rolls back somewhere.
    pub(super) rolls_back: bool,
    /// Bound by `with`, which does not close it.
    pub(super) by_with: bool,
}

/// What the functions of a file open.
pub(super) fn acquisitions<'a>(context: &Context<'a>, file: &'a SourceFile) -> Vec<Acquired<'a>> {
    let mut found = Vec::new();
    each_node(&file.syntax, &mut |node, around| {
        let Node::Stmt(stmt) = node else { return true };
        // The innermost function counts; the top of a file runs once.
        let Some(function) = around.iter().rev().find_map(|node| node.function()) else { return true };
        let bound: Vec<(&Expr, &Expr, bool)> = match &stmt.kind {
            StmtKind::Assign(assign) if assign.op.is_none() => assign
                .targets
                .first()
                .zip(assign.value.as_ref())
                .map(|(target, value)| (target, value, false))
                .into_iter()
                .collect(),
            StmtKind::Expr(Expr { kind: ExprKind::Assign { target, op: None, value }, .. }) => {
                vec![(target, value, false)]
            }
            StmtKind::With { items, .. } if file.language == Language::Python => {
                items.iter().filter_map(|(value, name)| Some((name.as_ref()?, value, true))).collect()
            }
            _ => return true,
        };
        for (target, value, by_with) in bound {
            let ExprKind::Name(name) = &target.kind else { continue };
            let Some(kind) = opened(context, file, value, 2) else { continue };
            // Of what `with` binds, only SQLite's connection stays open.
            if by_with && kind != Kind::Sqlite {
                continue;
            }
            let opener = file.text_of(value.extent).split_whitespace().collect::<Vec<_>>().join(" ");
            found.push(Acquired {
                kind,
                name: name.to_string(),
                extent: value.extent,
                opener,
                function,
                writes: writes(function),
                rolls_back: calls_method(function, "rollback"),
                by_with,
            });
        }
        true
    });
    found
}

/// What a value opens, through calls of the project's own functions that return it.
fn opened(context: &Context<'_>, file: &SourceFile, value: &Expr, steps: u32) -> Option<Kind> {
    let value = match &value.kind {
        ExprKind::Await(value) | ExprKind::Cast { value, .. } => value,
        _ => value,
    };
    let call = value.call()?;
    let by_library = match file.language {
        Language::Python => python(file, call),
        _ => node(file, call),
    };
    if by_library.is_some() {
        return by_library;
    }
    let left = steps.checked_sub(1)?;
    let (other, function) = called_function(context, file, &call.callee)?;
    // A generator or what a decorator makes of it closes for its callers; what is also kept elsewhere is closed there.
    if function.is_generator || !function.decorators.is_empty() || keeps(function) {
        return None;
    }
    let kinds: Vec<Option<Kind>> =
        returned(function).into_iter().map(|value| opened(context, other, value, left)).collect();
    kinds.into_iter().find_map(|kind| kind)
}

fn python(file: &SourceFile, call: &Call) -> Option<Kind> {
    let name = file.resolve(&call.callee).unwrap_or_default();
    Some(match name.as_str() {
        "sqlite3.connect" | "sqlite3.dbapi2.connect" => Kind::Sqlite,
        "psycopg2.connect"
        | "pymysql.connect"
        | "MySQLdb.connect"
        | "mysql.connector.connect"
        | "pyodbc.connect"
        | "oracledb.connect"
        | "psycopg.connect" => Kind::Connection,
        "socket.socket" | "socket.create_connection" => Kind::Socket,
        "urllib.request.urlopen" => Kind::Response,
        "open" | "io.open" | "codecs.open" | "gzip.open" | "zipfile.ZipFile" | "tarfile.open" => Kind::File,
        _ => match called_name(&call.callee)? {
            "getconn" => Kind::PooledClient,
            _ => return None,
        },
    })
}

fn node(file: &SourceFile, call: &Call) -> Option<Kind> {
    let imports = |package: &str| {
        file.imports.iter().any(|fact| {
            fact.import.module == package || fact.import.module.starts_with(&format!("{package}/"))
        })
    };
    let name = called_name(&call.callee)?;
    let on_pool = || {
        let ExprKind::Member { object, .. } = &call.callee.kind else { return false };
        called_name(object).is_some_and(|name| name.to_lowercase().contains("pool"))
    };
    // With a callback the client is its argument.
    let by_promise =
        call.arguments.iter().all(|argument| !matches!(argument.value.kind, ExprKind::Function(_)));
    match name {
        "connect" if on_pool() && by_promise && call.arguments.is_empty() => Some(Kind::PooledClient),
        "getConnection" if on_pool() && by_promise => Some(Kind::PooledClient),
        "openSync" if imports("fs") || imports("node:fs") => Some(Kind::File),
        "Database" if call.style == CallStyle::New && (imports("better-sqlite3") || imports("sqlite3")) => {
            Some(Kind::Connection)
        }
        _ => None,
    }
}

/// Whether a function keeps what it opens somewhere that outlives it: `g.db = connect()`, a global.
fn keeps(function: &Function) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Global(_), .. }) => found = true,
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                let outlives =
                    |target: &Expr| matches!(target.kind, ExprKind::Member { .. } | ExprKind::Index { .. });
                let opens = assign
                    .value
                    .as_ref()
                    .is_some_and(|value| value.call().is_some() || matches!(value.kind, ExprKind::Name(_)));
                // `conn.row_factory = sqlite3.Row` is about the connection itself.
                let setting = assign.targets.iter().any(|target| called_name(target) == Some("row_factory"));
                found |= assign.targets.iter().any(outlives) && opens && !setting;
            }
            _ => {}
        }
        !found
    });
    found
}

/// Whether a function writes to a database, as far as its own texts say.
fn writes(function: &Function) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, _| {
        if let Some(expr) = node.expr()
            && let Some(text) = sql::text_of(expr)
        {
            found |= sql::statements(&text).iter().any(sql::Statement::is_write);
        }
        !found && node.function().is_none()
    });
    found
}

fn calls_method(function: &Function, method: &str) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, _| {
        found |= node.expr().and_then(Expr::call).and_then(|call| called_name(&call.callee)) == Some(method);
        !found
    });
    found
}

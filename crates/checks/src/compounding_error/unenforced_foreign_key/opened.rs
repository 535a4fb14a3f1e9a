//! Where connections to SQLite are opened on which foreign keys are off.

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use super::declared::imports;
use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::sql::{self, Verb};
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Extent, Function, Stmt, StmtKind};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::{FileValues, called_name, keyword};
use crate::language::Language;

/// By what a connection is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Library {
    /// `sqlite3`, `aiosqlite`.
    Python,
    /// SQLAlchemy, Flask-SQLAlchemy, SQLModel.
    SqlAlchemy,
    /// peewee.
    Peewee,
    /// `sqlite3`, `sqlite`.
    Node,
    /// knex.
    Knex,
    /// `rusqlite`, `diesel`.
    Rust,
}

/// A place where a connection is opened.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    pub(super) library: Library,
    /// The call.
    pub(super) named: Extent,
    /// The innermost function with a name around it.
    pub(super) function: Option<&'a Function>,
    /// Whether the one connection is kept for all: at the top of a file, in a field, in a global.
    pub(super) is_shared: bool,
    /// The variable without which it is to SQLite.
    pub(super) when_unset: Option<String>,
}

/// The connections that a file opens, those that only read left out.
pub(super) fn openers<'a>(context: &Context<'_>, file: &'a SourceFile) -> Vec<Opened<'a>> {
    let mut found = Vec::new();
    // A word of every library and setting that is looked for; most files of a program hold none.
    let words = ["qlite", "create_engine", "create_async_engine", "DATABASE", "knex", "Knex"];
    if !words.iter().any(|word| file.text.contains(word)) {
        return found;
    }
    let mut values = FileValues::of(&file.syntax);
    let bundled = file.language == Language::Rust && is_bundled(context);
    each_node(&file.syntax, &mut |node, around| {
        if file.language == Language::Rust && (bundled || in_rust_tests(around)) {
            return false;
        }
        let opened = match node {
            Node::Expr(expr) => {
                expr.call().and_then(|call| library(context, file, expr, call, &mut values, around))
            }
            Node::Stmt(stmt) => setting(context, file, stmt, &mut values, around),
            Node::Handler(_) => None,
        };
        if let Some((library, named, when_unset)) = opened {
            let function = around
                .iter()
                .rev()
                .filter_map(|node| node.function())
                .find(|function| !function.name.is_empty());
            let one = Opened { library, named, function, is_shared: is_shared(around, function), when_unset };
            if !only_reads(file, &one) {
                found.push(one);
            }
        }
        true
    });
    found
}

type Found = (Library, Extent, Option<String>);

fn library<'a>(
    context: &Context<'_>,
    file: &'a SourceFile,
    expr: &'a Expr,
    call: &'a Call,
    values: &mut FileValues<'a>,
    around: Around<'a, '_>,
) -> Option<Found> {
    let name = file.resolve(&call.callee).unwrap_or_default();
    let last = called_name(&call.callee)?;
    if is_read_only(file, call) {
        return None;
    }
    let library = match file.language {
        Language::Python => match name.as_str() {
            "sqlite3.connect" | "sqlite3.dbapi2.connect" | "aiosqlite.connect" | "pysqlite3.connect" => {
                Library::Python
            }
            "sqlalchemy.create_engine"
            | "sqlmodel.create_engine"
            | "sqlalchemy.ext.asyncio.create_async_engine"
            | "sqlalchemy.engine.create_engine" => {
                let url = keyword(&call.arguments, "url").or_else(|| Some(&call.arguments.first()?.value))?;
                let unset = url_is_sqlite(context, file, url, values, around)?;
                return Some((Library::SqlAlchemy, expr.extent, unset));
            }
            "peewee.SqliteDatabase" | "playhouse.sqlite_ext.SqliteExtDatabase" => Library::Peewee,
            _ => return None,
        },
        Language::JavaScript | Language::TypeScript => {
            let has_driver = |call: &Call| {
                call.arguments.iter().any(|argument| entry(&argument.value, "driver").is_some())
            };
            let client = || {
                let client = entry(&call.arguments.first()?.value, "client")?.string()?.to_owned();
                Some(matches!(client.as_str(), "sqlite3" | "sqlite"))
            };
            match last {
                "Database"
                    if call.style == CallStyle::New
                        && imports(file, "sqlite3")
                        && !name.contains("better") =>
                {
                    Library::Node
                }
                "open" if imports(file, "sqlite") && has_driver(call) => Library::Node,
                "knex" | "Knex" if client() == Some(true) => Library::Knex,
                _ => return None,
            }
        }
        Language::Rust => {
            let opens = [
                "rusqlite.Connection.open",
                "rusqlite.Connection.open_with_flags",
                "SqliteConnection.establish",
            ];
            if !opens.iter().any(|open| name.ends_with(open)) {
                return None;
            }
            Library::Rust
        }
    };
    Some((library, expr.extent, None))
}

/// Flask-SQLAlchemy's `SQLALCHEMY_DATABASE_URI`, in a configuration object or a class.
fn setting<'a>(
    context: &Context<'_>,
    file: &'a SourceFile,
    stmt: &'a Stmt,
    values: &mut FileValues<'a>,
    around: Around<'a, '_>,
) -> Option<Found> {
    let StmtKind::Assign(assign) = &stmt.kind else { return None };
    let target = assign.targets.first().filter(|_| file.language == Language::Python)?;
    let name = match &target.kind {
        ExprKind::Index { index, .. } => index.string()?,
        _ => called_name(target)?,
    };
    let value = assign.value.as_ref().filter(|_| name == "SQLALCHEMY_DATABASE_URI")?;
    // Settings for tests say so in the name of their class.
    let for_tests =
        around.iter().any(|node| node.class().is_some_and(|class| class.name.starts_with("Test")));
    let unset = url_is_sqlite(context, file, value, values, around).filter(|_| !for_tests)?;
    Some((Library::SqlAlchemy, value.extent, unset))
}

/// Whether an address of a database is one of SQLite; with the variable that would make it another.
fn url_is_sqlite<'a>(
    context: &Context<'_>,
    file: &'a SourceFile,
    url: &'a Expr,
    values: &mut FileValues<'a>,
    around: Around<'a, '_>,
) -> Option<Option<String>> {
    let origins = values.origins(url, around);
    let variable = origins.iter().find_map(|origin| environment(file, origin).map(|(name, _)| name));
    for origin in &origins {
        if sql::text_of(origin).is_some_and(|text| text.starts_with("sqlite")) {
            return Some(variable);
        }
        if let Some((name, Some(default))) = environment(file, origin) {
            let text = values.origins(default, around).into_iter().find_map(sql::text_of);
            if text.is_some_and(|text| text.starts_with("sqlite")) {
                return Some(Some(name));
            }
        }
    }
    // `settings.database_url`: the settings have it as a default.
    let name = origins.iter().find_map(|origin| called_name(origin).filter(|_| origin.call().is_none()))?;
    default_named(context, name)
}

/// `os.environ.get("NAME", default)`, `os.environ["NAME"]`, `os.getenv("NAME")`: the variable, and what stands in for it.
fn environment<'a>(file: &SourceFile, expr: &'a Expr) -> Option<(String, Option<&'a Expr>)> {
    if let ExprKind::Index { object, index } = &expr.kind {
        let is_environment = file.resolve(object).as_deref() == Some("os.environ");
        return Some((index.string().filter(|_| is_environment)?.to_owned(), None));
    }
    let call = expr.call()?;
    let callee = file.resolve(&call.callee)?;
    let reads = matches!(
        callee.as_str(),
        "os.environ.get" | "os.getenv" | "environ.get" | "getenv" | "decouple.config"
    );
    let name = call.arguments.first().filter(|_| reads)?.value.string()?.to_owned();
    let default = keyword(&call.arguments, "default").or_else(|| Some(&call.arguments.get(1)?.value));
    Some((name, default))
}

/// A default of this name anywhere in the program that is an address of SQLite: `database_url: str = "sqlite:///./app.db"`.
fn default_named(context: &Context<'_>, name: &str) -> Option<Option<String>> {
    for file in context.files.iter().filter(|file| file.language == Language::Python && !file.is_test) {
        let mut values = FileValues::of(&file.syntax);
        let mut found = None;
        each_node(&file.syntax, &mut |node, around| {
            if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node
                && assign.targets.iter().any(|target| called_name(target) == Some(name))
                && let Some(value) = &assign.value
            {
                for origin in values.origins(value, around) {
                    let default =
                        environment(file, origin).and_then(|(name, default)| Some((name, default?)));
                    let text = default.as_ref().map_or(origin, |(_, default)| default);
                    if sql::text_of(text).is_some_and(|text| text.starts_with("sqlite")) {
                        // A field of settings is filled from the variable of its name.
                        let is_setting = around.iter().any(|node| node.class().is_some());
                        let variable = default.map(|(name, _)| name);
                        found = Some(variable.or_else(|| is_setting.then(|| name.to_uppercase())));
                    }
                }
            }
            found.is_none()
        });
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The value under a key of an object literal.
fn entry<'a>(expr: &'a Expr, sought: &str) -> Option<&'a Expr> {
    let ExprKind::Record { entries, .. } = &expr.kind else { return None };
    entries
        .iter()
        .find(|(key, _)| key.as_ref().and_then(Expr::string) == Some(sought))
        .map(|(_, value)| value)
}

/// `?mode=ro`, `OPEN_READONLY`: what only reads breaks no key.
fn is_read_only(file: &SourceFile, call: &Call) -> bool {
    call.arguments.iter().any(|argument| {
        let text = file.text_of(argument.value.extent);
        ["mode=ro", "READONLY", "READ_ONLY", "immutable=1"].iter().any(|sign| text.contains(sign))
    })
}

/// Whether one connection serves all: nothing around it runs again for each use.
fn is_shared(around: Around<'_, '_>, function: Option<&Function>) -> bool {
    let Some(function) = function else { return true };
    let mut globals = Vec::new();
    for stmt in &function.body {
        if let StmtKind::Global(names) = &stmt.kind {
            globals.extend(names.iter().map(|name| name.as_str()));
        }
    }
    let target = around.iter().rev().find_map(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => assign.targets.first(),
        _ => None,
    });
    match target.map(|target| &target.kind) {
        Some(ExprKind::Member { object, .. }) => {
            matches!(&object.kind, ExprKind::Name(name) if name == "self" || name == "cls" || name == "this")
        }
        Some(ExprKind::Name(name)) => globals.contains(&name.as_str()),
        _ => false,
    }
}

/// Whether the function that opens the connection keeps it to itself and only asks questions.
fn only_reads(file: &SourceFile, opened: &Opened<'_>) -> bool {
    let Some(function) = opened.function.filter(|_| !opened.is_shared && opened.library == Library::Python)
    else {
        return false;
    };
    let (start, end) = function
        .body
        .first()
        .zip(function.body.last())
        .map_or((0, 0), |(first, last)| (first.extent.start, last.extent.end));
    let inside: Vec<Verb> = sql::texts(file)
        .into_iter()
        .filter(|(extent, _)| extent.start >= start && extent.end <= end)
        .flat_map(|(_, statements)| statements.into_iter().map(|statement| statement.verb))
        .collect();
    !inside.is_empty()
        && inside.iter().all(|verb| matches!(verb, Verb::Select | Verb::Pragma))
        && !hands_on(function)
}

/// Whether a function gives something to its callers that is not plainly data: a name, a field, what it yields.
pub(super) fn hands_on(function: &Function) -> bool {
    let mut found = false;
    crate::facts::nodes::each_in_body(&function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Return(Some(value)), .. }) => found |= names_connection(value),
            Node::Expr(Expr { kind: ExprKind::Yield(Some(value)), .. }) => found |= names_connection(value),
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                found |=
                    assign.targets.iter().any(|target| {
                        matches!(target.kind, ExprKind::Member { .. } | ExprKind::Index { .. })
                    }) && assign.value.as_ref().is_some_and(names_connection);
            }
            _ => {}
        }
        node.function().is_none()
    });
    found
}

/// Whether a value may be a connection: a name by itself, or the call that opens one.
fn names_connection(value: &Expr) -> bool {
    let mut found = false;
    each_in_expr(value, &mut |node, _| {
        let Node::Expr(expr) = node else { return false };
        found |= match &expr.kind {
            ExprKind::Name(name) => is_connection_name(name),
            ExprKind::Member { name, object, .. } => {
                is_connection_name(name) && matches!(object.kind, ExprKind::Name(_))
            }
            ExprKind::Call(call) => matches!(called_name(&call.callee), Some("connect" | "Connection")),
            _ => false,
        };
        // What is asked of a connection is no connection; what wraps one may hold it.
        !matches!(&expr.kind, ExprKind::Member { .. })
            && !expr.call().is_some_and(|call| matches!(call.callee.kind, ExprKind::Member { .. }))
    });
    found
}

fn is_connection_name(name: &str) -> bool {
    let words = crate::facts::words::words(name);
    words.iter().any(|word| {
        matches!(
            word.as_str(),
            "conn" | "connection" | "db" | "database" | "con" | "cnx" | "c" | "cx" | "sqlite"
        )
    })
}

/// Whether SQLite is compiled into the program by libsqlite3-sys, which switches foreign keys on.
fn is_bundled(context: &Context<'_>) -> bool {
    context
        .tree
        .entries()
        .iter()
        .filter(|entry| !entry.foreign && entry.name() == "Cargo.toml")
        .filter_map(|entry| context.tree.read_text(&entry.path, SOURCE_FILE_BYTES))
        .any(|text| text.contains("bundled"))
}

//! What a service does to its database for one request: the statements that a handler and what it calls run, in their order.
//!
//! Limit: of the ways through a function the one with the most writes is kept; a loop is gone through once. What an object map does is
//! known for Prisma and for SQLAlchemy's sessions; other maps do nothing here. A text with a tag is sent where it is waited for or given back.

mod commits;
mod connection;
mod holds;
mod orm;
mod read;
pub(crate) mod rows;
mod tables;
mod takes;
mod walk;

use std::collections::HashSet;
use std::sync::Arc;

use crate::context::Context;
use crate::facts::sql::Statement;
use crate::facts::syntax::{Expr, Extent, Function};
use crate::facts::words::has_word;
use crate::framework::Project;
use crate::framework::web::{Handler, Web};

pub(crate) use self::tables::Tables;

/// What the handlers of a service do to its database.
#[derive(Debug, Default)]
pub(crate) struct Database<'a> {
    /// One for each function that answers requests and does something.
    pub(crate) traces: Vec<Trace<'a>>,
    /// The tables that the program makes; none are read where nothing is done to a database.
    pub(crate) tables: Tables,
}

/// What one handler does, in order.
#[derive(Debug)]
pub(crate) struct Trace<'a> {
    /// The handler.
    pub(crate) handler: &'a Handler<'a>,
    /// On the way with the most writes.
    pub(crate) operations: Vec<Operation<'a>>,
    /// The functions of the project that run with it, each with the place of its file; the handler is the first.
    pub(crate) functions: Vec<(usize, &'a Function)>,
    /// How what it writes is made last.
    pub(crate) commits: Commits,
    /// Whether something is written while a transaction is open, and it could not be told whether over its connection.
    pub(crate) is_unclear: bool,
}

/// One thing done to a database.
#[derive(Debug, Clone)]
pub(crate) struct Operation<'a> {
    /// What.
    pub(crate) does: Does,
    /// The way there: the handler first, what runs it last.
    pub(crate) frames: Arc<[Frame<'a>]>,
    /// The outermost loop around it.
    pub(crate) looped: Option<Looped<'a>>,
    /// How many rows of its answer are taken.
    pub(crate) takes: Takes,
    /// Which transaction that the program opens it is in, by a number of its own.
    pub(crate) transaction: Option<u32>,
    /// How many times the handler has waited before it.
    pub(crate) waits: u32,
    /// Whether a lock of the process is held.
    pub(crate) locked: bool,
}

/// What an operation does.
#[derive(Debug, Clone)]
pub(crate) enum Does {
    /// Runs a statement.
    Statement(Arc<Statement>),
    /// Makes what was written last.
    Commit,
}

/// A loop around an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looped<'a> {
    /// The place of its file in the list of files.
    pub(crate) file: usize,
    /// The loop, or the call that is given a function for each item.
    pub(crate) extent: Extent,
    /// What is gone through, where that is written.
    pub(crate) over: Option<&'a Expr>,
}

/// How many rows of an answer a program takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// The first, or as many as are asked for.
    One,
    /// All that there are.
    All,
    /// That could not be told.
    Unknown,
}

/// A step on the way to an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// The place of its file in the list of files.
    pub(crate) file: usize,
    /// The function.
    pub(crate) function: &'a Function,
    /// The call in it.
    pub(crate) extent: Extent,
}

/// How statements are made last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commits {
    /// Each by itself, until the program begins a transaction.
    Each,
    /// With the next `commit()`: a transaction begins by itself with the first write.
    Together,
}

impl<'a> Database<'a> {
    /// Of a program that does nothing to a database.
    pub(crate) const NONE: &'static Database<'static> =
        &Database { traces: Vec::new(), tables: Tables::NONE };

    /// What every handler does; a function that answers several routes once.
    pub(crate) fn of(project: &Project<'a>, web: &'a Web<'a>) -> Self {
        let mut seen = HashSet::new();
        let mut walker = walk::Walker::new(project);
        let handlers =
            web.handlers.iter().filter(|handler| seen.insert(std::ptr::from_ref(handler.function)));
        let traces = handlers.map(|handler| walker.trace(handler));
        let mut traces: Vec<Trace<'a>> = traces.filter(|trace| !trace.operations.is_empty()).collect();
        if traces.is_empty() {
            return Self::default();
        }
        let mut settings = commits::Settings::of(project);
        for trace in &mut traces {
            trace.commits = settings.commits(trace);
        }
        Self { traces, tables: Tables::of(project.context) }
    }
}

impl<'a> Operation<'a> {
    /// Where it is run.
    pub(crate) fn place(&self) -> Option<(usize, Extent)> {
        self.frames.last().map(|frame| (frame.file, frame.extent))
    }

    /// The frame in which the loop around it stands.
    pub(crate) fn looping_frame(&self) -> Option<Frame<'a>> {
        let looped = self.looped?;
        let inside = |frame: &&Frame<'_>| {
            frame.file == looped.file
                && looped.extent.start <= frame.extent.start
                && frame.extent.end <= looped.extent.end
        };
        self.frames.iter().find(inside).or(self.frames.last()).copied()
    }

    /// The statement.
    pub(crate) fn statement(&self) -> Option<&Statement> {
        match &self.does {
            Does::Statement(statement) => Some(statement),
            Does::Commit => None,
        }
    }

    /// Whether it changes rows.
    pub(crate) fn is_write(&self) -> bool {
        self.statement().is_some_and(Statement::is_write)
    }

    /// The table that it is about.
    pub(crate) fn table(&self) -> Option<&str> {
        self.statement()?.table.as_deref()
    }
}

/// Of two operations, where the way to the second parts from the way to the first: the last frame of the second that both go through.
pub(crate) fn parting<'a>(first: &Operation<'a>, second: &Operation<'a>) -> Option<Frame<'a>> {
    let mut parted = None;
    for (left, right) in first.frames.iter().zip(second.frames.iter()) {
        if left.file != right.file || !std::ptr::eq(left.function, right.function) {
            break;
        }
        parted = Some(*right);
        if left.extent != right.extent {
            break;
        }
    }
    parted
}

/// Whether a program's database is SQLite: in the process, and of one writing transaction at a time.
pub(crate) fn is_embedded(context: &Context<'_>) -> bool {
    const SQLITE: &[&str] = &["sqlite3", "better-sqlite3", "aiosqlite", "node:sqlite", "sqlite", "apsw"];
    let sources = context.files.iter().filter(|file| !file.is_test);
    sources.flat_map(|file| &file.imports).any(|fact| SQLITE.contains(&fact.import.module.as_str()))
}

/// Words of tables that stay short by what they are.
const SHORT: &[&str] = &[
    "category",
    "categories",
    "setting",
    "settings",
    "config",
    "role",
    "roles",
    "permission",
    "permissions",
    "country",
    "countries",
    "currency",
    "currencies",
    "language",
    "languages",
    "plan",
    "plans",
    "type",
    "types",
    "status",
    "statuses",
    "migration",
    "migrations",
    "schema",
    "master",
    "feature",
    "flags",
    "units",
    "locale",
    "locales",
    "theme",
    "themes",
];

/// Whether a table stays short by what it is: settings, roles, categories.
pub(crate) fn is_short(table: &str) -> bool {
    has_word(table, SHORT)
}

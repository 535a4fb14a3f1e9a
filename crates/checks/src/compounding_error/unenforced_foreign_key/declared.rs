//! Where the program declares foreign keys.

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::plain_text::is_example;
use crate::facts::source::SourceFile;
use crate::facts::sql::{self, Statement};
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, StmtKind};
use crate::facts::values::{called_name, keyword};
use crate::language::Language;
use crate::report::Draft;
use crate::tree::Mode;

/// Modules of databases that enforce foreign keys by themselves: where one is used, a key may be theirs.
const OTHER_DATABASES: &[&str] = &[
    "psycopg",
    "psycopg2",
    "asyncpg",
    "pg8000",
    "pymysql",
    "MySQLdb",
    "mysql",
    "aiomysql",
    "asyncmy",
    "oracledb",
    "cx_Oracle",
    "pyodbc",
    "pymssql",
    "pg",
    "mysql2",
    "mssql",
    "postgres",
    "pg-promise",
    "tokio_postgres",
    "mysql_async",
];

/// The foreign keys of a program.
pub(super) struct Declared<'a> {
    keys: Vec<Found<'a>>,
    /// Whether another database is used too.
    mixed: bool,
}

struct Found<'a> {
    file: Option<&'a SourceFile>,
    extent: Extent,
    /// The table that has it; or what it points at.
    what: String,
    path: String,
}

/// The foreign keys that connections of one file are about.
pub(super) struct Key<'a> {
    file: Option<&'a SourceFile>,
    extent: Extent,
    what: String,
    others: usize,
}

impl<'a> Declared<'a> {
    pub(super) fn of(context: &Context<'a>, files: &[&'a SourceFile]) -> Self {
        let mut keys = Vec::new();
        for file in files {
            let mentions = |words: &[&str]| words.iter().any(|word| file.text.contains(word));
            let texts = mentions(&["REFERENCES", "references", "References"]).then(|| sql::texts(file));
            for (extent, statements) in texts.into_iter().flatten() {
                keys.extend(statements.iter().filter_map(table_with_key).map(|table| Found {
                    file: Some(file),
                    extent,
                    what: format!("the foreign key of `{table}`"),
                    path: file.path.clone(),
                }));
            }
            if !mentions(&["ForeignKey", "foreign_key", "inTable"]) {
                continue;
            }
            each_node(&file.syntax, &mut |node, _| {
                if let Node::Expr(expr) = node
                    && let Some(call) = expr.call()
                    && let Some(target) = mapped_key(file, call)
                {
                    keys.push(Found {
                        file: Some(file),
                        extent: expr.extent,
                        what: format!("the foreign key to `{target}`"),
                        path: file.path.clone(),
                    });
                }
                true
            });
        }
        let scripts = context.tree.entries().iter().filter(|entry| {
            !entry.foreign
                && entry.mode != Mode::Link
                && entry.path.ends_with(".sql")
                && !is_example(&entry.path)
        });
        for entry in scripts {
            let Some(text) = context.tree.read_text(&entry.path, SOURCE_FILE_BYTES) else { continue };
            if is_of_another_database(&text) {
                continue;
            }
            keys.extend(sql::script(&text).iter().filter_map(table_with_key).map(|table| Found {
                file: None,
                extent: Extent::default(),
                what: format!("the foreign key of `{table}` in {}", entry.path),
                path: entry.path.clone(),
            }));
        }
        let mixed = files.iter().any(|file| uses_another_database(file));
        Self { keys, mixed }
    }

    /// What connections opened in this file are about; `None` when no key is known to be.
    pub(super) fn for_connections_of(&self, file: &SourceFile) -> Option<Key<'a>> {
        let near = |found: &&Found<'a>| !self.mixed || found.path == file.path;
        let own = |found: &&Found<'a>| found.path == file.path;
        let all: Vec<&Found<'a>> = self.keys.iter().filter(near).collect();
        let first = all.iter().find(|found| own(found)).or_else(|| all.first())?;
        Some(Key { file: first.file, extent: first.extent, what: first.what.clone(), others: all.len() - 1 })
    }
}

impl Key<'_> {
    pub(super) fn what(&self) -> String {
        match self.others {
            0 => self.what.clone(),
            count => format!("{} (and {count} more)", self.what),
        }
    }

    pub(super) fn related(&self, draft: Draft) -> Draft {
        match self.file {
            Some(file) => draft.related(file, self.extent, "declared here"),
            None => draft,
        }
    }
}

fn table_with_key(statement: &Statement) -> Option<String> {
    let first = (*statement.references().first()?).to_owned();
    Some(statement.table.clone().unwrap_or(first))
}

/// `ForeignKey("users.id")` of SQLAlchemy, `Field(foreign_key=..)` of SQLModel, `ForeignKeyField(User)` of peewee,
/// `table.integer(..).references("id").inTable("users")` of knex.
fn mapped_key(file: &SourceFile, call: &Call) -> Option<String> {
    let name = called_name(&call.callee)?;
    let first = call.arguments.first().map(|argument| &argument.value);
    match (file.language, name) {
        (Language::Python, "ForeignKey") if !imports(file, "django") => {
            first?.string().map(str::to_owned).or_else(|| first?.dotted())
        }
        (Language::Python, "ForeignKeyField") => first?.dotted(),
        (Language::Python, "Field") => keyword(&call.arguments, "foreign_key")?.string().map(str::to_owned),
        (Language::JavaScript | Language::TypeScript, "inTable") => {
            let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
            let references = object.call().and_then(|inner| called_name(&inner.callee)) == Some("references");
            first.filter(|_| references).and_then(Expr::string).map(str::to_owned)
        }
        _ => None,
    }
}

pub(super) fn imports(file: &SourceFile, package: &str) -> bool {
    file.imports.iter().any(|fact| {
        let module = fact.import.module.as_str();
        module == package
            || module.strip_prefix(package).is_some_and(|rest| rest.starts_with(['.', '/', ':']))
    })
}

fn uses_another_database(file: &SourceFile) -> bool {
    let url = || {
        let mut found = false;
        each_node(&file.syntax, &mut |node, _| {
            if let Node::Stmt(stmt) = node
                && matches!(stmt.kind, StmtKind::Import(_))
            {
                return false;
            }
            let text = node.expr().and_then(sql::text_of).unwrap_or_default();
            found |= ["postgres://", "postgresql://", "postgresql+", "mysql://", "mysql+", "mssql+"]
                .iter()
                .any(|scheme| text.starts_with(scheme));
            !found
        });
        found
    };
    OTHER_DATABASES.iter().any(|package| imports(file, package)) || url()
}

/// Words of other databases' definitions of tables.
fn is_of_another_database(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "serial",
        "timestamptz",
        "jsonb",
        "engine=",
        "auto_increment",
        "varchar2",
        "nvarchar",
        "gen_random_uuid",
        "language plpgsql",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

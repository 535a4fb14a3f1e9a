//! The tables that a program makes: which columns may not occur twice, which have a limit.

use std::collections::BTreeMap;

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use crate::context::Context;
use crate::facts::sql::{self, Statement, Verb};

/// The tables of a program, by name.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    known: BTreeMap<String, Vec<Statement>>,
}

impl Tables {
    /// Of a program that makes none.
    pub(super) const NONE: Self = Self { known: BTreeMap::new() };

    /// Reads every `CREATE TABLE` and unique index of the source and of `.sql` files.
    pub(crate) fn of(context: &Context<'_>) -> Self {
        let mut tables = Self::default();
        for file in context.files.iter().filter(|file| !file.is_test && makes_tables(&file.text)) {
            sql::texts(file)
                .into_iter()
                .flat_map(|(_, statements)| statements)
                .for_each(|one| tables.add(one));
        }
        let scripts =
            context.tree.entries().iter().filter(|entry| !entry.foreign && entry.path.ends_with(".sql"));
        for entry in scripts {
            let text = context.tree.read_text(&entry.path, SOURCE_FILE_BYTES).unwrap_or_default();
            sql::script(&text).into_iter().for_each(|one| tables.add(one));
        }
        tables
    }

    fn add(&mut self, statement: Statement) {
        if matches!(statement.verb, Verb::CreateTable | Verb::CreateUniqueIndex)
            && let Some(table) = statement.table.clone()
        {
            self.known.entry(table).or_default().push(statement);
        }
    }

    /// Whether the table's definition was seen.
    pub(crate) fn is_known(&self, table: &str) -> bool {
        self.known.get(table).is_some_and(|all| all.iter().any(|one| one.verb == Verb::CreateTable))
    }

    /// Whether a value of one of these columns, or of some of them together, may occur only once.
    pub(crate) fn is_unique(&self, table: &str, columns: &[&str]) -> bool {
        let all = self.known.get(table).into_iter().flatten();
        all.flat_map(Statement::unique_columns)
            .any(|unique| !unique.is_empty() && unique.iter().all(|column| columns.contains(column)))
    }

    /// Whether the table has a `CHECK` that names the column.
    pub(crate) fn is_checked(&self, table: &str, column: &str) -> bool {
        self.known.get(table).into_iter().flatten().any(|one| one.has_check(column))
    }
}

/// Whether a text can make tables: the cheap question.
fn makes_tables(text: &str) -> bool {
    ["CREATE TABLE", "create table", "UNIQUE INDEX", "unique index"].iter().any(|words| text.contains(words))
}

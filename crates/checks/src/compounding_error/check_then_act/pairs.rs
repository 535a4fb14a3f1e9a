//! A read and a later write of the same table, and what is wrong with them.

use seaworthy_core::Severity;

use super::{Program, code, request};
use crate::database::{Operation, Trace};
use crate::facts::sql::{Statement, Verb};
use crate::facts::syntax::Extent;
use crate::facts::words::has_word;

/// A read and a write after it.
pub(super) struct Pair<'a, 'b> {
    pub(super) program: &'b Program<'a, 'b>,
    pub(super) trace: &'b Trace<'a>,
    pub(super) read: &'b Operation<'a>,
    pub(super) write: &'b Operation<'a>,
}

/// What is wrong with a pair.
pub(super) struct Found {
    pub(super) variant: &'static str,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) advice: String,
    /// Where, if not at the write.
    pub(super) place: Option<(usize, Extent)>,
}

impl Pair<'_, '_> {
    pub(super) fn judge(&self) -> Option<Found> {
        let (read, write) = (self.read.statement()?, self.write.statement()?);
        match write.verb {
            Verb::Update => self
                .taken(read, write)
                .or_else(|| self.lost(read, write))
                .or_else(|| self.used_twice(read, write)),
            Verb::Insert => {
                self.number(read, write).or_else(|| self.first(read)).or_else(|| self.duplicate(read, write))
            }
            Verb::Delete => self.read_then_deleted(read, write),
            _ => None,
        }
    }

    fn table(&self) -> &str {
        self.write.table().unwrap_or_default()
    }

    /// `stock` is compared, and taken by a statement that does not look again.
    fn taken(&self, read: &Statement, write: &Statement) -> Option<Found> {
        if write.sets_what_it_compares() {
            return None;
        }
        let looked_again = write.condition_columns();
        let column = write.taken_columns().into_iter().find(|column| {
            !looked_again.contains(column)
                && (read.condition_columns().contains(column) || code::is_compared(self, read, column))
        })?;
        if self.program.context.database.tables.is_checked(self.table(), column) {
            return None;
        }
        Some(Found {
            variant: "taken",
            severity: Severity::Error,
            message: format!(
                "`{column}` is compared first and taken later by an `UPDATE {}` that does not look again: of two {} at once both see enough, and more is taken than there is",
                self.table(),
                request(self.trace)
            ),
            advice: format!(
                "let the write decide: `UPDATE {} SET {column} = {column} - ? WHERE .. AND {column} >= ?`, and refuse when it changed no row",
                self.table()
            ),
            place: None,
        })
    }

    /// A column is read, changed and written back.
    fn lost(&self, read: &Statement, write: &Statement) -> Option<Found> {
        let conditions = write.condition_columns();
        let relative = write.relative_columns();
        let mut columns = write.set_columns().into_iter();
        let (column, place) = columns.find_map(|column| {
            let open = !relative.contains(&column) && !conditions.contains(&column);
            open.then(|| code::changed(self, read, column)).flatten().map(|place| (column, place))
        })?;
        // `WHERE version = ?` refuses whoever read what has changed since, and so does whatever is set and compared (`SET rev = ? .. AND rev = ?`).
        let is_version = |column: &&str| has_word(column, &["version", "revision", "etag", "updated"]);
        if conditions.iter().any(is_version) || write.sets_what_it_compares() {
            return None;
        }
        Some(Found {
            variant: "lost-update",
            severity: Severity::Error,
            message: format!(
                "`{column}` of `{}` is read, changed here and written back: of two {} at once one change is lost",
                self.table(),
                request(self.trace)
            ),
            advice: format!(
                "let the database change it (`SET {column} = {column} + ?`), or write only what is still as it was read (`AND {column} = ?`) and look at the number of rows changed"
            ),
            place: Some(place),
        })
    }

    /// The next number is made of what is there.
    fn number(&self, read: &Statement, write: &Statement) -> Option<Found> {
        let inserted = write.inserted_columns();
        let next = code::next_number(self, read, &inserted)?;
        let tables = &self.program.context.database.tables;
        // Each row has an `id` of its own, which refuses nothing but itself.
        let counts = |column: &&str| *column != "id" || next.column == Some("id");
        let other: Vec<&str> = inserted.iter().copied().filter(counts).collect();
        // Where the table is made elsewhere, its unique columns are not known.
        if !tables.is_known(self.table()) || tables.is_unique(self.table(), &other) {
            return None;
        }
        Some(Found {
            variant: "number",
            severity: Severity::Error,
            message: format!(
                "the next number is made of what `{}` holds, and no `UNIQUE` column refuses the second of the same: two {} at once get one number",
                self.table(),
                request(self.trace)
            ),
            advice: "make the column that holds it `UNIQUE` (with what it counts within) and try again when it is refused, or take the number from the row's own `id` or from a sequence".to_owned(),
            place: Some(next.place),
        })
    }

    /// Whoever comes first becomes the administrator.
    fn first(&self, read: &Statement) -> Option<Found> {
        let place = code::first_of_all(self).filter(|_| read.is_aggregate() || read.has("limit"))?;
        Some(Found {
            variant: "first",
            severity: Severity::Warning,
            message: format!(
                "the first in `{}` becomes the administrator, and whether there is one is asked before `INSERT`: two {} at once both do",
                self.table(),
                request(self.trace)
            ),
            advice: "make the first administrator when the program is installed, not by a request, or ask and insert in one transaction that takes the lock first".to_owned(),
            place: Some(place),
        })
    }

    /// Rows are looked for, and inserted when there are none.
    fn duplicate(&self, read: &Statement, write: &Statement) -> Option<Found> {
        let inserted = write.inserted_columns();
        let same: Vec<&str> =
            read.equal_columns().into_iter().filter(|column| inserted.contains(column)).collect();
        let tables = &self.program.context.database.tables;
        let upsert = ["ignore", "replace", "conflict", "duplicate"].iter().any(|word| write.has(word));
        let asked = !same.is_empty() && same.len() == read.equal_columns().len() && !upsert;
        if !asked || !tables.is_known(self.table()) || !code::is_refused(self) {
            return None;
        }
        let columns = same.join("`, `");
        if tables.is_unique(self.table(), &same) {
            return self.refused_late(&columns);
        }
        Some(Found {
            variant: "duplicate",
            severity: Severity::Warning,
            message: format!(
                "whether `{}` has such a row is asked before `INSERT`, and nothing else keeps `{columns}` from occurring twice: two {} at once both insert",
                self.table(),
                request(self.trace)
            ),
            advice: format!(
                "make `{columns}` `UNIQUE` in `{}`, insert without asking, and answer 409 when the database refuses",
                self.table()
            ),
            place: None,
        })
    }

    /// The database refuses the second of two that both found nothing, and nobody expects it to.
    fn refused_late(&self, columns: &str) -> Option<Found> {
        let between = self.trace.operations.iter().filter(|one| {
            one.waits >= self.read.waits && one.waits < self.write.waits && one.statement().is_some()
        });
        let own = if self.program.is_synchronous { 0 } else { between.count() };
        // Only what waits for something else (a hash, another server) leaves others the time.
        let waited = self.write.waits.saturating_sub(self.read.waits) as usize > own;
        (waited && !code::is_caught(self)).then(|| Found {
            variant: "refused-late",
            severity: Severity::Warning,
            message: format!(
                "whether `{columns}` is free is asked, something else is awaited, and then `INSERT INTO {}` runs: of two {} at once the database refuses the second, and nobody catches that",
                self.table(),
                request(self.trace)
            ),
            advice: "insert without asking, catch the error of the `UNIQUE` column, and answer 409".to_owned(),
            place: None,
        })
    }

    /// A token is tested for being used, and marked later.
    fn used_twice(&self, read: &Statement, write: &Statement) -> Option<Found> {
        let looked_again = write.condition_columns();
        let mut columns = write.set_columns().into_iter();
        let column = columns.find(|column| {
            has_word(column, &["used", "redeemed", "consumed", "claimed"])
                && !looked_again.contains(column)
                && (read.condition_columns().contains(column) || code::is_compared(self, read, column))
        })?;
        // What it pays for: another change of the same request.
        let pays = |other: &&Operation<'_>| other.is_write() && other.table() != self.write.table();
        self.trace.operations.iter().find(pays)?;
        Some(Found {
            variant: "used-twice",
            severity: Severity::Error,
            message: format!(
                "whether it was used is asked first, and `{column}` is set later by an `UPDATE {}` that does not ask again: two {} at once both use it",
                self.table(),
                request(self.trace)
            ),
            advice: format!(
                "mark it first, where it is still unused (`UPDATE {} SET {column} = .. WHERE .. AND {column} ..`), and go on only when a row was changed",
                self.table()
            ),
            place: None,
        })
    }

    /// What is in a cart is read, used and only then deleted.
    fn read_then_deleted(&self, read: &Statement, write: &Statement) -> Option<Found> {
        let same = read.equal_columns().iter().any(|column| write.equal_columns().contains(column));
        let place = |one: &Operation<'_>| one.place();
        let between = self
            .trace
            .operations
            .iter()
            .skip_while(|one| place(one) != self.read.place())
            .take_while(|one| place(one) != self.write.place());
        let mut used = between.filter(|one| {
            one.table() != self.write.table()
                && one.statement().is_some_and(|statement| statement.verb == Verb::Insert)
        });
        let used = used.next()?.table()?;
        let many = has_word(self.table(), &["cart", "carts", "basket", "queue", "pending"]);
        (same && many).then(|| Found {
            variant: "read-then-deleted",
            severity: Severity::Warning,
            message: format!(
                "`{}` is read, `{used}` is made of it, and only then it is deleted: two {} at once both use the same rows",
                self.table(),
                request(self.trace)
            ),
            advice: "take the lock before reading (`BEGIN IMMEDIATE`, `SELECT .. FOR UPDATE`), or delete first and use what `DELETE .. RETURNING` gives".to_owned(),
            place: None,
        })
    }
}

//! What object maps do: Prisma's models, SQLAlchemy's sessions; and the calls of drivers that begin and end transactions.

use super::Does;
use super::read::{Found, Scope, statements};
use crate::facts::syntax::{Call, Expr, ExprKind, Literal};
use crate::facts::values::{Bound, called_name, entry, option};
use crate::language::Language;

/// What a method of an object map does; `None` when the call is none.
pub(super) fn does<'a>(scope: &Scope<'a, '_>, call: &'a Call, name: &str) -> Found {
    let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
    let plain = call.arguments.is_empty();
    if scope.language() == Some(Language::Python) {
        return match name {
            "commit" if plain => Some(vec![Does::Commit]),
            "rollback" if plain => Some(statements("ROLLBACK")),
            "add" | "add_all" | "delete" | "merge" if is_session(scope, object) => {
                let rows = call.arguments.first().map(|row| row_name(scope, &row.value));
                let rows = rows.unwrap_or_else(|| "rows".to_owned());
                Some(statements(&match name {
                    "delete" => format!("DELETE FROM {rows}"),
                    _ => format!("INSERT INTO {rows} (sqlalchemy)"),
                }))
            }
            "all" if plain => query(scope, object).map(|text| statements(&text)),
            _ => None,
        };
    }
    if let ExprKind::Member { object: client, name: model, .. } = &object.kind
        && let Some(text) = prisma(call, name, model)
        && is_prisma(scope, client)
    {
        return Some(statements(&text));
    }
    // `let mut tx = pool.begin().await?;` of sqlx, `conn.transaction()?` of rusqlite: what is given a function holds it open itself.
    let begins = matches!(
        name,
        "begin" | "begin_with" | "transaction" | "unchecked_transaction" | "transaction_with_behavior"
    );
    let given_function = call.arguments.iter().any(|given| matches!(given.value.kind, ExprKind::Function(_)));
    if scope.language() == Some(Language::Rust) && begins && !given_function {
        return Some(statements("BEGIN"));
    }
    match name {
        "beginTransaction" | "startTransaction" if call.arguments.len() <= 1 => Some(statements("BEGIN")),
        "commit" if call.arguments.len() <= 1 => Some(vec![Does::Commit]),
        "rollback" if call.arguments.len() <= 1 => Some(statements("ROLLBACK")),
        _ => None,
    }
}

/// Whether it is a client of Prisma: by its name, or by what made it.
fn is_prisma<'a>(scope: &Scope<'a, '_>, client: &'a Expr) -> bool {
    let made = |made: &&Expr| made.call().and_then(|call| called_name(&call.callee)) == Some("PrismaClient");
    called_name(client).is_some_and(|name| name.to_lowercase().contains("prisma") || name == "tx")
        || scope.project.comes_to(scope.file, scope.within, client).iter().any(made)
}

/// What a method of a model of Prisma does, as SQL has it.
fn prisma(call: &Call, name: &str, model: &str) -> Option<String> {
    let (data, wanted) = (columns(call, "data"), columns(call, "where"));
    let wanted = match wanted.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", equal(&wanted, " AND ")),
    };
    Some(match name {
        "create" | "createMany" | "upsert" => format!("INSERT INTO {model} ({})", data.join(", ")),
        "update" | "updateMany" => format!("UPDATE {model} SET {}{wanted}", equal(&data, ", ")),
        "delete" | "deleteMany" => format!("DELETE FROM {model}{wanted}"),
        "findUnique" | "findFirst" | "findUniqueOrThrow" | "findFirstOrThrow" => {
            format!("SELECT * FROM {model}{wanted} LIMIT 1")
        }
        "findMany" => match option(call, "take").map(|take| &take.kind) {
            Some(ExprKind::Literal(Literal::Integer(rows))) => {
                format!("SELECT * FROM {model}{wanted} LIMIT {rows}")
            }
            Some(_) => format!("SELECT * FROM {model}{wanted} LIMIT ?"),
            None => format!("SELECT * FROM {model}{wanted}"),
        },
        "count" => format!("SELECT COUNT(*) FROM {model}{wanted}"),
        _ => return None,
    })
}

/// The `SELECT` of a query of SQLAlchemy: `User.query.filter_by(..)`, `session.query(User)`, `session.scalars(select(User))`.
fn query(scope: &Scope<'_, '_>, expr: &Expr) -> Option<String> {
    let mut asked = Asked::default();
    asked.read(scope, expr, STEPS);
    let table = asked.table?;
    let wanted = if asked.keyed { " WHERE id = ?" } else { "" };
    let limit = if asked.limited { " LIMIT ?" } else { "" };
    Some(format!("SELECT * FROM {table}{wanted}{limit}"))
}

/// Names and calls of one query that are followed.
const STEPS: usize = 12;
/// Expressions of one query that are looked at.
const LOOKS: usize = 200;

/// What the calls of a query say.
#[derive(Default)]
struct Asked {
    table: Option<String>,
    keyed: bool,
    limited: bool,
    /// What was looked at: a name that is bound to itself again and again has no end.
    looks: usize,
}

impl Asked {
    fn read(&mut self, scope: &Scope<'_, '_>, expr: &Expr, steps: usize) {
        self.looks += 1;
        let Some(left) = steps.checked_sub(1).filter(|_| self.looks < LOOKS) else { return };
        match &expr.kind {
            ExprKind::Member { object, name, .. } if name == "query" => {
                self.table = called_name(object)
                    .filter(|name| name.starts_with(char::is_uppercase))
                    .map(str::to_owned);
            }
            ExprKind::Call(call) => {
                let name = called_name(&call.callee).unwrap_or_default();
                let first = call.arguments.first().map(|argument| &argument.value);
                match name {
                    "limit" | "paginate" | "slice" | "fetch" => self.limited = true,
                    "query" | "select" => {
                        self.table = self.table.take().or_else(|| {
                            called_name(first?)
                                .filter(|name| name.starts_with(char::is_uppercase))
                                .map(str::to_owned)
                        });
                    }
                    "filter_by" => {
                        self.keyed |= call.arguments.iter().any(|one| one.name.as_deref() == Some("id"))
                    }
                    "scalars" | "execute" | "exec" => {
                        first.into_iter().for_each(|inner| self.read(scope, inner, left))
                    }
                    _ => {}
                }
                if let ExprKind::Member { object, .. } = &call.callee.kind {
                    self.read(scope, object, left);
                }
            }
            ExprKind::Await(value) => self.read(scope, value, left),
            ExprKind::Name(name) => {
                for bound in scope.local(name) {
                    if let Bound::To(value) = bound {
                        self.read(scope, value, left.min(STEPS / 2));
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether it is a session of SQLAlchemy.
fn is_session(scope: &Scope<'_, '_>, object: &Expr) -> bool {
    let Some(name) = called_name(object) else { return false };
    if matches!(name, "session" | "db_session" | "Session") {
        return true;
    }
    let imports = scope.source().is_some_and(|file| {
        file.imports.iter().any(|fact| {
            fact.import.module.starts_with("sqlalchemy") || fact.import.module.starts_with("sqlmodel")
        })
    });
    imports && matches!(name, "db" | "s" | "sess")
}

/// The class of the row that is added, as a table would be called.
fn row_name(scope: &Scope<'_, '_>, expr: &Expr) -> String {
    let made = |expr: &Expr| expr.call().and_then(|call| called_name(&call.callee)).map(str::to_owned);
    let bound = || match &expr.kind {
        ExprKind::Name(name) => scope.local(name).iter().find_map(|bound| match bound {
            Bound::To(value) => made(value),
            _ => None,
        }),
        _ => None,
    };
    made(expr).or_else(bound).unwrap_or_else(|| "rows".to_owned())
}

/// The fields that Prisma is given under a name; those that change by themselves (`{ decrement: 1 }`) as SQL has it.
fn columns(call: &Call, under: &str) -> Vec<String> {
    let Some(Expr { kind: ExprKind::Record { entries, .. }, .. }) = option(call, under) else {
        return Vec::new();
    };
    let column = |(key, value): &(Option<Expr>, Expr)| {
        let key = key.as_ref()?.string()?;
        let relative = |word: &str, mark: char| entry(value, word).map(|_| format!("{key} = {key} {mark} ?"));
        relative("decrement", '-').or_else(|| relative("increment", '+')).or_else(|| Some(key.to_owned()))
    };
    entries.iter().filter_map(column).collect()
}

fn equal(columns: &[String], between: &str) -> String {
    if columns.is_empty() {
        return "prisma = ?".to_owned();
    }
    let one = |column: &String| if column.contains('=') { column.clone() } else { format!("{column} = ?") };
    columns.iter().map(one).collect::<Vec<_>>().join(between)
}

//! What object maps do: Prisma's models, SQLAlchemy's sessions; and the calls of drivers that begin and end transactions.

use super::Does;
use super::read::{Found, Scope, statements};
use crate::facts::syntax::{Call, Expr, ExprKind};
use crate::facts::values::{Bound, called_name, entry, option};
use crate::language::Language;

/// What a method of an object map does; `None` when the call is none.
pub(super) fn does(scope: &Scope<'_, '_>, call: &Call, name: &str) -> Found {
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
            _ => None,
        };
    }
    if let ExprKind::Member { object: client, name: model, .. } = &object.kind
        && called_name(client)
            .is_some_and(|client| client.to_lowercase().contains("prisma") || client == "tx")
    {
        let (data, wanted) = (columns(call, "data"), columns(call, "where"));
        let wanted = match wanted.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", equal(&wanted, " AND ")),
        };
        let text = match name {
            "create" | "createMany" | "upsert" => format!("INSERT INTO {model} ({})", data.join(", ")),
            "update" | "updateMany" => format!("UPDATE {model} SET {}{wanted}", equal(&data, ", ")),
            "delete" | "deleteMany" => format!("DELETE FROM {model}{wanted}"),
            "findUnique" | "findFirst" | "findUniqueOrThrow" | "findFirstOrThrow" => {
                format!("SELECT * FROM {model}{wanted} LIMIT 1")
            }
            "findMany" if option(call, "take").is_some() => format!("SELECT * FROM {model}{wanted} LIMIT ?"),
            "findMany" => format!("SELECT * FROM {model}{wanted}"),
            "count" => format!("SELECT COUNT(*) FROM {model}{wanted}"),
            _ => return None,
        };
        return Some(statements(&text));
    }
    match name {
        "beginTransaction" | "startTransaction" if call.arguments.len() <= 1 => Some(statements("BEGIN")),
        "commit" if call.arguments.len() <= 1 => Some(vec![Does::Commit]),
        "rollback" if call.arguments.len() <= 1 => Some(statements("ROLLBACK")),
        _ => None,
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

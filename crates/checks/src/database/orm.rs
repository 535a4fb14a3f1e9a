//! What object maps do: Prisma's models, SQLAlchemy's sessions; and the calls of drivers that begin and end transactions.

use super::Does;
use super::read::{Found, Scope, statements};
use crate::facts::syntax::{Call, Expr, ExprKind};
use crate::facts::values::{Bound, called_name};
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
        let text = match name {
            "create" | "createMany" | "upsert" => format!("INSERT INTO {model} (prisma)"),
            "update" | "updateMany" => format!("UPDATE {model} SET prisma = ?"),
            "delete" | "deleteMany" => format!("DELETE FROM {model}"),
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

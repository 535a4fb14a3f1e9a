//! SQL as it stands in programs and in `.sql` files: which statements a text holds, and what each does to which table.
//!
//! Limit: a reading of words, not a grammar. It knows the statements that SQLite, PostgreSQL and MySQL share as far as rules ask
//! about them; what it does not understand is a [`Verb::Other`]. Values put into the text by the program are [`HOLE`].

mod statement;
mod tokens;

use self::tokens::{Token, tokens};
use super::nodes::{Node, each_node};
use super::source::SourceFile;
use super::syntax::{BinaryOp, Expr, ExprKind, Extent, TemplatePart};
use super::values::called_name;

pub use self::statement::{Limit, Statement, Verb};

/// Stands in a text for a value that is not known: what a template or a concatenation puts there.
pub const HOLE: char = '\u{fffc}';

/// Statements of one text that are read; a dump of a database has more, and says nothing new.
const STATEMENTS: usize = 400;

/// What stands after `BEGIN`, where it does not stand alone.
const BEGINS: &[&str] = &[
    "transaction",
    "work",
    "isolation",
    "read",
    "immediate",
    "exclusive",
    "deferred",
    "concurrent",
    "deferrable",
];

/// The text that an expression makes, as far as it is written there: literals, what is joined, what is formatted.
pub fn text_of(expr: &Expr) -> Option<String> {
    let mut text = String::new();
    join(expr, &mut text).then_some(text)
}

/// Adds what is written; whether any of it was text.
fn join(expr: &Expr, text: &mut String) -> bool {
    if let Some(written) = expr.string() {
        text.push_str(written);
        return true;
    }
    match &expr.kind {
        ExprKind::Template(template) => {
            for part in &template.parts {
                match part {
                    TemplatePart::Text(part) => text.push_str(part),
                    TemplatePart::Value(_) => text.push(HOLE),
                }
            }
            true
        }
        ExprKind::Binary { op: BinaryOp::Add, left, right } => {
            let left = join(left, text);
            join(right, text) || left
        }
        ExprKind::Binary { op: BinaryOp::Modulo, left, .. } => join(left, text),
        ExprKind::Unary { value, .. } | ExprKind::Cast { value, .. } => join(value, text),
        ExprKind::Call(call) => match (&call.callee.kind, call.arguments.first()) {
            (ExprKind::Member { object, name, .. }, _)
                if matches!(
                    name.as_str(),
                    "strip" | "trim" | "format" | "to_string" | "to_owned" | "as_str"
                ) =>
            {
                join(object, text)
            }
            (_, Some(argument))
                if matches!(
                    called_name(&call.callee),
                    Some("dedent" | "text" | "cleandoc" | "concat" | "sql")
                ) =>
            {
                join(&argument.value, text)
            }
            _ => {
                text.push(HOLE);
                false
            }
        },
        _ => {
            text.push(HOLE);
            false
        }
    }
}

/// The statements of a text; none when it is not SQL.
pub fn statements(text: &str) -> Vec<Statement> {
    if !begins_like_sql(text) {
        return Vec::new();
    }
    script(text)
}

/// The statements of a text that is known to be SQL, such as a `.sql` file.
pub fn script(text: &str) -> Vec<Statement> {
    let tokens = tokens(text);
    let parts = tokens.split(|token| *token == Token::Mark(';'));
    parts.filter(|part| !part.is_empty()).take(STATEMENTS).map(Statement::of).collect()
}

/// The SQL of a file: where each text of it stands, and its statements.
pub fn texts(file: &SourceFile) -> Vec<(Extent, Vec<Statement>)> {
    let mut found = Vec::new();
    each_node(&file.syntax, &mut |node, _| {
        let Node::Expr(expr) = node else { return true };
        let is_text =
            matches!(expr.kind, ExprKind::Literal(_) | ExprKind::Template(_) | ExprKind::Binary { .. });
        let statements = text_of(expr).filter(|_| is_text).map(|text| statements(&text)).unwrap_or_default();
        let is_sql = !statements.is_empty();
        if is_sql {
            found.push((expr.extent, statements));
        }
        !is_sql
    });
    found
}

/// Whether the first words are those of a statement: "Select a colour from the list" is written otherwise.
fn begins_like_sql(text: &str) -> bool {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ';');
    let start = if start.starts_with("--") || start.starts_with("/*") {
        without_comments(start)
    } else {
        start.to_owned()
    };
    let verb: String = start.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    let one_case =
        verb.chars().all(|c| c.is_ascii_uppercase()) || verb.chars().all(|c| c.is_ascii_lowercase());
    let lower = verb.to_lowercase();
    let known = matches!(
        lower.as_str(),
        "select"
            | "insert"
            | "replace"
            | "update"
            | "delete"
            | "create"
            | "alter"
            | "begin"
            | "start"
            | "commit"
            | "rollback"
            | "pragma"
            | "with"
            | "savepoint"
            | "drop"
            | "end"
            | "set"
            | "lock"
    );
    if !(one_case && known) {
        return false;
    }
    // What is looked at next is within the first statement, and not far in.
    let tokens = tokens(&start.chars().take(4000).collect::<String>());
    let has = |word: &str| tokens.iter().any(|token| token.is(word));
    let second = tokens.get(1).and_then(Token::word).unwrap_or_default();
    match lower.as_str() {
        "select" => {
            has("from")
                || tokens.get(1).is_some_and(Token::is_value)
                || second == "last_insert_rowid"
                || statement::ADVISORY.contains(&second)
        }
        "insert" => has("into"),
        "replace" => second == "into",
        "update" => has("set"),
        "delete" => second == "from",
        "create" | "drop" | "alter" => has("table") || has("index") || has("view") || has("trigger"),
        // `BEGIN ISOLATION LEVEL SERIALIZABLE`, `BEGIN IMMEDIATE TRANSACTION`, `BEGIN; INSERT ..`.
        "begin" if BEGINS.contains(&second) => true,
        "begin" | "commit" | "rollback" | "end" => {
            tokens.iter().take_while(|token| **token != Token::Mark(';')).count() <= 3
        }
        "start" => second == "transaction",
        "set" => matches!(second, "transaction" | "session") && has("isolation"),
        "lock" => matches!(second, "table" | "tables"),
        "savepoint" | "pragma" => tokens.len() >= 2,
        "with" => has("as") && has("select"),
        _ => false,
    }
}

fn without_comments(text: &str) -> String {
    let mut left = text;
    loop {
        left = left.trim_start();
        let rest = if let Some(rest) = left.strip_prefix("--") {
            rest.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(rest) = left.strip_prefix("/*") {
            rest.split_once("*/").map_or("", |(_, rest)| rest)
        } else {
            return left.to_owned();
        };
        left = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Statement {
        let mut found = statements(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found.remove(0)
    }

    #[test]
    fn statements_are_known_by_their_first_words() {
        assert_eq!(one("SELECT * FROM users").verb, Verb::Select);
        assert_eq!(one("with a as (select 1) insert into b select * from a").verb, Verb::Insert);
        assert_eq!(one("INSERT OR IGNORE INTO \"users\" (name) VALUES (?)").table.as_deref(), Some("users"));
        assert_eq!(one("UPDATE shop.products SET stock = stock - ?").table.as_deref(), Some("products"));
        assert_eq!(one("\n  -- all\n DELETE FROM a WHERE id = 'it''s; so'").verb, Verb::Delete);
        assert_eq!(one("PRAGMA foreign_keys = ON").pragma("foreign_keys"), Some(true));
        assert_eq!(one("PRAGMA foreign_keys(0)").pragma("foreign_keys"), Some(false));
        assert_eq!(one("pragma foreign_keys=off").pragma("foreign_keys"), Some(false));
        for begin in [
            "BEGIN IMMEDIATE",
            "BEGIN ISOLATION LEVEL SERIALIZABLE",
            "begin transaction isolation level repeatable read, read write",
            "BEGIN READ WRITE",
        ] {
            assert_eq!(one(begin).verb, Verb::Begin, "{begin}");
        }
        assert_eq!(statements("BEGIN; INSERT INTO a (b) VALUES (1); COMMIT").len(), 3);
        assert!(one("SELECT pg_advisory_xact_lock($1)").takes_lock());
        assert!(one("SELECT a FROM b WHERE id = $1 FOR UPDATE").takes_lock());
        assert!(!one("SELECT a FROM b WHERE id = $1").takes_lock());
        for prose in [
            "Select a colour from the list",
            "update your profile",
            "delete the file",
            "create an account",
            "begin with the first of the list",
            "set the table",
            "with care",
        ] {
            assert!(statements(prose).is_empty(), "{prose}");
        }
    }

    #[test]
    fn keys_and_conditions_are_read() {
        let table = one(
            "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, team INT REFERENCES teams(id), UNIQUE (team, name))",
        );
        assert_eq!(table.table.as_deref(), Some("users"));
        assert_eq!(table.references(), ["teams"]);
        assert_eq!(table.unique_columns(), [vec!["id"], vec!["email"], vec!["team", "name"]]);
        let index = one("CREATE UNIQUE INDEX by_name ON users (name)");
        assert_eq!((index.table.as_deref(), index.unique_columns()), (Some("users"), vec![vec!["name"]]));
        let update = one("UPDATE products SET stock = stock - ?, sold = ? WHERE id = ? AND stock >= ?");
        assert_eq!(update.set_columns(), ["stock", "sold"]);
        assert_eq!(update.relative_columns(), ["stock"]);
        assert_eq!(update.equal_columns(), ["id"]);
        assert_eq!(update.condition_columns(), ["id", "stock"]);
        assert_eq!(update.taken_columns(), ["stock"]);
        assert_eq!(one("SELECT * FROM a LIMIT 20 OFFSET ?").limit(), Limit::Rows(20));
        assert_eq!(one("SELECT * FROM a LIMIT $1").limit(), Limit::Given);
        assert_eq!(one("SELECT * FROM a").limit(), Limit::No);
        let inner = one("SELECT a.*, (SELECT x FROM b LIMIT 1) FROM a WHERE id IN (SELECT a FROM c)");
        assert_eq!((inner.limit(), inner.table.as_deref()), (Limit::No, Some("a")));
        assert!(!inner.asks_for_several() && one("SELECT * FROM a WHERE id IN (?, ?)").asks_for_several());
        assert!(one("SELECT COUNT(*) FROM users").is_aggregate());
        assert!(!one("SELECT id FROM users WHERE EXISTS (SELECT 1)").is_aggregate());
        let some = one("SELECT p.id, COUNT(*) AS n, MAX(rev) FROM products p WHERE price > 1");
        assert!(
            some.selects("id") && some.selects("rev") && !some.selects("price") && !some.selects("stock")
        );
        assert!(one("SELECT a.* FROM a").selects("stock"));
        assert_eq!(some.greatest(), Some("rev"));
        let versioned = one("UPDATE a SET b = ?, rev = ? WHERE id = ? AND rev = ?");
        assert!(versioned.sets_what_it_compares());
        assert!(!one("UPDATE a SET b = ? WHERE id = ?").sets_what_it_compares());
    }
}

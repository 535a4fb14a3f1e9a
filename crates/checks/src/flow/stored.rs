//! What a database gives back: callers put it there, so that in a page, and under a regular expression, it is as good as sent just now (stored
//! scripts, CWE-79).
//!
//! Only columns that are declared as text are taken for it, and none that the program fills itself by what they are called: keys,
//! times, states.

use std::collections::HashMap;

use super::risk::{Risk, Risks};
use super::value::{Beside, Origin, Shape, Value};
use super::walk::{Walk, shown};
use crate::facts::nodes::each_node;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Literal, TemplatePart};
use crate::facts::words::words;

/// The key of whatever a database gives back.
const KEY: &str = "stored";

/// Functions that are given a statement and give rows, or what gives rows.
const ASK: &[&str] = &[
    "execute",
    "query",
    "prepare",
    "all",
    "get",
    "each",
    "fetch",
    "fetchrow",
    "iterdump",
    "execute_fetchall",
];

/// What rows are asked for that is no column.
const OF_ROWS: &[&str] = &[
    "fetchone",
    "fetchall",
    "fetchmany",
    "rows",
    "all",
    "get",
    "iterate",
    "first",
    "map",
    "forEach",
    "filter",
    "find",
    "mappings",
    "scalars",
    "one",
    "one_or_none",
    "scalar",
    "pluck",
    "bind",
    "raw",
    "then",
    "keys",
    "items",
    "values",
    "slice",
    "length",
    "rowCount",
    "lastrowid",
    "rowcount",
];

/// Words in the names of columns that the program fills itself.
const OWN: &[&str] = &[
    "id", "uuid", "token", "hash", "salt", "status", "state", "role", "kind", "type", "at", "date", "time",
    "created", "updated", "currency", "mime", "count", "version", "key", "code", "path", "digest",
    "checksum", "day", "month", "until", "from", "size", "number", "password", "secret", "slug",
];

/// The columns that are declared in the project, and whether they hold text wherever they are declared.
#[derive(Debug, Default)]
pub(super) struct Columns(HashMap<String, bool>);

impl Columns {
    /// Reads every `CREATE TABLE` in the texts of the files.
    pub(super) fn of(files: &[SourceFile]) -> Self {
        let mut columns = Self::default();
        for file in files.iter().filter(|file| !file.is_test) {
            each_node(&file.syntax, &mut |node, _| {
                match node.expr().map(|expr| &expr.kind) {
                    Some(ExprKind::Literal(Literal::String(text))) => columns.read(text),
                    Some(ExprKind::Template(template)) => {
                        for part in &template.parts {
                            if let TemplatePart::Text(text) = part {
                                columns.read(text);
                            }
                        }
                    }
                    _ => {}
                }
                true
            });
        }
        columns
    }

    fn read(&mut self, text: &str) {
        let upper = text.to_ascii_uppercase();
        for (at, _) in upper.match_indices("CREATE TABLE") {
            let Some(body) = text.get(at..).and_then(|rest| rest.split_once('(')).map(|(_, body)| body)
            else {
                continue;
            };
            for definition in definitions(body) {
                let mut parts = definition.split_whitespace();
                let (Some(name), kind) =
                    (parts.next(), parts.next().unwrap_or_default().to_ascii_uppercase())
                else {
                    continue;
                };
                let is_text = ["TEXT", "VARCHAR", "CHAR", "NVARCHAR", "CLOB", "STRING"]
                    .iter()
                    .any(|text| kind.starts_with(text));
                let name = name.trim_matches(['"', '`', '[', ']']).to_lowercase();
                self.0.entry(name).and_modify(|known| *known &= is_text).or_insert(is_text);
            }
        }
    }

    /// Whether what a column holds may be what a caller wrote.
    fn holds_a_callers_text(&self, name: &str) -> bool {
        let own = words(name).iter().any(|word| OWN.contains(&word.as_str()));
        !own && self.0.get(&name.to_lowercase()).copied().unwrap_or(false)
    }
}

/// The definitions between the brackets of a table.
fn definitions(body: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_i32, 0, Vec::new());
    for (at, letter) in body.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => {
                found.extend(body.get(start..at));
                return found;
            }
            ')' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(body.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(body.get(start..));
    found
}

/// The rows of a statement that reads, when the call is one that is given a statement.
pub(super) fn rows<'a>(
    walk: &Walk<'_, 'a>,
    name: &str,
    statement: Option<&Value<'a>>,
    expr: &Expr,
) -> Option<Value<'a>> {
    let text = statement.and_then(Value::beginning)?;
    let reads = text.trim_start().get(..6).is_some_and(|verb| verb.eq_ignore_ascii_case("select"));
    if !ASK.contains(&name) || !reads || !Beside::of(text).has(Beside::QUERY) {
        return None;
    }
    let what = format!("what `{}` finds", shown(walk.file(), expr.extent));
    let origin = Origin { file: walk.at(), extent: expr.extent, what, key: KEY.to_owned() };
    Some(as_stored(Value::stored(origin)))
}

fn as_stored<'a>(value: Value<'a>) -> Value<'a> {
    value.without(Risks::ALL.without(Risks::of(&[Risk::Markup, Risk::Subject])))
}

/// Whether a value is what a database gave back, as a whole.
pub(super) fn is_row(of: &Value<'_>) -> bool {
    matches!(of.shape, Shape::Unknown | Shape::Name(_))
        && !of.taints.is_empty()
        && of.taints.iter().all(|taint| taint.origin.key == KEY)
}

/// A column of a row; `None` for what is no row.
pub(super) fn column<'a>(walk: &Walk<'_, 'a>, of: &Value<'a>, name: &str, expr: &Expr) -> Option<Value<'a>> {
    if !is_row(of) || OF_ROWS.contains(&name) {
        return None;
    }
    if !walk.index.columns().holds_a_callers_text(name) {
        return Some(Value::UNKNOWN);
    }
    let what = format!("`{}`", shown(walk.file(), expr.extent));
    let origin = Origin { file: walk.at(), extent: expr.extent, what, key: format!("{KEY}.{name}") };
    Some(as_stored(Value::stored(origin)))
}

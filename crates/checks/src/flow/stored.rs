//! What a database gives back: callers put it there, so that in a page, and under a regular expression, it is as good as sent just now (stored
//! scripts, CWE-79).
//!
//! What was left there also does harm as an address, a command or code (stored request forgery, CWE-918), when some handler writes what
//! came in into that column.
//!
//! Only columns that are declared as text are taken for it, and none that the program fills itself by what they are called: keys,
//! times, states.

use std::collections::{BTreeMap, HashMap};

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use super::Arrival;
use super::call::Given;
use super::risk::{Risk, Risks};
use super::value::{Beside, Origin, Shape, Value};
use super::walk::{Walk, shown};
use crate::facts::nodes::each_node;
use crate::facts::source::SourceFile;
use crate::facts::sql_fields::{Slot, Use, statement};
use crate::facts::syntax::{Expr, ExprKind, Literal, TemplatePart, Text};
use crate::facts::words::words;
use crate::tree::Tree;

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
    /// Reads every `CREATE TABLE` in the texts of the files, and in those files of the tree that are SQL.
    pub(super) fn of(files: &[SourceFile], tree: &Tree) -> Self {
        let mut columns = Self::default();
        let schemas = tree.entries().iter().filter(|entry| !entry.foreign && entry.path.ends_with(".sql"));
        schemas
            .filter_map(|entry| tree.read_text(&entry.path, SOURCE_FILE_BYTES))
            .for_each(|text| columns.read(&text));
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

/// Whether all that a value is made of comes from a database.
pub(super) fn is_stored(value: &Value<'_>) -> bool {
    let taints = value.all_taints();
    !taints.is_empty() && taints.iter().all(|taint| taint.origin.key.starts_with(KEY))
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
    let key = format!("{KEY}.{}", name.to_lowercase());
    let origin = Origin { file: walk.at(), extent: expr.extent, what, key };
    Some(
        Value::stored(origin)
            .without(Risks::ALL.without(LEFT.with(Risks::of(&[Risk::Markup, Risk::Subject])))),
    )
}

/// Harm that is done by what a handler wrote into a column, and another reads from it. In a page any text does harm; here it has to be
/// one that came in, and that nothing looked at before it was written.
const LEFT: Risks = Risks::of(&[Risk::Request, Risk::Command, Risk::Code]);

/// What handlers write into each column, by its name: the harm that it may still do.
pub(super) type Written = BTreeMap<String, Risks>;

/// The column that something at the end of its way was read from, when what was written there decides about its harm. So it does of a template
/// that prints it as it is: somebody meant it to be markup, and may have made it harmless before it was written.
pub(super) fn left_in(arrival: &Arrival) -> Option<&str> {
    let rest = arrival.key.strip_prefix(KEY)?.strip_prefix('.')?;
    let decides = LEFT.has(arrival.risk) || arrival.template.is_some();
    decides.then(|| rest.split('.').next().unwrap_or(rest))
}

/// A statement that writes, made ready: what is given to it later is written.
pub(super) fn prepared<'a>(name: &str, statement: Option<&Value<'a>>) -> Option<Value<'a>> {
    let text = statement?.text().filter(|text| name == "prepare" && writes(text))?;
    Some(Value::of(Shape::Name(Text::from(format!("{PREPARED}{text}")))))
}

/// What the name of a prepared statement begins with.
const PREPARED: &str = "statement:";

fn writes(text: &str) -> bool {
    let verb = text.trim_start().get(..6).unwrap_or_default().to_ascii_lowercase();
    matches!(verb.as_str(), "insert" | "update") || verb.starts_with("replac")
}

/// Notes what a call writes into the columns of a table.
pub(super) fn written<'a>(walk: &mut Walk<'_, 'a>, name: &str, of: Option<&Value<'a>>, given: &Given<'a>) {
    if !ASK.contains(&name) && !matches!(name, "run" | "executemany") {
        return;
    }
    let ready = match of.map(|of| &of.shape) {
        Some(Shape::Name(of)) => of.strip_prefix(PREPARED).map(str::to_owned),
        _ => None,
    };
    let skipped = usize::from(ready.is_none());
    let text = ready.or_else(|| given.positional.first().and_then(Value::text).map(str::to_owned));
    let Some(statement) = text.filter(|text| writes(text)).and_then(|text| statement(&text)) else { return };
    let values = given.positional.get(skipped..).unwrap_or_default();
    for column in statement.columns.iter().filter(|column| column.used != Use::Compared) {
        let Some(value) = parameter(values, &column.slot) else { continue };
        let open = value.all_taints().iter().fold(Risks::NONE, |open, taint| open.with(taint.open));
        let known = walk.written.entry(column.name.clone()).or_default();
        *known = known.with(open);
    }
}

/// What is given for a place in a statement: of a list, of a record, or of the arguments themselves.
fn parameter<'v, 'a>(values: &'v [Value<'a>], slot: &Slot) -> Option<&'v Value<'a>> {
    let first = values.first()?;
    match (slot, &first.shape) {
        (Slot::Parameter(at), Shape::List(items)) => items.get(*at),
        // What is unpacked, or made by something else, may be any of them.
        (Slot::Parameter(at), _) => values.get(*at).or((values.len() == 1).then_some(first)),
        (Slot::Named(name), Shape::Record(fields) | Shape::Object(_, _, fields)) => fields.get(name.as_str()),
        (Slot::Named(_), _) => Some(first),
        _ => None,
    }
}

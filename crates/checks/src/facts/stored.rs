//! What a program keeps: the columns of its SQL, the fields of its models and documents, and the records of its collections, each with the
//! value that goes there.

use super::nodes::{Around, Node};
use super::source::SourceFile;
use super::sql_fields::{Slot, Statement, Use, hole, statement};
use super::syntax::{
    Argument, BinaryOp, Call, CallStyle, Expr, ExprKind, Extent, Literal, Stmt, StmtKind, TemplatePart,
};
use super::values::{FileValues, called_name, entry};
use crate::language::Language;

/// A value with where it is kept.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    /// The column's or the field's name as written.
    pub name: String,
    /// The value.
    pub value: Kept<'a>,
    /// The table, model, document or collection.
    pub into: String,
    /// How.
    pub how: How,
    /// The statement or call.
    pub extent: Extent,
}

/// A value that is kept.
#[derive(Debug, Clone)]
pub enum Kept<'a> {
    /// An expression.
    Value(&'a Expr),
    /// A text in the SQL itself.
    Text(String),
}

/// How a value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A row, document or record is made with it.
    Made,
    /// One that is there is changed.
    Changed,
    /// It is compared with what is kept.
    Compared,
}

/// What a node keeps, in order; nothing for most nodes.
pub fn stored<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    node: Node<'a>,
    around: Around<'a, '_>,
) -> Vec<Field<'a>> {
    match node {
        Node::Expr(Expr { kind: ExprKind::Call(call), extent }) => {
            let by_sql = sql_call(values, call, *extent, around);
            if by_sql.is_empty() { model_call(file, values, call, *extent, around) } else { by_sql }
        }
        Node::Expr(Expr { kind: ExprKind::Record { of: Some(of), entries }, extent }) => {
            let into = called_name(of).unwrap_or_default();
            record_fields(entries, into, How::Made, *extent)
        }
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) if assign.op.is_none() => {
            let value = assign.value.as_ref();
            value.map_or_else(Vec::new, |value| {
                assign
                    .targets
                    .iter()
                    .flat_map(|target| assigned(values, target, value, *extent, around))
                    .collect()
            })
        }
        Node::Expr(Expr { kind: ExprKind::Assign { target, op: None, value }, extent }) => {
            assigned(values, target, value, *extent, around)
        }
        _ => Vec::new(),
    }
}

/// Methods that run SQL.
const RUNS: &[&str] = &[
    "execute",
    "executemany",
    "executescript",
    "query",
    "run",
    "get",
    "all",
    "each",
    "exec",
    "fetch_one",
    "fetch_all",
    "fetch_optional",
    "fetchrow",
    "fetch",
    "fetchval",
    "query_row",
    "query_one",
    "query_opt",
    "raw",
    "text",
    "one",
    "none",
    "oneOrNone",
    "any",
    "unsafe",
    "insert",
];

fn sql_call<'a>(
    values: &mut FileValues<'a>,
    call: &'a Call,
    extent: Extent,
    around: Around<'a, '_>,
) -> Vec<Field<'a>> {
    let Some(name) = called_name(&call.callee) else { return Vec::new() };
    if !RUNS.contains(&name) {
        return Vec::new();
    }
    let mut given: Vec<&'a Expr> = call.arguments.iter().map(|argument| &argument.value).collect();
    let (text, holes) = match given.first().and_then(|first| sql_of(values, first, around)) {
        Some(found) => {
            given.remove(0);
            found
        }
        // better-sqlite3's `db.prepare(sql).run(..)` and sqlx's `query(sql).bind(..).execute(..)`.
        None => {
            let ExprKind::Member { object, .. } = &call.callee.kind else { return Vec::new() };
            let mut bound = Vec::new();
            let Some(found) = prepared(values, object, around, &mut bound) else { return Vec::new() };
            if !bound.is_empty() {
                given = bound;
            }
            found
        }
    };
    let Some(statement) = statement(&text) else { return Vec::new() };
    let given = parameters(values, given, around);
    fields_of(&statement, &given, &holes, extent)
}

fn fields_of<'a>(
    statement: &Statement,
    given: &[&'a Expr],
    holes: &[&'a Expr],
    extent: Extent,
) -> Vec<Field<'a>> {
    let mut found = Vec::new();
    for column in &statement.columns {
        let value = match &column.slot {
            Slot::Parameter(at) => given.get(*at).copied().map(Kept::Value),
            Slot::Named(name) => given.iter().find_map(|record| entry(record, name)).map(Kept::Value),
            Slot::Hole(at) => holes.get(*at).copied().map(Kept::Value),
            Slot::Text(text) => Some(Kept::Text(text.clone())),
            Slot::Computed => None,
        };
        let how = match column.used {
            Use::Inserted => How::Made,
            Use::Updated => How::Changed,
            Use::Compared => How::Compared,
        };
        if let Some(value) = value {
            found.push(Field {
                name: column.name.clone(),
                value,
                into: statement.table.clone(),
                how,
                extent,
            });
        }
    }
    found
}

/// The text of a statement and the values of its template.
fn sql_of<'a>(
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
) -> Option<(String, Vec<&'a Expr>)> {
    values.origins(expr, around).into_iter().find_map(|origin| {
        // SQLAlchemy's `text("..")`.
        let origin = match &origin.kind {
            ExprKind::Call(call) if matches!(called_name(&call.callee), Some("text" | "sql" | "raw")) => {
                &call.arguments.first()?.value
            }
            _ => origin,
        };
        let mut holes = Vec::new();
        let text = text_of(origin, &mut holes)?;
        statement(&text).map(|_| (text, holes))
    })
}

fn text_of<'a>(expr: &'a Expr, holes: &mut Vec<&'a Expr>) -> Option<String> {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => Some(text.to_string()),
        ExprKind::Template(template) => {
            let mut text = String::new();
            for part in &template.parts {
                match part {
                    TemplatePart::Text(part) => text.push_str(part),
                    TemplatePart::Value(value) => {
                        text.push_str(&hole(holes.len()));
                        holes.push(value);
                    }
                }
            }
            Some(text)
        }
        ExprKind::Binary { op: BinaryOp::Add, left, right } => {
            let first = text_of(left, holes)?;
            let second = text_of(right, holes).unwrap_or_else(|| {
                holes.push(right);
                hole(holes.len() - 1)
            });
            Some(first + &second)
        }
        _ => None,
    }
}

/// The statement of `prepare(sql)` or `query(sql).bind(a).bind(b)`; `bound` gets what is bound, in order.
fn prepared<'a>(
    values: &mut FileValues<'a>,
    object: &'a Expr,
    around: Around<'a, '_>,
    bound: &mut Vec<&'a Expr>,
) -> Option<(String, Vec<&'a Expr>)> {
    let origins = values.origins(object, around);
    origins.into_iter().take(4).find_map(|origin| {
        let call = origin.call()?;
        match called_name(&call.callee)? {
            "bind" => {
                let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
                let found = prepared_chain(object, bound)?;
                bound.extend(call.arguments.iter().map(|argument| &argument.value));
                Some(found)
            }
            _ => of_preparing(call, bound),
        }
    })
}

fn prepared_chain<'a>(object: &'a Expr, bound: &mut Vec<&'a Expr>) -> Option<(String, Vec<&'a Expr>)> {
    let call = object.call()?;
    if called_name(&call.callee) != Some("bind") {
        return of_preparing(call, bound);
    }
    let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
    let found = prepared_chain(object, bound)?;
    bound.extend(call.arguments.iter().map(|argument| &argument.value));
    Some(found)
}

fn of_preparing<'a>(call: &'a Call, bound: &mut Vec<&'a Expr>) -> Option<(String, Vec<&'a Expr>)> {
    let name = called_name(&call.callee)?;
    if !matches!(name, "prepare" | "query" | "query_as" | "query_scalar" | "sql_query") {
        return None;
    }
    let position = call.arguments.iter().position(|argument| argument.value.string().is_some())?;
    let mut holes = Vec::new();
    let text = text_of(&call.arguments.get(position)?.value, &mut holes)?;
    // `query!("..", a, b)`.
    if call.style == CallStyle::Macro {
        bound.extend(call.arguments.iter().skip(position + 1).map(|argument| &argument.value));
    }
    Some((text, holes))
}

/// The parameters of a statement: of a list its items, else the arguments themselves, functions left out.
fn parameters<'a>(
    values: &mut FileValues<'a>,
    given: Vec<&'a Expr>,
    around: Around<'a, '_>,
) -> Vec<&'a Expr> {
    let Some(first) = given.first().copied() else { return Vec::new() };
    let origin = values
        .origins(first, around)
        .into_iter()
        .find(|origin| matches!(origin.kind, ExprKind::Sequence { .. } | ExprKind::Record { .. }));
    match origin.map(|origin| &origin.kind) {
        // `executemany(sql, [(a, b), (c, d)])` keeps the first row's.
        Some(ExprKind::Sequence { items, .. }) => match items.first().map(|item| &item.kind) {
            Some(ExprKind::Sequence { items, .. }) => items.iter().collect(),
            _ => items.iter().collect(),
        },
        Some(ExprKind::Record { .. }) => origin.into_iter().collect(),
        _ => given.into_iter().filter(|given| !matches!(given.kind, ExprKind::Function(_))).collect(),
    }
}

/// Methods that make or change a document or a row of a model.
const MAKES: &[&str] = &[
    "create",
    "insert",
    "insertOne",
    "insert_one",
    "insertMany",
    "insert_many",
    "bulkCreate",
    "save",
    "add",
    "build",
    "values",
    "upsert",
    "findOrCreate",
    "get_or_create",
    "create_user",
    "push",
    "append",
    "unshift",
    "set",
    "put",
    "setdefault",
    "setItem",
];
const CHANGES: &[&str] = &[
    "update",
    "updateOne",
    "update_one",
    "findByIdAndUpdate",
    "findOneAndUpdate",
    "update_or_create",
    "updateMany",
    "findOneAndReplace",
    "replaceOne",
    "filter_update",
];
const COMPARES: &[&str] = &[
    "findOne",
    "find_one",
    "findFirst",
    "findUnique",
    "findUniqueOrThrow",
    "filter_by",
    "filter",
    "where",
    "find",
    "findAll",
    "findMany",
    "get",
];

/// `User(name=..)`, `new User({ .. })`, `User.create({ .. })`, `prisma.user.create({ data: { .. } })`, `users.append({ .. })`.
fn model_call<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    call: &'a Call,
    extent: Extent,
    around: Around<'a, '_>,
) -> Vec<Field<'a>> {
    let Some(name) = called_name(&call.callee) else { return Vec::new() };
    let is_type = name.starts_with(|c: char| c.is_ascii_uppercase())
        && (file.language == Language::Python || call.style == CallStyle::New);
    let (how, into) = match &call.callee.kind {
        _ if is_type => (How::Made, name.to_owned()),
        ExprKind::Member { object, .. } => {
            let how = match name {
                name if MAKES.contains(&name) => How::Made,
                name if CHANGES.contains(&name) => How::Changed,
                name if COMPARES.contains(&name) => How::Compared,
                _ => return Vec::new(),
            };
            (how, owner(object))
        }
        // SQLAlchemy's and drizzle's `insert(users).values(..)` begins with a plain call; others keep nothing.
        _ => return Vec::new(),
    };
    let mut found = keyword_fields(&call.arguments, &into, how, extent);
    for argument in call.arguments.iter().filter(|argument| argument.name.is_none()) {
        let Some(record) = record_of(values, &argument.value, around) else { continue };
        found.extend(fields_of_document(record, &into, how, extent));
    }
    found
}

/// What a method's object is called: `users` in `db.users.insert_one`, `User` in `User.objects.create`, and in `insert(users).values`.
fn owner(object: &Expr) -> String {
    match &object.kind {
        ExprKind::Member { object: inner, name, .. } if matches!(name.as_str(), "objects" | "query") => {
            owner(inner)
        }
        ExprKind::Index { index, .. } => index.string().unwrap_or_default().to_owned(),
        ExprKind::Call(call) => match call.arguments.first().map(|argument| &argument.value) {
            Some(first) => first.string().or_else(|| called_name(first)).unwrap_or_default().to_owned(),
            None => called_name(&call.callee).unwrap_or_default().to_owned(),
        },
        _ => called_name(object).unwrap_or_default().to_owned(),
    }
}

fn keyword_fields<'a>(arguments: &'a [Argument], into: &str, how: How, extent: Extent) -> Vec<Field<'a>> {
    let named = arguments.iter().filter_map(|argument| Some((argument.name.as_ref()?, &argument.value)));
    named
        .map(|(name, value)| Field {
            name: name.to_string(),
            value: Kept::Value(value),
            into: into.to_owned(),
            how,
            extent,
        })
        .collect()
}

/// The record that an expression is, by itself or by a name bound to one.
fn record_of<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>) -> Option<&'a Expr> {
    let origins = values.origins(expr, around);
    origins.into_iter().find(|origin| matches!(origin.kind, ExprKind::Record { .. }))
}

/// The fields of a document, `data`, `where`, `$set` and their like looked into.
fn fields_of_document<'a>(record: &'a Expr, into: &str, how: How, extent: Extent) -> Vec<Field<'a>> {
    let ExprKind::Record { entries, .. } = &record.kind else { return Vec::new() };
    let mut found = Vec::new();
    for (key, value) in entries {
        let key = key.as_ref().and_then(|key| key.string().or_else(|| called_name(key)));
        match key {
            Some("data" | "$set" | "create" | "update" | "values" | "defaults" | "$setOnInsert")
                if is_record(value) =>
            {
                let how = if how == How::Compared { How::Changed } else { how };
                found.extend(fields_of_document(value, into, how, extent));
            }
            Some("where") if is_record(value) => {
                found.extend(fields_of_document(value, into, How::Compared, extent));
            }
            Some(name) => {
                let (name, into) = (name.to_owned(), into.to_owned());
                found.push(Field { name, value: Kept::Value(value), into, how, extent });
            }
            None => {}
        }
    }
    found
}

fn is_record(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Record { .. })
}

fn record_fields<'a>(
    entries: &'a [(Option<Expr>, Expr)],
    into: &str,
    how: How,
    extent: Extent,
) -> Vec<Field<'a>> {
    entries
        .iter()
        .filter_map(|(key, value)| {
            let key = key.as_ref()?;
            let name = key.string().or_else(|| called_name(key))?.to_owned();
            Some(Field { name, value: Kept::Value(value), into: into.to_owned(), how, extent })
        })
        .collect()
}

/// `user.password = value`, `USERS[name] = { .. }`.
fn assigned<'a>(
    values: &mut FileValues<'a>,
    target: &'a Expr,
    value: &'a Expr,
    extent: Extent,
    around: Around<'a, '_>,
) -> Vec<Field<'a>> {
    match &target.kind {
        ExprKind::Member { object, name, .. } => {
            let into = called_name(object).unwrap_or_default().to_owned();
            vec![Field { name: name.to_string(), value: Kept::Value(value), into, how: How::Changed, extent }]
        }
        ExprKind::Index { object, index } => match (index.string(), record_of(values, value, around)) {
            (_, Some(record)) => {
                fields_of_document(record, called_name(object).unwrap_or_default(), How::Made, extent)
            }
            (Some(name), None) => {
                let into = called_name(object).unwrap_or_default().to_owned();
                vec![Field {
                    name: name.to_owned(),
                    value: Kept::Value(value),
                    into,
                    how: How::Changed,
                    extent,
                }]
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

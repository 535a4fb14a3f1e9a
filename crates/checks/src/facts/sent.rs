//! Values that are kept as they were sent: what a request brought, without anything done to it, on its way to where it is kept.

use super::nodes::Around;
use super::request::is_of_request;
use super::source::SourceFile;
use super::stored::{Field, Kept};
use super::syntax::{Expr, ExprKind, TemplatePart};
use super::values::{Bound, FileValues, called_name};
use super::words::has_word;

/// Steps from name to name that are followed.
const STEPS: usize = 6;

/// Where a value that is kept as it is comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent<'a> {
    /// The request, read in the same function.
    Request,
    /// Whoever calls the function, under this name.
    Parameter(&'a str),
    /// It is made up here: a random text, an id.
    Made,
}

/// Words in the names of what changes a value so that it cannot be read back: a digest, a cipher, a mask.
const CHANGES: &[&str] = &[
    "hash",
    "hashed",
    "hasher",
    "hashpw",
    "encrypt",
    "encrypted",
    "encryption",
    "cipher",
    "seal",
    "mask",
    "masked",
    "redact",
    "digest",
    "hexdigest",
    "tokenize",
    "last4",
    "sha256",
    "sha512",
    "sha1",
    "md5",
    "bcrypt",
    "scrypt",
    "argon2",
    "pbkdf2",
    "hmac",
    "sign",
    "pwd",
    "crypt",
    "fernet",
    "kms",
    "vault",
    "createhash",
    "createhmac",
    "checksum",
    "fingerprint",
    "derive",
    "protect",
    "obfuscate",
    "compare",
    "verify",
];

/// Words in the names of what makes a secret up.
const MAKES: &[&str] = &[
    "token",
    "random",
    "randombytes",
    "urandom",
    "uuid",
    "uuid4",
    "generate",
    "gen",
    "nanoid",
    "secrets",
    "hex",
    "urlsafe",
    "create",
    "new",
    "make",
];

/// Where a value comes from that goes on as it is; `None` when something is done to it, or it is not known.
pub fn sent<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>) -> Option<Sent<'a>> {
    follow(values, expr, around, STEPS)
}

fn follow<'a>(
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
    steps: usize,
) -> Option<Sent<'a>> {
    let left = steps.checked_sub(1)?;
    match &expr.kind {
        ExprKind::Name(name) => of_name(values, name, around, left),
        ExprKind::Member { .. } | ExprKind::Index { .. } => of_part(values, expr, around, left),
        ExprKind::Await(value)
        | ExprKind::Propagate(value)
        | ExprKind::Cast { value, .. }
        | ExprKind::Unary { value, .. } => follow(values, value, around, left),
        // `password || null`
        ExprKind::Logical { left: value, .. } => follow(values, value, around, left),
        ExprKind::Conditional { then, otherwise, .. } => {
            follow(values, then, around, left).or_else(|| follow(values, otherwise, around, left))
        }
        ExprKind::Template(template) => match template.parts.as_slice() {
            [TemplatePart::Value(value)] => follow(values, value, around, left),
            _ => None,
        },
        ExprKind::Call(call) => {
            let name = called_name(&call.callee).unwrap_or_default();
            let path = call.callee.dotted().unwrap_or_default();
            if has_word(&path, CHANGES) || has_word(name, CHANGES) {
                return None;
            }
            match (name, &call.callee.kind) {
                (
                    "strip" | "trim" | "toString" | "to_string" | "encode" | "decode" | "lower" | "hex"
                    | "clone",
                    ExprKind::Member { object, .. },
                ) => follow(values, object, around, left),
                ("get" | "pop" | "getlist", ExprKind::Member { object, .. }) => {
                    is_brought(values, object, around, left).then_some(Sent::Request)
                }
                ("str" | "String" | "Number" | "int" | "escape", _) => {
                    follow(values, &call.arguments.first()?.value, around, left)
                }
                _ => has_word(name, MAKES).then_some(Sent::Made),
            }
        }
        _ => None,
    }
}

fn of_name<'a>(
    values: &mut FileValues<'a>,
    name: &str,
    around: Around<'a, '_>,
    steps: usize,
) -> Option<Sent<'a>> {
    let bound = values.bound(name, around);
    // One way in which it is changed, and nobody knows which way it went.
    let mut found = None;
    for one in bound {
        found = Some(match one {
            Bound::To(value) => follow(values, value, around, steps)?,
            Bound::PartOf(value) => is_brought(values, value, around, steps).then_some(Sent::Request)?,
            Bound::Parameter(parameter) => match &parameter.pattern.kind {
                ExprKind::Name(name) => Sent::Parameter(name),
                _ => return None,
            },
            Bound::Updated(..) => return None,
        });
    }
    found
}

fn of_part<'a>(
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
    steps: usize,
) -> Option<Sent<'a>> {
    let object = match &expr.kind {
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => object,
        _ => return None,
    };
    is_brought(values, object, around, steps).then_some(Sent::Request)
}

/// Whether something is, or is read from, what a request brought.
fn is_brought<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>, steps: usize) -> bool {
    let Some(left) = steps.checked_sub(1) else { return false };
    match &expr.kind {
        ExprKind::Name(name) => {
            let bound = values.bound(name, around);
            if bound.is_empty() {
                return name == "request" || name == "req";
            }
            bound.iter().all(|one| match one {
                Bound::To(value) | Bound::PartOf(value) => is_brought(values, value, around, left),
                // The request itself, or the model that a framework made of its body.
                Bound::Parameter(parameter) => {
                    matches!(
                        parameter.pattern.dotted().as_deref(),
                        Some(
                            "request"
                                | "req"
                                | "ctx"
                                | "body"
                                | "data"
                                | "payload"
                                | "form"
                                | "input"
                                | "dto"
                                | "c"
                        )
                    ) || parameter.annotation.is_some() && is_handler(around)
                }
                Bound::Updated(..) => false,
            })
        }
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => {
            is_brought(values, object, around, left)
        }
        ExprKind::Await(value) | ExprKind::Cast { value, .. } | ExprKind::Logical { left: value, .. } => {
            is_brought(values, value, around, left)
        }
        ExprKind::Call(call) => match (&call.callee.kind, called_name(&call.callee)) {
            (
                ExprKind::Member { object, .. },
                Some(
                    "get_json" | "json" | "get" | "form" | "parse" | "dict" | "model_dump" | "body" | "loads"
                    | "safeParse" | "getlist" | "to_dict",
                ),
            ) => {
                is_brought(values, object, around, left)
                    || call.arguments.first().is_some_and(|given| {
                        is_of_request(&given.value) && is_brought(values, &given.value, around, left)
                    })
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether the innermost function with a decorator is registered to answer requests: `@app.post("/users")`.
fn is_handler(around: Around<'_, '_>) -> bool {
    around.iter().rev().filter_map(|node| node.function()).any(|function| {
        function.decorators.iter().any(|decorator| {
            decorator.call().and_then(|call| called_name(&call.callee)).is_some_and(|name| {
                matches!(
                    name,
                    "get" | "post" | "put" | "patch" | "delete" | "route" | "api_route" | "websocket"
                )
            })
        })
    })
}

/// The name of the column that a field is: where the statement tells its place only, by the project's own definition of the table.
pub fn column_of(files: &[SourceFile], field: &Field<'_>) -> String {
    let Some(at) = field.name.strip_prefix('#').and_then(|at| at.parse::<usize>().ok()) else {
        return field.name.clone();
    };
    files.iter().find_map(|file| defined(&file.text, &field.into)?.into_iter().nth(at)).unwrap_or_default()
}

/// The columns of a table, as a text with its `CREATE TABLE` says.
fn defined(text: &str, table: &str) -> Option<Vec<String>> {
    if table.is_empty() || !text.contains(table) {
        return None;
    }
    let upper = text.to_ascii_uppercase();
    let body = upper.match_indices("CREATE TABLE").find_map(|(at, _)| {
        let (head, body) = text.get(at..)?.split_once('(')?;
        let name = head.split_whitespace().last()?.trim_matches(['"', '`', '[', ']']);
        name.eq_ignore_ascii_case(table).then_some(body)
    })?;
    let (mut depth, mut columns, mut begin) = (0_u32, Vec::new(), 0);
    for (at, letter) in body.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            ',' | ')' if depth == 0 => {
                let name = body.get(begin..at).and_then(|part| part.split_whitespace().next());
                columns.extend(name.map(|name| name.trim_matches(['"', '`', '[', ']']).to_lowercase()));
                begin = at + 1;
                if letter == ')' {
                    break;
                }
            }
            _ => {}
        }
    }
    Some(columns)
}

/// The expression of a field, when it is one.
pub fn value_of<'a>(field: &Field<'a>) -> Option<&'a Expr> {
    match field.value {
        Kept::Value(value) => Some(value),
        Kept::Text(_) => None,
    }
}

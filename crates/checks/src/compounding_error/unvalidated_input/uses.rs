//! Where a field of another type than the expected raises.

use super::checked::Checked;
use super::fields::{Field, Fields, Kind};
use crate::facts::faults::is_tried;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{BinaryOp, Call, CompareOp, Expr, ExprKind, Extent, Literal, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::language::Language;

/// Methods of texts and lists that other types lack.
const PYTHON: &[&str] = &[
    "strip",
    "lower",
    "upper",
    "encode",
    "split",
    "replace",
    "startswith",
    "endswith",
    "lstrip",
    "rstrip",
    "title",
    "capitalize",
    "casefold",
    "isdigit",
    "isalnum",
    "splitlines",
    "append",
    "items",
    "partition",
    "rsplit",
    "isalpha",
    "zfill",
    "removeprefix",
    "removesuffix",
];
const SCRIPT: &[&str] = &[
    "trim",
    "toLowerCase",
    "toUpperCase",
    "split",
    "replace",
    "replaceAll",
    "startsWith",
    "endsWith",
    "match",
    "includes",
    "localeCompare",
    "map",
    "forEach",
    "reduce",
    "filter",
    "some",
    "every",
    "join",
    "substring",
    "charAt",
    "padStart",
    "normalize",
    "matchAll",
    "search",
    "find",
    "flatMap",
];

/// A use that raises.
pub(super) struct Use {
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) place: Extent,
    /// What is done there, for people.
    pub(super) note: String,
    how: How,
    language: Language,
}

/// How it raises.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// It has not the method, is no sequence, is no number.
    Type,
    /// The key is not there.
    Missing,
    /// No number can be read from it.
    Number,
    /// The database takes no list and no object.
    Bound,
}

impl Use {
    pub(super) fn message(&self) -> String {
        let Self { key, note, .. } = self;
        let script = self.language != Language::Python;
        match (self.how, self.kind) {
            (How::Missing, _) => format!(
                "`{key}` of the body is read without a look whether it is there: `{{}}` is answered with 500"
            ),
            (How::Number, Kind::Query) => format!(
                "`{key}` of the query becomes a number ({note}) and nothing catches one that is none: `?{key}=x` is answered with 500"
            ),
            (How::Number, Kind::Json) => format!(
                "`{key}` of the body becomes a number ({note}) and nothing catches one that is none: `{{\"{key}\": \"x\"}}` is answered with 500"
            ),
            (How::Type, Kind::Query) => format!(
                "`{key}` of the query is taken for one text ({note}): `?{key}=1&{key}=2` is a list and is answered with 500"
            ),
            (How::Bound, _) => format!(
                "`{key}` of the body goes to the database whatever it is ({note}): `{{\"{key}\": {{}}}}` is answered with 500"
            ),
            (How::Type, Kind::Json) if script => format!(
                "`{key}` of the body is used ({note}) without a look at its type: `{{\"{key}\": 1}}` is a TypeError, answered with 500"
            ),
            (How::Type, Kind::Json) => format!(
                "`{key}` of the body is used ({note}) without a look at its type: another type raises and is answered with 500"
            ),
        }
    }
}

/// The uses of a function that raise.
pub(super) fn of(fields: &Fields<'_>, checked: &Checked, keeps_in_sqlite: bool) -> Vec<Use> {
    let mut found = Vec::new();
    let is_python = fields.source.language == Language::Python;
    each_in_body(&fields.function.body, &mut |node, around| {
        if is_tried(around) {
            return true;
        }
        let mut raised: Vec<(Field, How, String, Extent)> = Vec::new();
        match node {
            Node::Expr(expr) => {
                if is_python {
                    python(fields, expr, &mut raised);
                } else {
                    script(fields, expr, &mut raised);
                }
                if keeps_in_sqlite && let Some(call) = expr.call() {
                    bound(fields, call, expr.extent, &mut raised);
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Loop(each), .. }) => {
                if let Some(iterable) = &each.iterable
                    && let Some(field) = fields.field_of(iterable)
                    && field.kind == Kind::Json
                {
                    raised.push((field, How::Type, "gone through in a loop".to_owned(), iterable.extent));
                }
            }
            _ => {}
        }
        for (field, how, note, place) in raised {
            let is_known = match how {
                How::Missing => checked.present.contains(&field.key) || checked.present.contains("*"),
                _ => checked.typed.contains(&field.key),
            };
            // A text is in a query, and something is there by default.
            let fits = field.kind == Kind::Query && is_python && how == How::Type;
            if !is_known && !fits {
                found.push(Use {
                    key: field.key,
                    kind: field.kind,
                    place,
                    note,
                    how,
                    language: fields.source.language,
                });
            }
        }
        true
    });
    found
}

type Raised = Vec<(Field, How, String, Extent)>;

fn python(fields: &Fields<'_>, expr: &Expr, raised: &mut Raised) {
    let mut add = |field: Option<Field>, how: How, note: &str| {
        if let Some(field) = field {
            raised.push((field, how, note.to_owned(), expr.extent));
        }
    };
    let is_number =
        |expr: &Expr| matches!(expr.kind, ExprKind::Literal(Literal::Integer(_) | Literal::Float(_)));
    match &expr.kind {
        ExprKind::Index { object, index }
            if fields.body_of(object) == Some(Kind::Json) && index.string().is_some() =>
        {
            add(fields.field_of(expr), How::Missing, "read");
        }
        ExprKind::Call(call) => {
            let name = called_name(&call.callee).unwrap_or_default();
            if let ExprKind::Member { object, .. } = &call.callee.kind
                && PYTHON.contains(&name)
            {
                add(fields.field_of(object), How::Type, &format!("`.{name}()`"));
            }
            let first = call.arguments.first().map(|given| &given.value);
            match name {
                "int" | "float" | "Decimal" => {
                    add(first.and_then(|first| fields.field_of(first)), How::Number, &format!("`{name}(..)`"))
                }
                "len" | "sum" | "sorted" | "enumerate" | "generate_password_hash" | "fromisoformat" => {
                    add(
                        first
                            .and_then(|first| fields.field_of(first))
                            .filter(|field| field.kind == Kind::Json),
                        How::Type,
                        &format!("`{name}(..)`"),
                    );
                }
                _ => {}
            }
        }
        ExprKind::Compare { left, rest } => {
            if let [
                (
                    CompareOp::Less | CompareOp::LessOrEqual | CompareOp::Greater | CompareOp::GreaterOrEqual,
                    right,
                ),
            ] = rest.as_slice()
                && is_number(right)
            {
                add(fields.field_of(left), How::Type, "compared with a number");
            }
        }
        ExprKind::Binary { op: BinaryOp::Subtract | BinaryOp::Divide | BinaryOp::Add, left, right } => {
            for side in [left, right] {
                add(
                    fields.field_of(side).filter(|field| field.kind == Kind::Json),
                    How::Type,
                    "calculated with",
                );
            }
        }
        ExprKind::Comprehension(comprehension) => {
            if let Some((_, iterable, _)) = comprehension.clauses.first() {
                add(
                    fields.field_of(iterable).filter(|field| field.kind == Kind::Json),
                    How::Type,
                    "gone through",
                );
            }
        }
        _ => {}
    }
}

fn script(fields: &Fields<'_>, expr: &Expr, raised: &mut Raised) {
    let ExprKind::Call(call) = &expr.kind else { return };
    let name = called_name(&call.callee).unwrap_or_default();
    if let ExprKind::Member { object, optional: false, .. } = &call.callee.kind
        && SCRIPT.contains(&name)
        && let Some(field) = fields.field_of(object)
    {
        raised.push((field, How::Type, format!("`.{name}()`"), expr.extent));
    }
    let path = call.callee.dotted().unwrap_or_default();
    let hashes =
        matches!(path.as_str(), "bcrypt.hash" | "bcrypt.hashSync" | "bcrypt.compare" | "bcrypt.compareSync");
    let first = call.arguments.first().and_then(|given| fields.field_of(&given.value));
    if let Some(field) = first.filter(|field| hashes && field.kind == Kind::Json) {
        raised.push((field, How::Type, format!("`{path}(..)`"), expr.extent));
    }
}

/// Values that are bound in a statement of SQLite, which takes texts, numbers, bytes and nothing else.
fn bound(fields: &Fields<'_>, call: &Call, place: Extent, raised: &mut Raised) {
    let name = called_name(&call.callee).unwrap_or_default();
    if !matches!(name, "run" | "get" | "all" | "execute")
        || fields
            .body_of(match &call.callee.kind {
                ExprKind::Member { object, .. } => object,
                _ => return,
            })
            .is_some()
    {
        return;
    }
    let mut given: Vec<&Expr> = Vec::new();
    for argument in &call.arguments {
        match &argument.value.kind {
            ExprKind::Sequence { items, .. } => given.extend(items),
            _ => given.push(&argument.value),
        }
    }
    for value in given {
        if let Some(field) = fields.field_of(value).filter(|field| field.kind == Kind::Json) {
            raised.push((field, How::Bound, format!("`.{name}(..)`"), place));
        }
    }
}

//! What FastAPI gives a function, by how its parameters are declared: models, dependencies, files, and what their fields admit.

use super::known::Known;
use super::outside::{came_in, from_parameter, named, upload};
use super::pattern;
use super::risk::{Risk, Risks};
use super::value::{Origin, Shape, Value};
use super::walk::Walk;
use crate::facts::nodes::{Node, each_in_expr};
use crate::facts::syntax::{Class, Expr, ExprKind, Parameter, Text};

/// A parameter of FastAPI, by what it is declared as (<https://fastapi.tiangolo.com/tutorial/>).
pub(super) fn declared<'a>(walk: &mut Walk<'_, 'a>, parameter: &'a Parameter, steps: usize) -> Value<'a> {
    let depends =
        parameter.default.iter().chain(&parameter.annotation).find_map(|written| depended_on(written));
    if let Some(function) = depends {
        return dependency(walk, function, steps);
    }
    let Some(annotation) = &parameter.annotation else { return from_parameter(walk, parameter) };
    let value = typed(walk, annotation, parameter, steps);
    constrained(annotation, parameter.default.as_ref()).of_value(value)
}

/// What `Depends(f)` or `Annotated[T, Depends(f)]` names.
fn depended_on(written: &Expr) -> Option<&Expr> {
    match &written.kind {
        ExprKind::Call(call) => {
            let name = crate::facts::values::called_name(&call.callee)?;
            matches!(name, "Depends" | "Security")
                .then(|| call.arguments.first().map(|argument| &argument.value))?
        }
        ExprKind::Index { index, .. } => match &index.kind {
            ExprKind::Sequence { items, .. } => items.iter().find_map(depended_on),
            _ => None,
        },
        _ => None,
    }
}

fn dependency<'a>(walk: &mut Walk<'_, 'a>, expr: &'a Expr, steps: usize) -> Value<'a> {
    let Some(left) = steps.checked_sub(1) else { return Value::UNKNOWN };
    let target = walk.eval(expr);
    let Shape::Function(file, function, within) = target.shape else { return Value::UNKNOWN };
    let id = walk.begin(file, function, within);
    for parameter in named(function) {
        let value = declared(walk, parameter, left);
        walk.declare(&parameter.pattern, value);
    }
    walk.body(&function.body);
    let given = walk.ended().and_then(|call| call.given);
    walk.state.is_dead = false;
    walk.state.leave(id);
    given.unwrap_or(Value::UNKNOWN)
}

fn typed<'a>(
    walk: &mut Walk<'_, 'a>,
    annotation: &'a Expr,
    parameter: &'a Parameter,
    steps: usize,
) -> Value<'a> {
    if is_harmless(annotation) {
        return Value::UNKNOWN;
    }
    let last = |expr: &Expr| crate::facts::values::called_name(expr).map(str::to_owned);
    match &annotation.kind {
        ExprKind::Index { object, index } => match last(object).as_deref() {
            Some("Annotated" | "Optional") => {
                let inner = match &index.kind {
                    ExprKind::Sequence { items, .. } => items.first(),
                    _ => Some(&**index),
                };
                inner.map_or(Value::UNKNOWN, |inner| typed(walk, inner, parameter, steps))
            }
            Some("Literal") => Value::UNKNOWN,
            _ if is_harmless(index) => Value::UNKNOWN,
            _ => from_parameter(walk, parameter),
        },
        ExprKind::Binary { left, .. } => typed(walk, left, parameter, steps),
        _ => match last(annotation).as_deref() {
            Some("Request" | "WebSocket") => Value::of(Shape::Name(Text::from("request:starlette"))),
            Some("UploadFile") => {
                let name = parameter.pattern.dotted().unwrap_or_default();
                upload(from_parameter(walk, parameter), &format!("upload.files.{name}"))
            }
            Some("Response" | "BackgroundTasks" | "Session" | "AsyncSession") => Value::UNKNOWN,
            _ => {
                let target = walk.eval(annotation);
                match target.shape {
                    Shape::Class(file, class) => model(walk, (file, class), parameter, steps),
                    _ => from_parameter(walk, parameter),
                }
            }
        },
    }
}

/// A model of pydantic: each field is what its own annotation says.
fn model<'a>(
    walk: &mut Walk<'_, 'a>,
    (file, class): (usize, &'a Class),
    parameter: &'a Parameter,
    _steps: usize,
) -> Value<'a> {
    if is_closed_list(walk, file, class) {
        return Value::UNKNOWN;
    }
    let mut fields = std::collections::BTreeMap::new();
    let parameter_name = parameter.pattern.dotted().unwrap_or_default();
    let (mut at, mut of) = (file, class);
    for _ in 0..4 {
        for stmt in &of.body {
            let crate::facts::syntax::StmtKind::Assign(assign) = &stmt.kind else { continue };
            let (Some(name), Some(annotation)) =
                (assign.targets.first().and_then(Expr::dotted), &assign.annotation)
            else {
                continue;
            };
            let value = if is_harmless(annotation) {
                Value::UNKNOWN
            } else {
                let origin = Origin {
                    file: walk.at(),
                    extent: parameter.pattern.extent,
                    what: format!("`{parameter_name}.{name}`"),
                    key: format!("parameter.{parameter_name}.{name}"),
                };
                constrained(annotation, assign.value.as_ref()).of_value(came_in(walk, origin))
            };
            fields.entry(Text::from(name)).or_insert(value);
        }
        match of.bases.first().and_then(|base| walk.class_of(at, &base.value)) {
            Some(base) => (at, of) = base,
            None => break,
        }
    }
    Value::of(Shape::Object(file, class, std::rc::Rc::new(fields)))
}

/// What the declaration of a field says of a text: `Field(pattern=..)`, `constr(pattern=..)`, `EmailStr`.
fn constrained(annotation: &Expr, default: Option<&Expr>) -> Known {
    let mut known = Known::default();
    each_in_expr(annotation, &mut |node, _| {
        let Node::Expr(part) = node else { return true };
        // The part before the `@` may hold quotes, `$` and `|` (https://www.rfc-editor.org/rfc/rfc5322#section-3.2.3).
        if part.dotted().is_some_and(|name| name.rsplit('.').next() == Some("EmailStr")) {
            known = known.with(Known::without(Risks::of(&[Risk::Path, Risk::Log, Risk::Markup])));
        }
        known = known.with(by_pattern(part));
        true
    });
    default.map_or(known, |default| known.with(by_pattern(default)))
}

/// What `pattern=".."` in a call says; pydantic looks for it anywhere in the text
/// (<https://docs.pydantic.dev/latest/concepts/fields/#string-constraints>).
fn by_pattern(expr: &Expr) -> Known {
    let arguments = expr.call().map(|call| call.arguments.as_slice()).unwrap_or_default();
    let pattern = arguments
        .iter()
        .find(|argument| matches!(argument.name.as_deref(), Some("pattern" | "regex")))
        .and_then(|argument| argument.value.string());
    pattern.map_or(Known::default(), |pattern| pattern::excluded(pattern, "", false))
}

/// Whether a type admits no text that could do harm.
pub(super) fn is_harmless(annotation: &Expr) -> bool {
    const HARMLESS: &[&str] = &[
        "int",
        "float",
        "bool",
        "UUID",
        "UUID4",
        "datetime",
        "date",
        "time",
        "timedelta",
        "Decimal",
        "PositiveInt",
        "NonNegativeInt",
        "conint",
        "confloat",
        "IPvAnyAddress",
        "NoneType",
        "number",
        "boolean",
        "Date",
        "i8",
        "i16",
        "i32",
        "i64",
        "u8",
        "u16",
        "u32",
        "u64",
        "usize",
        "i128",
        "u128",
        "isize",
        "f32",
        "f64",
        "NaiveDate",
        "NaiveDateTime",
        "DateTime",
        "Uuid",
    ];
    match &annotation.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Unary { value, .. } => is_harmless(value),
        ExprKind::Binary { left, right, .. } => is_harmless(left) && is_harmless(right),
        ExprKind::Index { object, index } => {
            let wraps = crate::facts::values::called_name(object).is_some_and(|name| {
                matches!(
                    name,
                    "Optional"
                        | "Option"
                        | "Result"
                        | "Vec"
                        | "list"
                        | "List"
                        | "set"
                        | "Set"
                        | "Annotated"
                        | "Sequence"
                )
            });
            let inner = match &index.kind {
                ExprKind::Sequence { items, .. } => items.first(),
                _ => Some(&**index),
            };
            wraps && inner.is_some_and(is_harmless)
        }
        _ => crate::facts::values::called_name(annotation).is_some_and(|name| HARMLESS.contains(&name)),
    }
}

/// Whether a class is an enumeration: of what it is made from, only its own members get through.
pub(super) fn is_closed_list(walk: &mut Walk<'_, '_>, file: usize, class: &Class) -> bool {
    let source = walk.project.context.files.get(file);
    class.bases.iter().any(|base| {
        let name = source.and_then(|source| source.resolve(&base.value)).unwrap_or_default();
        matches!(name.as_str(), "enum.Enum" | "enum.StrEnum" | "enum.IntEnum" | "enum.Flag" | "enum.IntFlag")
    })
}

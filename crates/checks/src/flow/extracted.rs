//! What extractors of axum and actix-web take out of a request, by their types: `Path<i64>` is a number, `Query<Params>` has the fields of
//! `Params`.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::declared::is_harmless;
use super::outside::came_in;
use super::typed::{is_list_of_names, kept};
use super::value::{Origin, Shape, Value};
use super::walk::Walk;
use crate::facts::syntax::{ClassKind, Expr, ExprKind, Parameter, SequenceKind, StmtKind, Text};
use crate::facts::values::called_name;

/// What takes something out of a request that the caller says.
const EXTRACTORS: &[&str] = &["Path", "Query", "Json", "Form", "Bytes", "String", "HeaderMap"];
/// What gives a handler something that the program keeps.
const KEPT: &[&str] = &["State", "Data", "Extension"];
/// Structs in structs that are told apart.
const DEPTH: usize = 3;

/// The value of a parameter of a handler.
pub(super) fn extracted<'a>(walk: &mut Walk<'_, 'a>, parameter: &'a Parameter) -> Value<'a> {
    let Some(annotation) = &parameter.annotation else { return Value::UNKNOWN };
    let (mut name, mut inner) = applied(annotation);
    // `Option<Query<T>>`, `Result<Json<T>, JsonRejection>`
    if let (Some("Option" | "Result"), Some(within)) = (name, inner) {
        let within = match &within.kind {
            ExprKind::Sequence { items, .. } => items.first().unwrap_or(within),
            _ => within,
        };
        (name, inner) = applied(within);
    }
    match (name, inner) {
        (Some("HttpRequest"), None) => return Value::of(Shape::Name(Text::from("request:actix"))),
        (Some(name), Some(inner)) if KEPT.contains(&name) => return kept(walk, walk.at(), inner),
        _ => {}
    }
    // `ValidatedJson<T>` of the project takes what `Json<T>` does.
    let takes = |name: &str| EXTRACTORS.contains(&name) || name.ends_with("Json") || name.ends_with("Form");
    if !name.is_some_and(takes) {
        return Value::UNKNOWN;
    }
    let own = named(&parameter.pattern).unwrap_or_default();
    match inner {
        Some(inner) => typed(walk, inner, parameter, &own, DEPTH),
        None => one(walk, parameter, &own),
    }
}

fn applied(written: &Expr) -> (Option<&str>, Option<&Expr>) {
    match &written.kind {
        ExprKind::Index { object, index } => (called_name(object), Some(index)),
        _ => (called_name(written), None),
    }
}

/// The name in a pattern: `id` of `Path(id)`.
fn named(pattern: &Expr) -> Option<String> {
    match &pattern.kind {
        ExprKind::Call(call) => named(&call.arguments.first()?.value),
        ExprKind::Unary { value, .. } => named(value),
        _ => pattern.dotted(),
    }
}

fn one<'a>(walk: &Walk<'_, 'a>, parameter: &Parameter, name: &str) -> Value<'a> {
    let extent = parameter.pattern.extent;
    let (what, key) = (format!("`{name}`"), format!("parameter.{name}"));
    came_in(walk, Origin { file: walk.at(), extent, what, key })
}

/// What a type holds: texts, the fields of a struct of the project, the parts of a tuple.
fn typed<'a>(
    walk: &mut Walk<'_, 'a>,
    written: &'a Expr,
    parameter: &'a Parameter,
    name: &str,
    depth: usize,
) -> Value<'a> {
    let Some(left) = depth.checked_sub(1) else { return one(walk, parameter, name) };
    if is_harmless(written) {
        return Value::UNKNOWN;
    }
    if let ExprKind::Sequence { kind: SequenceKind::Tuple, items } = &written.kind {
        let parts = items.iter().enumerate().map(|(at, item)| {
            let name = part_name(&parameter.pattern, at).unwrap_or_else(|| format!("{name}.{at}"));
            typed(walk, item, parameter, &name, left)
        });
        return Value::of(Shape::List(Rc::new(parts.collect())));
    }
    let class = match applied(written) {
        (Some("Option"), Some(inner)) => return typed(walk, inner, parameter, name, left),
        (_, None) => walk.project.class(walk.at(), &[], written),
        _ => None,
    };
    let Some((file, class)) = class else { return one(walk, parameter, name) };
    let fields = class.body.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Assign(assign) => Some((assign.targets.first()?.dotted()?, assign.annotation.as_ref())),
        _ => None,
    });
    match class.kind {
        _ if is_list_of_names(class) => Value::UNKNOWN,
        ClassKind::Struct => {
            let mut values = BTreeMap::new();
            for (field, held) in fields {
                let own = format!("{name}.{field}");
                let value = held.map_or(Value::UNKNOWN, |held| typed(walk, held, parameter, &own, left));
                values.insert(Text::from(field), value);
            }
            Value::of(Shape::Object(file, class, Rc::new(values)))
        }
        _ => one(walk, parameter, name),
    }
}

/// The name that a pattern gives a part of a tuple: `id` of `Path((id, name))`.
fn part_name(pattern: &Expr, at: usize) -> Option<String> {
    match &pattern.kind {
        ExprKind::Call(call) => part_name(&call.arguments.first()?.value, at),
        ExprKind::Sequence { items, .. } => named(items.get(at)?),
        _ => None,
    }
}

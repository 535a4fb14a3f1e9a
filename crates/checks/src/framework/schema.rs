//! What a schema says of a value: its fields, their types, and which it cannot do without. JSON Schema, and what zod, Joi, TypeBox and
//! fluent-json-schema make of calls.

use seaworthy_core::surface::{Input, InputKind, InputPlace};

use super::origins::entry;
use super::project::{ExprAt, Project, STEPS};
use crate::facts::syntax::{Call, Expr, ExprKind, Function};
use crate::facts::values::called_name;

/// Schemas in schemas that are followed.
const DEPTH: usize = 4;

/// One field of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// Its type.
    pub(super) kind: InputKind,
    /// Whether it has to be there.
    pub(super) required: bool,
}

/// The fields that a schema names.
pub(super) fn fields<'a>(
    project: &Project<'a>,
    at: usize,
    within: &[&'a Function],
    expr: &'a Expr,
) -> Vec<Field> {
    let mut found = Vec::new();
    read(project, (at, within.to_vec(), expr), DEPTH, &mut found);
    found
}

/// The schemas for each place of a request, where one schema is for all of it: `{ body: .., query: .. }`, `z.object({ body: .. })`.
pub(super) fn parts<'a>(
    project: &Project<'a>,
    at: usize,
    within: &[&'a Function],
    expr: &'a Expr,
) -> Vec<(String, ExprAt<'a>)> {
    let mut found = Vec::new();
    for (at, within, origin) in project.origins(at, within, expr, STEPS) {
        let record = match &origin.kind {
            ExprKind::Call(call) if called_name(&call.callee) == Some("object") => {
                call.arguments.first().map(|argument| &argument.value)
            }
            _ => Some(origin),
        };
        let Some(Expr { kind: ExprKind::Record { entries, .. }, .. }) = record else { continue };
        for name in ["body", "query", "params", "headers", "cookies"] {
            found.extend(entry(entries, name).map(|value| (name.to_owned(), (at, within.clone(), value))));
        }
    }
    found
}

/// Adds what a schema says of the values in one place of a request to what is known to be read of it.
pub(super) fn add(inputs: &mut Vec<Input>, place: InputPlace, fields: Vec<Field>) {
    for Field { name, kind, required } in fields {
        match inputs.iter_mut().find(|input| input.place == place && input.name == name) {
            Some(input) => {
                input.required |= required;
                if kind != InputKind::Unknown {
                    input.kind = kind;
                }
            }
            None => inputs.push(Input { name, place, kind, required }),
        }
    }
}

fn read<'a>(project: &Project<'a>, (at, within, expr): ExprAt<'a>, depth: usize, found: &mut Vec<Field>) {
    let Some(left) = depth.checked_sub(1) else { return };
    for (at, within, origin) in project.origins(at, &within, expr, STEPS) {
        match &origin.kind {
            ExprKind::Record { entries, .. } => json_schema(project, (at, &within), entries, left, found),
            ExprKind::Call(call) => made(project, (at, &within), call, left, found),
            _ => {}
        }
    }
}

type At<'s, 'a> = (usize, &'s [&'a Function]);

/// `{ type: "object", required: ["name"], properties: { name: { type: "string" } } }`.
fn json_schema<'a>(
    project: &Project<'a>,
    (at, within): At<'_, 'a>,
    entries: &'a [(Option<Expr>, Expr)],
    depth: usize,
    found: &mut Vec<Field>,
) {
    let value = |name: &str| entry(entries, name);
    for part in ["allOf", "anyOf", "oneOf"] {
        let Some(Expr { kind: ExprKind::Sequence { items, .. }, .. }) = value(part) else { continue };
        items.iter().for_each(|item| read(project, (at, within.to_vec(), item), depth, found));
    }
    let required: Vec<String> =
        value("required").map(|list| texts(project, at, within, list)).unwrap_or_default();
    let Some(properties) = value("properties") else {
        // Fastify takes the properties alone: `querystring: { page: { type: "integer" } }`.
        let plain = !entries.is_empty()
            && entries.iter().all(|(_, value)| matches!(&value.kind, ExprKind::Record { entries, .. } if entry(entries, "type").is_some()));
        if plain {
            found.extend(entries.iter().filter_map(|(key, value)| {
                let kind = type_kind(project, at, within, value);
                Some(Field { name: key.as_ref()?.string()?.to_owned(), kind, required: false })
            }));
        }
        return;
    };
    for (at, within, origin) in project.origins(at, within, properties, STEPS) {
        let ExprKind::Record { entries, .. } = &origin.kind else { continue };
        for (key, value) in entries {
            let Some(name) = key.as_ref().and_then(Expr::string).map(str::to_owned) else { continue };
            let required = required.contains(&name);
            found.push(Field { kind: type_kind(project, at, &within, value), name, required });
        }
    }
}

fn texts<'a>(project: &Project<'a>, at: usize, within: &[&'a Function], list: &'a Expr) -> Vec<String> {
    let lists = project.origins(at, within, list, STEPS).into_iter();
    let items = lists.filter_map(|(_, _, list)| match &list.kind {
        ExprKind::Sequence { items, .. } => Some(items),
        _ => None,
    });
    items.flatten().filter_map(|item| item.string().map(str::to_owned)).collect()
}

/// The `type` of a JSON Schema; the first that is not `null` of several.
fn type_kind<'a>(project: &Project<'a>, at: usize, within: &[&'a Function], schema: &'a Expr) -> InputKind {
    let origins = project.origins(at, within, schema, STEPS);
    let [(at, within, Expr { kind: ExprKind::Record { entries, .. }, .. })] = origins.as_slice() else {
        return InputKind::Unknown;
    };
    let Some(written) = entry(entries, "type") else {
        let text = entry(entries, "enum").is_some_and(|list| !texts(project, *at, within, list).is_empty());
        return if text { InputKind::Text } else { InputKind::Unknown };
    };
    let of = |name: &str| match name {
        "integer" => InputKind::Integer,
        "number" => InputKind::Number,
        "string" => InputKind::Text,
        "boolean" => InputKind::Boolean,
        "array" => InputKind::List,
        "object" => InputKind::Object,
        _ => InputKind::Unknown,
    };
    match &written.kind {
        ExprKind::Sequence { items, .. } => {
            let known = items.iter().filter_map(|item| item.string()).find(|name| *name != "null");
            known.map_or(InputKind::Unknown, of)
        }
        _ => written.string().map_or(InputKind::Unknown, of),
    }
}

/// `z.object({..}).strict()`, `Joi.object({..})`, `Type.Object({..})`, `S.object().prop("name", S.string().required())`.
fn made<'a>(
    project: &Project<'a>,
    (at, within): At<'_, 'a>,
    call: &'a Call,
    depth: usize,
    found: &mut Vec<Field>,
) {
    let Some(name) = called_name(&call.callee) else { return };
    let first = call.arguments.first().map(|argument| &argument.value);
    let ExprKind::Member { object, .. } = &call.callee.kind else { return };
    let of_object = |found: &mut Vec<Field>| read(project, (at, within.to_vec(), object), depth, found);
    match (name, first) {
        (
            "object" | "Object" | "strictObject" | "looseObject" | "keys" | "extend" | "append"
            | "safeExtend",
            Some(first),
        ) => {
            if matches!(name, "keys" | "extend" | "append" | "safeExtend") {
                of_object(found);
            }
            for (at, within, origin) in project.origins(at, within, first, STEPS) {
                let ExprKind::Record { entries, .. } = &origin.kind else { continue };
                for (key, value) in entries {
                    let Some(name) = key.as_ref().and_then(Expr::string) else { continue };
                    let shape = shape(project, (at, &within), value, STEPS);
                    // What is not said to be there may be absent with Joi, and has to be there with the others.
                    let joi =
                        project.file(at).is_some_and(|file| file.text_of(value.extent).starts_with("Joi."));
                    let required = shape.1.unwrap_or(!joi);
                    found.push(Field { name: name.to_owned(), kind: shape.0, required });
                }
            }
        }
        ("prop", Some(first)) => {
            of_object(found);
            let schema = call.arguments.get(1).map(|argument| &argument.value);
            let shape = schema
                .map_or((InputKind::Unknown, None), |schema| shape(project, (at, within), schema, STEPS));
            if let Some(name) = first.string() {
                found.push(Field { name: name.to_owned(), kind: shape.0, required: shape.1 == Some(true) });
            }
        }
        ("partial", _) => {
            let mut inner = Vec::new();
            of_object(&mut inner);
            found.extend(inner.into_iter().map(|field| Field { required: false, ..field }));
        }
        ("merge" | "and" | "Intersect" | "Composite", Some(first)) => {
            of_object(found);
            read(project, (at, within.to_vec(), first), depth, found);
        }
        ("Partial" | "Strict", Some(first)) => read(project, (at, within.to_vec(), first), depth, found),
        _ => of_object(found),
    }
}

/// The type of one field, and whether it is said that it has to be there or may be absent.
fn shape<'a>(
    project: &Project<'a>,
    (at, within): At<'_, 'a>,
    expr: &'a Expr,
    steps: usize,
) -> (InputKind, Option<bool>) {
    let unknown = (InputKind::Unknown, None);
    let Some(left) = steps.checked_sub(1) else { return unknown };
    let origins = project.origins(at, within, expr, left);
    let [(at, within, Expr { kind: ExprKind::Call(call), .. })] = origins.as_slice() else { return unknown };
    let Some(name) = called_name(&call.callee) else { return unknown };
    let kind = match name {
        "string" | "String" | "email" | "uuid" | "url" | "enum" | "nativeEnum" | "date" => InputKind::Text,
        "number" | "Number" => InputKind::Number,
        "int" | "integer" | "Integer" | "bigint" => InputKind::Integer,
        "boolean" | "Boolean" => InputKind::Boolean,
        "array" | "Array" | "tuple" | "set" => InputKind::List,
        "object" | "Object" | "record" | "map" => InputKind::Object,
        _ => InputKind::Unknown,
    };
    let first = call.arguments.first().map(|argument| &argument.value);
    let inner = match (&call.callee.kind, name) {
        (_, "Optional" | "optional" | "Union" | "nullable") if first.is_some() => {
            first.map_or(unknown, |first| shape(project, (*at, within), first, left))
        }
        (ExprKind::Member { object, .. }, _) if object.call().is_some() => {
            shape(project, (*at, within), object, left)
        }
        _ => unknown,
    };
    let presence = match name {
        "optional" | "nullish" | "default" | "Optional" | "catch" => Some(false),
        "required" => Some(true),
        _ => inner.1,
    };
    // `z.number().int()`, and `z.string().email()`: what stands last says most, unless it says nothing.
    let kind = if kind == InputKind::Unknown || inner.0 == InputKind::Integer { inner.0 } else { kind };
    (kind, presence)
}

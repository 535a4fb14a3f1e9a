//! What a FastAPI function declares to read: its parameters, their annotations and defaults, its pydantic models and dependencies
//! (<https://fastapi.tiangolo.com/tutorial/body-multiple-params/>).

use seaworthy_core::surface::{Input, InputKind, InputPlace};

use super::fastapi::dependency;
use super::inputs::kind_of;
use super::project::{FunctionAt, Project};
use crate::facts::syntax::{
    BinaryOp, Call, Class, Expr, ExprKind, Literal, Parameter, ParameterKind, StmtKind,
};
use crate::facts::values::{called_name, keyword};

/// Dependencies in dependencies, base classes, and types in types that are followed.
const DEPTH: usize = 6;

/// What marks a parameter, by name, and where it is taken from.
const MARKS: &[(&str, InputPlace)] = &[
    ("Path", InputPlace::Path),
    ("Query", InputPlace::Query),
    ("Header", InputPlace::Header),
    ("Cookie", InputPlace::Cookie),
    ("Body", InputPlace::Json),
    ("Form", InputPlace::Form),
    ("File", InputPlace::File),
];

/// One parameter, taken apart.
struct Declared<'a> {
    name: String,
    annotation: Option<&'a Expr>,
    mark: Option<(&'static str, InputPlace, &'a Call)>,
    depends: Option<&'a Call>,
    required: bool,
}

/// The inputs of a function and of what it depends on. Without a mark they are in the query; the path takes its own from there.
pub(super) fn inputs<'a>(project: &Project<'a>, function: FunctionAt<'a>) -> Vec<Input> {
    let mut found = Vec::new();
    read(project, function, DEPTH, &mut found);
    found
}

fn read<'a>(project: &Project<'a>, (at, function): FunctionAt<'a>, depth: usize, found: &mut Vec<Input>) {
    let Some(left) = depth.checked_sub(1) else { return };
    let named = function.parameters.iter().filter(|parameter| {
        matches!(parameter.kind, ParameterKind::Positional | ParameterKind::Either | ParameterKind::Keyword)
    });
    let declared: Vec<Declared<'_>> = named.filter_map(declared).collect();
    let mut bodies = Vec::new();
    for declared in declared {
        if let Some(call) = declared.depends {
            if let Some(function) = dependency(project, at, call) {
                read(project, function, left, found);
            }
            continue;
        }
        let annotation = declared.annotation.map(plain);
        let type_name = annotation.and_then(called_name).unwrap_or_default();
        if GIVEN.contains(&type_name) {
            continue;
        }
        let model = annotation.and_then(|annotation| model(project, at, annotation, DEPTH));
        let place = declared.mark.map(|(_, place, _)| place);
        match (place, model) {
            (None | Some(InputPlace::Json), Some(model)) => bodies.push((declared, Some(model))),
            (Some(place @ (InputPlace::Form | InputPlace::Query)), Some(model)) => {
                found.extend(fields(project, model, place, DEPTH));
            }
            (Some(InputPlace::Json), None) => bodies.push((declared, None)),
            (None, None) if type_name == "UploadFile" => found.push(input(&declared, InputPlace::File)),
            (None, None) if is_body(annotation) => bodies.push((declared, None)),
            (place, _) => found.push(input(&declared, place.unwrap_or(InputPlace::Query))),
        }
    }
    // One model is the whole body; several, or single values, are fields of it by name.
    if let [(declared, model)] = bodies.as_slice() {
        let embeds = declared.mark.and_then(|(_, _, call)| keyword(&call.arguments, "embed"));
        let embeds =
            embeds.is_some_and(|value| matches!(value.kind, ExprKind::Literal(Literal::Boolean(true))));
        match model {
            Some(model) if !embeds => found.extend(fields(project, *model, InputPlace::Json, DEPTH)),
            // A body that is one value has no name.
            None if !embeds => {}
            _ => found.push(input(declared, InputPlace::Json)),
        }
    } else {
        found.extend(bodies.iter().map(|(declared, model)| Input {
            kind: if model.is_some() { InputKind::Object } else { kind(declared.annotation) },
            ..input(declared, InputPlace::Json)
        }));
    }
}

/// What FastAPI gives without the caller's doing.
const GIVEN: &[&str] =
    &["Request", "Response", "WebSocket", "BackgroundTasks", "HTTPConnection", "SecurityScopes"];

fn declared(parameter: &Parameter) -> Option<Declared<'_>> {
    let name = parameter.pattern.dotted().filter(|name| name != "self" && name != "cls")?;
    let mut annotation = parameter.annotation.as_ref();
    let mut default = parameter.default.as_ref();
    let mut marks: Vec<&Call> = Vec::new();
    if let Some(Expr { kind: ExprKind::Index { object, index }, .. }) = annotation
        && called_name(object) == Some("Annotated")
        && let ExprKind::Sequence { items, .. } = &index.kind
    {
        annotation = items.first();
        marks.extend(items.iter().skip(1).filter_map(Expr::call));
    }
    let marked = |call: &Call| {
        called_name(&call.callee).is_some_and(|name| {
            matches!(name, "Depends" | "Security") || MARKS.iter().any(|(mark, _)| *mark == name)
        })
    };
    let mut required = default.is_none();
    if let Some(call) = default.and_then(Expr::call).filter(|call| marked(call)) {
        marks.push(call);
        default = keyword(&call.arguments, "default").or_else(|| {
            call.arguments.first().filter(|argument| argument.name.is_none()).map(|argument| &argument.value)
        });
        let factory = keyword(&call.arguments, "default_factory").is_some();
        required = !factory
            && default.is_none_or(|value| matches!(value.kind, ExprKind::Literal(Literal::Ellipsis)));
    }
    let depends =
        marks.iter().find(|call| matches!(called_name(&call.callee), Some("Depends" | "Security"))).copied();
    let mark = marks.iter().find_map(|call| {
        let name = called_name(&call.callee)?;
        MARKS.iter().find(|(mark, _)| *mark == name).map(|(mark, place)| (*mark, *place, *call))
    });
    Some(Declared { name, annotation, mark, depends, required })
}

fn input(declared: &Declared<'_>, place: InputPlace) -> Input {
    let alias =
        declared.mark.and_then(|(_, _, call)| keyword(&call.arguments, "alias")).and_then(Expr::string);
    // Headers have hyphens where names cannot (`convert_underscores`).
    let name = match place {
        InputPlace::Header => declared.name.replace('_', "-"),
        _ => declared.name.clone(),
    };
    Input {
        name: alias.map_or(name, str::to_owned),
        place,
        kind: kind(declared.annotation),
        required: declared.required,
    }
}

/// The type of `Optional[T]`, `T | None` and `Annotated[T, ..]`.
fn plain(annotation: &Expr) -> &Expr {
    match &annotation.kind {
        ExprKind::Binary { op: BinaryOp::Or, left, right } => {
            let left_is_nothing = matches!(left.kind, ExprKind::Literal(Literal::Null));
            plain(if left_is_nothing { right } else { left })
        }
        ExprKind::Index { object, index } if matches!(called_name(object), Some("Optional")) => plain(index),
        ExprKind::Index { object, index } if matches!(called_name(object), Some("Annotated")) => {
            match &index.kind {
                ExprKind::Sequence { items, .. } => items.first().map_or(annotation, plain),
                _ => annotation,
            }
        }
        _ => annotation,
    }
}

/// What an annotation makes of a value.
fn kind(annotation: Option<&Expr>) -> InputKind {
    let Some(annotation) = annotation.map(plain) else { return InputKind::Unknown };
    let name = match &annotation.kind {
        ExprKind::Index { object, .. } => called_name(object),
        _ => called_name(annotation),
    };
    match name.unwrap_or_default() {
        "EmailStr" | "HttpUrl" | "UUID" | "constr" | "datetime" | "date" => InputKind::Text,
        "conint" | "PositiveInt" | "NonNegativeInt" => InputKind::Integer,
        name => kind_of(name),
    }
}

/// Whether a value without a mark and without a model is the body: dicts, and lists of anything but plain values.
fn is_body(annotation: Option<&Expr>) -> bool {
    let kind = kind(annotation);
    matches!(kind, InputKind::Object | InputKind::List)
}

/// The pydantic model of the project that an annotation names.
fn model<'a>(
    project: &Project<'a>,
    at: usize,
    annotation: &Expr,
    depth: usize,
) -> Option<(usize, &'a Class)> {
    let left = depth.checked_sub(1)?;
    annotation.dotted()?;
    let (file, class) = project.class(at, &[], annotation)?;
    let source = project.file(file)?;
    let is_model = class.bases.iter().any(|base| {
        let name = source.resolve(&base.value).unwrap_or_default();
        matches!(name.as_str(), "pydantic.BaseModel" | "sqlmodel.SQLModel" | "pydantic.main.BaseModel")
            || model(project, file, &base.value, left).is_some()
    });
    is_model.then_some((file, class))
}

/// The fields of a model and of the models that it builds on.
fn fields(
    project: &Project<'_>,
    (at, class): (usize, &Class),
    place: InputPlace,
    depth: usize,
) -> Vec<Input> {
    let mut found: Vec<Input> = Vec::new();
    let Some(left) = depth.checked_sub(1) else { return found };
    for base in &class.bases {
        if let Some(base) = model(project, at, &base.value, left) {
            found.extend(fields(project, base, place, left));
        }
    }
    for stmt in &class.body {
        let StmtKind::Assign(assign) = &stmt.kind else { continue };
        let Some(name) = assign.targets.first().and_then(Expr::dotted) else { continue };
        if name.starts_with('_') || name == "model_config" || assign.annotation.is_none() {
            continue;
        }
        let default = assign.value.as_ref();
        let field = default.and_then(Expr::call).filter(|call| called_name(&call.callee) == Some("Field"));
        let alias = field.and_then(|call| keyword(&call.arguments, "alias")).and_then(Expr::string);
        let required = match (default, field) {
            (None, _) => true,
            (Some(_), Some(call)) => {
                let first = call
                    .arguments
                    .first()
                    .filter(|argument| argument.name.is_none())
                    .map(|argument| &argument.value);
                let default = keyword(&call.arguments, "default").or(first);
                keyword(&call.arguments, "default_factory").is_none()
                    && default.is_none_or(|value| matches!(value.kind, ExprKind::Literal(Literal::Ellipsis)))
            }
            (Some(value), None) => matches!(value.kind, ExprKind::Literal(Literal::Ellipsis)),
        };
        let annotation = assign.annotation.as_ref();
        let nested = annotation.and_then(|annotation| model(project, at, plain(annotation), left)).is_some();
        let kind = if nested { InputKind::Object } else { kind(annotation) };
        let name = alias.map_or(name, str::to_owned);
        found.retain(|input| input.name != name);
        found.push(Input { name, place, kind, required });
    }
    found
}

//! What a view reads: of the request by itself, and by the fields of a form or a serializer
//! (<https://docs.djangoproject.com/en/5.2/ref/request-response/>, <https://www.django-rest-framework.org/api-guide/fields/>).

use std::collections::BTreeSet;

use seaworthy_core::surface::{Input, InputKind, InputPlace};

use super::super::inputs::{Carried, Carries, Reader, Scope};
use super::super::project::{FunctionAt, Project, STEPS};
use super::super::schema::{self, Field};
use super::views::View;
use crate::facts::nodes::each_in_body;
use crate::facts::syntax::{Argument, Class, Expr, ExprKind, Literal, StmtKind};
use crate::facts::values::{called_name, keyword};

/// What a function reads.
pub(super) fn read_by<'a>(project: &Project<'a>, (at, function): FunctionAt<'a>) -> Vec<Input> {
    let mut carries = Carries::new();
    let names = function.parameters.iter().filter_map(|parameter| parameter.pattern.dotted());
    if let Some(request) = names.take(2).find(|name| name != "self" && name != "cls") {
        carries.insert(request, Carried::Request);
    }
    let mut inputs = Reader::new(project, carrier, single).inputs_of((at, function), carries);
    each_in_body(&function.body, &mut |node, _| {
        // `ItemSerializer(data=request.data)`, `ItemForm(request.POST)`.
        if let Some(call) = node.expr().and_then(Expr::call)
            && let Some(place) = keyword(&call.arguments, "data")
                .or_else(|| call.arguments.iter().map(|argument| &argument.value).next())
                .and_then(whole)
            && let Some((file, class)) = project.class_within(at, &[], &call.callee)
        {
            schema::add(&mut inputs, place, declared(project, file, class));
        }
        true
    });
    inputs
}

/// What one method of a class reads.
pub(super) fn of_view<'a>(
    project: &Project<'a>,
    view: &View<'a>,
    (method, action): (&str, &str),
    function: Option<FunctionAt<'a>>,
) -> Vec<Input> {
    let mut inputs = function.map(|function| read_by(project, function)).unwrap_or_default();
    if !matches!(method, "post" | "put" | "patch") || !is_fitted(action, function) {
        return inputs;
    }
    let is_rest = view.is_rest();
    let attribute = if is_rest { "serializer_class" } else { "form_class" };
    let place = if is_rest { InputPlace::Json } else { InputPlace::Form };
    if let Some((at, class)) = view.attribute(attribute)
        && let Some((file, class)) = project.class_within(at, &[], class)
    {
        let fields = declared(project, file, class).into_iter();
        // A part of an object may be changed alone.
        let fields = fields.map(|field| Field { required: field.required && method != "patch", ..field });
        schema::add(&mut inputs, place, fields.collect());
    } else if let (false, Some((at, list))) = (is_rest, view.attribute("fields")) {
        let model = view.attribute("model").and_then(|(at, model)| project.class_within(at, &[], model));
        schema::add(&mut inputs, place, of_model(project, at, list, model));
    }
    inputs
}

/// Whether the class looks at what comes by its serializer or form: for the actions that it knows, and where a method asks it to.
fn is_fitted(action: &str, function: Option<FunctionAt<'_>>) -> bool {
    let known = matches!(action, "post" | "put" | "patch" | "create" | "update" | "partial_update");
    known
        || function.is_some_and(|(_, function)| {
            let mut asks = false;
            each_in_body(&function.body, &mut |node, _| {
                let call = node.expr().and_then(Expr::call);
                asks |= call.is_some_and(|call| called_name(&call.callee) == Some("get_serializer"));
                !asks
            });
            asks
        })
}

/// `request.data`, `request.POST`: all that a request carries in one place.
fn whole(expr: &Expr) -> Option<InputPlace> {
    let ExprKind::Member { object, name, .. } = &expr.kind else { return None };
    let of_request =
        object.dotted().is_some_and(|object| object == "request" || object.ends_with(".request"));
    match name.as_str() {
        "data" if of_request => Some(InputPlace::Json),
        "POST" if of_request => Some(InputPlace::Form),
        _ => None,
    }
}

/// The fields of a form or a serializer, with those of the model that it is of.
fn declared<'a>(project: &Project<'a>, at: usize, class: &'a Class) -> Vec<Field> {
    let view = View::of(project, at, class);
    let mut found: Vec<Field> = Vec::new();
    let mut hidden: BTreeSet<String> = BTreeSet::new();
    for (at, class) in view.line.iter().rev() {
        for stmt in &class.body {
            match &stmt.kind {
                StmtKind::Assign(assign) => {
                    let name = assign.targets.first().and_then(Expr::dotted);
                    let field = assign.value.as_ref().and_then(Expr::call);
                    let (Some(name), Some(call)) = (name, field) else { continue };
                    let Some(kind) = kind_of(called_name(&call.callee).unwrap_or_default()) else { continue };
                    found.retain(|known| known.name != name);
                    if is_true(&call.arguments, "read_only")
                        || called_name(&call.callee) == Some("SerializerMethodField")
                    {
                        hidden.insert(name);
                        continue;
                    }
                    let optional = keyword(&call.arguments, "default").is_some()
                        || keyword(&call.arguments, "required").is_some_and(is_false);
                    found.push(Field { name, kind, required: !optional });
                }
                StmtKind::Class(meta) if meta.name == "Meta" => {
                    let meta = View::of(project, *at, meta);
                    let Some((of, list)) = meta.attribute("fields") else { continue };
                    let model =
                        meta.attribute("model").and_then(|(at, model)| project.class_within(at, &[], model));
                    if let Some((_, Expr { kind: ExprKind::Sequence { items, .. }, .. })) =
                        meta.attribute("read_only_fields")
                    {
                        hidden.extend(items.iter().filter_map(|item| item.string().map(str::to_owned)));
                    }
                    for field in of_model(project, of, list, model) {
                        if !found.iter().any(|known| known.name == field.name) {
                            found.push(field);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    found.retain(|field| !hidden.contains(&field.name));
    found
}

/// The fields of a model that a list names, or all of them.
fn of_model<'a>(
    project: &Project<'a>,
    at: usize,
    list: &'a Expr,
    model: Option<(usize, &'a Class)>,
) -> Vec<Field> {
    let own: Vec<Field> = model.map(|(at, class)| columns(project, at, class)).unwrap_or_default();
    let origins = project.origins(at, &[], list, STEPS);
    let [(_, _, Expr { kind: ExprKind::Sequence { items, .. }, .. })] = origins.as_slice() else {
        return own;
    };
    let names = items.iter().filter_map(|item| item.string());
    let names = names.filter(|name| !matches!(*name, "id" | "pk" | "url"));
    let field = |name: &str| match own.iter().find(|field| field.name == name) {
        Some(field) => Some(field.clone()),
        // What the model has and nobody may write.
        None if model.is_some_and(|(_, class)| assigns(class, name)) => None,
        None => Some(Field { name: name.to_owned(), kind: InputKind::Unknown, required: false }),
    };
    names.filter_map(field).collect()
}

fn assigns(class: &Class, name: &str) -> bool {
    class.body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign(assign) => assign.targets.iter().any(|target| super::is_named(target, name)),
        StmtKind::Function(function) => function.name == name,
        _ => false,
    })
}

/// The columns of a model that can be written.
fn columns<'a>(project: &Project<'a>, at: usize, class: &'a Class) -> Vec<Field> {
    let view = View::of(project, at, class);
    let mut found = Vec::new();
    for stmt in view.line.iter().rev().flat_map(|(_, class)| &class.body) {
        let StmtKind::Assign(assign) = &stmt.kind else { continue };
        let name = assign.targets.first().and_then(Expr::dotted);
        let (Some(name), Some(call)) = (name, assign.value.as_ref().and_then(Expr::call)) else { continue };
        let Some(kind) = kind_of(called_name(&call.callee).unwrap_or_default()) else { continue };
        let made =
            ["auto_now", "auto_now_add", "primary_key"].iter().any(|name| is_true(&call.arguments, name));
        let hidden = made || keyword(&call.arguments, "editable").is_some_and(is_false);
        let optional = keyword(&call.arguments, "default").is_some()
            || is_true(&call.arguments, "blank")
            || is_true(&call.arguments, "null");
        if !hidden {
            found.push(Field { name, kind, required: !optional });
        }
    }
    found
}

fn is_true(arguments: &[Argument], name: &str) -> bool {
    keyword(arguments, name)
        .is_some_and(|value| matches!(value.kind, ExprKind::Literal(Literal::Boolean(true))))
}

fn is_false(value: &Expr) -> bool {
    matches!(value.kind, ExprKind::Literal(Literal::Boolean(false)))
}

/// What a field of a form, a serializer or a model takes; `None` for what is no field.
fn kind_of(name: &str) -> Option<InputKind> {
    Some(match name {
        "IntegerField"
        | "BigIntegerField"
        | "SmallIntegerField"
        | "PositiveIntegerField"
        | "PositiveSmallIntegerField"
        | "PositiveBigIntegerField"
        | "PrimaryKeyRelatedField"
        | "ForeignKey"
        | "OneToOneField" => InputKind::Integer,
        "FloatField" | "DecimalField" => InputKind::Number,
        "BooleanField" | "NullBooleanField" => InputKind::Boolean,
        "ListField"
        | "MultipleChoiceField"
        | "ManyToManyField"
        | "ModelMultipleChoiceField"
        | "ArrayField" => InputKind::List,
        "JSONField" | "DictField" => InputKind::Object,
        "AutoField" | "BigAutoField" => return None,
        name if name.ends_with("Serializer") => InputKind::Object,
        name if name.ends_with("Field") => InputKind::Text,
        _ => return None,
    })
}

/// `request.GET`, `request.data`, `json.loads(request.body)` and the like; `self.request` too.
fn carrier<'a>(_: &Reader<'_, 'a>, scope: &Scope<'a>, expr: &'a Expr) -> Option<InputPlace> {
    match &expr.kind {
        ExprKind::Member { object, name, .. } if is_request(scope, object) => Some(match name.as_str() {
            "GET" | "query_params" => InputPlace::Query,
            "POST" => InputPlace::Form,
            "data" => InputPlace::Json,
            "FILES" => InputPlace::File,
            "COOKIES" => InputPlace::Cookie,
            "headers" => InputPlace::Header,
            _ => return None,
        }),
        ExprKind::Call(call) => {
            let file = scope.file.resolve(&call.callee)?;
            (file == "json.loads").then_some(())?;
            let first = &call.arguments.first()?.value;
            let body = match &first.kind {
                // `request.body.decode()`.
                ExprKind::Call(inner) => match &inner.callee.kind {
                    ExprKind::Member { object, .. } => object,
                    _ => return None,
                },
                _ => first,
            };
            let ExprKind::Member { object, name, .. } = &body.kind else { return None };
            (name == "body" && is_request(scope, object)).then_some(InputPlace::Json)
        }
        _ => None,
    }
}

/// `request.META["HTTP_X_TOKEN"]`, `request.META.get("HTTP_X_TOKEN")`.
fn single<'a>(scope: &Scope<'a>, expr: &'a Expr) -> Option<(String, InputPlace)> {
    let (object, key) = match &expr.kind {
        ExprKind::Index { object, index } => (&**object, index.string()?),
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. } if name == "get" => {
                (&**object, call.arguments.first()?.value.string()?)
            }
            _ => return None,
        },
        _ => return None,
    };
    let ExprKind::Member { object: request, name, .. } = &object.kind else { return None };
    let header = key.strip_prefix("HTTP_").filter(|_| name == "META" && is_request(scope, request))?;
    Some((header.replace('_', "-").to_lowercase(), InputPlace::Header))
}

fn is_request(scope: &Scope<'_>, expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => scope.carries.get(name.as_str()) == Some(&Carried::Request),
        ExprKind::Member { object, name, .. } => name == "request" && super::is_named(object, "self"),
        _ => false,
    }
}

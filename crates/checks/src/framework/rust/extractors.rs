//! What the parameters of a handler take out of the request, by their types, and which of them refuse.
//!
//! Sources: <https://docs.rs/axum/latest/axum/extract/index.html>, <https://actix.rs/docs/extractors/>.

use seaworthy_core::surface::{Input, InputKind, InputPlace};

use crate::facts::syntax::{Class, ClassKind, Expr, ExprKind, Parameter, SequenceKind, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::framework::project::{FunctionAt, Project};
use crate::framework::routing::Routing;
use crate::framework::web::{Guard, Reach};

/// Extractors of libraries that refuse who does not say who they are.
const ASKING: &[&str] = &["BearerAuth", "BasicAuth", "Identity", "AuthSession", "AuthBearer", "AuthBasic"];

/// Where each extractor takes its value from.
const PLACES: &[(&str, InputPlace)] = &[
    ("Query", InputPlace::Query),
    ("Json", InputPlace::Json),
    ("JsonOrForm", InputPlace::Json),
    ("Form", InputPlace::Form),
    ("TypedMultipart", InputPlace::File),
    ("MultipartForm", InputPlace::File),
];

/// What stands before a handler because of what it asks for: extractors of the project, which may refuse.
pub(super) fn guards<'a>(routing: &Routing<'a>, (at, function): FunctionAt<'a>) -> Vec<Guard<'a>> {
    let written = function.parameters.iter().filter_map(|parameter| parameter.annotation.as_ref());
    let guard = |expr: &'a Expr, function: Option<FunctionAt<'a>>| Guard {
        file: at,
        expr,
        option: None,
        function,
        reach: Reach::Route,
    };
    let mut found = Vec::new();
    for written in written {
        let (named, inner) = applied(written);
        match called_name(named) {
            // What may be absent refuses nobody.
            Some("Option" | "Result") => {}
            Some("TypedHeader") => {
                let asks =
                    inner.map(|inner| applied(inner).0).filter(|of| called_name(of) == Some("Authorization"));
                found.extend(asks.map(|of| guard(of, None)));
            }
            Some(name) if ASKING.contains(&name) => found.push(guard(named, None)),
            Some(_) => {
                let function = extractor(routing.project, at, named);
                found.extend(function.map(|function| guard(named, Some(function))));
            }
            None => {}
        }
    }
    found
}

/// `T` and what it is applied to: `Json<Note>`.
fn applied(written: &Expr) -> (&Expr, Option<&Expr>) {
    match &written.kind {
        ExprKind::Index { object, index } => (object, Some(index)),
        _ => (written, None),
    }
}

/// The `from_request_parts` or `from_request` of a type of the project.
fn extractor<'a>(project: &Project<'a>, at: usize, named: &Expr) -> Option<FunctionAt<'a>> {
    let (home, class) = project.class_within(at, &[], named)?;
    let own = |file: usize| {
        ["from_request_parts", "from_request"].iter().find_map(|name| {
            let mut known = project.context.defined.named_in(file, name);
            let of = known.find(|known| {
                known.class.is_some_and(|known| known.kind == ClassKind::Impl && known.name == class.name)
            });
            of.map(|known| (file, known.function))
        })
    };
    own(home).or_else(|| project.files().find_map(|(file, _)| own(file)))
}

/// What a handler reads: the values of its path, and the fields of what its extractors take.
pub(super) fn inputs<'a>(project: &Project<'a>, path: &str, function: Option<FunctionAt<'a>>) -> Vec<Input> {
    let parameters = function.map(|(_, function)| function.parameters.as_slice()).unwrap_or_default();
    let at = function.map_or(0, |(at, _)| at);
    let mut found = of_path(project, at, path, parameters);
    for parameter in parameters {
        let Some((named, inner)) = parameter.annotation.as_ref().map(applied) else { continue };
        let name = called_name(named).unwrap_or_default();
        if name == "Multipart" {
            let place = InputPlace::File;
            found.push(Input { name: "file".to_owned(), place, kind: InputKind::Unknown, required: false });
        }
        let place = PLACES.iter().find(|(known, _)| *known == name).map(|(_, place)| *place);
        if let (Some(place), Some(inner)) = (place, inner) {
            found.extend(fields(project, at, inner, place));
        }
    }
    found
}

/// The values of a path, each with the kind that `Path<(i64, String)>` or the fields of `Path<Params>` give it.
fn of_path<'a>(project: &Project<'a>, at: usize, path: &str, parameters: &'a [Parameter]) -> Vec<Input> {
    let typed = parameters.iter().find_map(|parameter| {
        let (named, inner) = applied(parameter.annotation.as_ref()?);
        inner.filter(|_| called_name(named) == Some("Path"))
    });
    let names = path.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name);
    let by_name = typed.map(|typed| fields(project, at, typed, InputPlace::Path)).unwrap_or_default();
    let by_place = |index: usize| match typed.map(|typed| &typed.kind) {
        Some(ExprKind::Sequence { kind: SequenceKind::Tuple, items }) => items.get(index),
        _ => typed.filter(|_| index == 0),
    };
    let value = |(index, name): (usize, &str)| {
        let known = by_name.iter().find(|input| input.name == name).map(|input| input.kind);
        let kind = known.or_else(|| by_place(index).map(kind)).unwrap_or(InputKind::Unknown);
        Input { name: name.to_owned(), place: InputPlace::Path, kind, required: true }
    };
    names.enumerate().map(value).collect()
}

/// The fields of a struct of the project, as serde reads them.
fn fields(project: &Project<'_>, at: usize, written: &Expr, place: InputPlace) -> Vec<Input> {
    let Some((_, class)) = project.class_within(at, &[], written) else { return Vec::new() };
    if class.kind != ClassKind::Struct {
        return Vec::new();
    }
    let is_camel = renames_to_camel(class);
    let field = |stmt: &Stmt| {
        let StmtKind::Assign(assign) = &stmt.kind else { return None };
        let name = assign.targets.first()?.dotted()?;
        let annotation = assign.annotation.as_ref()?;
        let (named, inner) = applied(annotation);
        let may_be_absent = called_name(named) == Some("Option");
        let kind = kind(inner.filter(|_| may_be_absent).unwrap_or(annotation));
        let name = if is_camel { camel(&name) } else { name };
        Some(Input { name, place, kind, required: !may_be_absent })
    };
    class.body.iter().filter_map(field).collect()
}

/// `#[serde(rename_all = "camelCase")]`.
fn renames_to_camel(class: &Class) -> bool {
    class
        .decorators
        .iter()
        .filter_map(Expr::call)
        .filter(|call| called_name(&call.callee) == Some("serde"))
        .any(|call| {
            call.arguments.iter().any(|given| {
                given.name.as_deref() == Some("rename_all") && given.value.string() == Some("camelCase")
            })
        })
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        whole.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        whole.push_str(letters.as_str());
    }
    whole
}

/// What a type makes of a value.
fn kind(written: &Expr) -> InputKind {
    match called_name(applied(written).0).unwrap_or_default() {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
            InputKind::Integer
        }
        "f32" | "f64" | "Decimal" => InputKind::Number,
        "bool" => InputKind::Boolean,
        "String" | "str" | "Uuid" | "DateTime" | "NaiveDate" | "NaiveDateTime" | "Url" => InputKind::Text,
        "Vec" | "HashSet" | "BTreeSet" => InputKind::List,
        "HashMap" | "BTreeMap" | "Map" => InputKind::Object,
        _ => InputKind::Unknown,
    }
}

//! Reads an OpenAPI 3.0 or 3.1 document, and what maps of a Swagger 2.0 one, into operations.
//!
//! What is broken, external, recursive or too large is said in `not_read`, and what could be read is used.

use serde_json::Value;

use seaworthy_core::limits::OPENAPI_OPERATIONS;
use seaworthy_core::{NotChecked, surface};

use super::operation::{Answer, Auth, Body, Operation, Origin, Parameter, Place, Purpose, Scheme};
use super::operations;
use super::reader::Reader;
use super::shape::{Schema, Types};
use super::text::{self, ReadError};

/// Where services usually serve their document, and where projects usually keep it.
pub const USUAL_PLACES: &[&str] = &[
    "/openapi.json",
    "/openapi.yaml",
    "/openapi.yml",
    "/swagger.json",
    "/swagger.yaml",
    "/docs/openapi.json",
    "/api/openapi.json",
    "/api/swagger.json",
    "/api-docs",
    "/api-docs.json",
    "/v3/api-docs",
    "/api/docs.json",
    "/swagger/v1/swagger.json",
    "/api/v1/openapi.json",
    "/spec",
    "/apispec_1.json",
];

/// A document, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// `3.0.3`, `3.1.0`, `2.0`, as written.
    pub version: String,
    /// Its operations, in the order of the document.
    pub operations: Vec<Operation>,
    /// What could not be read.
    pub not_read: Vec<NotChecked>,
}

impl Document {
    /// Whether every operation it tells of was read.
    pub fn is_whole(&self) -> bool {
        self.not_read.is_empty()
    }

    /// Both as one: a project may keep a thin document by hand while its service serves a whole one. Where both tell of an operation this one
    /// counts, and what it leaves open is filled in from the other.
    pub fn with(mut self, other: Self) -> Self {
        operations::drop_untrue_base(&mut self.operations, &other.operations);
        for operation in other.operations {
            operations::add(&mut self.operations, operation);
        }
        for one in other.not_read {
            if !self.not_read.contains(&one) {
                self.not_read.push(one);
            }
        }
        self
    }
}

const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// Reads a document in JSON or YAML.
///
/// # Errors
/// When nothing at all can be read: see [`ReadError`]. Anything less is said in [`Document::not_read`].
pub fn read(bytes: &[u8]) -> Result<Document, ReadError> {
    let root = text::read(bytes)?;
    let version = version(&root)?;
    let paths = root.get("paths");
    if paths.and_then(Value::as_object).is_none()
        && root.get("webhooks").is_none()
        && root.get("components").is_none()
    {
        return Err(ReadError::NotOpenApi { what: "it has no `paths`".to_owned() });
    }
    let mut reading = Reading {
        reader: Reader::new(&root),
        swagger: version.starts_with('2'),
        base: String::new(),
        root: &root,
        operations: Vec::new(),
    };
    reading.base = reading.base_path();
    if reading.swagger {
        reading.reader.note(
            "form and file details of the document",
            "it is Swagger 2.0, of which paths, parameters, bodies and answers are read",
        );
    } else if !version.starts_with('3') {
        reading.reader.note(
            "what is particular to the document's version",
            format!("OpenAPI {version} is read as 3.1"),
        );
    }
    for (path, item) in paths.and_then(Value::as_object).into_iter().flatten() {
        reading.item(path, item);
    }
    Ok(Document { version, operations: reading.operations, not_read: reading.reader.not_read })
}

fn version(root: &Value) -> Result<String, ReadError> {
    let Some(object) = root.as_object() else {
        return Err(ReadError::NotOpenApi { what: "it is no object".to_owned() });
    };
    match object.get("openapi").or_else(|| object.get("swagger")) {
        Some(Value::String(version)) => Ok(version.clone()),
        // Unquoted in YAML, `3.0` and `2.0` are numbers.
        Some(Value::Number(version)) => Ok(version.to_string()),
        _ if object.contains_key("paths") => Ok("3".to_owned()),
        _ => Err(ReadError::NotOpenApi { what: "it has neither `openapi` nor `swagger`".to_owned() }),
    }
}

struct Reading<'a> {
    reader: Reader<'a>,
    root: &'a Value,
    swagger: bool,
    base: String,
    operations: Vec<Operation>,
}

impl<'a> Reading<'a> {
    fn base_path(&self) -> String {
        let raw = if self.swagger {
            self.root.get("basePath").and_then(Value::as_str).unwrap_or_default().to_owned()
        } else {
            let server = self.root.pointer("/servers/0");
            let mut url = server
                .and_then(|server| server.get("url"))
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let variables = server.and_then(|server| server.get("variables")).and_then(Value::as_object);
            for (name, variable) in variables.into_iter().flatten() {
                let default = variable.get("default").and_then(Value::as_str).unwrap_or_default();
                url = url.replace(&format!("{{{name}}}"), default);
            }
            url
        };
        let after_scheme = raw
            .split_once("://")
            .map_or(raw.as_str(), |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
        let path = after_scheme.trim_end_matches('/');
        if path.starts_with('/') && !path.contains(['{', '?', '#']) { path.to_owned() } else { String::new() }
    }

    fn item(&mut self, path: &str, item: &'a Value) {
        if !path.starts_with('/') {
            if !path.starts_with("x-") {
                self.reader.note(format!("`{path}` under `paths`"), "a path begins with a slash");
            }
            return;
        }
        let Some(item) = self.reader.resolve(item) else { return };
        let Some(item) = item.as_object() else {
            self.reader.note(format!("`{path}`"), "it is no object");
            return;
        };
        for method in METHODS {
            let Some(operation) = item.get(*method) else { continue };
            let label = format!("{} {path}", method.to_ascii_uppercase());
            if self.operations.len() >= OPENAPI_OPERATIONS {
                self.reader.note(
                    "the operations after the first",
                    format!("{OPENAPI_OPERATIONS} operations are read"),
                );
                return;
            }
            if !operation.is_object() {
                self.reader.note(label, "it is no object");
                continue;
            }
            self.reader.begin_operation();
            let operation = self.operation(path, method, operation, item.get("parameters"));
            self.operations.push(operation);
        }
    }

    fn operation(
        &mut self,
        path: &str,
        method: &str,
        value: &'a Value,
        shared: Option<&'a Value>,
    ) -> Operation {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut operation = Operation {
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            base: self.base.clone(),
            name: text("operationId").to_owned(),
            summary: [text("summary"), text("description")].join(" ").trim().to_owned(),
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            auth: self.auth(value),
            purpose: Purpose::Other,
            purpose_why: String::new(),
            handler: None,
            origin: Origin::Document,
        };
        let mut form = Vec::new();
        // The operation's own come first: a shared one of the same name and place gives way to them.
        let own = value.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let shared = shared.and_then(Value::as_array).into_iter().flatten();
        for parameter in own.chain(shared) {
            self.parameter(parameter, &mut operation, &mut form);
        }
        if !form.is_empty() {
            operation.body = Some(self.form(value, form));
        }
        if let Some(body) = value.get("requestBody").and_then(|body| self.reader.resolve(body)) {
            operation.body = self.body(body);
        }
        for name in super::operation::names_in(path) {
            let known = operation.parameters.iter().any(|one| one.place == Place::Path && one.name == name);
            if !known {
                let schema = Schema::default();
                operation.parameters.push(Parameter {
                    name: name.to_owned(),
                    place: Place::Path,
                    required: true,
                    schema,
                });
            }
        }
        for (status, answer) in value.get("responses").and_then(Value::as_object).into_iter().flatten() {
            let answer = self.answer(status, answer);
            operation.answers.extend(answer);
        }
        operation
    }

    fn parameter(
        &mut self,
        value: &'a Value,
        operation: &mut Operation,
        form: &mut Vec<(String, Schema, bool)>,
    ) {
        let Some(value) = self.reader.resolve(value) else { return };
        let name = value.get("name").and_then(Value::as_str);
        let (Some(name), Some(place)) = (name, value.get("in").and_then(Value::as_str)) else {
            self.reader.note(format!("a parameter of {}", operation.label()), "it lacks `name` or `in`");
            return;
        };
        let required = value.get("required").and_then(Value::as_bool) == Some(true);
        let content =
            value.get("content").and_then(Value::as_object).and_then(|content| content.values().next());
        let described = value.get("schema").or_else(|| content.and_then(|content| content.get("schema")));
        // Swagger 2.0 writes the type into the parameter itself.
        let mut schema = self.reader.schema(described.unwrap_or(value));
        schema.examples.splice(0..0, value.get("example").cloned());
        let place = match place {
            "path" => Place::Path,
            "query" => Place::Query,
            "header" => Place::Header,
            "cookie" => Place::Cookie,
            "body" => {
                let media = "application/json".to_owned();
                operation.body = Some(Body { media, schema, required, told_by: Origin::Document });
                return;
            }
            "formData" => {
                if value.get("type").and_then(Value::as_str) == Some("file") {
                    schema.format = Some("binary".to_owned());
                }
                form.push((name.to_owned(), schema, required));
                return;
            }
            other => {
                self.reader.note(
                    format!("parameter `{name}` of {}", operation.label()),
                    format!("`in: {other}` is unknown"),
                );
                return;
            }
        };
        // A parameter of these names is ignored by the specification (OpenAPI 3.1, 4.8.12.1).
        let described_elsewhere = place == Place::Header
            && ["accept", "content-type", "authorization"].contains(&name.to_ascii_lowercase().as_str());
        let known = operation.parameters.iter().any(|one| one.place == place && one.name == name);
        if !known && !described_elsewhere {
            let required = required || place == Place::Path;
            operation.parameters.push(Parameter { name: name.to_owned(), place, required, schema });
        }
    }

    fn form(&self, operation: &Value, fields: Vec<(String, Schema, bool)>) -> Body {
        let consumes = operation.get("consumes").or_else(|| self.root.get("consumes"));
        let has_file = fields.iter().any(|(_, schema, _)| schema.format.as_deref() == Some("binary"));
        let named = consumes
            .and_then(|list| list.get(0))
            .and_then(Value::as_str)
            .filter(|media| media.contains("form"));
        let usual = if has_file { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
        Body {
            media: named.unwrap_or(usual).to_owned(),
            schema: Schema::object(fields),
            required: true,
            told_by: Origin::Document,
        }
    }

    /// Of several media types, JSON before forms before anything else: it can be broken in the most ways.
    fn body(&mut self, value: &'a Value) -> Option<Body> {
        let content = value.get("content").and_then(Value::as_object)?;
        let required = value.get("required").and_then(Value::as_bool) == Some(true);
        let mut bodies: Vec<Body> = Vec::new();
        for (media, described) in content {
            let mut schema =
                described.get("schema").map(|schema| self.reader.schema(schema)).unwrap_or_default();
            schema.examples.splice(0..0, described.get("example").cloned());
            let named = described.get("examples").and_then(Value::as_object);
            schema.examples.extend(
                named
                    .into_iter()
                    .flat_map(|named| named.values())
                    .filter_map(|one| one.get("value"))
                    .cloned(),
            );
            bodies.push(Body { media: media.clone(), schema, required, told_by: Origin::Document });
        }
        let rank = |body: &Body| (!body.is_json(), !body.is_multipart(), !body.is_form());
        bodies.into_iter().min_by_key(rank)
    }

    fn answer(&mut self, status: &str, value: &'a Value) -> Option<Answer> {
        let value = self.reader.resolve(value)?;
        let content = value.get("content").and_then(Value::as_object);
        let json = content
            .and_then(|content| content.iter().find(|(media, _)| media.contains("json") || *media == "*/*"));
        let described =
            json.and_then(|(_, described)| described.get("schema")).or_else(|| value.get("schema"));
        let schema = described.map(|schema| self.reader.schema(schema));
        Some(Answer { status: status.to_ascii_uppercase(), schema })
    }

    fn auth(&self, operation: &Value) -> Auth {
        let schemes =
            self.root.pointer("/components/securitySchemes").or_else(|| self.root.get("securityDefinitions"));
        let Some(requirements) =
            operation.get("security").or_else(|| self.root.get("security")).and_then(Value::as_array)
        else {
            return if schemes.is_some() { Auth::Open } else { Auth::Unknown };
        };
        let names = requirements.iter().filter_map(Value::as_object).flat_map(|one| one.keys());
        let open = requirements.is_empty()
            || requirements.iter().any(|one| one.as_object().is_some_and(|one| one.is_empty()));
        if open {
            return Auth::Open;
        }
        Auth::Required(
            names.map(|name| scheme(name, schemes.and_then(|schemes| schemes.get(name)))).collect(),
        )
    }
}

fn scheme(name: &str, value: Option<&Value>) -> Scheme {
    let text = |key: &str| value.and_then(|value| value.get(key)).and_then(Value::as_str).unwrap_or_default();
    match (text("type"), text("scheme").to_ascii_lowercase().as_str()) {
        ("http", "bearer") | ("oauth2" | "openIdConnect", _) => Scheme::Bearer,
        ("http", "basic") | ("basic", _) => Scheme::Basic,
        ("apiKey", _) => {
            let key = text("name").to_owned();
            match text("in") {
                // Swagger 2.0 has no bearer scheme, and so writes it as a key.
                "header" if key.eq_ignore_ascii_case("authorization") => Scheme::Bearer,
                "query" => Scheme::Key(Place::Query, key),
                "cookie" => Scheme::Key(Place::Cookie, key),
                _ => Scheme::Key(Place::Header, key),
            }
        }
        _ => Scheme::Other(name.to_owned()),
    }
}

/// Operations from the routes read from source, for a service without a document.
pub fn from_routes(surface: &surface::Surface) -> Vec<Operation> {
    surface.routes.iter().flat_map(route).collect()
}

fn route(route: &surface::Route) -> Vec<Operation> {
    use surface::InputPlace;
    let mut parameters = Vec::new();
    let mut fields = Vec::new();
    let mut media = "application/json";
    for input in &route.inputs {
        let mut schema = Schema::of_type(types_of(input.kind));
        let place = match input.place {
            InputPlace::Path => Place::Path,
            InputPlace::Query => Place::Query,
            InputPlace::Header => Place::Header,
            InputPlace::Cookie => Place::Cookie,
            InputPlace::Json | InputPlace::Form | InputPlace::File => {
                match input.place {
                    InputPlace::File => {
                        schema.format = Some("binary".to_owned());
                        media = "multipart/form-data";
                    }
                    InputPlace::Form if media == "application/json" => {
                        media = "application/x-www-form-urlencoded"
                    }
                    _ => {}
                }
                fields.push((input.name.clone(), schema, input.required));
                continue;
            }
        };
        parameters.push(Parameter {
            name: input.name.clone(),
            place,
            required: input.required || place == Place::Path,
            schema,
        });
    }
    for name in super::operation::names_in(&route.path) {
        if !parameters.iter().any(|one: &Parameter| one.place == Place::Path && one.name == name) {
            parameters.push(Parameter {
                name: name.to_owned(),
                place: Place::Path,
                required: true,
                schema: Schema::default(),
            });
        }
    }
    let body = (!fields.is_empty()).then(|| Body {
        media: media.to_owned(),
        schema: Schema::object(fields),
        required: true,
        told_by: Origin::Routes,
    });
    let methods: Vec<String> = match route.method.as_str() {
        "*" if body.is_some() => vec!["POST".to_owned()],
        "*" => vec!["GET".to_owned()],
        method => vec![method.to_ascii_uppercase()],
    };
    let operation = |method: String| Operation {
        method,
        path: route.path.clone(),
        base: String::new(),
        name: route.handler.as_ref().map_or_else(String::new, |handler| handler.symbol.clone()),
        summary: String::new(),
        parameters: parameters.clone(),
        body: body.clone(),
        answers: Vec::new(),
        auth: Auth::Unknown,
        purpose: Purpose::Other,
        purpose_why: String::new(),
        handler: route.handler.clone(),
        origin: Origin::Routes,
    };
    methods.into_iter().map(operation).collect()
}

fn types_of(kind: surface::InputKind) -> Types {
    use surface::InputKind;
    match kind {
        InputKind::Unknown => Types::ANY,
        InputKind::Text => Types::STRING,
        InputKind::Integer => Types::INTEGER,
        InputKind::Number => Types::NUMBER,
        InputKind::Boolean => Types::BOOLEAN,
        InputKind::List => Types::ARRAY,
        InputKind::Object => Types::OBJECT,
    }
}

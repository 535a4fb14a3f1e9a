//! One request to an operation, taken apart: each part can be changed on its own before it becomes bytes.

use serde_json::{Map, Value};

use super::generate::{Fresh, Generator, Style};
use super::known::Known;
use super::operation::{Operation, Place, Purpose};
use super::shape::{Schema, Types};

/// One request to an operation, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Upper case.
    pub method: String,
    /// The path template, base included.
    pub route: String,
    /// Values of the template's names, not yet percent-encoded.
    pub path: Vec<(String, String)>,
    /// Pairs of the query string, not yet percent-encoded.
    pub query: Vec<(String, String)>,
    /// Header fields, `Content-Type` and `Cookie` not among them.
    pub headers: Vec<(String, String)>,
    /// Cookies.
    pub cookies: Vec<(String, String)>,
    /// The body.
    pub payload: Payload,
}

/// The body of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// No body at all.
    None,
    /// JSON.
    Json(Value),
    /// A URL-encoded form.
    Form(Vec<(String, String)>),
    /// A multipart form (RFC 7578).
    Multipart(Vec<Part>),
    /// Anything else, as bytes with their media type; without one when that is empty.
    Raw {
        /// `Content-Type`, or empty for none.
        media: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// One part of a multipart form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The file's name and media type, when it is a file.
    pub file: Option<(String, String)>,
    /// The contents.
    pub bytes: Vec<u8>,
}

/// The boundary between parts. It is in no generated value.
const BOUNDARY: &str = "seaworthy-7d1f0c5a";

/// The smallest PNG (1 × 1 pixel): most uploads are of pictures, and some look inside.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

impl Call {
    /// A call that the operation's schema admits, using what is known of the service's data.
    pub fn valid(operation: &Operation, fresh: &mut Fresh, known: &Known, style: Style) -> Self {
        let as_known_user = operation.purpose == Purpose::Login
            || (operation.purpose == Purpose::Register && known.registering);
        let refers = !matches!(operation.purpose, Purpose::Create | Purpose::Register);
        let mut generator = Generator { fresh, known, style, as_known_user, refers };
        let mut call = Self {
            method: operation.method.clone(),
            route: operation.route(),
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            cookies: Vec::new(),
            payload: Payload::None,
        };
        for parameter in &operation.parameters {
            let needed =
                parameter.required || (style != Style::Required && !parameter.schema.examples.is_empty());
            if parameter.place == Place::Path {
                let value = path_value(operation, &parameter.name, &parameter.schema, &mut generator);
                call.path.push((parameter.name.clone(), value));
            } else if needed || (style == Style::Full && parameter.place == Place::Query) {
                let value = text_of(&generator.value(&parameter.name, &parameter.schema));
                let list = match parameter.place {
                    Place::Header => &mut call.headers,
                    Place::Cookie => &mut call.cookies,
                    _ => &mut call.query,
                };
                list.push((parameter.name.clone(), value));
            }
        }
        if let Some(body) = &operation.body {
            call.payload = if body.is_json() {
                Payload::Json(generator.value("", &as_object(&body.schema)))
            } else if body.is_multipart() {
                Payload::Multipart(parts(&body.schema, &mut generator))
            } else if body.is_form() {
                let value = generator.value("", &as_object(&body.schema));
                Payload::Form(value.as_object().map(form_fields).unwrap_or_default())
            } else {
                let bytes = text_of(&generator.value("", &Schema::of_type(Types::STRING))).into_bytes();
                Payload::Raw { media: body.media.clone(), bytes }
            };
        }
        call
    }

    /// The request's target: the route with its values percent-encoded, and the query string.
    pub fn target(&self) -> String {
        let mut target = self.route.clone();
        for (name, value) in &self.path {
            target = target.replace(&format!("{{{name}}}"), &percent_encoded(value));
        }
        if !self.query.is_empty() {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&encoded_pairs(&self.query));
        }
        target
    }

    /// The bytes of the body, and its `Content-Type`.
    pub fn body(&self) -> (Option<String>, Vec<u8>) {
        match &self.payload {
            Payload::None => (None, Vec::new()),
            Payload::Json(value) => (Some("application/json".to_owned()), value.to_string().into_bytes()),
            Payload::Form(pairs) => {
                (Some("application/x-www-form-urlencoded".to_owned()), encoded_pairs(pairs).into_bytes())
            }
            Payload::Multipart(parts) => {
                (Some(format!("multipart/form-data; boundary={BOUNDARY}")), multipart(parts))
            }
            Payload::Raw { media, bytes } => {
                (Some(media.clone()).filter(|media| !media.is_empty()), bytes.clone())
            }
        }
    }

    /// Every header field but `Host` and the framing: given ones, `Cookie`, `Content-Type`.
    pub fn header_fields(&self) -> Vec<(String, String)> {
        let mut fields = self.headers.clone();
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            fields.push(("Cookie".to_owned(), pairs.join("; ")));
        }
        fields.extend(self.body().0.map(|media| ("Content-Type".to_owned(), media)));
        fields
    }
}

fn path_value(operation: &Operation, name: &str, schema: &Schema, generator: &mut Generator<'_>) -> String {
    if let Some(known) = generator.known.path_value(&operation.route(), name) {
        return text_of(known);
    }
    let unsaid = schema.types == Types::ANY
        && schema.format.is_none()
        && schema.pattern.is_none()
        && schema.examples.is_empty();
    // Without any word about it, an id is likeliest a small number.
    if unsaid && super::names::is_identifier(name) {
        "1".to_owned()
    } else {
        text_of(&generator.value(name, schema))
    }
}

/// A body whose schema says nothing is an object all the same.
fn as_object(schema: &Schema) -> Schema {
    let unsaid =
        schema.types == Types::ANY && schema.likely_type() == Types::STRING && schema.allowed.is_none();
    if unsaid && schema.alternatives.is_empty() && schema.examples.is_empty() {
        Schema::of_type(Types::OBJECT)
    } else {
        schema.clone()
    }
}

fn form_fields(object: &Map<String, Value>) -> Vec<(String, String)> {
    object.iter().map(|(name, value)| (name.clone(), text_of(value))).collect()
}

fn parts(schema: &Schema, generator: &mut Generator<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    for (name, property) in &schema.properties {
        let is_file = |schema: &Schema| schema.format.as_deref() == Some("binary");
        if is_file(property) || property.items.as_deref().is_some_and(is_file) {
            let file = Some((format!("{}.png", generator.fresh.unique()), "image/png".to_owned()));
            parts.push(Part { name: name.clone(), file, bytes: PNG.to_vec() });
        } else if schema.required.contains(name) || generator.style != Style::Required {
            let bytes = text_of(&generator.value(name, property)).into_bytes();
            parts.push(Part { name: name.clone(), file: None, bytes });
        }
    }
    if parts.is_empty() {
        let file = Some((format!("{}.png", generator.fresh.unique()), "image/png".to_owned()));
        parts.push(Part { name: "file".to_owned(), file, bytes: PNG.to_vec() });
    }
    parts
}

/// A value as it stands in a path, a query or a form: strings bare, everything else as JSON.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) if items.iter().all(|item| !item.is_array() && !item.is_object()) => {
            items.iter().map(text_of).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// Everything but the unreserved characters (RFC 3986, 2.3) as `%XX`.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn encoded_pairs(pairs: &[(String, String)]) -> String {
    let encoded =
        pairs.iter().map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)));
    encoded.collect::<Vec<_>>().join("&")
}

fn multipart(parts: &[Part]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        let mut head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"", part.name);
        if let Some((name, media)) = &part.file {
            head.push_str(&format!("; filename=\"{name}\"\r\nContent-Type: {media}"));
        }
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(&part.bytes);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    bytes
}

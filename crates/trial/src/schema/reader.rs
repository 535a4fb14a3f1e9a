//! Reads the JSON Schemas of a document into [`Schema`]: follows references, merges `allOf`, and goes on past what is odd.

use serde_json::{Map, Value};

use seaworthy_core::NotChecked;
use seaworthy_core::limits::{SCHEMA_DEPTH, SCHEMA_NODES};

use super::shape::{Additional, Schema, Types};

/// Things said about one document; a generated one repeats the same mistake thousands of times.
const NOTES: usize = 64;

/// Follows references inside one document and collects what could not be followed.
pub(super) struct Reader<'a> {
    root: &'a Value,
    /// What could not be read, each thing once.
    pub(super) not_read: Vec<NotChecked>,
    /// Schemas read for the operation at hand.
    nodes: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root, not_read: Vec::new(), nodes: 0 }
    }

    /// Begins another operation: each has its own budget, so that one huge schema does not cost the others theirs.
    pub(super) fn begin_operation(&mut self) {
        self.nodes = 0;
    }

    /// Says once that something was not read.
    pub(super) fn note(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let note = NotChecked { what: what.into(), why: why.into() };
        if self.not_read.len() < NOTES && !self.not_read.contains(&note) {
            self.not_read.push(note);
        }
    }

    /// Follows `$ref` until there is none. `None` when it leads nowhere, which is noted.
    pub(super) fn resolve(&mut self, value: &'a Value) -> Option<&'a Value> {
        let mut value = value;
        for _ in 0..SCHEMA_DEPTH {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Some(value) };
            value = self.target(reference)?;
        }
        self.note("a chain of references", "it leads in a circle");
        None
    }

    /// What a reference points to (RFC 6901 in a URI fragment).
    fn target(&mut self, reference: &str) -> Option<&'a Value> {
        let Some(fragment) = reference.strip_prefix('#') else {
            self.note(
                format!("what `$ref: {reference}` refers to"),
                "only references inside the document are followed",
            );
            return None;
        };
        let pointer = percent_decoded(fragment);
        let found = self.root.pointer(&pointer);
        if found.is_none() {
            self.note(
                format!("what `$ref: {reference}` refers to"),
                "there is no such place in the document",
            );
        }
        found
    }

    /// Reads a schema. What is not understood admits everything, so that nothing is accused on the strength of it.
    pub(super) fn schema(&mut self, value: &'a Value) -> Schema {
        let schema = self.read(value, &mut Vec::new(), 0);
        if self.nodes > SCHEMA_NODES {
            self.note(
                "the rest of a schema",
                format!("an operation unfolds into more than {SCHEMA_NODES} schemas"),
            );
        }
        schema
    }

    fn read(&mut self, value: &'a Value, followed: &mut Vec<String>, depth: usize) -> Schema {
        self.nodes += 1;
        let cut = Schema { cut: true, ..Schema::default() };
        if depth > SCHEMA_DEPTH || self.nodes > SCHEMA_NODES {
            return cut;
        }
        let object = match value {
            Value::Object(object) => object,
            Value::Bool(admits) => return Schema { never: !admits, ..Schema::default() },
            _ => return Schema::default(),
        };
        let mut schema = self.own(object, followed, depth);
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            if followed.iter().any(|one| one == reference) {
                return cut;
            }
            let Some(target) = self.target(reference) else { return schema };
            followed.push(reference.to_owned());
            let referred = self.read(target, followed, depth + 1);
            followed.pop();
            schema = schema.merge(referred);
        }
        for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let part = self.read(part, followed, depth + 1);
            // A part that is cut off says nothing about the whole.
            if !part.cut {
                schema = schema.merge(part);
            }
        }
        for keyword in ["oneOf", "anyOf"] {
            let Some(parts) = object.get(keyword).and_then(Value::as_array) else { continue };
            let parts: Vec<_> = parts
                .iter()
                .map(|part| self.read(part, followed, depth + 1))
                .filter(|part| !part.cut)
                .collect();
            let affordable = (SCHEMA_NODES / schema.size()).max(1);
            schema = schema
                .with_alternatives(parts.into_iter().filter(|part| !part.never).take(affordable).collect());
        }
        schema
    }

    /// The keywords of the schema itself.
    fn own(&mut self, object: &'a Map<String, Value>, followed: &mut Vec<String>, depth: usize) -> Schema {
        let number = |name: &str| object.get(name).and_then(Value::as_f64);
        let count =
            |name: &str| object.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let flag = |name: &str| object.get(name).and_then(Value::as_bool) == Some(true);
        let mut schema = Schema {
            types: types(object),
            format: object.get("format").and_then(Value::as_str).map(str::to_owned),
            allowed: object
                .get("enum")
                .and_then(Value::as_array)
                .cloned()
                .or_else(|| object.get("const").map(|one| vec![one.clone()])),
            pattern: object.get("pattern").and_then(Value::as_str).map(str::to_owned),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            minimum: number("minimum"),
            maximum: number("maximum"),
            above: number("exclusiveMinimum"),
            below: number("exclusiveMaximum"),
            multiple_of: number("multipleOf").filter(|n| *n > 0.0),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            unique_items: flag("uniqueItems"),
            read_only: flag("readOnly"),
            ..Schema::default()
        };
        // OpenAPI 3.0 writes `exclusiveMinimum: true` beside `minimum`.
        if flag("exclusiveMinimum") {
            schema.above = schema.minimum.take();
        }
        if flag("exclusiveMaximum") {
            schema.below = schema.maximum.take();
        }
        if object.get("contentMediaType").is_some() || object.get("contentEncoding").is_some() {
            schema.format.get_or_insert_with(|| "binary".to_owned());
        }
        schema.examples.extend(object.get("example").cloned());
        schema
            .examples
            .extend(object.get("examples").and_then(Value::as_array).into_iter().flatten().cloned());
        schema.examples.extend(object.get("default").filter(|value| !value.is_null()).cloned());
        schema.items = object.get("items").map(|items| Box::new(self.read(items, followed, depth + 1)));
        for (name, property) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
            schema.properties.push((name.clone(), self.read(property, followed, depth + 1)));
        }
        // Draft 3 and many hands write `required: true` at a property; only a list of names counts.
        let required = object.get("required").and_then(Value::as_array).into_iter().flatten();
        schema.required.extend(required.filter_map(Value::as_str).map(str::to_owned));
        schema.additional = match object.get("additionalProperties") {
            Some(Value::Bool(false)) => Additional::Refused,
            Some(other @ Value::Object(_)) => Additional::Of(Box::new(self.read(other, followed, depth + 1))),
            _ => Additional::Anything,
        };
        schema
    }
}

/// The types of a schema: a name, a list of names (3.1), `nullable` (3.0).
fn types(object: &Map<String, Value>) -> Types {
    let names: Vec<&str> = match object.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => return Types::ANY,
    };
    let known: Option<Vec<Types>> =
        names.into_iter().map(|name| Types::named(&name.to_ascii_lowercase())).collect();
    let Some(named) = known.and_then(|known| known.into_iter().reduce(Types::union)) else {
        return Types::ANY;
    };
    let nullable = object.get("nullable").and_then(Value::as_bool) == Some(true);
    if nullable { named.union(Types::NULL) } else { named }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let decoded = (*first == b'%')
            .then(|| after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok()))
            .flatten()
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

//! The text of an OpenAPI document as one JSON value, whether written in JSON or in YAML, within bounds.
//!
//! YAML is read event by event (yaml-rust2), because only there an alias can be counted before it is copied: a document
//! of a kilobyte can name 10^9 nodes ("billion laughs"), and readers that build the tree first have already lost.

use std::collections::HashMap;

use seaworthy_core::limits::{OPENAPI_BYTES, OPENAPI_DEPTH, OPENAPI_NODES};
use serde_json::{Map, Number, Value};
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::TScalarStyle;

/// Why a document could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// More bytes than are read.
    #[error("the document has {bytes} bytes, and {OPENAPI_BYTES} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It unfolds, aliases counted, into more values than are read.
    #[error("the document unfolds into more than {OPENAPI_NODES} values")]
    TooManyValues,
    /// It is nested deeper than is read.
    #[error("the document is nested deeper than {OPENAPI_DEPTH} levels")]
    TooDeep,
    /// Neither JSON nor YAML.
    #[error("the document is neither JSON nor YAML: {what}")]
    Syntax {
        /// What the parser said, with its line.
        what: String,
    },
    /// Well-formed, and no OpenAPI document.
    #[error("this is no OpenAPI document: {what}")]
    NotOpenApi {
        /// What is missing.
        what: String,
    },
}

/// Reads JSON or YAML.
pub(super) fn read(bytes: &[u8]) -> Result<Value, ReadError> {
    if bytes.len() > OPENAPI_BYTES {
        return Err(ReadError::TooLarge { bytes: bytes.len() });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let looks_like_json =
        bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| *byte == b'{');
    // serde_json itself stops at 128 levels.
    let json = looks_like_json.then(|| serde_json::from_slice(bytes));
    if let Some(Ok(value)) = json {
        return Ok(value);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError::Syntax { what: error.to_string() })?;
    let yaml = Loader::default().load(text);
    match (json, yaml) {
        // What begins like JSON is told about as JSON, unless YAML could make something of it.
        (Some(Err(error)), Err(ReadError::Syntax { .. })) => {
            Err(ReadError::Syntax { what: error.to_string() })
        }
        (_, yaml) => yaml,
    }
}

/// One collection that is being filled.
enum Open {
    List { anchor: usize, items: Vec<Value>, nodes: usize },
    Map { anchor: usize, entries: Map<String, Value>, key: Option<String>, nodes: usize },
}

#[derive(Default)]
struct Loader {
    open: Vec<Open>,
    anchors: HashMap<usize, (Value, usize)>,
    nodes: usize,
    root: Option<Value>,
}

impl Loader {
    fn load(mut self, text: &str) -> Result<Value, ReadError> {
        let mut parser = Parser::new_from_str(text);
        loop {
            let (event, _) =
                parser.next_token().map_err(|error| ReadError::Syntax { what: error.to_string() })?;
            match event {
                Event::StreamEnd | Event::DocumentEnd => return Ok(self.root.unwrap_or(Value::Null)),
                Event::Scalar(text, style, anchor, _) => {
                    let value = if self.wants_key() || style != TScalarStyle::Plain {
                        Value::String(text)
                    } else {
                        plain(text)
                    };
                    self.place(value, 1, anchor)?;
                }
                Event::Alias(anchor) => {
                    let size = self.anchors.get(&anchor).map_or(1, |(_, size)| *size);
                    self.afford(size)?;
                    // An alias to a collection that is still open would be a cycle, which no JSON value has.
                    let value = self.anchors.get(&anchor).map_or(Value::Null, |(value, _)| value.clone());
                    self.place(value, size, 0)?;
                }
                Event::SequenceStart(anchor, _) => {
                    self.begin(Open::List { anchor, items: Vec::new(), nodes: 1 })?
                }
                Event::MappingStart(anchor, _) => {
                    self.begin(Open::Map { anchor, entries: Map::new(), key: None, nodes: 1 })?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end()?,
                Event::Nothing | Event::StreamStart | Event::DocumentStart => {}
            }
        }
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    fn afford(&mut self, size: usize) -> Result<(), ReadError> {
        self.nodes = self.nodes.saturating_add(size);
        if self.nodes > OPENAPI_NODES { Err(ReadError::TooManyValues) } else { Ok(()) }
    }

    fn begin(&mut self, collection: Open) -> Result<(), ReadError> {
        if self.open.len() >= OPENAPI_DEPTH {
            return Err(ReadError::TooDeep);
        }
        self.open.push(collection);
        Ok(())
    }

    fn end(&mut self) -> Result<(), ReadError> {
        match self.open.pop() {
            Some(Open::List { anchor, items, nodes }) => self.place(Value::Array(items), nodes, anchor),
            Some(Open::Map { anchor, entries, nodes, .. }) => {
                self.place(Value::Object(merged(entries)), nodes, anchor)
            }
            None => Ok(()),
        }
    }

    fn place(&mut self, value: Value, size: usize, anchor: usize) -> Result<(), ReadError> {
        self.afford(1)?;
        if anchor != 0 {
            self.afford(size)?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        match self.open.last_mut() {
            None => {
                self.root.get_or_insert(value);
            }
            Some(Open::List { items, nodes, .. }) => {
                *nodes = nodes.saturating_add(size);
                items.push(value);
            }
            Some(Open::Map { entries, key, nodes, .. }) => {
                *nodes = nodes.saturating_add(size);
                match key.take() {
                    None => *key = Some(key_of(value)),
                    Some(key) => drop(entries.insert(key, value)),
                }
            }
        }
        Ok(())
    }
}

fn key_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// YAML 1.1 merge keys, which OpenAPI texts use for shared responses although YAML 1.2 dropped them.
fn merged(mut entries: Map<String, Value>) -> Map<String, Value> {
    let bases = match entries.remove("<<") {
        None => return entries,
        Some(Value::Array(bases)) => bases,
        Some(base) => vec![base],
    };
    for base in bases {
        if let Value::Object(base) = base {
            for (key, value) in base {
                entries.entry(key).or_insert(value);
            }
        }
    }
    entries
}

/// A plain scalar by the core schema of YAML 1.2 (10.3.2).
fn plain(text: String) -> Value {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Value::String(text);
    }
    let unsigned = text.strip_prefix('+').unwrap_or(&text);
    if let Ok(number) = unsigned.parse::<i64>() {
        return Value::Number(number.into());
    }
    if let Ok(number) = unsigned.parse::<u64>() {
        return Value::Number(number.into());
    }
    let float = unsigned.parse::<f64>().ok().and_then(Number::from_f64);
    float.map_or(Value::String(text), Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_and_json_say_the_same() {
        let yaml = b"openapi: 3.0.3\npaths:\n  /a:\n    get:\n      responses:\n        200: {description: 'ok'}\n        \"404\": {description: no}\n";
        let json = br#"{"openapi":"3.0.3","paths":{"/a":{"get":{"responses":{"200":{"description":"ok"},"404":{"description":"no"}}}}}}"#;
        assert_eq!(read(yaml).unwrap(), read(json).unwrap());
    }

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        let value =
            read(b"base: &b {a: 1, b: [x, ~, 1.5, true]}\nother:\n  <<: *b\n  a: 2\nsame: *b\n").unwrap();
        assert_eq!(value["other"], json!({"a": 2, "b": ["x", null, 1.5, true]}));
        assert_eq!(value["same"], json!({"a": 1, "b": ["x", null, 1.5, true]}));
    }

    #[test]
    fn an_alias_bomb_is_refused_in_time() {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..12 {
            let below = level - 1;
            let row = vec![format!("*a{below}"); 10].join(",");
            text.push_str(&format!("a{level}: &a{level} [{row}]\n"));
        }
        assert_eq!(read(text.as_bytes()), Err(ReadError::TooManyValues));
    }

    #[test]
    fn deep_nesting_and_other_bytes_are_refused() {
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        assert!(matches!(read(deep.as_bytes()), Err(ReadError::TooDeep | ReadError::Syntax { .. })));
        let deep = format!("{{\"a\":{deep}}}");
        assert!(read(deep.as_bytes()).is_err());
        assert!(matches!(read(b"\xff\xfe\x00"), Err(ReadError::Syntax { .. })));
        assert!(matches!(read(b"{\"a\": "), Err(ReadError::Syntax { .. })));
        assert!(matches!(read(&vec![b' '; OPENAPI_BYTES + 1]), Err(ReadError::TooLarge { .. })));
    }

    #[test]
    fn a_cycle_of_aliases_ends() {
        assert_eq!(read(b"a: &a [1, *a]\n").unwrap(), json!({"a": [1, null]}));
    }
}

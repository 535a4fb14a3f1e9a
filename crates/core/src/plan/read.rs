//! From text to plan, with every mistake at its line.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::limits;
use crate::plan::{Plan, meaning, nearest, schema};

/// What is wrong with a plan, in the order of the lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct PlanError {
    /// At least one.
    pub problems: Vec<PlanProblem>,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlanProblem {
    /// The line, from 1.
    pub line: u32,
    /// The key, as a path such as `service[0].start`; empty when the text is not TOML.
    pub key: String,
    /// What is wrong, with the nearest right name where there is one.
    pub message: String,
}

impl fmt::Display for PlanProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", crate::plan::FILE_NAME, self.line)?;
        if self.key.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "`{}`: {}", self.key, self.message)
        }
    }
}

pub(super) fn read(text: &str) -> Result<Plan, PlanError> {
    if text.len() > limits::PLAN_BYTES {
        let message = format!("the file has {} bytes, more than {}", text.len(), limits::PLAN_BYTES);
        return Err(PlanError { problems: vec![PlanProblem { line: 1, key: String::new(), message }] });
    }
    let table = DeTable::parse(text).map_err(|error| not_toml(text, &error))?;
    let schema = schema::plan_schema();
    let mut walk = Walk { text, schema: &schema, problems: Vec::new(), lines: BTreeMap::new() };
    walk.table(table.get_ref(), &schema, "");
    let Walk { mut problems, lines, .. } = walk;
    if problems.is_empty() {
        match toml::from_str::<Plan>(text) {
            Ok(mut plan) => {
                plan.lines = lines;
                plan.services
                    .iter_mut()
                    .flat_map(|service| &mut service.promises)
                    .for_each(|promise| promise.complete());
                problems = meaning::problems(&plan);
                if problems.is_empty() {
                    return Ok(plan);
                }
            }
            Err(error) => return Err(not_toml(text, &error)),
        }
    }
    problems.sort();
    problems.dedup();
    Err(PlanError { problems })
}

fn not_toml(text: &str, error: &toml::de::Error) -> PlanError {
    let line = error.span().map_or(1, |span| line_at(text, span.start));
    PlanError {
        problems: vec![PlanProblem { line, key: String::new(), message: error.message().to_owned() }],
    }
}

fn line_at(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    u32::try_from(before.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX).saturating_add(1)
}

struct Walk<'a> {
    text: &'a str,
    schema: &'a Value,
    problems: Vec<PlanProblem>,
    lines: BTreeMap<String, u32>,
}

impl<'a> Walk<'a> {
    fn problem(&mut self, span: &Range<usize>, key: &str, message: String) {
        self.problems.push(PlanProblem {
            line: line_at(self.text, span.start),
            key: key.to_owned(),
            message,
        });
    }

    fn follow(&self, schema: &'a Value) -> &'a Value {
        let pointer = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
        pointer.and_then(|pointer| self.schema.pointer(pointer)).unwrap_or(schema)
    }

    /// The alternatives of a schema, itself when it has none; `null` ones left out, since TOML has no null.
    fn alternatives(&self, schema: &'a Value) -> Vec<&'a Value> {
        let schema = self.follow(schema);
        let several = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array);
        match several {
            Some(several) => {
                several.iter().flat_map(|one| self.alternatives(one)).filter(|one| !is_null(one)).collect()
            }
            None => vec![schema],
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, schema: &'a Value, path: &str) {
        let span = value.span();
        self.lines.entry(path.to_owned()).or_insert_with(|| line_at(self.text, span.start));
        let alternatives = self.alternatives(schema);
        let fitting: Vec<&Value> =
            alternatives.iter().copied().filter(|one| admits(one, value.get_ref())).collect();
        match (fitting.as_slice(), value.get_ref()) {
            ([], found) => {
                let expected = expected(&alternatives);
                let message = match (found.as_str(), allowed(&alternatives)) {
                    (Some(text), Some(names)) => {
                        let hint = nearest(text, names.iter().copied())
                            .map(|name| format!("; did you mean `{name}`?"));
                        format!("`{text}` is not one of {}{}", listed(&names), hint.unwrap_or_default())
                    }
                    _ => format!("expected {expected}, found {}", found.type_str()),
                };
                self.problem(&span, path, message);
            }
            ([one], DeValue::Table(table)) => self.table(table, one, path),
            (several, DeValue::Table(table)) => match by_kind(several, table) {
                Ok(one) => self.table(table, one, path),
                Err(message) => self.problem(&span, path, message),
            },
            ([one, ..], DeValue::Array(items)) => {
                let anything = Value::Bool(true);
                if let Some(item_schema) = one.get("items").filter(|items| **items != anything) {
                    for (index, item) in items.iter().enumerate() {
                        self.value(item, item_schema, &format!("{path}[{index}]"));
                    }
                }
            }
            ([one, ..], DeValue::String(text)) => self.pattern(text, one, &span, path),
            _ => {}
        }
    }

    /// Texts with a form of their own are held against the type that reads them, whose message says more than a pattern could.
    fn pattern(&mut self, text: &str, schema: &Value, span: &Range<usize>, path: &str) {
        use crate::plan::promise::{Carrier, Place, RequestLine};
        let text = text.to_owned();
        let result = match schema.get("pattern").and_then(Value::as_str) {
            Some(pattern) if pattern.starts_with("^[A-Z]+ /") => RequestLine::try_from(text).map(drop),
            Some(pattern) if pattern.starts_with("^(json:") => Place::try_from(text).map(drop),
            Some(pattern) if pattern.starts_with("^(cookie|bearer") => Carrier::try_from(text).map(drop),
            _ => Ok(()),
        };
        if let Err(message) = result {
            self.problem(span, path, message);
        }
    }

    fn table(&mut self, table: &DeTable<'_>, schema: &'a Value, path: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        for (key, value) in table {
            let name: &str = key.get_ref();
            let inner = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            self.lines.entry(inner.clone()).or_insert_with(|| line_at(self.text, key.span().start));
            match (properties.and_then(|known| known.get(name)), others) {
                (Some(schema), _) => self.value(value, schema, &inner),
                (None, Some(Value::Bool(false))) => {
                    let known: Vec<&str> =
                        properties.into_iter().flat_map(|known| known.keys()).map(String::as_str).collect();
                    let message = match nearest(name, known.iter().copied()) {
                        Some(right) => format!("unknown key; did you mean `{right}`?"),
                        None => format!("unknown key; known here: {}", listed(&known)),
                    };
                    self.problem(&key.span(), &inner, message);
                }
                (None, Some(schema @ Value::Object(_))) => self.value(value, schema, &inner),
                (None, _) => {}
            }
        }
        for required in
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            if !table.contains_key(required) {
                let line = self.lines.get(path).copied().unwrap_or(1);
                let message = format!("`{required}` is missing");
                self.problems.push(PlanProblem { line, key: path.to_owned(), message });
            }
        }
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

/// Whether a value of this TOML type can be of the schema at all; what is inside is looked at later.
fn admits(schema: &Value, value: &DeValue<'_>) -> bool {
    if let Some(constant) = schema.get("const") {
        return constant.as_str().is_some_and(|text| value.as_str() == Some(text));
    }
    if let Some(names) = schema.get("enum").and_then(Value::as_array) {
        return names.iter().any(|name| name.as_str().is_some_and(|text| value.as_str() == Some(text)));
    }
    let fits = |name: &str| match (name, value) {
        ("string", DeValue::String(_))
        | ("boolean", DeValue::Boolean(_))
        | ("number", DeValue::Float(_))
        | ("array", DeValue::Array(_))
        | ("object", DeValue::Table(_)) => true,
        ("integer" | "number", DeValue::Integer(number)) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
            let minimum = schema.get("minimum").and_then(Value::as_f64);
            number.is_some_and(|number| minimum.is_none_or(|minimum| number as f64 >= minimum))
        }
        _ => false,
    };
    match schema.get("type") {
        Some(Value::String(name)) => fits(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    }
}

/// Of several kinds of table, the one that `kind` names.
fn by_kind<'v>(several: &[&'v Value], table: &DeTable<'_>) -> Result<&'v Value, String> {
    let kind_of = |schema: &'v Value| schema.pointer("/properties/kind/const").and_then(Value::as_str);
    let kinds: Vec<&str> = several.iter().filter_map(|schema| kind_of(schema)).collect();
    if kinds.is_empty() {
        return several.first().copied().ok_or_else(|| "no table fits here".to_owned());
    }
    let Some(kind) = table.get("kind").and_then(|kind| kind.get_ref().as_str()) else {
        return Err(format!("`kind` is missing: one of {}", listed(&kinds)));
    };
    several.iter().copied().find(|schema| kind_of(schema) == Some(kind)).ok_or_else(|| {
        let hint = nearest(kind, kinds.iter().copied()).map(|name| format!("; did you mean `{name}`?"));
        format!("`{kind}` is not a kind: one of {}{}", listed(&kinds), hint.unwrap_or_default())
    })
}

fn allowed<'v>(alternatives: &[&'v Value]) -> Option<Vec<&'v str>> {
    let names: Vec<&str> = alternatives
        .iter()
        .flat_map(|one| {
            let several = one.get("enum").and_then(Value::as_array).into_iter().flatten();
            several.chain(one.get("const")).filter_map(Value::as_str)
        })
        .collect();
    (!names.is_empty()).then_some(names)
}

fn expected(alternatives: &[&Value]) -> String {
    let describe = |schema: &&Value| match schema.get("type") {
        Some(Value::String(name)) if name == "integer" => match schema.get("minimum").and_then(Value::as_f64)
        {
            Some(minimum) => format!("a whole number of at least {minimum}"),
            None => "a whole number".to_owned(),
        },
        Some(Value::String(name)) if name == "object" => "a table".to_owned(),
        Some(Value::String(name)) if name == "array" => "an array".to_owned(),
        Some(Value::String(name)) => format!("a {name}"),
        Some(Value::Array(names)) => {
            let names: Vec<&str> =
                names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect();
            format!("a value of type {}", names.join(" or "))
        }
        _ => allowed(&[schema]).map_or_else(|| "something else".to_owned(), |names| listed(&names)),
    };
    alternatives.iter().map(describe).collect::<Vec<_>>().join(" or ")
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

//! What values a JSON Schema of an OpenAPI document admits, as far as generating and breaking values needs it.
//!
//! Read into one tree: references followed, `allOf` merged, `oneOf` and `anyOf` kept as alternatives, recursion cut at
//! the second visit. The reader is our own over a JSON value because real documents carry unknown fields, wrong types and
//! missing parts: the typed readers (oas3, openapiv3) refuse the whole document for one odd field, and here what can be read is used.

use std::collections::BTreeSet;

use serde_json::Value;

/// A set of JSON types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(u8);

impl Types {
    /// `null`.
    pub const NULL: Self = Self(1);
    /// `true` or `false`.
    pub const BOOLEAN: Self = Self(2);
    /// A number without a fraction.
    pub const INTEGER: Self = Self(4);
    /// Any number.
    pub const NUMBER: Self = Self(8 | 4);
    /// A string.
    pub const STRING: Self = Self(16);
    /// An array.
    pub const ARRAY: Self = Self(32);
    /// An object.
    pub const OBJECT: Self = Self(64);
    /// Every type.
    pub const ANY: Self = Self(127);

    /// The set with what either has.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set with what both have.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether every type of `other` is in it.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The type a `type` keyword names; `None` for a name that JSON Schema does not have.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" | "file" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    /// The type of a value.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_f64() && number.as_f64().is_none_or(|n| n.fract() != 0.0) => {
                Self(8)
            }
            Value::Number(_) => Self::INTEGER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }
}

/// What values are admitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The types admitted; [`Types::ANY`] where the document names none.
    pub types: Types,
    /// `date`, `email`, `uuid`, `binary`, ..
    pub format: Option<String>,
    /// The only values admitted, from `enum` or `const`.
    pub allowed: Option<Vec<Value>>,
    /// A pattern (ECMA-262) a string has to match somewhere.
    pub pattern: Option<String>,
    /// Characters of a string, at least.
    pub min_length: Option<usize>,
    /// Characters of a string, at most.
    pub max_length: Option<usize>,
    /// A number is at least this.
    pub minimum: Option<f64>,
    /// A number is at most this.
    pub maximum: Option<f64>,
    /// A number is more than this.
    pub above: Option<f64>,
    /// A number is less than this.
    pub below: Option<f64>,
    /// A number is a multiple of this.
    pub multiple_of: Option<f64>,
    /// Items of an array, at least.
    pub min_items: Option<usize>,
    /// Items of an array, at most.
    pub max_items: Option<usize>,
    /// Whether the items of an array all differ.
    pub unique_items: bool,
    /// What an array's items are.
    pub items: Option<Box<Schema>>,
    /// An object's properties, in the document's order.
    pub properties: Vec<(String, Schema)>,
    /// Properties that must be there.
    pub required: BTreeSet<String>,
    /// What properties beside the named may be.
    pub additional: Additional,
    /// One of these at least, each already merged with what stands beside it.
    pub alternatives: Vec<Schema>,
    /// Values the document shows, best first.
    pub examples: Vec<Value>,
    /// Only in answers.
    pub read_only: bool,
    /// Nothing is admitted (`false` as a schema, or parts of an `allOf` that exclude each other).
    pub never: bool,
    /// The schema goes on here into itself, or deeper than is read.
    pub cut: bool,
}

/// What an object's unnamed properties may be.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Additional {
    /// Anything, or nothing was said.
    #[default]
    Anything,
    /// Refused.
    Refused,
    /// Values of this schema.
    Of(Box<Schema>),
}

impl Default for Schema {
    fn default() -> Self {
        Self {
            types: Types::ANY,
            format: None,
            allowed: None,
            pattern: None,
            min_length: None,
            max_length: None,
            minimum: None,
            maximum: None,
            above: None,
            below: None,
            multiple_of: None,
            min_items: None,
            max_items: None,
            unique_items: false,
            items: None,
            properties: Vec::new(),
            required: BTreeSet::new(),
            additional: Additional::Anything,
            alternatives: Vec::new(),
            examples: Vec::new(),
            read_only: false,
            never: false,
            cut: false,
        }
    }
}

/// Alternatives kept of one schema; a product of several `oneOf` grows without end.
const ALTERNATIVES: usize = 16;

impl Schema {
    /// Only values of these types.
    pub fn of_type(types: Types) -> Self {
        Self { types, ..Self::default() }
    }

    /// An object with these properties, of which the marked are required.
    pub fn object(properties: impl IntoIterator<Item = (String, Schema, bool)>) -> Self {
        let mut object = Self::of_type(Types::OBJECT);
        for (name, schema, required) in properties {
            if required {
                object.required.insert(name.clone());
            }
            object.properties.push((name, schema));
        }
        object
    }

    /// The property of this name.
    pub fn property(&self, name: &str) -> Option<&Self> {
        self.properties.iter().find(|(own, _)| own == name).map(|(_, schema)| schema)
    }

    /// The one type to generate: the named, else the one the other keywords are about.
    pub fn likely_type(&self) -> Types {
        let order = [
            Types::OBJECT,
            Types::ARRAY,
            Types::STRING,
            Types::NUMBER,
            Types::INTEGER,
            Types::BOOLEAN,
            Types::NULL,
        ];
        if self.types != Types::ANY {
            return order.into_iter().find(|one| self.types.contains(*one)).unwrap_or(Types::NULL);
        }
        let numeric = [self.minimum, self.maximum, self.above, self.below, self.multiple_of];
        if !self.properties.is_empty() || !self.required.is_empty() || self.additional != Additional::Anything
        {
            Types::OBJECT
        } else if self.items.is_some() || self.min_items.is_some() {
            Types::ARRAY
        } else if numeric.iter().any(Option::is_some) {
            Types::NUMBER
        } else {
            Types::STRING
        }
    }

    /// The schema that admits what both admit, as `allOf` says.
    pub fn merge(mut self, other: Self) -> Self {
        self.types = self.types.intersection(other.types);
        // `number` beside `integer` leaves the integers; a number type without its integers cannot be written down.
        self.never |= other.never || self.types.is_empty();
        self.cut |= other.cut;
        self.read_only |= other.read_only;
        self.unique_items |= other.unique_items;
        self.allowed = match (self.allowed.take(), other.allowed) {
            (Some(mine), Some(theirs)) => {
                Some(mine.into_iter().filter(|value| theirs.contains(value)).collect())
            }
            (mine, theirs) => mine.or(theirs),
        };
        self.format = self.format.or(other.format);
        self.pattern = self.pattern.or(other.pattern);
        self.min_length = tighter(self.min_length, other.min_length, usize::max);
        self.max_length = tighter(self.max_length, other.max_length, usize::min);
        self.minimum = tighter(self.minimum, other.minimum, f64::max);
        self.maximum = tighter(self.maximum, other.maximum, f64::min);
        self.above = tighter(self.above, other.above, f64::max);
        self.below = tighter(self.below, other.below, f64::min);
        self.multiple_of = self.multiple_of.or(other.multiple_of);
        self.min_items = tighter(self.min_items, other.min_items, usize::max);
        self.max_items = tighter(self.max_items, other.max_items, usize::min);
        self.items = match (self.items, other.items) {
            (Some(mine), Some(theirs)) => Some(Box::new(mine.merge(*theirs))),
            (mine, theirs) => mine.or(theirs),
        };
        for (name, theirs) in other.properties {
            match self.properties.iter_mut().find(|(own, _)| *own == name) {
                Some((_, mine)) => *mine = std::mem::take(mine).merge(theirs),
                None => self.properties.push((name, theirs)),
            }
        }
        self.required.extend(other.required);
        if self.additional == Additional::Anything {
            self.additional = other.additional;
        }
        self.examples.extend(other.examples);
        self.alternatives = product(self.alternatives, other.alternatives);
        self
    }

    /// This schema with one of `alternatives` beside it.
    pub fn with_alternatives(mut self, alternatives: Vec<Self>) -> Self {
        if alternatives.is_empty() {
            return self;
        }
        let base = Self { alternatives: Vec::new(), examples: Vec::new(), ..self.clone() };
        let merged = alternatives.into_iter().map(|one| base.clone().merge(one)).collect();
        self.alternatives = product(self.alternatives, merged);
        self
    }

    /// How many schemas this tree has.
    pub fn size(&self) -> usize {
        let additional = if let Additional::Of(schema) = &self.additional { schema.size() } else { 0 };
        let items = self.items.as_ref().map_or(0, |items| items.size());
        let properties: usize = self.properties.iter().map(|(_, schema)| schema.size()).sum();
        let alternatives: usize = self.alternatives.iter().map(Self::size).sum();
        1 + additional + items + properties + alternatives
    }
}

fn tighter<T>(mine: Option<T>, theirs: Option<T>, choose: fn(T, T) -> T) -> Option<T> {
    match (mine, theirs) {
        (Some(mine), Some(theirs)) => Some(choose(mine, theirs)),
        (mine, theirs) => mine.or(theirs),
    }
}

fn product(mine: Vec<Schema>, theirs: Vec<Schema>) -> Vec<Schema> {
    if mine.is_empty() || theirs.is_empty() {
        return if mine.is_empty() { theirs } else { mine };
    }
    let pairs = mine.iter().flat_map(|one| theirs.iter().map(|other| one.clone().merge(other.clone())));
    pairs.filter(|schema| !schema.never).take(ALTERNATIVES).collect()
}

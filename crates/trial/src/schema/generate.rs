//! Values that a schema admits and that a service is likely to accept: examples first, ids it told us, meanings told by names.
//! The same seed gives the same values.

use serde_json::{Map, Number, Value, json};

use super::known::{Credentials, Known};
use super::names::{Meaning, called, is_identifier, meaning};
use super::pattern;
use super::shape::{Additional, Schema, Types};

/// Characters of a generated string, at most, whatever the schema admits.
const TEXT: usize = 4096;

/// Items of a generated array, at most, unless the schema wants more.
const ITEMS: usize = 2;

/// Items even a schema that wants more gets.
const MOST_ITEMS: usize = 64;

/// Randomness and a counter for values that must be new.
#[derive(Debug, Clone)]
pub struct Fresh {
    rng: fastrand::Rng,
    count: u64,
}

impl Fresh {
    /// Begins from a seed.
    pub fn new(seed: u64) -> Self {
        Self { rng: fastrand::Rng::with_seed(seed), count: 0 }
    }

    /// The generator, for choices.
    pub fn rng(&mut self) -> &mut fastrand::Rng {
        &mut self.rng
    }

    /// A short text of letters and digits that was not given before: it begins with a letter and passes as a user name.
    pub fn unique(&mut self) -> String {
        self.count += 1;
        let noise: String = std::iter::repeat_with(|| self.rng.lowercase()).take(6).collect();
        format!("sw{noise}{}", self.count)
    }

    /// Gives the unique texts of `valid` new ones where they stand in `value`, so that both can be sent.
    pub fn renew_in(&mut self, value: &mut Value, valid: &Value) {
        let text = value.to_string();
        let renewed = self.renewed_text(&text, valid);
        if renewed != text
            && let Ok(renewed) = serde_json::from_str(&renewed)
        {
            *value = renewed;
        }
    }

    /// The same in a text that may be no JSON.
    pub fn renewed_text(&mut self, text: &str, valid: &Value) -> String {
        let mut tags = Vec::new();
        unique_tags(valid, &mut tags);
        let mut renewed = text.to_owned();
        for tag in tags {
            if renewed.contains(&tag) {
                renewed = renewed.replace(&tag, &self.unique());
            }
        }
        renewed
    }

    /// A user nobody has seen.
    pub fn credentials(&mut self) -> Credentials {
        let username = self.unique();
        Credentials {
            email: format!("{username}@example.com"),
            password: format!("Sw-{username}-9Xq!"),
            username,
        }
    }
}

/// The texts in a value that [`Fresh::unique`] made.
fn unique_tags(value: &Value, tags: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let head: String = text.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
            let letters =
                head.get(2..8).is_some_and(|noise| noise.bytes().all(|byte| byte.is_ascii_lowercase()));
            let number = head
                .get(8..)
                .is_some_and(|count| !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()));
            if head.starts_with("sw") && letters && number && !tags.contains(&head) {
                tags.push(head);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| unique_tags(item, tags)),
        Value::Object(fields) => fields.values().for_each(|field| unique_tags(field, tags)),
        _ => {}
    }
}

/// How much of a schema a value uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// The document's examples where there are any, every property.
    Examples,
    /// Only what is required, no examples.
    Required,
    /// Every property, no examples.
    Full,
}

/// Makes values.
#[derive(Debug)]
pub struct Generator<'a> {
    /// Randomness.
    pub fresh: &'a mut Fresh,
    /// Ids and credentials to use.
    pub known: &'a Known,
    /// How much of a schema is used.
    pub style: Style,
    /// Whether names, mails and passwords are those of `known.credentials`.
    pub as_known_user: bool,
    /// Whether a field named `code` or `slug` refers to something there is; otherwise it names something new.
    pub refers: bool,
}

impl Generator<'_> {
    /// A value for the field `name` that `schema` admits.
    pub fn value(&mut self, name: &str, schema: &Schema) -> Value {
        self.at(name, schema, 0)
    }

    fn at(&mut self, name: &str, schema: &Schema, depth: usize) -> Value {
        if let Some(value) = self.by_knowledge(name, schema) {
            return value;
        }
        if let Some(allowed) = schema.allowed.as_ref().filter(|allowed| !allowed.is_empty()) {
            let usual = schema.examples.iter().find(|example| allowed.contains(example));
            return usual
                .or_else(|| allowed.iter().find(|value| !value.is_null()))
                .or(allowed.first())
                .cloned()
                .unwrap_or(Value::Null);
        }
        if !schema.alternatives.is_empty() && schema.examples.is_empty() {
            let index =
                if self.style == Style::Full { self.fresh.rng.usize(..schema.alternatives.len()) } else { 0 };
            if let Some(one) = schema.alternatives.get(index) {
                return self.at(name, one, depth + 1);
            }
        }
        let example = (self.style == Style::Examples)
            .then(|| schema.examples.iter().find(|one| schema.types.contains(Types::of(one))));
        if let Some(example) = example.flatten() {
            return self.renewed(schema, example.clone(), depth);
        }
        match schema.likely_type() {
            Types::OBJECT => self.object(schema, depth),
            Types::ARRAY => self.array(name, schema, depth),
            Types::STRING => Value::String(self.text(name, schema)),
            Types::INTEGER => self.integer(name, schema),
            Types::NUMBER => self.number(name, schema),
            Types::BOOLEAN => Value::Bool(true),
            _ => Value::Null,
        }
    }

    /// What the service told, or who is calling.
    fn by_knowledge(&mut self, name: &str, schema: &Schema) -> Option<Value> {
        if is_identifier(name)
            && let Some(value) = self.known.field_value(name, self.refers)
        {
            return fitting(value, schema);
        }
        if !schema.types.contains(Types::STRING) || schema.allowed.is_some() {
            return None;
        }
        let known = self.known.credentials.as_ref().filter(|_| self.as_known_user);
        let text = match (meaning(name), known) {
            (Meaning::Email, Some(known)) => known.email.clone(),
            (Meaning::Username, Some(known)) if schema.format.as_deref() == Some("email") => {
                known.email.clone()
            }
            (Meaning::Username, Some(known)) => known.username.clone(),
            (Meaning::Password, Some(known)) => known.password.clone(),
            // Never an example: it is there the second time.
            (Meaning::Email, None) => format!("{}@example.com", self.fresh.unique()),
            (Meaning::Username, None) if schema.format.as_deref() == Some("email") => {
                format!("{}@example.com", self.fresh.unique())
            }
            (Meaning::Username, None) => self.fresh.unique(),
            _ => return None,
        };
        admits(schema, &text).then_some(Value::String(text))
    }

    /// An example whose ids, names and mails are ours.
    fn renewed(&mut self, schema: &Schema, example: Value, depth: usize) -> Value {
        let Value::Object(fields) = example else { return example };
        let names: Vec<String> = fields.iter().map(|(name, _)| name.clone()).collect();
        let renewed = fields.into_iter().map(|(field, value)| {
            let own = schema.property(&field).cloned().unwrap_or_default();
            let own = Schema { types: own.types.intersection(Types::of(&value).union(own.types)), ..own };
            let known = self
                .by_knowledge(called(&field, names.iter().map(String::as_str)), &own)
                .filter(|_| depth < 2 || is_identifier(&field));
            (field, known.unwrap_or(value))
        });
        Value::Object(renewed.collect())
    }

    fn object(&mut self, schema: &Schema, depth: usize) -> Value {
        let mut object = Map::new();
        for (name, property) in &schema.properties {
            let required = schema.required.contains(name);
            let optional = self.style != Style::Required
                && depth < 4
                && !property.cut
                && !property.read_only
                && !property.never;
            if required || optional {
                let called = called(name, schema.properties.iter().map(|(name, _)| name.as_str()));
                let value =
                    if property.cut { self.leaf(property) } else { self.at(called, property, depth + 1) };
                object.insert(name.clone(), value);
            }
        }
        for name in &schema.required {
            if !object.contains_key(name) {
                let value = match &schema.additional {
                    Additional::Of(schema) => self.at(name, schema, depth + 1),
                    _ => self.at(name, &Schema::default(), depth + 1),
                };
                object.insert(name.clone(), value);
            }
        }
        if let Additional::Of(schema) = &schema.additional
            && object.is_empty()
            && depth < 4
            && !schema.cut
        {
            object.insert("key".to_owned(), self.at("key", schema, depth + 1));
        }
        Value::Object(object)
    }

    /// Where the schema goes on into itself: the smallest thing that can stand there.
    fn leaf(&self, schema: &Schema) -> Value {
        match schema.likely_type() {
            Types::ARRAY => json!([]),
            Types::OBJECT => json!({}),
            _ => Value::Null,
        }
    }

    fn array(&mut self, name: &str, schema: &Schema, depth: usize) -> Value {
        let least = schema.min_items.unwrap_or(0).min(MOST_ITEMS);
        let usual = if depth > 4 { least } else { least.max(1) };
        let most = schema.max_items.unwrap_or(ITEMS).max(least);
        let wanted = usual.min(most);
        let any = Schema::default();
        let items = schema.items.as_deref().unwrap_or(&any);
        if items.cut || items.never {
            return json!([]);
        }
        let singular = super::names::singular(name);
        let mut list: Vec<Value> = Vec::new();
        for attempt in 0..wanted * 4 {
            if list.len() >= wanted {
                break;
            }
            let mut one = self.at(&singular, items, depth + 1);
            if schema.unique_items && list.contains(&one) {
                one = another(items, &list, attempt).unwrap_or(one);
            }
            if !schema.unique_items || !list.contains(&one) {
                list.push(one);
            }
        }
        Value::Array(list)
    }

    fn text(&mut self, name: &str, schema: &Schema) -> String {
        let least = schema.min_length.unwrap_or(0).min(TEXT);
        let most = schema.max_length.unwrap_or(TEXT).max(least);
        if let Some(pattern) = &schema.pattern
            && let Some(text) = pattern::generate(pattern, &mut self.fresh.rng, least, most.min(TEXT))
        {
            return text;
        }
        let text = self
            .by_format(schema.format.as_deref().unwrap_or_default())
            .unwrap_or_else(|| self.by_meaning(name));
        let length = text.chars().count();
        if length > most {
            // The tail is what makes it unique.
            return text.chars().skip(length - most).collect();
        }
        text + &"x".repeat(least.saturating_sub(length))
    }

    fn by_format(&mut self, format: &str) -> Option<String> {
        let rng = &mut self.fresh.rng;
        let day = rng.u32(1..=28);
        Some(match format {
            "date-time" | "datetime" => format!("2031-03-{day:02}T10:30:00Z"),
            "date" => format!("2031-03-{day:02}"),
            "time" => "10:30:00Z".to_owned(),
            "duration" => "P1D".to_owned(),
            "email" | "idn-email" => format!("{}@example.com", self.fresh.unique()),
            // Version 4, variant 10 (RFC 9562, 5.4).
            "uuid" => {
                let (a, b) = (rng.u64(..), rng.u64(..));
                format!(
                    "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                    a >> 32,
                    (a >> 16) & 0xffff,
                    a & 0xfff,
                    b >> 52,
                    b & 0xffff_ffff_ffff
                )
            }
            "uri" | "url" | "iri" | "uri-reference" => format!("https://example.com/{}", self.fresh.unique()),
            "hostname" => "example.com".to_owned(),
            "ipv4" => "192.0.2.1".to_owned(),
            "ipv6" => "2001:db8::1".to_owned(),
            "byte" => "c2Vhd29ydGh5".to_owned(),
            "password" => "Sw-Passw0rd!".to_owned(),
            "phone" => "+12025550123".to_owned(),
            "json-pointer" => "/a".to_owned(),
            "regex" => "^a$".to_owned(),
            _ => return None,
        })
    }

    fn by_meaning(&mut self, name: &str) -> String {
        let format = match meaning(name) {
            Meaning::Email => "email",
            Meaning::Url => "uri",
            Meaning::DateTime => "date-time",
            Meaning::Date => "date",
            Meaning::Password => "password",
            Meaning::Phone => "phone",
            _ => "",
        };
        if let Some(text) = self.by_format(format) {
            return text;
        }
        let fixed = match meaning(name) {
            Meaning::Time => "10:30",
            Meaning::Country => "US",
            Meaning::Currency => "USD",
            Meaning::PostalCode => "10001",
            // The network's published test number; it passes the Luhn check (ISO/IEC 7812-1).
            Meaning::CardNumber => "4242424242424242",
            Meaning::SecurityCode => "123",
            Meaning::Expiry => "12/31",
            Meaning::TimeZone => "UTC",
            Meaning::Language => "en",
            Meaning::Color => "#336699",
            Meaning::Quantity | Meaning::Page => "1",
            Meaning::Money => "10.00",
            Meaning::Coordinate | Meaning::Percentage => "10",
            Meaning::PersonName => "Robin",
            _ => return self.fresh.unique(),
        };
        fixed.to_owned()
    }

    fn integer(&mut self, name: &str, schema: &Schema) -> Value {
        let least = schema.minimum.map(f64::ceil).max(schema.above.map(|n| n.floor() + 1.0));
        let most = schema.maximum.map(f64::floor).min_with(schema.below.map(|n| n.ceil() - 1.0));
        let small = match meaning(name) {
            Meaning::Quantity | Meaning::Page => 1.0,
            // Enough to be taken from many times, so that what takes from it can be told from what succeeds once.
            Meaning::Level => 50.0,
            _ => f64::from(self.fresh.rng.u32(1..=9)),
        };
        let value = stepped(within(small, least, most), schema.multiple_of, least, most);
        Value::Number(Number::from(value as i64))
    }

    fn number(&mut self, name: &str, schema: &Schema) -> Value {
        let nudge = |limit: f64, up: f64| limit + up * (limit.abs() * 1e-6).max(0.01);
        let least = schema.minimum.max(schema.above.map(|n| nudge(n, 1.0)));
        let most = schema.maximum.min_with(schema.below.map(|n| nudge(n, -1.0)));
        let small = match meaning(name) {
            Meaning::Money => 10.5,
            Meaning::Level => 50.0,
            _ => f64::from(self.fresh.rng.u32(1..=9)),
        };
        let value = stepped(within(small, least, most), schema.multiple_of, least, most);
        if value.fract() == 0.0 && value.abs() < 1e15 {
            return Value::Number(Number::from(value as i64));
        }
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }
}

/// Whether a text keeps a string schema's lengths and pattern. A pattern that cannot be read is taken to be kept.
fn admits(schema: &Schema, text: &str) -> bool {
    let length = text.chars().count();
    let pattern = schema.pattern.as_deref().and_then(|pattern| regex::Regex::new(pattern).ok());
    length >= schema.min_length.unwrap_or(0)
        && length <= schema.max_length.unwrap_or(usize::MAX)
        && pattern.is_none_or(|pattern| pattern.is_match(text))
}

trait Bounds {
    fn max(self, other: Option<f64>) -> Option<f64>;
    fn min_with(self, other: Option<f64>) -> Option<f64>;
}

impl Bounds for Option<f64> {
    fn max(self, other: Option<f64>) -> Option<f64> {
        match (self, other) {
            (Some(mine), Some(theirs)) => Some(mine.max(theirs)),
            (mine, theirs) => mine.or(theirs),
        }
    }

    fn min_with(self, other: Option<f64>) -> Option<f64> {
        match (self, other) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        }
    }
}

fn within(value: f64, least: Option<f64>, most: Option<f64>) -> f64 {
    let value = least.map_or(value, |least| value.max(least));
    most.map_or(value, |most| value.min(most))
}

/// The multiple of `step` at or above `value`, unless that passes the upper bound.
fn stepped(value: f64, step: Option<f64>, least: Option<f64>, most: Option<f64>) -> f64 {
    let Some(step) = step else { return value };
    let up = (value / step).ceil() * step;
    if most.is_none_or(|most| up <= most) {
        return up;
    }
    let down = (value / step).floor() * step;
    if least.is_none_or(|least| down >= least) { down } else { value }
}

/// A value known under this name in the type the schema wants, such as `"7"` for the number 7.
fn fitting(value: &Value, schema: &Schema) -> Option<Value> {
    if schema.types.contains(Types::of(value)) {
        return Some(value.clone());
    }
    match value {
        Value::Number(number) if schema.types.contains(Types::STRING) => {
            Some(Value::String(number.to_string()))
        }
        Value::String(text) if schema.types.contains(Types::INTEGER) => {
            text.parse::<i64>().ok().map(Value::from)
        }
        _ => None,
    }
}

/// Another admitted value than those in the list, for arrays whose items differ.
fn another(items: &Schema, list: &[Value], attempt: usize) -> Option<Value> {
    if let Some(allowed) = &items.allowed {
        return allowed.iter().find(|value| !list.contains(value)).cloned();
    }
    let step = items.multiple_of.unwrap_or(1.0);
    match list.last()? {
        Value::Number(last) => {
            let next = last.as_f64()? + step;
            let next = if items.maximum.is_some_and(|most| next > most) {
                last.as_f64()? - step * (attempt + 1) as f64
            } else {
                next
            };
            if next.fract() == 0.0 {
                Some(Value::from(next as i64))
            } else {
                Number::from_f64(next).map(Value::Number)
            }
        }
        Value::Bool(last) => Some(Value::Bool(!last)),
        _ => None,
    }
}

//! Malformed bodies: fields of JSON objects, whole bodies, forms and multipart forms.

use serde_json::{Map, Value, json};

use super::{Class, FIELDS, LEVELS, LONG, Maker};
use crate::schema::{Origin, Payload, Schema, Types};

impl Maker<'_> {
    pub(super) fn body(&mut self) {
        match self.control.payload.clone() {
            Payload::Json(Value::Object(object)) => {
                self.fields(&object);
                self.whole_json(&object);
            }
            Payload::Json(_) => self.whole_json(&Map::new()),
            Payload::Form(pairs) => self.form(&pairs),
            Payload::Multipart(_) => self.multipart(),
            Payload::Raw { media, .. } => {
                for (what, bytes) in [
                    ("an empty body", &b""[..]),
                    ("invalid UTF-8 as body", b"\xff\xfe\x80"),
                    ("a NUL as body", b"\0"),
                ] {
                    self.raw_body(Class::NoJson, what, &media, bytes);
                }
            }
            Payload::None => {}
        }
    }

    fn fields(&mut self, object: &Map<String, Value>) {
        let body = self.operation.body.as_ref();
        let schema = body.map(|body| body.schema.clone()).unwrap_or_default();
        let documented = body.is_some_and(|body| body.told_by != Origin::Routes);
        for (name, value) in object.iter().take(FIELDS) {
            let own = schema.property(name).cloned().unwrap_or_default();
            let required = schema.required.contains(name);
            for other in other_types(value) {
                let refused = documented
                    && required
                    && own.types != Types::ANY
                    && !own.types.contains(Types::of(&other))
                    && clearly(&own, &other);
                let what = format!("field `{name}` as {}", kind(&other));
                self.field(Class::WrongType, what, object, name, other);
                if let Some(last) = self.list.last_mut() {
                    last.refused = refused;
                }
            }
            self.field(Class::Null, format!("field `{name}` as null"), object, name, Value::Null);
            let mut without = object.clone();
            without.remove(name);
            self.call(Class::Missing, format!("no field `{name}`"), Some(name), |call| {
                call.payload = Payload::Json(Value::Object(without))
            });
            self.boundaries(object, name, value, &own);
        }
        for (name, value) in object.iter().take(FIELDS) {
            self.nested(object, name, value);
            for token in
                ["NaN", "Infinity", "-Infinity", "1e400", "-0.0"].into_iter().filter(|_| value.is_number())
            {
                self.token(Class::NotANumber, object, name, token, &format!("`{token}`"));
            }
            if value.is_string() {
                self.token(Class::Surrogate, object, name, "\"\\ud800\"", "a lone surrogate");
            }
        }
    }

    fn field(&mut self, class: Class, what: String, object: &Map<String, Value>, name: &str, value: Value) {
        let mut broken = object.clone();
        broken.insert(name.to_owned(), value);
        self.call(class, what, Some(name), |call| call.payload = Payload::Json(Value::Object(broken)));
    }

    /// A field written as a token that no JSON value of ours can hold.
    fn token(&mut self, class: Class, object: &Map<String, Value>, name: &str, token: &str, shown: &str) {
        const MARK: &str = "seaworthy-token-goes-here";
        let mut marked = object.clone();
        marked.insert(name.to_owned(), json!(MARK));
        let text = Value::Object(marked).to_string().replace(&format!("\"{MARK}\""), token);
        self.raw_body(class, &format!("field `{name}` as {shown}"), "application/json", text.as_bytes());
        if let Some(last) = self.list.last_mut() {
            last.field = Some(name.to_owned());
        }
    }

    fn boundaries(&mut self, object: &Map<String, Value>, name: &str, value: &Value, schema: &Schema) {
        match value {
            Value::Number(_) => {
                let numbers = [
                    json!(-1),
                    json!(0),
                    json!(9_223_372_036_854_775_807_i64),
                    json!(u64::MAX),
                    json!(1e308),
                    json!(0.5),
                ];
                for number in numbers {
                    self.field(Class::Boundary, format!("field `{name}` as {number}"), object, name, number);
                }
                // Past every machine integer; SQLite and most column types refuse it.
                self.token(
                    Class::Boundary,
                    object,
                    name,
                    "123456789012345678901234567890",
                    "a number of thirty digits",
                );
            }
            Value::String(text) => {
                let texts = [
                    ("empty text", String::new()),
                    ("a text with NUL", format!("a\0{text}")),
                    (
                        "text in many scripts",
                        format!("\u{1F480}\u{202E}\u{0}\u{301}ß{text}").replace('\0', ""),
                    ),
                    ("a text of 100,000 characters", "a".repeat(LONG)),
                    ("a text that is no date, number or address", "not \"one' \\of % these".to_owned()),
                ];
                for (what, text) in texts {
                    self.field(
                        Class::Text,
                        format!("field `{name}` as {what}"),
                        object,
                        name,
                        Value::String(text),
                    );
                }
                let temporal = schema.format.as_deref().is_some_and(|format| format.starts_with("date"))
                    || text.starts_with("2031-");
                for date in ["2031-02-30", "0000-00-00T00:00:00Z", "9999-12-31T23:59:60+99:99"]
                    .into_iter()
                    .filter(|_| temporal)
                {
                    self.field(Class::Text, format!("field `{name}` as {date}"), object, name, json!(date));
                }
            }
            _ => {}
        }
    }

    /// One level further down: members of an object, and the items of a list.
    fn nested(&mut self, object: &Map<String, Value>, name: &str, value: &Value) {
        match value {
            Value::Object(inner) => {
                for (member, value) in inner.iter().take(FIELDS / 2) {
                    for other in other_types(value).into_iter().take(2).chain([Value::Null]) {
                        let mut broken = inner.clone();
                        let what = format!("field `{name}.{member}` as {}", kind(&other));
                        broken.insert(member.clone(), other);
                        self.field(Class::WrongType, what, object, name, Value::Object(broken));
                    }
                    let mut without = inner.clone();
                    without.remove(member);
                    self.field(
                        Class::Missing,
                        format!("no field `{name}.{member}`"),
                        object,
                        name,
                        Value::Object(without),
                    );
                }
            }
            Value::Array(items) => {
                for other in [Value::Null, json!(1), json!("x"), json!([]), json!({})] {
                    if items.first().is_some_and(|item| Types::of(item) == Types::of(&other))
                        && other != json!({})
                    {
                        continue;
                    }
                    let what = format!("field `{name}` as a list of {}", kind(&other));
                    self.field(Class::WrongType, what, object, name, json!([other]));
                }
                if let Some(Value::Object(inner)) = items.first() {
                    for (member, value) in inner.iter().take(FIELDS / 2) {
                        for other in other_types(value).into_iter().take(2).chain([Value::Null]) {
                            let mut broken = inner.clone();
                            let what = format!("field `{name}[0].{member}` as {}", kind(&other));
                            broken.insert(member.clone(), other);
                            self.field(Class::WrongType, what, object, name, json!([broken]));
                        }
                        let mut without = inner.clone();
                        without.remove(member);
                        self.field(
                            Class::Missing,
                            format!("no field `{name}[0].{member}`"),
                            object,
                            name,
                            json!([without]),
                        );
                    }
                }
            }
            _ => {}
        }
    }

    fn whole_json(&mut self, object: &Map<String, Value>) {
        let media = "application/json";
        for (what, text) in [
            ("an unfinished object as body", "{\"a\":"),
            ("a body in single quotes", "{'a': 1}"),
            ("an empty body", ""),
            ("a body of blanks", "  "),
        ] {
            self.raw_body(Class::NoJson, what, media, text.as_bytes());
        }
        for (what, text) in [
            ("null as body", "null"),
            ("a list as body", "[]"),
            ("a list of null as body", "[null]"),
            ("a text as body", "\"x\""),
            ("a number as body", "1"),
            ("true as body", "true"),
            ("an empty object as body", "{}"),
        ] {
            self.raw_body(Class::WholeBody, what, media, text.as_bytes());
        }
        let valid = Value::Object(object.clone()).to_string();
        self.raw_body(Class::NoJson, "invalid UTF-8 as body", media, b"{\"a\": \"\xff\xc0\x80\"}");
        self.raw_body(
            Class::NoJson,
            "a byte order mark before the body",
            media,
            format!("\u{feff}{valid}").as_bytes(),
        );
        self.raw_body(Class::MediaType, "Content-Type: text/plain", "text/plain", valid.as_bytes());
        self.raw_body(Class::MediaType, "no Content-Type", "", valid.as_bytes());
        self.raw_body(
            Class::MediaType,
            "a charset that is none",
            "application/json; charset=no-such-charset",
            valid.as_bytes(),
        );
        self.raw_body(
            Class::MediaType,
            "multipart without a boundary",
            "multipart/form-data",
            valid.as_bytes(),
        );
        self.raw_body(
            Class::MediaType,
            "a form instead of JSON",
            "application/x-www-form-urlencoded",
            b"a=1&a=2&b[c]=d",
        );
        let mut extra = object.clone();
        for (name, value) in [
            ("__proto__", json!({"x": 1})),
            ("constructor", json!({"prototype": {}})),
            ("id", json!({})),
            ("$where", json!("1")),
        ] {
            extra.entry(name).or_insert(value);
        }
        self.call(Class::WrongType, "fields nobody asked for".to_owned(), None, |call| {
            call.payload = Payload::Json(Value::Object(extra))
        });
        let deep = format!("{}1{}", "[".repeat(LEVELS), "]".repeat(LEVELS));
        self.raw_body(Class::Nesting, "a list nested 20,000 deep as body", media, deep.as_bytes());
    }

    fn form(&mut self, pairs: &[(String, String)]) {
        for (name, _) in pairs.iter().take(FIELDS) {
            let without: Vec<_> = pairs.iter().filter(|(own, _)| own != name).cloned().collect();
            self.call(Class::Missing, format!("no field `{name}`"), Some(name), |call| {
                call.payload = Payload::Form(without)
            });
            let long = "a".repeat(LONG);
            for (what, value) in [
                ("empty", ""),
                ("text", "abc"),
                ("-1", "-1"),
                ("a NUL", "\0"),
                ("100,000 characters", long.as_str()),
                ("a huge number", "99999999999999999999"),
            ] {
                let broken: Vec<_> = pairs
                    .iter()
                    .map(|(own, old)| (own.clone(), if own == name { value.to_owned() } else { old.clone() }))
                    .collect();
                self.call(Class::Text, format!("field `{name}` as {what}"), Some(name), |call| {
                    call.payload = Payload::Form(broken)
                });
            }
            let mut twice = pairs.to_vec();
            twice.push((name.clone(), "2".to_owned()));
            self.call(Class::WrongType, format!("field `{name}` twice"), Some(name), |call| {
                call.payload = Payload::Form(twice)
            });
        }
        let media = "application/x-www-form-urlencoded";
        self.raw_body(Class::NoJson, "an empty body", media, b"");
        self.raw_body(Class::NoJson, "broken percent-encoding as body", media, b"%zz=%f&=&&%00=%ff");
        self.raw_body(Class::MediaType, "JSON instead of a form", "application/json", b"{}");
    }

    fn multipart(&mut self) {
        let media = "multipart/form-data; boundary=x";
        for (what, bytes) in [
            ("an empty body", &b""[..]),
            (
                "a multipart body cut off",
                b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\nabc",
            ),
            ("a multipart body without parts", b"--x--\r\n"),
            ("a part without a name", b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n"),
            ("bytes that are no multipart body", b"\x00\x01\x02"),
        ] {
            self.raw_body(Class::NoJson, what, media, bytes);
        }
        self.raw_body(Class::MediaType, "multipart without a boundary", "multipart/form-data", b"--x--\r\n");
        self.raw_body(Class::MediaType, "JSON instead of a form", "application/json", b"{}");
        let Payload::Multipart(parts) = self.control.payload.clone() else { return };
        for (index, part) in parts.iter().enumerate() {
            let mut without = parts.clone();
            without.remove(index);
            self.call(Class::Missing, format!("no part `{}`", part.name), Some(&part.name), |call| {
                call.payload = Payload::Multipart(without)
            });
            for (what, file) in [
                ("an empty name", ""),
                ("a path for a name", "../../x"),
                ("a name without a suffix", "x"),
                ("a very long name", &*"a".repeat(5_000)),
            ] {
                if part.file.is_none() {
                    continue;
                }
                let mut broken = parts.clone();
                if let Some(one) = broken.get_mut(index) {
                    one.file = Some((file.to_owned(), "application/x-no-such".to_owned()));
                }
                self.call(Class::Text, format!("a file with {what}"), Some(&part.name), |call| {
                    call.payload = Payload::Multipart(broken)
                });
            }
            let mut empty = parts.clone();
            if let Some(one) = empty.get_mut(index) {
                one.bytes = if one.file.is_some() { Vec::new() } else { b"\0\xff".to_vec() };
            }
            self.call(
                Class::Text,
                format!("part `{}` empty or no text", part.name),
                Some(&part.name),
                |call| call.payload = Payload::Multipart(empty),
            );
        }
    }
}

/// Values of every other JSON type than the value's.
fn other_types(value: &Value) -> Vec<Value> {
    let candidates =
        [json!([]), json!({}), json!(7), json!("seaworthy"), json!(true), json!(["x"]), json!({"a": 1})];
    let same = |other: &Value| std::mem::discriminant(other) == std::mem::discriminant(value);
    candidates.into_iter().filter(|other| !same(other)).collect()
}

/// Whether no lenient reading could make the value fit: frameworks turn `"7"` into 7 and 7 into `"7"`, and nothing into an object.
fn clearly(schema: &Schema, other: &Value) -> bool {
    let structured = other.is_array() || other.is_object();
    let numeric = schema.types == Types::INTEGER || schema.types == Types::NUMBER;
    structured && !schema.types.contains(Types::of(other)) || numeric && other.is_string()
}

/// What a value is, with an article.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(items) if items.is_empty() => "an empty list",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

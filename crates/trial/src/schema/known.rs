//! What has been learnt from answers while trying a service: the ids of its resources, by which later operations can be called.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::names::{folded, is_identifier, singular, words};
use super::operation::Operation;

/// Values remembered of one kind, newest last.
const REMEMBERED: usize = 8;

/// Depth to which an answer is searched.
const DEPTH: usize = 4;

/// Items of a list in an answer that are looked at.
const ITEMS: usize = 8;

/// A user's name and secret, made by us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Unique.
    pub username: String,
    /// Unique.
    pub email: String,
    /// Long and of all character classes, so that no policy refuses it.
    pub password: String,
}

/// What is known of a running service's data.
#[derive(Debug, Clone, Default)]
pub struct Known {
    by_collection: BTreeMap<String, Vec<Value>>,
    by_name: BTreeMap<String, Vec<Value>>,
    names: BTreeSet<String>,
    /// The user on whose behalf requests are made.
    pub credentials: Option<Credentials>,
    /// Whether a registration is to make that very user, and not a new one.
    pub registering: bool,
}

impl Known {
    /// Knows nothing yet, and looks out for what the paths of these operations need.
    pub fn about(operations: &[Operation]) -> Self {
        let names = operations.iter().flat_map(|operation| operation.path_names().into_iter().map(folded));
        Self { names: names.filter(|name| name != "id").collect(), ..Self::default() }
    }

    /// Learns ids from an answer of success to a request for `path` (a template).
    pub fn learn(&mut self, path: &str, answer: &Value) {
        self.search(&collection(path), answer, 0);
    }

    /// Forgets an id, after a delete.
    pub fn forget(&mut self, path: &str, value: &Value) {
        for values in
            self.by_collection.get_mut(&collection(path)).into_iter().chain(self.by_name.values_mut())
        {
            values.retain(|known| !same(known, value));
        }
    }

    /// The newest value for the path parameter `name` of the template `path`.
    pub fn path_value(&self, path: &str, name: &str) -> Option<&Value> {
        let before = path.split(&format!("{{{name}}}")).next().unwrap_or_default();
        let named = if folded(name) == "id" { None } else { self.named(name) };
        let by_place = self.by_collection.get(&collection(before)).and_then(|values| values.last());
        let resource = super::purpose::last_words(before).last().map(|word| singular(word) + "id");
        named.or(by_place).or_else(|| resource.and_then(|resource| self.by_name.get(&resource)?.last()))
    }

    /// The newest value of a field of this name: `product_id` takes the id of a product; with `refers`, `code` the code of a coupon.
    pub fn field_value(&self, name: &str, refers: bool) -> Option<&Value> {
        let words = words(name);
        let compound = is_identifier(name) && words.len() > 1;
        if compound || refers || self.names.contains(&words.concat()) { self.named(name) } else { None }
    }

    fn named(&self, name: &str) -> Option<&Value> {
        let folded = folded(name);
        let known = |key: &str| self.by_name.get(key).and_then(|values| values.last());
        known(&folded).or_else(|| known(&(singular(folded.strip_suffix("id")?) + "id")))
    }

    fn search(&mut self, collection: &str, value: &Value, depth: usize) {
        match value {
            _ if depth > DEPTH => {}
            Value::Array(items) => {
                // The first is remembered last, and so taken first: a list's head is likeliest to be there tomorrow.
                for item in items.iter().take(ITEMS).rev() {
                    match item {
                        Value::Object(_) | Value::Array(_) => self.search(collection, item, depth + 1),
                        _ => {}
                    }
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    match field {
                        Value::Object(_) => {
                            // `{"user": {"id": 1}}`: the id of a user, wherever it was answered.
                            let own = self.own_collection(collection, name);
                            self.search(&own, field, depth + 1);
                        }
                        Value::Array(_) => {
                            let own = self.own_collection(collection, name);
                            self.search(&own, field, depth + 1);
                        }
                        Value::String(text) if text.is_empty() || text.len() > 200 => {}
                        Value::String(_) | Value::Number(_) => self.remember(collection, name, field),
                        Value::Null | Value::Bool(_) => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn own_collection(&self, collection: &str, name: &str) -> String {
        let here = super::purpose::last_words(collection).concat();
        let neutral =
            ["data", "result", "results", "item", "items", "rows", "records", "payload", "response"];
        let word = folded(name);
        if neutral.contains(&word.as_str()) || singular(&word) == singular(&here) {
            collection.to_owned()
        } else {
            format!("/{name}")
        }
    }

    fn remember(&mut self, collection: &str, name: &str, value: &Value) {
        let folded = folded(name);
        let own = matches!(folded.as_str(), "id" | "uuid" | "guid" | "objectid") || name == "_id";
        let add = |values: &mut Vec<Value>| {
            values.retain(|known| known != value);
            if values.len() >= REMEMBERED {
                values.remove(0);
            }
            values.push(value.clone());
        };
        if own {
            add(self.by_collection.entry(collection.to_owned()).or_default());
            if let Some(word) = super::purpose::last_words(collection).last() {
                add(self.by_name.entry(singular(word) + "id").or_default());
            }
        } else if is_identifier(name) || self.names.contains(&folded) {
            add(self.by_name.entry(folded).or_default());
        }
    }
}

/// The template with parameters unnamed and its last one cut off: `/users/{id}/orders/{order}` is in `/users/{}/orders`.
fn collection(path: &str) -> String {
    let mut segments: Vec<&str> = path
        .split('/')
        .filter(|one| !one.is_empty())
        .map(|one| if one.contains('{') { "{}" } else { one })
        .collect();
    while segments.last() == Some(&"{}") {
        segments.pop();
    }
    format!("/{}", segments.join("/"))
}

fn same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text(one) == text(other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_found_wherever_answers_put_them() {
        let mut known = Known::default();
        known.learn("/products", &json!({"items": [{"id": 3, "name": "a"}, {"id": 4}]}));
        known.learn("/users", &json!({"data": {"user": {"id": "u-1", "email": "a@b.c"}}}));
        known.learn("/checkout", &json!({"ok": true, "order_id": 9}));
        assert_eq!(known.path_value("/products/{id}", "id"), Some(&json!(3)));
        assert_eq!(known.path_value("/products/{productId}/reviews", "productId"), Some(&json!(3)));
        assert_eq!(known.field_value("product_id", false), Some(&json!(3)));
        assert_eq!(known.path_value("/users/{user_id}", "user_id"), Some(&json!("u-1")));
        assert_eq!(known.path_value("/orders/{id}", "id"), Some(&json!(9)));
        assert_eq!(known.field_value("name", true), None);
        known.forget("/products/{id}", &json!("3"));
        assert_eq!(known.path_value("/products/{id}", "id"), Some(&json!(4)));
    }
}

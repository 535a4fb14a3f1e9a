//! What of a log line's arguments is written as it came.

use crate::flow::call::Given;
use crate::flow::value::{Shape, Value};

/// Conversions that write no line end: numbers, and texts with their line ends escaped.
const ESCAPED: &[char] = &['d', 'i', 'u', 'f', 'F', 'e', 'E', 'g', 'G', 'x', 'X', 'o', 'c', 'r', 'a'];

/// The arguments that may bring a line end into the line. Objects and lists are written with theirs escaped
/// (<https://docs.python.org/3/library/functions.html#repr>, <https://nodejs.org/api/util.html#utilinspectobject-options>), and
/// `extra` is no part of the line.
pub(super) fn plain<'a>(given: &Given<'a>, is_script: bool) -> Value<'a> {
    let format = given.positional.iter().find_map(Value::text).filter(|_| !is_script);
    let conversions = format.map(conversions).unwrap_or_default();
    let first = given.positional.iter().position(|value| value.text().is_some()).unwrap_or_default();
    let written = given.positional.iter().enumerate().filter(|(at, value)| {
        let conversion = at.checked_sub(first + 1).and_then(|at| conversions.get(at));
        let is_object = matches!(value.shape, Shape::List(_) | Shape::Record(_) | Shape::Many)
            || is_script && matches!(value.shape, Shape::Object(..));
        !is_object && !conversion.is_some_and(|conversion| ESCAPED.contains(conversion))
    });
    let named = given.named.iter().filter(|(name, _)| {
        !matches!(name.as_str(), "extra" | "exc_info" | "stacklevel" | "stack_info" | "file" | "flush")
    });
    let all: Vec<&Value<'a>> = written.map(|(_, value)| value).chain(named.map(|(_, value)| value)).collect();
    Value::made_of(&all)
}

/// The conversions of a format in their order: of `"%s did %d"` `s` and `d`.
fn conversions(format: &str) -> Vec<char> {
    let mut found = Vec::new();
    let mut rest = format;
    while let Some((_, after)) = rest.split_once('%') {
        let kind = after
            .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | ' ' | '#' | '.'));
        let mut letters = kind.chars();
        match letters.next() {
            Some('%') | None => {}
            Some(letter) => found.push(letter),
        }
        rest = letters.as_str();
    }
    found
}

//! Regular expressions at work: what follows from a match, what is in it, and what is left of a text when matches are taken out.

use super::call::Given;
use super::guard::Implied;
use super::known::Known;
use super::pattern;
use super::risk::{Risk, Risks};
use super::value::{Beside, Shape, Value, merge};
use super::walk::Walk;
use crate::facts::syntax::{Expr, ExprKind, Extent, Literal, Text};
use crate::facts::values::Bound;

/// A regular expression, and how much of a text it must match.
#[derive(Debug, Clone, Copy)]
struct Regex<'s> {
    pattern: &'s str,
    flags: &'s str,
    reach: Reach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Anywhere.
    Part,
    /// From the beginning on.
    Beginning,
    /// All of it.
    Whole,
}

/// What is matched: its value and how it is written.
type Matched<'v, 'a> = (&'v Value<'a>, Option<&'v Expr>);

/// A method of a compiled expression: `NAME.fullmatch(x)`, `/^[a-z]+$/.test(x)`.
pub(super) fn method<'a>(
    walk: &mut Walk<'_, 'a>,
    name: &str,
    (pattern, flags): (&str, &str),
    given: &Given<'a>,
    extent: Extent,
) -> Option<Value<'a>> {
    let first = given.positional.first()?;
    let written = given.written.first().map(|argument| &argument.value);
    asked(walk, name, (pattern, flags), (first, written), given, extent)
}

/// A function of Python's `re` that is given the expression: `re.fullmatch(r"[a-z]+", x)`.
pub(super) fn function<'a>(
    walk: &mut Walk<'_, 'a>,
    name: &str,
    given: &Given<'a>,
    extent: Extent,
) -> Option<Value<'a>> {
    let name = name.strip_prefix("re.")?;
    let at = if matches!(name, "sub" | "subn") { 2 } else { 1 };
    let value = given.at_or(at, "string")?;
    let written = given.written.get(at).map(|argument| &argument.value);
    let compiled = given.positional.first().and_then(|first| pattern::read(&first.shape));
    let own = flags_of(walk, given, if at == 2 { 4 } else { 2 });
    let (pattern, flags) = match (compiled, given.positional.first().and_then(Value::text)) {
        (Some((pattern, flags)), _) => (pattern.to_owned(), flags.to_owned()),
        (None, Some(text)) => (text.to_owned(), own),
        (None, None) => (String::new(), pattern::STRANGE.to_string()),
    };
    let rest = Given {
        positional: given.positional.get(1..).unwrap_or_default().to_vec(),
        named: given.named.clone(),
        written: given.written.get(1..).unwrap_or_default(),
    };
    asked(walk, name, (&pattern, &flags), (value, written), &rest, extent)
}

/// The flags that `re.compile(pattern, flags)` and its like are given.
pub(super) fn flags_of(walk: &Walk<'_, '_>, given: &Given<'_>, at: usize) -> String {
    let Some(extent) = given.extent(at, "flags") else { return String::new() };
    let written = walk.shown(extent);
    let flag = |name: &str| match name.trim().rsplit('.').next().unwrap_or_default() {
        "I" | "IGNORECASE" => 'i',
        "M" | "MULTILINE" => 'm',
        "S" | "DOTALL" => 's',
        "X" | "VERBOSE" => 'x',
        "A" | "ASCII" => 'a',
        "U" | "UNICODE" => 'u',
        _ => pattern::STRANGE,
    };
    written.split('|').map(flag).collect()
}

fn asked<'a>(
    walk: &mut Walk<'_, 'a>,
    name: &str,
    (pattern, flags): (&str, &str),
    (value, written): Matched<'_, 'a>,
    given: &Given<'a>,
    extent: Extent,
) -> Option<Value<'a>> {
    let python = walk.is_python();
    let reach = match name {
        "fullmatch" => Reach::Whole,
        "match" if python => Reach::Beginning,
        _ => Reach::Part,
    };
    let regex = Regex { pattern, flags, reach };
    match name {
        "test" | "is_match" => {
            let told = walk.told_known(written, value, excluded(regex));
            Some(Implied::when_true(told).value())
        }
        "match" | "fullmatch" | "search" | "exec" => Some(matched(walk, regex, (value, written))),
        "findall" | "finditer" | "matchAll" => Some(parts(regex, value)),
        "split" => Some(Value::tainted(value.all_taints()).marked(Beside::PART)),
        "sub" | "subn" => {
            let all = given.at_or(2, "count").is_none();
            let known = if all { pattern::taken_out(pattern, flags) } else { Known::default() };
            Some(replaced(walk, value, known, given.positional.first(), extent))
        }
        _ => None,
    }
}

/// `x.match(/../)` and `x.matchAll(/../g)` of a text.
pub(super) fn of_text<'a>(
    walk: &Walk<'_, 'a>,
    name: &str,
    (value, written): Matched<'_, 'a>,
    given: &Given<'a>,
) -> Option<Value<'a>> {
    let (pattern, flags) = pattern::read(&given.positional.first()?.shape)?;
    let regex = Regex { pattern, flags, reach: Reach::Part };
    match name {
        "match" => Some(matched(walk, regex, (value, written))),
        "matchAll" => Some(parts(regex, value)),
        _ => None,
    }
}

fn excluded(regex: Regex<'_>) -> Known {
    match regex.reach {
        Reach::Beginning => pattern::excluded(&format!("^(?:{})", regex.pattern), regex.flags, false),
        reach => pattern::excluded(regex.pattern, regex.flags, reach == Reach::Whole),
    }
}

/// What is in a match is a part of what was matched.
fn parts<'a>(regex: Regex<'_>, value: &Value<'a>) -> Value<'a> {
    let part = Value::tainted(value.all_taints()).marked(Beside::PART);
    pattern::of_match(regex.pattern, regex.flags).of_value(part)
}

/// A match: a truth from which something follows, with the parts of what was matched in it.
fn matched<'a>(walk: &Walk<'_, 'a>, regex: Regex<'_>, (value, written): Matched<'_, 'a>) -> Value<'a> {
    let told = walk.told_known(written, value, excluded(regex));
    let found = Implied::when_true(told).value();
    Value { shape: found.shape, taints: parts(regex, value).taints }
}

/// What is left of a text, with what is put in instead.
pub(super) fn replaced<'a>(
    walk: &mut Walk<'_, 'a>,
    of: &Value<'a>,
    known: Known,
    replacement: Option<&Value<'a>>,
    extent: Extent,
) -> Value<'a> {
    // What is known of what is left of a text is not known of the text.
    let mut left = known.of_value(Value::tainted(of.all_taints())).marked(Beside::PART);
    let with = match replacement {
        Some(function) if matches!(function.shape, Shape::Function(..)) => {
            let part = Value::tainted(of.all_taints()).marked(Beside::PART);
            walk.call_back(&function.clone(), vec![part], extent)
        }
        Some(value) => value.clone(),
        None => Value::UNKNOWN,
    };
    merge(&mut left.taints, &with.all_taints());
    left
}

/// `x.replace(a, b)`: what is known of the text that is left.
pub(super) fn replace<'a>(
    walk: &mut Walk<'_, 'a>,
    name: &str,
    of: &Value<'a>,
    given: &Given<'a>,
    extent: Extent,
) -> Value<'a> {
    let sought = given.positional.first();
    let script = walk.is_script();
    // A script's `replace` takes the first alone, unless the expression says `g`.
    let known = match sought.map(|sought| (pattern::read(&sought.shape), sought.text())) {
        Some((Some((pattern, flags)), _)) if flags.contains('g') => pattern::taken_out(pattern, flags),
        Some((None, Some(text))) if name == "replaceAll" || !script && given.at_or(2, "count").is_none() => {
            without(text)
        }
        _ => Known::default(),
    };
    replaced(walk, of, known, given.positional.get(1), extent)
}

/// The text that another is made of by taking out what matches, and the harm that the other's letters and those that were taken out
/// cannot do in it together: `key` of `key.replace(/\d+$/, "")`, and of a name that is bound to that alone.
pub(super) fn shortened(walk: &Walk<'_, '_>, expr: &Expr) -> Option<(Text, Risks)> {
    let made = match &expr.kind {
        ExprKind::Name(name) => match walk.bound_here(name) {
            [Bound::To(value)] => value,
            _ => return None,
        },
        _ => expr,
    };
    let call = made.call()?;
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    let ExprKind::Name(of) = &object.kind else { return None };
    let [sought, instead] = call.arguments.as_slice() else { return None };
    let ExprKind::Literal(Literal::Regex { pattern, flags }) = &sought.value.kind else { return None };
    let takes_out = matches!(name.as_str(), "replace" | "replaceAll") && instead.value.string() == Some("");
    // What it was when it was shortened, it still is.
    if !takes_out || walk.bound_here(of).len() != 1 {
        return None;
    }
    // Where it does harm only by its letters, it does not matter where they stood.
    let by_letters = Risks::of(&[Risk::Query, Risk::Markup, Risk::Log, Risk::Directory, Risk::Selector]);
    Some((of.clone(), pattern::of_match(pattern, flags).risks.shared(by_letters)))
}

/// What is known of a text out of which another has been taken.
fn without(text: &str) -> Known {
    match text {
        "\n" => Known::without(Risks::of(&[Risk::Log])),
        "<" => Known::without(Risks::of(&[Risk::Markup])),
        // Between quotes, what holds none of them stays there.
        "'" | "\"" => Known::without(Risks::of(&[Risk::Selector])),
        "/" => Known { risks: Risks::of(&[Risk::Path]), marks: Beside::RELATIVE },
        "." => Known::marked(Beside::STEADY),
        _ => Known::default(),
    }
}

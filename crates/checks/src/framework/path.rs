//! How frameworks write paths, brought to one spelling: `{name}` where a value goes.

use regex::bytes::{Regex, RegexBuilder};
use seaworthy_core::surface::{Input, InputKind, InputPlace};

/// What an expression is tried with in the place of a value: a number, a word.
pub(super) const SAMPLES: &[&str] = &["1", "x"];

/// A path and what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// With `{name}` where a value goes.
    pub(super) path: String,
    /// One for each value.
    pub(super) inputs: Vec<Input>,
}

fn value(name: &str, kind: InputKind) -> Input {
    Input { name: name.to_owned(), place: InputPlace::Path, kind, required: true }
}

/// Werkzeug's rules: `/users/<int:id>` (<https://werkzeug.palletsprojects.com/en/stable/routing/#rule-format>).
pub(super) fn flask(rule: &str) -> Pattern {
    let (mut path, mut inputs, mut rest) = (String::new(), Vec::new(), rule);
    while let Some((before, after)) = rest.split_once('<') {
        let Some((inner, after)) = after.split_once('>') else { break };
        let (converter, name) = inner.rsplit_once(':').unwrap_or(("", inner));
        let kind = match converter.split('(').next().unwrap_or_default() {
            "int" => InputKind::Integer,
            "float" => InputKind::Number,
            _ => InputKind::Text,
        };
        path.push_str(before);
        path.push_str(&format!("{{{name}}}"));
        inputs.push(value(name, kind));
        rest = after;
    }
    path.push_str(rest);
    Pattern { path, inputs }
}

/// Starlette's paths: `/files/{name:path}` (<https://www.starlette.io/routing/#path-parameters>).
pub(super) fn starlette(written: &str) -> Pattern {
    let (mut path, mut inputs, mut rest) = (String::new(), Vec::new(), written);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((inner, after)) = after.split_once('}') else { break };
        let (name, converter) = inner.split_once(':').unwrap_or((inner, ""));
        let kind = match converter {
            "int" => InputKind::Integer,
            "float" => InputKind::Number,
            "" => InputKind::Unknown,
            _ => InputKind::Text,
        };
        path.push_str(before);
        path.push_str(&format!("{{{name}}}"));
        inputs.push(value(name, kind));
        rest = after;
    }
    path.push_str(rest);
    Pattern { path, inputs }
}

/// aiohttp's paths: `/users/{id}`, `/users/{id:\\d+}` (<https://docs.aiohttp.org/en/stable/web_quickstart.html#variable-resources>).
pub(super) fn aiohttp(written: &str) -> Pattern {
    let (mut path, mut inputs, mut rest) = (String::new(), Vec::new(), written);
    while let Some((before, after)) = rest.split_once('{') {
        // The pattern of a value may have braces itself.
        let mut depth = 0_u32;
        let end = after.char_indices().find_map(|(at, c)| match c {
            '{' => {
                depth += 1;
                None
            }
            '}' if depth == 0 => Some(at),
            '}' => {
                depth -= 1;
                None
            }
            _ => None,
        });
        let Some((inner, after)) = end.and_then(|end| after.get(..end).zip(after.get(end + 1..))) else {
            break;
        };
        let (name, pattern) = inner.split_once(':').unwrap_or((inner, ""));
        let kind = match pattern {
            "" => InputKind::Unknown,
            digits if digits.starts_with(r"\d") || digits.starts_with("[0-9]") => InputKind::Integer,
            _ => InputKind::Text,
        };
        path.push_str(before);
        path.push_str(&format!("{{{name}}}"));
        inputs.push(value(name, kind));
        rest = after;
    }
    path.push_str(rest);
    Pattern { path, inputs }
}

/// Express's paths: `/users/:id`, `/users/:id(\\d+)`, `/files/*rest`. `None` for what has optional parts or other patterns
/// (<https://expressjs.com/en/guide/routing.html#route-paths>).
pub(super) fn express(written: &str) -> Option<Pattern> {
    let (mut path, mut inputs) = (String::new(), Vec::new());
    let mut rest = written;
    while let Some(first) = rest.chars().next() {
        if first == ':' || first == '*' {
            let body = rest.get(1..)?;
            let end = body
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$'))
                .unwrap_or(body.len());
            let name = match (first, body.get(..end)?) {
                ('*', "") => "rest",
                (_, "") => return None,
                (_, name) => name,
            };
            rest = body.get(end..)?;
            let mut kind = if first == '*' { InputKind::Text } else { InputKind::Unknown };
            if rest.starts_with('(') {
                let close = rest.find(')')?;
                if matches!(rest.get(1..close)?, r"\d+" | "[0-9]+") {
                    kind = InputKind::Integer;
                }
                rest = rest.get(close + 1..)?;
            }
            path.push_str(&format!("{{{name}}}"));
            inputs.push(value(name, kind));
        } else if "{}()?+[]\\".contains(first) {
            return None;
        } else {
            path.push(first);
            rest = rest.get(first.len_utf8()..)?;
        }
    }
    Some(Pattern { path, inputs })
}

/// The same with a value that may be absent at the end, which is left away as a path of its own: `/search/:query?` of Express 4,
/// `/search{/:query}` of Express 5.
pub(super) fn express_all(written: &str) -> Option<Vec<Pattern>> {
    let last = written
        .rfind("/:")
        .filter(|at| written.ends_with('?') && !written.get(at + 1..).is_none_or(|rest| rest.contains('/')));
    let split = match (last, written.strip_suffix('}')) {
        (Some(at), _) => written.get(..at).zip(written.get(at..written.len() - 1)),
        (None, Some(open)) => open.rsplit_once('{'),
        (None, None) => None,
    };
    let Some((before, last)) = split else { return Some(vec![express(written)?]) };
    let without = express(if before.is_empty() { "/" } else { before })?;
    Some(vec![without, express(&format!("{before}{last}"))?])
}

/// Fastify's paths: `/users/:id`, `/at/:hour(^\\d{2})h:minute`, `/files/*`; a value that may be absent at the end is left away as a
/// path of its own (<https://fastify.dev/docs/latest/Reference/Routes/#url-building>).
pub(super) fn fastify(written: &str) -> Option<Vec<Pattern>> {
    if let Some((before, last)) = written.rsplit_once('/')
        && let Some(last) = last.strip_suffix('?').filter(|last| last.starts_with(':'))
    {
        let mut both = fastify(if before.is_empty() { "/" } else { before })?;
        both.extend(fastify(&format!("{before}/{last}"))?);
        return Some(both);
    }
    let (mut path, mut inputs, mut rest) = (String::new(), Vec::new(), written);
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("::") {
            path.push(':');
            rest = after;
        } else if first == '*' {
            path.push_str("{rest}");
            inputs.push(value("rest", InputKind::Text));
            rest = rest.get(1..)?;
        } else if first == ':' {
            let body = rest.get(1..)?;
            let name = body.get(..body.find(['/', '-', '.', '(', ':']).unwrap_or(body.len()))?;
            rest = body.get(name.len()..)?;
            let mut kind = InputKind::Unknown;
            if rest.starts_with('(') {
                let end = group_end(rest)?;
                let inner = rest.get(1..end)?.trim_start_matches('^').trim_end_matches('$');
                let digits = inner == "[0-9]+" || inner.starts_with(r"\d") && !inner.contains(['|', '.']);
                kind = if digits { InputKind::Integer } else { InputKind::Text };
                rest = rest.get(end + 1..)?;
            }
            path.push_str(&format!("{{{name}}}"));
            inputs.push(value(name, kind));
        } else {
            path.push(first);
            rest = rest.get(first.len_utf8()..)?;
        }
    }
    Some(vec![Pattern { path, inputs }])
}

/// A prefix in Fastify's spelling.
pub(super) fn fastify_prefix(written: &str) -> Option<String> {
    match fastify(written)?.as_slice() {
        [pattern] => Some(pattern.path.clone()),
        _ => None,
    }
}

/// A regular expression whose groups each take one value: `^/users/(?P<id>\d+)$`. Groups without a name take the names given, in
/// order, then `value`. `None` when it has alternatives, classes or repetitions outside its groups.
pub(super) fn regex(written: &str, names: &[String]) -> Option<Pattern> {
    let body = written.trim_start_matches('^').trim_start_matches("\\A");
    let body = body.strip_suffix("\\Z").or_else(|| body.strip_suffix('$')).unwrap_or(body);
    // An optional slash at the end is the same route.
    let body = body.strip_suffix("/?").filter(|body| !body.is_empty()).unwrap_or(body);
    let (mut path, mut inputs, mut rest) = (String::new(), Vec::new(), body);
    let mut names = names.iter();
    while let Some(first) = rest.chars().next() {
        match first {
            '\\' => {
                let escaped = rest.chars().nth(1).filter(|c| !c.is_alphanumeric())?;
                path.push(escaped);
                rest = rest.get(1 + escaped.len_utf8()..)?;
            }
            '(' => {
                let end = group_end(rest)?;
                let inner = rest.get(1..end)?;
                let (name, inner) = match inner.strip_prefix("?P<").or_else(|| inner.strip_prefix("?<")) {
                    Some(named) => named.split_once('>')?,
                    None if inner.starts_with('?') => return None,
                    None => (names.next().map_or("value", String::as_str), inner),
                };
                let digits = inner.trim_start_matches("-?");
                let digits = digits.strip_prefix(r"\d").or_else(|| digits.strip_prefix("[0-9]"));
                let digits = digits.is_some_and(|times| times.chars().all(|c| "+*{},0123456789".contains(c)));
                let kind = if digits { InputKind::Integer } else { InputKind::Text };
                path.push_str(&format!("{{{name}}}"));
                inputs.push(value(name, kind));
                rest = rest.get(end + 1..)?;
            }
            '|' | '[' | '*' | '+' | '?' | '.' | '{' | '^' | '$' | ')' => return None,
            plain => {
                path.push(plain);
                rest = rest.get(plain.len_utf8()..)?;
            }
        }
    }
    path.starts_with('/').then_some(Pattern { path, inputs })
}

/// Where the group that a text begins with ends.
pub(super) fn group_end(text: &str) -> Option<usize> {
    let (mut depth, mut escaped) = (0_u32, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' if depth == 1 => return Some(at),
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// An expression of a script, to be tried on a path; `None` when it has what Rust's have not, as a look ahead.
pub(super) fn expression(pattern: &str, flags: &str) -> Option<Regex> {
    // Without `u` a script's classes are of ASCII.
    RegexBuilder::new(pattern).unicode(false).case_insensitive(flags.contains('i')).build().ok()
}

/// A path with this in the place of each of its values.
pub(super) fn filled(path: &str, sample: &str) -> String {
    let mut parts = path.split('{');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole.push_str(sample);
        whole.push_str(part.split_once('}').map_or(part, |(_, after)| after));
    }
    whole
}

/// A prefix and a path, with one slash between them; a path that is empty is the prefix.
pub(super) fn join(prefix: &str, path: &str) -> String {
    match (prefix.trim_end_matches('/'), path) {
        ("", "") => "/".to_owned(),
        ("", path) => format!("/{}", path.trim_start_matches('/')),
        (prefix, "") => prefix.to_owned(),
        (prefix, path) => format!("{prefix}/{}", path.trim_start_matches('/')),
    }
}

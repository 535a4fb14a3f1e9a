//! EJS (<https://github.com/mde/ejs/blob/main/docs/syntax.md>) and Eta (<https://eta.js.org/docs>): JavaScript between `<%` and `%>`.

use std::sync::LazyLock;

use regex::Regex;

use super::access_path::{AccessPath, Step, name, parse, split};
use super::scope::{Bound, Scopes};
use super::{PageTemplate, Part, Printed};
use crate::facts::lines::Lines;

/// What the tags of an engine mean.
#[derive(Clone, Copy)]
pub(super) struct Tags {
    /// After `<%`: it is printed as it is.
    raw: char,
    /// The name of everything that is given.
    whole: &'static str,
}

pub(super) const EJS: Tags = Tags { raw: '-', whole: "locals" };
pub(super) const ETA: Tags = Tags { raw: '~', whole: "it" };

/// `posts.forEach(post => {`, `posts.map(function (post) {`: a list, and the name of one.
static EACH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"([\w$.\[\]]+)\??\.(?:forEach|map|filter)\(\s*(?:async\s+)?(?:function\s*)?\(?\s*([\w$]+)")
        .ok()
});
/// `for (const post of posts)`.
static OF: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"for\s*\(\s*(?:const|let|var)\s+([\w$]+)\s+of\s+([\w$.\[\]]+)\s*\)").ok());
/// `const name = value`.
static MADE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:const|let|var)\s+([\w$]+)\s*=\s*([^;\n]+)").ok());

pub(super) fn read(text: &str, tags: Tags) -> PageTemplate {
    let lines = Lines::of(text);
    let mut template = PageTemplate::default();
    let mut scopes = Scopes::default();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("<%")) {
        let begin = at + found;
        let rest = text.get(begin..).unwrap_or_default();
        let Some(end) = rest.find("%>") else { break };
        at = begin + end + 2;
        let inner = rest.get(2..end).unwrap_or_default();
        let kind = inner.chars().next().unwrap_or(' ');
        let code = inner.trim_start_matches(['-', '=', '~', '_']).trim_end_matches(['-', '_']).trim();
        if kind == '#' || kind == '%' {
            continue;
        }
        if kind != '=' && kind != tags.raw {
            statement(code, tags, &mut scopes);
            continue;
        }
        if let Some(given) = code.strip_prefix("include").and_then(|rest| rest.trim_start().strip_prefix('('))
        {
            template.parts.extend(part(
                given.trim_end_matches([';', ' ']).trim_end_matches(')'),
                tags,
                &scopes,
            ));
            continue;
        }
        for place in values(code.trim_end_matches(';'), tags, &scopes) {
            let (line, written) =
                (lines.line(begin as u32), rest.get(..end + 2).unwrap_or_default().to_owned());
            template.printed.push(Printed {
                line,
                written,
                place,
                is_raw: kind == tags.raw,
                is_escaped: false,
                blocks: Vec::new(),
            });
        }
    }
    template
}

/// What a value may be: `message || ''`, `ok ? message : ''`.
fn values(code: &str, tags: Tags, scopes: &Scopes) -> Vec<AccessPath> {
    let code = split(code, " ? ").last().copied().unwrap_or_default();
    let choices = split(code, "||").into_iter().flat_map(|part| split(part, "??"));
    choices.flat_map(|part| split(part, " : ")).filter_map(|value| meant(value, tags, scopes)).collect()
}

fn meant(value: &str, tags: Tags, scopes: &Scopes) -> Option<AccessPath> {
    let place = parse(value)?;
    let is_whole = matches!(place.first(), Some(Step::Field(first)) if first == tags.whole);
    // `locals.user` is `user`.
    if is_whole {
        (place.len() > 1).then(|| place.into_iter().skip(1).collect())
    } else {
        scopes.meant(value)
    }
}

/// The names that a statement makes. They are taken to be there until another of the same name is made.
fn statement(code: &str, tags: Tags, scopes: &mut Scopes) {
    let mut each = |list: &str, item: &str| {
        let place = meant(list, tags, scopes).map(|mut place| {
            place.push(Step::Each);
            place
        });
        scopes.bind(item, place);
    };
    for found in EACH.iter().flat_map(|each| each.captures_iter(code)) {
        let (_, [list, item]) = found.extract();
        each(list, item);
    }
    for found in OF.iter().flat_map(|of| of.captures_iter(code)) {
        let (_, [item, list]) = found.extract();
        each(list, item);
    }
    for found in MADE.iter().flat_map(|made| made.captures_iter(code)) {
        let (_, [name, value]) = found.extract();
        let means = meant(value.trim(), tags, scopes);
        scopes.bind(name, means);
    }
}

/// `'partials/post', { post, title: page.title }`
fn part(given: &str, tags: Tags, scopes: &Scopes) -> Option<Part> {
    let arguments = split(given, ",");
    let written = arguments.first()?.trim();
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let path = written.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut bound: Bound = scopes.all();
    let fields = arguments.get(1).and_then(|fields| fields.trim().strip_prefix('{')?.strip_suffix('}'));
    for field in split(fields.unwrap_or_default(), ",").into_iter().map(str::trim) {
        let (key, value) = field.split_once(':').unwrap_or((field, field));
        if let Some((key, _)) = name(key.trim()) {
            bound.insert(key.to_owned(), meant(value, tags, scopes));
        }
    }
    Some(Part { name: path.to_owned(), bound, is_alone: false, blocks: Some(Vec::new()) })
}

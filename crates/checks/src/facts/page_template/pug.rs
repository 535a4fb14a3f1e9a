//! Pug (<https://pugjs.org/language/code.html>): `!=` and `!{..}` print as it is.

use std::sync::LazyLock;

use regex::Regex;

use super::access_path::{Step, split};
use super::scope::Scopes;
use super::{PageTemplate, Part, Printed};

/// `p.note!= post.body`, `li: a!= post.title`: what stands behind the tag.
static AFTER_TAG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:[\w.#-]+(?:\([^)]*\))?:\s+)*(?:[\w.#:-]+(?:\([^)]*\))?)?(!?)=\s*(.+?)\s*$").ok()
});
/// `#{post.title}`, `!{post.body}`.
static AMONG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"([!#])\{([^}]+)\}").ok());
/// `each post in posts`.
static EACH: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\s*(?:each|for)\s+([\w$]+)(?:\s*,\s*[\w$]+)?\s+in\s+(.+?)\s*$").ok());

pub(super) fn read(text: &str) -> PageTemplate {
    // Whatever has no angle brackets becomes tags.
    let mut template = PageTemplate { is_page: true, ..PageTemplate::default() };
    let mut scopes = Scopes::default();
    for (line, number) in text.lines().zip(1..) {
        let trimmed = line.trim_start();
        let word = trimmed.split([' ', '(']).next().unwrap_or_default();
        match word {
            "include" | "extends" => {
                let name = trimmed.get(word.len()..).unwrap_or_default().trim().to_owned();
                template.parts.push(Part {
                    name,
                    bound: scopes.all(),
                    is_alone: false,
                    blocks: Some(Vec::new()),
                });
                continue;
            }
            "mixin" => {
                let parameters = trimmed.split_once('(').map_or("", |(_, given)| given);
                for name in parameters.trim_end_matches(')').split(',').map(str::trim) {
                    scopes.bind(name, None);
                }
                continue;
            }
            "if" | "else" | "unless" | "while" | "case" | "when" | "-" | "//" | "//-" => continue,
            _ => {}
        }
        if let Some((_, [item, list])) =
            EACH.as_ref().and_then(|each| each.captures(line)).map(|found| found.extract())
        {
            let place = scopes.meant(list).map(|mut place| {
                place.push(Step::Each);
                place
            });
            scopes.bind(item, place);
            continue;
        }
        let after = AFTER_TAG.iter().filter_map(|after| after.captures(line));
        let found = after.chain(AMONG.iter().flat_map(|among| among.captures_iter(line)));
        for found in found {
            let (written, [kind, value]) = found.extract();
            let choices = split(value, "||");
            for place in choices.into_iter().filter_map(|value| scopes.meant(value)) {
                let written = written.trim().to_owned();
                template.printed.push(Printed {
                    line: number,
                    written,
                    place,
                    is_raw: kind == "!",
                    is_escaped: false,
                    blocks: Vec::new(),
                });
            }
        }
    }
    template
}

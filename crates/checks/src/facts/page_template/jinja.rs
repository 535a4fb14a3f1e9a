//! Jinja (<https://jinja.palletsprojects.com/en/stable/templates/>), Nunjucks, and Django's templates
//! (<https://docs.djangoproject.com/en/stable/ref/templates/builtins/>), which have their tags in common.

use super::access_path::{AccessPath, Step, name, split};
use super::scope::{Bound, Scopes, unknown};
use super::{PageTemplate, Part, Printed};
use crate::facts::lines::Lines;

/// Filters after which a text is still what came in.
const KEEPS: &[&str] = &[
    "safe",
    "safeseq",
    "default",
    "d",
    "default_if_none",
    "trim",
    "upper",
    "lower",
    "title",
    "capitalize",
    "capfirst",
    "truncate",
    "truncatechars",
    "truncatewords",
    "wordwrap",
    "center",
    "ljust",
    "rjust",
    "replace",
    "cut",
    "string",
    "stringformat",
    "format",
    "join",
    "first",
    "last",
    "indent",
    "slice",
    "reverse",
    "sort",
    "list",
];

/// Filters that take letters out, of which the first thing given tells which.
const REPLACE: &[&str] = &["replace", "cut"];

struct Reader<'t> {
    text: &'t str,
    lines: Lines,
    template: PageTemplate,
    scopes: Scopes,
    /// Whether values are escaped, of each `autoescape` under way.
    escapes: Vec<bool>,
    /// The blocks under way.
    blocks: Vec<String>,
}

pub(super) fn read(text: &str) -> PageTemplate {
    let mut reader = Reader {
        text,
        lines: Lines::of(text),
        template: PageTemplate::default(),
        scopes: Scopes::default(),
        escapes: Vec::new(),
        blocks: Vec::new(),
    };
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('{')) {
        let begin = at + found;
        let rest = text.get(begin..).unwrap_or_default();
        at = match rest.as_bytes().get(1) {
            Some(b'{') => reader.value(begin, rest),
            Some(b'%') => reader.tag(begin, rest),
            Some(b'#') => rest.find("#}").map_or(text.len(), |end| begin + end + 2),
            _ => begin + 1,
        };
    }
    if text.contains("super()") || text.contains("block.super") {
        reader.template.blocks.clear();
    }
    reader.template
}

impl Reader<'_> {
    /// `{{ name|filter }}`: where it ends.
    fn value(&mut self, begin: usize, rest: &str) -> usize {
        let Some(end) = rest.find("}}") else { return self.text.len() };
        let inner = rest.get(2..end).unwrap_or_default();
        let inner = inner.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim();
        // `a|safe if b else ''`
        let inner = split(inner, " if ").first().copied().unwrap_or_default();
        let mut parts = split(inner, "|").into_iter().map(str::trim);
        let place = parts.next().and_then(|value| self.scopes.meant(value));
        let filters: Vec<&str> = parts.collect();
        if let Some(place) = place.filter(|_| filters.iter().all(|filter| keeps(filter))) {
            let is_safe = filters.iter().any(|filter| matches!(*filter, "safe" | "safeseq"));
            let is_raw = is_safe || self.escapes.last() == Some(&false);
            let is_escaped = !is_safe && self.escapes.last() == Some(&true);
            let written = rest.get(..end + 2).unwrap_or_default().to_owned();
            self.template.printed.push(Printed {
                line: self.lines.line(begin as u32),
                written,
                place,
                is_raw,
                is_escaped,
                blocks: self.blocks.clone(),
            });
        }
        begin + end + 2
    }

    /// `{% for .. %}` and its kin: where it ends.
    fn tag(&mut self, begin: usize, rest: &str) -> usize {
        let Some(end) = rest.find("%}") else { return self.text.len() };
        let inner = rest.get(2..end).unwrap_or_default();
        let inner = inner.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim();
        let after = begin + end + 2;
        let Some((word, given)) = name(inner) else { return after };
        let given = given.trim();
        match word {
            "raw" | "verbatim" => return self.skip(after, word),
            "for" => self.each(given),
            "macro" | "call" => {
                let parameters = given.split_once('(').map_or("", |(_, parameters)| parameters);
                self.scopes.begin(word, unknown(split(parameters.trim_end_matches(')'), ",").into_iter()));
            }
            "with" => {
                let bound = self.given_names(given);
                self.scopes.begin(word, bound);
            }
            "set" => match given.split_once('=') {
                Some((name, value)) => {
                    let means = self.plain(value);
                    self.scopes.bind(name.trim(), means);
                }
                // What stands until `endset`.
                None => self.scopes.bind(given, None),
            },
            "autoescape" => self.escapes.push(!matches!(given, "false" | "off" | "False")),
            "endautoescape" => drop(self.escapes.pop()),
            "block" => {
                let block = name(given).map_or_else(String::new, |(block, _)| block.to_owned());
                self.template.blocks.insert(block.clone());
                self.blocks.push(block);
            }
            "endblock" => drop(self.blocks.pop()),
            "include" | "extends" => self.part(given, word == "extends"),
            _ => {
                if let Some(kind) = word.strip_prefix("end") {
                    self.scopes.end(kind);
                }
            }
        }
        after
    }

    fn skip(&self, from: usize, kind: &str) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        let ends = |tag: &str| {
            tag.trim_start_matches('-')
                .trim_start()
                .strip_prefix("end")
                .is_some_and(|rest| rest.starts_with(kind))
        };
        let end = rest.match_indices("{%").find(|(at, _)| rest.get(at + 2..).is_some_and(ends));
        end.map_or(self.text.len(), |(at, _)| from + at + 2)
    }

    /// What stands after `for`: `post in posts`, `name, post in posts.items()`.
    fn each(&mut self, given: &str) {
        let Some((targets, rest)) = given.split_once(" in ") else { return };
        let whole = split(rest, " if ").first().copied().unwrap_or_default().trim();
        let whole = whole.trim_end_matches(" recursive").trim_end_matches(" reversed");
        let (items, are_pairs) = match whole.trim_end_matches("()").strip_suffix(".items") {
            Some(items) => (items, true),
            None => (whole, false),
        };
        let item = self.plain(items).map(|mut place| {
            place.push(Step::Each);
            place
        });
        let mut bound = unknown(targets.trim_matches(['(', ')']).split(',').chain(["loop", "forloop"]));
        let named: Vec<&str> = targets.trim_matches(['(', ')']).split(',').map(str::trim).collect();
        match named.as_slice() {
            [one] if !are_pairs => drop(bound.insert((*one).to_owned(), item)),
            // Of a dictionary the keys are the program's own.
            [_, value] if are_pairs => drop(bound.insert((*value).to_owned(), item)),
            // https://nunjucks.com: `for key, value in dictionary`, and rows of a list.
            _ => {}
        }
        self.scopes.begin("for", bound);
    }

    /// A value, when it is a part of what is given, as it is.
    fn plain(&self, value: &str) -> Option<AccessPath> {
        let mut parts = split(value, "|").into_iter().map(str::trim);
        let place = self.scopes.meant(parts.next()?)?;
        parts.all(keeps).then_some(place)
    }

    /// `a=x b=y`, `a = x, b = y`, `x as a`.
    fn given_names(&self, given: &str) -> Bound {
        if let Some((value, name)) = given.split_once(" as ") {
            return Bound::from([(name.trim().to_owned(), self.plain(value))]);
        }
        let mut bound = Bound::new();
        let mut rest = given.trim();
        while let Some((name, after)) = rest.split_once('=') {
            let after = after.trim_start();
            let value = split(after, " ").first().copied().unwrap_or_default();
            let value = split(value, ",").first().copied().unwrap_or_default();
            bound.insert(name.trim().to_owned(), self.plain(value));
            rest = after.get(value.len()..).unwrap_or_default().trim_start_matches([',', ' ']);
        }
        bound
    }

    /// `"page.html" with a=x only`
    fn part(&mut self, given: &str, extends: bool) {
        let Some(quote) = given.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return };
        let Some((name, rest)) = given.get(1..).and_then(|given| given.split_once(quote)) else { return };
        let rest = rest.trim();
        // `without context` of Jinja, `with a=b only` of Django.
        let is_alone = rest.ends_with("without context") || rest.ends_with("only");
        let mut bound = if is_alone { Bound::new() } else { self.scopes.all() };
        if let Some(given) = rest.strip_prefix("with ").filter(|given| *given != "context") {
            bound.extend(self.given_names(given.trim_end_matches(" only")));
        }
        self.template.extends |= extends;
        let blocks = (!extends).then(|| self.blocks.clone());
        self.template.parts.push(Part { name: name.to_owned(), bound, is_alone, blocks });
    }
}

/// Whether a text is what it was after a filter.
fn keeps(filter: &str) -> bool {
    let (word, given) = name(filter).unwrap_or((filter, ""));
    let first = split(given.trim_start_matches(['(', ':']), ",").first().copied().unwrap_or_default();
    KEEPS.contains(&word) && !(REPLACE.contains(&word) && first.contains(['<', '&']))
}

//! Handlebars (<https://handlebarsjs.com/guide/>) and Mustache (<https://mustache.github.io/mustache.5.html>): three braces print as it is.

use super::access_path::{AccessPath, Step, parse};
use super::scope::Bound;
use super::{PageTemplate, Part, Printed};
use crate::facts::lines::Lines;

/// A block under way.
struct Block {
    /// What names are parts of in it; `None` where that is not known.
    within: Option<AccessPath>,
    /// `{{#each posts as |post|}}`
    bound: Bound,
}

pub(super) fn read(text: &str) -> PageTemplate {
    let lines = Lines::of(text);
    let mut template = PageTemplate::default();
    let mut blocks = vec![Block { within: Some(Vec::new()), bound: Bound::new() }];
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("{{")) {
        let begin = at + found;
        let rest = text.get(begin..).unwrap_or_default();
        let is_comment = rest.starts_with("{{!");
        let (open, close) = match rest {
            _ if rest.starts_with("{{!--") => (5, "--}}"),
            _ if rest.starts_with("{{{") => (3, "}}}"),
            // https://handlebarsjs.com/guide/expressions.html#whitespace-control
            _ if rest.starts_with("{{~{") => (4, "}"),
            _ => (2, "}}"),
        };
        let Some(end) = rest.get(open..).and_then(|inner| inner.find(close)).map(|end| end + open) else {
            break;
        };
        at = begin + end + close.len();
        let inner = rest.get(open..end).unwrap_or_default().trim_matches('~').trim();
        if is_comment || inner.is_empty() {
            continue;
        }
        if let Some(name) = inner.strip_prefix('>') {
            let name =
                name.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'']).to_owned();
            let bound = blocks.iter().flat_map(|block| block.bound.clone()).collect();
            template.parts.push(Part { name, bound, is_alone: false, blocks: Some(Vec::new()) });
        } else if let Some(given) = inner.strip_prefix('#') {
            let block = begun(given.trim(), &blocks);
            blocks.push(block);
        } else if inner.starts_with('^') && inner.len() > 1 {
            let within = blocks.last().and_then(|block| block.within.clone());
            blocks.push(Block { within, bound: Bound::new() });
        } else if inner.starts_with('/') {
            if blocks.len() > 1 {
                blocks.pop();
            }
        } else {
            let is_raw = matches!(open, 3 | 4) || inner.starts_with('&');
            if let Some(place) = meant(inner.trim_start_matches('&').trim(), &blocks) {
                let written = rest.get(..end + close.len()).unwrap_or_default().to_owned();
                template.printed.push(Printed {
                    line: lines.line(begin as u32),
                    written,
                    place,
                    is_raw,
                    is_escaped: false,
                    blocks: Vec::new(),
                });
            }
        }
    }
    template
}

/// A block: `each posts as |post|`, `with author`, `if ok`, and Mustache's `posts`.
fn begun(given: &str, blocks: &[Block]) -> Block {
    let same = || blocks.last().and_then(|block| block.within.clone());
    let (given, named) = match given.split_once(" as |") {
        Some((given, named)) => (given, named.trim_end_matches('|').split_whitespace().next()),
        None => (given, None),
    };
    let words: Vec<&str> = given.split_whitespace().collect();
    let (value, step) = match words.as_slice() {
        ["each", value] => (*value, Some(Step::Each)),
        ["with", value] => (*value, None),
        [value] => (*value, Some(Step::Inside)),
        // `if`, `unless`, and helpers that nobody here knows.
        _ => return Block { within: same(), bound: Bound::new() },
    };
    let place = meant(value, blocks).map(|mut place| {
        place.extend(step);
        place
    });
    let bound = named.map(|name| (name.to_owned(), place.clone())).into_iter().collect();
    Block { within: place, bound }
}

/// What an expression is of what the template is given.
fn meant(expression: &str, blocks: &[Block]) -> Option<AccessPath> {
    let mut blocks = blocks;
    let mut rest = expression;
    if let Some(of_root) = rest.strip_prefix("@root.") {
        return parse(of_root);
    }
    while let Some(outer) = rest.strip_prefix("../") {
        blocks = blocks.get(..blocks.len().saturating_sub(1))?;
        rest = outer;
    }
    let within = blocks.last()?.within.clone();
    if rest == "this" || rest == "." {
        return within.filter(|within| !within.is_empty());
    }
    let place = parse(rest.strip_prefix("this.").or_else(|| rest.strip_prefix("./")).unwrap_or(rest))?;
    let Some(Step::Field(first)) = place.first() else { return None };
    if let Some(means) = blocks.iter().rev().find_map(|block| block.bound.get(first)) {
        let mut whole = means.clone()?;
        whole.extend(place.into_iter().skip(1));
        return Some(whole);
    }
    let mut whole = within?;
    whole.extend(place);
    Some(whole)
}

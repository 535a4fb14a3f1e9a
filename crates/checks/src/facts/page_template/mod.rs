//! Templates of pages: what of what they are given they print, and whether they escape it.
//!
//! Read are Jinja and Nunjucks with Django's own templates, EJS and Eta, Handlebars and Mustache, and Pug. Only what is printed by its name
//! (`{{ post.body|safe }}`) is told: what functions and filters that nobody here knows make of a value is theirs.

mod embedded;
mod jinja;
mod mustache;
mod place;
mod pug;
mod scope;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use seaworthy_core::limits::SOURCE_FILE_BYTES;

pub(crate) use place::{Place, Step};
pub(crate) use scope::{Bound, meant};

use crate::tree::{Mode, Tree};

/// The endings of templates. Where a name is given without one, they are tried in this order.
const ENDINGS: &[&str] = &[
    "html",
    "ejs",
    "pug",
    "hbs",
    "handlebars",
    "mustache",
    "njk",
    "eta",
    "jinja",
    "jinja2",
    "j2",
    "htm",
    "jade",
    "xml",
    "svg",
];

/// What a template does with what it is given.
#[derive(Debug, Default)]
pub(crate) struct PageTemplate {
    /// What it prints, in its order.
    pub(crate) printed: Vec<Printed>,
    /// The templates that it includes or extends.
    pub(crate) parts: Vec<Part>,
    /// Whether it is a page: anything but tags of the template is a tag of HTML.
    pub(crate) is_page: bool,
}

/// One value that is printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Printed {
    /// The line, from 1.
    pub(crate) line: u32,
    /// As it is written: `{{ post.body|safe }}`.
    pub(crate) written: String,
    /// What it is a part of, and which.
    pub(crate) place: Place,
    /// Whether it is printed as it is, whatever the engine is set to.
    pub(crate) is_raw: bool,
}

/// Another template that stands in one.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its name, as it is written.
    pub(crate) name: String,
    /// What the names mean there that the template itself has made.
    pub(crate) bound: Bound,
}

/// Reads a template, by the ending of its name and by what it looks like where the ending says nothing.
pub(crate) fn read(path: &str, text: &str) -> PageTemplate {
    let mut template = match ending(path) {
        "ejs" => embedded::read(text, embedded::EJS),
        "eta" => embedded::read(text, embedded::ETA),
        "hbs" | "handlebars" | "mustache" => mustache::read(text),
        "pug" | "jade" => pug::read(text),
        // https://expressjs.com/en/5x/api.html#app.engine: an engine may be given another ending.
        "html" | "htm" if text.contains("<%") && !text.contains("{%") => embedded::read(text, embedded::EJS),
        "html" | "htm" if text.contains("{{{") && !text.contains("{%") => mustache::read(text),
        _ => jinja::read(text),
    };
    template.is_page |= has_tag(text);
    template
}

/// Reads the text of a template that stands in the program.
pub(crate) fn read_source(engine: Engine, text: &str) -> PageTemplate {
    let mut template = match engine {
        Engine::Jinja => jinja::read(text),
        Engine::Ejs => embedded::read(text, embedded::EJS),
    };
    template.is_page = has_tag(text);
    template
}

/// The engines whose templates are given as texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Jinja, Nunjucks.
    Jinja,
    /// EJS.
    Ejs,
}

fn has_tag(text: &str) -> bool {
    text.as_bytes()
        .windows(2)
        .any(|pair| matches!(pair, [b'<', next] if next.is_ascii_alphabetic() || *next == b'!'))
}

/// The line of an offset, from 1.
fn line_at(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    u32::try_from(before.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX).saturating_add(1)
}

fn ending(path: &str) -> &str {
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ending)| ending)
}

/// The templates of a tree, read when they are asked for.
pub(crate) struct Templates<'t> {
    tree: &'t Tree,
    by_path: BTreeMap<&'t str, OnceLock<PageTemplate>>,
}

impl<'t> Templates<'t> {
    pub(crate) fn of(tree: &'t Tree) -> Self {
        let is_template = |path: &str| {
            ENDINGS.contains(&ending(path)) && !path.split('/').any(|part| part == "node_modules")
        };
        let entries = tree
            .entries()
            .iter()
            .filter(|entry| !entry.foreign && entry.mode != Mode::Link && is_template(&entry.path));
        Self { tree, by_path: entries.map(|entry| (entry.path.as_str(), OnceLock::new())).collect() }
    }

    /// The template that a name means in a file: the one beside it, or else the nearest one of this name.
    pub(crate) fn named(&self, name: &str, from: &str) -> Option<(&'t str, &PageTemplate)> {
        let name = name.trim_start_matches("./").trim_start_matches('/');
        if name.is_empty() || name.contains("..") {
            return None;
        }
        let path = if ENDINGS.contains(&ending(name)) {
            self.nearest(name, from)
        } else {
            ENDINGS.iter().find_map(|ending| self.nearest(&format!("{name}.{ending}"), from))
        };
        let (path, template) = self.by_path.get_key_value(path?)?;
        let read = || {
            self.tree
                .read_text(path, SOURCE_FILE_BYTES)
                .map_or_else(PageTemplate::default, |text| read(path, &text))
        };
        Some((path, template.get_or_init(read)))
    }

    fn nearest(&self, name: &str, from: &str) -> Option<&'t str> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        if let Some((path, _)) = self.by_path.get_key_value(beside.as_str()) {
            return Some(path);
        }
        let is_named = |path: &&str| {
            path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let shared = |path: &str| {
            folder.split('/').zip(path.split('/')).take_while(|(one, other)| one == other).count()
        };
        let found = self.by_path.keys().copied().filter(is_named);
        found.max_by_key(|path| (shared(path), std::cmp::Reverse(path.len())))
    }
}

#[cfg(test)]
mod tests;

//! Templates of pages: what of what they are given they print, and whether they escape it.
//!
//! Read are Jinja and Nunjucks with Django's own templates, EJS and Eta, Handlebars and Mustache, and Pug. Only what is printed by its name
//! (`{{ post.body|safe }}`) is told: what functions and filters that nobody here knows make of a value is theirs.

mod access_path;
mod embedded;
mod jinja;
mod mustache;
mod pug;
mod scope;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use seaworthy_core::limits::SOURCE_FILE_BYTES;

pub(crate) use access_path::{AccessPath, Step};
pub(crate) use scope::{Bound, meant};

use crate::tree::{Mode, Tree, normalized};

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
#[derive(Debug, Clone, Default)]
pub(crate) struct PageTemplate {
    /// What it prints, in its order.
    pub(crate) printed: Vec<Printed>,
    /// The templates that it includes or extends.
    pub(crate) parts: Vec<Part>,
    /// The blocks that it has, none of which prints what the template that it extends has there. Empty where that is printed too (`super()`).
    pub(crate) blocks: BTreeSet<String>,
    /// Whether it extends another: of its own only what stands in blocks is printed.
    pub(crate) extends: bool,
    /// Whether it is a page, or a part of one: its name says so, or a tag of HTML stands in it.
    pub(crate) is_page: bool,
}

/// One value that is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Printed {
    /// The line, from 1.
    pub(crate) line: u32,
    /// As it is written: `{{ post.body|safe }}`.
    pub(crate) written: String,
    /// What it is a part of, and which.
    pub(crate) place: AccessPath,
    /// Whether it is printed as it is, whatever the engine is set to.
    pub(crate) is_raw: bool,
    /// Whether it is escaped, whatever the engine is set to.
    pub(crate) is_escaped: bool,
    /// The blocks that it stands in.
    pub(crate) blocks: Vec<String>,
}

/// Another template that stands in one.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Its name, as it is written.
    pub(crate) name: String,
    /// What the names mean there that the template itself has made.
    pub(crate) bound: Bound,
    /// Whether it is given these and nothing else.
    pub(crate) is_alone: bool,
    /// The blocks that it stands in; `None` of the template that is extended.
    pub(crate) blocks: Option<Vec<String>>,
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
    template.is_page |= has_tag(text) || !matches!(ending(path), "jinja" | "jinja2" | "j2");
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

/// Whether a text holds a tag: `<p`, `</p`, `<!`.
pub(crate) fn has_tag(text: &str) -> bool {
    text.as_bytes()
        .windows(2)
        .any(|pair| matches!(pair, [b'<', next] if next.is_ascii_alphabetic() || matches!(next, b'/' | b'!')))
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

    /// The template that a name means where a program renders it: the nearest one of this name, in a folder for templates if there is one.
    pub(crate) fn named(&self, name: &str, from: &str) -> Option<(&'t str, &PageTemplate)> {
        let name = name.trim_start_matches("./").trim_start_matches('/');
        self.read(with_endings(name).find_map(|name| self.nearest(&name, from))?)
    }

    /// The template that a name means in another template: the one beside it, `..` too, or else the nearest.
    pub(crate) fn part(&self, name: &str, from: &str) -> Option<(&'t str, &PageTemplate)> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside = |name: String| {
            self.by_path.get_key_value(normalized(folder, &name)?.as_str()).map(|(path, _)| *path)
        };
        match with_endings(name).find_map(beside) {
            Some(path) => self.read(path),
            None => self.named(name, from),
        }
    }

    fn read(&self, path: &str) -> Option<(&'t str, &PageTemplate)> {
        let (path, template) = self.by_path.get_key_value(path)?;
        let text = || self.tree.read_text(path, SOURCE_FILE_BYTES);
        Some((
            path,
            template.get_or_init(|| text().map_or_else(PageTemplate::default, |text| read(path, &text))),
        ))
    }

    fn nearest(&self, name: &str, from: &str) -> Option<&'t str> {
        if name.is_empty() || name.contains("..") {
            return None;
        }
        let is_named = |path: &&str| {
            path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let is_in_its_folder = |path: &str| {
            path.split('/').any(|part| matches!(part, "templates" | "views" | "jinja2" | "pages"))
        };
        let shared =
            |path: &str| from.split('/').zip(path.split('/')).take_while(|(one, other)| one == other).count();
        let found = self.by_path.keys().copied().filter(is_named);
        found.max_by_key(|path| (is_in_its_folder(path), shared(path), std::cmp::Reverse(path.len())))
    }
}

/// A name as it is given, or with each ending that it may lack.
fn with_endings(name: &str) -> impl Iterator<Item = String> {
    let has_one = ENDINGS.contains(&ending(name));
    let lacking = ENDINGS.iter().filter(move |_| !has_one).map(move |ending| format!("{name}.{ending}"));
    std::iter::once(name.to_owned()).filter(move |_| has_one).chain(lacking)
}

#[cfg(test)]
mod tests;

//! Which algorithm a name means: followed through names, defaults, other files and files of settings.

use std::cell::OnceCell;

use crate::context::Context;
use crate::facts::definitions::module_file;
use crate::facts::nodes::Around;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind};
use crate::facts::values::{Bound, FileValues, Values, called_name};

/// Bytes of a file of settings that are read, and files that are looked at.
const LIMIT: u64 = 64 * 1024;
const FILES: usize = 32;

/// What is being looked at, and what it may look at.
pub(super) struct Looked<'w, 'a, 'b> {
    pub(super) context: &'w Context<'a>,
    pub(super) file: &'a SourceFile,
    pub(super) values: &'w mut FileValues<'a>,
    pub(super) around: Around<'a, 'b>,
    /// Read when they are first asked for.
    pub(super) settings: &'w OnceCell<Settings>,
}

/// The name of an algorithm, and the file of settings that it is from.
pub(super) struct Named {
    /// Lower case, without `-` and `_`.
    pub(super) name: String,
    pub(super) from: Option<String>,
}

impl<'a> Looked<'_, 'a, '_> {
    /// Where the value of an expression may come from.
    pub(super) fn origins(&mut self, expr: &'a Expr) -> Vec<&'a Expr> {
        self.values.origins(expr, self.around)
    }

    /// The dotted name of what is called.
    pub(super) fn path(&self, callee: &Expr) -> String {
        self.file.resolve(callee).or_else(|| callee.dotted()).unwrap_or_default()
    }

    /// The algorithms that an expression may name.
    pub(super) fn named(&mut self, expr: &'a Expr) -> Vec<Named> {
        let mut found = Vec::new();
        for origin in self.origins(expr) {
            match constant(origin) {
                Some(text) => found.push(Named { name: fold(&text), from: None }),
                None => found.extend(self.set_elsewhere(origin)),
            }
        }
        found
    }

    /// A name of another file of the project, or a setting.
    fn set_elsewhere(&self, expr: &Expr) -> Option<Named> {
        if let Some(path) = self.file.resolve(expr)
            && let Some((module, name)) = path.rsplit_once('.')
        {
            let home = module_file(self.context, module);
            let text = home.and_then(|home| {
                Values::of_body(&home.syntax.body).bound(name).iter().find_map(|bound| match bound {
                    Bound::To(value) => constant(value),
                    _ => None,
                })
            });
            if let Some(text) = text {
                return Some(Named { name: fold(&text), from: home.map(|home| home.path.clone()) });
            }
        }
        let key = setting(expr)?;
        self.settings(key)
    }

    /// What the files of settings in the tree say of a key; `None` when they say different things.
    fn settings(&self, key: &str) -> Option<Named> {
        let mut found: Option<Named> = None;
        for (path, name, value) in self.settings.get_or_init(|| settings(self.context)) {
            if name != key {
                continue;
            }
            let name = fold(value);
            if found.as_ref().is_some_and(|found| found.name != name) {
                return None;
            }
            found = Some(Named { name, from: Some(path.clone()) });
        }
        found
    }
}

/// Each setting of the files of settings in the tree: its file, its key and its value.
pub(super) type Settings = Vec<(String, String, String)>;

fn settings(context: &Context<'_>) -> Settings {
    const ENDINGS: &[&str] = &["ini", "cfg", "conf", "properties", "toml", "json", "yaml", "yml", "env"];
    let files = context.tree.entries().iter().filter(|entry| {
        !entry.foreign
            && entry.size.is_none_or(|size| size < LIMIT)
            && ENDINGS.iter().any(|ending| entry.path.rsplit('.').next() == Some(ending))
    });
    let mut found = Settings::new();
    for entry in files.take(FILES) {
        let Some(text) = context.tree.read_text(&entry.path, LIMIT) else { continue };
        let lines = text.lines().filter_map(|line| line.split_once(['=', ':']));
        found.extend(
            lines.map(|(name, value)| {
                (entry.path.clone(), trimmed(name).to_owned(), trimmed(value).to_owned())
            }),
        );
    }
    found
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '{' | '}'))
}

/// `SHA-1` and `sha1` are one.
pub(super) fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_lowercase()
}

/// A text that is written, or the default of a variable of the environment or of a dictionary.
fn constant(expr: &Expr) -> Option<String> {
    if let Some(text) = expr.string() {
        return Some(text.to_owned());
    }
    let call = expr.call()?;
    match called_name(&call.callee)? {
        "getenv" | "get" | "unwrap_or" | "unwrap_or_else" | "getattr" => {
            call.arguments.last().and_then(|last| {
                let default = call.arguments.len() > 1 || last.name.is_some();
                last.value.string().filter(|_| default).map(str::to_owned)
            })
        }
        "lower" | "toLowerCase" | "strip" | "trim" => match &call.callee.kind {
            ExprKind::Member { object, .. } => constant(object),
            _ => None,
        },
        _ => None,
    }
}

/// The key under which something is looked up in settings: `config["hash"]`, `config.get("crypto", "hash")`, `config.hash`.
fn setting(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Index { index, .. } => index.string(),
        ExprKind::Member { name, .. } => Some(name),
        ExprKind::Call(call)
            if matches!(called_name(&call.callee), Some("get" | "getenv" | "getProperty")) =>
        {
            call.arguments
                .iter()
                .filter(|given| given.name.is_none())
                .rev()
                .find_map(|given| given.value.string())
        }
        _ => None,
    }
}

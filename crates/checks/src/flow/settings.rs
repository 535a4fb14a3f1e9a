//! Files of settings that the project brings along and reads itself: what they say is as good as written in the code.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::value::{Shape, Value};
use super::walk::Walk;
use crate::facts::syntax::Text;

/// Bytes of a file of settings that are read.
const LIMIT: u64 = 64 * 1024;
/// Between a section and a key, in the key of a record: what `get(section, key)` looks for.
const BETWEEN: char = '\u{1f}';

/// What `configparser` reads from a file of the project, by section and key (<https://docs.python.org/3/library/configparser.html>).
pub(super) fn read<'a>(walk: &Walk<'_, 'a>, path: &str) -> Option<Value<'a>> {
    let text = find(walk, path)?;
    let mut sections: BTreeMap<Text, BTreeMap<Text, Value<'a>>> = BTreeMap::new();
    let mut section = Text::from("DEFAULT");
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = Text::from(name);
            sections.entry(section.clone()).or_default();
        } else if let Some((key, value)) =
            line.split_once(['=', ':']).filter(|_| !line.starts_with(['#', ';']))
        {
            let value = Value::of(Shape::Text(Text::from(value.trim())));
            sections.entry(section.clone()).or_default().insert(Text::from(key.trim().to_lowercase()), value);
        }
    }
    let general = sections.get("DEFAULT").cloned().unwrap_or_default();
    let mut fields = BTreeMap::new();
    for (name, own) in sections {
        let mut all = general.clone();
        all.extend(own);
        for (key, value) in &all {
            fields.insert(Text::from(format!("{name}{BETWEEN}{key}")), value.clone());
        }
        fields.insert(name, Value::of(Shape::Record(Rc::new(all))));
    }
    Some(Value::of(Shape::Record(Rc::new(fields))))
}

/// The text of a file by its path as a program says it: from the root, or from a folder that the program's file is in.
fn find(walk: &Walk<'_, '_>, path: &str) -> Option<String> {
    let path = path.trim_start_matches("./");
    let tree = walk.project.context.tree;
    let own = walk.file()?.path.as_str();
    let mut folder = own.rsplit_once('/').map_or("", |(folder, _)| folder);
    loop {
        let full = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
        if let Some(text) = tree.read_text(&full, LIMIT) {
            return Some(text);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
    }
}

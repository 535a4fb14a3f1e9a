//! Rust: the crates that a tree's `Cargo.toml`s name. Whether they have a module is the compiler's to say.

use std::collections::BTreeSet;

use super::Known;
use crate::tree::Tree;

/// Bytes of one `Cargo.toml`.
const MANIFEST_BYTES: u64 = 1024 * 1024;

/// Crates that come with the compiler.
const OWN: &[&str] = &["alloc", "core", "proc_macro", "std", "test"];

/// The crates that are named.
#[derive(Debug, Default)]
pub(super) struct Declared(BTreeSet<String>);

impl Declared {
    pub(super) fn find(tree: &Tree) -> Self {
        let mut declared = BTreeSet::new();
        for entry in tree.entries().iter().filter(|entry| !entry.foreign && entry.name() == "Cargo.toml") {
            let text = tree.read_text(&entry.path, MANIFEST_BYTES);
            if let Some(manifest) = text.and_then(|text| text.parse::<toml::Table>().ok()) {
                collect(&toml::Value::Table(manifest), &mut declared);
            }
        }
        Self(declared)
    }

    pub(super) fn module(&self, name: &str) -> Known {
        if OWN.contains(&name) || self.0.contains(name) {
            return Known::There;
        }
        Known::Unverified { package: name.to_owned() }
    }
}

/// Takes the keys of every `*dependencies` table, and the names of packages and libraries.
fn collect(value: &toml::Value, declared: &mut BTreeSet<String>) {
    for (key, value) in value.as_table().into_iter().flatten() {
        if key.ends_with("dependencies") {
            declared.extend(value.as_table().into_iter().flatten().map(|(name, _)| name.replace('-', "_")));
        }
        if matches!(key.as_str(), "package" | "lib") {
            let name = value.get("name").and_then(toml::Value::as_str);
            declared.extend(name.map(|name| name.replace('-', "_")));
        }
        if matches!(key.as_str(), "target" | "workspace") || value.is_table() {
            collect(value, declared);
        }
    }
}

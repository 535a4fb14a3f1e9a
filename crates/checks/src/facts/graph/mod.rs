//! Which file imports which, and which imports lead nowhere in the tree.

mod component;
mod python;
mod rust;
mod script;

use std::collections::HashMap;

use rayon::prelude::*;

use super::imports::When;
use super::source::SourceFile;
use crate::language::Language;
use crate::tree::Tree;

pub use component::{components, shortest_cycle};
pub(crate) use python::PythonModules;
pub(crate) use script::package_name;

/// Which file imports which. Files are meant by their place in the list of files.
#[derive(Debug, Default)]
pub struct Graph {
    edges: Vec<Vec<Edge>>,
    missing: Vec<Missing>,
    external: Vec<External>,
    crates: rust::Crates,
}

/// One import of a file of this tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The file imported.
    pub to: usize,
    /// Which of the importing file's imports it is.
    pub import: usize,
    /// When it happens.
    pub when: When,
}

/// An import of something that ought to be in this tree and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The importing file.
    pub file: usize,
    /// Which of its imports.
    pub import: usize,
    /// What is missing, as the language writes it.
    pub what: String,
    /// Where it was looked for.
    pub looked_at: String,
    /// The files around which it would have to be: whether they make modules at run time decides.
    pub ancestors: Vec<String>,
}

/// An import of something outside the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// The importing file.
    pub file: usize,
    /// Which of its imports.
    pub import: usize,
    /// The module: dotted in Python, a specifier in JavaScript, a crate in Rust.
    pub module: String,
}

/// What one import comes to.
#[derive(Debug, Default)]
struct Resolved {
    files: Vec<usize>,
    missing: Option<(String, String, Vec<String>)>,
    external: Option<String>,
}

impl Graph {
    /// Resolves the imports of the files.
    pub fn of(tree: &Tree, files: &[SourceFile]) -> Self {
        let index: HashMap<&str, usize> =
            files.iter().enumerate().map(|(at, file)| (file.path.as_str(), at)).collect();
        let python = PythonModules::of(tree);
        let scripts = script::Scripts::of(tree);
        let crates = rust::Crates::of(tree, files);
        let resolved: Vec<Vec<Resolved>> = files
            .par_iter()
            .enumerate()
            .map(|(at, file)| {
                let resolve = |fact| match file.language {
                    Language::Python => python.resolve(tree, &index, file, fact),
                    Language::JavaScript | Language::TypeScript => scripts.resolve(tree, &index, file, fact),
                    Language::Rust => crates.resolve(&index, at, file, fact),
                };
                file.imports.iter().map(resolve).collect()
            })
            .collect();
        let mut graph = Self { edges: vec![Vec::new(); files.len()], crates, ..Self::default() };
        for (file, imports) in resolved.into_iter().enumerate() {
            for (import, resolved) in imports.into_iter().enumerate() {
                graph.add(file, import, files, resolved);
            }
        }
        graph
    }

    fn add(&mut self, file: usize, import: usize, files: &[SourceFile], resolved: Resolved) {
        let when =
            files.get(file).and_then(|file| file.imports.get(import)).map_or(When::Eager, |fact| fact.when);
        if let Some(edges) = self.edges.get_mut(file) {
            let others = resolved.files.into_iter().filter(|to| *to != file);
            edges.extend(others.map(|to| Edge { to, import, when }));
        }
        self.missing.extend(resolved.missing.map(|(what, looked_at, ancestors)| Missing {
            file,
            import,
            what,
            looked_at,
            ancestors,
        }));
        self.external.extend(resolved.external.map(|module| External { file, import, module }));
    }

    /// What a file imports, in order.
    pub fn imports_of(&self, file: usize) -> &[Edge] {
        self.edges.get(file).map(Vec::as_slice).unwrap_or_default()
    }

    /// Rust: the file that a path written in a file leads to, and how many of its segments do; the others are an item in it.
    pub(crate) fn rust_item(&self, file: usize, path: &[&str]) -> Option<(usize, usize)> {
        self.crates.item(file, path)
    }

    /// The imports that ought to lead to a file of the tree and do not.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// The imports that lead out of the tree.
    pub fn external(&self) -> &[External] {
        &self.external
    }
}

/// The folder of a path; empty at the root.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `folder/name`, for a folder that may be the root.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", name) => name.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
    }
}

//! Where Python finds modules in a tree: packages, namespace packages (PEP 420), `src` layouts, and the folders of scripts.

use std::collections::{BTreeSet, HashMap};

use super::{Resolved, folder_of, join};
use crate::facts::imports::ImportFact;
use crate::facts::source::SourceFile;
use crate::tree::Tree;

/// Where the top-level modules of a tree are.
#[derive(Debug, Default)]
pub(crate) struct PythonModules {
    /// By top-level name, the folders in which Python would find it as a module or as a package with `__init__.py`.
    regular: HashMap<String, BTreeSet<String>>,
    /// By top-level name, the folders in which it is a folder with Python files somewhere in it.
    namespace: HashMap<String, BTreeSet<String>>,
}

/// What there is at a place where a module could be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    /// A file, and whether it is the `__init__` of a package.
    File { path: String, is_package: bool },
    /// A folder without `__init__`.
    Namespace,
}

impl PythonModules {
    /// Finds the top-level modules of a tree.
    pub(crate) fn of(tree: &Tree) -> Self {
        let mut modules = Self::default();
        for entry in tree.entries().iter().filter(|entry| !entry.foreign) {
            let Some(stem) = entry.name().strip_suffix(".py").or_else(|| entry.name().strip_suffix(".pyi"))
            else {
                continue;
            };
            let mut folder = folder_of(&entry.path);
            let mut name = stem;
            if stem == "__init__" {
                (folder, name) = (folder_of(folder), folder.rsplit('/').next().unwrap_or_default());
            }
            while has_init(tree, folder) && !folder.is_empty() {
                (folder, name) = (folder_of(folder), folder.rsplit('/').next().unwrap_or_default());
            }
            if !name.is_empty() {
                modules.regular.entry(name.to_owned()).or_default().insert(folder.to_owned());
            }
            // A folder without `__init__` may be a namespace package of every folder above it.
            let mut above = folder;
            while !above.is_empty() {
                let name = above.rsplit('/').next().unwrap_or_default();
                above = folder_of(above);
                modules.namespace.entry(name.to_owned()).or_default().insert(above.to_owned());
            }
        }
        modules
    }

    /// Resolves an import of a file.
    pub(super) fn resolve(
        &self,
        tree: &Tree,
        index: &HashMap<&str, usize>,
        file: &SourceFile,
        fact: &ImportFact,
    ) -> Resolved {
        let import = &fact.import;
        let parts: Vec<&str> = import.module.split('.').filter(|part| !part.is_empty()).collect();
        if import.level > 0 {
            return relative(tree, index, file, fact, &parts);
        }
        let Some(top) = parts.first() else { return Resolved::default() };
        let own = folder_of(&file.path);
        let regular = self.regular.get(*top);
        let namespace = self.namespace.get(*top);
        let roots = regular.into_iter().flatten().chain(namespace.into_iter().flatten()).map(String::as_str);
        // Python looks where the script lies first; otherwise what lies nearest is most likely meant.
        let mut roots: Vec<&str> = roots.collect();
        roots.sort_by_key(|root| (std::cmp::Reverse(shared(own, root)), root.len()));
        roots.dedup();
        let mut best: Option<(usize, &str)> = None;
        for root in roots {
            match walk(tree, root, &parts) {
                Ok(found) => return taken(tree, index, &found, root, &parts, fact),
                Err(depth) if best.is_none_or(|(deepest, _)| depth > deepest) => best = Some((depth, root)),
                Err(_) => {}
            }
        }
        // What only a namespace or a lone script answers to may as well be installed.
        let owned = best.filter(|(depth, root)| {
            *depth > 0
                && regular.is_some_and(|roots| roots.contains(*root))
                && is_package(tree, root, &parts, 1)
        });
        let mut resolved = Resolved { external: Some(import.module.to_string()), ..Resolved::default() };
        if let Some((depth, root)) = owned {
            resolved.external = None;
            resolved.missing = Some(lost(tree, root, &parts, depth, &import.module));
        }
        resolved
    }
}

fn relative(
    tree: &Tree,
    index: &HashMap<&str, usize>,
    file: &SourceFile,
    fact: &ImportFact,
    parts: &[&str],
) -> Resolved {
    let mut base = folder_of(&file.path);
    for _ in 1..fact.import.level {
        if base.is_empty() {
            // Out of the tree: its package begins above the root.
            return Resolved::default();
        }
        base = folder_of(base);
    }
    match walk(tree, base, parts) {
        Ok(found) => taken(tree, index, &found, base, parts, fact),
        Err(depth) => {
            let what = format!("{}{}", ".".repeat(fact.import.level as usize), fact.import.module);
            Resolved { missing: Some(lost(tree, base, parts, depth, &what)), ..Resolved::default() }
        }
    }
}

/// The files that an import of a module that exists leads to: the module, and those of the names that are modules.
fn taken(
    tree: &Tree,
    index: &HashMap<&str, usize>,
    found: &Found,
    root: &str,
    parts: &[&str],
    fact: &ImportFact,
) -> Resolved {
    let mut files: Vec<usize> = Vec::new();
    let is_package = !matches!(found, Found::File { is_package: false, .. });
    let base = join(root, &parts.join("/"));
    let mut others = fact.import.names.len();
    if is_package {
        for name in &fact.import.names {
            if let Some(Found::File { path, .. }) = at(tree, &join(&base, &name.name)) {
                files.extend(index.get(path.as_str()));
                others -= 1;
            }
        }
    }
    if let Found::File { path, .. } = found
        && (others > 0 || fact.import.names.is_empty())
    {
        files.extend(index.get(path.as_str()));
    }
    Resolved { files, ..Resolved::default() }
}

/// What is missing, where it was looked for, and the files of the packages around it.
fn lost(tree: &Tree, root: &str, parts: &[&str], depth: usize, what: &str) -> (String, String, Vec<String>) {
    let part = |to: usize| join(root, &parts.get(..to).unwrap_or_default().join("/"));
    let ancestors = (0..=depth).filter_map(|depth| match at(tree, &part(depth)) {
        Some(Found::File { path, .. }) => Some(path),
        _ => None,
    });
    (what.to_owned(), part(depth + 1), ancestors.collect())
}

/// Follows a dotted name below a folder. The error is how many of its parts there are.
fn walk(tree: &Tree, root: &str, parts: &[&str]) -> Result<Found, usize> {
    let mut base = root.to_owned();
    let mut found = at(tree, &base).filter(|_| !root.is_empty()).unwrap_or(Found::Namespace);
    for (depth, part) in parts.iter().enumerate() {
        if matches!(found, Found::File { is_package: false, .. }) && depth > 0 {
            return Err(depth);
        }
        base = join(&base, part);
        found = at(tree, &base).ok_or(depth)?;
    }
    Ok(found)
}

fn is_package(tree: &Tree, root: &str, parts: &[&str], depth: usize) -> bool {
    let path = join(root, &parts.get(..depth).unwrap_or_default().join("/"));
    matches!(at(tree, &path), Some(Found::File { is_package: true, .. }))
}

/// What there is at `base`, a path without ending. Packages come before modules, as in `FileFinder`.
fn at(tree: &Tree, base: &str) -> Option<Found> {
    for (ending, is_package) in
        [("/__init__.py", true), (".py", false), ("/__init__.pyi", true), (".pyi", false)]
    {
        let path = format!("{base}{ending}");
        if tree.entry(&path).is_some() {
            return Some(Found::File { path, is_package });
        }
    }
    // Compiled modules, and what they are compiled from: `name.cpython-311-x86_64-linux-gnu.so`, `name.pyx`.
    let compiled = [".so", ".pyd", ".pyx", ".c", ".cpp", ".cc", ".rs", ".dylib", ".pyc"];
    let (folder, name) = (folder_of(base), base.rsplit('/').next().unwrap_or_default());
    let prefix = format!("{base}.");
    let mut beside = tree
        .below(folder)
        .skip_while(|entry| entry.path < prefix)
        .take_while(|entry| entry.path.starts_with(&prefix));
    if !name.is_empty() && beside.any(|entry| compiled.iter().any(|ending| entry.path.ends_with(ending))) {
        return Some(Found::File { path: format!("{base} (compiled)"), is_package: false });
    }
    tree.has_folder(base).then_some(Found::Namespace)
}

fn has_init(tree: &Tree, folder: &str) -> bool {
    ["__init__.py", "__init__.pyi"].iter().any(|name| tree.entry(&join(folder, name)).is_some())
}

/// How many leading folders two folders share.
fn shared(a: &str, b: &str) -> usize {
    let parts = |path: &'_ str| {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    parts(a).iter().zip(&parts(b)).take_while(|(a, b)| a == b).count()
}

//! Where Rust finds the modules of a tree: the files of each crate, by `mod`, `#[path]` left aside.

use std::collections::HashMap;

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use super::{Resolved, folder_of, join};
use crate::facts::imports::ImportFact;
use crate::facts::source::SourceFile;
use crate::facts::syntax::ImportKind;
use crate::language::Language;
use crate::tree::Tree;

/// The crates of a tree.
#[derive(Debug, Default)]
pub(super) struct Crates {
    /// By file, the folder in which its child modules lie.
    children: HashMap<usize, String>,
    /// By file, its module path from the crate's root and the crate's root file.
    modules: HashMap<usize, (Vec<String>, usize)>,
    /// By root file and module path, the file.
    files: HashMap<(usize, Vec<String>), usize>,
    /// The root file of each library, by the name that others use it by.
    libraries: HashMap<String, usize>,
}

impl Crates {
    /// Finds the crates: `lib.rs`, `main.rs`, and each file directly in `bin`, `tests`, `benches`, `examples`.
    pub(super) fn of(tree: &Tree, files: &[SourceFile]) -> Self {
        let index: HashMap<&str, usize> =
            files.iter().enumerate().map(|(at, file)| (file.path.as_str(), at)).collect();
        let mut crates = Self::default();
        for (at, file) in files.iter().enumerate().filter(|(_, file)| file.language == Language::Rust) {
            if is_root(tree, &file.path) {
                crates.follow(at, files, &index);
            }
            if let Some(package) = file.path.strip_suffix("src/lib.rs") {
                crates.libraries.extend(library_name(tree, package).map(|name| (name, at)));
            }
        }
        crates
    }

    /// Follows the `mod` lines from a crate's root.
    fn follow(&mut self, root: usize, files: &[SourceFile], index: &HashMap<&str, usize>) {
        let folder = files.get(root).map_or("", |file| folder_of(&file.path)).to_owned();
        let mut open = vec![(root, folder, Vec::new())];
        while let Some((at, folder, module)) = open.pop() {
            if self.children.contains_key(&at) {
                continue;
            }
            self.children.insert(at, folder.clone());
            self.modules.insert(at, (module.clone(), root));
            self.files.insert((root, module.clone()), at);
            for fact in files.get(at).map(|file| file.imports.as_slice()).unwrap_or_default() {
                if fact.import.kind != ImportKind::Child {
                    continue;
                }
                let inner = join(&folder, &fact.import.module.replace("::", "/"));
                let child = [format!("{inner}.rs"), format!("{inner}/mod.rs")]
                    .iter()
                    .find_map(|path| index.get(path.as_str()).copied());
                if let Some(child) = child {
                    let path = module
                        .iter()
                        .cloned()
                        .chain(fact.import.module.split("::").map(str::to_owned))
                        .collect();
                    open.push((child, inner, path));
                }
            }
        }
    }

    /// Resolves an import of a file.
    pub(super) fn resolve(
        &self,
        _index: &HashMap<&str, usize>,
        at: usize,
        _file: &SourceFile,
        fact: &ImportFact,
    ) -> Resolved {
        let parts = fact.import.module.split("::").filter(|part| !part.is_empty());
        let mut parts: Vec<&str> = parts.collect();
        let first = parts.first().copied();
        if fact.import.kind == ImportKind::Child {
            parts.insert(0, "self");
        }
        parts.extend(fact.import.names.iter().take(1).map(|name| name.name.as_str()));
        let files = self.item(at, &parts).map(|(file, _)| vec![file]).unwrap_or_default();
        let is_own =
            fact.import.kind == ImportKind::Child || matches!(first, Some("crate" | "self" | "super"));
        let external = first.filter(|_| files.is_empty() && !is_own && self.modules.contains_key(&at));
        Resolved { files, external: external.map(str::to_owned), ..Resolved::default() }
    }

    /// The file that the longest part of a path leads to, as the path is written in a file of the tree, and how many segments that
    /// part has; what follows is an item in that file. `None` for what is of no crate of the tree.
    pub(crate) fn item(&self, at: usize, parts: &[&str]) -> Option<(usize, usize)> {
        let (module, own) = self.modules.get(&at)?;
        let up = parts.iter().take_while(|part| **part == "super").count();
        let (root, kept, skipped) = match *parts.first()? {
            "crate" => (*own, 0, 1),
            "self" => (*own, module.len(), 1),
            "super" => (*own, module.len().saturating_sub(up), up),
            name => (*self.libraries.get(name)?, 0, 1),
        };
        let rest = parts.iter().skip(skipped).map(|part| (*part).to_owned());
        let mut path: Vec<String> = module.iter().take(kept).cloned().chain(rest).collect();
        loop {
            if let Some(file) = self.files.get(&(root, path.clone())) {
                return Some((*file, (path.len() + skipped).saturating_sub(kept)));
            }
            path.pop()?;
        }
    }
}

/// The name by which other crates use the library of a package: `[lib] name`, or the package's with `_` for `-`.
fn library_name(tree: &Tree, package: &str) -> Option<String> {
    let text = tree.read_text(&format!("{package}Cargo.toml"), SOURCE_FILE_BYTES)?;
    let manifest = text.parse::<toml::Table>().ok()?;
    let named = |table: &str| Some(manifest.get(table)?.get("name")?.as_str()?.replace('-', "_"));
    named("lib").or_else(|| named("package"))
}

/// Whether a file is the root of a crate (Cargo's layout).
fn is_root(tree: &Tree, path: &str) -> bool {
    let folder = folder_of(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let parent = folder_of(folder);
    let of_package = |package: &str| tree.entry(&join(package, "Cargo.toml")).is_some();
    match folder.rsplit('/').next().unwrap_or_default() {
        "src" => matches!(name, "lib.rs" | "main.rs") && of_package(parent),
        "bin" => of_package(folder_of(parent)),
        "tests" | "benches" | "examples" => of_package(parent),
        _ => matches!(name, "lib.rs" | "main.rs" | "build.rs") && of_package(folder),
    }
}

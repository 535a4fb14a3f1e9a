//! Where Rust finds the modules of a tree: the files of each crate, by `mod`, `#[path]` left aside.

use std::collections::HashMap;

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
        let parts: Vec<&str> = fact.import.module.split("::").filter(|part| !part.is_empty()).collect();
        let Some((module, root)) = self.modules.get(&at) else { return Resolved::default() };
        let own = || module.clone();
        let mut path = match (fact.import.kind, parts.first().copied()) {
            (ImportKind::Child, _) => {
                own().into_iter().chain(parts.iter().map(|part| (*part).to_owned())).collect::<Vec<_>>()
            }
            (_, Some("crate")) => parts.iter().skip(1).map(|part| (*part).to_owned()).collect(),
            (_, Some("self")) => {
                own().into_iter().chain(parts.iter().skip(1).map(|part| (*part).to_owned())).collect()
            }
            (_, Some("super")) => {
                let up = parts.iter().take_while(|part| **part == "super").count();
                let kept = module.len().saturating_sub(up);
                let rest = parts.iter().skip(up).map(|part| (*part).to_owned());
                own().into_iter().take(kept).chain(rest).collect()
            }
            (_, Some(first)) => {
                return Resolved { external: Some(first.to_owned()), ..Resolved::default() };
            }
            (_, None) => return Resolved::default(),
        };
        path.extend(fact.import.names.iter().take(1).map(|name| name.name.to_string()));
        // The longest part of the path that is a file; what follows is an item in it.
        loop {
            if let Some(file) = self.files.get(&(*root, path.clone())) {
                return Resolved { files: vec![*file], ..Resolved::default() };
            }
            if path.pop().is_none() {
                return Resolved::default();
            }
        }
    }
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

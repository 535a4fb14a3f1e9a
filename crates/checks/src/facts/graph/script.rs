//! Where JavaScript and TypeScript find modules in a tree: relative paths, folders, `.js` written for `.ts`, the `paths` of
//! `tsconfig.json`, workspaces and a package's own name.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{Resolved, folder_of, join};
use crate::facts::imports::ImportFact;
use crate::facts::source::SourceFile;
use crate::packages::jsonc;
use crate::tree::{Tree, normalized};

/// Endings that are tried in this order where none is written.
const ENDINGS: &[&str] = &[
    ".ts", ".tsx", ".mts", ".cts", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".d.mts", ".d.cts", ".json",
    ".node", ".vue", ".svelte",
];

/// What stands for a written ending in TypeScript (`moduleResolution: node16`).
const SUBSTITUTES: &[(&str, &[&str])] = &[
    (".js", &[".ts", ".tsx", ".d.ts", ".jsx"]),
    (".jsx", &[".tsx", ".d.ts"]),
    (".mjs", &[".mts", ".d.mts"]),
    (".cjs", &[".cts", ".d.cts"]),
];

/// Bytes of a configuration file.
const CONFIGURATION_BYTES: u64 = 1024 * 1024;

/// How many `extends` of a `tsconfig.json` are followed.
const EXTENDS_DEPTH: usize = 8;

/// The packages and aliases of a tree.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    /// By package name, its folder and its `package.json`.
    packages: BTreeMap<String, (String, Value)>,
    /// By folder, the aliases that hold below it: a pattern and the paths it stands for.
    aliases: BTreeMap<String, Vec<(String, Vec<String>)>>,
}

impl Scripts {
    /// Reads the `package.json`s and `tsconfig.json`s of a tree.
    pub(super) fn of(tree: &Tree) -> Self {
        let mut scripts = Self::default();
        for entry in tree.entries().iter().filter(|entry| !entry.foreign) {
            let name = entry.name();
            let folder = folder_of(&entry.path);
            if name == "package.json" {
                let package =
                    tree.read_text(&entry.path, CONFIGURATION_BYTES).and_then(|text| jsonc::read(&text));
                if let Some((name, package)) =
                    package.and_then(|package| Some((package.get("name")?.as_str()?.to_owned(), package)))
                {
                    scripts.packages.entry(name).or_insert((folder.to_owned(), package));
                }
            } else if (name.starts_with("tsconfig") || name == "jsconfig.json") && name.ends_with(".json") {
                let found = aliases(tree, &entry.path, 0);
                scripts.aliases.entry(folder.to_owned()).or_default().extend(found);
            }
        }
        scripts
    }

    /// Resolves an import of a file.
    pub(super) fn resolve(
        &self,
        tree: &Tree,
        index: &HashMap<&str, usize>,
        file: &SourceFile,
        fact: &ImportFact,
    ) -> Resolved {
        let written = fact.import.module.as_str();
        // `?raw` and `#hash` are the bundler's; `!` joins webpack's loaders.
        let specifier = written.split(['?', '!']).next().unwrap_or(written);
        let to = |path: String| Resolved {
            files: index.get(path.as_str()).copied().into_iter().collect(),
            ..Resolved::default()
        };
        let is_relative = specifier == "."
            || specifier == ".."
            || specifier.starts_with("./")
            || specifier.starts_with("../");
        if is_relative {
            let Some(base) = normalized(folder_of(&file.path), specifier) else { return Resolved::default() };
            return match at(tree, &base) {
                Some(path) => to(path),
                None if tree.has_folder(&base) || written.contains('!') => Resolved::default(),
                None => {
                    Resolved { missing: Some((written.to_owned(), base, Vec::new())), ..Resolved::default() }
                }
            };
        }
        if let Some(path) =
            self.by_alias(tree, &file.path, specifier).or_else(|| self.by_package(tree, specifier))
        {
            return to(path);
        }
        Resolved { external: Some(written.to_owned()), ..Resolved::default() }
    }

    /// By the `paths` and `baseUrl` of the nearest configuration above the file that has an answer.
    fn by_alias(&self, tree: &Tree, path: &str, specifier: &str) -> Option<String> {
        let mut folder = folder_of(path);
        loop {
            for (pattern, targets) in self.aliases.get(folder).into_iter().flatten() {
                let Some(star) = matched(pattern, specifier) else { continue };
                let found = targets
                    .iter()
                    .find_map(|target| at(tree, &normalized("", &target.replacen('*', star, 1))?));
                if found.is_some() {
                    return found;
                }
            }
            if folder.is_empty() {
                return None;
            }
            folder = folder_of(folder);
        }
    }

    /// By the name of a package of the tree: a workspace, or the package itself.
    fn by_package(&self, tree: &Tree, specifier: &str) -> Option<String> {
        let name = package_name(specifier);
        let (folder, package) = self.packages.get(name)?;
        let rest = specifier.get(name.len()..).unwrap_or_default().trim_start_matches('/');
        let in_folder = |path: &str| at(tree, &normalized(folder, path)?);
        if !rest.is_empty() {
            return in_folder(rest).or_else(|| in_folder(&format!("src/{rest}")));
        }
        let written =
            ["source", "types", "module", "main"].iter().filter_map(|field| package.get(*field)?.as_str());
        written
            .map(str::to_owned)
            .chain(["src/index", "index", "lib/index"].map(str::to_owned))
            .find_map(|path| in_folder(&path))
    }
}

/// The name of the package that a bare specifier begins with.
pub(crate) fn package_name(specifier: &str) -> &str {
    let parts = if specifier.starts_with('@') { 2 } else { 1 };
    let end = specifier.match_indices('/').nth(parts - 1).map_or(specifier.len(), |(at, _)| at);
    specifier.get(..end).unwrap_or(specifier)
}

/// What `*` stands for when a specifier matches a pattern with at most one star.
fn matched<'s>(pattern: &str, specifier: &'s str) -> Option<&'s str> {
    match pattern.split_once('*') {
        None => (pattern == specifier).then_some(""),
        Some((before, after)) => specifier.strip_prefix(before)?.strip_suffix(after),
    }
}

/// The aliases that a `tsconfig.json` sets, with those of the configurations it extends; paths from the root of the tree.
fn aliases(tree: &Tree, path: &str, depth: usize) -> Vec<(String, Vec<String>)> {
    let Some(config) = tree.read_text(path, CONFIGURATION_BYTES).and_then(|text| jsonc::read(&text)) else {
        return Vec::new();
    };
    let folder = folder_of(path);
    let options = config.get("compilerOptions");
    let option = |name: &str| options.and_then(|options| options.get(name));
    let base = option("baseUrl").and_then(Value::as_str).and_then(|base| normalized(folder, base));
    let mut found = Vec::new();
    for (pattern, targets) in option("paths").and_then(Value::as_object).into_iter().flatten() {
        let from = base.as_deref().unwrap_or(folder);
        let targets =
            targets.as_array().into_iter().flatten().filter_map(|target| normalized(from, target.as_str()?));
        found.push((pattern.clone(), targets.collect()));
    }
    found.extend(base.map(|base| ("*".to_owned(), vec![join(&base, "*")])));
    let extended = config.get("extends").and_then(Value::as_str).filter(|extended| extended.starts_with('.'));
    if let Some(extended) =
        extended.and_then(|extended| normalized(folder, extended)).filter(|_| depth < EXTENDS_DEPTH)
    {
        let path = if extended.ends_with(".json") { extended } else { format!("{extended}.json") };
        found.extend(aliases(tree, &path, depth + 1));
    }
    found
}

/// The file that a path without `.` and `..` means.
fn at(tree: &Tree, base: &str) -> Option<String> {
    let exists = |path: String| tree.entry(&path).map(|_| path);
    let exact = exists(base.to_owned());
    let substituted = || {
        let (written, others) = SUBSTITUTES.iter().find(|(written, _)| base.ends_with(written))?;
        let stem = base.strip_suffix(written)?;
        others.iter().find_map(|ending| exists(format!("{stem}{ending}")))
    };
    let completed = || ENDINGS.iter().find_map(|ending| exists(format!("{base}{ending}")));
    let main = || {
        let package = jsonc::read(&tree.read_text(&join(base, "package.json"), CONFIGURATION_BYTES)?)?;
        let main = normalized(
            base,
            ["types", "module", "main"].iter().find_map(|field| package.get(*field)?.as_str())?,
        )?;
        exists(main.clone()).or_else(|| ENDINGS.iter().find_map(|ending| exists(format!("{main}{ending}"))))
    };
    let folder = || ENDINGS.iter().find_map(|ending| exists(join(base, &format!("index{ending}"))));
    exact.or_else(substituted).or_else(completed).or_else(main).or_else(folder)
}

//! Node: its own modules, and the packages of `node_modules` with what they export.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::consulted::Consulted;
use super::python::read;
use super::{Known, jsonc};
use crate::facts::graph::package_name;
use crate::tree::Tree;

/// `module.builtinModules` of Node 20.20, and what only goes by `node:` up to Node 24 (its documentation's index).
const BUILTIN: &str = "assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram \
diagnostics_channel dns dns/promises domain events fs fs/promises http http2 https inspector inspector/promises module net os path \
path/posix path/win32 perf_hooks process punycode querystring readline readline/promises repl sea sqlite stream stream/consumers \
stream/promises stream/web string_decoder sys test test/reporters test/mock_loader timers timers/promises tls trace_events tty url \
util util/types v8 vm wasi worker_threads zlib ffi quic";

/// Endings that are tried for a path inside a package.
const ENDINGS: &[&str] = &[
    "",
    ".js",
    ".json",
    ".node",
    ".mjs",
    ".cjs",
    ".ts",
    ".tsx",
    ".d.ts",
    ".d.mts",
    ".d.cts",
    "/index.js",
    "/index.d.ts",
    "/index.json",
    "/index.mjs",
    "/package.json",
];

/// The packages that are installed or declared.
#[derive(Debug, Default)]
pub(super) struct Installed {
    root: Option<PathBuf>,
    declared: BTreeSet<String>,
}

impl Installed {
    pub(super) fn find(tree: &Tree, root: Option<&Path>) -> Self {
        let mut declared = BTreeSet::new();
        for entry in tree.entries().iter().filter(|entry| !entry.foreign && entry.name() == "package.json") {
            let Some(package) = tree.read_text(&entry.path, 1 << 20).and_then(|text| jsonc::read(&text))
            else {
                continue;
            };
            for field in ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"] {
                declared.extend(
                    package
                        .get(field)
                        .and_then(Value::as_object)
                        .into_iter()
                        .flatten()
                        .map(|(name, _)| name.clone()),
                );
            }
        }
        Self { root: root.map(Path::to_owned), declared }
    }

    /// What npm, pnpm and yarn write down about an installation, and what is there.
    pub(super) fn inventory(&self) -> Vec<String> {
        let Some(modules) = self.root.as_ref().map(|root| root.join("node_modules")) else {
            return Vec::new();
        };
        let records = [".package-lock.json", ".modules.yaml", ".yarn-integrity", ".yarn-state.yml"];
        let mut all: Vec<String> =
            records.iter().map(|record| read(&modules.join(record)).unwrap_or_default()).collect();
        // The records outlive what they are of, and other tools write none.
        let names = |folder: &Path| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut names: Vec<String> =
                entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            names.sort();
            names
        };
        for name in names(&modules) {
            if name.starts_with('@') {
                all.extend(
                    names(&modules.join(&name)).into_iter().map(|package| format!("{name}/{package}")),
                );
            } else if !name.starts_with('.') {
                all.push(name);
            }
        }
        all
    }

    /// Notes where a module is looked for.
    pub(super) fn consult(&self, specifier: &str, folder: &str, consulted: &Consulted) {
        let Some(root) = self.root.as_ref().and_then(|root| root.canonicalize().ok()) else { return };
        let name = package_name(specifier);
        let parts: Vec<&str> = specifier.split('/').collect();
        let types = format!("@types/{}", name.replace('/', "__").trim_start_matches('@'));
        let types: Vec<&str> =
            types.split('/').chain(parts.iter().skip(name.split('/').count()).copied()).collect();
        for above in root.join(folder).ancestors() {
            let modules = above.join("node_modules");
            consulted.note_way(&modules, &parts);
            consulted.note_way(&modules, &types);
        }
    }

    pub(super) fn module(&self, specifier: &str, folder: &str) -> Known {
        let is_builtin = |name: &str| BUILTIN.split_ascii_whitespace().any(|builtin| builtin == name);
        if let Some(name) = specifier.strip_prefix("node:") {
            let within = || "Node".to_owned();
            return if is_builtin(name) { Known::There } else { Known::Lacking { within: within() } };
        }
        let name = package_name(specifier);
        let unverified = || Known::Unverified { package: name.to_owned() };
        let is_alias = name.starts_with(['#', '~', '$', '/', '.'])
            || name.contains(':')
            || matches!(name, "@" | "")
            || specifier.starts_with("@/");
        if is_alias {
            return unverified();
        }
        if let Some(package) = self.installed(name, folder) {
            return within_package(&package, name, specifier).unwrap_or_else(unverified);
        }
        if is_builtin(specifier) {
            return Known::There;
        }
        if is_builtin(name)
            && !self.declared.contains(name)
            && !specifier.ends_with('/')
            && self.root.is_some()
        {
            return Known::Lacking { within: format!("Node's `{name}`") };
        }
        unverified()
    }

    /// The folder of an installed package, as Node looks for it: upwards from the file, beyond the root too.
    fn installed(&self, name: &str, folder: &str) -> Option<PathBuf> {
        let from = self.root.as_ref()?.canonicalize().ok()?.join(folder);
        from.ancestors().map(|above| above.join("node_modules").join(name)).find(|package| package.is_dir())
    }
}

/// Whether a package has what a specifier names; `None` when that cannot be told.
fn within_package(folder: &Path, name: &str, specifier: &str) -> Option<Known> {
    let rest = specifier.get(name.len()..)?.trim_start_matches('/');
    if rest.is_empty() {
        return Some(Known::There);
    }
    let package = jsonc::read(&read(&folder.join("package.json"))?)?;
    let version = package.get("version").and_then(Value::as_str).unwrap_or_default();
    let lacking = || Known::Lacking { within: format!("{name} {version}").trim_end().to_owned() };
    let file = |rest: &str| ENDINGS.iter().any(|ending| folder.join(format!("{rest}{ending}")).is_file());
    // Types may come from another package.
    let types = folder.parent()?.join("@types").join(name.replace('/', "__").trim_start_matches('@'));
    if ENDINGS.iter().any(|ending| types.join(format!("{rest}{ending}")).is_file()) {
        return Some(Known::There);
    }
    let there = match package.get("exports") {
        None | Some(Value::Null) => file(rest) || folder.join(rest).is_dir(),
        Some(Value::Object(exports)) if exports.keys().any(|key| key.starts_with('.')) => {
            exports.keys().any(|key| exported(key, rest))
        }
        Some(_) => false,
    };
    Some(if there { Known::There } else { lacking() })
}

/// Whether a key of `exports` (`./a`, `./a/*`, `./a/`) answers to a path inside the package.
fn exported(key: &str, rest: &str) -> bool {
    let key = key.strip_prefix("./").unwrap_or(key);
    match key.split_once('*') {
        Some((before, after)) => rest.strip_prefix(before).is_some_and(|rest| rest.ends_with(after)),
        None => key == rest || key.ends_with('/') && rest.starts_with(key),
    }
}

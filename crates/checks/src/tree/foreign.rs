//! Folders that are in a project without being its source: packages, environments, build output, projects of their own.
//! They are told by what is in them, or by a name that a package manager alone gives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::left_out::{LeftOut, Why};
use super::read;
use crate::language::Language;
use crate::rules::FOLDER;

/// Bytes of a `CACHEDIR.TAG`; those of build tools have about 200.
const TAG_BYTES: u64 = 4096;
/// Folders down to which a build's output is searched for source. What cargo keeps of build scripts lies deeper.
const SOURCE_DEPTH: usize = 3;
/// Entries that one such search looks at.
const LOOKED_AT: usize = 5_000;

/// Names that only package managers and build tools give.
const NAMED: &[(&str, Why)] = &[
    (".eggs", Why::Packages),
    (".git", Why::Built),
    (".hg", Why::Built),
    (".nox", Why::Built),
    (".pnpm-store", Why::Packages),
    (".seaworthy", Why::Built),
    (".svn", Why::Built),
    (".tox", Why::Built),
    (".yarn", Why::Packages),
    ("__pycache__", Why::Built),
    ("__pypackages__", Why::Packages),
    ("bower_components", Why::Packages),
    ("jspm_packages", Why::Packages),
    ("node_modules", Why::Packages),
    ("site-packages", Why::Packages),
];

/// Whether a path is one of the project's own rules, or of their examples.
pub(super) fn is_rule(path: &str) -> bool {
    path.strip_prefix(FOLDER).is_some_and(|rest| rest.starts_with('/'))
}

/// What a folder is by its name alone.
pub(super) fn by_name(name: &str) -> Option<Why> {
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, why)| why.clone())
}

/// What a folder on disk is by what lies in it. A file's name alone says nothing, since anybody can make a file: a virtual
/// environment has its interpreter or its libraries beside `pyvenv.cfg` (PEP 405), `CACHEDIR.TAG` begins with a signature
/// (<https://bford.info/cachedir/>), and neither has source where a project has it.
pub(super) fn by_contents(folder: &Path) -> Option<Why> {
    let has = |path: &str| folder.join(path).symlink_metadata().is_ok();
    if has(seaworthy_core::plan::FILE_NAME) {
        return Some(Why::NestedProject);
    }
    let environment = ["bin/python", "bin/python3", "lib64", "Lib/site-packages", "Scripts"];
    if has("pyvenv.cfg")
        && (environment.iter().any(|path| has(path)) || has_python_library(folder))
        && first_source(folder, 0).is_none()
    {
        return Some(Why::VirtualEnvironment);
    }
    let tagged = has("CACHEDIR.TAG") && {
        let tag = read::file(&folder.join("CACHEDIR.TAG"), TAG_BYTES).unwrap_or_default();
        tag.starts_with(b"Signature: 8a477f597d28d172789f06886806bc55")
    };
    (tagged && first_source(folder, SOURCE_DEPTH).is_none()).then_some(Why::Built)
}

/// Whether there is a `lib/pythonX.Y`.
fn has_python_library(folder: &Path) -> bool {
    let versions = std::fs::read_dir(folder.join("lib")).into_iter().flatten().flatten();
    versions.take(LOOKED_AT).any(|version| version.file_name().to_string_lossy().starts_with("python"))
}

/// Some source file in a folder, at most `depth` folders down, if one is found among the first that are looked at.
pub(super) fn first_source(folder: &Path, depth: usize) -> Option<PathBuf> {
    let mut looked_at = 0;
    let mut folders = std::collections::VecDeque::from([(folder.to_owned(), 0)]);
    while let Some((folder, level)) = folders.pop_front() {
        let mut entries: Vec<_> = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .take(LOOKED_AT)
            .filter_map(|entry| Some((entry.path(), entry.file_type().ok()?)))
            .collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, kind) in entries {
            looked_at += 1;
            if looked_at > LOOKED_AT {
                return None;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if kind.is_dir() {
                if level < depth && by_name(&name).is_none() {
                    folders.push_back((path, level + 1));
                }
            } else if Language::of_path(&name).is_some() {
                return Some(path);
            }
        }
    }
    None
}

/// The foreign folders of a list of paths.
pub(super) struct Folders(BTreeMap<String, Why>);

impl Folders {
    /// Finds them.
    pub(super) fn of<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        let mut found = BTreeMap::new();
        for path in paths {
            let Some((folder, name)) = path.rsplit_once('/') else { continue };
            // Of the markers only the plan counts here: what is kept in a repository is nobody's cache or environment.
            if name == seaworthy_core::plan::FILE_NAME {
                found.insert(folder.to_owned(), Why::NestedProject);
            }
            let mut at = 0;
            for part in folder.split('/') {
                let end = at + part.len();
                if let Some((folder, why)) = folder.get(..end).zip(by_name(part)) {
                    found.entry(folder.to_owned()).or_insert(why);
                }
                at = end + 1;
            }
        }
        Self(found)
    }

    /// Adds a folder that other means have shown to be foreign.
    pub(super) fn add(&mut self, folder: &str, why: Why) {
        self.0.insert(folder.to_owned(), why);
    }

    /// The uppermost foreign folder a path lies in. The project's own rules are its source, wherever they have to lie.
    fn around<'p>(&self, path: &'p str) -> Option<(&'p str, &Why)> {
        let own = if is_rule(path) { FOLDER.len() } else { 0 };
        let ends = path.match_indices('/').map(|(at, _)| at).filter(move |at| *at > own);
        ends.filter_map(|end| path.get(..end)).find_map(|folder| Some((folder, self.0.get(folder)?)))
    }

    /// Whether a path belongs to another project or repository; then its folder is listed.
    pub(super) fn is_nested(&self, path: &str, left_out: &mut LeftOut) -> bool {
        match self.around(path) {
            Some((folder, why @ (Why::NestedProject | Why::NestedRepository))) => {
                left_out.folder(why.clone(), folder);
                if *why == Why::NestedProject && Language::of_path(path).is_some() {
                    left_out.unread(path, &why.text());
                }
                true
            }
            _ => false,
        }
    }

    /// Whether a path lies among packages or built files; then its folder is listed.
    pub(super) fn holds(&self, path: &str, left_out: &mut LeftOut) -> bool {
        self.around(path).is_some_and(|(folder, why)| {
            left_out.folder(why.clone(), folder);
            true
        })
    }
}

//! Folders that are in a project without being its source: packages, environments, build output, projects of their own.
//! They are told by what is in them, or by a name that a package manager alone gives.

use std::collections::BTreeMap;

use super::left_out::{LeftOut, Why};
use crate::rules::FOLDER;

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

/// What a folder is by the name of a file in it. `CACHEDIR.TAG` is what build tools mark their output with
/// (<https://bford.info/cachedir/>), `pyvenv.cfg` is what makes a virtual environment (PEP 405).
pub(super) fn by_marker(file_name: &str) -> Option<Why> {
    match file_name {
        "pyvenv.cfg" => Some(Why::VirtualEnvironment),
        "CACHEDIR.TAG" => Some(Why::Built),
        seaworthy_core::plan::FILE_NAME => Some(Why::NestedProject),
        _ => None,
    }
}

/// The foreign folders of a list of paths.
pub(super) struct Folders(BTreeMap<String, Why>);

impl Folders {
    /// Finds them.
    pub(super) fn of<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        let mut found = BTreeMap::new();
        for path in paths {
            let Some((folder, name)) = path.rsplit_once('/') else { continue };
            if let Some(why) = by_marker(name) {
                found.insert(folder.to_owned(), why);
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

//! What is left out of a tree and why, kept short enough to be read: folders instead of their files.

use std::collections::BTreeMap;

use seaworthy_core::NotChecked;

use crate::language::Language;

/// Lines of one reason that are listed one by one; more are put together by their uppermost folder.
const LINES: usize = 20;

/// Why something is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// A folder with a plan of its own.
    NestedProject,
    /// A git repository of its own, or a submodule.
    NestedRepository,
    /// Packages somebody else wrote.
    Packages,
    /// A virtual environment.
    VirtualEnvironment,
    /// What a tool built or cached.
    Built,
    /// A pipe, a socket, a device.
    Special,
    /// Too large even to digest.
    TooLarge,
    /// The operating system refused.
    Unreadable(String),
    /// Left out for another reason, in words.
    Other(String),
}

impl Why {
    pub(super) fn text(&self) -> String {
        match self {
            Self::NestedProject => {
                "has its own seaworthy.toml and is a project of its own: judge it with `seaworthy assess` there"
            }
            Self::NestedRepository => "is a git repository of its own: judge it there",
            Self::Packages => "installed packages: used to resolve names, not judged",
            Self::VirtualEnvironment => "a virtual environment (pyvenv.cfg): used to resolve names, not judged",
            Self::Built => "made by a tool (build output or cache), not source",
            Self::Special => "neither file, folder nor link: never opened",
            Self::TooLarge => "larger than 1 GiB: neither digested nor judged",
            Self::Unreadable(why) => return format!("could not be read: {why}"),
            Self::Other(why) => return why.clone(),
        }
        .to_owned()
    }
}

/// Collects what is left out.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    /// By reason, the folders (with a `/` at the end) and files.
    found: BTreeMap<Why, BTreeMap<String, ()>>,
    /// Source files that may run with the project and are not read, by path, and why.
    unread: BTreeMap<String, String>,
}

impl LeftOut {
    /// A whole folder.
    pub(crate) fn folder(&mut self, why: Why, path: &str) {
        self.found.entry(why).or_default().insert(format!("{path}/"), ());
    }

    /// One file.
    pub(crate) fn file(&mut self, why: Why, path: &str) {
        let lost = matches!(why, Why::Special | Why::TooLarge | Why::Unreadable(_));
        if lost && Language::of_path(path).is_some() {
            self.unread(path, &why.text());
        }
        self.found.entry(why).or_default().insert(path.to_owned(), ());
    }

    /// A source file that is not read although it may run with the project.
    pub(crate) fn unread(&mut self, path: &str, why: &str) {
        self.unread.insert(path.to_owned(), why.to_owned());
    }

    /// What lies below `folder` is pinned to a commit of another repository: it is listed, and it is no gap in this one.
    pub(crate) fn pinned(&mut self, folder: &str) {
        self.unread.retain(|path, _| !path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
    }

    /// The source files that are not read, for whoever asks whether all were.
    pub(crate) fn unread_list(&self) -> Vec<NotChecked> {
        self.unread.iter().map(|(what, why)| NotChecked { what: what.clone(), why: why.clone() }).collect()
    }

    /// Takes in what another collected.
    pub(crate) fn absorb(&mut self, other: Self) {
        for (why, paths) in other.found {
            self.found.entry(why).or_default().extend(paths);
        }
        self.unread.extend(other.unread);
    }

    /// The list for the report.
    pub(crate) fn list(&self) -> Vec<NotChecked> {
        let mut list = Vec::new();
        for (why, paths) in &self.found {
            let paths: Vec<&str> = paths.keys().map(String::as_str).collect();
            list.extend(collapse(&paths).into_iter().map(|what| NotChecked { what, why: why.text() }));
        }
        list
    }
}

/// At most [`LINES`] lines or so for any number of paths: each on its own, by their folder, by their uppermost folder, or one
/// line for them all.
pub(crate) fn collapse(paths: &[&str]) -> Vec<String> {
    let by_folder =
        |path: &str| path.trim_end_matches('/').rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let by_top = |path: &str| path.trim_end_matches('/').split_once('/').map(|(top, _)| top.to_owned());
    if paths.len() <= LINES {
        return paths.iter().map(|path| (*path).to_owned()).collect();
    }
    for group in [&by_folder as &dyn Fn(&str) -> Option<String>, &by_top] {
        let mut groups: BTreeMap<Option<String>, Vec<&str>> = BTreeMap::new();
        for path in paths {
            groups.entry(group(path)).or_default().push(path);
        }
        let lines = groups.iter().map(|(folder, paths)| match (folder, paths.as_slice()) {
            (_, [path]) => (*path).to_owned(),
            (folder, paths) => {
                format!("{}/ ({} of its entries)", folder.as_deref().unwrap_or("."), paths.len())
            }
        });
        if groups.len() <= LINES {
            return lines.collect();
        }
    }
    let first = paths.first().copied().unwrap_or_default();
    vec![format!("{} files and folders, such as {first}", paths.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_listed_one_by_one_and_many_by_folder() {
        assert_eq!(collapse(&["a/x", "a/y"]), ["a/x", "a/y"]);
        let many: Vec<String> = (0..1000).map(|n| format!("deep/{}/f{n}", n % 100)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(collapse(&many), ["deep/ (1000 of its entries)"]);
    }

    #[test]
    fn any_number_of_folders_ends_up_in_one_line() {
        let many: Vec<String> = (0..1000).map(|n| format!("{n}/f")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(collapse(&many), ["1000 files and folders, such as 0/f"]);
    }
}

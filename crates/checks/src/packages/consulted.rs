//! The folders outside the tree that an answer came from: whether a module is there is asked of the disk, and the disk changes without
//! the tree or the list of packages changing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use seaworthy_core::Digest;

/// Folders that were looked into, or looked for.
#[derive(Debug, Default)]
pub(crate) struct Consulted(Mutex<BTreeSet<PathBuf>>);

impl Consulted {
    /// Notes a folder.
    pub(crate) fn note(&self, folder: PathBuf) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(folder);
    }

    /// Notes a folder and those below it on the way to `parts`.
    pub(crate) fn note_way(&self, folder: &Path, parts: &[&str]) {
        let mut at = folder.to_owned();
        self.note(at.clone());
        for part in parts {
            at.push(part);
            self.note(at.clone());
        }
    }

    /// Every folder noted, in order.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// What lies in these folders now: the names, kinds, sizes and times of change of what is directly in each.
pub fn state_of(folders: &[PathBuf]) -> Digest {
    Digest::of_fields(folders.iter().flat_map(|folder| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut lines: Vec<String> = entries
            .map(|entry| {
                // Through links: what they lead to is what is found.
                let found = std::fs::metadata(entry.path());
                let told = found.map_or_else(
                    |_| String::new(),
                    |data| {
                        let changed =
                            data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                        format!(
                            "{} {} {:?}",
                            data.is_dir(),
                            if data.is_dir() { 0 } else { data.len() },
                            changed.filter(|_| !data.is_dir())
                        )
                    },
                );
                format!("{:?} {told}", entry.file_name())
            })
            .collect();
        lines.sort();
        lines.insert(0, format!("{} {}", folder.display(), folder.is_dir()));
        lines
    }))
}

#[cfg(test)]
mod tests {
    use super::{Consulted, state_of};

    #[test]
    fn a_module_that_goes_or_comes_is_another_state() {
        let site = tempfile::tempdir().unwrap();
        std::fs::create_dir(site.path().join("foo")).unwrap();
        std::fs::write(site.path().join("foo/bar.py"), "").unwrap();
        let consulted = Consulted::default();
        consulted.note_way(site.path(), &["foo", "bar"]);
        let folders = consulted.folders();
        let before = state_of(&folders);
        assert_eq!(before, state_of(&folders));
        std::fs::remove_file(site.path().join("foo/bar.py")).unwrap();
        assert_ne!(before, state_of(&folders));
        std::fs::write(site.path().join("foo/bar.py"), "x").unwrap();
        assert_ne!(before, state_of(&folders), "another size");
    }
}

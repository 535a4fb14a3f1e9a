//! What lies below the root and is not of the tree: installed packages, what git does not keep, projects of their own. A running
//! service sees it too, so a trial is a measurement of the tree among just these surroundings.

use std::path::Path;

use seaworthy_core::Digest;
use seaworthy_core::digest::DigestBuilder;
use seaworthy_core::limits::{SURROUNDING_BYTES, SURROUNDING_FILE_BYTES, SURROUNDING_FILES};

use super::{Tree, read};

/// Folders that change without anything being different for a service: records of git and our own, and compiled Python, which
/// Python makes anew when its source is another.
const OF_NO_ACCOUNT: &[&str] = &[".git", ".hg", ".svn", ".seaworthy", "__pycache__"];

/// Folders whose files are told apart by their names and sizes alone: there are too many, and a package manager wrote them.
const PACKAGES: &[&str] = &["node_modules", "site-packages", ".yarn", ".pnpm-store", "bower_components"];

/// Digests the surroundings of one tree.
struct Walk<'t> {
    tree: &'t Tree,
    root: &'t Path,
    digest: DigestBuilder,
    files: usize,
    bytes: u64,
}

/// The digest of everything below the root that is not in the tree: names, kinds and sizes, and the contents of what is small. Nothing is
/// followed and nothing but regular files is opened. `None` for a tree that lies in no folder.
pub(super) fn digest(tree: &Tree) -> Option<Digest> {
    let root = tree.root()?;
    let mut walk = Walk { tree, root, digest: DigestBuilder::default(), files: 0, bytes: 0 };
    let mut folders = vec![(root.to_owned(), false)];
    while let Some((folder, is_packages)) = folders.pop() {
        walk.folder(&folder, is_packages, &mut folders);
    }
    Some(walk.digest.finish())
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, is_packages: bool, later: &mut Vec<(std::path::PathBuf, bool)>) {
        // What cannot be listed is the same for the next look, until it can be.
        let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let Ok(metadata) = entry.metadata() else { continue };
            let path = entry.path();
            if metadata.is_dir() {
                let name = entry.file_name();
                let is = |names: &[&str]| names.iter().any(|known| name == *known);
                if !is(OF_NO_ACCOUNT) {
                    later.push((path, is_packages || is(PACKAGES)));
                }
                continue;
            }
            let relative = path.strip_prefix(self.root).unwrap_or(&path).as_os_str().as_encoded_bytes();
            if self.tree.holds(relative) || self.files >= SURROUNDING_FILES {
                continue;
            }
            self.files += 1;
            let contents = match metadata.is_file() {
                true if is_packages => None,
                true => self.contents(&path, metadata.len()),
                false => read::link_target(&path).ok().map(|target| Digest::of(&target)),
            };
            self.digest.field(relative);
            self.digest.field(&metadata.len().to_be_bytes());
            self.digest.field(contents.as_ref().map_or(&[], |digest| digest.0.as_slice()));
        }
    }

    /// The digest of a small file, while there is room for more of them.
    fn contents(&mut self, path: &Path, length: u64) -> Option<Digest> {
        if length > SURROUNDING_FILE_BYTES || self.bytes + length > SURROUNDING_BYTES {
            return None;
        }
        self.bytes += length;
        read::file(path, SURROUNDING_FILE_BYTES).ok().map(|contents| Digest::of(&contents))
    }
}

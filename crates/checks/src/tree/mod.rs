//! The files of a working tree or of one commit, named by their contents and read when asked for.
//!
//! What is judged is what git would commit: every tracked file and every file that `.gitignore` does not name. Nothing
//! outside the root is ever read through a link, nothing but regular files is opened, and whatever is left out is listed.

mod commit;
mod folder;
mod foreign;
mod left_out;
mod read;
mod stamp;
mod surroundings;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix::ObjectId;
use rayon::prelude::*;
use seaworthy_core::subject::{TreeFile, tree_digest};
use seaworthy_core::{Digest, NotChecked, Plan, Subject, Timestamp};

use left_out::{LeftOut, Why};
pub use read::{ReadError, file as read_file};
use stamp::{Folders, Stamp};

/// The files that are judged, in ascending order of their paths as shown.
pub struct Tree {
    root: Option<PathBuf>,
    entries: Vec<Entry>,
    store: Store,
    left_out: Vec<NotChecked>,
    unread: Vec<NotChecked>,
    git_commit: Option<String>,
}

/// A tree that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The root is no folder that can be read.
    #[error("cannot read the folder {}: {source}", path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A revision was asked for where there is no git repository that can be read.
    #[error("{} is in no git repository that can be read: {why}", path.display())]
    NoRepository {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The repository has no such revision.
    #[error("the repository of {} has no revision {revision:?}: {why}", path.display())]
    NoRevision {
        /// The folder.
        path: PathBuf,
        /// What was asked for.
        revision: String,
        /// Why.
        why: String,
    },
    /// An object of the repository is missing or broken.
    #[error("the repository of {} cannot be read: {why}", path.display())]
    Object {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// One file or link.
#[derive(Debug)]
pub struct Entry {
    /// Relative to the root, with `/`. Bytes that are not UTF-8 are shown as `\xNN`.
    pub path: String,
    /// Whether it is a link, and whether it may be executed.
    pub mode: Mode,
    /// Bytes, where they are known without reading.
    pub size: Option<u64>,
    /// Whether it lies among installed packages or built files: part of the subject, but not this project's source.
    pub foreign: bool,
    /// The bytes of the path, where they are not those of `path`.
    raw: Option<Vec<u8>>,
    /// The object's name, for a file of a commit.
    object: Option<ObjectId>,
    /// What the file system said of it when the tree was opened, for a file of a folder.
    stamp: Option<Stamp>,
    digest: OnceLock<Digest>,
}

/// What kind of entry it is; the number is git's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// `100644`
    Regular = 0o100_644,
    /// `100755`
    Executable = 0o100_755,
    /// `120000`. Its contents are the path it leads to; nobody follows it.
    Link = 0o120_000,
}

/// Where the contents are.
enum Store {
    Folder(Folders),
    Commit(Box<gix::ThreadSafeRepository>),
    Memory(Vec<Vec<u8>>),
}

/// A path relative to a folder, without `.` and `..`; `None` when it leads out of the tree.
pub(crate) fn normalized(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

impl Tree {
    /// The working tree below `root`.
    ///
    /// # Errors
    /// When `root` is no folder that can be read. Whatever is wrong below it is listed instead ([`Tree::left_out`]).
    pub fn open(root: &Path) -> Result<Self, TreeError> {
        folder::open(root)
    }

    /// The project's own rules below `root` and nothing else: for those who ask about the rules and not about the code.
    pub fn of_rules(root: &Path) -> Self {
        folder::open_rules(root)
    }

    /// The files of `revision` below `root`, which is the top of a git repository or a folder in it. Objects are all that
    /// is read: no hook, filter or other program is ever started, and no working tree is touched.
    ///
    /// # Errors
    /// When there is no such repository or revision, or when an object is broken.
    pub fn at_revision(root: &Path, revision: &str) -> Result<Self, TreeError> {
        commit::open(root, revision)
    }

    /// Files that are given: for examples and tests.
    pub fn of_files<P: Into<String>, C: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, C)>) -> Self {
        let mut files: Vec<(String, Vec<u8>)> =
            files.into_iter().map(|(path, contents)| (path.into(), contents.into())).collect();
        files.sort();
        files.dedup_by(|a, b| a.0 == b.0);
        let mut left_out = LeftOut::default();
        let foreign = foreign::Folders::of(files.iter().map(|(path, _)| path.as_str()));
        files.retain(|(path, _)| !foreign.is_nested(path, &mut left_out));
        let entries = files.iter().map(|(path, contents)| Entry {
            foreign: foreign.holds(path, &mut left_out),
            ..Entry::new(path.as_bytes(), Mode::Regular, Some(contents.len() as u64))
        });
        Self {
            root: None,
            entries: entries.collect(),
            store: Store::Memory(files.into_iter().map(|(_, contents)| contents).collect()),
            left_out: left_out.list(),
            unread: left_out.unread_list(),
            git_commit: None,
        }
    }

    /// The folder on disk that this is the tree of, where there is one. Installed packages are looked for there.
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// Every file and link, in ascending order of path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a path as shown.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.position(path).and_then(|at| self.entries.get(at))
    }

    /// Whether some entry lies in the folder; `""` is the root.
    pub fn has_folder(&self, folder: &str) -> bool {
        self.below(folder).next().is_some()
    }

    /// The entries below a folder, in order; `""` is the root.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = &Entry> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = self.entries.partition_point(|entry| entry.path.as_str() < prefix.as_str());
        let entries = self.entries.get(from..).unwrap_or_default();
        entries.iter().take_while(move |entry| entry.path.starts_with(&prefix))
    }

    /// What is not in the tree although it lies below the root, and why; folders are listed instead of their files.
    pub fn left_out(&self) -> &[NotChecked] {
        &self.left_out
    }

    /// Source files that are not in the tree and may run with it all the same, and why they are not: of a folder left out as a project of its own,
    /// one stands for all.
    pub fn unread(&self) -> &[NotChecked] {
        &self.unread
    }

    /// The commit whose files these are: the one asked for, or, for a working tree, the one checked out when every file
    /// is as it has it and no other file lies beside them.
    pub fn git_commit(&self) -> Option<&str> {
        self.git_commit.as_deref()
    }

    /// The contents of an entry; for a link, the path it leads to. At most `limit` bytes.
    ///
    /// # Errors
    /// When there is more, when it can no longer be read, or when it is not what it was when it was digested.
    pub fn read(&self, entry: &Entry, limit: u64) -> Result<Vec<u8>, ReadError> {
        let contents = self.read_unchecked(entry, limit)?;
        match entry.digest.get() {
            Some(digest) if *digest != Digest::of(&contents) => Err(ReadError::Changed),
            _ => Ok(contents),
        }
    }

    /// The contents of the file of this path as text, for configuration: at most `limit` bytes, UTF-8, no link.
    pub fn read_text(&self, path: &str, limit: u64) -> Option<String> {
        let entry = self.entry(path).filter(|entry| entry.mode != Mode::Link)?;
        let text = String::from_utf8(self.read(entry, limit).ok()?).ok()?;
        Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    /// SHA-256 of an entry's contents.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn digest_of(&self, entry: &Entry) -> Result<Digest, ReadError> {
        if let Some(digest) = entry.digest.get() {
            return Ok(*digest);
        }
        let digest = match (&self.store, &self.root) {
            (Store::Folder(_), Some(root)) => read::digest(root, entry)?,
            _ => Digest::of(&self.read_unchecked(entry, u64::MAX)?),
        };
        Ok(*entry.digest.get_or_init(|| digest))
    }

    /// The digest of the whole tree ([`tree_digest`]), and what could not be read and so is not in it.
    pub fn digest(&self) -> (Digest, Vec<NotChecked>) {
        let digests: Vec<_> = self.entries.par_iter().map(|entry| (entry, self.digest_of(entry))).collect();
        let mut left_out = LeftOut::default();
        let mut files = Vec::with_capacity(digests.len());
        for (entry, digest) in digests {
            match digest {
                Ok(blob) => files.push(TreeFile { path: entry.bytes(), mode: entry.mode as u32, blob }),
                Err(error) => left_out.file(Why::Unreadable(error.to_string()), &entry.path),
            }
        }
        files.sort_by(|a, b| a.path.cmp(b.path));
        (tree_digest(files), left_out.list())
    }

    /// Whether the folder still holds the tree that was opened: by what the file system says of each file, and where that is not enough by reading
    /// them all again. `opened_at` is when the tree was opened, by the clock of the machine, or before. A tree that lies in no folder does not
    /// change.
    ///
    /// # Errors
    /// When the folder is no longer there.
    pub fn is_unchanged(&self, opened_at: Timestamp) -> Result<bool, TreeError> {
        let (Store::Folder(folders), Some(root)) = (&self.store, &self.root) else { return Ok(true) };
        if stamp::stood_still(root, self, folders, opened_at) {
            return Ok(true);
        }
        Ok(Self::open(root)?.digest().0 == self.digest().0)
    }

    /// The digest of everything that lies below the root without being of the tree: installed packages, files that git does not keep. `None` for a
    /// tree that lies in no folder.
    pub fn surroundings(&self) -> Option<Digest> {
        surroundings::digest(self)
    }

    /// Whether the tree has an entry of just this path.
    fn holds(&self, path: &[u8]) -> bool {
        match std::str::from_utf8(path) {
            Ok(path) => self.position(path).is_some(),
            Err(_) => self.entry(&path.escape_non_utf8()).is_some(),
        }
    }

    /// What is judged when this tree is: its digest, the commit when it is clean, and the digest of each `[[critical]]`
    /// path set of the plan; and what could not be read and so is not part of it.
    pub fn subject(&self, plan: &Plan, base: Option<&Self>) -> (Subject, Vec<NotChecked>) {
        let (tree, left_out) = self.digest();
        let critical = plan.criticals.iter().map(|critical| {
            let mut set = globset::GlobSetBuilder::new();
            let globs = critical
                .paths
                .iter()
                .filter_map(|glob| globset::GlobBuilder::new(glob).literal_separator(true).build().ok());
            for glob in globs {
                set.add(glob);
            }
            let set = set.build().unwrap_or_default();
            let mut files: Vec<TreeFile<'_>> = self
                .entries
                .iter()
                .filter(|entry| set.is_match(&entry.path))
                .filter_map(|entry| {
                    let blob = self.digest_of(entry).ok()?;
                    Some(TreeFile { path: entry.bytes(), mode: entry.mode as u32, blob })
                })
                .collect();
            files.sort_by(|a, b| a.path.cmp(b.path));
            (critical.name.clone(), tree_digest(files))
        });
        let subject = Subject {
            tree,
            git_commit: self.git_commit.clone(),
            base: base.and_then(|base| base.git_commit.clone()),
            critical: critical.collect(),
        };
        (subject, left_out)
    }

    fn read_unchecked(&self, entry: &Entry, limit: u64) -> Result<Vec<u8>, ReadError> {
        match &self.store {
            Store::Memory(contents) => {
                let contents =
                    self.position(&entry.path).and_then(|at| contents.get(at)).ok_or(ReadError::Gone)?;
                let within = contents.len() as u64 <= limit;
                if within { Ok(contents.clone()) } else { Err(ReadError::TooLarge { limit }) }
            }
            Store::Folder(_) => read::contents(self.root.as_deref().ok_or(ReadError::Gone)?, entry, limit),
            Store::Commit(repository) => commit::contents(repository, entry, limit),
        }
    }

    fn position(&self, path: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree")
            .field("root", &self.root)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

impl Entry {
    fn new(path: &[u8], mode: Mode, size: Option<u64>) -> Self {
        let (path, raw) = match std::str::from_utf8(path) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (path.escape_non_utf8(), Some(path.to_vec())),
        };
        Self { path, mode, size, foreign: false, raw, object: None, stamp: None, digest: OnceLock::new() }
    }

    /// The bytes of the path.
    pub fn bytes(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.path.as_bytes())
    }

    /// The name of the file or link itself.
    pub fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(self.path.as_str(), |(_, name)| name)
    }
}

/// Showing bytes that are not UTF-8.
trait Shown {
    fn escape_non_utf8(&self) -> String;
}

impl Shown for [u8] {
    fn escape_non_utf8(&self) -> String {
        let mut shown = String::with_capacity(self.len());
        for chunk in self.utf8_chunks() {
            shown.push_str(chunk.valid());
            for byte in chunk.invalid() {
                shown.push_str(&format!("\\x{byte:02X}"));
            }
        }
        shown
    }
}

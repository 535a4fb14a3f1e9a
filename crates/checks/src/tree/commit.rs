//! The files of one commit, read from git's objects and nothing else.

use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::tree::EntryKind;
use seaworthy_core::limits::{TREE_FILE_BYTES, TREE_FILES};

use super::left_out::{LeftOut, Why};
use super::{Entry, Mode, ReadError, Store, Tree, TreeError, foreign};

/// A git repository and where in its working tree a root lies.
pub(super) struct Repository {
    pub(super) git: gix::Repository,
    /// From the top of the working tree to the root, with `/`; empty for the top itself.
    pub(super) prefix: Vec<u8>,
}

impl Repository {
    /// The repository around `root`: `Ok(None)` when there is none.
    pub(super) fn around(root: &Path) -> Result<Option<Self>, TreeError> {
        let refuse = |why: String| TreeError::NoRepository { path: root.to_owned(), why };
        let root_path =
            root.canonicalize().map_err(|source| TreeError::Root { path: root.to_owned(), source })?;
        let Some(top) = root_path.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())
        else {
            return Ok(None);
        };
        // Isolated: only the repository's own configuration, no environment, no includes.
        let options = gix::open::Options::isolated();
        let git = options.open(top).map_err(|error| refuse(error.to_string()))?.to_thread_local();
        let prefix = root_path.strip_prefix(top).map_err(|error| refuse(error.to_string()))?;
        Ok(Some(Self { git, prefix: bytes_of(prefix) }))
    }

    /// The commit that is checked out; `None` before the first.
    pub(super) fn head(&self) -> Option<ObjectId> {
        self.git.head_id().ok().map(gix::Id::detach)
    }
}

/// The files of `revision` below `root`.
pub(super) fn open(root: &Path, revision: &str) -> Result<Tree, TreeError> {
    let no_repository =
        || TreeError::NoRepository { path: root.to_owned(), why: "there is no .git".to_owned() };
    let repository = Repository::around(root)?.ok_or_else(no_repository)?;
    let unknown =
        |why: String| TreeError::NoRevision { path: root.to_owned(), revision: revision.to_owned(), why };
    let id = repository.git.rev_parse_single(revision).map_err(|error| unknown(error.to_string()))?;
    let object = id.object().map_err(|error| unknown(error.to_string()))?;
    let commit = object.peel_to_kind(gix::objs::Kind::Commit).map_err(|error| unknown(error.to_string()))?.id;
    let mut left_out = LeftOut::default();
    let entries = list(&repository, commit, &mut left_out)
        .map_err(|why| TreeError::Object { path: root.to_owned(), why })?;
    Ok(Tree {
        root: Some(root.to_owned()),
        entries,
        store: Store::Commit(Box::new(repository.git.into_sync())),
        left_out: left_out.list(),
        unread: left_out.unread_list(),
        git_commit: Some(commit.to_string()),
    })
}

/// Every file and link of a commit below the repository's prefix.
pub(super) fn list(
    repository: &Repository,
    commit: ObjectId,
    left_out: &mut LeftOut,
) -> Result<Vec<Entry>, String> {
    let git = &repository.git;
    let top = git.find_commit(commit).map_err(text)?.tree_id().map_err(text)?.detach();
    let mut entries = Vec::new();
    let mut submodules = Vec::new();
    let mut folders = match folder_at(git, top, &repository.prefix)? {
        Some(tree) => vec![(Vec::new(), tree)],
        None => Vec::new(),
    };
    while let Some((path, tree)) = folders.pop() {
        let tree = git.find_tree(tree).map_err(text)?;
        for entry in tree.iter() {
            let entry = entry.map_err(text)?;
            let mut path: Vec<u8> = path.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(entry.filename());
            let mode = match entry.mode().kind() {
                EntryKind::Tree => {
                    folders.push((path, entry.object_id()));
                    continue;
                }
                EntryKind::Commit => {
                    submodules.push(String::from_utf8_lossy(&path).into_owned());
                    continue;
                }
                EntryKind::Blob => Mode::Regular,
                EntryKind::BlobExecutable => Mode::Executable,
                EntryKind::Link => Mode::Link,
            };
            entries.push(Entry { object: Some(entry.object_id()), ..Entry::new(&path, mode, None) });
        }
        // Limit: also ends a tree that names its subtrees over and over, of which a small repository can hold billions.
        if entries.len() + folders.len() > TREE_FILES {
            left_out.file(Why::Other(format!("only the first {TREE_FILES} files are looked at")), ".");
            entries.truncate(TREE_FILES);
            break;
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let mut foreign = foreign::Folders::of(entries.iter().map(|entry| entry.path.as_str()));
    for path in submodules {
        left_out.folder(Why::NestedRepository, &path);
        foreign.add(&path, Why::NestedRepository);
    }
    entries.retain(|entry| !foreign.is_nested(&entry.path, left_out));
    for entry in &mut entries {
        entry.foreign = foreign.holds(&entry.path, left_out);
    }
    Ok(entries)
}

/// The tree object of a folder; `None` when the commit has no such folder.
fn folder_at(git: &gix::Repository, top: ObjectId, prefix: &[u8]) -> Result<Option<ObjectId>, String> {
    let mut at = top;
    for part in prefix.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
        let tree = git.find_tree(at).map_err(text)?;
        let mut next = None;
        for entry in tree.iter() {
            let entry = entry.map_err(text)?;
            if entry.filename() == part && entry.mode().is_tree() {
                next = Some(entry.object_id());
            }
        }
        match next {
            Some(found) => at = found,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// The contents of an entry.
pub(super) fn contents(
    repository: &gix::ThreadSafeRepository,
    entry: &Entry,
    limit: u64,
) -> Result<Vec<u8>, ReadError> {
    let refuse = |error: &dyn std::fmt::Display| ReadError::Object(error.to_string());
    let object = entry.object.ok_or(ReadError::Gone)?;
    let git = repository.to_thread_local();
    let limit = limit.min(TREE_FILE_BYTES);
    if git.find_header(object).map_err(|error| refuse(&error))?.size() > limit {
        return Err(ReadError::TooLarge { limit });
    }
    let mut object = git.find_object(object).map_err(|error| refuse(&error))?;
    Ok(std::mem::take(&mut object.data))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A relative path as git writes it.
fn bytes_of(path: &Path) -> Vec<u8> {
    let parts: Vec<Vec<u8>> =
        path.components().map(|part| part.as_os_str().as_encoded_bytes().to_vec()).collect();
    parts.join(&b'/')
}

/// The folder that holds `.git`, for a root in a repository.
pub(super) fn top_of(root: &Path) -> Option<PathBuf> {
    let root = root.canonicalize().ok()?;
    root.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

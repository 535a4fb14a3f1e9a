//! The files of a working tree: what git would commit, found by walking, without following any link.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};
use rayon::prelude::*;
use seaworthy_core::limits::{TREE_FILE_BYTES, TREE_FILES};

use super::commit::{self, Repository};
use super::left_out::{LeftOut, Why};
use super::stamp::{Folders, Stamp};
use super::{Entry, Mode, Shown as _, Store, Tree, TreeError, foreign, read};
use crate::rules::FOLDER;

/// The working tree below `root`.
pub(super) fn open(root: &Path) -> Result<Tree, TreeError> {
    let refuse = |source| TreeError::Root { path: root.to_owned(), source };
    std::fs::read_dir(root).map_err(refuse)?;
    let mut left_out = LeftOut::default();
    let (mut entries, mut folders) = walk(root, &mut left_out);
    add_rules(root, &mut entries, &mut folders, &mut left_out);
    let repository = Repository::around(root).unwrap_or_else(|error| {
        left_out.file(Why::Other(format!("{error}; the commit is not known")), ".git");
        None
    });
    if let Some(repository) = &repository {
        add_tracked(root, repository, &mut entries, &mut left_out);
    }
    let mut tree = Tree {
        root: Some(root.to_owned()),
        entries: entries.into_values().collect(),
        store: Store::Folder(folders),
        left_out: left_out.list(),
        unread: left_out.unread_list(),
        git_commit: None,
    };
    tree.entries.sort_by(|a, b| a.path.cmp(&b.path));
    tree.git_commit = repository.and_then(|repository| clean_commit(root, &repository, &tree));
    Ok(tree)
}

/// Folders down to which what is left out is searched for a source file.
const DEEP: usize = 8;

/// By the bytes of their paths.
type Entries = BTreeMap<Vec<u8>, Entry>;

/// Everything that no `.gitignore` names and that is no foreign folder.
fn walk(root: &Path, left_out: &mut LeftOut) -> (Entries, Folders) {
    let in_repository = commit::top_of(root).is_some();
    let pruned = Arc::new(Mutex::new(LeftOut::default()));
    let (seen, owned_root) = (Arc::clone(&pruned), root.to_owned());
    let mut builder = WalkBuilder::new(root);
    // The user's own excludes do not count: the same tree must be the same subject on every machine. Nor does `.ignore`,
    // which is made for search tools. Without git, `.gitignore` counts all the same, below the root.
    builder.standard_filters(false).git_ignore(true).git_exclude(true).follow_links(false);
    builder.parents(in_repository).require_git(in_repository);
    builder.filter_entry(move |entry| enter(&owned_root, entry, &seen));
    // What is collected is ordered by path, whoever finds it first.
    let walked = Mutex::new((Entries::new(), Folders::new(), LeftOut::default(), false));
    builder.build_parallel().run(|| {
        Box::new(|found| {
            let found = found.map(|found| (found.metadata(), found));
            let mut walked = walked.lock().unwrap_or_else(PoisonError::into_inner);
            let (entries, folders, left_out, overfull) = &mut *walked;
            match found {
                Ok((metadata, found)) => note(root, &found, metadata, entries, folders, left_out),
                Err(error) => {
                    let (path, why) = describe(root, &error);
                    left_out.file(Why::Unreadable(why), &path);
                }
            }
            // Whoever is found first: of too many those are kept that come first by their paths.
            if entries.len() > TREE_FILES {
                entries.pop_last();
                *overfull = true;
            }
            WalkState::Continue
        })
    });
    let (entries, mut folders, found_out, overfull) =
        walked.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(top) = commit::top_of(root) {
        // What is ignored is said above the root too.
        let above = root.ancestors().skip(1).take_while(|folder| folder.starts_with(&top));
        let ignores = above.map(|folder| folder.join(".gitignore")).chain([top.join(".git/info/exclude")]);
        let there = ignores.filter_map(|path| Some((path.symlink_metadata().ok()?, path)));
        folders.extend(there.map(|(metadata, path)| (path, Stamp::of(&metadata))));
    }
    left_out.absorb(found_out);
    if overfull {
        left_out.file(Why::Other(format!("only the first {TREE_FILES} files are looked at")), ".");
    }
    left_out.absorb(std::mem::take(&mut pruned.lock().unwrap_or_else(PoisonError::into_inner)));
    (entries, folders)
}

/// The project's own rules. They lie in a folder that is otherwise ours and ignored, and they decide what is found, so they are part of
/// what is judged whether or not git knows them.
fn add_rules(root: &Path, entries: &mut Entries, folders: &mut Folders, left_out: &mut LeftOut) {
    let mut folder = root.to_owned();
    for part in FOLDER.split('/') {
        folder.push(part);
        // A link leads elsewhere, and is not followed.
        if !folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return;
        }
    }
    let mut builder = WalkBuilder::new(&folder);
    builder.standard_filters(false).follow_links(false);
    for found in builder.build() {
        match found {
            Ok(found) => note(root, &found, found.metadata(), entries, folders, left_out),
            Err(error) => {
                let (path, why) = describe(root, &error);
                left_out.file(Why::Unreadable(why), &path);
            }
        }
        if entries.len() > TREE_FILES {
            break;
        }
    }
}

/// The tree of the project's own rules alone.
pub(super) fn open_rules(root: &Path) -> Tree {
    let (mut entries, mut folders, mut left_out) = (Entries::new(), Folders::new(), LeftOut::default());
    add_rules(root, &mut entries, &mut folders, &mut left_out);
    let mut entries: Vec<Entry> = entries.into_values().collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let unread = left_out.unread_list();
    let left_out = left_out.list();
    Tree {
        root: Some(root.to_owned()),
        entries,
        store: Store::Folder(folders),
        left_out,
        unread,
        git_commit: None,
    }
}

/// Whether to look at an entry found, and into it.
fn enter(root: &Path, entry: &DirEntry, left_out: &Mutex<LeftOut>) -> bool {
    let name = entry.file_name().to_string_lossy();
    if entry.depth() == 0 {
        return true;
    }
    // Neither git's own folder nor ours is anybody's source, and whether ours is there yet must not show in a report.
    if name == ".git" || (name == ".seaworthy" && entry.depth() == 1) {
        return false;
    }
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return true;
    }
    let has = |marker: &str| entry.path().join(marker).symlink_metadata().is_ok();
    let why = foreign::by_name(&name)
        .or_else(|| foreign::by_contents(entry.path()))
        .or_else(|| has(".git").then_some(Why::NestedRepository));
    let Some(why) = why else { return true };
    let mut left_out = left_out.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(why, Why::NestedProject | Why::NestedRepository)
        && let Some(source) = foreign::first_source(entry.path(), DEEP)
    {
        left_out.unread(&relative(root, &source).escape_non_utf8(), &why.text());
    }
    left_out.folder(why, &relative(root, entry.path()).escape_non_utf8());
    false
}

/// Takes up what a walk came to.
fn note(
    root: &Path,
    found: &DirEntry,
    metadata: Result<Metadata, ignore::Error>,
    entries: &mut Entries,
    folders: &mut Folders,
    left_out: &mut LeftOut,
) {
    let path = relative(root, found.path());
    if let Some(error) = found.error() {
        left_out.file(Why::Other(format!("not understood: {error}")), ".gitignore");
    }
    if found.depth() == 0 || found.file_type().is_some_and(|kind| kind.is_dir()) {
        folders.push((found.path().to_owned(), metadata.ok().as_ref().and_then(Stamp::of)));
        return;
    }
    match metadata {
        Ok(metadata) => {
            if metadata.is_symlink() {
                follow(root, found.path(), left_out);
            }
            add(path, &metadata, false, entries, left_out);
        }
        Err(error) => left_out.file(Why::Unreadable(error.to_string()), &path.escape_non_utf8()),
    }
}

/// Lists a link to a folder outside the root: source there runs with the project, and nobody here reads it.
fn follow(root: &Path, link: &Path, left_out: &mut LeftOut) {
    let Ok(target) = link.canonicalize() else { return };
    let Ok(root_path) = root.canonicalize() else { return };
    if !target.is_dir() || target.starts_with(&root_path) || root_path.starts_with(&target) {
        return;
    }
    let is_environment = foreign::by_contents(&target) == Some(Why::VirtualEnvironment);
    let named = link.file_name().and_then(|name| foreign::by_name(&name.to_string_lossy()));
    if named.is_none() && !is_environment && foreign::first_source(&target, DEEP).is_some() {
        let shown = relative(root, link).escape_non_utf8();
        let why = "a link to a folder outside the project: the source there is not read";
        left_out.file(Why::Other(why.to_owned()), &shown);
        left_out.unread(&shown, why);
    }
}

fn add(path: Vec<u8>, metadata: &Metadata, foreign: bool, entries: &mut Entries, left_out: &mut LeftOut) {
    let shown = path.escape_non_utf8();
    let mode = if metadata.file_type().is_symlink() {
        Mode::Link
    } else if !metadata.is_file() {
        return left_out.file(Why::Special, &shown);
    } else if is_executable(metadata) {
        Mode::Executable
    } else {
        Mode::Regular
    };
    if metadata.len() > TREE_FILE_BYTES {
        return left_out.file(Why::TooLarge, &shown);
    }
    let stamp = Stamp::of(metadata);
    let entry = Entry { foreign, stamp, ..Entry::new(&path, mode, Some(metadata.len())) };
    entries.insert(path, entry);
}

/// Git knows one bit of a file's mode: the owner's right to execute.
#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &Metadata) -> bool {
    false
}

/// Adds what git tracks although a `.gitignore` names it.
fn add_tracked(root: &Path, repository: &Repository, entries: &mut Entries, left_out: &mut LeftOut) {
    let index = match repository.git.open_index() {
        Ok(index) => index,
        // Before the first `git add` there is none.
        Err(_) if !repository.git.index_path().exists() => return,
        Err(error) => {
            return left_out.file(Why::Other(format!("git's index cannot be read: {error}")), ".git");
        }
    };
    let mut prefix = repository.prefix.clone();
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    let tracked: Vec<(&[u8], bool)> = index
        .entries()
        .iter()
        .filter_map(|entry| {
            let path: &[u8] = entry.path(&index);
            Some((path.strip_prefix(prefix.as_slice())?, entry.mode == gix::index::entry::Mode::COMMIT))
        })
        .collect();
    let paths: Vec<String> = tracked.iter().map(|(path, _)| path.escape_non_utf8()).collect();
    let mut foreign = foreign::Folders::of(paths.iter().map(String::as_str));
    for ((_, is_submodule), path) in tracked.iter().zip(&paths) {
        if *is_submodule {
            left_out.folder(Why::NestedRepository, path);
            left_out.pinned(path);
            foreign.add(path, Why::NestedRepository);
        }
    }
    let mut real_folders = BTreeSet::new();
    for ((path, is_submodule), shown) in tracked.iter().zip(&paths) {
        if *is_submodule || entries.contains_key(*path) || foreign.is_nested(shown, left_out) {
            continue;
        }
        let full = read::path_below(root, &Entry::new(path, Mode::Regular, None));
        // What has been deleted is no longer in the tree; what a link has come before lies outside.
        let Ok(metadata) = full.symlink_metadata() else { continue };
        if metadata.is_dir() || !is_below(root, &full, &mut real_folders) {
            continue;
        }
        add(path.to_vec(), &metadata, foreign.holds(shown, left_out), entries, left_out);
    }
}

/// Whether every folder between `root` and `path` is a folder and no link.
fn is_below(root: &Path, path: &Path, known: &mut BTreeSet<std::path::PathBuf>) -> bool {
    let mut between = path.ancestors().skip(1).take_while(|folder| *folder != root);
    between.all(|folder| {
        known.contains(folder) || {
            let real = folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
            if real {
                known.insert(folder.to_owned());
            }
            real
        }
    })
}

/// The commit that is checked out, when the tree is exactly as it has it. Contents are compared as they are: filters
/// (line endings, LFS) are programs and are never run, so that a filtered file counts as changed.
fn clean_commit(root: &Path, repository: &Repository, tree: &Tree) -> Option<String> {
    let head = repository.head()?;
    let committed = commit::list(repository, head, &mut LeftOut::default()).ok()?;
    let same_shape = committed.len() == tree.entries.len()
        && committed.iter().zip(&tree.entries).all(|(a, b)| a.bytes() == b.bytes() && a.mode == b.mode);
    if !same_shape {
        return None;
    }
    let unchanged = tree.entries.par_iter().zip(&committed).all(|(entry, committed)| {
        let Ok((digest, object)) = read::digest_and_object(root, entry) else { return false };
        let _ = entry.digest.set(digest);
        committed.object == Some(object)
    });
    unchanged.then(|| head.to_string())
}

/// The bytes of a path relative to the root, with `/`.
fn relative(root: &Path, path: &Path) -> Vec<u8> {
    let path = path.strip_prefix(root).unwrap_or(path);
    let bytes = path.as_os_str().as_encoded_bytes();
    if std::path::MAIN_SEPARATOR == '/' {
        return bytes.to_vec();
    }
    bytes.iter().map(|byte| if *byte == std::path::MAIN_SEPARATOR as u8 { b'/' } else { *byte }).collect()
}

/// Where a walk failed, and why.
fn describe(root: &Path, error: &ignore::Error) -> (String, String) {
    let mut inner = error;
    let mut path = ".".to_owned();
    loop {
        inner = match inner {
            ignore::Error::WithPath { path: at, err } => {
                path = relative(root, at).escape_non_utf8();
                err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
            other => return (path, other.to_string()),
        };
    }
}

//! The JSON files that a service wrote, and which of them can be parsed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use seaworthy_core::limits::{CRASH_FILE_BYTES, CRASH_FILES};
use serde::de::IgnoredAny;

use crate::service::Running;

/// Depth to which folders are looked through.
const DEPTH: usize = 8;

/// Folders that hold what others wrote.
const FOREIGN: &[&str] = &["node_modules", ".git", ".venv", "venv", "__pycache__", "target", ".seaworthy"];

/// Each JSON file that differs from the tree's own or is new, by its path in the tree, and whether it can be parsed.
pub(super) fn written_json(running: &Running, original: &Path) -> BTreeMap<String, bool> {
    let root = running.path_of(running.root());
    let mut found = BTreeMap::new();
    let mut folders = vec![(root.clone(), 0)];
    let mut looked_at = 0;
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            looked_at += 1;
            if looked_at > CRASH_FILES {
                return found;
            }
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEPTH && !FOREIGN.contains(&name.as_ref()) {
                folders.push((path, depth + 1));
            } else if kind.is_file() && name.ends_with(".json") && !is_temporary(&name) {
                let inner = path.strip_prefix(&root).map(Path::to_owned).unwrap_or_default();
                if let Some(parses) = written(&path, &original.join(&inner)) {
                    found.insert(shown(&inner), parses);
                }
            }
        }
    }
    found
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Whether a file that is not the original can be parsed; `None` when it is the original, or cannot be read.
fn written(path: &PathBuf, original: &Path) -> Option<bool> {
    let size = fs::metadata(path).ok()?.len();
    if size > CRASH_FILE_BYTES {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let same = fs::metadata(original).is_ok_and(|meta| meta.len() == size)
        && fs::read(original).is_ok_and(|known| known == bytes);
    (!same).then(|| serde_json::from_slice::<IgnoredAny>(&bytes).is_ok())
}

/// What is written beside the real file before it is renamed over it may be torn, and nobody reads it.
fn is_temporary(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with(['.', '~', '#'])
        || ["tmp", "temp", "new", "part", "bak"].iter().any(|word| name.contains(word))
}

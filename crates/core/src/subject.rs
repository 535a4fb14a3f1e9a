//! What exactly was judged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::digest::DigestBuilder;

/// What exactly was judged. Evidence about another subject says nothing about this one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// See [`tree_digest`].
    pub tree: Digest,
    /// The git commit, only when the working tree is clean at it (or was read from it).
    pub git_commit: Option<String>,
    /// The commit a change was compared with.
    pub base: Option<String>,
    /// The digest of each critical path set, by its name in the plan.
    pub critical: BTreeMap<String, Digest>,
}

/// One file as it enters a tree digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile<'a> {
    /// Bytes of the path relative to the root, with `/`.
    pub path: &'a [u8],
    /// Git's mode: `100644`, `100755` or `120000`.
    pub mode: u32,
    /// SHA-256 of the contents, or of a link's target.
    pub blob: Digest,
}

/// SHA-256 over the (path, mode, SHA-256 of blob) of every file in ascending order of path bytes, each field preceded by its
/// length. The caller sorts; a file listed twice counts twice.
pub fn tree_digest<'a>(files: impl IntoIterator<Item = TreeFile<'a>>) -> Digest {
    let mut builder = DigestBuilder::default();
    for file in files {
        builder.field(file.path).field(format!("{:o}", file.mode).as_bytes()).field(&file.blob.0);
    }
    builder.finish()
}

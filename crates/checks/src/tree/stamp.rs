//! What the file system says of a file or folder when it is changed: enough to see, without reading, that nothing was.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use seaworthy_core::Timestamp;

use super::{Tree, read};

/// Changes within this time of each other may carry the same time: FAT's clock ticks every two seconds, others' much faster. What was
/// changed so shortly before the tree was opened may have been changed again without a trace ("racily clean" in git's words,
/// <https://git-scm.com/docs/racy-git>).
const TICK_SECONDS: i64 = 2;

/// What a tree was listed by, each with what the file system said of it: its folders, and what says above them which files are ignored.
pub(super) type Folders = Vec<(PathBuf, Option<Stamp>)>;

/// Which file it is, how long, and when it was last changed. The time of change is the system's own and is set by nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    of: [u64; 3],
    changed: [i64; 4],
}

impl Stamp {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self {
            of: [metadata.dev(), metadata.ino(), metadata.size()],
            changed: [metadata.ctime(), metadata.ctime_nsec(), metadata.mtime(), metadata.mtime_nsec()],
        })
    }

    /// Elsewhere nothing but the contents says it.
    #[cfg(not(unix))]
    pub(super) fn of(_metadata: &Metadata) -> Option<Self> {
        None
    }

    /// Whether the last change lies so far before `opened_at` that a later one would show.
    fn is_old(&self, opened_at: Timestamp) -> bool {
        let [seconds, ..] = self.changed;
        seconds.saturating_add(TICK_SECONDS) < opened_at.as_second()
    }
}

/// Whether the file system shows that nothing of the tree was changed since it was opened. `false` says nothing: what was changed just before
/// may have been changed again.
pub(super) fn stood_still(root: &Path, tree: &Tree, folders: &Folders, opened_at: Timestamp) -> bool {
    let same = |path: &Path, stamp: &Option<Stamp>| {
        stamp.as_ref().is_some_and(|stamp| {
            stamp.is_old(opened_at)
                && path.symlink_metadata().is_ok_and(|now| Stamp::of(&now).as_ref() == Some(stamp))
        })
    };
    folders.par_iter().all(|(path, stamp)| same(path, stamp))
        && tree.entries.par_iter().all(|entry| same(&read::path_below(root, entry), &entry.stamp))
}

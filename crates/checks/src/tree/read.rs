//! Reading the files of a folder: regular files only, never through a link, never more than asked for.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use seaworthy_core::Digest;
use seaworthy_core::limits::TREE_FILE_BYTES;
use sha2::{Digest as _, Sha256};

use super::{Entry, Mode};

/// Why an entry could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is more than asked for.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// How many were asked for.
        limit: u64,
    },
    /// It is no longer what it was when the tree was listed.
    #[error("changed while it was being read")]
    Changed,
    /// It is a link, a pipe, a folder or a device.
    #[error("is no regular file")]
    Irregular,
    /// It is no longer there.
    #[error("no longer there")]
    Gone,
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The repository could not give it.
    #[error("the repository cannot give it: {0}")]
    Object(String),
}

/// The contents of an entry below `root`.
pub(super) fn contents(root: &Path, entry: &Entry, limit: u64) -> Result<Vec<u8>, ReadError> {
    let path = path_below(root, entry);
    if entry.mode == Mode::Link {
        return Ok(link_target(&path)?);
    }
    let file = open(&path)?;
    let mut contents = Vec::with_capacity(
        usize::try_from(entry.size.unwrap_or(0).min(limit)).unwrap_or(0).saturating_add(1),
    );
    file.take(limit.saturating_add(1)).read_to_end(&mut contents)?;
    if contents.len() as u64 > limit {
        return Err(ReadError::TooLarge { limit });
    }
    Ok(contents)
}

/// The contents of a regular file, at most `limit` bytes. A pipe is not waited for, and no link is followed.
///
/// # Errors
/// When it is none, when there is more, or when it cannot be read.
pub fn file(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    if !path.symlink_metadata()?.is_file() {
        return Err(ReadError::Irregular);
    }
    let mut contents = Vec::new();
    open(path)?.take(limit.saturating_add(1)).read_to_end(&mut contents)?;
    if contents.len() as u64 > limit {
        return Err(ReadError::TooLarge { limit });
    }
    Ok(contents)
}

/// The digest of an entry below `root`, in constant memory.
pub(super) fn digest(root: &Path, entry: &Entry) -> Result<Digest, ReadError> {
    let path = path_below(root, entry);
    if entry.mode == Mode::Link {
        return Ok(Digest::of(&link_target(&path)?));
    }
    let mut hasher = Sha256::new();
    // Most files are read at once; the standard library's own copy would take eight times as many calls.
    let mut file = io::BufReader::with_capacity(64 * 1024, open(&path)?.take(TREE_FILE_BYTES + 1));
    let copied = io::copy(&mut file, &mut hasher)?;
    if copied > TREE_FILE_BYTES {
        return Err(ReadError::TooLarge { limit: TREE_FILE_BYTES });
    }
    Ok(Digest(hasher.finalize().into()))
}

/// The digest of an entry below `root`, and its name as a blob of git, read once.
pub(super) fn digest_and_object(root: &Path, entry: &Entry) -> Result<(Digest, ObjectId), ReadError> {
    let path = path_below(root, entry);
    if entry.mode == Mode::Link {
        let target = link_target(&path)?;
        let object = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, &target);
        return Ok((Digest::of(&target), object.map_err(|error| ReadError::Object(error.to_string()))?));
    }
    let mut file = open(&path)?;
    let length = file.metadata()?.len();
    if length > TREE_FILE_BYTES {
        return Err(ReadError::TooLarge { limit: TREE_FILE_BYTES });
    }
    let (mut sha256, mut sha1) = (Sha256::new(), gix::hash::hasher(gix::hash::Kind::Sha1));
    sha1.update(&gix::objs::encode::loose_header(gix::objs::Kind::Blob, length));
    let mut buffer = vec![0; 64 * 1024];
    let mut copied = 0;
    loop {
        let count = file.read(&mut buffer)?;
        let chunk = buffer.get(..count).unwrap_or_default();
        if chunk.is_empty() {
            break;
        }
        copied += count as u64;
        sha256.update(chunk);
        sha1.update(chunk);
        if copied > length {
            return Err(ReadError::Changed);
        }
    }
    if copied != length {
        return Err(ReadError::Changed);
    }
    Ok((
        Digest(sha256.finalize().into()),
        sha1.try_finalize().map_err(|error| ReadError::Object(error.to_string()))?,
    ))
}

/// Opens a regular file. What has become a pipe since it was listed must not make us wait, what has become a link must
/// not lead us away.
pub(super) fn open(path: &Path) -> Result<File, ReadError> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC,
    );
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(ReadError::Changed) }
}

/// Where an entry lies on disk.
pub(super) fn path_below(root: &Path, entry: &Entry) -> PathBuf {
    #[cfg(unix)]
    let relative = std::ffi::OsStr::to_owned(std::os::unix::ffi::OsStrExt::from_bytes(entry.bytes()));
    #[cfg(not(unix))]
    let relative = &entry.path;
    root.join(relative)
}

/// The bytes of the path a link leads to.
pub(super) fn link_target(path: &Path) -> io::Result<Vec<u8>> {
    let target = std::fs::read_link(path)?;
    #[cfg(unix)]
    return Ok(std::os::unix::ffi::OsStringExt::into_vec(target.into_os_string()));
    #[cfg(not(unix))]
    return Ok(target.to_string_lossy().replace('\\', "/").into_bytes());
}

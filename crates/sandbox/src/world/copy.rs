//! A copy of a tree where no overlay can be mounted; shares blocks with the original where the file system can.

use crate::launch::Identity;
use crate::sys;
use seaworthy_core::limits;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

/// Copies folders, files and links; what is neither (sockets, pipes, devices) is left out. With `owner`, everything
/// belongs to them.
pub(crate) fn copy_tree(from: &Path, to: &Path, owner: Option<Identity>) -> io::Result<()> {
    let mut folders = vec![(from.to_path_buf(), to.to_path_buf())];
    let mut modes: Vec<(PathBuf, fs::Permissions)> = Vec::new();
    let (mut files, mut bytes) = (0_u64, 0_u64);
    while let Some((from, to)) = folders.pop() {
        fs::create_dir_all(&to)?;
        modes.push((to.clone(), fs::metadata(&from)?.permissions()));
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let target = to.join(entry.file_name());
            files += 1;
            if kind.is_dir() {
                folders.push((entry.path(), target));
                continue;
            } else if kind.is_symlink() {
                symlink(fs::read_link(entry.path())?, &target)?;
            } else if kind.is_file() {
                bytes += copy_file(&entry.path(), &target)?;
            } else {
                continue;
            }
            if let Some(Identity { uid, gid }) = owner {
                lchown(&target, Some(uid), Some(gid))?;
            }
            if files > limits::WORLD_COPY_FILES || bytes > limits::WORLD_COPY_BYTES {
                return Err(io::Error::other(format!(
                    "it is larger than a copy may be ({} files, {} bytes)",
                    limits::WORLD_COPY_FILES,
                    limits::WORLD_COPY_BYTES
                )));
            }
        }
    }
    for (folder, mode) in modes.into_iter().rev() {
        fs::set_permissions(&folder, mode)?;
        if let Some(Identity { uid, gid }) = owner {
            chown(&folder, Some(uid), Some(gid))?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<u64> {
    let mut source = File::open(from)?;
    let metadata = source.metadata()?;
    let mut target = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    if sys::clone_file(source.as_raw_fd(), target.as_raw_fd()).is_err() {
        io::copy(&mut source, &mut target)?;
    }
    let mode = fs::Permissions::from_mode(metadata.permissions().mode() & 0o777);
    target.set_permissions(mode)?;
    Ok(metadata.len())
}

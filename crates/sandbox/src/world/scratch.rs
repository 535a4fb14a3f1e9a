//! Folders of one world each, locked while it lives, removed after it; also when that world's program was killed.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const PREFIX: &str = "world-";
const LOCK: &str = "lock";
/// How often a folder in use is removed before it is left to the next sweep.
const ATTEMPTS: u32 = 100;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);
/// Looks in a row that find it gone.
const STAYS_AWAY: u32 = 30;

/// Held while a folder is made.
static MAKING: Mutex<()> = Mutex::new(());

/// A folder of our own. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    /// Held while the folder is in use: the kernel lets go of it however this process ends (flock(2)).
    _lock: File,
}

impl Scratch {
    /// A new folder in `parent`, after what dead worlds left there has been removed.
    pub(crate) fn create(parent: &Path) -> io::Result<Scratch> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        fs::create_dir_all(parent)?;
        let parent = parent.canonicalize()?;
        sweep(&parent);
        loop {
            let name = format!("{PREFIX}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let path = parent.join(name);
            let lock_path = path.with_extension(LOCK);
            let lock =
                File::options().read(true).write(true).create(true).truncate(false).open(&lock_path)?;
            // A sweep may have the file locked, or removed it between our opening and our locking it. A file system that knows no locks is
            // another matter: no next name is any better there.
            match lock.try_lock() {
                Ok(()) if lock.metadata()?.nlink() > 0 => {}
                Ok(()) | Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => {
                    let _nothing_more_to_do = fs::remove_file(&lock_path);
                    return Err(error);
                }
            }
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Scratch { path, _lock: lock }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes the folders of this process's own worlds, for a process that is about to be ended by a signal and drops nothing any more. What runs in
/// them ends with the process.
pub fn abandon(parent: &Path) {
    // From here on no new one is made: whoever was about to waits for the end.
    std::mem::forget(MAKING.lock().unwrap_or_else(PoisonError::into_inner));
    let own = format!("{PREFIX}{}-", std::process::id());
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_own = entry.file_name().to_str().is_some_and(|name| name.starts_with(&own));
        if !is_own || path.extension().is_some() {
            continue;
        }
        // What runs in it, or is being copied into it, may make it anew: it has to stay away.
        let mut gone = 0;
        for _ in 0..ATTEMPTS {
            remove(&path);
            std::thread::sleep(BETWEEN_ATTEMPTS);
            gone = if path.symlink_metadata().is_err() { gone + 1 } else { 0 };
            if gone == STAYS_AWAY {
                break;
            }
        }
    }
}

/// Removes the folders of worlds whose program is dead.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if !ours || path.extension().is_none_or(|extension| extension != LOCK) {
            continue;
        }
        let Ok(lock) = File::options().read(true).write(true).open(&path) else { continue };
        match lock.try_lock() {
            Ok(()) => remove(&path.with_extension("")),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

fn remove(path: &Path) {
    if remove_all(path).is_ok() {
        // The lock goes last: a folder without one is never found again.
        let _next_sweep_tries_again = fs::remove_file(path.with_extension(LOCK));
    }
}

/// Removes a folder whose sub-folders may be closed to us: a service may do that, and overlayfs keeps one like it.
fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path)?;
            fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn open_up(path: &Path) -> io::Result<()> {
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_world_left_goes_and_what_a_living_one_has_stays() {
        let parent = tempfile::tempdir().unwrap();
        let living = Scratch::create(parent.path()).unwrap();
        let dead = parent.path().join("world-0-0");
        fs::create_dir_all(dead.join("work/work")).unwrap();
        fs::set_permissions(dead.join("work/work"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::write(dead.with_extension(LOCK), "").unwrap();
        fs::write(parent.path().join("mine.lock"), "").unwrap();
        let next = Scratch::create(parent.path()).unwrap();
        assert!(living.path().exists() && next.path().exists() && parent.path().join("mine.lock").exists());
        assert!(!dead.exists() && !dead.with_extension(LOCK).exists());
        drop((living, next));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1, "only the stranger's file is left");
    }
}

//! System calls that build a file system: mounts, folders, links. Safe after a fork, like all of [`super`].

use super::{Errno, check, close, open, write};
use libc::{c_int, c_ulong};
use std::ffi::CStr;
use std::os::fd::RawFd;

/// `struct mount_attr` of mount_setattr(2).
#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

const MOUNT_ATTR_RDONLY: u64 = 0x1;
const MOUNT_ATTR_NOSUID: u64 = 0x2;
const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;
const OPEN_TREE_CLONE: libc::c_uint = 1;
const MOVE_MOUNT_F_EMPTY_PATH: libc::c_uint = 4;

fn pointer(text: Option<&CStr>) -> *const libc::c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

pub(crate) fn mount(
    source: Option<&CStr>,
    at: &CStr,
    kind: Option<&CStr>,
    flags: c_ulong,
    data: Option<&CStr>,
) -> Result<(), Errno> {
    // SAFETY: every string ends in NUL and outlives the call; null is allowed where there is none.
    check(unsafe { libc::mount(pointer(source), at.as_ptr(), pointer(kind), flags, pointer(data).cast()) })
        .map(drop)
}

/// Makes a mount and all below it read-only and without set-user-id programs.
pub(crate) fn make_read_only(at: &CStr) -> Result<(), Errno> {
    set_attributes(libc::AT_FDCWD, at, libc::AT_RECURSIVE, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0)
}

/// Shows the owners of a detached mount as the user namespace maps them.
pub(crate) fn map_owners(mount: RawFd, user_namespace: RawFd) -> Result<(), Errno> {
    set_attributes(mount, c"", libc::AT_EMPTY_PATH, MOUNT_ATTR_IDMAP, user_namespace as u64)
}

fn set_attributes(at: RawFd, path: &CStr, flags: c_int, set: u64, user_namespace: u64) -> Result<(), Errno> {
    let attributes = MountAttributes { set, clear: 0, propagation: 0, user_namespace };
    let size = size_of::<MountAttributes>();
    // SAFETY: the struct is the kernel's own layout and outlives the call, with its size given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            at,
            path.as_ptr(),
            flags as libc::c_uint,
            &raw const attributes,
            size,
        )
    };
    check(result).map(drop)
}

/// A detached copy of the mount that holds `path`, rooted there.
pub(crate) fn copy_mount(path: &CStr) -> Result<RawFd, Errno> {
    let flags = OPEN_TREE_CLONE | libc::O_CLOEXEC as libc::c_uint;
    // SAFETY: the path ends in NUL and outlives the call.
    check(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) })
        .map(|fd| fd as RawFd)
}

/// Attaches a detached mount.
pub(crate) fn attach_mount(mount: RawFd, at: &CStr) -> Result<(), Errno> {
    // SAFETY: both paths end in NUL and outlive the call.
    let result = unsafe {
        let empty = c"".as_ptr();
        libc::syscall(
            libc::SYS_move_mount,
            mount,
            empty,
            libc::AT_FDCWD,
            at.as_ptr(),
            MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    check(result).map(drop)
}

pub(crate) fn pivot_root(new: &CStr, old: &CStr) -> Result<(), Errno> {
    // SAFETY: both paths end in NUL and outlive the call.
    check(unsafe { libc::syscall(libc::SYS_pivot_root, new.as_ptr(), old.as_ptr()) }).map(drop)
}

pub(crate) fn detach(at: &CStr) -> Result<(), Errno> {
    // SAFETY: the path ends in NUL and outlives the call.
    check(unsafe { libc::umount2(at.as_ptr(), libc::MNT_DETACH) }).map(drop)
}

pub(crate) fn change_directory(to: &CStr) -> Result<(), Errno> {
    // SAFETY: the path ends in NUL and outlives the call.
    check(unsafe { libc::chdir(to.as_ptr()) }).map(drop)
}

/// A folder; that it is there already is no error.
pub(crate) fn make_directory(at: &CStr, mode: libc::mode_t) -> Result<(), Errno> {
    // SAFETY: the path ends in NUL and outlives the call.
    match check(unsafe { libc::mkdir(at.as_ptr(), mode) }) {
        Ok(_) | Err(libc::EEXIST) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A symbolic link; that something is there already is no error.
pub(crate) fn make_link(target: &CStr, at: &CStr) -> Result<(), Errno> {
    // SAFETY: both strings end in NUL and outlive the call.
    match check(unsafe { libc::symlink(target.as_ptr(), at.as_ptr()) }) {
        Ok(_) | Err(libc::EEXIST) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes a file whole, making it when `create` says so.
pub(crate) fn write_file(at: &CStr, bytes: &[u8], create: bool) -> Result<(), Errno> {
    let fd = open(at, libc::O_WRONLY | if create { libc::O_CREAT } else { 0 }, 0o644)?;
    let mut rest = bytes;
    let result = loop {
        match write(fd, rest) {
            _ if rest.is_empty() => break Ok(()),
            Ok(count) => rest = rest.get(count..).unwrap_or(&[]),
            Err(error) => break Err(error),
        }
    };
    close(fd);
    result
}

pub(crate) fn clear_umask() {
    // SAFETY: a number; cannot fail.
    unsafe { libc::umask(0) };
}

pub(crate) fn set_host_name(name: &CStr) -> Result<(), Errno> {
    // SAFETY: the name is valid for the length given.
    check(unsafe { libc::sethostname(name.as_ptr(), name.count_bytes()) }).map(drop)
}

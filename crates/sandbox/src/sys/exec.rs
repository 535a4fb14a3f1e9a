//! System calls between a fork and the start of another program: limits, identity, capabilities, exec.

use super::{Errno, check};
use libc::{c_int, c_ulong};
use std::ffi::{CStr, c_char};

/// Sets the soft and the hard limit, never above the hard limit there is.
pub(crate) fn limit(resource: libc::__rlimit_resource_t, value: u64) -> Result<(), Errno> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the struct outlives both calls.
    unsafe {
        check(libc::getrlimit(resource, &raw mut limit))?;
        let value = (value as libc::rlim_t).min(limit.rlim_max);
        limit = libc::rlimit { rlim_cur: value, rlim_max: value };
        check(libc::setrlimit(resource, &raw const limit)).map(drop)
    }
}

/// No program started from here on gains rights from its file.
pub(crate) fn no_new_privileges() -> Result<(), Errno> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)
}

fn prctl(option: c_int, argument: c_ulong) -> Result<(), Errno> {
    let none: c_ulong = 0;
    // SAFETY: the options used here take numbers.
    check(unsafe { libc::prctl(option, argument, none, none, none) }).map(drop)
}

/// Becomes `uid` and `gid` without other groups and without any capability, for good.
/// The raw calls are meant: glibc's own would signal threads that exist only in the parent.
pub(crate) fn drop_rights(uid: u32, gid: u32) -> Result<(), Errno> {
    for capability in 0..=63 {
        if prctl(libc::PR_CAPBSET_DROP, capability).is_err() {
            break;
        }
    }
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as c_ulong)?;
    let none = std::ptr::null::<libc::gid_t>();
    // SAFETY: numbers, and an empty list. Where setgroups is denied (a namespace without rights) there is nothing to drop.
    unsafe {
        libc::syscall(libc::SYS_setgroups, 0 as libc::size_t, none);
        check(libc::syscall(libc::SYS_setresgid, gid, gid, gid))?;
        check(libc::syscall(libc::SYS_setresuid, uid, uid, uid))?;
    }
    clear_capabilities()
}

fn clear_capabilities() -> Result<(), Errno> {
    /// `_LINUX_CAPABILITY_VERSION_3` of capset(2), for which two blocks of three words follow.
    const VERSION_3: u32 = 0x2008_0522;
    let header: [u32; 2] = [VERSION_3, 0];
    let none = [0_u32; 6];
    // SAFETY: header and data have the layout of capset(2) and outlive the call.
    check(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) }).map(drop)
}

/// Whether there is a file at a path, as far as we may look.
pub(crate) fn is_there(path: &CStr) -> bool {
    // SAFETY: the path ends in NUL and outlives the call.
    unsafe { libc::access(path.as_ptr(), libc::F_OK) == 0 }
}

/// Becomes another program; returns only when that failed.
///
/// `arguments` and `environment` are null-terminated arrays of addresses of strings that end in NUL, as
/// [`crate::launch`] lays them out.
pub(crate) fn execute(path: &CStr, arguments: &[u64], environment: &[u64]) -> Errno {
    const { assert!(size_of::<*const c_char>() == size_of::<u64>(), "addresses are laid out as 64 bits") };
    // SAFETY: the arrays hold valid addresses up to their null, by the layout above; path ends in NUL.
    unsafe { libc::execve(path.as_ptr(), arguments.as_ptr().cast(), environment.as_ptr().cast()) };
    super::errno()
}

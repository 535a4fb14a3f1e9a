//! The system calls the sandbox needs, each behind a safe function where one is possible.
//!
//! Invariant: nothing here allocates, locks or panics, except where it says *parent only*. A forked copy of a threaded
//! process may do nothing else until it starts another program (signal-safety(7)).
#![expect(
    unsafe_code,
    reason = "this file is where the system calls are made; the rest of the crate is safe"
)]

pub(crate) mod exec;
pub(crate) mod mounts;

use libc::{c_int, c_long, c_ulong};
use std::ffi::CStr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// An error number of errno(3).
pub(crate) type Errno = c_int;

/// Descriptors that travel with one message at most.
pub(crate) const FDS_PER_MESSAGE: usize = 8;

const CONTROL_BYTES: usize = 128;

pub(crate) fn errno() -> Errno {
    // SAFETY: the pointer is to this thread's own errno and always valid.
    unsafe { *libc::__errno_location() }
}

pub(crate) fn check(result: impl Into<i64>) -> Result<i64, Errno> {
    let result = result.into();
    if result < 0 { Err(errno()) } else { Ok(result) }
}

/// What a fork returned.
pub(crate) enum Forked {
    /// In the parent: the child's number and a descriptor for it.
    Parent { pid: i32, pidfd: RawFd },
    /// In the child.
    Child,
}

/// fork(2) with clone(2)'s namespace flags. Every signal should be blocked around it ([`block_signals`]): a handler of
/// the parent would otherwise run in the child.
pub(crate) fn fork(namespaces: c_int) -> Result<Forked, Errno> {
    let mut pidfd: c_int = -1;
    let flags = (namespaces | libc::CLONE_PIDFD | libc::SIGCHLD) as c_ulong;
    let none: c_ulong = 0;
    // SAFETY: without CLONE_VM and with a null stack, clone is fork: the child has a copy of this stack. The third
    // argument is where the kernel writes the descriptor (CLONE_PIDFD) and outlives the call.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, none, &raw mut pidfd, none, none) };
    match check(pid)? {
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent { pid: pid as i32, pidfd }),
    }
}

/// Blocks every signal of this thread and returns the mask there was.
pub(crate) fn block_signals() -> libc::sigset_t {
    // SAFETY: both sets are valid for the calls and sigfillset initialises the first.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

pub(crate) fn restore_signals(mask: &libc::sigset_t) {
    // SAFETY: the mask is valid; no old mask is asked for.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()) };
}

/// Every signal at its default and none blocked, as a program expects when it starts.
pub(crate) fn default_signals() {
    // SAFETY: SIG_DFL installs no handler; numbers without a meaning are refused with EINVAL, which does no harm.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Lets children be waited for, whatever the parent had chosen, and returns a descriptor that tells of their ends.
pub(crate) fn child_signal() -> Result<RawFd, Errno> {
    // SAFETY: the set is initialised before use; signalfd copies it.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        check(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))
            .map(|fd| fd as RawFd)
    }
}

/// Ended children vanish by themselves.
pub(crate) fn ignore_children() {
    // SAFETY: SIG_IGN installs no handler.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
}

pub(crate) fn exit(status: c_int) -> ! {
    // SAFETY: _exit runs no handlers and does not return.
    unsafe { libc::_exit(status) }
}

pub(crate) fn close(fd: RawFd) {
    // SAFETY: the callers give descriptors that they own and use no more.
    unsafe { libc::close(fd) };
}

pub(crate) fn dup2(from: RawFd, to: RawFd) -> Result<(), Errno> {
    // SAFETY: plain descriptors; a bad one is an error.
    check(unsafe { libc::dup2(from, to) }).map(drop)
}

/// A copy numbered `least` or above that a program started later does not get.
pub(crate) fn dup_above(fd: RawFd, least: RawFd) -> Result<RawFd, Errno> {
    // SAFETY: plain descriptors; a bad one is an error.
    check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, least) }).map(|fd| fd as RawFd)
}

pub(crate) fn keep_on_exec(fd: RawFd, keep: bool) {
    // SAFETY: plain descriptor flags.
    unsafe { libc::fcntl(fd, libc::F_SETFD, if keep { 0 } else { libc::FD_CLOEXEC }) };
}

/// Closes every descriptor from `first` on.
pub(crate) fn close_from(first: RawFd) {
    // SAFETY: numbers only; the callers own every descriptor of the (forked) process.
    let done = unsafe {
        libc::syscall(libc::SYS_close_range, first as libc::c_uint, libc::c_uint::MAX, 0 as libc::c_uint)
    };
    if done == 0 {
        return;
    }
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the struct outlives the call.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    for fd in first..limit.rlim_cur.min(1 << 20) as RawFd {
        close(fd);
    }
}

pub(crate) fn open(path: &CStr, flags: c_int, mode: libc::mode_t) -> Result<RawFd, Errno> {
    // SAFETY: the path ends in NUL and outlives the call.
    check(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode as libc::c_uint) })
        .map(|fd| fd as RawFd)
}

pub(crate) fn read(fd: RawFd, into: &mut [u8]) -> Result<usize, Errno> {
    loop {
        // SAFETY: the buffer is valid for its length.
        match check(unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) } as i64) {
            Err(libc::EINTR) => {}
            other => return other.map(|count| count as usize),
        }
    }
}

/// Writes once; a short write is returned as its length.
pub(crate) fn write(fd: RawFd, from: &[u8]) -> Result<usize, Errno> {
    loop {
        // SAFETY: the buffer is valid for its length.
        match check(unsafe { libc::write(fd, from.as_ptr().cast(), from.len()) } as i64) {
            Err(libc::EINTR) => {}
            other => return other.map(|count| count as usize),
        }
    }
}

/// Waits until one of the descriptors is ready; `None` waits for ever. A signal counts as nothing ready.
pub(crate) fn poll(fds: &mut [libc::pollfd], timeout_ms: Option<u64>) -> Result<usize, Errno> {
    let timeout = timeout_ms.map_or(-1, |ms| c_int::try_from(ms).unwrap_or(c_int::MAX));
    // SAFETY: the slice is valid for its length.
    match check(unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout) }) {
        Err(libc::EINTR) => Ok(0),
        other => other.map(|count| count as usize),
    }
}

/// One message with descriptors. No SIGPIPE; blocks while the other side is slow, unless the socket has a timeout.
pub(crate) fn send(socket: RawFd, bytes: &[u8], fds: &[RawFd]) -> Result<(), Errno> {
    let mut control = Control([0; CONTROL_BYTES]);
    // SAFETY: msghdr is plain data; every pointer in it is to something that outlives sendmsg. CMSG_SPACE of eight
    // descriptors is 48 bytes, below the aligned buffer's size, so that CMSG_FIRSTHDR is valid.
    unsafe {
        let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        let fds = &fds[..fds.len().min(FDS_PER_MESSAGE)];
        if !fds.is_empty() {
            let length = std::mem::size_of_val(fds) as libc::c_uint;
            message.msg_control = control.0.as_mut_ptr().cast();
            message.msg_controllen = libc::CMSG_SPACE(length) as _;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(length) as _;
            std::ptr::copy_nonoverlapping(
                fds.as_ptr().cast::<u8>(),
                libc::CMSG_DATA(header),
                length as usize,
            );
        }
        loop {
            match check(libc::sendmsg(socket, &raw const message, libc::MSG_NOSIGNAL) as i64) {
                Err(libc::EINTR) => {}
                other => return other.map(drop),
            }
        }
    }
}

/// What arrived: bytes in the caller's buffer (none: the other side closed) and descriptors, closed on exec.
pub(crate) struct Received {
    pub(crate) bytes: usize,
    pub(crate) fds: [RawFd; FDS_PER_MESSAGE],
    pub(crate) fd_count: usize,
}

#[repr(align(8))]
struct Control([u8; CONTROL_BYTES]);

pub(crate) fn receive(socket: RawFd, into: &mut [u8]) -> Result<Received, Errno> {
    let mut received = Received { bytes: 0, fds: [-1; FDS_PER_MESSAGE], fd_count: 0 };
    let mut control = Control([0; CONTROL_BYTES]);
    // SAFETY: every pointer in the header is to a buffer that outlives recvmsg; the control headers are walked with the
    // macros of cmsg(3), and no more descriptors are copied than fit.
    unsafe {
        let mut part = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = CONTROL_BYTES as _;
        received.bytes = loop {
            match check(libc::recvmsg(socket, &raw mut message, libc::MSG_CMSG_CLOEXEC) as i64) {
                Err(libc::EINTR) => {}
                other => break other? as usize,
            }
        };
        let mut header = libc::CMSG_FIRSTHDR(&raw const message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_SOCKET && (*header).cmsg_type == libc::SCM_RIGHTS {
                let length = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                let count = (length / size_of::<RawFd>()).min(FDS_PER_MESSAGE - received.fd_count);
                let target = received.fds.as_mut_ptr().add(received.fd_count).cast::<u8>();
                std::ptr::copy_nonoverlapping(libc::CMSG_DATA(header), target, count * size_of::<RawFd>());
                received.fd_count += count;
            }
            header = libc::CMSG_NXTHDR(&raw const message, header);
        }
    }
    Ok(received)
}

pub(crate) fn getpid() -> i32 {
    // SAFETY: no arguments, cannot fail.
    unsafe { libc::getpid() }
}

pub(crate) fn new_session() {
    // SAFETY: no arguments; fails only for a group leader, which a fresh fork is not.
    unsafe { libc::setsid() };
}

/// Orphans among the descendants become children of this process.
pub(crate) fn become_subreaper() -> Result<(), Errno> {
    // SAFETY: plain numbers.
    check(unsafe {
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1 as c_ulong, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong)
    })
    .map(drop)
}

pub(crate) fn set_name(name: &CStr) {
    // SAFETY: the name ends in NUL and is copied.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

pub(crate) fn kill(pid: i32, signal: c_int) -> Result<(), Errno> {
    // SAFETY: numbers only.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// A child that ended, if there is one: its number and wait status. `ECHILD`: there are no children.
pub(crate) fn reap(block: bool) -> Result<Option<(i32, c_int)>, Errno> {
    let mut status: c_int = 0;
    loop {
        // SAFETY: the status outlives the call.
        match check(unsafe { libc::waitpid(-1, &raw mut status, if block { 0 } else { libc::WNOHANG }) }) {
            Err(libc::EINTR) => {}
            Err(error) => return Err(error),
            Ok(0) => return Ok(None),
            Ok(pid) => return Ok(Some((pid as i32, status))),
        }
    }
}

pub(crate) fn socket(domain: c_int, kind: c_int) -> Result<RawFd, Errno> {
    // SAFETY: numbers only.
    check(unsafe { libc::socket(domain, kind | libc::SOCK_CLOEXEC, 0) }).map(|fd| fd as RawFd)
}

/// An ioctl whose argument is a struct that the kernel reads and may write.
pub(crate) fn ioctl<T>(fd: RawFd, request: libc::Ioctl, argument: &mut T) -> Result<(), Errno> {
    // SAFETY: the callers pair each request with the struct it is defined for (netdevice(7)).
    check(unsafe { libc::ioctl(fd, request, std::ptr::from_mut(argument)) }).map(drop)
}

/// ioctl_ficlone(2): `to` shares the blocks of `from`.
pub(crate) fn clone_file(from: RawFd, to: RawFd) -> Result<(), Errno> {
    // SAFETY: FICLONE takes a descriptor by value.
    check(unsafe { libc::ioctl(to, libc::FICLONE, from) }).map(drop)
}

pub(crate) fn pipe() -> Result<(RawFd, RawFd), Errno> {
    let mut ends = [-1; 2];
    // SAFETY: the array outlives the call.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((ends[0], ends[1]))
}

/// A pair of sockets that keep message boundaries.
pub(crate) fn socket_pair() -> Result<(RawFd, RawFd), Errno> {
    let mut ends = [-1; 2];
    // SAFETY: the array outlives the call.
    check(unsafe {
        libc::socketpair(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr())
    })?;
    Ok((ends[0], ends[1]))
}

/// A file in memory.
pub(crate) fn memory_file(name: &CStr) -> Result<RawFd, Errno> {
    // SAFETY: the name ends in NUL and is copied.
    check(unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) }).map(|fd| fd as RawFd)
}

/// Takes ownership of a descriptor that a call above has just made.
pub(crate) fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: the callers hand over descriptors that they have just been given by the kernel and nobody else closes.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Sends a signal through a descriptor for the process; never hits another that got its number.
pub(crate) fn signal_pidfd(pidfd: RawFd, signal: c_int) -> Result<(), Errno> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: numbers and a null siginfo, as pidfd_send_signal(2) allows.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signal, none, 0 as libc::c_uint) }
        as c_long)
    .map(drop)
}

/// Takes the end of a child that has one; not an error when it has not, or is not ours.
pub(crate) fn reap_pidfd(pidfd: RawFd) {
    // SAFETY: the siginfo outlives the call; P_PIDFD takes the descriptor as the id.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_PIDFD, pidfd as libc::id_t, &raw mut info, libc::WEXITED | libc::WNOHANG);
    }
}

/// A whole file mapped for this process alone, writable without reaching the file.
pub(crate) fn map_private(fd: RawFd, length: usize) -> Result<&'static mut [u8], Errno> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping aliases nothing; it is never unmapped, so that 'static holds (only processes that soon
    // become another program map anything).
    unsafe {
        let at = libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_PRIVATE, fd, 0);
        if at == libc::MAP_FAILED {
            Err(errno())
        } else {
            Ok(std::slice::from_raw_parts_mut(at.cast(), length))
        }
    }
}

/// Memory without a file, of zeros.
pub(crate) fn map_zeros(length: usize) -> Result<&'static mut [u64], Errno> {
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping aliases nothing, is aligned to a page and never unmapped.
    unsafe {
        let at =
            libc::mmap(std::ptr::null_mut(), length * 8, libc::PROT_READ | libc::PROT_WRITE, kind, -1, 0);
        if at == libc::MAP_FAILED {
            Err(errno())
        } else {
            Ok(std::slice::from_raw_parts_mut(at.cast(), length))
        }
    }
}

/// getdents64(2): the next entries of an open folder.
pub(crate) fn directory_entries(fd: RawFd, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the buffer is valid for its length.
    check(unsafe { libc::syscall(libc::SYS_getdents64, fd, into.as_mut_ptr(), into.len()) } as c_long)
        .map(|count| count as usize)
}

/// The whole words of a mapping, which begins at a page and so is aligned.
pub(crate) fn words(bytes: &'static [u8]) -> &'static [u64] {
    // SAFETY: every pattern of bits is a u64; align_to keeps to the aligned middle.
    unsafe { bytes.align_to::<u64>().1 }
}

/// Gives back what [`map_zeros`] gave.
pub(crate) fn unmap(words: &mut [u64]) {
    // SAFETY: the slice is a whole mapping of map_zeros and the only reference to it; the caller uses it no more.
    unsafe { libc::munmap(words.as_mut_ptr().cast(), std::mem::size_of_val(words)) };
}

pub(crate) fn open_at(folder: RawFd, path: &CStr) -> Result<RawFd, Errno> {
    // SAFETY: the path ends in NUL and outlives the call.
    check(unsafe { libc::openat(folder, path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) })
        .map(|fd| fd as RawFd)
}

pub(crate) fn page_bytes() -> c_long {
    // SAFETY: a number; cannot fail for this name.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}

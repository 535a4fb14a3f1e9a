//! Starting a program from a broker: fork, limits, identity, exec; and what went wrong, by a pipe that exec closes.

use crate::launch::{Identity, Launch};
use crate::message::{self, Stage};
use crate::sys::{self, Errno, exec};
use std::os::fd::RawFd;

/// Where the started process keeps its end of the pipe.
const COMPLAINT: RawFd = 3;

type Failure = (Stage, Errno);

/// Starts the program that the launch file describes; returns its number and descriptor.
pub(super) fn start(
    launch: RawFd,
    length: usize,
    standard: [RawFd; 3],
    identity: Option<Identity>,
) -> Result<(i32, RawFd), Failure> {
    let (read, write) = sys::pipe().map_err(|error| (Stage::Fork, error))?;
    let forked = sys::fork(0);
    if let Ok(sys::Forked::Child) = forked {
        let (stage, error) = become_program(launch, length, standard, identity, write);
        let complaint: [u8; 16] = message::encode([stage as i64, i64::from(error)]);
        let _the_broker_sees_the_end_either_way = sys::write(COMPLAINT, &complaint);
        sys::exit(127);
    }
    sys::close(write);
    let mut complaint = [0; 16];
    let count = if forked.is_ok() { sys::read(read, &mut complaint).unwrap_or(0) } else { 0 };
    sys::close(read);
    match (forked, complaint.get(..count).and_then(message::decode::<2>)) {
        (Err(error), _) => Err((Stage::Fork, error)),
        (Ok(sys::Forked::Parent { pid, pidfd }), None) => Ok((pid, pidfd)),
        (Ok(sys::Forked::Parent { pidfd, .. }), Some([stage, error])) => {
            sys::close(pidfd);
            Err((Stage::from_number(stage).unwrap_or(Stage::Execute), error as Errno))
        }
        (Ok(sys::Forked::Child), _) => sys::exit(127),
    }
}

/// Returns only when something failed.
fn become_program(
    launch: RawFd,
    length: usize,
    standard: [RawFd; 3],
    identity: Option<Identity>,
    complaint: RawFd,
) -> Failure {
    match prepare(launch, length, standard, identity, complaint) {
        Err(failure) => failure,
        Ok(launch) => (Stage::Execute, execute(&launch)),
    }
}

fn prepare(
    launch: RawFd,
    length: usize,
    standard: [RawFd; 3],
    identity: Option<Identity>,
    complaint: RawFd,
) -> Result<Launch, Failure> {
    sys::new_session();
    let launch = Launch::read(launch, length).map_err(|error| (Stage::Request, error))?;
    let above = sys::dup_above(complaint, 16).map_err(|error| (Stage::Fork, error))?;
    for (fd, at) in standard.into_iter().zip(0..) {
        // The broker's own standard descriptors are open, so that no received one is numbered below 3.
        sys::dup2(fd, at).map_err(|error| (Stage::Fork, error))?;
    }
    sys::dup2(above, COMPLAINT).map_err(|error| (Stage::Fork, error))?;
    sys::keep_on_exec(COMPLAINT, false);
    sys::close_from(COMPLAINT + 1);
    confine(&launch, identity.is_some()).map_err(|error| (Stage::Limits, error))?;
    if let Some(identity) = identity {
        exec::drop_rights(identity.uid, identity.gid).map_err(|error| (Stage::Rights, error))?;
    }
    exec::no_new_privileges().map_err(|error| (Stage::Rights, error))?;
    sys::default_signals();
    sys::mounts::change_directory(launch.dir().map_err(|error| (Stage::Request, error))?)
        .map_err(|error| (Stage::Directory, error))?;
    Ok(launch)
}

fn confine(launch: &Launch, namespaced: bool) -> Result<(), Errno> {
    exec::limit(libc::RLIMIT_CORE, 0)?;
    exec::limit(libc::RLIMIT_NOFILE, launch.open_files())?;
    exec::limit(libc::RLIMIT_FSIZE, launch.file_bytes())?;
    // RLIMIT_AS would refuse Node, Go and Java, which reserve far more addresses than they use. RLIMIT_DATA counts what
    // is writable: it stops a single huge allocation at once, where looking at the tree now and then comes too late.
    exec::limit(libc::RLIMIT_DATA, launch.data_bytes())?;
    // The kernel counts a user's processes in each user namespace of its own, but on the machine all together.
    if namespaced { exec::limit(libc::RLIMIT_NPROC, launch.processes()) } else { Ok(()) }
}

/// execvp(3): the first path that works, and the error that says most when none does.
fn execute(launch: &Launch) -> Errno {
    let mut error = libc::ENOENT;
    let mut index = 0;
    while let Some(path) = launch.path(index) {
        match exec::execute(path, launch.arguments(), launch.variables()) {
            libc::ENOENT | libc::ENOTDIR => {}
            // A folder of PATH that may not be entered says the same as a file that may not be run, and tells nothing of the program.
            libc::EACCES if !exec::is_there(path) => {}
            libc::EACCES => error = libc::EACCES,
            other => return other,
        }
        index += 1;
    }
    error
}

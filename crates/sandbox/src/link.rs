//! Our end of a broker: forking it, asking it, ending it.

use crate::broker::{self, Blueprint};
use crate::message::{self, Operation, REPLY_BYTES, Reply, Scope, Stage};
use crate::sys::{self, Errno};
use seaworthy_core::limits;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why a request to a broker came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The broker says where it failed, with an error number and a value.
    Failed(Stage, Errno, i64),
    /// It is gone, or did not answer in time.
    Gone(Errno),
}

impl Refusal {
    pub(crate) fn errno(self) -> Errno {
        match self {
            Refusal::Failed(_, error, _) | Refusal::Gone(error) => error,
        }
    }
}

/// A broker. Dropping it ends the broker and everything it started, and waits for that.
#[derive(Debug)]
pub(crate) struct Link {
    channel: Mutex<Option<OwnedFd>>,
    pidfd: OwnedFd,
    pid: u32,
}

/// Which broker to fork.
pub(crate) enum Role<'a> {
    Supervisor,
    Keeper(&'a Blueprint),
}

impl Link {
    /// Forks a broker.
    pub(crate) fn fork(role: &Role<'_>) -> Result<Link, Errno> {
        let (ours, theirs) = socket_pair()?;
        let namespaces = match role {
            Role::Supervisor => 0,
            Role::Keeper(_) => libc::CLONE_NEWUSER | libc::CLONE_NEWNS,
        };
        let mask = sys::block_signals();
        let forked = sys::fork(namespaces);
        if let Ok(sys::Forked::Child) = forked {
            match role {
                Role::Supervisor => broker::supervise(theirs.as_raw_fd()),
                Role::Keeper(blueprint) => broker::keep(theirs.as_raw_fd(), blueprint),
            }
        }
        sys::restore_signals(&mask);
        match forked? {
            sys::Forked::Parent { pid, pidfd } => Ok(Link::new(ours, sys::own(pidfd), pid.unsigned_abs())),
            sys::Forked::Child => sys::exit(1),
        }
    }

    pub(crate) fn new(channel: OwnedFd, pidfd: OwnedFd, pid: u32) -> Link {
        Link { channel: Mutex::new(Some(channel)), pidfd, pid }
    }

    /// The broker's number, in the machine's numbering.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    fn channel(&self) -> MutexGuard<'_, Option<OwnedFd>> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks; returns the answer's value and what came with it.
    pub(crate) fn ask(
        &self,
        operation: Operation,
        [a, b, c, length]: [i64; 4],
        fds: &[RawFd],
    ) -> Result<(i64, Option<OwnedFd>), Refusal> {
        let mut guard = self.channel();
        let channel = guard.as_ref().ok_or(Refusal::Gone(libc::EPIPE))?;
        let request: [u8; message::REQUEST_BYTES] = message::encode([operation as i64, a, b, c, length]);
        let sent = sys::send(channel.as_raw_fd(), &request, fds).map_err(Refusal::Gone);
        let answer = sent.and_then(|()| receive(channel.as_raw_fd()));
        if matches!(answer, Err(Refusal::Gone(_))) {
            // A late answer would be taken for that to the next request; closing the socket ends the broker.
            guard.take();
        }
        answer
    }

    /// Receives an answer that was not asked for on this socket.
    pub(crate) fn answer(&self) -> Result<(i64, Option<OwnedFd>), Refusal> {
        let guard = self.channel();
        receive(guard.as_ref().ok_or(Refusal::Gone(libc::EPIPE))?.as_raw_fd())
    }

    /// Signals what a program started, or everything.
    pub(crate) fn kill(&self, program: i32, signal: i32, scope: Scope) -> Result<(), Errno> {
        let words = [i64::from(program), i64::from(signal), scope as i64, 0];
        self.ask(Operation::Kill, words, &[]).map(drop).map_err(Refusal::errno)
    }

    /// Ends the broker and everything it started. Whether that was seen to happen in time.
    pub(crate) fn end(&self) -> bool {
        self.channel().take();
        let ended =
            wait_readable(self.pidfd.as_raw_fd(), Duration::from_millis(limits::CHILD_END_TIMEOUT_MS));
        if !ended {
            let _is_over_either_way = sys::signal_pidfd(self.pidfd.as_raw_fd(), libc::SIGKILL);
        }
        sys::reap_pidfd(self.pidfd.as_raw_fd());
        ended
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.end();
    }
}

/// A pair of connected sockets: ours, with a deadline on everything, and the broker's.
pub(crate) fn socket_pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (ours, theirs) = sys::socket_pair()?;
    let (ours, theirs) = (sys::own(ours), sys::own(theirs));
    let socket = socket2::SockRef::from(&ours);
    let limit = Some(Duration::from_millis(limits::BROKER_TIMEOUT_MS));
    let set = socket.set_read_timeout(limit).and_then(|()| socket.set_write_timeout(limit));
    set.map_err(|error| error.raw_os_error().unwrap_or(libc::EINVAL))?;
    Ok((ours, theirs))
}

fn receive(channel: RawFd) -> Result<(i64, Option<OwnedFd>), Refusal> {
    let mut bytes = [0; REPLY_BYTES];
    let received = sys::receive(channel, &mut bytes).map_err(Refusal::Gone)?;
    let mut fds = received.fds.into_iter().take(received.fd_count).map(sys::own);
    let with = fds.next();
    fds.for_each(drop);
    let reply: Option<Reply> = bytes.get(..received.bytes).and_then(message::decode);
    let [stage, error, value] = reply.ok_or(Refusal::Gone(libc::EPIPE))?;
    match Stage::from_number(stage) {
        None if stage == 0 => Ok((value, with)),
        stage => Err(Refusal::Failed(stage.unwrap_or(Stage::Request), error as Errno, value)),
    }
}

/// Waits until a descriptor can be read (for a process: until it ended).
pub(crate) fn wait_readable(fd: RawFd, timeout: Duration) -> bool {
    let start = Instant::now();
    loop {
        let rest = timeout.saturating_sub(start.elapsed());
        let mut fds = [libc::pollfd { fd, events: libc::POLLIN, revents: 0 }];
        let ready = sys::poll(&mut fds, Some(rest.as_millis() as u64)).unwrap_or(0);
        if ready > 0 || rest.is_zero() {
            return ready > 0;
        }
    }
}

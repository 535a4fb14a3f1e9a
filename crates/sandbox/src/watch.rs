//! Following a started program: its output, its limits, its end.

use crate::link::Link;
use crate::message::Scope;
use crate::procfs;
use crate::program::{Exit, Limits};
use crate::sys;
use seaworthy_core::limits;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// Which of a program's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Who is told.
pub(crate) trait Listener {
    fn output(&mut self, stream: Stream, bytes: &[u8]);
    fn ended(&mut self, exit: Exit);
}

/// A program that was started, and what we hold of it.
#[derive(Debug)]
pub(crate) struct Started {
    /// Its number as its broker counts.
    pub(crate) inner_pid: i32,
    /// Its number as the machine counts; 0 when it had ended before it could be read.
    pub(crate) pid: u32,
    pub(crate) at: Instant,
    pub(crate) status: OwnedFd,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
}

/// How long to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until the program ended.
    Ended,
    /// Until it ended and nobody can write to its streams any more, or until this much later.
    Silent(Option<Duration>),
}

pub(crate) struct Watch {
    started: Started,
    limits: Limits,
    open: [bool; 2],
    exit: Option<Exit>,
    /// Why we killed it, and when.
    cause: Option<(Exit, Instant)>,
    counted: Instant,
    interval: Duration,
    /// Rounds of reading since its end could be read.
    late: u32,
}

const PIECE_BYTES: usize = 64 * 1024;
const LATE_READS: u32 = 4;

impl Watch {
    pub(crate) fn new(started: Started, limits: &Limits) -> Self {
        let counted = started.at;
        let interval = Duration::from_millis(limits::CHILD_WATCH_INTERVAL_MS);
        Watch {
            started,
            limits: limits.clone(),
            open: [true; 2],
            exit: None,
            cause: None,
            counted,
            interval,
            late: 0,
        }
    }

    /// Follows; returns how the program ended.
    pub(crate) fn follow(&mut self, until: Until, link: &Link, listener: &mut dyn Listener) -> Exit {
        let began = Instant::now();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let patience = match (self.exit, until) {
                (Some(exit), Until::Ended) => return exit,
                (Some(exit), Until::Silent(_)) if self.open == [false; 2] => return exit,
                (Some(exit), Until::Silent(Some(most))) if began.elapsed() >= most => return exit,
                (Some(_), Until::Silent(most)) => most.map(|most| most.saturating_sub(began.elapsed())),
                (None, _) => self.enforce(link, listener),
            };
            let ended = if self.exit.is_some() { -1 } else { self.started.status.as_raw_fd() };
            let stream = |open: bool, fd: &OwnedFd| if open { fd.as_raw_fd() } else { -1 };
            let [out, err] =
                [stream(self.open[0], &self.started.stdout), stream(self.open[1], &self.started.stderr)];
            let mut fds = [out, err, ended].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
            let wait = patience.map(|rest| u64::try_from(rest.as_millis()).unwrap_or(u64::MAX) + 1);
            if sys::poll(&mut fds, wait).is_err() {
                self.finish(Exit::Lost, listener);
                return Exit::Lost;
            }
            for (index, stream) in [Stream::Stdout, Stream::Stderr].into_iter().enumerate() {
                if fds[index].revents != 0 {
                    match sys::read(fds[index].fd, &mut piece) {
                        Ok(count @ 1..) => listener.output(stream, piece.get(..count).unwrap_or(&[])),
                        _ => self.open[index] = false,
                    }
                }
            }
            // What a program wrote before its end is heard before its end: at most a full pipe each. What it left running
            // may write for ever and is not waited for.
            self.late += u32::from(fds[2].revents != 0);
            if self.late > LATE_READS || (self.late > 0 && fds[0].revents == 0 && fds[1].revents == 0) {
                let exit = self.read_status();
                self.finish(exit, listener);
            }
        }
    }

    fn finish(&mut self, exit: Exit, listener: &mut dyn Listener) {
        let exit = self.cause.map_or(exit, |(cause, _)| cause);
        self.exit = Some(exit);
        listener.ended(exit);
    }

    fn read_status(&self) -> Exit {
        let mut bytes = [0; 4];
        match sys::read(self.started.status.as_raw_fd(), &mut bytes) {
            Ok(4) => {
                let status = i32::from_ne_bytes(bytes);
                if libc::WIFSIGNALED(status) {
                    Exit::Signal(libc::WTERMSIG(status))
                } else {
                    Exit::Code(libc::WEXITSTATUS(status))
                }
            }
            _ => Exit::Lost,
        }
    }

    /// Kills what went beyond its limits; returns when to look again.
    fn enforce(&mut self, link: &Link, listener: &mut dyn Listener) -> Option<Duration> {
        if let Some((_, since)) = self.cause {
            let most = Duration::from_millis(limits::CHILD_END_TIMEOUT_MS);
            if since.elapsed() >= most {
                // Stuck in the kernel: it is ended as far as anyone can, and whoever waits need not.
                self.finish(Exit::Lost, listener);
            }
            return Some(most.saturating_sub(since.elapsed()));
        }
        let over = self.over_limit();
        if let Some(cause) = over {
            self.cause = Some((cause, Instant::now()));
            let _shows_in_the_status = link.kill(self.started.inner_pid, libc::SIGKILL, Scope::Tree);
            return Some(Duration::from_millis(limits::CHILD_END_TIMEOUT_MS));
        }
        let deadline = self.limits.deadline.map(|most| most.saturating_sub(self.started.at.elapsed()));
        let counted = self.counts().then(|| self.interval.saturating_sub(self.counted.elapsed()));
        [deadline, counted].into_iter().flatten().min()
    }

    fn counts(&self) -> bool {
        self.started.pid != 0 && (self.limits.memory_bytes.is_some() || self.limits.processes.is_some())
    }

    fn over_limit(&mut self) -> Option<Exit> {
        if self.limits.deadline.is_some_and(|most| self.started.at.elapsed() >= most) {
            return Some(Exit::DeadlineExceeded);
        }
        if !self.counts() || self.counted.elapsed() < self.interval {
            return None;
        }
        let start = Instant::now();
        let tree = procfs::tree(procfs::Of::Program(self.started.pid)).unwrap_or_default();
        // On a machine with very many processes a count takes long: never spend more than a twentieth of the time on it.
        self.interval = (start.elapsed() * 20).max(Duration::from_millis(limits::CHILD_WATCH_INTERVAL_MS));
        self.counted = Instant::now();
        let memory: u64 = tree.iter().map(|running| running.resident_bytes).sum();
        let threads: u64 = tree.iter().map(|running| running.threads).sum();
        if self.limits.memory_bytes.is_some_and(|most| memory > most) {
            Some(Exit::MemoryExceeded)
        } else if self.limits.processes.is_some_and(|most| threads > most) {
            Some(Exit::ProcessesExceeded)
        } else {
            None
        }
    }
}

//! The process that starts, reaps and ends everything: first process of a world, or supervisor of a tree.
//!
//! It is a forked copy of the program that never starts another one itself. Invariant: from the fork on it makes system
//! calls and nothing else, as the copy may hold locks of threads that it does not have: no allocation, no `Drop` of
//! anything allocated, no panic, no return from [`serve`]. What it needs is prepared before the fork.
//!
//! It ends when its socket closes, which the kernel does for every end of the program, also by SIGKILL. With the first
//! process of a pid namespace the kernel ends everything in it (pid_namespaces(7)); a supervisor ends its descendants.

mod descendants;
mod start;
pub(crate) mod step;

use crate::launch::Identity;
use crate::message::{self, Operation, REQUEST_BYTES, Request, Stage};
use crate::sys::{self, Errno};
use seaworthy_core::limits;
use std::os::fd::RawFd;
use step::Step;

/// Where a broker keeps its socket.
const CHANNEL: RawFd = 3;

/// Whether the broker is the first process of its own namespaces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Namespaced,
    Supervisor,
}

struct Child {
    pid: i32,
    status: RawFd,
}

struct Broker {
    kind: Kind,
    identity: Option<Identity>,
    children: [Child; limits::WORLD_PROCESSES],
}

/// What a keeper needs to make worlds: prepared before its fork, never changed.
pub(crate) struct Blueprint {
    /// Mounts the tree where every world binds it from.
    pub(crate) stage: Vec<Step>,
    /// Builds the root of one world.
    pub(crate) world: Vec<Step>,
    /// Whom services run as.
    pub(crate) identity: Identity,
}

/// Leaves everything of the parent behind but `channel`: its descriptors, its session, its name.
fn detach(channel: RawFd, name: &std::ffi::CStr) {
    sys::new_session();
    sys::set_name(name);
    let Ok(channel) = sys::dup_above(channel, 16) else { sys::exit(1) };
    let Ok(null) = sys::open(c"/dev/null", libc::O_RDWR, 0) else { sys::exit(1) };
    for standard in 0..3 {
        if null != standard && sys::dup2(null, standard).is_err() {
            sys::exit(1);
        }
    }
    if sys::dup2(channel, CHANNEL).is_err() {
        sys::exit(1);
    }
    sys::keep_on_exec(CHANNEL, false);
    sys::close_from(CHANNEL + 1);
}

/// A supervisor's whole life. Its signals are blocked since before the fork.
pub(crate) fn supervise(channel: RawFd) -> ! {
    detach(channel, c"seaworthy-watch");
    if sys::become_subreaper().is_err() {
        sys::exit(1);
    }
    serve(Kind::Supervisor, None)
}

/// A keeper's whole life: it holds the tree's mount, and makes worlds of it on request.
pub(crate) fn keep(channel: RawFd, blueprint: &Blueprint) -> ! {
    detach(channel, c"seaworthy-keep");
    sys::ignore_children();
    sys::mounts::clear_umask();
    loop {
        let mut bytes = [0; REQUEST_BYTES];
        let Ok(received) = sys::receive(CHANNEL, &mut bytes) else { sys::exit(0) };
        let Some(request) = bytes.get(..received.bytes).and_then(message::decode::<5>) else { sys::exit(0) };
        let fds = received.fds.get(..received.fd_count).unwrap_or(&[]);
        match request[0] {
            operation if operation == Operation::Begin as i64 => {
                report(step::run(&blueprint.stage, fds.first().copied()));
            }
            operation if operation == Operation::NewWorld as i64 => new_world(fds, blueprint),
            _ => reply(Stage::Request as i64, libc::EINVAL, 0, &[]),
        }
        fds.iter().for_each(|fd| sys::close(*fd));
    }
}

fn new_world(fds: &[RawFd], blueprint: &Blueprint) {
    let Some(channel) = fds.first().copied() else {
        return reply(Stage::Request as i64, libc::EINVAL, 0, &[]);
    };
    let namespaces =
        libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    match sys::fork(namespaces) {
        Err(error) => reply(Stage::Fork as i64, error, 0, &[]),
        Ok(sys::Forked::Parent { pid, pidfd }) => {
            reply(0, 0, i64::from(pid), &[pidfd]);
            sys::close(pidfd);
        }
        Ok(sys::Forked::Child) => {
            detach(channel, c"seaworthy-world");
            let built = step::run(&blueprint.world, None);
            report(built);
            if built.is_err() {
                sys::exit(1);
            }
            serve(Kind::Namespaced, Some(blueprint.identity))
        }
    }
}

/// Tells whether the steps worked; with them comes the root folder they built.
fn report(built: Result<(), (usize, Errno)>) {
    match built {
        Err((index, error)) => reply(Stage::Step as i64, error, index as i64, &[]),
        Ok(()) => match sys::open(c"/", libc::O_PATH | libc::O_DIRECTORY, 0) {
            Err(error) => reply(Stage::Request as i64, error, 0, &[]),
            Ok(root) => {
                reply(0, 0, 0, &[root]);
                sys::close(root);
            }
        },
    }
}

fn reply(stage: i64, error: Errno, value: i64, fds: &[RawFd]) {
    let bytes: [u8; message::REPLY_BYTES] = message::encode([stage, i64::from(error), value]);
    if sys::send(CHANNEL, &bytes, fds).is_err() {
        // The program is gone; the next read of the socket tells so and ends everything.
    }
}

/// Answers requests and reaps until the socket closes.
fn serve(kind: Kind, identity: Option<Identity>) -> ! {
    const NONE: Child = Child { pid: 0, status: -1 };
    let mut broker = Broker { kind, identity, children: [NONE; limits::WORLD_PROCESSES] };
    let Ok(ended) = sys::child_signal() else { sys::exit(1) };
    loop {
        let wait = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut fds = [wait(CHANNEL), wait(ended)];
        if sys::poll(&mut fds, None).is_err() {
            sys::exit(1);
        }
        if fds[1].revents != 0 {
            let mut news = [0; 1024];
            let _news_only_wakes_us = sys::read(ended, &mut news);
            broker.reap();
        }
        if fds[0].revents != 0 {
            let mut bytes = [0; REQUEST_BYTES];
            let received = sys::receive(CHANNEL, &mut bytes).ok().filter(|received| received.bytes > 0);
            let Some(received) = received else { broker.end() };
            let fds = received.fds.get(..received.fd_count).unwrap_or(&[]);
            match bytes.get(..received.bytes).and_then(message::decode::<5>) {
                None => reply(Stage::Request as i64, libc::EBADMSG, 0, &[]),
                Some(request) => broker.answer(&request, fds),
            }
        }
    }
}

impl Broker {
    fn answer(&mut self, request: &Request, fds: &[RawFd]) {
        let [operation, a, b, c, length] = *request;
        let mut kept = None;
        if operation == Operation::Start as i64 {
            kept = self.start(fds, length as usize);
        } else if operation == Operation::Kill as i64 {
            match self.kill(a as i32, b as i32, c) {
                Ok(()) => reply(0, 0, 0, &[]),
                Err(error) => reply(Stage::Kill as i64, error, 0, &[]),
            }
        } else if operation == Operation::Socket as i64 {
            match sys::socket(a as i32, b as i32) {
                Err(error) => reply(Stage::Socket as i64, error, 0, &[]),
                Ok(socket) => {
                    reply(0, 0, 0, &[socket]);
                    sys::close(socket);
                }
            }
        } else {
            reply(Stage::Request as i64, libc::EINVAL, 0, &[]);
        }
        fds.iter().filter(|fd| Some(**fd) != kept).for_each(|fd| sys::close(*fd));
    }

    /// Starts a program. The descriptor returned is kept until the program ends.
    fn start(&mut self, fds: &[RawFd], length: usize) -> Option<RawFd> {
        let &[launch, input, output, error, status] = fds else {
            reply(Stage::Request as i64, libc::EBADMSG, 0, &[]);
            return None;
        };
        let Some(slot) = self.children.iter_mut().find(|child| child.pid == 0) else {
            reply(Stage::TooMany as i64, libc::EAGAIN, 0, &[]);
            return None;
        };
        match start::start(launch, length, [input, output, error], self.identity) {
            Err((stage, error)) => {
                reply(stage as i64, error, 0, &[]);
                None
            }
            Ok((pid, pidfd)) => {
                *slot = Child { pid, status };
                reply(0, 0, i64::from(pid), &[pidfd]);
                sys::close(pidfd);
                Some(status)
            }
        }
    }

    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = sys::reap(false) {
            if let Some(child) = self.children.iter_mut().find(|child| child.pid == pid) {
                let _the_reader_may_be_gone = sys::write(child.status, &status.to_ne_bytes());
                sys::close(child.status);
                *child = Child { pid: 0, status: -1 };
            }
        }
    }

    /// Signals. That there is nobody left to signal is no error, except for a leader, who is known or is not.
    fn kill(&self, pid: i32, signal: i32, scope: i64) -> Result<(), Errno> {
        let known = self.children.iter().any(|child| child.pid == pid && pid > 0);
        if scope == message::Scope::Leader as i64 {
            return if known { sys::kill(pid, signal) } else { Err(libc::ESRCH) };
        }
        if scope == message::Scope::World as i64 && self.kind == Kind::Namespaced {
            return match sys::kill(-1, signal) {
                Err(libc::ESRCH) => Ok(()),
                other => other,
            };
        }
        let whole = scope == message::Scope::World as i64;
        let of = if whole { descendants::Of::Broker } else { descendants::Of::Program(pid) };
        // What a process starts between being seen and being killed shows in the next round.
        let rounds = if signal == libc::SIGKILL { 16 } else { 1 };
        for _ in 0..rounds {
            if descendants::signal(of, signal)? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Ends everything, then itself.
    fn end(&mut self) -> ! {
        if self.kind == Kind::Supervisor {
            // Whoever is left becomes our child when its parent dies, so this ends when there are no children.
            while descendants::signal(descendants::Of::Broker, libc::SIGKILL).is_ok() {
                match sys::reap(true) {
                    Err(_) => break,
                    Ok(_) => self.reap(),
                }
            }
        }
        sys::exit(0)
    }
}

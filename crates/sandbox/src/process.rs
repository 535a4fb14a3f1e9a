//! A service that runs in a world.

use crate::capture::Capture;
use crate::link::Link;
use crate::message::Scope;
use crate::procfs;
use crate::program::{Exit, Limits, Output};
use crate::watch::{Listener, Started, Stream, Until, Watch};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A started service. Dropping it kills the service and what descends from it.
#[derive(Debug)]
pub struct Process {
    link: Arc<Link>,
    inner_pid: i32,
    pid: u32,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    stdout: Capture,
    stderr: Capture,
    log: Capture,
    written_bytes: u64,
    exit: Option<Exit>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Recorder(Arc<Shared>);

impl Listener for Recorder {
    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        let mut state = self.0.state();
        state.log.push(bytes);
        state.written_bytes += bytes.len() as u64;
        match stream {
            Stream::Stdout => state.stdout.push(bytes),
            Stream::Stderr => state.stderr.push(bytes),
        }
        drop(state);
        self.0.changed.notify_all();
    }

    fn ended(&mut self, exit: Exit) {
        self.0.state().exit = Some(exit);
        self.0.changed.notify_all();
    }
}

impl Process {
    /// Follows a started program in a thread of its own.
    pub(crate) fn follow(
        started: Started,
        limits: &Limits,
        link: Arc<Link>,
    ) -> io::Result<(Process, JoinHandle<()>)> {
        let capture = || Capture::new(limits.output_bytes);
        let (stdout, stderr, log) = (capture(), capture(), capture());
        let state = Mutex::new(State { stdout, stderr, log, written_bytes: 0, exit: None });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let process = Process {
            link: link.clone(),
            inner_pid: started.inner_pid,
            pid: started.pid,
            shared: shared.clone(),
        };
        let mut watch = Watch::new(started, limits);
        let follow = move || {
            watch.follow(Until::Silent(None), &link, &mut Recorder(shared));
        };
        let thread = std::thread::Builder::new().name("watch".into()).spawn(follow)?;
        Ok((process, thread))
    }

    /// Its number as the machine counts; 0 when it ended at once.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal to the program, its session and process group, and everything descended from it.
    /// That it has ended already is no error.
    pub fn kill(&mut self, signal: i32) -> io::Result<()> {
        self.send(signal, Scope::Tree)
    }

    /// Sends a signal to the started program alone, as `docker stop` and `kill` do.
    pub fn signal(&mut self, signal: i32) -> io::Result<()> {
        if self.exit().is_some() { Ok(()) } else { self.send(signal, Scope::Leader) }
    }

    fn send(&self, signal: i32, scope: Scope) -> io::Result<()> {
        match self.link.kill(self.inner_pid, signal, scope) {
            // It ended, or its whole world did.
            Ok(()) | Err(libc::ESRCH | libc::EPIPE) => Ok(()),
            Err(error) => Err(io::Error::from_raw_os_error(error)),
        }
    }

    fn exit(&self) -> Option<Exit> {
        self.shared.state().exit
    }

    /// How it ended, if it has.
    pub fn try_status(&mut self) -> Option<Exit> {
        self.exit()
    }

    /// Waits for its end, at most this long.
    pub fn wait(&mut self, timeout: Duration) -> Option<Exit> {
        self.wait_until(timeout, |state| state.exit.is_some());
        self.exit()
    }

    /// Waits until its log holds `text` (in what was kept), it ended, or the time is up; returns whether the log holds it.
    pub fn wait_for_log(&self, text: &str, timeout: Duration) -> bool {
        let holds = |state: &State| contains(&state.log.output().bytes, text.as_bytes());
        self.wait_until(timeout, |state| state.exit.is_some() || holds(state));
        holds(&self.shared.state())
    }

    fn wait_until(&self, timeout: Duration, done: impl Fn(&State) -> bool) {
        let start = Instant::now();
        let mut state = self.shared.state();
        while !done(&state) {
            let rest = timeout.saturating_sub(start.elapsed());
            if rest.is_zero() {
                return;
            }
            let waited = self.shared.changed.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Both its streams as they came, start and end of them.
    pub fn log(&self) -> Output {
        self.shared.state().log.output()
    }

    /// The last bytes of both its streams as they came, as text.
    pub fn log_tail(&self, bytes: usize) -> String {
        self.shared.state().log.last(bytes)
    }

    /// Its standard output so far.
    pub fn stdout(&self) -> Output {
        self.shared.state().stdout.output()
    }

    /// Its standard error so far.
    pub fn stderr(&self) -> Output {
        self.shared.state().stderr.output()
    }

    /// How many bytes it has written to both streams, kept or not.
    pub fn written_bytes(&self) -> u64 {
        self.shared.state().written_bytes
    }

    fn tree(&self) -> io::Result<Vec<procfs::Running>> {
        let tree = if self.pid == 0 { Vec::new() } else { procfs::tree(procfs::Of::Program(self.pid))? };
        if tree.is_empty() { Err(io::Error::from_raw_os_error(libc::ESRCH)) } else { Ok(tree) }
    }

    /// Resident memory of it and everything descended from it; pages shared by two processes count twice.
    pub fn memory_bytes(&self) -> io::Result<u64> {
        Ok(self.tree()?.iter().map(|running| running.resident_bytes).sum())
    }

    /// Open descriptors of it and everything descended from it.
    pub fn descriptors(&self) -> io::Result<u64> {
        self.tree()?.iter().map(|running| procfs::descriptors(running.pid)).sum()
    }

    /// Threads of it and everything descended from it.
    pub fn threads(&self) -> io::Result<u64> {
        Ok(self.tree()?.iter().map(|running| running.threads).sum())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already_or_with_its_world = self.send(libc::SIGKILL, Scope::Tree);
    }
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    part.is_empty() || all.windows(part.len()).any(|window| window == part)
}

//! The same interface on systems other than Linux, where nothing is started: there `check`, `report` and `ledger` work,
//! and whatever needs a process is told why it cannot have one.

use crate::error::{Denied, RunError, StartError, WorldError};
use crate::program::{Exit, Finished, Output, Program};
use crate::spec::{Fidelity, Listening, WorldSpec};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "programs are started on Linux only")
}

fn not_started(program: &Program) -> StartError {
    let name = program.argv.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    StartError::System { program: name, what: "this system is not Linux", source: unsupported() }
}

/// There are no worlds to abandon.
pub fn abandon(_parent: &std::path::Path) {}

/// Runs a program to its end. Always an error here.
pub fn run(program: &Program) -> Result<Finished, RunError> {
    Err(RunError::Start(not_started(program)))
}

/// A service's surroundings. There are none here.
#[derive(Debug)]
pub struct World(std::convert::Infallible);

/// A started service. There are none here.
#[derive(Debug)]
pub struct Process(std::convert::Infallible);

/// See the module: no value of these types exists, so that no method can be called.
impl World {
    /// Makes a world. Always an error here.
    pub fn open(_: &WorldSpec) -> Result<World, WorldError> {
        Err(WorldError::Denied(Denied { what: "make namespaces".into(), error: unsupported() }))
    }

    /// Another world over the same layers.
    pub fn replica(&self) -> Result<World, WorldError> {
        match self.0 {}
    }

    /// How well it keeps what runs in it apart.
    pub fn fidelity(&self) -> &Fidelity {
        match self.0 {}
    }

    /// Whether it has namespaces of its own.
    pub fn is_namespaced(&self) -> bool {
        match self.0 {}
    }

    /// The tree's place as services see it.
    pub fn tree(&self) -> PathBuf {
        match self.0 {}
    }

    /// Starts a program.
    pub fn start(&self, _: &Program) -> Result<Process, StartError> {
        match self.0 {}
    }

    /// Runs a program to its end.
    pub fn run(&self, _: &Program) -> Result<Finished, StartError> {
        match self.0 {}
    }

    /// Ends everything started in this world.
    pub fn kill_all(&self) -> io::Result<()> {
        match self.0 {}
    }

    /// A TCP connection to what listens in this world.
    pub fn connect(&self, _: SocketAddr, _: Duration) -> io::Result<TcpStream> {
        match self.0 {}
    }

    /// Like [`World::connect`], from an address of the world.
    pub fn connect_from(&self, _: Option<IpAddr>, _: SocketAddr, _: Duration) -> io::Result<TcpStream> {
        match self.0 {}
    }

    /// A listener inside this world.
    pub fn listen(&self, _: SocketAddr) -> io::Result<TcpListener> {
        match self.0 {}
    }

    /// The TCP sockets that listen in this world.
    pub fn listeners(&self) -> io::Result<Vec<Listening>> {
        match self.0 {}
    }

    /// Where a file can be read from outside.
    pub fn path_of(&self, _: &Path) -> PathBuf {
        match self.0 {}
    }
}

/// See the module: no value of these types exists, so that no method can be called.
impl Process {
    /// Its number.
    pub fn pid(&self) -> u32 {
        match self.0 {}
    }

    /// Sends a signal to it and all that descends from it.
    pub fn kill(&mut self, _: i32) -> io::Result<()> {
        match self.0 {}
    }

    /// Sends a signal to the started program alone.
    pub fn signal(&mut self, _: i32) -> io::Result<()> {
        match self.0 {}
    }

    /// How it ended, if it has.
    pub fn try_status(&mut self) -> Option<Exit> {
        match self.0 {}
    }

    /// Waits for its end.
    pub fn wait(&mut self, _: Duration) -> Option<Exit> {
        match self.0 {}
    }

    /// Waits until its log holds a text.
    pub fn wait_for_log(&self, _: &str, _: Duration) -> bool {
        match self.0 {}
    }

    /// Both its streams.
    pub fn log(&self) -> Output {
        match self.0 {}
    }

    /// The last bytes of both its streams.
    pub fn log_tail(&self, _: usize) -> String {
        match self.0 {}
    }

    /// Its standard output.
    pub fn stdout(&self) -> Output {
        match self.0 {}
    }

    /// Its standard error.
    pub fn stderr(&self) -> Output {
        match self.0 {}
    }

    /// How many bytes it has written.
    pub fn written_bytes(&self) -> u64 {
        match self.0 {}
    }

    /// Resident memory of its tree.
    pub fn memory_bytes(&self) -> io::Result<u64> {
        match self.0 {}
    }

    /// Open descriptors of its tree.
    pub fn descriptors(&self) -> io::Result<u64> {
        match self.0 {}
    }

    /// Threads of its tree.
    pub fn threads(&self) -> io::Result<u64> {
        match self.0 {}
    }
}

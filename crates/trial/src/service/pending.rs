//! Stands in for the sandbox's `World` and `Process` until they are committed: nothing can be started.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use seaworthy_sandbox::{Exit, Fidelity, Listening, Program, WorldSpec};

#[derive(Debug)]
pub(super) struct World(Fidelity);
#[derive(Debug)]
pub(super) struct Process;

fn absent() -> io::Error {
    io::Error::other("worlds are not built yet")
}

impl World {
    pub(super) fn open(_: &WorldSpec) -> io::Result<Self> {
        Err(absent())
    }
    pub(super) fn replica(&self) -> io::Result<Self> {
        Err(absent())
    }
    pub(super) fn fidelity(&self) -> &Fidelity {
        &self.0
    }
    pub(super) fn start(&self, _: &Program) -> io::Result<Process> {
        Err(absent())
    }
    pub(super) fn connect(&self, _: SocketAddr, _: Duration) -> io::Result<TcpStream> {
        Err(absent())
    }
    pub(super) fn connect_from(
        &self,
        _: std::net::IpAddr,
        _: SocketAddr,
        _: Duration,
    ) -> io::Result<TcpStream> {
        Err(absent())
    }
    pub(super) fn listeners(&self) -> io::Result<Vec<Listening>> {
        Err(absent())
    }
    pub(super) fn path_of(&self, inner: &Path) -> PathBuf {
        inner.to_owned()
    }
}

impl Process {
    pub(super) fn kill(&mut self, _: i32) {}
    pub(super) fn try_status(&mut self) -> Option<Exit> {
        None
    }
    pub(super) fn wait(&mut self, _: Duration) -> Option<Exit> {
        None
    }
    pub(super) fn log_tail(&self, _: usize) -> String {
        String::new()
    }
}

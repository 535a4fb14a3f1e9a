//! A world: a folder as a service sees it, with namespaces of its own where the kernel allows.

mod copy;
mod fidelity;
mod house;
mod identity;
mod layout;
mod plan;
mod scratch;

use crate::environment;
use crate::error::{Denied, StartError, WorldError};
use crate::link::Link;
use crate::message::{Operation, Scope};
use crate::oneshot;
use crate::process::Process;
use crate::procfs;
use crate::program::{Finished, Program};
use crate::spec::{Fidelity, Listening, Tier, WorldSpec};
use crate::starting;
use house::House;
pub use scratch::abandon;
use socket2::{Domain, SockAddr, Socket, Type};
use std::ffi::{OsStr, OsString};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A service's surroundings. Dropping it ends everything that was started in it.
#[derive(Debug)]
pub struct World {
    link: Arc<Link>,
    /// Threads that follow started programs; they end with the world.
    watchers: Mutex<Vec<JoinHandle<()>>>,
    /// The world's root folder; `None` where it is the machine's.
    root: Option<OwnedFd>,
    fidelity: Fidelity,
    house: Arc<House>,
}

impl World {
    /// Makes a world. With [`Tier::Best`], [`World::fidelity`] says what came of it.
    pub fn open(spec: &WorldSpec) -> Result<World, WorldError> {
        match spec.tier {
            Tier::Namespaced => World::namespaced(spec),
            Tier::Supervised => {
                let (missing, cure) = ("a supervisor was asked for".into(), "ask for namespaces".into());
                World::of(House::supervised(spec)?, Fidelity::Supervised { missing, cure })
            }
            Tier::Best => match fidelity::canary(spec) {
                Err(fidelity) => World::of(House::supervised(spec)?, fidelity),
                Ok(()) => match World::namespaced(spec) {
                    Err(WorldError::Denied(denied)) => {
                        World::of(House::supervised(spec)?, fidelity::supervised(&denied))
                    }
                    other => other,
                },
            },
        }
    }

    fn namespaced(spec: &WorldSpec) -> Result<World, WorldError> {
        World::of(House::namespaced(spec)?, Fidelity::Namespaced)
    }

    fn of(house: House, fidelity: Fidelity) -> Result<World, WorldError> {
        World::in_house(Arc::new(house), fidelity).map_err(WorldError::Denied)
    }

    fn in_house(house: Arc<House>, fidelity: Fidelity) -> Result<World, Denied> {
        let (link, root) = house.open_world()?;
        Ok(World { link: Arc::new(link), watchers: Mutex::default(), root, fidelity, house })
    }

    /// Another world over the same layers: the same files, with a network, processes and temporary folders of its own.
    /// Without namespaces only the processes are its own.
    pub fn replica(&self) -> Result<World, WorldError> {
        World::in_house(self.house.clone(), self.fidelity.clone()).map_err(WorldError::Denied)
    }

    /// How well it keeps what runs in it apart.
    pub fn fidelity(&self) -> &Fidelity {
        &self.fidelity
    }

    /// Whether it has namespaces of its own.
    pub fn is_namespaced(&self) -> bool {
        self.fidelity == Fidelity::Namespaced
    }

    /// The tree's place as services see it: absolute and without links.
    pub fn tree(&self) -> PathBuf {
        if self.is_namespaced() { self.house.tree.clone() } else { self.copy() }
    }

    fn copy(&self) -> PathBuf {
        self.house.scratch.path().join("copy")
    }

    /// Starts a program. `HOME` is an empty folder of the world, and `TMPDIR` too, unless the program says otherwise.
    pub fn start(&self, program: &Program) -> Result<Process, StartError> {
        let (program, variables) = self.fit(program);
        let started = starting::start(&self.link, &program, &variables)?;
        let inner_pid = started.inner_pid;
        let (process, thread) =
            Process::follow(started, &program.limits, self.link.clone()).map_err(|source| {
                let _it_goes_with_the_world_at_the_latest =
                    self.link.kill(inner_pid, libc::SIGKILL, Scope::Tree);
                let name =
                    program.argv.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
                StartError::System { program: name, what: "no thread could be made to follow it", source }
            })?;
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|watcher| !watcher.is_finished());
        watchers.push(thread);
        Ok(process)
    }

    /// Runs a program to its end in this world. What it left running in its own session is killed; what made itself a
    /// session of its own ends with the world.
    pub fn run(&self, program: &Program) -> Result<Finished, StartError> {
        let (program, variables) = self.fit(program);
        let started = starting::start(&self.link, &program, &variables)?;
        let inner_pid = started.inner_pid;
        Ok(oneshot::finish(started, &program, &self.link, || {
            let _it_goes_with_the_world_at_the_latest = self.link.kill(inner_pid, libc::SIGKILL, Scope::Tree);
        }))
    }

    /// The program and its variables as this world needs them.
    fn fit(&self, program: &Program) -> (Program, Vec<(OsString, OsString)>) {
        let mut program = program.clone();
        let temporary =
            if self.is_namespaced() { "/tmp".into() } else { self.house.scratch.path().join("tmp") };
        let mut own: Vec<(OsString, OsString)> = vec![
            ("HOME".into(), self.house.home.clone().into()),
            ("TMPDIR".into(), temporary.into()),
            ("XDG_CACHE_HOME".into(), self.house.home.join(".cache").into()),
        ];
        if self.house.spare_user {
            own.extend(["USER", "LOGNAME"].map(|name| (name.into(), identity::SPARE_NAME.into())));
        }
        own.append(&mut program.env);
        if !self.is_namespaced() {
            program.argv.iter_mut().for_each(|word| *word = self.moved(word));
            program.dir = self.moved(program.dir.as_os_str()).into();
            own.iter_mut().for_each(|(_, value)| *value = self.moved(value));
        }
        let variables = environment::merged(&own);
        (program, variables)
    }

    /// A word that is a path of the tree, or below, as the path of its copy.
    fn moved(&self, word: &OsStr) -> OsString {
        for tree in [&self.house.tree, &self.house.named] {
            let rest = word.as_bytes().strip_prefix(tree.as_os_str().as_bytes());
            if let Some(rest) = rest.filter(|rest| rest.first().is_none_or(|byte| *byte == b'/')) {
                let mut moved = self.copy().into_os_string();
                moved.push(OsString::from_vec(rest.to_vec()));
                return moved;
            }
        }
        word.to_owned()
    }

    /// Ends everything started in this world at once, as if the power went; the world and its files stay.
    pub fn kill_all(&self) -> io::Result<()> {
        self.link.kill(0, libc::SIGKILL, Scope::World).map_err(io::Error::from_raw_os_error)
    }

    /// A TCP connection from outside to what listens in this world.
    pub fn connect(&self, addr: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
        self.connect_from(None, addr, timeout)
    }

    /// Like [`World::connect`], from an address of the world: any of 127.0.0.0/8, or of [`WorldSpec::addresses`].
    pub fn connect_from(
        &self,
        source: Option<IpAddr>,
        addr: SocketAddr,
        timeout: Duration,
    ) -> io::Result<TcpStream> {
        let socket = self.socket(addr)?;
        if let Some(source) = source {
            socket.bind(&SockAddr::from(SocketAddr::new(source, 0)))?;
        }
        socket.connect_timeout(&SockAddr::from(addr), timeout)?;
        Ok(socket.into())
    }

    /// A listener inside this world, accepted from outside: for what the service is to reach.
    pub fn listen(&self, addr: SocketAddr) -> io::Result<TcpListener> {
        const WAITING: i32 = 1024;
        let socket = self.socket(addr)?;
        socket.set_reuse_address(true)?;
        socket.bind(&SockAddr::from(addr))?;
        socket.listen(WAITING)?;
        Ok(socket.into())
    }

    /// A socket belongs to the network it was made in, whoever uses it: so the world's process makes it, and we bind and
    /// connect it.
    fn socket(&self, addr: SocketAddr) -> io::Result<Socket> {
        if !self.is_namespaced() {
            return Socket::new(Domain::for_address(addr), Type::STREAM, None);
        }
        let words =
            [i64::from(i32::from(Domain::for_address(addr))), i64::from(i32::from(Type::STREAM)), 0, 0];
        let asked = self.link.ask(Operation::Socket, words, &[]);
        let (_, socket) = asked.map_err(|refusal| io::Error::from_raw_os_error(refusal.errno()))?;
        socket.map(Socket::from).ok_or_else(|| io::Error::from_raw_os_error(libc::EPROTO))
    }

    /// The TCP sockets that listen in this world's network (without namespaces: the machine's), each with the process
    /// started here that has it open, if there is one.
    pub fn listeners(&self) -> io::Result<Vec<Listening>> {
        let broker = self.link.pid();
        let sockets = procfs::listening(broker)?;
        let mut owners = std::collections::HashMap::new();
        for running in procfs::tree(procfs::Of::Broker(broker))? {
            // One that ended meanwhile has none.
            for inode in procfs::sockets(running.pid).unwrap_or_default() {
                owners.entry(inode).or_insert(running.pid);
            }
        }
        let listening = |(addr, inode)| {
            let pid = owners.get(&inode).copied();
            Listening { addr, inode, pid, ours: pid.is_some() }
        };
        Ok(sockets.into_iter().map(listening).collect())
    }

    /// Where a file that services of this world see at `inner` (absolute) can be read from outside, by this process and
    /// those it starts, while the world lives. A link in it that is absolute leads to the machine's files.
    pub fn path_of(&self, inner: &Path) -> PathBuf {
        match &self.root {
            None => PathBuf::from(self.moved(inner.as_os_str())),
            Some(root) => {
                let root = format!("/proc/{}/fd/{}", std::process::id(), root.as_raw_fd());
                Path::new(&root).join(inner.strip_prefix("/").unwrap_or(inner))
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // With everything in the world gone, nobody holds the other end of a stream, and so no watcher waits.
        let ended = self.link.end();
        let watchers = std::mem::take(&mut *self.watchers.lock().unwrap_or_else(PoisonError::into_inner));
        if ended {
            watchers.into_iter().for_each(|watcher| drop(watcher.join()));
        }
    }
}

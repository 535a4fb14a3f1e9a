//! A running copy of a service: its world, its process, and the way to it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use seaworthy_core::Reason;
use seaworthy_core::limits::{
    SERVICE_LOG_BYTES, SERVICE_POLL_MS, SERVICE_READY_TIMEOUT_MS, SERVICE_STOP_TIMEOUT_MS,
};
use seaworthy_sandbox::{Exit, Fidelity, Listening, Process, Program, World, WorldSpec};

use super::launch::{Launch, Ready};
use super::{Need, NotReady, needs};
use crate::http::{Client, Connect, Request, TransportError};

/// The port that `PORT` names where a world has a network of its own.
const OWN_NETWORK_PORT: u16 = 8080;

/// How long one look whether a socket speaks HTTP takes at most.
const LOOK: Duration = Duration::from_secs(5);

const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// A running copy of a service. Everything it started ends when this is dropped.
pub struct Running {
    /// Replaced by another over the same files when a restart finds its port still held by connections of the one before.
    world: Mutex<Arc<World>>,
    launch: Arc<Launch>,
    /// The tree as the service sees it.
    tree: PathBuf,
    /// What `PORT` says.
    port: u16,
    process: Mutex<Option<Process>>,
    way: Arc<Way>,
    /// Logs of processes that have ended, for one that was restarted.
    earlier: Mutex<String>,
    /// How many visitors it has had.
    visitors: AtomicU32,
}

/// The way into a world.
struct Way(Mutex<(Arc<World>, SocketAddr)>);

impl Way {
    fn target(&self) -> (Arc<World>, SocketAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Connect for Way {
    fn connect(&self, source: Option<Ipv4Addr>, timeout: Duration) -> io::Result<TcpStream> {
        let (world, address) = self.target();
        match source {
            Some(source) if address.is_ipv4() => world.connect_from(Some(source.into()), address, timeout),
            _ => world.connect(address, timeout),
        }
    }

    fn authority(&self) -> String {
        self.target().1.to_string()
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("service", &self.launch.name)
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

impl Running {
    /// Starts a fresh copy in a fresh world and waits until it answers.
    ///
    /// # Errors
    /// Why it is not ready.
    pub fn start(launch: &Launch) -> Result<Self, NotReady> {
        let spec = WorldSpec {
            tree: launch.root.clone(),
            scratch: launch.scratch.clone(),
            tier: launch.tier,
            visible: Vec::new(),
            addresses: Vec::new(),
        };
        let world = World::open(&spec).map_err(|error| no_world(&error))?;
        Self::within(world, Arc::new(launch.clone()))
    }

    /// Starts another copy that shares this one's files and data, in a network of its own.
    ///
    /// # Errors
    /// Why it is not ready.
    pub fn replica(&self) -> Result<Self, NotReady> {
        let world = self.world().replica().map_err(|error| no_world(&error))?;
        Self::within(world, Arc::clone(&self.launch))
    }

    fn within(world: World, launch: Arc<Launch>) -> Result<Self, NotReady> {
        let tree = world.tree();
        let world = Arc::new(world);
        let port = match world.fidelity() {
            Fidelity::Namespaced => OWN_NETWORK_PORT,
            Fidelity::Supervised { .. } => free_port().map_err(|error| no_world(&error))?,
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let way = Arc::new(Way(Mutex::new((Arc::clone(&world), address))));
        let world = Mutex::new(world);
        let running = Self {
            world,
            launch,
            tree,
            port,
            process: Mutex::new(None),
            way,
            earlier: Mutex::default(),
            visitors: AtomicU32::new(0),
        };
        running.launch()?;
        Ok(running)
    }

    /// Starts the process in the world as it is, and waits until it answers.
    fn launch(&self) -> Result<(), NotReady> {
        let program = self.program();
        self.make_data_dir();
        let started = self.world().start(&program).map_err(|error| {
            let command = self.launch.argv.join(" ");
            NotReady::saying(format!("`{command}` could not be started: {error}"), "")
        })?;
        *self.lock() = Some(started);
        let address = self.await_ready()?;
        *self.way.0.lock().unwrap_or_else(PoisonError::into_inner) = (self.world(), address);
        Ok(())
    }

    fn program(&self) -> Program {
        let data = self.data_dir();
        let fill = |text: &str| {
            text.replace("{port}", &self.port.to_string()).replace("{data}", &data.to_string_lossy())
        };
        let mut env: Vec<(OsString, OsString)> =
            vec![("PORT".into(), self.port.to_string().into()), ("DATA_DIR".into(), data.clone().into())];
        // A pipe makes Python hold its words back, and a log that ends before the last ones explains nothing.
        env.push(("PYTHONUNBUFFERED".into(), "1".into()));
        env.extend(self.launch.env.iter().map(|(name, value)| (name.into(), fill(value).into())));
        let mut program = Program::new(
            self.launch.argv.iter().map(|word| fill(word)),
            self.launch.root.join(&self.launch.dir),
        );
        program.env = env;
        program
    }

    /// Where `DATA_DIR` and `{data}` lead, as the service sees it: in the tree's overlay, which replicas share and restarts keep.
    pub fn data_dir(&self) -> PathBuf {
        self.folder().join(".seaworthy-data")
    }

    /// The folder it runs in, as it sees it.
    fn folder(&self) -> PathBuf {
        if self.launch.dir == "." { self.tree.clone() } else { self.tree.join(&self.launch.dir) }
    }

    /// Makes the data folder from inside, so that it belongs to who the service runs as.
    fn make_data_dir(&self) {
        let mkdir =
            Program::new([OsStr::new("mkdir"), OsStr::new("-p"), self.data_dir().as_os_str()], self.folder());
        // Where it cannot be made, the service says so when it needs it.
        if let Ok(mut made) = self.world().start(&mkdir) {
            let _ = made.wait(Duration::from_millis(SERVICE_STOP_TIMEOUT_MS));
        }
    }

    /// Waits until the service answers, and returns where.
    fn await_ready(&self) -> Result<SocketAddr, NotReady> {
        let deadline = Instant::now() + Duration::from_millis(SERVICE_READY_TIMEOUT_MS);
        let mut last = String::new();
        loop {
            if let Some(exit) = self.status() {
                return Err(self.ended(exit));
            }
            let listeners = self.world().listeners().unwrap_or_default();
            let (ours, foreign): (Vec<&Listening>, Vec<&Listening>) =
                listeners.iter().partition(|one| one.ours);
            let mut candidates: Vec<SocketAddr> = ours.iter().map(|one| reachable(one.addr)).collect();
            // The port we named first, then the lowest: debuggers and metrics use high ones.
            candidates.sort_by_key(|addr| (addr.port() != self.port, addr.port(), addr.is_ipv6()));
            candidates.dedup();
            for address in &candidates {
                match self.look(*address, deadline) {
                    Ok(()) => return Ok(*address),
                    Err(why) => last = format!("port {}: {why}", address.port()),
                }
            }
            if candidates.is_empty() && foreign.iter().any(|one| one.addr.port() == self.port) {
                last = format!("port {} belongs to another program", self.port);
            }
            if Instant::now() >= deadline {
                return Err(self.never_ready(&last));
            }
            std::thread::sleep(Duration::from_millis(SERVICE_POLL_MS));
        }
    }

    /// Whether what listens there is the service, ready.
    fn look(&self, address: SocketAddr, deadline: Instant) -> Result<(), String> {
        let path = match &self.launch.ready {
            Ready::Tcp => {
                return self.world().connect(address, LOOK).map(drop).map_err(|error| error.to_string());
            }
            Ready::Listening => "/",
            Ready::Path(path) => path,
        };
        let way = Arc::new(Way(Mutex::new((self.world(), address))));
        let left = deadline.saturating_duration_since(Instant::now()).clamp(Duration::from_millis(100), LOOK);
        let client = Client::new(way).with_timeout(left);
        match client.send(&Request::new("GET", path).header("Connection", "close")) {
            // Any answer counts, also one too large to keep.
            Ok(_) | Err(TransportError::TooLarge { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn ended(&self, exit: Exit) -> NotReady {
        self.explained(format!("`{}` {exit} before it answered", self.launch.argv.join(" ")))
    }

    fn never_ready(&self, last: &str) -> NotReady {
        let what = if last.is_empty() { "it listens nowhere".to_owned() } else { last.to_owned() };
        let seconds = SERVICE_READY_TIMEOUT_MS / 1_000;
        self.explained(format!("`{}` did not answer within {seconds} s: {what}", self.launch.argv.join(" ")))
    }

    /// The sentence, and what the program's own words say it lacks.
    fn explained(&self, what: String) -> NotReady {
        let log = self.log_tail();
        let Launch { name, root, dir, .. } = &*self.launch;
        let lacks: Vec<String> = needs(&log).iter().map(|need| need.advice(name, root, dir)).collect();
        let what = if lacks.is_empty() { what } else { format!("{what}; {}", lacks.join("; ")) };
        NotReady::saying(what, &log)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self) -> Option<Exit> {
        self.lock().as_mut().and_then(Process::try_status)
    }

    /// A client with no connection yet.
    pub fn client(&self) -> Client {
        Client::new(self.way())
    }

    /// A client at an address nobody has called from before: 127.1.0.1 and on.
    pub fn visitor(&self) -> Client {
        let number = self.visitors.fetch_add(1, Ordering::Relaxed);
        // Within 127.1.0.0 to 127.254.255.255, past the addresses services listen on.
        let offset = number % (254 * 256 * 256);
        self.client().at(Ipv4Addr::from(0x7f01_0001_u32.wrapping_add(offset)))
    }

    /// The way to it, for whoever makes connections of their own.
    pub fn way(&self) -> Arc<dyn Connect> {
        Arc::clone(&self.way) as Arc<dyn Connect>
    }

    /// Where it listens, as its world sees it.
    pub fn address(&self) -> SocketAddr {
        self.way.target().1
    }

    /// Whether its process is still there.
    pub fn alive(&self) -> bool {
        let mut process = self.lock();
        process.as_mut().is_some_and(|process| process.try_status().is_none())
    }

    /// How its process ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        self.status()
    }

    /// Whether the socket it is reached at belongs to a process of its own world.
    pub fn is_ours(&self) -> bool {
        let port = self.address().port();
        self.world().listeners().is_ok_and(|all| all.iter().any(|one| one.ours && one.addr.port() == port))
    }

    /// How well its world keeps it apart.
    pub fn fidelity(&self) -> Fidelity {
        self.world().fidelity().clone()
    }

    fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends its process with SIGKILL and waits until it is gone.
    pub fn kill(&self) {
        self.stop(SIGKILL);
    }

    /// Asks its process to end (SIGTERM) and waits; the exit is `None` when it did not in time, and then it was killed.
    pub fn terminate(&self, patience: Duration) -> Option<Exit> {
        let exit = {
            let mut process = self.lock();
            process.as_mut().and_then(|process| {
                let _ = process.signal(SIGTERM);
                process.wait(patience)
            })
        };
        if exit.is_none() {
            self.kill();
        }
        exit
    }

    fn stop(&self, signal: i32) {
        let mut process = self.lock();
        if let Some(running) = process.as_mut() {
            // One that is gone already is what was wanted.
            let _ = running.kill(signal);
            running.wait(Duration::from_millis(SERVICE_STOP_TIMEOUT_MS));
        }
    }

    /// Starts it again on the same data, killing it first if it still runs.
    ///
    /// # Errors
    /// Why it is not ready.
    pub fn restart(&self) -> Result<(), NotReady> {
        self.kill();
        if let Some(process) = self.lock().take() {
            let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
            *earlier = process.log_tail(SERVICE_LOG_BYTES);
        }
        let refused = match self.launch() {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        // Connections of the killed process hold its port for a minute (TIME-WAIT, RFC 9293, 3.6.1). A network of its own is not what is tried here.
        let port = needs(&self.log_tail()).iter().any(|need| matches!(need, Need::Port(_)));
        if !port || self.fidelity() != Fidelity::Namespaced {
            return Err(refused);
        }
        let another = self.world().replica().map_err(|error| no_world(&error))?;
        *self.world.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(another);
        self.launch()
    }

    /// The end of what the present process has printed, standard output and standard error together.
    pub fn log_tail(&self) -> String {
        self.lock().as_ref().map(|process| process.log_tail(SERVICE_LOG_BYTES)).unwrap_or_default()
    }

    /// How many bytes the present process has printed.
    pub fn printed_bytes(&self) -> u64 {
        self.lock().as_ref().map_or(0, Process::written_bytes)
    }

    /// What the present process has printed after its first `mark` bytes, as far as it is kept.
    pub fn log_since(&self, mark: u64) -> String {
        let newer = |process: &Process| {
            let bytes = usize::try_from(process.written_bytes().saturating_sub(mark)).unwrap_or(usize::MAX);
            process.log_tail(bytes.min(SERVICE_LOG_BYTES))
        };
        self.lock().as_ref().map(newer).unwrap_or_default()
    }

    /// The end of what the process before the last restart had printed.
    pub fn earlier_log(&self) -> String {
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where a file of the service's view can be read from outside.
    pub fn path_of(&self, inner: &Path) -> PathBuf {
        self.world().path_of(inner)
    }

    /// The tree's root as the service sees it.
    pub fn root(&self) -> &Path {
        &self.tree
    }
}

/// The address at which something that listens on all addresses is reached.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        // Linux lets a socket on `::` take IPv4 as well unless asked not to; ::1 reaches both.
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}

/// A port nobody listens on at this moment. Another program may take it before the service does: then the listener is not ours, and that is told.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn no_world(error: &dyn std::fmt::Display) -> NotReady {
    NotReady(Reason::Environment {
        missing: format!("no world to run it in: {error}"),
        cure: "see the message".to_owned(),
    })
}

impl Running {
    /// A first copy for somebody outside a run: finds out how the service starts, and keeps what started.
    ///
    /// # Errors
    /// Why it is not ready.
    pub fn first(request: &crate::Request<'_>) -> Result<Self, NotReady> {
        super::launch::prepare(request).map(|prepared| prepared.running)
    }
}

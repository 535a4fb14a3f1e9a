//! What a world is asked for, and what it says about itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct WorldSpec {
    /// The user's folder. Never written: what the service writes goes to a layer of its own.
    pub tree: PathBuf,
    /// Folder outside the tree in which the world keeps its layers; on a disk, as not every other file system will do.
    pub scratch: PathBuf,
    /// Which kind of confinement is wanted.
    pub tier: Tier,
    /// Folders outside the tree that the service must see although they lie in a home or another private folder; read-only.
    pub visible: Vec<PathBuf>,
    /// Addresses of the world's loopback beside 127.0.0.0/8, ::1 and 169.254.169.254.
    pub addresses: Vec<Ipv4Addr>,
}

impl WorldSpec {
    /// A world of this tree with the best confinement there is.
    pub fn new(tree: impl Into<PathBuf>, scratch: impl Into<PathBuf>) -> Self {
        WorldSpec {
            tree: tree.into(),
            scratch: scratch.into(),
            tier: Tier::Best,
            visible: Vec::new(),
            addresses: Vec::new(),
        }
    }
}

/// Which kind of confinement is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier {
    /// Namespaces where the kernel allows them, else a supervisor.
    #[default]
    Best,
    /// Namespaces, or an error.
    Namespaced,
    /// A supervisor, and no namespaces.
    Supervised,
}

/// How well a world keeps what runs in it apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// Own user, mount, process, network and IPC namespaces.
    Namespaced,
    /// A copy of the tree and a supervisor: network and files are the machine's. Two replicas cannot have one port, and
    /// what a service started outlives a SIGKILL of the supervisor itself.
    Supervised {
        /// What could not be done.
        missing: String,
        /// What to type or change so that it can.
        cure: String,
    },
}

/// A socket that listens in a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// Where.
    pub addr: SocketAddr,
    /// The socket's inode, by which its owner was found.
    pub inode: u64,
    /// The process of this world that has it open, in the machine's numbering.
    pub pid: Option<u32>,
    /// Whether there is such a process: whether what listens was started in this world.
    pub ours: bool,
}

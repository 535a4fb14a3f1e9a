//! A world: a folder as a service sees it, with namespaces of its own where the kernel allows.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct WorldSpec {
    /// The user's folder. Never written: what the service writes goes to a layer of its own.
    pub tree: PathBuf,
    /// Folder in which the world keeps its layers; on a disk, as a file system in memory or another overlay may not do.
    pub scratch: PathBuf,
    /// Which kind of confinement is wanted.
    pub tier: Tier,
    /// Folders outside the tree that the service must see although they lie in the home or another private folder; read-only.
    pub visible: Vec<PathBuf>,
    /// Addresses of the world's loopback beside 127.0.0.0/8, ::1 and 169.254.169.254.
    pub addresses: Vec<Ipv4Addr>,
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
    /// A copy of the tree and a supervisor: the network and all files are shared with the machine.
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
    /// The process that has it open, in the machine's numbering.
    pub pid: Option<u32>,
    /// Whether that process was started in this world.
    pub ours: bool,
}

//! The steps by which a world's file system and network are built.
//!
//! As bubblewrap does, the old root is first moved to a folder of a new, empty one: so that nothing that is being built
//! lies in what is copied, and so that covers hide nothing that is still needed.

use super::identity::Users;
use super::layout::Layout;
use crate::broker::step::Step;
use crate::launch::Identity;
use seaworthy_core::limits;
use std::ffi::{CStr, CString};
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where the old root and the new one are while a world is built.
const OLD: &str = "/old";
const NEW: &str = "/new";

/// Folders of the kernel's, made anew for each world.
const DEV: &str = "/dev";
const PROC: &str = "/proc";

/// Where services keep their sockets and process numbers.
const RUN: &str = "/run";
const MOST_RUN_FOLDERS: usize = 256;

/// How the tree gets into its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TreeSource {
    /// An overlay over the tree itself.
    Overlay,
    /// An overlay over a mount of the tree, shown as the spare user's, that comes with the request.
    MappedOverlay,
    /// The copy in the scratch folder.
    Copy,
}

/// The steps of a keeper: the tree as its worlds see it, in `merged`.
pub(crate) fn stage(tree: &Path, scratch: &Path, source: TreeSource) -> Vec<Step> {
    let mut steps = vec![Step::Private, Step::Enter(c_string(scratch))];
    match source {
        TreeSource::Overlay => steps.push(Step::Bind(c_string(tree), c"lower".into())),
        TreeSource::MappedOverlay => steps.push(Step::Attach(c"lower".into())),
        TreeSource::Copy => {
            steps.push(Step::Bind(c"copy".into(), c"merged".into()));
            return steps;
        }
    }
    // `userxattr` lets overlayfs keep its notes without rights over the machine (Linux 5.11).
    let options = c"lowerdir=lower,upperdir=upper,workdir=work,userxattr";
    steps.push(Step::Mount(c"overlay", c"merged".into(), options.into()));
    steps
}

/// The steps of one world, whose process starts in the scratch folder.
pub(crate) fn world(layout: &Layout, scratch: &Path, users: &Users, addresses: &[Ipv4Addr]) -> Vec<Step> {
    let mut steps = Steps { steps: Vec::new(), made: Vec::new() };
    steps.push(Step::Mount(c"tmpfs", c"root".into(), c"mode=0755,size=16m".into()));
    steps.push(Step::Directory(c"root/old".into()));
    steps.push(Step::Directory(c"root/new".into()));
    steps.push(Step::Pivot(c"root".into(), c"root/old".into()));
    steps.push(Step::Mount(c"tmpfs", c_string(NEW), c"mode=0755,size=16m".into()));
    steps.base(layout);
    steps.private(layout, scratch, users.service);
    steps.devices();
    steps.accounts(layout, users);
    steps.push(Step::Pivot(c_string(NEW), c_string(NEW)));
    let mut all = vec![[169, 254, 169, 254]];
    all.extend(addresses.iter().map(Ipv4Addr::octets));
    steps.push(Step::Loopback(all));
    steps.push(Step::HostName(c"localhost"));
    // Without rights the service may still use port 80, as it may in a container.
    let first_port = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
    steps.optional(Step::Write(c_string(first_port), b"0"));
    steps.steps
}

struct Steps {
    steps: Vec<Step>,
    made: Vec<PathBuf>,
}

impl Steps {
    fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    fn optional(&mut self, step: Step) {
        self.steps.push(Step::Optional(Box::new(step)));
    }

    /// Makes a folder of the new root and its parents. In what is read-only they are there already.
    fn folders(&mut self, path: &Path) {
        let mut parents: Vec<&Path> = path.ancestors().filter(|parent| parent.parent().is_some()).collect();
        parents.reverse();
        for parent in parents {
            if !self.made.iter().any(|made| made == parent) {
                self.optional(Step::Directory(inside(parent)));
                self.made.push(parent.to_path_buf());
            }
        }
    }

    fn memory(&mut self, at: &Path, options: &str) {
        self.folders(at);
        let options = format!("size={},{options}", limits::WORLD_TMPFS_BYTES);
        self.push(Step::Mount(c"tmpfs", inside(at), c_string(&options)));
        // What was below is hidden, and has to be made anew.
        self.made.retain(|made| !made.starts_with(at) || made == at);
    }

    /// Everything of the machine's root that is neither private nor made by the kernel, read-only.
    fn base(&mut self, layout: &Layout) {
        for entry in fs::read_dir("/").into_iter().flatten().filter_map(Result::ok) {
            let at = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_symlink() {
                if let Ok(target) = fs::read_link(&at) {
                    self.push(Step::Link(c_string(&target), inside(&at)));
                }
            } else if kind.is_dir()
                && !layout.covers.contains(&at)
                && ![DEV, PROC].iter().any(|own| Path::new(own) == at)
            {
                self.folders(&at);
                self.optional(Step::BindReadOnly(outside(&at), inside(&at)));
            }
        }
        self.folders(Path::new(PROC));
        self.push(Step::Mount(c"proc", inside(Path::new(PROC)), c"".into()));
    }

    /// Covers, what is exposed in them, the tree and the home, parents first.
    fn private(&mut self, layout: &Layout, scratch: &Path, service: Identity) {
        let Identity { uid, gid } = service;
        let owned = format!("mode=0755,uid={uid},gid={gid}");
        let mut places: Vec<(&Path, Place)> = Vec::new();
        for cover in layout.covers.iter().filter(|cover| **cover != layout.home) {
            let open_to_all = ["/tmp", "/var/tmp", RUN].iter().any(|open| Path::new(open) == cover);
            places.push((cover, Place::Memory(if open_to_all { "mode=1777" } else { "mode=0755" })));
        }
        places.push((&layout.home, Place::Memory(&owned)));
        places.extend(layout.exposed.iter().map(|path| (path.as_path(), Place::Machine)));
        places.extend(layout.links.iter().map(|(at, target)| (at.as_path(), Place::Link(target))));
        places.push((&layout.tree, Place::Tree));
        places.sort_by_key(|(at, _)| at.components().count());
        for (at, place) in places {
            match place {
                Place::Memory(options) => {
                    self.memory(at, options);
                    if at == Path::new(RUN) {
                        self.run_folders();
                    }
                }
                Place::Machine => {
                    self.folders(at);
                    self.optional(Step::BindReadOnly(outside(at), inside(at)));
                }
                Place::Tree => {
                    self.folders(at);
                    self.push(Step::Bind(outside(&scratch.join("merged")), inside(at)));
                }
                Place::Link(target) => {
                    at.parent().into_iter().for_each(|parent| self.folders(parent));
                    self.optional(Step::Link(c_string(target), inside(at)));
                }
            }
        }
    }

    /// The folders that the machine made in `/run` when it started, empty: PostgreSQL and others expect theirs.
    fn run_folders(&mut self) {
        for entry in fs::read_dir(RUN).into_iter().flatten().filter_map(Result::ok).take(MOST_RUN_FOLDERS) {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.optional(Step::OpenDirectory(inside(&entry.path())));
            }
        }
    }

    /// A `/dev` with what every program may expect, and none of the machine's disks.
    fn devices(&mut self) {
        let dev = Path::new(DEV);
        self.memory(dev, "mode=0755");
        for name in ["null", "zero", "full", "random", "urandom", "tty"] {
            let at = dev.join(name);
            self.push(Step::File(inside(&at), Vec::new()));
            self.push(Step::Bind(outside(&at), inside(&at)));
        }
        self.memory(&dev.join("shm"), "mode=1777");
        self.folders(&dev.join("pts"));
        let options = c"newinstance,ptmxmode=0666,mode=620";
        self.optional(Step::Mount(c"devpts", inside(&dev.join("pts")), options.into()));
        let links = [("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0")];
        for (name, target) in
            links.into_iter().chain([("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")])
        {
            self.push(Step::Link(c_string(target), inside(&dev.join(name))));
        }
    }

    /// The service's user, and names that are looked up nowhere but in this world.
    fn accounts(&mut self, layout: &Layout, users: &Users) {
        let ours = Path::new("/run/.seaworthy");
        self.folders(ours);
        let (passwd, group) = users.accounts(&layout.home.to_string_lossy());
        // Whoever wants to answer names listens on 127.0.0.1; otherwise a look-up fails at once.
        let resolver = b"nameserver 127.0.0.1\noptions timeout:1 attempts:1\n".to_vec();
        for (path, text) in [("/etc/passwd", passwd), ("/etc/group", group), ("/etc/resolv.conf", resolver)] {
            let Ok(real) = Path::new(path).canonicalize() else { continue };
            let name = ours.join(path.trim_start_matches("/etc/"));
            if real.starts_with("/run") {
                real.parent().into_iter().for_each(|parent| self.folders(parent));
                self.push(Step::File(inside(&real), text));
            } else {
                self.push(Step::File(inside(&name), text));
                self.push(Step::BindReadOnly(inside(&name), inside(&real)));
            }
        }
    }
}

enum Place<'a> {
    Memory(&'a str),
    Machine,
    Link(&'a Path),
    Tree,
}

/// Where an absolute path of the machine is while a world is built.
fn outside(path: &Path) -> CString {
    c_string(Path::new(OLD).join(path.strip_prefix("/").unwrap_or(path)))
}

/// Where an absolute path of the world is while it is built.
fn inside(path: &Path) -> CString {
    c_string(Path::new(NEW).join(path.strip_prefix("/").unwrap_or(path)))
}

/// A path holds no NUL byte when the system gave it; one that does not names nothing.
fn c_string(path: impl AsRef<Path>) -> CString {
    CString::new(path.as_ref().as_os_str().as_bytes()).unwrap_or_else(|_| <&CStr>::into(c"/nonexistent"))
}

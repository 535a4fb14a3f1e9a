//! What the replicas of one service share: the scratch folder, the mounted tree, the process that makes worlds.

use super::copy;
use super::identity::{self, Users};
use super::layout::Layout;
use super::plan::{self, TreeSource};
use super::scratch::Scratch;
use crate::broker::Blueprint;
use crate::broker::step::Step;
use crate::error::{Denied, WorldError};
use crate::launch::Identity;
use crate::link::{self, Link, Refusal, Role};
use crate::message::{Operation, Stage};
use crate::spec::WorldSpec;
use crate::sys::{self, Errno, mounts};
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// Shared by a world and its replicas; goes with the last of them. The order of the fields is the order of their end.
#[derive(Debug)]
pub(super) struct House {
    /// Makes worlds; `None` where a supervisor has to do.
    keeper: Option<Keeper>,
    pub(super) tree: PathBuf,
    pub(super) named: PathBuf,
    pub(super) home: PathBuf,
    /// Whether services run as a user who is not the one that opened the world.
    pub(super) spare_user: bool,
    pub(super) scratch: Scratch,
}

#[derive(Debug)]
struct Keeper {
    link: Link,
    world_steps: Vec<String>,
}

/// A world's process and its root folder.
pub(super) type Opened = (Link, OwnedFd);

impl House {
    /// A house without namespaces: a copy of the tree.
    pub(super) fn supervised(spec: &WorldSpec) -> Result<House, WorldError> {
        let (tree, named) = tree(spec)?;
        let scratch = scratch(spec, &tree)?;
        let copied = copy::copy_tree(&tree, &scratch.path().join("copy"), None)
            .and_then(|()| fs::create_dir(scratch.path().join("home")))
            .and_then(|()| fs::create_dir(scratch.path().join("tmp")));
        copied.map_err(|source| WorldError::Copy { tree: tree.clone(), source })?;
        let home = scratch.path().join("home");
        Ok(House { keeper: None, tree, named, home, spare_user: false, scratch })
    }

    /// A house with namespaces: an overlay over the tree, or a copy of it where there can be none.
    pub(super) fn namespaced(spec: &WorldSpec) -> Result<House, WorldError> {
        let (tree, named) = tree(spec)?;
        let scratch = scratch(spec, &tree)?;
        let users =
            identity::users().map_err(|source| WorldError::Denied(Denied::system("find a user", source)))?;
        let layout = Layout::new(&tree, &named, scratch.path(), &spec.visible, &users);
        let (source, mapped) = prepare(&tree, scratch.path(), &users)?;
        let opened = Keeper::open(&layout, &scratch, &users, spec, source, mapped.as_ref());
        let keeper = match opened {
            Ok(keeper) => keeper,
            // The scratch folder's file system may not do as an upper layer, or the tree's not as a lower one.
            Err(Denied { what, .. }) if source != TreeSource::Copy && what.contains("overlay") => {
                copy_for(&tree, scratch.path(), &users)?;
                Keeper::open(&layout, &scratch, &users, spec, TreeSource::Copy, None)
                    .map_err(WorldError::Denied)?
            }
            Err(denied) => return Err(WorldError::Denied(denied)),
        };
        Ok(House { keeper: Some(keeper), tree, named, home: layout.home, spare_user: users.spare, scratch })
    }

    /// Another world of this house; `None` root without namespaces.
    pub(super) fn open_world(&self) -> Result<(Link, Option<OwnedFd>), Denied> {
        match &self.keeper {
            None => Ok((
                Link::fork(&Role::Supervisor).map_err(|error| Denied::new("fork a supervisor", error))?,
                None,
            )),
            Some(keeper) => keeper.world().map(|(link, root)| (link, Some(root))),
        }
    }
}

impl Keeper {
    fn open(
        layout: &Layout,
        scratch: &Scratch,
        users: &Users,
        spec: &WorldSpec,
        source: TreeSource,
        mapped: Option<&OwnedFd>,
    ) -> Result<Keeper, Denied> {
        let path = scratch.path();
        let blueprint = Blueprint {
            stage: plan::stage(&layout.tree, path, source),
            world: plan::world(layout, path, users, &spec.addresses),
            identity: users.service,
        };
        let link = Link::fork(&Role::Keeper(&blueprint))
            .map_err(|error| Denied::new("make a user namespace", error))?;
        users.write_maps(link.pid()).map_err(|error| Denied::system("map users into a namespace", error))?;
        let fds: Vec<_> = mapped.iter().map(|fd| fd.as_raw_fd()).collect();
        link.ask(Operation::Begin, [0; 4], &fds)
            .map_err(|refusal| refused(refusal, &describe(&blueprint.stage)))?;
        Ok(Keeper { link, world_steps: describe(&blueprint.world) })
    }

    fn world(&self) -> Result<Opened, Denied> {
        let (ours, theirs) = link::socket_pair().map_err(|error| Denied::new("make a socket", error))?;
        let (pid, pidfd) = self
            .link
            .ask(Operation::NewWorld, [0; 4], &[theirs.as_raw_fd()])
            .map_err(|refusal| refused(refusal, &self.world_steps))?;
        drop(theirs);
        let pidfd = pidfd.ok_or_else(|| Denied::new("get hold of the world's process", libc::EPROTO))?;
        let link = Link::new(ours, pidfd, u32::try_from(pid).unwrap_or(0));
        let (_, root) = link.answer().map_err(|refusal| refused(refusal, &self.world_steps))?;
        let root = root.ok_or_else(|| Denied::new("get hold of the world's root", libc::EPROTO))?;
        Ok((link, root))
    }
}

fn describe(steps: &[Step]) -> Vec<String> {
    steps.iter().map(Step::describe).collect()
}

fn refused(refusal: Refusal, steps: &[String]) -> Denied {
    let step = |index: i64| usize::try_from(index).ok().and_then(|index| steps.get(index));
    match refusal {
        Refusal::Failed(Stage::Step, error, index) => {
            Denied::new(step(index).map_or("build a world", String::as_str), error)
        }
        Refusal::Failed(Stage::Fork, error, _) => {
            Denied::new("make mount, process and network namespaces", error)
        }
        Refusal::Failed(_, error, _) | Refusal::Gone(error) => {
            Denied::new("talk to the world's process", error)
        }
    }
}

/// The tree without links, and as it was named, both absolute.
fn tree(spec: &WorldSpec) -> Result<(PathBuf, PathBuf), WorldError> {
    let failed = |source| WorldError::Tree { tree: spec.tree.clone(), source };
    let tree = spec.tree.canonicalize().map_err(failed)?;
    if !tree.is_dir() {
        return Err(failed(io::Error::from_raw_os_error(libc::ENOTDIR)));
    }
    if tree.parent().is_none() || tree.as_os_str().as_bytes().contains(&b'\n') {
        return Err(failed(io::Error::other("this folder cannot be run in a world of its own")));
    }
    Ok((tree, std::path::absolute(&spec.tree).map_err(failed)?))
}

fn scratch(spec: &WorldSpec, tree: &Path) -> Result<Scratch, WorldError> {
    let failed = |source| WorldError::Scratch { scratch: spec.scratch.clone(), source };
    let scratch = Scratch::create(&spec.scratch).map_err(failed)?;
    if scratch.path().starts_with(tree) {
        return Err(WorldError::ScratchInTree { scratch: spec.scratch.clone(), tree: tree.to_path_buf() });
    }
    Ok(scratch)
}

/// Makes the folders a keeper mounts on, and for a spare user the tree's mapped mount, or else the copy.
fn prepare(tree: &Path, scratch: &Path, users: &Users) -> Result<(TreeSource, Option<OwnedFd>), WorldError> {
    let failed = |source| WorldError::Scratch { scratch: scratch.to_path_buf(), source };
    let metadata =
        fs::metadata(tree).map_err(|source| WorldError::Tree { tree: tree.to_path_buf(), source })?;
    for name in ["lower", "upper", "work", "merged", "root"] {
        fs::create_dir(scratch.join(name)).map_err(failed)?;
    }
    // The merged root has the upper layer's owner and mode.
    let upper = scratch.join("upper");
    let mode = fs::Permissions::from_mode(metadata.permissions().mode() & 0o7777 | 0o700);
    fs::set_permissions(&upper, mode).map_err(failed)?;
    if !users.spare {
        return Ok((TreeSource::Overlay, None));
    }
    let Identity { uid, gid } = users.service;
    chown(&upper, Some(uid), Some(gid)).map_err(failed)?;
    let owner = Identity { uid: metadata.uid(), gid: metadata.gid() };
    match mapped_tree(tree, users, owner) {
        Ok(mount) => Ok((TreeSource::MappedOverlay, Some(mount))),
        // Not every file system can show other owners (mount_setattr(2), "idmapped mounts").
        Err(_) => copy_for(tree, scratch, users).map(|()| (TreeSource::Copy, None)),
    }
}

fn copy_for(tree: &Path, scratch: &Path, users: &Users) -> Result<(), WorldError> {
    let owner = users.spare.then_some(users.service);
    copy::copy_tree(tree, &scratch.join("copy"), owner)
        .map_err(|source| WorldError::Copy { tree: tree.to_path_buf(), source })
}

/// A detached mount of the tree that shows its owner's files as the spare user's.
fn mapped_tree(tree: &Path, users: &Users, owner: Identity) -> Result<OwnedFd, Errno> {
    let path = std::ffi::CString::new(tree.as_os_str().as_bytes()).map_err(|_| libc::EINVAL)?;
    let mount = sys::own(mounts::copy_mount(&path)?);
    // The map is that of a user namespace, which exists only with a process; a keeper that is never asked is one.
    let nothing = Blueprint { stage: Vec::new(), world: Vec::new(), identity: users.service };
    let holder = Link::fork(&Role::Keeper(&nothing))?;
    let number = |error: io::Error| error.raw_os_error().unwrap_or(libc::EINVAL);
    users.write_swap(holder.pid(), owner).map_err(number)?;
    let namespace = fs::File::open(format!("/proc/{}/ns/user", holder.pid())).map_err(number)?;
    mounts::map_owners(mount.as_raw_fd(), namespace.as_raw_fd())?;
    Ok(mount)
}

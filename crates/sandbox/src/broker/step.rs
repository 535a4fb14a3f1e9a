//! How a world's file system and network are built: a list of steps, prepared before the fork and only carried out after.

use crate::sys::{self, Errno, mounts};
use std::ffi::{CStr, CString};
use std::os::fd::RawFd;

/// One step. Paths are as the process sees them when the step's turn comes.
#[derive(Debug)]
pub(crate) enum Step {
    /// No mount of ours reaches the machine, nor the other way round.
    Private,
    /// The folder that relative paths start from.
    Enter(CString),
    Directory(CString),
    /// A folder that everybody may write to.
    OpenDirectory(CString),
    /// A symbolic link: what it says, where it is.
    Link(CString, CString),
    /// A new file.
    File(CString, Vec<u8>),
    /// A file system of a kind: kind, where, options.
    Mount(&'static CStr, CString, CString),
    /// A folder or file, with all that is mounted below: from, to.
    Bind(CString, CString),
    /// Like [`Step::Bind`], read-only.
    BindReadOnly(CString, CString),
    /// The detached mount that came with the request.
    Attach(CString),
    /// A new root, and where the old one goes; the same path twice lets the old one go.
    Pivot(CString, CString),
    /// The loopback with further addresses.
    Loopback(Vec<[u8; 4]>),
    /// The host's name.
    HostName(&'static CStr),
    /// Writes to a file that is there.
    Write(CString, &'static [u8]),
    /// May fail: the world is less convenient without, but no less confined.
    Optional(Box<Step>),
}

impl Step {
    /// What the step does, for a message.
    pub(crate) fn describe(&self) -> String {
        let show = |text: &CStr| text.to_string_lossy().into_owned();
        match self {
            Step::Private => "make mounts private".into(),
            Step::Enter(at) => format!("enter {}", show(at)),
            Step::Directory(at) | Step::OpenDirectory(at) => format!("make the folder {}", show(at)),
            Step::Link(_, at) => format!("make the link {}", show(at)),
            Step::File(at, _) => format!("write {}", show(at)),
            Step::Mount(kind, at, _) => format!("mount {} at {}", show(kind), show(at)),
            Step::Bind(from, at) | Step::BindReadOnly(from, at) => {
                format!("bind {} at {}", show(from), show(at))
            }
            Step::Attach(at) => format!("attach the tree at {}", show(at)),
            Step::Pivot(new, _) => format!("make {} the root", show(new)),
            Step::Loopback(_) => "bring up the loopback".into(),
            Step::HostName(_) => "name the host".into(),
            Step::Write(at, _) => format!("set {}", show(at)),
            Step::Optional(step) => step.describe(),
        }
    }
}

/// Carries the steps out; returns the index and the error of the first that failed.
pub(super) fn run(steps: &[Step], tree: Option<RawFd>) -> Result<(), (usize, Errno)> {
    for (index, step) in steps.iter().enumerate() {
        if let Err(error) = carry_out(step, tree)
            && !matches!(step, Step::Optional(_))
        {
            return Err((index, error));
        }
    }
    Ok(())
}

fn carry_out(step: &Step, tree: Option<RawFd>) -> Result<(), Errno> {
    match step {
        Step::Private => mounts::mount(None, c"/", None, libc::MS_REC | libc::MS_PRIVATE, None),
        Step::Enter(at) => mounts::change_directory(at),
        Step::Directory(at) => mounts::make_directory(at, 0o755),
        Step::OpenDirectory(at) => mounts::make_directory(at, 0o1777),
        Step::Link(target, at) => mounts::make_link(target, at),
        Step::File(at, bytes) => mounts::write_file(at, bytes, true),
        Step::Mount(kind, at, options) => {
            // Device files work only where none can be made, and set-user-id files only without namespaces.
            let devices = if *kind == c"devpts" { 0 } else { libc::MS_NODEV };
            mounts::mount(Some(kind), at, Some(kind), libc::MS_NOSUID | devices, Some(options))
        }
        Step::Bind(from, at) => mounts::mount(Some(from), at, None, libc::MS_BIND | libc::MS_REC, None),
        Step::BindReadOnly(from, at) => {
            mounts::mount(Some(from), at, None, libc::MS_BIND | libc::MS_REC, None)?;
            mounts::make_read_only(at)
        }
        Step::Attach(at) => mounts::attach_mount(tree.ok_or(libc::EBADF)?, at),
        Step::Pivot(new, old) if new == old => {
            // pivot_root(2), "pivot_root(".", ".")": the old root ends up over the new one and is let go.
            mounts::change_directory(new)?;
            mounts::pivot_root(c".", c".")?;
            mounts::detach(c".")?;
            mounts::change_directory(c"/")
        }
        Step::Pivot(new, old) => {
            mounts::pivot_root(new, old)?;
            mounts::change_directory(c"/")
        }
        Step::Loopback(addresses) => loopback(addresses),
        Step::HostName(name) => mounts::set_host_name(name),
        Step::Write(at, bytes) => mounts::write_file(at, bytes, false),
        Step::Optional(step) => carry_out(step, tree),
    }
}

/// Brings up `lo` and gives it further addresses as `lo:1`, `lo:2`, … (netdevice(7)).
fn loopback(addresses: &[[u8; 4]]) -> Result<(), Errno> {
    let socket = sys::socket(libc::AF_INET, libc::SOCK_DGRAM)?;
    let result = configure(socket, addresses);
    sys::close(socket);
    result
}

fn configure(socket: RawFd, addresses: &[[u8; 4]]) -> Result<(), Errno> {
    let mut request = Interface::named(0);
    request.set_flags(libc::IFF_UP | libc::IFF_RUNNING);
    sys::ioctl(socket, libc::SIOCSIFFLAGS, &mut request)?;
    for (address, alias) in addresses.iter().zip(1..=255) {
        let mut request = Interface::named(alias);
        request.set_address(*address);
        sys::ioctl(socket, libc::SIOCSIFADDR, &mut request)?;
        request.set_address([255; 4]);
        sys::ioctl(socket, libc::SIOCSIFNETMASK, &mut request)?;
    }
    Ok(())
}

/// `struct ifreq` for a request with flags or an IPv4 address: name, then a union of 24 bytes.
#[repr(C, align(8))]
struct Interface([u8; 40]);

impl Interface {
    fn named(alias: u8) -> Self {
        let mut bytes = [0; 40];
        bytes[..2].copy_from_slice(b"lo");
        if alias > 0 {
            bytes[2..6].copy_from_slice(&[
                b':',
                b'0' + alias / 100,
                b'0' + alias / 10 % 10,
                b'0' + alias % 10,
            ]);
        }
        Interface(bytes)
    }

    fn set_flags(&mut self, flags: libc::c_int) {
        self.0[16..18].copy_from_slice(&(flags as u16).to_ne_bytes());
    }

    /// `struct sockaddr_in`: family, port, address.
    fn set_address(&mut self, address: [u8; 4]) {
        self.0[16..18].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
        self.0[20..24].copy_from_slice(&address);
    }
}

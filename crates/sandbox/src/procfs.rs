//! What `/proc` tells of running processes and listening sockets (proc(5)).

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One running process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    parent: u32,
    group: u32,
    session: u32,
    pub(crate) threads: u64,
    pub(crate) resident_bytes: u64,
}

/// Whose processes are meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    /// Descended from this one, without it.
    Broker(u32),
    /// This one, its session, its process group, and what descends from them.
    Program(u32),
}

/// The processes of a tree, in no particular order.
pub(crate) fn tree(of: Of) -> io::Result<Vec<Running>> {
    let all: Vec<Running> = fs::read_dir("/proc")?
        .take(seaworthy_core::limits::MACHINE_PROCESSES)
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(running)
        .collect();
    let mut children: HashMap<u32, Vec<&Running>> = HashMap::new();
    all.iter().for_each(|running| children.entry(running.parent).or_default().push(running));
    let mut open: Vec<&Running> = match of {
        Of::Broker(broker) => children.get(&broker).cloned().unwrap_or_default(),
        Of::Program(program) => {
            all.iter().filter(|at| [at.pid, at.group, at.session].contains(&program)).collect()
        }
    };
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        if seen.insert(next.pid) {
            found.push(*next);
            open.extend(children.get(&next.pid).into_iter().flatten());
        }
    }
    Ok(found)
}

fn running(pid: u32) -> Option<Running> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name, between parentheses, may hold anything; the fields are counted from behind its last one.
    let after = text.iter().rposition(|byte| *byte == b')')? + 1;
    let fields = String::from_utf8_lossy(text.get(after..)?);
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<i64>().ok();
    let small = |index: usize| number(index).map(|value| u32::try_from(value).unwrap_or(0));
    let (threads, pages) = (number(17)?, number(21)?);
    (!matches!(*fields.first()?, "Z" | "X")).then_some(Running {
        pid,
        parent: small(1)?,
        group: small(2)?,
        session: small(3)?,
        threads: u64::try_from(threads).unwrap_or(0),
        resident_bytes: u64::try_from(pages).unwrap_or(0).saturating_mul(page_bytes()),
    })
}

fn page_bytes() -> u64 {
    static PAGE: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *PAGE.get_or_init(|| u64::try_from(crate::sys::page_bytes()).unwrap_or(4096))
}

/// How many descriptors a process has open.
pub(crate) fn descriptors(pid: u32) -> io::Result<u64> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64)
}

/// The inodes of the sockets a process has open.
pub(crate) fn sockets(pid: u32) -> io::Result<Vec<u64>> {
    let inode = |entry: io::Result<fs::DirEntry>| {
        let target = fs::read_link(entry.ok()?.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.filter_map(inode).collect())
}

/// The listening TCP sockets of the network that a process is in: address and inode.
pub(crate) fn listening(pid: u32) -> io::Result<Vec<(SocketAddr, u64)>> {
    let mut found = Vec::new();
    for table in ["tcp", "tcp6"] {
        match fs::read_to_string(format!("/proc/{pid}/net/{table}")) {
            Ok(text) => found.extend(text.lines().skip(1).filter_map(listening_line)),
            // A kernel without IPv6 has no such table.
            Err(error) if error.kind() == io::ErrorKind::NotFound && table == "tcp6" => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// A line of `/proc/net/tcp`: number, local address, remote address, state (0A: listening), …, inode.
fn listening_line(line: &str) -> Option<(SocketAddr, u64)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if *fields.get(3)? != "0A" {
        return None;
    }
    let (address, port) = fields.get(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    // Each word of 32 bits is written as the number that the machine reads from memory.
    let mut bytes = Vec::new();
    for at in (0..address.len()).step_by(8) {
        let word = u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?;
        bytes.extend_from_slice(&word.to_ne_bytes());
    }
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => IpAddr::V4(Ipv4Addr::from(four)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.as_slice()).ok()?)),
    };
    Some((SocketAddr::new(ip, port), fields.get(9)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_of_the_socket_tables_are_read() {
        let four = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0";
        assert_eq!(listening_line(four), Some(("127.0.0.1:8080".parse().unwrap(), 4242)));
        let six = "   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 7 1";
        assert_eq!(listening_line(six), Some(("[::1]:80".parse().unwrap(), 7)));
        assert_eq!(listening_line(&four.replace(" 0A ", " 01 ")), None, "established");
        assert_eq!(listening_line("nonsense"), None);
    }

    #[test]
    fn this_process_is_in_its_own_tree_and_not_below_itself() {
        let me = std::process::id();
        assert!(
            tree(Of::Program(me))
                .unwrap()
                .iter()
                .any(|running| running.pid == me && running.resident_bytes > 0)
        );
        assert!(tree(Of::Broker(me)).unwrap().iter().all(|running| running.pid != me));
    }
}

//! Whom services run as, and how the namespace's users map to the machine's.

use crate::launch::Identity;
use std::fs;
use std::io;

/// The users of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Users {
    /// Whom services run as. Never 0.
    pub(crate) service: Identity,
    /// Whether that is a spare user of a world that root opened.
    pub(crate) spare: bool,
}

/// What the spare user is called in a world.
pub(crate) const SPARE_NAME: &str = "service";

/// Where a spare user is looked for: systemd gives these numbers to services for a time, and nobody owns files by them
/// (<https://systemd.io/UIDS-GIDS/>, "61184–65519 Dynamic Service Users").
const SPARE: std::ops::RangeInclusive<u32> = 61_184..=65_519;

/// Our own user, or a spare one when we are root: programs such as PostgreSQL refuse to run as root.
pub(crate) fn users() -> io::Result<Users> {
    let (uid, gid) = own()?;
    if uid != 0 {
        return Ok(Users { service: Identity { uid, gid }, spare: false });
    }
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut taken: Vec<u32> = known.lines().filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect();
    taken.sort_unstable();
    let spare = SPARE.rev().find(|uid| taken.binary_search(uid).is_err() && is_mapped("uid_map", *uid));
    let spare =
        spare.ok_or_else(|| io::Error::other("every user number that services may be given is taken"))?;
    Ok(Users { service: Identity { uid: spare, gid: spare }, spare: true })
}

fn own() -> io::Result<(u32, u32)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let effective = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        line.split_ascii_whitespace().nth(1)?.parse().ok()
    };
    effective("Uid:")
        .zip(effective("Gid:"))
        .ok_or_else(|| io::Error::other("/proc/self/status names no user"))
}

/// The ranges of a map of this process: first number in our namespace, and count.
fn ranges(map: &str) -> Vec<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/self/{map}")).unwrap_or_default();
    let numbers = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        Some((fields.next()?.parse().ok()?, fields.nth(1)?.parse().ok()?))
    };
    text.lines().filter_map(numbers).collect()
}

fn is_mapped(map: &str, number: u32) -> bool {
    ranges(map).iter().any(|(first, count)| (*first..first + count).contains(&u64::from(number)))
}

impl Users {
    /// Writes the maps of a process that has just entered a user namespace (user_namespaces(7)).
    pub(crate) fn write_maps(&self, pid: u32) -> io::Result<()> {
        let Identity { uid, gid } = self.service;
        if self.spare {
            // Every number stands for itself: the tree's files keep their owners, and the spare user is one of them.
            let same = |map| {
                ranges(map)
                    .iter()
                    .map(|(first, count)| format!("{first} {first} {count}\n"))
                    .collect::<String>()
            };
            fs::write(format!("/proc/{pid}/uid_map"), same("uid_map"))?;
            fs::write(format!("/proc/{pid}/gid_map"), same("gid_map"))
        } else {
            fs::write(format!("/proc/{pid}/uid_map"), format!("{uid} {uid} 1\n"))?;
            fs::write(format!("/proc/{pid}/setgroups"), "deny")?;
            fs::write(format!("/proc/{pid}/gid_map"), format!("{gid} {gid} 1\n"))
        }
    }

    /// Writes maps by which what `owner` owns looks as if the service owned it, and the other way round.
    pub(crate) fn write_swap(&self, pid: u32, owner: Identity) -> io::Result<()> {
        let swap = |map, a: u32, b: u32| {
            let mut lines = String::new();
            for (first, count) in ranges(map) {
                lines.push_str(&swapped(first, count, u64::from(a), u64::from(b)));
            }
            fs::write(format!("/proc/{pid}/{map}"), lines)
        };
        swap("uid_map", owner.uid, self.service.uid)?;
        swap("gid_map", owner.gid, self.service.gid)
    }

    /// `/etc/passwd` and `/etc/group` with the service's user in them: `initdb` and `whoami` look it up.
    pub(crate) fn accounts(&self, home: &str) -> (Vec<u8>, Vec<u8>) {
        let Identity { uid, gid } = self.service;
        let add = |path: &str, number: u32, line: String| {
            let mut text = fs::read(path).unwrap_or_default();
            let known = String::from_utf8_lossy(&text)
                .lines()
                .any(|line| line.split(':').nth(2) == Some(&number.to_string()));
            if !known {
                if !text.is_empty() && !text.ends_with(b"\n") {
                    text.push(b'\n');
                }
                text.extend_from_slice(line.as_bytes());
            }
            text
        };
        let passwd = add("/etc/passwd", uid, format!("{SPARE_NAME}:x:{uid}:{gid}::{home}:/bin/sh\n"));
        (passwd, add("/etc/group", gid, format!("{SPARE_NAME}:x:{gid}:\n")))
    }
}

/// The range from `first` mapped to itself, but with `a` and `b` exchanged.
fn swapped(first: u64, count: u64, a: u64, b: u64) -> String {
    let mut lines = String::new();
    let mut at = first;
    let (low, high) = (a.min(b), a.max(b));
    for (from, to) in [(low, high), (high, low)] {
        if from < at || from >= first + count {
            continue;
        }
        if from > at {
            lines.push_str(&format!("{at} {at} {}\n", from - at));
        }
        lines.push_str(&format!("{from} {to} 1\n"));
        at = from + 1;
    }
    if at < first + count {
        lines.push_str(&format!("{at} {at} {}\n", first + count - at));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_are_exchanged_and_all_others_stay() {
        assert_eq!(swapped(0, 100, 0, 50), "0 50 1\n1 1 49\n50 0 1\n51 51 49\n");
        assert_eq!(swapped(0, 100, 7, 7), "0 0 7\n7 7 1\n8 8 92\n");
        assert_eq!(swapped(0, 10, 3, 9), "0 0 3\n3 9 1\n4 4 5\n9 3 1\n");
    }

    #[test]
    fn services_never_run_as_root() {
        assert_ne!(users().unwrap().service.uid, 0);
    }
}

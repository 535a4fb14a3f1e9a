//! Which processes descend from a broker or from a program it started, by `/proc/<pid>/stat`, without allocating.

use crate::sys::{self, Errno};
use seaworthy_core::limits;
use std::ffi::CStr;
use std::os::fd::RawFd;

/// Whose processes are meant.
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// Everything descended from the broker.
    Broker,
    /// A started program: its session, its process group, its descendants.
    Program(i32),
}

/// One process, packed in three words: number and parent, group and session, and these bits.
const WORDS: usize = 3;
const MARKED: u64 = 1;
const BELOW: u64 = 2;
const SPREAD: u64 = 4;
const ENDED: u64 = 8;

/// Signals them all and returns how many were there. Processes that ended and wait to be reaped do not count.
pub(super) fn signal(of: Of, signal: i32) -> Result<usize, Errno> {
    // Mapped once a call: a broker that kills is about to end or has nothing more urgent to do.
    let table = sys::map_zeros(limits::MACHINE_PROCESSES * WORDS)?;
    let mut signalled = 0;
    let listed = list(table);
    if let Ok(count) = listed
        && let Some(rows) = table.get_mut(..count * WORDS)
    {
        mark(rows, of);
        for row in rows.chunks_exact(WORDS).filter(|row| row[2] & MARKED != 0) {
            let (pid, _) = unpack(row[0]);
            // One that ended may still have threads that run, so it is signalled too.
            if sys::kill(pid, signal).is_ok() && row[2] & ENDED == 0 {
                signalled += 1;
            }
        }
    }
    sys::unmap(table);
    listed.map(|_| signalled)
}

/// Marks what is meant: always below the broker, as a number alone may by now be a stranger's.
fn mark(table: &mut [u64], of: Of) {
    let me = sys::getpid();
    spread(table, BELOW, |row| unpack(row[0]).1 == me);
    match of {
        Of::Broker => {
            table.chunks_exact_mut(WORDS).filter(|row| row[2] & BELOW != 0).for_each(|row| row[2] |= MARKED);
        }
        Of::Program(program) => spread(table, MARKED, |row| {
            let ((pid, _), (group, session)) = (unpack(row[0]), unpack(row[1]));
            row[2] & BELOW != 0 && [pid, group, session].contains(&program)
        }),
    }
}

/// Gives a bit to the rows that are first, to their children, and so on.
fn spread(table: &mut [u64], bit: u64, first: impl Fn(&[u64]) -> bool) {
    for row in table.chunks_exact_mut(WORDS) {
        row[2] &= !SPREAD;
        if first(row) {
            row[2] |= bit;
        }
    }
    while let Some(next) = table.chunks_exact_mut(WORDS).find(|row| row[2] & (bit | SPREAD) == bit) {
        next[2] |= SPREAD;
        let parent = unpack(next[0]).0;
        table.chunks_exact_mut(WORDS).filter(|row| unpack(row[0]).1 == parent).for_each(|row| row[2] |= bit);
    }
}

fn unpack(word: u64) -> (i32, i32) {
    ((word >> 32) as i32, word as u32 as i32)
}

fn pack(high: i32, low: i32) -> u64 {
    (u64::from(high as u32) << 32) | u64::from(low as u32)
}

/// Fills the table with every running process; returns how many.
fn list(table: &mut [u64]) -> Result<usize, Errno> {
    let folder = sys::open(c"/proc", libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
    let mut rows = table.chunks_exact_mut(WORDS);
    let mut count = 0;
    let mut buffer = [0_u8; 16 * 1024];
    while let Ok(length @ 1..) = sys::directory_entries(folder, &mut buffer) {
        let mut rest = buffer.get(..length).unwrap_or(&[]);
        // struct linux_dirent64: inode 8, offset 8, length 2, type 1, name.
        while let Some(size) = rest.get(16..18).and_then(|at| at.try_into().ok()).map(u16::from_ne_bytes) {
            let name = rest.get(19..).and_then(|at| CStr::from_bytes_until_nul(at).ok());
            if let Some(words) = name.and_then(number).and_then(|pid| read_stat(folder, pid))
                && let Some(row) = rows.next()
            {
                row.copy_from_slice(&words);
                count += 1;
            }
            rest = rest.get(usize::from(size).max(19)..).unwrap_or(&[]);
        }
    }
    sys::close(folder);
    Ok(count)
}

fn number(name: &CStr) -> Option<i32> {
    std::str::from_utf8(name.to_bytes()).ok()?.parse().ok()
}

/// A process's three words.
fn read_stat(folder: RawFd, pid: i32) -> Option<[u64; WORDS]> {
    let mut path = [0_u8; 24];
    let mut at = path.len();
    for byte in b"\0tats/" {
        at -= 1;
        path[at] = *byte;
    }
    let mut digits = pid;
    while digits > 0 && at > 0 {
        at -= 1;
        path[at] = b'0' + (digits % 10) as u8;
        digits /= 10;
    }
    let path = CStr::from_bytes_until_nul(path.get(at..)?).ok()?;
    let fd = sys::open_at(folder, path).ok()?;
    let mut text = [0_u8; 512];
    let count = sys::read(fd, &mut text).unwrap_or(0);
    sys::close(fd);
    // The name, between parentheses, may hold anything, parentheses too; the fields follow its last one.
    let text = text.get(..count)?;
    let after = text.iter().rposition(|byte| *byte == b')')? + 2;
    let mut fields = text.get(after..)?.split(|byte| *byte == b' ');
    let ended = if matches!(fields.next()?, b"Z" | b"X") { ENDED } else { 0 };
    let mut next = || std::str::from_utf8(fields.next()?).ok()?.parse::<i32>().ok();
    let (parent, group, session) = (next()?, next()?, next()?);
    Some([pack(pid, parent), pack(group, session), ended])
}

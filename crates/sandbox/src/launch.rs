//! How a program to start travels to the broker that starts it: one file in memory, laid out so that the started process
//! needs no memory of its own between fork and exec.
//!
//! Layout, in words of 64 bits: the [`FIELDS`] of the header; `argv` and `envp`, each ended by 0; the paths to try; then
//! the strings, each ended by NUL. Strings are named by their offset, which [`Launch::read`] turns into an address.

use crate::environment;
use crate::program::{Limits, Program};
use crate::sys::{self, Errno};
use seaworthy_core::limits;
use std::ffi::{CStr, OsStr, OsString};
use std::io::Write;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const FIELDS: usize = 8;
const WORD: usize = 8;

/// Whom a program runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Why a program could not be put into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    NoProgram,
    Nul,
    Memory(Errno),
}

/// The program as a file in memory.
pub(crate) fn write(program: &Program, environment: &[(OsString, OsString)]) -> Result<OwnedFd, Unfit> {
    let first = program.argv.first().filter(|word| !word.is_empty()).ok_or(Unfit::NoProgram)?;
    let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
    let candidates = candidates(first, path);
    let variables: Vec<OsString> = environment.iter().map(environment::line).collect();
    let mut words: Vec<u64> = header(program, variables.len(), candidates.len());
    let base = (FIELDS + program.argv.len() + 1 + variables.len() + 1 + candidates.len()) * WORD;
    let mut strings = Strings { base, bytes: Vec::new() };
    words.push(strings.add(program.dir.as_os_str())?);
    for list in [&program.argv, &variables] {
        for word in list {
            words.push(strings.add(word)?);
        }
        words.push(0);
    }
    for candidate in &candidates {
        words.push(strings.add(candidate.as_os_str())?);
    }
    let file = sys::own(sys::memory_file(c"seaworthy-launch").map_err(Unfit::Memory)?);
    let mut file = std::fs::File::from(file);
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).chain(strings.bytes).collect();
    file.write_all(&bytes).map_err(|error| Unfit::Memory(error.raw_os_error().unwrap_or(libc::ENOMEM)))?;
    Ok(file.into())
}

fn header(program: &Program, variables: usize, candidates: usize) -> Vec<u64> {
    let Limits { open_files, file_bytes, memory_bytes, .. } = program.limits;
    let data = memory_bytes.map_or(u64::MAX, |bytes| bytes.saturating_mul(limits::CHILD_DATA_FACTOR));
    let counts = [program.argv.len(), variables, candidates].map(|count| count as u64);
    let processes = program.limits.processes.unwrap_or(u64::MAX);
    vec![counts[0], counts[1], counts[2], open_files, file_bytes, data, processes]
}

struct Strings {
    base: usize,
    bytes: Vec<u8>,
}

impl Strings {
    fn add(&mut self, text: &OsStr) -> Result<u64, Unfit> {
        if text.as_bytes().contains(&0) {
            return Err(Unfit::Nul);
        }
        let offset = self.base + self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
        Ok(offset as u64)
    }
}

/// The paths to try for a first word, as execvp(3) does.
fn candidates(word: &OsStr, path: Option<&OsStr>) -> Vec<PathBuf> {
    if word.as_bytes().contains(&b'/') {
        return vec![PathBuf::from(word)];
    }
    let folders = path.unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"));
    // A relative folder of PATH would mean another one in every folder the service starts in.
    std::env::split_paths(folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(Path::new(word)))
        .collect()
}

fn word(bytes: &[u8], at: usize) -> Result<u64, Errno> {
    let slot = bytes.get(at * WORD..at * WORD + WORD).ok_or(libc::EBADMSG)?;
    slot.try_into().map(u64::from_ne_bytes).map_err(|_| libc::EBADMSG)
}

/// The file, mapped by the process that becomes the program. Nothing here allocates.
pub(crate) struct Launch {
    words: &'static [u64],
    bytes: &'static [u8],
    argv: usize,
    envp: usize,
    paths: usize,
    path_count: usize,
}

impl Launch {
    /// Maps the file and turns offsets into addresses.
    pub(crate) fn read(fd: RawFd, length: usize) -> Result<Launch, Errno> {
        let bytes = sys::map_private(fd, length)?;
        let address = bytes.as_ptr() as u64;
        let [arguments, variables, path_count] =
            [word(bytes, 0)?, word(bytes, 1)?, word(bytes, 2)?].map(|count| count as usize);
        let argv = FIELDS;
        let envp = argv + arguments + 1;
        let paths = envp + variables + 1;
        let end = paths + path_count;
        for at in FIELDS - 1..end {
            let offset = word(bytes, at)?;
            if offset != 0 {
                let slot = bytes.get_mut(at * WORD..at * WORD + WORD).ok_or(libc::EBADMSG)?;
                slot.copy_from_slice(&(address + offset).to_ne_bytes());
            }
        }
        let words = sys::words(bytes);
        Ok(Launch { words, bytes, argv, envp, paths, path_count })
    }

    pub(crate) fn open_files(&self) -> u64 {
        self.words.get(3).copied().unwrap_or(0)
    }

    pub(crate) fn file_bytes(&self) -> u64 {
        self.words.get(4).copied().unwrap_or(0)
    }

    pub(crate) fn data_bytes(&self) -> u64 {
        self.words.get(5).copied().unwrap_or(0)
    }

    pub(crate) fn processes(&self) -> u64 {
        self.words.get(6).copied().unwrap_or(0)
    }

    pub(crate) fn dir(&self) -> Result<&CStr, Errno> {
        self.string(FIELDS - 1)
    }

    pub(crate) fn arguments(&self) -> &[u64] {
        self.words.get(self.argv..).unwrap_or(&[0])
    }

    pub(crate) fn variables(&self) -> &[u64] {
        self.words.get(self.envp..).unwrap_or(&[0])
    }

    pub(crate) fn path(&self, index: usize) -> Option<&CStr> {
        if index < self.path_count { self.string(self.paths + index).ok() } else { None }
    }

    fn string(&self, word: usize) -> Result<&CStr, Errno> {
        let address = self.words.get(word).copied().ok_or(libc::EBADMSG)?;
        let offset = address.wrapping_sub(self.bytes.as_ptr() as u64) as usize;
        let tail = self.bytes.get(offset..).ok_or(libc::EBADMSG)?;
        CStr::from_bytes_until_nul(tail).map_err(|_| libc::EBADMSG)
    }
}

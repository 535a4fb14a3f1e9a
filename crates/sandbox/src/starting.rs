//! The one way a program is started, for one-shot runs and for worlds.

use crate::environment;
use crate::error::StartError;
use crate::launch::{self, Unfit};
use crate::link::{Link, Refusal};
use crate::message::{Operation, Stage};
use crate::program::{Program, Stdin};
use crate::sys::{self, Errno};
use crate::watch::Started;
use std::ffi::OsString;
use std::io::{Seek, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

fn system(program: &Program, what: &'static str, error: Errno) -> StartError {
    StartError::System { program: name(program), what, source: std::io::Error::from_raw_os_error(error) }
}

fn name(program: &Program) -> String {
    program.argv.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Starts a program through a broker, with exactly these variables.
pub(crate) fn start(
    link: &Link,
    program: &Program,
    variables: &[(OsString, OsString)],
) -> Result<Started, StartError> {
    let launch = launch::write(program, variables).map_err(|unfit| match unfit {
        Unfit::NoProgram => StartError::Empty,
        Unfit::Nul => StartError::Nul { program: name(program) },
        Unfit::Memory(error) => system(program, "making its launch file", error),
    })?;
    let length =
        std::fs::File::from(launch.try_clone().map_err(|error| io(program, "its launch file", error))?)
            .metadata()
            .map_err(|error| io(program, "reading its launch file", error))?
            .len();
    let input = input(program)?;
    let pipe = || sys::pipe().map(|(read, write)| (sys::own(read), sys::own(write)));
    let pipe = || pipe().map_err(|error| system(program, "making a pipe", error));
    let ((stdout, out), (stderr, err), (status, told)) = (pipe()?, pipe()?, pipe()?);
    let fds = [&launch, &input, &out, &err, &told].map(AsRawFd::as_raw_fd);
    let at = Instant::now();
    let (inner, pidfd) = link
        .ask(Operation::Start, [0, 0, 0, length as i64], &fds)
        .map_err(|refusal| refused(program, variables, refusal))?;
    let pid = pidfd.as_ref().and_then(number).unwrap_or(0);
    Ok(Started { inner_pid: inner as i32, pid, at, status, stdout, stderr })
}

fn io(program: &Program, what: &'static str, source: std::io::Error) -> StartError {
    StartError::System { program: name(program), what, source }
}

fn input(program: &Program) -> Result<OwnedFd, StartError> {
    match &program.stdin {
        Stdin::Null => {
            let file =
                std::fs::File::open("/dev/null").map_err(|error| io(program, "opening /dev/null", error))?;
            Ok(file.into())
        }
        // A file in memory needs nobody to feed it, and so cannot block.
        Stdin::Bytes(bytes) => {
            let file = sys::memory_file(c"seaworthy-stdin")
                .map_err(|error| system(program, "making its input", error))?;
            let mut file = std::fs::File::from(sys::own(file));
            file.write_all(bytes)
                .and_then(|()| file.rewind())
                .and_then(|()| file.set_permissions(std::fs::Permissions::from_mode(0o444)))
                .map_err(|error| io(program, "writing its input", error))?;
            Ok(file.into())
        }
    }
}

/// The number of the process that a descriptor stands for, in our numbering.
fn number(pidfd: &OwnedFd) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd())).ok()?;
    text.lines().find_map(|line| line.strip_prefix("Pid:"))?.trim().parse().ok()
}

fn refused(program: &Program, variables: &[(OsString, OsString)], refusal: Refusal) -> StartError {
    let (stage, error) = match refusal {
        Refusal::Gone(error) => return system(program, "its world has ended", error),
        Refusal::Failed(stage, error, _) => (stage, error),
    };
    let program_name = name(program);
    match (stage, error) {
        (Stage::Execute, libc::ENOENT) => {
            let path = variables.iter().find(|(name, _)| name == "PATH");
            let path = path.map(|(_, value)| value.to_string_lossy().into_owned()).unwrap_or_default();
            StartError::NotFound { program: program_name, path }
        }
        (Stage::Execute, libc::ENOEXEC) => {
            let reason = "it is neither a program of this machine nor a script that begins with `#!`".into();
            StartError::NotRunnable { program: program_name, reason }
        }
        (Stage::Execute, error) => {
            let reason = std::io::Error::from_raw_os_error(error).to_string();
            StartError::NotRunnable { program: program_name, reason }
        }
        (Stage::Directory, error) => StartError::Directory {
            program: program_name,
            dir: program.dir.clone(),
            source: std::io::Error::from_raw_os_error(error),
        },
        (Stage::TooMany, _) => StartError::TooMany { program: program_name },
        (Stage::Fork, error) => system(program, "no process could be made for it", error),
        (Stage::Limits, error) => system(program, "its limits could not be set", error),
        (Stage::Rights, error) => system(program, "its rights could not be dropped", error),
        (_, error) => system(program, "the request was refused", error),
    }
}

/// Variables of ours that pass the allow-list, with the program's own put over them.
pub(crate) fn variables(program: &Program) -> Vec<(OsString, OsString)> {
    environment::merged(&program.env)
}

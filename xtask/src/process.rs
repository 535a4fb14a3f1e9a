//! Starting tools and talking to the person. The product's own processes go through `sandbox`; the chores of a
//! repository are run by a developer who could type the same line.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A tool to run.
#[expect(clippy::disallowed_methods, reason = "a chore runs the tools a developer would type")]
pub(crate) fn tool(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs a tool, its output going where ours goes.
///
/// # Errors
/// When it could not be started, or did not succeed; with its command line.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{}: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", shown(command))) }
}

/// Runs a tool and gives what it prints.
///
/// # Errors
/// When it could not be started, or did not succeed; with what it said.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let done = command.output().map_err(|error| format!("{}: {error}", shown(command)))?;
    if !done.status.success() {
        return Err(format!(
            "{}: {}\n{}",
            shown(command),
            done.status,
            String::from_utf8_lossy(&done.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Runs a tool whose exit code is its verdict, and gives what it prints.
///
/// # Errors
/// When it could not be started, or printed nothing.
pub(crate) fn output_of_any(command: &mut Command) -> Result<String, String> {
    let done = command.output().map_err(|error| format!("{}: {error}", shown(command)))?;
    if done.stdout.is_empty() {
        return Err(format!(
            "{}: {}\n{}",
            shown(command),
            done.status,
            String::from_utf8_lossy(&done.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The command line, for people.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Whether a program is on PATH.
pub(crate) fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The folders of PATH into which every user may go. What runs as another user finds nothing in root's home, and neither does a
/// person on a machine of their own.
pub(crate) fn open_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let open = std::env::split_paths(&path).filter(|folder| is_open_to_all(folder));
    // Limit: joining what was split apart cannot fail.
    std::env::join_paths(open).unwrap_or_default()
}

/// The first program of this name that every user may run.
pub(crate) fn open_program(name: &str) -> Option<PathBuf> {
    let candidates = std::env::split_paths(&open_path()).map(|folder| folder.join(name)).collect::<Vec<_>>();
    candidates.into_iter().find(|program| program.is_file() && is_open_to_all(program))
}

/// Whether every user may go to where a path really leads.
fn is_open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let Ok(real) = path.canonicalize() else { return false };
    real.ancestors().all(|folder| folder.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0))
}

/// Whether we are root.
pub(crate) fn is_root() -> bool {
    output(tool("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where build output goes.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Tells the person.
#[expect(clippy::print_stderr, reason = "the chores' one place that writes to the terminal")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// Prints a result.
#[expect(clippy::print_stdout, reason = "the chores' one place that writes to the terminal")]
pub(crate) fn print(text: &str) {
    println!("{text}");
}

//! `cargo xtask test`: brings the parts, runs everything, and says what was skipped and why.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::parts::{self, Parts};
use crate::process::{is_root, is_there, open_path, print, say, shown, target, tool};

/// Bring what the tests need, then run everything.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Install missing system programs (with sudo when not root).
    #[arg(long)]
    install_system: bool,
    /// Passed on to the test binaries: a filter, `--nocapture`, ..
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Crates whose tests run a second time, as a user without privileges, when we are root. The sandbox's tests see to that themselves.
const UNPRIVILEGED: [&str; 1] = ["seaworthy-trial"];

#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

pub(crate) fn run(args: &Args) -> Result<(), String> {
    let mut parts = parts::bring(args.install_system)?;
    let mut tally = Tally::default();
    let mut cargo = tool(env!("CARGO"));
    cargo.args(["test", "--workspace", "--no-fail-fast", "--locked", "--"]).args(&args.rest);
    cargo.env("SEAWORTHY_PARTS", &parts.folder);
    let mut ok = watch(&mut cargo, &mut tally, &mut parts)?;
    if is_root() && args.rest.is_empty() {
        ok &= again_without_privileges(&mut tally, &mut parts)?;
    }
    parts.skipped.sort();
    parts.skipped.dedup();
    for line in &parts.skipped {
        say(line);
    }
    print(&format!(
        "{} passed, {} failed, {} skipped",
        tally.passed,
        tally.failed,
        tally.skipped + parts.skipped.len() as u64
    ));
    if ok && tally.failed == 0 { Ok(()) } else { Err("tests failed".to_owned()) }
}

/// Runs tests, passing on what they print, and adds up what their runner says.
fn watch(command: &mut std::process::Command, tally: &mut Tally, parts: &mut Parts) -> Result<bool, String> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("{}: {error}", shown(command)))?;
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines() {
            let line = line.map_err(|error| error.to_string())?;
            count(&line, tally);
            if line.trim_start().starts_with("skipped: ") {
                parts.skipped.push(line.trim().to_owned());
            }
            print(&line);
        }
    }
    child.wait().map(|status| status.success()).map_err(|error| error.to_string())
}

/// `test result: ok. 6 passed; 0 failed; 0 ignored; ..` of libtest.
fn count(line: &str, tally: &mut Tally) {
    let Some(rest) = line.strip_prefix("test result: ") else { return };
    for part in rest.split(['.', ';']) {
        let mut words = part.split_whitespace();
        let (Some(Ok(number)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else {
            continue;
        };
        match what {
            "passed" => tally.passed += number,
            "failed" => tally.failed += number,
            "ignored" => tally.skipped += number,
            _ => {}
        }
    }
}

/// A user without privileges sees another kernel: no mounts, no spare user ids. What is tested as root is tested as nobody too.
fn again_without_privileges(tally: &mut Tally, parts: &mut Parts) -> Result<bool, String> {
    if !is_there("setpriv") {
        return Ok(true);
    }
    let folder = std::env::temp_dir().join(format!("seaworthy-unprivileged-{}", std::process::id()));
    let result = run_unprivileged(&folder, tally, parts);
    // What is left behind is in the temporary folder; the result is what counts.
    drop(std::fs::remove_dir_all(&folder));
    result
}

fn run_unprivileged(folder: &Path, tally: &mut Tally, parts: &mut Parts) -> Result<bool, String> {
    let io = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder.join("home")).map_err(io)?;
    let mut own = tool("chown");
    crate::process::run(own.args(["65534:65534"]).arg(folder.join("home")))?;
    let mut ok = true;
    for (name, (binary, sources)) in test_binaries()? {
        // The build folder may lie where only root can go.
        let copy = folder.join(&name);
        std::fs::copy(&binary, &copy).map_err(io)?;
        let home = folder.join("home");
        let mut command = tool("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(&copy);
        command.env("HOME", &home).env("TMPDIR", &home).env("SEAWORTHY_PARTS", &parts.folder);
        command.env("SEAWORTHY_UNPRIVILEGED", "1").env("PATH", open_path()).current_dir(&home);
        say(&format!("as a user without privileges: {name} ({})", sources.display()));
        ok &= watch(&mut command, tally, parts)?;
    }
    Ok(ok)
}

/// The test programs of the crates that run twice, and the folders of their crates.
fn test_binaries() -> Result<BTreeMap<String, (PathBuf, PathBuf)>, String> {
    let mut cargo = tool(env!("CARGO"));
    cargo.args(["test", "--no-run", "--locked", "--message-format=json", "-q"]);
    for package in UNPRIVILEGED {
        cargo.args(["-p", package]);
    }
    cargo.env("CARGO_TARGET_DIR", target());
    let messages = crate::process::output(&mut cargo)?;
    let mut binaries = BTreeMap::new();
    for line in messages.lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let is_test = message["profile"]["test"] == true;
        if let (true, Some(binary)) = (is_test, message["executable"].as_str()) {
            let sources = PathBuf::from(message["manifest_path"].as_str().unwrap_or_default());
            let name = Path::new(binary)
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            binaries.insert(
                name,
                (PathBuf::from(binary), sources.parent().unwrap_or(Path::new(".")).to_path_buf()),
            );
        }
    }
    Ok(binaries)
}

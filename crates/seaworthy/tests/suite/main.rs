//! The program, run as a person runs it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at what it did not expect, and says what it skips"
)]

mod check;
mod evidence;
mod examples;
mod kills;
mod plan;
mod record;
mod reports;
mod rules;
mod trials;
mod words;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A project of its own, with a home of its own.
pub(crate) struct Project {
    folder: TempDir,
}

/// What a run of the program came to.
pub(crate) struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Project {
    /// A project with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(project.root()).unwrap();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The program, in the project's root, with a scrubbed environment.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, words: &[S]) -> Command {
        let mut command = command(env!("CARGO_BIN_EXE_seaworthy"));
        command.args(words).current_dir(self.root()).env_clear();
        command
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home())
            .env("LANG", "C.UTF-8");
        command.env("TMPDIR", self.folder.path());
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, words: &[S]) -> Ran {
        Ran::of(self.command(words).output().unwrap())
    }

    /// Runs with `--format json` and reads the document.
    pub(crate) fn json<S: AsRef<OsStr>>(&self, words: &[S]) -> (i32, Value) {
        let mut command = self.command(words);
        let ran = Ran::of(command.args(["--format", "json"]).output().unwrap());
        let document = serde_json::from_str(&ran.out)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.out, ran.err));
        (ran.code, document)
    }

    pub(crate) fn git(&self, words: &[&str]) -> String {
        let mut git = command("git");
        git.args(["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]);
        let done = git.args(words).current_dir(self.root()).env("HOME", self.home()).output().unwrap();
        assert!(done.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    pub(crate) fn commit(&self) {
        if !self.root().join(".git").exists() {
            self.git(&["init", "-q"]);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", "state"]);
    }
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test starts the program as a person's shell would")]
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    Command::new(program)
}

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A part that `cargo xtask test` brings, or a line that says it is skipped, why, and what to type.
pub(crate) fn part(path: &str, what: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("SEAWORTHY_PARTS").map_or_else(|| repository().join("target/parts"), PathBuf::from);
    let part = folder.join(path);
    if part.exists() {
        return Some(part);
    }
    println!("skipped: {what}: {path} is not there: cargo xtask test");
    None
}

/// Findings of a report, each with the observation's outcome left behind.
pub(crate) fn findings(report: &Value) -> Vec<&Value> {
    report["observations"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|seen| seen["findings"].as_array().unwrap())
        .collect()
}

/// A program with a defect at a known line.
pub(crate) const SWALLOWS: (&str, &str) = (
    "app/save.py",
    "def save(db, order):\n    try:\n        db.insert(order)\n    except Exception:\n        pass\n",
);
/// The same, sound.
pub(crate) const RAISES: (&str, &str) = ("app/save.py", "def save(db, order):\n    db.insert(order)\n");

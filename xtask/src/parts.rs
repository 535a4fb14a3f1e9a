//! Real parts that the tests hold the product against, brought into `target/parts`: Python and npm packages by pinned version,
//! and a few system programs where we may install them.

use std::path::PathBuf;

use seaworthy_core::Digest;

use crate::process::{is_root, is_there, open_program, output, run, say, target, tool};

/// Python packages, pinned.
const PYTHON: &str = include_str!("../parts/requirements.txt");
/// npm packages, pinned.
const NPM: &str = include_str!("../parts/package.json");

/// A system program, the Debian package that brings it, and what is not tested without it.
const SYSTEM: &[(&str, &str, &str)] = &[
    ("npm", "nodejs npm", "the Express and TypeScript parts, and SARIF against its schema"),
    ("setpriv", "util-linux", "the tests that run a second time as a user without privileges"),
    ("python3", "python3 python3-venv", "everything held against real Python packages"),
    ("curl", "curl", "the printed reproductions"),
    ("nc", "netcat-openbsd", "the printed reproductions that need raw bytes"),
];

/// What is there, and what is not and why.
pub(crate) struct Parts {
    /// The folder, for `SEAWORTHY_PARTS`.
    pub folder: PathBuf,
    /// What is skipped: what, why, and the line to type.
    pub skipped: Vec<String>,
}

/// Brings what can be brought.
pub(crate) fn bring(install_system: bool) -> Result<Parts, String> {
    let folder = target().join("parts");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut parts = Parts { folder, skipped: Vec::new() };
    parts.system(install_system || is_root());
    parts.python();
    parts.npm();
    Ok(parts)
}

impl Parts {
    fn system(&mut self, may_install: bool) {
        let missing: Vec<_> = SYSTEM.iter().filter(|(program, _, _)| !is_there(program)).collect();
        if missing.is_empty() {
            return;
        }
        if may_install && is_there("apt-get") {
            let packages: Vec<&str> =
                missing.iter().flat_map(|(_, packages, _)| packages.split(' ')).collect();
            let sudo = if is_root() { None } else { Some("sudo") };
            let apt = |words: &[&str]| {
                let mut command = tool(sudo.unwrap_or("apt-get"));
                if sudo.is_some() {
                    command.arg("apt-get");
                }
                command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
                output(&mut command)
            };
            say(&format!("installing {}", packages.join(" ")));
            let install = [&["install", "-y", "-q", "--no-install-recommends"], packages.as_slice()].concat();
            if let Err(why) = apt(&["update", "-q"]).and_then(|_| apt(&install)) {
                say(&why);
            }
        }
        for (program, packages, what) in missing.into_iter().filter(|(program, _, _)| !is_there(program)) {
            self.skipped.push(format!(
                "skipped: {what}: {program} is not installed: apt-get install {packages}, or cargo xtask test --install-system"
            ));
        }
    }

    fn python(&mut self) {
        let venv = self.folder.join("venv");
        // A virtual environment is run by the interpreter that made it, also when the tests run as another user.
        let python = open_program("python3").unwrap_or_else(|| "python3".into());
        let pins = format!("{}\n{PYTHON}", python.display());
        let result = self.once("python", &pins, || {
            output(tool(&python).args(["-m", "venv", "--clear"]).arg(&venv))?;
            let requirements = concat!(env!("CARGO_MANIFEST_DIR"), "/parts/requirements.txt");
            output(tool(venv.join("bin/pip")).args([
                "install",
                "-q",
                "--disable-pip-version-check",
                "-r",
                requirements,
            ]))
            .map(drop)
        });
        if let Err(why) = result {
            self.skipped.push(format!(
                "skipped: everything held against real Python packages: {why}: apt-get install python3-venv, and a network that reaches PyPI"
            ));
        }
    }

    fn npm(&mut self) {
        if !is_there("npm") {
            return;
        }
        let folder = self.folder.clone();
        let result = self.once("npm", NPM, || {
            std::fs::write(folder.join("package.json"), NPM).map_err(|error| error.to_string())?;
            let mut npm = tool("npm");
            npm.args([
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--loglevel=error",
                "--prefix",
            ])
            .arg(&folder);
            run(&mut npm)
        });
        if let Err(why) = result {
            self.skipped.push(format!(
                "skipped: everything held against real npm packages: {why}: npm needs its registry"
            ));
        }
    }

    /// Does a step unless it was done before with the same pins.
    fn once(&self, name: &str, pins: &str, step: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        let stamp = self.folder.join(format!("{name}.stamp"));
        let wanted = Digest::of(pins.as_bytes()).to_string();
        if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(());
        }
        say(&format!("bringing the {name} parts into {}", self.folder.display()));
        step()?;
        std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
    }
}

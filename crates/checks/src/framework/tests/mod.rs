//! What is read of programs, compared with what the frameworks themselves say of the same programs.
//!
//! `programs/` are whole programs in several files. Where the parts of the test-suite are installed (`SEAWORTHY_PARTS`), the real
//! framework loads each and lists its routes; the list kept here is what it said.

mod aiohttp;
mod django;
mod express;
mod fastapi;
mod fastify;
mod flask;
mod koa;
mod next;
mod node_http;
mod python_http_server;
mod rust;
mod web;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use seaworthy_core::Plan;
use seaworthy_core::surface::{InputKind, InputPlace, Route, Surface};

use crate::Quiet;
use crate::context::Context;
use crate::facts::definitions::Definitions;
use crate::facts::graph::Graph;
use crate::facts::reader;
use crate::framework::defined::Defined;
use crate::packages::Packages;
use crate::tree::Tree;

/// The surface of a tree.
fn surface_of(tree: &Tree) -> Surface {
    let plan = Plan::default();
    let sources = reader::read(tree, &plan, &Quiet);
    let graph = Graph::of(tree, &sources.files);
    let packages = Packages::find(tree, None, &[]);
    let context = Context {
        tree,
        plan: &plan,
        files: &sources.files,
        texts: &[],
        graph: &graph,
        definitions: &Definitions::of(&sources.files),
        defined: &Defined::of(&sources.files),
        packages: &packages,
        web: super::web::Web::NONE,
        database: crate::database::Database::NONE,
        process: crate::process::Process::NONE,
    };
    super::read(&super::Project::of(&context)).0
}

fn folder(program: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/framework/tests/programs").join(program)
}

/// The surface of one of the programs.
fn program(name: &str) -> Surface {
    surface_of(&Tree::open(&folder(name)).expect("the program"))
}

/// The surface of these files.
fn files<const N: usize>(files: [(&str, &str); N]) -> Surface {
    surface_of(&Tree::of_files(files))
}

/// `METHOD path` of every route, sorted.
fn lines(surface: &Surface) -> BTreeSet<String> {
    surface.routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect()
}

fn route<'s>(surface: &'s Surface, method: &str, path: &str) -> &'s Route {
    surface.routes.iter().find(|route| route.method == method && route.path == path).expect("the route")
}

/// The inputs of a route: place, name, kind, required.
fn inputs(route: &Route) -> Vec<(InputPlace, &str, InputKind, bool)> {
    route.inputs.iter().map(|input| (input.place, input.name.as_str(), input.kind, input.required)).collect()
}

/// What the framework itself prints, sorted; `None`, with a line that says so, where the parts are not installed.
fn real(part: &str, script: &str, program: &str, arguments: &[&str]) -> Option<BTreeSet<String>> {
    let parts = std::env::var_os("SEAWORTHY_PARTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/parts"), PathBuf::from);
    let python = script.ends_with(".py");
    let (interpreter, installed) = match python {
        // Part of Python itself.
        true if part.is_empty() => (PathBuf::from("python3"), true),
        true => (parts.join("venv/bin/python"), python_package(&parts, part)),
        false => (PathBuf::from("node"), parts.join("node_modules").join(part).exists()),
    };
    if !installed {
        eprintln!("skipped: the comparison of {program} with the real {part}; `cargo xtask test` makes it");
        return None;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    copy(&folder(program), scratch.path());
    if !python {
        std::os::unix::fs::symlink(parts.join("node_modules"), scratch.path().join("node_modules"))
            .expect("a link");
    }
    let script = folder("..").join(script);
    #[expect(
        clippy::disallowed_methods,
        reason = "the real framework is what is compared with; it only loads a program of ours"
    )]
    let output = std::process::Command::new(interpreter)
        .arg(script)
        .args(arguments)
        .current_dir(scratch.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect())
}

fn python_package(parts: &Path, name: &str) -> bool {
    let versions = std::fs::read_dir(parts.join("venv/lib")).into_iter().flatten().flatten();
    versions.into_iter().any(|version| version.path().join("site-packages").join(name).exists())
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Asserts that what is read is what is kept here, and that the framework itself says the same where it is installed.
fn agrees(surface: &Surface, kept: &[&str], real: Option<BTreeSet<String>>) {
    assert_eq!(surface.not_read, [], "all of it is read");
    assert!(surface.complete);
    let kept: BTreeSet<String> = kept.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(lines(surface), kept);
    if let Some(real) = real {
        assert_eq!(real, kept, "the framework itself");
    }
}

//! `cargo xtask bench check`: all checks on a tree, beside parse-only of the same files with the same reader and threads.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use seaworthy_checks::language::Language;
use seaworthy_checks::tree::Tree;
use seaworthy_core::limits;

use crate::bench::keep;
use crate::bench::measure::{Cost, machine, measure};
use crate::process::{is_there, output, run as run_tool, say, target, tool};

/// The tree that the target is stated for.
const DJANGO: &str = "django==5.2.19";
const RUNS: usize = 7;

pub(super) fn run(path: Option<&Path>) -> Result<(), String> {
    let (name, tree) = match path {
        Some(path) => (path.display().to_string(), path.to_path_buf()),
        None => (DJANGO.to_owned(), django()?),
    };
    run_tool(tool(env!("CARGO")).args([
        "build",
        "--release",
        "--locked",
        "-q",
        "-p",
        "seaworthy",
        "-p",
        "xtask",
    ]))?;
    let release = target().join("release");
    let program = release.join("seaworthy").display().to_string();
    let own = release.join("xtask").display().to_string();
    let state = tempfolder("state")?;
    let cache = state.join("cache/seaworthy/checks");
    let shown = tree.display().to_string();
    let environment = [
        "env".to_owned(),
        format!("XDG_CACHE_HOME={}", state.join("cache").display()),
        format!("SEAWORTHY_LEDGER={}", state.join("ledger.sqlite").display()),
        format!("SEAWORTHY_KEY={}", state.join("key").display()),
    ];
    let ours: Vec<String> = [&environment[..], &[program, "check".to_owned(), shown.clone()]].concat();
    let fresh = || drop((std::fs::remove_dir_all(&cache), std::fs::remove_file(state.join("ledger.sqlite"))));
    let mut rows = vec![
        (
            "parse only, same files and threads",
            measure(&[own, "bench".into(), "parse-only".into(), shown.clone()], RUNS, &|| ())?,
        ),
        ("seaworthy check, all checks", measure(&ours, RUNS, &fresh)?),
        ("seaworthy check, nothing changed", measure(&ours, RUNS, &|| ())?),
    ];
    for (label, words) in peers(&shown) {
        rows.push((label, measure(&words, 3, &|| ())?));
    }
    keep("check", &page(&name, &tree, &rows)?)
}

/// Peers that are installed, on the same tree.
fn peers(tree: &str) -> Vec<(&'static str, Vec<String>)> {
    let words = |line: &str| line.split(' ').map(str::to_owned).chain([tree.to_owned()]).collect::<Vec<_>>();
    let mut peers = Vec::new();
    let venv = target().join("parts/venv/bin");
    for (label, program, line) in [
        ("ruff (S,B,DTZ,E,F)", "ruff", "check --no-cache -q --select S,B,DTZ,E,F"),
        ("bandit", "bandit", "-q -r"),
    ] {
        let own = venv.join(program);
        let program = if own.exists() { own.display().to_string() } else { program.to_owned() };
        if Path::new(&program).exists() || is_there(&program) {
            peers.push((label, words(&format!("{program} {line}"))));
        } else {
            say(&format!("skipped: {label}: pip install {program}"));
        }
    }
    peers
}

fn page(name: &str, tree: &Path, rows: &[(&str, Cost)]) -> Result<String, String> {
    let (files, bytes) = count(tree)?;
    let parse = rows.first().map_or(f64::NAN, |(_, cost)| cost.wall_s);
    let mut page = format!(
        "# `cargo xtask bench check`\n\n{name}: {files} source files, {:.1} MB. {}. Medians of whole processes.\n\n\
         | | wall | of parse-only | processor | files/s | MB/s | peak memory |\n|---|---|---|---|---|---|---|\n",
        bytes as f64 / 1e6,
        machine()
    );
    for (label, cost) in rows {
        page.push_str(&format!(
            "| {label} | {:.3} s | {:.2} | {:.3} s | {:.0} | {:.1} | {:.0} MB |\n",
            cost.wall_s,
            cost.wall_s / parse,
            cost.cpu_s,
            files as f64 / cost.wall_s,
            bytes as f64 / 1e6 / cost.wall_s,
            cost.peak_bytes as f64 / 1e6,
        ));
    }
    Ok(page)
}

/// How many files and bytes the checks read as source.
fn count(tree: &Path) -> Result<(usize, u64), String> {
    let tree = Tree::open(tree).map_err(|error| error.to_string())?;
    let sources = tree.entries().iter().filter(|entry| Language::of_path(&entry.path).is_some());
    Ok(sources.fold((0, 0), |(files, bytes), entry| (files + 1, bytes + entry.size.unwrap_or_default())))
}

/// Reads and parses every source file, and does nothing with it.
pub(super) fn parse_only(path: &Path) -> Result<(), String> {
    let tree = Tree::open(path).map_err(|error| error.to_string())?;
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(limits::SYNTAX_STACK_BYTES)
        .build()
        .map_err(|e| e.to_string())?;
    let parsed: usize = pool.install(|| {
        let entries: Vec<_> = tree.entries().iter().collect();
        let parse = |entry: &&seaworthy_checks::tree::Entry| {
            let language = Language::of_path(&entry.path)?;
            let text = tree.read_text(&entry.path, limits::SOURCE_FILE_BYTES)?;
            Some(usize::from(parses(language, &entry.path, &text)))
        };
        entries.par_iter().filter_map(parse).sum()
    });
    if parsed == 0 { Err("nothing was parsed".to_owned()) } else { Ok(()) }
}

/// Parses with the parser that the checks use, and nothing more. Whether there was no error.
fn parses(language: Language, path: &str, text: &str) -> bool {
    match language {
        Language::Python => {
            let options = ruff_python_parser::ParseOptions::from(ruff_python_parser::Mode::Module);
            ruff_python_parser::parse_unchecked(text, options).errors().is_empty()
        }
        Language::JavaScript | Language::TypeScript => {
            let allocator = oxc_allocator::Allocator::default();
            let dialect = oxc_span::SourceType::from_path(path).unwrap_or_default();
            oxc_parser::Parser::new(&allocator, text, dialect).parse().diagnostics.is_empty()
        }
        Language::Rust => syn::parse_file(text).is_ok(),
    }
}

/// Django's wheel, unpacked below target/.
fn django() -> Result<PathBuf, String> {
    let folder = target().join("bench/django");
    if !folder.join("django").exists() {
        let mut pip = tool("python3");
        pip.args(["-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target"])
            .arg(&folder)
            .arg(DJANGO);
        output(&mut pip)?;
    }
    Ok(folder)
}

fn tempfolder(name: &str) -> Result<PathBuf, String> {
    let folder = target().join("bench").join(name);
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

//! `cargo xtask bench build`: a clean release build of the program, and what each heavy dependency costs.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::bench::keep;
use crate::bench::measure::machine;
use crate::process::{output, run as run_tool, target, tool};

/// Dependencies that cost much, by the prefix of their packages' names, and what they are for.
const HEAVY: &[(&str, &str)] = &[
    ("ruff_", "reads Python"),
    ("oxc_", "reads JavaScript and TypeScript"),
    ("syn", "reads Rust"),
    ("gix", "reads git"),
    ("libsqlite3-sys", "SQLite itself, in C"),
    ("rusqlite", "SQLite"),
    ("clap", "reads the command line"),
    ("regex", "patterns"),
    ("jiff", "time"),
    ("seaworthy", "our own"),
];

pub(super) fn run() -> Result<(), String> {
    let folder = target().join("bench/build");
    drop(std::fs::remove_dir_all(&folder));
    let mut cargo = tool(env!("CARGO"));
    cargo
        .args(["build", "--release", "--locked", "-q", "-p", "seaworthy", "--timings"])
        .env("CARGO_TARGET_DIR", &folder);
    let began = Instant::now();
    run_tool(&mut cargo)?;
    let wall_s = began.elapsed().as_secs_f64();
    let report = std::fs::read_to_string(folder.join("cargo-timings/cargo-timing.html"))
        .map_err(|error| error.to_string())?;
    let units = units(&report)?;
    let packages = output(tool(env!("CARGO")).args([
        "tree",
        "-p",
        "seaworthy",
        "-e",
        "normal,build",
        "--prefix",
        "none",
        "--no-dedupe",
    ]))?;
    let packages: std::collections::BTreeSet<&str> =
        packages.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let mut page = format!(
        "# `cargo xtask bench build`\n\nA clean `cargo build --release` of the program: {:.0} s on the wall, {:.0} s of compiler time, {} packages. {}.\n\n\
         | dependency | compiler seconds | for |\n|---|---|---|\n",
        wall_s,
        units.values().sum::<f64>(),
        packages.len(),
        machine()
    );
    for (prefix, purpose) in HEAVY {
        let cost: f64 =
            units.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, seconds)| seconds).sum();
        page.push_str(&format!("| `{prefix}`* | {cost:.0} | {purpose} |\n"));
    }
    drop(std::fs::remove_dir_all(&folder));
    keep("build", &page)
}

/// Seconds by package, from the data in cargo's own timing page.
fn units(report: &str) -> Result<BTreeMap<String, f64>, String> {
    let data = report.split("const UNIT_DATA = ").nth(1).and_then(|rest| rest.split(";\n").next());
    let data: serde_json::Value = serde_json::from_str(data.ok_or("cargo's timing page has no UNIT_DATA")?)
        .map_err(|error| format!("cargo's timing page: {error}"))?;
    let mut units = BTreeMap::new();
    for unit in data.as_array().into_iter().flatten() {
        if let (Some(name), Some(seconds)) = (unit["name"].as_str(), unit["duration"].as_f64()) {
            *units.entry(name.to_owned()).or_default() += seconds;
        }
    }
    Ok(units)
}

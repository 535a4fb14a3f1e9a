//! `cargo xtask bench ledger`: appending to the record, verifying and importing it, beside the disk's own pace.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Instant;

use crate::bench::keep;
use crate::bench::measure::machine;
use crate::process::{output, target, tool};

/// Synced writes timed.
const SYNCS: u32 = 200;

pub(super) fn run() -> Result<(), String> {
    let syncs = syncs_per_s()?;
    let printed = output(tool(env!("CARGO")).args([
        "bench",
        "-q",
        "--locked",
        "-p",
        "seaworthy-ledger",
        "--bench",
        "ledger",
    ]))?;
    let line =
        printed.lines().rev().find(|line| line.starts_with('{')).ok_or("the benchmark printed no figures")?;
    let figures: serde_json::Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let mut page = format!("# `cargo xtask bench ledger`\n\n{}.\n\n| | a second |\n|---|---|\n", machine());
    page.push_str(&format!(
        "| fdatasync of 4 KiB on the same disk: the limit of one append a transaction | {syncs:.0} |\n"
    ));
    for (key, label) in [
        ("appends_per_s", "entries appended, one a transaction"),
        ("appends_per_s_100_at_once", "entries appended, 100 a transaction"),
        ("verified_per_s", "entries verified: every signature, place and checkpoint"),
        ("imported_per_s", "entries imported"),
        ("nodes_hashed_per_s", "tree nodes hashed"),
    ] {
        let figure = figures[key].as_f64().ok_or_else(|| format!("the benchmark printed no {key}"))?;
        page.push_str(&format!("| {label} | {figure:.0} |\n"));
    }
    keep("ledger", &page)
}

/// How often a second the disk under target/ takes 4 KiB for good.
fn syncs_per_s() -> Result<f64, String> {
    let path = target().join("bench-sync");
    let io = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(io)?;
    let began = Instant::now();
    for _ in 0..SYNCS {
        file.write_all(&[0; 4096]).and_then(|()| file.sync_data()).map_err(io)?;
    }
    let rate = f64::from(SYNCS) / began.elapsed().as_secs_f64();
    std::fs::remove_file(&path).map_err(io)?;
    Ok(rate)
}

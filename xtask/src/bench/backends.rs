//! `cargo xtask bench backends`: the labelled backends of `fixtures/backends`, scored rule by rule. A finding counts for a label of the same rule,
//! file and stretch of lines; what no label names is counted apart, since a label may be missing as well as a finding be wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bench::keep;
use crate::process::{output_of_any, root, run as run_tool, target, tool};

/// Lines by which a finding and a label may differ: a label names what a reader looks at.
const NEAR: u64 = 4;

#[derive(Default)]
struct Row {
    found: u32,
    labelled: u32,
    others: u32,
    other_errors: u32,
}

pub(super) fn run(sealed: bool) -> Result<(), String> {
    run_tool(tool(env!("CARGO")).args(["build", "--release", "--locked", "-q", "-p", "seaworthy"]))?;
    let folder = if sealed { unsealed()? } else { root().join("fixtures/backends/open") };
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let (mut programs, mut right_accused) = (0, 0);
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("labels.json").exists())
        .collect();
    folders.sort();
    for program in &folders {
        programs += 1;
        right_accused += score(program, &mut rows)?;
    }
    let name = if sealed { "backends-sealed" } else { "backends" };
    keep(name, &page(sealed, programs, right_accused, &rows))
}

/// The sealed half, unpacked below target/ when its digest is the one that was written down.
fn unsealed() -> Result<PathBuf, String> {
    let archive = root().join("fixtures/backends/sealed.tar.gz");
    let bytes = std::fs::read(&archive).map_err(|error| format!("{}: {error}", archive.display()))?;
    let digest = seaworthy_core::Digest::of(&bytes).to_string();
    let readme = std::fs::read_to_string(root().join("fixtures/backends/README.md"))
        .map_err(|error| error.to_string())?;
    if !readme.contains(&digest) {
        return Err(format!("{} is not what was sealed: its SHA-256 is {digest}", archive.display()));
    }
    let folder = target().join("bench/sealed");
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    run_tool(tool("tar").arg("xzf").arg(&archive).arg("-C").arg(&folder))?;
    Ok(folder)
}

fn read(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Scores one program; how many of its errors are about what is right.
fn score(program: &Path, rows: &mut BTreeMap<String, Row>) -> Result<u32, String> {
    let binary = target().join("release/seaworthy");
    let printed = output_of_any(tool(binary).arg("check").arg(program).args(["--format", "json"]))?;
    let report: Value =
        serde_json::from_str(&printed).map_err(|error| format!("{}: {error}", program.display()))?;
    let observations = report["observations"].as_array().into_iter().flatten();
    let findings: Vec<&Value> = observations
        .flat_map(|seen| seen["findings"].as_array().into_iter().flatten())
        .filter(|finding| finding["location"]["path"].is_string())
        .collect();
    let labels = read(&program.join("labels.json"))?;
    let mut claimed = vec![false; findings.len()];
    for label in labels.as_array().into_iter().flatten() {
        let rule = label["rule"].as_str().unwrap_or_default();
        let row = rows.entry(rule.to_owned()).or_default();
        row.labelled += 1;
        let mut hit = false;
        for (finding, claimed) in findings.iter().zip(&mut claimed) {
            if finding["rule"] == rule && is_near(finding, label) {
                hit = true;
                *claimed = true;
            }
        }
        row.found += u32::from(hit);
    }
    let right = read(&program.join("right.json")).unwrap_or_default();
    let mut accused = 0;
    for finding in findings.iter().zip(&claimed).filter(|(_, claimed)| !**claimed).map(|(finding, _)| finding)
    {
        let row = rows.entry(finding["rule"].as_str().unwrap_or_default().to_owned()).or_default();
        row.others += 1;
        if finding["severity"] == "error" {
            row.other_errors += 1;
            let is_right = right.as_array().into_iter().flatten().any(|one| {
                one["file"] == finding["location"]["path"] && one["line"] == finding["location"]["line"]
            });
            accused += u32::from(is_right);
        }
    }
    Ok(accused)
}

fn is_near(finding: &Value, label: &Value) -> bool {
    let line = finding["location"]["line"].as_u64().unwrap_or_default();
    let first = label["line"].as_u64().unwrap_or_default();
    let last = label["end_line"].as_u64().unwrap_or(first);
    finding["location"]["path"] == label["file"] && (first.saturating_sub(NEAR)..=last + NEAR).contains(&line)
}

fn page(sealed: bool, programs: u32, right_accused: u32, rows: &BTreeMap<String, Row>) -> String {
    let half = if sealed { "the sealed half, scored" } else { "the open half" };
    let mut page = format!(
        "# `cargo xtask bench backends{}`\n\n{programs} labelled programs, {half}. Errors on lines that the labels call right: {right_accused}.\n\n\
         | rule | labels found | found and not labelled | of these errors |\n|---|---|---|---|\n",
        if sealed { " --sealed" } else { "" }
    );
    for (rule, Row { found, labelled, others, other_errors }) in rows {
        page.push_str(&format!("| {rule} | {found} of {labelled} | {others} | {other_errors} |\n"));
    }
    page
}

//! `cargo xtask bench security PATH`: a checkout of OWASP BenchmarkPython or BenchmarkJava, scored by category beside bandit and semgrep
//! where they are installed. Nothing of the checkout is kept but its commit and the figures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::bench::keep;
use crate::bench::measure::machine;
use crate::process::{is_there, output_of_any, run as run_tool, say, target, tool};

/// The benchmark's categories and what answers them: our rules, bandit's tests.
const CATEGORIES: &[(&str, &[&str], &[&str])] = &[
    ("cmdi", &["command-injection"], &["B602", "B603", "B604", "B605", "B606", "B607"]),
    ("codeinj", &["code-injection"], &["B102", "B307"]),
    ("deserialization", &["unsafe-deserialization"], &["B301", "B302", "B506"]),
    ("hash", &["crypto-misuse"], &["B303", "B324"]),
    ("ldapi", &["ldap-injection"], &[]),
    ("pathtraver", &["path-traversal"], &[]),
    ("redirect", &["open-redirect"], &[]),
    ("securecookie", &["insecure-cookie"], &[]),
    ("sqli", &["sql-injection"], &["B608"]),
    ("trustbound", &["trust-boundary-violation"], &[]),
    ("weakrand", &["weak-randomness"], &["B311"]),
    ("xpathi", &["xpath-injection"], &[]),
    ("xss", &["cross-site-scripting"], &["B703", "B704"]),
    (
        "xxe",
        &["xml-external-entities"],
        &["B313", "B314", "B317", "B318", "B319", "B320", "B405", "B406", "B408"],
    ),
];

/// Whether a test case is accused, by case and category.
type Accused = BTreeSet<(String, &'static str)>;

/// True positives, positives, false positives, negatives.
#[derive(Default, Clone, Copy)]
struct Score(u32, u32, u32, u32);

impl Score {
    fn add(&mut self, is_real: bool, is_accused: bool) {
        let (hits, all) = if is_real { (&mut self.0, &mut self.1) } else { (&mut self.2, &mut self.3) };
        *all += 1;
        *hits += u32::from(is_accused);
    }

    fn rates(self) -> (f64, f64) {
        (f64::from(self.0) / f64::from(self.1.max(1)), f64::from(self.2) / f64::from(self.3.max(1)))
    }
}

pub(super) fn run(path: &Path) -> Result<(), String> {
    let expected = expected(path)?;
    let commit = output_of_any(tool("git").args(["-C"]).arg(path).args(["rev-parse", "HEAD"]))?;
    run_tool(tool(env!("CARGO")).args(["build", "--release", "--locked", "-q", "-p", "seaworthy"]))?;
    let mut tools: Vec<(&str, Accused)> = vec![("seaworthy", ours(path)?)];
    tools.extend(bandit(path).map(|accused| ("bandit", accused)));
    let mut page = format!(
        "# `cargo xtask bench security`\n\n{} at commit {}: {} cases. {}.\n\nTrue and false positive rate, and Youden's index (their difference), by category.\n\n| category |",
        path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        commit.trim(),
        expected.len(),
        machine()
    );
    tools.iter().for_each(|(name, _)| page.push_str(&format!(" {name} found | false | Youden |")));
    page.push_str("\n|---|");
    tools.iter().for_each(|_| page.push_str("---|---|---|"));
    page.push('\n');
    let mut totals = vec![Score::default(); tools.len()];
    for (category, _, _) in CATEGORIES {
        let mut row = format!("| {category} |");
        for ((_, accused), total) in tools.iter().zip(&mut totals) {
            let mut score = Score::default();
            for (case, (of, is_real)) in expected.iter().filter(|(_, (of, _))| of == category) {
                let is_accused = accused.contains(&(case.clone(), *category));
                score.add(*is_real, is_accused);
                total.add(*is_real, is_accused);
                debug_assert_eq!(of, category);
            }
            row.push_str(&cells(score));
        }
        page.push_str(&row);
        page.push('\n');
    }
    page.push_str("| **all** |");
    totals.iter().for_each(|total| page.push_str(&cells(*total)));
    page.push('\n');
    keep("security", &page)
}

fn cells(score: Score) -> String {
    let (found, alarms) = score.rates();
    format!(" {} of {} | {} of {} | {:.2} |", score.0, score.1, score.2, score.3, found - alarms)
}

/// Case → category and whether it is a real vulnerability, from `expectedresults-*.csv`.
fn expected(path: &Path) -> Result<BTreeMap<String, (String, bool)>, String> {
    let io = |error: std::io::Error| format!("{}: {error}", path.display());
    let files = std::fs::read_dir(path).map_err(io)?.filter_map(Result::ok).map(|entry| entry.path());
    let list = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "csv"))
        .find(|file| {
            file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("expectedresults"))
        })
        .ok_or_else(|| {
            format!("{}: no expectedresults-*.csv: not a checkout of an OWASP Benchmark", path.display())
        })?;
    let text = std::fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    Ok(rows
        .filter_map(|line| {
            let mut cells = line.split(',').map(str::trim);
            let (case, category, real) = (cells.next()?, cells.next()?, cells.next()?);
            Some((case.to_owned(), (category.to_owned(), real == "true")))
        })
        .collect())
}

fn case_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name).to_owned()
}

fn ours(path: &Path) -> Result<Accused, String> {
    let program = target().join("release/seaworthy");
    let printed = output_of_any(tool(program).arg("check").arg(path).args(["--format", "json"]))?;
    let report: Value = serde_json::from_str(&printed).map_err(|error| format!("our own report: {error}"))?;
    let observations = report["observations"].as_array().into_iter().flatten();
    let findings = observations.flat_map(|seen| seen["findings"].as_array().into_iter().flatten());
    Ok(findings
        .filter_map(|finding| {
            let rule = finding["rule"].as_str()?;
            let (category, _, _) = CATEGORIES.iter().find(|(_, rules, _)| rules.contains(&rule))?;
            Some((case_of(finding["location"]["path"].as_str()?), *category))
        })
        .collect())
}

fn bandit(path: &Path) -> Option<Accused> {
    let own = target().join("parts/venv/bin/bandit");
    let program = if own.exists() { own } else { "bandit".into() };
    if !program.exists() && !is_there("bandit") {
        say("skipped: bandit: pip install bandit");
        return None;
    }
    let printed = output_of_any(tool(program).args(["-q", "-r", "-f", "json"]).arg(path)).ok()?;
    let report: Value = serde_json::from_str(&printed).ok()?;
    let results = report["results"].as_array().into_iter().flatten();
    Some(
        results
            .filter_map(|result| {
                let test = result["test_id"].as_str()?;
                let (category, _, _) = CATEGORIES.iter().find(|(_, _, tests)| tests.contains(&test))?;
                Some((case_of(result["filename"].as_str()?), *category))
            })
            .collect(),
    )
}

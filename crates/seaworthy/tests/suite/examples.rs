//! The two storefronts: every documented defect is found at its place and nothing else; the sound twin is clear.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::{Project, findings, repository};

/// One row of the README's table of defects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Documented {
    rule: String,
    /// A file, or `METHOD /route`.
    place: String,
    /// The function, test or constant in the file; empty when the row names the file alone.
    name: String,
}

/// The first table of the README: `| rule | place | what goes wrong |`.
fn documented(readme: &str) -> Vec<Documented> {
    let rows = readme
        .lines()
        .skip_while(|line| !line.starts_with("| rule |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let code = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let place = code(cells[2]);
        Documented {
            rule: code(cells[1])[0].clone(),
            place: place[0].clone(),
            name: place.get(1).cloned().unwrap_or_default(),
        }
    })
    .collect()
}

/// The lines of a Python function or JavaScript constant of this name: from where it is defined to the next line that is not indented
/// deeper.
fn lines_of(text: &str, name: &str) -> std::ops::RangeInclusive<u64> {
    let lines: Vec<&str> = text.lines().collect();
    let defines = |line: &str| {
        let line = line.trim_start();
        ["def ", "async def ", "class ", "const ", "let ", "var ", "function ", ""].iter().any(|word| {
            line.strip_prefix(word).and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| {
                rest.starts_with(['(', ' ', '=', ':'])
                    && (!word.is_empty() || rest.trim_start().starts_with(['=', ':']))
            })
        })
    };
    let start =
        lines.iter().position(|line| defines(line)).unwrap_or_else(|| panic!("{name} is not defined there"));
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(lines[start]);
    let body =
        lines[start + 1..].iter().take_while(|line| line.trim().is_empty() || indent(line) > own).count();
    (start as u64 + 1)..=((start + body) as u64 + 1)
}

fn is_at(row: &Documented, finding: &Value, root: &Path) -> bool {
    let place = &finding["location"];
    if finding["rule"] != row.rule.as_str() {
        return false;
    }
    if place["kind"] == "endpoint" {
        return row.place
            == format!(
                "{} {}",
                place["method"].as_str().unwrap_or("-"),
                place["route"].as_str().unwrap_or("-")
            );
    }
    if place["path"] != row.place.as_str() {
        return false;
    }
    let text = std::fs::read_to_string(root.join(&row.place)).unwrap();
    row.name.is_empty() || lines_of(&text, &row.name).contains(&place["line"].as_u64().unwrap())
}

fn assess(name: &str) -> (Project, i32, Value) {
    let project = Project::new(&[]);
    crate::kills::copy(&repository().join("examples").join(name), &project.root());
    let (code, report) = project.json(&["assess"]);
    (project, code, report)
}

#[test]
fn the_storefront_holds_with_every_documented_defect_at_its_place_and_nothing_else() {
    let (project, code, report) = assess("storefront");
    let rows = documented(&std::fs::read_to_string(project.root().join("README.md")).unwrap());
    assert!(rows.len() >= 14, "the README's table was not read: {rows:?}");
    let errors: Vec<&Value> =
        findings(&report).into_iter().filter(|finding| finding["severity"] == "error").collect();
    let missed: Vec<&Documented> = rows
        .iter()
        .filter(|row| !errors.iter().any(|finding| is_at(row, finding, &project.root())))
        .collect();
    let more: BTreeSet<String> = errors
        .iter()
        .filter(|finding| !rows.iter().any(|row| is_at(row, finding, &project.root())))
        .map(|finding| format!("{} {} {}", finding["rule"], finding["location"], finding["message"]))
        .collect();
    assert!(missed.is_empty() && more.is_empty(), "missed: {missed:#?}\nnot documented: {more:#?}");
    assert_eq!((code, &report["verdict"]), (1, &"hold".into()));
    for mode in report["failure_modes"].as_array().unwrap() {
        assert!(mode["broken"].as_u64().unwrap() > 0, "a defect for each failure mode: {mode}");
    }
}

#[test]
fn the_seaworthy_storefront_is_clear() {
    let (_project, code, report) = assess("storefront-seaworthy");
    let errors: Vec<&Value> =
        findings(&report).into_iter().filter(|finding| finding["severity"] == "error").collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(
        (code, &report["verdict"]),
        (0, &"clear".into()),
        "{}\n{}",
        report["reasons"],
        report["missing"]
    );
}

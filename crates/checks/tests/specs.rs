//! Runs the literate examples of `specs/`: Markdown whose code blocks say on their lines what is to be found there.
//!
//! A heading begins a project; the blocks below it are its files, named by `title="path"` or by their language. A comment
//! `error: [id] "part of the message"` (or `warning:`, `note:`) at the end of a line expects that finding there; several
//! stand one after the other, and `^ error: [id]` is about the line above. Every other line must have no finding of the page's check, and under a heading that ends in
//! `(clean)` there is none at all. Blocks in other languages than those read, with a title, are files of the project too. A block titled `.` is no
//! file: its first line expects what is found of the project as a whole.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails in a test fails the test"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seaworthy_checks::registry::CHECKS;
use seaworthy_checks::tree::Tree;
use seaworthy_checks::{Checked, Quiet, Request, run};
use seaworthy_core::{Digest, Finding, Location, Plan, RuleId, Subject, Timestamp};

/// One heading with its files.
struct Example {
    heading: String,
    line: usize,
    files: BTreeMap<String, String>,
}

/// A finding that a line expects, or one that there is: path, line, severity, id, and (part of) the message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    path: String,
    line: u32,
    severity: String,
    id: String,
    message: String,
}

#[test]
fn every_example_finds_what_it_says_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let mut failures = Vec::new();
    for page in pages(&root) {
        let id = page.file_stem().unwrap().to_str().unwrap().to_owned();
        let shown = page.strip_prefix(&root).unwrap().display().to_string();
        let examples = read(&std::fs::read_to_string(&page).unwrap());
        let (mut found_any, mut clean_any) = (false, false);
        for example in &examples {
            found_any |= !expected(example).is_empty();
            clean_any |= expected(example).is_empty();
            for failure in judge(&id, example) {
                failures.push(format!("{shown}:{} \"{}\": {failure}", example.line, example.heading));
            }
        }
        if !found_any || !clean_any {
            failures.push(format!(
                "{shown} has no example of {}",
                if found_any { "what is clean" } else { "a finding" }
            ));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn the_list_is_sorted_and_every_check_has_its_file_and_its_examples() {
    let ids: Vec<&str> = CHECKS.iter().map(|check| check.meta.id.as_str()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut specs: Vec<PathBuf> = pages(&root.join("specs"));
    for check in CHECKS {
        let mode = check.meta.failure_mode.id();
        let id = check.meta.id.as_str();
        assert!(seaworthy_core::plan::identifiers::is_known(id), "{id} is not among the identifiers of core");
        assert!(check.meta.page().contains(id), "the page of {id} does not name it");
        let source = root.join("src").join(mode.replace('-', "_")).join(id.replace('-', "_"));
        assert!(
            source.with_extension("rs").is_file() || source.join("mod.rs").is_file(),
            "no {}",
            source.display()
        );
        let spec = root.join("specs").join(mode).join(format!("{id}.md"));
        assert!(spec.is_file(), "no {}", spec.display());
        specs.retain(|found| *found != spec);
    }
    assert!(specs.is_empty(), "no check of that name: {specs:?}");
}

/// Every Markdown file below a folder, in order.
fn pages(root: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        if folder.is_dir() {
            pages.extend(std::fs::read_dir(folder).unwrap().map(|page| page.unwrap().path()));
        }
    }
    pages.retain(|page| page.extension().is_some_and(|ending| ending == "md"));
    pages.sort();
    pages
}

/// The examples of a page.
fn read(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.starts_with('#') {
            let heading = line.trim_start_matches('#').trim().to_owned();
            examples.push(Example { heading, line: at + 1, files: BTreeMap::new() });
        } else if let Some(info) = line.strip_prefix("```") {
            let fence = "`".repeat(line.len() - line.trim_start_matches('`').len());
            let body: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != fence).collect();
            let example = examples.last_mut().expect("a block stands below a heading");
            if let Some(name) = name_of(info.trim_start_matches('`')) {
                let twice = example.files.insert(name.clone(), body.join("\n") + "\n");
                assert!(twice.is_none(), "two files named {name} below \"{}\"", example.heading);
            }
        }
    }
    examples.retain(|example| !example.files.is_empty());
    examples
}

/// The path of a block's file; `None` for a block that is no file.
fn name_of(info: &str) -> Option<String> {
    if let Some((_, title)) = info.split_once("title=\"") {
        return Some(title.split('"').next().unwrap().to_owned());
    }
    let name = match info.split_whitespace().next()? {
        "python" | "py" => "example.py",
        "javascript" | "js" => "example.js",
        "jsx" => "example.jsx",
        "typescript" | "ts" => "example.ts",
        "tsx" => "example.tsx",
        "rust" | "rs" => "example.rs",
        _ => return None,
    };
    Some(name.to_owned())
}

/// What the lines of an example expect.
fn expected(example: &Example) -> Vec<Place> {
    let mut places = Vec::new();
    for (path, text) in &example.files {
        for (line, text) in (1..).zip(text.lines()) {
            for severity in ["error", "warning", "note"] {
                let mark = format!("{severity}: [");
                for (at, _) in text.match_indices(&mark) {
                    let before = text[..at].trim_end();
                    // After a comment's mark, after another expectation, or after `^` for the line above.
                    if !before.ends_with(['#', '/', '*', '"', ']', '^']) {
                        continue;
                    }
                    let line = if before.ends_with('^') { line - 1 } else { line };
                    let (id, rest) = text[at + mark.len()..].split_once(']').expect("`]` after the id");
                    let message = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
                    places.push(Place {
                        path: path.clone(),
                        line,
                        severity: severity.to_owned(),
                        id: id.to_owned(),
                        message: message.map_or("", |(message, _)| message).to_owned(),
                    });
                }
            }
        }
    }
    places
}

/// What is wrong with what the check finds in an example.
fn judge(id: &str, example: &Example) -> Vec<String> {
    let mut failures = Vec::new();
    let checked = check(id, example);
    for not_checked in checked.not_checked.iter().filter(|not| not.why.contains("does not read as")) {
        failures.push(format!("{}: {}", not_checked.what, not_checked.why));
    }
    let mut missing = expected(example);
    let mut found: Vec<Place> = Vec::new();
    for observation in &checked.observations {
        found.extend(observation.findings.iter().map(place));
        if let seaworthy_core::Outcome::Inconclusive(seaworthy_core::observation::Reason::Internal { what }) =
            &observation.outcome
        {
            failures.push(what.clone());
        }
    }
    let clean = example.heading.ends_with("(clean)");
    if clean && !missing.is_empty() {
        failures.push("is called clean and expects findings".to_owned());
    }
    for found in found {
        let at = missing.iter().position(|expected| {
            (&expected.path, expected.line, &expected.severity, &expected.id)
                == (&found.path, found.line, &found.severity, &found.id)
                && found.message.contains(&expected.message)
        });
        match at {
            Some(at) => drop(missing.remove(at)),
            None => failures.push(format!("not expected: {found:?}")),
        }
    }
    failures.extend(missing.into_iter().map(|missing| format!("not found: {missing:?}")));
    failures
}

fn place(finding: &Finding) -> Place {
    let (path, line) = match &finding.primary {
        Location::Source { path, span } => (path, span.line),
        Location::Project { path } => (path, 1),
        _ => panic!("neither a place in a file nor the project: {finding:?}"),
    };
    Place {
        path: path.clone(),
        line,
        severity: serde_json::to_value(finding.severity).unwrap().as_str().unwrap().to_owned(),
        id: finding.rule.to_string(),
        message: finding.message.clone(),
    }
}

/// Runs one check over an example, with the plan in its `seaworthy.toml`. The check of suppressions needs the others.
fn check(id: &str, example: &Example) -> Checked {
    let files = example.files.iter().filter(|(path, _)| *path != ".");
    let tree = Tree::of_files(files.map(|(path, text)| (path.clone(), text.clone())));
    let plan =
        example.files.get("seaworthy.toml").map_or_else(Plan::default, |text| Plan::read(text).unwrap());
    let only = [RuleId::from(id)];
    let subject = Subject { tree: Digest::of(b""), git_commit: None, base: None, critical: BTreeMap::new() };
    let request = Request {
        tree: &tree,
        plan: &plan,
        rules: &seaworthy_checks::rules::Rules::none(),
        base: None,
        paths: &[],
        python_paths: &[],
        subject: &subject,
        started_at: Timestamp::UNIX_EPOCH,
        only: (id != "unsound-suppression").then_some(&only),
        progress: &Quiet,
    };
    let mut checked = run(&request);
    checked.observations.retain(|observation| observation.producer.id() == &only[0]);
    checked
}

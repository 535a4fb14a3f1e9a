//! `malformed-input` and `concurrent-users` on real frameworks: careful programs on Flask, FastAPI and Express are left alone, careless
//! ones are found.
#![expect(clippy::print_stdout, reason = "a test says what it skips, and what it saw")]

#[expect(dead_code, reason = "the tests of other probes use the rest of it")]
mod trying;

use std::path::PathBuf;
use std::time::Duration;

use seaworthy_core::surface::Surface;
use seaworthy_core::{Observation, Outcome};

use trying::{errors, places, testing, tried};

const BUDGET: Duration = Duration::from_secs(60);

/// Where the suite's set-up put the frameworks, unless `part` is not there; then the reason is said.
fn parts(part: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SEAWORTHY_PARTS").map(PathBuf::from);
    let found = folder.filter(|folder| {
        let lib = folder.join("venv/lib");
        let python = std::fs::read_dir(lib).into_iter().flatten().flatten().next();
        let packages = python.map(|python| python.path().join("site-packages").join(part));
        packages.is_some_and(|package| package.is_dir()) || folder.join("node_modules").join(part).is_dir()
    });
    if found.is_none() {
        println!("skipped: {part} is not there: cargo xtask test");
    }
    found
}

/// What a probe says of the program on this framework, without faults and with them.
fn both(framework: &str, probe: &str) -> Option<(Observation, Observation)> {
    let parts = parts(framework)?;
    let start = match framework {
        "express" => "[\"node\", \"app.js\"]".to_owned(),
        _ => format!("[\"{}\", \"app.py\"]", parts.join("venv/bin/python").display()),
    };
    let modules = parts.join("node_modules");
    let observe = |faults: &str| {
        let plan = format!(
            "[[service]]\nname = \"notes\"\nstart = {start}\nenv = {{ FAULTS = \"{faults}\", NODE_PATH = \"{}\" }}\n",
            modules.display()
        );
        let mut tried = tried(&testing().join(framework), &plan, &Surface::default(), probe, BUDGET);
        let seen = tried.observations.remove(0);
        println!("{framework} {faults:?}: {:?}, {} trials", seen.outcome, seen.trials);
        for finding in &seen.findings {
            println!("{:?} {:?} {}", finding.severity, finding.variant, finding.message);
        }
        seen.skipped.iter().for_each(|note| println!("skipped: {} — {}", note.what, note.why));
        seen
    };
    Some((observe(""), observe("loose")))
}

#[test]
fn malformed_input_leaves_a_careful_flask_program_alone_and_finds_a_careless_one() {
    let Some((careful, loose)) = both("flask", "malformed-input") else { return };
    assert_eq!((places(&errors(&careful)), careful.outcome), (Vec::new(), Outcome::Held));
    assert_eq!(places(&errors(&loose)), ["server-error notes GET /notes", "server-error notes POST /notes"]);
}

#[test]
fn malformed_input_leaves_a_careful_fastapi_program_alone_and_finds_a_careless_one() {
    let Some((careful, loose)) = both("fastapi", "malformed-input") else { return };
    assert_eq!((places(&errors(&careful)), careful.outcome), (Vec::new(), Outcome::Held));
    assert_eq!(places(&errors(&loose)), ["server-error notes POST /notes"]);
}

#[test]
fn malformed_input_leaves_a_careful_express_program_alone_and_finds_a_careless_one() {
    let Some((careful, loose)) = both("express", "malformed-input") else { return };
    assert_eq!((places(&errors(&careful)), careful.outcome), (Vec::new(), Outcome::Held));
    let found = places(&errors(&loose));
    for variant in ["died", "server-error"] {
        assert!(found.contains(&format!("{variant} notes POST /notes")), "no {variant} in {found:?}");
    }
    // One finding however many routes show a trace: it stands at the first that did, and names the others.
    let all = errors(&loose);
    let mut traces = all.iter().filter(|finding| finding.variant.as_deref() == Some("trace-leaked"));
    let trace = traces.next().map(|finding| finding.message.clone()).unwrap_or_default();
    assert!(trace.contains("POST /notes") && traces.next().is_none(), "{trace:?} in {found:?}");
}

#[test]
fn concurrent_users_find_the_lost_update_on_every_framework_and_nothing_in_its_twin() {
    for framework in ["flask", "fastapi", "express"] {
        let Some((careful, loose)) = both(framework, "concurrent-users") else { continue };
        assert_eq!((places(&errors(&careful)), careful.outcome), (Vec::new(), Outcome::Held), "{framework}");
        assert_eq!(places(&errors(&loose)).len(), 1, "{framework}");
        assert!(places(&errors(&loose))[0].starts_with("lost-update notes POST /notes/{"), "{framework}");
    }
}

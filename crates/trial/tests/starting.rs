//! How services are started, and what is said when they do not.

#![expect(clippy::panic, reason = "helpers of tests, outside the test functions that clippy knows")]

#[expect(dead_code, reason = "the tests of probes use the rest of it")]
mod trying;

use std::time::Duration;

use seaworthy_core::surface::{EntryPoint, Surface};
use seaworthy_core::{Outcome, Reason};
use seaworthy_trial::Tried;

use trying::{testing, tried};

const BUDGET: Duration = Duration::from_secs(60);

fn notes(faults: &str, more: &str) -> Tried {
    let plan = format!(
        "[[service]]\nname = \"notes\"\nstart = [\"python3\", \"notes.py\"]\nopenapi = \"/openapi.json\"\nenv = {{ FAULTS = \"{faults}\" }}\n{more}"
    );
    tried(&testing(), &plan, &Surface::default(), "replicas", BUDGET)
}

fn not_ready(tried: &Tried) -> (String, String) {
    match &tried.observations[0].outcome {
        Outcome::Inconclusive(Reason::NotReady { what, log }) => (what.clone(), log.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_module_is_named_and_no_command_is_made_up_for_one_nobody_knows() {
    let (what, log) = not_ready(&notes("needs-module", ""));
    assert!(
        what.contains("exited with status 1")
            && what.contains("it needs the Python module a_module_nobody_has")
            && what.contains("start = [\".venv/bin/python\", ..]")
            && !what.contains("pip install"),
        "{what}"
    );
    assert!(log.contains("ModuleNotFoundError"), "{log}");
}

#[test]
fn a_missing_variable_is_generated_and_said_to_be() {
    let tried = notes("needs-secret", "");
    assert_eq!(tried.observations[0].outcome, Outcome::Held);
    assert!(
        tried.inferred.iter().any(|inferred| inferred.what.contains("NOTES_SECRET = ")),
        "{:?}",
        tried.inferred
    );
}

#[test]
fn a_hard_coded_port_is_no_obstacle_in_a_network_of_its_own() {
    let tried = notes("hard-coded-port", "");
    match &tried.observations[0].outcome {
        Outcome::Held => {}
        // Without namespaces there is one network, and two copies cannot share a port in it.
        Outcome::Inconclusive(Reason::Environment { missing, .. }) => println!("skipped: {missing}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn gigabytes_of_output_do_no_harm() {
    assert_eq!(notes("talkative", "").observations[0].outcome, Outcome::Held);
}

#[test]
fn a_program_that_is_not_there_is_said() {
    let plan = "[[service]]\nname = \"x\"\nstart = [\"a-program-nobody-has\"]\n";
    let (what, _) = not_ready(&tried(&testing(), plan, &Surface::default(), "replicas", BUDGET));
    assert!(what.contains("`a-program-nobody-has` could not be started"), "{what}");
}

#[test]
fn without_a_start_line_the_likeliest_entry_is_started() {
    let plan = "[[service]]\nname = \"notes\"\nopenapi = \"/openapi.json\"\n";
    let entry = |file: &str| EntryPoint {
        command: vec!["python3".to_owned(), file.to_owned()],
        why: "it is called like one".to_owned(),
        listens: None,
        ports: Vec::new(),
        environment: Vec::new(),
    };
    let surface = Surface { entries: vec![entry("not_there.py"), entry("notes.py")], ..Surface::default() };
    let tried = tried(&testing(), plan, &surface, "replicas", BUDGET);
    assert_eq!(tried.observations[0].outcome, Outcome::Held);
    assert!(tried.inferred.iter().any(|inferred| inferred.what.contains("notes.py")), "{:?}", tried.inferred);
}

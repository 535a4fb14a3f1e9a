//! The probe `replicas` against notes with one fault at a time, and against its correct twin.

#![expect(clippy::print_stdout, reason = "helpers of tests, outside the test functions that clippy knows")]

#[expect(dead_code, reason = "the tests of other probes use the rest of it")]
mod trying;

use std::time::Duration;

use seaworthy_core::surface::Surface;
use seaworthy_core::{Observation, Outcome, Reason};

use trying::{errors, places, testing, tried};

const BUDGET: Duration = Duration::from_secs(60);

fn notes(faults: &str, more: &str) -> Observation {
    let plan = format!(
        "[[service]]\nname = \"notes\"\nstart = [\"python3\", \"notes.py\"]\nopenapi = \"/openapi.json\"\nenv = {{ FAULTS = \"{faults}\" }}\n{more}"
    );
    let mut tried = tried(&testing(), &plan, &Surface::default(), "replicas", BUDGET);
    let observation = tried.observations.remove(0);
    println!("{faults}: {:?} after {} trials", observation.outcome, observation.trials);
    observation
}

#[test]
fn sessions_and_data_in_a_shared_store_are_left_alone() {
    let seen = notes("", "");
    assert_eq!(seen.findings, []);
    assert_eq!(seen.outcome, Outcome::Held);
    assert!(seen.bound.is_some_and(|bound| bound.rate < 0.2 && bound.confidence >= 0.95));
}

#[test]
fn a_session_in_the_memory_of_one_process_is_found_at_the_login() {
    let seen = notes("session-in-memory", "");
    assert_eq!(seen.outcome, Outcome::Broken);
    assert_eq!(places(&errors(&seen)), ["session-not-shared notes POST /login"]);
    assert!(seen.findings[0].message.contains("GET /me answered 401"), "{}", seen.findings[0].message);
    assert_eq!(seen.artifacts.len(), 1);
}

#[test]
fn data_in_the_memory_of_one_process_is_one_finding_beside_the_session() {
    let seen = notes("data-in-memory", "");
    assert_eq!(
        places(&errors(&seen)),
        ["session-not-shared notes POST /login", "data-not-shared notes POST /signup"]
    );
}

#[test]
fn a_promised_session_is_judged_as_promised() {
    let promise = r#"
        [[service.promise]]
        kind = "session"
        login = { request = "POST /login", body = { username = "{user}", password = "Sw-{user}" } }
        check = "GET /me"
        carrier = "cookie"
    "#;
    assert_eq!(notes("", promise).outcome, Outcome::Held);
    assert_eq!(
        places(&errors(&notes("session-in-memory", promise))),
        ["session-not-shared notes POST /login"]
    );
}

#[test]
fn a_service_nobody_can_log_in_to_is_not_called_fit() {
    let plan = "[[service]]\nname = \"files\"\nstart = [\"python3\", \"-m\", \"http.server\", \"{port}\"]\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "hello").unwrap();
    let tried = tried(folder.path(), plan, &Surface::default(), "replicas", BUDGET);
    let outcome = &tried.observations[0].outcome;
    assert!(matches!(outcome, Outcome::Inconclusive(Reason::NoSubjectFound { .. })), "{outcome:?}");
}

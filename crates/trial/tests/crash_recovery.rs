//! The probe `crash-recovery` against notes with one fault at a time, and against its correct twin.

#![expect(clippy::print_stdout, reason = "helpers of tests, outside the test functions that clippy knows")]

#[expect(dead_code, reason = "the tests of other probes use the rest of it")]
mod trying;

use std::time::Duration;

use seaworthy_core::surface::Surface;
use seaworthy_core::{Location, Observation, Outcome, Reason};

use trying::{errors, places, testing, tried};

fn notes(faults: &str, budget_s: u64) -> Observation {
    let plan = format!(
        "[[service]]\nname = \"notes\"\nstart = [\"python3\", \"notes.py\"]\nopenapi = \"/openapi.json\"\nenv = {{ FAULTS = \"{faults}\" }}\n"
    );
    let mut tried =
        tried(&testing(), &plan, &Surface::default(), "crash-recovery", Duration::from_secs(budget_s));
    let observation = tried.observations.remove(0);
    println!("{faults}: {:?} after {} rounds", observation.outcome, observation.trials);
    observation
}

#[test]
fn what_is_replaced_by_rename_before_the_answer_survives_every_kill() {
    let seen = notes("", 120);
    assert_eq!(seen.findings, []);
    assert_eq!(seen.outcome, Outcome::Held);
    assert!(seen.trials >= 14);
    assert!(seen.bound.is_some_and(|bound| bound.rate < 0.2));
}

#[test]
fn what_a_key_wrote_is_read_with_that_key_and_not_with_a_new_one() {
    let plan =
        "[[service]]\nname = \"keys\"\nstart = [\"python3\", \"keys.py\"]\nopenapi = \"/openapi.json\"\n";
    let seen = tried(&testing(), plan, &Surface::default(), "crash-recovery", Duration::from_secs(40))
        .observations
        .remove(0);
    assert_eq!(seen.findings, [], "{:?}", seen.outcome);
    assert!(seen.trials > 0, "{:?}", seen.outcome);
}

#[test]
fn too_little_time_is_said_with_the_budget_that_would_do() {
    let seen = notes("", 6);
    match &seen.outcome {
        Outcome::Inconclusive(Reason::Budget { reached, needed, budget }) => {
            assert!(reached.rate > needed.rate && budget.ends_with('s'), "{reached} {needed} {budget}");
        }
        // Nothing at all was done in that time.
        Outcome::Inconclusive(Reason::NoTrials | Reason::ControlFailed { .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_to_disk_now_and_then_is_found_lost() {
    let seen = notes("flush-later", 60);
    assert_eq!(seen.outcome, Outcome::Broken);
    assert_eq!(places(&errors(&seen)), ["lost-acknowledged notes POST /signup"]);
    assert!(seen.findings[0].message.contains("on a fresh copy"), "{}", seen.findings[0].message);
}

#[test]
fn a_file_rewritten_in_place_is_found_torn() {
    let seen = notes("torn-file", 60);
    assert_eq!(places(&errors(&seen)), ["corrupt-file notes POST /signup"]);
    let file = Location::Artifact { path: ".seaworthy-data/notes.json".to_owned() };
    assert!(seen.findings[0].related.iter().any(|related| related.location == file));
}

#[test]
fn a_service_that_trips_over_its_own_lock_is_found_down() {
    let seen = notes("stale-lock", 60);
    let errors = errors(&seen);
    assert_eq!(errors.len(), 1, "{:?}", seen.outcome);
    assert_eq!(errors[0].variant.as_deref(), Some("does-not-restart"));
    assert!(errors[0].message.contains("another instance is running"), "{}", errors[0].message);
}

#[test]
fn what_is_lost_without_a_kill_is_not_blamed_on_it() {
    let seen = notes("lost-update", 60);
    assert_eq!(seen.outcome, Outcome::Broken);
    let found = places(&errors(&seen));
    assert!(
        !found.is_empty() && found.iter().all(|one| one.starts_with("lost-under-load notes ")),
        "{found:?}"
    );
}

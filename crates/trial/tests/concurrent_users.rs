//! The probe `concurrent-users` against a shop with one race at a time, and against its correct twin.

mod trying;

use std::time::Duration;

use seaworthy_core::{Observation, Outcome, Reason};

use trying::{errors, observed, places, shop};

const BUDGET: Duration = Duration::from_secs(90);

/// One part of the desk of `testing/` with these faults.
fn desk(part: &str, faults: &str) -> Observation {
    let plan = format!(
        "[[service]]\nname = \"desk\"\nstart = [\"python3\", \"desk.py\"]\nenv = {{ FAULTS = \"{faults}\", PART = \"{part}\" }}\nopenapi = \"/openapi.json\"\n"
    );
    observed(faults, &plan, "concurrent-users", BUDGET)
}

/// The wiki of `testing/` with these faults.
fn wiki(faults: &str) -> Observation {
    let plan = format!(
        "[[service]]\nname = \"wiki\"\nstart = [\"python3\", \"wiki.py\"]\nenv = {{ FAULTS = \"{faults}\" }}\nopenapi = \"/openapi.json\"\n"
    );
    observed(faults, &plan, "concurrent-users", BUDGET)
}

#[test]
fn two_versions_of_one_number_are_found_and_what_nothing_counts_is_not_said_to_have_held() {
    let seen = wiki("version-race");
    assert_eq!(places(&errors(&seen)), ["lost-update wiki PUT /pages/{slug}"], "{:?}", seen.skipped);
    let sound = wiki("");
    assert_eq!((sound.findings, sound.outcome), (vec![], Outcome::Held));
    let unraced = |what: &str| what.contains("users at the same moment at") && what.contains("POST /pages");
    assert!(sound.skipped.iter().any(|one| unraced(&one.what)), "{:?}", sound.skipped);
}

#[test]
fn a_service_whose_database_decides_is_left_alone() {
    let seen = shop("", "", "concurrent-users", BUDGET);
    assert_eq!(seen.findings, []);
    assert_eq!(seen.outcome, Outcome::Held);
    // Three subjects: the stock, the user name, the coupon.
    assert!(seen.trials >= 60, "{} rounds", seen.trials);
    assert!(seen.bound.is_some_and(|bound| bound.rate < 0.14));
}

#[test]
fn a_stock_that_is_read_and_then_written_is_found() {
    let seen = shop("oversell", "", "concurrent-users", BUDGET);
    assert_eq!(seen.outcome, Outcome::Broken);
    let found = places(&errors(&seen));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("shop POST /items/{id}/buy"), "{found:?}");
    assert!(
        seen.findings[0].reproduce.iter().any(|line| line.contains("seq ")),
        "{:#?}",
        seen.findings[0].reproduce
    );
}

#[test]
fn a_stock_named_by_a_promise_is_found_too() {
    let promise = "[[service.promise]]\nkind = \"stock\"\ntake = \"POST /items/{id}/buy\"\nbody = { quantity = 1 }\nlevel = \"GET /items/{id}\"\nvalue = \"json:/stock\"\n[[service.promise]]\nkind = \"resource\"\ncreate = \"POST /items\"\nid = \"json:/id\"\nread = \"GET /items/{id}\"\n";
    let seen = shop("oversell", promise, "concurrent-users", BUDGET);
    assert!(
        places(&errors(&seen)).iter().any(|place| place.ends_with("POST /items/{id}/buy")),
        "{:?}",
        seen.outcome
    );
}

#[test]
fn a_user_name_that_two_can_register_is_found() {
    let seen = shop("duplicate-users", "", "concurrent-users", BUDGET);
    assert_eq!(places(&errors(&seen)), ["used-twice shop POST /register"]);
}

#[test]
fn a_coupon_that_is_redeemed_twice_is_found() {
    let seen = shop("double-redeem", "", "concurrent-users", BUDGET);
    assert_eq!(places(&errors(&seen)), ["used-twice shop POST /redeem"]);
}

#[test]
fn a_database_that_is_locked_only_when_users_come_together_is_found() {
    let seen = shop("locked", "", "concurrent-users", BUDGET);
    assert_eq!(places(&errors(&seen)), ["server-error shop POST /items/{id}/buy"]);
}

#[test]
fn a_service_that_counts_nothing_is_not_said_to_have_held() {
    let plan = "[[service]]\nname = \"still\"\nstart = [\"python3\", \"-m\", \"http.server\", \"{port}\", \"--bind\", \"127.0.0.1\"]\n";
    let folder = tempfile::tempdir().unwrap();
    let tried = trying::tried(folder.path(), plan, &Default::default(), "concurrent-users", BUDGET);
    assert!(
        matches!(tried.observations[0].outcome, Outcome::Inconclusive(Reason::NoSubjectFound { .. })),
        "{:?}",
        tried.observations[0].outcome
    );
}

#[test]
fn a_balance_that_is_lost_is_found_though_the_statement_adds_up_and_only_a_list_shows_it() {
    let seen = desk("wallets", "lost-deposit");
    assert_eq!(places(&errors(&seen)), ["lost-update desk POST /wallets/{id}/deposit"], "{:?}", seen.skipped);
    assert!(errors(&seen)[0].message.contains("GET /wallets says"), "{}", errors(&seen)[0].message);
    // A number that reading changes as well says nothing, and keeps nobody from watching the others.
    for sound in [desk("wallets", ""), desk("wallets", "counts-reads")] {
        assert_eq!((sound.findings, sound.outcome), (vec![], Outcome::Held));
    }
    let seen = desk("wallets", "lost-deposit,counts-reads");
    assert_eq!(places(&errors(&seen)), ["lost-update desk POST /wallets/{id}/deposit"], "{:?}", seen.skipped);
}

#[test]
fn a_conflict_that_the_store_refuses_and_nobody_catches_is_to_be_answered_409() {
    let seen = desk("members", "uncaught-conflict");
    assert_eq!(places(&errors(&seen)), ["server-error desk POST /members"], "{:?}", seen.skipped);
    let advice = errors(&seen)[0].advice.clone().unwrap();
    assert!(advice.contains("UNIQUE constraint failed: members.email") && advice.contains("409"), "{advice}");
    let sound = desk("members", "");
    assert_eq!((sound.findings, sound.outcome), (vec![], Outcome::Held));
}

#[test]
fn a_lock_that_times_out_is_not_taken_for_a_conflict() {
    let seen = shop("locked", "", "concurrent-users", BUDGET);
    let advice = errors(&seen)[0].advice.clone().unwrap();
    assert!(advice.contains("timeout") && !advice.contains("409"), "{advice}");
}

//! The probe `malformed-input` against a shop with one fault at a time, and against its correct twin.

mod trying;

use std::time::Duration;

use seaworthy_core::{Outcome, Severity};

use trying::{errors, places, shop};

const BUDGET: Duration = Duration::from_secs(40);

#[test]
fn a_service_that_checks_its_input_is_left_alone() {
    let seen = shop("", "", "malformed-input", BUDGET);
    assert_eq!(seen.findings, []);
    assert_eq!(seen.outcome, Outcome::Held);
    assert!(seen.trials > 300, "{} trials", seen.trials);
    assert!(seen.bound.is_some_and(|bound| bound.rate < 0.01));
}

#[test]
fn a_field_of_another_type_that_is_answered_500_is_found_at_its_route_and_line() {
    let seen = shop("wrong-type", "", "malformed-input", BUDGET);
    assert_eq!(seen.outcome, Outcome::Broken);
    assert_eq!(places(&errors(&seen)), ["server-error shop POST /items"]);
    let message = &seen.findings[0].message;
    assert!(
        message.contains("AttributeError in create_item (shop.py:")
            && message.contains("2 of 2 fresh copies"),
        "{message}"
    );
    assert!(seen.findings.iter().all(|finding| finding.reproduce.iter().any(|line| line.contains("curl"))));
    assert!(!seen.artifacts.is_empty());
}

#[test]
fn a_repeated_query_key_that_hangs_is_found() {
    let seen = shop("hung", "", "malformed-input", BUDGET);
    assert_eq!(places(&errors(&seen)), ["hung shop GET /search"]);
}

#[test]
fn one_request_that_ends_the_process_is_found() {
    let seen = shop("died", "", "malformed-input", BUDGET);
    assert_eq!(places(&errors(&seen)), ["died shop POST /register"]);
}

#[test]
fn a_query_parameter_of_another_type_is_found() {
    let seen = shop("query-type", "", "malformed-input", BUDGET);
    assert_eq!(places(&errors(&seen)), ["server-error shop GET /search"]);
}

#[test]
fn a_stack_trace_in_the_answer_is_one_finding_however_many_routes_show_it() {
    let seen = shop("trace", "", "malformed-input", BUDGET);
    assert_eq!(errors(&seen).len(), 1, "{:?}", places(&errors(&seen)));
    assert_eq!(errors(&seen)[0].variant.as_deref(), Some("trace-leaked"));
}

#[test]
fn what_the_document_refuses_and_the_service_accepts_is_a_warning() {
    let seen = shop("accepted", "", "malformed-input", BUDGET);
    assert_eq!(seen.outcome, Outcome::Held);
    let warnings: Vec<_> =
        seen.findings.iter().filter(|finding| finding.severity == Severity::Warning).collect();
    assert_eq!(places(&warnings), ["accepted shop POST /items"]);
}

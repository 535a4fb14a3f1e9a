//! The probe `malformed-input` against a shop with one fault at a time, and against its correct twin.

mod trying;

use std::time::Duration;

use seaworthy_core::surface::{Input, InputKind, InputPlace, Route, Surface};
use seaworthy_core::{Observation, Outcome, Reason, Severity};

use trying::{errors, observed, places, shop};

const BUDGET: Duration = Duration::from_secs(40);

/// The bookings of the desk of `testing/` with these faults.
fn bookings(faults: &str) -> Observation {
    let plan = format!(
        "[[service]]\nname = \"desk\"\nstart = [\"python3\", \"desk.py\"]\nenv = {{ FAULTS = \"{faults}\" }}\nopenapi = \"/openapi.json\"\n"
    );
    observed(faults, &plan, "malformed-input", BUDGET)
}

/// The wiki of `testing/` with these faults.
fn wiki(faults: &str) -> Observation {
    let plan = format!(
        "[[service]]\nname = \"wiki\"\nstart = [\"python3\", \"wiki.py\"]\nenv = {{ FAULTS = \"{faults}\" }}\nopenapi = \"/openapi.json\"\n"
    );
    observed(faults, &plan, "malformed-input", BUDGET)
}

#[test]
fn a_field_is_tried_however_much_the_fields_before_it_accept() {
    let seen = wiki("wrong-type");
    assert_eq!(places(&errors(&seen)), ["server-error wiki POST /pages"], "{:?}", seen.skipped);
    let sound = wiki("");
    assert_eq!(errors(&sound), Vec::<&seaworthy_core::Finding>::new());
    assert_eq!(sound.outcome, Outcome::Held);
    assert!(sound.findings.iter().all(|finding| finding.variant.as_deref() == Some("accepted")));
}

#[test]
fn who_is_known_by_a_key_takes_one_where_it_is_given() {
    let keyed = |faults: &str, identity: &str| {
        let plan = format!(
            "[[service]]\nname = \"wiki\"\nstart = [\"python3\", \"wiki.py\"]\nenv = {{ FAULTS = \"{faults}\", KEYED = \"1\" }}\nopenapi = \"/openapi.json\"\n{identity}"
        );
        observed(faults, &plan, "malformed-input", BUDGET)
    };
    let identity = "[[service.identity]]\nname = \"robin\"\nlogin = \"POST /keys\"\ncarrier = \"header X-API-Key json:/api_key\"\n";
    for identity in ["", identity] {
        let seen = keyed("wrong-type", identity);
        assert_eq!(places(&errors(&seen)), ["server-error wiki POST /pages"], "{:?}", seen.skipped);
    }
    let sound = keyed("", "");
    assert_eq!(errors(&sound), Vec::<&seaworthy_core::Finding>::new());
    assert_eq!(sound.outcome, Outcome::Held);
}

#[test]
fn operations_that_fail_at_one_line_share_the_cause_and_others_do_not() {
    let seen = wiki("one-line,wrong-type");
    let cause = |route: &str| {
        let of = |one: &&&seaworthy_core::Finding| one.primary.to_string().ends_with(route);
        errors(&seen).iter().find(of).map(|one| (one.cause, one.fingerprint)).unwrap()
    };
    let (read, view) = (cause("GET /pages/{slug}"), cause("GET /view/{slug}"));
    assert_eq!(read.0, view.0);
    assert_ne!(read.1, view.1);
    assert_ne!(read.0, cause("POST /pages").0);
}

#[test]
fn what_is_accepted_and_cannot_be_read_afterwards_is_found_with_both_requests() {
    for (faults, variant, said) in [
        ("unreadable", "server-error", "then answers 500"),
        ("unreadable-ends", "died", "then ends the process"),
    ] {
        let seen = wiki(faults);
        let places = places(&errors(&seen));
        assert!(
            places.contains(&format!("{variant} wiki PUT /pages/{{slug}}")),
            "{places:?} {:?}",
            seen.skipped
        );
        assert!(places.iter().all(|place| place.starts_with(variant)), "{places:?}");
        let changes = |one: &&&seaworthy_core::Finding| one.primary.to_string().contains("PUT");
        let all = errors(&seen);
        let found = all.iter().find(changes).unwrap();
        assert!(
            found.message.contains("and GET /view/{slug}") && found.message.contains(said),
            "{}",
            found.message
        );
        let asks =
            |what: &str| found.reproduce.iter().any(|line| line.contains("curl -sS") && line.contains(what));
        assert!(asks("-X PUT") && asks("/view/"), "{:#?}", found.reproduce);
    }
}

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

/// The routes of the shop that its thin document tells of, as they would be read from its source.
fn routes() -> Surface {
    let field =
        |name: &str, kind| Input { name: name.to_owned(), place: InputPlace::Json, kind, required: true };
    let route = |path: &str, inputs: Vec<Input>| Route {
        method: "POST".to_owned(),
        path: path.to_owned(),
        handler: None,
        inputs,
    };
    let user = || vec![field("username", InputKind::Text), field("password", InputKind::Text)];
    let (text, whole) = (InputKind::Text, InputKind::Integer);
    let item = vec![field("name", text), field("price", whole), field("stock", whole)];
    Surface {
        routes: vec![route("/register", user()), route("/login", user()), route("/items", item)],
        ..Surface::default()
    }
}

fn with_a_thin_document(faults: &str, surface: &Surface) -> Observation {
    let plan = format!(
        "[[service]]\nname = \"shop\"\nstart = [\"python3\", \"shop.py\"]\nenv = {{ FAULTS = \"{faults}\" }}\nopenapi = \"thin.json\"\n"
    );
    trying::tried(&trying::testing(), &plan, surface, "malformed-input", BUDGET).observations.remove(0)
}

#[test]
fn a_service_whose_valid_requests_are_refused_is_not_said_to_have_held() {
    for faults in ["undocumented", "undocumented,wrong-type"] {
        let seen = with_a_thin_document(faults, &Surface::default());
        assert!(
            matches!(&seen.outcome, Outcome::Inconclusive(Reason::ControlFailed { what }) if what.contains("POST /items (")),
            "{:?}",
            seen.outcome
        );
        assert!(
            seen.skipped.iter().any(|one| one.what == "malformed requests to POST /items"),
            "{:?}",
            seen.skipped
        );
    }
}

#[test]
fn what_a_thin_document_leaves_out_is_taken_from_the_source() {
    let seen = with_a_thin_document("undocumented,wrong-type", &routes());
    assert_eq!(places(&errors(&seen)), ["server-error shop POST /items"]);
    let sound = with_a_thin_document("undocumented", &routes());
    assert_eq!((sound.findings, sound.outcome), (vec![], Outcome::Held));
}

#[test]
fn what_a_thin_document_leaves_out_is_taken_from_the_one_that_is_served() {
    let seen = with_a_thin_document("wrong-type", &Surface::default());
    assert_eq!(places(&errors(&seen)), ["server-error shop POST /items"]);
    let sound = with_a_thin_document("", &Surface::default());
    assert_eq!((sound.findings, sound.outcome), (vec![], Outcome::Held));
}

#[test]
fn what_the_document_refuses_and_the_service_accepts_is_a_warning() {
    let seen = shop("accepted", "", "malformed-input", BUDGET);
    assert_eq!(seen.outcome, Outcome::Held);
    let warnings: Vec<_> =
        seen.findings.iter().filter(|finding| finding.severity == Severity::Warning).collect();
    assert_eq!(places(&warnings), ["accepted shop POST /items"]);
}

#[test]
fn what_needs_a_thing_that_is_there_is_repeated_with_such_a_thing_and_no_more() {
    let seen = bookings("wrong-type");
    assert_eq!(places(&errors(&seen)), ["server-error desk PATCH /bookings/{id}"], "{:?}", seen.skipped);
    let lines = &errors(&seen)[0].reproduce;
    let requests = lines.iter().filter(|line| line.contains("curl -sS")).count();
    // A provider, a booking with it, the change.
    assert_eq!(requests, 3, "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("GET") || line.contains("/providers\"\n")), "{lines:#?}");
    let sound = bookings("");
    assert_eq!((sound.findings, sound.outcome), (vec![], Outcome::Held));
}

#[test]
fn what_the_log_says_of_another_request_is_not_quoted() {
    let seen = bookings("late-log,silent");
    let of = |route: &str| {
        let finding = seen.findings.iter().find(|one| one.primary.to_string().ends_with(route)).unwrap();
        finding.message.clone()
    };
    let (silent, late) = (of("POST /providers"), of("POST /bookings"));
    assert!(!silent.contains("create_booking") && !silent.contains("desk.py"), "{silent}");
    assert!(late.contains("in create_booking (desk.py:"), "{late}");
}

//! The probe `password-guessing` against notes with one fault at a time, and against its correct twin.

#[expect(dead_code, reason = "the tests of other probes use the rest of it")]
mod trying;

use std::time::Duration;

use seaworthy_core::surface::Surface;
use seaworthy_core::{Observation, Outcome, Reason, Severity};

use trying::{errors, observed, places, tried};

const BUDGET: Duration = Duration::from_secs(60);

fn notes(faults: &str) -> Observation {
    let plan = format!(
        "[[service]]\nname = \"notes\"\nstart = [\"python3\", \"notes.py\"]\nopenapi = \"/openapi.json\"\nenv = {{ FAULTS = \"{faults}\" }}\n"
    );
    observed(faults, &plan, "password-guessing", BUDGET)
}

#[test]
fn a_login_that_closes_an_account_for_a_while_is_left_alone() {
    for faults in ["", "silent-limit", "cookie-for-everybody"] {
        let seen = notes(faults);
        assert_eq!(seen.findings, []);
        assert_eq!(seen.outcome, Outcome::Held);
    }
}

#[test]
fn a_login_that_answers_ever_later_is_left_alone() {
    let seen = notes("unlimited-login,slow-limit");
    assert_eq!(seen.findings, []);
    assert_eq!(seen.outcome, Outcome::Held);
}

#[test]
fn guesses_without_end_are_found() {
    let seen = notes("unlimited-login");
    assert_eq!(seen.outcome, Outcome::Broken);
    assert_eq!(places(&errors(&seen)), ["unlimited-guesses notes POST /login"]);
    let finding = &seen.findings[0];
    assert!(finding.message.contains("100 wrong passwords for one account"), "{}", finding.message);
    assert!(
        finding.reproduce.iter().any(|line| line.starts_with("for i in $(seq 100)")),
        "{:?}",
        finding.reproduce
    );
    assert_eq!(seen.artifacts.len(), 1);
}

#[test]
fn a_name_beside_a_password_is_the_user_s() {
    let seen = notes("name-for-username");
    assert_eq!((seen.findings.as_slice(), &seen.outcome), (&[][..], &Outcome::Held));
}

#[test]
fn a_refusal_that_looks_like_a_login_is_told_from_one() {
    let seen = notes("unlimited-login,cookie-for-everybody");
    assert_eq!(places(&errors(&seen)), ["unlimited-guesses notes POST /login"]);
}

#[test]
fn a_login_that_refuses_everybody_after_guesses_is_not_said_to_limit_them() {
    let seen = notes("unlimited-login,broken-by-guesses");
    assert_eq!(seen.findings, []);
    let told = matches!(&seen.outcome, Outcome::Inconclusive(Reason::ControlFailed { what }) if what.contains("another is refused"));
    assert!(told, "{:?}", seen.outcome);
}

#[test]
fn any_password_that_lets_in_is_found() {
    let seen = notes("any-password");
    assert_eq!(places(&errors(&seen)), ["wrong-password-lets-in notes POST /login"]);
}

#[test]
fn answers_and_times_that_tell_who_has_an_account_are_found() {
    let seen = notes("enumeration-by-answer");
    assert_eq!(places(&errors(&seen)), ["enumeration-by-answer notes POST /login"]);
    let seen = notes("enumeration-by-timing");
    assert_eq!(places(&errors(&seen)), Vec::<String>::new());
    assert_eq!(
        places(&seen.findings.iter().collect::<Vec<_>>()),
        ["enumeration-by-timing notes POST /login"]
    );
    assert_eq!(seen.findings[0].severity, Severity::Warning);
}

#[test]
fn a_service_nobody_can_log_in_to_is_not_called_fit() {
    let plan = "[[service]]\nname = \"files\"\nstart = [\"python3\", \"-m\", \"http.server\", \"{port}\"]\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "hello").unwrap();
    let tried = tried(folder.path(), plan, &Surface::default(), "password-guessing", BUDGET);
    let outcome = &tried.observations[0].outcome;
    assert!(matches!(outcome, Outcome::Inconclusive(Reason::NoSubjectFound { .. })), "{outcome:?}");
}

//! Whether a login lets passwords be guessed without end, and whether it tells who has an account.
//!
//! Everybody reuses passwords, and lists of a billion of them are traded. A login that takes any number of guesses lets a machine try a
//! thousand a minute; one that answers "no such user", or answers faster when there is none, says first whose passwords are worth trying.
//!
//! A fresh user registers and logs in. The controls: the right password is let in, and a wrong one is not. The challenge: a hundred wrong
//! passwords for that one account, one after the other from one address, each another one; then the right password. NIST SP 800-63B, 5.2.2:
//! "the verifier SHALL limit consecutive failed authentication attempts on a single account to no more than 100". A login holds when guesses are
//! refused otherwise after a while and the right password with them, or when each answer takes ever longer. An alarm is tried again with another
//! user on a fresh copy.
//!
//! Before that, wrong passwords of users and names that nobody has are sent in pairs, in random order. Answers that differ tell who has an account;
//! so does the time, when the sign of the difference is so one-sided that a bet on it (Beta(½,½), looked at after every pair) has won a thousandfold,
//! and again on a fresh copy.
//!
//! ## What is reported
//!
//! - **error** `unlimited-guesses`: a hundred wrong passwords, and the account is still open;
//! - **error** `wrong-password-lets-in`: a password that is not the user's was answered with a session that works;
//! - **error** `enumeration-by-answer`: an unknown name and a wrong password are answered differently;
//! - **warning** `enumeration-by-timing`: the same by the clock.
//!
//! ## What it cannot see
//!
//! A limit in front of the service (a proxy, an identity provider) that is not part of what is started here. A limit per address that many
//! addresses walk around: what is tried comes from one. Fewer pairs than a limit leaves room for say nothing about time.
//!
//! ## What to do
//!
//! Count failed tries per account and per address where every copy sees them, and refuse for a while before the hash is computed. Answer
//! "wrong name or password" in both cases, after the same work: check against a dummy hash when there is no such user.

mod enumeration;
mod guesses;
mod login;
mod report;

use std::time::Instant;

use seaworthy_core::{FailureMode, Need, NotChecked, Reason, RuleId};

use self::enumeration::{Enumeration, ask};
use self::guesses::{Came, guess};
use self::login::Login;
use super::{Meta, Probe};
use crate::arena::{Arena, Evidence, Stop};
use crate::proposal;
use crate::schema::Purpose;
use crate::service::Running;
use crate::subject::find_session;

/// The probe.
pub static PROBE: Probe = Probe {
    meta: Meta {
        id: RuleId::known("password-guessing"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a login limits guesses, and does not tell who has an account",
        variants: &[
            "unlimited-guesses",
            "wrong-password-lets-in",
            "enumeration-by-answer",
            "enumeration-by-timing",
        ],
        // It is one deterministic course, and not a rate.
        bound_needed: None,
        confirms: &["missing-rate-limit", "user-enumeration"],
        budget_ms: 120_000,
        source: include_str!("mod.rs"),
    },
    run,
};

fn run(arena: &Arena<'_>, evidence: &mut Evidence) -> Result<(), Stop> {
    let first = arena.start()?;
    let login = find_login(arena, evidence, &first)?;
    let told = ask(arena, &login, &first, "pairs", arena.deadline);
    evidence.trials += told.pairs;
    drop(first);
    let came = tried(arena, evidence, &login, "guess", arena.deadline)?;
    let alarm = came.is_alarm() || told.answers.is_some() || told.is_told_by_time();
    if !alarm {
        return untold(evidence, &told);
    }
    arena.step("seen; trying it again on a fresh copy", 0, None);
    confirm(arena, evidence, &login, &told, &came)
}

/// Who can log in, and what is sent to do it.
fn find_login(arena: &Arena<'_>, evidence: &mut Evidence, running: &Running) -> Result<Login, Stop> {
    arena.step("looking for who can log in", 0, None);
    let session = find_session(arena, &running.visitor(), &arena.label("find"));
    let promise = proposal::session(arena.operations);
    let Some(session) = session else {
        return Err(match arena.operations.of(Purpose::Login).next() {
            Some(login) => {
                Reason::ControlFailed { what: format!("no fresh user got in by {login}:\n{promise}") }.into()
            }
            None => arena.no_subject("login", &promise),
        });
    };
    evidence.inferred.extend(session.inferred.clone());
    let Some(mut login) = Login::of(&session) else {
        if session.is_given_once {
            return Err(arena.no_subject("login with a password", &promise));
        }
        let (_, method, route) = &session.login;
        let what = format!("no fields of {method} {route} are called a name and a password");
        return Err(Reason::ControlFailed { what }.into());
    };
    login.doubt_proof(running, &arena.label("doubt"));
    Ok(login)
}

/// Guesses on a fresh copy; what was tried counts.
fn tried(
    arena: &Arena<'_>,
    evidence: &mut Evidence,
    login: &Login,
    label: &str,
    until: Instant,
) -> Result<Came, Stop> {
    let running = arena.start()?;
    let came = guess(arena, login, &running, label, until)?;
    evidence.trials += came.guesses;
    Ok(came)
}

/// What comes again on a fresh copy with other users is a finding.
fn confirm(
    arena: &Arena<'_>,
    evidence: &mut Evidence,
    login: &Login,
    told: &Enumeration,
    came: &Came,
) -> Result<(), Stop> {
    let mut stray = None;
    if came.is_alarm() {
        // It takes as long as before, whatever is left.
        let until = arena.deadline.max(Instant::now() + came.took * 2);
        match tried(arena, evidence, login, "again", until) {
            Ok(again) if again.kind == came.kind => report::guesses(arena, evidence, login, &again),
            Ok(_) => stray = Some((came.said(), 1)),
            Err(why) => return Err(why),
        }
    }
    if told.answers.is_some() || told.is_told_by_time() {
        let running = arena.start()?;
        let until = arena.deadline.max(Instant::now() + told.took * 2);
        let again = ask(arena, login, &running, "pairs again", until);
        evidence.trials += again.pairs;
        match (&told.answers, &again.answers) {
            (Some(_), Some(answers)) => report::answers(arena, evidence, login, answers, again.pairs),
            (Some((wrong, _)), None) => {
                stray = Some((
                    format!("an unknown name was answered otherwise than {}", wrong.told()),
                    again.pairs,
                ));
            }
            (None, _) if !told.is_told_by_time() => {}
            _ if again.is_told_by_time() => report::time(arena, evidence, login, told, &again),
            _ => {
                let what = "unknown names were answered sooner or later than wrong passwords".to_owned();
                stray = Some((what, again.pairs));
            }
        }
    }
    match stray {
        Some((what, tried)) if evidence.findings.is_empty() => {
            let tried = u32::try_from(tried).unwrap_or(u32::MAX);
            Err(Reason::NotReproduced { what, seen: 0, tried }.into())
        }
        Some((what, tried)) => {
            let why = format!("it was seen once, and not again in {tried} trials on a fresh copy");
            evidence.skipped.push(NotChecked { what, why });
            Ok(())
        }
        None => Ok(()),
    }
}

/// Where too few pairs could be compared, that is said.
fn untold(evidence: &mut Evidence, told: &Enumeration) -> Result<(), Stop> {
    let why = told.why.as_deref().unwrap_or("no more were sent");
    if told.pairs < enumeration::COMPARABLE {
        let what = format!(
            "guesses were limited; whether answers tell who has an account was not seen, {} pairs could be compared: {why}",
            told.pairs
        );
        return Err(Reason::ControlFailed { what }.into());
    }
    if told.pairs < enumeration::ENOUGH {
        evidence.skipped.push(NotChecked {
            what: "whether the time of an answer tells who has an account".to_owned(),
            why: format!(
                "{} pairs could be compared, and {} are needed: {why}",
                told.pairs,
                enumeration::ENOUGH
            ),
        });
    }
    Ok(())
}

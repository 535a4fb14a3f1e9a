//! `concurrent-users`: lets many users do the same thing at the same moment, and checks what must hold whoever comes first.
//!
//! **What it looks for.** It finds, by trying and not by names, operations that count (a stock, a balance, votes: a number that each call
//! changes by the same amount) and operations that succeed only once (the same user name, a coupon, the last piece). Then it sends the
//! same requests at one moment: connections opened before, all bytes but the last sent before, the last bytes released together.
//!
//! - `lost-update`: a number did not change by as much as was acknowledged. Every number is watched that one call in sequence changes.
//! - `oversold`: more was given out than there was.
//! - `used-twice`: what succeeds once in sequence succeeded more than once together.
//! - `server-error`: 500 (such as "database is locked") only when requests come together.
//! - `hung`: no answer only when requests come together: a deadlock.
//!
//! **Why.** Reading, deciding and then writing is right for one user and wrong for two: between the reading and the writing of the one
//! comes the other. Functional tests never show it. Nine of forty services read in whole had it.
//!
//! **How to fix it.** Let the database decide: `UPDATE … SET stock = stock - 1 WHERE id = ? AND stock >= 1` and look at the number of
//! rows; a UNIQUE constraint; a transaction that locks what it read (`SELECT … FOR UPDATE`, `BEGIN IMMEDIATE`), with a busy timeout.
//!
//! The proof of a race is that the same requests, one after the other, do no harm: they are sent so before and after every alarm. An alarm
//! is repeated on a fresh copy. What holds for all rounds holds with the bound stated, and not more.

mod race;
mod report;
mod subject;

use std::time::{Duration, Instant};

use seaworthy_core::limits::{RACE_ANSWER_TIMEOUT_MS, RACE_ROUNDS, RACE_USERS};
use seaworthy_core::{Bound, BoundNeeded, FailureMode, Need, NotChecked, Reason, RuleId, Severity};

use self::race::{Broken, Round};
use self::subject::{Found, Kind, Subject};
use super::{Meta, Probe};
use crate::arena::{Arena, Evidence, Stop};
use crate::proposal;
use crate::schema::{Fresh, Visitor};
use crate::service::Running;

/// The probe.
pub static PROBE: Probe = Probe {
    meta: Meta {
        id: RuleId::known("concurrent-users"),
        version: 3,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "users at the same moment do one another no harm",
        variants: &["lost-update", "oversold", "used-twice", "server-error", "hung"],
        // Twenty rounds without a failure rule out 13.9% at 95%: what rule 9 of the measurements asks for.
        bound_needed: Some(BoundNeeded { rate: 0.14, confidence: 0.95 }),
        confirms: &["check-then-act", "missing-transaction"],
        // A most: twenty-two rounds for each thing raced for end it sooner, unless the machine is busy.
        budget_ms: 180_000,
        source: include_str!("mod.rs"),
    },
    run,
};

/// What a plan would say.
/// The part of the budget after which no further subject is begun; what is begun is finished.
const BEGINNING: f64 = 0.9;

/// Fresh copies on which an alarm is repeated, and rounds on each.
const REPEATS: u32 = 2;
const REPEATED_ROUNDS: u32 = 10;

fn run(arena: &Arena<'_>, evidence: &mut Evidence) -> Result<(), Stop> {
    let budget = arena.remaining();
    let begun = Instant::now();
    let mut stage = Stage::new(arena, "scout")?;
    evidence.inferred.extend(stage.visitor.session.inferred.iter().cloned());
    arena.step("looking for what is counted and what succeeds once", 0, None);
    let found = subject::find(&mut stage, begun + budget / 3);
    evidence.skipped.extend(found.skipped.iter().cloned());
    evidence.inferred.extend(found.subjects.iter().map(Subject::inferred));
    let Found { subjects, unknown, .. } = found;
    if subjects.is_empty() {
        let what = "counted resource or thing that succeeds once";
        let promise = proposal::stock(arena.operations);
        // Whether an operation that never succeeded counts something is not known, however complete the surface is.
        return Err(if unknown {
            Stop::Inconclusive(Reason::NoSubjectFound { what: what.to_owned(), promise })
        } else {
            arena.no_subject(what, &promise)
        });
    }
    let total = subjects.len() as u64;
    let mut fewest: Option<u64> = None;
    let mut doubt = None;
    for (done, subject) in subjects.iter().enumerate() {
        arena.step("racing", done as u64, Some(total));
        if begun.elapsed() > budget.mul_f64(BEGINNING) {
            let why = "the time was up; a longer --budget would".to_owned();
            evidence.skipped.push(NotChecked { what: format!("concurrent {}", subject.label()), why });
            continue;
        }
        let share = arena.remaining() / u32::try_from(subjects.len() - done).unwrap_or(1);
        let outcome = race(arena, subject, Instant::now() + share, evidence)?;
        match outcome {
            Raced::Held(rounds) => fewest = Some(fewest.map_or(rounds, |fewest| fewest.min(rounds))),
            Raced::Broken => {}
            Raced::Doubtful(reason) => doubt = Some(reason),
            Raced::Untold(why) => {
                evidence.skipped.push(NotChecked { what: format!("concurrent {}", subject.label()), why });
            }
        }
    }
    if evidence.findings.iter().all(|finding| finding.severity != Severity::Error) {
        // The least tried subject bounds them all.
        evidence.bound = fewest.and_then(|rounds| Bound::zero_failures(rounds, 0.95));
        if let Some(reason) = doubt {
            return Err(Stop::Inconclusive(reason));
        }
    }
    Ok(())
}

/// What racing for one subject came to.
enum Raced {
    Held(u64),
    Broken,
    Doubtful(Reason),
    Untold(String),
}

/// A running copy, and somebody who uses it.
pub(super) struct Stage<'a> {
    pub(super) arena: &'a Arena<'a>,
    pub(super) running: Running,
    pub(super) visitor: Visitor<'a>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(arena: &'a Arena<'a>, label: &str) -> Result<Self, Stop> {
        let running = arena.start()?;
        let client = running.visitor().with_timeout(Duration::from_millis(RACE_ANSWER_TIMEOUT_MS));
        let fresh = Fresh::new(arena.rng(label).u64(..));
        let mut visitor = Visitor::arrive(arena.operations, arena.identities(), client, fresh);
        visitor.settle(Instant::now() + arena.remaining() / 6);
        Ok(Self { arena, running, visitor })
    }
}

/// Races for one subject: rounds together, on a copy of its own, until the time is up or one breaks; then again on fresh copies.
fn race(
    arena: &Arena<'_>,
    subject: &Subject,
    until: Instant,
    evidence: &mut Evidence,
) -> Result<Raced, Stop> {
    let mut stage = Stage::new(arena, &subject.label())?;
    let mut subject = subject.clone();
    let mut rounds = 0;
    let mut untold = None;
    let what = format!("racing for {}", subject.operation);
    while rounds < u64::from(RACE_ROUNDS) && (Instant::now() < until || rounds < 1) {
        arena.step(&what, rounds, Some(u64::from(RACE_ROUNDS)));
        match race::round(&mut stage, &subject, RACE_USERS) {
            Round::Held => {
                rounds += 1;
                evidence.trials += 1;
            }
            Round::Untold(why) => {
                untold = Some(why);
                break;
            }
            Round::Broken(broken) => {
                evidence.trials += 1;
                // The same, one after the other: only what that leaves whole is a race.
                let Err(unsound) = race::in_sequence(&mut stage, &subject, &broken) else {
                    return repeat(arena, &subject, *broken, evidence);
                };
                // A number that something else changes as well says nothing; others of the same subject may.
                let others = match (&mut subject.kind, unsound.watched) {
                    (Kind::Counter(counter), Some(watched)) => counter.leave(watched),
                    _ => false,
                };
                if !others {
                    return Ok(Raced::Untold(format!("{}, and in sequence {}", broken.how, unsound.how)));
                }
            }
        }
    }
    if rounds == 0 {
        return Ok(Raced::Untold(untold.unwrap_or_else(|| "the time was up".to_owned())));
    }
    Ok(Raced::Held(rounds))
}

/// Repeats an alarm on fresh copies.
fn repeat(
    arena: &Arena<'_>,
    subject: &Subject,
    first: Broken,
    evidence: &mut Evidence,
) -> Result<Raced, Stop> {
    let (mut seen, mut rounds) = (0, 0);
    let mut last = None;
    for copy in 0..REPEATS {
        let mut stage = Stage::new(arena, &format!("{} again {copy}", subject.label()))?;
        for _ in 0..REPEATED_ROUNDS {
            arena.step("racing again on a fresh copy", u64::from(rounds), None);
            rounds += 1;
            if let Round::Broken(broken) = race::round(&mut stage, subject, RACE_USERS)
                && broken.variant == first.variant
            {
                seen += 1;
                last = Some(broken);
                break;
            }
        }
    }
    let Some(last) = last else {
        return Ok(Raced::Doubtful(Reason::NotReproduced { what: first.how, seen, tried: rounds }));
    };
    let again = report::Again { copies: seen, of_copies: REPEATS, rounds };
    report::report(arena, subject, &last, &again, evidence);
    Ok(Raced::Broken)
}

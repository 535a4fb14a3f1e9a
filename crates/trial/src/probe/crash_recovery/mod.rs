//! Whether what was acknowledged is still there after the process is killed.
//!
//! Machines lose power, kernels kill what takes too much memory, deployments end processes. Whoever was answered "created" counts on it. A
//! service that keeps data in memory and writes it now and then, or that rewrites its file in place, loses what it acknowledged, or all of it.
//!
//! Control: everything that can be written is written and read back. Then rounds: clients write unique values through all these operations at
//! one time, the process is killed with SIGKILL at a random moment under this load, started again on the same data, and every
//! acknowledged value is read back; its JSON files are parsed. Idle processes are not killed: that showed nothing on a program that loses its
//! whole database under load. A write that got no answer may be there or not. An alarm has to come again on a fresh copy with fresh users.
//!
//! The control of an alarm: the same load on a fresh copy, and nothing is killed. What is lost then too is lost by requests that read, change and write
//! one thing at one time (`lost-under-load`), and not by the crash.
//!
//! What is enough: a round is one trial, not a write, since the writes of one round fall together. A defect of this kind shows in most rounds;
//! 14 clean ones say "fewer than 20 of 100 kills lose anything, at 95%", and take half a minute with a service that starts at once.
//!
//! What to do: write to a database in a transaction that is committed before the answer; where it must be a file, write a new one, fsync, and
//! rename it over the old.

mod files;
mod round;

use std::time::{Duration, Instant};

use seaworthy_core::finding::Identity;
use seaworthy_core::{Bound, BoundNeeded, Confidence, FailureMode, Need, Reason, RuleId};

use self::round::{Came, Rounds};
use super::{Meta, Probe};
use crate::arena::{Arena, Evidence, Stop};
use crate::proposal;
use crate::replay::{Crash, Step, lines};
use crate::schema::Purpose;
use crate::statistics::trials_needed;
use crate::subject::{Session, Written, find_session, find_writes};

/// Clients that write through each operation.
const WRITERS: usize = 3;

/// The kill comes this long after the first acknowledgement, at random.
const KILL_AFTER_MS: [u64; 2] = [20, 500];

/// Rounds when no bound says how many.
const ROUNDS: u64 = 14;

/// Rounds without an effective trial after which it is given up.
const IDLE_ROUNDS: u64 = 4;

/// Further rounds after the first alarm, for what else is lost.
const MORE: u64 = 2;

/// Rounds on a fresh copy in which an alarm has to come again, beside twice as many as it took.
const AGAIN: u64 = 4;

/// Rounds without a kill, at most.
const CONTROLS: u64 = 8;

/// How long trying again may take when the budget is used up.
const AGAIN_MS: u64 = 45_000;

/// The probe.
pub static PROBE: Probe = Probe {
    meta: Meta {
        id: RuleId::known("crash-recovery"),
        version: 2,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "what was acknowledged is there after a crash",
        variants: &["lost-acknowledged", "corrupt-file", "does-not-restart", "lost-under-load"],
        bound_needed: Some(BoundNeeded { rate: 0.2, confidence: 0.95 }),
        confirms: &[],
        budget_ms: 120_000,
        source: include_str!("mod.rs"),
    },
    run,
};

fn run(arena: &Arena<'_>, evidence: &mut Evidence) -> Result<(), Stop> {
    let running = arena.start()?;
    arena.step("looking for what can be written and read back", 0, None);
    let label = arena.label("label");
    let session = find_session(arena, &running.visitor(), &format!("{label}f"));
    let actor = match &session {
        Some(session) => session.enter(running.visitor(), &format!("{label}w")),
        None => Ok(crate::replay::Actor::new(running.visitor(), &format!("{label}w"))),
    };
    let actor = actor.map_err(|what| Reason::ControlFailed { what })?;
    let (writes, skipped) = find_writes(arena, session.as_ref(), &actor);
    evidence.skipped.extend(skipped);
    evidence.inferred.extend(session.iter().flat_map(|session| session.inferred.clone()));
    evidence.inferred.extend(writes.iter().map(Written::inferred));
    if writes.is_empty() {
        let promise = proposal::resource(arena.operations);
        if let Some(one) = arena
            .operations
            .list
            .iter()
            .find(|one| matches!(one.purpose, Purpose::Create | Purpose::Register))
        {
            let what = format!("{one} seems to write, and nothing it wrote could be read back:\n{promise}");
            return Err(Reason::ControlFailed { what }.into());
        }
        return Err(arena.no_subject("operation that writes something which can be read back", &promise));
    }
    let wanted = arena.bound_needed().and_then(|needed| trials_needed(&needed)).unwrap_or(ROUNDS);
    let mut rounds = Rounds::new(arena, &running, session.as_ref(), &writes, "first");
    let first = many(&mut rounds, wanted, arena.deadline, |done| {
        arena.step("killed under load and started again", done, Some(wanted))
    });
    let control = rounds.control_failed.take();
    drop(rounds);
    drop(running);
    evidence.trials = first.effective;
    if first.came.is_empty() {
        if first.effective == 0 {
            let what = control.unwrap_or_else(|| "no write was acknowledged under load".to_owned());
            return Err(Reason::ControlFailed { what }.into());
        }
        let confidence = arena.bound_needed().map_or(0.95, |needed| needed.confidence);
        evidence.bound = Bound::zero_failures(first.effective, confidence);
        return Ok(());
    }
    let first = without_kill(arena, evidence, session.as_ref(), &writes, first)?;
    if first.came.is_empty() { Ok(()) } else { confirm(arena, evidence, session.as_ref(), &writes, &first) }
}

/// The control of an alarm, on a fresh copy: the same load, and nothing is killed. What is lost then was lost by requests that write at one time; of that
/// is told, and the rest is given back.
fn without_kill(
    arena: &Arena<'_>,
    evidence: &mut Evidence,
    session: Option<&Session>,
    writes: &[Written],
    first: Total,
) -> Result<Total, Stop> {
    arena.step("seen; the same load without a kill", 0, None);
    let running = arena.start()?;
    let mut rounds = Rounds::new(arena, &running, session, writes, "control");
    let wanted = (first.first_at * 2 + AGAIN).min(CONTROLS);
    let (mut lost, mut made): (Vec<(Came, u64)>, u64) = (Vec::new(), 0);
    for came in (0..wanted).filter_map(|_| rounds.control()) {
        made += 1;
        for one in came {
            match lost.iter_mut().find(|(known, _)| known.written == one.written) {
                Some((_, times)) => *times += 1,
                None => lost.push((one, 1)),
            }
        }
    }
    let is_lost = |came: &Came| lost.iter().any(|(control, _)| control.written == came.written);
    let came: Vec<(Came, u64)> =
        first.came.iter().filter(|(came, _)| !is_lost(came) || came.is_down()).cloned().collect();
    for (control, times) in &lost {
        if let Some((_, before)) = first.came.iter().find(|(came, _)| came.written == control.written) {
            let rounds = [*before, first.effective, *times, made];
            report(arena, evidence, session, writes, control, running.address().port(), rounds);
        }
    }
    Ok(Total { came, ..first })
}

/// What several rounds came to.
#[derive(Debug, Default)]
struct Total {
    /// Rounds that killed it after an acknowledgement and could be judged.
    effective: u64,
    /// In which round the first alarm was, from 1.
    first_at: u64,
    /// Each thing that went wrong, as it was first seen, and in how many rounds.
    came: Vec<(Came, u64)>,
}

/// Runs rounds until as many as wanted were effective, time is up, or an alarm is followed by a few more.
fn many(rounds: &mut Rounds<'_, '_>, wanted: u64, until: Instant, said: impl Fn(u64)) -> Total {
    let mut total = Total::default();
    let (mut idle, mut after) = (0, 0);
    while total.effective < wanted && idle < IDLE_ROUNDS && after < MORE + 1 && Instant::now() < until {
        let Some(came) = rounds.one(true) else {
            idle += 1;
            continue;
        };
        idle = 0;
        total.effective += 1;
        if !came.is_empty() && total.first_at == 0 {
            total.first_at = total.effective;
        }
        let down = came.iter().any(|came| came.variant == "does-not-restart");
        for one in came {
            match total.came.iter_mut().find(|(known, _)| known.is_same(&one)) {
                Some((known, times)) => {
                    *times += 1;
                    // A torn file, seen in one round of several, says more than the loss alone.
                    if known.files.is_empty() && !one.files.is_empty() {
                        *known = one;
                    }
                }
                None => total.came.push((one, 1)),
            }
        }
        after += u64::from(total.first_at > 0);
        said(total.effective);
        if down {
            break;
        }
    }
    total
}

/// Tries again on a fresh copy with fresh users. What comes again is a finding.
fn confirm(
    arena: &Arena<'_>,
    evidence: &mut Evidence,
    session: Option<&Session>,
    writes: &[Written],
    first: &Total,
) -> Result<(), Stop> {
    arena.step("seen; trying it again on a fresh copy", 0, None);
    let running = arena.start()?;
    let port = running.address().port();
    let mut rounds = Rounds::new(arena, &running, session, writes, "again");
    let until = Instant::now() + Duration::from_millis(AGAIN_MS).max(arena.remaining());
    let again = many(&mut rounds, first.first_at * 2 + AGAIN, until, |_| {});
    evidence.trials += again.effective;
    let mut stray = None;
    for (came, times) in &first.came {
        match again.came.iter().find(|(known, _)| known.is_same(came)) {
            Some((seen, more)) => {
                let seen = if seen.files.is_empty() { came } else { seen };
                let rounds = [*times, first.effective, *more, again.effective];
                report(arena, evidence, session, writes, seen, port, rounds);
            }
            None => stray = Some((came, *times)),
        }
    }
    match stray {
        Some((came, times)) if evidence.findings.is_empty() => {
            let what = format!("{} ({times} of {} rounds)", came.what, first.effective);
            Err(Reason::NotReproduced {
                what,
                seen: 0,
                tried: u32::try_from(again.effective).unwrap_or(u32::MAX),
            }
            .into())
        }
        _ => Ok(()),
    }
}

fn report(
    arena: &Arena<'_>,
    evidence: &mut Evidence,
    session: Option<&Session>,
    writes: &[Written],
    came: &Came,
    port: u16,
    [times, of, again, of_again]: [u64; 4],
) {
    let Some(written) = writes.get(came.written) else { return };
    let with = session.filter(|_| written.with_session);
    let mut steps: Vec<Step> =
        with.iter().flat_map(|session| session.enter.clone()).map(Step::Send).collect();
    let is_control = came.variant == "lost-under-load";
    let crash = Crash { kill: !is_control, ..written.crash(session, WRITERS, KILL_AFTER_MS) };
    // Not every round shows it: as many as make it likely to.
    let repeats = if again >= of_again { 1 } else { (of_again / again.max(1) + 1).min(8) };
    steps.extend((0..repeats).map(|_| Step::Crash(crash.clone())));
    let see = match came.variant {
        "does-not-restart" => "it does not start again on its own data".to_owned(),
        _ if is_control => "every write that is counted was acknowledged, and some are gone".to_owned(),
        _ => format!(
            "the last {} {} was acknowledged, and {} does not show it after the crash",
            written.method,
            written.route,
            written.reader()
        ),
    };
    let replay = arena.replay(came.variant, steps, see);
    let around = if is_control { arena.start_lines(1) } else { arena.restartable_lines(port) };
    let message = format!(
        "{} (in {times} of {of} rounds, and again in {again} of {of_again} on a fresh copy)",
        came.what
    );
    let mut finding = arena
        .finding(came.variant, &written.method, &written.route, message)
        .advice(if is_control {
            "Let nothing come between reading, changing and writing: a transaction of a database, or one lock around all three."
        } else {
            "Answer only after the data is safe: a database transaction that is committed, or a new file, fsync, and rename over the old."
        })
        .confidence(Confidence::Certain)
        .reproduce(lines(&replay, around));
    for file in &came.files {
        let place = seaworthy_core::Location::Artifact { path: file.clone() };
        finding = finding.related(place, "could be parsed before the crash, and cannot after it");
    }
    evidence.found(finding.identify(Identity::default()), arena.write_replay(&replay));
}

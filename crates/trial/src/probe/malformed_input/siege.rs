//! The order of challenges: every operation gets its share of the time, and what quick ones leave goes to the slow.

use std::time::Instant;

use seaworthy_core::NotChecked;
use seaworthy_core::limits::CHALLENGE_RESTARTS;

use super::Bench;
use super::alarm::Alarms;
use super::challenge::{self, Challenge, Form};
use crate::arena::{Evidence, Stop};
use crate::schema::{Control, Operation, Purpose};

/// Alarms of one class at one operation after which the class is not tried further there.
const ALARMS_PER_CLASS: usize = 4;

/// One operation under challenge.
struct Siege<'a> {
    index: usize,
    operation: &'a Operation,
    control: Control,
    /// Challenges not yet sent, the next one last.
    open: Vec<Challenge>,
    total: usize,
    trials: u64,
    /// Whether a valid request was refused for who sent it.
    refused: bool,
    /// How many fresh copies there had been when its control was made.
    copies: u32,
}

impl Siege<'_> {
    /// After a fresh copy was started: its ids are not those of the last one.
    fn follow(&mut self, bench: &mut Bench<'_>) -> Result<(), Stop> {
        if self.copies == bench.restarts || self.control.call.path.is_empty() {
            return Ok(());
        }
        self.copies = bench.restarts;
        let Some(control) = bench.control(self.operation)? else { return Ok(()) };
        let old = std::mem::replace(&mut self.control, control).call.path;
        for challenge in &mut self.open {
            let Form::Call(call) = &mut challenge.form else { continue };
            for (name, value) in &mut call.path {
                let was = old.iter().any(|(own, old)| own == name && old == value);
                let now = self.control.call.path.iter().find(|(own, _)| own == name);
                if let Some((_, now)) = now.filter(|_| was) {
                    value.clone_from(now);
                }
            }
        }
        Ok(())
    }
}

/// Challenges every operation until the time is up.
pub(super) fn all(bench: &mut Bench<'_>, until: Instant, evidence: &mut Evidence) -> Result<Alarms, Stop> {
    let mut alarms = Alarms::default();
    let mut sieges = prepare(bench, &mut evidence.skipped)?;
    for _ in 0..2 {
        for index in 0..sieges.len() {
            bench.arena.step("malformed requests to operations", index as u64, Some(sieges.len() as u64));
            let left = sieges.iter().skip(index).filter(|siege| !siege.open.is_empty()).count();
            let share =
                until.saturating_duration_since(Instant::now()) / u32::try_from(left).unwrap_or(1).max(1);
            if let Some(siege) = sieges.get_mut(index).filter(|siege| !siege.open.is_empty()) {
                besiege(bench, siege, Instant::now() + share, &mut alarms, &mut evidence.skipped)?;
            }
        }
    }
    for siege in sieges.iter().filter(|siege| !siege.open.is_empty()) {
        let why = format!(
            "{} of {} were not sent: the time was up; a longer --budget would",
            siege.open.len(),
            siege.total
        );
        evidence.skipped.push(NotChecked { what: format!("malformed requests to {}", siege.operation), why });
    }
    evidence.trials = sieges.iter().map(|siege| siege.trials).sum();
    Ok(alarms)
}

/// Sends every operation a valid request, and makes the challenges from those that were answered.
fn prepare<'a>(bench: &mut Bench<'a>, skipped: &mut Vec<NotChecked>) -> Result<Vec<Siege<'a>>, Stop> {
    let mut sieges: Vec<Siege<'a>> = Vec::new();
    let operations: &'a [Operation] = &bench.arena.operations.list;
    for (index, operation) in operations.iter().enumerate() {
        let mut skip = |why: String| {
            skipped.push(NotChecked { what: format!("malformed requests to {operation}"), why })
        };
        let Some(control) = bench.control(operation)? else {
            skip("its valid request is answered by a server error or not at all".to_owned());
            continue;
        };
        let status = control.answer.status;
        let opens = matches!(operation.purpose, Purpose::Login | Purpose::Register);
        let refused = matches!(status, 401 | 403) && !opens;
        if refused {
            skip(format!(
                "a valid request is refused ({status}): an [[service.identity]] in the plan would let it in"
            ));
        }
        let wire = sieges.is_empty()
            || (operation.body.is_some() && !sieges.iter().any(|one| one.operation.body.is_some()));
        let mut open = challenge::all(operation, &control.call, &bench.visitor, wire);
        let total = open.len();
        open.reverse();
        sieges.push(Siege {
            index,
            operation,
            control,
            open,
            total,
            trials: 0,
            refused,
            copies: bench.restarts,
        });
    }
    Ok(sieges)
}

/// Challenges one operation until the time is up.
fn besiege(
    bench: &mut Bench<'_>,
    siege: &mut Siege<'_>,
    mut until: Instant,
    alarms: &mut Alarms,
    skipped: &mut Vec<NotChecked>,
) -> Result<(), Stop> {
    siege.follow(bench)?;
    while let Some(challenge) = siege.open.pop() {
        if Instant::now() >= until || bench.restarts > CHALLENGE_RESTARTS {
            siege.open.push(challenge);
            break;
        }
        if alarms.of_class(siege.index, challenge.class) >= ALARMS_PER_CLASS {
            continue;
        }
        let (restarts, sent) = (bench.restarts, Instant::now());
        let effective = bench.challenge(siege.index, siege.operation, &siege.control, challenge, alarms)?;
        if bench.restarts > restarts {
            // Waiting for the hung and starting fresh copies is not the operation's fault; the probe's deadline still holds.
            until = (until + sent.elapsed()).min(bench.arena.deadline);
            siege.follow(bench)?;
        }
        siege.trials += u64::from(effective && !siege.refused);
    }
    if bench.control_fails(&siege.control) {
        let why =
            "its valid request was no longer answered after all of them; no single one of them shows it"
                .to_owned();
        skipped.push(NotChecked {
            what: format!("what {} does after malformed requests", siege.operation),
            why,
        });
        bench.renew()?;
    }
    Ok(())
}

//! The order of challenges: every operation gets its share of the time, and what quick ones leave goes to the slow.

use std::time::Instant;

use seaworthy_core::NotChecked;

use super::Bench;
use super::alarm::Alarms;
use super::challenge::{self, Challenge, Form};
use crate::arena::{Evidence, Stop};
use crate::schema::{Control, Operation, Purpose};

/// Operations that a reason names.
const REFUSED_SHOWN: usize = 4;

/// One operation under challenge.
struct Siege<'a> {
    index: usize,
    operation: &'a Operation,
    control: Control,
    /// Challenges not yet sent, the next one last.
    open: Vec<Challenge>,
    total: usize,
    trials: u64,
    /// Challenges not sent because what fails by them has failed often enough.
    spared: usize,
    /// Whether a valid request was answered as one: otherwise a challenge tries the door, and not what is behind it.
    works: bool,
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

/// Challenges every operation until the time is up. Returns what was seen, and how many operations it is about.
pub(super) fn all(
    bench: &mut Bench<'_>,
    until: Instant,
    evidence: &mut Evidence,
) -> Result<(Alarms, Coverage), Stop> {
    let mut alarms = Alarms::default();
    let (mut sieges, coverage) = prepare(bench, &mut evidence.skipped)?;
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
    evidence.skipped.extend(spared(&sieges));
    evidence.trials = sieges.iter().map(|siege| siege.trials).sum();
    Ok((alarms, coverage))
}

/// What was left out because it would have told nothing new.
fn spared(sieges: &[Siege<'_>]) -> Option<NotChecked> {
    let count: usize = sieges.iter().map(|siege| siege.spared).sum();
    let places = sieges.iter().filter(|siege| siege.spared > 0).count();
    (count > 0).then(|| NotChecked {
        what: format!("{count} more malformed requests to {places} operations"),
        why: "the same kind of change to the same field had failed there already".to_owned(),
    })
}

/// Sends every operation a valid request, and makes the challenges from those that were answered.
fn prepare<'a>(
    bench: &mut Bench<'a>,
    skipped: &mut Vec<NotChecked>,
) -> Result<(Vec<Siege<'a>>, Coverage), Stop> {
    let mut sieges: Vec<Siege<'a>> = Vec::new();
    let mut coverage = Coverage::default();
    let operations: &'a [Operation] = &bench.arena.operations.list;
    for (index, operation) in operations.iter().enumerate() {
        let control = bench.control(operation)?;
        let status = control.as_ref().map(|control| control.answer.status);
        let works = status.is_some_and(|status| works(operation, status));
        coverage.add(operation, status, works);
        if !works {
            let (what, why) = (format!("malformed requests to {operation}"), unworkable(status));
            skipped.push(NotChecked { what, why });
        }
        if works && operation.method == "GET" {
            bench.readers.push(operation.clone());
        }
        // Where a valid request is refused the challenges are sent all the same: what breaks then is broken, and what does not says nothing.
        let Some(control) = control else { continue };
        let wire = sieges.is_empty()
            || (operation.body.is_some() && !sieges.iter().any(|one| one.operation.body.is_some()));
        let mut open = challenge::all(operation, &control.call, &bench.visitor, wire);
        let total = open.len();
        open.reverse();
        let copies = bench.restarts;
        sieges.push(Siege { index, operation, control, open, total, trials: 0, spared: 0, works, copies });
    }
    Ok((sieges, coverage))
}

/// Whether a valid request was answered as one.
fn works(operation: &Operation, status: u16) -> bool {
    match status {
        // A conflict (RFC 9110, 15.5.10) is found out after the request was understood.
        200..=399 | 409 => true,
        // So is a wrong secret.
        401 | 403 => operation.purpose == Purpose::Login && operation.body.is_some(),
        _ => false,
    }
}

fn unworkable(status: Option<u16>) -> String {
    // What failed by them is reported: that they are listed as not checked is about all the others.
    const SENT: &str =
        "they were sent all the same, and what they broke is reported; what they did not break says nothing";
    match status {
        None => "its valid request is answered by a server error or not at all".to_owned(),
        Some(status @ (401 | 403)) => format!(
            "a valid request is refused ({status}): an [[service.identity]] in the plan would let it in; {SENT}"
        ),
        Some(status) => format!(
            "no valid request to it succeeded ({status}): its parameters and body in the OpenAPI document would tell how to make one; {SENT}"
        ),
    }
}

/// How many operations there are, and how many of them a valid request works for.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    all: usize,
    writing: usize,
    writing_that_work: usize,
    /// The others, with what they answered.
    refused: Vec<String>,
}

impl Coverage {
    fn add(&mut self, operation: &Operation, status: Option<u16>, works: bool) {
        self.all += 1;
        let writes = !operation.is_safe();
        self.writing += usize::from(writes);
        self.writing_that_work += usize::from(writes && works);
        if !works {
            let status = status.map_or_else(|| "no answer to it".to_owned(), |status| status.to_string());
            self.refused.push(format!("{operation} ({status})"));
        }
    }

    /// Why what was seen says too little about the service to say that it held; `None` when it says enough.
    pub(super) fn lacks(&self) -> Option<String> {
        let most = self.refused.len() * 2 > self.all;
        let no_writing = self.writing > 0 && self.writing_that_work == 0;
        let shown: Vec<&str> = self.refused.iter().take(REFUSED_SHOWN).map(String::as_str).collect();
        let more = self.refused.len().saturating_sub(REFUSED_SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (most || no_writing).then(|| {
            format!(
                "no valid request succeeded at {} of {} operations: {}{more}; an [[service.identity]] in the plan, or parameters and bodies in the OpenAPI document, would let them be tried",
                self.refused.len(),
                self.all,
                shown.join(", ")
            )
        })
    }
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
        if Instant::now() >= until || bench.worn() {
            siege.open.push(challenge);
            break;
        }
        if alarms.tell_enough(siege.index, &challenge) {
            siege.spared += 1;
            continue;
        }
        let (restarts, sent) = (bench.restarts, Instant::now());
        let effective = bench.challenge(siege.index, siege.operation, &siege.control, challenge, alarms)?;
        if bench.restarts > restarts {
            // Waiting for the hung and starting fresh copies is not the operation's fault; the probe's deadline still holds.
            until = (until + sent.elapsed()).min(bench.arena.deadline);
            siege.follow(bench)?;
        }
        siege.trials += u64::from(effective && siege.works);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_and_was_sent_all_the_same_is_said_to_have_been() {
        for status in [400, 403] {
            assert!(unworkable(Some(status)).contains("sent all the same"), "{}", unworkable(Some(status)));
        }
        // Without an answer to make them from, none are sent.
        assert!(!unworkable(None).contains("sent all the same"));
    }
}

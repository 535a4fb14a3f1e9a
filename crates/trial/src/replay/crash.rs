//! One round of a crash: write until killed, start again on the same data, read back what was acknowledged.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use seaworthy_core::limits::{
    CRASH_FIRST_WRITE_TIMEOUT_MS, CRASH_READERS, CRASH_READING_MS, CRASH_READS, CRASH_WRITES,
};

use super::Crash;
use super::perform::{Actor, Attempt};
use crate::history::{Comparison, Ending, History, Write, compare};
use crate::http::Exchange;
use crate::service::Running;

/// How often a reading that got no verdict (no answer, 429, 503) is made before it is left open.
const READ_ATTEMPTS: u32 = 4;

/// Writes to `running` on behalf of every subject's actor at one time, until `after` the first acknowledgement; then the process is killed where that is
/// asked for. Returns one history for each subject. Without any acknowledgement in time, it ends all the same.
pub fn write_under_load(
    running: &Running,
    subjects: &[(&Crash, &Actor)],
    after: Duration,
    kill: bool,
) -> Vec<Vec<Write>> {
    let histories: Vec<History> = subjects.iter().map(|_| History::default()).collect();
    let (over, acknowledged) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for ((crash, actor), history) in subjects.iter().zip(&histories) {
            for _ in 0..crash.writers.clamp(1, 16) {
                let writer = actor.over(running.visitor());
                let (over, acknowledged) = (&over, &acknowledged);
                scope.spawn(move || write(crash, writer, history, over, acknowledged));
            }
        }
        let patience = Instant::now() + Duration::from_millis(CRASH_FIRST_WRITE_TIMEOUT_MS);
        while acknowledged.load(Ordering::Relaxed) == 0 && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
        // The schedule itself: the moment of the kill is what is random.
        std::thread::sleep(after);
        if kill {
            running.kill();
        }
        over.store(true, Ordering::Relaxed);
    });
    histories.into_iter().map(History::into_writes).collect()
}

fn write(crash: &Crash, mut writer: Actor, history: &History, over: &AtomicBool, acknowledged: &AtomicUsize) {
    for _ in 0..CRASH_WRITES {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let value = writer.renew();
        let answer = writer.send(&crash.write);
        let ending = match &answer {
            Ok(exchange) if exchange.is_success() => Ending::Acknowledged,
            Ok(_) => Ending::Refused,
            Err(_) => Ending::Open,
        };
        if let Ok(exchange) = &answer
            && ending == Ending::Acknowledged
        {
            writer.save(&crash.save, exchange);
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        history.record(value, ending, writer.names.clone());
        if ending != Ending::Acknowledged {
            // Refused or unreachable: asking again at once would only be noise.
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Reads back acknowledged writes, the newest first, by several readers at one time; and compares. A reading that gets no verdict counts as open.
pub fn read_back(running: &Running, crash: &Crash, actor: &Actor, writes: &[Write]) -> Comparison {
    let acknowledged: Vec<&Write> =
        writes.iter().filter(|write| write.ending == Ending::Acknowledged).collect();
    let newest: Vec<&Write> = acknowledged.iter().rev().take(CRASH_READS).copied().collect();
    let next = AtomicUsize::new(0);
    let until = Instant::now() + Duration::from_millis(CRASH_READING_MS);
    let (present, open) = (Mutex::new(BTreeSet::new()), Mutex::new(BTreeSet::new()));
    std::thread::scope(|scope| {
        for _ in 0..CRASH_READERS {
            let mut reader = actor.over(running.visitor());
            let (next, newest, present, open) = (&next, &newest, &present, &open);
            scope.spawn(move || {
                while let Some(write) = newest.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if crash.read.method != "GET" {
                        // A login: whoever counts them by address would refuse the many of one.
                        reader.client = running.visitor();
                    }
                    let late = Instant::now() > until;
                    let found = match if late { None } else { is_present(crash, &mut reader, write) } {
                        Some(true) => present,
                        Some(false) => continue,
                        None => open,
                    };
                    found.lock().unwrap_or_else(PoisonError::into_inner).insert(write.value.clone());
                }
            });
        }
    });
    let present = present.into_inner().unwrap_or_else(PoisonError::into_inner);
    let open = open.into_inner().unwrap_or_else(PoisonError::into_inner);
    let read: Vec<Write> =
        newest.into_iter().rev().filter(|write| !open.contains(&write.value)).cloned().collect();
    let mut comparison = compare(&read, &present);
    comparison.open += open.len() + (acknowledged.len() - read.len() - open.len());
    comparison
}

/// Whether a write can be read back; `None` when the service would not say.
fn is_present(crash: &Crash, reader: &mut Actor, write: &Write) -> Option<bool> {
    // What the write's answer gave, and the caller's own session as it is now.
    for (name, value) in &write.names {
        if crash.save.contains_key(name) || name == "value" || name == "unique" {
            reader.names.insert(name.clone(), value.clone());
        }
    }
    for attempt in 0..READ_ATTEMPTS {
        let answer = reader.send(&crash.read);
        let undecided = |exchange: &Exchange| matches!(exchange.status, 429 | 503);
        match &answer {
            Ok(exchange) if !undecided(exchange) => {
                return Some(crash.expect.unmet(&answer, &reader.names).is_none());
            }
            _ => std::thread::sleep(Duration::from_millis(50 << attempt)),
        }
    }
    None
}

/// Performs the step: one round, and what it came to. `None`: it was clean, and the steps go on.
pub(super) fn perform(crash: &Crash, actor: &mut Actor, running: &Running) -> Option<Attempt> {
    let [earliest, latest] = crash.kill_after_ms;
    let after = Duration::from_millis(fastrand::u64(earliest..=latest.max(earliest)));
    let writes = write_under_load(running, &[(crash, actor)], after, crash.kill).pop().unwrap_or_default();
    let acknowledged = writes.iter().filter(|write| write.ending == Ending::Acknowledged).count();
    if acknowledged == 0 {
        return Some(Attempt::Worthless("no write was acknowledged".to_owned()));
    }
    if crash.kill
        && let Some(ended) = restart(crash, actor, running)
    {
        return Some(ended);
    }
    let comparison = read_back(running, crash, actor, &writes);
    if comparison.lost.is_empty() {
        return None;
    }
    let read = comparison.kept + comparison.lost.len();
    Some(Attempt::Seen(format!("{} of {read} acknowledged writes are gone", comparison.lost.len())))
}

/// The process starts again, and who wrote is let in again. What it came to when it did not.
fn restart(crash: &Crash, actor: &mut Actor, running: &Running) -> Option<Attempt> {
    if let Err(error) = running.restart() {
        return Some(Attempt::Seen(format!("it does not start again on its own data: {error}")));
    }
    actor.client = running.visitor();
    for step in &crash.before_reading {
        match actor.perform(step) {
            // A form is answered with a redirect (RFC 9110, 15.4).
            Ok(exchange) if exchange.status < 400 => {}
            Ok(exchange) => {
                return Some(Attempt::Worthless(format!(
                    "{} answered {}",
                    step.request.target, exchange.status
                )));
            }
            Err(error) => return Some(Attempt::Worthless(format!("{}: {error}", step.request.target))),
        }
    }
    None
}

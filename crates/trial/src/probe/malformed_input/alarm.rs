//! Alarms, put together so that one defect makes one finding.

use std::collections::BTreeMap;

use super::challenge::{Challenge, Class};
use super::verdict::{Logged, Seen, Variant};
use crate::http::Request;
use crate::schema::{Operation, Said};

/// Other examples that are kept of one defect.
const EXAMPLES: usize = 12;

/// Something seen once.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    /// The operation's place in the list.
    pub(super) index: usize,
    pub(super) operation: Operation,
    pub(super) challenge: Challenge,
    pub(super) seen: Seen,
    pub(super) logged: Logged,
    /// The request as it was sent, session included; empty for bytes.
    pub(super) request: Request,
    /// What was said before.
    pub(super) said: Vec<Said>,
    /// What else shows the same.
    pub(super) also: Vec<String>,
}

/// What the alarms of one defect have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    variant: Variant,
    /// `None` where the defect is the whole service's.
    operation: Option<usize>,
    /// The function and exception where the log tells them, else the class.
    reason: String,
}

/// All alarms, by defect.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    by_defect: BTreeMap<Key, Alarm>,
    by_class: BTreeMap<(usize, Class), usize>,
}

impl Alarms {
    /// Adds an alarm to its defect, or begins one.
    pub(super) fn add(&mut self, alarm: Alarm) {
        *self.by_class.entry((alarm.index, alarm.challenge.class)).or_default() +=
            if alarm.seen.variant == Variant::Died { 2 } else { 1 };
        let key = key(&alarm);
        let Some(known) = self.by_defect.get_mut(&key) else {
            self.by_defect.insert(key, alarm);
            return;
        };
        let example =
            if known.index == alarm.index { alarm.challenge.what.clone() } else { alarm.operation.label() };
        let kept = known.also.contains(&example)
            || example == known.challenge.what
            || example == known.operation.label();
        let smaller = known.index == alarm.index && size(&alarm) < size(known);
        if !kept && known.also.len() < EXAMPLES {
            known.also.push(example);
        }
        if smaller {
            let also = std::mem::take(&mut known.also);
            let previous = known.challenge.what.clone();
            *known = Alarm { also, ..alarm };
            known.also.retain(|one| *one != known.challenge.what);
            if known.also.len() < EXAMPLES && previous != known.challenge.what {
                known.also.push(previous);
            }
        }
    }

    /// How often a class was answered by an alarm at an operation; a death counts twice, for it costs a fresh copy.
    pub(super) fn of_class(&self, index: usize, class: Class) -> usize {
        self.by_class.get(&(index, class)).copied().unwrap_or_default()
    }

    /// One alarm for each defect, the gravest first.
    pub(super) fn into_list(self) -> Vec<Alarm> {
        self.by_defect.into_values().collect()
    }
}

fn key(alarm: &Alarm) -> Key {
    let variant = alarm.seen.variant;
    match (variant, &alarm.logged) {
        // One error handler answers for all operations.
        (Variant::TraceLeaked, _) => Key { variant, operation: None, reason: String::new() },
        (Variant::Accepted, _) => Key { variant, operation: Some(alarm.index), reason: String::new() },
        (_, Logged::At(origin)) => {
            let frameworks = alarm.challenge.class.often_the_frameworks() && !origin.own;
            let reason = format!("{} {} {frameworks}", origin.function, origin.exception);
            Key { variant, operation: Some(alarm.index), reason }
        }
        (_, Logged::Nothing | Logged::Elsewhere) => {
            Key { variant, operation: Some(alarm.index), reason: alarm.challenge.class.name().to_owned() }
        }
    }
}

fn size(alarm: &Alarm) -> usize {
    match &alarm.challenge.form {
        super::Form::Bytes(bytes) => bytes.len(),
        _ => alarm.request.body.len() + alarm.request.target.len(),
    }
}

//! Alarms, put together so that an operation has one finding for each way of being wrong, however many requests show it.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_core::Severity;

use super::challenge::{Challenge, Class};
use super::verdict::{Logged, Seen, Variant};
use crate::http::Request;
use crate::schema::{Operation, Said};

/// Different examples that are kept of one group.
const EXAMPLES: usize = 16;

/// Failures of one class at one operation after which fields that have failed by it are not tried further there.
const FAILURES_PER_CLASS: usize = 4;

/// Deaths of one class at one operation after which the class is not tried further there: each costs a fresh copy.
const DEATHS_PER_CLASS: usize = 2;

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
    /// What failed at reading what the challenge had left; then `request` is the reading, and the challenge the last of `said`.
    pub(super) reader: Option<Operation>,
}

/// What alarms of one finding have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    variant: Variant,
    /// `None` where the defect is the whole service's.
    operation: Option<usize>,
    /// What it is read by, where it shows only then.
    reader: Option<String>,
}

/// All alarms, by finding.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    by_finding: BTreeMap<Key, Vec<Alarm>>,
    /// How many failed, by operation and class.
    failures: BTreeMap<(usize, Class), usize>,
    /// Whose class has failed at an operation already.
    fields: BTreeSet<(usize, Class, Option<String>)>,
    /// Classes that are not tried further at an operation.
    deadly: BTreeMap<(usize, Class), usize>,
}

impl Alarm {
    /// A failure inside the framework at something only the framework sees is worth a look and no more: the program never got the request.
    pub(super) fn severity(&self) -> Severity {
        let own = matches!(&self.logged, Logged::At(origin) if origin.own);
        match self.seen.variant {
            Variant::Died | Variant::Hung | Variant::TraceLeaked => Severity::Error,
            Variant::Accepted => Severity::Warning,
            Variant::ServerError if self.challenge.class.often_the_frameworks() && !own => Severity::Warning,
            Variant::ServerError => Severity::Error,
        }
    }

    /// What tells it from other alarms of its finding: where it comes from, else what kind of request shows it.
    pub(super) fn reason(&self) -> (&str, &str, Option<usize>) {
        match &self.logged {
            // One error handler answers for all operations: each that shows a trace is one example.
            _ if self.seen.variant == Variant::TraceLeaked => ("", "", Some(self.index)),
            Logged::At(origin) => (&origin.function, &origin.exception, None),
            _ => (self.challenge.class.name(), self.challenge.field.as_deref().unwrap_or_default(), None),
        }
    }

    fn size(&self) -> usize {
        match &self.challenge.form {
            super::Form::Bytes(bytes) => bytes.len(),
            _ => self.request.body.len() + self.request.target.len(),
        }
    }
}

impl Alarms {
    /// Adds an alarm. Of several for one reason the smallest is kept.
    pub(super) fn add(&mut self, alarm: Alarm) {
        // What only reading shows says nothing about what the operation itself would refuse.
        if alarm.reader.is_none() {
            self.count(&alarm);
        }
        let variant = alarm.seen.variant;
        let operation = (variant != Variant::TraceLeaked).then_some(alarm.index);
        let key = Key { variant, operation, reader: alarm.reader.as_ref().map(Operation::label) };
        let group = self.by_finding.entry(key).or_default();
        let full = group.len() >= EXAMPLES;
        match group.iter_mut().find(|known| known.reason() == alarm.reason()) {
            Some(known) if alarm.size() < known.size() => *known = alarm,
            None if !full => group.push(alarm),
            _ => {}
        }
    }

    /// What is accepted has not failed, and a trace in an answer is another defect than the field's: neither says that nothing is left to find.
    fn count(&mut self, alarm: &Alarm) {
        let (index, challenge) = (alarm.index, &alarm.challenge);
        let class = (index, challenge.class);
        match alarm.seen.variant {
            Variant::Accepted | Variant::TraceLeaked => return,
            Variant::Died => *self.deadly.entry(class).or_default() += 1,
            Variant::Hung | Variant::ServerError => {}
        }
        *self.failures.entry(class).or_default() += 1;
        self.fields.insert((index, challenge.class, challenge.field.clone()));
    }

    /// Whether enough is known of what this challenge would show: its class has failed often at the operation, its own field among others.
    pub(super) fn tell_enough(&self, index: usize, challenge: &Challenge) -> bool {
        let class = (index, challenge.class);
        let at_least =
            |counts: &BTreeMap<_, usize>, most| counts.get(&class).is_some_and(|count| *count >= most);
        at_least(&self.deadly, DEATHS_PER_CLASS)
            || (at_least(&self.failures, FAILURES_PER_CLASS)
                && self.fields.contains(&(index, challenge.class, challenge.field.clone())))
    }

    /// Whether an operation is known to show a trace.
    pub(super) fn shows_trace(&self, index: usize) -> bool {
        let key = Key { variant: Variant::TraceLeaked, operation: None, reader: None };
        self.by_finding.get(&key).is_some_and(|group| group.iter().any(|alarm| alarm.index == index))
    }

    /// The alarms of each finding, the gravest and smallest alarm first.
    pub(super) fn into_groups(self) -> Vec<Vec<Alarm>> {
        let mut groups: Vec<Vec<Alarm>> = self.by_finding.into_values().collect();
        groups
            .iter_mut()
            .for_each(|group| group.sort_by_key(|alarm| (std::cmp::Reverse(alarm.severity()), alarm.size())));
        groups
    }
}

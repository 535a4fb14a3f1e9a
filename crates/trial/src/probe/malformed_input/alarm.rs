//! Alarms, put together so that an operation has one finding for each way of being wrong, however many requests show it.

use std::collections::BTreeMap;

use seaworthy_core::Severity;

use super::challenge::{Challenge, Class};
use super::verdict::{Logged, Seen, Variant};
use crate::http::Request;
use crate::schema::{Operation, Said};

/// Different examples that are kept of one group.
const EXAMPLES: usize = 16;

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
}

/// What alarms of one finding have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    variant: Variant,
    /// `None` where the defect is the whole service's.
    operation: Option<usize>,
}

/// All alarms, by finding.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    by_finding: BTreeMap<Key, Vec<Alarm>>,
    by_class: BTreeMap<(usize, Class), usize>,
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
        // A death counts twice, for it costs a fresh copy.
        let weight = if alarm.seen.variant == Variant::Died { 2 } else { 1 };
        *self.by_class.entry((alarm.index, alarm.challenge.class)).or_default() += weight;
        let variant = alarm.seen.variant;
        let operation = (variant != Variant::TraceLeaked).then_some(alarm.index);
        let key = Key { variant, operation };
        let group = self.by_finding.entry(key).or_default();
        let full = group.len() >= EXAMPLES;
        match group.iter_mut().find(|known| known.reason() == alarm.reason()) {
            Some(known) if alarm.size() < known.size() => *known = alarm,
            None if !full => group.push(alarm),
            _ => {}
        }
    }

    /// How often a class was answered by an alarm at an operation.
    pub(super) fn of_class(&self, index: usize, class: Class) -> usize {
        self.by_class.get(&(index, class)).copied().unwrap_or_default()
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

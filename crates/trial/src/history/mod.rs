//! Operation histories: what was asked with which unique value, and how far each answer got. Compared with what a service holds afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// How a write ended, as its client saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// Answered with success: it must be there.
    Acknowledged,
    /// Answered with a refusal: it must have had no effect, which is not judged here.
    Refused,
    /// No answer: it may be there or not, and either is right.
    Open,
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The value written, unique in the history.
    pub value: String,
    /// How it ended.
    pub ending: Ending,
    /// What its answer gave for reading it back, by name.
    pub names: BTreeMap<String, String>,
    /// Its place in the order in which answers came, from 0.
    pub order: u64,
}

/// Writes by many clients at one time.
#[derive(Debug, Default)]
pub struct History {
    writes: Mutex<Vec<Write>>,
}

/// What a history and a service's contents have to say to each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Acknowledged and present.
    pub kept: usize,
    /// Acknowledged and absent, in the order of their answers.
    pub lost: Vec<Write>,
    /// Not acknowledged: either is right.
    pub open: usize,
}

impl History {
    /// Records the end of a write.
    pub fn record(&self, value: String, ending: Ending, names: BTreeMap<String, String>) {
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        let order = writes.len() as u64;
        writes.push(Write { value, ending, names, order });
    }

    /// How many writes of this ending there are.
    pub fn count(&self, ending: Ending) -> usize {
        let writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        writes.iter().filter(|write| write.ending == ending).count()
    }

    /// The writes in the order of their answers.
    pub fn into_writes(self) -> Vec<Write> {
        self.writes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compares what was acknowledged with the values that are present.
pub fn compare(writes: &[Write], present: &BTreeSet<String>) -> Comparison {
    let mut comparison = Comparison::default();
    for write in writes {
        match write.ending {
            Ending::Acknowledged if present.contains(&write.value) => comparison.kept += 1,
            Ending::Acknowledged => comparison.lost.push(write.clone()),
            Ending::Refused | Ending::Open => comparison.open += 1,
        }
    }
    comparison
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_acknowledged_write_can_be_lost() {
        let history = History::default();
        for (value, ending) in [
            ("a", Ending::Acknowledged),
            ("b", Ending::Acknowledged),
            ("c", Ending::Open),
            ("d", Ending::Refused),
        ] {
            history.record(value.to_owned(), ending, BTreeMap::new());
        }
        let writes = history.into_writes();
        let comparison = compare(&writes, &BTreeSet::from(["a".to_owned(), "c".to_owned()]));
        assert_eq!((comparison.kept, comparison.open), (1, 2));
        assert_eq!(comparison.lost.iter().map(|write| write.value.as_str()).collect::<Vec<_>>(), ["b"]);
    }
}

//! The names of the functions under way and what they hold.

use std::collections::HashMap;

use super::risk::Risks;
use super::value::Value;
use crate::facts::syntax::Text;

/// What every name holds at one moment, and whether the moment can come.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct State<'a> {
    names: HashMap<(u32, Text), Value<'a>>,
    /// What is known of things that came in, by their keys: what they can do no harm in, also when they are read again.
    harmless: HashMap<String, Risks>,
    /// Whether nothing gets here: after a return, a raise, a break.
    pub(super) is_dead: bool,
}

impl<'a> State<'a> {
    /// What a name of a call holds.
    pub(super) fn get(&self, call: u32, name: &str) -> Option<&Value<'a>> {
        // Limit: a key of owned text is needed to look one up; short texts are kept in place.
        self.names.get(&(call, Text::from(name)))
    }

    /// Gives a name a value.
    pub(super) fn set(&mut self, call: u32, name: &str, value: Value<'a>) {
        self.names.insert((call, Text::from(name)), value);
    }

    /// Forgets the names of a call that is over.
    pub(super) fn leave(&mut self, call: u32) {
        self.names.retain(|(of, _), _| *of != call);
    }

    /// Either moment: a name holds what it holds in one or the other.
    pub(super) fn or(self, other: Self) -> Self {
        if self.is_dead {
            return other;
        }
        if other.is_dead {
            return self;
        }
        let mut joined = self;
        joined.harmless.retain(|key, risks| {
            *risks = risks.shared(other.harmless.get(key).copied().unwrap_or(Risks::NONE));
            !risks.is_empty()
        });
        for (key, value) in other.names {
            match joined.names.get_mut(&key) {
                Some(known) if *known == value => {}
                Some(known) => *known = known.or(&value),
                None => {
                    joined.names.insert(key, value);
                }
            }
        }
        joined
    }

    /// Notes what something that came in can do no harm in.
    pub(super) fn is_harmless(&mut self, key: &str, risks: Risks) {
        let known = self.harmless.entry(key.to_owned()).or_default();
        *known = known.with(risks);
    }

    /// What something that came in can do no harm in.
    pub(super) fn harmless(&self, key: &str) -> Risks {
        self.harmless.get(key).copied().unwrap_or(Risks::NONE)
    }

    /// Changes everything that is held.
    pub(super) fn each(&mut self, change: &mut dyn FnMut(&mut Value<'a>)) {
        self.names.values_mut().for_each(change);
    }
}

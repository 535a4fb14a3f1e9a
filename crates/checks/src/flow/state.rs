//! The names of the functions under way and what they hold.

use ahash::AHashMap;
use std::rc::Rc;

use super::known::Known;
use super::value::Value;
use crate::facts::syntax::Text;

/// What every name holds at one moment, and whether the moment can come.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct State<'a> {
    /// Shared until one of two moments changes: most branches change nothing.
    names: Rc<AHashMap<(u32, Text), Value<'a>>>,
    /// What tests have told of what a name holds since it was given that.
    told: Rc<AHashMap<(u32, Text), Known>>,
    /// What is known of things that came in, by their keys: what they can do no harm in, also when they are read again.
    harmless: Rc<AHashMap<String, Known>>,
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
        let key = (call, Text::from(name));
        if self.told.contains_key(&key) {
            Rc::make_mut(&mut self.told).remove(&key);
        }
        Rc::make_mut(&mut self.names).insert(key, value);
    }

    /// A test has told that what a name holds can do no harm of these kinds.
    pub(super) fn is_told(&mut self, call: u32, name: &str, known: Known) {
        let key = (call, Text::from(name));
        let Some(value) = self.names.get(&key).cloned() else { return };
        Rc::make_mut(&mut self.names).insert(key.clone(), known.of_value(value));
        let before = Rc::make_mut(&mut self.told).entry(key).or_default();
        *before = before.with(known);
    }

    /// What tests have told of what a name still holds.
    pub(super) fn told(&self, call: u32, name: &str) -> Known {
        self.told.get(&(call, Text::from(name))).copied().unwrap_or_default()
    }

    /// How many names hold something.
    pub(super) fn size(&self) -> usize {
        self.names.len()
    }

    /// Forgets the names of a call that is over.
    pub(super) fn leave(&mut self, call: u32) {
        Rc::make_mut(&mut self.names).retain(|(of, _), _| *of != call);
        if !self.told.is_empty() {
            Rc::make_mut(&mut self.told).retain(|(of, _), _| *of != call);
        }
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
        if !Rc::ptr_eq(&joined.harmless, &other.harmless) {
            both_tell(Rc::make_mut(&mut joined.harmless), &other.harmless);
        }
        if !Rc::ptr_eq(&joined.told, &other.told) {
            both_tell(Rc::make_mut(&mut joined.told), &other.told);
        }
        if !Rc::ptr_eq(&joined.names, &other.names) {
            let names = Rc::make_mut(&mut joined.names);
            for (key, value) in other.names.iter() {
                match names.get_mut(key) {
                    Some(known) if known == value => {}
                    Some(known) => *known = known.or(value).bounded().0,
                    None => {
                        names.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        joined
    }

    /// Notes what something that came in can do no harm in.
    pub(super) fn is_harmless(&mut self, key: &str, known: Known) {
        let before = Rc::make_mut(&mut self.harmless).entry(key.to_owned()).or_default();
        *before = before.with(known);
    }

    /// What something that came in can do no harm in.
    pub(super) fn harmless(&self, key: &str) -> Known {
        self.harmless.get(key).copied().unwrap_or_default()
    }

    /// The same of everything that came in.
    pub(super) fn all_harmless(&self) -> Rc<AHashMap<String, Known>> {
        self.harmless.clone()
    }

    /// Changes everything that is held.
    pub(super) fn each(&mut self, change: &mut dyn FnMut(&mut Value<'a>)) {
        Rc::make_mut(&mut self.names).values_mut().for_each(change);
    }
}

/// Keeps what both moments know.
fn both_tell<K: Eq + std::hash::Hash>(one: &mut AHashMap<K, Known>, other: &AHashMap<K, Known>) {
    one.retain(|key, known| {
        *known = known.shared(other.get(key).copied().unwrap_or_default());
        !known.is_empty()
    });
}

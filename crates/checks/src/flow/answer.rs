//! What the answers `true` and `false` of a function tell: what is known of what came in wherever it gives them back.

use std::rc::Rc;

use ahash::AHashMap;
use seaworthy_core::limits::FLOW_TOLD;

use super::guard::{Implied, Told};
use super::known::Known;
use super::state::State;
use super::value::{Shape, Value};

/// What is known of what came in, by its keys.
type Harmless = Rc<AHashMap<String, Known>>;

/// The answers of one call.
#[derive(Debug, Default)]
pub(super) struct Answers {
    yes: Option<Harmless>,
    no: Option<Harmless>,
    /// Whether it gives back something that is neither.
    has_others: bool,
}

impl Answers {
    /// It gives this back, with things as they are.
    pub(super) fn note(&mut self, value: &Value<'_>, state: &State<'_>) {
        let (known, now) = match value.truth() {
            Some(true) => (&mut self.yes, state.all_harmless()),
            Some(false) => (&mut self.no, state.all_harmless()),
            None => return self.has_others = true,
        };
        let both = match known.take() {
            Some(before) if !Rc::ptr_eq(&before, &now) => Rc::new(shared(&before, &now)),
            _ => now,
        };
        *known = Some(both);
    }

    /// The answer as a test, when one of them tells more than the other.
    pub(super) fn test(&self) -> Option<Shape<'static>> {
        let (Some(yes), Some(no)) = (&self.yes, &self.no) else { return None };
        let implied = Implied { yes: beyond(yes, no), no: beyond(no, yes) };
        (!self.has_others && implied != Implied::default()).then(|| Shape::Implies(Rc::new(implied)))
    }
}

/// What both know.
fn shared(one: &AHashMap<String, Known>, two: &AHashMap<String, Known>) -> AHashMap<String, Known> {
    let both = |(key, known): (&String, &Known)| {
        let known = known.shared(*two.get(key)?);
        (!known.is_empty()).then(|| (key.clone(), known))
    };
    one.iter().filter_map(both).collect()
}

/// What one knows and the other does not.
fn beyond(one: &AHashMap<String, Known>, other: &AHashMap<String, Known>) -> Vec<Told> {
    let mut more: Vec<(&String, &Known)> =
        one.iter().filter(|(key, known)| other.get(*key) != Some(known)).collect();
    more.sort_by_key(|(key, _)| *key);
    more.into_iter().take(FLOW_TOLD).map(|(key, known)| Told::of_key(key, *known)).collect()
}

//! What names mean in a template: those that it makes itself, for a while, and those that it is given.

use std::collections::BTreeMap;

use super::access_path::{self, AccessPath, Step};

/// What the template itself calls by a name; `None` for what is no part of what it is given.
pub(crate) type Bound = BTreeMap<String, Option<AccessPath>>;

/// The names of the blocks under way, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    whole: Bound,
    blocks: Vec<(String, Bound)>,
}

impl Scopes {
    /// A block begins in which names have a meaning of their own.
    pub(super) fn begin(&mut self, kind: &str, bound: Bound) {
        self.blocks.push((kind.to_owned(), bound));
    }

    /// The innermost block of this kind ends, and what has not been ended in it.
    pub(super) fn end(&mut self, kind: &str) {
        if let Some(at) = self.blocks.iter().rposition(|(open, _)| open == kind) {
            self.blocks.truncate(at);
        }
    }

    /// A name is made where the template stands.
    pub(super) fn bind(&mut self, name: &str, means: Option<AccessPath>) {
        let innermost = self.blocks.last_mut().map_or(&mut self.whole, |(_, bound)| bound);
        innermost.insert(name.to_owned(), means);
    }

    /// What an expression is of what the template is given.
    pub(super) fn meant(&self, expression: &str) -> Option<AccessPath> {
        let place = access_path::parse(expression)?;
        let Some(Step::Field(first)) = place.first() else { return Some(place) };
        let inner = self.blocks.iter().rev().find_map(|(_, bound)| bound.get(first));
        within(inner.or_else(|| self.whole.get(first)).cloned(), place)
    }

    /// Every name that the template has made, as it stands.
    pub(super) fn all(&self) -> Bound {
        let mut all = self.whole.clone();
        for (_, bound) in &self.blocks {
            all.extend(bound.iter().map(|(name, means)| (name.clone(), means.clone())));
        }
        all
    }
}

/// A place where names have been made: what it is of what the template is given.
pub(crate) fn meant(bound: &Bound, place: AccessPath) -> Option<AccessPath> {
    let Some(Step::Field(first)) = place.first() else { return Some(place) };
    within(bound.get(first).cloned(), place)
}

/// A place of which the first name means this.
fn within(means: Option<Option<AccessPath>>, place: AccessPath) -> Option<AccessPath> {
    match means {
        Some(Some(mut whole)) => {
            whole.extend(place.into_iter().skip(1));
            Some(whole)
        }
        Some(None) => None,
        None => Some(place),
    }
}

/// The names, none of which is a part of what the template is given.
pub(super) fn unknown<'n>(names: impl Iterator<Item = &'n str>) -> Bound {
    names.filter_map(|text| Some((access_path::name(text.trim())?.0.to_owned(), None))).collect()
}

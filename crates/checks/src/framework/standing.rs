//! What stands before the routes of an application or router, and before which of them.

use std::rc::Rc;

use super::project::Place;
use super::unless::LetThrough;
use super::web::Guard;
use crate::facts::syntax::Extent;

/// A guard of an application or router.
#[derive(Debug)]
pub(super) struct Standing<'a> {
    /// What it is a guard of.
    pub(super) on: Place,
    /// Where it is added.
    pub(super) at: (usize, Extent),
    /// The path below which it stands; all of them when absent.
    pub(super) below: Option<String>,
    /// What it stands before of what is added there.
    pub(super) order: Order,
    /// What it lets through.
    pub(super) unless: Rc<LetThrough>,
    /// The guard.
    pub(super) guard: Guard<'a>,
}

/// What a guard stands before, by when that was added to the same application or router. What is added in another file is taken to come
/// later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Everything.
    Any,
    /// What is added later.
    Later,
    /// The routers that are mounted later, and no route of its own.
    LaterMounts,
}

/// A guard before the routes of a router in one of the places where it is mounted.
#[derive(Debug)]
pub(super) struct Before<'a> {
    /// The path below which it stands.
    pub(super) below: String,
    /// What it lets through.
    pub(super) unless: Rc<LetThrough>,
    /// The guard.
    pub(super) guard: Guard<'a>,
}

impl Before<'_> {
    /// Whether a route is one of those.
    pub(super) fn stands_before(&self, method: &str, path: &str) -> bool {
        let above = self.below.trim_end_matches('/');
        let is_below = path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        is_below && !self.unless.has(method, path)
    }
}

//! Several at once: every child in every parent, every pattern of a path at every place.

use seaworthy_core::surface::{Input, InputPlace, Route};

use super::path::Pattern;
use super::project::Place;
use super::routing::{Answering, Mount, Routing, handler};
use super::web::Guard;
use crate::facts::syntax::Extent;

impl<'a> Routing<'a> {
    /// Notes that each of some routers is put into each of others, below each prefix; `None` for one that could not be read.
    pub(super) fn mount_each(
        &mut self,
        (parents, children): (&[Place], &[Place]),
        prefixes: &[Option<String>],
        at: (usize, Extent),
        guards: &[Guard<'a>],
    ) {
        for parent in parents {
            for child in children {
                for prefix in prefixes {
                    let (parent, child, prefix) = (parent.clone(), child.clone(), prefix.clone());
                    self.mount(Mount { parent, child, prefix, replaces: false, at, guards: guards.to_vec() });
                }
            }
        }
    }

    /// Notes a route of each of some applications or routers for each pattern of its path, with what its function reads.
    pub(super) fn register_each(
        &mut self,
        on: &[Place],
        at: (usize, Extent),
        method: &str,
        (patterns, read): (&[Pattern], &[Input]),
        answering: &Answering<'a>,
    ) {
        for pattern in patterns {
            for place in on {
                let mut inputs = pattern.inputs.clone();
                inputs.extend(read.iter().filter(|input| input.place != InputPlace::Path).cloned());
                let (method, path) = (method.to_owned(), pattern.path.clone());
                let route =
                    Route { method, path, handler: handler(self.project, answering.function), inputs };
                self.register(place, at, route, answering.clone());
            }
        }
    }
}

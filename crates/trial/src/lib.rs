//! Running services and references in a hostile world: load, faults, probes, oracles, histories.
//!
//! [`run`] tries one service: it finds out what the service offers, and hands each probe an [`Arena`] in which it can start fresh copies of it.
//! [`replay()`] runs what a probe wrote down once more; [`serve()`] makes a fresh copy reachable for the lines a finding prints.
//!
//! Architecture invariant: nothing here prints, stores, signs or reads the wall clock; what happened leaves as [`Tried`] and as [`Event`]s.

pub mod arena;
pub mod history;
pub mod http;
pub mod probe;
mod proposal;
pub mod replay;
mod run;
pub mod schema;
pub mod serve;
pub mod service;
pub mod statistics;
pub mod subject;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use seaworthy_core::plan::Service;
use seaworthy_core::surface::Surface;
use seaworthy_core::{BoundNeeded, Digest, NotChecked, Observation, Outcome, RuleId, Subject, Timestamp};

pub use arena::{Arena, Evidence, Stop};

pub use replay::{Replayed, replay};
pub use run::{USUAL_FILES, inputs, run};
pub use schema::Inferred;
pub use serve::{ports_are_free, serve};

/// What is to be tried, and how.
pub struct Request<'a> {
    /// The root judged. Never written.
    pub root: &'a Path,
    /// What exactly is judged.
    pub subject: &'a Subject,
    /// How the service is started and what it promises; `start` may be empty, then `surface.entries` are tried in their order.
    pub service: &'a Service,
    /// What was read of it in the source.
    pub surface: &'a Surface,
    /// The probes to run; all when absent.
    pub only: Option<&'a [RuleId]>,
    /// How long each probe may work; a default per probe when absent.
    pub budget: Option<Duration>,
    /// What randomness is derived from.
    pub seed: u64,
    /// Bounds needed, where the plan asks for others than the probes do.
    pub bounds: &'a BTreeMap<RuleId, BoundNeeded>,
    /// Digest of what a copy of the service gets besides the tree: installed packages, files that git does not keep.
    pub world: Digest,
    /// A folder for overlays and sockets, ours alone.
    pub scratch: &'a Path,
    /// The folder for replay files.
    pub replays: &'a Path,
    /// The time at which this was asked for.
    pub started_at: Timestamp,
    /// Who is told how it goes.
    pub progress: &'a dyn Progress,
}

/// What came of trying a service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tried {
    /// One for each probe.
    pub observations: Vec<Observation>,
    /// What nobody told us and we took for true.
    pub inferred: Vec<Inferred>,
    /// What was not looked at.
    pub not_checked: Vec<NotChecked>,
}

/// Is told how a run goes. Called from the running thread; must not block.
pub trait Progress: Sync {
    /// Something happened.
    fn happened(&self, event: &Event<'_>);
}

/// What happens in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// The service is started to see what it offers.
    Exploring {
        /// Its name.
        service: &'a str,
    },
    /// A probe begins.
    Began {
        /// Its service.
        service: &'a str,
        /// Its id.
        probe: &'a RuleId,
        /// Which of how many, from 1.
        index: usize,
        /// How many there are.
        total: usize,
    },
    /// A probe is at a step.
    Step {
        /// Its id.
        probe: &'a RuleId,
        /// What it does, as half a sentence.
        what: &'a str,
        /// How much of it is done.
        done: u64,
        /// How much there is to do, where that is known.
        of: Option<u64>,
    },
    /// A probe ended.
    Ended {
        /// Its id.
        probe: &'a RuleId,
        /// What came out.
        outcome: &'a Outcome,
    },
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn happened(&self, _: &Event<'_>) {}
}

//! Static checks over a source tree and its installed dependencies. No processes, no network, no clock.
//!
//! [`run`] reads the tree once into facts, in parallel, lets every check of [`registry::CHECKS`] look at them, and gives one
//! observation a check. A check is written once against [`facts::syntax`], whatever the language.

pub mod architecture_drift;
pub mod baseline;
mod change;
pub mod compounding_error;
pub mod context;
mod database;
pub mod facts;
pub mod flow;
pub mod framework;
pub mod hallucinated_confidence;
pub mod language;
pub mod packages;
mod process;
pub mod registry;
pub mod report;
pub mod rules;
mod run;
pub mod shared_blind_spot;
pub mod superficial_security;
pub mod suppression;
pub mod tree;
mod verdict;

pub use packages::consulted::state_of;
pub use run::{Checked, Progress, Quiet, Request, inputs, run};

//! Starting, confining, limiting and stopping processes. The only place that spawns.
//!
//! [`run`] is for one program that ends by itself; [`World`] is for services, in namespaces of their own.

pub mod program;
mod world;

pub use program::{Exit, Finished, Limits, Output, Program, Stdin};
pub use world::{Fidelity, Listening, Tier, WorldSpec};

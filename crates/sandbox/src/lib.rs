//! Starting, confining, limiting and stopping processes. The only place that spawns.
//!
//! [`run`] is for one program that ends by itself; [`World`] is for services, in namespaces of their own.

mod broker;
mod capture;
pub mod environment;
mod launch;
mod link;
mod message;
mod oneshot;
mod process;
mod procfs;
pub mod program;
mod starting;
mod sys;
mod watch;
mod world;

pub use oneshot::{RunError, run};
pub use process::Process;
pub use program::{Exit, Finished, Limits, Output, Program, Stdin};
pub use starting::StartError;
pub use world::{Denied, Fidelity, Listening, Tier, World, WorldError, WorldSpec};

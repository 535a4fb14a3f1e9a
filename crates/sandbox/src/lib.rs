//! Starting, confining, limiting and stopping processes. The only place that spawns.
//!
//! [`run`] is for one program that ends by itself; [`World`] is for services, in namespaces of their own. Linux is the
//! platform; elsewhere the same interface says that nothing can be started.

pub mod environment;
mod error;
pub mod program;
mod spec;

#[cfg(target_os = "linux")]
mod broker;
#[cfg(target_os = "linux")]
mod capture;
#[cfg(target_os = "linux")]
mod launch;
#[cfg(target_os = "linux")]
mod link;
#[cfg(target_os = "linux")]
mod message;
#[cfg(target_os = "linux")]
mod oneshot;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod procfs;
#[cfg(target_os = "linux")]
mod starting;
#[cfg(target_os = "linux")]
mod sys;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
mod world;

#[cfg(not(target_os = "linux"))]
mod elsewhere;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Process, World, abandon, run};
pub use error::{Denied, RunError, StartError, WorldError};
#[cfg(target_os = "linux")]
pub use oneshot::run;
#[cfg(target_os = "linux")]
pub use process::Process;
pub use program::{Exit, Finished, Limits, Output, Program, Stdin};
pub use spec::{Fidelity, Listening, Tier, WorldSpec};
#[cfg(target_os = "linux")]
pub use world::{World, abandon};

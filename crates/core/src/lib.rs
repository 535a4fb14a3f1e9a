//! The vocabulary of Seaworthy and its decision: pure types, no I/O, no clock, no async, no SQL.
//!
//! Architecture invariant: this crate alone is enough to decide again from a record. Whoever distrusts
//! the program can read the ledger's entries, hand them to [`decision::decide`] and compare.

pub mod decision;
pub mod digest;
pub mod entry;
pub mod finding;
pub mod limits;
pub mod observation;
pub mod plan;
pub mod policy;
pub mod subject;
pub mod surface;

pub use decision::{Decision, Verdict, decide};
pub use digest::Digest;
pub use entry::{Actor, Body, Claim, Entry, Verified};
pub use finding::{Confidence, FailureMode, Finding, Location, Related, RuleId, Severity, Span};
pub use jiff::Timestamp;
pub use observation::{
    Artifact, Bound, Independence, NotChecked, Observation, Outcome, Producer, Reason, Suppressed, TimeSpan,
};
pub use plan::Plan;
pub use policy::{BoundNeeded, Class, Need, Policy, Requirement};
pub use subject::Subject;

//! Locally sensible, globally incoherent. One file a check.

pub mod dependency_cycle;

//! Running services and references in a hostile world: load, faults, probes, oracles, histories.

pub mod schema;

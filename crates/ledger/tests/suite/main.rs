//! The ledger's tests against files, processes and other people's implementations, in one binary.
#![expect(
    clippy::unwrap_used,
    reason = "clippy allows it in tests, yet not in the helpers of an integration test"
)]

mod common;
mod conformance;
mod corruption;
mod files;
mod golden;
mod independent;
mod merkle;

//! Tests written from the same misreading as the code. One file a check.

pub mod mocked_subject;
pub mod skipped_test;
pub mod tautological_test;
pub mod test_without_assertion;

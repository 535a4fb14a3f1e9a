//! Tests written from the same misreading as the code. One file a check.

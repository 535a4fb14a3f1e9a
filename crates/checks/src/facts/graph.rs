//! Which file imports which.

/// Which file imports which.
#[derive(Debug, Default)]
pub struct Graph {}

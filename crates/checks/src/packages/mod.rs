//! What is installed or locked: modules of standard libraries and of packages.

/// What is installed or locked.
#[derive(Debug, Default)]
pub struct Packages {}

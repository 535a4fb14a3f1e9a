//! The files of a working tree or of one commit, named by their contents and read when asked for.

/// The files that are judged.
#[derive(Debug, Default)]
pub struct Tree {}

//! Which file imports which.

use super::source::SourceFile;
use crate::tree::Tree;

/// Which file imports which.
#[derive(Debug, Default)]
pub struct Graph {}

impl Graph {
    /// Resolves the imports of the files.
    pub fn of(_tree: &Tree, _files: &[SourceFile]) -> Self {
        Self {}
    }
}

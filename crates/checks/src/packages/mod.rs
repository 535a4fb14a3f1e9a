//! What is installed or locked: modules of standard libraries and of packages.

use std::path::{Path, PathBuf};

use seaworthy_core::Digest;

use crate::tree::Tree;

/// What is installed or locked.
#[derive(Debug, Default)]
pub struct Packages {}

impl Packages {
    /// Looks for what is installed for a tree.
    pub fn find(_tree: &Tree, _root: Option<&Path>, _python_paths: &[PathBuf]) -> Self {
        Self {}
    }

    /// Digest of what is installed: names and versions.
    pub fn digest(&self) -> Digest {
        Digest::of(b"")
    }
}

//! What is installed or locked: modules of standard libraries and of packages.
//!
//! Packages are read where they lie on disk, outside the tree; nothing is started to ask about them.

pub mod consulted;
pub(crate) mod jsonc;
mod node;
pub(crate) mod python;
mod rust;

use std::path::{Path, PathBuf};

use seaworthy_core::Digest;

use self::consulted::Consulted;

use crate::tree::Tree;

/// What is known of a module that is not of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is there.
    There,
    /// What it would be in is there, and lacks it: where that is, and what was looked for.
    Lacking {
        /// The package or library that lacks it, as a person would name it: `requests 2.31.0`, `Python 3.11's standard library`.
        within: String,
    },
    /// What it would be in is not installed here, or finds its modules in ways that cannot be followed.
    Unverified {
        /// The package.
        package: String,
    },
}

/// What is installed or locked.
#[derive(Debug, Default)]
pub struct Packages {
    python: python::Installed,
    node: node::Installed,
    rust: rust::Declared,
    consulted: Consulted,
}

impl Packages {
    /// Looks for what is installed for a tree: in its virtual environment, in `python_paths`, in its `node_modules`.
    pub fn find(tree: &Tree, root: Option<&Path>, python_paths: &[PathBuf]) -> Self {
        Self {
            python: python::Installed::find(root, python_paths),
            node: node::Installed::find(tree, root),
            rust: rust::Declared::find(tree),
            consulted: Consulted::default(),
        }
    }

    /// Digest of what is installed: names and versions.
    pub fn digest(&self) -> Digest {
        Digest::of_fields(self.python.inventory().into_iter().chain(self.node.inventory()))
    }

    /// The folders outside the tree that were looked into.
    pub(crate) fn consulted(&self) -> &Consulted {
        &self.consulted
    }

    /// Whether Python would find a module, by its dotted name.
    pub fn python_module(&self, module: &str) -> Known {
        self.python.consult(module, &self.consulted);
        self.python.module(module)
    }

    /// Whether folders with installed Python packages are known at all.
    pub fn has_python(&self) -> bool {
        self.python.is_known()
    }

    /// Whether Node would find a module for a file in `folder` (relative to the root).
    pub fn node_module(&self, specifier: &str, folder: &str) -> Known {
        self.node.consult(specifier, folder, &self.consulted);
        self.node.module(specifier, folder)
    }

    /// Whether a crate is the language's own, of the tree, or named by one of its `Cargo.toml`s.
    pub fn rust_crate(&self, name: &str) -> Known {
        self.rust.module(name)
    }
}

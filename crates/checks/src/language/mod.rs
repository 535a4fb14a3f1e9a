//! The languages: which file is in which, and how its text becomes [`crate::facts::syntax`]. Languages make no findings.

pub mod javascript;
pub mod python;
pub mod rust;

use crate::facts::syntax::{Extent, Module};

/// The languages that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// `.py`, `.pyi`.
    Python,
    /// `.js`, `.mjs`, `.cjs`, `.jsx`.
    JavaScript,
    /// `.ts`, `.mts`, `.cts`, `.tsx`, `.d.ts`.
    TypeScript,
    /// `.rs`.
    Rust,
}

/// What became of a text. Never empty for want of trying: what the parser recovered is used.
#[derive(Debug, Default)]
pub struct Parsed {
    /// What it says, as far as it could be read.
    pub module: Module,
    /// What could not.
    pub errors: Vec<SyntaxError>,
}

/// A place that does not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub extent: Extent,
    /// What is wrong there.
    pub message: String,
}

impl Language {
    /// The language of a path, by its ending.
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, ending) = path.rsplit_once('.')?;
        match ending {
            "py" | "pyi" => Some(Self::Python),
            "js" | "mjs" | "cjs" | "jsx" => Some(Self::JavaScript),
            "ts" | "mts" | "cts" | "tsx" => Some(Self::TypeScript),
            "rs" => Some(Self::Rust),
            _ => None,
        }
    }

    /// Reads a text. Never panics; nesting beyond `SYNTAX_DEPTH` is an error of the file.
    pub fn parse(self, path: &str, text: &str) -> Parsed {
        match self {
            Self::Python => python::parse(path, text),
            Self::JavaScript | Self::TypeScript => javascript::parse(path, text),
            Self::Rust => rust::parse(path, text),
        }
    }
}

//! What the names of a file stand for: imports, local bindings, and the functions and classes around a place.

use super::syntax::{Expr, Module};
use crate::language::Language;

/// The names of one file.
#[derive(Debug, Default)]
pub struct Names {}

impl Names {
    /// Reads the names of a file.
    pub fn of(_language: Language, _module: &Module) -> Self {
        Self {}
    }

    /// See [`super::source::SourceFile::resolve`].
    pub fn resolve(&self, expr: &Expr) -> Option<String> {
        expr.dotted()
    }

    /// See [`super::source::SourceFile::symbol_at`].
    pub fn symbol_at(&self, _offset: u32) -> &str {
        ""
    }
}

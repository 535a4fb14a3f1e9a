//! One source file: its text, its syntax, and what its names stand for.

use std::sync::Arc;

use seaworthy_core::Location;

use super::imports::ImportFact;
use super::lines::Lines;
use super::names::Names;
use super::syntax::{Expr, Extent, Module};
use crate::language::Language;
use crate::suppression::Suppression;

/// One source file.
#[derive(Debug)]
pub struct SourceFile {
    /// Its path relative to the root, with `/`.
    pub path: String,
    /// Its language.
    pub language: Language,
    /// Its text. A byte order mark at the start has been left out.
    pub text: Arc<str>,
    /// What it says.
    pub syntax: Module,
    /// Where its lines begin.
    pub lines: Lines,
    /// Whether it is a test or only serves tests, by its name and folder, or by what it does: see [`super::by_hand`].
    pub is_test: bool,
    /// What its names stand for.
    pub names: Names,
    /// Its imports, in order.
    pub imports: Vec<ImportFact>,
    /// The comments in it that set findings aside.
    pub suppressions: Vec<Suppression>,
}

impl SourceFile {
    /// A stretch of the file as a place.
    pub fn location(&self, extent: Extent) -> Location {
        Location::Source { path: self.path.clone(), span: self.lines.span(&self.text, extent) }
    }

    /// The text of a stretch; empty when it lies outside.
    pub fn text_of(&self, extent: Extent) -> &str {
        self.text.get(extent.start as usize..extent.end as usize).unwrap_or_default()
    }

    /// Whether one of these pieces of text stands anywhere in it: what to ask before every node is looked at.
    pub fn mentions(&self, any_of: &[&str]) -> bool {
        any_of.iter().any(|piece| self.text.contains(piece))
    }

    /// The first line of a stretch, without the space at its end: what a report shows of a long call or function.
    pub fn first_line(&self, extent: Extent) -> Extent {
        let line = self.text_of(extent).lines().next().unwrap_or_default().trim_end();
        Extent { end: extent.start + u32::try_from(line.len()).unwrap_or(0), ..extent }
    }

    /// The dotted name that a name or member stands for, with the aliases of imports replaced: `dt.utcnow` after
    /// `from datetime import datetime as dt` is `datetime.datetime.utcnow`; `t` after `const {timingSafeEqual: t} =
    /// require("node:crypto")` is `crypto.timingSafeEqual`; Rust's `use` likewise, with `.` between the segments.
    /// A name that nothing in the file binds stands for itself (`open`, `Math.random`). `None` when it is bound to
    /// something else than an import, or is no dotted name.
    pub fn resolve(&self, expr: &Expr) -> Option<String> {
        self.names.resolve(expr)
    }

    /// The dotted name of the innermost function or class around an offset; empty at the top of the file.
    pub fn symbol_at(&self, offset: u32) -> &str {
        self.names.symbol_at(offset)
    }
}

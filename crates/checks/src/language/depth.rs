//! How deep a lowering may go, and what happens at the bottom.
//!
//! Everything that walks the syntax recurses, and so does dropping it. What a parser returned may nest as deep as its text; what
//! a lowering returns never nests deeper than [`SYNTAX_DEPTH`] levels, each of at most three nodes: below them stands an empty `Other`, and an error says so.

use seaworthy_core::limits::SYNTAX_DEPTH;

use super::SyntaxError;
use crate::facts::syntax::{Expr, ExprKind, Extent, Stmt, StmtKind};

/// Counts the levels a lowering is deep.
#[derive(Debug, Default)]
pub(super) struct Depth {
    level: usize,
    cut: Option<Extent>,
}

impl Depth {
    /// One level down. `false` at the bottom: then nothing below may be looked at, and `leave` isn't called.
    pub(super) fn enter(&mut self, extent: Extent) -> bool {
        if self.level >= SYNTAX_DEPTH {
            self.cut.get_or_insert(extent);
            return false;
        }
        self.level += 1;
        true
    }

    /// One level up.
    pub(super) fn leave(&mut self) {
        self.level -= 1;
    }

    /// What to say of the file when something was cut off.
    pub(super) fn error(&self) -> Option<SyntaxError> {
        self.cut.map(|extent| SyntaxError {
            extent,
            message: format!("nested deeper than {SYNTAX_DEPTH} levels; what is below was not read"),
        })
    }
}

/// What stands in an expression's place where its parts are unknown.
pub(super) fn unknown_expr(extent: Extent) -> Expr {
    Expr { extent, kind: ExprKind::Other(Vec::new()) }
}

/// What stands in a statement's place where its parts are unknown.
pub(super) fn unknown_stmt(extent: Extent) -> Stmt {
    Stmt { extent, kind: StmtKind::Other(Vec::new()) }
}

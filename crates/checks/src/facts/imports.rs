//! The imports of a file, each with when it happens and what stands around it.

use super::nodes::{Node, each_node};
use super::syntax::{ExprKind, Extent, Import, ImportKind, Module, Stmt, StmtKind};

/// An import and its circumstances.
#[derive(Debug, Clone)]
pub struct ImportFact {
    /// What is imported.
    pub import: Import,
    /// The whole statement or call.
    pub extent: Extent,
    /// When it happens.
    pub when: When,
    /// Whether the file goes on when it fails: it stands in a `try` with a handler, in a `with` that suppresses, under a
    /// condition, or in an `except`.
    pub guarded: bool,
}

/// When an import happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// As soon as the file is loaded.
    Eager,
    /// When a function is called, or later than its own file is loaded (`import()`).
    Lazy,
    /// Never: for types only.
    TypeOnly,
}

/// The imports of a file, in order.
pub(crate) fn of(module: &Module, text: &str) -> Vec<ImportFact> {
    let mut facts = Vec::new();
    each_node(module, &mut |node, around| {
        let Node::Stmt(Stmt { extent, kind: StmtKind::Import(import) }) = node else { return true };
        let in_function = around.iter().any(|node| node.function().is_some());
        let called_later = import.kind == ImportKind::Dynamic
            && text
                .get(extent.start as usize..)
                .is_some_and(|text| text.starts_with("import(") || text.starts_with("import ("));
        let when = match import.kind {
            ImportKind::TypeOnly => When::TypeOnly,
            _ if in_function || called_later => When::Lazy,
            _ => When::Eager,
        };
        facts.push(ImportFact {
            import: (**import).clone(),
            extent: *extent,
            when,
            guarded: around.iter().any(is_guard),
        });
        true
    });
    facts
}

fn is_guard(node: &Node<'_>) -> bool {
    match node {
        Node::Handler(_) => true,
        Node::Stmt(Stmt { kind, .. }) => matches!(
            kind,
            StmtKind::Try(_) | StmtKind::If { .. } | StmtKind::With { .. } | StmtKind::Match { .. }
        ),
        Node::Expr(expr) => matches!(expr.kind, ExprKind::Conditional { .. } | ExprKind::Logical { .. }),
    }
}

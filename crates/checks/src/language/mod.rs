//! The languages: which file is in which, and how its text becomes [`crate::facts::syntax`]. Languages make no findings.

mod depth;
pub mod javascript;
mod nesting;
pub mod python;
pub mod rust;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::facts::syntax::{Comment, Expr, ExprKind, Extent, Module};

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

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::Rust => "Rust",
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

/// The most stack a parser is given. It is address space; memory only where it is used.
const PARSER_STACK_BYTES: usize = 1024 * 1024 * 1024;

/// Stack for a lowering as deep as it goes, in a debug build.
const LOWERING_STACK_BYTES: usize = 4 * 1024 * 1024;

/// Runs a parser where neither its recursion nor a mistake of it can end the process. It goes down no more than so many levels,
/// each of so much stack.
fn guarded(levels: usize, frame_bytes: usize, parse: impl FnOnce() -> Parsed) -> Parsed {
    let needed = LOWERING_STACK_BYTES + levels * frame_bytes;
    if needed > PARSER_STACK_BYTES {
        return refused(format!("may nest deeper than {} levels", PARSER_STACK_BYTES / frame_bytes));
    }
    let parse = AssertUnwindSafe(|| stacker::maybe_grow(needed, needed, parse));
    catch_unwind(parse).unwrap_or_else(|_| refused("the parser itself failed on this file".to_owned()))
}

/// A left chain of an associative operator; beyond a few dozen terms a balanced tree, for a chain of thousands is as deep as
/// it is long.
fn balanced(mut terms: Vec<Expr>, join: &dyn Fn(Box<Expr>, Box<Expr>) -> ExprKind) -> ExprKind {
    const CHAIN: usize = 32;
    let pair = |left: Expr, right: Expr| {
        let extent = Extent { start: left.extent.start, end: right.extent.end };
        Expr { extent, kind: join(Box::new(left), Box::new(right)) }
    };
    while terms.len() > CHAIN {
        let mut half = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            half.push(match rest.next() {
                Some(right) => pair(left, right),
                None => left,
            });
        }
        terms = half;
    }
    terms.into_iter().reduce(pair).map_or(ExprKind::Other(Vec::new()), |joined| joined.kind)
}

/// A comment at its place.
pub(crate) fn comment_at(text: &str, extent: Extent) -> Comment {
    let before = text.get(..extent.start as usize).unwrap_or_default();
    let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
    Comment { extent, alone: line.trim().is_empty() }
}

/// A file of which nothing is known.
fn refused(message: String) -> Parsed {
    Parsed { module: Module::default(), errors: vec![SyntaxError { extent: Extent::default(), message }] }
}

#[cfg(test)]
mod tests;

//! Reads Python, 3.14 and before, as far as it parses.

mod expression;
mod import;
mod pattern;
mod statement;

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

use super::depth::Depth;
use super::nesting::Openers;
use super::{Parsed, SyntaxError, comment_at, guarded, refused};
use crate::facts::syntax::{Expr, Extent, Module, Stmt};

/// Reads a text. What the parser recovered after an error is used.
pub fn parse(_path: &str, text: &str) -> Parsed {
    if text.len() > F_STRINGS * 3 && f_strings(text) > F_STRINGS {
        return refused(format!("more than {F_STRINGS} f-strings: generated, or made to stop its readers"));
    }
    guarded(OPENERS.levels(text), PARSER_FRAME_BYTES, || lower(text))
}

/// F-strings of one file. Reading those that nest takes the square of their number: 20,000 take a minute.
const F_STRINGS: usize = 5_000;

/// No fewer than the f-strings and t-strings of a text.
fn f_strings(text: &str) -> usize {
    let is_prefix = |bytes: &&[u8]| {
        matches!(
            bytes,
            [_, b'f' | b'F' | b't' | b'T', b'"' | b'\'']
                | [b'f' | b'F' | b't' | b'T', b'r' | b'R', b'"' | b'\'']
        )
    };
    text.as_bytes().windows(3).filter(is_prefix).count()
}

/// What makes the tree deeper, left-nested operators, members and calls too: dropping it goes down them.
const OPENERS: Openers = Openers {
    marks: b"([{-~+*/%@&|^<>=.:!",
    words: &[
        "and", "async", "await", "else", "for", "if", "in", "is", "lambda", "not", "or", "yield", "from",
    ],
};

/// Stack that one level of nesting takes. The parser grows its own stack; this is for dropping its tree.
const PARSER_FRAME_BYTES: usize = 1024;

fn lower(text: &str) -> Parsed {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let mut errors: Vec<SyntaxError> = parsed
        .errors()
        .iter()
        .map(|error| SyntaxError { extent: extent(error.location), message: error.error.to_string() })
        .collect();
    let comments = parsed
        .tokens()
        .iter()
        .filter(|token| token.kind() == TokenKind::Comment)
        .map(|token| comment_at(text, extent(token.range())))
        .collect();
    let mut lowering = Lowering {
        text,
        depth: Depth::default(),
        type_only: 0,
        yields: false,
        knows_import_module: false,
        dynamic: Vec::new(),
    };
    let body = match parsed.syntax() {
        ruff_python_ast::Mod::Module(module) => lowering.body(&module.body),
        ruff_python_ast::Mod::Expression(_) => Vec::new(),
    };
    errors.extend(lowering.depth.error());
    Parsed { module: Module { body, comments }, errors }
}

/// Turns ruff's tree into ours.
struct Lowering<'a> {
    text: &'a str,
    depth: Depth,
    /// How many `if TYPE_CHECKING` we are in.
    type_only: u32,
    /// Whether the function at hand has yielded yet.
    yields: bool,
    /// Whether `import_module` alone is importlib's: packages have functions of that name that do otherwise.
    knows_import_module: bool,
    /// Imports by call that the statement at hand holds; they become statements before it.
    dynamic: Vec<Stmt>,
}

impl Lowering<'_> {
    fn optional(&mut self, expr: Option<&ruff_python_ast::Expr>) -> Option<Expr> {
        expr.map(|expr| self.expr(expr))
    }

    fn boxed(&mut self, expr: &ruff_python_ast::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn all(&mut self, exprs: &[ruff_python_ast::Expr]) -> Vec<Expr> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn source(&self, range: TextRange) -> &str {
        self.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default()
    }
}

fn extent(range: TextRange) -> Extent {
    Extent { start: range.start().to_u32(), end: range.end().to_u32() }
}

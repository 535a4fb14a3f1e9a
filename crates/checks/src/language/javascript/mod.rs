//! Reads JavaScript and TypeScript, with JSX and TSX, as modules and as CommonJS.
//!
//! `require` and `import()` with a constant become [`Import`](crate::facts::syntax::Import) statements: in place of a declaration
//! that only binds what they give, before the statement otherwise.

mod class;
mod expression;
mod function;
mod guessing;
mod import;
mod markup;
mod operator;
mod pattern;
mod statement;
mod types;

use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::{SourceType, Span};

use super::depth::Depth;
use super::nesting::Openers;
use super::{Parsed, SyntaxError, comment_at, guarded, refused};
use crate::facts::syntax::{Expr, ExprKind, Extent, Module, Stmt, Text};

/// Reads a text. The path says which of the dialects it is in.
pub fn parse(path: &str, text: &str) -> Parsed {
    let guesses = guessing::guesses(text);
    if guesses > guessing::GUESSES {
        return refused(format!(
            "compares with an assignment in parentheses {guesses} times, which the parser may read twice each time"
        ));
    }
    guarded(OPENERS.levels(text), PARSER_FRAME_BYTES, || lower(path, text))
}

/// Binary operators, members and calls are read in loops, and all else that can go on without end begins with one of these.
const OPENERS: Openers = Openers {
    marks: b"([{<!~+-?:=*@`.&|",
    words: &[
        "await",
        "async",
        "class",
        "delete",
        "do",
        "else",
        "export",
        "extends",
        "for",
        "function",
        "if",
        "infer",
        "keyof",
        "new",
        "readonly",
        "return",
        "throw",
        "typeof",
        "unique",
        "void",
        "while",
        "with",
        "yield",
        "asserts",
        "is",
        "in",
        "import",
        "abstract",
        "declare",
        "namespace",
        "module",
    ],
};

/// Stack that one level of nesting takes in the parser, in a debug build; less than 3 KiB were measured.
const PARSER_FRAME_BYTES: usize = 4 * 1024;

fn lower(path: &str, text: &str) -> Parsed {
    let dialect = SourceType::from_path(path).unwrap_or_default();
    let options = ParseOptions {
        preserve_parens: false,
        allow_return_outside_function: true,
        enable_ident_hashes: false,
        ..ParseOptions::default()
    };
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, dialect).with_options(options).parse();
    let mut errors: Vec<SyntaxError> = parsed
        .diagnostics
        .iter()
        .map(|error| {
            let start = error.labels.first().map_or(0, |label| label.offset());
            let length = error.labels.first().map_or(0, |label| label.len());
            SyntaxError { extent: Extent { start, end: start + length }, message: error.message.to_string() }
        })
        .collect();
    let comments =
        parsed.program.comments.iter().map(|comment| comment_at(text, extent(comment.span))).collect();
    let mut lowering = Lowering { depth: Depth::default(), dynamic: Vec::new() };
    let mut body = lowering.directives(&parsed.program.directives);
    lowering.body_into(&parsed.program.body, &mut body);
    errors.extend(lowering.depth.error());
    Parsed { module: Module { body, comments }, errors }
}

/// Turns oxc's tree into ours.
struct Lowering {
    depth: Depth,
    /// Imports by call that the statement at hand holds; they become statements before it.
    dynamic: Vec<Stmt>,
}

fn extent(span: Span) -> Extent {
    Extent { start: span.start, end: span.end }
}

fn name_at(name: &str, span: Span) -> Expr {
    Expr { extent: extent(span), kind: ExprKind::Name(Text::new(name)) }
}

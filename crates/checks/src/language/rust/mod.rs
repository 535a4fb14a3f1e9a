//! Reads Rust. A macro's tokens are read as expressions with commas between them, or as statements, where they can be.

mod block;
mod comment;
mod expression;
mod import;
mod item;
mod macros;
mod nesting;
mod pattern;
mod types;

use std::borrow::Cow;
use std::str::FromStr;

use proc_macro2::{LexError, Span, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::{Ident, Item, Path};

use super::depth::Depth;
use super::{Parsed, SyntaxError, guarded};
use crate::facts::syntax::{Expr, ExprKind, Extent, Module, Text};

/// Reads a text. After an item that does not parse, the next is tried.
pub fn parse(_path: &str, text: &str) -> Parsed {
    let text = without_shebang(text);
    let parsed = match TokenStream::from_str(&text) {
        Err(error) => unreadable(&error),
        Ok(tokens) => {
            let levels = nesting::levels(tokens.clone());
            guarded(levels, PARSER_FRAME_BYTES, || lower(tokens, text.len()))
        }
    };
    // Otherwise the thread keeps the text of every file it ever read.
    proc_macro2::extra::invalidate_current_thread_spans();
    let comments = comment::comments(&text);
    Parsed { module: Module { comments, ..parsed.module }, errors: parsed.errors }
}

/// Stack that one level of nesting takes in the parser; 30 KiB and 6 KiB were measured.
const PARSER_FRAME_BYTES: usize = if cfg!(debug_assertions) { 64 * 1024 } else { 16 * 1024 };

/// `#!` of a script becomes a comment and a byte order mark white space, of the same length.
fn without_shebang(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    if let Some(rest) = text.strip_prefix('\u{feff}') {
        out = Cow::Owned(format!("   {rest}"));
    }
    let body = out.trim_start_matches(' ');
    if body.starts_with("#!") && !body[2..].trim_start().starts_with('[') {
        let at = out.len() - body.len();
        let script = format!("{}//{}", &out[..at], &out[at + 2..]);
        out = Cow::Owned(script);
    }
    out
}

fn unreadable(error: &LexError) -> Parsed {
    let message = error.to_string();
    Parsed { module: Module::default(), errors: vec![SyntaxError { extent: at(error.span()), message }] }
}

fn lower(tokens: TokenStream, length: usize) -> Parsed {
    let mut errors = Vec::new();
    let items = |input: ParseStream<'_>| Ok(items(input, &mut errors));
    let items = items.parse2(tokens).unwrap_or_default();
    let mut lowering = Lowering { depth: Depth::default() };
    let mut body = Vec::with_capacity(items.len());
    for item in &items {
        lowering.item(item, &mut body);
    }
    errors.extend(lowering.depth.error());
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    for error in &mut errors {
        error.extent.end = error.extent.end.min(length);
    }
    Parsed { module: Module { body, comments: Vec::new() }, errors }
}

/// Every item that parses. Behind one that does not we go on after the next `;` or `{..}`.
fn items(input: ParseStream<'_>, errors: &mut Vec<SyntaxError>) -> Vec<Item> {
    use syn::parse::discouraged::Speculative as _;
    let _ = syn::Attribute::parse_inner(input);
    let mut items = Vec::new();
    while !input.is_empty() {
        let fork = input.fork();
        match fork.parse::<Item>() {
            Ok(item) => {
                input.advance_to(&fork);
                items.push(item);
            }
            Err(error) => {
                errors.push(SyntaxError { extent: at(error.span()), message: error.to_string() });
                skip_item(input);
            }
        }
    }
    items
}

fn skip_item(input: ParseStream<'_>) {
    while let Ok(token) = input.parse::<proc_macro2::TokenTree>() {
        let ends = match &token {
            proc_macro2::TokenTree::Punct(mark) => mark.as_char() == ';',
            proc_macro2::TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace,
            _ => false,
        };
        if ends {
            return;
        }
    }
}

/// Turns syn's tree into ours.
struct Lowering {
    depth: Depth,
}

fn at(span: Span) -> Extent {
    let range = span.byte_range();
    Extent {
        start: u32::try_from(range.start).unwrap_or(u32::MAX),
        end: u32::try_from(range.end).unwrap_or(u32::MAX),
    }
}

/// From the first to the last.
fn across(first: Extent, last: Extent) -> Extent {
    Extent { start: first.start, end: last.end.max(first.start) }
}

/// A name without `r#`.
fn text(ident: &Ident) -> Text {
    let written = ident.to_string();
    Text::new(written.strip_prefix("r#").unwrap_or(&written))
}

fn name(ident: &Ident) -> Expr {
    Expr { extent: at(ident.span()), kind: ExprKind::Name(text(ident)) }
}

/// `a::b::c` as members, without generics.
fn path(path: &Path) -> Expr {
    let mut segments = path.segments.iter();
    let Some(first) = segments.next() else {
        return Expr { extent: Extent::default(), kind: ExprKind::Other(Vec::new()) };
    };
    segments.fold(name(&first.ident), |object, segment| {
        let extent = across(object.extent, at(segment.ident.span()));
        let kind = ExprKind::Member { object: Box::new(object), name: text(&segment.ident), optional: false };
        Expr { extent, kind }
    })
}

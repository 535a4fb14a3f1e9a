//! Macros and attributes: their tokens as arguments.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Block, Expr as Node, Ident, Macro, MacroDelimiter, Meta, Pat, Token, Type, Visibility};

use super::{Lowering, across, at, path};
use crate::facts::syntax::{Argument, Call, CallStyle, Declares, Expr, ExprKind, Extent, Stmt, StmtKind};

impl Lowering {
    /// `name!(..)` as a call. Arguments are expressions with commas between; `[value; count]` are two; otherwise statements,
    /// as one argument; otherwise, as in a language of its own, none.
    pub(super) fn macro_call(&mut self, node: &Macro) -> Expr {
        let callee = path(&node.path);
        let extent = across(callee.extent, closing(&node.delimiter));
        if !self.depth.enter(extent) {
            return crate::language::depth::unknown_expr(extent);
        }
        let kind = match self.matches_macro(node) {
            Some(kind) => kind,
            None => {
                let arguments = self.macro_arguments(&node.tokens, extent);
                ExprKind::Call(Box::new(Call { callee, arguments, style: CallStyle::Macro, optional: false }))
            }
        };
        self.depth.leave();
        Expr { extent, kind }
    }

    fn macro_arguments(&mut self, tokens: &TokenStream, extent: Extent) -> Vec<Argument> {
        if tokens.is_empty() {
            return Vec::new();
        }
        if let Ok(list) = Punctuated::<Node, Token![,]>::parse_terminated.parse2(tokens.clone()) {
            return list.iter().map(|value| self.argument(value)).collect();
        }
        let repeated = |input: syn::parse::ParseStream<'_>| {
            let value: Node = input.parse()?;
            input.parse::<Token![;]>()?;
            Ok((value, input.parse::<Node>()?))
        };
        if let Ok((value, count)) = repeated.parse2(tokens.clone()) {
            return vec![self.argument(&value), self.argument(&count)];
        }
        match Block::parse_within.parse2(tokens.clone()) {
            Ok(statements) => {
                let block = Stmt { extent, kind: StmtKind::Block(self.statements(&statements)) };
                vec![Argument {
                    name: None,
                    value: Expr { extent, kind: ExprKind::Statement(Box::new(block)) },
                }]
            }
            Err(_) => Vec::new(),
        }
    }

    /// `name = value` is an argument with a name.
    fn argument(&mut self, node: &Node) -> Argument {
        if let Node::Assign(assign) = node
            && let Node::Path(target) = assign.left.as_ref()
            && let Some(ident) = target.path.get_ident()
        {
            return Argument { name: Some(super::text(ident)), value: self.expr(&assign.right) };
        }
        Argument { name: None, value: self.expr(node) }
    }

    /// `matches!(value, pattern if guard)`.
    fn matches_macro(&mut self, node: &Macro) -> Option<ExprKind> {
        if node.path.segments.last().is_none_or(|segment| segment.ident != "matches") {
            return None;
        }
        let parts = |input: syn::parse::ParseStream<'_>| {
            let value: Node = input.parse()?;
            input.parse::<Token![,]>()?;
            let pattern = Pat::parse_multi_with_leading_vert(input)?;
            let guard = match input.parse::<Option<Token![if]>>()? {
                Some(_) => Some(input.parse::<Node>()?),
                None => None,
            };
            input.parse::<Option<Token![,]>>()?;
            Ok((value, pattern, guard))
        };
        let (value, pattern, guard) = parts.parse2(node.tokens.clone()).ok()?;
        let value = Box::new(self.expr(&value));
        let pattern = Box::new(self.pattern(&pattern));
        let extent = across(value.extent, pattern.extent);
        let matches = ExprKind::Matches { pattern, value };
        let Some(guard) = guard else { return Some(matches) };
        let right = Box::new(self.expr(&guard));
        let left = Box::new(Expr { extent, kind: matches });
        Some(ExprKind::Logical { op: crate::facts::syntax::LogicalOp::And, left, right })
    }

    /// `lazy_static! { static ref NAME: Type = value; }`: each as a constant of its own.
    pub(super) fn lazy_statics(&mut self, node: &Macro) -> Vec<Stmt> {
        if node.path.segments.last().is_none_or(|segment| segment.ident != "lazy_static") {
            return Vec::new();
        }
        let all = |input: syn::parse::ParseStream<'_>| {
            let mut found = Vec::new();
            while !input.is_empty() {
                input.call(Attribute::parse_outer)?;
                let visibility: Visibility = input.parse()?;
                let start: Token![static] = input.parse()?;
                input.parse::<Token![ref]>()?;
                let name: Ident = input.parse()?;
                input.parse::<Token![:]>()?;
                let ty: Type = input.parse()?;
                input.parse::<Token![=]>()?;
                let value: Node = input.parse()?;
                let end: Token![;] = input.parse()?;
                found.push((across(at(start.span), at(end.span)), visibility, name, ty, value));
            }
            Ok(found)
        };
        let Ok(found) = all.parse2(node.tokens.clone()) else { return Vec::new() };
        found
            .iter()
            .map(|(extent, visibility, name, ty, value)| {
                let kind = self.constant(Declares::Constant, visibility, name, ty, Some(value));
                Stmt { extent: *extent, kind }
            })
            .collect()
    }

    /// Attributes; documentation is a comment.
    pub(super) fn attributes(&mut self, nodes: &[Attribute]) -> Vec<Expr> {
        nodes.iter().filter(|node| !node.path().is_ident("doc")).map(|node| self.attribute(node)).collect()
    }

    fn attribute(&mut self, node: &Attribute) -> Expr {
        match &node.meta {
            Meta::Path(name) => path(name),
            Meta::List(list) => {
                let callee = path(&list.path);
                let extent = across(callee.extent, closing(&list.delimiter));
                let arguments = self.macro_arguments(&list.tokens, extent);
                let call = Call { callee, arguments, style: CallStyle::Plain, optional: false };
                Expr { extent, kind: ExprKind::Call(Box::new(call)) }
            }
            Meta::NameValue(pair) => {
                let target = path(&pair.path);
                let value = self.expr(&pair.value);
                let extent = across(target.extent, value.extent);
                let kind = ExprKind::Assign { target: Box::new(target), op: None, value: Box::new(value) };
                Expr { extent, kind }
            }
        }
    }
}

fn closing(delimiter: &MacroDelimiter) -> Extent {
    match delimiter {
        MacroDelimiter::Paren(token) => at(token.span.close()),
        MacroDelimiter::Brace(token) => at(token.span.close()),
        MacroDelimiter::Bracket(token) => at(token.span.close()),
    }
}

//! Rust's patterns, as the expressions they look like.

use syn::{Member, Pat, PatIdent, PatStruct, PatTupleStruct};

use super::{Lowering, across, at, name, path};
use crate::facts::syntax::{
    Argument, BinaryOp, Call, CallStyle, Expr, ExprKind, Extent, Literal, SequenceKind, Text, UnaryOp,
};

impl Lowering {
    /// A binding is a name, `A(x)` a call, `A { x: p }` a record, `a | b` a binary, `n @ p` an assignment, `..` a spread.
    pub(super) fn pattern(&mut self, node: &Pat) -> Expr {
        if !self.depth.enter(Extent::default()) {
            return self.cut(node);
        }
        let out = self.pattern_inside(node);
        self.depth.leave();
        out
    }

    fn pattern_inside(&mut self, node: &Pat) -> Expr {
        match node {
            Pat::Ident(binding) => self.binding(binding),
            Pat::Path(value) => path(&value.path),
            Pat::TupleStruct(tuple) => self.tuple_struct(tuple),
            Pat::Struct(fields) => self.fields_pattern(fields),
            Pat::Tuple(tuple) => {
                let items = tuple.elems.iter().map(|item| self.pattern(item)).collect();
                sequence(SequenceKind::Tuple, items, at(tuple.paren_token.span.join()))
            }
            Pat::Slice(slice) => {
                let items = slice.elems.iter().map(|item| self.pattern(item)).collect();
                sequence(SequenceKind::List, items, at(slice.bracket_token.span.join()))
            }
            Pat::Or(or) => {
                let cases: Vec<Expr> = or.cases.iter().map(|case| self.pattern(case)).collect();
                let extent = match (cases.first(), cases.last()) {
                    (Some(first), Some(last)) => across(first.extent, last.extent),
                    _ => Extent::default(),
                };
                let join = |left, right| ExprKind::Binary { op: BinaryOp::Or, left, right };
                Expr { extent, kind: crate::language::balanced(cases, &join) }
            }
            Pat::Reference(reference) => {
                let value = self.pattern(&reference.pat);
                let extent = across(at(reference.and_token.span), value.extent);
                Expr { extent, kind: ExprKind::Unary { op: UnaryOp::Reference, value: Box::new(value) } }
            }
            Pat::Wild(wild) => underscore(at(wild.underscore_token.span)),
            Pat::Rest(rest) => {
                let extent = at(rest.dot2_token.spans[0]);
                let extent = across(extent, at(rest.dot2_token.spans[1]));
                Expr { extent, kind: ExprKind::Spread(Box::new(underscore(extent))) }
            }
            _ => self.rare_pattern(node),
        }
    }

    fn rare_pattern(&mut self, node: &Pat) -> Expr {
        match node {
            Pat::Lit(literal) => self.literal(&literal.lit),
            Pat::Range(range) => self.range(range),
            Pat::Macro(call) => self.macro_call(&call.mac),
            Pat::Paren(inner) => self.pattern(&inner.pat),
            Pat::Type(typed) => self.pattern(&typed.pat),
            Pat::Guard(guarded) => {
                let parts = vec![self.pattern(&guarded.pat), self.expr(&guarded.guard)];
                let extent = across(parts[0].extent, parts[1].extent);
                Expr { extent, kind: ExprKind::Other(parts) }
            }
            _ => self.cut(node),
        }
    }

    fn binding(&mut self, node: &PatIdent) -> Expr {
        let target = name(&node.ident);
        match &node.subpat {
            None => target,
            Some((_, inner)) => {
                let value = self.pattern(inner);
                let extent = across(target.extent, value.extent);
                let kind = ExprKind::Assign { target: Box::new(target), op: None, value: Box::new(value) };
                Expr { extent, kind }
            }
        }
    }

    fn tuple_struct(&mut self, node: &PatTupleStruct) -> Expr {
        let callee = path(&node.path);
        let arguments =
            node.elems.iter().map(|item| Argument { name: None, value: self.pattern(item) }).collect();
        let extent = across(callee.extent, at(node.paren_token.span.close()));
        let call = Call { callee, arguments, style: CallStyle::Plain, optional: false };
        Expr { extent, kind: ExprKind::Call(Box::new(call)) }
    }

    fn fields_pattern(&mut self, node: &PatStruct) -> Expr {
        let of = path(&node.path);
        let mut entries: Vec<(Option<Expr>, Expr)> = node
            .fields
            .iter()
            .map(|field| (Some(field_key(&field.member)), self.pattern(&field.pat)))
            .collect();
        if let Some(rest) = &node.rest {
            let extent = across(at(rest.dot2_token.spans[0]), at(rest.dot2_token.spans[1]));
            entries.push((None, underscore(extent)));
        }
        let extent = across(of.extent, at(node.brace_token.span.close()));
        Expr { extent, kind: ExprKind::Record { of: Some(Box::new(of)), entries } }
    }
}

/// The name of a field as a text.
pub(super) fn field_key(member: &Member) -> Expr {
    let (written, extent) = match member {
        Member::Named(ident) => (super::text(ident), at(ident.span())),
        Member::Unnamed(index) => (Text::from(index.index.to_string()), at(index.span)),
    };
    Expr { extent, kind: ExprKind::Literal(Literal::String(written)) }
}

fn underscore(extent: Extent) -> Expr {
    Expr { extent, kind: ExprKind::Name(Text::const_new("_")) }
}

fn sequence(kind: SequenceKind, items: Vec<Expr>, extent: Extent) -> Expr {
    Expr { extent, kind: ExprKind::Sequence { kind, items } }
}

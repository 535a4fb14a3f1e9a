//! Rust's types, as the expressions they look like: `Vec<T>` is an index, `&T` a reference, `[T]` a list, `(A, B)` a tuple.

use syn::{GenericArgument, Path, PathArguments, ReturnType, Type, TypeParamBound, TypePath};

use super::{Lowering, across, at, name, text};
use crate::facts::syntax::{Expr, ExprKind, Extent, Literal, SequenceKind, Text, UnaryOp};

impl Lowering {
    pub(super) fn returns(&mut self, node: &ReturnType) -> Option<Expr> {
        match node {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(self.ty(ty)),
        }
    }

    pub(super) fn ty(&mut self, node: &Type) -> Expr {
        if !self.depth.enter(Extent::default()) {
            return self.cut(node);
        }
        let out = self.ty_inside(node);
        self.depth.leave();
        out
    }

    fn ty_inside(&mut self, node: &Type) -> Expr {
        match node {
            Type::Path(path) => self.type_path(path),
            Type::Reference(reference) => {
                let value = self.ty(&reference.elem);
                let extent = across(at(reference.and_token.span), value.extent);
                Expr { extent, kind: ExprKind::Unary { op: UnaryOp::Reference, value: Box::new(value) } }
            }
            Type::Ptr(pointer) => {
                let value = self.ty(&pointer.elem);
                let extent = across(at(pointer.star_token.span), value.extent);
                Expr { extent, kind: ExprKind::Unary { op: UnaryOp::Dereference, value: Box::new(value) } }
            }
            Type::Slice(slice) => {
                let items = vec![self.ty(&slice.elem)];
                let kind = ExprKind::Sequence { kind: SequenceKind::List, items };
                Expr { extent: at(slice.bracket_token.span.join()), kind }
            }
            Type::Array(array) => {
                let parts = vec![self.ty(&array.elem), self.expr(&array.len)];
                Expr { extent: at(array.bracket_token.span.join()), kind: ExprKind::Other(parts) }
            }
            Type::Tuple(tuple) => {
                let items: Vec<Expr> = tuple.elems.iter().map(|ty| self.ty(ty)).collect();
                let kind = match items.as_slice() {
                    [] => ExprKind::Literal(Literal::Null),
                    _ => ExprKind::Sequence { kind: SequenceKind::Tuple, items },
                };
                Expr { extent: at(tuple.paren_token.span.join()), kind }
            }
            Type::Paren(inner) => self.ty(&inner.elem),
            Type::Group(inner) => self.ty(&inner.elem),
            Type::Infer(infer) => {
                Expr { extent: at(infer.underscore_token.span), kind: ExprKind::Name(Text::const_new("_")) }
            }
            Type::Never(never) => {
                Expr { extent: at(never.bang_token.span), kind: ExprKind::Name(Text::const_new("!")) }
            }
            _ => self.rare_type(node),
        }
    }

    fn rare_type(&mut self, node: &Type) -> Expr {
        match node {
            Type::ImplTrait(ty) => self.bounds(at(ty.impl_token.span), ty.bounds.iter()),
            Type::TraitObject(ty) => {
                let start = ty.dyn_token.as_ref().map(|token| at(token.span));
                let bounds = self.bounds(start.unwrap_or_default(), ty.bounds.iter());
                match (start, &bounds.kind) {
                    (None, ExprKind::Other(parts)) => {
                        let first = parts.first().map_or(bounds.extent, |part| part.extent);
                        Expr { extent: across(first, bounds.extent), kind: bounds.kind }
                    }
                    _ => bounds,
                }
            }
            Type::FnPtr(ty) => {
                let mut parts: Vec<Expr> = ty.inputs.iter().map(|input| self.ty(&input.ty)).collect();
                let end = at(ty.paren_token.span.close());
                let returns = self.returns(&ty.output);
                let extent = across(at(ty.fn_token.span), returns.as_ref().map_or(end, |ty| ty.extent));
                parts.extend(returns);
                Expr { extent, kind: ExprKind::Other(parts) }
            }
            Type::Macro(ty) => self.macro_call(&ty.mac),
            _ => self.cut(node),
        }
    }

    fn bounds<'a>(&mut self, start: Extent, bounds: impl Iterator<Item = &'a TypeParamBound>) -> Expr {
        let parts: Vec<Expr> = bounds.filter_map(|bound| self.bound(bound)).collect();
        let extent = parts.last().map_or(start, |last| across(start, last.extent));
        Expr { extent, kind: ExprKind::Other(parts) }
    }

    /// The trait of a bound; a lifetime is none.
    pub(super) fn bound(&mut self, node: &TypeParamBound) -> Option<Expr> {
        match node {
            TypeParamBound::Trait(bound) => Some(self.generic_path(&bound.path)),
            _ => None,
        }
    }

    fn type_path(&mut self, node: &TypePath) -> Expr {
        match &node.qself {
            None => self.generic_path(&node.path),
            Some(qself) => {
                let parts = vec![self.ty(&qself.ty), self.generic_path(&node.path)];
                let end = parts.last().map_or(at(qself.gt_token.span), |part| part.extent);
                Expr { extent: across(at(qself.lt_token.span), end), kind: ExprKind::Other(parts) }
            }
        }
    }

    /// A path whose generic arguments are kept, as indices.
    pub(super) fn generic_path(&mut self, node: &Path) -> Expr {
        let mut out: Option<Expr> = None;
        for segment in &node.segments {
            let named = match out {
                None => name(&segment.ident),
                Some(object) => Expr {
                    extent: across(object.extent, at(segment.ident.span())),
                    kind: ExprKind::Member {
                        object: Box::new(object),
                        name: text(&segment.ident),
                        optional: false,
                    },
                },
            };
            out = Some(self.with_generics(named, &segment.arguments));
        }
        out.unwrap_or(Expr { extent: Extent::default(), kind: ExprKind::Other(Vec::new()) })
    }

    fn with_generics(&mut self, object: Expr, node: &PathArguments) -> Expr {
        let (mut items, end) = match node {
            PathArguments::None => return object,
            PathArguments::AngleBracketed(arguments) => {
                let items = arguments.args.iter().filter_map(|argument| self.generic(argument)).collect();
                (items, at(arguments.gt_token.span))
            }
            PathArguments::Parenthesized(arguments) => {
                let mut items: Vec<Expr> = arguments.inputs.iter().map(|input| self.ty(&input.ty)).collect();
                items.extend(self.returns(&arguments.output));
                let end = items.last().map_or(at(arguments.paren_token.span.close()), |last| last.extent);
                (items, across(at(arguments.paren_token.span.close()), end))
            }
        };
        let extent = across(object.extent, end);
        let index = match items.pop() {
            None => return object,
            Some(only) if items.is_empty() => only,
            Some(last) => {
                let first = items.first().map_or(last.extent, |first| first.extent);
                let extent = across(first, last.extent);
                items.push(last);
                Expr { extent, kind: ExprKind::Sequence { kind: SequenceKind::Tuple, items } }
            }
        };
        Expr { extent, kind: ExprKind::Index { object: Box::new(object), index: Box::new(index) } }
    }

    fn generic(&mut self, node: &GenericArgument) -> Option<Expr> {
        match node {
            GenericArgument::Type(ty) => Some(self.ty(ty)),
            GenericArgument::Const(value) => Some(self.expr(value)),
            GenericArgument::AssocType(assoc) => Some(self.ty(&assoc.ty)),
            GenericArgument::AssocConst(assoc) => Some(self.expr(&assoc.value)),
            GenericArgument::Constraint(constraint) => Some(name(&constraint.ident)),
            _ => None,
        }
    }
}

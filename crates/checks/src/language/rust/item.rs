//! Rust's items: functions, types, traits, implementations, modules.

use syn::{
    Attribute, Block, Expr as Node, Fields, FnArg, ForeignItem, Ident, ImplItem, Item, ItemEnum, ItemImpl,
    ItemMod, ItemTrait, Signature, TraitItem, Type, Visibility,
};

use super::block::assignment;
use super::{Lowering, across, at, import, name, text};
use crate::facts::syntax::{
    Argument, Assign, Class, ClassKind, Declares, Expr, ExprKind, Extent, Function, Parameter, ParameterKind,
    SequenceKind, Stmt, StmtKind, Text,
};
use crate::language::depth::unknown_stmt;

impl Lowering {
    pub(super) fn item(&mut self, node: &Item, out: &mut Vec<Stmt>) {
        if !self.depth.enter(Extent::default()) {
            out.push(unknown_stmt(self.cut(node).extent));
            return;
        }
        self.item_inside(node, out);
        self.depth.leave();
    }

    fn item_inside(&mut self, node: &Item, out: &mut Vec<Stmt>) {
        let (extent, kind) = match node {
            Item::Fn(item) => {
                let function = self.function(&item.attrs, &item.vis, &item.sig, Some(&item.block));
                let function = Function { is_static: false, ..function };
                let start = start(&item.vis, at(item.sig.fn_token.span));
                (
                    across(start, at(item.block.brace_token.span.close())),
                    StmtKind::Function(Box::new(function)),
                )
            }
            Item::Impl(item) => self.implementation(item),
            Item::Struct(item) => {
                let body = self.fields_body(&item.fields);
                let class =
                    Class { body, ..self.class(ClassKind::Struct, &item.ident, &item.attrs, &item.vis) };
                let end = match (&item.fields, &item.semi_token) {
                    (_, Some(semicolon)) => at(semicolon.span),
                    (Fields::Named(fields), None) => at(fields.brace_token.span.close()),
                    _ => at(item.ident.span()),
                };
                (across(start(&item.vis, at(item.struct_token.span)), end), StmtKind::Class(Box::new(class)))
            }
            Item::Union(item) => {
                let body = item.fields.named.iter().map(|field| self.field(field, 0)).collect();
                let class =
                    Class { body, ..self.class(ClassKind::Struct, &item.ident, &item.attrs, &item.vis) };
                let end = at(item.fields.brace_token.span.close());
                (across(start(&item.vis, at(item.union_token.span)), end), StmtKind::Class(Box::new(class)))
            }
            Item::Enum(item) => self.enumeration(item),
            Item::Trait(item) => self.definition(item),
            Item::Mod(item) => return self.module(item, out),
            Item::Use(item) => {
                let start = start(&item.vis, at(item.use_token.span));
                return import::flatten(item, across(start, at(item.semi_token.span)), out);
            }
            Item::ExternCrate(item) => {
                let start = start(&item.vis, at(item.extern_token.span));
                let import = import::extern_crate(item);
                (across(start, at(item.semi_token.span)), StmtKind::Import(Box::new(import)))
            }
            _ => self.value_item(node),
        };
        out.push(Stmt { extent, kind });
    }

    fn value_item(&mut self, node: &Item) -> (Extent, StmtKind) {
        match node {
            Item::Const(item) => {
                let assign =
                    self.constant(Declares::Constant, &item.vis, &item.ident, &item.ty, Some(&item.expr));
                (across(start(&item.vis, at(item.const_token.span)), at(item.semi_token.span)), assign)
            }
            Item::Static(item) => {
                let declares = match item.mutability {
                    syn::StaticMutability::Mut(_) => Declares::Variable,
                    _ => Declares::Constant,
                };
                let assign = self.constant(declares, &item.vis, &item.ident, &item.ty, Some(&item.expr));
                (across(start(&item.vis, at(item.static_token.span)), at(item.semi_token.span)), assign)
            }
            Item::Type(item) => {
                let value = Some(self.ty(&item.ty));
                let is_public = is_public(&item.vis);
                let assign = Assign { value, is_public, ..assignment(Declares::Type, name(&item.ident)) };
                let extent = across(start(&item.vis, at(item.type_token.span)), at(item.semi_token.span));
                (extent, StmtKind::Assign(Box::new(assign)))
            }
            // A definition's body is patterns of tokens, not code.
            Item::Macro(item) if item.mac.path.is_ident("macro_rules") => {
                let callee = super::path(&item.mac.path);
                (callee.extent, StmtKind::Other(Vec::new()))
            }
            Item::Macro(item) => {
                let call = self.macro_call(&item.mac);
                let extent = call.extent;
                let lazy = self.lazy_statics(&item.mac);
                let call = Stmt { extent, kind: StmtKind::Expr(call) };
                if lazy.is_empty() {
                    return (extent, call.kind);
                }
                (extent, StmtKind::Block(std::iter::once(call).chain(lazy).collect()))
            }
            Item::ForeignMod(item) => {
                let body = item.items.iter().filter_map(|item| self.foreign(item)).collect();
                let extent = across(at(item.abi.extern_token.span), at(item.brace_token.span.close()));
                (extent, StmtKind::Block(body))
            }
            _ => (self.cut(node).extent, StmtKind::Other(Vec::new())),
        }
    }

    pub(super) fn constant(
        &mut self,
        declares: Declares,
        visibility: &Visibility,
        ident: &Ident,
        ty: &Type,
        value: Option<&Node>,
    ) -> StmtKind {
        let annotation = Some(self.ty(ty));
        let value = value.map(|value| self.expr(value));
        let is_public = is_public(visibility);
        StmtKind::Assign(Box::new(Assign {
            annotation,
            value,
            is_public,
            ..assignment(declares, name(ident))
        }))
    }

    fn foreign(&mut self, node: &ForeignItem) -> Option<Stmt> {
        match node {
            ForeignItem::Fn(item) => {
                let function = self.function(&item.attrs, &item.vis, &item.sig, None);
                let extent = across(at(item.sig.fn_token.span), at(item.semi_token.span));
                Some(Stmt { extent, kind: StmtKind::Function(Box::new(function)) })
            }
            ForeignItem::Static(item) => {
                let kind = self.constant(Declares::Variable, &item.vis, &item.ident, &item.ty, None);
                Some(Stmt { extent: across(at(item.static_token.span), at(item.semi_token.span)), kind })
            }
            _ => None,
        }
    }

    /// `mod m { .. }` is a namespace, `mod m;` an import of a child with its attributes before it.
    fn module(&mut self, node: &ItemMod, out: &mut Vec<Stmt>) {
        let decorators = self.attributes(&node.attrs);
        let start = start(&node.vis, at(node.mod_token.span));
        match &node.content {
            Some((brace, items)) => {
                let mut body = Vec::with_capacity(items.len());
                for item in items {
                    self.item(item, &mut body);
                }
                let kind = StmtKind::Namespace { name: text(&node.ident), decorators, body };
                out.push(Stmt { extent: across(start, at(brace.span.close())), kind });
            }
            None => {
                let end = node.semi.as_ref().map_or(at(node.ident.span()), |semicolon| at(semicolon.span));
                if let (Some(first), Some(last)) = (decorators.first(), decorators.last()) {
                    let extent = across(first.extent, last.extent);
                    out.push(Stmt { extent, kind: StmtKind::Other(decorators) });
                }
                let kind = StmtKind::Import(Box::new(import::child(node)));
                out.push(Stmt { extent: across(start, end), kind });
            }
        }
    }

    fn class(
        &mut self,
        kind: ClassKind,
        ident: &Ident,
        attributes: &[Attribute],
        visibility: &Visibility,
    ) -> Class {
        Class {
            kind,
            name: text(ident),
            name_extent: at(ident.span()),
            bases: Vec::new(),
            decorators: self.attributes(attributes),
            body: Vec::new(),
            is_public: is_public(visibility),
        }
    }

    fn fields_body(&mut self, node: &Fields) -> Vec<Stmt> {
        node.iter().enumerate().map(|(index, field)| self.field(field, index)).collect()
    }

    fn field(&mut self, node: &syn::Field, index: usize) -> Stmt {
        let annotation = self.ty(&node.ty);
        let target = match &node.ident {
            Some(ident) => name(ident),
            None => Expr { extent: annotation.extent, kind: ExprKind::Name(Text::from(index.to_string())) },
        };
        let extent = across(target.extent, annotation.extent);
        let is_public = is_public(&node.vis);
        let assign =
            Assign { annotation: Some(annotation), is_public, ..assignment(Declares::Field, target) };
        Stmt { extent, kind: StmtKind::Assign(Box::new(assign)) }
    }

    /// A variant is a field; what it holds is the field's type, a tuple or a record.
    fn enumeration(&mut self, node: &ItemEnum) -> (Extent, StmtKind) {
        let mut class = self.class(ClassKind::Enum, &node.ident, &node.attrs, &node.vis);
        for variant in &node.variants {
            let target = name(&variant.ident);
            let annotation = self.variant(&variant.fields);
            let value = variant.discriminant.as_ref().map(|(_, value)| self.expr(value));
            let end = value.as_ref().or(annotation.as_ref()).map_or(target.extent, |last| last.extent);
            let extent = across(target.extent, end);
            let assign = Assign { annotation, value, ..assignment(Declares::Field, target) };
            class.body.push(Stmt { extent, kind: StmtKind::Assign(Box::new(assign)) });
        }
        let start = start(&node.vis, at(node.enum_token.span));
        (across(start, at(node.brace_token.span.close())), StmtKind::Class(Box::new(class)))
    }

    fn variant(&mut self, node: &Fields) -> Option<Expr> {
        match node {
            Fields::Unit => None,
            Fields::Unnamed(fields) => {
                let items = fields.unnamed.iter().map(|field| self.ty(&field.ty)).collect();
                let kind = ExprKind::Sequence { kind: SequenceKind::Tuple, items };
                Some(Expr { extent: at(fields.paren_token.span.join()), kind })
            }
            Fields::Named(fields) => {
                let entries = fields
                    .named
                    .iter()
                    .map(|field| {
                        let key = field
                            .ident
                            .as_ref()
                            .map(|ident| super::pattern::field_key(&syn::Member::Named(ident.clone())));
                        (key, self.ty(&field.ty))
                    })
                    .collect();
                let kind = ExprKind::Record { of: None, entries };
                Some(Expr { extent: at(fields.brace_token.span.join()), kind })
            }
        }
    }

    fn definition(&mut self, node: &ItemTrait) -> (Extent, StmtKind) {
        let mut class = self.class(ClassKind::Trait, &node.ident, &node.attrs, &node.vis);
        class.bases = node
            .supertraits
            .iter()
            .filter_map(|bound| self.bound(bound))
            .map(|value| Argument { name: None, value })
            .collect();
        for item in &node.items {
            let (extent, kind) = match item {
                TraitItem::Fn(item) => {
                    let inherited = Visibility::Inherited;
                    let function = self.function(&item.attrs, &inherited, &item.sig, item.default.as_ref());
                    let end = match (&item.default, &item.semi_token) {
                        (Some(block), _) => at(block.brace_token.span.close()),
                        (None, Some(semicolon)) => at(semicolon.span),
                        (None, None) => function.name_extent,
                    };
                    (across(at(item.sig.fn_token.span), end), StmtKind::Function(Box::new(function)))
                }
                TraitItem::Const(item) => {
                    let value = item.default.as_ref().map(|(_, value)| value);
                    let inherited = Visibility::Inherited;
                    let kind = self.constant(Declares::Constant, &inherited, &item.ident, &item.ty, value);
                    (across(at(item.const_token.span), at(item.semi_token.span)), kind)
                }
                TraitItem::Macro(item) => {
                    let call = self.macro_call(&item.mac);
                    (call.extent, StmtKind::Expr(call))
                }
                _ => (self.cut(item).extent, StmtKind::Other(Vec::new())),
            };
            class.body.push(Stmt { extent, kind });
        }
        let start = start(&node.vis, at(node.trait_token.span));
        (across(start, at(node.brace_token.span.close())), StmtKind::Class(Box::new(class)))
    }

    fn implementation(&mut self, node: &ItemImpl) -> (Extent, StmtKind) {
        let decorators = self.attributes(&node.attrs);
        let bases = node
            .trait_
            .iter()
            .map(|(path, _)| Argument { name: None, value: self.generic_path(path) })
            .collect();
        let (name, name_extent) = self.type_name(&node.self_ty);
        let body = node.items.iter().map(|item| self.impl_item(item)).collect();
        let kind = ClassKind::Impl;
        let class = Class { kind, name, name_extent, bases, decorators, body, is_public: false };
        (
            across(at(node.impl_token.span), at(node.brace_token.span.close())),
            StmtKind::Class(Box::new(class)),
        )
    }

    fn impl_item(&mut self, node: &ImplItem) -> Stmt {
        let (extent, kind) = match node {
            ImplItem::Fn(item) => {
                let function = self.function(&item.attrs, &item.vis, &item.sig, Some(&item.block));
                let start = start(&item.vis, at(item.sig.fn_token.span));
                (
                    across(start, at(item.block.brace_token.span.close())),
                    StmtKind::Function(Box::new(function)),
                )
            }
            ImplItem::Const(item) => {
                let kind =
                    self.constant(Declares::Constant, &item.vis, &item.ident, &item.ty, Some(&item.expr));
                (across(start(&item.vis, at(item.const_token.span)), at(item.semi_token.span)), kind)
            }
            ImplItem::Type(item) => {
                let value = Some(self.ty(&item.ty));
                let assign = Assign { value, ..assignment(Declares::Type, name(&item.ident)) };
                let extent = across(at(item.type_token.span), at(item.semi_token.span));
                (extent, StmtKind::Assign(Box::new(assign)))
            }
            ImplItem::Macro(item) => {
                let call = self.macro_call(&item.mac);
                (call.extent, StmtKind::Expr(call))
            }
            _ => (self.cut(node).extent, StmtKind::Other(Vec::new())),
        };
        Stmt { extent, kind }
    }

    /// The last segment of the type an `impl` is of, through references.
    fn type_name(&mut self, node: &Type) -> (Text, Extent) {
        let mut node = node;
        loop {
            match node {
                Type::Reference(inner) => node = &inner.elem,
                Type::Paren(inner) => node = &inner.elem,
                Type::Group(inner) => node = &inner.elem,
                Type::Path(path) => {
                    return match path.path.segments.last() {
                        Some(segment) => (text(&segment.ident), at(segment.ident.span())),
                        None => (Text::default(), Extent::default()),
                    };
                }
                other => return (Text::default(), self.cut(other).extent),
            }
        }
    }

    fn function(
        &mut self,
        attributes: &[Attribute],
        visibility: &Visibility,
        signature: &Signature,
        body: Option<&Block>,
    ) -> Function {
        let parameters: Vec<Parameter> = signature.inputs.iter().map(|input| self.input(input)).collect();
        let receiver = parameters.first().is_some_and(|first| first.kind == ParameterKind::Receiver);
        Function {
            name: text(&signature.ident),
            name_extent: at(signature.ident.span()),
            parameters,
            returns: self.returns(&signature.output),
            body: body.map(|block| self.block(block)).unwrap_or_default(),
            has_body: body.is_some(),
            decorators: self.attributes(attributes),
            is_async: signature.asyncness.is_some(),
            is_generator: false,
            is_public: is_public(visibility),
            is_static: !receiver,
        }
    }

    fn input(&mut self, node: &FnArg) -> Parameter {
        let (pattern, kind, annotation, attributes) = match node {
            FnArg::Receiver(receiver) => {
                let extent = at(receiver.self_token.span);
                let pattern = Expr { extent, kind: ExprKind::Name(Text::const_new("self")) };
                let annotation = match &receiver.kind {
                    syn::ReceiverKind::Typed(_, ty) => Some(self.ty(ty)),
                    _ => None,
                };
                (pattern, ParameterKind::Receiver, annotation, &receiver.attrs)
            }
            FnArg::Typed(typed) => {
                let annotation = Some(self.ty(&typed.ty));
                (self.pattern(&typed.pat), ParameterKind::Positional, annotation, &typed.attrs)
            }
        };
        Parameter { pattern, kind, annotation, default: None, decorators: self.attributes(attributes) }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

/// Where an item begins: at its `pub`, else at its keyword.
fn start(visibility: &Visibility, keyword: Extent) -> Extent {
    match visibility {
        Visibility::Public(token) => at(token.span),
        Visibility::Restricted(restricted) => at(restricted.pub_token.span),
        Visibility::Inherited => keyword,
    }
}

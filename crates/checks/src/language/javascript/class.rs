//! JavaScript's classes; TypeScript's interfaces and enums.

use oxc_ast::ast::{
    Class as Node, ClassElement, Decorator, Expression, MethodDefinition, PropertyKey, TSEnumDeclaration,
    TSEnumMemberName, TSInterfaceDeclaration, TSMethodSignature, TSPropertySignature, TSSignature,
    TSTypeAnnotation,
};
use oxc_span::{GetSpan, Span};

use super::statement::assign;
use super::{Lowering, extent, name_at};
use crate::facts::syntax::{
    Argument, Assign, Class, ClassKind, Declares, Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind,
    Text,
};

impl Lowering {
    pub(super) fn class(&mut self, node: &Node<'_>, is_public: bool) -> Class {
        let start = node.span.start;
        let (name, name_extent) = match &node.id {
            Some(id) => (Text::new(id.name), extent(id.span)),
            None => (Text::default(), Extent { start, end: start }),
        };
        let decorators = self.decorators(&node.decorators);
        let mut bases = Vec::new();
        if let Some(heritage) = &node.heritage {
            bases.push(Argument { name: None, value: self.expr(&heritage.expression) });
        }
        for implemented in &node.implements {
            bases.push(Argument { name: None, value: self.type_name(&implemented.expression) });
        }
        let mut body = Vec::new();
        for element in &node.body.body {
            self.element(element, &mut body);
        }
        Class { kind: ClassKind::Class, name, name_extent, bases, decorators, body, is_public }
    }

    fn element(&mut self, node: &ClassElement<'_>, out: &mut Vec<Stmt>) {
        let whole = extent(node.span());
        let kind = match node {
            ClassElement::MethodDefinition(method) => StmtKind::Function(Box::new(self.method(method))),
            ClassElement::PropertyDefinition(field) => {
                self.field_decorators(&field.decorators, out);
                self.field(&field.key, field.type_annotation.as_deref(), field.value.as_ref())
            }
            ClassElement::AccessorProperty(field) => {
                self.field_decorators(&field.decorators, out);
                self.field(&field.key, field.type_annotation.as_deref(), field.value.as_ref())
            }
            ClassElement::StaticBlock(block) => StmtKind::Block(self.body(&block.body)),
            ClassElement::TSIndexSignature(signature) => {
                StmtKind::Other(vec![self.ts_type(&signature.type_annotation.type_annotation)])
            }
        };
        out.push(Stmt { extent: whole, kind });
    }

    /// A field has no place for its decorators: they stand before it.
    fn field_decorators(&mut self, decorators: &[Decorator<'_>], out: &mut Vec<Stmt>) {
        for decorator in decorators {
            let kind = StmtKind::Other(vec![self.expr(&decorator.expression)]);
            out.push(Stmt { extent: extent(decorator.span), kind });
        }
    }

    fn field(
        &mut self,
        key: &PropertyKey<'_>,
        annotation: Option<&TSTypeAnnotation<'_>>,
        value: Option<&Expression<'_>>,
    ) -> StmtKind {
        let target = self.member_name(key);
        let annotation = self.annotation(annotation);
        let value = self.optional(value);
        StmtKind::Assign(Box::new(Assign { annotation, value, ..assign(Declares::Field, vec![target]) }))
    }

    /// The name a member is declared under; an `Other` for one that is computed.
    fn member_name(&mut self, key: &PropertyKey<'_>) -> Expr {
        let is_computed = !matches!(
            key,
            PropertyKey::StaticIdentifier(_)
                | PropertyKey::PrivateIdentifier(_)
                | PropertyKey::StringLiteral(_)
                | PropertyKey::NumericLiteral(_)
        );
        let key = self.key(key);
        let kind = match key.kind {
            ExprKind::Literal(Literal::String(name) | Literal::Integer(name)) if !is_computed => {
                ExprKind::Name(name)
            }
            _ => ExprKind::Other(vec![key.clone()]),
        };
        Expr { extent: key.extent, kind }
    }

    pub(super) fn named(&mut self, key: &PropertyKey<'_>) -> (Text, Extent) {
        let name = self.member_name(key);
        match name.kind {
            ExprKind::Name(text) => (text, name.extent),
            _ => (Text::default(), name.extent),
        }
    }

    fn method(&mut self, node: &MethodDefinition<'_>) -> Function {
        let (name, name_extent) = self.named(&node.key);
        let decorators = self.decorators(&node.decorators);
        let function = self.function(&node.value, false);
        Function { name, name_extent, decorators, is_static: node.r#static, ..function }
    }

    pub(super) fn interface(&mut self, node: &TSInterfaceDeclaration<'_>, is_public: bool) -> Class {
        let bases = node
            .extends
            .iter()
            .map(|heritage| Argument { name: None, value: self.type_name(&heritage.type_name) })
            .collect();
        Class {
            kind: ClassKind::Interface,
            name: Text::new(node.id.name),
            name_extent: extent(node.id.span),
            bases,
            decorators: Vec::new(),
            body: node.body.body.iter().map(|signature| self.signature(signature)).collect(),
            is_public,
        }
    }

    fn signature(&mut self, node: &TSSignature<'_>) -> Stmt {
        let kind = match node {
            TSSignature::TSPropertySignature(property) => self.property_signature(property),
            TSSignature::TSMethodSignature(method) => {
                StmtKind::Function(Box::new(self.method_signature(method)))
            }
            TSSignature::TSIndexSignature(signature) => {
                StmtKind::Other(vec![self.ts_type(&signature.type_annotation.type_annotation)])
            }
            TSSignature::TSCallSignatureDeclaration(call) => {
                StmtKind::Other(self.annotation(call.return_type.as_deref()).into_iter().collect())
            }
            TSSignature::TSConstructSignatureDeclaration(call) => {
                StmtKind::Other(self.annotation(call.return_type.as_deref()).into_iter().collect())
            }
        };
        Stmt { extent: extent(node.span()), kind }
    }

    fn property_signature(&mut self, node: &TSPropertySignature<'_>) -> StmtKind {
        self.field(&node.key, node.type_annotation.as_deref(), None)
    }

    fn method_signature(&mut self, node: &TSMethodSignature<'_>) -> Function {
        let (name, name_extent) = self.named(&node.key);
        Function {
            name,
            name_extent,
            parameters: self.parameters(&node.params),
            returns: self.annotation(node.return_type.as_deref()),
            ..Function::default()
        }
    }

    /// An object type, as a record from key to type.
    pub(super) fn members(&mut self, members: &[TSSignature<'_>]) -> ExprKind {
        let mut entries = Vec::new();
        for member in members {
            match member {
                TSSignature::TSPropertySignature(property) => {
                    let key = self.key(&property.key);
                    let value = self.annotation(property.type_annotation.as_deref());
                    let value = value.unwrap_or_else(|| crate::language::depth::unknown_expr(key.extent));
                    entries.push((Some(key), value));
                }
                TSSignature::TSMethodSignature(method) => {
                    let key = self.key(&method.key);
                    let function = self.method_signature(method);
                    let kind = ExprKind::Function(Box::new(function));
                    entries.push((Some(key), Expr { extent: extent(method.span), kind }));
                }
                _ => {}
            }
        }
        ExprKind::Record { of: None, entries }
    }

    pub(super) fn enumeration(&mut self, node: &TSEnumDeclaration<'_>, is_public: bool) -> Class {
        let mut body = Vec::new();
        for member in &node.body.members {
            let (name, span): (String, Span) = match &member.id {
                TSEnumMemberName::Identifier(name) => (name.name.to_string(), name.span),
                TSEnumMemberName::String(text) | TSEnumMemberName::ComputedString(text) => {
                    (text.value.to_string(), text.span)
                }
                TSEnumMemberName::ComputedTemplateString(text) => (String::new(), text.span),
            };
            let target = name_at(&name, span);
            let value = self.optional(member.initializer.as_ref());
            let field = Assign { value, ..assign(Declares::Field, vec![target]) };
            body.push(Stmt { extent: extent(member.span), kind: StmtKind::Assign(Box::new(field)) });
        }
        Class {
            kind: ClassKind::Enum,
            name: Text::new(node.id.name),
            name_extent: extent(node.id.span),
            bases: Vec::new(),
            decorators: Vec::new(),
            body,
            is_public,
        }
    }
}

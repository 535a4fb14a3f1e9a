//! TypeScript's types, as the expressions they look like: `A<B>` is an index, `A | B` a binary, `{a: B}` a record.

use oxc_ast::ast::{
    TSImportTypeQualifier, TSLiteral, TSTupleElement, TSType, TSTypeAnnotation, TSTypeName,
    TSTypeParameterInstantiation, TSTypeQueryExprName, TSTypeReference,
};
use oxc_span::{GetSpan, Span};

use super::pattern::text_at;
use super::{Lowering, extent, name_at};
use crate::facts::syntax::{BinaryOp, Expr, ExprKind, Literal, SequenceKind, Text, UnaryOp};
use crate::language::depth::unknown_expr;

impl Lowering {
    pub(super) fn annotation(&mut self, node: Option<&TSTypeAnnotation<'_>>) -> Option<Expr> {
        node.map(|node| self.ts_type(&node.type_annotation))
    }

    pub(super) fn boxed_type(&mut self, node: &TSType<'_>) -> Box<Expr> {
        Box::new(self.ts_type(node))
    }

    pub(super) fn ts_type(&mut self, node: &TSType<'_>) -> Expr {
        let whole = extent(node.span());
        if !self.depth.enter(whole) {
            return unknown_expr(whole);
        }
        let kind = match keyword(node) {
            Some(kind) => kind,
            None => self.compound_type(node),
        };
        self.depth.leave();
        Expr { extent: whole, kind }
    }

    fn compound_type(&mut self, node: &TSType<'_>) -> ExprKind {
        match node {
            TSType::TSTypeReference(reference) => self.reference(reference),
            TSType::TSArrayType(array) => {
                let start = array.span.start;
                let object = Box::new(name_at("Array", Span::new(start, start)));
                ExprKind::Index { object, index: self.boxed_type(&array.element_type) }
            }
            TSType::TSUnionType(union) => self.joined(&union.types, BinaryOp::Or),
            TSType::TSIntersectionType(both) => self.joined(&both.types, BinaryOp::And),
            TSType::TSLiteralType(literal) => self.literal_type(&literal.literal),
            TSType::TSTypeLiteral(object) => self.members(&object.members),
            TSType::TSTupleType(tuple) => ExprKind::Sequence {
                kind: SequenceKind::Tuple,
                items: tuple.element_types.iter().map(|element| self.tuple_element(element)).collect(),
            },
            TSType::TSIndexedAccessType(index) => ExprKind::Index {
                object: self.boxed_type(&index.object_type),
                index: self.boxed_type(&index.index_type),
            },
            TSType::TSParenthesizedType(inner) => self.ts_type(&inner.type_annotation).kind,
            TSType::TSConditionalType(test) => ExprKind::Conditional {
                test: Box::new(Expr {
                    extent: extent(test.span),
                    kind: ExprKind::Other(vec![
                        self.ts_type(&test.check_type),
                        self.ts_type(&test.extends_type),
                    ]),
                }),
                then: self.boxed_type(&test.true_type),
                otherwise: self.boxed_type(&test.false_type),
            },
            TSType::TSTypeQuery(query) => match &query.expr_name {
                TSTypeQueryExprName::TSImportType(_) => ExprKind::Other(Vec::new()),
                name => match name.as_ts_type_name() {
                    Some(name) => {
                        ExprKind::Unary { op: UnaryOp::TypeOf, value: Box::new(self.type_name(name)) }
                    }
                    None => ExprKind::Other(Vec::new()),
                },
            },
            _ => ExprKind::Other(self.parts_of_type(node)),
        }
    }

    fn parts_of_type(&mut self, node: &TSType<'_>) -> Vec<Expr> {
        match node {
            TSType::TSFunctionType(function) => {
                let mut parts = self.parameter_types(&function.params);
                parts.push(self.ts_type(&function.return_type.type_annotation));
                parts
            }
            TSType::TSConstructorType(function) => {
                let mut parts = self.parameter_types(&function.params);
                parts.push(self.ts_type(&function.return_type.type_annotation));
                parts
            }
            TSType::TSTypeOperatorType(operator) => vec![self.ts_type(&operator.type_annotation)],
            TSType::TSNamedTupleMember(member) => vec![self.tuple_element(&member.element_type)],
            TSType::TSMappedType(mapped) => {
                let constraint = self.ts_type(&mapped.constraint);
                std::iter::once(constraint)
                    .chain(mapped.type_annotation.as_ref().map(|value| self.ts_type(value)))
                    .collect()
            }
            TSType::TSTemplateLiteralType(template) => {
                template.types.iter().map(|value| self.ts_type(value)).collect()
            }
            TSType::TSImportType(import) => {
                self.note_import_type(import);
                match &import.qualifier {
                    Some(TSImportTypeQualifier::Identifier(name)) => vec![name_at(&name.name, name.span)],
                    _ => vec![text_at(&import.source.value, import.source.span)],
                }
            }
            TSType::TSTypePredicate(predicate) => {
                self.annotation(predicate.type_annotation.as_deref()).into_iter().collect()
            }
            TSType::JSDocNullableType(inner) => vec![self.ts_type(&inner.type_annotation)],
            TSType::JSDocNonNullableType(inner) => vec![self.ts_type(&inner.type_annotation)],
            _ => Vec::new(),
        }
    }

    fn parameter_types(&mut self, node: &oxc_ast::ast::FormalParameters<'_>) -> Vec<Expr> {
        node.items.iter().filter_map(|item| self.annotation(item.type_annotation.as_deref())).collect()
    }

    fn reference(&mut self, node: &TSTypeReference<'_>) -> ExprKind {
        let name = self.type_name(&node.type_name);
        match node.type_arguments.as_deref() {
            Some(arguments) => {
                ExprKind::Index { object: Box::new(name), index: Box::new(self.generics(arguments)) }
            }
            None => name.kind,
        }
    }

    /// One argument as itself, several as a tuple, as Python writes them.
    fn generics(&mut self, node: &TSTypeParameterInstantiation<'_>) -> Expr {
        let mut items: Vec<Expr> = node.params.iter().map(|param| self.ts_type(param)).collect();
        match items.pop() {
            Some(only) if items.is_empty() => only,
            last => {
                items.extend(last);
                Expr {
                    extent: extent(node.span),
                    kind: ExprKind::Sequence { kind: SequenceKind::Tuple, items },
                }
            }
        }
    }

    pub(super) fn type_name(&mut self, node: &TSTypeName<'_>) -> Expr {
        let whole = extent(node.span());
        if !self.depth.enter(whole) {
            return unknown_expr(whole);
        }
        let kind = match node {
            TSTypeName::IdentifierReference(name) => ExprKind::Name(Text::new(name.name)),
            TSTypeName::QualifiedName(name) => ExprKind::Member {
                object: Box::new(self.type_name(&name.left)),
                name: Text::new(name.right.name),
                optional: false,
            },
            TSTypeName::ThisExpression(_) => ExprKind::Name(Text::const_new("this")),
        };
        self.depth.leave();
        Expr { extent: whole, kind }
    }

    fn joined(&mut self, types: &[TSType<'_>], op: BinaryOp) -> ExprKind {
        let terms = types.iter().map(|node| self.ts_type(node)).collect();
        crate::language::balanced(terms, &|left, right| ExprKind::Binary { op, left, right })
    }

    fn tuple_element(&mut self, node: &TSTupleElement<'_>) -> Expr {
        match node {
            TSTupleElement::TSOptionalType(inner) => self.ts_type(&inner.type_annotation),
            TSTupleElement::TSRestType(inner) => {
                let kind = ExprKind::Spread(self.boxed_type(&inner.type_annotation));
                Expr { extent: extent(inner.span), kind }
            }
            _ => match node.as_ts_type() {
                Some(node) => self.ts_type(node),
                None => unknown_expr(extent(node.span())),
            },
        }
    }

    fn literal_type(&mut self, node: &TSLiteral<'_>) -> ExprKind {
        match node {
            TSLiteral::BooleanLiteral(boolean) => ExprKind::Literal(Literal::Boolean(boolean.value)),
            TSLiteral::NumericLiteral(number) => super::expression::numeric(number),
            TSLiteral::BigIntLiteral(number) => ExprKind::Literal(Literal::Integer(Text::new(number.value))),
            TSLiteral::StringLiteral(text) => ExprKind::Literal(Literal::String(Text::new(text.value))),
            TSLiteral::TemplateLiteral(template) => self.template(template, None),
            TSLiteral::UnaryExpression(unary) => ExprKind::Unary {
                op: super::operator::one(unary.operator),
                value: self.boxed(&unary.argument),
            },
        }
    }
}

/// A type that is one word.
fn keyword(node: &TSType<'_>) -> Option<ExprKind> {
    Some(ExprKind::Name(Text::const_new(match node {
        TSType::TSNullKeyword(_) | TSType::TSUndefinedKeyword(_) => {
            return Some(ExprKind::Literal(Literal::Null));
        }
        TSType::TSAnyKeyword(_) => "any",
        TSType::TSBigIntKeyword(_) => "bigint",
        TSType::TSBooleanKeyword(_) => "boolean",
        TSType::TSIntrinsicKeyword(_) => "intrinsic",
        TSType::TSNeverKeyword(_) => "never",
        TSType::TSNumberKeyword(_) => "number",
        TSType::TSObjectKeyword(_) => "object",
        TSType::TSStringKeyword(_) => "string",
        TSType::TSSymbolKeyword(_) => "symbol",
        TSType::TSUnknownKeyword(_) => "unknown",
        TSType::TSVoidKeyword(_) => "void",
        TSType::TSThisType(_) => "this",
        _ => return None,
    })))
}

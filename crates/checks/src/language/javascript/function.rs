//! JavaScript's functions, arrows and parameters.

use oxc_ast::ast::{
    ArrowFunctionBody, ArrowFunctionExpression, Decorator, FormalParameter, FormalParameters,
    Function as Node, FunctionBody,
};

use super::{Lowering, extent};
use crate::facts::syntax::{Expr, Extent, Function, Parameter, ParameterKind, Stmt, StmtKind, Text};

impl Lowering {
    pub(super) fn function(&mut self, node: &Node<'_>, is_public: bool) -> Function {
        let start = node.span.start;
        let (name, name_extent) = match &node.id {
            Some(id) => (Text::new(id.name), extent(id.span)),
            None => (Text::default(), Extent { start, end: start }),
        };
        Function {
            name,
            name_extent,
            parameters: self.parameters(&node.params),
            returns: self.annotation(node.return_type.as_deref()),
            body: node.body.as_ref().map(|body| self.function_body(body)).unwrap_or_default(),
            has_body: node.body.is_some(),
            is_async: node.r#async,
            is_generator: node.generator,
            is_public,
            ..Function::default()
        }
    }

    pub(super) fn arrow(&mut self, node: &ArrowFunctionExpression<'_>) -> Function {
        let start = node.span.start;
        let parameters = self.parameters(&node.params);
        let body = match &node.body {
            ArrowFunctionBody::FunctionBody(body) => self.function_body(body),
            body => match body.as_expression() {
                Some(value) => {
                    let value = self.expr(value);
                    vec![Stmt { extent: value.extent, kind: StmtKind::Return(Some(value)) }]
                }
                None => Vec::new(),
            },
        };
        Function {
            name_extent: Extent { start, end: start },
            parameters,
            returns: self.annotation(node.return_type.as_deref()),
            body,
            has_body: true,
            is_async: node.r#async,
            ..Function::default()
        }
    }

    pub(super) fn function_body(&mut self, node: &FunctionBody<'_>) -> Vec<Stmt> {
        let mut out = self.directives(&node.directives);
        self.body_into(&node.statements, &mut out);
        out
    }

    pub(super) fn parameters(&mut self, node: &FormalParameters<'_>) -> Vec<Parameter> {
        let mut out: Vec<Parameter> = node.items.iter().map(|parameter| self.parameter(parameter)).collect();
        if let Some(rest) = &node.rest {
            out.push(Parameter {
                pattern: self.pattern(&rest.rest.argument),
                kind: ParameterKind::Rest,
                annotation: self.annotation(rest.type_annotation.as_deref()),
                default: None,
                decorators: self.decorators(&rest.decorators),
            });
        }
        out
    }

    fn parameter(&mut self, node: &FormalParameter<'_>) -> Parameter {
        Parameter {
            pattern: self.pattern(&node.pattern),
            kind: ParameterKind::Positional,
            annotation: self.annotation(node.type_annotation.as_deref()),
            default: self.optional(node.initializer.as_deref()),
            decorators: self.decorators(&node.decorators),
        }
    }

    pub(super) fn decorators(&mut self, nodes: &[Decorator<'_>]) -> Vec<Expr> {
        nodes.iter().map(|decorator| self.expr(&decorator.expression)).collect()
    }
}

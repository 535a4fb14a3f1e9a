//! JavaScript's expressions.

use oxc_ast::ast::{
    Argument as ArgumentNode, ArrayExpressionElement, AssignmentExpression, BinaryExpression, CallExpression,
    ChainElement, ChainExpression, Expression, ImportExpression, LogicalExpression, MemberExpression,
    NewExpression, NumericLiteral, ObjectExpression, ObjectProperty, ObjectPropertyKind, SequenceExpression,
    TaggedTemplateExpression, TemplateLiteral,
};
use oxc_span::{GetSpan, Span};

use super::operator::{Two, assignment, logical, one, two};
use super::{Lowering, extent, name_at};
use crate::facts::syntax::{
    Argument, Call, CallStyle, CompareOp, Expr, ExprKind, Function, Literal, SequenceKind, Template,
    TemplatePart, Text, UnaryOp,
};
use crate::language::depth::unknown_expr;

impl Lowering {
    pub(super) fn optional(&mut self, node: Option<&Expression<'_>>) -> Option<Expr> {
        node.map(|node| self.expr(node))
    }

    pub(super) fn boxed(&mut self, node: &Expression<'_>) -> Box<Expr> {
        Box::new(self.expr(node))
    }

    pub(super) fn expr(&mut self, node: &Expression<'_>) -> Expr {
        let whole = extent(node.span());
        if !self.depth.enter(whole) {
            return unknown_expr(whole);
        }
        let kind = match node {
            Expression::Identifier(name) if name.name == "undefined" => ExprKind::Literal(Literal::Null),
            Expression::Identifier(name) => ExprKind::Name(Text::new(name.name)),
            Expression::StringLiteral(text) => ExprKind::Literal(Literal::String(Text::new(text.value))),
            Expression::NumericLiteral(number) => numeric(number),
            Expression::BooleanLiteral(boolean) => ExprKind::Literal(Literal::Boolean(boolean.value)),
            Expression::NullLiteral(_) => ExprKind::Literal(Literal::Null),
            Expression::StaticMemberExpression(_)
            | Expression::ComputedMemberExpression(_)
            | Expression::PrivateFieldExpression(_) => match node.as_member_expression() {
                Some(member) => self.member(member).kind,
                None => ExprKind::Other(Vec::new()),
            },
            Expression::CallExpression(call) => self.call(call),
            Expression::ThisExpression(_) => ExprKind::Name(Text::const_new("this")),
            Expression::ObjectExpression(object) => self.object(object),
            Expression::ArrowFunctionExpression(arrow) => ExprKind::Function(Box::new(self.arrow(arrow))),
            Expression::ChainExpression(chain) => self.chain(chain),
            _ => self.compound(node),
        };
        self.depth.leave();
        Expr { extent: whole, kind }
    }

    fn compound(&mut self, node: &Expression<'_>) -> ExprKind {
        match node {
            Expression::BinaryExpression(binary) => self.binary(binary),
            Expression::LogicalExpression(logic) => self.logical(logic),
            Expression::TemplateLiteral(template) => self.template(template, None),
            Expression::TaggedTemplateExpression(tagged) => self.tagged(tagged),
            Expression::ArrayExpression(array) => ExprKind::Sequence {
                kind: SequenceKind::List,
                items: array.elements.iter().map(|element| self.array_element(element)).collect(),
            },
            Expression::AssignmentExpression(assign) => self.assign(assign),
            Expression::AwaitExpression(value) => ExprKind::Await(self.boxed(&value.argument)),
            Expression::ConditionalExpression(test) => ExprKind::Conditional {
                test: self.boxed(&test.test),
                then: self.boxed(&test.consequent),
                otherwise: self.boxed(&test.alternate),
            },
            Expression::FunctionExpression(function) => {
                ExprKind::Function(Box::new(self.function(function, false)))
            }
            Expression::ClassExpression(class) => ExprKind::Class(Box::new(self.class(class, false))),
            Expression::NewExpression(new) => self.construct(new),
            Expression::UnaryExpression(unary) => {
                ExprKind::Unary { op: one(unary.operator), value: self.boxed(&unary.argument) }
            }
            Expression::UpdateExpression(update) => {
                ExprKind::Unary { op: UnaryOp::Step, value: Box::new(self.simple_target(&update.argument)) }
            }
            Expression::YieldExpression(value) => {
                ExprKind::Yield(value.argument.as_ref().map(|value| self.boxed(value)))
            }
            Expression::SequenceExpression(sequence) => self.comma(sequence),
            Expression::ImportExpression(import) => self.import_call(import),
            _ => self.rare(node),
        }
    }

    fn rare(&mut self, node: &Expression<'_>) -> ExprKind {
        match node {
            Expression::BigIntLiteral(number) => {
                let written = number.raw.map_or_else(|| number.value.to_string(), |raw| raw.to_string());
                let digits = written.chars().filter(|char| !matches!(char, '_' | 'n')).collect();
                ExprKind::Literal(Literal::Integer(digits))
            }
            Expression::RegExpLiteral(regex) => ExprKind::Literal(Literal::Regex {
                pattern: Text::new(regex.regex.pattern.text),
                flags: Text::new(regex.regex.flags.to_string()),
            }),
            Expression::Super(_) => ExprKind::Name(Text::const_new("super")),
            Expression::ParenthesizedExpression(inner) => self.expr(&inner.expression).kind,
            Expression::PrivateInExpression(node) => ExprKind::Compare {
                left: Box::new(name_at(&format!("#{}", node.left.name), node.left.span)),
                rest: vec![(CompareOp::In, self.expr(&node.right))],
            },
            Expression::ImportMeta(node) => meta("import", "meta", node.span),
            Expression::NewTarget(node) => meta("new", "target", node.span),
            Expression::JSXElement(element) => self.element_markup(element),
            Expression::JSXFragment(fragment) => self.fragment(fragment),
            Expression::TSAsExpression(cast) => ExprKind::Cast {
                value: self.boxed(&cast.expression),
                to: Some(self.boxed_type(&cast.type_annotation)),
            },
            Expression::TSSatisfiesExpression(cast) => ExprKind::Cast {
                value: self.boxed(&cast.expression),
                to: Some(self.boxed_type(&cast.type_annotation)),
            },
            Expression::TSTypeAssertion(cast) => ExprKind::Cast {
                value: self.boxed(&cast.expression),
                to: Some(self.boxed_type(&cast.type_annotation)),
            },
            Expression::TSNonNullExpression(cast) => {
                ExprKind::Cast { value: self.boxed(&cast.expression), to: None }
            }
            Expression::TSInstantiationExpression(inner) => self.expr(&inner.expression).kind,
            _ => ExprKind::Other(Vec::new()),
        }
    }

    pub(super) fn member(&mut self, node: &MemberExpression<'_>) -> Expr {
        let whole = extent(node.span());
        let kind = match node {
            MemberExpression::ComputedMemberExpression(member) => {
                ExprKind::Index { object: self.boxed(&member.object), index: self.boxed(&member.expression) }
            }
            MemberExpression::StaticMemberExpression(member) => ExprKind::Member {
                object: self.boxed(&member.object),
                name: Text::new(member.property.name),
                optional: member.optional,
            },
            MemberExpression::PrivateFieldExpression(member) => ExprKind::Member {
                object: self.boxed(&member.object),
                name: Text::from(format!("#{}", member.field.name)),
                optional: member.optional,
            },
        };
        Expr { extent: whole, kind }
    }

    fn chain(&mut self, node: &ChainExpression<'_>) -> ExprKind {
        match &node.expression {
            ChainElement::CallExpression(call) => self.call(call),
            ChainElement::TSNonNullExpression(cast) => {
                ExprKind::Cast { value: self.boxed(&cast.expression), to: None }
            }
            element => match element.as_member_expression() {
                Some(member) => self.member(member).kind,
                None => ExprKind::Other(Vec::new()),
            },
        }
    }

    fn call(&mut self, node: &CallExpression<'_>) -> ExprKind {
        self.note_require(node);
        let callee = self.expr(&node.callee);
        let arguments = self.arguments(&node.arguments);
        ExprKind::Call(Box::new(Call { callee, arguments, style: CallStyle::Plain, optional: node.optional }))
    }

    fn construct(&mut self, node: &NewExpression<'_>) -> ExprKind {
        let callee = self.expr(&node.callee);
        let arguments = self.arguments(&node.arguments);
        ExprKind::Call(Box::new(Call { callee, arguments, style: CallStyle::New, optional: false }))
    }

    fn import_call(&mut self, node: &ImportExpression<'_>) -> ExprKind {
        self.note_import_call(node);
        let mut arguments = vec![Argument { name: None, value: self.expr(&node.source) }];
        if let Some(options) = &node.options {
            arguments.push(Argument { name: None, value: self.expr(options) });
        }
        let start = node.span.start;
        let callee = name_at("import", Span::new(start, start + 6));
        ExprKind::Call(Box::new(Call { callee, arguments, style: CallStyle::Plain, optional: false }))
    }

    fn arguments(&mut self, nodes: &[ArgumentNode<'_>]) -> Vec<Argument> {
        nodes
            .iter()
            .map(|node| {
                let value = match node {
                    ArgumentNode::SpreadElement(spread) => {
                        let kind = ExprKind::Spread(self.boxed(&spread.argument));
                        Expr { extent: extent(spread.span), kind }
                    }
                    _ => match node.as_expression() {
                        Some(value) => self.expr(value),
                        None => unknown_expr(extent(node.span())),
                    },
                };
                Argument { name: None, value }
            })
            .collect()
    }

    fn array_element(&mut self, node: &ArrayExpressionElement<'_>) -> Expr {
        match node {
            ArrayExpressionElement::SpreadElement(spread) => {
                Expr { extent: extent(spread.span), kind: ExprKind::Spread(self.boxed(&spread.argument)) }
            }
            ArrayExpressionElement::Elision(hole) => {
                Expr { extent: extent(hole.span), kind: ExprKind::Literal(Literal::Null) }
            }
            _ => match node.as_expression() {
                Some(value) => self.expr(value),
                None => unknown_expr(extent(node.span())),
            },
        }
    }

    fn object(&mut self, node: &ObjectExpression<'_>) -> ExprKind {
        let mut entries = Vec::with_capacity(node.properties.len());
        for property in &node.properties {
            entries.push(match property {
                ObjectPropertyKind::ObjectProperty(property) => self.property(property),
                ObjectPropertyKind::SpreadProperty(spread) => (None, self.expr(&spread.argument)),
            });
        }
        ExprKind::Record { of: None, entries }
    }

    fn property(&mut self, node: &ObjectProperty<'_>) -> (Option<Expr>, Expr) {
        let key = self.key(&node.key);
        let value = match &node.value {
            Expression::FunctionExpression(function) if node.method || function.id.is_none() => {
                let (name, name_extent) = self.named(&node.key);
                let function = Function { name, name_extent, ..self.function(function, false) };
                Expr { extent: extent(node.span), kind: ExprKind::Function(Box::new(function)) }
            }
            value => self.expr(value),
        };
        (Some(key), value)
    }

    fn binary(&mut self, node: &BinaryExpression<'_>) -> ExprKind {
        let left = self.boxed(&node.left);
        let right = self.expr(&node.right);
        match two(node.operator) {
            Two::Arithmetic(op) => ExprKind::Binary { op, left, right: Box::new(right) },
            Two::Comparison(op) => ExprKind::Compare { left, rest: vec![(op, right)] },
        }
    }

    fn logical(&mut self, node: &LogicalExpression<'_>) -> ExprKind {
        let op = logical(node.operator);
        let mut terms = vec![&node.right];
        let mut left = &node.left;
        while let Expression::LogicalExpression(inner) = left
            && inner.operator == node.operator
        {
            terms.push(&inner.right);
            left = &inner.left;
        }
        terms.push(left);
        let terms = terms.into_iter().rev().map(|term| self.expr(term)).collect();
        crate::language::balanced(terms, &|left, right| ExprKind::Logical { op, left, right })
    }

    fn assign(&mut self, node: &AssignmentExpression<'_>) -> ExprKind {
        ExprKind::Assign {
            target: Box::new(self.target(&node.left)),
            op: assignment(node.operator),
            value: self.boxed(&node.right),
        }
    }

    /// `(0, a.b)` is how compilers write `a.b` without its `this`.
    fn comma(&mut self, node: &SequenceExpression<'_>) -> ExprKind {
        match node.expressions.as_slice() {
            [Expression::NumericLiteral(_), value] => self.expr(value).kind,
            all => ExprKind::Other(all.iter().map(|value| self.expr(value)).collect()),
        }
    }

    fn tagged(&mut self, node: &TaggedTemplateExpression<'_>) -> ExprKind {
        let tag = self.expr(&node.tag);
        self.template(&node.quasi, Some(tag))
    }

    pub(super) fn template(&mut self, node: &TemplateLiteral<'_>, tag: Option<Expr>) -> ExprKind {
        let mut parts = Vec::new();
        let mut values = node.expressions.iter();
        for quasi in &node.quasis {
            let text = quasi.value.cooked.unwrap_or(quasi.value.raw);
            if !text.is_empty() {
                parts.push(TemplatePart::Text(Text::new(text)));
            }
            if let Some(value) = values.next() {
                parts.push(TemplatePart::Value(self.expr(value)));
            }
        }
        ExprKind::Template(Box::new(Template { tag, parts }))
    }
}

fn meta(object: &str, name: &str, span: Span) -> ExprKind {
    ExprKind::Member { object: Box::new(name_at(object, span)), name: Text::new(name), optional: false }
}

/// A number with a point or an exponent is a float; all others are whole.
pub(super) fn numeric(node: &NumericLiteral<'_>) -> ExprKind {
    let written: Text = match node.raw {
        Some(raw) => raw.chars().filter(|char| *char != '_').collect(),
        None => Text::from(node.value.to_string()),
    };
    let radix = written.starts_with('0') && written.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic);
    let float = !radix && written.contains(['.', 'e', 'E']);
    ExprKind::Literal(if float { Literal::Float(written) } else { Literal::Integer(written) })
}

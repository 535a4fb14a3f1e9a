//! JSX.

use oxc_ast::ast::{
    JSXAttribute, JSXAttributeItem, JSXAttributeName, JSXAttributeValue, JSXChild, JSXElement,
    JSXElementName, JSXExpressionContainer, JSXFragment, JSXMemberExpression, JSXMemberExpressionObject,
};

use super::pattern::text_at;
use super::{Lowering, extent};
use crate::facts::syntax::{Expr, ExprKind, Markup, Text};
use crate::language::depth::unknown_expr;

impl Lowering {
    pub(super) fn element_markup(&mut self, node: &JSXElement<'_>) -> ExprKind {
        let opening = &node.opening_element;
        let attributes = opening
            .attributes
            .iter()
            .map(|item| match item {
                JSXAttributeItem::Attribute(attribute) => self.attribute(attribute),
                JSXAttributeItem::SpreadAttribute(spread) => {
                    (Text::default(), Some(self.expr(&spread.argument)))
                }
            })
            .collect();
        let children = self.children(&node.children);
        ExprKind::Markup(Box::new(Markup { name: element_name(&opening.name), attributes, children }))
    }

    pub(super) fn fragment(&mut self, node: &JSXFragment<'_>) -> ExprKind {
        let children = self.children(&node.children);
        ExprKind::Markup(Box::new(Markup { name: Text::default(), attributes: Vec::new(), children }))
    }

    fn attribute(&mut self, node: &JSXAttribute<'_>) -> (Text, Option<Expr>) {
        let name = match &node.name {
            JSXAttributeName::Identifier(name) => Text::new(name.name),
            JSXAttributeName::NamespacedName(name) => {
                Text::from(format!("{}:{}", name.namespace.name, name.name.name))
            }
        };
        let value = node.value.as_ref().map(|value| match value {
            JSXAttributeValue::StringLiteral(text) => text_at(&text.value, text.span),
            JSXAttributeValue::ExpressionContainer(container) => {
                self.container(container).unwrap_or_else(|| unknown_expr(extent(container.span)))
            }
            JSXAttributeValue::Element(element) => self.nested(element),
            JSXAttributeValue::Fragment(fragment) => {
                Expr { extent: extent(fragment.span), kind: self.fragment(fragment) }
            }
        });
        (name, value)
    }

    fn container(&mut self, node: &JSXExpressionContainer<'_>) -> Option<Expr> {
        node.expression.as_expression().map(|value| self.expr(value))
    }

    fn nested(&mut self, node: &JSXElement<'_>) -> Expr {
        let whole = extent(node.span);
        if !self.depth.enter(whole) {
            return unknown_expr(whole);
        }
        let kind = self.element_markup(node);
        self.depth.leave();
        Expr { extent: whole, kind }
    }

    fn nested_fragment(&mut self, node: &JSXFragment<'_>) -> Expr {
        let whole = extent(node.span);
        if !self.depth.enter(whole) {
            return unknown_expr(whole);
        }
        let kind = self.fragment(node);
        self.depth.leave();
        Expr { extent: whole, kind }
    }

    /// Text that only lays the source out is left away, as React does.
    fn children(&mut self, nodes: &[JSXChild<'_>]) -> Vec<Expr> {
        nodes
            .iter()
            .filter_map(|child| match child {
                JSXChild::Text(text) => {
                    let layout = text.value.trim().is_empty() && text.value.contains('\n');
                    (!layout).then(|| text_at(&text.value, text.span))
                }
                JSXChild::Element(element) => Some(self.nested(element)),
                JSXChild::Fragment(fragment) => Some(self.nested_fragment(fragment)),
                JSXChild::ExpressionContainer(container) => self.container(container),
                JSXChild::Spread(spread) => {
                    let kind = ExprKind::Spread(self.boxed(&spread.expression));
                    Some(Expr { extent: extent(spread.span), kind })
                }
            })
            .collect()
    }
}

fn element_name(node: &JSXElementName<'_>) -> Text {
    match node {
        JSXElementName::Identifier(name) => Text::new(name.name),
        JSXElementName::IdentifierReference(name) => Text::new(name.name),
        JSXElementName::NamespacedName(name) => {
            Text::from(format!("{}:{}", name.namespace.name, name.name.name))
        }
        JSXElementName::MemberExpression(member) => member_name(member),
        JSXElementName::ThisExpression(_) => Text::const_new("this"),
    }
}

fn member_name(node: &JSXMemberExpression<'_>) -> Text {
    let mut names = vec![node.property.name.as_str()];
    let mut object = &node.object;
    loop {
        match object {
            JSXMemberExpressionObject::MemberExpression(member) => {
                names.push(member.property.name.as_str());
                object = &member.object;
            }
            JSXMemberExpressionObject::IdentifierReference(name) => {
                names.push(name.name.as_str());
                break;
            }
            JSXMemberExpressionObject::ThisExpression(_) => {
                names.push("this");
                break;
            }
        }
    }
    names.reverse();
    Text::from(names.join("."))
}

//! JavaScript's binding patterns and assignment targets, as the expressions they look like.

use oxc_ast::ast::{
    ArrayAssignmentTarget, ArrayPattern, AssignmentTarget, AssignmentTargetMaybeDefault,
    AssignmentTargetProperty, BindingPattern, ObjectAssignmentTarget, ObjectPattern, PropertyKey,
    SimpleAssignmentTarget,
};
use oxc_span::{GetSpan, Span};

use super::{Lowering, extent, name_at};
use crate::facts::syntax::{Expr, ExprKind, Literal, SequenceKind, Text};
use crate::language::depth::unknown_expr;

impl Lowering {
    /// `{a: b = 1, ...rest}` is a record whose value is an assignment, `[a, , b]` a list with an empty `Other`.
    pub(super) fn pattern(&mut self, node: &BindingPattern<'_>) -> Expr {
        let whole = extent(node.span());
        if !self.depth.enter(whole) {
            return unknown_expr(whole);
        }
        let kind = match node {
            BindingPattern::BindingIdentifier(name) => ExprKind::Name(Text::new(name.name)),
            BindingPattern::ObjectPattern(object) => self.object_pattern(object),
            BindingPattern::ArrayPattern(array) => self.array_pattern(array),
            BindingPattern::AssignmentPattern(assign) => ExprKind::Assign {
                target: Box::new(self.pattern(&assign.left)),
                op: None,
                value: self.boxed(&assign.right),
            },
        };
        self.depth.leave();
        Expr { extent: whole, kind }
    }

    fn object_pattern(&mut self, node: &ObjectPattern<'_>) -> ExprKind {
        let mut entries: Vec<(Option<Expr>, Expr)> = node
            .properties
            .iter()
            .map(|property| (Some(self.key(&property.key)), self.pattern(&property.value)))
            .collect();
        if let Some(rest) = &node.rest {
            entries.push((None, self.pattern(&rest.argument)));
        }
        ExprKind::Record { of: None, entries }
    }

    fn array_pattern(&mut self, node: &ArrayPattern<'_>) -> ExprKind {
        let mut items: Vec<Expr> = node
            .elements
            .iter()
            .map(|element| match element {
                Some(element) => self.pattern(element),
                None => unknown_expr(extent(node.span)),
            })
            .collect();
        if let Some(rest) = &node.rest {
            let value = Box::new(self.pattern(&rest.argument));
            items.push(Expr { extent: extent(rest.span), kind: ExprKind::Spread(value) });
        }
        ExprKind::Sequence { kind: SequenceKind::List, items }
    }

    /// What stands left of `=`.
    pub(super) fn target(&mut self, node: &AssignmentTarget<'_>) -> Expr {
        let whole = extent(node.span());
        if !self.depth.enter(whole) {
            return unknown_expr(whole);
        }
        let out = match node {
            AssignmentTarget::ArrayAssignmentTarget(array) => self.array_target(array),
            AssignmentTarget::ObjectAssignmentTarget(object) => self.object_target(object),
            _ => match node.as_simple_assignment_target() {
                Some(simple) => self.simple_target(simple),
                None => unknown_expr(whole),
            },
        };
        self.depth.leave();
        out
    }

    pub(super) fn simple_target(&mut self, node: &SimpleAssignmentTarget<'_>) -> Expr {
        if let Some(member) = node.as_member_expression() {
            return self.member(member);
        }
        match node {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(name) => name_at(&name.name, name.span),
            _ => match node.get_expression() {
                Some(inner) => self.expr(inner),
                None => unknown_expr(extent(node.span())),
            },
        }
    }

    fn array_target(&mut self, node: &ArrayAssignmentTarget<'_>) -> Expr {
        let mut items: Vec<Expr> = node
            .elements
            .iter()
            .map(|element| match element {
                Some(element) => self.maybe_default(element),
                None => unknown_expr(extent(node.span)),
            })
            .collect();
        if let Some(rest) = &node.rest {
            let value = Box::new(self.target(&rest.target));
            items.push(Expr { extent: extent(rest.span), kind: ExprKind::Spread(value) });
        }
        Expr { extent: extent(node.span), kind: ExprKind::Sequence { kind: SequenceKind::List, items } }
    }

    fn object_target(&mut self, node: &ObjectAssignmentTarget<'_>) -> Expr {
        let mut entries: Vec<(Option<Expr>, Expr)> = Vec::new();
        for property in &node.properties {
            entries.push(match property {
                AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(property) => {
                    let target = name_at(&property.binding.name, property.binding.span);
                    let value = match &property.init {
                        None => target,
                        Some(init) => self.with_default(target, init, property.span),
                    };
                    (Some(text_at(&property.binding.name, property.binding.span)), value)
                }
                AssignmentTargetProperty::AssignmentTargetPropertyProperty(property) => {
                    (Some(self.key(&property.name)), self.maybe_default(&property.binding))
                }
            });
        }
        if let Some(rest) = &node.rest {
            entries.push((None, self.target(&rest.target)));
        }
        Expr { extent: extent(node.span), kind: ExprKind::Record { of: None, entries } }
    }

    fn maybe_default(&mut self, node: &AssignmentTargetMaybeDefault<'_>) -> Expr {
        match node {
            AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(assign) => {
                let target = self.target(&assign.binding);
                self.with_default(target, &assign.init, assign.span)
            }
            _ => match node.as_assignment_target() {
                Some(target) => self.target(target),
                None => unknown_expr(extent(node.span())),
            },
        }
    }

    fn with_default(&mut self, target: Expr, init: &oxc_ast::ast::Expression<'_>, span: Span) -> Expr {
        let kind = ExprKind::Assign { target: Box::new(target), op: None, value: self.boxed(init) };
        Expr { extent: extent(span), kind }
    }

    /// A key as it is at run time: `a` is the text "a", `[a]` the value of `a`.
    pub(super) fn key(&mut self, node: &PropertyKey<'_>) -> Expr {
        match node {
            PropertyKey::StaticIdentifier(name) => text_at(&name.name, name.span),
            PropertyKey::PrivateIdentifier(name) => text_at(&format!("#{}", name.name), name.span),
            _ => match node.as_expression() {
                Some(key) => self.expr(key),
                None => unknown_expr(extent(node.span())),
            },
        }
    }
}

pub(super) fn text_at(text: &str, span: Span) -> Expr {
    Expr { extent: extent(span), kind: ExprKind::Literal(Literal::String(Text::new(text))) }
}

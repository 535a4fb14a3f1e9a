//! Python's `case` patterns, as the expressions they look like.

use ruff_python_ast::{
    Identifier, Pattern, PatternMatchAs, PatternMatchClass, PatternMatchMapping, PatternMatchOr, Singleton,
};
use ruff_text_size::Ranged;

use super::{Lowering, extent};
use crate::facts::syntax::{
    Argument, BinaryOp, Call, CallStyle, Expr, ExprKind, Extent, Literal, SequenceKind, Text,
};
use crate::language::depth::unknown_expr;

impl Lowering<'_> {
    /// A capture is a name, `A(x=1)` a call, `{..}` a record, `[..]` a list, `a | b` a binary, `p as n` an assignment.
    pub(super) fn pattern(&mut self, pattern: &Pattern) -> Expr {
        let extent = extent(pattern.range());
        if !self.depth.enter(extent) {
            return unknown_expr(extent);
        }
        let kind = match pattern {
            Pattern::MatchValue(value) => self.expr(&value.value).kind,
            Pattern::MatchSingleton(value) => ExprKind::Literal(match value.value {
                Singleton::None => Literal::Null,
                Singleton::True => Literal::Boolean(true),
                Singleton::False => Literal::Boolean(false),
            }),
            Pattern::MatchSequence(sequence) => ExprKind::Sequence {
                kind: SequenceKind::List,
                items: sequence.patterns.iter().map(|item| self.pattern(item)).collect(),
            },
            Pattern::MatchMapping(mapping) => self.mapping_pattern(mapping),
            Pattern::MatchClass(class) => self.class_pattern(class),
            Pattern::MatchStar(star) => ExprKind::Spread(Box::new(capture(star.name.as_ref(), extent))),
            Pattern::MatchAs(capture) => self.as_pattern(capture, extent),
            Pattern::MatchOr(or) => self.or_pattern(or),
        };
        self.depth.leave();
        Expr { extent, kind }
    }

    fn mapping_pattern(&mut self, mapping: &PatternMatchMapping) -> ExprKind {
        let mut entries: Vec<(Option<Expr>, Expr)> = mapping
            .keys
            .iter()
            .zip(&mapping.patterns)
            .map(|(key, value)| (Some(self.expr(key)), self.pattern(value)))
            .collect();
        if let Some(rest) = &mapping.rest {
            entries.push((None, name(rest)));
        }
        ExprKind::Record { of: None, entries }
    }

    fn class_pattern(&mut self, class: &PatternMatchClass) -> ExprKind {
        let mut arguments: Vec<Argument> = class
            .arguments
            .patterns
            .iter()
            .map(|pattern| Argument { name: None, value: self.pattern(pattern) })
            .collect();
        for keyword in &class.arguments.keywords {
            let value = self.pattern(&keyword.pattern);
            arguments.push(Argument { name: Some(Text::new(keyword.attr.as_str())), value });
        }
        let callee = self.expr(&class.cls);
        ExprKind::Call(Box::new(Call { callee, arguments, style: CallStyle::Plain, optional: false }))
    }

    fn as_pattern(&mut self, node: &PatternMatchAs, extent: Extent) -> ExprKind {
        let target = capture(node.name.as_ref(), extent);
        match &node.pattern {
            None => target.kind,
            Some(pattern) => {
                let value = Box::new(self.pattern(pattern));
                ExprKind::Assign { target: Box::new(target), op: None, value }
            }
        }
    }

    fn or_pattern(&mut self, node: &PatternMatchOr) -> ExprKind {
        let patterns: Vec<Expr> = node.patterns.iter().map(|pattern| self.pattern(pattern)).collect();
        crate::language::balanced(patterns, &|left, right| ExprKind::Binary { op: BinaryOp::Or, left, right })
    }
}

/// The name a pattern binds; `_` when none.
fn capture(identifier: Option<&Identifier>, around: Extent) -> Expr {
    identifier.map_or_else(|| Expr { extent: around, kind: ExprKind::Name(Text::const_new("_")) }, name)
}

fn name(identifier: &Identifier) -> Expr {
    Expr { extent: extent(identifier.range()), kind: ExprKind::Name(Text::new(identifier.as_str())) }
}

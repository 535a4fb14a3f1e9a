//! Python's expressions.

use ruff_python_ast::{
    Arguments, BoolOp, CmpOp, Comprehension as Clause, Expr as Node, ExprBoolOp, ExprCompare, ExprDict,
    FStringPart, InterpolatedStringElement, InterpolatedStringElements, Number, Operator, Parameters,
    UnaryOp as Unary,
};
use ruff_text_size::Ranged;

use super::{Lowering, extent};
use crate::facts::syntax::{
    Argument, BinaryOp, Call, CallStyle, CompareOp, Comprehension, Expr, ExprKind, Extent, Function, Literal,
    LogicalOp, SequenceKind, Stmt, StmtKind, Template, TemplatePart, Text, UnaryOp,
};
use crate::language::depth::unknown_expr;

impl Lowering<'_> {
    pub(super) fn expr(&mut self, node: &Node) -> Expr {
        let extent = extent(node.range());
        if !self.depth.enter(extent) {
            return unknown_expr(extent);
        }
        let kind = match node {
            Node::Name(name) if name.id.is_empty() => ExprKind::Other(Vec::new()),
            Node::Name(name) => ExprKind::Name(Text::new(name.id.as_str())),
            Node::Attribute(member) => ExprKind::Member {
                object: self.boxed(&member.value),
                name: Text::new(member.attr.as_str()),
                optional: false,
            },
            Node::Call(call) => self.call(call),
            Node::StringLiteral(text) => ExprKind::Literal(Literal::String(text.value.chars().collect())),
            Node::BytesLiteral(bytes) => ExprKind::Literal(Literal::Bytes(bytes.value.bytes().collect())),
            Node::NumberLiteral(number) => self.number(number),
            Node::BooleanLiteral(boolean) => ExprKind::Literal(Literal::Boolean(boolean.value)),
            Node::NoneLiteral(_) => ExprKind::Literal(Literal::Null),
            Node::EllipsisLiteral(_) => ExprKind::Literal(Literal::Ellipsis),
            Node::FString(_) | Node::TString(_) => self.template(node),
            _ => self.compound(node),
        };
        self.depth.leave();
        Expr { extent, kind }
    }

    fn compound(&mut self, node: &Node) -> ExprKind {
        match node {
            Node::BoolOp(logic) => self.logic(logic),
            Node::Compare(compare) => self.compare(compare),
            Node::BinOp(binary) => ExprKind::Binary {
                op: binary_op(binary.op),
                left: self.boxed(&binary.left),
                right: self.boxed(&binary.right),
            },
            Node::UnaryOp(unary) => {
                ExprKind::Unary { op: unary_op(unary.op), value: self.boxed(&unary.operand) }
            }
            Node::Subscript(index) => {
                ExprKind::Index { object: self.boxed(&index.value), index: self.boxed(&index.slice) }
            }
            Node::Slice(slice) => ExprKind::Range(
                [&slice.lower, &slice.upper, &slice.step].map(|part| self.optional(part.as_deref())).into(),
            ),
            Node::List(list) => sequence(SequenceKind::List, self.all(&list.elts)),
            Node::Tuple(tuple) => sequence(SequenceKind::Tuple, self.all(&tuple.elts)),
            Node::Set(set) => sequence(SequenceKind::Set, self.all(&set.elts)),
            Node::Dict(dict) => self.dict(dict),
            Node::If(test) => ExprKind::Conditional {
                test: self.boxed(&test.test),
                then: self.boxed(&test.body),
                otherwise: self.boxed(&test.orelse),
            },
            Node::Named(named) => ExprKind::Assign {
                target: self.boxed(&named.target),
                op: None,
                value: self.boxed(&named.value),
            },
            Node::Lambda(lambda) => self.lambda(lambda.parameters.as_deref(), &lambda.body),
            Node::Await(value) => ExprKind::Await(self.boxed(&value.value)),
            Node::Yield(value) => self.yielded(value.value.as_deref()),
            Node::YieldFrom(value) => self.yielded(Some(&value.value)),
            Node::Starred(value) => ExprKind::Spread(self.boxed(&value.value)),
            _ => self.comprehension(node),
        }
    }

    fn comprehension(&mut self, node: &Node) -> ExprKind {
        let (key, element, clauses, kind) = match node {
            Node::ListComp(list) => (None, &list.elt, &list.generators, Some(SequenceKind::List)),
            Node::SetComp(set) => (None, &set.elt, &set.generators, Some(SequenceKind::Set)),
            Node::Generator(generator) => (None, &generator.elt, &generator.generators, None),
            Node::DictComp(dict) => (dict.key.as_deref(), &dict.value, &dict.generators, None),
            _ => return ExprKind::Other(Vec::new()),
        };
        ExprKind::Comprehension(Box::new(Comprehension {
            key: self.optional(key),
            element: self.expr(element),
            kind,
            clauses: clauses.iter().map(|clause| self.clause(clause)).collect(),
        }))
    }

    fn clause(&mut self, clause: &Clause) -> (Expr, Expr, Vec<Expr>) {
        (self.expr(&clause.target), self.expr(&clause.iter), self.all(&clause.ifs))
    }

    fn call(&mut self, node: &ruff_python_ast::ExprCall) -> ExprKind {
        self.note_dynamic_import(node, None);
        let callee = self.expr(&node.func);
        let arguments = self.arguments(&node.arguments);
        ExprKind::Call(Box::new(Call { callee, arguments, style: CallStyle::Plain, optional: false }))
    }

    /// In the order they are written. `**rest` is a spread whose name is empty text.
    pub(super) fn arguments(&mut self, node: &Arguments) -> Vec<Argument> {
        node.iter_source_order()
            .map(|argument| match argument {
                ruff_python_ast::ArgOrKeyword::Arg(value) => Argument { name: None, value: self.expr(value) },
                ruff_python_ast::ArgOrKeyword::Keyword(keyword) => {
                    let value = self.expr(&keyword.value);
                    match &keyword.arg {
                        Some(name) => Argument { name: Some(Text::new(name.as_str())), value },
                        None => Argument {
                            name: Some(Text::default()),
                            value: Expr {
                                extent: extent(keyword.range()),
                                kind: ExprKind::Spread(Box::new(value)),
                            },
                        },
                    }
                }
            })
            .collect()
    }

    fn logic(&mut self, node: &ExprBoolOp) -> ExprKind {
        let op = match node.op {
            BoolOp::And => LogicalOp::And,
            BoolOp::Or => LogicalOp::Or,
        };
        let values = self.all(&node.values);
        crate::language::balanced(values, &|left, right| ExprKind::Logical { op, left, right })
    }

    fn compare(&mut self, node: &ExprCompare) -> ExprKind {
        let left = self.boxed(&node.left);
        let rest = node
            .ops
            .iter()
            .zip(&node.comparators)
            .map(|(op, value)| (compare_op(*op), self.expr(value)))
            .collect();
        ExprKind::Compare { left, rest }
    }

    fn dict(&mut self, node: &ExprDict) -> ExprKind {
        let entries = node
            .items
            .iter()
            .map(|item| (self.optional(item.key.as_ref()), self.expr(&item.value)))
            .collect();
        ExprKind::Record { of: None, entries }
    }

    fn yielded(&mut self, value: Option<&Node>) -> ExprKind {
        self.yields = true;
        ExprKind::Yield(value.map(|value| self.boxed(value)))
    }

    fn lambda(&mut self, parameters: Option<&Parameters>, body: &Node) -> ExprKind {
        let outer = std::mem::take(&mut self.yields);
        let value = self.expr(body);
        let is_generator = std::mem::replace(&mut self.yields, outer);
        let start = parameters.map_or(value.extent.start, |list| list.range().start().to_u32());
        ExprKind::Function(Box::new(Function {
            name_extent: Extent { start, end: start },
            parameters: parameters.map(|list| self.parameters(list)).unwrap_or_default(),
            body: vec![Stmt { extent: value.extent, kind: StmtKind::Return(Some(value)) }],
            has_body: true,
            is_generator,
            ..Function::default()
        }))
    }

    fn number(&mut self, node: &ruff_python_ast::ExprNumberLiteral) -> ExprKind {
        let written: Text = self.source(node.range()).chars().filter(|char| *char != '_').collect();
        ExprKind::Literal(match node.value {
            Number::Int(_) => Literal::Integer(written),
            Number::Float(_) | Number::Complex { .. } => Literal::Float(written),
        })
    }

    /// An f-string; a t-string too, with the tag `t`, for its values don't become text.
    fn template(&mut self, node: &Node) -> ExprKind {
        let mut parts = Vec::new();
        let tag = match node {
            Node::FString(text) => {
                for part in &text.value {
                    match part {
                        FStringPart::Literal(literal) => push_text(&mut parts, literal.as_str()),
                        FStringPart::FString(inner) => self.elements(&inner.elements, &mut parts),
                    }
                }
                None
            }
            Node::TString(text) => {
                for part in &text.value {
                    self.elements(&part.elements, &mut parts);
                }
                let at = Extent { end: extent(node.range()).start + 1, ..extent(node.range()) };
                Some(Expr { extent: at, kind: ExprKind::Name(Text::const_new("t")) })
            }
            _ => None,
        };
        ExprKind::Template(Box::new(Template { tag, parts }))
    }

    fn elements(&mut self, elements: &InterpolatedStringElements, parts: &mut Vec<TemplatePart>) {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(literal) => push_text(parts, &literal.value),
                InterpolatedStringElement::Interpolation(value) => {
                    if let Some(debug) = &value.debug_text {
                        push_text(parts, debug.as_str());
                    }
                    parts.push(TemplatePart::Value(self.expr(&value.expression)));
                    for nested in value.format_spec.iter().flat_map(|spec| &spec.elements) {
                        if let InterpolatedStringElement::Interpolation(nested) = nested {
                            parts.push(TemplatePart::Value(self.expr(&nested.expression)));
                        }
                    }
                }
            }
        }
    }
}

fn push_text(parts: &mut Vec<TemplatePart>, text: &str) {
    match parts.last_mut() {
        Some(TemplatePart::Text(last)) => last.push_str(text),
        _ => parts.push(TemplatePart::Text(Text::new(text))),
    }
}

fn sequence(kind: SequenceKind, items: Vec<Expr>) -> ExprKind {
    ExprKind::Sequence { kind, items }
}

pub(super) fn binary_op(op: Operator) -> BinaryOp {
    match op {
        Operator::Add => BinaryOp::Add,
        Operator::Sub => BinaryOp::Subtract,
        Operator::Mult => BinaryOp::Multiply,
        Operator::MatMult => BinaryOp::MatrixMultiply,
        Operator::Div => BinaryOp::Divide,
        Operator::Mod => BinaryOp::Modulo,
        Operator::Pow => BinaryOp::Power,
        Operator::LShift => BinaryOp::ShiftLeft,
        Operator::RShift => BinaryOp::ShiftRight,
        Operator::BitOr => BinaryOp::Or,
        Operator::BitXor => BinaryOp::Xor,
        Operator::BitAnd => BinaryOp::And,
        Operator::FloorDiv => BinaryOp::FloorDivide,
    }
}

fn unary_op(op: Unary) -> UnaryOp {
    match op {
        Unary::Invert => UnaryOp::Invert,
        Unary::Not => UnaryOp::Not,
        Unary::UAdd => UnaryOp::Plus,
        Unary::USub => UnaryOp::Minus,
    }
}

fn compare_op(op: CmpOp) -> CompareOp {
    match op {
        CmpOp::Eq => CompareOp::Equal,
        CmpOp::NotEq => CompareOp::NotEqual,
        CmpOp::Lt => CompareOp::Less,
        CmpOp::LtE => CompareOp::LessOrEqual,
        CmpOp::Gt => CompareOp::Greater,
        CmpOp::GtE => CompareOp::GreaterOrEqual,
        CmpOp::Is => CompareOp::Is,
        CmpOp::IsNot => CompareOp::IsNot,
        CmpOp::In => CompareOp::In,
        CmpOp::NotIn => CompareOp::NotIn,
    }
}

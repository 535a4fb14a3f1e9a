//! Rust's expressions.

use syn::spanned::Spanned;
use syn::{
    BinOp, Expr as Node, ExprBinary, ExprClosure, ExprRange, ExprStruct, ExprUnary, Lit, Member, ReturnType,
    UnOp,
};

use super::pattern::field_key;
use super::{Lowering, across, at, path, text};
use crate::facts::syntax::{
    Argument, BinaryOp, Call, CallStyle, CompareOp, Expr, ExprKind, Extent, Function, Literal, LogicalOp,
    Parameter, ParameterKind, SequenceKind, Stmt, Text, UnaryOp,
};
use crate::language::depth::unknown_expr;

impl Lowering {
    /// What is below the bottom, or has no word here.
    pub(super) fn cut(&mut self, node: &impl Spanned) -> Expr {
        unknown_expr(at(node.span()))
    }

    fn boxed(&mut self, node: &Node) -> Box<Expr> {
        Box::new(self.expr(node))
    }

    pub(super) fn expr(&mut self, node: &Node) -> Expr {
        if let Some(stmt) = self.control(node) {
            return Expr { extent: stmt.extent, kind: ExprKind::Statement(Box::new(stmt)) };
        }
        if !self.depth.enter(Extent::default()) {
            return self.cut(node);
        }
        let out = self.expr_inside(node);
        self.depth.leave();
        out
    }

    fn expr_inside(&mut self, node: &Node) -> Expr {
        match node {
            Node::Path(value) => path(&value.path),
            Node::Lit(literal) => self.literal(&literal.lit),
            Node::MethodCall(call) => {
                let object = self.boxed(&call.receiver);
                let extent = across(object.extent, at(call.method.span()));
                let kind = ExprKind::Member { object, name: text(&call.method), optional: false };
                let callee = Expr { extent, kind };
                self.call(callee, call.args.iter(), at(call.paren_token.span.close()))
            }
            Node::Call(call) => {
                let callee = self.expr(&call.func);
                self.call(callee, call.args.iter(), at(call.paren_token.span.close()))
            }
            Node::Field(field) => {
                let object = self.boxed(&field.base);
                let (name, end) = match &field.member {
                    Member::Named(ident) => (text(ident), at(ident.span())),
                    Member::Unnamed(index) => (Text::from(index.index.to_string()), at(index.span)),
                };
                let extent = across(object.extent, end);
                Expr { extent, kind: ExprKind::Member { object, name, optional: false } }
            }
            Node::Macro(call) => self.macro_call(&call.mac),
            Node::Reference(reference) => {
                let value = self.boxed(&reference.expr);
                let extent = across(at(reference.and_token.span), value.extent);
                Expr { extent, kind: ExprKind::Unary { op: UnaryOp::Reference, value } }
            }
            Node::Binary(binary) => self.binary(binary),
            Node::Unary(unary) => self.unary(unary),
            Node::Try(value) => {
                let end = at(value.question_token.span);
                let value = self.boxed(&value.expr);
                Expr { extent: across(value.extent, end), kind: ExprKind::Propagate(value) }
            }
            Node::Paren(inner) => self.expr(&inner.expr),
            Node::Group(inner) => self.expr(&inner.expr),
            _ => self.compound(node),
        }
    }

    fn compound(&mut self, node: &Node) -> Expr {
        match node {
            Node::Closure(closure) => self.closure(closure),
            Node::Struct(fields) => self.fields(fields),
            Node::Index(index) => {
                let object = self.boxed(&index.expr);
                let extent = across(object.extent, at(index.bracket_token.span.close()));
                Expr { extent, kind: ExprKind::Index { object, index: self.boxed(&index.index) } }
            }
            Node::Await(value) => {
                let end = at(value.await_token.span);
                let value = self.boxed(&value.base);
                Expr { extent: across(value.extent, end), kind: ExprKind::Await(value) }
            }
            Node::Assign(assign) => {
                let target = self.boxed(&assign.left);
                let value = self.boxed(&assign.right);
                let extent = across(target.extent, value.extent);
                Expr { extent, kind: ExprKind::Assign { target, op: None, value } }
            }
            Node::Cast(cast) => {
                let value = self.boxed(&cast.expr);
                let to = self.ty(&cast.ty);
                let extent = across(value.extent, to.extent);
                Expr { extent, kind: ExprKind::Cast { value, to: Some(Box::new(to)) } }
            }
            Node::Array(array) => {
                let items = array.elems.iter().map(|item| self.expr(item)).collect();
                let kind = ExprKind::Sequence { kind: SequenceKind::List, items };
                Expr { extent: at(array.bracket_token.span.join()), kind }
            }
            Node::Tuple(tuple) => {
                let items: Vec<Expr> = tuple.elems.iter().map(|item| self.expr(item)).collect();
                let kind = match items.as_slice() {
                    [] => ExprKind::Literal(Literal::Null),
                    _ => ExprKind::Sequence { kind: SequenceKind::Tuple, items },
                };
                Expr { extent: at(tuple.paren_token.span.join()), kind }
            }
            Node::Range(range) => self.range(range),
            _ => self.rare(node),
        }
    }

    fn rare(&mut self, node: &Node) -> Expr {
        match node {
            Node::Let(test) => {
                let pattern = Box::new(self.pattern(&test.pat));
                let value = self.boxed(&test.expr);
                let extent = across(at(test.let_token.span), value.extent);
                Expr { extent, kind: ExprKind::Matches { pattern, value } }
            }
            Node::Repeat(repeat) => {
                let parts = vec![self.expr(&repeat.expr), self.expr(&repeat.len)];
                Expr { extent: at(repeat.bracket_token.span.join()), kind: ExprKind::Other(parts) }
            }
            Node::RawAddr(raw) => {
                let value = self.boxed(&raw.expr);
                let extent = across(at(raw.and_token.span), value.extent);
                Expr { extent, kind: ExprKind::Unary { op: UnaryOp::Reference, value } }
            }
            Node::Yield(node) => {
                let value = node.expr.as_ref().map(|value| self.boxed(value));
                let start = at(node.yield_token.span);
                let extent = value.as_ref().map_or(start, |value| across(start, value.extent));
                Expr { extent, kind: ExprKind::Yield(value) }
            }
            Node::Infer(infer) => {
                Expr { extent: at(infer.underscore_token.span), kind: ExprKind::Name(Text::const_new("_")) }
            }
            _ => self.cut(node),
        }
    }

    fn call<'a>(&mut self, callee: Expr, arguments: impl Iterator<Item = &'a Node>, end: Extent) -> Expr {
        let extent = across(callee.extent, end);
        let arguments = arguments.map(|value| Argument { name: None, value: self.expr(value) }).collect();
        let call = Call { callee, arguments, style: CallStyle::Plain, optional: false };
        Expr { extent, kind: ExprKind::Call(Box::new(call)) }
    }

    fn closure(&mut self, node: &ExprClosure) -> Expr {
        let start = at(node.inputs_begin.span);
        let parameters = node
            .inputs
            .iter()
            .map(|input| {
                let (pattern, annotation) = match input {
                    syn::Pat::Type(typed) => (typed.pat.as_ref(), Some(self.ty(&typed.ty))),
                    pattern => (pattern, None),
                };
                let pattern = self.pattern(pattern);
                let kind = ParameterKind::Positional;
                Parameter { pattern, kind, annotation, default: None, decorators: Vec::new() }
            })
            .collect();
        let returns = match &node.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(self.ty(ty)),
        };
        let (body, end) = match node.body.as_ref() {
            Node::Block(block) => (self.block(&block.block), at(block.block.brace_token.span.close())),
            value => {
                let value = self.expr(value);
                let extent = value.extent;
                (vec![Stmt { extent, kind: crate::facts::syntax::StmtKind::Return(Some(value)) }], extent)
            }
        };
        let function = Function {
            name_extent: Extent { start: start.start, end: start.start },
            parameters,
            returns,
            body,
            has_body: true,
            is_async: node.asyncness.is_some(),
            ..Function::default()
        };
        Expr { extent: across(start, end), kind: ExprKind::Function(Box::new(function)) }
    }

    fn fields(&mut self, node: &ExprStruct) -> Expr {
        let of = path(&node.path);
        let mut entries: Vec<(Option<Expr>, Expr)> = node
            .fields
            .iter()
            .map(|field| (Some(field_key(&field.member)), self.expr(&field.expr)))
            .collect();
        if let Some(rest) = &node.rest {
            entries.push((None, self.expr(rest)));
        }
        let extent = across(of.extent, at(node.brace_token.span.close()));
        Expr { extent, kind: ExprKind::Record { of: Some(Box::new(of)), entries } }
    }

    pub(super) fn range(&mut self, node: &ExprRange) -> Expr {
        let dots = match &node.limits {
            syn::RangeLimits::HalfOpen(dots) => across(at(dots.spans[0]), at(dots.spans[1])),
            syn::RangeLimits::Closed(dots) => across(at(dots.spans[0]), at(dots.spans[2])),
        };
        let start = node.start.as_ref().map(|value| self.expr(value));
        let end = node.end.as_ref().map(|value| self.expr(value));
        let first = start.as_ref().map_or(dots, |value| value.extent);
        let last = end.as_ref().map_or(dots, |value| value.extent);
        Expr { extent: across(first, last), kind: ExprKind::Range(vec![start, end]) }
    }

    fn unary(&mut self, node: &ExprUnary) -> Expr {
        let (op, start) = match &node.op {
            UnOp::Not(token) => (UnaryOp::Not, at(token.span)),
            UnOp::Neg(token) => (UnaryOp::Minus, at(token.span)),
            UnOp::Deref(token) => (UnaryOp::Dereference, at(token.span)),
            _ => return self.cut(node),
        };
        let value = self.boxed(&node.expr);
        Expr { extent: across(start, value.extent), kind: ExprKind::Unary { op, value } }
    }

    fn binary(&mut self, node: &ExprBinary) -> Expr {
        let left = self.boxed(&node.left);
        let right = self.boxed(&node.right);
        let extent = across(left.extent, right.extent);
        let kind = match operator(&node.op) {
            Two::Arithmetic(op) => ExprKind::Binary { op, left, right },
            Two::Comparison(op) => ExprKind::Compare { left, rest: vec![(op, *right)] },
            Two::Logic(op) => ExprKind::Logical { op, left, right },
            Two::Assignment(op) => ExprKind::Assign { target: left, op: Some(op), value: right },
            Two::Unknown => ExprKind::Other(vec![*left, *right]),
        };
        Expr { extent, kind }
    }

    pub(super) fn literal(&mut self, node: &Lit) -> Expr {
        let extent = at(node.span());
        let literal = match node {
            Lit::Str(value) => Literal::String(Text::from(value.value())),
            Lit::ByteStr(value) => Literal::Bytes(value.value()),
            Lit::CStr(value) => Literal::Bytes(value.value().into_bytes()),
            Lit::Byte(value) => Literal::Integer(Text::from(value.value().to_string())),
            Lit::Char(value) => Literal::String(Text::from(value.value().to_string())),
            Lit::Int(value) => Literal::Integer(number(&value.to_string(), value.suffix())),
            Lit::Float(value) => Literal::Float(number(&value.to_string(), value.suffix())),
            Lit::Bool(value) => Literal::Boolean(value.value),
            _ => return unknown_expr(extent),
        };
        Expr { extent, kind: ExprKind::Literal(literal) }
    }
}

/// A number as written, without `_` and suffix.
fn number(written: &str, suffix: &str) -> Text {
    written.strip_suffix(suffix).unwrap_or(written).chars().filter(|char| *char != '_').collect()
}

enum Two {
    Arithmetic(BinaryOp),
    Comparison(CompareOp),
    Logic(LogicalOp),
    Assignment(BinaryOp),
    Unknown,
}

fn operator(op: &BinOp) -> Two {
    match op {
        BinOp::Add(_) => Two::Arithmetic(BinaryOp::Add),
        BinOp::Sub(_) => Two::Arithmetic(BinaryOp::Subtract),
        BinOp::Mul(_) => Two::Arithmetic(BinaryOp::Multiply),
        BinOp::Div(_) => Two::Arithmetic(BinaryOp::Divide),
        BinOp::Rem(_) => Two::Arithmetic(BinaryOp::Modulo),
        BinOp::BitXor(_) => Two::Arithmetic(BinaryOp::Xor),
        BinOp::BitAnd(_) => Two::Arithmetic(BinaryOp::And),
        BinOp::BitOr(_) => Two::Arithmetic(BinaryOp::Or),
        BinOp::Shl(_) => Two::Arithmetic(BinaryOp::ShiftLeft),
        BinOp::Shr(_) => Two::Arithmetic(BinaryOp::ShiftRight),
        BinOp::And(_) => Two::Logic(LogicalOp::And),
        BinOp::Or(_) => Two::Logic(LogicalOp::Or),
        BinOp::Eq(_) => Two::Comparison(CompareOp::Equal),
        BinOp::Lt(_) => Two::Comparison(CompareOp::Less),
        BinOp::Le(_) => Two::Comparison(CompareOp::LessOrEqual),
        BinOp::Ne(_) => Two::Comparison(CompareOp::NotEqual),
        BinOp::Ge(_) => Two::Comparison(CompareOp::GreaterOrEqual),
        BinOp::Gt(_) => Two::Comparison(CompareOp::Greater),
        BinOp::AddAssign(_) => Two::Assignment(BinaryOp::Add),
        BinOp::SubAssign(_) => Two::Assignment(BinaryOp::Subtract),
        BinOp::MulAssign(_) => Two::Assignment(BinaryOp::Multiply),
        BinOp::DivAssign(_) => Two::Assignment(BinaryOp::Divide),
        BinOp::RemAssign(_) => Two::Assignment(BinaryOp::Modulo),
        BinOp::BitXorAssign(_) => Two::Assignment(BinaryOp::Xor),
        BinOp::BitAndAssign(_) => Two::Assignment(BinaryOp::And),
        BinOp::BitOrAssign(_) => Two::Assignment(BinaryOp::Or),
        BinOp::ShlAssign(_) => Two::Assignment(BinaryOp::ShiftLeft),
        BinOp::ShrAssign(_) => Two::Assignment(BinaryOp::ShiftRight),
        _ => Two::Unknown,
    }
}

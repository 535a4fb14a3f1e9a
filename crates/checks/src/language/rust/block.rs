//! Rust's blocks and statements, and the expressions that are statements elsewhere.

use syn::{Block, Expr as Node, ExprIf, ExprMatch, Local, Pat, Stmt as StmtNode};

use super::{Lowering, across, at};
use crate::facts::syntax::{Arm, Assign, Declares, Expr, ExprKind, Extent, Loop, Stmt, StmtKind};
use crate::language::depth::unknown_stmt;

impl Lowering {
    pub(super) fn block(&mut self, node: &Block) -> Vec<Stmt> {
        self.statements(&node.stmts)
    }

    pub(super) fn statements(&mut self, nodes: &[StmtNode]) -> Vec<Stmt> {
        let mut out = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let last = index + 1 == nodes.len();
            match node {
                StmtNode::Local(local) => out.push(self.local(local)),
                StmtNode::Item(item) => self.item(item, &mut out),
                StmtNode::Expr(value, None) if last => out.push(self.value(value)),
                StmtNode::Expr(value, semicolon) => {
                    let mut stmt = self.effect(value, &mut out);
                    if let Some(semicolon) = semicolon {
                        stmt.extent = across(stmt.extent, at(semicolon.span));
                    }
                    out.push(stmt);
                }
                StmtNode::Macro(call) => {
                    let value = self.macro_call(&call.mac);
                    let is_value = last
                        && call.semi_token.is_none()
                        && !matches!(call.mac.delimiter, syn::MacroDelimiter::Brace(_));
                    let extent = call
                        .semi_token
                        .as_ref()
                        .map_or(value.extent, |end| across(value.extent, at(end.span)));
                    let kind = if is_value { StmtKind::Value(value) } else { StmtKind::Expr(value) };
                    out.push(Stmt { extent, kind });
                }
            }
        }
        out
    }

    /// The last expression of a block, an arm's or a closure's. What leaves or loops has no value.
    pub(super) fn value(&mut self, node: &Node) -> Stmt {
        match node {
            Node::Return(_) | Node::Continue(_) | Node::While(_) | Node::ForLoop(_) | Node::Assign(_) => {
                self.plain_effect(node)
            }
            Node::Break(leave) if leave.expr.is_none() => self.plain_effect(node),
            _ => {
                let value = self.expr(node);
                Stmt { extent: value.extent, kind: StmtKind::Value(value) }
            }
        }
    }

    /// The statements of an arm or closure: those of a block, or one value.
    pub(super) fn arm_body(&mut self, node: &Node) -> Vec<Stmt> {
        match node {
            Node::Block(block) if block.label.is_none() => self.block(&block.block),
            // `other => break other?`: what leaves with a value has that value first.
            Node::Break(leave) if leave.expr.is_some() => {
                let mut body = Vec::new();
                let leaves = self.effect(node, &mut body);
                body.push(leaves);
                body
            }
            _ => vec![self.value(node)],
        }
    }

    fn effect(&mut self, node: &Node, out: &mut Vec<Stmt>) -> Stmt {
        if let Node::Break(leave) = node
            && let Some(value) = &leave.expr
        {
            let value = self.expr(value);
            out.push(Stmt { extent: value.extent, kind: StmtKind::Expr(value) });
        }
        self.plain_effect(node)
    }

    /// An expression for its effect: control flow and assignments are statements.
    fn plain_effect(&mut self, node: &Node) -> Stmt {
        if let Some(stmt) = self.control(node) {
            return stmt;
        }
        let value = self.expr(node);
        match value.kind {
            ExprKind::Assign { target, op, value: assigned } => {
                let assign = Assign { op, value: Some(*assigned), ..assignment(Declares::No, *target) };
                Stmt { extent: value.extent, kind: StmtKind::Assign(Box::new(assign)) }
            }
            _ => Stmt { extent: value.extent, kind: StmtKind::Expr(value) },
        }
    }

    /// What is a statement in other languages; `None` for all else.
    pub(super) fn control(&mut self, node: &Node) -> Option<Stmt> {
        if !matches!(
            node,
            Node::If(_)
                | Node::Match(_)
                | Node::While(_)
                | Node::ForLoop(_)
                | Node::Loop(_)
                | Node::Block(_)
                | Node::Unsafe(_)
                | Node::Async(_)
                | Node::Const(_)
                | Node::TryBlock(_)
                | Node::Return(_)
                | Node::Break(_)
                | Node::Continue(_)
        ) {
            return None;
        }
        if !self.depth.enter(Extent::default()) {
            return Some(unknown_stmt(self.cut(node).extent));
        }
        let (start, end, kind) = self.control_inside(node);
        self.depth.leave();
        Some(Stmt { extent: across(start, end), kind })
    }

    fn control_inside(&mut self, node: &Node) -> (Extent, Extent, StmtKind) {
        let block = |lowering: &mut Self, start: proc_macro2::Span, block: &Block| {
            (at(start), closing(block), StmtKind::Block(lowering.block(block)))
        };
        match node {
            Node::If(test) => self.conditional(test),
            Node::Match(node) => self.matching(node),
            Node::Block(node) => block(self, node.block.brace_token.span.open(), &node.block),
            Node::Unsafe(node) => block(self, node.unsafe_token.span, &node.block),
            Node::Async(node) => block(self, node.async_token.span, &node.block),
            Node::Const(node) => block(self, node.const_token.span, &node.block),
            Node::TryBlock(node) => block(self, node.try_token.span, &node.block),
            Node::Return(node) => {
                let value = node.expr.as_ref().map(|value| self.expr(value));
                let start = at(node.return_token.span);
                (start, value.as_ref().map_or(start, |value| value.extent), StmtKind::Return(value))
            }
            Node::Break(node) => (at(node.break_token.span), at(node.break_token.span), StmtKind::Break),
            Node::Continue(node) => {
                (at(node.continue_token.span), at(node.continue_token.span), StmtKind::Continue)
            }
            _ => self.looping(node),
        }
    }

    fn looping(&mut self, node: &Node) -> (Extent, Extent, StmtKind) {
        let (start, body) = match node {
            Node::While(node) => (node.while_token.span, &node.body),
            Node::ForLoop(node) => (node.for_token.span, &node.body),
            Node::Loop(node) => (node.loop_token.span, &node.body),
            _ => return (Extent::default(), Extent::default(), StmtKind::Other(Vec::new())),
        };
        let (mut target, mut iterable, mut test) = (None, None, None);
        if let Node::While(node) = node {
            test = Some(self.expr(&node.cond));
        }
        if let Node::ForLoop(node) = node {
            target = Some(self.pattern(&node.pat));
            iterable = Some(self.expr(&node.expr));
        }
        let looped = Loop {
            target,
            iterable,
            test,
            header: Vec::new(),
            body: self.block(body),
            otherwise: Vec::new(),
            is_async: false,
        };
        (at(start), closing(body), StmtKind::Loop(Box::new(looped)))
    }

    fn conditional(&mut self, node: &ExprIf) -> (Extent, Extent, StmtKind) {
        let test = self.expr(&node.cond);
        let then = self.block(&node.then_branch);
        let mut end = closing(&node.then_branch);
        let mut otherwise = Vec::new();
        if let Some((_, branch)) = &node.else_branch {
            match branch.as_ref() {
                Node::Block(block) => {
                    otherwise = self.block(&block.block);
                    end = closing(&block.block);
                }
                branch => {
                    let stmt = self.value(branch);
                    let stmt = match stmt.kind {
                        StmtKind::Value(Expr { kind: ExprKind::Statement(inner), .. }) => *inner,
                        _ => stmt,
                    };
                    end = stmt.extent;
                    otherwise.push(stmt);
                }
            }
        }
        (at(node.if_token.span), end, StmtKind::If { test, then, otherwise })
    }

    fn matching(&mut self, node: &ExprMatch) -> (Extent, Extent, StmtKind) {
        let value = self.expr(&node.expr);
        let arms = node
            .arms
            .iter()
            .map(|arm| {
                let (pattern, guard) = match &arm.pat {
                    Pat::Guard(guarded) => (guarded.pat.as_ref(), Some(&guarded.guard)),
                    pattern => (pattern, None),
                };
                Arm {
                    pattern: (!matches!(pattern, Pat::Wild(_))).then(|| self.pattern(pattern)),
                    guard: guard.map(|guard| self.expr(guard)),
                    body: self.arm_body(&arm.body),
                }
            })
            .collect();
        (at(node.match_token.span), at(node.brace_token.span.close()), StmtKind::Match { value, arms })
    }

    fn local(&mut self, node: &Local) -> Stmt {
        let (pattern, annotation) = match &node.pat {
            Pat::Type(typed) => (typed.pat.as_ref(), Some(self.ty(&typed.ty))),
            pattern => (pattern, None),
        };
        let declares = match pattern {
            Pat::Ident(binding) if binding.mutability.is_some() => Declares::Variable,
            _ => Declares::Constant,
        };
        let target = self.pattern(pattern);
        let value = node.init.as_ref().map(|init| self.expr(&init.expr));
        let otherwise = match node.init.as_ref().and_then(|init| init.diverge.as_ref()) {
            Some((_, diverge)) => self.arm_body(diverge),
            None => Vec::new(),
        };
        let assign = Assign { annotation, value, otherwise, ..assignment(declares, target) };
        let extent = across(at(node.let_token.span), at(node.semi_token.span));
        Stmt { extent, kind: StmtKind::Assign(Box::new(assign)) }
    }
}

fn closing(block: &Block) -> Extent {
    at(block.brace_token.span.close())
}

pub(super) fn assignment(declares: Declares, target: Expr) -> Assign {
    Assign {
        declares,
        targets: vec![target],
        op: None,
        annotation: None,
        value: None,
        otherwise: Vec::new(),
        is_public: false,
    }
}

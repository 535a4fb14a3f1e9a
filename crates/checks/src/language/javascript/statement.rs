//! JavaScript's statements and declarations.

use oxc_ast::ast::{
    AssignmentExpression, BlockStatement, CatchClause, Declaration, Directive, Expression, ForInStatement,
    ForOfStatement, ForStatement, ForStatementInit, ForStatementLeft, IfStatement, Statement,
    SwitchStatement, TSNamespaceDeclaration, TSNamespaceDeclarationBody, TryStatement, UnaryOperator,
    VariableDeclaration, VariableDeclarationKind, VariableDeclarator,
};
use oxc_span::GetSpan;

use super::{Lowering, extent, name_at, operator};
use crate::facts::syntax::{
    Arm, Assign, Declares, Expr, ExprKind, Extent, Handler, Literal, Loop, Stmt, StmtKind, Text, Try,
};
use crate::language::depth::unknown_stmt;

impl Lowering {
    pub(super) fn body_into(&mut self, statements: &[Statement<'_>], out: &mut Vec<Stmt>) {
        out.reserve(statements.len());
        for statement in statements {
            self.stmt(statement, out);
        }
    }

    pub(super) fn body(&mut self, statements: &[Statement<'_>]) -> Vec<Stmt> {
        let mut out = Vec::new();
        self.body_into(statements, &mut out);
        out
    }

    /// The statements of a branch, whether in braces or not.
    fn branch(&mut self, statement: &Statement<'_>) -> Vec<Stmt> {
        let mut out = Vec::new();
        match statement {
            Statement::BlockStatement(block) => self.body_into(&block.body, &mut out),
            _ => self.stmt(statement, &mut out),
        }
        out
    }

    fn block(&mut self, block: &BlockStatement<'_>) -> Vec<Stmt> {
        self.body(&block.body)
    }

    /// `"use strict"` and `"use client"` are expressions of their own.
    pub(super) fn directives(&mut self, directives: &[Directive<'_>]) -> Vec<Stmt> {
        directives
            .iter()
            .map(|directive| {
                let text = Literal::String(Text::new(directive.expression.value));
                let value = Expr { extent: extent(directive.expression.span), kind: ExprKind::Literal(text) };
                Stmt { extent: extent(directive.span), kind: StmtKind::Expr(value) }
            })
            .collect()
    }

    fn stmt(&mut self, node: &Statement<'_>, out: &mut Vec<Stmt>) {
        let whole = extent(node.span());
        if !self.depth.enter(whole) {
            out.push(unknown_stmt(whole));
            return;
        }
        let outer = std::mem::take(&mut self.dynamic);
        let mut own = Vec::new();
        self.stmt_into(node, whole, &mut own);
        out.append(&mut self.dynamic);
        self.dynamic = outer;
        out.append(&mut own);
        self.depth.leave();
    }

    fn stmt_into(&mut self, node: &Statement<'_>, whole: Extent, out: &mut Vec<Stmt>) {
        if let Some(declaration) = node.as_declaration() {
            return self.declaration(declaration, false, out);
        }
        if let Some(declaration) = node.as_module_declaration() {
            return self.module_declaration(declaration, out);
        }
        let kind = match node {
            Statement::LabeledStatement(labeled) => return self.stmt(&labeled.body, out),
            Statement::ExpressionStatement(statement) => self.expression_statement(&statement.expression),
            Statement::BlockStatement(block) => StmtKind::Block(self.block(block)),
            Statement::IfStatement(node) => self.conditional(node),
            Statement::ReturnStatement(node) => StmtKind::Return(self.optional(node.argument.as_ref())),
            Statement::ThrowStatement(node) => {
                StmtKind::Raise { value: Some(self.expr(&node.argument)), cause: None }
            }
            Statement::TryStatement(node) => self.trying(node),
            Statement::SwitchStatement(node) => self.switch(node),
            Statement::WithStatement(node) => StmtKind::With {
                items: vec![(self.expr(&node.object), None)],
                body: self.branch(&node.body),
                is_async: false,
            },
            Statement::BreakStatement(_) => StmtKind::Break,
            Statement::ContinueStatement(_) => StmtKind::Continue,
            Statement::EmptyStatement(_) => StmtKind::Empty,
            Statement::DebuggerStatement(_) => StmtKind::Other(Vec::new()),
            _ => self.looping(node),
        };
        out.push(Stmt { extent: whole, kind });
    }

    fn expression_statement(&mut self, node: &Expression<'_>) -> StmtKind {
        match node {
            Expression::AssignmentExpression(assign) => self.assignment_statement(assign),
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => {
                StmtKind::Delete(vec![self.expr(&unary.argument)])
            }
            _ => StmtKind::Expr(self.expr(node)),
        }
    }

    /// `a = b = c` has two targets, as in Python.
    fn assignment_statement(&mut self, node: &AssignmentExpression<'_>) -> StmtKind {
        let op = operator::assignment(node.operator);
        let mut targets = vec![self.target(&node.left)];
        let mut value = &node.right;
        while let Expression::AssignmentExpression(inner) = value
            && op.is_none()
            && operator::assignment(inner.operator).is_none()
        {
            targets.push(self.target(&inner.left));
            value = &inner.right;
        }
        let value = Some(self.expr(value));
        StmtKind::Assign(Box::new(Assign { op, value, ..assign(Declares::No, targets) }))
    }

    fn conditional(&mut self, node: &IfStatement<'_>) -> StmtKind {
        let test = self.expr(&node.test);
        let then = self.branch(&node.consequent);
        let otherwise = node.alternate.as_ref().map(|alternate| self.branch(alternate)).unwrap_or_default();
        StmtKind::If { test, then, otherwise }
    }

    fn looping(&mut self, node: &Statement<'_>) -> StmtKind {
        let looped = match node {
            Statement::WhileStatement(node) => {
                Loop { test: Some(self.expr(&node.test)), body: self.branch(&node.body), ..empty_loop() }
            }
            Statement::DoWhileStatement(node) => {
                Loop { body: self.branch(&node.body), test: Some(self.expr(&node.test)), ..empty_loop() }
            }
            Statement::ForStatement(node) => self.counted(node),
            Statement::ForInStatement(node) => self.for_in(node),
            Statement::ForOfStatement(node) => self.for_of(node),
            _ => return StmtKind::Other(Vec::new()),
        };
        StmtKind::Loop(Box::new(looped))
    }

    fn counted(&mut self, node: &ForStatement<'_>) -> Loop {
        let mut header = Vec::new();
        match &node.init {
            Some(ForStatementInit::VariableDeclaration(declaration)) => {
                self.variables(declaration, false, &mut header);
            }
            Some(init) => {
                if let Some(init) = init.as_expression() {
                    let kind = self.expression_statement(init);
                    header.push(Stmt { extent: extent(init.span()), kind });
                }
            }
            None => {}
        }
        let test = self.optional(node.test.as_ref());
        if let Some(update) = &node.update {
            let kind = self.expression_statement(update);
            header.push(Stmt { extent: extent(update.span()), kind });
        }
        Loop { test, header, body: self.branch(&node.body), ..empty_loop() }
    }

    fn for_in(&mut self, node: &ForInStatement<'_>) -> Loop {
        let target = Some(self.loop_target(&node.left));
        Loop { target, iterable: Some(self.expr(&node.right)), body: self.branch(&node.body), ..empty_loop() }
    }

    fn for_of(&mut self, node: &ForOfStatement<'_>) -> Loop {
        let target = Some(self.loop_target(&node.left));
        let iterable = Some(self.expr(&node.right));
        Loop { target, iterable, body: self.branch(&node.body), is_async: node.r#await, ..empty_loop() }
    }

    fn loop_target(&mut self, node: &ForStatementLeft<'_>) -> Expr {
        match node {
            ForStatementLeft::VariableDeclaration(declaration) => match declaration.declarations.first() {
                Some(declarator) => self.pattern(&declarator.id),
                None => crate::language::depth::unknown_expr(extent(declaration.span)),
            },
            _ => match node.as_assignment_target() {
                Some(target) => self.target(target),
                None => crate::language::depth::unknown_expr(extent(node.span())),
            },
        }
    }

    fn trying(&mut self, node: &TryStatement<'_>) -> StmtKind {
        let body = self.block(&node.block);
        let handlers = node.handler.iter().map(|handler| self.handler(handler)).collect();
        let finally = node.finalizer.as_ref().map(|block| self.block(block)).unwrap_or_default();
        StmtKind::Try(Box::new(Try { body, handlers, otherwise: Vec::new(), finally }))
    }

    fn handler(&mut self, node: &CatchClause<'_>) -> Handler {
        Handler {
            extent: extent(node.span),
            caught: None,
            binding: node.param.as_ref().map(|param| self.pattern(&param.pattern)),
            body: self.block(&node.body),
        }
    }

    fn switch(&mut self, node: &SwitchStatement<'_>) -> StmtKind {
        let value = self.expr(&node.discriminant);
        let arms = node
            .cases
            .iter()
            .map(|case| Arm {
                pattern: self.optional(case.test.as_ref()),
                guard: None,
                body: self.body(&case.consequent),
            })
            .collect();
        StmtKind::Match { value, arms }
    }

    pub(super) fn declaration(&mut self, node: &Declaration<'_>, is_public: bool, out: &mut Vec<Stmt>) {
        let kind = match node {
            Declaration::VariableDeclaration(variables) => return self.variables(variables, is_public, out),
            Declaration::FunctionDeclaration(function) => {
                StmtKind::Function(Box::new(self.function(function, is_public)))
            }
            Declaration::ClassDeclaration(class) => StmtKind::Class(Box::new(self.class(class, is_public))),
            Declaration::TSInterfaceDeclaration(interface) => {
                StmtKind::Class(Box::new(self.interface(interface, is_public)))
            }
            Declaration::TSEnumDeclaration(node) => {
                StmtKind::Class(Box::new(self.enumeration(node, is_public)))
            }
            Declaration::TSTypeAliasDeclaration(alias) => StmtKind::Assign(Box::new(Assign {
                value: Some(self.ts_type(&alias.type_annotation)),
                is_public,
                ..assign(Declares::Type, vec![name_at(&alias.id.name, alias.id.span)])
            })),
            Declaration::TSExternalModuleDeclaration(module) => {
                let body = module.body.as_ref().map(|block| self.body(&block.body)).unwrap_or_default();
                namespace(&module.id.value, body)
            }
            Declaration::TSNamespaceDeclaration(module) => self.namespace(module),
            Declaration::TSGlobalDeclaration(module) => namespace("global", self.body(&module.body.body)),
            Declaration::TSImportEqualsDeclaration(import) => self.import_equals(import, is_public),
        };
        out.push(Stmt { extent: extent(node.span()), kind });
    }

    /// `namespace A.B {}` is one namespace with a dotted name.
    fn namespace(&mut self, node: &TSNamespaceDeclaration<'_>) -> StmtKind {
        let mut name = node.id.name.to_string();
        let mut body = &node.body;
        loop {
            match body {
                TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => {
                    name.push('.');
                    name.push_str(&inner.id.name);
                    body = &inner.body;
                }
                TSNamespaceDeclarationBody::TSModuleBlock(block) => {
                    return namespace(&name, self.body(&block.body));
                }
            }
        }
    }

    fn variables(&mut self, node: &VariableDeclaration<'_>, is_public: bool, out: &mut Vec<Stmt>) {
        let one = node.declarations.len() == 1;
        for declarator in &node.declarations {
            let whole = extent(if one { node.span } else { declarator.span });
            if let Some(import) = self.import_declarator(declarator) {
                out.push(Stmt { extent: whole, kind: StmtKind::Import(Box::new(import)) });
                continue;
            }
            let kind = self.variable(declarator, node.kind, is_public);
            out.push(Stmt { extent: whole, kind });
        }
    }

    fn variable(
        &mut self,
        node: &VariableDeclarator<'_>,
        kind: VariableDeclarationKind,
        is_public: bool,
    ) -> StmtKind {
        let target = self.pattern(&node.id);
        let annotation = self.annotation(node.type_annotation.as_deref());
        let value = self.optional(node.init.as_ref());
        let declares = match kind {
            VariableDeclarationKind::Var | VariableDeclarationKind::Let => Declares::Variable,
            VariableDeclarationKind::Const => Declares::Constant,
            VariableDeclarationKind::Using | VariableDeclarationKind::AwaitUsing => {
                let is_async = kind == VariableDeclarationKind::AwaitUsing;
                let context = value.unwrap_or_else(|| target.clone());
                return StmtKind::With { items: vec![(context, Some(target))], body: Vec::new(), is_async };
            }
        };
        StmtKind::Assign(Box::new(Assign { annotation, value, is_public, ..assign(declares, vec![target]) }))
    }
}

fn namespace(name: &str, body: Vec<Stmt>) -> StmtKind {
    StmtKind::Namespace { name: Text::new(name), decorators: Vec::new(), body }
}

fn empty_loop() -> Loop {
    Loop {
        target: None,
        iterable: None,
        test: None,
        header: Vec::new(),
        body: Vec::new(),
        otherwise: Vec::new(),
        is_async: false,
    }
}

pub(super) fn assign(declares: Declares, targets: Vec<Expr>) -> Assign {
    Assign {
        declares,
        targets,
        op: None,
        annotation: None,
        value: None,
        otherwise: Vec::new(),
        is_public: false,
    }
}

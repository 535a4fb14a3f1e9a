//! Python's statements.

use ruff_python_ast::{
    Decorator, ElifElseClause, ExceptHandler, Expr as Node, ParameterWithDefault, Parameters,
    Stmt as StmtNode, StmtAnnAssign, StmtAssign, StmtAugAssign, StmtClassDef, StmtFor, StmtFunctionDef,
    StmtIf, StmtMatch, StmtTry, StmtWhile, StmtWith,
};
use ruff_text_size::Ranged;

use super::import::is_type_checking;
use super::{Lowering, extent};
use crate::facts::syntax::{
    Arm, Assign, Class, ClassKind, Declares, Expr, ExprKind, Function, Handler, Loop, Parameter,
    ParameterKind, Stmt, StmtKind, Text, Try,
};
use crate::language::depth::unknown_stmt;

impl Lowering<'_> {
    pub(super) fn body(&mut self, statements: &[StmtNode]) -> Vec<Stmt> {
        let mut out = Vec::with_capacity(statements.len());
        for statement in statements {
            self.stmt(statement, &mut out);
        }
        out
    }

    fn stmt(&mut self, node: &StmtNode, out: &mut Vec<Stmt>) {
        let extent = extent(node.range());
        if !self.depth.enter(extent) {
            out.push(unknown_stmt(extent));
            return;
        }
        let outer = std::mem::take(&mut self.dynamic);
        let kind = match node {
            StmtNode::Import(import) => {
                self.import(import, out);
                None
            }
            StmtNode::Assign(assign) if self.is_import(assign) => None,
            _ => Some(self.stmt_kind(node)),
        };
        out.append(&mut self.dynamic);
        self.dynamic = outer;
        out.extend(kind.map(|kind| Stmt { extent, kind }));
        self.depth.leave();
    }

    fn stmt_kind(&mut self, node: &StmtNode) -> StmtKind {
        match node {
            StmtNode::FunctionDef(function) => StmtKind::Function(Box::new(self.function(function))),
            StmtNode::ClassDef(class) => StmtKind::Class(Box::new(self.class(class))),
            StmtNode::Assign(assign) => self.assign(assign),
            StmtNode::AugAssign(assign) => self.augmented(assign),
            StmtNode::AnnAssign(assign) => self.annotated(assign),
            StmtNode::For(node) => self.for_loop(node),
            StmtNode::While(node) => self.while_loop(node),
            StmtNode::If(node) => self.conditional(node),
            StmtNode::With(node) => self.with(node),
            StmtNode::Match(node) => self.matching(node),
            StmtNode::Try(node) => self.trying(node),
            StmtNode::ImportFrom(node) => self.import_from(node),
            _ => self.simple(node),
        }
    }

    fn simple(&mut self, node: &StmtNode) -> StmtKind {
        match node {
            StmtNode::Expr(node) => StmtKind::Expr(self.expr(&node.value)),
            StmtNode::Return(node) => StmtKind::Return(self.optional(node.value.as_deref())),
            StmtNode::Raise(node) => StmtKind::Raise {
                value: self.optional(node.exc.as_deref()),
                cause: self.optional(node.cause.as_deref()),
            },
            StmtNode::Assert(node) => {
                StmtKind::Assert { test: self.expr(&node.test), message: self.optional(node.msg.as_deref()) }
            }
            StmtNode::Delete(node) => StmtKind::Delete(self.all(&node.targets)),
            StmtNode::TypeAlias(node) => StmtKind::Assign(Box::new(Assign {
                value: Some(self.expr(&node.value)),
                ..assignment(Declares::Type, vec![self.expr(&node.name)])
            })),
            StmtNode::Global(node) => {
                StmtKind::Global(node.names.iter().map(|name| name.as_str().into()).collect())
            }
            StmtNode::Nonlocal(node) => {
                StmtKind::Global(node.names.iter().map(|name| name.as_str().into()).collect())
            }
            StmtNode::Pass(_) => StmtKind::Empty,
            StmtNode::Break(_) => StmtKind::Break,
            StmtNode::Continue(_) => StmtKind::Continue,
            _ => StmtKind::Other(Vec::new()),
        }
    }

    /// `module = importlib.import_module("a")` is an import of `a` as `module`.
    fn is_import(&mut self, node: &StmtAssign) -> bool {
        match (node.targets.as_slice(), node.value.as_ref()) {
            ([Node::Name(target)], Node::Call(call))
                if self.dynamic_module(call).is_some_and(|(name, _)| binds_itself(call, name)) =>
            {
                self.note_dynamic_import(call, Some(Text::new(target.id.as_str())))
            }
            _ => false,
        }
    }

    fn assign(&mut self, node: &StmtAssign) -> StmtKind {
        let targets = self.all(&node.targets);
        let value = Some(self.expr(&node.value));
        StmtKind::Assign(Box::new(Assign { value, ..assignment(Declares::No, targets) }))
    }

    fn augmented(&mut self, node: &StmtAugAssign) -> StmtKind {
        let targets = vec![self.expr(&node.target)];
        let value = Some(self.expr(&node.value));
        let op = Some(super::expression::binary_op(node.op));
        StmtKind::Assign(Box::new(Assign { op, value, ..assignment(Declares::No, targets) }))
    }

    fn annotated(&mut self, node: &StmtAnnAssign) -> StmtKind {
        let target = self.expr(&node.target);
        let annotation = self.expr(&node.annotation);
        let head = match &annotation.kind {
            ExprKind::Index { object, .. } => object.dotted(),
            _ => annotation.dotted(),
        };
        let declares = match head.as_deref().map(|name| name.rsplit('.').next().unwrap_or(name)) {
            Some("Final") => Declares::Constant,
            Some("TypeAlias") => Declares::Type,
            _ => Declares::No,
        };
        let value = self.optional(node.value.as_deref());
        let annotation = Some(annotation);
        StmtKind::Assign(Box::new(Assign { annotation, value, ..assignment(declares, vec![target]) }))
    }

    fn for_loop(&mut self, node: &StmtFor) -> StmtKind {
        StmtKind::Loop(Box::new(Loop {
            target: Some(self.expr(&node.target)),
            iterable: Some(self.expr(&node.iter)),
            test: None,
            header: Vec::new(),
            body: self.body(&node.body),
            otherwise: self.body(&node.orelse),
            is_async: node.is_async,
        }))
    }

    fn while_loop(&mut self, node: &StmtWhile) -> StmtKind {
        StmtKind::Loop(Box::new(Loop {
            target: None,
            iterable: None,
            test: Some(self.expr(&node.test)),
            header: Vec::new(),
            body: self.body(&node.body),
            otherwise: self.body(&node.orelse),
            is_async: false,
        }))
    }

    fn conditional(&mut self, node: &StmtIf) -> StmtKind {
        let test = self.expr(&node.test);
        let types = u32::from(is_type_checking(&node.test));
        self.type_only += types;
        let then = self.body(&node.body);
        self.type_only -= types;
        StmtKind::If { test, then, otherwise: self.otherwise(&node.elif_else_clauses) }
    }

    fn otherwise(&mut self, clauses: &[ElifElseClause]) -> Vec<Stmt> {
        let Some((first, rest)) = clauses.split_first() else { return Vec::new() };
        let Some(test) = &first.test else { return self.body(&first.body) };
        let end = clauses.last().map_or(first.range().end(), |last| last.range().end());
        let whole = super::Extent { start: first.range().start().to_u32(), end: end.to_u32() };
        if !self.depth.enter(whole) {
            return vec![unknown_stmt(whole)];
        }
        let test = self.expr(test);
        let then = self.body(&first.body);
        let otherwise = self.otherwise(rest);
        self.depth.leave();
        vec![Stmt { extent: whole, kind: StmtKind::If { test, then, otherwise } }]
    }

    fn with(&mut self, node: &StmtWith) -> StmtKind {
        let items = node
            .items
            .iter()
            .map(|item| (self.expr(&item.context_expr), self.optional(item.optional_vars.as_deref())))
            .collect();
        StmtKind::With { items, body: self.body(&node.body), is_async: node.is_async }
    }

    fn matching(&mut self, node: &StmtMatch) -> StmtKind {
        let value = self.expr(&node.subject);
        let arms = node
            .cases
            .iter()
            .map(|case| Arm {
                pattern: (!case.pattern.is_wildcard()).then(|| self.pattern(&case.pattern)),
                guard: self.optional(case.guard.as_deref()),
                body: self.body(&case.body),
            })
            .collect();
        StmtKind::Match { value, arms }
    }

    fn trying(&mut self, node: &StmtTry) -> StmtKind {
        let body = self.body(&node.body);
        let handlers = node
            .handlers
            .iter()
            .map(|ExceptHandler::ExceptHandler(handler)| Handler {
                extent: extent(handler.range()),
                caught: self.optional(handler.type_.as_deref()),
                binding: handler.name.as_ref().map(|name| Expr {
                    extent: extent(name.range()),
                    kind: ExprKind::Name(Text::new(name.as_str())),
                }),
                body: self.body(&handler.body),
            })
            .collect();
        let otherwise = self.body(&node.orelse);
        StmtKind::Try(Box::new(Try { body, handlers, otherwise, finally: self.body(&node.finalbody) }))
    }

    fn decorators(&mut self, decorators: &[Decorator]) -> Vec<Expr> {
        decorators.iter().map(|decorator| self.expr(&decorator.expression)).collect()
    }

    fn function(&mut self, node: &StmtFunctionDef) -> Function {
        let decorators = self.decorators(&node.decorator_list);
        let is_static =
            decorators.iter().any(|decorator| decorator.dotted().as_deref() == Some("staticmethod"));
        let parameters = self.parameters(&node.parameters);
        let returns = self.optional(node.returns.as_deref());
        let outer = std::mem::take(&mut self.yields);
        let body = self.body(&node.body);
        let is_generator = std::mem::replace(&mut self.yields, outer);
        Function {
            name: Text::new(node.name.as_str()),
            name_extent: extent(node.name.range()),
            is_generator,
            parameters,
            returns,
            body,
            has_body: true,
            decorators,
            is_async: node.is_async,
            is_public: false,
            is_static,
        }
    }

    pub(super) fn parameters(&mut self, node: &Parameters) -> Vec<Parameter> {
        let mut out = Vec::with_capacity(node.len());
        let mut plain = |lowering: &mut Self, list: &[ParameterWithDefault], kind| {
            for parameter in list {
                let default = lowering.optional(parameter.default.as_deref());
                out.push(Parameter { default, ..lowering.parameter(&parameter.parameter, kind) });
            }
        };
        plain(self, &node.posonlyargs, ParameterKind::Positional);
        plain(self, &node.args, ParameterKind::Either);
        let rest = node.vararg.as_deref().map(|rest| self.parameter(rest, ParameterKind::Rest));
        let mut keyword_only = Vec::new();
        for parameter in &node.kwonlyargs {
            let default = self.optional(parameter.default.as_deref());
            keyword_only
                .push(Parameter { default, ..self.parameter(&parameter.parameter, ParameterKind::Keyword) });
        }
        out.extend(rest);
        out.append(&mut keyword_only);
        out.extend(node.kwarg.as_deref().map(|rest| self.parameter(rest, ParameterKind::KeywordRest)));
        out
    }

    fn parameter(&mut self, node: &ruff_python_ast::Parameter, kind: ParameterKind) -> Parameter {
        let name = ExprKind::Name(Text::new(node.name.as_str()));
        Parameter {
            pattern: Expr { extent: extent(node.name.range()), kind: name },
            kind,
            annotation: self.optional(node.annotation.as_deref()),
            default: None,
            decorators: Vec::new(),
        }
    }

    fn class(&mut self, node: &StmtClassDef) -> Class {
        let mut body = self.body(&node.body);
        for stmt in &mut body {
            if let StmtKind::Assign(assign) = &mut stmt.kind
                && assign.declares == Declares::No
                && assign.op.is_none()
            {
                assign.declares = Declares::Field;
            }
        }
        Class {
            kind: ClassKind::Class,
            name: Text::new(node.name.as_str()),
            name_extent: extent(node.name.range()),
            bases: node.arguments.as_deref().map(|arguments| self.arguments(arguments)).unwrap_or_default(),
            decorators: self.decorators(&node.decorator_list),
            body,
            is_public: false,
        }
    }
}

/// `__import__("a.b")` gives `a`, unlike `importlib.import_module`.
fn binds_itself(call: &ruff_python_ast::ExprCall, module: &str) -> bool {
    !module.contains('.')
        || !matches!(call.func.as_ref(), Node::Name(name) if name.id.as_str() == "__import__")
}

fn assignment(declares: Declares, targets: Vec<Expr>) -> Assign {
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

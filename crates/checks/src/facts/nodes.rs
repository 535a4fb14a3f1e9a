//! The syntax as a tree of nodes, each visited with the nodes around it: what a rule needs that asks "how is this used?".

use super::syntax::{
    Argument, Class, Expr, ExprKind, Extent, Function, Handler, Module, Parameter, Stmt, StmtKind,
    TemplatePart,
};

/// One node: a statement, an expression or a handler.
#[derive(Debug, Clone, Copy)]
pub enum Node<'a> {
    /// A statement.
    Stmt(&'a Stmt),
    /// An expression.
    Expr(&'a Expr),
    /// An `except` or `catch`.
    Handler(&'a Handler),
}

/// The nodes around a node, innermost last.
pub type Around<'a, 'b> = &'b [Node<'a>];

impl<'a> Node<'a> {
    /// The function that this node is, by statement or by value.
    pub fn function(self) -> Option<&'a Function> {
        match self {
            Self::Stmt(Stmt { kind: StmtKind::Function(function), .. })
            | Self::Expr(Expr { kind: ExprKind::Function(function), .. }) => Some(function),
            _ => None,
        }
    }

    /// The class that this node is, by statement or by value.
    pub fn class(self) -> Option<&'a Class> {
        match self {
            Self::Stmt(Stmt { kind: StmtKind::Class(class), .. })
            | Self::Expr(Expr { kind: ExprKind::Class(class), .. }) => Some(class),
            _ => None,
        }
    }

    /// Where it stands.
    pub fn extent(self) -> Extent {
        match self {
            Self::Stmt(stmt) => stmt.extent,
            Self::Expr(expr) => expr.extent,
            Self::Handler(handler) => handler.extent,
        }
    }

    /// The target and the value of an assignment, which is a statement or an expression; of several targets the first.
    pub fn assignment(self) -> Option<(&'a Expr, &'a Expr)> {
        match self {
            Self::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                Some((assign.targets.first()?, assign.value.as_ref()?))
            }
            Self::Expr(Expr { kind: ExprKind::Assign { target, value, .. }, .. }) => Some((target, value)),
            _ => None,
        }
    }

    /// The expression that this node is.
    pub fn expr(self) -> Option<&'a Expr> {
        match self {
            Self::Expr(expr) => Some(expr),
            _ => None,
        }
    }
}

/// Visits every node of a file in order, each before its parts. `visit` says whether to go on into the parts.
pub fn each_node<'a>(module: &'a Module, visit: &mut dyn FnMut(Node<'a>, Around<'a, '_>) -> bool) {
    each_in_body(&module.body, visit);
}

/// Visits every node of a body in order; the body itself is not around them.
pub fn each_in_body<'a>(body: &'a [Stmt], visit: &mut dyn FnMut(Node<'a>, Around<'a, '_>) -> bool) {
    let mut around = Vec::new();
    for stmt in body {
        descend(Node::Stmt(stmt), &mut around, visit);
    }
}

/// Visits an expression and its parts.
pub fn each_in_expr<'a>(expr: &'a Expr, visit: &mut dyn FnMut(Node<'a>, Around<'a, '_>) -> bool) {
    descend(Node::Expr(expr), &mut Vec::new(), visit);
}

/// Visits every expression of a body, those of functions inside it too when `enter_functions`.
pub fn each_expr<'a>(body: &'a [Stmt], enter_functions: bool, visit: &mut dyn FnMut(&'a Expr)) {
    each_in_body(body, &mut |node, _| {
        if let Node::Expr(expr) = node {
            visit(expr);
        }
        enter_functions || (node.function().is_none() && node.class().is_none())
    });
}

/// The innermost function around a node, the node itself not counted.
pub fn enclosing_function<'a>(around: Around<'a, '_>) -> Option<&'a Function> {
    around.iter().rev().find_map(|node| node.function())
}

/// The innermost class around a node, the node itself not counted.
pub fn enclosing_class<'a>(around: Around<'a, '_>) -> Option<&'a Class> {
    around.iter().rev().find_map(|node| node.class())
}

/// The innermost statement around a node, the node itself not counted.
pub fn enclosing_statement<'a>(around: Around<'a, '_>) -> Option<&'a Stmt> {
    around.iter().rev().find_map(|node| match node {
        Node::Stmt(stmt) => Some(*stmt),
        _ => None,
    })
}

fn descend<'a>(
    node: Node<'a>,
    around: &mut Vec<Node<'a>>,
    visit: &mut dyn FnMut(Node<'a>, Around<'a, '_>) -> bool,
) {
    // Half of all nodes have no parts.
    let is_leaf = matches!(node, Node::Expr(Expr { kind: ExprKind::Name(_) | ExprKind::Literal(_), .. }));
    if !visit(node, around) || is_leaf {
        return;
    }
    around.push(node);
    parts(node, &mut |part| descend(part, around, visit));
    around.pop();
}

/// Gives the direct parts of a node, in the order of the text as far as the language allows.
pub fn parts<'a>(node: Node<'a>, give: &mut impl FnMut(Node<'a>)) {
    match node {
        Node::Stmt(stmt) => stmt_parts(stmt, give),
        Node::Expr(expr) => expr_parts(expr, give),
        Node::Handler(handler) => {
            exprs(handler.caught.iter().chain(&handler.binding), give);
            stmts(&handler.body, give);
        }
    }
}

fn stmts<'a>(body: &'a [Stmt], give: &mut impl FnMut(Node<'a>)) {
    body.iter().for_each(|stmt| give(Node::Stmt(stmt)));
}

fn exprs<'a>(list: impl IntoIterator<Item = &'a Expr>, give: &mut impl FnMut(Node<'a>)) {
    list.into_iter().for_each(|expr| give(Node::Expr(expr)));
}

fn arguments<'a>(list: &'a [Argument], give: &mut impl FnMut(Node<'a>)) {
    exprs(list.iter().map(|argument| &argument.value), give);
}

fn stmt_parts<'a>(stmt: &'a Stmt, give: &mut impl FnMut(Node<'a>)) {
    match &stmt.kind {
        StmtKind::Expr(expr) | StmtKind::Value(expr) => give(Node::Expr(expr)),
        StmtKind::Assign(assign) => {
            exprs(assign.targets.iter().chain(&assign.annotation).chain(&assign.value), give);
            stmts(&assign.otherwise, give);
        }
        StmtKind::Return(value) => exprs(value, give),
        StmtKind::Raise { value, cause } => exprs(value.iter().chain(cause), give),
        StmtKind::Assert { test, message } => exprs(std::iter::once(test).chain(message), give),
        StmtKind::If { test, then, otherwise } => {
            give(Node::Expr(test));
            stmts(then, give);
            stmts(otherwise, give);
        }
        StmtKind::Loop(each) => {
            exprs(each.target.iter().chain(&each.iterable).chain(&each.test), give);
            [&each.header, &each.body, &each.otherwise].into_iter().for_each(|body| stmts(body, give));
        }
        StmtKind::Try(tried) => {
            stmts(&tried.body, give);
            tried.handlers.iter().for_each(|handler| give(Node::Handler(handler)));
            stmts(&tried.otherwise, give);
            stmts(&tried.finally, give);
        }
        StmtKind::With { items, body, .. } => {
            for (context, name) in items {
                exprs(std::iter::once(context).chain(name), give);
            }
            stmts(body, give);
        }
        StmtKind::Match { value, arms } => {
            give(Node::Expr(value));
            for arm in arms {
                exprs(arm.pattern.iter().chain(&arm.guard), give);
                stmts(&arm.body, give);
            }
        }
        StmtKind::Function(function) => function_parts(function, give),
        StmtKind::Class(class) => class_parts(class, give),
        StmtKind::Namespace { decorators, body, .. } => {
            exprs(decorators, give);
            stmts(body, give);
        }
        StmtKind::Block(body) => stmts(body, give),
        StmtKind::Delete(list) | StmtKind::Other(list) => exprs(list, give),
        StmtKind::Import(_)
        | StmtKind::Export(_)
        | StmtKind::Global(_)
        | StmtKind::Break
        | StmtKind::Continue
        | StmtKind::Empty => {}
    }
}

fn function_parts<'a>(function: &'a Function, give: &mut impl FnMut(Node<'a>)) {
    exprs(&function.decorators, give);
    for Parameter { pattern, annotation, default, decorators, .. } in &function.parameters {
        exprs(decorators.iter().chain(std::iter::once(pattern)).chain(annotation).chain(default), give);
    }
    exprs(&function.returns, give);
    stmts(&function.body, give);
}

fn class_parts<'a>(class: &'a Class, give: &mut impl FnMut(Node<'a>)) {
    exprs(&class.decorators, give);
    arguments(&class.bases, give);
    stmts(&class.body, give);
}

fn expr_parts<'a>(expr: &'a Expr, give: &mut impl FnMut(Node<'a>)) {
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Literal(_) => {}
        ExprKind::Member { object: value, .. }
        | ExprKind::Unary { value, .. }
        | ExprKind::Await(value)
        | ExprKind::Spread(value)
        | ExprKind::Propagate(value) => give(Node::Expr(value)),
        ExprKind::Index { object: first, index: second }
        | ExprKind::Binary { left: first, right: second, .. }
        | ExprKind::Logical { left: first, right: second, .. }
        | ExprKind::Assign { target: first, value: second, .. }
        | ExprKind::Matches { pattern: first, value: second } => exprs([&**first, &**second], give),
        ExprKind::Range(bounds) => exprs(bounds.iter().flatten(), give),
        ExprKind::Call(call) => {
            give(Node::Expr(&call.callee));
            arguments(&call.arguments, give);
        }
        ExprKind::Template(template) => {
            exprs(&template.tag, give);
            for part in &template.parts {
                if let TemplatePart::Value(value) = part {
                    give(Node::Expr(value));
                }
            }
        }
        ExprKind::Compare { left, rest } => {
            exprs(std::iter::once(&**left).chain(rest.iter().map(|(_, right)| right)), give);
        }
        ExprKind::Conditional { test, then, otherwise } => exprs([&**test, &**then, &**otherwise], give),
        ExprKind::Function(function) => function_parts(function, give),
        ExprKind::Class(class) => class_parts(class, give),
        ExprKind::Sequence { items, .. } => exprs(items, give),
        ExprKind::Record { of, entries } => {
            exprs(of.as_deref(), give);
            for (key, value) in entries {
                exprs(key.iter().chain(std::iter::once(value)), give);
            }
        }
        ExprKind::Comprehension(comprehension) => {
            for (target, iterable, conditions) in &comprehension.clauses {
                exprs([target, iterable].into_iter().chain(conditions), give);
            }
            exprs(comprehension.key.iter().chain(std::iter::once(&comprehension.element)), give);
        }
        ExprKind::Yield(value) => exprs(value.as_deref(), give),
        ExprKind::Cast { value, to } => exprs(std::iter::once(&**value).chain(to.as_deref()), give),
        ExprKind::Markup(markup) => {
            exprs(markup.attributes.iter().filter_map(|(_, value)| value.as_ref()), give);
            exprs(&markup.children, give);
        }
        ExprKind::Statement(stmt) => give(Node::Stmt(stmt)),
        ExprKind::Other(list) => exprs(list, give),
    }
}

//! Where a value comes from, as far as one function and the top of its file tell. Order of execution and paths are not
//! followed: a name has every value that is anywhere bound to it.

use ahash::AHashMap;

use super::nodes::{Around, Node, each_in_body};
use super::syntax::{
    Argument, BinaryOp, Call, Expr, ExprKind, Function, Module, Parameter, Stmt, StmtKind, UnaryOp,
};

/// Steps from name to value that are followed; real chains are two or three long, and a loop of names has no end.
const STEPS: usize = 8;

/// What a name is bound to at one place.
#[derive(Debug, Clone, Copy)]
pub enum Bound<'a> {
    /// The value of this expression.
    To(&'a Expr),
    /// This operator with the old value and this expression.
    Updated(BinaryOp, &'a Expr),
    /// A part of this expression: one item of a loop, one of an unpacked tuple, what `with` gives.
    PartOf(&'a Expr),
    /// What the caller passes.
    Parameter(&'a Parameter),
}

/// The names bound in one function, or at the top of a file.
#[derive(Debug, Default)]
pub struct Values<'a> {
    bound: AHashMap<&'a str, Vec<Bound<'a>>>,
}

impl<'a> Values<'a> {
    /// The names that a function binds, functions inside it not counted.
    pub fn of_function(function: &'a Function) -> Self {
        let mut values = Self::of_body(&function.body);
        for parameter in &function.parameters {
            values.bind(&parameter.pattern, Bound::Parameter(parameter));
        }
        values
    }

    /// The names that a body binds, functions and classes inside it not counted.
    pub fn of_body(body: &'a [Stmt]) -> Self {
        let mut values = Self::default();
        each_in_body(body, &mut |node, _| {
            values.read(node);
            node.function().is_none() && node.class().is_none()
        });
        values
    }

    /// Everything this name is bound to here; nothing when it is bound elsewhere.
    pub fn bound(&self, name: &str) -> &[Bound<'a>] {
        self.bound.get(name).map_or(&[], Vec::as_slice)
    }

    fn read(&mut self, node: Node<'a>) {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                let Some(value) = &assign.value else { return };
                let bound = assign.op.map_or(Bound::To(value), |op| Bound::Updated(op, value));
                assign.targets.iter().for_each(|target| self.bind(target, bound));
            }
            Node::Stmt(Stmt { kind: StmtKind::Loop(each), .. }) => {
                if let (Some(target), Some(iterable)) = (&each.target, &each.iterable) {
                    self.bind(target, Bound::PartOf(iterable));
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::With { items, .. }, .. }) => {
                for (context, name) in items {
                    name.iter().for_each(|name| self.bind(name, Bound::PartOf(context)));
                }
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, op, value }, .. }) => {
                self.bind(target, op.map_or(Bound::To(value), |op| Bound::Updated(op, value)));
            }
            Node::Expr(Expr { kind: ExprKind::Matches { pattern, value }, .. }) => {
                self.bind(pattern, Bound::PartOf(value));
            }
            Node::Expr(Expr { kind: ExprKind::Comprehension(comprehension), .. }) => {
                for (target, iterable, _) in &comprehension.clauses {
                    self.bind(target, Bound::PartOf(iterable));
                }
            }
            _ => {}
        }
    }

    fn bind(&mut self, target: &'a Expr, bound: Bound<'a>) {
        match &target.kind {
            ExprKind::Name(name) => self.bound.entry(name).or_default().push(bound),
            // A field of the object at hand keeps its value under `self.name`.
            ExprKind::Member { .. } | ExprKind::Index { .. } => {}
            _ => super::nodes::parts(Node::Expr(target), &mut |part| {
                if let (Some(part), Bound::To(value) | Bound::PartOf(value) | Bound::Updated(_, value)) =
                    (part.expr(), bound)
                {
                    self.bind(part, Bound::PartOf(value));
                }
            }),
        }
    }
}

/// The values of a whole file, each function's read when it is first asked for.
pub struct FileValues<'a> {
    top: Values<'a>,
    functions: AHashMap<*const Function, Values<'a>>,
}

impl<'a> FileValues<'a> {
    /// The values of this file.
    pub fn of(module: &'a Module) -> Self {
        Self { top: Values::of_body(&module.body), functions: AHashMap::new() }
    }

    /// What a name is bound to, as seen from inside the nodes around it: by the innermost function that binds it, else by
    /// the top of the file.
    pub fn bound(&mut self, name: &str, around: Around<'a, '_>) -> Vec<Bound<'a>> {
        for function in around.iter().rev().filter_map(|node| node.function()) {
            let values = self
                .functions
                .entry(std::ptr::from_ref(function))
                .or_insert_with(|| Values::of_function(function));
            if !values.bound(name).is_empty() {
                return values.bound(name).to_vec();
            }
        }
        self.top.bound(name).to_vec()
    }

    /// Where the value of an expression may come from: names are followed to what they are bound to, and `await`, casts,
    /// `?`, choices and defaults are looked through. What cannot be followed further stands for itself.
    pub fn origins(&mut self, expr: &'a Expr, around: Around<'a, '_>) -> Vec<&'a Expr> {
        let mut found = Vec::new();
        self.follow(expr, around, STEPS, &mut found);
        found
    }

    fn follow(&mut self, expr: &'a Expr, around: Around<'a, '_>, steps: usize, found: &mut Vec<&'a Expr>) {
        let Some(left) = steps.checked_sub(1) else {
            found.push(expr);
            return;
        };
        match &expr.kind {
            ExprKind::Name(name) => {
                let bound = self.bound(name, around);
                let values: Vec<_> = bound
                    .iter()
                    .filter_map(|bound| match bound {
                        Bound::To(value) => Some(*value),
                        _ => None,
                    })
                    .collect();
                if values.is_empty() || values.len() < bound.len() {
                    found.push(expr);
                }
                values.into_iter().for_each(|value| self.follow(value, around, left, found));
            }
            ExprKind::Await(value)
            | ExprKind::Propagate(value)
            | ExprKind::Cast { value, .. }
            | ExprKind::Assign { op: None, value, .. } => self.follow(value, around, left, found),
            ExprKind::Unary { op: UnaryOp::Reference | UnaryOp::Dereference, value } => {
                self.follow(value, around, left, found);
            }
            ExprKind::Conditional { then: first, otherwise: second, .. }
            | ExprKind::Logical { left: first, right: second, .. } => {
                self.follow(first, around, left, found);
                self.follow(second, around, left, found);
            }
            _ => found.push(expr),
        }
    }
}

/// The value of the keyword argument of this name.
pub fn keyword<'a>(arguments: &'a [Argument], name: &str) -> Option<&'a Expr> {
    arguments.iter().find(|argument| argument.name.as_deref() == Some(name)).map(|argument| &argument.value)
}

/// The value of an option: of the keyword argument, or of the entry of a record among the arguments.
pub fn option<'a>(call: &'a Call, name: &str) -> Option<&'a Expr> {
    let entry = || call.arguments.iter().find_map(|argument| entry(&argument.value, name));
    keyword(&call.arguments, name).or_else(entry)
}

/// The value of the entry of this name, of a dict, an object or a struct literal.
pub fn entry<'a>(record: &'a Expr, name: &str) -> Option<&'a Expr> {
    let ExprKind::Record { entries, .. } = &record.kind else { return None };
    let named = |key: &Expr| key.string().or_else(|| called_name(key)) == Some(name);
    entries.iter().find(|(key, _)| key.as_ref().is_some_and(named)).map(|(_, value)| value)
}

/// The last segment of what is called: `f` in `f()`, `a.f()` and `a::f()`.
pub fn called_name(callee: &Expr) -> Option<&str> {
    match &callee.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name),
        _ => None,
    }
}

/// Whether a pattern, or what is assigned to, binds the name.
pub fn binds(pattern: &Expr, name: &str) -> bool {
    match &pattern.kind {
        ExprKind::Name(own) => own == name,
        ExprKind::Sequence { items, .. } => items.iter().any(|item| binds(item, name)),
        ExprKind::Record { entries, .. } => entries.iter().any(|(_, value)| binds(value, name)),
        ExprKind::Assign { target: inner, .. } | ExprKind::Spread(inner) => binds(inner, name),
        _ => false,
    }
}

/// What a reference of Rust refers to.
pub fn referred(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Unary { op: UnaryOp::Reference | UnaryOp::Dereference, value } => referred(value),
        _ => expr,
    }
}

/// Whether two expressions say the same, wherever they stand.
pub fn same_text(text: &str, left: &Expr, right: &Expr) -> bool {
    let slice =
        |expr: &Expr| text.get(expr.extent.start as usize..expr.extent.end as usize).unwrap_or_default();
    let (left, right) = (slice(left), slice(right));
    left == right || left.split_whitespace().eq(right.split_whitespace())
}

/// What a function may give back, as far as its own names tell; functions inside it not counted.
pub fn returned(function: &Function) -> Vec<&Expr> {
    let values = Values::of_function(function);
    let mut found = Vec::new();
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Return(Some(value)) | StmtKind::Value(value), .. }) = node {
            match &value.kind {
                ExprKind::Name(name) => {
                    found.extend(values.bound(name).iter().filter_map(|bound| match bound {
                        Bound::To(value) => Some(*value),
                        _ => None,
                    }))
                }
                _ => found.push(value),
            }
        }
        node.function().is_none()
    });
    found
}

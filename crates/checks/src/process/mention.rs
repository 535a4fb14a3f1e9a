//! What a function does with a collection of the process.

use super::Variable;
use super::reach::Reached;
use super::shared::{At, Owner, Shared, own_field};
use crate::facts::nodes::{Node, each_in_body, each_node};
use crate::facts::syntax::{Call, Declares, Expr, ExprKind, Extent, Function, Stmt, StmtKind, UnaryOp};
use crate::facts::values::{binds, called_name};
use crate::framework::Project;
use crate::language::Language;

/// What is done with a collection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What<'a> {
    /// Something is put in, or what is there is changed.
    Adds {
        /// Under which key, where there is one.
        key: Option<&'a Expr>,
        /// What.
        value: Option<&'a Expr>,
    },
    /// Something is taken out.
    Removes,
    /// Another takes its place.
    Replaces,
    /// It is looked into.
    Reads,
    /// How much is in it is asked.
    Size,
}

/// Tells of every mention of a collection in a function: which, where, and what is done.
pub(super) fn each<'a>(
    project: &Project<'a>,
    shared: &Shared<'a>,
    one: &Reached<'a>,
    tell: &mut dyn FnMut(&At, Extent, What<'a>),
) {
    let within = project.functions_around(one.file, one.function);
    let class = project.class_around(one.file, one.function);
    let is_python = project.context.files.get(one.file).is_some_and(|file| file.language == Language::Python);
    each_in_body(&one.function.body, &mut |node, around| {
        let Node::Expr(expr) = node else { return true };
        let named = |of: &Expr| {
            let ExprKind::Name(name) = &of.kind else { return None };
            let local = |function: &&&Function| {
                !project.local(one.file, function, name).is_empty()
                    && if is_python { !is_global(function, name) } else { declares(function, name) }
            };
            let inner = around.iter().rev().filter_map(|node| node.function());
            let all: Vec<&Function> = inner.chain(within.iter().rev().copied()).collect();
            match all.iter().find(local) {
                Some(function) => Some(Owner::Function(std::ptr::from_ref(*function), name.to_string())),
                None => project.find(one.file, &[], of).map(|place| Owner::File(place.file, place.name)),
            }
        };
        let at = match &expr.kind {
            ExprKind::Name(name) if shared.names.contains(name.as_str()) => {
                named(expr).and_then(|owner| shared.owned(&owner, None))
            }
            // `store.items` of another file, `self.items` of an object that is made once, `state.items` of a record.
            ExprKind::Member { object, name, .. } => match own_field(expr).zip(class) {
                Some((field, class)) => shared.fields.get(&(std::ptr::from_ref(class), field)),
                None => {
                    let known = shared.names.contains(name.as_str());
                    let place = known.then(|| project.find(one.file, &[], expr)).flatten();
                    let whole =
                        place.and_then(|place| shared.owned(&Owner::File(place.file, place.name), None));
                    let of_record = shared.parts.contains(name.as_str());
                    let part = || shared.owned(&named(object).filter(|_| of_record)?, Some(name));
                    whole.or_else(part)
                }
            },
            _ => None,
        };
        if let Some(at) = at {
            tell(at, expr.extent, what(expr, around));
        }
        true
    });
}

fn is_global(function: &Function, name: &str) -> bool {
    let mut global = false;
    each_in_body(&function.body, &mut |node, _| {
        global |= matches!(node, Node::Stmt(Stmt { kind: StmtKind::Global(names), .. }) if names.iter().any(|own| own == name));
        !global
    });
    global
}

/// Whether a function of JavaScript declares the name, and does not only assign to that of the file.
fn declares(function: &Function, name: &str) -> bool {
    let mut declared = function.parameters.iter().any(|parameter| binds(&parameter.pattern, name));
    each_in_body(&function.body, &mut |node, _| {
        declared |= match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                assign.declares != Declares::No && assign.targets.iter().any(|target| binds(target, name))
            }
            Node::Stmt(Stmt { kind: StmtKind::Loop(each), .. }) => {
                each.target.iter().any(|target| binds(target, name))
            }
            _ => false,
        };
        !declared
    });
    declared
}

/// What the nodes around a mention do with it.
fn what<'a>(expr: &'a Expr, around: &[Node<'a>]) -> What<'a> {
    let mut outer = around.iter().rev();
    let Some(parent) = outer.next() else { return What::Reads };
    match parent {
        Node::Expr(parent) => match &parent.kind {
            ExprKind::Index { object, index } if std::ptr::eq(&**object, expr) => {
                item(parent, index, outer.next(), around)
            }
            ExprKind::Member { object, name, .. } if std::ptr::eq(&**object, expr) => match outer.next() {
                Some(Node::Expr(Expr { kind: ExprKind::Call(call), .. }))
                    if std::ptr::eq(&call.callee, *parent) =>
                {
                    method(name, call)
                }
                _ if matches!(name.as_str(), "length" | "size") => What::Size,
                _ => What::Reads,
            },
            ExprKind::Call(call) if called_name(&call.callee) == Some("len") => What::Size,
            ExprKind::Assign { target, .. } if std::ptr::eq(&**target, expr) => What::Replaces,
            _ => What::Reads,
        },
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })
            if assign.targets.iter().any(|target| std::ptr::eq(target, expr)) =>
        {
            What::Replaces
        }
        _ => What::Reads,
    }
}

/// What is done with `items[key]`.
fn item<'a>(whole: &'a Expr, key: &'a Expr, parent: Option<&Node<'a>>, around: &[Node<'a>]) -> What<'a> {
    let key = Some(key);
    match parent {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }))
            if assign.targets.iter().any(|target| std::ptr::eq(target, whole)) =>
        {
            What::Adds { key, value: assign.value.as_ref() }
        }
        Some(Node::Stmt(Stmt { kind: StmtKind::Delete(_), .. }))
        | Some(Node::Expr(Expr { kind: ExprKind::Unary { op: UnaryOp::Delete, .. }, .. })) => What::Removes,
        Some(Node::Expr(Expr { kind: ExprKind::Assign { target, value, .. }, .. }))
            if std::ptr::eq(&**target, whole) =>
        {
            What::Adds { key, value: Some(value) }
        }
        Some(Node::Expr(Expr { kind: ExprKind::Unary { op: UnaryOp::Step, .. }, .. })) => {
            What::Adds { key, value: None }
        }
        // `items[key].append(value)`, `items[key]["done"] = True`, `items[key].count++`.
        Some(Node::Expr(inner @ Expr { kind: ExprKind::Member { .. } | ExprKind::Index { .. }, .. })) => {
            let position =
                around.iter().position(|node| matches!(node, Node::Expr(one) if std::ptr::eq(*one, *inner)));
            match position.and_then(|at| at.checked_sub(1)).and_then(|at| around.get(at)) {
                Some(Node::Expr(Expr { kind: ExprKind::Call(call), .. }))
                    if std::ptr::eq(&call.callee, *inner) =>
                {
                    match method(called_name(&call.callee).unwrap_or_default(), call) {
                        What::Adds { value, .. } => What::Adds { key, value },
                        _ => What::Reads,
                    }
                }
                Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }))
                    if assign.targets.iter().any(|target| std::ptr::eq(target, *inner)) =>
                {
                    What::Adds { key, value: assign.value.as_ref() }
                }
                Some(Node::Expr(Expr { kind: ExprKind::Assign { target, value, .. }, .. }))
                    if std::ptr::eq(&**target, *inner) =>
                {
                    What::Adds { key, value: Some(value) }
                }
                _ => What::Reads,
            }
        }
        _ => What::Reads,
    }
}

/// What a method of a collection does.
fn method<'a>(name: &str, call: &'a Call) -> What<'a> {
    let argument = |at: usize| call.arguments.get(at).map(|argument| &argument.value);
    match name {
        "append" | "push" | "unshift" | "appendleft" | "extend" | "update" | "add" => {
            let key = if name == "add" { argument(0) } else { None };
            What::Adds { key, value: argument(0) }
        }
        "insert" => What::Adds { key: None, value: argument(1) },
        "set" | "setdefault" | "put" => What::Adds { key: argument(0), value: argument(1) },
        "pop" | "popitem" | "popleft" | "delete" | "clear" | "remove" | "discard" | "shift" | "splice" => {
            What::Removes
        }
        _ => What::Reads,
    }
}

/// Whether something is taken out of a collection anywhere in its file, or its length is looked at.
pub(super) fn is_pruned(project: &Project<'_>, variable: &Variable<'_>) -> bool {
    let prunes = |what: &What<'_>| matches!(what, What::Removes | What::Size);
    if variable.uses.iter().any(|one| prunes(&one.what)) {
        return true;
    }
    let Some(file) = project.context.files.get(variable.file) else { return false };
    let mut pruned = false;
    each_node(&file.syntax, &mut |node, around| {
        if let Node::Expr(expr) = node
            && expr.dotted().as_deref() == Some(variable.name.as_str())
        {
            let what = what(expr, around);
            let inside = around.iter().any(|node| node.function().is_some());
            pruned |= prunes(&what) || matches!(what, What::Replaces) && inside;
        }
        !pruned
    });
    pruned
}

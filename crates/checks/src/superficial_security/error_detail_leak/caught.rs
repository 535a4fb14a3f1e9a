//! What was caught where an answer is made: everything, something of the program's surroundings, or something certain.

use crate::facts::answer::Answer;
use crate::facts::effects::{first_effect, only_judges};
use crate::facts::faults::{Breadth, breadth, is_narrowed};
use crate::facts::nodes::{Around, Node, each_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::language::Language;

/// How much of what can go wrong was caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Everything.
    All,
    /// Everything that goes wrong in something that only parses and calculates.
    Calculation,
    /// What only the surroundings raise: files, databases, the network, other programs.
    Surroundings,
    /// The error of a callback.
    Callback,
    /// What is handed to a function under the name of an error, which may be a text.
    Handed,
    /// One kind of exception.
    Certain,
}

/// What was caught.
#[derive(Debug)]
pub(super) struct Caught<'a> {
    /// The name it is bound to.
    pub(super) name: Option<&'a str>,
    kind: Kind,
    /// Where the handling begins: nodes around it say nothing about it.
    depth: usize,
}

/// Names under which a function is handed an error.
const ERRORS: &[&str] = &["err", "error", "e", "ex", "exc", "exception", "_err", "er", "erro"];

/// Functions of a file that are registered for exceptions by a call: their name, and for which.
pub(super) fn registered(file: &SourceFile) -> Vec<(String, &Expr)> {
    let mut found = Vec::new();
    each_node(&file.syntax, &mut |node, _| {
        if let Some(call) = node.expr().and_then(Expr::call)
            && matches!(called_name(&call.callee), Some("register_error_handler" | "add_exception_handler"))
            && let [caught, function] = call.arguments.as_slice()
        {
            found.extend(function.value.dotted().map(|name| (name, &caught.value)));
        }
        true
    });
    found
}

/// What was caught where something stands.
pub(super) fn around<'a>(
    file: &SourceFile,
    around: Around<'a, '_>,
    registered: &[(String, &Expr)],
) -> Option<Caught<'a>> {
    for (depth, node) in around.iter().enumerate().rev() {
        if let Node::Handler(handler) = node {
            let tried =
                depth.checked_sub(1).and_then(|before| around.get(before)).and_then(|node| match node {
                    Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }) => Some(tried.body.as_slice()),
                    _ => None,
                });
            let kind = match &handler.caught {
                Some(caught) => kind_of(caught),
                None if file.language == Language::Python => Kind::All,
                None if tried.is_some_and(|body| !has_effects(file, body)) => Kind::Calculation,
                None => Kind::All,
            };
            let name = handler.binding.as_ref().and_then(name_of);
            return Some(Caught { name, kind, depth });
        }
        let Some(function) = node.function() else { continue };
        if let Some((name, kind)) = handed(function, around.get(..depth)?, registered) {
            return Some(Caught { name: Some(name), kind, depth });
        }
    }
    None
}

fn name_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Cast { value, .. } => name_of(value),
        _ => None,
    }
}

/// The error that a function is handed, and of what kind.
fn handed<'a>(
    function: &'a Function,
    outer: &[Node<'a>],
    registered: &[(String, &Expr)],
) -> Option<(&'a str, Kind)> {
    let names: Vec<&str> =
        function.parameters.iter().filter_map(|parameter| name_of(&parameter.pattern)).collect();
    for decorator in &function.decorators {
        let Some(call) = decorator.call() else { continue };
        if matches!(
            called_name(&call.callee),
            Some("errorhandler" | "exception_handler" | "app_errorhandler")
        ) {
            let kind = call.arguments.first().map_or(Kind::All, |given| kind_of(&given.value));
            return Some((names.last().copied()?, kind));
        }
    }
    if let Some((_, caught)) = registered.iter().find(|(name, _)| *name == function.name.as_str()) {
        return Some((names.last().copied()?, kind_of(caught)));
    }
    let error = names.iter().copied().find(|name| ERRORS.contains(name))?;
    // Express's error middleware has four parameters.
    if names.len() == 4 && names.first() == Some(&error) {
        return Some((error, Kind::All));
    }
    let is_callback = outer.last().and_then(|node| node.expr()).and_then(Expr::call).is_some_and(|call| {
        call.arguments.iter().any(|given| matches!(&given.value.kind, ExprKind::Function(other) if std::ptr::eq(&**other, function)))
    });
    let in_catch = outer
        .last()
        .and_then(|node| node.expr())
        .and_then(Expr::call)
        .and_then(|call| called_name(&call.callee));
    match in_catch {
        Some("catch" | "setErrorHandler" | "onError") => Some((error, Kind::All)),
        _ if is_callback && names.first() != Some(&error) => None,
        _ if is_callback => Some((error, Kind::Callback)),
        _ => Some((error, Kind::Handed)),
    }
}

fn kind_of(caught: &Expr) -> Kind {
    match breadth(Some(caught)) {
        Breadth::All => Kind::All,
        Breadth::Surroundings => Kind::Surroundings,
        Breadth::Certain => Kind::Certain,
    }
}

/// Whether a body reaches beyond the program: an effect by its name, or anything that is awaited and is no validation.
fn has_effects(file: &SourceFile, body: &[Stmt]) -> bool {
    let mut awaits = false;
    each_expr(body, true, &mut |expr| {
        if let ExprKind::Await(value) = &expr.kind {
            awaits |= !value.call().is_some_and(only_judges);
        }
    });
    awaits || first_effect(file, body).is_some()
}

impl Caught<'_> {
    /// Whether the text of what was caught is a matter of the program, and not of the caller.
    pub(super) fn is_ours(&self, status: Option<u16>) -> bool {
        let fault = status.is_some_and(|status| status >= 500);
        match self.kind {
            Kind::All | Kind::Surroundings => true,
            Kind::Calculation | Kind::Callback | Kind::Handed => fault,
            Kind::Certain => false,
        }
    }

    /// Whether the name by itself is an error, and no text that was chosen for the caller.
    pub(super) fn is_error(&self) -> bool {
        self.kind != Kind::Handed
    }

    /// Whether only some of what was caught gets to an answer.
    pub(super) fn is_narrowed(&self, around: Around<'_, '_>, own: &Answer<'_>) -> bool {
        let Some(name) = self.name else { return false };
        let body = match around.get(self.depth) {
            Some(Node::Handler(handler)) => handler.body.as_slice(),
            Some(node) => node.function().map_or(&[][..], |function| function.body.as_slice()),
            None => &[],
        };
        is_narrowed(name, body, around.get(self.depth + 1..).unwrap_or_default(), own.extent)
    }
}

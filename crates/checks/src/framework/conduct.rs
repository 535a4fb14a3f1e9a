//! What a function of the project does: itself, and through the functions of the project that it calls.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::project::{FunctionAt, Project};
use super::web::Handler;
use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Function};
use crate::facts::values::Values;

/// Calls in calls that are followed: handler, service, store and one more.
const DEPTH: usize = 5;
/// Functions that are followed from one altogether.
const FUNCTIONS: usize = 96;

/// A call of a function of the project.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Called<'a> {
    /// The call; the call that is given the function, when it is handed on by name.
    pub(crate) call: &'a Call,
    /// The function.
    pub(crate) to: FunctionAt<'a>,
}

/// A function that runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    /// The place of its file in the list of files.
    pub(crate) file: usize,
    /// Its file.
    pub(crate) source: &'a SourceFile,
    /// The function.
    pub(crate) function: &'a Function,
    /// Calls between it and the first.
    pub(crate) depth: usize,
}

/// The calls of one function.
type Calls<'a> = Rc<Vec<Called<'a>>>;

/// The calls of every function that is asked for.
pub(crate) struct Conduct<'a> {
    project: Project<'a>,
    known: RefCell<BTreeMap<(usize, u32), Calls<'a>>>,
}

impl<'a> Conduct<'a> {
    /// Nothing is followed yet.
    pub(crate) fn of(context: &'a Context<'a>) -> Self {
        Self { project: Project::of(context), known: RefCell::default() }
    }

    /// Everything known.
    pub(crate) fn context(&self) -> &'a Context<'a> {
        self.project.context
    }

    /// The calls of functions of the project in a function, those in functions inside it too.
    pub(crate) fn calls(&self, (at, function): FunctionAt<'a>) -> Rc<Vec<Called<'a>>> {
        let key = (at, function.name_extent.start);
        if let Some(known) = self.known.borrow().get(&key) {
            return Rc::clone(known);
        }
        let mut found = Vec::new();
        let own = Values::of_function(function);
        each_in_body(&function.body, &mut |node, around| {
            if let Node::Expr(Expr { kind: ExprKind::Call(call), .. }) = node {
                let inner = || around.iter().filter_map(|node| node.function()).map(Values::of_function);
                let is_local = |name: &str| {
                    !own.bound(name).is_empty() || inner().any(|values| !values.bound(name).is_empty())
                };
                let given = call.arguments.iter().map(|given| &given.value);
                let named = given.filter(|value| matches!(value.kind, ExprKind::Name(_)));
                for callee in std::iter::once(&call.callee).chain(named) {
                    if self.project.may_be_ours(at, callee, &is_local) {
                        found.extend(self.target(at, around, callee).map(|to| Called { call, to }));
                    }
                }
            }
            true
        });
        found.retain(|called| !std::ptr::eq(called.to.1, function));
        let found = Rc::new(found);
        self.known.borrow_mut().insert(key, Rc::clone(&found));
        found
    }

    /// The function of the project that a name or member means.
    pub(crate) fn target(&self, at: usize, around: &[Node<'a>], callee: &'a Expr) -> Option<FunctionAt<'a>> {
        let named = matches!(callee.kind, ExprKind::Name(_) | ExprKind::Member { .. });
        self.project.function(at, around, callee).filter(|_| named)
    }

    /// The functions that run when these do, each once, the first ones first.
    pub(crate) fn steps(&self, first: impl IntoIterator<Item = FunctionAt<'a>>) -> Vec<Step<'a>> {
        let mut steps: Vec<Step<'a>> = Vec::new();
        let mut seen = BTreeSet::new();
        for (file, function) in first {
            let Some(source) = self.project.file(file) else { continue };
            if seen.insert((file, function.name_extent.start)) {
                steps.push(Step { file, source, function, depth: 0 });
            }
        }
        let mut at = 0;
        while let Some(step) = steps.get(at).copied() {
            if step.depth < DEPTH && steps.len() < FUNCTIONS {
                for called in self.calls((step.file, step.function)).iter() {
                    let (file, function) = called.to;
                    let Some(source) = self.project.file(file) else { continue };
                    // A function inside this one is read with it.
                    let inside = file == step.file && is_inside(step.function, function);
                    if !inside && seen.insert((file, function.name_extent.start)) {
                        steps.push(Step { file, source, function, depth: step.depth + 1 });
                    }
                }
            }
            at += 1;
        }
        steps
    }

    /// The functions that run when a handler does; what stands before it is not among them.
    pub(crate) fn of_handler(&self, handler: &Handler<'a>) -> Vec<Step<'a>> {
        self.steps([(handler.file, handler.function)])
    }

    /// The functions that run before a handler.
    pub(crate) fn of_guards(&self, handler: &Handler<'a>) -> Vec<Step<'a>> {
        self.steps(handler.guards.iter().filter_map(|guard| guard.function))
    }
}

/// Whether a function is written inside another.
fn is_inside(outer: &Function, inner: &Function) -> bool {
    let begin = outer.body.first().map_or(0, |stmt| stmt.extent.start);
    let end = outer.body.last().map_or(0, |stmt| stmt.extent.end);
    (begin..end).contains(&inner.name_extent.start)
}

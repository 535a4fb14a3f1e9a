//! Which function of the project a call runs, seen from the functions around it.

use super::project::{FunctionAt, Place, Project, STEPS};
use crate::facts::syntax::{Call, Class, Expr, ExprKind, Function};
use crate::facts::values::{Bound, called_name};

/// Places that are followed from one name; what is passed by so many is told apart by nobody.
const PLACES: usize = 32;

impl<'a> Project<'a> {
    /// What a name is bound to in a function.
    pub(crate) fn local(&self, at: usize, function: &Function, name: &str) -> &[Bound<'a>] {
        self.known(at, function).map_or(&[], |known| known.bound(name))
    }

    /// What a name is bound to at the top of a file.
    pub(crate) fn top(&self, at: usize, name: &str) -> &[Bound<'a>] {
        self.context.defined.tops.get(&at).map_or(&[], |top| top.bound(name))
    }

    /// The function of the project that a call runs which stands in these functions, outermost first.
    pub(crate) fn called(
        &self,
        at: usize,
        within: &[&'a Function],
        callee: &'a Expr,
    ) -> Option<FunctionAt<'a>> {
        // What is passed is not the function of the same name beside it: only the caller knows it.
        if self.is_passed(at, within, callee) {
            return None;
        }
        let is_local = |name: &str| within.iter().any(|function| !self.local(at, function, name).is_empty());
        if self.may_be_ours(at, callee, &is_local) {
            return self.function_within(at, within, callee, STEPS);
        }
        // Of a value that is made here, or passed, only its class says which method it has.
        self.looks.answer(|| self.method(at, within, callee, STEPS))
    }

    /// Whether an expression is a name that the innermost function which binds it has for a parameter.
    fn is_passed(&self, at: usize, within: &[&'a Function], expr: &Expr) -> bool {
        let ExprKind::Name(name) = &expr.kind else { return false };
        let mut bound = within.iter().rev().map(|function| self.local(at, function, name));
        let bound = bound.find(|bound| !bound.is_empty()).unwrap_or_default();
        !bound.is_empty() && bound.iter().all(|bound| matches!(bound, Bound::Parameter(_)))
    }

    /// What an expression comes to, wherever in the project that is written: names are followed to what they are bound to, calls to what
    /// the project's functions give back.
    pub(crate) fn comes_to(&self, at: usize, within: &[&'a Function], expr: &'a Expr) -> Vec<&'a Expr> {
        self.origins_of(at, within, expr).into_iter().map(|(_, _, origin)| origin).collect()
    }

    /// The same, each with the place of its file and the functions around it.
    pub(crate) fn origins_of(
        &self,
        at: usize,
        within: &[&'a Function],
        expr: &'a Expr,
    ) -> Vec<(usize, Vec<&'a Function>, &'a Expr)> {
        self.origins(at, within, expr, STEPS)
    }

    /// What a name or member means, and what that may have its value from: what it is bound to, what callers pass.
    pub(crate) fn may_mean(&self, at: usize, within: &[&'a Function], expr: &Expr) -> Vec<Place> {
        let mut found: Vec<Place> = self.find_within(at, within, expr).into_iter().collect();
        let mut next = 0;
        while let Some(place) = found.get(next).filter(|_| found.len() < PLACES) {
            for source in self.sources(place) {
                if !found.contains(&source) {
                    found.push(source);
                }
            }
            next += 1;
        }
        found
    }

    /// A method of the class whose object an expression is: `__enter__` of what `with` is given.
    pub(crate) fn method_of_object(
        &self,
        at: usize,
        within: &[&'a Function],
        object: &'a Expr,
        name: &str,
    ) -> Option<FunctionAt<'a>> {
        let (file, class) = self.class_of(at, within, object, STEPS)?;
        self.method_of(file, class, name, STEPS)
    }

    /// Whether a callee can be a function of the project: a method of a value that is made here, or that somebody passes, is not
    /// the function of the same name beside it.
    pub(super) fn may_be_ours(&self, at: usize, callee: &Expr, is_local: &dyn Fn(&str) -> bool) -> bool {
        let mut root = callee;
        while let ExprKind::Member { object, .. } = &root.kind {
            root = object;
        }
        let ExprKind::Name(name) = &root.kind else { return true };
        if std::ptr::eq(root, callee) || matches!(name.as_str(), "self" | "this" | "cls") {
            return true;
        }
        if is_local(name) {
            return false;
        }
        !self.top(at, name).iter().any(|bound| match bound {
            Bound::To(Expr { kind: ExprKind::Call(call), .. }) => {
                called_name(&call.callee) != Some("require") && self.class(at, &[], &call.callee).is_none()
            }
            _ => false,
        })
    }

    /// The functions around what is written in a function, itself last.
    pub(crate) fn functions_around(&self, file: usize, function: &'a Function) -> Vec<&'a Function> {
        self.within_function(file, function)
    }

    /// The class that a function is a method of.
    pub(crate) fn class_around(&self, file: usize, function: &Function) -> Option<&'a Class> {
        self.known(file, function)?.class
    }

    /// What a function was handed to where it is bound: `transaction` in `const place = db.transaction(() => ..)`.
    pub(crate) fn handed_to(&self, function: FunctionAt<'a>) -> Option<&'a Call> {
        self.wrapper(function)
    }

    /// The name that a function has or is bound to.
    pub(crate) fn name_of(&self, (file, function): FunctionAt<'a>) -> Option<&str> {
        self.known(file, function).map(|known| known.name.as_str())
    }
}

/// What a call passes for a parameter of the function that it runs.
pub(crate) fn passed_for<'c>(call: &'c Call, function: &Function, index: usize) -> Option<&'c Expr> {
    let name = function.parameters.get(index)?.pattern.dotted();
    let receives = function.parameters.first().and_then(|first| first.pattern.dotted());
    let skipped = usize::from(
        matches!(receives.as_deref(), Some("self" | "cls"))
            && matches!(call.callee.kind, ExprKind::Member { .. }),
    );
    let named = call
        .arguments
        .iter()
        .find(|argument| argument.name.is_some() && argument.name.as_deref() == name.as_deref());
    let positional = index.checked_sub(skipped).and_then(|index| call.arguments.get(index));
    named.or(positional).map(|argument| &argument.value)
}

//! Functions that a call is given: they run with it, in the transaction and under the lock that it holds.

use super::super::holds::{Holds, is_transaction};
use super::Walker;
use crate::facts::nodes::each_expr;
use crate::facts::syntax::{Argument, Call, Expr, ExprKind, Function};
use crate::facts::values::called_name;
use crate::framework::{FunctionAt, passed_for};

impl<'a> Walker<'a, '_> {
    /// What a call is given. `prisma.$transaction([.., ..])` runs the list in one transaction.
    pub(super) fn arguments(&mut self, call: &'a Call) {
        let depth = self.current.transactions.len();
        let is_list = |argument: &Argument| matches!(argument.value.kind, ExprKind::Sequence { .. });
        let listed = is_transaction(&call.callee) && call.arguments.iter().any(is_list);
        if listed {
            self.begin();
        }
        call.arguments.iter().for_each(|argument| self.expr(&argument.value));
        if listed {
            self.current.transactions.truncate(depth);
        }
    }

    /// Functions that a call is given run with it.
    pub(super) fn callbacks(&mut self, expr: &'a Expr, call: &'a Call, target: Option<FunctionAt<'a>>) {
        let functions: Vec<&'a Function> = call
            .arguments
            .iter()
            .filter_map(|argument| match &argument.value.kind {
                ExprKind::Function(function) => Some(&**function),
                _ => None,
            })
            .collect();
        let name = called_name(&call.callee).unwrap_or_default();
        if functions.is_empty() {
            self.handed_on(expr, call, target);
            return;
        }
        // What runs at another time is no part of this request.
        if matches!(name, "setTimeout" | "setInterval" | "setImmediate" | "nextTick") {
            return;
        }
        let Holds { transaction, lock } = self.holds(expr);
        if transaction {
            self.begin();
        }
        self.locks += u32::from(lock);
        let each = is_each(name);
        let over = match &call.callee.kind {
            ExprKind::Member { object, .. } => Some(&**object),
            _ => None,
        };
        for function in functions {
            self.inline.insert(std::ptr::from_ref(function));
            // What is called back comes later, after others have had their turn.
            self.waits += u32::from(!each && !transaction);
            self.in_loop(each, expr.extent, over, |walker| walker.inner(function));
        }
        self.locks -= u32::from(lock);
        if transaction {
            self.current.transactions.pop();
        }
    }

    /// `ids.map(loadRecipe)`, `inTransaction(work)`: a function of the project that is handed on by name, to what calls it.
    fn handed_on(&mut self, expr: &'a Expr, call: &'a Call, target: Option<FunctionAt<'a>>) {
        let Some(file) = self.frames.last().map(|frame| frame.file) else { return };
        if let ExprKind::Member { object, name, .. } = &call.callee.kind
            && is_each(name)
        {
            let named = call.arguments.iter().map(|argument| &argument.value).filter(|value| is_name(value));
            for value in named {
                if let Some((at, function)) = self.project.called(file, &self.within, value) {
                    self.in_loop(true, expr.extent, Some(object), |walker| {
                        walker.follow(expr, call, at, function)
                    });
                }
            }
            return;
        }
        let Some((_, target)) = target else { return };
        for (index, parameter) in target.parameters.iter().enumerate() {
            let given = passed_for(call, target, index).filter(|value| is_name(value));
            let given = given.filter(|_| calls(target, &parameter.pattern));
            let Some((at, function)) = given.and_then(|value| self.project.called(file, &self.within, value))
            else {
                continue;
            };
            let (Holds { transaction, lock }, depth) = (self.holds(expr), self.current.transactions.len());
            if transaction {
                self.begin();
            }
            self.locks += u32::from(lock);
            self.follow(expr, call, at, function);
            self.locks -= u32::from(lock);
            self.current.transactions.truncate(depth);
        }
    }

    /// A function written inside the one that is gone through: it is no frame of its own.
    fn inner(&mut self, function: &'a Function) {
        self.within.push(function);
        let outer = std::mem::take(&mut self.left);
        self.best_way(&function.body);
        self.left = outer;
        self.within.pop();
    }
}

/// Whether a call runs what it is given once for each item.
fn is_each(name: &str) -> bool {
    matches!(
        name,
        "forEach"
            | "map"
            | "flatMap"
            | "filter"
            | "reduce"
            | "for_each"
            | "each"
            | "eachSeries"
            | "mapSeries"
            | "some"
            | "every"
    )
}

fn is_name(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Name(_))
}

/// Whether a function itself calls what it is given under a name.
fn calls(function: &Function, parameter: &Expr) -> bool {
    let mut calls = false;
    each_expr(&function.body, false, &mut |expr| {
        let callee = expr.call().map(|call| &call.callee).filter(|callee| is_name(callee));
        calls |= callee.is_some_and(|callee| called_name(callee) == called_name(parameter));
    });
    calls
}

//! Where a walk begins: what runs before a handler, as far as it lets the request through, and the handler itself.

use super::outside;
use super::state::State;
use super::value::{Shape, Value};
use super::walk::{Frame, Walk};
use crate::facts::syntax::{Extent, Function, Text};
use crate::framework::Framework;
use crate::framework::web::{Guard, Handler};

/// What a middleware calls to let the request through.
pub(super) const NEXT: &str = "next:";

/// What tells one way into a function from another: what stands before it, and in Django the address, which says what its parts may be.
pub(super) fn way_in(
    handler: &Handler<'_>,
) -> (*const Function, Vec<*const Function>, Option<(usize, Extent)>) {
    let guards = handler.guards.iter().filter_map(|guard| guard.function);
    let address = (handler.framework == Framework::Django).then_some(handler.registered);
    (handler.function, guards.map(|(_, function)| std::ptr::from_ref(function)).collect(), address)
}

impl<'a> Walk<'_, 'a> {
    /// Walks through something that runs before a handler, and goes on where it lets the request through.
    pub(super) fn before(
        &mut self,
        guard: &Guard<'a>,
        (file, function): (usize, &'a Function),
        handler: &Handler<'a>,
    ) {
        let before = self.fork();
        self.passes.clear();
        self.is_before = true;
        match self.made_by(guard) {
            Some((file, inner, within)) => self.inner(file, inner, within, handler),
            None => self.root(file, function, handler),
        }
        self.is_before = false;
        let after = std::mem::take(&mut self.state);
        let passed = std::mem::take(&mut self.passes).into_iter().reduce(State::or);
        self.state = match passed {
            Some(passed) => passed,
            None if after.is_dead => before,
            None => after,
        };
        self.state.is_dead = false;
    }

    /// The request is let through here.
    pub(super) fn pass(&mut self) {
        if self.is_before && !self.state.is_dead {
            let state = self.fork();
            self.passes.push(state);
        }
    }

    /// Whether what is given back here ends the request before its handler: an answer, of which nothing goes on.
    pub(super) fn ends_request(&self, given: &Value<'a>) -> bool {
        let answers = match (&given.shape, self.answers) {
            (Shape::Name(name), Some(Framework::Fastify)) => name.starts_with("reply:"),
            (
                Shape::Text(_) | Shape::Begins(_) | Shape::List(_) | Shape::Record(_) | Shape::Number(_),
                Some(Framework::Flask),
            ) => true,
            (Shape::Name(name), Some(Framework::Flask)) => name.starts_with("flask.") && name.ends_with("()"),
            _ => false,
        };
        self.is_before && self.calls.len() == 1 && answers
    }

    /// Walks through a function that is called from outside.
    pub(super) fn root(&mut self, file: usize, function: &'a Function, handler: &Handler<'a>) {
        let id = self.begin(file, function, 0);
        outside::answering(self, handler, function);
        self.is_given_next(function);
        self.body(&function.body);
        // Express answers through functions that it is given; what a factory gives back answers.
        let given = self.ended().and_then(|call| call.given);
        let is_dead = std::mem::replace(&mut self.state.is_dead, false);
        if let Some(Shape::Function(file, inner, _)) = given.map(|given| given.shape)
            && self.is_middleware(inner)
        {
            self.inner(file, inner, id, handler);
        } else {
            self.state.is_dead = is_dead;
        }
        self.state.leave(id);
    }

    /// Walks through a function that another one made.
    fn inner(&mut self, file: usize, inner: &'a Function, within: u32, handler: &Handler<'a>) {
        let id = self.begin(file, inner, within);
        outside::answering(self, handler, inner);
        self.is_given_next(inner);
        self.body(&inner.body);
        drop(self.ended());
        self.state.leave(id);
    }

    /// The middleware that a factory makes of what it is given where it is registered: `only(/^[a-z]+$/)`.
    fn made_by(&mut self, guard: &Guard<'a>) -> Option<(usize, &'a Function, u32)> {
        guard.expr.call()?;
        let id = self.next_call;
        self.next_call += 1;
        self.calls.push(Frame::new(id, guard.file, None));
        let made = self.eval(guard.expr);
        self.calls.pop();
        match made.shape {
            Shape::Function(file, inner, within) if self.is_middleware(inner) => Some((file, inner, within)),
            _ => None,
        }
    }

    /// Gives a middleware of Express or Koa what lets the request through.
    fn is_given_next(&mut self, function: &'a Function) {
        let at = match self.answers {
            Some(Framework::Express) => 2,
            Some(Framework::Koa) => 1,
            _ => return,
        };
        if self.is_before
            && let Some(next) = function.parameters.get(at)
        {
            self.declare(&next.pattern, Value::of(Shape::Name(Text::from(NEXT))));
        }
    }

    /// Whether a function takes a request and an answer.
    fn is_middleware(&self, function: &Function) -> bool {
        let first = function.parameters.first().and_then(|first| first.pattern.dotted()).unwrap_or_default();
        let is_request = match self.answers {
            Some(Framework::Koa) => matches!(first.as_str(), "ctx" | "context"),
            _ => first.starts_with("req"),
        };
        function.parameters.len() >= 2 && is_request
    }
}

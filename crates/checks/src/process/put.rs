//! What requests put into a collection, by the value itself: what the collection is called is asked only where the value says nothing.

use super::miss::{holds, is_after_miss, mentions, names, within};
use super::{Use, Variable, What};
use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::syntax::{Call, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::{Bound, Values, called_name, entry, keyword, returned};
use crate::framework::web::Handler;

/// Names that are followed to what they are bound to.
const STEPS: usize = 3;

/// What is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// What lives only in this process: a lock, a socket, a timer, an answer that is still open, a function.
    Live,
    /// What is made after a miss and can be made again: what a library loads, opens or compiles.
    Again,
    /// A collection with nothing in it.
    Hollow,
    /// A record with an identity of its own, made of what a request brings.
    Entity,
    /// What a request brings.
    Brought,
    /// Something that says nothing of itself.
    Unsaid,
}

/// What a use puts in.
pub(super) fn put(context: &Context<'_>, variable: &Variable<'_>, one: &Use<'_>) -> Put {
    let What::Adds { value: Some(value), .. } = one.what else { return Put::Unsaid };
    let values = Values::of_function(one.function);
    let at = Reader { context, file: one.file, values: &values };
    if at.is_live(value, STEPS) {
        return Put::Live;
    }
    let mut made = at.resolved(value, STEPS);
    made.retain(|value| !mentions(value, &variable.name));
    let all = |is: &dyn Fn(&Expr) -> bool| !made.is_empty() && made.iter().all(|value| is(value));
    if all(&is_empty) {
        return Put::Hollow;
    }
    if all(&|value| at.can_be_made_again(value)) && is_after_miss(one.function, &variable.name, one.extent) {
        return Put::Again;
    }
    if !at.is_brought(value, STEPS) && !made.iter().any(|value| at.has_parameter(value)) {
        return Put::Unsaid;
    }
    let has_id = |value: &Expr| {
        entry(value, "id").or_else(|| entry(value, "_id")).is_some() || at.makes_with_id(value)
    };
    let answers = |handler: &Handler<'_>| std::ptr::eq(handler.function, one.function);
    let is_whole_body = || at.is_whole_parameter(value, STEPS) && context.web.handlers.iter().any(answers);
    // One field alone, `inflight.add(key)`, may be a mark.
    let is_whole = |value: &Expr| match &value.kind {
        ExprKind::Record { .. } => true,
        ExprKind::Member { name, .. } => is_body(name),
        ExprKind::Call(call) => called_name(&call.callee).is_some_and(is_body),
        _ => false,
    };
    if made.iter().any(|value| has_id(value)) {
        Put::Entity
    } else if at.is_brought(value, STEPS)
        && (made.iter().any(|value| is_whole(value)) || is_whole_body())
        && !made.iter().any(|value| looks_at_clock(value))
    {
        Put::Brought
    } else {
        Put::Unsaid
    }
}

/// Names under which handlers have the body of a request.
fn is_body(name: &str) -> bool {
    matches!(name, "body" | "json" | "form" | "get_json" | "data" | "payload" | "dto" | "formData")
}

/// Methods of a model that give it, or its fields, again.
fn is_copy(name: &str) -> bool {
    matches!(name, "model_dump" | "dict" | "model_copy" | "copy")
}

/// Whether what a use puts in is taken out again by the same function whatever happens: `finally { running.delete(id); }`.
pub(super) fn is_taken_out_again(variable: &Variable<'_>, one: &Use<'_>) -> bool {
    let removed =
        |other: &&Use<'_>| matches!(other.what, What::Removes) && std::ptr::eq(other.function, one.function);
    variable.uses.iter().filter(removed).any(|other| {
        let mut last = false;
        each_in_body(&one.function.body, &mut |node, _| {
            last |= match node {
                Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }) => holds(&tried.finally, other.extent),
                // `render(id).finally(() => running.delete(id))`.
                Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                    called_name(&call.callee) == Some("finally")
                        && call.arguments.iter().any(|given| within(other.extent, given.value.extent))
                }
                _ => false,
            };
            !last
        });
        last
    })
}

/// Whether functions that use the collection put something into what it holds, `rooms.get(name).add(member)`, that does not live in this
/// process only.
pub(super) fn is_filled(context: &Context<'_>, variable: &Variable<'_>) -> bool {
    let mut functions: Vec<(usize, &Function)> = Vec::new();
    for one in &variable.uses {
        if !functions.iter().any(|(_, known)| std::ptr::eq(*known, one.function)) {
            functions.push((one.file, one.function));
        }
    }
    functions.into_iter().any(|(file, function)| {
        let values = Values::of_function(function);
        let at = Reader { context, file, values: &values };
        let holder = |expr: &Expr| match &expr.kind {
            ExprKind::Name(name) => values
                .bound(name)
                .iter()
                .any(|bound| matches!(bound, Bound::To(value) if mentions(value, &variable.name))),
            ExprKind::Call(_) | ExprKind::Index { .. } => mentions(expr, &variable.name),
            _ => false,
        };
        let mut filled = false;
        each_in_body(&function.body, &mut |node, _| {
            filled |= match node {
                Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                    put_by(call).is_some_and(|(object, value)| {
                        holder(object) && !names(object, &variable.name) && !at.is_live(value, STEPS)
                    })
                }
                Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => {
                    matches!(&target.kind, ExprKind::Index { object, .. } if holder(object))
                }
                Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => assign
                    .targets
                    .iter()
                    .any(|target| matches!(&target.kind, ExprKind::Index { object, .. } if holder(object))),
                _ => false,
            };
            !filled
        });
        filled
    })
}

/// The collection and the value of a call that puts something in.
fn put_by(call: &Call) -> Option<(&Expr, &Expr)> {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    let puts = matches!(name.as_str(), "push" | "append" | "add" | "set" | "unshift" | "extend" | "insert");
    let value = call.arguments.last().filter(|_| puts)?;
    Some((object, &value.value))
}

/// Calls that make something secret or random: it cannot be made again.
pub(super) fn is_random(name: &str) -> bool {
    matches!(
        name,
        "token_hex"
            | "token_urlsafe"
            | "token_bytes"
            | "randomBytes"
            | "randomUUID"
            | "uuid4"
            | "uuidv4"
            | "nanoid"
            | "urandom"
            | "getRandomValues"
    )
}

fn is_clock(name: &str) -> bool {
    matches!(name, "now" | "utcnow" | "time" | "monotonic" | "today")
}

fn looks_at_clock(expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        let called = node.expr().and_then(Expr::call).and_then(|call| called_name(&call.callee));
        found |= called.is_some_and(|name| is_clock(name) || name == "Date");
        !found
    });
    found
}

/// A collection with nothing in it.
fn is_empty(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Record { of, entries } => of.is_none() && entries.is_empty(),
        ExprKind::Sequence { items, .. } => items.is_empty(),
        ExprKind::Call(call) => {
            call.arguments.is_empty()
                && matches!(
                    called_name(&call.callee),
                    Some("Map" | "Set" | "set" | "dict" | "list" | "deque" | "Array")
                )
        }
        _ => false,
    }
}

/// Reads values in one function.
struct Reader<'c, 'a> {
    context: &'c Context<'a>,
    file: usize,
    values: &'c Values<'c>,
}

impl<'c> Reader<'c, '_> {
    /// What an expression is, its names followed; parameters and parts of other things stand for nothing.
    fn resolved(&self, expr: &'c Expr, steps: usize) -> Vec<&'c Expr> {
        let Some(left) = steps.checked_sub(1) else { return Vec::new() };
        match &expr.kind {
            ExprKind::Name(name) => {
                let bound = self.values.bound(name).iter();
                bound
                    .filter_map(|bound| match bound {
                        Bound::To(value) => Some(*value),
                        _ => None,
                    })
                    .flat_map(|value| self.resolved(value, left))
                    .collect()
            }
            ExprKind::Await(value) | ExprKind::Cast { value, .. } | ExprKind::Assign { value, .. } => {
                self.resolved(value, left)
            }
            _ => vec![expr],
        }
    }

    /// Whether what is put in lives only in this process.
    fn is_live(&self, value: &Expr, steps: usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        match &value.kind {
            ExprKind::Function(_) => true,
            ExprKind::Record { entries, .. } => entries.iter().any(|(_, value)| self.is_live(value, left)),
            ExprKind::Name(name) => {
                let data = |value: &Expr| {
                    matches!(
                        value.kind,
                        ExprKind::Record { .. }
                            | ExprKind::Sequence { .. }
                            | ExprKind::Literal(_)
                            | ExprKind::Template(_)
                    )
                };
                let mut bound = self.values.bound(name).iter();
                let is_data = bound.any(|bound| matches!(bound, Bound::To(value) if data(value)));
                let mut bound = self.values.bound(name).iter();
                bound.any(|bound| matches!(bound, Bound::To(value) if self.is_live(value, left)))
                    || is_live_name(name) && !is_data && !self.is_brought(value, STEPS)
            }
            ExprKind::Call(call) => called_name(&call.callee).is_some_and(makes_live),
            _ => false,
        }
    }

    /// Whether a value is made of what the body of a request brings.
    fn is_brought(&self, expr: &Expr, steps: usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        let mut found = false;
        each_in_expr(expr, &mut |node, _| {
            found |= match node.expr().map(|expr| &expr.kind) {
                Some(ExprKind::Member { name, .. }) => is_body(name),
                Some(ExprKind::Name(name)) => {
                    is_body(name)
                        || self.values.bound(name).iter().any(|bound| match bound {
                            Bound::To(value) | Bound::PartOf(value) => self.is_brought(value, left),
                            Bound::Parameter(parameter) => {
                                parameter.annotation.as_ref().is_some_and(|written| self.is_class(written))
                            }
                            Bound::Updated(..) => false,
                        })
                }
                _ => false,
            };
            !found && node.function().is_none()
        });
        found
    }

    /// Whether a record holds what the function was handed.
    fn has_parameter(&self, record: &Expr) -> bool {
        let ExprKind::Record { entries, .. } = &record.kind else { return false };
        entries.iter().any(|(_, value)| {
            let value = match &value.kind {
                ExprKind::Spread(value) => value,
                _ => value,
            };
            matches!(&value.kind, ExprKind::Name(name)
                if self.values.bound(name).iter().any(|bound| matches!(bound, Bound::Parameter(_))))
        })
    }

    /// Whether a value is a parameter of a class of the project, or its fields: what a handler is given so is the body, unless it depends on
    /// something (`Depends(..)`).
    fn is_whole_parameter(&self, value: &Expr, steps: usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        match &value.kind {
            ExprKind::Name(name) => self.values.bound(name).iter().any(|bound| match bound {
                Bound::To(value) => self.is_whole_parameter(value, left),
                Bound::Parameter(parameter) => {
                    parameter.default.is_none()
                        && parameter.annotation.as_ref().is_some_and(|written| self.is_class(written))
                }
                _ => false,
            }),
            ExprKind::Await(value) | ExprKind::Cast { value, .. } => self.is_whole_parameter(value, left),
            ExprKind::Call(call) => match (&call.callee.kind, call.arguments.as_slice()) {
                (ExprKind::Member { object, name, .. }, _) if is_copy(name) => {
                    self.is_whole_parameter(object, left)
                }
                (ExprKind::Name(name), [given])
                    if matches!(name.as_str(), "jsonable_encoder" | "asdict" | "dict") =>
                {
                    self.is_whole_parameter(&given.value, left)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a value is an object of a class of the project that is given an identity, and nothing that lives in this process only:
    /// `Client(id=key, **body.model_dump())`.
    fn makes_with_id(&self, value: &Expr) -> bool {
        value.call().is_some_and(|call| {
            self.is_class(&call.callee)
                && keyword(&call.arguments, "id").is_some()
                && !call.arguments.iter().any(|given| self.is_live(&given.value, STEPS))
        })
    }

    /// Whether a name is that of a class of the project.
    fn is_class(&self, expr: &Expr) -> bool {
        let Some(name) = called_name(expr) else { return false };
        let classes = &self.context.defined.classes;
        let mut files = self.context.graph.imports_of(self.file).iter().map(|edge| edge.to);
        classes.contains_key(&(self.file, name)) || files.any(|file| classes.contains_key(&(file, name)))
    }

    /// Whether a value is a call that gives the same again: nothing random, no moment, nothing of the body, no record or object of the
    /// project that is changed later.
    fn can_be_made_again(&self, value: &Expr) -> bool {
        let Some(call) = value.call() else { return false };
        let name = called_name(&call.callee).unwrap_or_default();
        let own = self
            .context
            .files
            .get(self.file)
            .and_then(|file| called_function(self.context, file, &call.callee));
        let gives_record = own.is_some_and(|(_, function)| {
            returned(function)
                .into_iter()
                .any(|value| matches!(value.kind, ExprKind::Record { .. } | ExprKind::Sequence { .. }))
        });
        !(is_random(name)
            || is_clock(name)
            || gives_record
            || is_empty(value)
            || self.is_class(&call.callee)
            || self.is_brought(value, STEPS))
    }
}

fn is_live_name(name: &str) -> bool {
    matches!(
        name,
        "res"
            | "response"
            | "reply"
            | "ws"
            | "websocket"
            | "socket"
            | "conn"
            | "connection"
            | "writer"
            | "client"
            | "stream"
            | "fn"
            | "handler"
            | "callback"
            | "listener"
            | "resolve"
            | "reject"
            | "queue"
    )
}

fn makes_live(name: &str) -> bool {
    matches!(
        name,
        "Lock"
            | "RLock"
            | "Semaphore"
            | "Event"
            | "Condition"
            | "Queue"
            | "Future"
            | "create_task"
            | "Thread"
            | "setTimeout"
            | "setInterval"
            | "Timer"
            | "spawn"
            | "Popen"
            | "Worker"
            | "connect"
    )
}

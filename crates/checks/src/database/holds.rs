//! What holds a transaction open, or a lock, around what it is given.

use std::collections::HashMap;

use super::read::Scope;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::sql::{self, Verb};
use crate::facts::syntax::{Call, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::{Bound, called_name};
use crate::facts::words::has_word;
use crate::framework::web::Handler;
use crate::language::Language;

/// Words of what lets one in at a time.
const LOCKS: &[&str] = &["lock", "rlock", "mutex", "semaphore", "synchronized", "exclusive", "locked"];

/// What a call or a context holds while what it is given runs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holds {
    /// A transaction.
    pub(super) transaction: bool,
    /// A lock of the process.
    pub(super) lock: bool,
}

/// What functions of the project hold, by their address.
pub(super) type Known = HashMap<*const Function, Holds>;

/// What a `with` holds that is given this, or a call that is given a function.
pub(super) fn holds<'a>(known: &mut Known, scope: &Scope<'a, '_>, context: &'a Expr) -> Holds {
    let Some(call) = context.call() else {
        let transaction = is_transaction(context);
        let inner = if transaction { Holds::default() } else { entered(known, scope, context) };
        return Holds {
            transaction: transaction || inner.transaction,
            lock: inner.lock || is_lock(scope, context),
        };
    };
    // `lock.acquire("stock", async () => ..)`
    let given = matches!(&call.callee.kind, ExprKind::Member { object, name, .. } if is_acquire(name) && is_lock(scope, object));
    let lock = given || is_named_lock(&call.callee);
    if is_transaction(&call.callee) {
        return Holds { transaction: true, lock };
    }
    let inner = match scope.project.called(scope.file, scope.within, &call.callee) {
        Some((_, function)) => remembered(known, function),
        None => entered(known, scope, context),
    };
    Holds { lock: lock || inner.lock, ..inner }
}

/// What a decorator holds around the function below it. That one of the project is named for a transaction is not enough: what it does counts.
pub(super) fn decorator_holds<'a>(known: &mut Known, scope: &Scope<'a, '_>, decorator: &'a Expr) -> Holds {
    let callee = decorator.call().map_or(decorator, |call| &call.callee);
    match scope.project.called(scope.file, scope.within, callee) {
        Some((_, function)) => remembered(known, function),
        None => Holds { transaction: is_transaction(callee), lock: false },
    }
}

/// Whether what a handler is given holds a transaction open until it has answered: FastAPI's `Depends(session)`, where `session` is a
/// generator that begins one, hands it out and goes on when the answer is made.
pub(super) fn is_injected(handler: &Handler<'_>) -> bool {
    let given = handler.guards.iter().filter_map(|guard| guard.function);
    given.into_iter().any(|(_, function)| function.is_generator && begins(function))
}

/// What an object of a class of the project holds from its `__enter__` to its `__exit__`.
fn entered<'a>(known: &mut Known, scope: &Scope<'a, '_>, context: &'a Expr) -> Holds {
    let mut entering = ["__enter__", "__aenter__"].into_iter();
    let method = entering.find_map(|name| method(scope, context, name));
    method.map_or(Holds::default(), |function| remembered(known, function))
}

/// Whether an object of a class of the project commits when its `with` ends.
pub(super) fn commits_at_end<'a>(scope: &Scope<'a, '_>, context: &'a Expr) -> bool {
    ["__exit__", "__aexit__"].into_iter().any(|name| method(scope, context, name).is_some_and(commits))
}

fn method<'a>(scope: &Scope<'a, '_>, object: &'a Expr, name: &str) -> Option<&'a Function> {
    let python = scope.language() == Some(Language::Python);
    let found = python.then(|| scope.project.method_of_object(scope.file, scope.within, object, name))?;
    found.map(|(_, function)| function)
}

fn remembered(known: &mut Known, function: &Function) -> Holds {
    *known.entry(std::ptr::from_ref(function)).or_insert_with(|| function_holds(function))
}

/// Whether an expression is a lock: by its name, or by what made it (`_gate = threading.Lock()`).
fn is_lock<'a>(scope: &Scope<'a, '_>, expr: &'a Expr) -> bool {
    let is_made = |made: &&Expr| made.call().is_some_and(|call| is_named_lock(&call.callee));
    is_named_lock(expr)
        || matches!(expr.kind, ExprKind::Name(_) | ExprKind::Member { .. })
            && scope.project.comes_to(scope.file, scope.within, expr).iter().any(is_made)
}

fn is_named_lock(expr: &Expr) -> bool {
    has_word(called_name(expr).unwrap_or_default(), LOCKS)
}

fn is_acquire(name: &str) -> bool {
    matches!(name, "acquire" | "lock")
}

/// What a call does to a lock of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locking {
    /// `lock.acquire()`, `await mutex.acquire()`.
    Takes,
    /// `lock.release()`, and `release()` of `const release = await mutex.acquire()`.
    GivesBack,
}

/// Whether a call takes a lock of the process or gives one back.
pub(super) fn locking<'a>(scope: &Scope<'a, '_>, call: &'a Call) -> Option<Locking> {
    let takes = |call: &'a Call| match &call.callee.kind {
        ExprKind::Member { object, name, .. } => {
            let runs = call.arguments.iter().any(|one| matches!(one.value.kind, ExprKind::Function(_)));
            is_acquire(name) && !runs && is_lock(scope, object)
        }
        _ => false,
    };
    match &call.callee.kind {
        ExprKind::Member { object, name, .. } if matches!(name.as_str(), "release" | "unlock") => {
            is_lock(scope, object).then_some(Locking::GivesBack)
        }
        ExprKind::Name(name) => {
            let mut bound = scope.local(name).iter();
            let taken = bound.any(|bound| match bound {
                Bound::To(value) | Bound::PartOf(value) => awaited(value).call().is_some_and(takes),
                _ => false,
            });
            taken.then_some(Locking::GivesBack)
        }
        _ => takes(call).then_some(Locking::Takes),
    }
}

/// Whether a name says that it holds a transaction: `db.transaction`, `prisma.$transaction`, `transaction.atomic`, `session.begin`.
pub(super) fn is_transaction(callee: &Expr) -> bool {
    has_word(
        called_name(callee).unwrap_or_default(),
        &["transaction", "transactions", "transactional", "atomic", "tx", "begin", "txn"],
    )
}

/// Whether a value is a transaction that was begun and is ended by hand: `await knex.transaction()`, `connection.begin()`. One that is given
/// a function runs that instead.
pub(super) fn is_handle(value: &Expr) -> bool {
    let Some(call) = awaited(value).call() else { return false };
    let data = |value: &Expr| matches!(value.kind, ExprKind::Literal(_) | ExprKind::Record { .. });
    matches!(called_name(&call.callee), Some("transaction" | "begin"))
        && matches!(call.callee.kind, ExprKind::Member { .. })
        && call.arguments.iter().all(|argument| data(&argument.value))
}

fn awaited(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Await(value) => awaited(value),
        _ => expr,
    }
}

/// The call that made a function one that runs in a transaction: `db.transaction(place)` of `const placeAll = db.transaction(place)`.
pub(super) fn made_by<'a>(scope: &Scope<'a, '_>, callee: &'a Expr) -> Option<&'a Call> {
    let name = match &callee.kind {
        ExprKind::Name(name) => name,
        // `placeAll.immediate(order)`
        ExprKind::Member { object, name, .. }
            if matches!(name.as_str(), "immediate" | "deferred" | "exclusive" | "default") =>
        {
            return made_by(scope, object);
        }
        ExprKind::Call(call) => return Some(&**call).filter(|call| is_transaction(&call.callee)),
        _ => return None,
    };
    let local = scope.local(name);
    let bound = if local.is_empty() { scope.project.top(scope.file, name) } else { local };
    match bound {
        [Bound::To(Expr { kind: ExprKind::Call(call), .. })] => {
            Some(&**call).filter(|call| is_transaction(&call.callee))
        }
        _ => None,
    }
}

/// What a function holds around what it is given.
fn function_holds(function: &Function) -> Holds {
    let (mut commits, mut yields, mut lock) = (false, false, false);
    each_in_body(&function.body, &mut |node, _| {
        let Some(expr) = node.expr() else { return true };
        yields |= matches!(expr.kind, ExprKind::Yield(_));
        match expr.call().and_then(|call| called_name(&call.callee)) {
            Some("commit") => commits = true,
            Some("acquire" | "lock" | "runExclusive") => lock = true,
            _ => {}
        }
        true
    });
    Holds { transaction: begins(function) || (commits && yields), lock }
}

/// Whether a function begins a transaction.
fn begins(function: &Function) -> bool {
    let mut begins = false;
    each_in_body(&function.body, &mut |node, _| {
        let Some(expr) = node.expr() else { return !begins };
        let statements = expr.string().map(sql::statements).unwrap_or_default();
        begins |= statements.iter().any(|statement| statement.verb == Verb::Begin);
        begins |= matches!(
            expr.call().and_then(|call| called_name(&call.callee)),
            Some("beginTransaction" | "transaction" | "$transaction" | "begin" | "startTransaction")
        );
        !begins
    });
    begins
}

/// Whether a function makes last what was written.
pub(super) fn commits(function: &Function) -> bool {
    let mut commits = false;
    each_in_body(&function.body, &mut |node, _| {
        commits |= match node {
            Node::Expr(expr) => expr.call().is_some_and(|call| called_name(&call.callee) == Some("commit")),
            Node::Stmt(Stmt { kind: StmtKind::With { items, .. }, .. }) => {
                items.iter().any(|(context, _)| names_connection(context))
            }
            _ => false,
        };
        !commits
    });
    commits
}

/// `with conn:`, `with sqlite3.connect(..) as conn:`, `with get_db() as conn:`.
pub(super) fn names_connection(context: &Expr) -> bool {
    let name = called_name(context.call().map_or(context, |call| &call.callee)).unwrap_or_default();
    has_word(name, &["connect", "conn", "connection", "db"])
}

//! What holds a transaction open, or a lock, around what it is given.

use std::collections::HashMap;

use crate::facts::nodes::each_in_body;
use crate::facts::sql::{self, Verb};
use crate::facts::syntax::{Call, Expr, ExprKind, Function};
use crate::facts::values::{Bound, called_name};
use crate::facts::words::has_word;

use super::read::Scope;

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
    let callee = context.call().map_or(context, |call| &call.callee);
    let lock = has_word(
        called_name(callee).unwrap_or_default(),
        &["lock", "mutex", "semaphore", "synchronized", "exclusive", "locked"],
    );
    if is_transaction(callee) {
        return Holds { transaction: true, lock };
    }
    let function =
        context.call().and_then(|call| scope.project.called(scope.file, scope.within, &call.callee));
    function.map_or(Holds { transaction: false, lock }, |(_, function)| {
        let inner = *known.entry(std::ptr::from_ref(function)).or_insert_with(|| function_holds(function));
        Holds { lock: lock || inner.lock, ..inner }
    })
}

/// Whether a name says that it holds a transaction: `db.transaction`, `prisma.$transaction`, `transaction.atomic`, `session.begin`.
pub(super) fn is_transaction(callee: &Expr) -> bool {
    has_word(
        called_name(callee).unwrap_or_default(),
        &["transaction", "transactions", "transactional", "atomic", "tx", "begin", "txn"],
    )
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

/// Whether a function begins and commits around what it is given.
fn function_holds(function: &Function) -> Holds {
    let (mut begins, mut commits, mut yields, mut lock) = (false, false, false, false);
    each_in_body(&function.body, &mut |node, _| {
        let Some(expr) = node.expr() else { return true };
        if let Some(text) = expr.string() {
            for statement in sql::statements(text) {
                begins |= statement.verb == Verb::Begin;
            }
        }
        yields |= matches!(expr.kind, ExprKind::Yield(_));
        match expr.call().and_then(|call| called_name(&call.callee)) {
            Some("commit") => commits = true,
            Some("acquire" | "lock" | "runExclusive") => lock = true,
            Some("beginTransaction" | "transaction" | "$transaction" | "begin" | "startTransaction") => {
                begins = true
            }
            _ => {}
        }
        true
    });
    Holds { transaction: begins || (commits && yields), lock }
}

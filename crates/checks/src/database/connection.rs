//! Over which connection a statement goes while a transaction is open: a pool sends each over whichever is free, and not over the one that it
//! lent to who began the transaction.

use super::read::Scope;
use crate::facts::nodes::each_in_body;
use crate::facts::syntax::{Call, Expr, ExprKind};
use crate::facts::values::called_name;
use crate::framework::{FunctionAt, Place};

/// Calls with which a pool lends a connection.
const LENDS: &[&str] = &["connect", "getConnection", "acquire", "reserve", "getconn", "get_connection"];
/// Calls that send a statement.
const SENDS: &[&str] = &["query", "execute", "run"];

/// What a transaction was begun on that was lent.
#[derive(Debug)]
pub(super) struct Lent {
    on: Vec<Place>,
    by: Vec<Place>,
}

/// Over which connection something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// Over the one of the transaction, or over what the function was handed.
    Same,
    /// Over another of its pool.
    Other,
    /// That could not be told.
    Unknown,
}

impl Lent {
    /// The connection that a `BEGIN` is sent over, where a pool lent it: `client` of `const client = await pool.connect()`.
    pub(super) fn of<'a>(scope: &Scope<'a, '_>, begin: &'a Call) -> Option<Self> {
        let ExprKind::Member { object, .. } = &begin.callee.kind else { return None };
        let project = scope.project;
        let mut by = Vec::new();
        for (file, within, made) in project.origins_of(scope.file, scope.within, object) {
            if let Some(ExprKind::Member { object: pool, name, .. }) =
                made.call().map(|call| &call.callee.kind)
                && LENDS.contains(&name.as_str())
            {
                by.extend(project.may_mean(file, &within, pool));
            }
        }
        let on = project.may_mean(scope.file, scope.within, object);
        (!by.is_empty()).then_some(Self { on, by })
    }

    /// Over which connection a call sends, itself or by the function of the project that it runs: `db.query(..)` of one's own.
    pub(super) fn over<'a>(
        &self,
        scope: &Scope<'a, '_>,
        call: &'a Call,
        target: Option<FunctionAt<'a>>,
    ) -> Over {
        let Some((file, function)) = target else { return self.over_callee(scope, &call.callee) };
        let within = scope.project.functions_around(file, function);
        let scope = Scope { project: scope.project, file, within: &within };
        let mut found: Vec<Over> = Vec::new();
        each_in_body(&function.body, &mut |node, _| {
            let call = node.expr().and_then(Expr::call);
            let sends = |call: &&Call| called_name(&call.callee).is_some_and(|name| SENDS.contains(&name));
            found.extend(call.filter(sends).map(|call| self.over_callee(&scope, &call.callee)));
            true
        });
        match found.as_slice() {
            [first, rest @ ..] if rest.iter().all(|over| over == first) => *first,
            _ => Over::Unknown,
        }
    }

    fn over_callee<'a>(&self, scope: &Scope<'a, '_>, callee: &'a Expr) -> Over {
        let ExprKind::Member { object, .. } = &callee.kind else { return Over::Unknown };
        let places = scope.project.may_mean(scope.file, scope.within, object);
        let is_one_of = |known: &[Place]| places.iter().any(|place| known.contains(place));
        match (is_one_of(&self.on), is_one_of(&self.by)) {
            (true, false) => Over::Same,
            (false, true) => Over::Other,
            // What a function is handed by who calls it back.
            (false, false) if places.first().is_some_and(|place| place.scope != 0) => Over::Same,
            _ => Over::Unknown,
        }
    }
}

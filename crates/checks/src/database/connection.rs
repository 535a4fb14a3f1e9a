//! Over which connection a statement goes while a transaction is open: a pool sends each over whichever is free, and not over the one that it
//! lent to who began the transaction.

use super::read::Scope;
use crate::facts::nodes::each_in_body;
use crate::facts::syntax::{Call, Expr, ExprKind, Parameter};
use crate::facts::values::{Bound, called_name};
use crate::framework::{FunctionAt, Place};

/// Calls with which a pool lends a connection.
const LENDS: &[&str] = &["connect", "getConnection", "acquire", "reserve", "getconn", "get_connection"];
/// Choices in choices that are followed.
const STEPS: u32 = 3;
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
        match &callee.kind {
            ExprKind::Member { object, .. } => self.over_object(scope, object, STEPS),
            _ => Over::Unknown,
        }
    }

    fn over_object<'a>(&self, scope: &Scope<'a, '_>, object: &'a Expr, steps: u32) -> Over {
        let Some(left) = steps.checked_sub(1) else { return Over::Unknown };
        let bound = match &object.kind {
            ExprKind::Name(name) => scope.local(name),
            _ => &[],
        };
        // What is taken where nobody hands the function a connection: `client || pool`, `(order, client = pool) =>`.
        let otherwise = match (&object.kind, bound) {
            (ExprKind::Logical { left: first, right, .. }, _)
            | (_, [Bound::To(Expr { kind: ExprKind::Logical { left: first, right, .. }, .. })]) => {
                Some((&**first, &**right))
            }
            (_, [Bound::Parameter(Parameter { default: Some(default), .. })]) => Some((object, default)),
            _ => None,
        };
        let places =
            scope.project.may_mean(scope.file, scope.within, otherwise.map_or(object, |(first, _)| first));
        let is_one_of = |known: &[Place]| places.iter().any(|place| known.contains(place));
        match (is_one_of(&self.on), is_one_of(&self.by), otherwise) {
            (true, false, _) => Over::Same,
            (false, true, _) => Over::Other,
            (false, false, Some((_, otherwise))) if places.len() <= 1 => {
                self.over_object(scope, otherwise, left)
            }
            // What a function is handed by who calls it back.
            (false, false, _) if places.first().is_some_and(|place| place.scope != 0) => Over::Same,
            _ => Over::Unknown,
        }
    }
}

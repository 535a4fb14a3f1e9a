//! What is looked at elsewhere than in the function that uses it: in what stands before a handler, in what the body or a field is handed to,
//! and in the database.

use super::checked::{self, Checked};
use super::fields::Fields;
use crate::database::Tables;
use crate::framework::conduct::Conduct;
use crate::framework::web::Handler;

/// Calls in calls that are followed: a guard, what it calls, and one more.
const STEPS: usize = 3;

/// Everything that may look at the fields of one handler.
pub(super) struct Elsewhere<'b, 'a> {
    pub(super) conduct: &'b Conduct<'a>,
    pub(super) handler: &'b Handler<'a>,
    /// The functions that the handler hands the body to, itself among them.
    pub(super) followed: &'b [Fields<'a>],
    pub(super) tables: &'b Tables,
}

impl<'a> Elsewhere<'_, 'a> {
    /// Whether anything compares the field, or the database refuses what is out of bounds.
    pub(super) fn compares(&self, key: &str) -> bool {
        let by_handler = || self.followed.iter().any(|fields| self.is_compared(fields, key, STEPS));
        let by_guard = || {
            let guards = self.handler.guards.iter().filter_map(|guard| guard.function);
            guards
                .filter_map(|function| Fields::of(self.conduct, function, Vec::new()))
                .any(|fields| self.is_compared(&fields, key, STEPS))
        };
        by_handler() || by_guard() || self.is_refused(key)
    }

    /// Whether a function compares the field, or one that it hands it to.
    fn is_compared(&self, fields: &Fields<'a>, key: &str, steps: usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        let Checked { whole, typed, compared, .. } = checked::of(fields);
        // What asks for the type of an amount is the place where somebody thought of its value.
        if whole || typed.contains(key) || compared.contains(key) {
            return true;
        }
        self.conduct
            .calls(fields.at())
            .iter()
            .filter_map(|called| fields.of_call(self.conduct, called))
            .any(|fields| self.is_compared(&fields, key, left))
    }

    /// Whether a table that is written for this handler has a `CHECK` on the column.
    fn is_refused(&self, key: &str) -> bool {
        let traces = self.conduct.context().database.traces.iter();
        traces
            .filter(|trace| std::ptr::eq(trace.handler.function, self.handler.function))
            .flat_map(|trace| &trace.operations)
            .filter(|one| one.is_write())
            .filter_map(|one| one.table())
            .any(|table| self.tables.is_checked(table, key))
    }
}

//! Whether the day of a date is one that every month has, so that its month and year can be moved.

use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Around, each_in_body, enclosing_function};
use crate::facts::numbers::constant;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, SequenceKind};
use crate::facts::values::{Bound, FileValues, called_name, keyword, returned};

/// Names and calls that are followed from one date to the one that it is made of.
const STEPS: usize = 8;

/// The dates of a file.
pub(super) struct Dates<'a, 'c> {
    context: &'c Context<'a>,
    pub(super) file: &'a SourceFile,
    values: FileValues<'a>,
    /// Names that are being looked at: `start = start.replace(month=..)` says nothing of its own.
    seen: Vec<&'a str>,
}

impl<'a, 'c> Dates<'a, 'c> {
    pub(super) fn of(context: &'c Context<'a>, file: &'a SourceFile) -> Self {
        Self { context, file, values: FileValues::of(&file.syntax), seen: Vec::new() }
    }

    /// Whether a date's day is at most the 28th whichever way it came to be: `now.replace(day=1)`, `new Date(year, month, 1)`, a copy of such a
    /// one, `startOfMonth(now)`, what a function of the file gives back that does this.
    pub(super) fn is_in_every_month(&mut self, date: &'a Expr, around: Around<'a, '_>) -> bool {
        self.seen.clear();
        self.follows(date, around, STEPS)
    }

    /// Whether a date is the present moment, or a copy of it: what is taken from it only looks back.
    pub(super) fn is_now(&mut self, date: &'a Expr, around: Around<'a, '_>) -> bool {
        let mut origins = self.values.origins(date, around);
        let copied = |origin: &&'a Expr| match origin.call()?.arguments.as_slice() {
            [given] if called_name(&origin.call()?.callee) == Some("Date") => Some(&given.value),
            _ => None,
        };
        if let Some(copied) = origins.first().and_then(copied).filter(|_| origins.len() == 1) {
            origins = self.values.origins(copied, around);
        }
        origins.into_iter().filter_map(Expr::call).any(|call| {
            called_name(&call.callee) == Some("now")
                || called_name(&call.callee) == Some("Date") && call.arguments.is_empty()
        })
    }

    fn follows(&mut self, date: &'a Expr, around: Around<'a, '_>, steps: usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        match &date.kind {
            ExprKind::Name(name) => {
                if self.seen.contains(&name.as_str()) {
                    return true;
                }
                self.seen.push(name);
                let bound = self.values.bound(name, around);
                !bound.is_empty()
                    && bound.iter().all(|bound| match bound {
                        Bound::To(value) => self.follows(value, around, left),
                        _ => false,
                    })
            }
            ExprKind::Await(value) | ExprKind::Cast { value, .. } => self.follows(value, around, left),
            ExprKind::Conditional { then: first, otherwise: second, .. }
            | ExprKind::Logical { left: first, right: second, .. } => {
                self.follows(first, around, left) && self.follows(second, around, left)
            }
            ExprKind::Call(call) => self.made(call, around, left),
            _ => false,
        }
    }

    /// The date that a call makes.
    fn made(&mut self, call: &'a Call, around: Around<'a, '_>, steps: usize) -> bool {
        let Some(name) = called_name(&call.callee) else { return false };
        let object = match &call.callee.kind {
            ExprKind::Member { object, .. } => Some(&**object),
            _ => None,
        };
        let first = call.arguments.first().map(|given| &given.value);
        match name {
            "replace" => match keyword(&call.arguments, "day") {
                Some(day) => is_early(day),
                None => object.is_some_and(|object| self.follows(object, around, steps)),
            },
            "getTime" | "valueOf" => object.is_some_and(|object| self.follows(object, around, steps)),
            "Date" if call.style == CallStyle::New => match call.arguments.as_slice() {
                [copied] => {
                    self.is_first_by_text(&copied.value) || self.follows(&copied.value, around, steps)
                }
                [_, _] => true,
                [_, _, day, ..] => is_early(&day.value),
                [] => false,
            },
            // Python raises at once for a day that the month has not: the day was chosen here.
            "date" | "datetime" if call.arguments.len() >= 2 => true,
            "combine" | "localize" | "make_aware" | "make_naive" => {
                first.is_some_and(|date| self.follows(date, around, steps))
            }
            "fromisoformat" | "strptime" => first.is_some_and(|text| self.is_first_by_text(text)),
            // date-fns.
            "startOfMonth" | "startOfQuarter" | "startOfYear" | "startOfDecade" => true,
            _ => self.given_back(call, steps),
        }
    }

    /// `` `${month}-01` ``.
    fn is_first_by_text(&self, text: &Expr) -> bool {
        matches!(text.kind, ExprKind::Template(_) | ExprKind::Binary { .. })
            && self.file.text_of(text.extent).contains("-01")
    }

    /// What a function of the file gives back.
    fn given_back(&mut self, call: &Call, steps: usize) -> bool {
        let own = called_function(self.context, self.file, &call.callee);
        let Some((_, function)) = own.filter(|(file, _)| std::ptr::eq(*file, self.file)) else {
            return false;
        };
        let given = returned(function);
        !given.is_empty() && given.into_iter().all(|value| self.follows(value, &[], steps))
    }
}

/// Whether a day is a number that every month has.
fn is_early(day: &Expr) -> bool {
    constant(day).is_some_and(|day| (1.0..=28.0).contains(&day))
}

/// Whether the function asks which day it is before it moves it: `if day.day > 28`, `(day.month, day.day) == (2, 29)`, `calendar.isleap(..)`.
pub(super) fn asks_day(around: Around<'_, '_>) -> bool {
    asks(around, &["day", "getDate", "getUTCDate"])
        || any_in(around, |expr| {
            let called = expr.call().and_then(|call| called_name(&call.callee));
            let is_leap_day = matches!(&expr.kind, ExprKind::Sequence { kind: SequenceKind::Tuple, items }
                if matches!(items.iter().map(constant).collect::<Vec<_>>().as_slice(), [Some(month), Some(day)] if *month == 2.0 && *day == 29.0));
            matches!(called, Some("isleap" | "monthrange")) || is_leap_day
        })
}

/// Whether the function asks which month it is: `if day.month == 12`.
pub(super) fn asks_month(around: Around<'_, '_>) -> bool {
    asks(around, &["month", "getMonth", "getUTCMonth"])
}

/// Whether one of these is compared in the function.
fn asks(around: Around<'_, '_>, parts: &[&str]) -> bool {
    let is_part = |expr: &Expr| {
        let of = expr.call().map_or(expr, |call| &call.callee);
        matches!(&of.kind, ExprKind::Member { name, .. } if parts.contains(&name.as_str()))
    };
    any_in(around, |expr| match &expr.kind {
        ExprKind::Compare { left, rest } => is_part(left) || rest.iter().any(|(_, right)| is_part(right)),
        _ => false,
    })
}

fn any_in(around: Around<'_, '_>, is_sought: impl Fn(&Expr) -> bool) -> bool {
    let mut found = false;
    if let Some(function) = enclosing_function(around) {
        each_in_body(&function.body, &mut |node, _| {
            found |= node.expr().is_some_and(&is_sought);
            !found
        });
    }
    found
}

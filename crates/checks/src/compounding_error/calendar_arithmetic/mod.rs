//! # calendar-arithmetic
//!
//! A month is not 30 days, a year has a 29 February every fourth time, and one day in spring has 23 hours. Code that calculates with the calendar as if it were
//! a row of equal pieces is right on the day of the demo; subscriptions that were begun on the 31st are renewed in the wrong month, and whoever was born on
//! 29 February gets an error.
//!
//! ## What is reported
//!
//! - **error**, `month`: `day.replace(month=day.month + 1)` raises on the 31st (and in December), `date.setMonth(date.getMonth() + 1)` on 31 January is 3 March,
//!   `.with_month(..).unwrap()` panics (**note** where months are only taken from the present moment, to look back);
//! - **error**, `year`: `day.replace(year=day.year + 1)` raises on 29 February; in JavaScript (**warning**) it becomes 1 March;
//! - **error**, `day`: a day's worth of milliseconds is added to a local midnight: on the day when clocks go back the result is 23:00 of the same day;
//! - **warning**, `day`: days are counted by dividing the milliseconds between two local midnights and cutting off: one too few across the change in spring;
//! - **warning**, `length`: 30 days stand for the next month of a subscription or an invoice, or an age is counted in pieces of 365 days.
//!
//! Left alone: instants and durations (`Date.now() + 24 * 3600 * 1000` for an expiry, `datetime.now(timezone.utc) + timedelta(days=30)`), a day that is set
//! too (`replace(month=m, day=1)`, `setMonth(m, 1)`) or is at most the 28th (`start = now.replace(day=1)`, `startOfMonth(now)`, copies of them), a function that asks for the day
//! (`day.day == 29`, `calendar.isleap(..)`), what catches the exception or mends the overflow, and `timedelta(days=1)` on dates and wall times, which is the same wall time of the next day.
//!
//! ## What to do
//!
//! Let a calendar do it: `dateutil.relativedelta(months=1)`, `date-fns` `addMonths`, `Temporal.PlainDate.add({ months: 1 })`, chrono's `checked_add_months`; for the next local day
//! `date.setDate(date.getDate() + 1)`.
//!
//! Source: [datetime.replace](https://docs.python.org/3/library/datetime.html#datetime.date.replace); ECMA-262, `Date.prototype.setMonth` and `MakeDay`; [Falsehoods programmers believe about time](https://infiniteundo.com/post/25326999628/falsehoods-programmers-believe-about-time).

mod day;

use std::collections::BTreeSet;

use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId, Severity};

use self::day::Dates;
use crate::context::Context;
use crate::facts::faults::is_tried;
use crate::facts::nodes::{Around, Node, each_in_body, each_in_expr, each_node, enclosing_function};
use crate::facts::numbers::constant;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{
    BinaryOp, Call, CallStyle, Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind,
};
use crate::facts::values::{called_name, keyword};
use crate::facts::words::words;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("calendar-arithmetic"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "months, years and days are taken for equal pieces",
        applies_to: "calculation with the calendar",
        variants: &["month", "year", "day", "length"],
        source: include_str!("mod.rs"),
    },
    run: Run::File(run),
};

/// Milliseconds and seconds of a day.
const DAY_MS: f64 = 86_400_000.0;

/// What is said of a place.
struct Said {
    place: Extent,
    variant: &'static str,
    severity: Severity,
    message: String,
    advice: &'static str,
}

fn run(context: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    const SIGNS: &[&str] = &[
        "replace(",
        "etMonth(",
        "etFullYear(",
        "etUTCMonth(",
        "getTime",
        "setHours",
        "timedelta(",
        "with_month",
        "with_year",
        "with_day",
        "new Date(",
    ];
    // What fills a database with something to look at.
    let is_made_up = file.path.split('/').any(|part| {
        matches!(part, "seeders" | "seeds" | "seed" | "fixtures" | "factories" | "mocks" | "faker")
    });
    if file.is_test || is_made_up || !SIGNS.iter().any(|sign| file.text.contains(sign)) {
        return;
    }
    let mut dates = Dates::of(context, file);
    each_node(&file.syntax, &mut |node, around| {
        let Node::Expr(expr) = node else { return true };
        let said = match file.language {
            Language::Python => python(&mut dates, expr, around, report),
            Language::Rust => rust(expr, around, report),
            _ => script(&mut dates, expr, around, report),
        };
        if let Some(Said { place, variant, severity, message, advice }) = said {
            report.add(report.at(file, place, message).variant(variant).graded(severity).advice(advice));
        }
        true
    });
}

/// Whether a value is calculated: not a literal and not plainly another date's part.
fn is_moved(expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= matches!(
            node,
            Node::Expr(Expr {
                kind: ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Modulo, .. },
                ..
            })
        );
        !found
    });
    found
}

/// Names around a value: what it is bound to, and the function it is in.
fn names_around(around: Around<'_, '_>) -> Vec<String> {
    let bound = around.iter().rev().find_map(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
            assign.targets.first().and_then(Expr::dotted)
        }
        _ => None,
    });
    let function = enclosing_function(around).map(|function| function.name.to_string());
    bound.into_iter().chain(function).flat_map(|name| words(&name)).collect()
}

fn python<'a>(
    dates: &mut Dates<'a, '_>,
    expr: &'a Expr,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
) -> Option<Said> {
    match &expr.kind {
        ExprKind::Call(call) => match called_name(&call.callee)? {
            "replace" => replaced(dates, call, expr, around, report),
            "timedelta" => month_of_days(call, expr, around, report),
            _ => None,
        },
        ExprKind::Binary { op: BinaryOp::FloorDivide | BinaryOp::Divide, left, right } => {
            let by_year = constant(right).is_some_and(|number| (number - 365.0).abs() < 0.01);
            let of_days = matches!(&left.kind, ExprKind::Member { name, .. } if name == "days");
            let names = names_around(around);
            let is_age =
                names.iter().any(|name| matches!(name.as_str(), "age" | "ages" | "birthday" | "anniversary"));
            if !(by_year && of_days && is_age) {
                return None;
            }
            report.trial();
            Some(Said {
                place: expr.extent,
                variant: "length",
                severity: Severity::Warning,
                message: format!(
                    "`{}` counts years as 365 days each: an age is reached days before the birthday, one more for every leap year lived through",
                    dates.file.text_of(expr.extent)
                ),
                advice: "compare the calendar: `today.year - born.year - ((today.month, today.day) < (born.month, born.day))`",
            })
        }
        _ => None,
    }
}

/// `day.replace(month=..)`, `day.replace(year=..)` without a day.
fn replaced<'a>(
    dates: &mut Dates<'a, '_>,
    call: &'a Call,
    expr: &Expr,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
) -> Option<Said> {
    let given = |name: &str| keyword(&call.arguments, name);
    let (month, year) = (given("month"), given("year"));
    if month.is_none() && year.is_none() {
        return None;
    }
    report.trial();
    let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
    if given("day").is_some()
        || is_tried(around)
        || day::asks_day(around)
        || dates.is_in_every_month(object, around)
    {
        return None;
    }
    if let Some(month) = month.filter(|month| is_moved(month)) {
        let stays_in_year = is_moved_by_modulo(month) || year.is_some() || day::asks_month(around);
        let december = if stays_in_year { "" } else { ", and in December, when there is no month 13" };
        return Some(Said {
            place: expr.extent,
            variant: "month",
            severity: Severity::Error,
            message: format!(
                "`replace(month=..)` keeps the day: on the 31st the next month has none, and this raises `ValueError`{december}"
            ),
            advice: "`dateutil.relativedelta.relativedelta(months=1)`, or set the day too: `min(day, calendar.monthrange(year, month)[1])`",
        });
    }
    year.filter(|year| is_moved(year) && month.is_none())?;
    Some(Said {
        place: expr.extent,
        variant: "year",
        severity: Severity::Error,
        message: "`replace(year=..)` of 29 February raises `ValueError`: the other year has none".to_owned(),
        advice: "`dateutil.relativedelta.relativedelta(years=1)`, which takes 28 February then, or catch the `ValueError` and say which day is meant",
    })
}

fn is_moved_by_modulo(expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= matches!(
            node,
            Node::Expr(Expr {
                kind: ExprKind::Binary { op: BinaryOp::Modulo, .. } | ExprKind::Conditional { .. },
                ..
            })
        );
        !found
    });
    found
}

/// Words of what is due by the calendar's month.
const BILLED: &[&str] = &[
    "billing",
    "bill",
    "renew",
    "renewal",
    "renews",
    "subscription",
    "invoice",
    "rent",
    "salary",
    "period",
    "installment",
    "instalment",
];

/// `start + timedelta(days=30)` for the next month of a subscription.
fn month_of_days(call: &Call, expr: &Expr, around: Around<'_, '_>, report: &mut Report<'_>) -> Option<Said> {
    let days = keyword(&call.arguments, "days")
        .or_else(|| call.arguments.first().map(|given| &given.value))
        .and_then(constant)?;
    let names = names_around(around);
    let has = |list: &[&str]| names.iter().any(|name| list.contains(&name.as_str()));
    let month = (days == 30.0 || days == 31.0)
        && (has(&["month", "monthly"])
            && has(&["next", "add", "plus", "billing", "renewal", "bill", "due", "end"])
            || has(&["next"]) && has(BILLED));
    let adds = around.last().is_some_and(|node| {
        matches!(
            node,
            Node::Expr(Expr { kind: ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Subtract, .. }, .. })
        )
    });
    if !month || !adds {
        return None;
    }
    report.trial();
    Some(Said {
        place: expr.extent,
        variant: "length",
        severity: Severity::Warning,
        message: format!(
            "{days} days stand for the next month: after a year the date has moved by five days, and February is skipped or hit twice"
        ),
        advice: "`dateutil.relativedelta.relativedelta(months=1)`",
    })
}

fn rust(expr: &Expr, around: Around<'_, '_>, report: &mut Report<'_>) -> Option<Said> {
    let call = expr.call()?;
    let name = called_name(&call.callee)?;
    if !matches!(name, "with_month" | "with_year" | "with_month0") {
        return None;
    }
    report.trial();
    let moved = call.arguments.first().is_some_and(|given| is_moved(&given.value));
    // `.unwrap()` is the call around the member of this call.
    let ends = around.iter().rev().take(2).any(|node| {
        matches!(node, Node::Expr(Expr { kind: ExprKind::Member { name, .. }, .. }) if matches!(name.as_str(), "unwrap" | "expect"))
    });
    (moved && ends).then(|| {
        let (variant, message) = if name == "with_year" {
            ("year", "`with_year(..)` of 29 February is `None`, and `unwrap` panics: the other year has none")
        } else {
            ("month", "`with_month(..)` keeps the day: on the 31st the next month has none, the result is `None`, and `unwrap` panics")
        };
        Said {
            place: expr.extent,
            variant,
            severity: Severity::Error,
            message: message.to_owned(),
            advice: "`checked_add_months(Months::new(1))`, which takes the last day of a shorter month",
        }
    })
}

fn script<'a>(
    dates: &mut Dates<'a, '_>,
    expr: &'a Expr,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
) -> Option<Said> {
    let file = dates.file;
    match &expr.kind {
        ExprKind::Call(call) => match called_name(&call.callee)? {
            "setMonth" | "setUTCMonth" | "setFullYear" | "setUTCFullYear" => {
                set(dates, call, expr, around, report)
            }
            "Date" if call.style == CallStyle::New => made(file, call, expr, around, report),
            _ => None,
        },
        ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Subtract, left, right } => {
            let whole_days = constant(right).is_some_and(|number| number != 0.0 && number % DAY_MS == 0.0);
            if !whole_days || !is_local_midnight(left, around) {
                return None;
            }
            report.trial();
            Some(Said {
                place: expr.extent,
                variant: "day",
                severity: Severity::Error,
                message: format!(
                    "`{}` adds 24 hours to a local midnight: on the day when clocks go back the result is 23:00 of the same day",
                    file.text_of(expr.extent)
                ),
                advice: "move the calendar: `date.setDate(date.getDate() + 1)`",
            })
        }
        ExprKind::Binary { op: BinaryOp::Divide, left, right } => {
            let by_day = constant(right).is_some_and(|number| number == DAY_MS)
                || called_name(right).is_some_and(|name| words(name).iter().any(|word| word == "day"));
            let cut = around.last().and_then(|node| node.expr()).and_then(Expr::call).is_some_and(|call| {
                matches!(call.callee.dotted().as_deref(), Some("Math.floor" | "Math.trunc" | "parseInt"))
            });
            let inner = unwrapped(left);
            let ExprKind::Binary { op: BinaryOp::Subtract, left: first, right: second } = &inner.kind else {
                return None;
            };
            if !(by_day && cut && is_local_midnight(first, around) && is_local_midnight(second, around)) {
                return None;
            }
            report.trial();
            Some(Said {
                place: expr.extent,
                variant: "day",
                severity: Severity::Warning,
                message: format!(
                    "`{}` counts days in pieces of 24 hours between local midnights and cuts off: one too few when the clocks go forward in between",
                    file.text_of(expr.extent)
                ),
                advice: "`Math.round(..)`, or count with `Date.UTC(year, month, day)` of both",
            })
        }
        _ => None,
    }
}

fn unwrapped(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Cast { value, .. } => unwrapped(value),
        _ => expr,
    }
}

/// `date.setMonth(date.getMonth() + 1)` with no day set.
fn set<'a>(
    dates: &mut Dates<'a, '_>,
    call: &'a Call,
    expr: &Expr,
    around: Around<'a, '_>,
    report: &mut Report<'_>,
) -> Option<Said> {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    let first = call.arguments.first()?;
    report.trial();
    let by_month = name.ends_with("Month");
    // A second (or, for a year, third) argument is the day.
    let sets_day = call.arguments.len() > if by_month { 1 } else { 2 };
    let file = dates.file;
    let text = enclosing_function(around).map_or(&*file.text, |function| file.text_of(function.span()));
    let mends = ["setDate(", "setUTCDate(", "daysInMonth", "lastDay", "getDaysInMonth"]
        .iter()
        .any(|sign| text.contains(sign));
    if sets_day
        || mends
        || !is_moved(&first.value)
        || day::asks_day(around)
        || dates.is_in_every_month(object, around)
    {
        return None;
    }
    // A cookie's life and the like may be a day longer.
    let is_life = names_around(around).iter().any(|name| {
        matches!(name.as_str(), "expires" | "expiry" | "expire" | "expiration" | "cookie" | "ttl")
    });
    let (variant, severity, message) = if by_month {
        let goes_back = matches!(first.value.kind, ExprKind::Binary { op: BinaryOp::Subtract, .. });
        if goes_back && dates.is_now(object, around) {
            let message = format!(
                "`{name}(..)` keeps the day: 31 August minus six months is 2 or 3 March, and what looks back that far begins days late"
            );
            ("month", Severity::Note, message)
        } else {
            let severity = if is_life { Severity::Warning } else { Severity::Error };
            let message = format!(
                "`{name}(..)` keeps the day: 31 January plus a month is 2 or 3 March, and February is left out"
            );
            ("month", severity, message)
        }
    } else {
        (
            "year",
            Severity::Warning,
            format!("`{name}(..)` keeps the day: 29 February of another year becomes 1 March"),
        )
    };
    if !by_month && is_life {
        return None;
    }
    Some(Said {
        place: expr.extent,
        variant,
        severity,
        message,
        advice: "`addMonths` of date-fns, or set the last day of a shorter month: `if (date.getDate() !== day) date.setDate(0)`",
    })
}

/// `new Date(d.getFullYear(), d.getMonth() + 1, d.getDate())`.
fn made(
    file: &SourceFile,
    call: &Call,
    expr: &Expr,
    around: Around<'_, '_>,
    report: &mut Report<'_>,
) -> Option<Said> {
    let (month, day) = (&call.arguments.get(1)?.value, &call.arguments.get(2)?.value);
    report.trial();
    let keeps_day =
        day.call().is_some_and(|call| matches!(called_name(&call.callee), Some("getDate" | "getUTCDate")));
    let moves = matches!(month.kind, ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Subtract, .. })
        && file.text_of(month.extent).contains("Month(");
    let text = enclosing_function(around).map_or("", |function| file.text_of(function.span()));
    let mends = ["setDate(0", "Math.min(", "daysInMonth", "lastDay"].iter().any(|sign| text.contains(sign));
    (keeps_day && moves && !mends).then(|| Said {
        place: expr.extent,
        variant: "month",
        severity: Severity::Error,
        message: "the day is kept and the month moved: 31 January plus a month is 2 or 3 March, and February is left out".to_owned(),
        advice: "`addMonths` of date-fns, or take the last day of a shorter month: `Math.min(day, new Date(year, month + 1, 0).getDate())`",
    })
}

/// Whether an expression is the time of a local midnight: `start.getTime()`, `+start`, `start` after `start.setHours(0, 0, 0, 0)`.
fn is_local_midnight(expr: &Expr, around: Around<'_, '_>) -> bool {
    let name = match &expr.kind {
        ExprKind::Name(name) => name.as_str(),
        ExprKind::Unary { value, .. } => return is_local_midnight(value, around),
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member { object, name, .. } if matches!(name.as_str(), "getTime" | "valueOf") => {
                return is_local_midnight(object, around);
            }
            // `date.setHours(0, 0, 0, 0)` is the time itself.
            ExprKind::Member { name, .. } => return name == "setHours" && is_zero(call),
            _ => return false,
        },
        _ => return false,
    };
    let Some(function) = enclosing_function(around) else { return false };
    midnights(function).contains(name)
}

fn is_zero(call: &Call) -> bool {
    call.arguments.first().is_some_and(
        |given| matches!(&given.value.kind, ExprKind::Literal(Literal::Integer(digits)) if digits == "0"),
    )
}

/// The names of a function that hold local midnights.
fn midnights(function: &Function) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    each_in_body(&function.body, &mut |node, _| {
        match node {
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                if let ExprKind::Member { object, name, .. } = &call.callee.kind
                    && name == "setHours"
                    && is_zero(call)
                    && let ExprKind::Name(name) = &object.kind
                {
                    found.insert(name.as_str());
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                if let (Some(ExprKind::Name(name)), Some(call)) = (
                    assign.targets.first().map(|target| &target.kind),
                    assign.value.as_ref().and_then(Expr::call),
                ) && call.style == CallStyle::New
                    && called_name(&call.callee) == Some("Date")
                    && (2..=3).contains(&call.arguments.len())
                {
                    found.insert(name.as_str());
                }
            }
            _ => {}
        }
        true
    });
    found
}

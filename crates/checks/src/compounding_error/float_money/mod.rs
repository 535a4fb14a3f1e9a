//! # float-money
//!
//! Money in binary floating point. `0.1 + 0.2` is `0.30000000000000004`, `round(2.675, 2)` is `2.67`, and 1.15 is stored as a little less.
//! Each sum is off by less than a cent and every test with round numbers is green; the invoice and the bank disagree at the end of the
//! month, a sum of rounded lines is not the rounded sum, and `NaN` is accepted as a price. All of 49 generated backends with money keep
//! it so.
//!
//! ## What is reported
//!
//! Only where both are certain: that it is money (by its name, or by the names around it) and that it is a binary float: a float literal,
//! `float(…)`, `parseFloat`, a type `float`, `f64`, `f32`, a column `REAL`, `FLOAT`, `DOUBLE`, `FloatField`, arithmetic with a fraction
//! (`price * 1.19`), `round(total, 2)`, `Math.round(price * 100) / 100`. One finding a function, class or statement of SQL.
//!
//! - **error**: money is kept in, or computed with, a float;
//! - **error**: where the plan has `[money]`, an exact amount is rounded to its digits in another way than `rounding` says (`quantize(..)`, `round_dp`, `toDecimalPlaces`);
//! - **warning**: only the names around say that it is money; the file works with numerical arrays (market data is no ledger), or is an
//!   example of a documentation.
//!
//! Left alone: `Decimal`, whole numbers of cents, JavaScript's `number` by itself, and showing an amount (`price.toFixed(2)`).
//!
//! ## What to do
//!
//! Keep whole minor units, or decimals, from the edge of the program to the column:
//!
//! ```python
//! price = Decimal(data["price"])                                       # from text, never from a float
//! tax = (price * TAX_RATE).quantize(Decimal("0.01"), ROUND_HALF_EVEN)  # TAX_RATE = Decimal("0.08"); say how to round
//! ```
//!
//! SQL: `INTEGER` cents or `NUMERIC(12, 2)` (SQLite has no exact decimals: use integers). Rust: `rust_decimal::Decimal` or `i64`.
//!
//! Source: [Python tutorial, floating-point arithmetic](https://docs.python.org/3/tutorial/floatingpoint.html); Goldberg, "What Every Computer
//! Scientist Should Know About Floating-Point Arithmetic", ACM CSUR 1991; Fowler, "Money", *Patterns of Enterprise Application
//! Architecture*; [PostgreSQL, floating-point types](https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT).

mod evidence;
mod rounding;

use std::collections::BTreeMap;

use seaworthy_core::plan::Rounding;
use seaworthy_core::policy::Need;
use seaworthy_core::{FailureMode, RuleId, Severity};

use self::evidence::{Evidence, Strength, evidence_at, is_named_money, sql_columns};
use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Stmt, StmtKind};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::called_name;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("float-money"),
        version: 2,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "money in binary floating point",
        applies_to: "amount of money",
        variants: &["kept", "computed", "column", "rounding"],
        source: include_str!("mod.rs"),
    },
    run: Run::File(run),
};

/// Other places of the same finding that are listed; a reader needs a few, not all.
const RELATED: usize = 5;

fn run(context: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    if file.is_test {
        return;
    }
    let mut groups: BTreeMap<(u32, bool), Vec<Evidence>> = BTreeMap::new();
    each_node(&file.syntax, &mut |node, around| {
        if file.language == Language::Rust && in_rust_tests(around) {
            return false;
        }
        (0..amounts(node)).for_each(|_| report.trial());
        if let Some(found) = evidence_at(file, node, around) {
            groups.entry((owner(around), false)).or_default().push(found);
        }
        if let Node::Expr(expr) = node
            && let Some(money) = &context.plan.money
            && let Some(rounded) = rounding::other_than(file, expr, money.scale, money.rounding)
        {
            say_rounding(file, &rounded, money.rounding, report);
        }
        if let Node::Expr(expr) = node {
            for found in sql_columns(file, expr) {
                groups.entry((expr.extent.start, true)).or_default().push(found);
            }
        }
        true
    });
    let numeric =
        ["numpy", "pandas", "torch", "polars", "scipy", "ndarray"].iter().any(|name| imports(file, name));
    for places in groups.into_values() {
        say(file, &places, numeric, report);
    }
}

fn say_rounding(file: &SourceFile, rounded: &rounding::Rounded, planned: Rounding, report: &mut Report<'_>) {
    let planned = serde_json::to_value(planned).ok();
    let planned = planned.as_ref().and_then(|planned| planned.as_str()).unwrap_or_default();
    let message = format!(
        "{} here, and the plan says `{planned}` for money: two places that round differently disagree by a cent on every tie",
        rounded.written
    );
    let draft = report
        .at(file, rounded.place, message)
        .variant("rounding")
        .advice("round as `[money] rounding` says, in one function that everybody calls; or change the plan");
    report.add(draft);
}

/// How many amounts of money a node names: what could have been a float.
fn amounts(node: Node<'_>) -> usize {
    let is_money = |expr: &Expr| expr.string().or_else(|| called_name(expr)).is_some_and(is_named_money);
    match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
            usize::from(assign.targets.first().is_some_and(is_money))
        }
        Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) => {
            function.parameters.iter().filter(|parameter| is_money(&parameter.pattern)).count()
        }
        Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. }) => {
            entries.iter().filter(|(key, _)| key.as_ref().is_some_and(is_money)).count()
        }
        Node::Expr(Expr { kind: ExprKind::Index { index, .. }, .. }) => usize::from(is_money(index)),
        _ => 0,
    }
}

/// The function or class around a place stands for the defect; at the top of a file each statement does.
fn owner(around: Around<'_, '_>) -> u32 {
    let inner = around.iter().rev().find_map(|node| match (node, node.function(), node.class()) {
        (Node::Stmt(stmt), Some(_), _) | (Node::Stmt(stmt), _, Some(_)) => Some(stmt.extent.start),
        (Node::Expr(expr), Some(_), _) => Some(expr.extent.start),
        _ => None,
    });
    inner
        .or_else(|| {
            around.first().map(|node| match node {
                Node::Stmt(stmt) => stmt.extent.start,
                Node::Expr(expr) => expr.extent.start,
                Node::Handler(handler) => handler.extent.start,
            })
        })
        .unwrap_or(u32::MAX)
}

fn say(file: &SourceFile, places: &[Evidence], numeric: bool, report: &mut Report<'_>) {
    let Some(worst) =
        places.iter().min_by_key(|place| (place.strength, place.variant != "column", place.extent.start))
    else {
        return;
    };
    let severity = match worst.strength {
        Strength::Named if !numeric && !plain_text::is_example(&file.path) => Severity::Error,
        _ => Severity::Warning,
    };
    let mut draft = report
        .at(file, worst.extent, format!("{}: cents are lost by rounding, and sums drift", worst.message))
        .variant(worst.variant)
        .severity(severity)
        .advice(advice(file.language, worst.variant));
    let others = places.iter().filter(|place| place.extent != worst.extent);
    for place in others.take(RELATED) {
        draft = draft.related(file, place.extent, place.message.clone());
    }
    report.add(draft);
}

fn advice(language: Language, variant: &str) -> &'static str {
    match (variant, language) {
        ("column", _) => {
            "make the column `INTEGER` and keep cents, or `NUMERIC(12, 2)` where the database has exact decimals"
        }
        (_, Language::Python) => {
            "use `decimal.Decimal` made from text, and `.quantize(Decimal(\"0.01\"), ROUND_HALF_EVEN)` where it is rounded; or whole cents"
        }
        (_, Language::JavaScript | Language::TypeScript) => {
            "keep whole cents (`Number.isSafeInteger`), or use a decimal library, and round once, in one place"
        }
        (_, Language::Rust) => "use `rust_decimal::Decimal`, or `i64` cents",
    }
}

fn imports(file: &SourceFile, name: &str) -> bool {
    file.syntax.body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Import(import) => import.module == name || import.module.starts_with(&format!("{name}.")),
        _ => false,
    })
}

//! Amounts, prices and quantities that may be negative, or no number.

use super::checked::{Checked, keys};
use super::elsewhere::Elsewhere;
use super::fields::{Fields, Kind};
use crate::facts::nodes::{Around, Node, each_in_body};
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Extent, LogicalOp, Stmt, StmtKind, UnaryOp};
use crate::facts::values::called_name;
use crate::facts::words::words;
use crate::language::Language;
use crate::report::Report;
use seaworthy_core::{Confidence, Severity};

/// Last words of what is counted or paid, and never below nothing.
const AMOUNTS: &[&str] = &["amount", "price", "quantity", "qty"];

pub(super) fn judge<'a>(
    fields: &Fields<'a>,
    checked: &Checked,
    elsewhere: &Elsewhere<'_, 'a>,
    report: &mut Report<'_>,
) {
    let mut said: Vec<String> = Vec::new();
    each_in_body(&fields.function.body, &mut |node, around| {
        let Node::Expr(expr) = node else { return true };
        if let Some((key, place)) = not_a_number(fields, expr, around)
            && !said.contains(&key)
        {
            let message = format!(
                "`{key}` of the body becomes a float, and `NaN` passes: `float(\"nan\") < 0` is false, and every sum it gets into is `NaN` from then on"
            );
            let advice = "refuse what is not finite (`math.isfinite(value)`), or read it as `Decimal` with a scale and check `is_finite()`";
            report.add(
                report
                    .at(fields.source, place, message)
                    .variant("not-a-number")
                    .severity(Severity::Error)
                    .confidence(Confidence::High)
                    .identified_by(key.clone())
                    .advice(advice),
            );
            said.push(key);
        }
        true
    });
    let found = negative(fields, checked).filter(|(key, _)| !said.contains(key));
    if let Some((key, place)) = found.filter(|(key, _)| !elsewhere.compares(key)) {
        let message = format!(
            "`{key}` of the body is used as it comes, and nothing compares it with anything: `{{\"{key}\": -5}}` gives where it should take"
        );
        let draft = report
            .at(fields.source, place, message)
            .variant("negative")
            .severity(Severity::Error)
            .confidence(Confidence::Medium)
            .identified_by(key)
            .advice("say what it has to be (`> 0`, whole, at most so much) where the body is read, and answer 400 or 422 otherwise");
        report.add(draft);
    }
}

fn is_amount(key: &str) -> bool {
    words(key).last().is_some_and(|last| AMOUNTS.contains(&last.as_str()))
}

/// `float(data["price"])` of an amount, in a function that asks nothing of the number but whether it is less or more.
fn not_a_number(fields: &Fields<'_>, expr: &Expr, around: Around<'_, '_>) -> Option<(String, Extent)> {
    let call = expr.call()?;
    if fields.source.language != Language::Python || called_name(&call.callee) != Some("float") {
        return None;
    }
    // In the query it is a filter more often than an amount.
    let field = fields.field_of(&call.arguments.first()?.value).filter(|field| field.kind == Kind::Json)?;
    let text = fields.source.text_of(fields.function.span());
    let asks =
        ["isfinite", "isnan", "is_finite", "is_nan", "allow_nan"].iter().any(|sign| text.contains(sign));
    let is_bounded = || match around.last() {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent })) => assign
            .targets
            .first()
            .and_then(called_name)
            .is_some_and(|name| is_bounded(fields, name, extent.end)),
        _ => false,
    };
    (is_amount(&field.key) && !asks && !refuses_by_not(fields) && !is_bounded())
        .then_some((field.key, expr.extent))
}

/// Whether a number is used only where a comparison of it is true, which none with `NaN` is: `if 0 < price < 1000: save(price)`.
fn is_bounded(fields: &Fields<'_>, name: &str, from: u32) -> bool {
    let is_it = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(own) if own == name);
    // `assert price > 0` raises for what is no number.
    let mut asserted = None;
    let mut is_bounded = true;
    let mut is_used = false;
    each_in_body(&fields.function.body, &mut |node, around| {
        if let Node::Stmt(Stmt { kind: StmtKind::Assert { test, .. }, extent }) = node
            && is_true_of_numbers(test, &is_it)
        {
            asserted = Some(extent.end);
        }
        let Node::Expr(expr) = node else { return true };
        if !is_it(expr) || expr.extent.start < from {
            return true;
        }
        let is_compared =
            around.iter().any(|node| matches!(node, Node::Expr(Expr { kind: ExprKind::Compare { .. }, .. })));
        let guarded = || {
            around.iter().any(|node| match node {
                Node::Stmt(Stmt { kind: StmtKind::If { test, then, .. }, .. }) => {
                    let inside = then
                        .iter()
                        .any(|stmt| (stmt.extent.start..stmt.extent.end).contains(&expr.extent.start));
                    inside && is_true_of_numbers(test, &is_it)
                }
                Node::Expr(Expr { kind: ExprKind::Conditional { test, then, .. }, .. }) => {
                    (then.extent.start..then.extent.end).contains(&expr.extent.start)
                        && is_true_of_numbers(test, &is_it)
                }
                _ => false,
            })
        };
        if !is_compared {
            is_used = true;
            is_bounded &= asserted.is_some_and(|end| end <= expr.extent.start) || guarded();
        }
        true
    });
    is_bounded && is_used
}

/// Whether a test is true only of what is a number: a comparison in size that no `not` turns round.
fn is_true_of_numbers(test: &Expr, is_it: &dyn Fn(&Expr) -> bool) -> bool {
    match &test.kind {
        ExprKind::Logical { op: LogicalOp::And, left, right } => {
            is_true_of_numbers(left, is_it) || is_true_of_numbers(right, is_it)
        }
        ExprKind::Logical { left, right, .. } => {
            is_true_of_numbers(left, is_it) && is_true_of_numbers(right, is_it)
        }
        ExprKind::Compare { left, rest } => {
            let in_size = rest.iter().all(|(op, _)| {
                matches!(
                    op,
                    CompareOp::Less | CompareOp::LessOrEqual | CompareOp::Greater | CompareOp::GreaterOrEqual
                )
            });
            in_size && (is_it(left) || rest.iter().any(|(_, right)| is_it(right)))
        }
        _ => false,
    }
}

/// `if not 0 <= price < 100:` is true of `NaN`, which is less than nothing and more than nothing.
fn refuses_by_not(fields: &Fields<'_>) -> bool {
    let mut found = false;
    let made = made_of(fields);
    each_in_body(&fields.function.body, &mut |node, around| {
        if let Node::Expr(Expr { kind: ExprKind::Compare { left, rest }, .. }) = node {
            let is_negated = around.iter().any(|node| {
                matches!(node, Node::Expr(Expr { kind: ExprKind::Unary { op: UnaryOp::Not, .. }, .. }))
            });
            let mut sides = std::iter::once(&**left).chain(rest.iter().map(|(_, right)| right));
            found |= is_negated && sides.any(|side| mentions_amount(fields, &made, side));
        }
        !found
    });
    found
}

/// Names and the fields that they are made of: what is compared is often the converted one.
fn made_of(fields: &Fields<'_>) -> Vec<(String, String)> {
    let mut made: Vec<(String, String)> = Vec::new();
    each_in_body(&fields.function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node
            && let (Some(ExprKind::Name(name)), Some(value)) =
                (assign.targets.first().map(|target| &target.kind), &assign.value)
        {
            made.extend(keys(fields, value).into_iter().map(|key| (name.to_string(), key)));
        }
        true
    });
    made
}

/// An amount that is calculated with or kept, and never compared.
fn negative(fields: &Fields<'_>, checked: &Checked) -> Option<(String, Extent)> {
    let made = made_of(fields);
    let mut compares = false;
    let mut touched: Option<(String, Extent)> = None;
    each_in_body(&fields.function.body, &mut |node, around| {
        let Node::Expr(expr) = node else { return true };
        if let ExprKind::Compare { left, rest } = &expr.kind {
            let mut sides = std::iter::once(&**left).chain(rest.iter().map(|(_, right)| right));
            compares |= sides.any(|side| mentions_amount(fields, &made, side));
        }
        let Some(field) =
            fields.field_of(expr).filter(|field| field.kind == Kind::Json && is_amount(&field.key))
        else {
            return true;
        };
        let into = around.last().and_then(|node| node.expr());
        let calculates = into.is_some_and(|into| matches!(&into.kind, ExprKind::Binary { .. }));
        let is_kept =
            around.iter().rev().take(3).filter_map(|node| node.expr()).filter_map(Expr::call).any(|call| {
                matches!(called_name(&call.callee), Some("execute" | "run"))
                    && call.arguments.iter().any(|given| {
                        given.value.extent.start <= expr.extent.start
                            && expr.extent.end <= given.value.extent.end
                    })
            });
        if (calculates || is_kept) && touched.is_none() && !checked.typed.contains(&field.key) {
            touched = Some((field.key, expr.extent));
        }
        true
    });
    touched.filter(|(key, _)| !compares && !checked.compared.contains(key))
}

fn mentions_amount(fields: &Fields<'_>, made: &[(String, String)], side: &Expr) -> bool {
    let mut found = keys(fields, side).iter().any(|key| is_amount(key));
    crate::facts::nodes::each_in_expr(side, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Name(name), .. }) = node {
            found |= made.iter().any(|(made, key)| made == name.as_str() && is_amount(key));
        }
        !found
    });
    found
}

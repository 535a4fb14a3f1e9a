//! Rounding that is written otherwise than the plan says.

use seaworthy_core::plan::Rounding;

use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, Extent};
use crate::facts::values::{called_name, keyword};
use crate::language::Language;

/// Where something is rounded, and how.
pub(super) struct Rounded {
    /// The call.
    pub(super) place: Extent,
    /// As it is called there, or why nothing is.
    pub(super) written: String,
}

/// A call that rounds to the digits of money in another way than the plan's.
pub(super) fn other_than(file: &SourceFile, expr: &Expr, scale: u32, planned: Rounding) -> Option<Rounded> {
    let call = expr.call()?;
    let digits = call.arguments.first().map(|given| &given.value)?;
    let (is_money, written, default) = match (called_name(&call.callee)?, file.language) {
        // https://docs.python.org/3/library/decimal.html: the context's, which is half-even.
        ("quantize", Language::Python) => {
            let text = file.text_of(digits.extent);
            let ends = format!(".{}1", "0".repeat(scale.saturating_sub(1) as usize));
            let is_money = text.contains(&ends)
                || ["CENT", "SCALE", "PENNY", "cent"].iter().any(|word| text.contains(word));
            (is_money, mode(call, "rounding"), Some(Rounding::HalfEven))
        }
        // decimal.js and big.js: what the class is set to, which may be anywhere.
        ("toDecimalPlaces" | "toDP", Language::JavaScript | Language::TypeScript) => {
            (is_scale(digits, scale), mode(call, ""), None)
        }
        ("round_dp_with_strategy", Language::Rust) => (is_scale(digits, scale), mode(call, ""), None),
        // https://docs.rs/rust_decimal: bankers' rounding.
        ("round_dp", Language::Rust) => (is_scale(digits, scale), None, Some(Rounding::HalfEven)),
        _ => return None,
    };
    if !is_money {
        return None;
    }
    let place = expr.extent;
    match written {
        Some(name) => {
            let found = of_name(name)?;
            (found != planned).then(|| Rounded { place, written: format!("`{name}`") })
        }
        None => (default? != planned).then(|| Rounded {
            place,
            written: "no rounding is said, and without one it is half-even".to_owned(),
        }),
    }
}

fn is_scale(digits: &Expr, scale: u32) -> bool {
    crate::facts::numbers::constant(digits).is_some_and(|number| number == f64::from(scale))
}

/// The name of the way to round that a call is given: the option of this name, else the second argument.
fn mode<'e>(call: &'e Call, option: &str) -> Option<&'e str> {
    let second = || call.arguments.get(1).filter(|given| given.name.is_none()).map(|given| &given.value);
    keyword(&call.arguments, option).or_else(second).and_then(called_name)
}

fn of_name(name: &str) -> Option<Rounding> {
    Some(match name {
        "ROUND_HALF_EVEN" | "MidpointNearestEven" | "BankersRounding" => Rounding::HalfEven,
        "ROUND_HALF_UP" | "MidpointAwayFromZero" | "RoundHalfUp" => Rounding::HalfUp,
        "ROUND_HALF_DOWN" | "MidpointTowardZero" | "RoundHalfDown" => Rounding::HalfDown,
        "ROUND_DOWN" | "ToZero" | "RoundDown" => Rounding::Down,
        "ROUND_UP" | "AwayFromZero" | "RoundUp" => Rounding::Up,
        "ROUND_FLOOR" | "ToNegativeInfinity" => Rounding::Floor,
        "ROUND_CEILING" | "ROUND_CEIL" | "ToPositiveInfinity" => Rounding::Ceiling,
        _ => return None,
    })
}

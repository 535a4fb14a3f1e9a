//! What operators make of values, without looking at anything else.

use super::outside;
use super::value::{Beside, Shape, Value, begins, merge};
use crate::facts::syntax::{BinaryOp, CompareOp, Literal, Text};

/// The shape of a literal.
pub(super) fn literal_shape<'a>(literal: &Literal) -> Shape<'a> {
    match literal {
        Literal::String(text) => Shape::Text(text.clone()),
        Literal::Bytes(bytes) => Shape::Text(Text::from(String::from_utf8_lossy(bytes))),
        Literal::Integer(digits) => digits.parse().map_or(Shape::Unknown, Shape::Number),
        Literal::Boolean(truth) => Shape::Truth(*truth),
        Literal::Null => Shape::Null,
        Literal::Regex { pattern, .. } => Shape::Name(Text::from(format!("regex:{pattern}"))),
        Literal::Float(_) | Literal::Ellipsis => Shape::Unknown,
    }
}

/// Two whole numbers under an operator; `None` for what is no whole number.
pub(super) fn arithmetic(op: BinaryOp, left: i64, right: i64) -> Option<i64> {
    match op {
        BinaryOp::Add => left.checked_add(right),
        BinaryOp::Subtract => left.checked_sub(right),
        BinaryOp::Multiply => left.checked_mul(right),
        // Of a negative divisor the languages make different things.
        BinaryOp::FloorDivide if right > 0 => left.checked_div_euclid(right),
        BinaryOp::Divide if left.checked_rem(right) == Some(0) => left.checked_div(right),
        BinaryOp::Modulo if right > 0 => left.checked_rem_euclid(right),
        BinaryOp::And => Some(left & right),
        BinaryOp::Or => Some(left | right),
        BinaryOp::Xor => Some(left ^ right),
        BinaryOp::Power => u32::try_from(right).ok().and_then(|right| left.checked_pow(right)),
        _ => None,
    }
}

/// How two constants compare; `None` when one is not known.
pub(super) fn compared(op: CompareOp, left: &Value<'_>, right: &Value<'_>) -> Option<bool> {
    let open = |value: &Value<'_>| !value.is_constant() || matches!(value.shape, Shape::Either(_));
    if open(left) || open(right) {
        return None;
    }
    match (op, &left.shape, &right.shape) {
        (CompareOp::Equal | CompareOp::StrictEqual | CompareOp::Is, one, two) => Some(one == two),
        (CompareOp::NotEqual | CompareOp::StrictNotEqual | CompareOp::IsNot, one, two) => Some(one != two),
        (CompareOp::Less, Shape::Number(one), Shape::Number(two)) => Some(one < two),
        (CompareOp::LessOrEqual, Shape::Number(one), Shape::Number(two)) => Some(one <= two),
        (CompareOp::Greater, Shape::Number(one), Shape::Number(two)) => Some(one > two),
        (CompareOp::GreaterOrEqual, Shape::Number(one), Shape::Number(two)) => Some(one >= two),
        (CompareOp::In, Shape::Text(one), Shape::Text(two)) => Some(two.contains(one.as_str())),
        (CompareOp::NotIn, Shape::Text(one), Shape::Text(two)) => Some(!two.contains(one.as_str())),
        (CompareOp::In, _, Shape::List(items)) => Some(items.contains(left)),
        (CompareOp::NotIn, _, Shape::List(items)) => Some(!items.contains(left)),
        _ => None,
    }
}

/// One text after the other.
pub(super) fn joined<'a>(left: &Value<'a>, right: &Value<'a>) -> Value<'a> {
    let shape = match (&left.shape, &right.shape) {
        (Shape::Text(left), Shape::Text(right)) => Shape::Text(Text::from(format!("{left}{right}"))),
        (Shape::Text(left), Shape::Number(right)) => Shape::Text(Text::from(format!("{left}{right}"))),
        (Shape::Text(left), Shape::Begins(right)) => Shape::Begins(Text::from(format!("{left}{right}"))),
        (Shape::Text(left) | Shape::Begins(left), _) if !left.is_empty() => Shape::Begins(left.clone()),
        _ => Shape::Unknown,
    };
    let beside = Beside(
        left.beginning().map_or(0, |text| Beside::of(text).0)
            | right.beginning().map_or(0, |text| Beside::of(text).0),
    );
    let mut taints = left.all_taints();
    let mut after = right.all_taints();
    let ahead = outside::fixed_by(left.beginning().unwrap_or_default());
    after.iter_mut().for_each(|taint| taint.open = taint.open.without(ahead));
    merge(&mut taints, &after);
    let around = taints.iter().fold(beside.0, |around, taint| around | taint.beside.0);
    taints.iter_mut().for_each(|taint| taint.beside = Beside(around));
    taints.retain(|taint| !taint.open.is_empty());
    Value { shape, taints }
}

/// Values put into a text: `"..%s" % x`, `"..{}".format(x)`.
pub(super) fn formatted<'a>(pattern: &Value<'a>, values: &[&Value<'a>]) -> Value<'a> {
    let text = pattern.beginning().unwrap_or_default();
    let ahead = text.split(['%', '{']).next().unwrap_or_default();
    let whole = joined(&Value { shape: begins(ahead), taints: Vec::new() }, &Value::made_of(values));
    let mut whole = joined(&whole, &Value { shape: Shape::Unknown, taints: pattern.taints.clone() });
    let beside = Beside::of(text);
    whole.taints.iter_mut().for_each(|taint| taint.beside = Beside(taint.beside.0 | beside.0));
    // `%d` and `{:d}` take numbers only.
    let all_numbers = text.contains('%')
        && text.split('%').skip(1).all(|rest| rest.starts_with(['d', 'i', 'f', 'x', '%']) || rest.is_empty());
    if all_numbers && !text.contains('{') { Value { shape: whole.shape, taints: Vec::new() } } else { whole }
}

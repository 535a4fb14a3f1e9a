//! Numbers that the program's text says: literals, and what is calculated from them.

use super::syntax::{BinaryOp, Expr, ExprKind, Literal, UnaryOp};

/// The value of an expression of literals: `-5 * 60 * 60 * 1000`.
pub fn constant(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Literal(Literal::Integer(digits) | Literal::Float(digits)) => digits.parse().ok(),
        ExprKind::Unary { op: UnaryOp::Minus, value } => Some(-constant(value)?),
        ExprKind::Binary { op, left, right } => {
            let (left, right) = (constant(left)?, constant(right)?);
            match op {
                BinaryOp::Add => Some(left + right),
                BinaryOp::Subtract => Some(left - right),
                BinaryOp::Multiply => Some(left * right),
                BinaryOp::Divide => Some(left / right),
                _ => None,
            }
        }
        ExprKind::Cast { value, .. } => constant(value),
        _ => None,
    }
}

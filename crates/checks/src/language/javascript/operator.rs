//! JavaScript's operators.

use oxc_ast::ast::{AssignmentOperator, BinaryOperator, LogicalOperator, UnaryOperator};

use crate::facts::syntax::{BinaryOp, CompareOp, LogicalOp, UnaryOp};

/// What an operator of two operands is.
pub(super) enum Two {
    Arithmetic(BinaryOp),
    Comparison(CompareOp),
}

pub(super) fn two(op: BinaryOperator) -> Two {
    match op {
        BinaryOperator::Equality => Two::Comparison(CompareOp::Equal),
        BinaryOperator::Inequality => Two::Comparison(CompareOp::NotEqual),
        BinaryOperator::StrictEquality => Two::Comparison(CompareOp::StrictEqual),
        BinaryOperator::StrictInequality => Two::Comparison(CompareOp::StrictNotEqual),
        BinaryOperator::LessThan => Two::Comparison(CompareOp::Less),
        BinaryOperator::LessEqualThan => Two::Comparison(CompareOp::LessOrEqual),
        BinaryOperator::GreaterThan => Two::Comparison(CompareOp::Greater),
        BinaryOperator::GreaterEqualThan => Two::Comparison(CompareOp::GreaterOrEqual),
        BinaryOperator::In => Two::Comparison(CompareOp::In),
        BinaryOperator::Instanceof => Two::Comparison(CompareOp::InstanceOf),
        BinaryOperator::Addition => Two::Arithmetic(BinaryOp::Add),
        BinaryOperator::Subtraction => Two::Arithmetic(BinaryOp::Subtract),
        BinaryOperator::Multiplication => Two::Arithmetic(BinaryOp::Multiply),
        BinaryOperator::Division => Two::Arithmetic(BinaryOp::Divide),
        BinaryOperator::Remainder => Two::Arithmetic(BinaryOp::Modulo),
        BinaryOperator::Exponential => Two::Arithmetic(BinaryOp::Power),
        BinaryOperator::ShiftLeft => Two::Arithmetic(BinaryOp::ShiftLeft),
        BinaryOperator::ShiftRight => Two::Arithmetic(BinaryOp::ShiftRight),
        BinaryOperator::ShiftRightZeroFill => Two::Arithmetic(BinaryOp::ShiftRightUnsigned),
        BinaryOperator::BitwiseOR => Two::Arithmetic(BinaryOp::Or),
        BinaryOperator::BitwiseXOR => Two::Arithmetic(BinaryOp::Xor),
        BinaryOperator::BitwiseAnd => Two::Arithmetic(BinaryOp::And),
    }
}

pub(super) fn logical(op: LogicalOperator) -> LogicalOp {
    match op {
        LogicalOperator::Or => LogicalOp::Or,
        LogicalOperator::And => LogicalOp::And,
        LogicalOperator::Coalesce => LogicalOp::Coalesce,
    }
}

pub(super) fn assignment(op: AssignmentOperator) -> Option<BinaryOp> {
    Some(match op {
        AssignmentOperator::Assign => return None,
        AssignmentOperator::Addition => BinaryOp::Add,
        AssignmentOperator::Subtraction => BinaryOp::Subtract,
        AssignmentOperator::Multiplication => BinaryOp::Multiply,
        AssignmentOperator::Division => BinaryOp::Divide,
        AssignmentOperator::Remainder => BinaryOp::Modulo,
        AssignmentOperator::Exponential => BinaryOp::Power,
        AssignmentOperator::ShiftLeft => BinaryOp::ShiftLeft,
        AssignmentOperator::ShiftRight => BinaryOp::ShiftRight,
        AssignmentOperator::ShiftRightZeroFill => BinaryOp::ShiftRightUnsigned,
        AssignmentOperator::BitwiseOR => BinaryOp::Or,
        AssignmentOperator::BitwiseXOR => BinaryOp::Xor,
        AssignmentOperator::BitwiseAnd => BinaryOp::And,
        AssignmentOperator::LogicalOr => BinaryOp::Logical(LogicalOp::Or),
        AssignmentOperator::LogicalAnd => BinaryOp::Logical(LogicalOp::And),
        AssignmentOperator::LogicalNullish => BinaryOp::Logical(LogicalOp::Coalesce),
    })
}

pub(super) fn one(op: UnaryOperator) -> UnaryOp {
    match op {
        UnaryOperator::UnaryPlus => UnaryOp::Plus,
        UnaryOperator::UnaryNegation => UnaryOp::Minus,
        UnaryOperator::LogicalNot => UnaryOp::Not,
        UnaryOperator::BitwiseNot => UnaryOp::Invert,
        UnaryOperator::Typeof => UnaryOp::TypeOf,
        UnaryOperator::Void => UnaryOp::Void,
        UnaryOperator::Delete => UnaryOp::Delete,
    }
}

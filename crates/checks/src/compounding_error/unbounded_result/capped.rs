//! Whether something holds the number of rows that a request names within bounds.

use super::asked::Asked;
use crate::context::Context;
use crate::database::Trace;
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::syntax::{Call, CompareOp, Expr, ExprKind, Literal};
use crate::facts::values::called_name;
use crate::framework::Framework;

/// Which bounds there are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    pub(super) above: bool,
    pub(super) below: bool,
}

impl Bounds {
    const BOTH: Self = Self { above: true, below: true };
}

/// The bounds that are anywhere on the way.
pub(super) fn bounds(context: &Context<'_>, trace: &Trace<'_>, asked: &Asked<'_>) -> Bounds {
    let mut bounds = schema(context, trace, asked);
    for (file, function) in &trace.functions {
        each_in_body(&function.body, &mut |node, _| {
            if let Node::Expr(expr) = node {
                look(expr, asked, *file, &mut bounds);
            }
            true
        });
    }
    bounds
}

/// Whether an expression mentions the number: where it is read, what it is bound to, or a name like it elsewhere.
fn mentions(expr: &Expr, asked: &Asked<'_>, file: usize) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        if let Node::Expr(inner) = node {
            found |= match &inner.kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => asked.bound.contains(&name.as_str()),
                _ => file == asked.file && inner.extent == asked.extent,
            };
        }
        !found
    });
    found
}

fn look(expr: &Expr, asked: &Asked<'_>, file: usize, bounds: &mut Bounds) {
    match &expr.kind {
        ExprKind::Call(call) => look_at_call(call, asked, file, bounds),
        ExprKind::Compare { left, rest } => {
            let mut before: &Expr = left;
            for (op, right) in rest {
                for (this, other, op) in [(before, right, *op), (right, before, turned(*op))] {
                    if mentions(this, asked, file) {
                        compared(op, other, bounds);
                    }
                }
                before = right;
            }
        }
        _ => {}
    }
}

/// `limit > 100`, `limit < 1`, `1 <= limit <= MAX`, `limit in (10, 20)`.
fn compared(op: CompareOp, other: &Expr, bounds: &mut Bounds) {
    use CompareOp::{Greater, GreaterOrEqual, In, Less, LessOrEqual};
    if op == In {
        *bounds = Bounds::BOTH;
    }
    if !matches!(op, Less | LessOrEqual | Greater | GreaterOrEqual) {
        return;
    }
    let small = match &other.kind {
        ExprKind::Literal(Literal::Integer(number)) => number == "0" || number == "1",
        _ => false,
    };
    if small {
        bounds.below = true;
    } else {
        bounds.above = true;
    }
}

fn turned(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessOrEqual => CompareOp::GreaterOrEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterOrEqual => CompareOp::LessOrEqual,
        // What is `in` the number is another question.
        CompareOp::In => CompareOp::NotIn,
        other => other,
    }
}

fn look_at_call(call: &Call, asked: &Asked<'_>, file: usize, bounds: &mut Bounds) {
    let ours = call.arguments.iter().any(|argument| mentions(&argument.value, asked, file));
    if !ours {
        return;
    }
    let name = called_name(&call.callee).unwrap_or_default();
    match name {
        "min" => bounds.above = true,
        "max" | "abs" => bounds.below = true,
        _ => {}
    }
    // A function of somebody else that is named for it holds both.
    let lower = name.to_lowercase();
    if ["clamp", "bound", "valid", "sanitize", "parse_limit", "parselimit", "paginat", "safeparse", "coerce"]
        .iter()
        .any(|word| lower.contains(word))
    {
        *bounds = Bounds::BOTH;
    }
}

/// What a schema or the declaration of the parameter says.
fn schema(context: &Context<'_>, trace: &Trace<'_>, asked: &Asked<'_>) -> Bounds {
    if trace.handler.framework == Framework::FastApi {
        let parameter =
            trace.handler.function.parameters.iter().find(
                |parameter| matches!(&parameter.pattern.kind, ExprKind::Name(name) if name == asked.name),
            );
        if let Some(parameter) = parameter {
            let says = |names: &[&str]| {
                let parts = parameter.default.iter().chain(&parameter.annotation);
                let mut found = false;
                for part in parts {
                    each_in_expr(part, &mut |node, _| {
                        if let Some(call) = node.expr().and_then(Expr::call) {
                            found |= call.arguments.iter().any(|argument| {
                                argument.name.as_deref().is_some_and(|name| names.contains(&name))
                            });
                        }
                        true
                    });
                }
                found
            };
            // A type of its own (`PageSize`) may have bounds.
            let own = parameter
                .annotation
                .as_ref()
                .is_some_and(|annotation| matches!(&annotation.kind, ExprKind::Name(name) if name != "int"));
            return Bounds { above: own || says(&["le", "lt"]), below: own || says(&["ge", "gt"]) };
        }
    }
    let mut bounds = Bounds::default();
    for guard in &trace.handler.guards {
        let Some(file) = context.files.get(guard.file) else { continue };
        let text = file.text_of(guard.expr.extent);
        if guard.option == Some("schema") {
            bounds.above |= text.contains("maximum") || !text.contains('{');
            bounds.below |= text.contains("minimum") || !text.contains('{');
        } else if text.to_lowercase().contains("valid") || text.contains("limit\"") || text.contains("limit'")
        {
            return Bounds::BOTH;
        }
    }
    bounds
}

//! The whole body of a request, and what keeps it to a list of fields.

use crate::facts::nodes::{Around, Node, each_in_body, enclosing_function};
use crate::facts::passwords::last_name;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Parameter, Stmt, StmtKind, UnaryOp};
use crate::facts::values::{Bound, FileValues, called_name};

/// Steps from name to name that are followed.
const STEPS: u32 = 5;

/// Whether an expression is all of what a request brought as its body, and of no schema.
pub(super) fn is_whole_body<'a>(
    _: &SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
) -> bool {
    is_whole(values, expr, around)
}

/// The same.
pub(super) fn is_whole<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>) -> bool {
    whole(values, expr, around, STEPS)
}

fn whole<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>, steps: u32) -> bool {
    let Some(left) = steps.checked_sub(1) else { return false };
    match &expr.kind {
        ExprKind::Name(name) => {
            let bound = values.bound(name, around);
            !bound.is_empty()
                && bound.iter().all(|one| match one {
                    Bound::To(value) => whole(values, value, around, left),
                    Bound::Parameter(parameter) => is_free_body(parameter, around),
                    // `const { body } = req`
                    Bound::PartOf(value) => name == "body" && is_request(value),
                    Bound::Updated(..) => false,
                })
        }
        ExprKind::Member { object, name, .. } => {
            matches!(name.as_str(), "body" | "json" | "form" | "POST" | "data") && is_request(object)
        }
        ExprKind::Await(value) | ExprKind::Cast { value, .. } | ExprKind::Spread(value) => {
            whole(values, value, around, left)
        }
        // `req.body || {}`
        ExprKind::Logical { left: value, .. } => whole(values, value, around, left),
        ExprKind::Record { entries, .. } => match entries.as_slice() {
            [(None, value)] => whole(values, value, around, left),
            _ => false,
        },
        ExprKind::Call(call) => match (&call.callee.kind, called_name(&call.callee)) {
            (ExprKind::Member { object, .. }, Some("get_json" | "json")) => is_request(object),
            (ExprKind::Member { object, .. }, Some("to_dict" | "copy")) => {
                whole(values, object, around, left)
            }
            (_, Some("dict")) => {
                call.arguments.first().is_some_and(|given| whole(values, &given.value, around, left))
            }
            (_, Some("loads")) => {
                call.arguments.first().is_some_and(|given| whole(values, &given.value, around, left))
            }
            _ => false,
        },
        _ => false,
    }
}

fn is_request(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => matches!(name.as_str(), "req" | "request"),
        // `ctx.request.body`, `self.request.data`
        ExprKind::Member { name, .. } => name == "request",
        _ => false,
    }
}

/// A parameter of FastAPI that takes any object: `body: dict`, `payload: dict[str, Any] = Body(...)`.
fn is_free_body(parameter: &Parameter, around: Around<'_, '_>) -> bool {
    let Some(annotation) = &parameter.annotation else { return false };
    let name = match &annotation.kind {
        ExprKind::Index { object, .. } => called_name(object),
        _ => called_name(annotation),
    };
    let registered = around.iter().rev().find_map(|node| node.function()).is_some_and(|function| {
        function.decorators.iter().any(|decorator| {
            decorator
                .call()
                .and_then(|call| called_name(&call.callee))
                .is_some_and(|name| matches!(name, "post" | "put" | "patch"))
        })
    });
    registered && matches!(name, Some("dict" | "Dict"))
}

/// The fields that the function around takes out by name: `delete req.body.role`, `del data["role"]`, `data.pop("role", None)`.
pub(super) fn removed_fields<'a>(around: Around<'a, '_>) -> Vec<&'a str> {
    let mut found = Vec::new();
    let Some(function) = enclosing_function(around) else { return found };
    each_in_body(&function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Delete(items), .. }) => {
                found.extend(items.iter().filter_map(last_name));
            }
            Node::Expr(Expr { kind: ExprKind::Unary { op: UnaryOp::Delete, value }, .. }) => {
                found.extend(last_name(value));
            }
            Node::Expr(Expr { kind: ExprKind::Call(call), .. })
                if called_name(&call.callee) == Some("pop") =>
            {
                found.extend(call.arguments.first().and_then(|given| given.value.string()));
            }
            _ => {}
        }
        true
    });
    found
}

/// Whether the function around asks which keys a body has, so that others are refused.
pub(super) fn is_listed<'a>(file: &SourceFile, values: &mut FileValues<'a>, around: Around<'a, '_>) -> bool {
    let Some(function) = around.iter().rev().find_map(|node| {
        node.function().filter(|function| !function.parameters.is_empty() || !function.name.is_empty())
    }) else {
        return false;
    };
    let mut listed = false;
    let mut keyed: Vec<(&'a Expr, Vec<Node<'a>>)> = Vec::new();
    each_in_body(&function.body, &mut |node, inner| {
        let Node::Expr(expr) = node else { return true };
        match &expr.kind {
            // `Object.keys(req.body).every((key) => ALLOWED.includes(key))`, `set(data) <= ALLOWED`, `set(data) - ALLOWED`
            ExprKind::Call(call)
                if matches!(called_name(&call.callee), Some("keys" | "set" | "issubset" | "difference")) =>
            {
                keyed.extend(call.arguments.iter().map(|given| (&given.value, inner.to_vec())));
            }
            _ => {}
        }
        true
    });
    for (given, inner) in keyed {
        let mut all = around.to_vec();
        all.extend_from_slice(&inner);
        let asked = inner.iter().any(|node| match node.expr().map(|expr| &expr.kind) {
            Some(ExprKind::Call(call)) => matches!(
                called_name(&call.callee),
                Some("every" | "some" | "filter" | "find" | "issubset" | "difference")
            ),
            Some(ExprKind::Binary { .. }) => true,
            Some(ExprKind::Compare { rest, .. }) => rest.iter().any(|(op, _)| {
                matches!(
                    op,
                    CompareOp::LessOrEqual | CompareOp::Less | CompareOp::Greater | CompareOp::GreaterOrEqual
                )
            }),
            _ => false,
        });
        listed |= asked && is_whole(values, given, &all);
    }
    let text = function.body.first().zip(function.body.last()).map(|(first, last)| {
        file.text_of(crate::facts::syntax::Extent { start: first.extent.start, end: last.extent.end })
    });
    listed
        || text.is_some_and(|text| {
            ["additionalProperties", "matchedData(", ".validate(req", "validationResult("]
                .iter()
                .any(|word| text.contains(word))
        })
}

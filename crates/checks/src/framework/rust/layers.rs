//! What a layer of tower or a middleware of actix-web is made of: which function of the project refuses.

use crate::facts::syntax::{Expr, ExprKind, Function};
use crate::facts::values::called_name;
use crate::framework::project::{FunctionAt, STEPS};
use crate::framework::routing::Routing;
use crate::framework::web::{Guard, Reach};

/// Names that are followed to what they stand for.
const NAMES: usize = 4;

/// What makes a layer of a function: `middleware::from_fn(f)`, `from_fn_with_state(state, f)`, `HttpAuthentication::bearer(f)`.
const OF_FUNCTION: &[&str] =
    &["from_fn", "from_fn_with_state", "map_request", "map_request_with_state", "bearer", "basic", "with_fn"];

/// The guards that an expression stands for, outermost first.
pub(super) fn layers<'a>(
    routing: &Routing<'a>,
    place: (usize, &[&'a Function]),
    layer: &'a Expr,
    reach: Reach,
) -> Vec<Guard<'a>> {
    let mut found = Vec::new();
    read(routing, place, layer, reach, NAMES, &mut found);
    found
}

fn read<'a>(
    routing: &Routing<'a>,
    (at, within): (usize, &[&'a Function]),
    layer: &'a Expr,
    reach: Reach,
    names: usize,
    found: &mut Vec<Guard<'a>>,
) {
    let project = routing.project;
    let function_of = |expr: &'a Expr| project.function_within(at, within, expr, STEPS);
    let mut push = |expr: &'a Expr, function: Option<FunctionAt<'a>>| {
        found.push(Guard { file: at, expr, option: None, function, reach });
    };
    match &layer.kind {
        // A tuple of layers, and what may be absent.
        ExprKind::Sequence { items, .. } => {
            items.iter().for_each(|item| read(routing, (at, within), item, reach, names, found));
        }
        ExprKind::Name(_) => {
            let origins = project.origins(at, within, layer, STEPS);
            match (origins.as_slice(), names.checked_sub(1)) {
                ([(file, within, made)], Some(left)) if !std::ptr::eq(*made, layer) => {
                    read(routing, (*file, within), made, reach, left, found);
                }
                _ => push(layer, function_of(layer)),
            }
        }
        ExprKind::Call(call) => {
            let name = called_name(&call.callee).unwrap_or_default();
            let last = call.arguments.last().map(|given| &given.value);
            match (name, &call.callee.kind, last) {
                // `ServiceBuilder::new().layer(a).layer(b)`: what is added first stands outermost.
                ("layer", ExprKind::Member { object, .. }, Some(inner)) => {
                    read(routing, (at, within), object, reach, names, found);
                    read(routing, (at, within), inner, reach, names, found);
                }
                ("new", ExprKind::Member { object, .. }, None)
                    if called_name(object) == Some("ServiceBuilder") => {}
                // actix-web's `Condition::new(enabled, inner)`.
                ("new", ExprKind::Member { object, .. }, Some(inner))
                    if called_name(object) == Some("Condition") =>
                {
                    read(routing, (at, within), inner, reach, names, found);
                }
                (name, _, Some(inner)) if OF_FUNCTION.contains(&name) => match function_of(inner) {
                    Some(function) if name.starts_with("from_fn") => push(inner, Some(function)),
                    function => push(layer, function),
                },
                _ => push(layer, None),
            }
        }
        _ => push(layer, None),
    }
}

//! API routes: the function that a file of `pages/api` gives out, which is asked for by every method
//! (<https://nextjs.org/docs/pages/building-your-application/routing/api-routes>).

use seaworthy_core::surface::{InputPlace, Route};

use super::super::express;
use super::super::path;
use super::super::routing::{Answering, Framework, Routing, handler};
use super::super::web::Guard;
use super::wrapped;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Extent, Function, Stmt, StmtKind};

/// `export default function handler(req, res)`.
pub(super) fn read<'a>(routing: &mut Routing<'a>, at: usize, path: &str, before: &[Guard<'a>]) {
    let pattern = path::starlette(path);
    let Some(place) = routing.project.exported_default(at) else {
        return routing.unread(at, Extent::default(), "what this API route gives out could not be read");
    };
    let found = wrapped(routing.project, &place);
    let function = found.function;
    if found.is_unclear {
        let why = "what makes the function that answers here could not be followed";
        routing.unread(at, Extent::default(), why);
    }
    let mut inputs = pattern.inputs;
    let read = function.map(|function| express::inputs_of(routing.project, function)).unwrap_or_default();
    let in_path: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
    // The values of the path are in `req.query`.
    inputs.extend(
        read.into_iter().filter(|input| input.place != InputPlace::Query || !in_path.contains(&input.name)),
    );
    let extent =
        function.filter(|(of, _)| *of == at).map_or(Extent::default(), |(_, function)| function.name_extent);
    for method in function.map_or_else(|| vec!["*".to_owned()], |(_, function)| compared(function)) {
        let route = Route {
            method,
            path: pattern.path.clone(),
            handler: handler(routing.project, function),
            inputs: inputs.clone(),
        };
        let guards = [before, &found.guards].concat();
        routing.answered(Framework::NextJs, (at, extent), route, Answering { function, guards });
    }
}

/// The methods that a function compares `req.method` with; any when it does not.
fn compared(function: &Function) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    each_in_body(&function.body, &mut |node, _| {
        match node {
            Node::Expr(Expr { kind: ExprKind::Compare { left, rest }, .. }) => {
                if let [(op, right)] = rest.as_slice()
                    && is_equality(*op)
                    && is_method(left)
                {
                    found.extend(right.string().map(str::to_owned));
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Match { value, arms }, .. }) if is_method(value) => {
                found.extend(arms.iter().filter_map(|arm| arm.pattern.as_ref()?.string().map(str::to_owned)));
            }
            _ => {}
        }
        true
    });
    found.retain(|method| !matches!(method.as_str(), "HEAD" | "OPTIONS"));
    found.sort();
    found.dedup();
    if found.is_empty() { vec!["*".to_owned()] } else { found }
}

fn is_method(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Member { name, .. } | ExprKind::Name(name) => name == "method",
        _ => false,
    }
}

fn is_equality(op: CompareOp) -> bool {
    matches!(op, CompareOp::Equal | CompareOp::StrictEqual | CompareOp::NotEqual | CompareOp::StrictNotEqual)
}

//! Server actions: they have no path, and what says which row is meant is among what they are given.

use super::identity::pattern_names;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Expr, ExprKind};
use crate::facts::values::called_name;
use crate::facts::words::has_word;
use crate::framework::caller;
use crate::framework::web::Handler;

/// Whether a handler is one.
pub(super) fn is_action(handler: &Handler<'_>) -> bool {
    handler.path.starts_with('#')
}

/// The names of what an action is given: its parameters, and the parts of them that it reads by name (`form.get("id")`, `input.id`).
pub(super) fn given(handler: &Handler<'_>) -> Vec<String> {
    let parameters = handler.function.parameters.iter();
    let mut names: Vec<String> = parameters.flat_map(|parameter| pattern_names(&parameter.pattern)).collect();
    let mut parts = Vec::new();
    each_in_body(&handler.function.body, &mut |node, _| {
        let of_parameter =
            |object: &Expr| called_name(object).is_some_and(|of| names.iter().any(|name| name == of));
        if let Node::Expr(Expr { kind: ExprKind::Member { object, name, .. }, .. }) = node
            && of_parameter(object)
        {
            parts.push(name.to_string());
        }
        if let Some(call) = node.expr().and_then(Expr::call)
            && let ExprKind::Member { object, name, .. } = &call.callee.kind
            && name == "get"
            && of_parameter(object)
        {
            parts.extend(call.arguments.first().and_then(|first| first.value.string()).map(str::to_owned));
        }
        true
    });
    names.append(&mut parts);
    // What is put around it may give it who is calling.
    names.retain(|name| handler.guards.is_empty() || !caller::is_named_for_asking(name));
    names
}

/// Whether what is given by this name says which row is meant.
pub(super) fn names_row(name: &str) -> bool {
    has_word(name, &["id", "ids", "uuid", "pk"])
}

//! Which variables of the environment a program reads, and which it cannot do without.

use std::collections::BTreeMap;

use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Literal};

/// The variables that a file reads, each with whether it fails without it: `os.environ["X"]` does, `os.environ.get("X")` and
/// `process.env.X` do not by themselves.
pub(super) fn read(file: &SourceFile, variables: &mut BTreeMap<String, bool>) {
    each_node(&file.syntax, &mut |node, _| {
        let Node::Expr(expr) = node else { return true };
        if let Some((name, required)) = variable(file, expr) {
            *variables.entry(name).or_default() |= required;
        }
        true
    });
}

fn variable(file: &SourceFile, expr: &Expr) -> Option<(String, bool)> {
    match &expr.kind {
        ExprKind::Index { object, index } if file.resolve(object)? == "os.environ" => {
            Some((index.string()?.to_owned(), true))
        }
        ExprKind::Member { object, name, .. } if object.dotted()? == "process.env" => {
            Some((name.to_string(), false))
        }
        ExprKind::Call(call) => {
            let name = call.arguments.first().and_then(|argument| match &argument.value.kind {
                ExprKind::Literal(Literal::String(name)) => Some(name.to_string()),
                _ => None,
            })?;
            let callee = file.resolve(&call.callee).or_else(|| call.callee.dotted())?;
            let reads = matches!(
                callee.as_str(),
                "os.environ.get" | "os.getenv" | "std.env.var" | "env.var" | "std.env.var_os"
            );
            reads.then_some((name, false))
        }
        _ => None,
    }
}

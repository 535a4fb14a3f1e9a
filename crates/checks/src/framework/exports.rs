//! What a script gives out, by the name that it has outside.

use std::collections::HashMap;

use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Stmt, StmtKind};

/// What a script gives out: `module.exports = x`, `exports.a = x`, `module.exports = {a}`, `export default x`, `export {x as a}`.
pub(super) fn exports(file: &SourceFile) -> HashMap<String, String> {
    let mut found = HashMap::new();
    each_node(&file.syntax, &mut |node, around| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Export(names), .. }) => {
                for name in names {
                    let outside = name.alias.as_ref().unwrap_or(&name.name);
                    found.insert(outside.to_string(), name.name.to_string());
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                for (target, value) in assign.targets.iter().zip(std::iter::repeat(&assign.value)) {
                    value.iter().for_each(|value| export(target, value, around, &mut found));
                }
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, op: None, value }, .. }) => {
                export(target, value, around, &mut found);
            }
            _ => {}
        }
        true
    });
    // `export default function f` is called `f` here.
    if !found.contains_key("default") {
        for stmt in &file.syntax.body {
            let StmtKind::Function(function) = &stmt.kind else { continue };
            if file.text_of(stmt.extent).starts_with("export default") && function.name != "default" {
                found.insert("default".to_owned(), function.name.to_string());
            }
        }
    }
    found
}

/// The value of `a = b = value`.
fn innermost(value: &Expr) -> &Expr {
    match &value.kind {
        ExprKind::Assign { value, .. } | ExprKind::Cast { value, .. } => innermost(value),
        _ => value,
    }
}

fn export(target: &Expr, value: &Expr, around: Around<'_, '_>, found: &mut HashMap<String, String>) {
    let Some(target) = target.dotted() else { return };
    // `const app = module.exports = express()` is known as `app`.
    let also = match around.last() {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => {
            assign.targets.first().and_then(Expr::dotted).filter(|name| !name.contains("exports"))
        }
        _ => None,
    };
    let local = also.or_else(|| innermost(value).dotted()).unwrap_or_else(|| target.clone());
    if target == "module.exports" || target == "default" {
        found.insert("default".to_owned(), local);
        if let ExprKind::Record { entries, .. } = &value.kind {
            for (key, value) in entries {
                if let (Some(key), Some(local)) = (key.as_ref().and_then(Expr::string), value.dotted()) {
                    found.insert(key.to_owned(), local);
                }
            }
        }
    } else if let Some(name) =
        target.strip_prefix("module.exports.").or_else(|| target.strip_prefix("exports."))
    {
        found.insert(name.to_owned(), local);
    }
}

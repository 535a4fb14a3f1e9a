//! Whether the program tells its own pages' requests from those of others.

use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::syntax::{Expr, ExprKind};

/// Signs of it in names and texts, in lower case and without `-` and `_`.
const SIGNS: &[&str] = &["csrf", "xsrf", "secfetchsite", "xrequestedwith", "antiforgery"];

/// Whether some file that runs knows a CSRF token, where a request comes from, or a header that forms cannot have. Comments do not count. Where
/// it is there, it is taken to stand before everything.
pub(super) fn somewhere(context: &Context<'_>) -> bool {
    let says = |text: &str| {
        if text.len() > 200 {
            return false;
        }
        let plain: String =
            text.chars().filter(|c| *c != '-' && *c != '_').flat_map(char::to_lowercase).collect();
        SIGNS.iter().any(|sign| plain.contains(sign))
            || matches!(plain.as_str(), "origin" | "referer" | "lusca")
    };
    context.files.iter().filter(|file| !file.is_test).any(|file| {
        let imported = file.imports.iter().any(|fact| says(&fact.import.module));
        let mut found = imported;
        if !found && may_say(&file.text) {
            each_node(&file.syntax, &mut |node, around| {
                found |= match node {
                    // `origin` of `cors({ origin })` says who may read answers, not who may send.
                    Node::Expr(Expr { kind: ExprKind::Member { name, .. }, .. }) => says(name),
                    Node::Expr(Expr { kind: ExprKind::Name(name), .. }) => name != "origin" && says(name),
                    Node::Expr(expr) => expr.string().is_some_and(|text| {
                        let is_key = matches!(
                            around.last(),
                            Some(Node::Expr(Expr { kind: ExprKind::Record { .. }, .. }))
                        );
                        says(text) && !(is_key && text == "origin")
                    }),
                    _ => node.function().is_some_and(|function| says(&function.name)),
                };
                !found
            });
        }
        found
    })
}

/// A cheap first look.
fn may_say(text: &str) -> bool {
    ["csrf", "CSRF", "Csrf", "xsrf", "XSRF", "Xsrf", "rigin", "eferer", "etch-", "equested-", "ntiforgery"]
        .iter()
        .any(|sign| text.contains(sign))
}

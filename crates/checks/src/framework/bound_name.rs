//! What functions and values are called where they are bound.

use crate::facts::nodes::{Around, Node};
use crate::facts::syntax::{Call, Declares, Expr, ExprKind, Function, Stmt, StmtKind};

/// The name that a function has or is bound to, and what it is handed to on the way: `list` of `const list = wrap(async () => ..)`,
/// `users.list` of `const users = { list: async () => .. }`; a member of `module.exports` by its own name.
pub(super) fn function_name<'a>(
    node: Node<'a>,
    function: &Function,
    around: Around<'a, '_>,
) -> (String, Option<&'a Call>) {
    let own = function.name.to_string();
    let Node::Expr(mut child) = node else { return (own, None) };
    let (mut keys, mut wrapper): (_, Option<&'a Call>) = (Vec::new(), None);
    for outer in around.iter().rev() {
        let target = match outer {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => assign.targets.first(),
            Node::Expr(outer) => match &outer.kind {
                ExprKind::Assign { target, .. } => Some(&**target),
                ExprKind::Call(call)
                    if keys.is_empty()
                        && call.arguments.iter().any(|argument| std::ptr::eq(&argument.value, child)) =>
                {
                    wrapper = wrapper.or(Some(&**call));
                    child = outer;
                    continue;
                }
                ExprKind::Record { entries, .. } => {
                    let key = entries.iter().find(|(_, value)| std::ptr::eq(value, child));
                    let key = key.and_then(|(key, _)| key.as_ref()?.string());
                    let Some(key) = key else { return (own, wrapper) };
                    keys.push(key);
                    child = outer;
                    continue;
                }
                ExprKind::Await(_) | ExprKind::Cast { .. } => {
                    child = outer;
                    continue;
                }
                _ => None,
            },
            _ => None,
        };
        let Some(target) = target.and_then(Expr::dotted) else { return (own, wrapper) };
        if target != "module.exports" || keys.is_empty() {
            keys.push(&target);
            keys.reverse();
            return (keys.join("."), wrapper);
        }
        keys.reverse();
        return (keys.join("."), wrapper);
    }
    (own, wrapper)
}

/// What is assigned to a member: `module.exports = x`, `this.app = x`; the field of a class is a member of `this`.
pub(super) fn assigned_member<'a>(node: Node<'a>, around: Around<'a, '_>) -> Option<(String, &'a Expr)> {
    let (target, value) = match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
            let (target, value) = (assign.targets.first()?, assign.value.as_ref()?);
            if assign.declares == Declares::Field
                && matches!(around.last(), Some(node) if node.class().is_some())
            {
                return Some((format!("this.{}", target.dotted()?), value));
            }
            (target, value)
        }
        Node::Expr(Expr { kind: ExprKind::Assign { target, op: None, value }, .. }) => (&**target, &**value),
        _ => return None,
    };
    matches!(target.kind, ExprKind::Member { .. }).then_some(())?;
    Some((target.dotted()?, value))
}

//! Whose password a change of an object is: how the object was looked up.

use super::evidence::{PROOF, WHO, each_in_step};
use crate::facts::nodes::{Around, Node, each_in_expr};
use crate::facts::passwords::{last_name, mentions};
use crate::facts::request::sends_mail;
use crate::facts::sent::{Sent, sent, value_of};
use crate::facts::source::SourceFile;
use crate::facts::stored::{How, stored};
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Literal, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name};
use crate::facts::words::{has_word, words};
use crate::framework::conduct::Step;

/// The object whose password a node sets, and the new value: `user.password = ..`, `user.set_password(..)`, `user.update({ password: .. })`.
pub(super) fn set_on<'a>(node: Node<'a>) -> Option<(&'a Expr, &'a Expr)> {
    let of = |target: &'a Expr| match &target.kind {
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => Some(&**object),
        _ => None,
    };
    let (object, value) = match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
            (of(assign.targets.first()?)?, assign.value.as_ref()?)
        }
        Node::Expr(Expr { kind: ExprKind::Assign { target, value, .. }, .. }) => (of(target)?, &**value),
        Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
            (of(&call.callee)?, &call.arguments.first()?.value)
        }
        _ => return None,
    };
    matches!(object.kind, ExprKind::Name(_)).then_some((object, value))
}

/// Whether an object is the one that the request names, and its new password is the one that the request brings.
pub(super) fn is_chosen_by_request<'a>(
    file: &'a SourceFile,
    values: &mut FileValues<'a>,
    (object, value): (&'a Expr, &'a Expr),
    around: Around<'a, '_>,
) -> bool {
    let brought = values.origins(value, around).into_iter().any(|origin| {
        let mut found = false;
        each_in_expr(origin, &mut |node, _| {
            found |= node.expr().is_some_and(|expr| sent(values, expr, around) == Some(Sent::Request));
            !found
        });
        found
    });
    let mut looked_up = values.origins(object, around);
    looked_up.retain(|origin| !matches!(origin.kind, ExprKind::Literal(Literal::Null)));
    brought
        && !looked_up.is_empty()
        && looked_up.into_iter().all(|origin| is_by_request(file, values, origin, around))
}

/// Whether a look-up compares what tells accounts apart with what the request says, and no proof.
fn is_by_request<'a>(
    file: &'a SourceFile,
    values: &mut FileValues<'a>,
    lookup: &'a Expr,
    around: Around<'a, '_>,
) -> bool {
    let (mut by_request, mut by_proof) = (false, false);
    each_in_expr(lookup, &mut |node, _| {
        for field in stored(file, values, node, around).iter().filter(|field| field.how == How::Compared) {
            by_proof |= has_word(&field.name, PROOF);
            by_request |= has_word(&field.name, WHO)
                && value_of(field).is_some_and(|value| sent(values, value, around) == Some(Sent::Request));
        }
        match node {
            // `User.email == data["email"]`, `users.find((user) => user.email === email)`.
            Node::Expr(Expr { kind: ExprKind::Compare { left, rest }, .. }) => {
                if let [(CompareOp::Equal | CompareOp::StrictEqual, right)] = rest.as_slice() {
                    for (column, value) in [(&**left, right), (right, &**left)] {
                        let name = last_name(column).filter(|_| !matches!(column.kind, ExprKind::Name(_)));
                        by_proof |= name.is_some_and(|name| has_word(name, PROOF));
                        by_request |= name.is_some_and(|name| has_word(name, WHO))
                            && sent(values, value, around) == Some(Sent::Request);
                    }
                }
            }
            // `User.findById(req.body.userId)`, `db.session.get(User, data["user_id"])`, `find_by_email(data["email"])`.
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                let finds = called_name(&call.callee).is_some_and(|name| {
                    words(name).first().is_some_and(|first| {
                        matches!(first.as_str(), "find" | "get" | "load" | "fetch" | "lookup")
                    }) && !matches!(name, "get_json")
                });
                for given in call.arguments.iter().filter(|given| finds && given.name.is_none()) {
                    let name = last_name(&given.value).unwrap_or_default();
                    by_proof |= has_word(name, PROOF);
                    by_request |=
                        has_word(name, WHO) && sent(values, &given.value, around) == Some(Sent::Request);
                }
            }
            _ => {}
        }
        true
    });
    by_request && !by_proof
}

/// Whether a function holds a proof against whose it is: `row.email != email`, `user.check_token(token)`, `verify_code(email, code)`,
/// `jwt.verify(token, KEY + user.password)`.
pub(super) fn ties_proof<'a>(step: &Step<'a>) -> bool {
    const SHOWN: &[&str] = &["token", "code", "otp", "pin", "nonce", "signature", "ticket", "answer"];
    const NO_TEST: &[&str] =
        &["all", "any", "jsonify", "json", "print", "log", "info", "render_template", "redirect", "url_for"];
    let mut values = FileValues::of(&step.source.syntax);
    let mut found = false;
    each_in_step(step, &mut |node, around| {
        let Some(expr) = node.expr() else { return !found };
        let parts: Vec<&Expr> = match &expr.kind {
            // `row.user_id != user.id`: how the row was looked up says whether it is the token's.
            ExprKind::Compare { left, rest } if rest.iter().all(|(op, _)| !is_order(*op)) => {
                let sides = std::iter::once(&**left).chain(rest.iter().map(|(_, right)| right));
                let with_root = sides.flat_map(|side| [side, root(side)]);
                with_root.flat_map(|side| std::iter::once(side).chain(values.origins(side, around))).collect()
            }
            ExprKind::Call(call)
                if !sends_mail(expr)
                    && !called_name(&call.callee).is_some_and(|name| NO_TEST.contains(&name)) =>
            {
                let object = match &call.callee.kind {
                    ExprKind::Member { object, .. } => Some(&**object),
                    _ => None,
                };
                object.into_iter().chain(call.arguments.iter().map(|given| &given.value)).collect()
            }
            _ => return !found,
        };
        let says = |list: &[&str]| parts.iter().any(|part| mentions(part, list));
        found |= says(SHOWN) && says(WHO);
        !found
    });
    found
}

fn is_order(op: CompareOp) -> bool {
    use CompareOp::{Greater, GreaterOrEqual, Less, LessOrEqual};
    matches!(op, Less | LessOrEqual | Greater | GreaterOrEqual)
}

/// What a member or an item is of, at the very beginning.
fn root(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => root(object),
        _ => expr,
    }
}

//! What is taken away: a token, and not a cookie, a session, or whatever else is deleted beside it.

use std::collections::HashSet;

use super::evidence::PROOF;
use crate::facts::nodes::{Node, each_in_expr};
use crate::facts::passwords::is_kept_password_name;
use crate::facts::sql_fields::Statement;
use crate::facts::syntax::{Call, Expr, ExprKind, Text};
use crate::facts::values::{Bound, Values, called_name};
use crate::facts::words::{has_word, words};

/// First words of what takes something away.
const REMOVES: &[&str] = &[
    "delete",
    "destroy",
    "remove",
    "pop",
    "del",
    "getdel",
    "discard",
    "consume",
    "invalidate",
    "revoke",
    "clear",
    "mark",
    "redeem",
    "burn",
    "unset",
];
/// Words of what holds the proofs of a reset.
const RESET: &[&str] = &[
    "reset",
    "resets",
    "recovery",
    "recoveries",
    "forgot",
    "verification",
    "verifications",
    "request",
    "requests",
];
/// Words of other things that are taken away when somebody logs in anew; those with a token, too.
const OTHER: &[&str] = &["cookie", "cookies", "sessions", "refresh", "access", "csrf"];
/// How often a name is followed to what it is bound to.
pub(super) const NAMES: u32 = 3;

/// Whether a name is that of a proof, of one or of all, and not of the password: `password_reset_hash` is one, `pw_hash` is none.
pub(super) fn is_proof(name: &str) -> bool {
    let of_password = has_word(name, &["password", "passwd", "pwd", "pass", "pw"]);
    words(name).iter().any(|word| PROOF.contains(&word.strip_suffix('s').unwrap_or(word)))
        && !is_kept_password_name(name)
        && (!of_password
            || has_word(name, &["reset", "forgot", "recovery", "token", "tokens", "code", "otp"]))
}

/// Whether a name is that of a proof, or of what holds them.
fn names_reset(name: &str) -> bool {
    (is_proof(name) || has_word(name, RESET)) && !has_word(name, OTHER)
}

/// Whether a `DELETE` deletes from what holds the proofs, and not a session by its token.
pub(super) fn deletes_proof(statement: &Statement) -> bool {
    let other = has_word(&statement.table, OTHER) || has_word(&statement.table, &["session"]);
    names_reset(&statement.table) || !other && statement.columns.iter().any(|column| is_proof(&column.name))
}

/// Whether a call takes a proof away: by its name, by what it is called on, or by what it is given.
pub(super) fn takes_proof(values: &Values<'_>, call: &Call) -> bool {
    let name = called_name(&call.callee).unwrap_or_default();
    if !removes(name) || has_word(name, OTHER) {
        return false;
    }
    let of = match &call.callee.kind {
        ExprKind::Member { object, .. } => Some(&**object),
        _ => None,
    };
    if of.and_then(called_name).is_some_and(|of| has_word(of, OTHER)) {
        return false;
    }
    names_reset(name)
        || of.is_some_and(|of| is_of_proof(values, of, NAMES))
        || call.arguments.iter().any(|given| {
            given.name.as_deref().is_some_and(is_proof)
                || is_passed_in(values, &given.value)
                || is_of_proof(values, &given.value, NAMES)
        })
}

/// Whether a name says that something is taken away: `deleteOne`, `findOneAndDelete`.
fn removes(name: &str) -> bool {
    let words = words(name);
    let takes = |word: Option<&String>| word.is_some_and(|word| REMOVES.contains(&word.as_str()));
    takes(words.first())
        || words.iter().position(|word| word == "and").is_some_and(|and| takes(words.get(and + 1)))
}

/// Whether an expression is a proof, what holds one, or what was found by one: `row` in `row = find(digest)`, `digest = sha256(data["token"])`.
pub(super) fn is_of_proof(values: &Values<'_>, expr: &Expr, left: u32) -> bool {
    leads_to_proof(values, expr, left, &mut HashSet::new())
}

/// The same, without the names that were followed before.
fn leads_to_proof<'v>(values: &Values<'v>, expr: &'v Expr, left: u32, followed: &mut HashSet<Text>) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        let Node::Expr(expr) = node else { return !found };
        found |= match &expr.kind {
            ExprKind::Name(name) => {
                names_reset(name) && name != "request"
                    || left > 0
                        && followed.insert(name.clone())
                        && values.bound(name).iter().any(|bound| match bound {
                            Bound::To(value) | Bound::PartOf(value) => {
                                leads_to_proof(values, value, left.saturating_sub(1), followed)
                            }
                            _ => false,
                        })
            }
            ExprKind::Member { name, .. } => names_reset(name),
            _ => expr.string().is_some_and(|text| text.len() < 80 && names_reset(text)),
        };
        !found
    });
    found
}

/// Whether a value is what the caller of a function passes: what it is, the caller knows (`def burn(self, row): session.delete(row)`).
fn is_passed_in(values: &Values<'_>, value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Name(name)
        if !matches!(name.as_str(), "req" | "request" | "res" | "response" | "reply" | "ctx")
            && values.bound(name).iter().any(|bound| matches!(bound, Bound::Parameter(_))))
}

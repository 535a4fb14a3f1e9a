//! How long a password is stretched, and with which salt.

use seaworthy_core::Severity;

use super::Fault;
use super::algorithm::Looked;
use super::constant::never_changes;
use crate::facts::nodes::{Around, each_expr, enclosing_function};
use crate::facts::passwords::{PASSWORD, mentions};
use crate::facts::syntax::{Call, Expr, ExprKind, Literal, UnaryOp};
use crate::facts::values::{called_name, keyword, option};

/// Rounds of PBKDF2 below which one card tries millions of passwords a second.
const FEWEST: u64 = 10_000;
/// Rounds of PBKDF2 that were a common default ten years ago; OWASP asks for 210,000 (SHA-512) to 600,000 (SHA-256).
const FEW: u64 = 50_000;
/// The least cost of bcrypt (OWASP Password Storage Cheat Sheet).
const COST: u64 = 10;

const ADVICE: &str = "use argon2id, or scrypt with its defaults, or PBKDF2 with 600,000 rounds of SHA-256";

/// What is wrong with how a password is stretched: `None` for what stretches none.
pub(super) fn judge<'a>(
    looked: &mut Looked<'_, 'a, '_>,
    (expr, call): (&'a Expr, &'a Call),
) -> Option<Option<Fault>> {
    let last = called_name(&call.callee)?;
    let at = |at: usize| {
        call.arguments.iter().filter(|given| given.name.is_none()).nth(at).map(|given| &given.value)
    };
    match last {
        "pbkdf2_hmac" if !looked.path(&call.callee).starts_with("hashlib") => {
            rounds(looked, expr, (at(0), at(1)), at(2))
        }
        "pbkdf2_hmac" => {
            let named = |name| keyword(&call.arguments, name);
            let given = (named("password").or_else(|| at(1)), named("salt").or_else(|| at(2)));
            rounds(looked, expr, given, named("iterations").or_else(|| at(3)))
        }
        "pbkdf2" | "pbkdf2Sync" => rounds(looked, expr, (at(0), at(1)), at(2)),
        "PBKDF2" => {
            rounds(looked, expr, (at(0), at(1)), option(call, "iterations").or_else(|| option(call, "count")))
        }
        "PBKDF2HMAC" => rounds(
            looked,
            expr,
            (derived(looked.around), keyword(&call.arguments, "salt").or_else(|| at(2))),
            keyword(&call.arguments, "iterations").or_else(|| at(3)),
        ),
        "gensalt" => cost(looked, expr, keyword(&call.arguments, "rounds").or_else(|| at(0))),
        "hash" | "hashSync" | "genSalt" | "genSaltSync"
            if looked.path(&call.callee).starts_with("bcrypt") =>
        {
            cost(looked, expr, at(usize::from(!last.starts_with("gen"))))
        }
        _ => None,
    }
}

/// What the function around has derived: `kdf.derive(password)`.
fn derived<'a>(around: Around<'a, '_>) -> Option<&'a Expr> {
    let mut found = None;
    each_expr(&enclosing_function(around)?.body, true, &mut |expr| {
        let call = expr.call().filter(|call| matches!(called_name(&call.callee), Some("derive" | "verify")));
        found = found.or(call.and_then(|call| call.arguments.first()).map(|given| &given.value));
    });
    found
}

fn number<'a>(looked: &mut Looked<'_, 'a, '_>, expr: Option<&'a Expr>) -> Option<u64> {
    let origins = looked.origins(expr?);
    let [one] = origins.as_slice() else { return None };
    whole(one)
}

fn whole(expr: &Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::Literal(Literal::Integer(digits)) => digits.parse().ok(),
        ExprKind::Unary { op: UnaryOp::Plus, value } => whole(value),
        _ => None,
    }
}

fn rounds<'a>(
    looked: &mut Looked<'_, 'a, '_>,
    expr: &'a Expr,
    (password, salt): (Option<&'a Expr>, Option<&'a Expr>),
    given: Option<&'a Expr>,
) -> Option<Option<Fault>> {
    // A key of many random bits needs no stretching.
    let is_typed = password.is_some_and(|password| mentions(password, PASSWORD));
    let rounds = number(looked, given);
    if let Some(rounds) = rounds.filter(|rounds| *rounds < FEW && is_typed) {
        let severity = if rounds < FEWEST { Severity::Error } else { Severity::Warning };
        let message = format!(
            "a password is stretched for {rounds} rounds of PBKDF2 only: whoever gets the table tries millions of passwords a second"
        );
        return Some(Some(Fault {
            extent: expr.extent,
            variant: "rounds",
            severity,
            message,
            advice: ADVICE,
            related: None,
        }));
    }
    if is_typed && salt.is_some_and(|salt| never_changes(looked, salt).is_some()) {
        return Some(Some(Fault {
            extent: expr.extent,
            variant: "fixed-salt",
            severity: Severity::Warning,
            message: "every password is stretched with the same salt, which is written in the code: all of them are tried at once, and equal ones show".to_owned(),
            advice: "make a salt for each password (`os.urandom(16)`, `crypto.randomBytes(16)`), and keep it beside the hash",
            related: None,
        }));
    }
    Some(None)
}

fn cost<'a>(
    looked: &mut Looked<'_, 'a, '_>,
    expr: &'a Expr,
    given: Option<&'a Expr>,
) -> Option<Option<Fault>> {
    let cost = number(looked, given).filter(|cost| *cost < COST);
    Some(cost.map(|cost| Fault {
        extent: expr.extent,
        variant: "rounds",
        severity: Severity::Warning,
        message: format!(
            "bcrypt at a cost of {cost} is {} times faster to try through than at 12",
            1_u64 << 12_u64.saturating_sub(cost)
        ),
        advice: "12 or more",
        related: None,
    }))
}

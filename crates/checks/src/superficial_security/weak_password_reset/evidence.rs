//! What a handler that sets a password asks for, and whose password it sets.

use super::account::{is_chosen_by_request, set_on, ties_proof};
use super::removal::is_proof;
use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_body, each_node};
use crate::facts::passwords::{PasswordUse, is_kept_password_name, last_name, password_use};
use crate::facts::sent::{Sent, column_of, sent, value_of};
use crate::facts::source::SourceFile;
use crate::facts::stored::{Field, How, stored};
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Extent, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name};
use crate::facts::words::words;
use crate::framework::conduct::Step;

/// What is known of setting a password.
pub(super) struct Evidence<'a> {
    /// Where it is set.
    pub(super) source: &'a SourceFile,
    pub(super) set: Extent,
    /// What says whose password it is.
    pub(super) named: Named,
    /// Where a token is asked for.
    pub(super) token: Option<Extent>,
    /// Whether the token is looked up together with whose it is, or gives it.
    pub(super) looked_up: bool,
    /// Whether the old password is checked.
    pub(super) old_password: bool,
}

/// What says whose password is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// The request, in the statement that sets it.
    InStatement,
    /// The request: the object that is changed was looked up by what it says.
    LookedUp,
    /// Something else, or it could not be told.
    Otherwise,
}

/// Words of what proves that somebody read the mail.
pub(super) const PROOF: &[&str] = &[
    "token",
    "code",
    "otp",
    "pin",
    "nonce",
    "signature",
    "answer",
    "uuid",
    "secret",
    "key",
    "hash",
    "link",
    "ticket",
];
/// Names of whose account it is.
pub(super) const WHO: &[&str] =
    &["email", "mail", "username", "user", "login", "name", "phone", "id", "uid", "account", "userid"];

/// Visits what is in the function of a step, with everything around it.
pub(super) fn each_in_step<'a>(step: &Step<'a>, visit: &mut dyn FnMut(Node<'a>, Around<'a, '_>) -> bool) {
    let at = step.function.name_extent.start;
    each_node(&step.source.syntax, &mut |node, around| {
        let inside = around
            .iter()
            .filter_map(|node| node.function())
            .any(|function| std::ptr::eq(function, step.function));
        if inside {
            return visit(node, around);
        }
        let extent = node.extent();
        (extent.start..extent.end).contains(&at)
    });
}

/// What the functions that run for a handler say; `None` when none sets a password.
pub(super) fn evidence<'a>(context: &'a Context<'a>, steps: &[Step<'a>]) -> Option<Evidence<'a>> {
    let mut found: Option<Evidence<'a>> = None;
    let (mut token, mut looked_up, mut old_password) = (None, false, false);
    for step in steps {
        let mut values = FileValues::of(&step.source.syntax);
        each_in_step(step, &mut |node, around| {
            if let Some(expr) = node.expr() {
                if names_proof(expr) {
                    token = token.or(Some(expr.extent));
                }
                old_password |=
                    expr.call().and_then(|call| password_use(step.source, call)) == Some(PasswordUse::Check);
            }
            let fields = stored(step.source, &mut values, node, around);
            let named = |field: &Field<'a>| column_of(context.files, field);
            let compared: Vec<&Field<'a>> =
                fields.iter().filter(|field| field.how == How::Compared).collect();
            looked_up |= compared.iter().any(|field| is_proof(&named(field)));
            let by_method = node
                .expr()
                .and_then(Expr::call)
                .is_some_and(|call| called_name(&call.callee) == Some("set_password"));
            let is_set = by_method
                || fields
                    .iter()
                    .any(|field| field.how == How::Changed && is_kept_password_name(&named(field)));
            if is_set && found.as_ref().is_none_or(|found| found.named == Named::Otherwise) {
                let by_column = compared
                    .iter()
                    .any(|field| is_named_by_request(&mut values, field, &named(field), around));
                let mut by_object = || {
                    set_on(node)
                        .is_some_and(|set| is_chosen_by_request(step.source, &mut values, set, around))
                };
                let named = if by_column {
                    Named::InStatement
                } else if by_object() {
                    Named::LookedUp
                } else {
                    Named::Otherwise
                };
                found = Some(Evidence {
                    source: step.source,
                    set: node.extent(),
                    named,
                    token: None,
                    looked_up: false,
                    old_password: false,
                });
            }
            true
        });
    }
    let found = found?;
    // A row that is looked up by the token says nothing of an object that is looked up by something else.
    let looked_up = match found.named {
        Named::LookedUp => token.is_some() && steps.iter().any(ties_proof),
        _ => looked_up,
    };
    Some(Evidence { token, looked_up, old_password, ..found })
}

/// Whether a column that tells accounts apart is compared with what the request says.
fn is_named_by_request<'a>(
    values: &mut FileValues<'a>,
    field: &Field<'a>,
    name: &str,
    around: Around<'a, '_>,
) -> bool {
    if !words(name).iter().any(|word| WHO.contains(&word.as_str())) {
        return false;
    }
    let Some(value) = value_of(field) else { return false };
    sent(values, value, around) == Some(Sent::Request)
}

/// Whether an expression reads a proof: `body.token`, `data["code"]`, a parameter named so.
fn names_proof(expr: &Expr) -> bool {
    let named = match &expr.kind {
        ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Index { .. } => last_name(expr),
        _ => None,
    };
    named.is_some_and(|name| {
        let words = words(name);
        words.last().is_some_and(|last| PROOF.contains(&last.as_str()))
            && is_proof(name)
            && !matches!(name, "status_code" | "key" | "hash" | "statusCode" | "code" | "pin")
            || matches!(name, "code" | "key")
    })
}

/// Where a token is put into the answer to whoever asked for it, other than in development.
pub(super) fn answered_token(step: &Step<'_>) -> Option<Extent> {
    let text = step.source.text_of(Extent {
        start: step.function.body.first().map_or(0, |stmt| stmt.extent.start),
        end: step.function.body.last().map_or(0, |stmt| stmt.extent.end),
    });
    // Only where one is made is it news.
    let makes = [
        "token_urlsafe",
        "token_hex",
        "randomBytes",
        "randomUUID",
        "uuid4",
        "generate",
        "random",
        "dumps(",
        "sign(",
        "encode(",
    ]
    .iter()
    .any(|word| text.contains(word));
    if !makes || step.depth > 0 {
        return None;
    }
    let mut found = None;
    each_in_body(&step.function.body, &mut |node, around| {
        let answers = match node {
            Node::Stmt(Stmt { kind: StmtKind::Return(Some(value)), .. }) => Some(value),
            Node::Expr(expr) => expr
                .call()
                .filter(|call| matches!(called_name(&call.callee), Some("json" | "send")))
                .and_then(|call| call.arguments.first())
                .map(|given| &given.value),
            _ => None,
        };
        if let Some(value) = answers
            && found.is_none()
            && !is_for_development(step.source, around)
        {
            found = token_in(value);
        }
        found.is_none()
    });
    found
}

/// A record with a token for its value: `{ resetToken: token }`, `jsonify(token=token)`.
fn token_in(value: &Expr) -> Option<Extent> {
    let is_token = |name: &str| {
        let words = words(name);
        words.last().is_some_and(|last| matches!(last.as_str(), "token" | "code" | "otp" | "link" | "url"))
            && words.iter().any(|word| matches!(word.as_str(), "token" | "reset" | "otp"))
            && !words
                .iter()
                .any(|word| matches!(word.as_str(), "csrf" | "access" | "session" | "status" | "error"))
    };
    let is_value = |value: &Expr| last_name(value).is_some_and(is_token);
    match &value.kind {
        ExprKind::Record { entries, .. } => entries
            .iter()
            .find(|(key, value)| key.as_ref().and_then(Expr::string).is_some_and(is_token) && is_value(value))
            .map(|(_, value)| value.extent),
        ExprKind::Call(call) => call.arguments.iter().find_map(|given| match &given.name {
            Some(name) => (is_token(name) && is_value(&given.value)).then_some(given.value.extent),
            None => token_in(&given.value),
        }),
        ExprKind::Sequence { items, .. } => items.iter().find_map(token_in),
        _ => None,
    }
}

/// Whether a place is reached in development only.
fn is_for_development(file: &SourceFile, around: Around<'_, '_>) -> bool {
    around.iter().any(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => is_about_development(file, test),
        Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => is_about_development(file, test),
        _ => false,
    })
}

fn is_about_development(file: &SourceFile, test: &Expr) -> bool {
    let text = file.text_of(test.extent).to_lowercase();
    let compares = matches!(&test.kind, ExprKind::Compare { rest, .. } if rest.iter().any(|(op, _)| !matches!(op, CompareOp::In)));
    ["node_env", "debug", "development", "testing", "production", "is_dev", "isdev"]
        .iter()
        .any(|word| text.contains(word))
        || compares && text.contains("env")
}

//! Sessions: what is kept there is taken for the program's own word when the same visitor comes again.

use super::risk::Risk;
use super::value::{Shape, Value};
use super::walk::Walk;
use crate::facts::syntax::{Expr, ExprKind};
use crate::facts::words::words;

/// The shape of the session of a request.
pub(super) const NAME: &str = "session:";

/// Words at the end of the names under which a session holds who somebody is, and what that one may do.
const AUTHORITY: &[&str] = &[
    "user",
    "userid",
    "username",
    "uid",
    "role",
    "roles",
    "admin",
    "isadmin",
    "staff",
    "superuser",
    "permission",
    "permissions",
    "scope",
    "scopes",
    "tenant",
    "tenantid",
    "authenticated",
    "loggedin",
    "owner",
    "balance",
    "credit",
    "price",
    "discount",
    "plan",
];

/// Whose id it is that says who somebody is.
const HOLDERS: &[&str] = &[
    "user",
    "account",
    "tenant",
    "customer",
    "member",
    "org",
    "organisation",
    "organization",
    "owner",
    "admin",
];

/// Whether later requests will take what is kept under this name for who somebody is.
fn is_authority(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [.., holder, "id"] => HOLDERS.contains(holder),
        [.., last] => AUTHORITY.contains(last),
        [] => false,
    }
}

impl<'a> Walk<'_, 'a> {
    /// Whether an expression is the session of the visitor.
    pub(super) fn is_session(&mut self, expr: &'a Expr) -> bool {
        let named = match &expr.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => name,
            _ => return false,
        };
        if !named.to_lowercase().contains("session") {
            return false;
        }
        matches!(&self.eval(expr).shape, Shape::Name(name) if matches!(name.as_str(), NAME | "flask.session" | "flask.globals.session"))
    }
}

/// Something is kept in a session: under a key that a caller chooses, or as what says who somebody is.
pub(super) fn kept<'a>(
    walk: &mut Walk<'_, 'a>,
    target: &'a Expr,
    key: Option<&Value<'a>>,
    value: &Value<'a>,
) {
    let (extent, into) = (target.extent, walk.shown(target.extent));
    if let Some(key) = key.filter(|key| key.is_tainted()) {
        walk.arrive(Risk::Session, extent, extent, "key", key);
        return;
    }
    let named = key.and_then(Value::text).unwrap_or_default();
    if is_authority(named) {
        walk.arrive(Risk::Session, extent, extent, &into, value);
    }
}

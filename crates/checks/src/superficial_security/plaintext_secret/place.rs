//! Where a secret is kept, and whether that is a place that lasts and is about paying.

use crate::context::Context;
use crate::facts::graph::External;
use crate::facts::nodes::{Around, Node, each_in_body, enclosing_function};
use crate::facts::sent::column_of;
use crate::facts::source::SourceFile;
use crate::facts::stored::Field;
use crate::facts::syntax::{Argument, Class, Expr, ExprKind, Function, StmtKind};
use crate::facts::values::called_name;
use crate::facts::words::has_word;

/// What something passes through, and is not kept in.
const PASSING: &[&str] = &[
    "session",
    "service",
    "token",
    "message",
    "login",
    "cookies",
    "headers",
    "params",
    "form",
    "self",
    "this",
    "config",
    "settings",
    "options",
    "env",
    "state",
    "client",
    "args",
    "kwargs",
    "request",
    "response",
    "req",
    "res",
    "stripe",
    "axios",
    "requests",
    "body",
    "payload",
    "data",
    "query",
    "ctx",
    "context",
    "process",
    "os",
    "environ",
    "app",
    "props",
    "url",
    "g",
    "cls",
    "errors",
    "values",
    "result",
    "out",
    "output",
    "provider",
    "auth",
    "localstorage",
    "storage",
];

/// Whether a node keeps something for longer than the request: a statement, a model, a collection, and no cookie, form or call of somebody else.
pub(super) fn keeps(node: Node<'_>, into: &str) -> bool {
    if has_word(into, PASSING) {
        return false;
    }
    let Some(call) = node.expr().and_then(Expr::call) else { return keeps_part(node, into) };
    let name = called_name(&call.callee).unwrap_or_default();
    // `PaymentRequest(card_number=..)` is handed on; `Customer(..)` is kept where such a thing has a table.
    let is_type = name.starts_with(|c: char| c.is_ascii_uppercase());
    let is_handed_on = has_word(
        name,
        &[
            "request",
            "response",
            "error",
            "config",
            "client",
            "settings",
            "options",
            "event",
            "message",
            "params",
            "input",
            "dto",
            "schema",
            "create",
            "base",
            "credentials",
            "token",
        ],
    );
    !(is_type && is_handed_on || matches!(name, "set" | "setItem" | "setdefault" | "get" | "put"))
}

/// Whether what is assigned to lasts: a collection by key, or a row of somebody.
fn keeps_part(node: Node<'_>, into: &str) -> bool {
    const ROWS: &[&str] = &[
        "user", "account", "customer", "member", "profile", "patient", "employee", "order", "payment", "row",
        "record", "person", "merchant", "tenant",
    ];
    let by_member = match node {
        Node::Stmt(stmt) => match &stmt.kind {
            StmtKind::Assign(assign) => {
                assign.targets.iter().any(|target| matches!(target.kind, ExprKind::Member { .. }))
            }
            _ => false,
        },
        Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => {
            matches!(target.kind, ExprKind::Member { .. })
        }
        _ => false,
    };
    !into.is_empty() && (!by_member || has_word(into, ROWS))
}

/// Whether what is called is of a package, as a payment provider's own object or a client of its API is, or a class of the project that is no
/// model: neither has a table.
pub(super) fn is_no_row(context: &Context<'_>, (at, file): (usize, &SourceFile), node: Node<'_>) -> bool {
    let Some(call) = node.expr().and_then(Expr::call) else { return false };
    let path = file.resolve(&call.callee);
    let root = path.as_deref().and_then(|path| path.split_once('.')).map_or("", |(root, _)| root);
    let is_foreign = |external: &External| {
        let import = file.imports.get(external.import).map(|fact| fact.import.module.as_str());
        external.file == at && import.and_then(|module| module.split(['.', '/']).next()) == Some(root)
    };
    if !root.is_empty() && context.graph.external().iter().any(is_foreign) {
        return true;
    }
    let Some(name) = called_name(&call.callee) else { return false };
    let classes =
        || context.defined.classes.iter().filter(|((_, own), _)| *own == name).map(|(_, class)| *class);
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && classes().next().is_some()
        && !classes().any(is_model)
}

/// Whether the objects of a class are rows: by what it is made of, or by its columns.
fn is_model(class: &Class) -> bool {
    let by_base = |base: &Argument| {
        called_name(&base.value)
            .is_some_and(|name| has_word(name, &["model", "base", "document", "entity", "table"]))
    };
    let by_mark = |mark: &Expr| {
        called_name(mark.call().map_or(mark, |call| &call.callee))
            .is_some_and(|name| has_word(name, &["entity", "table", "schema", "dataclass"]))
    };
    let has_columns = class.body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign(assign) => {
            let made = assign.value.as_ref().and_then(Expr::call).and_then(|call| called_name(&call.callee));
            assign.targets.first().and_then(called_name) == Some("__tablename__")
                || made.is_some_and(|name| has_word(name, &["column", "field"]))
        }
        _ => false,
    });
    class.bases.iter().any(by_base) || class.decorators.iter().any(by_mark) || has_columns
}

/// Words of tables that are about paying.
const TABLES: &[&str] = &[
    "payment",
    "payments",
    "billing",
    "checkout",
    "checkouts",
    "transaction",
    "transactions",
    "charge",
    "charges",
    "order",
    "orders",
    "wallet",
    "wallets",
    "credit",
    "debit",
    "purchase",
    "purchases",
    "subscription",
    "subscriptions",
];
/// Words of columns that stand beside the number of a card that one pays with.
const BESIDE: &[&str] = &[
    "cvv",
    "cvc",
    "cvv2",
    "cvc2",
    "csc",
    "expiry",
    "exp",
    "expiration",
    "expires",
    "holder",
    "cardholder",
    "brand",
    "payment",
    "billing",
];
/// Words of names in a function that is about paying.
const ABOUT: &[&str] = &[
    "cvv",
    "cvc",
    "cvv2",
    "cvc2",
    "cardholder",
    "payment",
    "payments",
    "pay",
    "billing",
    "charge",
    "checkout",
];

/// Whether what is kept is about paying: by the table, by what stands beside it, or by what the function is about. A card of a board, of a
/// library or of a club has a number as well.
pub(super) fn is_of_payment(context: &Context<'_>, fields: &[Field<'_>], around: Around<'_, '_>) -> bool {
    let beside = |field: &Field<'_>| {
        has_word(&field.into, TABLES) || has_word(&column_of(context.files, field), BESIDE)
    };
    let about = |function: &Function| {
        let mut found = has_word(&function.name, ABOUT);
        each_in_body(&function.body, &mut |node, _| {
            found |= match node {
                Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                    has_word(name, ABOUT)
                }
                Node::Expr(expr) => {
                    expr.string().is_some_and(|text| text.len() < 20 && has_word(text, ABOUT))
                }
                _ => false,
            };
            !found
        });
        found
    };
    fields.iter().any(beside) || enclosing_function(around).is_some_and(about)
}

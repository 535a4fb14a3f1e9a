//! How many rows of an answer a program takes.

use super::Takes;
use crate::facts::nodes::each_in_body;
use crate::facts::syntax::{Call, Expr, ExprKind, Function, Literal};
use crate::facts::values::{called_name, keyword};
use crate::facts::words::has_word;

/// What the name of a method says that is asked of a result, or that runs a statement.
pub(super) fn by_name(name: &str) -> Option<Takes> {
    match name {
        "fetchone" | "fetch_one" | "fetchval" | "fetchrow" | "first" | "one" | "one_or_none" | "scalar"
        | "scalar_one" | "scalar_one_or_none" | "get" | "getAsync" | "get_or_404" | "first_or_404" => {
            Some(Takes::One)
        }
        "fetchall" | "fetch_all" | "all" | "allAsync" | "each" | "iterate" | "fetch" | "scalars"
        | "mappings" => Some(Takes::All),
        // The caller says how many.
        "fetchmany" => Some(Takes::One),
        // `getRow`, `query_one`, `queryAll`.
        _ if has_word(name, &["one", "row", "cell", "single", "scalar", "unique"]) => Some(Takes::One),
        _ if has_word(name, &["all", "many", "rows"]) => Some(Takes::All),
        _ => None,
    }
}

/// What a call takes that runs a statement.
pub(super) fn of_call(call: &Call, ours: Option<&Function>) -> Takes {
    let name = called_name(&call.callee).unwrap_or_default();
    if let Some(one) = keyword(&call.arguments, "one") {
        let is_true = matches!(one.kind, ExprKind::Literal(Literal::Boolean(true)));
        return if is_true { Takes::One } else { Takes::All };
    }
    if let Some(takes) = by_name(name) {
        return takes;
    }
    let Some(function) = ours else {
        // `pool.query(..)` of JavaScript gives every row; Python's `execute` a cursor that is asked later.
        return Takes::Unknown;
    };
    if has_word(name, &["get", "first", "value"]) {
        return Takes::One;
    }
    if has_word(name, &["list"]) {
        return Takes::All;
    }
    of_function(function)
}

/// What a function of the project gives back of the statement that it is given.
fn of_function(function: &Function) -> Takes {
    let (mut one, mut all) = (false, false);
    each_in_body(&function.body, &mut |node, _| {
        match node.expr().and_then(Expr::call).and_then(|call| by_name(called_name(&call.callee)?)) {
            Some(Takes::One) => one = true,
            Some(Takes::All) => all = true,
            _ => {}
        }
        true
    });
    match (one, all) {
        (true, false) => Takes::One,
        // Of both, which it is, an argument says that was not understood.
        (_, true) => Takes::All,
        (false, false) => Takes::Unknown,
    }
}

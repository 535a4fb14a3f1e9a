//! Rust: a test that makes a `MockCart` of mockall, tells it what to answer, and asks it.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body, each_in_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Extent, Stmt, StmtKind};
use crate::facts::tests::{Assertion, Test, in_rust_tests};
use crate::facts::values::{Bound, Values, called_name};
use crate::language::Language;

use super::replaced::root;

/// The types and traits that the project's own code defines, tests left out.
pub(super) fn types(context: &Context<'_>) -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    for file in context.files.iter().filter(|file| file.language == Language::Rust && !file.is_test) {
        each_node(&file.syntax, &mut |node, around| {
            if let Node::Stmt(Stmt { kind: StmtKind::Class(class), .. }) = node
                && !in_rust_tests(around)
            {
                types.insert(class.name.to_string());
            }
            node.function().is_none()
        });
    }
    types
}

/// What a test asks of a mock, when it asks nobody else: the name of the type, and where the mock is told what to answer.
pub(super) fn asked<'a>(
    file: &SourceFile,
    types: &BTreeSet<String>,
    test: &Test<'a>,
    assertions: &[Assertion<'a>],
) -> Option<(String, Extent, Extent)> {
    if !file.text.contains("Mock") {
        return None;
    }
    let values = Values::of_function(test.function);
    let mock = |name: &str| {
        values.bound(name).iter().find_map(|bound| match bound {
            Bound::To(value) => {
                mocked_type(value).filter(|mocked| types.contains(*mocked)).map(str::to_owned)
            }
            _ => None,
        })
    };
    let (mut told, mut runs) = (Vec::new(), false);
    each_in_body(&test.function.body, &mut |node, _| {
        let Some((expr, call)) = node.expr().and_then(|expr| Some((expr, expr.call()?))) else {
            return !runs;
        };
        let name = called_name(&call.callee).unwrap_or_default();
        let of_mock = root(&call.callee).and_then(mock).is_some();
        if of_mock && name.starts_with("expect_") {
            told.push(expr.extent);
        }
        let hands_on = call.style == CallStyle::Plain
            && !of_mock
            && call.arguments.iter().any(|argument| {
                root(argument_value(&argument.value)).is_some_and(|name| mock(name).is_some())
                    && argument_value(&argument.value).call().is_none()
            });
        runs |= hands_on || !(of_mock || is_quiet(call) || made_mock(call).is_some());
        !runs
    });
    if runs {
        return None;
    }
    let mut first = None;
    for assertion in assertions.iter().filter(|assertion| !told.contains(&assertion.extent)) {
        let asks = asks(test, assertion, &mock)?;
        first = first.or(Some((asks, assertion.extent)));
    }
    let (mocked, at) = first?;
    Some((mocked, at, *told.first()?))
}

fn argument_value(value: &Expr) -> &Expr {
    match &value.kind {
        ExprKind::Unary { value, .. } => argument_value(value),
        _ => value,
    }
}

/// The `Cart` of `MockCart::new()`.
fn mocked_type(value: &Expr) -> Option<&str> {
    made_mock(value.call()?)
}

fn made_mock(call: &Call) -> Option<&str> {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    (name == "new" || name == "default").then(|| called_name(object)?.strip_prefix("Mock")).flatten()
}

/// Constructors, macros, and methods of values.
fn is_quiet(call: &Call) -> bool {
    if call.style == CallStyle::Macro {
        return true;
    }
    match &call.callee.kind {
        ExprKind::Name(name) => name.starts_with(char::is_uppercase),
        // `Vec::new`, `String::from`; a method of a value is looked at where its object is made.
        ExprKind::Member { object, .. } => match &object.kind {
            ExprKind::Name(name) => matches!(
                name.as_str(),
                "Vec" | "String" | "Box" | "Arc" | "Rc" | "Some" | "mockall" | "predicate" | "eq" | "Ok"
            ),
            ExprKind::Member { .. } => {
                called_name(object).is_some_and(|name| matches!(name, "predicate" | "mockall"))
            }
            _ => true,
        },
        _ => false,
    }
}

/// The mocked type that an assertion asks, in it or by a name bound to the answer.
fn asks(test: &Test<'_>, assertion: &Assertion<'_>, mock: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let values = Values::of_function(test.function);
    let in_expr = |expr: &Expr| {
        let mut found = None;
        each_in_expr(expr, &mut |node, _| {
            if let Some(call) = node.expr().and_then(Expr::call)
                && !called_name(&call.callee).is_some_and(|name| name.starts_with("expect_"))
            {
                found = found.take().or_else(|| root(&call.callee).and_then(mock));
            }
            found.is_none()
        });
        found
    };
    let mut found = None;
    each_in_body(&test.function.body, &mut |node, _| {
        if let Node::Expr(expr) = node
            && assertion.extent.start <= expr.extent.start
            && expr.extent.end <= assertion.extent.end
        {
            found = found.take().or_else(|| in_expr(expr));
            if let ExprKind::Name(name) = &expr.kind {
                found = found.take().or_else(|| {
                    values.bound(name).iter().find_map(|bound| match bound {
                        Bound::To(value) if mocked_type(value).is_none() => in_expr(value),
                        _ => None,
                    })
                });
            }
        }
        found.is_none()
    });
    found
}

//! Which origins a setting allows.

use crate::facts::environment::variable;
use crate::facts::nodes::{Around, Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Function, Literal, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name};

/// Which origins are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Some, or cannot tell.
    Listed,
    /// `*`.
    Any,
    /// `*`, when a variable is not set.
    AnyByDefault,
    /// Whichever asks.
    Reflected,
    /// Whichever asks, when a variable is not set.
    ReflectedByDefault,
}

impl Allowed {
    /// As for a library that sends the origin back where others send `*`.
    pub(super) fn sent_back(self) -> Self {
        match self {
            Self::Any => Self::Reflected,
            Self::AnyByDefault => Self::ReflectedByDefault,
            other => other,
        }
    }
}

/// What the value of an `origin` option allows.
pub(super) fn allowed<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
) -> Allowed {
    let origins = values.origins(expr, around);
    let each: Vec<Allowed> = origins.iter().map(|origin| of_value(origin)).collect();
    let has = |wanted| each.contains(&wanted);
    match each.as_slice() {
        [one] => *one,
        // `process.env.ORIGIN || "*"`, and a name that gets several values.
        _ => {
            let reads = origins.iter().any(|origin| variable(file, origin).is_some());
            if reads && has(Allowed::Any) {
                Allowed::AnyByDefault
            } else if reads && has(Allowed::Reflected) {
                Allowed::ReflectedByDefault
            } else {
                Allowed::Listed
            }
        }
    }
}

fn of_value(expr: &Expr) -> Allowed {
    match &expr.kind {
        ExprKind::Literal(Literal::Boolean(true)) => Allowed::Reflected,
        ExprKind::Literal(Literal::Regex { pattern, .. }) if fits_everything(pattern) => Allowed::Reflected,
        ExprKind::Literal(Literal::String(text)) if text == "*" => Allowed::Any,
        // Only Python's libraries take a list with a star for a star.
        ExprKind::Sequence { items, .. } if items.iter().any(|item| item.string() == Some("*")) => {
            Allowed::Any
        }
        ExprKind::Sequence { items, .. } if items.iter().any(is_wide_pattern) => Allowed::Reflected,
        ExprKind::Function(function) if always_allows(function) => Allowed::Reflected,
        _ => Allowed::Listed,
    }
}

fn is_wide_pattern(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Literal(Literal::Regex { pattern, .. }) if fits_everything(pattern))
}

/// Whether a pattern fits every origin.
pub(super) fn fits_everything(pattern: &str) -> bool {
    let plain = pattern.trim_start_matches('^').trim_end_matches('$').replace('\\', "");
    matches!(
        plain.as_str(),
        ".*" | ".+"
            | "."
            | ""
            | "http.*"
            | "https?://.*"
            | "https?://.+"
            | "http://.*|https://.*"
            | "(http|https)://.*"
            | "(.*)"
            | "*"
    )
}

/// Whether a function that is asked about an origin says yes to every one.
pub(super) fn always_allows(function: &Function) -> bool {
    let names: Vec<&str> =
        function.parameters.iter().filter_map(|parameter| called_name(&parameter.pattern)).collect();
    let says_yes = |expr: &Expr| match &expr.kind {
        ExprKind::Literal(Literal::Boolean(value)) => *value,
        ExprKind::Literal(Literal::String(text)) => text == "*",
        ExprKind::Name(name) => names.first() == Some(&name.as_str()),
        _ => false,
    };
    let mut yes = 0;
    let mut no = 0;
    each_in_body(&function.body, &mut |node, _| {
        match node {
            Node::Expr(expr) => {
                if let Some(call) = expr.call()
                    && let ExprKind::Name(name) = &call.callee.kind
                    && names.get(1..).is_some_and(|rest| rest.contains(&name.as_str()))
                {
                    let answer = call.arguments.get(1).map(|argument| &argument.value);
                    if answer.is_some_and(says_yes) { yes += 1 } else { no += 1 }
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Return(Some(value)) | StmtKind::Value(value), .. })
                if value.call().is_none() =>
            {
                if says_yes(value) {
                    yes += 1
                } else {
                    no += 1
                }
            }
            _ => {}
        }
        node.function().is_none()
    });
    yes > 0 && no == 0
}

//! Skips of pytest and unittest.

use super::reason::{beside, said};
use super::{How, Skip};
use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_node, enclosing_class};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Class, Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind, UnaryOp};
use crate::facts::tests::{attribute_name, leading_skip};
use crate::facts::values::{called_name, keyword};

/// Bytes of a configuration file.
const CONFIGURATION_BYTES: u64 = 1024 * 1024;

pub(super) fn skips(context: &Context<'_>, file: &SourceFile) -> Vec<Skip> {
    let mut found = Vec::new();
    if !["skip", "Skip", "xfail"].iter().any(|word| file.text.contains(word)) {
        return found;
    }
    let strict = file.text.contains("xfail") && xfail_is_strict(context, &file.path);
    if let Some(skip) = whole_file(file, strict) {
        return vec![skip];
    }
    each_node(&file.syntax, &mut |node, around| {
        if let Node::Stmt(Stmt { kind: StmtKind::Class(class), .. }) = node {
            if let Some(skip) = of_class(file, class, strict) {
                found.push(skip);
                return false;
            }
        } else if let Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) = node {
            found.extend(of_function(file, function, around, strict));
            return false;
        }
        !is_conditional(node)
    });
    found
}

fn is_conditional(node: Node<'_>) -> bool {
    matches!(
        node,
        Node::Handler(_)
            | Node::Stmt(Stmt { kind: StmtKind::If { .. } | StmtKind::Try(_) | StmtKind::Match { .. }, .. })
    )
}

/// `pytest.skip(.., allow_module_level=True)`, `pytestmark = pytest.mark.skip`, `raise SkipTest(..)` at the top of a file.
fn whole_file(file: &SourceFile, strict: bool) -> Option<Skip> {
    let skip = |at: Extent, reason: Option<String>| Skip { at, name: String::new(), how: How::File, reason };
    file.syntax.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Expr(value) => {
            let call = value.call()?;
            let is_skip = file.resolve(&call.callee)? == "pytest.skip"
                && keyword(&call.arguments, "allow_module_level").is_some();
            is_skip.then(|| skip(stmt.extent, reason(file, call, stmt.extent)))
        }
        StmtKind::Raise { value: Some(value), .. } => {
            let path = file.resolve(value.call().map_or(value, |call| &call.callee))?;
            let reason = || {
                value.call().map_or_else(|| beside(file, stmt.extent), |call| reason(file, call, stmt.extent))
            };
            matches!(path.as_str(), "unittest.SkipTest" | "unittest.case.SkipTest")
                .then(|| skip(stmt.extent, reason()))
        }
        StmtKind::Assign(assign)
            if assign.targets.iter().any(|target| called_name(target) == Some("pytestmark")) =>
        {
            let value = assign.value.as_ref()?;
            let marks = match &value.kind {
                ExprKind::Sequence { items, .. } => items.as_slice(),
                _ => std::slice::from_ref(value),
            };
            let (mark, reason) = marks.iter().find_map(|mark| match by_mark(file, mark, strict)? {
                (How::Skipped, reason) => Some((mark, reason)),
                _ => None,
            })?;
            Some(skip(mark.extent, reason.or_else(|| beside(file, stmt.extent))))
        }
        _ => None,
    })
}

/// A class that is skipped: by its decorator, or by a set-up that always skips.
fn of_class(file: &SourceFile, class: &Class, strict: bool) -> Option<Skip> {
    let by_decorator = class.decorators.iter().find_map(|decorator| {
        let (how, reason) = by_mark(file, decorator, strict)?;
        let how = if how == How::Skipped { How::Suite } else { how };
        Some((decorator.extent, how, reason.or_else(|| beside(file, decorator.extent))))
    });
    let by_set_up = || {
        class.body.iter().find_map(|stmt| {
            let StmtKind::Function(function) = &stmt.kind else { return None };
            let is_set_up = matches!(
                function.name.as_str(),
                "setUp" | "setUpClass" | "setup_method" | "setup_class" | "asyncSetUp"
            );
            let skip = leading_skip(function).filter(|_| is_set_up)?;
            let reason =
                skip.call().map_or_else(|| beside(file, skip.extent), |call| reason(file, call, skip.extent));
            Some((skip.extent, How::Suite, reason))
        })
    };
    let (at, how, reason) = by_decorator.or_else(by_set_up)?;
    Some(Skip { at, name: class.name.to_string(), how, reason })
}

fn of_function(file: &SourceFile, function: &Function, around: Around<'_, '_>, strict: bool) -> Option<Skip> {
    let nested = around.iter().any(|node| node.function().is_some());
    if nested || !function.name.starts_with("test") {
        return None;
    }
    let name = match enclosing_class(around) {
        Some(class) => format!("{}.{}", class.name, function.name),
        None => function.name.to_string(),
    };
    let by_decorator = function.decorators.iter().find_map(|decorator| {
        let (how, reason) = by_mark(file, decorator, strict)?;
        Some((decorator.extent, how, reason.or_else(|| beside(file, decorator.extent))))
    });
    let (at, how, reason) = by_decorator.or_else(|| {
        let skip = leading_skip(function)?;
        let how = if called_name(attribute_name(skip)) == Some("xfail") {
            How::ExpectedToFail
        } else {
            How::Skipped
        };
        let reason =
            skip.call().map_or_else(|| beside(file, skip.extent), |call| reason(file, call, skip.extent));
        Some((skip.extent, how, reason))
    })?;
    Some(Skip { at, name, how, reason })
}

/// What a decorator or mark does, and the reason in it.
fn by_mark(file: &SourceFile, mark: &Expr, strict: bool) -> Option<(How, Option<String>)> {
    let path = file.resolve(attribute_name(mark))?;
    let call = mark.call();
    let given = |name: &str| call.and_then(|call| keyword(&call.arguments, name));
    let first = call.and_then(|call| call.arguments.first()).filter(|argument| argument.name.is_none());
    let first = first.map(|argument| &argument.value);
    let told = || call.and_then(in_arguments);
    match path.as_str() {
        "pytest.mark.skip" | "unittest.skip" | "unittest.case.skip" => Some((How::Skipped, told())),
        "pytest.mark.skipif" | "unittest.skipIf" if first.is_some_and(|value| truth(value) == Some(true)) => {
            Some((How::Skipped, told()))
        }
        "unittest.skipUnless" if first.is_some_and(|value| truth(value) == Some(false)) => {
            Some((How::Skipped, told()))
        }
        "pytest.mark.xfail" => {
            // A condition, or the exception that it must be, says when; strict fails once the test passes.
            let depends = first.is_some_and(|value| value.string().is_none() && truth(value).is_none())
                || given("condition").is_some_and(|value| truth(value).is_none());
            let is_strict = given("strict").map_or(strict, |value| truth(value) != Some(false));
            let never_runs = given("run").and_then(truth) == Some(false);
            let how = if never_runs { How::Skipped } else { How::ExpectedToFail };
            (never_runs || !(depends || is_strict)).then(|| (how, told()))
        }
        _ => None,
    }
}

/// The reason in the arguments of a skip; a name or a template says something too.
fn in_arguments(call: &Call) -> Option<String> {
    let given = ["reason", "msg"].iter().find_map(|name| keyword(&call.arguments, name));
    let positional =
        call.arguments.iter().filter(|argument| argument.name.is_none()).map(|argument| &argument.value);
    let mut given = given.into_iter().chain(positional).filter(|value| truth(value).is_none());
    let value = given.next()?;
    match value.string() {
        Some(text) => said(text),
        None => Some("given elsewhere".to_owned()),
    }
}

fn reason(file: &SourceFile, call: &Call, at: Extent) -> Option<String> {
    in_arguments(call).or_else(|| beside(file, at))
}

/// What a condition that depends on nothing comes to.
fn truth(value: &Expr) -> Option<bool> {
    match &value.kind {
        ExprKind::Literal(Literal::Boolean(value)) => Some(*value),
        ExprKind::Literal(Literal::Integer(number)) => Some(number != "0"),
        ExprKind::Literal(Literal::Null) => Some(false),
        ExprKind::Unary { op: UnaryOp::Not, value } => truth(value).map(|value| !value),
        _ => None,
    }
}

/// Whether a configuration above the file says `xfail_strict = true` (pytest 9: `strict = true`).
fn xfail_is_strict(context: &Context<'_>, path: &str) -> bool {
    let mut folder = path;
    loop {
        folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        for name in [
            "pytest.toml",
            ".pytest.toml",
            "pytest.ini",
            ".pytest.ini",
            "pyproject.toml",
            "tox.ini",
            "setup.cfg",
        ] {
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            let text = context.tree.read_text(&path, CONFIGURATION_BYTES).unwrap_or_default();
            let says = text.lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
                let is_true = value.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
                matches!(key.trim(), "xfail_strict" | "strict_xfail")
                    && matches!(is_true.as_str(), "true" | "1" | "yes" | "on")
            });
            if says {
                return true;
            }
        }
        if folder.is_empty() {
            return false;
        }
    }
}

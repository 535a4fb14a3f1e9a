//! Skips of Jest, Vitest, Mocha, node:test, AVA and Playwright.

use super::reason::{beside, said};
use super::{How, Skip};
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind};
use crate::facts::tests::leading_skip;
use crate::facts::values::called_name;

/// What begins a test, and what begins a suite.
const TESTS: &[&str] = &["it", "test", "specify"];
const SUITES: &[&str] = &["describe", "context", "suite"];

pub(super) fn skips(file: &SourceFile) -> Vec<Skip> {
    let mut found = Vec::new();
    let runners = ["vitest", "node:test", "@jest/globals", "bun:test", "mocha", "ava", "@playwright/test"];
    let imports = |runner: &str| file.imports.iter().any(|fact| fact.import.module == runner);
    if !file.is_test && !runners.into_iter().any(imports) {
        return found;
    }
    let needs_option = imports("node:test");
    each_node(&file.syntax, &mut |node, around| {
        let Some((expr, call)) = node.expr().and_then(|expr| Some((expr, expr.call()?))) else { return true };
        let Some(words) = runner(file, &call.callee) else { return true };
        let skip = judge(file, expr, call, &words, needs_option).filter(|_| !is_conditional(around));
        // What is inside a skipped suite is skipped with it.
        let is_whole = skip.as_ref().is_some_and(|skip| skip.how == How::Suite);
        found.extend(skip);
        !is_whole
    });
    found
}

/// Whether something around decides when this runs.
fn is_conditional(around: Around<'_, '_>) -> bool {
    around.iter().any(|node| match node {
        Node::Handler(_) => true,
        Node::Stmt(stmt) => matches!(stmt.kind, StmtKind::If { .. } | StmtKind::Match { .. }),
        Node::Expr(expr) => matches!(expr.kind, ExprKind::Conditional { .. } | ExprKind::Logical { .. }),
    })
}

/// The words of what is called, `it.skip` as `it`, `skip`; a table (`it.skip.each(..)`) is looked through. `None` for what is no runner.
fn runner(file: &SourceFile, callee: &Expr) -> Option<Vec<String>> {
    let callee = match &callee.kind {
        ExprKind::Call(inner) if matches!(called_name(&inner.callee), Some("each" | "for")) => &inner.callee,
        ExprKind::Template(template) => template.tag.as_ref()?,
        _ => callee,
    };
    let words: Vec<String> = callee.dotted()?.split('.').map(str::to_owned).collect();
    let root = words.first()?;
    let plain = root.trim_start_matches(['x', 'f']);
    let is_runner = [root.as_str(), plain].iter().any(|name| TESTS.contains(name) || SUITES.contains(name));
    // A name that the file binds to something of its own is no runner.
    (is_runner && file.resolve(root_of(callee)).is_some()).then_some(words)
}

fn root_of(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Member { object, .. } => root_of(object),
        _ => expr,
    }
}

fn judge(file: &SourceFile, expr: &Expr, call: &Call, words: &[String], needs_option: bool) -> Option<Skip> {
    let (root, modifiers) = words.split_first()?;
    let has = |sought: &str| modifiers.iter().any(|word| word == sought);
    let is_suite = SUITES.contains(&root.trim_start_matches(['x', 'f'])) || has("describe");
    let first = call.arguments.first().map(|argument| &argument.value);
    let body = call.arguments.iter().find_map(|argument| match &argument.value.kind {
        ExprKind::Function(function) => Some(&**function),
        _ => None,
    });
    let name = first.and_then(Expr::string).unwrap_or_default().to_owned();
    let at = call.callee.extent;
    let by_comment = || beside(file, at).or_else(|| body.and_then(|body| first_comment(file, expr, body)));
    let skipped = if is_suite { How::Suite } else { How::Skipped };
    let said_here = |how: How, reason: Option<String>| {
        Some(Skip { at, name: name.clone(), how, reason: reason.or_else(by_comment) })
    };
    // Playwright's `test.skip(condition, "why")`, in a body.
    let is_titled = first.is_some_and(|first| first.string().is_some() || body.is_some());
    let is_focused = matches!(root.as_str(), "fit" | "fdescribe" | "fcontext") || has("only");
    if is_focused && body.is_some() {
        return said_here(How::Only(!needs_option), None);
    }
    if has("skip") || has("fixme") || root.starts_with('x') {
        return match (is_titled, first) {
            (true, Some(first)) if matches!(first.kind, ExprKind::Function(_)) => None,
            (true, _) if body.is_none() && call.arguments.len() == 1 => said_here(How::Todo, None),
            (true, _) => said_here(skipped, None),
            (false, Some(condition)) if is_true(condition) => {
                let reason = call.arguments.get(1).and_then(|reason| said(reason.value.string()?));
                said_here(How::Skipped, reason)
            }
            (false, None) => said_here(How::Skipped, None),
            (false, Some(_)) => None,
        };
    }
    if has("todo") {
        return said_here(How::Todo, None);
    }
    if let Some((how, reason, at)) = by_options(call, skipped) {
        let reason = reason.or_else(|| beside(file, at));
        let how = if let How::Only(_) = how { How::Only(!needs_option) } else { how };
        return Some(Skip { at, name, how, reason });
    }
    let skip = leading_skip(body?).filter(|_| !is_suite)?;
    let told = skip.call().and_then(|call| said(call.arguments.first()?.value.string()?));
    Some(Skip {
        at: skip.extent,
        name,
        how: How::Skipped,
        reason: told.or_else(|| beside(file, skip.extent)),
    })
}

/// `test("x", { skip: true }, ..)`, `{ skip: "why" }`, `{ todo: true }`, `{ only: true }` of node:test and Vitest.
fn by_options(call: &Call, skipped: How) -> Option<(How, Option<String>, Extent)> {
    let options = call.arguments.iter().skip(1).find_map(|argument| match &argument.value.kind {
        ExprKind::Record { entries, .. } => Some(entries),
        _ => None,
    })?;
    options.iter().find_map(|(key, value)| {
        let how = match key.as_ref()?.string()? {
            "skip" => skipped,
            "todo" => How::Todo,
            "only" => How::Only(false),
            _ => return None,
        };
        let text = value.string();
        (is_true(value) || text.is_some_and(|text| !text.is_empty()))
            .then(|| (how, text.and_then(said), value.extent))
    })
}

fn is_true(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Literal(Literal::Boolean(true)))
}

/// A comment before the first statement of a body.
fn first_comment(file: &SourceFile, expr: &Expr, body: &Function) -> Option<String> {
    let end = body.body.first().map_or(expr.extent.end, |Stmt { extent, .. }| extent.start);
    let start = body.name_extent.start;
    let mut inside = file
        .syntax
        .comments
        .iter()
        .filter(|comment| start <= comment.extent.start && comment.extent.end <= end);
    inside.find_map(|comment| super::reason::says_why(file.text_of(comment.extent)))
}

//! Which functions of a project's tests assert, themselves or through what they call.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::facts::nodes::{Node, each_in_body, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Class, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::tests::{Test, assertions};
use crate::facts::values::called_name;
use crate::language::Language;

/// Rounds in which "asserts" is carried from called to caller: helpers that call helpers are three deep at most in what was read.
const ROUNDS: usize = 5;

/// Which names stand for functions that assert.
pub(super) struct Reach<'a> {
    asserting: HashSet<&'a str>,
}

/// A function of the tests: whether it asserts itself, and what it calls.
struct Helper<'a> {
    name: &'a str,
    asserts: bool,
    calls: Vec<&'a str>,
}

impl<'a> Reach<'a> {
    /// Looks at every function of the files that are tests or serve tests.
    pub(super) fn of(files: &'a [SourceFile]) -> Self {
        let helpers: Vec<Helper<'a>> = files.par_iter().flat_map_iter(helpers).collect();
        let mut asserting: HashSet<&str> =
            helpers.iter().filter(|helper| helper.asserts).map(|helper| helper.name).collect();
        for _ in 0..ROUNDS {
            let before = asserting.len();
            for helper in &helpers {
                if helper.calls.iter().any(|called| asserting.contains(called)) {
                    asserting.insert(helper.name);
                }
            }
            if asserting.len() == before {
                break;
            }
        }
        Self { asserting }
    }

    /// Whether a test asserts: itself, through what it calls, through its fixtures, or through what runs around it.
    pub(super) fn asserts(&self, file: &SourceFile, test: &Test<'_>) -> bool {
        let function = test.function;
        if asserts_itself(file.language, function) || has_mark_that_asserts(function) {
            return true;
        }
        let mut calls = Vec::new();
        calls_of(function, &mut calls);
        if calls.iter().any(|called| self.asserting.contains(called)) {
            return true;
        }
        let by_fixture = file.language == Language::Python
            && function.parameters.iter().filter_map(|parameter| called_name(&parameter.pattern)).any(
                |name| {
                    self.asserting.contains(name)
                        || matches!(name, "benchmark" | "snapshot" | "data_regression" | "image_regression")
                },
            );
        by_fixture
            || test.class.is_some_and(|class| self.runs_around(file.language, class))
            || self.hooks_assert(file)
    }

    /// `setUp` and `tearDown` that assert.
    fn runs_around(&self, language: Language, class: &Class) -> bool {
        class.body.iter().any(|stmt| {
            let StmtKind::Function(function) = &stmt.kind else { return false };
            let is_hook = matches!(
                function.name.as_str(),
                "setUp"
                    | "tearDown"
                    | "asyncSetUp"
                    | "asyncTearDown"
                    | "setup_method"
                    | "teardown_method"
                    | "run"
                    | "runTest"
            );
            let mut calls = Vec::new();
            calls_of(function, &mut calls);
            is_hook
                && (asserts_itself(language, function)
                    || calls.iter().any(|called| self.asserting.contains(called)))
        })
    }

    /// `afterEach(() => { expect(..) })`.
    fn hooks_assert(&self, file: &SourceFile) -> bool {
        if !matches!(file.language, Language::JavaScript | Language::TypeScript) {
            return false;
        }
        let mut found = false;
        each_node(&file.syntax, &mut |node, _| {
            if let Some(call) = node.expr().and_then(Expr::call)
                && matches!(called_name(&call.callee), Some("afterEach" | "beforeEach"))
            {
                found |= call.arguments.iter().any(|argument| match &argument.value.kind {
                    ExprKind::Function(function) => asserts_itself(file.language, function),
                    _ => false,
                });
            }
            !found
        });
        found
    }
}

fn helpers(file: &SourceFile) -> Vec<Helper<'_>> {
    let mut found = Vec::new();
    // Asserting helpers of tests live in tests; a Rust file holds both.
    if !file.is_test && file.language != Language::Rust {
        return found;
    }
    each_node(&file.syntax, &mut |node, around| {
        let Some(function) = node.function() else { return true };
        let name =
            if function.name.is_empty() { bound_name(around.last()) } else { Some(function.name.as_str()) };
        if let Some(name) = name {
            let mut calls = Vec::new();
            calls_of(function, &mut calls);
            found.push(Helper { name, asserts: asserts_itself(file.language, function), calls });
        }
        true
    });
    found
}

/// The `check` of `const check = () => {}`.
fn bound_name<'a>(parent: Option<&Node<'a>>) -> Option<&'a str> {
    let Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) = parent else { return None };
    assign.targets.first().and_then(called_name)
}

fn asserts_itself(language: Language, function: &Function) -> bool {
    let mut raises = false;
    each_in_body(&function.body, &mut |node, _| {
        raises |= match node {
            Node::Stmt(Stmt { kind: StmtKind::Raise { .. }, .. }) => true,
            Node::Expr(Expr { kind: ExprKind::Propagate(_), .. }) => true,
            // chai's `expect(x).to.be.true` and `x.should.be.ok` assert without a call.
            Node::Stmt(Stmt {
                kind: StmtKind::Expr(Expr { kind: ExprKind::Member { object, .. }, .. }),
                ..
            }) => language != Language::Python && crate::facts::tests::expected_subject(object).is_some(),
            _ => false,
        };
        !raises
    });
    raises || !assertions(language, &function.body).is_empty()
}

fn has_mark_that_asserts(function: &Function) -> bool {
    function.decorators.iter().any(|decorator| {
        let name = decorator.call().map_or(decorator, |call| &call.callee);
        called_name(name).is_some_and(|name| {
            matches!(
                name,
                "should_panic"
                    | "raises"
                    | "check_figures_equal"
                    | "image_comparison"
                    | "mpl_image_compare"
                    | "filterwarnings"
            ) || crate::facts::tests::is_assertion_name(name)
        })
    })
}

fn calls_of<'a>(function: &'a Function, calls: &mut Vec<&'a str>) {
    let mut seen: HashSet<&str> = HashSet::new();
    each_in_body(&function.body, &mut |node, _| {
        let Some(call) = node.expr().and_then(Expr::call) else { return true };
        calls.extend(called_name(&call.callee).filter(|name| seen.insert(name)));
        // A helper may be handed on: `it("..", check)`, `pool.map(check, ..)`.
        calls.extend(call.arguments.iter().filter_map(|argument| match &argument.value.kind {
            ExprKind::Name(name) => Some(name.as_str()),
            _ => None,
        }));
        true
    });
}

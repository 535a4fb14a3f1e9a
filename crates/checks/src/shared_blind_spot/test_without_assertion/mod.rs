//! # test-without-assertion
//!
//! A test that looks at nothing. It calls the code, perhaps prints the answer, and is green whatever the answer is. Coverage
//! counts its lines, the badge says 100%, and the first real input shows that nobody ever asked what the code should do. Tests
//! written together with the code by the same author are where this happens most: they were written to be green.
//!
//! ## What is reported
//!
//! - **error** where the test cannot fail for what it is named for: it is empty; it calls the code and ignores or only prints what
//!   comes back; it compares and throws the comparison away (`result == 5` without `assert`); it makes an expectation and never states
//!   it (`expect(total)`, `expect(total).toBe` without a call); everything it does is inside a handler that drops every error;
//! - **warning** where it runs code whose result it does not look at: it can only fail by an exception; and a project of more than
//!   200 lines of code in which there is no test at all, in any language;
//! - **note** where its name says that this is the point ("does not raise", "smoke", "imports"); and where all that tests the program is a script
//!   that asks it and asserts what it answers, and that neither a runner finds nor a workflow or `npm test` starts.
//!
//! Assertions are followed into the project's own helpers, base classes, set-up and tear-down. `pytest.raises`, `assert_called…`, supertest's
//! `.expect(200)`, `unwrap()` and `?` in Rust, `#[should_panic]`, a `raise` and a `throw` all count.
//!
//! ## What to do
//!
//! Say what must be true afterwards, taken from the specification and not from a run of the code:
//!
//! ```python
//! def test_total_includes_tax():
//!     assert order_total([line(price="10.00", quantity=3)]) == Decimal("32.40")
//! ```
//!
//! When not raising is all that is promised, say so in the name: `test_import_does_not_raise`.
//!
//! Source: Schuler & Zeller, "Checked coverage: an indicator for oracle quality", STVR 2013; the test smell "Unknown Test" in Peruma et
//! al., <https://testsmells.org/pages/testsmellexamples.html>; [Jest, expect.hasAssertions](https://jestjs.io/docs/expect#expecthasassertions).

mod none;
mod reach;

use rayon::prelude::*;
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::reach::Reach;
use crate::context::Context;
use crate::facts::definitions::called_function;
use crate::facts::nodes::{Node, each_in_body, each_node, enclosing_class};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Handler, Literal, Stmt, StmtKind, Try};
use crate::facts::tests::{Test, expected_subject, tests};
use crate::facts::values::returned;
use crate::facts::words::words;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::{Draft, Report};

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("test-without-assertion"),
        version: 1,
        failure_mode: FailureMode::SharedBlindSpot,
        need: Need::Required,
        title: "a test that looks at nothing",
        applies_to: "test",
        variants: &[
            "empty",
            "result-ignored",
            "comparison-discarded",
            "expectation-not-stated",
            "cannot-fail",
            "only-runs",
            "no-test",
        ],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let reach = Reach::of(context.files);
    let judged: Vec<_> = context
        .files
        .par_iter()
        .filter_map(|file| {
            let reach = &reach;
            let tests = tests(file);
            let count = tests.len();
            let found: Vec<_> =
                tests.iter().filter_map(|test| Some((*test, judge(context, file, test, reach)?))).collect();
            (count > 0).then_some((file, count, found))
        })
        .collect();
    for (file, count, found) in judged {
        (0..count).for_each(|_| report.trial());
        say(file, found, report);
    }
    none::judge(context, report);
}

/// Says what was found in a file; its empty tests are one finding, since they were left empty together.
fn say(file: &SourceFile, found: Vec<(Test<'_>, Weakness)>, report: &mut Report<'_>) {
    let (empty, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, weakness)| matches!(weakness, Weakness::Empty));
    for (test, weakness) in others {
        let draft = weakness.draft(report, file, &test);
        report.add(draft);
    }
    let Some((first, rest)) = empty.split_first() else { return };
    let mut draft = Weakness::Empty.draft(report, file, &first.0);
    for (test, _) in rest.iter().take(RELATED) {
        draft = draft.related(file, test.name_extent, "this one is empty too");
    }
    report.add(draft);
}

/// Other empty tests of a file that are listed; a reader needs a few, not all.
const RELATED: usize = 10;

/// In which way a test looks at nothing.
enum Weakness {
    Empty,
    Emptied,
    ComparisonDiscarded(Extent),
    ExpectationNotStated(Extent),
    CannotFail(Extent),
    ResultIgnored(Extent, String),
    OnlyRuns { on_purpose: bool },
}

fn judge<'a>(
    context: &Context<'a>,
    file: &'a SourceFile,
    test: &Test<'a>,
    reach: &Reach<'_>,
) -> Option<Weakness> {
    if let Some(swallowed) = swallows_everything(file, test) {
        return Some(Weakness::CannotFail(swallowed));
    }
    if let Some(unstated) = unstated_expectation(file, test) {
        return Some(Weakness::ExpectationNotStated(unstated));
    }
    if reach.asserts(file, test) {
        return None;
    }
    if test.function.body.iter().all(does_nothing) {
        return Some(if empties_another(file, test) { Weakness::Emptied } else { Weakness::Empty });
    }
    if let Some(comparison) = discarded_comparison(test) {
        return Some(Weakness::ComparisonDiscarded(comparison));
    }
    let on_purpose = says_it_only_runs(test.name) || docstring(test).is_some_and(says_it_only_runs);
    if !on_purpose {
        let ignored = ignored_result(file, test).or_else(|| discarded_answer(context, file, test));
        if let Some((extent, name)) = ignored {
            return Some(Weakness::ResultIgnored(extent, name));
        }
    }
    Some(Weakness::OnlyRuns { on_purpose })
}

impl Weakness {
    fn draft(self, report: &Report<'_>, file: &SourceFile, test: &Test<'_>) -> Draft {
        let name = if test.name.is_empty() { "this test" } else { test.name };
        let draft = match self {
            Self::Empty => report
                .at(file, test.name_extent, format!("`{name}` is empty: it is green whatever the code does"))
                .variant("empty")
                .confidence(Confidence::Certain),
            Self::Emptied => report
                .at(file, test.name_extent, format!("`{name}` takes the place of another class's test and is empty: what that tests is not tried here"))
                .variant("empty")
                .severity(Severity::Warning),
            Self::ComparisonDiscarded(at) => report
                .at(file, at, format!("`{name}` compares here and does not look at the answer"))
                .variant("comparison-discarded")
                .confidence(Confidence::Certain)
                .related(file, test.name_extent, "the test"),
            Self::ExpectationNotStated(at) => report
                .at(file, at, format!("`{}` says nothing about its value: no matcher is called", short(file.text_of(at))))
                .variant("expectation-not-stated")
                .related(file, test.name_extent, "the test"),
            Self::CannotFail(at) => report
                .at(file, at, format!("`{name}` cannot fail: every error that it could meet, failed assertions too, is dropped here"))
                .variant("cannot-fail")
                .related(file, test.name_extent, "the test"),
            Self::ResultIgnored(at, result) => report
                .at(file, test.name_extent, format!("`{name}` never looks at what it gets: {result} is compared with nothing"))
                .variant("result-ignored")
                .related(file, at, "what it gets"),
            Self::OnlyRuns { on_purpose } => report
                .at(file, test.name_extent, format!("`{name}` runs code and looks at no result: it can only fail by an exception"))
                .variant("only-runs")
                .severity(if on_purpose { Severity::Note } else { Severity::Warning })
                .confidence(Confidence::Medium),
        };
        draft.advice(advice(file.language))
    }
}

fn short(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::Python => {
            "say what must be true afterwards: `assert result == EXPECTED`, with EXPECTED from the specification; if it must fail, `with pytest.raises(…)`"
        }
        Language::JavaScript | Language::TypeScript => {
            "say what must be true afterwards: `expect(result).toEqual(EXPECTED)`, with EXPECTED from the specification, and `await` what is asynchronous"
        }
        Language::Rust => {
            "say what must be true afterwards: `assert_eq!(result, EXPECTED)`, with EXPECTED from the specification"
        }
    }
}

/// `pass`, a docstring, `...`, a print of a constant.
fn does_nothing(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Empty | StmtKind::Import(_) | StmtKind::Return(None) => true,
        StmtKind::Expr(expr) | StmtKind::Value(expr) => is_idle(expr),
        _ => false,
    }
}

fn is_idle(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Call(call) => {
            is_printing(&call.callee) && call.arguments.iter().all(|argument| is_idle(&argument.value))
        }
        _ => expr.string().is_some(),
    }
}

fn is_printing(callee: &Expr) -> bool {
    matches!(
        callee.dotted().as_deref(),
        Some(
            "print"
                | "pprint"
                | "pprint.pprint"
                | "console.log"
                | "console.info"
                | "console.debug"
                | "println"
                | "eprintln"
                | "dbg"
        )
    )
}

/// `result == 5` for a statement.
fn discarded_comparison(test: &Test<'_>) -> Option<Extent> {
    let mut found = None;
    each_in_body(&test.function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Expr(expr), extent }) = node
            && matches!(expr.kind, ExprKind::Compare { .. })
        {
            found = found.or(Some(*extent));
        }
        found.is_none()
    });
    found
}

/// `expect(total)` and `expect(total).toBe` for a statement, in Jest and Vitest, where a matcher that is not called does nothing.
fn unstated_expectation(file: &SourceFile, test: &Test<'_>) -> Option<Extent> {
    const MATCHERS: &[&str] = &[
        "toBe",
        "toEqual",
        "toStrictEqual",
        "toBeTruthy",
        "toBeFalsy",
        "toBeNull",
        "toThrow",
        "toBeDefined",
        "toContain",
    ];
    if !matches!(file.language, Language::JavaScript | Language::TypeScript) {
        return None;
    }
    let mut found = None;
    each_in_body(&test.function.body, &mut |node, _| {
        let Node::Stmt(Stmt { kind: StmtKind::Expr(expr), extent }) = node else { return true };
        let unstated = match &expr.kind {
            ExprKind::Member { object, name, .. } => {
                MATCHERS.contains(&name.as_str()) && expected_subject(object).is_some()
            }
            ExprKind::Call(call) => {
                call.callee.dotted().as_deref() == Some("expect") && call.arguments.len() == 1
            }
            _ => false,
        };
        if unstated {
            found = found.or(Some(*extent));
        }
        true
    });
    found
}

/// The handler around all that a test does, when it drops every error.
fn swallows_everything(file: &SourceFile, test: &Test<'_>) -> Option<Extent> {
    let mut working = test.function.body.iter().filter(|stmt| !does_nothing(stmt));
    let (Some(Stmt { kind: StmtKind::Try(tried), .. }), None) = (working.next(), working.next()) else {
        return None;
    };
    let Try { handlers, finally, otherwise, .. } = &**tried;
    if !finally.is_empty() || !otherwise.is_empty() {
        return None;
    }
    handlers.iter().find(|handler| drops_everything(file.language, handler)).map(|handler| handler.extent)
}

fn drops_everything(language: Language, handler: &Handler) -> bool {
    let all = match (&handler.caught, language) {
        (None, _) => true,
        // A failed `assert` is an `AssertionError`, which is an `Exception`.
        (Some(caught), Language::Python) => {
            matches!(caught.dotted().as_deref(), Some("Exception" | "BaseException"))
        }
        _ => false,
    };
    all && handler.body.iter().all(|stmt| {
        does_nothing(stmt)
            || matches!(&stmt.kind, StmtKind::Expr(Expr { kind: ExprKind::Call(call), .. }) if is_printing(&call.callee))
    })
}

/// Whether another class of the file has a test of this name that does something.
fn empties_another(file: &SourceFile, test: &Test<'_>) -> bool {
    let mut found = false;
    each_node(&file.syntax, &mut |node, around| {
        if let Some(function) = node.function() {
            found |= test.class.is_some()
                && function.name == test.name
                && !std::ptr::eq(function, test.function)
                && enclosing_class(around).is_some()
                && !function.body.iter().all(does_nothing);
        }
        !found
    });
    found
}

/// The call that a test ends with, when the project's own function gives an answer there that nobody takes.
fn discarded_answer<'a>(
    context: &Context<'a>,
    file: &'a SourceFile,
    test: &Test<'a>,
) -> Option<(Extent, String)> {
    let StmtKind::Expr(last) = &test.function.body.last()?.kind else { return None };
    let call = match &last.kind {
        ExprKind::Await(value) => value.call()?,
        _ => last.call()?,
    };
    let (of, function) = called_function(context, file, &call.callee)?;
    let answers = !of.is_test
        && !function.is_generator
        && returned(function).iter().any(|value| !matches!(value.kind, ExprKind::Literal(Literal::Null)));
    answers.then(|| (last.extent, format!("what `{}` returns", file.text_of(call.callee.extent))))
}

/// What a test gets and does not look at: bound to a name that nothing but a print reads, or printed at once.
fn ignored_result(file: &SourceFile, test: &Test<'_>) -> Option<(Extent, String)> {
    let mut bound: Vec<(&str, Extent)> = Vec::new();
    let mut read: Vec<&str> = Vec::new();
    let mut printed = None;
    each_in_body(&test.function.body, &mut |node, around| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                let [Expr { kind: ExprKind::Name(name), extent }] = assign.targets.as_slice() else {
                    return true;
                };
                // A field of a class in the test is read by whoever makes the object.
                let is_field = enclosing_class(around).is_some();
                let is_made = assign.op.is_none() && assign.value.as_ref().is_some_and(is_made_by_call);
                if is_made && !is_field && !name.starts_with('_') {
                    bound.push((name, *extent));
                }
            }
            Node::Expr(expr) => {
                if let Some(call) = expr.call().filter(|call| is_printing(&call.callee)) {
                    if call.arguments.iter().any(|argument| is_made_by_call(&argument.value)) {
                        printed = printed.or(Some(expr.extent));
                    }
                    return false;
                }
                if let ExprKind::Name(name) = &expr.kind
                    && !is_target(expr, around.last())
                {
                    read.push(name);
                }
            }
            _ => {}
        }
        true
    });
    let unread = bound.into_iter().find(|(name, _)| !read.contains(name));
    unread
        .map(|(name, extent)| (extent, format!("`{name}`")))
        .or_else(|| printed.map(|extent| (extent, format!("`{}`", short(file.text_of(extent))))))
}

fn is_target(expr: &Expr, parent: Option<&Node<'_>>) -> bool {
    match parent {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => {
            assign.op.is_none() && assign.targets.iter().any(|target| std::ptr::eq(target, expr))
        }
        _ => false,
    }
}

fn is_made_by_call(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Call(_) => true,
        ExprKind::Await(value) => is_made_by_call(value),
        ExprKind::Literal(Literal::Null) => false,
        _ => false,
    }
}

/// What a test says of itself before it begins.
fn docstring<'a>(test: &Test<'a>) -> Option<&'a str> {
    match &test.function.body.first()?.kind {
        StmtKind::Expr(expr) => expr.string(),
        _ => None,
    }
}

/// Whether a name or docstring says that running is all that is promised.
fn says_it_only_runs(name: &str) -> bool {
    let words = words(name);
    let has = |word: &str| words.iter().any(|other| other == word);
    let negated = ["no", "not", "doesnt", "without", "dont", "wont", "never", "doesn", "shouldn"]
        .iter()
        .any(|word| has(word));
    let failure = [
        "raise",
        "raises",
        "raising",
        "throw",
        "throws",
        "error",
        "errors",
        "fail",
        "fails",
        "crash",
        "crashes",
        "panic",
        "panics",
        "exception",
        "warning",
        "warnings",
        "warn",
        "leak",
        "hang",
        "deadlock",
        "break",
        "blow",
        "explode",
        "segfault",
        "infinite",
        "loop",
    ];
    (negated && failure.iter().any(|word| has(word)))
        || [
            "smoke",
            "import",
            "imports",
            "importable",
            "noop",
            "compiles",
            "compile",
            "safe",
            "tolerates",
            "ignores",
            "accepts",
            "valid",
            "allowed",
            "ok",
        ]
        .iter()
        .any(|word| has(word))
}

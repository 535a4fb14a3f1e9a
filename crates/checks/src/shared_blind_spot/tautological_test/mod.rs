//! # tautological-test
//!
//! An assertion that is true whatever the code does: `assert True`, `assertEqual(total, total)`, an expected value that the test takes
//! from the very call it checks, a mock asked for what the test has just put into it, `len(rows) >= 0`, `assert (total == 5, "total")`. It
//! looks like a test to whoever reviews it and to every coverage report, and it has never been able to fail. It is what a
//! generator writes that was asked for a test and did not know the answer.
//!
//! ## What is reported
//!
//! - **error** where the test states nothing else that could fail, and where a tuple is asserted (Python takes it for true);
//! - **warning** where other assertions of the same test can fail; an inline snapshot in which the engine's own message of a crash
//!   was accepted (`Cannot read properties of undefined`);
//! - **note**: an inline snapshot of `undefined` or of nothing, where the test states nothing else; `toMatchSnapshot()` without a snapshot
//!   file beside it, since the first run writes down whatever comes out.
//!
//! Left alone: two equal calls in a test whose name says that it is about sameness (determinism, caches, hashes, equality), and two
//! equal calls with work between them.
//!
//! ## What to do
//!
//! Write down the value that the specification asks for, worked out by hand or by another implementation:
//!
//! ```python
//! # not: assert order_total(lines) == order_total(lines)
//! assert order_total(lines) == Decimal("32.40")
//! ```
//!
//! Source: [Python reference, assert](https://docs.python.org/3/reference/simple_stmts.html#the-assert-statement) and CPython's
//! "assertion is always true, perhaps remove parentheses?"; Barr et al., "The Oracle Problem in Software Testing", IEEE TSE 2015;
//! Peruma et al., "Redundant Assertion", <https://testsmells.org/pages/testsmellexamples.html>.

mod snapshot;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Literal, SequenceKind, Stmt, StmtKind, UnaryOp};
use crate::facts::tests::{Assertion, Claim, Test, assertions, tests};
use crate::facts::values::{Bound, Values, called_name, keyword, same_text};
use crate::facts::words::words;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("tautological-test"),
        version: 1,
        failure_mode: FailureMode::SharedBlindSpot,
        need: Need::Required,
        title: "an assertion that is always true",
        applies_to: "assertion",
        variants: &[
            "constant",
            "itself",
            "same-call",
            "configured-mock",
            "never-negative",
            "tuple",
            "unread-snapshot",
        ],
        source: include_str!("mod.rs"),
    },
    run: Run::File(run),
};

fn run(context: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    let mut snapshots = snapshot::Snapshots::default();
    for test in tests(file) {
        let made = assertions(file.language, &test.function.body);
        let values = Values::of_function(test.function);
        let judged: Vec<_> = made.iter().map(|assertion| judge(file, &test, &values, assertion)).collect();
        let can_fail = judged.iter().any(Option::is_none);
        for (assertion, tautology) in made.iter().zip(judged) {
            report.trial();
            let Some(tautology) = tautology else { continue };
            let reached = match assertion.claim {
                Claim::True(_) if tautology.variant == "constant" => reached(&test, assertion),
                _ => Reached::AtOnce,
            };
            // In a callback it tells that the callback was called, which the test waits for or counts.
            if reached == Reached::InCallback {
                continue;
            }
            let certain = tautology.variant == "tuple";
            let only_warns = (can_fail || reached == Reached::AfterCalls) && !certain;
            let severity = if only_warns { Severity::Warning } else { Severity::Error };
            let draft = report
                .at(file, assertion.extent, tautology.message)
                .variant(tautology.variant)
                .severity(severity)
                .confidence(if certain { Confidence::Certain } else { Confidence::High })
                .related(file, test.name_extent, "the test")
                .advice(tautology.advice);
            report.add(draft);
        }
        snapshots.judge(context, file, &test, &made, report);
    }
}

/// What has to happen before an assertion is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// Nothing.
    AtOnce,
    /// Calls that do not throw: the least that a test can say of them.
    AfterCalls,
    /// That somebody calls the function in which it stands.
    InCallback,
}

fn reached(test: &Test<'_>, assertion: &Assertion<'_>) -> Reached {
    let mut reached = Reached::AtOnce;
    each_in_body(&test.function.body, &mut |node, _| {
        let extent = node.extent();
        let holds = extent.start <= assertion.extent.start && assertion.extent.end <= extent.end;
        if holds && node.function().is_some() {
            reached = Reached::InCallback;
        }
        let is_before = extent.end <= assertion.extent.start && node.expr().and_then(Expr::call).is_some();
        if is_before && reached == Reached::AtOnce {
            reached = Reached::AfterCalls;
        }
        true
    });
    reached
}

struct Tautology {
    variant: &'static str,
    message: String,
    advice: &'static str,
}

const FROM_SPECIFICATION: &str =
    "compare with the value that the specification asks for, written out: `== EXPECTED`";

fn judge(
    file: &SourceFile,
    test: &Test<'_>,
    values: &Values<'_>,
    assertion: &Assertion<'_>,
) -> Option<Tautology> {
    match assertion.claim {
        Claim::True(value) => always_true(file, value),
        Claim::False(value) => is_falsy(value).then(|| constant(file, value)),
        Claim::Compared(Some(op), left, right) => {
            if let (true, true) = (is_literal(left), is_literal(right)) {
                return same_text(&file.text, left, right).then(|| constant(file, left));
            }
            never_negative(file, op, left, right)
                .or_else(|| same(file, test, values, op, left, right))
                .or_else(|| mock_answer(file, test, values, op, left, right))
        }
        Claim::Compared(None, ..) | Claim::Other => None,
    }
}

fn constant(file: &SourceFile, value: &Expr) -> Tautology {
    Tautology {
        variant: "constant",
        message: format!(
            "`{}` does not depend on the code: this holds whatever the code does",
            file.text_of(value.extent)
        ),
        advice: "assert something about what the code gave back, or remove the line",
    }
}

fn always_true(file: &SourceFile, value: &Expr) -> Option<Tautology> {
    if let ExprKind::Sequence { kind: SequenceKind::Tuple, items } = &value.kind {
        return (!items.is_empty()).then(|| Tautology {
            variant: "tuple",
            message: "a tuple that is not empty is true: what is in it is not looked at".to_owned(),
            advice: "remove the parentheses: `assert CONDITION, MESSAGE`",
        });
    }
    let truthy = match &value.kind {
        ExprKind::Literal(Literal::Boolean(value)) => *value,
        ExprKind::Literal(Literal::Integer(number)) => number != "0",
        ExprKind::Literal(Literal::String(text)) => !text.is_empty(),
        ExprKind::Unary { op: UnaryOp::Not, value } => is_falsy(value),
        ExprKind::Logical { op: crate::facts::syntax::LogicalOp::Or, right, .. } => {
            matches!(right.kind, ExprKind::Literal(Literal::Boolean(true)))
        }
        _ => false,
    };
    truthy.then(|| constant(file, value))
}

fn is_falsy(value: &Expr) -> bool {
    matches!(value.kind, ExprKind::Literal(Literal::Boolean(false) | Literal::Null))
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(_))
}

/// `len(x) >= 0`, `x.length >= 0`, `x.len() >= 0`.
fn never_negative(file: &SourceFile, op: CompareOp, left: &Expr, right: &Expr) -> Option<Tautology> {
    let (size, other) = match op {
        CompareOp::GreaterOrEqual => (left, right),
        CompareOp::LessOrEqual => (right, left),
        _ => return None,
    };
    let is_zero = matches!(&other.kind, ExprKind::Literal(Literal::Integer(number)) if number == "0");
    let is_size = match &size.kind {
        ExprKind::Call(call) => {
            matches!(called_name(&call.callee), Some("len"))
                && (call.arguments.len() == 1 || matches!(call.callee.kind, ExprKind::Member { .. }))
        }
        ExprKind::Member { name, .. } => name == "length",
        _ => false,
    };
    (is_zero && is_size).then(|| Tautology {
        variant: "never-negative",
        message: format!("`{}` is never negative: this holds for every result", file.text_of(size.extent)),
        advice: "say how many there must be: `== EXPECTED`, or `> 0` at least",
    })
}

/// The same on both sides: the same text, or two equal calls with nothing done between.
fn same(
    file: &SourceFile,
    test: &Test<'_>,
    values: &Values<'_>,
    op: CompareOp,
    left: &Expr,
    right: &Expr,
) -> Option<Tautology> {
    let equal = matches!(
        op,
        CompareOp::Equal
            | CompareOp::StrictEqual
            | CompareOp::Is
            | CompareOp::GreaterOrEqual
            | CompareOp::LessOrEqual
    );
    if !equal || is_about_sameness(test) {
        return None;
    }
    if same_text(&file.text, left, right) {
        let calls = calls_in(left);
        if calls == 0 {
            return Some(Tautology {
                variant: "itself",
                message: format!("`{}` is compared with itself", file.text_of(left.extent)),
                advice: FROM_SPECIFICATION,
            });
        }
        return is_repeatable(left).then(|| same_call(file, left));
    }
    let (name, call) = match (&left.kind, &right.kind) {
        (ExprKind::Name(name), _) => (name, right),
        (_, ExprKind::Name(name)) => (name, left),
        _ => return None,
    };
    let (name, call) = match (&left.kind, &right.kind) {
        (ExprKind::Name(first), ExprKind::Name(second)) => {
            return two_names(file, test, values, first, second);
        }
        _ => (name, call),
    };
    let [Bound::To(bound)] = values.bound(name) else { return None };
    let found =
        is_repeatable(call) && same_text(&file.text, bound, call) && nothing_between(test, bound, call);
    found.then(|| same_call(file, call))
}

/// `expected = f(a)`, `actual = f(a)`, `assert actual == expected`.
fn two_names(
    file: &SourceFile,
    test: &Test<'_>,
    values: &Values<'_>,
    first: &str,
    second: &str,
) -> Option<Tautology> {
    let ([Bound::To(first)], [Bound::To(second)]) = (values.bound(first), values.bound(second)) else {
        return None;
    };
    let (first, second) =
        if first.extent.start < second.extent.start { (first, second) } else { (second, first) };
    let found =
        is_repeatable(first) && same_text(&file.text, first, second) && nothing_between(test, first, second);
    found.then(|| same_call(file, first))
}

fn same_call(file: &SourceFile, call: &Expr) -> Tautology {
    Tautology {
        variant: "same-call",
        message: format!(
            "what is expected is taken from the call under test, `{}`: a wrong answer equals itself",
            file.text_of(call.extent)
        ),
        advice: FROM_SPECIFICATION,
    }
}

/// Names of tests whose point is that two are the same.
fn is_about_sameness(test: &Test<'_>) -> bool {
    const SAMENESS: &str = "same equal equals equality eq identical identity deterministic determinism stable stability consistent consistency cache cached caches caching memo memoize memoized idempotent idempotency repeat repeated twice again reproducible seed seeded hash hashable hashing singleton reuse reused pure compare comparison comparisons cmp reflexive lazy shared interned reference weakref ne nan lt le gt ge richcmp richcompare descriptor";
    let of_class = test.class.map_or("", |class| class.name.as_str());
    words(test.name).iter().chain(&words(of_class)).any(|word| SAMENESS.split(' ').any(|other| other == word))
}

fn calls_in(expr: &Expr) -> u32 {
    let mut calls = 0;
    crate::facts::nodes::each_in_expr(expr, &mut |node, _| {
        calls += u32::from(node.expr().and_then(Expr::call).is_some());
        true
    });
    calls
}

/// Calls that read the thing they are given.
const READINGS: &[&str] = &[
    "str", "list", "tuple", "dict", "set", "repr", "bytes", "sorted", "hash", "len", "id", "String", "type",
];

/// A call with arguments, of something that is not known to answer differently each time.
fn is_repeatable(expr: &Expr) -> bool {
    let inner = match &expr.kind {
        ExprKind::Await(value) | ExprKind::Propagate(value) => value,
        _ => expr,
    };
    inner.call().is_some_and(|call| {
        let changes = called_name(&call.callee).is_none_or(|name| {
            // Two objects made alike are compared to try their equality, two readings of one thing to try that it can be read again.
            if name.starts_with(char::is_uppercase) || READINGS.contains(&name) {
                return true;
            }
            words(name).iter().any(|word| {
                matches!(
                    word.as_str(),
                    "next"
                        | "pop"
                        | "read"
                        | "recv"
                        | "random"
                        | "rand"
                        | "time"
                        | "now"
                        | "increment"
                        | "id"
                        | "uuid"
                        | "create"
                        | "shift"
                ) || matches!(
                    word.as_str(),
                    "get"
                        | "choice"
                        | "poll"
                        | "send"
                        | "take"
                        | "query"
                        | "make"
                        | "new"
                        | "iter"
                        | "ref"
                        | "getattr"
                        | "id4"
                )
            })
        });
        !changes && !call.arguments.is_empty()
    })
}

/// Whether no other call stands between two places of a test.
fn nothing_between(test: &Test<'_>, first: &Expr, second: &Expr) -> bool {
    let (from, to) = if first.extent.end <= second.extent.start {
        (first.extent.end, second.extent.start)
    } else {
        (second.extent.end, first.extent.start)
    };
    let mut between = false;
    each_in_body(&test.function.body, &mut |node, _: Around<'_, '_>| {
        between |= match node {
            Node::Expr(expr) => expr.call().is_some() && expr.extent.start >= from && expr.extent.end <= to,
            Node::Stmt(Stmt {
                kind: StmtKind::With { .. } | StmtKind::Try(_) | StmtKind::Loop(_),
                extent,
            }) => extent.start >= from && extent.start < to,
            Node::Stmt(Stmt { kind: StmtKind::Assign(_) | StmtKind::Delete(_), extent }) => {
                extent.start >= from && extent.end < to
            }
            _ => false,
        };
        !between
    });
    !between
}

/// Whether an assertion asks a mock that the test made itself for what the test put into it.
pub(super) fn asks_own_mock(
    file: &SourceFile,
    test: &Test<'_>,
    values: &Values<'_>,
    assertion: &Assertion<'_>,
) -> bool {
    match assertion.claim {
        Claim::Compared(Some(op), left, right) => mock_answer(file, test, values, op, left, right).is_some(),
        _ => false,
    }
}

/// `m = Mock(return_value=5)`, `assert m() == 5`.
fn mock_answer(
    file: &SourceFile,
    test: &Test<'_>,
    values: &Values<'_>,
    op: CompareOp,
    left: &Expr,
    right: &Expr,
) -> Option<Tautology> {
    if !matches!(op, CompareOp::Equal | CompareOp::StrictEqual | CompareOp::Is) {
        return None;
    }
    let asked = [(left, right), (right, left)].into_iter().find_map(|(asked, expected)| {
        let asked = match &asked.kind {
            ExprKind::Name(name) => match values.bound(name) {
                [Bound::To(bound)] => bound,
                _ => asked,
            },
            _ => asked,
        };
        let asked = match &asked.kind {
            ExprKind::Await(value) => value,
            _ => asked,
        };
        let call = asked.call()?;
        let mock = call.callee.dotted()?;
        let root = mock.split('.').next()?;
        let [Bound::To(made)] = values.bound(root) else { return None };
        let answer = if mock == root { configured_answer(made) } else { None };
        let answer = answer.or_else(|| is_mock(made).then(|| later_answer(test, &mock)).flatten())?;
        same_text(&file.text, answer, expected).then_some((asked, mock))
    });
    asked.map(|(asked, mock)| Tautology {
        variant: "configured-mock",
        message: format!(
            "`{}` asks the mock `{mock}` for what this test put into it: none of the project's code runs",
            file.text_of(asked.extent)
        ),
        advice: "call the code under test, hand it the mock, and assert what the code makes of the answer",
    })
}

fn is_mock(made: &Expr) -> bool {
    let name = made.call().and_then(|call| called_name(&call.callee));
    matches!(name, Some("Mock" | "MagicMock" | "AsyncMock" | "NonCallableMock" | "create_autospec"))
}

/// The answer that the test gives to a mock after it was made: `mailer.send.return_value = True`.
fn later_answer<'a>(test: &Test<'a>, mock: &str) -> Option<&'a Expr> {
    let sought = format!("{mock}.return_value");
    let mut found = None;
    each_in_body(&test.function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node
            && assign.targets.iter().any(|target| target.dotted().as_deref() == Some(&sought))
        {
            found = assign.value.as_ref();
        }
        true
    });
    found
}

/// The answer given to a mock when it was made: `Mock(return_value=x)`, `jest.fn().mockReturnValue(x)`, `vi.fn(() => x)`.
fn configured_answer(made: &Expr) -> Option<&Expr> {
    let call = made.call()?;
    let name = called_name(&call.callee)?;
    match name {
        "Mock" | "MagicMock" | "AsyncMock" => keyword(&call.arguments, "return_value"),
        "mockReturnValue" | "mockResolvedValue" | "returns" | "resolves" => {
            let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
            let inner = object.call()?;
            matches!(called_name(&inner.callee), Some("fn" | "stub"))
                .then(|| call.arguments.first().map(|argument| &argument.value))
                .flatten()
        }
        "fn" => {
            let ExprKind::Function(function) = &call.arguments.first()?.value.kind else { return None };
            match function.body.as_slice() {
                [Stmt { kind: StmtKind::Return(Some(value)), .. }] => Some(value),
                _ => None,
            }
        }
        _ => None,
    }
}

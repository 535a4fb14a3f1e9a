//! # mocked-subject
//!
//! A test that puts a mock in the place of the very function, class or module that it claims to test, and then asserts what the mock
//! answers. Nothing of the project runs. The test is green when the code is wrong, when it is empty, and when it is deleted; it was
//! written by somebody who knew what a test looks like and not what it is for. Review and coverage of names see a test of
//! `order_total`; there is none.
//!
//! ## What is reported
//!
//! - **error** where everything that the test asserts is what a mock of the project's own code answered, or how the test itself
//!   called that mock, and nothing else of the project is called;
//! - **warning** where such an assertion stands in a test that runs other code too.
//!
//! Mocks are those of `unittest.mock` (`patch`, `patch.object`, as decorator, context or started), pytest-mock, `monkeypatch.setattr`, Jest
//! and Vitest (`jest.mock`, `vi.mock`, `spyOn`), Sinon, node:test (`mock.method`), an assignment of a mock, and mockall.
//!
//! Left alone: everything that replaces what the code under test needs (network, clock, database, another module) and then calls the code
//! under test; spies and `wraps`, which go on to the real thing; partial mocks (`jest.requireActual`) of what is not asserted; names
//! that Python bound before the patch began, which still mean the real thing; mocks of what is not the project's own. A mock that is made
//! in the test and asked there is [`tautological-test`](tautological-test.md).
//!
//! ## What to do
//!
//! Call the real function, and replace only what it reaches outside:
//!
//! ```python
//! # not: with patch("shop.cart.total", return_value=30): assert cart.total([1, 2]) == 30
//! with patch("shop.cart.fetch_price", return_value=Decimal("10.00")):
//!     assert cart.total(["rope", "rope", "rope"]) == Decimal("30.00")
//! ```
//!
//! Source: [unittest.mock, "Where to patch"](https://docs.python.org/3/library/unittest.mock.html#where-to-patch);
//! [Jest, mock functions](https://jestjs.io/docs/mock-functions); Meszaros, "xUnit Test Patterns", 2007, on stubbing parts of the system
//! under test.

mod mockall;
mod python;
mod reach;
mod replaced;
mod script;
mod subject;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::reach::Reach;
use self::replaced::{Replaced, What};
use self::subject::Own;
use super::tautological_test;
use crate::context::Context;
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::facts::tests::{Test, assertions, tests};
use crate::facts::values::Values;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("mocked-subject"),
        version: 1,
        failure_mode: FailureMode::SharedBlindSpot,
        need: Need::Required,
        title: "a test that mocks what it tests",
        applies_to: "test",
        variants: &["nothing-runs", "answer-of-mock"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// Other tests of one replacement that are listed; a reader needs a few, not all.
const RELATED: usize = 10;

/// A test whose assertions look at a mock of what it tests.
struct Hollow<'a> {
    test: Test<'a>,
    /// The first such assertion.
    at: Extent,
    /// Where the mock comes in.
    replaced: Extent,
    shown: String,
    /// Whether nothing else of the project is called, and nothing else asserted.
    whole: bool,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let types = mockall::types(context);
    let judged: Vec<_> = context
        .files
        .par_iter()
        .filter_map(|file| {
            let tests = tests(file);
            let own = (!tests.is_empty() && may_mock(file)).then(|| Own::of(context, file));
            let hollow = own.iter().flat_map(|own| tests.iter().filter_map(|test| judge(own, &types, *test)));
            let hollow: Vec<_> = hollow.collect();
            (!tests.is_empty()).then_some((file, tests.len(), hollow))
        })
        .collect();
    for (file, count, hollow) in judged {
        (0..count).for_each(|_| report.trial());
        say(file, hollow, report);
    }
}

/// Whether a file has any of the words that every mock needs: a look that costs little.
fn may_mock(file: &SourceFile) -> bool {
    ["ock", "patch", "spyOn", "stub"].iter().any(|word| file.text.contains(word))
}

/// One finding for each replacement: the tests that share a mocked module, or a mock of their class, share one defect.
fn say(file: &SourceFile, hollow: Vec<Hollow<'_>>, report: &mut Report<'_>) {
    let mut by_replacement: BTreeMap<(Extent, bool), Vec<Hollow<'_>>> = BTreeMap::new();
    for hollow in hollow {
        by_replacement.entry((hollow.replaced, hollow.whole)).or_default().push(hollow);
    }
    for hollow in by_replacement.into_values() {
        let Some((first, rest)) = hollow.split_first() else { continue };
        let (name, shown) =
            (if first.test.name.is_empty() { "this test" } else { first.test.name }, &first.shown);
        let draft = if first.whole {
            let message = format!(
                "`{name}` asserts what a mock of `{shown}` answers: none of the project's code runs, so it passes whatever the code does"
            );
            report.at(file, first.at, message).variant("nothing-runs")
        } else {
            let message =
                format!("a mock of `{shown}` gives what is asserted here: the real one is not tried");
            let draft = report.at(file, first.at, message).variant("answer-of-mock");
            draft.severity(Severity::Warning).confidence(Confidence::Medium)
        };
        let mut draft = draft.related(file, first.replaced, "where the mock takes its place").related(
            file,
            first.test.name_extent,
            "the test",
        );
        for other in rest.iter().take(RELATED) {
            draft = draft.related(file, other.test.name_extent, "this test asserts the same mock");
        }
        report.add(draft.advice(advice(file.language)));
    }
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::Python => {
            "call the real one and patch only what it reaches outside (`patch(\"shop.cart.requests.get\")`); assert what the specification asks for"
        }
        Language::JavaScript | Language::TypeScript => {
            "import and call the real one (`jest.requireActual`, or no `jest.mock` of it) and mock only what it reaches outside; assert what the specification asks for"
        }
        Language::Rust => {
            "hand the mock to the code that uses it, and assert what that code makes of the answer; try the real type in a test of its own"
        }
    }
}

fn judge<'a>(own: &Own<'a>, types: &BTreeSet<String>, test: Test<'a>) -> Option<Hollow<'a>> {
    let file = own.file;
    let mut made = assertions(file.language, &test.function.body);
    if file.language == Language::Rust {
        let (shown, at, replaced) = mockall::asked(file, types, &test, &made)?;
        return Some(Hollow { test, at, replaced, shown, whole: true });
    }
    let whole = own.extent_of(test.function)?;
    let found = match file.language {
        Language::Python => python::replaced(own, &test, whole),
        _ => script::replaced(own, &test, whole),
    };
    let replaced: Vec<Replaced> = found.into_iter().filter(|replaced| is_own(own, replaced)).collect();
    if replaced.is_empty() || made.is_empty() {
        return None;
    }
    let reach = Reach::of(own, test, &replaced);
    if reach.takes_back() {
        return None;
    }
    // What the test says of a mock that it made itself is another check's finding.
    let values = Values::of_function(test.function);
    made.retain(|assertion| !tautological_test::asks_own_mock(file, &test, &values, assertion));
    let looked: Vec<_> =
        made.iter().map(|assertion| (assertion.extent, reach.looks_at_mock(assertion))).collect();
    let at_mock = |inert: bool| {
        looked.iter().find_map(|(extent, looked)| match looked {
            Some((replaced, true)) if replaced.is_inert || !inert => Some((*extent, *replaced)),
            _ => None,
        })
    };
    let (at, replaced, whole) =
        if looked.iter().all(|(_, looked)| looked.is_some_and(|(replaced, _)| replaced.is_inert))
            && !reach.runs_other_code()
            && reach.calls_a_mock()
        {
            let first = looked.first().and_then(|(extent, looked)| Some((*extent, looked.as_ref()?.0)));
            let (at, replaced) = at_mock(true).or(first)?;
            (at, replaced, true)
        } else {
            let (at, replaced) = at_mock(true)?;
            (at, replaced, false)
        };
    Some(Hollow { test, at, replaced: replaced.extent, shown: replaced.shown.clone(), whole })
}

/// Whether what is replaced is the project's own code.
fn is_own(own: &Own<'_>, replaced: &Replaced) -> bool {
    match &replaced.what {
        What::Path(path) => own.is_own(path),
        What::Bare(name) => own.file.imports.iter().any(|fact| {
            let mut taken = fact.import.names.iter();
            taken.any(|taken| {
                taken.alias.as_ref().unwrap_or(&taken.name) == name
                    && own.is_own(&format!("{}.{}", fact.import.module, taken.name))
            })
        }),
        What::Member { owner, .. } => own.is_made_of_own(owner),
        What::Module { specifier, .. } => own.is_own_module(specifier),
    }
}

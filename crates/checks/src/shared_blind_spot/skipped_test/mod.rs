//! # skipped-test
//!
//! A test that does not run. The run is green, the count of tests looks the same to whoever does not read it closely, and what the test
//! held is no longer held. An agent that is told to make the tests pass writes exactly this: `@pytest.mark.skip`, `it.skip`, `#[ignore]`,
//! an expected failure, a test in a comment. An `.only` that was left in is worse: it skips every other test without naming any of them.
//!
//! ## What is reported
//!
//! - **error**: `.only`, `fit`, `fdescribe` (all others are skipped in silence), and a whole file or suite that is skipped and nobody says
//!   why;
//! - **warning**: a test that is skipped, ignored, expected to fail without `strict`, or commented out, and nobody says why; a whole file
//!   or suite that is skipped with a reason;
//! - **note**: a test that is skipped with a reason; `todo`, a test that is yet to be written.
//!
//! A reason is one that the framework takes (`reason="…"`, `#[ignore = "…"]`, `{ skip: "…" }`), or a comment beside or right above it that
//! says why (an issue, a link, "flaky", "needs", "until"). "todo" and "skip" are none.
//!
//! Left alone: what depends on something (`skipif`, `skipUnless`, `test.skipIf`, `cfg_attr`, a skip inside an `if`, `importorskip`),
//! `xfail(strict=True)`, `xfail_strict` and `expectedFailure`, which fail when the test passes; choices such as `cond ? it : it.skip`.
//!
//! ## What to do
//!
//! Mend the code or the test. When it really has to wait, say for what, and let it come back by itself:
//!
//! ```python
//! @pytest.mark.xfail(strict=True, reason="rounding is wrong until #123")
//! def test_total_rounds_half_even(): ...
//! ```
//!
//! Against `.only`: Mocha's `--forbid-only`, Vitest's `allowOnly: false`, Playwright's `forbidOnly`, eslint-plugin-jest's
//! `no-focused-tests`.
//!
//! Source: [pytest, skip and xfail](https://docs.pytest.org/en/stable/how-to/skipping.html);
//! [unittest, skipping](https://docs.python.org/3/library/unittest.html#skipping-tests-and-expected-failures);
//! [Jest, test.only](https://jestjs.io/docs/api#testonlyname-fn-timeout);
//! [node:test, skipping](https://nodejs.org/api/test.html#skipping-tests);
//! [Rust reference, ignore](https://doc.rust-lang.org/reference/attributes/testing.html#the-ignore-attribute).

mod commented;
mod python;
mod reason;
mod rust;
mod script;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::facts::tests::tests;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::{Draft, Report};

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("skipped-test"),
        version: 1,
        failure_mode: FailureMode::SharedBlindSpot,
        need: Need::Required,
        title: "a test that does not run",
        applies_to: "test",
        variants: &["skipped", "suite-skipped", "expected-to-fail", "todo", "only", "commented-out"],
        source: include_str!("mod.rs"),
    },
    run: Run::File(run),
};

/// One test or suite that does not run as it should.
struct Skip {
    /// Where it is skipped.
    at: Extent,
    /// What is skipped, as a reader would name it; empty for one without a name.
    name: String,
    how: How,
    /// Why, in the author's words.
    reason: Option<String>,
}

/// In which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// One test.
    Skipped,
    /// A class or `describe`.
    Suite,
    /// The whole file.
    File,
    /// It runs, and nobody minds what comes out.
    ExpectedToFail,
    /// Yet to be written.
    Todo,
    /// It alone runs; `false` where that takes an option of the command line.
    Only(bool),
    /// In a comment.
    CommentedOut,
}

/// Tests from which skipping every one of them is skipping a suite.
const SUITE: usize = 3;

/// Other tests that are listed; a reader needs a few, not all.
const RELATED: usize = 10;

fn run(context: &Context<'_>, file: &SourceFile, report: &mut Report<'_>) {
    let found = match file.language {
        Language::Python => python::skips(context, file),
        Language::JavaScript | Language::TypeScript => script::skips(file),
        Language::Rust => rust::skips(file),
    };
    let running = tests(file).len();
    let commented = commented::skips(file, running > 0 || !found.is_empty());
    (0..running + found.len() + commented.len()).for_each(|_| report.trial());
    // In Rust a file is no suite: its tests stand beside the code, and ignored ones are run by themselves.
    let is_suite = file.language != Language::Rust && found.len() >= SUITE;
    let all_one_by_one = is_suite && running == 0 && found.iter().all(|skip| skip.how == How::Skipped);
    if let (true, Some((first, rest))) = (all_one_by_one, found.split_first()) {
        let reasons: Vec<&str> = found.iter().filter_map(|skip| skip.reason.as_deref()).collect();
        let severity = if reasons.len() == found.len() { Severity::Warning } else { Severity::Error };
        let message = format!(
            "every one of the {} tests of this file is skipped: what they hold is not tried",
            found.len()
        );
        let mut draft = report.at(file, first.at, message).variant("suite-skipped").severity(severity);
        for other in rest.iter().take(RELATED) {
            draft = draft.related(file, other.at, "this one too");
        }
        report.add(draft.confidence(Confidence::Certain).advice(advice(file.language, first.how)));
    } else {
        found.iter().for_each(|skip| report.add(draft(report, file, skip)));
    }
    commented.iter().for_each(|skip| report.add(draft(report, file, skip)));
}

fn draft(report: &Report<'_>, file: &SourceFile, skip: &Skip) -> Draft {
    let name = if skip.name.is_empty() { "this test".to_owned() } else { format!("`{}`", skip.name) };
    let why = match &skip.reason {
        Some(reason) => format!(" (\"{reason}\")"),
        None => ", and nobody says why".to_owned(),
    };
    let (variant, message) = match skip.how {
        How::Skipped => ("skipped", format!("{name} is skipped{why}: what it holds is not tried")),
        How::Suite => {
            ("suite-skipped", format!("all of {name} is skipped{why}: what its tests hold is not tried"))
        }
        How::File => {
            ("suite-skipped", format!("this whole file is skipped{why}: what its tests hold is not tried"))
        }
        How::ExpectedToFail => (
            "expected-to-fail",
            format!("{name} may fail{why}: the run is green either way, so it holds nothing"),
        ),
        How::Todo => ("todo", format!("{name} is yet to be written: nothing is tried")),
        How::Only(true) => (
            "only",
            format!("{name} alone runs: every other test beside it is skipped, and the run is green"),
        ),
        How::Only(false) => {
            ("only", format!("{name} alone runs under `--test-only`: this was for one look, and stayed"))
        }
        How::CommentedOut => {
            ("commented-out", format!("{name} is commented out{why}: what it holds is not tried"))
        }
    };
    let given = skip.reason.is_some();
    let severity = match skip.how {
        How::Only(true) => Severity::Error,
        How::Suite | How::File if !given => Severity::Error,
        How::Suite | How::File => Severity::Warning,
        How::Only(false) | How::Todo => Severity::Note,
        How::Skipped | How::ExpectedToFail | How::CommentedOut if given => Severity::Note,
        How::Skipped | How::ExpectedToFail | How::CommentedOut => Severity::Warning,
    };
    let confidence = if skip.how == How::CommentedOut { Confidence::High } else { Confidence::Certain };
    report
        .at(file, skip.at, message)
        .variant(variant)
        .severity(severity)
        .confidence(confidence)
        .symbol(skip.name.clone())
        .advice(advice(file.language, skip.how))
}

fn advice(language: Language, how: How) -> &'static str {
    match (how, language) {
        (How::Only(_), _) => {
            "remove `.only`, and let CI refuse it: Mocha `--forbid-only`, Vitest `allowOnly: false`, Playwright `forbidOnly`"
        }
        (How::Todo, _) => "write it, or keep the plan where plans are kept",
        (How::CommentedOut, _) => "bring it back and mend it, or delete it: the history keeps it",
        (How::ExpectedToFail, _) => {
            "`@pytest.mark.xfail(strict=True, reason=\"… #ISSUE\")` fails the run once the defect is gone, so that the mark goes too"
        }
        (_, Language::Python) => {
            "mend the code or the test; when it depends on the machine, `skipif(CONDITION, reason=…)`; when it waits for a fix, `xfail(strict=True, reason=\"… #ISSUE\")`"
        }
        (_, Language::JavaScript | Language::TypeScript) => {
            "mend the code or the test; when it depends on the machine, make the skip depend on it; when it waits for a fix, name the issue beside it"
        }
        (_, Language::Rust) => {
            "mend the code or the test; when it is slow or needs something, say so (`#[ignore = \"needs PostgreSQL\"]`) and run it in CI with `--include-ignored`"
        }
    }
}

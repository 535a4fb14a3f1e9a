//! `test-without-assertion`, variant `no-test`: which projects have none. Too long for examples to be read.
#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

use std::collections::BTreeMap;

use seaworthy_checks::rules::Rules;
use seaworthy_checks::tree::Tree;
use seaworthy_checks::{Quiet, Request, run};
use seaworthy_core::{Digest, Plan, RuleId, Subject, Timestamp};

/// More than enough code.
fn code() -> String {
    (0..60)
        .map(|n| {
            format!("def price_{n}(lines):\n    total = sum(lines)\n    total -= {n}\n    return total\n\n\n")
        })
        .collect()
}

fn misses_tests(beside: &[(&str, &str)], plan: &str) -> bool {
    let code = code();
    let tree = Tree::of_files(beside.iter().copied().chain([("shop/prices.py", code.as_str())]));
    let plan = Plan::read(plan).unwrap();
    let subject = Subject { tree: Digest::of(b""), git_commit: None, base: None, critical: BTreeMap::new() };
    let checked = run(&Request {
        tree: &tree,
        plan: &plan,
        rules: &Rules::none(),
        base: None,
        paths: &[],
        python_paths: &[],
        subject: &subject,
        started_at: Timestamp::UNIX_EPOCH,
        only: Some(&[RuleId::from("test-without-assertion")]),
        progress: &Quiet,
    });
    let mut findings = checked.observations.iter().flat_map(|seen| &seen.findings);
    findings.any(|finding| finding.variant.as_deref() == Some("no-test"))
}

#[test]
fn code_without_any_test_is_said() {
    assert!(misses_tests(&[], ""));
    assert!(misses_tests(
        &[("README.md", "# Shop"), ("shop/tests.py", "from django.test import TestCase\n")],
        ""
    ));
    assert!(misses_tests(&[("openapi.spec.yaml", "openapi: 3.1.0"), ("latest.sh", "echo")], ""));
}

#[test]
fn a_test_of_any_kind_is_a_test() {
    let test = "def test_price():\n    assert price_1([2]) == 1\n";
    assert!(!misses_tests(&[("tests/test_prices.py", test)], ""));
    assert!(!misses_tests(&[("tests/smoke.sh", "curl --fail http://localhost:8000/")], ""));
    assert!(!misses_tests(&[("shop_test.go", "package shop")], ""));
    assert!(!misses_tests(&[("features/order.feature", "Feature: order")], ""));
    assert!(!misses_tests(&[("api.postman_collection.json", "{}")], ""));
    assert!(!misses_tests(
        &[("shop/total.py", "def total(lines):\n    \"\"\"\n    >>> total([1])\n    1\n    \"\"\"\n")],
        ""
    ));
    assert!(!misses_tests(&[("tests/check.js", "import tap from 'tap';\ntap.equal(1, 1);\n")], ""));
    assert!(!misses_tests(&[("tests/test_prices.py", test)], "[checks]\nexclude = [\"tests/**\"]\n"));
}

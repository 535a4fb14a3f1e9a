//! What a test is, and what an assertion is, in pytest, unittest, Jest, Vitest, node:test, mocha, chai and cargo test.

use super::nodes::{Around, Node, each_in_body, each_node, enclosing_class};
use super::source::SourceFile;
use super::syntax::{
    Call, CallStyle, Class, CompareOp, Expr, ExprKind, Extent, Function, Module, Stmt, StmtKind,
};
use super::values::called_name;
use super::words::words;
use crate::language::Language;

/// One test.
#[derive(Debug, Clone, Copy)]
pub struct Test<'a> {
    /// What it is called: the function's name, or the sentence given to `it`.
    pub name: &'a str,
    /// Where its name stands.
    pub name_extent: Extent,
    /// What it does.
    pub function: &'a Function,
    /// The class that it is a method of.
    pub class: Option<&'a Class>,
}

/// What an assertion claims.
#[derive(Debug, Clone, Copy)]
pub enum Claim<'a> {
    /// Two values compared; `None` for an operator that no comparison of the language has (`toMatchObject`).
    Compared(Option<CompareOp>, &'a Expr, &'a Expr),
    /// A value that must be true.
    True(&'a Expr),
    /// A value that must be false, null or absent.
    False(&'a Expr),
    /// Something else: that an exception is raised, that a mock was called.
    Other,
}

/// One assertion.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// The whole of it.
    pub extent: Extent,
    /// What it claims.
    pub claim: Claim<'a>,
}

/// The tests of a file that would run, in order.
pub fn tests(file: &SourceFile) -> Vec<Test<'_>> {
    match file.language {
        Language::Python => python_tests(file),
        Language::JavaScript | Language::TypeScript => javascript_tests(file),
        Language::Rust => rust_tests(&file.syntax),
    }
}

/// Whether a place lies inside a test or a module of tests of a Rust file.
pub fn in_rust_tests(around: Around<'_, '_>) -> bool {
    around.iter().any(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::Namespace { decorators, .. }, .. }) => {
            decorators.iter().any(is_test_attribute)
        }
        _ => node.function().is_some_and(|function| function.decorators.iter().any(is_test_attribute)),
    })
}

/// `#[test]`, `#[tokio::test]`, `#[rstest]`, `#[cfg(test)]`.
fn is_test_attribute(attribute: &Expr) -> bool {
    let (name, argument) = match &attribute.kind {
        ExprKind::Call(call) => (&call.callee, call.arguments.first().map(|argument| &argument.value)),
        _ => (attribute, None),
    };
    match called_name(name) {
        Some(
            "test" | "rstest" | "test_case" | "wasm_bindgen_test" | "quickcheck" | "test_log" | "proptest"
            | "bench",
        ) => true,
        Some("cfg") => argument.and_then(called_name) == Some("test"),
        _ => false,
    }
}

fn has_mark(function: &Function, marks: &[&str]) -> bool {
    function
        .decorators
        .iter()
        .any(|decorator| called_name(attribute_name(decorator)).is_some_and(|name| marks.contains(&name)))
}

/// What a decorator or attribute is called: `skip` in `@skip`, `@skip("reason")`, `#[skip]`, `#[skip = "reason"]`.
pub fn attribute_name(decorator: &Expr) -> &Expr {
    match &decorator.kind {
        ExprKind::Call(call) => &call.callee,
        ExprKind::Assign { target, .. } => target,
        _ => decorator,
    }
}

/// The skip that a test begins with, so that nothing else of it ever runs: `pytest.skip("..")`, `self.skipTest("..")`, `raise
/// SkipTest("..")`, `this.skip()`, `t.skip("..")`.
pub fn leading_skip(function: &Function) -> Option<&Expr> {
    let mut working = function.body.iter().skip_while(|stmt| match &stmt.kind {
        StmtKind::Empty | StmtKind::Import(_) | StmtKind::Assign(_) => true,
        StmtKind::Expr(expr) => expr.string().is_some(),
        _ => false,
    });
    let value = match &working.next()?.kind {
        StmtKind::Expr(value)
        | StmtKind::Return(Some(value))
        | StmtKind::Raise { value: Some(value), .. } => value,
        _ => return None,
    };
    let named = match &value.kind {
        ExprKind::Call(call) => call.callee.dotted()?,
        _ => value.dotted()?,
    };
    let takes = |name: &str| {
        let parameters = function.parameters.iter();
        parameters.filter_map(|parameter| called_name(&parameter.pattern)).any(|own| own == name)
    };
    let is_skip = match named.rsplit_once('.') {
        None => named == "SkipTest",
        Some((object, "skip" | "todo")) => {
            object == "this"
                || (takes(object) && object != "self")
                || (object == "pytest" && named == "pytest.skip")
        }
        Some((object, "skipTest")) => object == "self",
        Some((_, "SkipTest")) => true,
        Some(("pytest", "xfail")) => true,
        _ => false,
    };
    is_skip.then_some(value)
}

fn python_tests(file: &SourceFile) -> Vec<Test<'_>> {
    const LEFT_OUT: &[&str] = &[
        "skip",
        "skipIf",
        "skipUnless",
        "skipif",
        "fixture",
        "expectedFailure",
        "xfail",
        "overload",
        "abstractmethod",
        "property",
    ];
    let mut found = Vec::new();
    let name = file.path.rsplit('/').next().unwrap_or_default();
    // What pytest collects: <https://docs.pytest.org/en/stable/explanation/goodpractices.html#conventions-for-python-test-discovery>
    let collected = name.starts_with("test_") || name.ends_with("_test.py") || name == "tests.py";
    each_node(&file.syntax, &mut |node, around| {
        let Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) = node else { return true };
        let class = enclosing_class(around);
        let nested = around.iter().any(|node| node.function().is_some());
        let is_case = class.is_some_and(|class| {
            class
                .bases
                .iter()
                .filter_map(|base| called_name(&base.value))
                .any(|base| base.ends_with("TestCase") || base.ends_with("Test"))
        });
        let in_class = class.is_none_or(|class| is_case || (collected && class.name.starts_with("Test")));
        let named = function.name.starts_with("test") && function.name.len() > 4;
        let takes_part = (collected || is_case) && in_class && named && !nested;
        let runs = function.has_body && !has_mark(function, LEFT_OUT) && leading_skip(function).is_none();
        if takes_part && runs {
            found.push(Test { name: &function.name, name_extent: function.name_extent, function, class });
        }
        false_if_function(node)
    });
    found
}

/// Functions inside functions are no tests.
fn false_if_function(node: Node<'_>) -> bool {
    node.function().is_none()
}

fn javascript_tests(file: &SourceFile) -> Vec<Test<'_>> {
    let mut found = Vec::new();
    let imports_runner =
        ["vitest", "node:test", "@jest/globals", "bun:test", "uvu", "mocha"].iter().any(|runner| {
            file.text.contains(&format!("'{runner}'")) || file.text.contains(&format!("\"{runner}\""))
        });
    // `index.test-d.ts` is for the type checker (tsd, Vitest's typecheck): nobody runs it.
    let is_for_types = file.path.rsplit('/').next().is_some_and(|name| name.contains("-d."));
    if is_for_types || !(file.is_test || imports_runner) {
        return found;
    }
    each_node(&file.syntax, &mut |node, _| {
        let Some(call) = node.expr().and_then(Expr::call) else { return true };
        let Some(runner) = runner_name(&call.callee) else { return true };
        if !matches!(
            runner.as_str(),
            "it" | "test" | "specify" | "Deno.test" | "it.only" | "test.only" | "it.each" | "test.each"
        ) && !matches!(
            runner.as_str(),
            "it.concurrent" | "test.concurrent" | "test.serial" | "it.for" | "test.for"
        ) {
            return true;
        }
        let Some(name) = call.arguments.first().map(|argument| &argument.value) else { return true };
        let body = call.arguments.iter().skip(1).find_map(|argument| match &argument.value.kind {
            ExprKind::Function(function) => Some(&**function),
            _ => None,
        });
        if let Some(function) = body.filter(|function| leading_skip(function).is_none()) {
            found.push(Test {
                name: name.string().unwrap_or_default(),
                name_extent: name.extent,
                function,
                class: None,
            });
        }
        true
    });
    found
}

/// `it`, `test.only`, and `test.each` for `test.each(table)` and for a table given as a tagged template.
fn runner_name(callee: &Expr) -> Option<String> {
    match &callee.kind {
        ExprKind::Call(inner) => {
            inner.callee.dotted().filter(|name| name.ends_with(".each") || name.ends_with(".for"))
        }
        ExprKind::Template(template) => template.tag.as_ref()?.dotted(),
        _ => callee.dotted(),
    }
}

fn rust_tests(module: &Module) -> Vec<Test<'_>> {
    let mut found = Vec::new();
    each_node(module, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) = node
            && function
                .decorators
                .iter()
                .any(|attribute| is_test_attribute(attribute) && !is_configuration(attribute))
            && !has_mark(function, &["ignore"])
        {
            found.push(Test {
                name: &function.name,
                name_extent: function.name_extent,
                function,
                class: None,
            });
        }
        true
    });
    found
}

fn is_configuration(attribute: &Expr) -> bool {
    attribute
        .call()
        .and_then(|call| called_name(&call.callee))
        .is_some_and(|name| name == "cfg" || name == "bench")
        || called_name(attribute) == Some("bench")
}

/// The assertions that a body makes itself, those of functions inside it too, in order.
pub fn assertions<'a>(language: Language, body: &'a [Stmt]) -> Vec<Assertion<'a>> {
    let mut found = Vec::new();
    each_in_body(body, &mut |node, _| {
        let found_here = match node {
            Node::Stmt(Stmt { kind: StmtKind::Assert { test, .. }, extent }) => {
                found.push(Assertion { extent: *extent, claim: claim_of(test) });
                return true;
            }
            Node::Expr(expr) => expr.call().and_then(|call| match language {
                Language::Python => python_assertion(call),
                Language::JavaScript | Language::TypeScript => javascript_assertion(call),
                Language::Rust => rust_assertion(call),
            }),
            Node::Stmt(_) | Node::Handler(_) => None,
        };
        if let (Some(claim), Node::Expr(expr)) = (found_here, node) {
            found.push(Assertion { extent: expr.extent, claim });
        }
        true
    });
    found
}

/// What `assert expr` claims.
fn claim_of(test: &Expr) -> Claim<'_> {
    match &test.kind {
        ExprKind::Compare { left, rest } => match rest.as_slice() {
            [(op, right)] => Claim::Compared(Some(*op), left, right),
            _ => Claim::True(test),
        },
        ExprKind::Unary { op: super::syntax::UnaryOp::Not, value } => Claim::False(value),
        _ => Claim::True(test),
    }
}

fn argument(call: &Call, at: usize) -> Option<&Expr> {
    call.arguments.iter().filter(|argument| argument.name.is_none()).nth(at).map(|argument| &argument.value)
}

fn compared<'a>(call: &'a Call, op: CompareOp) -> Option<Claim<'a>> {
    Some(Claim::Compared(Some(op), argument(call, 0)?, argument(call, 1)?))
}

fn python_assertion(call: &Call) -> Option<Claim<'_>> {
    let name = called_name(&call.callee)?;
    Some(match name {
        "assertEqual"
        | "assertEquals"
        | "assertListEqual"
        | "assertDictEqual"
        | "assertTupleEqual"
        | "assertSetEqual"
        | "assertSequenceEqual"
        | "assertMultiLineEqual"
        | "assertCountEqual" => compared(call, CompareOp::Equal)?,
        "assertIs" => compared(call, CompareOp::Is)?,
        "assertIsNot" => compared(call, CompareOp::IsNot)?,
        "assertNotEqual" => compared(call, CompareOp::NotEqual)?,
        "assertGreaterEqual" => compared(call, CompareOp::GreaterOrEqual)?,
        "assertTrue" => claim_of(argument(call, 0)?),
        "assertFalse" => Claim::False(argument(call, 0)?),
        "raises" | "warns" | "deprecated_call" | "fail" | "verify" | "verify_all" | "expect"
        | "raiseError" => Claim::Other,
        "run_state_machine_as_test"
        | "fnmatch_lines"
        | "check_call"
        | "check_output"
        | "raise_for_status"
        | "check_returncode" => Claim::Other,
        _ if is_assertion_name(name) => Claim::Other,
        _ => return None,
    })
}

/// `assert_called_once`, `assertRaises`, `check_result`, `verifyOrder`, `expectStatus`, `should_fail`.
pub fn is_assertion_name(name: &str) -> bool {
    words(name).first().is_some_and(|first| {
        matches!(
            first.as_str(),
            "assert" | "asserts" | "expect" | "expects" | "verify" | "should" | "must" | "ensure"
        )
    }) || name.ends_with("_assert")
}

fn javascript_assertion(call: &Call) -> Option<Claim<'_>> {
    let name = called_name(&call.callee)?;
    if let ExprKind::Member { object, .. } = &call.callee.kind
        && let Some((subject, negated)) = expected_subject(object)
    {
        return Some(matcher(name, subject, argument(call, 0), negated));
    }
    let path = call.callee.dotted().unwrap_or_default();
    let root = path.split('.').next().unwrap_or_default();
    // Cypress fails a test whose element does not turn up.
    if matches!(path.as_str(), "cy.get" | "cy.contains" | "cy.findByText" | "cy.findByRole") {
        return Some(Claim::Other);
    }
    // node:test's `t.mock.method(..)`, Sinon's stubs: they set up, and say nothing of what must be.
    if path.starts_with("t.mock.") || (root == "sinon" && !path.starts_with("sinon.assert.")) {
        return None;
    }
    if !matches!(root, "assert" | "t" | "expect" | "tap" | "chai" | "should" | "strict" | "sinon") {
        return match name {
            // supertest's `.expect(200)`; chai's `.should.equal(..)` ends in a name of its own.
            "expect" if matches!(call.callee.kind, ExprKind::Member { .. }) => Some(Claim::Other),
            "rejects" | "throws" | "strictEqual" | "deepEqual" | "deepStrictEqual" | "notStrictEqual" => {
                Some(Claim::Other)
            }
            "shouldFulfill" | "shouldReject" => Some(Claim::Other),
            _ if is_assertion_name(name) && name != "expect" => Some(Claim::Other),
            _ => None,
        };
    }
    match name {
        "equal" | "strictEqual" | "deepEqual" | "deepStrictEqual" | "is" => {
            compared(call, CompareOp::StrictEqual)
        }
        "ok" | "assert" | "isTrue" | "true" => Some(argument(call, 0).map_or(Claim::Other, claim_of)),
        "isFalse" | "false" => Some(argument(call, 0).map_or(Claim::Other, Claim::False)),
        // `expect(x)` alone claims nothing.
        "expect" => None,
        // `t.mock`, `t.test`, `t.after` of node:test.
        "mock" | "test" | "after" | "before" | "afterEach" | "beforeEach" | "diagnostic" | "skip"
        | "todo" | "plan"
            if root == "t" =>
        {
            None
        }
        "any" | "anything" | "objectContaining" | "arrayContaining" | "stringContaining"
        | "stringMatching" | "extend"
            if root == "expect" =>
        {
            None
        }
        "stub" | "spy" | "fake" | "mock" | "restore" | "useFakeTimers" | "createSandbox" | "use" => None,
        _ => Some(Claim::Other),
    }
}

/// The `x` of `expect(x).not.to.be`, and whether there is a `not`.
pub fn expected_subject(mut object: &Expr) -> Option<(Option<&Expr>, bool)> {
    let mut negated = false;
    loop {
        match &object.kind {
            ExprKind::Member { object: inner, name, .. } => {
                negated |= name == "not";
                if name == "should" {
                    return Some((Some(inner), negated));
                }
                object = inner;
            }
            ExprKind::Call(call) => {
                let name = called_name(&call.callee)?;
                let is_expect = call.callee.dotted().is_some_and(|path| {
                    matches!(
                        path.as_str(),
                        "expect"
                            | "chai.expect"
                            | "expect.soft"
                            | "expect.poll"
                            | "expectTypeOf"
                            | "assertType"
                    )
                });
                if is_expect {
                    return Some((argument(call, 0), negated));
                }
                // chai chains: `expect(x).to.have.property("a").that.equals(1)`.
                match &call.callee.kind {
                    ExprKind::Member { object: inner, .. } if name != "then" => object = inner,
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

fn matcher<'a>(
    name: &str,
    subject: Option<&'a Expr>,
    expected: Option<&'a Expr>,
    negated: bool,
) -> Claim<'a> {
    let (Some(subject), false) = (subject, negated) else { return Claim::Other };
    match (name, expected) {
        (
            "toBe" | "toEqual" | "toStrictEqual" | "equal" | "equals" | "eql" | "eq" | "deepEqual",
            Some(expected),
        ) => Claim::Compared(Some(CompareOp::StrictEqual), subject, expected),
        ("toBeGreaterThanOrEqual" | "least" | "gte", Some(expected)) => {
            Claim::Compared(Some(CompareOp::GreaterOrEqual), subject, expected)
        }
        ("toBeTruthy", None) => Claim::True(subject),
        ("toBeFalsy", None) => Claim::False(subject),
        _ => Claim::Other,
    }
}

fn rust_assertion(call: &Call) -> Option<Claim<'_>> {
    let name = called_name(&call.callee)?;
    if call.style != CallStyle::Macro {
        return match name {
            // A method that panics when the value is not there is how Rust's tests look at results.
            "unwrap" | "expect" | "unwrap_err" | "expect_err" | "unwrap_none" => Some(Claim::Other),
            "compile_fail" | "pass" | "assert" | "success" | "failure" | "stdout" | "stderr" => {
                Some(Claim::Other)
            }
            _ if is_assertion_name(name) => Some(Claim::Other),
            _ => None,
        };
    }
    match name {
        "assert_eq" | "prop_assert_eq" => compared(call, CompareOp::Equal),
        "assert_ne" | "prop_assert_ne" => compared(call, CompareOp::NotEqual),
        "assert" | "prop_assert" | "debug_assert" => Some(argument(call, 0).map_or(Claim::Other, claim_of)),
        "panic" | "unreachable" | "todo" | "unimplemented" => Some(Claim::Other),
        _ if name.contains("assert")
            || name.contains("check")
            || name.contains("expect")
            || name.contains("test") =>
        {
            Some(Claim::Other)
        }
        _ => None,
    }
}

//! What a test calls: mocks, tools of testing, and code that may be the project's.

use super::replaced::{Replaced, What, bare, dotted, is_configuring, is_mock_making, root};
use super::subject::{Own, is_below, same_module};
use crate::facts::nodes::{Around, Node, each_in_body, each_in_expr};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Extent, Stmt, StmtKind};
use crate::facts::tests::{Assertion, Test, is_assertion_name};
use crate::facts::values::{Bound, Values, called_name};
use crate::language::Language;

/// Steps from a name to what it is made of.
const STEPS: usize = 6;

/// One test with what is replaced in it.
pub(super) struct Reach<'a, 'o> {
    own: &'o Own<'a>,
    file: &'a SourceFile,
    test: Test<'a>,
    values: Values<'a>,
    replaced: &'o [Replaced],
}

impl<'a, 'o> Reach<'a, 'o> {
    pub(super) fn of(own: &'o Own<'a>, test: Test<'a>, replaced: &'o [Replaced]) -> Self {
        Self { own, file: own.file, test, values: Values::of_function(test.function), replaced }
    }

    /// Whether the test calls, or hands on, anything that may run the project's own code.
    pub(super) fn runs_other_code(&self) -> bool {
        let mut runs = false;
        each_in_body(&self.test.function.body, &mut |node, around| {
            match node {
                Node::Expr(expr) => match &expr.kind {
                    ExprKind::Call(call) if self.is_tool(call) => return false,
                    ExprKind::Call(call) => runs |= !self.is_quiet(call),
                    ExprKind::Markup(markup) => runs |= markup.name.starts_with(char::is_uppercase),
                    ExprKind::Name(_) | ExprKind::Member { .. } => {
                        runs |= !is_callee(expr, around) && self.is_handed_on(expr);
                        // The object of a member says nothing of its own, unless it is called itself.
                        return dotted(expr).is_none();
                    }
                    _ => {}
                },
                // Decorators and patches around a body are tools.
                Node::Stmt(_) | Node::Handler(_) => {}
            }
            !runs
        });
        runs
    }

    /// `patch(..)`, `jest.spyOn(..)`, `mock.return_value(..)`, `Mock(..)`: nothing in their arguments runs.
    fn is_tool(&self, call: &Call) -> bool {
        let name = called_name(&call.callee).unwrap_or_default();
        let from = root(&call.callee).unwrap_or_default();
        let tools = ["patch", "mocker", "monkeypatch", "jest", "vi", "sinon", "sandbox", "mock", "unittest"];
        let is_handed = |bound: &Bound<'_>| matches!(bound, Bound::Parameter(_));
        let is_tool = tools.contains(&from) && self.values.bound(from).iter().all(is_handed);
        is_tool
            || matches!(
                name,
                "Mock"
                    | "MagicMock"
                    | "AsyncMock"
                    | "PropertyMock"
                    | "create_autospec"
                    | "call"
                    | "fn"
                    | "start"
            )
            || (from == "t" && dotted(&call.callee).is_some_and(|path| path.starts_with("t.mock.")))
            || is_configuring(name)
    }

    /// Whether a call runs nothing of the project: a mock, an assertion, a constructor, something from outside.
    fn is_quiet(&self, call: &Call) -> bool {
        if self.replaced_by_call(call).is_some() || self.is_assertion(call) {
            return true;
        }
        let Some(name) = called_name(bare(&call.callee)) else {
            return matches!(&call.callee.kind, ExprKind::Call(inner) if self.is_quiet(inner) || self.is_tool(inner));
        };
        if call.style == CallStyle::New || name.starts_with(char::is_uppercase) {
            return true;
        }
        match self.file.resolve(bare(&call.callee)) {
            // Methods of the test's own class may do anything.
            Some(path) if is_self(&path) => false,
            Some(path) => !self.own.is_own(&path) && !self.is_of_tests(&path),
            None => match &bare(&call.callee).kind {
                ExprKind::Member { object, .. } => self.is_quiet_value(object, STEPS),
                _ => false,
            },
        }
    }

    /// Whether a name is imported from another file of the tests, whose helpers may call anything.
    fn is_of_tests(&self, path: &str) -> bool {
        path.starts_with('.')
            || self.own.context.files.iter().any(|file| {
                file.is_test && {
                    let stem = file.path.rsplit_once('.').map_or(file.path.as_str(), |(stem, _)| stem);
                    path.rsplit_once('.').is_some_and(|(module, _)| {
                        let module = module.replace('.', "/");
                        stem == module || stem.ends_with(&format!("/{module}"))
                    })
                }
            })
    }

    fn is_assertion(&self, call: &Call) -> bool {
        let name = called_name(&call.callee).unwrap_or_default();
        let from = root(&call.callee).unwrap_or_default();
        let is_of_runner =
            matches!(from, "expect" | "assert" | "chai" | "pytest" | "strict" | "t" | "self") && name != from;
        name == "expect"
            || (is_of_runner && (from != "self" || is_unittest(name)))
            || (is_assertion_name(name) && self.mock_named(from).is_some())
            || call.style == CallStyle::Macro
    }

    /// Whether a value is made without the project's own code, so that its methods do not run any.
    fn is_quiet_value(&self, value: &Expr, steps: usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        let value = bare(value);
        match &value.kind {
            ExprKind::Call(call) => {
                if self.replaced_by_call(call).is_some() || is_mock_making(value) || self.is_assertion(call) {
                    return true;
                }
                let class = self.file.resolve(bare(&call.callee));
                match (class, &bare(&call.callee).kind) {
                    (Some(path), _) => !is_self(&path) && !self.own.is_own(&path) && !self.is_of_tests(&path),
                    (None, ExprKind::Member { object, .. }) => self.is_quiet_value(object, left),
                    (None, _) => false,
                }
            }
            ExprKind::Name(name) => {
                if self.mock_named(name).is_some() {
                    return true;
                }
                let bound = self.values.bound(name);
                let known = !bound.is_empty()
                    && bound.iter().all(|bound| match bound {
                        Bound::To(value) | Bound::PartOf(value) => self.is_quiet_value(value, left),
                        Bound::Updated(..) => true,
                        Bound::Parameter(_) => false,
                    });
                known
                    || (bound.is_empty()
                        && self.file.resolve(value).is_some_and(|path| {
                            !is_self(&path) && !self.own.is_own(&path) && !self.is_of_tests(&path)
                        }))
            }
            ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => {
                let mock = dotted(value).is_some_and(|name| self.mock_named(&name).is_some());
                mock || self.is_mention(value) || self.is_quiet_value(object, left)
            }
            _ => true,
        }
    }

    /// A function of the project that is named without being called here: somebody else may call it.
    fn is_handed_on(&self, expr: &Expr) -> bool {
        let Some(path) = self.file.resolve(expr) else { return false };
        let is_class = path.rsplit('.').next().is_some_and(|name| name.starts_with(char::is_uppercase));
        !is_class && self.own.is_own(&path) && !self.is_mention(expr)
    }

    /// Whether an expression names what is replaced, without calling it: `expect(cart.total)`.
    fn is_mention(&self, expr: &Expr) -> bool {
        self.in_force(expr.extent).any(|replaced| self.names(replaced, expr))
    }

    fn in_force(&self, extent: Extent) -> impl Iterator<Item = &'o Replaced> + use<'a, 'o> {
        self.replaced.iter().filter(move |replaced| replaced.covers(extent.start))
    }

    /// The replacement whose mock has this name.
    fn mock_named(&self, name: &str) -> Option<&'o Replaced> {
        self.replaced.iter().find(|replaced| replaced.names.iter().any(|other| other == name))
    }

    /// What is replaced, when a call calls its mock and not the project's code.
    pub(super) fn replaced_by_call(&self, call: &Call) -> Option<&'o Replaced> {
        let callee = bare(&call.callee);
        let asks_how =
            called_name(callee).is_some_and(|name| is_assertion_name(name) || is_configuring(name));
        if asks_how || is_record(callee) {
            return None;
        }
        let by_name = root(callee).and_then(|root| self.mock_named(root)).or_else(|| {
            let name = dotted(callee)?;
            self.replaced.iter().find(|replaced| replaced.names.iter().any(|mock| is_below(&name, mock)))
        });
        by_name
            .filter(|replaced| replaced.covers(callee.extent.start))
            .or_else(|| self.in_force(callee.extent).find(|replaced| self.names(replaced, callee)))
    }

    /// Whether an expression leads to what is replaced.
    fn names(&self, replaced: &Replaced, expr: &Expr) -> bool {
        let resolved = || self.file.resolve(expr);
        let name = called_name(expr).unwrap_or_default();
        let object = match &expr.kind {
            ExprKind::Member { object, .. } => Some(bare(object)),
            _ => None,
        };
        match &replaced.what {
            What::Bare(bare) => matches!(&expr.kind, ExprKind::Name(name) if name == bare),
            What::Member { owner, name: member } => {
                name == member && object.and_then(dotted).as_ref() == Some(owner)
            }
            What::Path(path) => {
                let is_early = matches!(&expr.kind, ExprKind::Name(name) if self.own.is_bound_before(name, replaced.within));
                if resolved().as_ref() == Some(path) {
                    return !is_early;
                }
                let Some((class, method)) = path.rsplit_once('.') else { return false };
                let is_method = name == method
                    && object
                        .is_some_and(|object| self.own.classes_of(object).iter().any(|made| made == class));
                // A class that is replaced itself: nothing that it makes is real.
                let is_made = object.is_some_and(|object| {
                    self.own.classes_of(object).iter().any(|made| made == path)
                        && !self
                            .own
                            .is_bound_before(path.rsplit('.').next().unwrap_or_default(), replaced.within)
                });
                is_method || is_made
            }
            What::Module { specifier, only } => {
                let is_in = |path: &str| self.is_in_module(path, specifier, only.as_deref());
                resolved().is_some_and(|path| is_in(&path))
                    || object
                        .is_some_and(|object| self.own.classes_of(object).iter().any(|class| is_in(class)))
            }
        }
    }

    /// Whether a dotted name is one of those that a mocked module replaces.
    fn is_in_module(&self, path: &str, specifier: &str, only: Option<&[String]>) -> bool {
        let imports = self.file.imports.iter().map(|fact| fact.import.module.as_str());
        imports.filter(|module| same_module(module, specifier)).any(|module| {
            is_below(path, module) && {
                let rest = path.get(module.len()..).unwrap_or_default().trim_start_matches('.');
                let name = rest.split('.').next().filter(|name| !name.is_empty()).unwrap_or("default");
                only.is_none_or(|only| only.iter().any(|replaced| replaced == name))
            }
        })
    }

    /// Whether an assertion looks at what a mock gave (`true`), or only at how a mock was called (`false`); `None` for one that looks
    /// at something else.
    pub(super) fn looks_at_mock(&self, assertion: &Assertion<'_>) -> Option<(&'o Replaced, bool)> {
        if let Some(mock) = self.asks_how_it_was_called(assertion) {
            return Some((mock, false));
        }
        let mut answer = None;
        let mut called = None;
        each_in_body(&self.test.function.body, &mut |node, around| {
            if let Node::Expr(expr) = node
                && (is_within(expr.extent, assertion.extent) || self.raises_around(assertion, around))
            {
                answer = answer.or_else(|| self.answer(expr, STEPS));
                called = called.or_else(|| {
                    let mock = dotted(expr).and_then(|name| self.mock_named(&name));
                    mock.or_else(|| self.in_force(expr.extent).find(|replaced| self.names(replaced, expr)))
                });
            }
            answer.is_none()
        });
        answer.map(|replaced| (replaced, true)).or(called.map(|replaced| (replaced, false)))
    }

    /// `mock.assert_called_once_with(..)`, also of what a mock gave: `mock().send.assert_called()`.
    fn asks_how_it_was_called(&self, assertion: &Assertion<'_>) -> Option<&'o Replaced> {
        let mut found = None;
        each_in_body(&self.test.function.body, &mut |node, _| {
            if let Node::Expr(Expr { kind: ExprKind::Call(call), extent }) = node
                && *extent == assertion.extent
                && called_name(&call.callee).is_some_and(is_assertion_name)
            {
                found = root(&call.callee).and_then(|root| self.mock_named(root));
            }
            found.is_none()
        });
        found
    }

    /// `with pytest.raises(..):` looks at what its body does.
    fn raises_around(&self, assertion: &Assertion<'_>, around: Around<'_, '_>) -> bool {
        around.iter().any(|node| match node {
            Node::Stmt(Stmt { kind: StmtKind::With { items, .. }, .. }) => {
                items.iter().any(|(context, _)| context.extent == assertion.extent)
            }
            _ => false,
        })
    }

    /// The replacement whose mock gave a value.
    fn answer(&self, value: &Expr, steps: usize) -> Option<&'o Replaced> {
        let left = steps.checked_sub(1)?;
        let mut found = None;
        each_in_expr(value, &mut |node, _| {
            let Node::Expr(expr) = node else { return found.is_none() };
            found = found.or_else(|| match &expr.kind {
                ExprKind::Call(call) => self.replaced_by_call(call),
                ExprKind::Name(name) => self.values.bound(name).iter().find_map(|bound| match bound {
                    Bound::To(value) | Bound::PartOf(value) if !is_within(expr.extent, value.extent) => {
                        self.answer(value, left)
                    }
                    _ => None,
                }),
                _ => None,
            });
            found.is_none() && node.function().is_none_or(|_| self.file.language != Language::Python)
        });
        found
    }

    /// Whether the test itself calls one of the mocks.
    pub(super) fn calls_a_mock(&self) -> bool {
        let mut calls = false;
        each_in_body(&self.test.function.body, &mut |node, _| {
            calls |=
                node.expr().and_then(Expr::call).is_some_and(|call| self.replaced_by_call(call).is_some());
            !calls
        });
        calls
    }

    /// Whether the test takes mocks back before it is over; then we do not know what is replaced when.
    pub(super) fn takes_back(&self) -> bool {
        let mut takes = false;
        each_in_body(&self.test.function.body, &mut |node, _| {
            if let Some(call) = node.expr().and_then(Expr::call) {
                takes |= matches!(
                    called_name(&call.callee),
                    Some(
                        "mockRestore"
                            | "restoreAllMocks"
                            | "restore"
                            | "stop"
                            | "stopall"
                            | "undo"
                            | "restoreAll"
                            | "requireActual"
                            | "importActual"
                            | "unmock"
                            | "dontMock"
                            | "doUnmock"
                            | "reload"
                    )
                );
            }
            !takes
        });
        takes
    }
}

/// Whether a chain goes through what a mock remembers of its calls.
fn is_record(expr: &Expr) -> bool {
    const RECORDS: &[&str] = &[
        "call_args",
        "call_args_list",
        "mock_calls",
        "method_calls",
        "await_args",
        "await_args_list",
        "mock",
        "args",
        "firstCall",
        "lastCall",
        "getCall",
        "getCalls",
    ];
    match &bare(expr).kind {
        ExprKind::Member { object, name, .. } => RECORDS.contains(&name.as_str()) || is_record(object),
        ExprKind::Index { object, .. } => is_record(object),
        ExprKind::Call(call) => is_record(&call.callee),
        _ => false,
    }
}

fn is_self(path: &str) -> bool {
    matches!(path.split('.').next(), Some("self" | "cls" | "this"))
}

/// `assertEqual`, `subTest`, `fail` of `unittest.TestCase`.
fn is_unittest(name: &str) -> bool {
    name.starts_with("assert") || matches!(name, "subTest" | "fail" | "skipTest" | "addCleanup" | "id")
}

fn is_within(inner: Extent, outer: Extent) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn is_callee(expr: &Expr, around: Around<'_, '_>) -> bool {
    matches!(around.last().and_then(|node| node.expr()).and_then(Expr::call), Some(call) if std::ptr::eq(&call.callee, expr))
}

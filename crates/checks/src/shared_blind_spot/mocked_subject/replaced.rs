//! What a test puts a mock in the place of, where, and which names stand for the mock.

use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Stmt, StmtKind};
use crate::facts::values::called_name;

/// Something that is replaced.
#[derive(Debug, Clone)]
pub(super) struct Replaced {
    /// What.
    pub(super) what: What,
    /// As a person would name it.
    pub(super) shown: String,
    /// Where the replacing is written.
    pub(super) extent: Extent,
    /// Where it is in force.
    pub(super) within: Extent,
    /// Names that stand for the mock there.
    pub(super) names: Vec<String>,
    /// Whether the mock's answer is written down in the tests, so that no code of the project makes it.
    pub(super) is_inert: bool,
}

/// What is replaced, in the words of the file that replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A dotted name, with the aliases of imports replaced: `shop.cart.total`, `./cart.total`.
    Path(String),
    /// A name of the test's own file: Python's `patch("tests.test_cart.total")`.
    Bare(String),
    /// A member of something that the test makes: `cart.total` with `cart = Cart()`.
    Member {
        /// The owner as written, without casts.
        owner: String,
        /// The member.
        name: String,
    },
    /// A whole module of JavaScript, or some of its names.
    Module {
        /// The module as written.
        specifier: String,
        /// The names replaced; all when absent.
        only: Option<Vec<String>>,
    },
}

impl Replaced {
    /// Whether it is in force at an offset.
    pub(super) fn covers(&self, offset: u32) -> bool {
        self.within.start <= offset && offset < self.within.end
    }
}

/// An expression without `as T`, `!`, `await` and parentheses around it.
pub(super) fn bare(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Cast { value, .. } | ExprKind::Await(value) | ExprKind::Propagate(value) => bare(value),
        _ => expr,
    }
}

/// `a.b.c`, casts between left out.
pub(super) fn dotted(expr: &Expr) -> Option<String> {
    match &bare(expr).kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::Member { object, name, .. } => Some(format!("{}.{name}", dotted(object)?)),
        _ => None,
    }
}

/// The name that a chain of members, calls and indices begins with.
pub(super) fn root(expr: &Expr) -> Option<&str> {
    match &bare(expr).kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => root(object),
        ExprKind::Call(call) => root(&call.callee),
        _ => None,
    }
}

/// What is replaced when `name` of `owner` is: of an imported module or class, or of something that the test makes.
pub(super) fn member(file: &SourceFile, owner: &Expr, name: &str) -> Option<What> {
    let owner = bare(owner);
    let is_own = root(owner).is_some_and(|root| matches!(root, "self" | "this" | "cls"));
    match file.resolve(owner).filter(|_| !is_own) {
        // Methods of every object are on the class or its prototype.
        Some(path) => Some(What::Path(format!("{}.{name}", path.trim_end_matches(".prototype")))),
        None => Some(What::Member { owner: dotted(owner)?, name: name.to_owned() }),
    }
}

/// Whether a value answers without any code of the project: a constant, another mock, a function that only gives what is written in it.
pub(super) fn is_inert(file: &SourceFile, value: &Expr) -> bool {
    match &bare(value).kind {
        ExprKind::Literal(_) | ExprKind::Template(_) => true,
        ExprKind::Sequence { items, .. } => items.iter().all(|item| is_inert(file, item)),
        ExprKind::Record { entries, .. } => entries.iter().all(|(_, value)| is_inert(file, value)),
        ExprKind::Unary { value, .. } => is_inert(file, value),
        ExprKind::Function(function) => only_gives(file, function),
        // `ValueError("no")`, `Decimal("3")`, `Mock(return_value=3)`, `jest.fn().mockReturnValue(3)`.
        ExprKind::Call(call) => {
            let is_fixed = call.arguments.iter().all(|argument| is_inert(file, &argument.value));
            let is_mock = is_mock_making(value);
            is_fixed
                && (is_mock
                    || called_name(&call.callee).is_some_and(|name| name.starts_with(char::is_uppercase)))
        }
        ExprKind::Name(name) => {
            name.starts_with(char::is_uppercase)
                || local_function(file, name).is_some_and(|f| only_gives(file, f))
        }
        _ => false,
    }
}

/// A function whose body gives or raises what is written there.
fn only_gives(file: &SourceFile, function: &Function) -> bool {
    function.body.iter().all(|stmt| match &stmt.kind {
        StmtKind::Return(value) | StmtKind::Raise { value, .. } => value
            .as_ref()
            .is_none_or(|value| is_inert(file, value) || matches!(value.kind, ExprKind::Name(_))),
        StmtKind::Empty => true,
        StmtKind::Expr(value) => matches!(value.kind, ExprKind::Literal(_)),
        _ => false,
    })
}

/// The function of this name that stands somewhere in the file.
fn local_function<'a>(file: &'a SourceFile, sought: &str) -> Option<&'a Function> {
    let mut found = None;
    crate::facts::nodes::each_node(&file.syntax, &mut |node, _| {
        if let crate::facts::nodes::Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) = node
            && function.name == sought
        {
            found = Some(&**function);
        }
        found.is_none()
    });
    found
}

/// Whether a value is a mock made on the spot: `Mock()`, `AsyncMock(return_value=3)`, `jest.fn(() => 3)`, `sinon.stub().returns(3)`.
pub(super) fn is_mock_making(value: &Expr) -> bool {
    let Some(call) = bare(value).call() else { return false };
    match (called_name(&call.callee), &call.callee.kind) {
        (
            Some("Mock" | "MagicMock" | "AsyncMock" | "NonCallableMock" | "PropertyMock" | "create_autospec"),
            _,
        ) => true,
        (Some("fn" | "stub" | "fake"), ExprKind::Member { object, .. }) => {
            matches!(root(object), Some("jest" | "vi" | "sinon" | "mock" | "t" | "sandbox"))
        }
        (Some(name), ExprKind::Member { object, .. }) => is_configuring(name) && is_mock_making(object),
        _ => false,
    }
}

/// Whether a method of a mock says what it answers, or asks how it was called.
pub(super) fn is_configuring(name: &str) -> bool {
    let after_mock = name.strip_prefix("mock").and_then(|rest| rest.chars().next());
    after_mock.is_some_and(char::is_uppercase)
        || matches!(
            name,
            "returns"
                | "resolves"
                | "rejects"
                | "throws"
                | "callsFake"
                | "onCall"
                | "onFirstCall"
                | "onSecondCall"
                | "withArgs"
                | "returnsThis"
                | "reset_mock"
                | "configure_mock"
                | "attach_mock"
                | "resetHistory"
        )
}

//! Mocks of Python: `unittest.mock.patch` in all its forms, `mocker.patch` of pytest-mock, `monkeypatch.setattr`, and a mock assigned.

use super::replaced::{Replaced, What, bare, dotted, is_inert, is_mock_making, member};
use super::subject::Own;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Function, Literal, ParameterKind, Stmt, StmtKind};
use crate::facts::tests::Test;
use crate::facts::values::{called_name, keyword};

/// Everything in force somewhere in a test: by decorators, in its body, in its class's set-up, and in its fixtures.
pub(super) fn replaced(own: &Own<'_>, test: &Test<'_>, whole: Extent) -> Vec<Replaced> {
    let mut found = Vec::new();
    by_decorators(own, test, whole, &mut found);
    in_body(own, test.function, whole, &mut found);
    for stmt in test.class.into_iter().flat_map(|class| &class.body) {
        if let StmtKind::Function(function) = &stmt.kind
            && matches!(function.name.as_str(), "setUp" | "setup_method" | "asyncSetUp" | "setUpClass")
        {
            in_set_up(own, function, whole, &mut found);
        }
    }
    for parameter in &test.function.parameters {
        let fixture = called_name(&parameter.pattern).and_then(|name| fixture(own.file, name));
        if let Some(fixture) = fixture {
            let before = found.len();
            in_set_up(own, fixture, whole, &mut found);
            let given = given(fixture);
            for replaced in found.iter_mut().skip(before) {
                if given.as_deref().is_some_and(|given| replaced.names.iter().any(|name| name == given)) {
                    replaced.names.extend(called_name(&parameter.pattern).map(str::to_owned));
                }
            }
        }
    }
    found
}

/// What a call of `patch` and its kin replaces.
struct Patch {
    what: What,
    shown: String,
    /// Whether the mock is handed on: to a parameter, to `as`, to a name.
    gives_mock: bool,
    is_inert: bool,
}

fn patch(own: &Own<'_>, call: &Call) -> Option<Patch> {
    let file = own.file;
    let path = dotted(&call.callee)?;
    let path = path.trim_start_matches("unittest.").trim_start_matches("mock.").trim_start_matches("self.");
    let positional = |at: usize| {
        call.arguments
            .iter()
            .filter(|argument| argument.name.is_none())
            .nth(at)
            .map(|argument| &argument.value)
    };
    let (what, new) = match path {
        "patch" | "mocker.patch" => (by_name(own, positional(0)?)?, positional(1)),
        "patch.object" | "mocker.patch.object" => {
            (member(file, positional(0)?, positional(1)?.string()?)?, positional(2))
        }
        "monkeypatch.setattr" => match (positional(1), positional(2)) {
            (Some(name), Some(new)) => (member(file, positional(0)?, name.string()?)?, Some(new)),
            (Some(new), None) => (by_name(own, positional(0)?)?, Some(new)),
            _ => return None,
        },
        _ => return None,
    };
    let argument = |name: &str| keyword(&call.arguments, name);
    let new = new.or_else(|| argument("new"));
    // `wraps` goes on to the real thing, and who knows what `side_effect=f` does.
    let goes_on = argument("wraps").is_some();
    let is_inert = !goes_on
        && [new, argument("side_effect"), argument("new_callable")]
            .into_iter()
            .flatten()
            .all(|value| is_inert(file, value));
    let shown = shown(&what);
    Some(Patch { what, shown, gives_mock: new.is_none(), is_inert })
}

fn shown(what: &What) -> String {
    match what {
        What::Path(path) | What::Bare(path) => path.clone(),
        What::Member { owner, name } => format!("{owner}.{name}"),
        What::Module { specifier, .. } => specifier.clone(),
    }
}

/// `"shop.cart.total"`, also by a constant; a name of the test's own file is one that its own tests look up there.
fn by_name(own: &Own<'_>, target: &Expr) -> Option<What> {
    let text = match &target.kind {
        ExprKind::Name(name) => own.constant(name)?,
        _ => target.string()?.to_owned(),
    };
    let (module, name) = text.rsplit_once('.')?;
    let stem = own.file.path.trim_end_matches(".py").replace('/', ".");
    let is_here = stem == module || stem.ends_with(&format!(".{module}"));
    Some(if is_here { What::Bare(name.to_owned()) } else { What::Path(text) })
}

fn replacing(patch: Patch, extent: Extent, within: Extent, names: Vec<String>) -> Replaced {
    let Patch { what, shown, is_inert, .. } = patch;
    Replaced { what, shown, extent, within, names, is_inert }
}

/// `@patch(..)` over the test and over its class. The innermost gives the first parameter, the class's the last.
fn by_decorators(own: &Own<'_>, test: &Test<'_>, whole: Extent, found: &mut Vec<Replaced>) {
    let of_class = test.class.map_or(&[][..], |class| &class.decorators);
    let skipped = usize::from(test.class.is_some() && !test.function.is_static);
    let mut parameters = test
        .function
        .parameters
        .iter()
        .filter(|parameter| matches!(parameter.kind, ParameterKind::Positional | ParameterKind::Either))
        .skip(skipped);
    for decorator in test.function.decorators.iter().rev().chain(of_class.iter().rev()) {
        let Some(patch) = decorator.call().and_then(|call| patch(own, call)) else { continue };
        let parameter = if patch.gives_mock { parameters.next() } else { None };
        let names = parameter.and_then(|parameter| called_name(&parameter.pattern)).map(str::to_owned);
        found.push(replacing(patch, decorator.extent, whole, names.into_iter().collect()));
    }
}

/// `with patch(..) as m:`, `m = mocker.patch(..)`, `m = patch(..).start()`, `cart.total = Mock()`.
fn in_body(own: &Own<'_>, function: &Function, whole: Extent, found: &mut Vec<Replaced>) {
    each_in_body(&function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::With { items, .. }, extent }) => {
                for (context, name) in items {
                    let Some(patch) = bare(context).call().and_then(|call| patch(own, call)) else {
                        continue;
                    };
                    let names = name.as_ref().and_then(dotted).into_iter().collect();
                    found.push(replacing(patch, context.extent, *extent, names));
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
                let Some(value) = &assign.value else { return true };
                let within = Extent { start: extent.start, end: whole.end };
                if let Some(patch) = started(own, value) {
                    let names = assign.targets.iter().filter_map(dotted).collect();
                    found.push(replacing(patch, value.extent, within, names));
                } else if is_mock_making(value) {
                    found.extend(
                        assign.targets.iter().filter_map(|target| assigned(own, target, value, within)),
                    );
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Expr(value), extent }) => {
                let within = Extent { start: extent.start, end: whole.end };
                let patch =
                    started(own, value).map(|patch| replacing(patch, value.extent, within, Vec::new()));
                found.extend(patch);
            }
            _ => {}
        }
        true
    });
}

/// A patch that is in force from here on: by a fixture, or started.
fn started(own: &Own<'_>, value: &Expr) -> Option<Patch> {
    let call = bare(value).call()?;
    match &call.callee.kind {
        ExprKind::Member { object, name, .. } if name == "start" => patch(own, object.call()?),
        _ => patch(own, call).filter(|_| {
            dotted(&call.callee)
                .is_some_and(|path| path.contains("mocker") || path.starts_with("monkeypatch"))
        }),
    }
}

/// `cart.total = Mock(return_value=3)`.
fn assigned(own: &Own<'_>, target: &Expr, value: &Expr, within: Extent) -> Option<Replaced> {
    let ExprKind::Member { object, name, .. } = &target.kind else { return None };
    // `self.total = Mock()` makes a mock and replaces nothing.
    if matches!(&object.kind, ExprKind::Name(own) if own == "self" || own == "cls") {
        return None;
    }
    let what = member(own.file, object, name)?;
    let call = bare(value).call()?;
    let goes_on = keyword(&call.arguments, "wraps").is_some();
    let effect = keyword(&call.arguments, "side_effect");
    Some(Replaced {
        shown: shown(&what),
        what,
        extent: target.extent,
        within,
        names: Vec::new(),
        is_inert: !goes_on && effect.is_none_or(|effect| is_inert(own.file, effect)),
    })
}

/// What set-up and fixtures replace holds for the whole test.
fn in_set_up(own: &Own<'_>, function: &Function, whole: Extent, found: &mut Vec<Replaced>) {
    let before = found.len();
    in_body(own, function, whole, found);
    for replaced in found.iter_mut().skip(before) {
        replaced.within = whole;
    }
    // `self.patcher = patch(..)`, `self.total = self.patcher.start()`.
    let mut patchers: Vec<(String, Patch, Extent)> = Vec::new();
    each_in_body(&function.body, &mut |node, _| {
        let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node else { return true };
        let (Some(target), Some(value)) = (assign.targets.first().and_then(dotted), &assign.value) else {
            return true;
        };
        if let Some(patch) = value.call().and_then(|call| patch(own, call)) {
            patchers.push((target, patch, value.extent));
        } else if let Some(ExprKind::Member { object, name, .. }) = value.call().map(|call| &call.callee.kind)
            && name == "start"
            && let Some(at) =
                patchers.iter().position(|(patcher, ..)| dotted(object).as_ref() == Some(patcher))
        {
            let (_, patch, extent) = patchers.remove(at);
            found.push(replacing(patch, extent, whole, vec![target]));
        }
        true
    });
}

/// The fixture of this name in the same file.
fn fixture<'a>(file: &'a SourceFile, name: &str) -> Option<&'a Function> {
    file.syntax.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Function(function) if function.name == name => {
            let is_fixture = function.decorators.iter().any(|decorator| {
                called_name(decorator.call().map_or(decorator, |call| &call.callee)) == Some("fixture")
            });
            is_fixture.then_some(&**function)
        }
        _ => None,
    })
}

/// The name that a fixture gives to its test.
fn given(fixture: &Function) -> Option<String> {
    let mut found = None;
    each_in_body(&fixture.body, &mut |node, _| {
        let value = match node {
            Node::Expr(Expr { kind: ExprKind::Yield(Some(value)), .. }) => Some(&**value),
            Node::Stmt(Stmt { kind: StmtKind::Return(Some(value)), .. }) => Some(value),
            _ => None,
        };
        let value = value.filter(|value| !matches!(value.kind, ExprKind::Literal(Literal::Null)));
        found = found.take().or_else(|| value.and_then(dotted));
        true
    });
    found
}

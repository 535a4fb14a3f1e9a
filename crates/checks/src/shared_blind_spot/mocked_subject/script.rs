//! Mocks of JavaScript and TypeScript: Jest, Vitest, Sinon and node:test.

use super::replaced::{Replaced, What, bare, dotted, is_configuring, is_inert, is_mock_making, member, root};
use super::subject::Own;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind};
use crate::facts::tests::Test;
use crate::facts::values::called_name;

/// Everything in force somewhere in a test: modules mocked for the whole file, and members replaced in the test or in a hook around it.
pub(super) fn replaced(own: &Own<'_>, test: &Test<'_>, whole: Extent) -> Vec<Replaced> {
    let mut found: Vec<Replaced> =
        own.calls().filter_map(|(_, expr)| module(own.file, expr, whole)).collect();
    for (block, expr) in own.calls() {
        let Some(call) = expr.call() else { continue };
        let is_hook = matches!(called_name(&call.callee), Some("beforeEach" | "beforeAll" | "before"));
        // A hook holds for the `describe` that it stands in.
        let holds = block.is_none_or(|block| block.start <= whole.start && whole.end <= block.end);
        for argument in call.arguments.iter().filter(|_| is_hook && holds) {
            if let ExprKind::Function(hook) = &argument.value.kind {
                let before = found.len();
                in_body(own, hook, whole, &mut found);
                found.iter_mut().skip(before).for_each(|replaced| replaced.within = whole);
            }
        }
    }
    in_body(own, test.function, whole, &mut found);
    found
}

/// `jest.mock("./cart")`, `vi.mock("./cart", () => ({ total: vi.fn() }))`, `mock.module("./cart", ..)`.
fn module(file: &SourceFile, expr: &Expr, whole: Extent) -> Option<Replaced> {
    let call = expr.call()?;
    let path = call.callee.dotted()?;
    if !matches!(path.as_str(), "jest.mock" | "vi.mock" | "mock.module" | "t.mock.module" | "jest.setMock") {
        return None;
    }
    let specifier = specifier(&call.arguments.first()?.value)?;
    let (only, is_inert) = names_of_factory(file, call.arguments.get(1).map(|argument| &argument.value))?;
    let what = What::Module { specifier: specifier.to_owned(), only };
    let (shown, names) = (specifier.to_owned(), Vec::new());
    Some(Replaced { what, shown, extent: expr.extent, within: whole, names, is_inert })
}

/// `"./cart"`, and `import("./cart")`.
fn specifier(value: &Expr) -> Option<&str> {
    value.string().or_else(|| value.call()?.arguments.first()?.value.string())
}

/// The names that a factory replaces, all when there is no list, and whether what it gives in their place is written there. `None` when it
/// cannot be told, or when nothing is replaced.
fn names_of_factory(file: &SourceFile, factory: Option<&Expr>) -> Option<(Option<Vec<String>>, bool)> {
    let Some(factory) = factory else { return Some((None, true)) };
    let entries = match &factory.kind {
        ExprKind::Function(function) => match function.body.last().map(|stmt| &stmt.kind) {
            Some(StmtKind::Return(Some(Expr { kind: ExprKind::Record { entries, .. }, .. }))) => entries,
            _ => return None,
        },
        // Options: `{ spy: true }` goes on to the real thing.
        ExprKind::Record { .. } => return None,
        ExprKind::Literal(Literal::Null) => return Some((None, true)),
        _ => return None,
    };
    // A spread is the real module, or something that we do not know.
    let is_whole = entries.iter().all(|(key, _)| key.is_some());
    let names: Vec<String> =
        entries.iter().filter_map(|(key, _)| Some(key.as_ref()?.string()?.to_owned())).collect();
    let all_inert = entries.iter().filter(|(key, _)| key.is_some()).all(|(_, value)| is_inert(file, value));
    Some((if is_whole { None } else { Some(names) }, all_inert))
}

/// Members that a body replaces.
fn in_body(own: &Own<'_>, function: &Function, whole: Extent, found: &mut Vec<Replaced>) {
    let mut add = |value: &Expr, names: Vec<String>, extent: Extent| {
        let within = Extent { start: extent.start, end: whole.end };
        found.extend(spied(own.file, function, value, &names).map(|(what, is_inert)| Replaced {
            shown: shown(&what),
            what,
            extent: value.extent,
            within,
            names,
            is_inert,
        }));
    };
    each_in_body(&function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Expr(value), extent }) => match &value.kind {
                ExprKind::Assign { target, value, op: None } => {
                    let names = dotted(target).into_iter().collect();
                    add(value, names, *extent);
                }
                _ => add(value, Vec::new(), *extent),
            },
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
                if let Some(value) = &assign.value {
                    add(value, assign.targets.iter().filter_map(dotted).collect(), *extent);
                }
            }
            _ => {}
        }
        true
    });
    assigned(own, function, whole, found);
}

fn shown(what: &What) -> String {
    match what {
        What::Path(path) => path.trim_start_matches("./").trim_start_matches("../").to_owned(),
        What::Bare(name) => name.clone(),
        What::Member { owner, name } => format!("{owner}.{name}"),
        What::Module { specifier, .. } => specifier.clone(),
    }
}

/// `cart.total = jest.fn(() => 3)`.
fn assigned(own: &Own<'_>, function: &Function, whole: Extent, found: &mut Vec<Replaced>) {
    each_in_body(&function.body, &mut |node, _| {
        let (target, value, extent) = match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
                match (assign.targets.first(), &assign.value) {
                    (Some(target), Some(value)) => (target, value, *extent),
                    _ => return true,
                }
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, value, op: None }, extent }) => {
                (&**target, &**value, *extent)
            }
            _ => return true,
        };
        if let ExprKind::Member { object, name, .. } = &target.kind
            && !matches!(&object.kind, ExprKind::Name(own) if own == "this")
            && is_mock_making(value)
            && let Some(what) = member(own.file, object, name)
        {
            let is_inert = mock_is_inert(own.file, value);
            let within = Extent { start: extent.start, end: whole.end };
            found.push(Replaced {
                shown: shown(&what),
                what,
                extent: target.extent,
                within,
                names: Vec::new(),
                is_inert,
            });
        }
        true
    });
}

/// Whether a mock answers what is written in its making.
fn mock_is_inert(file: &SourceFile, value: &Expr) -> bool {
    let Some(call) = bare(value).call() else { return true };
    let own = call.arguments.iter().all(|argument| {
        !matches!(argument.value.kind, ExprKind::Function(_) | ExprKind::Name(_))
            || is_inert(file, &argument.value)
    });
    let inner = match &call.callee.kind {
        ExprKind::Member { object, .. } => object.call().is_none() || mock_is_inert(file, object),
        _ => true,
    };
    own && inner
}

/// What `jest.spyOn(cart, "total").mockReturnValue(3)` and its kin replace. A spy that is told nothing goes on to the real thing, in Jest,
/// Vitest and node:test; Sinon's stub answers nothing.
fn spied(file: &SourceFile, function: &Function, value: &Expr, names: &[String]) -> Option<(What, bool)> {
    let mut call = bare(value).call()?;
    let mut told: Vec<(&str, &Call)> = Vec::new();
    loop {
        let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
        if is_configuring(name) || name == "callThrough" {
            told.push((name, call));
            call = bare(object).call()?;
            continue;
        }
        let from = root(object)?;
        let by = (name.as_str(), from);
        let (owner, method) =
            (&call.arguments.first()?.value, call.arguments.get(1).map(|argument| &argument.value));
        let answer = call.arguments.get(2).map(|argument| &argument.value);
        let is_replaced = match by {
            ("spyOn", "jest" | "vi") => !told.is_empty() || told_later(function, names),
            ("stub", "sinon" | "sandbox" | "this") => true,
            ("method", "mock" | "t") => answer.is_some(),
            _ => return None,
        };
        let goes_on = told.iter().any(|(name, _)| *name == "callThrough");
        let what = member(file, owner, method?.string()?)?;
        let inert = told
            .iter()
            .flat_map(|(_, call)| &call.arguments)
            .map(|argument| &argument.value)
            .chain(answer)
            .all(|given| {
                !matches!(given.kind, ExprKind::Function(_) | ExprKind::Name(_))
                    || matches!(given.kind, ExprKind::Name(_))
                        && !told.iter().any(|(name, _)| name.contains("mplement") || *name == "callsFake")
                    || is_inert(file, given)
            });
        return (is_replaced && !goes_on).then_some((what, inert));
    }
}

/// `spy.mockReturnValue(3)` in a statement of its own.
fn told_later(function: &Function, names: &[String]) -> bool {
    let mut told = false;
    each_in_body(&function.body, &mut |node, _| {
        if let Some(call) = node.expr().and_then(Expr::call)
            && let ExprKind::Member { object, name, .. } = &call.callee.kind
        {
            told |= is_configuring(name) && dotted(object).is_some_and(|object| names.contains(&object));
        }
        !told
    });
    told
}

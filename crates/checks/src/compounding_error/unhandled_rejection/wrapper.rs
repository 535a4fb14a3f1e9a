//! What handlers are handed to before they are registered: `catchAsync(async (req, res) => ..)`.

use crate::facts::nodes::{Node, each_in_body, each_in_expr, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::framework::Project;

/// Whether what an `async` function throws is caught by something that it is handed to where it is defined; what cannot be read
/// counts as caught, since that is what such wrappers are for.
pub(super) fn catches_at_definition<'a>(
    project: &Project<'a>,
    (at, function): (usize, &'a Function),
) -> bool {
    let Some(file) = project.context.files.get(at) else { return false };
    if let Some(call) = project.handed_to((at, function))
        && is_wrapper(call)
    {
        return catches(project, (at, function), call);
    }
    // `module.exports = { list: wrap(list) }`
    let name = project.name_of((at, function)).filter(|name| !name.is_empty() && !name.contains('.'));
    name.is_some_and(|name| {
        handed_on(file, name).into_iter().any(|call| catches(project, (at, function), call))
    })
}

/// The calls of a file that a function is handed to by its name, and that register nothing.
fn handed_on<'a>(file: &'a SourceFile, name: &str) -> Vec<&'a Call> {
    let mut found = Vec::new();
    each_node(&file.syntax, &mut |node, _| {
        if let Some(call) = node.expr().and_then(Expr::call)
            && is_wrapper(call)
            && call.arguments.iter().any(|argument| is_name(&argument.value, name))
        {
            found.push(call);
        }
        true
    });
    found
}

fn is_name(expr: &Expr, name: &str) -> bool {
    matches!(&expr.kind, ExprKind::Name(own) if own == name)
}

/// Whether a call makes one function of another, and does not register one.
pub(super) fn is_wrapper(call: &Call) -> bool {
    !registers(call) && called_name(&call.callee) != Some("bind")
}

/// `app.get("/", ..)`
pub(super) fn registers(call: &Call) -> bool {
    let verb = matches!(
        called_name(&call.callee),
        Some("get" | "post" | "put" | "patch" | "delete" | "all" | "use" | "head" | "options" | "param")
    );
    verb && matches!(call.callee.kind, ExprKind::Member { .. })
}

/// Whether a wrapper catches what the function throws that it is given. `false` only for one of the project that calls it, waits for
/// nothing that it gives back, and hands it on to nobody.
pub(super) fn catches<'a>(
    project: &Project<'a>,
    (at, handler): (usize, &'a Function),
    call: &'a Call,
) -> bool {
    let within = project.functions_around(at, handler);
    let outer = within.split_last().map(|(_, outer)| outer).unwrap_or_default();
    let Some((_, wrapper)) = project.called(at, outer, &call.callee) else { return true };
    if std::ptr::eq(wrapper, handler) {
        return true;
    }
    let parameters: Vec<&str> =
        wrapper.parameters.iter().filter_map(|parameter| called_name(&parameter.pattern)).collect();
    let is_given =
        |expr: &Expr| matches!(&expr.kind, ExprKind::Name(name) if parameters.contains(&name.as_str()));
    let (mut called, mut caught) = (false, false);
    each_in_body(&wrapper.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }) => caught |= !tried.handlers.is_empty(),
            Node::Expr(expr) => {
                if let Some(call) = expr.call() {
                    let (calls, catches) = reading(call, &is_given);
                    called |= calls;
                    caught |= catches;
                }
            }
            _ => {}
        }
        !caught
    });
    caught || !called
}

/// Whether a call in a wrapper runs what it was given, and whether it is, or may be, what catches its failure.
fn reading(call: &Call, is_given: &dyn Fn(&Expr) -> bool) -> (bool, bool) {
    let name = called_name(&call.callee).unwrap_or_default();
    let mut runs = is_given(&call.callee);
    if let ExprKind::Member { object, .. } = &call.callee.kind {
        // `fn.call(this, req, res)`
        runs |= is_given(object) && matches!(name, "call" | "apply");
    }
    let two = call.arguments.len() > 1;
    // What hands the function on itself may catch as well: `asyncHandler(fn)`.
    let hands_on = call.arguments.iter().any(|argument| {
        let mut named = is_given(&argument.value);
        if let ExprKind::Spread(inner) = &argument.value.kind {
            named |= is_given(inner);
        }
        named
    });
    // A promise that the call gives back is handed to something that is not known: `forward(fn(req, res), next)`.
    let gives_on = !matches!(name, "resolve")
        && call.arguments.iter().any(|argument| {
            let mut inside = false;
            each_in_expr(&argument.value, &mut |node, _| {
                inside |= node.expr().and_then(Expr::call).is_some_and(|inner| is_given(&inner.callee));
                !inside && node.function().is_none()
            });
            inside
        });
    (runs, name == "catch" || name == "then" && two || hands_on || gives_on)
}

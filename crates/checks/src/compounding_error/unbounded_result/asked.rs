//! Where a request says how many rows it wants.

use crate::context::Context;
use crate::database::{Operation, Trace};
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::syntax::{Expr, ExprKind, Extent, Literal, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::framework::Framework;

/// What callers call the number of rows.
const NAMES: &[&str] = &[
    "limit",
    "per_page",
    "perPage",
    "page_size",
    "pageSize",
    "pagesize",
    "size",
    "count",
    "take",
    "max",
    "top",
    "max_results",
    "maxResults",
    "first",
    "n",
];

/// A number of rows that a request names.
pub(super) struct Asked<'a> {
    /// The file in which it is read.
    pub(super) file: usize,
    /// Where.
    pub(super) extent: Extent,
    /// Its name in the request.
    pub(super) name: &'a str,
    /// What it is bound to in the program.
    pub(super) bound: Vec<&'a str>,
}

/// Whether an answer is only asked for its first row: `rows[0]`, `const [user] = ..`.
pub(super) fn takes_first(operation: &Operation<'_>) -> bool {
    let Some(frame) = operation.frames.last() else { return false };
    let holds =
        |value: &Expr| value.extent.start <= frame.extent.start && frame.extent.end <= value.extent.end;
    let mut names: Vec<&str> = Vec::new();
    let mut first = false;
    each_in_body(&frame.function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })
                if assign.value.as_ref().is_some_and(holds) =>
            {
                for target in &assign.targets {
                    // `const [user] = ..` of an answer that is a list of rows; `[rows]` of mysql2 is all of them.
                    collect(target, &mut names);
                }
            }
            Node::Expr(Expr { kind: ExprKind::Index { object, index }, .. }) if matches!(&index.kind, ExprKind::Literal(Literal::Integer(at)) if at == "0") =>
            {
                first |= holds(object) || root(object).is_some_and(|name| names.contains(&name));
            }
            // `if (existing.rows.length > 0)`
            Node::Expr(Expr { kind: ExprKind::Member { object, name, .. }, .. }) if name == "rowCount" => {
                first |= root(object).is_some_and(|name| names.contains(&name));
            }
            _ => {}
        }
        !first
    });
    first
}

fn collect<'a>(target: &'a Expr, names: &mut Vec<&'a str>) {
    match &target.kind {
        ExprKind::Name(name) => names.push(name),
        ExprKind::Sequence { items, .. } => items.iter().for_each(|item| collect(item, names)),
        ExprKind::Record { entries, .. } => entries.iter().for_each(|(_, value)| collect(value, names)),
        _ => {}
    }
}

fn root(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => root(object),
        _ => None,
    }
}

/// Where the functions of a request read how many rows are wanted.
pub(super) fn limit<'a>(context: &Context<'_>, trace: &'a Trace<'a>) -> Option<Asked<'a>> {
    if trace.handler.framework == Framework::FastApi
        && let Some(parameter) = trace.handler.function.parameters.iter().find(|parameter| {
            matches!(&parameter.pattern.kind, ExprKind::Name(name) if NAMES.contains(&name.as_str()))
        })
        && let ExprKind::Name(name) = &parameter.pattern.kind
    {
        let end = parameter.default.as_ref().or(parameter.annotation.as_ref()).map_or(parameter.pattern.extent.end, |last| last.extent.end);
        let extent = Extent { start: parameter.pattern.extent.start, end };
        return Some(Asked { file: trace.handler.file, extent, name, bound: vec![name] });
    }
    let mut found: Option<Asked<'a>> = None;
    for (file, function) in &trace.functions {
        let Some(source) = context.files.get(*file) else { continue };
        each_in_body(&function.body, &mut |node, around| {
            if found.is_some() {
                return false;
            }
            let read = match node {
                Node::Expr(expr) => read(source.text_of(expr.extent), expr).map(|name| (name, expr.extent)),
                Node::Stmt(stmt) => destructured(stmt),
                Node::Handler(_) => None,
            };
            if let Some((name, extent)) = read {
                let mut bound = vec![name];
                for outer in around {
                    if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = outer {
                        assign.targets.iter().for_each(|target| collect(target, &mut bound));
                    }
                }
                found = Some(Asked { file: *file, extent, name, bound });
            }
            true
        });
    }
    found
}

/// The name under which an expression reads it: `request.args.get("limit", 20)`, `req.query.limit`, `self.query("limit")`.
fn read<'a>(text: &str, expr: &'a Expr) -> Option<&'a str> {
    let known = |name: &&str| NAMES.contains(name);
    match &expr.kind {
        ExprKind::Call(call) => {
            let name = call.arguments.first()?.value.string().filter(known)?;
            let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
            let callee = called_name(&call.callee)?;
            let from = object.dotted().unwrap_or_default().to_lowercase();
            let asks =
                matches!(callee, "query" | "get_query_argument" | "get_argument" | "getQuery" | "queryParam");
            let of_query = matches!(callee, "get" | "getlist")
                && ["args", "query", "params", "get", "values"].iter().any(|word| from.contains(word));
            (asks || of_query).then_some(name)
        }
        ExprKind::Member { object, name, .. } => {
            let from = object.dotted()?;
            let last = from.rsplit('.').next()?;
            (NAMES.contains(&name.as_str()) && matches!(last, "query" | "searchParams"))
                .then_some(name.as_str())
        }
        ExprKind::Index { object, index } if text.len() < 80 => {
            let from = object.dotted()?;
            let last = from.rsplit('.').next()?;
            index.string().filter(known).filter(|_| matches!(last, "args" | "query" | "GET" | "query_params"))
        }
        _ => None,
    }
}

/// `const { page = 1, limit = 20 } = req.query`.
fn destructured(stmt: &Stmt) -> Option<(&str, Extent)> {
    let StmtKind::Assign(assign) = &stmt.kind else { return None };
    let from = assign.value.as_ref()?.dotted()?;
    let ExprKind::Record { entries, .. } = &assign.targets.first()?.kind else { return None };
    from.ends_with("query").then_some(())?;
    entries.iter().find_map(|(key, value)| {
        let name = key.as_ref()?.string().filter(|name| NAMES.contains(name))?;
        Some((name, value.extent))
    })
}

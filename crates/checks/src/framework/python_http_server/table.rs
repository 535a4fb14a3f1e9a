//! Tables of routes: lists of `(method, pattern, handler)`, and dicts by path, by method, or by both.

use super::super::project::Project;
use super::super::words::text_of;
use crate::facts::syntax::{Class, Expr, ExprKind, Extent, StmtKind};
use crate::facts::values::{Bound, Values};

/// Levels of a table in a table.
const LEVELS: usize = 4;

/// The methods of HTTP that a table may name.
const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// One line of a table.
pub(super) struct Row<'a> {
    /// The method, where the line says it.
    pub(super) method: Option<String>,
    /// The path or pattern as written.
    pub(super) path: String,
    /// Whether it stands in `re.compile(..)`.
    pub(super) is_regex: bool,
    /// What answers.
    pub(super) handler: Option<&'a Expr>,
    /// Where it stands.
    pub(super) extent: Extent,
}

/// The value of a name, or of a member of the class at hand, that holds a table.
pub(super) fn value<'a>(
    project: &Project<'a>,
    at: usize,
    class: &'a Class,
    expr: &'a Expr,
) -> Option<(usize, &'a Expr)> {
    match &expr.kind {
        ExprKind::Call(call) => {
            let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
            if matches!(name.as_str(), "items" | "keys") { value(project, at, class, object) } else { None }
        }
        ExprKind::Member { object, name, .. } => {
            let own = matches!(object.dotted().as_deref(), Some("self" | "cls"))
                || object.dotted().as_deref() == Some(&class.name);
            let field = own.then(|| field(class, name)).flatten().map(|value| (at, value));
            field.or_else(|| bound_once(project, at, expr))
        }
        ExprKind::Name(name) => bound_once(project, at, expr).or_else(|| Some((at, field(class, name)?))),
        ExprKind::Sequence { .. } | ExprKind::Record { .. } => Some((at, expr)),
        _ => None,
    }
}

fn bound_once<'a>(project: &Project<'a>, at: usize, expr: &Expr) -> Option<(usize, &'a Expr)> {
    let place = project.find(at, &[], expr)?;
    let file = project.file(place.file)?;
    match Values::of_body(&file.syntax.body).bound(&place.name) {
        [Bound::To(value)] => Some((place.file, value)),
        _ => None,
    }
}

fn field<'a>(class: &'a Class, name: &str) -> Option<&'a Expr> {
    class.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign(assign)
            if assign.targets.iter().any(|target| target.dotted().as_deref() == Some(name)) =>
        {
            assign.value.as_ref()
        }
        _ => None,
    })
}

/// The lines of a table; `None` when it has something in it that is no line.
pub(super) fn rows<'a>(project: &Project<'a>, at: usize, table: &'a Expr) -> Option<Vec<Row<'a>>> {
    let mut found = Vec::new();
    match &table.kind {
        ExprKind::Sequence { items, .. } => {
            for item in items {
                found.push(line(project, at, item)?);
            }
        }
        ExprKind::Record { entries, .. } => {
            let empty = Row {
                method: None,
                path: String::new(),
                is_regex: false,
                handler: None,
                extent: table.extent,
            };
            record(project, at, entries, &empty, LEVELS, &mut found)?;
        }
        _ => return None,
    }
    (!found.is_empty()).then_some(found)
}

/// `("GET", r"/users/(\d+)", show)`, in any order; `Route("GET", ..)`; or a path by itself.
fn line<'a>(project: &Project<'a>, at: usize, item: &'a Expr) -> Option<Row<'a>> {
    let parts: Vec<&'a Expr> = match &item.kind {
        ExprKind::Sequence { items, .. } => items.iter().collect(),
        ExprKind::Call(call) if compiled(item).is_none() => {
            call.arguments.iter().map(|argument| &argument.value).collect()
        }
        _ => vec![item],
    };
    let mut row =
        Row { method: None, path: String::new(), is_regex: false, handler: None, extent: item.extent };
    for part in parts {
        take(project, at, part, &mut row);
    }
    (!row.path.is_empty()).then_some(row)
}

fn take<'a>(project: &Project<'a>, at: usize, part: &'a Expr, row: &mut Row<'a>) {
    let is_regex = compiled(part).is_some();
    match text_of(project, at, compiled(part).unwrap_or(part)) {
        Some(text) if METHODS.contains(&text.as_str()) => row.method = Some(text),
        Some(text) => match text.split_once(' ').filter(|(method, _)| METHODS.contains(method)) {
            Some((method, path)) => {
                row.method = Some(method.to_owned());
                path.clone_into(&mut row.path);
            }
            None if row.path.is_empty() && (text.starts_with(['/', '^']) || is_regex) => {
                row.path = text;
                row.is_regex = is_regex;
            }
            // The name of a method, for `getattr`.
            None => row.handler = row.handler.or(Some(part)),
        },
        None if matches!(part.kind, ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Function(_)) => {
            row.handler = row.handler.or(Some(part));
        }
        None => {}
    }
}

/// The pattern of `re.compile(pattern)`.
pub(super) fn compiled(expr: &Expr) -> Option<&Expr> {
    let call = expr.call()?;
    let name = crate::facts::values::called_name(&call.callee)?;
    call.arguments.first().map(|argument| &argument.value).filter(|_| name == "compile")
}

fn record<'a>(
    project: &Project<'a>,
    at: usize,
    entries: &'a [(Option<Expr>, Expr)],
    above: &Row<'a>,
    levels: usize,
    found: &mut Vec<Row<'a>>,
) -> Option<()> {
    let left = levels.checked_sub(1)?;
    for (key, value) in entries {
        let key = key.as_ref()?;
        let mut row = Row {
            method: above.method.clone(),
            path: above.path.clone(),
            is_regex: above.is_regex,
            handler: None,
            extent: key.extent,
        };
        match &key.kind {
            ExprKind::Sequence { items, .. } => {
                items.iter().for_each(|item| take(project, at, item, &mut row))
            }
            _ => take(project, at, key, &mut row),
        }
        match &value.kind {
            ExprKind::Record { entries, .. } if row.path.is_empty() || row.method.is_none() => {
                record(project, at, entries, &row, left, found)?;
            }
            _ => {
                match &value.kind {
                    ExprKind::Sequence { items, .. } => {
                        items.iter().for_each(|item| take(project, at, item, &mut row))
                    }
                    _ => take(project, at, value, &mut row),
                }
                if row.path.is_empty() {
                    return None;
                }
                found.push(row);
            }
        }
    }
    Some(())
}

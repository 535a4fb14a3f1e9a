//! Arguments of registrations as texts: literals, and constants of the file that hold one.

use super::project::Project;
use crate::facts::syntax::{BinaryOp, Call, Expr, ExprKind, Function, TemplatePart};
use crate::facts::values::{Bound, Values, keyword};

/// Names that are followed to their text.
const STEPS: usize = 4;

/// The keyword argument of this name, else the positional one at this place.
pub(super) fn keyword_or<'a>(call: &'a Call, name: &str, index: usize) -> Option<&'a Expr> {
    let positional = call.arguments.get(index).filter(|argument| argument.name.is_none());
    keyword(&call.arguments, name).or_else(|| positional.map(|argument| &argument.value))
}

/// The text of an expression: a literal, a constant of the project that is bound once, or what is put together of both.
pub(super) fn text_of<'a>(project: &Project<'a>, at: usize, expr: &'a Expr) -> Option<String> {
    text_in(project, at, &[], expr, STEPS)
}

/// The same, for what stands in these functions and may use what they bind.
pub(super) fn text_within<'a>(
    project: &Project<'a>,
    at: usize,
    within: &[&'a Function],
    expr: &'a Expr,
) -> Option<String> {
    text_in(project, at, within, expr, STEPS)
}

fn text_in<'a>(
    project: &Project<'a>,
    at: usize,
    within: &[&'a Function],
    expr: &'a Expr,
    steps: usize,
) -> Option<String> {
    let left = steps.checked_sub(1)?;
    if let Some(text) = expr.string() {
        return Some(text.to_owned());
    }
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Member { .. } => {
            let place = project.find_within(at, within, expr)?;
            if project.bound(&place).len() > 1 {
                return None;
            }
            match project.origins(at, within, expr, left).as_slice() {
                [(at, within, value)] if !std::ptr::eq(*value, expr) => {
                    text_in(project, *at, within, value, left)
                }
                _ => None,
            }
        }
        ExprKind::Binary { op: BinaryOp::Add, left: first, right } => {
            Some(text_in(project, at, within, first, left)? + &text_in(project, at, within, right, left)?)
        }
        ExprKind::Template(template) if template.tag.is_none() => {
            let mut text = String::new();
            for part in &template.parts {
                match part {
                    TemplatePart::Text(part) => text.push_str(part),
                    TemplatePart::Value(value) => text.push_str(&text_in(project, at, within, value, left)?),
                }
            }
            Some(text)
        }
        _ => None,
    }
}

/// The value of a name that is bound exactly once, at the top of a file of the project.
pub(super) fn constant<'a>(project: &Project<'a>, at: usize, expr: &Expr) -> Option<(usize, &'a Expr)> {
    let place = project.find(at, &[], expr)?;
    let file = project.file(place.file)?;
    match Values::of_body(&file.syntax.body).bound(&place.name) {
        [Bound::To(value)] => Some((place.file, value)),
        _ => None,
    }
}

/// The upper-case methods of a list of texts.
pub(super) fn method_names<'a>(project: &Project<'a>, at: usize, expr: &'a Expr) -> Option<Vec<String>> {
    let (at, expr) = match &expr.kind {
        ExprKind::Sequence { .. } => return names(project, at, expr),
        _ => constant(project, at, expr)?,
    };
    names(project, at, expr)
}

fn names<'a>(project: &Project<'a>, at: usize, expr: &'a Expr) -> Option<Vec<String>> {
    let ExprKind::Sequence { items, .. } = &expr.kind else { return None };
    items.iter().map(|item| Some(text_of(project, at, item)?.to_uppercase())).collect()
}

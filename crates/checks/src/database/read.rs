//! Which calls do something to a database, and what.

use std::sync::Arc;

use super::{Does, orm};
use crate::facts::source::SourceFile;
use crate::facts::sql;
use crate::facts::syntax::{BinaryOp, Call, CallStyle, Expr, ExprKind, Function, TemplatePart};
use crate::facts::values::{Bound, called_name};
use crate::framework::Project;
use crate::language::Language;

/// What a call does, where it is one that does something.
pub(super) type Found = Option<Vec<Does>>;

/// Names that are followed to their text.
const STEPS: usize = 4;

/// Where names are looked up: the functions around, innermost last, and the file.
pub(super) struct Scope<'a, 'b> {
    pub(super) project: &'b Project<'a>,
    pub(super) file: usize,
    pub(super) within: &'b [&'a Function],
}

impl<'a> Scope<'a, '_> {
    pub(super) fn source(&self) -> Option<&'a SourceFile> {
        self.project.context.files.get(self.file)
    }

    pub(super) fn language(&self) -> Option<Language> {
        self.source().map(|file| file.language)
    }

    /// What a name is bound to in the innermost function that binds it.
    pub(super) fn local(&self, name: &str) -> &[Bound<'a>] {
        let inner = self.within.iter().rev();
        let mut bound = inner.map(|function| self.project.local(self.file, function, name));
        bound.find(|bound| !bound.is_empty()).unwrap_or_default()
    }
}

/// What a call does; nothing for one that is no operation. `ours` says whether it runs a function of the project.
pub(super) fn does<'a>(scope: &Scope<'a, '_>, call: &'a Call, ours: bool) -> Vec<Does> {
    let Some(name) = called_name(&call.callee) else { return Vec::new() };
    if let Some(does) = orm::does(scope, call, name) {
        return does;
    }
    let object = match &call.callee.kind {
        ExprKind::Member { object, .. } => Some(&**object),
        _ => None,
    };
    // `statement.run(..)` of what was prepared before.
    if let Some(object) = object
        && matches!(name, "run" | "get" | "all" | "iterate" | "each" | "runAsync" | "getAsync" | "allAsync")
        && let Some(prepared) = prepared(scope, object)
    {
        return prepared;
    }
    let by_name = matches!(
        name,
        "query" | "execute" | "run_query" | "sql" | "all" | "get" | "run" | "dbRun" | "dbGet" | "dbAll"
    );
    // What is prepared is run later; what is logged is not run.
    let other = matches!(
        name,
        "prepare"
            | "text"
            | "log"
            | "info"
            | "debug"
            | "warn"
            | "error"
            | "warning"
            | "push"
            | "push_str"
            | "push_unseparated"
            | "append"
            | "includes"
            | "startswith"
            | "startsWith"
            | "strip"
            | "trim"
            | "format"
            | "replace"
            | "join"
    );
    // `String::from("UPDATE ..")` and `QueryBuilder::new("UPDATE ..")` of Rust only make the text.
    let makes = matches!(name, "from" | "new") && scope.language() == Some(Language::Rust);
    if other || makes || !(object.is_some() || by_name || ours || call.style == CallStyle::Macro) {
        return Vec::new();
    }
    let mut given = call.arguments.iter().take(2).map(|argument| text(scope, &argument.value, STEPS));
    given
        .find_map(|text| text.map(|text| statements(&text)).filter(|found| !found.is_empty()))
        .unwrap_or_default()
}

pub(super) fn statements(text: &str) -> Vec<Does> {
    sql::statements(text).into_iter().map(|one| Does::Statement(Arc::new(one))).collect()
}

/// The text of SQL that an expression stands for.
fn text(scope: &Scope<'_, '_>, expr: &Expr, steps: usize) -> Option<String> {
    let left = steps.checked_sub(1)?;
    match &expr.kind {
        ExprKind::Name(name) => {
            let bound = scope.local(name);
            if bound.is_empty() { top_text(scope, expr, left) } else { bound_text(scope, bound, left) }
        }
        ExprKind::Member { .. } => top_text(scope, expr, left),
        ExprKind::Record { entries, .. } => {
            // `db.execute({ sql: "..", args })`, `query({ text: ".." })`.
            let entry = entries
                .iter()
                .find(|(key, _)| matches!(key.as_ref().and_then(Expr::string), Some("sql" | "text")));
            text(scope, &entry?.1, left)
        }
        // `sql + " ORDER BY id"`
        ExprKind::Binary { op: BinaryOp::Add, left: first, right }
            if !matches!(first.kind, ExprKind::Literal(_)) =>
        {
            let mut whole = text(scope, first, left)?;
            match text(scope, right, left) {
                Some(right) => whole.push_str(&right),
                None => whole.push(sql::HOLE),
            }
            Some(whole)
        }
        ExprKind::Template(template) if template.tag.is_none() => {
            // `${select} WHERE id = ?`
            let mut whole = String::new();
            for part in &template.parts {
                match part {
                    TemplatePart::Text(part) => whole.push_str(part),
                    TemplatePart::Value(value) => match value.kind {
                        ExprKind::Name(_) => match text(scope, value, left) {
                            Some(part) => whole.push_str(&part),
                            None => whole.push(sql::HOLE),
                        },
                        _ => whole.push(sql::HOLE),
                    },
                }
            }
            Some(whole).filter(|text| text.chars().any(|c| c != sql::HOLE))
        }
        ExprKind::Call(call) if matches!(called_name(&call.callee), Some("text" | "sql" | "SQL")) => {
            text(scope, &call.arguments.first()?.value, left)
        }
        _ => sql::text_of(expr).filter(|text| text.chars().any(|c| c != sql::HOLE)),
    }
}

fn bound_text(scope: &Scope<'_, '_>, bound: &[Bound<'_>], steps: usize) -> Option<String> {
    let mut whole = String::new();
    for bound in bound {
        match bound {
            Bound::To(value) => {
                let found = text(scope, value, steps)?;
                // The longest of several says most.
                if found.len() > whole.len() {
                    whole = found;
                }
            }
            Bound::Updated(BinaryOp::Add, value) => {
                whole.push(' ');
                whole.push_str(&text(scope, value, steps).unwrap_or_default());
            }
            _ => return None,
        }
    }
    (!whole.is_empty()).then_some(whole)
}

/// A constant at the top of a file of the project.
fn top_text(scope: &Scope<'_, '_>, expr: &Expr, steps: usize) -> Option<String> {
    let (file, value) = top_value(scope, expr)?;
    text(&Scope { project: scope.project, file, within: &[] }, value, steps)
}

fn top_value<'a>(scope: &Scope<'a, '_>, expr: &Expr) -> Option<(usize, &'a Expr)> {
    let place = scope.project.find(scope.file, &[], expr)?;
    let mut parts = place.name.split('.');
    let [Bound::To(value)] = scope.project.top(place.file, parts.next()?) else { return None };
    let mut value = *value;
    for part in parts {
        value = crate::facts::values::entry(value, part)?;
    }
    Some((place.file, value))
}

/// The statements of `db.prepare("INSERT ..")`, or of a name or member that is bound to it.
fn prepared(scope: &Scope<'_, '_>, object: &Expr) -> Found {
    if let Some(call) = object.call() {
        return match called_name(&call.callee)? {
            "prepare" => {
                let text = text(scope, &call.arguments.first()?.value, STEPS)?;
                Some(statements(&text)).filter(|found| !found.is_empty())
            }
            "pluck" | "raw" | "bind" | "expand" | "safeIntegers" => match &call.callee.kind {
                ExprKind::Member { object, .. } => prepared(scope, object),
                _ => None,
            },
            _ => None,
        };
    }
    if let ExprKind::Name(name) = &object.kind
        && let [Bound::To(value)] = scope.local(name)
    {
        return value.call().and_then(|_| prepared(scope, value));
    }
    let (file, value) = top_value(scope, object)?;
    value.call().and_then(|_| prepared(&Scope { project: scope.project, file, within: &[] }, value))
}

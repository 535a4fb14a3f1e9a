//! Which tables, models and collections a function reads and changes.

use std::collections::BTreeSet;

use super::owner::columns_of;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::sql::Verb;
use crate::facts::syntax::{Expr, ExprKind, Function, Literal, StmtKind};
use crate::facts::values::called_name;
use crate::facts::words::has_word;
use crate::framework::conduct::Step;

/// What functions read and change.
#[derive(Default)]
pub(super) struct Stores {
    /// What is read.
    pub(super) reads: BTreeSet<String>,
    /// What is changed, or may be: of a model it is not always told.
    pub(super) changes: BTreeSet<String>,
    /// What is changed for certain.
    pub(super) writes: BTreeSet<String>,
    /// Of what rows are taken away.
    pub(super) deletes: BTreeSet<String>,
}

impl Stores {
    /// Reads what one function does.
    pub(super) fn read(&mut self, step: &Step<'_>) {
        let globals = collections(step.source);
        each_in_body(&step.function.body, &mut |node, _| {
            let Node::Expr(expr) = node else { return true };
            match &expr.kind {
                ExprKind::Literal(Literal::String(_)) | ExprKind::Template(_) | ExprKind::Binary { .. } => {
                    for (verb, table, _) in columns_of(expr) {
                        if verb == Verb::Select {
                            self.reads.insert(table);
                            continue;
                        }
                        if verb == Verb::Delete {
                            self.deletes.insert(table.clone());
                        }
                        self.writes.insert(table.clone());
                        self.changes.insert(table);
                    }
                }
                ExprKind::Name(name)
                    if globals.contains(name.as_str()) && is_local_free(step.function, name) =>
                {
                    self.both(name);
                }
                ExprKind::Call(call) => {
                    if let Some(model) = model(&call.callee) {
                        self.both(&model);
                        self.by_method(&model, called_name(&call.callee).unwrap_or_default());
                    }
                    // `get_object_or_404(Note, pk=pk)`, `session.get(Note, id)`, `select(Note)`.
                    let first = call.arguments.first().and_then(|given| called_name(&given.value));
                    let takes = matches!(
                        called_name(&call.callee),
                        Some(
                            "get_object_or_404"
                                | "get_list_or_404"
                                | "get"
                                | "query"
                                | "select"
                                | "delete"
                                | "update"
                        )
                    );
                    if let Some(first) = first.filter(|name| takes && is_type_name(name)) {
                        self.both(first);
                    }
                }
                _ => {}
            }
            true
        });
    }

    /// What a method of a model does for certain.
    fn by_method(&mut self, model: &str, method: &str) {
        let deletes = has_word(method, &["delete", "destroy", "remove"]);
        if deletes {
            self.deletes.insert(model.to_owned());
        }
        if deletes || has_word(method, &["create", "insert", "update", "upsert", "save"]) {
            self.writes.insert(model.to_owned());
        }
    }

    fn both(&mut self, name: &str) {
        self.reads.insert(name.to_owned());
        self.changes.insert(name.to_owned());
    }
}

fn is_local_free(function: &Function, name: &str) -> bool {
    // A parameter or variable of the same name is another thing; `global` and changes in place are no new names.
    !function.parameters.iter().any(|parameter| parameter.pattern.dotted().as_deref() == Some(name))
}

fn is_type_name(name: &str) -> bool {
    name.starts_with(char::is_uppercase) && name.chars().any(char::is_lowercase)
}

/// The lists and dictionaries at the top of a file.
fn collections(file: &SourceFile) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for stmt in &file.syntax.body {
        let StmtKind::Assign(assign) = &stmt.kind else { continue };
        let is_empty = |value: &Expr| match &value.kind {
            ExprKind::Sequence { items, .. } => items.is_empty(),
            ExprKind::Record { entries, .. } => entries.is_empty(),
            ExprKind::Call(call) => matches!(
                called_name(&call.callee),
                Some("Map" | "dict" | "list" | "defaultdict" | "OrderedDict")
            ),
            _ => false,
        };
        if assign.value.as_ref().is_some_and(is_empty)
            && let Some(ExprKind::Name(name)) = assign.targets.first().map(|target| &target.kind)
        {
            found.insert(name.as_str());
        }
    }
    found
}

/// `Note` of `Note.query.get(..)`, `Note.objects.filter(..)`, `Note.findById(..)`; `note` of `prisma.note.findUnique(..)`.
fn model(callee: &Expr) -> Option<String> {
    let path = callee.dotted()?;
    let parts: Vec<&str> = path.split('.').collect();
    let last = *parts.last()?;
    const METHODS: &[&str] = &[
        "query",
        "objects",
        "find",
        "findOne",
        "findById",
        "findByPk",
        "findAll",
        "findUnique",
        "findFirst",
        "findMany",
        "findByIdAndUpdate",
        "findByIdAndDelete",
        "findOneAndUpdate",
        "findOneAndDelete",
        "updateOne",
        "deleteOne",
        "destroy",
        "update",
        "delete",
        "create",
        "get",
        "filter",
        "filter_by",
        "get_or_404",
        "count",
        "findUniqueOrThrow",
        "all",
        "first",
        "insertOne",
        "where",
    ];
    if !METHODS.contains(&last) {
        return None;
    }
    let at = parts.iter().position(|part| {
        is_type_name(part)
            && !matches!(
                *part,
                "Object"
                    | "Array"
                    | "Promise"
                    | "Map"
                    | "Math"
                    | "Number"
                    | "String"
                    | "Set"
                    | "Date"
                    | "JSON"
            )
    });
    if let Some(model) = at.and_then(|at| parts.get(at)).filter(|_| at.is_some_and(|at| at + 1 < parts.len()))
    {
        return Some((*model).to_owned());
    }
    let client = parts.iter().position(|part| matches!(*part, "prisma" | "db" | "tx"))?;
    parts.get(client + 1).filter(|_| client + 2 < parts.len()).map(|name| (*name).to_owned())
}

//! Whose a row is: where handlers bind the owner, and where an owner is kept that nothing asks for.

use super::profile::Profile;
use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body, each_node};
use crate::facts::passwords::last_name;
use crate::facts::source::SourceFile;
use crate::facts::sql::{self, Verb};
use crate::facts::sql_fields::{self, Use};
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Extent, Literal, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::framework::conduct::Step;

/// Columns and fields that say whose something is; lower case, without `_`.
const OWNERS: &[&str] = &[
    "userid",
    "ownerid",
    "owner",
    "authorid",
    "author",
    "createdby",
    "createdbyid",
    "accountid",
    "customerid",
    "uid",
    "user",
    "username",
    "owneremail",
    "useremail",
    "creatorid",
    "creator",
    "customer",
    "account",
    "senderid",
    "recipientid",
    "tenantid",
    "orgid",
    "organizationid",
    "workspaceid",
    "memberid",
    "patientid",
    "clientid",
    "profileid",
];

/// Where an owner is bound.
#[derive(Clone, Copy)]
pub(super) struct Bound<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) place: Extent,
    /// Whether that happens on every way through the function, as far as it can be seen.
    pub(super) is_always: bool,
}

fn folded(name: &str) -> String {
    name.chars().filter(|c| *c != '_').collect::<String>().to_lowercase()
}

fn is_owner(name: &str) -> bool {
    OWNERS.contains(&folded(name).as_str())
}

/// What each statement of an expression does, to which table, with which columns in its condition.
pub(super) fn columns_of(expr: &Expr) -> Vec<(Verb, String, Vec<String>)> {
    let Some(text) = sql::text_of(expr) else { return Vec::new() };
    let statements = sql::statements(&text);
    let conditions = |statement: &sql::Statement| {
        statement.condition_columns().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    statements
        .iter()
        .filter(|statement| statement.is_write() || statement.verb == Verb::Select)
        .filter_map(|statement| Some((statement.verb, statement.table.clone()?, conditions(statement))))
        .collect()
}

/// Where a function binds the owner of what it looks for.
pub(super) fn bound_in<'a>(step: &Step<'a>) -> Option<Bound<'a>> {
    let mut found: Option<Bound<'a>> = None;
    each_in_body(&step.function.body, &mut |node, around| {
        let Node::Expr(expr) = node else { return true };
        let binds = match &expr.kind {
            ExprKind::Literal(Literal::String(_)) | ExprKind::Template(_) | ExprKind::Binary { .. } => {
                columns_of(expr).iter().any(|(_, _, columns)| columns.iter().any(|column| is_owner(column)))
            }
            ExprKind::Compare { left, rest } => compares_owner(left, rest),
            ExprKind::Call(call) => {
                let looks = called_name(&call.callee).is_some_and(is_look_up);
                looks && call.arguments.iter().any(|given| {
                    given.name.as_deref().is_some_and(|name| is_owner(name.split("__").next().unwrap_or(name))) || has_owner_key(&given.value)
                        // supabase: `.eq("user_id", user.id)`.
                        || given.value.string().is_some_and(is_owner) && called_name(&call.callee) != Some("get")
                })
            }
            _ => false,
        };
        if binds {
            // A look-up in a branch is a choice (`if mine:`); a comparison there is the question itself.
            let is_choice = !matches!(expr.kind, ExprKind::Compare { .. });
            let in_branch = is_choice && around.iter().any(|node| is_branch_around(*node, expr));
            let is_always = !in_branch;
            if found.is_none_or(|known| !known.is_always && is_always) {
                found = Some(Bound { file: step.source, place: expr.extent, is_always });
            }
        }
        true
    });
    found
}

/// Whether an expression stands in a branch of this statement, not in its test.
fn is_branch_around(node: Node<'_>, expr: &Expr) -> bool {
    let Node::Stmt(Stmt { kind: StmtKind::If { then, otherwise, .. }, .. }) = node else { return false };
    then.iter().chain(otherwise).any(|stmt| (stmt.extent.start..stmt.extent.end).contains(&expr.extent.start))
}

fn is_look_up(name: &str) -> bool {
    let folded = folded(name);
    [
        "find", "filter", "get", "where", "first", "delete", "update", "eq", "exclude", "query", "one",
        "remove", "count", "select", "destroy",
    ]
    .iter()
    .any(|start| folded.starts_with(start))
}

/// `row["user_id"] == user["id"]`, `task.ownerId !== req.user.id`, `Note.user_id == user.id`; two columns are no owner's.
fn compares_owner(left: &Expr, rest: &[(CompareOp, Expr)]) -> bool {
    let [(op, right)] = rest else { return false };
    let is_equality = matches!(
        op,
        CompareOp::Equal
            | CompareOp::NotEqual
            | CompareOp::StrictEqual
            | CompareOp::StrictNotEqual
            | CompareOp::Is
            | CompareOp::IsNot
    );
    let is_value = |expr: &Expr| {
        !matches!(expr.kind, ExprKind::Literal(_)) && !matches!(called_name(expr), Some("undefined"))
    };
    // A plain name may be the caller's own id: what it is compared with tells.
    let is_field =
        |expr: &Expr| !matches!(expr.kind, ExprKind::Name(_)) && field_of(expr).is_some_and(is_owner);
    is_equality && (is_field(left) && is_value(right) || is_field(right) && is_value(left))
}

fn field_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Call(call)
            if matches!(
                called_name(&call.callee),
                Some("toString" | "String" | "str" | "int" | "Number" | "equals")
            ) =>
        {
            let of = match &call.callee.kind {
                ExprKind::Member { object, .. } => Some(&**object),
                _ => call.arguments.first().map(|given| &given.value),
            };
            of.and_then(field_of)
        }
        _ => last_name(expr),
    }
}

/// `{ where: { id, userId } }`, `{ _id: id, owner: req.user.id }`.
fn has_owner_key(expr: &Expr) -> bool {
    let ExprKind::Record { entries, .. } = &expr.kind else { return false };
    entries.iter().any(|(key, value)| {
        let name = key.as_ref().and_then(|key| key.string().or_else(|| called_name(key)));
        name.is_some_and(is_owner) || name == Some("where") && has_owner_key(value)
    })
}

/// An owner that is kept with the rows of a table, and that nothing compares.
pub(super) struct Kept<'a> {
    pub(super) table: String,
    pub(super) column: String,
    pub(super) file: &'a SourceFile,
    pub(super) place: Extent,
}

impl Kept<'_> {
    /// Whether a handler gets at these rows by an id of its path, and asks nothing but who is calling.
    pub(super) fn is_used_by(&self, profile: &Profile<'_>) -> bool {
        profile.asks
            && !profile.uses_caller
            && !profile.is_exempt
            && !profile.is_public
            && profile.by_id
            && profile.touches(&self.table)
    }
}

/// The tables with an owner that is written and never compared: `owner_id` alone says by its name what it is for, an author may be there to be shown.
pub(super) fn never_asked<'a>(context: &Context<'a>, profiles: &[Profile<'a>]) -> Vec<Kept<'a>> {
    let mut kept: Vec<Kept<'a>> = Vec::new();
    let sources = || context.files.iter().filter(|file| !file.is_test);
    if !profiles.iter().any(|profile| profile.asks && profile.by_id) {
        return kept;
    }
    let mut is_compared = false;
    for file in sources().filter(|file| file.text.contains("owner")) {
        each_node(&file.syntax, &mut |node, _| {
            let Node::Expr(expr) = node else { return true };
            match &expr.kind {
                ExprKind::Literal(Literal::String(_)) | ExprKind::Template(_) | ExprKind::Binary { .. } => {
                    let Some(text) = sql::text_of(expr) else { return true };
                    let Some(statement) = sql_fields::statement(&text) else { return true };
                    for column in statement.columns.iter().filter(|column| is_called_owner(&column.name)) {
                        match column.used {
                            Use::Inserted => kept.push(Kept {
                                table: statement.table.clone(),
                                column: column.name.clone(),
                                file,
                                place: expr.extent,
                            }),
                            Use::Compared => is_compared = true,
                            Use::Updated => {}
                        }
                    }
                    return false;
                }
                // Any look at it in the program may be the question.
                ExprKind::Member { name, .. } => is_compared |= is_called_owner(name),
                ExprKind::Index { index, .. } => is_compared |= index.string().is_some_and(is_called_owner),
                _ => {}
            }
            true
        });
    }
    if is_compared {
        kept.clear();
    }
    kept
}

fn is_called_owner(name: &str) -> bool {
    matches!(folded(name).as_str(), "ownerid" | "owner")
}

//! Models, documents and records that a whole body is written to.

use super::Written;
use super::body::{is_whole, is_whole_body};
use super::each_key::{by_loop, by_map};
use crate::facts::nodes::{Around, Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name, option};
use crate::facts::words::has_word;
use crate::language::Language;

/// What writes a whole body here; `None` for most nodes.
pub(super) fn written<'a>(
    file: &'a SourceFile,
    values: &mut FileValues<'a>,
    node: Node<'a>,
    around: Around<'a, '_>,
) -> Option<Written> {
    match node {
        Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => by_call(file, values, call, around),
        Node::Expr(expr @ Expr { kind: ExprKind::Record { entries, .. }, .. }) => {
            by_record(values, (expr, entries), around)
        }
        Node::Stmt(stmt @ Stmt { kind: StmtKind::Loop(each), .. }) => by_loop(values, stmt, each, around),
        _ => None,
    }
}

/// Methods that write what they are given.
const WRITES: &[&str] = &[
    "create",
    "insert",
    "insertOne",
    "insert_one",
    "insertMany",
    "bulkCreate",
    "update",
    "updateOne",
    "update_one",
    "findByIdAndUpdate",
    "findOneAndUpdate",
    "replaceOne",
    "replace_one",
    "upsert",
    "updateMany",
    "values",
    "set",
    "build",
    "patch",
    "findOrCreate",
    "insertAndFetch",
    "patchAndFetchById",
    "merge",
    "create_object",
    "save",
    "push",
    "append",
];

fn by_call<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    call: &'a Call,
    around: Around<'a, '_>,
) -> Option<Written> {
    let name = called_name(&call.callee)?;
    let whole = |values: &mut FileValues<'a>, value: &'a Expr| is_whole_body(file, values, value, around);
    // `Object.assign(user, req.body)`; a copy into `{}` is none.
    let path = call.callee.dotted().unwrap_or_default();
    if matches!(
        path.as_str(),
        "Object.assign" | "_.merge" | "_.extend" | "_.assign" | "lodash.merge" | "merge"
    ) {
        let target = &call.arguments.first()?.value;
        let held =
            matches!(target.kind, ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Index { .. });
        let from = call.arguments.get(1..)?.iter().find(|given| whole(values, &given.value))?;
        return held.then(|| Written {
            extent: from.value.extent,
            variant: "record",
            into: format!("`{}`", file.text_of(target.extent)),
        });
    }
    if name == "map" {
        return by_map(values, call, around);
    }
    // `create(body, { fields: [..] })`
    if option(call, "fields").is_some() {
        return None;
    }
    let model = is_model(file, call, name);
    let method = WRITES.contains(&name)
        && matches!(&call.callee.kind, ExprKind::Member { object, .. } if is_store(values, object, around));
    // What is put into a list, a map or a cache as it is may be anything.
    let is_list = matches!(name, "set" | "merge" | "save" | "push" | "append");
    if !(model || method && !is_list) {
        return None;
    }
    let into = if model { format!("`{name}`") } else { format!("`{}`", file.text_of(call.callee.extent)) };
    for given in &call.arguments {
        let value = match &given.value.kind {
            ExprKind::Spread(inner) if given.name.is_none() || file.language == Language::Python => &**inner,
            _ if model && file.language == Language::Python => continue,
            _ => &given.value,
        };
        if whole(values, value) {
            return Some(Written { extent: given.value.extent, variant: "model", into });
        }
        // `{ data: req.body }`, `{ $set: req.body }`
        if let ExprKind::Record { entries, .. } = &value.kind {
            let inner = entries.iter().find(|(key, value)| {
                matches!(key.as_ref().and_then(Expr::string), Some("data" | "$set" | "defaults" | "values"))
                    && whole(values, value)
            });
            if let Some((_, inner)) = inner {
                return Some(Written { extent: inner.extent, variant: "model", into });
            }
        }
    }
    None
}

/// Whether a method's object keeps rows: a model, a table, a collection, a row that was looked up. What the project calls a service does as it likes.
fn is_store<'a>(values: &mut FileValues<'a>, object: &'a Expr, around: Around<'a, '_>) -> bool {
    if is_plain(object) || is_made_here(values, object, around) {
        return false;
    }
    let dotted = object.dotted().unwrap_or_default();
    let name = called_name(object).unwrap_or_default();
    let is_table = |path: &str| {
        has_word(
            path,
            &[
                "prisma",
                "db",
                "database",
                "collection",
                "table",
                "repository",
                "repo",
                "model",
                "models",
                "knex",
                "store",
                "objects",
            ],
        )
    };
    if name.starts_with(|c: char| c.is_ascii_uppercase()) || is_table(&dotted) {
        return true;
    }
    if let ExprKind::Call(call) = &object.kind {
        // `db("users").insert(..)`, `db.collection("users").insertOne(..)`, `User.query.filter_by(..).update(..)`
        let root = call.callee.dotted().unwrap_or_default();
        return is_table(&root)
            || matches!(
                called_name(&call.callee),
                Some(
                    "filter"
                        | "filter_by"
                        | "where"
                        | "query"
                        | "insert"
                        | "update"
                        | "into"
                        | "from"
                        | "collection"
                )
            );
    }
    // Plural names are collections: `items.update_one(..)`; a row was found first.
    let looked_up = values.origins(object, around).into_iter().filter_map(Expr::call).any(|call| {
        called_name(&call.callee).is_some_and(|name| {
            has_word(
                name,
                &[
                    "find",
                    "get",
                    "first",
                    "one",
                    "load",
                    "findone",
                    "findbyid",
                    "findunique",
                    "findbypk",
                    "scalar",
                ],
            ) || name.starts_with("find")
        })
    });
    looked_up || name.ends_with('s') && !name.ends_with("ss")
}

/// Whether a call makes an instance of a model: of a class of the project that is one, or by what a library calls it.
fn is_model(file: &SourceFile, call: &Call, name: &str) -> bool {
    let upper = name.starts_with(|c: char| c.is_ascii_uppercase());
    let made = match file.language {
        Language::Python => upper,
        _ => upper && call.style == CallStyle::New,
    };
    // What is named for checking, asking or failing is no row.
    const OTHERS: &[&str] = &[
        "request",
        "response",
        "schema",
        "error",
        "exception",
        "config",
        "dto",
        "form",
        "serializer",
        "create",
        "update",
        "in",
        "input",
        "params",
        "query",
        "filter",
        "event",
        "message",
        "date",
        "data",
        "map",
        "set",
        "promise",
        "url",
        "buffer",
        "base",
        "validator",
        "payload",
        "command",
        "settings",
        "model",
        "body",
        "args",
        "options",
        "result",
    ];
    made && !has_word(name, OTHERS)
}

/// Whether a dictionary is made in the same function: what it is filled with lasts no longer.
pub(super) fn is_made_here<'a>(
    values: &mut FileValues<'a>,
    object: &'a Expr,
    around: Around<'a, '_>,
) -> bool {
    let origins = values.origins(object, around);
    matches!(object.kind, ExprKind::Name(_))
        && origins.iter().all(|origin| match &origin.kind {
            ExprKind::Record { .. } => true,
            ExprKind::Call(call) => {
                matches!(called_name(&call.callee), Some("dict" | "defaultdict" | "OrderedDict" | "copy"))
            }
            _ => false,
        })
}

/// Objects whose methods of such a name keep nothing: dictionaries that are made here, headers, forms, digests.
pub(super) fn is_plain(object: &Expr) -> bool {
    let name = called_name(object).unwrap_or_default();
    matches!(
        name,
        "Object"
            | "headers"
            | "params"
            | "cookies"
            | "session"
            | "hash"
            | "hmac"
            | "h"
            | "digest"
            | "cipher"
            | "config"
            | "context"
            | "ctx"
            | "kwargs"
            | "args"
            | "log"
            | "errors"
            | "result"
            | "results"
            | "response"
            | "res"
            | "payload"
            | "data"
            | "body"
            | "query"
            | "options"
            | "parts"
            | "chunks"
            | "formData"
            | "cache"
            | "os"
            | "environ"
            | "json"
            | "out"
            | "output"
            | "logger"
            | "events"
            | "messages"
            | "stripe"
            | "sessions"
            | "intents"
            | "axios"
            | "merged"
    ) || matches!(&object.kind, ExprKind::Call(call) if called_name(&call.callee).is_some_and(|name| name.starts_with("create") && name.ends_with("ash")))
}

/// `{ ...user, ...req.body }`, where it is kept: assigned to a part of something, or given to what writes.
fn by_record<'a>(
    values: &mut FileValues<'a>,
    (expr, entries): (&'a Expr, &'a [(Option<Expr>, Expr)]),
    around: Around<'a, '_>,
) -> Option<Written> {
    let file_free = entries.iter().any(|(key, _)| key.is_none());
    // `{ ...req.body }` by itself is the body again.
    if !file_free || entries.len() < 2 {
        return None;
    }
    let (at, spread) = entries.iter().enumerate().find_map(|(at, (key, value))| {
        let inner = match &value.kind {
            ExprKind::Spread(inner) => &**inner,
            _ => value,
        };
        (key.is_none() && is_whole(values, inner, around)).then_some((at, value))
    })?;
    let over =
        entries.get(..at)?.iter().any(|(key, value)| key.is_none() && !is_whole(values, value, around));
    let into = match around.last()? {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => assign.targets.first(),
        Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => Some(&**target),
        Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
            let name = called_name(&call.callee)?;
            let keeps = WRITES.contains(&name)
                && matches!(&call.callee.kind, ExprKind::Member { object, .. } if !is_plain(object));
            return keeps.then(|| Written {
                extent: spread.extent,
                variant: "record",
                into: format!("what `{name}` keeps"),
            });
        }
        // `{ data: { ...req.body } }`
        Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. }) => {
            let key = entries
                .iter()
                .find(|(_, value)| std::ptr::eq(value, expr))
                .and_then(|(key, _)| key.as_ref())
                .and_then(Expr::string);
            return matches!(key, Some("data" | "$set")).then(|| Written {
                extent: spread.extent,
                variant: "model",
                into: "the row".to_owned(),
            });
        }
        _ => None,
    }?;
    let part = matches!(into.kind, ExprKind::Index { .. } | ExprKind::Member { .. });
    let shown = into.dotted().unwrap_or_else(|| "a record that is kept".to_owned());
    (part || over && is_kept_later(into, around)).then(|| Written {
        extent: spread.extent,
        variant: "record",
        into: format!("`{shown}`"),
    })
}

/// Whether a name is assigned to something that lasts, or given to what writes, in the same function.
fn is_kept_later(target: &Expr, around: Around<'_, '_>) -> bool {
    let Some(name) = called_name(target) else { return false };
    let Some(function) = around.iter().rev().find_map(|node| node.function()) else { return false };
    let is_it = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(used) if used == name);
    let mut kept = false;
    each_in_body(&function.body, &mut |node, _| {
        kept |= match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                assign.value.as_ref().is_some_and(is_it)
                    && assign
                        .targets
                        .iter()
                        .any(|target| matches!(target.kind, ExprKind::Index { .. } | ExprKind::Member { .. }))
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, value, .. }, .. }) => {
                is_it(value) && matches!(target.kind, ExprKind::Index { .. } | ExprKind::Member { .. })
            }
            Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                let writes = called_name(&call.callee)
                    .is_some_and(|name| WRITES.contains(&name) || matches!(name, "run" | "execute" | "put"));
                writes && call.arguments.iter().any(|given| is_it(&given.value))
            }
            _ => false,
        };
        !kept
    });
    kept
}

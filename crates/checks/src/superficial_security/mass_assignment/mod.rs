//! # mass-assignment
//!
//! The body of a request becomes a row as it is: `Object.assign(user, req.body)`, `User(**request.json)`, `prisma.user.update({ data: req.body })`. What the form
//! never showed is written too, when somebody adds it: `"role": "admin"`, `"owner_id": 1`, `"balance": 1000000`.
//!
//! ## What is reported
//!
//! - **error**: a whole body is written to a model, a document or a record of a program that has such fields (a role, an owner, a balance);
//! - **warning**: the same where no such field was found: what may be written still changes with every new column.
//!
//! Forms: spread into a model, a record or `data`; `Object.assign`, `merge`; `update(body)`, `insert(body)`, `$set: body`; `setattr` or an `UPDATE` for each key of the body.
//!
//! Left alone: a list of fields, picked or looped over; fields that are taken out by name count as not there; keys that are compared with a list first; models of pydantic, zod, Joi, Yup and marshmallow;
//! a Fastify schema with `additionalProperties: false`; `create(body, { fields: [..] })`; copies that go back to the caller.
//!
//! ## What to do
//!
//! Name the fields: `const { name, email } = req.body`, `user.name = data["name"]`, a schema with just those fields (`UserUpdate(**data)` of pydantic,
//! `Schema.parse(req.body)` of zod).
//!
//! Source: [CWE-915](https://cwe.mitre.org/data/definitions/915.html); OWASP Mass Assignment Cheat Sheet; OWASP API3:2023.

mod body;
mod each_key;
mod forms;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::body::{is_listed, removed_fields};
use self::forms::written;
use crate::context::Context;
use crate::facts::nodes::{Around, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::Extent;
use crate::facts::values::FileValues;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("mass-assignment"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a request writes whatever fields it likes",
        applies_to: "body of a request that is written",
        variants: &["model", "record", "each-key"],
        source: include_str!("mod.rs"),
    },
    run: Run::Project(run),
};

/// Names of fields that nobody may set for themselves.
const PRIVILEGED: &[&str] = &[
    "is_admin",
    "isAdmin",
    "role",
    "owner_id",
    "ownerId",
    "user_id",
    "userId",
    "created_by",
    "createdBy",
    "balance",
    "team_id",
    "teamId",
    "tenant_id",
    "tenantId",
    "is_staff",
    "permissions",
    "password_hash",
    "passwordHash",
    "credits",
    "is_verified",
    "isVerified",
];

/// Where a body is written.
struct Written {
    extent: Extent,
    variant: &'static str,
    into: String,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    const BODIES: &[&str] = &[
        "req.body",
        "request.body",
        "request.json",
        "get_json",
        "request.form",
        "request.POST",
        "request.data",
        ".json()",
        ": dict",
        "ctx.request",
        ".body",
    ];
    let relevant = |file: &&SourceFile| {
        !file.is_test && file.language != Language::Rust && BODIES.iter().any(|body| file.text.contains(body))
    };
    let mut privileged: Option<Vec<&str>> = None;
    for (at, file) in context.files.iter().enumerate().filter(|(_, file)| relevant(file)) {
        let mut values = FileValues::of(&file.syntax);
        each_node(&file.syntax, &mut |node, around| {
            let Some(found) = written(file, &mut values, node, around) else { return true };
            report.trial();
            if is_listed(file, &mut values, around) || is_validated(context, at, around) {
                return true;
            }
            let fields = privileged.get_or_insert_with(|| privileged_fields(context));
            let removed = removed_fields(around);
            let field = fields.iter().copied().find(|field| !removed.contains(field));
            say(file, &found, field, report);
            true
        });
    }
}

/// The fields of the program's own data that nobody may set.
fn privileged_fields(context: &Context<'_>) -> Vec<&'static str> {
    let files = || context.files.iter().filter(|file| !file.is_test);
    let defines = |text: &str| {
        ["CREATE TABLE", "Schema(", "Column(", "models.", "DataTypes", "mapped_column", "create table"]
            .iter()
            .any(|word| text.contains(word))
    };
    let known = PRIVILEGED.iter().copied().filter(|field| {
        files().any(|file| {
            defines(&file.text)
                && file.text.match_indices(field).any(|(at, _)| {
                    let around = |at: usize| file.text.as_bytes().get(at).copied().unwrap_or(b' ');
                    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                    !is_part(around(at.wrapping_sub(1))) && !is_part(around(at + field.len()))
                })
        })
    });
    known.collect()
}

fn say(file: &SourceFile, written: &Written, field: Option<&str>, report: &mut Report<'_>) {
    let (severity, harm) = match field {
        Some(field) => (Severity::Error, format!("a caller sets any of them, `{field}` too")),
        None => (Severity::Warning, "a caller sets any of them, and those that are added later".to_owned()),
    };
    let message = format!("all fields of the body are written to {}: {harm}", written.into);
    report.add(
        report
            .at(file, written.extent, message)
            .variant(written.variant)
            .severity(severity)
            .confidence(Confidence::High)
            .advice("name the fields that may be sent: `const { name, email } = req.body`, `data[\"name\"]`, or a schema with just those (pydantic, zod)"),
    );
}

/// Whether something before the handler takes out what is not in a schema.
fn is_validated(context: &Context<'_>, at: usize, around: Around<'_, '_>) -> bool {
    let functions: Vec<_> = around.iter().filter_map(|node| node.function()).collect();
    context
        .web
        .handlers
        .iter()
        .filter(|handler| {
            handler.file == at && functions.iter().any(|function| std::ptr::eq(*function, handler.function))
        })
        .flat_map(|handler| &handler.guards)
        .any(|guard| {
            let text = context
                .files
                .get(guard.file)
                .map_or("", |file| file.text_of(guard.expr.extent))
                .to_lowercase();
            match guard.option {
                Some("schema") => {
                    text.contains("additionalproperties: false")
                        || text.contains("additionalproperties\": false")
                }
                _ => ["valid", "celebrate", "joi", "zod", "dto", "schema", "sanitize"]
                    .iter()
                    .any(|word| text.contains(word)),
            }
        })
}

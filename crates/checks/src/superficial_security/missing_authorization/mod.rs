//! # missing-authorization
//!
//! Eleven handlers ask who is calling, or look only for rows of the caller, and the twelfth was forgotten. Its own test is green, since the test
//! is logged in and asks for what is its own. Whoever counts the ids upwards reads, changes or deletes what belongs to others.
//!
//! ## What is reported
//!
//! A handler is compared with the handlers beside it that do the same kind of thing (read or change) with the same table, collection or
//! model below the same part of the path; the one that does as it should is shown beside it. Server actions of Next.js have no path: those of one
//! file are compared, and the id is among what they are given.
//!
//! - **error**, `unowned`: the handler asks who is calling and then gives out or changes a row by an id of the path without a look at whose it is, while every
//!   comparable handler binds the owner (`AND user_id = ?`, `row.owner_id !== req.user.id`);
//! - **error**, `unauthenticated`: the handler changes a row by an id of the path and nothing before or in it asks who is calling, while those beside it do:
//!   two and three in four of them, and where a server action deletes a row, one that looks for the owner;
//! - **warning**, `unauthenticated`: the same for a handler that only reads, or makes something new;
//! - **warning**, `owner-never-asked`: rows are kept with an `owner_id`, handlers give them out or change them by an id of the path, and nothing in the project ever
//!   compares that column.
//!
//! Everything above a handler counts: middleware, decorators, dependencies, hooks, permission classes, and functions that it calls. Left alone: login,
//! registration, passwords forgotten, webhooks, health, and what is meant for everybody (`AllowAny`, a majority that asks nobody); handlers that
//! check a signature or are reached by a secret in their path; handlers for administrators, which have no owner to ask for; and handlers that make any use of who is calling.
//!
//! ## What to do
//!
//! Look for the row *and* its owner, and answer 404 when there is none:
//!
//! ```python
//! row = db.execute("SELECT * FROM notes WHERE id = ? AND user_id = ?", (note_id, g.user_id)).fetchone()
//! ```
//!
//! Source: [CWE-862](https://cwe.mitre.org/data/definitions/862.html), [CWE-639](https://cwe.mitre.org/data/definitions/639.html); OWASP API Security Top 10 2023, API1 (broken object level
//! authorization). That a deviation from a majority is a defect: Engler et al., "Bugs as deviant behavior" (SOSP 2001).

mod action;
mod identity;
mod owner;
mod profile;
mod stores;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::profile::{Kind, Profile};
use crate::context::Context;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Extent, Function};
use crate::framework::conduct::Conduct;
use crate::framework::web::Handler;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("missing-authorization"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "the one handler that does not ask who is calling, or whose row it is",
        applies_to: "handler beside others that ask who is calling",
        variants: &["unowned", "unauthenticated", "owner-never-asked"],
        source: include_str!("mod.rs"),
    },
    run: Run::Handlers(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.web.handlers.len() < 2 {
        return;
    }
    let conduct = Conduct::of(context);
    let mut seen: Vec<(*const Function, &str)> = Vec::new();
    let mut profiles = Vec::new();
    for handler in &context.web.handlers {
        let key = (std::ptr::from_ref(handler.function), handler.method.as_str());
        if !seen.contains(&key) && !matches!(handler.method.as_str(), "HEAD" | "OPTIONS") {
            seen.push(key);
            profiles.push(Profile::of(&conduct, handler));
        }
    }
    if !profiles.iter().any(|profile| profile.asks) {
        return;
    }
    let never = owner::never_asked(context, &profiles);
    for profile in &profiles {
        report.trial();
        if let Some(beside) = unowned(profile, &profiles) {
            say_unowned(context, profile, beside, report);
        } else if let Some(beside) = unauthenticated(profile, &profiles) {
            say_unauthenticated(context, profile, beside, report);
        } else if let Some(kept) = never.iter().find(|kept| kept.is_used_by(profile)) {
            say_never_asked(context, profile, kept, report);
        }
    }
}

/// A handler beside this one that binds the owner, when this one makes no use of the caller, and every comparable one binds it.
fn unowned<'p, 'a>(profile: &Profile<'a>, all: &'p [Profile<'a>]) -> Option<&'p Profile<'a>> {
    if !profile.asks || profile.uses_caller || profile.binds.is_some() || profile.is_exempt || !profile.by_id
    {
        return None;
    }
    let beside: Vec<&Profile<'a>> = all
        .iter()
        .filter(|other| {
            !same(other, profile) && other.asks && !other.is_exempt && other.is_comparable(profile)
        })
        .collect();
    let bound = beside.iter().find(|other| other.binds.is_some_and(|bound| bound.is_always))?;
    beside.iter().all(|other| other.binds.is_some() || other.makes).then_some(*bound)
}

/// A handler beside this one that asks who is calling, when this one does not, and most comparable ones do.
fn unauthenticated<'p, 'a>(profile: &Profile<'a>, all: &'p [Profile<'a>]) -> Option<&'p Profile<'a>> {
    if profile.asks || profile.is_exempt || profile.is_public {
        return None;
    }
    let beside: Vec<&Profile<'a>> = all
        .iter()
        .filter(|other| !same(other, profile) && !other.is_public && other.is_comparable(profile))
        .collect();
    let (asking, open): (Vec<_>, Vec<_>) = beside.into_iter().partition(|other| other.asks);
    // Of what somebody owns, nobody unknown takes anything away: there one that looks for the owner is enough.
    if open.is_empty()
        && let Some(owned) = asking.iter().find(|other| profile.deletes_owned(other))
    {
        return Some(*owned);
    }
    // Two that ask and none beside this one that does not; of more, three in four.
    let is_rule = asking.len() >= 2
        && asking.len() >= 3 * (open.len() + 1).saturating_sub(1)
        && asking.len() > open.len() + 1;
    asking.into_iter().find(|_| is_rule)
}

fn same(left: &Profile<'_>, right: &Profile<'_>) -> bool {
    std::ptr::eq(left.handler, right.handler)
}

/// Where a handler is: the name of the function, or where a function without one is registered.
fn place_of<'a>(context: &Context<'a>, handler: &Handler<'a>) -> Option<(&'a SourceFile, Extent)> {
    if !handler.function.name.is_empty() {
        return Some((context.files.get(handler.file)?, handler.function.name_extent));
    }
    let (file, extent) = handler.registered;
    let file = context.files.get(file)?;
    Some((file, file.first_line(extent)))
}

/// What a handler is called by: an action by its name.
fn route(handler: &Handler<'_>) -> String {
    match handler.path.strip_prefix('#') {
        Some(name) => name.to_owned(),
        None => format!("{} {}", handler.method, handler.path),
    }
}

/// What names the row that it is about.
fn by_what(handler: &Handler<'_>) -> &'static str {
    if action::is_action(handler) { "by the id that it is given" } else { "by the id of the path" }
}

fn does(kind: Kind) -> &'static str {
    match kind {
        Kind::Reads => "reads",
        Kind::Changes => "changes",
    }
}

fn say_unowned<'a>(
    context: &Context<'a>,
    profile: &Profile<'a>,
    beside: &Profile<'a>,
    report: &mut Report<'_>,
) {
    let handler = profile.handler;
    // What runs below the handler and touches the row is where the question belongs.
    let below = profile.touched.as_ref().map(|touched| (touched.source, touched.place));
    let Some((file, place)) = below.or_else(|| place_of(context, handler)) else { return };
    let Some(bound) = beside.binds else { return };
    let message = format!(
        "`{}` asks who is calling and then {} `{}` {}, whoever it belongs to; `{}` beside it looks at the owner: everybody with an account gets at everybody's",
        route(handler),
        does(profile.kind),
        profile.shared_with(beside),
        by_what(handler),
        route(beside.handler),
    );
    let advice = match file.language {
        Language::Python => {
            "look for the row and its owner at once (`WHERE id = ? AND user_id = ?`, `.filter_by(id=.., user_id=..)`), and answer 404 when there is none"
        }
        Language::Rust => {
            "look for the row and its owner at once (`WHERE id = ? AND user_id = ?`), and answer 404 when there is none"
        }
        _ => {
            "look for the row and its owner at once (`WHERE id = ? AND user_id = ?`, `findOne({ id, userId: req.user.id })`), and answer 404 when there is none"
        }
    };
    let mut draft = report
        .at(file, place, message)
        .variant("unowned")
        .confidence(Confidence::High)
        .identified_by(route(handler))
        .advice(advice)
        .related(bound.file, bound.place, format!("`{}` binds the owner here", route(beside.handler)));
    if let Some(registered) = context.files.get(handler.registered.0) {
        draft = draft.related(registered, handler.registered.1, "the route that leads here");
    }
    report.add(draft);
}

fn say_unauthenticated<'a>(
    context: &Context<'a>,
    profile: &Profile<'a>,
    beside: &Profile<'a>,
    report: &mut Report<'_>,
) {
    let handler = profile.handler;
    let Some((file, place)) = place_of(context, handler) else { return };
    let severity = match profile.kind {
        Kind::Changes if profile.by_id => Severity::Error,
        _ => Severity::Warning,
    };
    let message = format!(
        "`{}` {} `{}` and nothing asks who is calling; `{}` beside it does",
        route(handler),
        does(profile.kind),
        profile.shared_with(beside),
        route(beside.handler),
    );
    let advice = match file.language {
        _ if action::is_action(handler) => {
            "ask in it, as its neighbours do: whoever reaches the site can call it, whatever page shows it"
        }
        Language::Python => {
            "put before it what stands before its neighbours (the decorator, `Depends(..)`, the permission class)"
        }
        Language::Rust => {
            "put before it what stands before its neighbours (the layer or middleware, the extractor among its parameters)"
        }
        _ => "put before it what stands before its neighbours (the middleware, the `preHandler`)",
    };
    let mut draft = report
        .at(file, place, message)
        .variant("unauthenticated")
        .severity(severity)
        .confidence(Confidence::Medium)
        .identified_by(route(handler))
        .advice(advice);
    if let Some((file, place)) = place_of(context, beside.handler) {
        draft = draft.related(file, place, format!("`{}` asks", route(beside.handler)));
    }
    report.add(draft);
}

fn say_never_asked<'a>(
    context: &Context<'a>,
    profile: &Profile<'a>,
    kept: &owner::Kept<'a>,
    report: &mut Report<'_>,
) {
    let Some((file, place)) = place_of(context, profile.handler) else { return };
    let message = format!(
        "`{}` {} `{}` {} for anybody who is logged in: its `{}` is written, and nothing ever compares it",
        route(profile.handler),
        does(profile.kind),
        kept.table,
        by_what(profile.handler),
        kept.column,
    );
    let draft = report
        .at(file, place, message)
        .variant("owner-never-asked")
        .severity(Severity::Warning)
        .confidence(Confidence::Medium)
        .identified_by(route(profile.handler))
        .advice("look for the row and its owner at once (`WHERE id = ? AND owner_id = ?`), or say beside it that everybody may")
        .related(kept.file, kept.place, "the owner is kept here");
    report.add(draft);
}

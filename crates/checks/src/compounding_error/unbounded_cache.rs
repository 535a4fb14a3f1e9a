//! # unbounded-cache
//!
//! Results are kept in a variable of the process under keys that callers choose, and nothing is ever taken out. Each new key makes the process a bit
//! larger until it is killed for want of memory; whoever sends invented keys does that within minutes.
//!
//! ## What is reported
//!
//! - **warning**: a dict or `Map` that requests fill as a cache, under a key that is not fixed, and of which nothing is removed and no length looked at
//!   anywhere in its file;
//! - **warning**: counts of tries or requests by address or name, of which none is ever removed;
//! - **warning**: `lru_cache(maxsize=None)` or `functools.cache` on a function that is called with what a request brings.
//!
//! Left alone: `lru_cache` with its own bound (128 without an argument), `WeakMap`, `TTLCache`, `lru-cache`, caches whose keys are written in the program, collections
//! that are emptied now and then.
//!
//! ## What to do
//!
//! Give it a bound: `functools.lru_cache(maxsize=1024)`, `cachetools.TTLCache(maxsize=1024, ttl=300)`, `new LRUCache({ max: 1000 })` of `lru-cache`; counts belong in Redis with `EXPIRE`.
//!
//! Source: [CWE-770](https://cwe.mitre.org/data/definitions/770.html); Python,
//! [functools.cache](https://docs.python.org/3/library/functools.html#functools.cache): "because it never needs to evict old values ..".

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::plain_text::is_example;
use crate::facts::received::is_received;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Literal};
use crate::facts::values::{called_name, keyword};
use crate::process::kind::{Kind, kind};
use crate::process::{Reached, Variable, What};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("unbounded-cache"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "a cache that only grows",
        applies_to: "cache in a variable of the process",
        variants: &["variable", "counting", "decorator"],
        source: include_str!("unbounded_cache.rs"),
    },
    run: Run::Project(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    for variable in &context.process.variables {
        judge(context, variable, report);
    }
    for one in &context.process.reached {
        judge_decorator(context, one, report);
    }
}

fn judge(context: &Context<'_>, variable: &Variable<'_>, report: &mut Report<'_>) {
    let Some(file) = context.files.get(variable.file) else { return };
    let kind = kind(context, variable);
    if file.is_test || is_example(&file.path) || !matches!(kind, Kind::Cache | Kind::Limiter) {
        return;
    }
    report.trial();
    let fills = variable.adds().find_map(|one| match one.what {
        What::Adds { key: Some(key), .. } if !is_fixed(key) => Some((one, key)),
        _ => None,
    });
    let Some((write, key)) = fills.filter(|_| !variable.is_pruned) else { return };
    let (Some(by), Some(other)) = (context.process.reached.get(write.by), context.files.get(write.file))
    else {
        return;
    };
    let request = format!("{} {}", by.handler.method, by.handler.path);
    let shown = other.text_of(key.extent);
    let (variant, what) = match kind {
        Kind::Limiter => ("counting", "keeps a count for each"),
        _ => ("variable", "keeps a result for each"),
    };
    let message = format!(
        "`{}` {what} `{}` of {request} and never lets one go: the process grows with every new one until it runs out of memory",
        variable.name,
        shown.lines().next().unwrap_or_default()
    );
    let draft = report
        .at(file, variable.extent, message)
        .variant(variant)
        .severity(Severity::Warning)
        .confidence(Confidence::High)
        .related(other, write.extent, "it grows here")
        .advice("give it a bound and an age: `cachetools.TTLCache(maxsize=.., ttl=..)`, `functools.lru_cache(maxsize=..)`, `new LRUCache({ max: .. })`; counts in Redis with `EXPIRE`");
    report.add(draft);
}

/// Whether a key is written in the program: a literal, or what is made of literals.
fn is_fixed(key: &Expr) -> bool {
    let mut varies = false;
    each_in_expr(key, &mut |node, _| {
        // `Constant.NAME`, `TODAY`.
        let constant = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        varies |= matches!(node, Node::Expr(Expr { kind: ExprKind::Name(name), .. }) if !constant(name));
        !varies
    });
    !varies
}

/// `@lru_cache(maxsize=None)` on a function that is called with what a request brings.
fn judge_decorator(context: &Context<'_>, one: &Reached<'_>, report: &mut Report<'_>) {
    let Some(file) = context.files.get(one.file).filter(|file| !file.is_test && !is_example(&file.path))
    else {
        return;
    };
    let Some(decorator) = one.function.decorators.iter().find(|decorator| caches(decorator)) else { return };
    report.trial();
    let name = one.function.name.as_str();
    let keyed = one.function.parameters.iter().any(|parameter| {
        !matches!(&parameter.pattern.kind, ExprKind::Name(name) if matches!(name.as_str(), "self" | "cls"))
    });
    if !is_unbounded(decorator) || !keyed {
        return;
    }
    let Some((caller, extent)) = called_with_request(context, name) else { return };
    let Some(other) = context.files.get(caller) else { return };
    let message = format!(
        "`{name}` keeps its result for every argument that {} {} was ever sent, without a bound: the process grows until it runs out of memory",
        one.handler.method, one.handler.path
    );
    let draft = report
        .at(file, decorator.extent, message)
        .variant("decorator")
        .severity(Severity::Warning)
        .confidence(Confidence::High)
        .related(other, extent, "called with what a request brings")
        .advice("`@lru_cache(maxsize=1024)`, or `cachetools.TTLCache` where results also grow old");
    report.add(draft);
}

fn caches(decorator: &Expr) -> bool {
    let callee = decorator.call().map_or(decorator, |call| &call.callee);
    matches!(
        callee.dotted().as_deref(),
        Some("lru_cache" | "functools.lru_cache" | "cache" | "functools.cache")
    )
}

/// `cache`, `lru_cache(maxsize=None)`, `lru_cache(None)`.
fn is_unbounded(decorator: &Expr) -> bool {
    let Some(call) = decorator.call() else { return called_name(decorator) == Some("cache") };
    let size = keyword(&call.arguments, "maxsize").or(call.arguments.first().map(|argument| &argument.value));
    called_name(&call.callee) == Some("lru_cache")
        && size.is_some_and(|size| matches!(size.kind, ExprKind::Literal(Literal::Null)))
}

/// Where a function of this name is called with what a request brings.
fn called_with_request(context: &Context<'_>, name: &str) -> Option<(usize, Extent)> {
    context.process.reached.iter().find_map(|one| {
        let file = context.files.get(one.file)?;
        let mut found = None;
        each_in_body(&one.function.body, &mut |node, _| {
            if let Node::Expr(expr @ Expr { kind: ExprKind::Call(call), .. }) = node
                && called_name(&call.callee) == Some(name)
                && call.arguments.iter().any(|argument| {
                    is_received(file, &argument.value)
                        || (one.depth == 0 && is_parameter(one.function, &argument.value))
                })
            {
                found = Some((one.file, expr.extent));
            }
            found.is_none()
        });
        found
    })
}

/// Whether an argument is a parameter of the handler: `name` of `/prices/{name}`.
fn is_parameter(function: &Function, value: &Expr) -> bool {
    let ExprKind::Name(name) = &value.kind else { return false };
    let mut own = function.parameters.iter();
    own.any(|parameter| matches!(&parameter.pattern.kind, ExprKind::Name(own) if own == name && !matches!(own.as_str(), "self" | "request" | "db")))
}

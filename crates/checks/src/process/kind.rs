//! What a collection is for, by what is put into it and what it is called.

use super::fetched::is_fetched_again;
use super::put::{Put, is_filled, is_random, is_taken_out_again, put};
use super::{Use, Variable, What};
use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::sql;
use crate::facts::syntax::{Expr, ExprKind, Function, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::facts::words::words;

/// What a collection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Who is logged in, or what proves who somebody is.
    Session,
    /// What can be made again: results that are kept to save work.
    Cache,
    /// Counting of requests, to refuse those that are too many.
    Limiter,
    /// Numbers for whoever runs the service.
    Metrics,
    /// What lives only in this process anyway: sockets, locks, timers, functions, settings, what is loaded or opened when first needed.
    Local,
    /// What answers depend on.
    Data,
}

const SESSION: &[&str] = &[
    "session",
    "sessions",
    "token",
    "tokens",
    "otp",
    "otps",
    "nonce",
    "nonces",
    "challenge",
    "challenges",
    "csrf",
    "revoked",
    "blacklist",
    "denylist",
    "blocklist",
    "logins",
    "refresh",
    "verification",
    "verifications",
    "resets",
    "credentials",
];
const CACHE: &[&str] =
    &["cache", "caches", "cached", "memo", "memoized", "lookup", "thumbnails", "etag", "etags", "compiled"];
const LIMITER: &[&str] = &[
    "rate",
    "rates",
    "limit",
    "limits",
    "limiter",
    "limiters",
    "attempt",
    "attempts",
    "tries",
    "throttle",
    "bucket",
    "buckets",
    "failures",
    "failed",
    "lockout",
    "lockouts",
    "hits",
    "windows",
    "strikes",
    "cooldown",
    "cooldowns",
    "requests",
];
const METRICS: &[&str] = &[
    "metric",
    "metrics",
    "stat",
    "stats",
    "statistics",
    "counter",
    "counters",
    "histogram",
    "gauge",
    "gauges",
    "timings",
    "latencies",
    "log",
    "logs",
    "trace",
    "traces",
    "debug",
    "uptime",
];
const LOCAL: &[&str] = &[
    "client",
    "clients",
    "socket",
    "sockets",
    "connection",
    "connections",
    "subscriber",
    "subscribers",
    "subscriptions",
    "listener",
    "listeners",
    "receiver",
    "receivers",
    "observer",
    "observers",
    "signals",
    "handler",
    "handlers",
    "callback",
    "callbacks",
    "registry",
    "plugin",
    "plugins",
    "lock",
    "locks",
    "mutex",
    "mutexes",
    "timer",
    "timers",
    "pending",
    "inflight",
    "waiters",
    "watchers",
    "stream",
    "streams",
    "peer",
    "peers",
    "pool",
    "pools",
    "thread",
    "threads",
    "worker",
    "workers",
    "process",
    "processes",
    "config",
    "settings",
    "options",
    "routes",
    "middleware",
    "middlewares",
    "hooks",
    "context",
    "contexts",
    "warned",
    "seen",
    "extensions",
    "modules",
    "online",
    "presence",
];

/// What a collection is for.
pub(crate) fn kind(context: &Context<'_>, variable: &Variable<'_>) -> Kind {
    let puts: Vec<Put> = variable.adds().map(|one| put(context, variable, one)).collect();
    let has = |sought: Put| puts.contains(&sought);
    let only = |sought: &[Put]| !puts.is_empty() && puts.iter().all(|put| sought.contains(put));
    let is_passing = !puts.is_empty() && variable.adds().all(|one| is_taken_out_again(variable, one));
    if has(Put::Live) || is_passing {
        return Kind::Local;
    }
    let own = words(&variable.name);
    let is = |list: &[&str]| own.iter().any(|word| list.contains(&word.as_str()));
    // A thing with an identity is no count and no connection, whatever it is called.
    let says = |kind: Kind| match kind {
        Kind::Limiter | Kind::Metrics => !has(Put::Entity),
        Kind::Local => !has(Put::Entity) && !has(Put::Brought),
        _ => true,
    };
    // The last word says most: `session_cache` is a cache, `cache_tokens` are tokens.
    let ordered = [
        (CACHE, Kind::Cache),
        (LIMITER, Kind::Limiter),
        (METRICS, Kind::Metrics),
        (SESSION, Kind::Session),
        (LOCAL, Kind::Local),
    ];
    if let Some((_, kind)) = ordered.iter().find(|(list, kind)| is(list) && says(*kind)) {
        let own = *kind == Kind::Session && is_fetched_again(variable);
        return if own { Kind::Local } else { *kind };
    }
    let is_remade = only(&[Put::Again, Put::Hollow]) && (has(Put::Again) || !is_filled(context, variable));
    if !is_remade && variable.adds().any(|one| has_random_key(one)) {
        return Kind::Session;
    }
    // What a read fills by itself can be filled again.
    let by_reads = |one: &Use<'_>| context.process.reached.get(one.by).is_some_and(|by| !by.may_change);
    match variable.adds().all(by_reads) {
        true => Kind::Cache,
        // Models, engines, templates: how many there are is the program's choice more often than the caller's.
        false if is_remade => Kind::Local,
        false => Kind::Data,
    }
}

/// Whether the key is a secret that was made at random and named so: `sessions[token]` after `token = secrets.token_hex()`.
fn has_random_key(one: &Use<'_>) -> bool {
    let What::Adds { key: Some(key), .. } = one.what else { return false };
    let ExprKind::Name(name) = &key.kind else { return false };
    let own = words(name);
    own.iter().any(|word| matches!(word.as_str(), "token" | "sid" | "session" | "ticket" | "nonce"))
        && makes_random(one.function, name)
}

fn makes_random(function: &Function, name: &str) -> bool {
    let mut random = false;
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node
            && let Some(value) = &assign.value
            && assign.targets.iter().any(|target| matches!(&target.kind, ExprKind::Name(own) if own == name))
        {
            each_in_expr(value, &mut |node, _| {
                if let Node::Expr(Expr { kind: ExprKind::Call(call), .. }) = node {
                    random |= called_name(&call.callee).is_some_and(is_random);
                }
                !random
            });
        }
        !random
    });
    random
}

/// Whether a function keeps elsewhere what it puts into the variable: it writes a file or runs a statement that writes.
pub(crate) fn keeps_elsewhere(function: &Function) -> bool {
    let mut keeps = false;
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Call(call), .. }) = node {
            let name = called_name(&call.callee).unwrap_or_default();
            keeps |= matches!(
                name,
                "dump"
                    | "writeFile"
                    | "writeFileSync"
                    | "write_text"
                    | "save"
                    | "persist"
                    | "commit"
                    | "flush"
                    | "writeJson"
                    | "writeJsonSync"
                    | "outputJson"
                    | "hset"
                    | "setex"
                    | "saveData"
                    | "save_data"
                    | "saveToFile"
            );
            let own = words(name);
            keeps |= own
                .first()
                .is_some_and(|word| matches!(word.as_str(), "save" | "persist" | "store" | "write"))
                && own.len() > 1;
            let texts = call.arguments.iter().filter_map(|argument| sql::text_of(&argument.value));
            keeps |=
                texts.into_iter().any(|text| sql::statements(&text).iter().any(sql::Statement::is_write));
        }
        !keeps
    });
    keeps
}

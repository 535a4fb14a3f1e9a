//! What a collection is for, by what is put into it and what it is called.

use super::fetched::is_fetched_again;
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
    /// What lives only in this process anyway: sockets, locks, timers, functions, settings.
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
    if variable.adds().any(|one| is_live(one)) {
        return Kind::Local;
    }
    let own = words(&variable.name);
    let is = |list: &[&str]| own.iter().any(|word| list.contains(&word.as_str()));
    // The last word says most: `session_cache` is a cache, `cache_tokens` are tokens.
    let ordered = [
        (CACHE, Kind::Cache),
        (LIMITER, Kind::Limiter),
        (METRICS, Kind::Metrics),
        (SESSION, Kind::Session),
        (LOCAL, Kind::Local),
    ];
    if let Some((_, kind)) = ordered.iter().find(|(list, _)| is(list)) {
        let own = *kind == Kind::Session && is_fetched_again(variable);
        return if own { Kind::Local } else { *kind };
    }
    if variable.adds().any(|one| has_random_key(one)) {
        return Kind::Session;
    }
    // What a read fills by itself can be filled again.
    let by_reads = |one: &Use<'_>| context.process.reached.get(one.by).is_some_and(|by| !by.may_change);
    if variable.adds().all(by_reads) { Kind::Cache } else { Kind::Data }
}

/// Whether what is put in lives only in this process: a lock, a socket, a timer, an answer that is still open, a function.
fn is_live(one: &Use<'_>) -> bool {
    let What::Adds { value: Some(value), .. } = one.what else { return false };
    match &value.kind {
        ExprKind::Function(_) => true,
        ExprKind::Name(name) => matches!(
            name.as_str(),
            "res"
                | "response"
                | "reply"
                | "ws"
                | "websocket"
                | "socket"
                | "conn"
                | "connection"
                | "writer"
                | "client"
                | "stream"
                | "fn"
                | "handler"
                | "callback"
                | "listener"
                | "resolve"
                | "reject"
                | "queue"
        ),
        ExprKind::Call(call) => matches!(
            called_name(&call.callee),
            Some(
                "Lock"
                    | "RLock"
                    | "Semaphore"
                    | "Event"
                    | "Condition"
                    | "Queue"
                    | "Future"
                    | "create_task"
                    | "Thread"
                    | "setTimeout"
                    | "setInterval"
                    | "Timer"
                    | "spawn"
                    | "Popen"
                    | "Worker"
                    | "connect"
            )
        ),
        _ => false,
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
                    random |= matches!(
                        called_name(&call.callee),
                        Some(
                            "token_hex"
                                | "token_urlsafe"
                                | "token_bytes"
                                | "randomBytes"
                                | "randomUUID"
                                | "uuid4"
                                | "uuidv4"
                                | "nanoid"
                                | "urandom"
                                | "getRandomValues"
                        )
                    );
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

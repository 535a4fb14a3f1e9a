//! Whether something counts tries before a handler gets to work.

use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::plain_text;
use crate::facts::syntax::{Expr, ExprKind, Literal, Stmt, StmtKind};
use crate::facts::values::{Bound, Values, called_name};
use crate::facts::words::words;
use crate::framework::conduct::{Conduct, Step};
use crate::framework::web::{Guard, Handler, Reach};

/// Packages that limit; a dot stands for what a language writes between the parts.
const PACKAGES: &[&str] = &[
    "flask_limiter",
    "slowapi",
    "fastapi_limiter",
    "fastapi-limiter",
    "django_ratelimit",
    "ratelimit",
    "axes",
    "defender",
    "limits",
    "aiolimiter",
    "pyrate_limiter",
    "express-rate-limit",
    "express-slow-down",
    "express-brute",
    "rate-limiter-flexible",
    "@fastify/rate-limit",
    "fastify-rate-limit",
    "koa-ratelimit",
    "koa2-ratelimit",
    "hono-rate-limiter",
    "@upstash/ratelimit",
    "@nestjs/throttler",
    "limiter",
    "bottleneck",
    "tower_governor",
    "actix_governor",
    "actix_limitation",
    "governor",
    "arcjet",
    "@arcjet/node",
];

/// What settings of a proxy, an ingress or a firewall call a limit.
const IN_FRONT: &[&str] = &[
    "limit_req",
    "limit-rps",
    "limit-rpm",
    "ratelimit",
    "rate-limit",
    "rate_limit",
    "rate_based_statement",
    "throttling_rate_limit",
    "burst_limit",
];

/// Words of what counts tries.
const COUNTING: &[&str] = &[
    "attempt",
    "attempts",
    "tries",
    "lockout",
    "locked",
    "throttle",
    "throttled",
    "throttler",
    "limiter",
    "ratelimit",
    "ratelimiter",
    "bruteforce",
    "failures",
];

/// What is known of limits of the whole project.
pub(super) struct Limits {
    /// A limit stands in front, or a package that limits is used in a way that could not be read.
    all: bool,
    /// Flask-Limiter and slowapi limit only what they are told to, unless they have defaults.
    has_defaults: bool,
}

impl Limits {
    pub(super) fn of<'a>(context: &'a Context<'a>, conduct: &Conduct<'a>) -> Self {
        let sources = || context.files.iter().filter(|file| !file.is_test);
        let has_defaults = sources().any(|file| {
            [
                "default_limits",
                "RATELIMIT_DEFAULT",
                "application_limits",
                "RATELIMIT_APPLICATION",
                "DEFAULT_THROTTLE",
            ]
            .iter()
            .any(|sign| file.text.contains(sign))
        });
        let is_package = |module: &str| {
            let module = module.split("::").next().unwrap_or(module);
            let first = if module.starts_with('@') {
                module
            } else {
                module.split(['.', '/']).next().unwrap_or(module)
            };
            PACKAGES.contains(&first)
        };
        let imported = sources()
            .flat_map(|file| &file.imports)
            .any(|fact| fact.import.level == 0 && is_package(&fact.import.module));
        let mut limits = Self { all: false, has_defaults };
        let read = || {
            context.web.handlers.iter().any(|handler| {
                handler.guards.iter().any(|guard| limits.is_limiter(context, guard))
                    || counts(&conduct.of_handler(handler))
            })
        };
        limits.all = imported && !read() || in_front(context);
        limits
    }

    /// Whether something limits how often this handler is tried.
    pub(super) fn stand_before<'a>(
        &self,
        conduct: &Conduct<'a>,
        handler: &Handler<'a>,
        steps: &[Step<'a>],
    ) -> bool {
        self.all
            || handler.guards.iter().any(|guard| self.is_limiter_here(conduct, guard))
            || counts(steps)
            || counts(&conduct.of_guards(handler))
    }

    fn is_limiter_here<'a>(&self, conduct: &Conduct<'a>, guard: &Guard<'a>) -> bool {
        conduct.context().files.get(guard.file).is_some() && self.is_limiter(conduct.context(), guard)
    }

    /// Another handler that has a limit of its own: the program knows how, and left the one in question out.
    pub(super) fn elsewhere<'a>(
        &self,
        context: &'a Context<'a>,
        handler: &Handler<'a>,
    ) -> Option<&'a Handler<'a>> {
        context.web.handlers.iter().find(|other| {
            !std::ptr::eq(other.function, handler.function)
                && other
                    .guards
                    .iter()
                    .any(|guard| guard.reach == Reach::Route && self.is_limiter(context, guard))
        })
    }

    fn is_limiter(&self, context: &Context<'_>, guard: &Guard<'_>) -> bool {
        // Fastify's `config: { rateLimit }`, and the throttles of Django REST framework.
        if matches!(guard.option, Some("rateLimit" | "throttle_classes" | "throttle_scope")) {
            return true;
        }
        let mut names: Vec<String> = Vec::new();
        name(guard.expr, &mut names);
        names.extend(guard.function.map(|(_, function)| function.name.to_string()));
        let Some(file) = context.files.get(guard.file) else { return false };
        let top = Values::of_body(&file.syntax.body);
        for known in names.clone() {
            // `const guard = rateLimit({ .. })`.
            let head = known.split('.').next().unwrap_or_default();
            for bound in top.bound(head) {
                if let Bound::To(value) = bound {
                    name(value, &mut names);
                }
            }
        }
        let sets_up = guard
            .expr
            .call()
            .and_then(|call| called_name(&call.callee))
            .is_some_and(|callee| callee == "init_app" || callee == "Limiter");
        names.iter().any(|name| is_limiting(name)) && (self.has_defaults || !sets_up)
    }
}

/// The names of what is called or named, and of what is handed to `Depends(..)`, `add_middleware(..)`.
fn name(expr: &Expr, names: &mut Vec<String>) {
    let Some(call) = expr.call() else {
        names.extend(expr.dotted());
        return;
    };
    names.extend(call.callee.dotted());
    if let ExprKind::Member { object, .. } = &call.callee.kind {
        // `limiter.limit(..)` and `new RateLimiter(..).middleware()`.
        names.extend(object.call().and_then(|inner| inner.callee.dotted()));
    }
    if matches!(
        called_name(&call.callee),
        Some("Depends" | "Security" | "add_middleware" | "register" | "use" | "wrap")
    ) {
        call.arguments.iter().for_each(|given| {
            names.extend(given.value.dotted());
            names.extend(given.value.call().and_then(|inner| inner.callee.dotted()));
        });
    }
}

fn is_limiting(name: &str) -> bool {
    let words = words(name);
    let has = |sought: &[&str]| words.iter().any(|word| sought.contains(&word.as_str()));
    has(&[
        "limiter",
        "ratelimit",
        "ratelimits",
        "ratelimited",
        "throttle",
        "throttled",
        "throttler",
        "brute",
        "bruteforce",
        "lockout",
        "axes",
        "slowapi",
        "governor",
        "limited",
    ]) || has(&["limit", "limits"]) && !has(&["body", "size", "upload", "file", "json", "content", "memory"])
        || has(&["slow"]) && has(&["down"])
}

/// Whether functions count tries themselves: by a name that says so, or by an answer of 429.
fn counts(steps: &[Step<'_>]) -> bool {
    steps.iter().any(|step| {
        let (mut found, mut loops) = (false, Vec::new());
        each_in_body(&step.function.body, &mut |node, _| {
            // `for attempt in range(3)` tries again by itself.
            if let Node::Stmt(Stmt { kind: StmtKind::Loop(each), .. }) = node {
                loops.extend(each.target.as_ref().and_then(Expr::dotted));
                loops.extend(each.header.iter().filter_map(|stmt| match &stmt.kind {
                    StmtKind::Assign(assign) => assign.targets.first()?.dotted(),
                    _ => None,
                }));
            }
            found |= node.expr().is_some_and(|expr| {
                is_counting(expr) && !expr.dotted().is_some_and(|name| loops.contains(&name))
            });
            !found
        });
        found
            || step.function.decorators.iter().any(|one| {
                let mut names = Vec::new();
                name(one, &mut names);
                names.iter().any(|name| is_limiting(name))
            })
    })
}

fn is_counting(expr: &Expr) -> bool {
    let says = |name: &str| {
        let words = words(name);
        let has = |sought: &[&str]| words.iter().any(|word| sought.contains(&word.as_str()));
        has(COUNTING)
            || has(&["rate"]) && has(&["limit", "limited", "limits"])
            || has(&["too"]) && has(&["many"])
            || has(&["failed"]) && has(&["login", "logins", "count"])
            || has(&["retry"]) && has(&["after"])
    };
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => says(name),
        ExprKind::Literal(Literal::Integer(digits)) => digits == "429",
        ExprKind::Literal(Literal::String(text)) => {
            // A key, a header, a column of a statement.
            text.len() < 400 && text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').any(says)
        }
        _ => false,
    }
}

/// Whether the settings of what stands in front of the service have a limit.
fn in_front(context: &Context<'_>) -> bool {
    let is_front = |path: &str| {
        let lower = path.to_lowercase();
        let name = lower.rsplit('/').next().unwrap_or_default();
        let ending = name.rsplit('.').next().unwrap_or_default();
        matches!(ending, "conf" | "yaml" | "yml" | "tf" | "toml" | "cfg")
            && !name.starts_with("pnpm-lock")
            && !matches!(
                name,
                "pyproject.toml" | "cargo.toml" | "poetry.lock" | "openapi.yaml" | "openapi.yml"
            )
            && !plain_text::is_example(path)
    };
    plain_text::entries(context).into_iter().filter(|entry| is_front(&entry.path)).any(|entry| {
        plain_text::text(context, entry).is_some_and(|text| {
            let text = text.to_lowercase();
            IN_FRONT.iter().any(|sign| text.contains(sign))
        })
    })
}

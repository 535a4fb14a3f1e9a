//! What a handler asks, touches and makes of who is calling.

use std::collections::BTreeSet;

use super::action;
use super::identity::uses_caller;
use super::owner::{Bound, bound_in};
use super::stores::Stores;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::passwords::{PasswordUse, first_check, password_use};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, ParameterKind};
use crate::facts::values::{binds, called_name};
use crate::facts::words::{has_word, words};
use crate::framework::caller;
use crate::framework::conduct::{Conduct, Step};
use crate::framework::unless;
use crate::framework::web::{Guard, Handler};

/// Functions that are followed from one handler.
const FUNCTIONS: usize = 48;

/// Words of routes and functions that are for everybody, or that let people in.
const PUBLIC: &[&str] = &[
    "login",
    "signin",
    "signup",
    "register",
    "registration",
    "logout",
    "token",
    "tokens",
    "refresh",
    "reset",
    "forgot",
    "password",
    "verify",
    "verification",
    "confirm",
    "confirmation",
    "activate",
    "health",
    "healthz",
    "ping",
    "ready",
    "live",
    "metrics",
    "webhook",
    "webhooks",
    "callback",
    "oauth",
    "oauth2",
    "sso",
    "saml",
    "auth",
    "session",
    "sessions",
    "contact",
    "feedback",
    "newsletter",
    "subscribe",
    "unsubscribe",
    "track",
    "analytics",
    "csp",
    "graphql",
    "public",
    "guest",
    "anonymous",
    "share",
    "shared",
    "invite",
    "invitation",
    "docs",
    "static",
    "internal",
    "cron",
    "setup",
    "install",
    "seed",
    "demo",
    "debug",
    "csrf",
    "captcha",
    "otp",
    "mfa",
    "magic",
    "preview",
    "view",
    "views",
    "download",
    "embed",
    "redirect",
    "search",
];

/// Words of values of a path that only who was given them knows.
const UNGUESSABLE: &[&str] = &[
    "token",
    "secret",
    "code",
    "key",
    "hash",
    "signature",
    "slug",
    "uuid",
    "guid",
    "share",
    "invite",
    "nonce",
];

/// Those that stand for the right to have what they name, whoever asks.
const SECRET: &[&str] = &["token", "secret", "code", "signature", "share", "invite", "nonce"];

/// Words of guards that ask for more than who is calling.
const ROLES: &[&str] = &[
    "admin",
    "admins",
    "role",
    "roles",
    "permission",
    "permissions",
    "staff",
    "superuser",
    "scope",
    "scopes",
    "policy",
    "can",
    "acl",
    "owner",
    "member",
    "members",
    "membership",
    "authorize",
    "authorise",
    "authorization",
    "manager",
    "moderator",
    "operator",
    "access",
    "ability",
    "internal",
    "service",
];

/// What a handler does with what it touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It gives out.
    Reads,
    /// It makes, changes or deletes.
    Changes,
}

/// Where something is touched.
pub(super) struct Touched<'a> {
    pub(super) source: &'a SourceFile,
    pub(super) place: Extent,
}

/// What is known of a handler.
pub(super) struct Profile<'a> {
    pub(super) handler: &'a Handler<'a>,
    pub(super) kind: Kind,
    /// Whether something asks who is calling.
    pub(super) asks: bool,
    /// Whether it makes any use of the answer.
    pub(super) uses_caller: bool,
    /// Where it binds the owner.
    pub(super) binds: Option<Bound<'a>>,
    /// Whether the path, or what an action is given, names one thing.
    pub(super) by_id: bool,
    /// Whether it makes something new, which has no owner yet.
    pub(super) makes: bool,
    /// For roles, by a secret, by a signature: nothing to compare.
    pub(super) is_exempt: bool,
    /// Lets people in, or says that it is for everybody.
    pub(super) is_public: bool,
    /// The function below the handler that touches the row, when that is another.
    pub(super) touched: Option<Touched<'a>>,
    resource: String,
    /// The tables, models and collections that it reads, and those that it changes.
    reads: BTreeSet<String>,
    changes: BTreeSet<String>,
    /// Those of which it takes rows away.
    deletes: BTreeSet<String>,
}

impl<'a> Profile<'a> {
    pub(super) fn of(conduct: &Conduct<'a>, handler: &'a Handler<'a>) -> Self {
        let steps = followed(conduct, handler);
        let before = conduct.steps(handler.guards.iter().filter_map(|guard| guard.function));
        let is_action = action::is_action(handler);
        let given = if is_action { action::given(handler) } else { Vec::new() };
        let names: Vec<&str> = given.iter().map(String::as_str).chain(parameters(&handler.path)).collect();
        let by_id =
            if is_action { given.iter().any(|name| action::names_row(name)) } else { !names.is_empty() };
        let mut stores = Stores::default();
        steps.iter().for_each(|step| stores.read(step));
        // Every action is a POST.
        let reads = if is_action { stores.writes.is_empty() } else { handler.method == "GET" };
        let guards = || handler.guards.iter();
        let asks = guards().any(|guard| caller::guard_asks(conduct.context().files, guard))
            || caller::finds_out(&before)
            || caller::asks_here(conduct, handler)
            || steps.iter().any(asks_by_name);
        let ends_in_value = handler.path.trim_end_matches('/').ends_with('}');
        Self {
            handler,
            kind: if reads { Kind::Reads } else { Kind::Changes },
            asks,
            uses_caller: steps.iter().any(|step| uses_caller(step, handler, &names)),
            binds: steps.iter().find_map(bound_in),
            by_id,
            makes: handler.method == "POST" && !ends_in_value && !by_id,
            is_exempt: names.iter().any(|name| has_word(name, SECRET))
                || guards().any(asks_for_role)
                || guards_look_at(handler, &before),
            is_public: names.iter().any(|name| has_word(name, UNGUESSABLE)) || is_public(handler, &steps),
            touched: touched(&steps, handler),
            resource: resource(conduct, handler),
            reads: stores.reads,
            changes: if is_action { stores.writes } else { stores.changes },
            deletes: stores.deletes,
        }
    }

    /// Whether another handler does the same kind of thing with the same thing.
    pub(super) fn is_comparable(&self, other: &Self) -> bool {
        self.kind == other.kind && self.resource == other.resource && self.shared(other).is_some()
    }

    fn shared<'s>(&'s self, other: &'s Self) -> Option<&'s String> {
        let (own, others) = match self.kind {
            Kind::Reads => (&self.reads, &other.reads),
            Kind::Changes => (&self.changes, &other.changes),
        };
        own.intersection(others).next()
    }

    /// The name of what both touch.
    pub(super) fn shared_with<'s>(&'s self, other: &'s Self) -> &'s str {
        self.shared(other).map_or("it", |name| name.trim_start_matches('_'))
    }

    /// Whether it is an action that takes rows away by their id of what the other looks for by their owner.
    pub(super) fn deletes_owned(&self, other: &Self) -> bool {
        action::is_action(self.handler)
            && self.by_id
            && other.binds.is_some_and(|bound| bound.is_always)
            && self.changes.intersection(&other.changes).any(|table| self.deletes.contains(table))
    }

    /// Whether it touches a table.
    pub(super) fn touches(&self, table: &str) -> bool {
        match self.kind {
            Kind::Reads => self.reads.contains(table),
            Kind::Changes => self.changes.contains(table),
        }
    }
}

/// The functions that run when a handler does, those left out that find out who is calling.
fn followed<'a>(conduct: &Conduct<'a>, handler: &Handler<'a>) -> Vec<Step<'a>> {
    let mut open = vec![(handler.file, handler.function, 0_usize)];
    let mut steps: Vec<Step<'a>> = Vec::new();
    while let Some((file, function, depth)) = open.pop() {
        let Some(source) = conduct.context().files.get(file) else { continue };
        if steps.len() >= FUNCTIONS || steps.iter().any(|step| std::ptr::eq(step.function, function)) {
            continue;
        }
        let step = Step { file, source, function, depth };
        if depth > 0 && caller::is_named_for_asking(&function.name) && finds_out_itself(&step) {
            continue;
        }
        steps.push(step);
        if depth < 4 {
            open.extend(
                conduct.calls((file, function)).iter().map(|called| (called.to.0, called.to.1, depth + 1)),
            );
        }
    }
    steps
}

fn finds_out_itself(step: &Step<'_>) -> bool {
    caller::finds_out(std::slice::from_ref(step))
        || step.function.parameters.iter().any(|parameter| {
            parameter.pattern.dotted().is_some_and(|name| {
                has_word(&name, &["token", "request", "req", "header", "authorization", "cookie"])
            })
        })
}

/// Whether a handler calls something by a name that says it asks: `self.user(conn)`, `require_login()`.
fn asks_by_name(step: &Step<'_>) -> bool {
    let mut found = false;
    each_in_body(&step.function.body, &mut |node, _| {
        found |=
            node.expr().and_then(Expr::call).and_then(|call| called_name(&call.callee)).is_some_and(|name| {
                let words = words(name);
                let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
                has(&["require", "current", "check", "ensure", "assert", "verify"])
                    && caller::is_named_for_asking(name)
            });
        !found
    });
    found
}

fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
}

/// What a path is about: the part before its last value, or its last part. Of actions those of one file belong together.
fn resource(conduct: &Conduct<'_>, handler: &Handler<'_>) -> String {
    if action::is_action(handler) {
        let file = conduct.context().files.get(handler.registered.0);
        return file.map(|file| file.path.clone()).unwrap_or_default();
    }
    let parts: Vec<&str> = handler.path.split('/').filter(|part| !part.is_empty()).collect();
    let value = parts.iter().rposition(|part| part.starts_with('{'));
    let before = parts.get(..value.unwrap_or(parts.len())).unwrap_or_default();
    before.iter().rev().find(|part| !part.starts_with('{')).map_or(String::new(), |part| part.to_lowercase())
}

fn guard_names(guard: &Guard<'_>) -> Vec<String> {
    let mut names = Vec::new();
    // What a closure is given says nothing of what it asks: `|request, service|`.
    let is_given = |name: &str| {
        matches!(&guard.expr.kind, ExprKind::Function(function)
            if function.parameters.iter().any(|parameter| binds(&parameter.pattern, name)))
    };
    // What it lets through is not what it stands before.
    crate::facts::nodes::each_in_expr(unless::without(guard.expr), &mut |node, _| {
        if let Node::Expr(expr) = node {
            names.extend(called_name(expr).filter(|name| !is_given(name)).map(str::to_owned));
            names.extend(expr.string().filter(|text| text.len() < 60).map(str::to_owned));
        }
        true
    });
    names.extend(guard.function.map(|(_, function)| function.name.to_string()));
    names
}

fn asks_for_role(guard: &Guard<'_>) -> bool {
    guard_names(guard).iter().any(|name| has_word(name, ROLES))
}

/// Whether what stands before looks at the values of the path: it may ask for the owner.
fn guards_look_at(handler: &Handler<'_>, before: &[Step<'_>]) -> bool {
    let names: Vec<&str> = parameters(&handler.path).collect();
    !names.is_empty()
        && before.iter().any(|step| {
            let rest = rest_names(step.function);
            let mut found = false;
            each_in_body(&step.function.body, &mut |node, _| {
                let Node::Expr(expr) = node else { return !found };
                found |= match &expr.kind {
                    // `kwargs["id"]`, `kwargs.get("id")`; `view(*args, **kwargs)` hands them on and looks at none.
                    ExprKind::Index { object, .. } | ExprKind::Member { object, .. }
                        if object.dotted().is_some_and(|name| rest.contains(&name)) =>
                    {
                        true
                    }
                    ExprKind::Member { name, .. } => {
                        matches!(
                            name.as_str(),
                            "params" | "view_args" | "path_params" | "match_info" | "kwargs"
                        )
                    }
                    _ => false,
                };
                !found
            });
            let own = step.function.parameters.iter().filter_map(|parameter| parameter.pattern.dotted());
            found || own.into_iter().any(|name| names.contains(&name.as_str()))
        })
}

/// The names under which a function, and what it makes, take what is given by name: `**kwargs`.
fn rest_names(function: &Function) -> Vec<String> {
    let mut names = Vec::new();
    let mut take = |function: &Function| {
        let rest =
            function.parameters.iter().filter(|parameter| parameter.kind == ParameterKind::KeywordRest);
        names.extend(rest.filter_map(|parameter| parameter.pattern.dotted()));
    };
    take(function);
    each_in_body(&function.body, &mut |node, _| {
        if let Some(inner) = node.function() {
            take(inner);
        }
        true
    });
    names
}

/// Whether a route is for everybody, or lets people in.
fn is_public(handler: &Handler<'_>, steps: &[Step<'_>]) -> bool {
    let says = |name: &str| has_word(name, PUBLIC);
    let open = handler
        .guards
        .iter()
        .flat_map(guard_names)
        .chain(handler.guards.iter().filter_map(|guard| guard.option.map(str::to_owned)));
    let mut found = handler.path.split('/').any(says)
        || says(&handler.function.name)
        || open.into_iter().any(|name| {
            has_word(
                &name,
                &[
                    "allowany",
                    "allow",
                    "public",
                    "anonymous",
                    "optional",
                    "exempt",
                    "skip",
                    "csrf_exempt",
                    "signature",
                ],
            )
        });
    for step in steps {
        found |= first_check(step.source, step.function).is_some();
        each_in_body(&step.function.body, &mut |node, _| {
            if let Some(call) = node.expr().and_then(Expr::call) {
                let name = called_name(&call.callee).unwrap_or_default();
                found |= password_use(step.source, call) == Some(PasswordUse::Hash)
                    || has_word(name, &["verify", "signature", "hmac", "sign", "unsign"])
                    || matches!(
                        name,
                        "compare_digest" | "timingSafeEqual" | "constructEvent" | "construct_event"
                    );
            }
            !found
        });
    }
    found
}

/// The function below the handler that touches what the path names: the last one it hands the work to.
fn touched<'a>(steps: &[Step<'a>], handler: &Handler<'_>) -> Option<Touched<'a>> {
    let mut below = steps.iter().filter(|step| {
        !std::ptr::eq(step.function, handler.function) && step.depth == 1 && !step.function.name.is_empty()
    });
    let own = steps.first().map(|first| {
        let mut stores = Stores::default();
        stores.read(first);
        stores
    })?;
    if !own.reads.is_empty() || !own.changes.is_empty() {
        return None;
    }
    let touching = below.find(|step| {
        let mut stores = Stores::default();
        stores.read(step);
        !stores.reads.is_empty() || !stores.changes.is_empty()
    })?;
    Some(Touched { source: touching.source, place: touching.function.name_extent })
}

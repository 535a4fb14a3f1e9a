//! What a handler asks, touches and makes of who is calling.

use std::collections::BTreeSet;

use super::owner::{Bound, bound_in};
use super::stores::Stores;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::passwords::{PasswordUse, first_check, password_use};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind, UnaryOp};
use crate::facts::values::called_name;
use crate::facts::words::{has_word, words};
use crate::framework::caller;
use crate::framework::conduct::{Conduct, Step};
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

/// What a request carries that is not who is calling.
const CARRIED: &[&str] = &[
    "params",
    "body",
    "query",
    "headers",
    "header",
    "method",
    "path",
    "url",
    "ip",
    "ips",
    "args",
    "json",
    "form",
    "files",
    "file",
    "get_json",
    "get",
    "log",
    "server",
    "protocol",
    "hostname",
    "originalUrl",
    "is",
    "accepts",
    "db",
    "conn",
    "app",
    "raw",
    "id",
    "on",
    "socket",
    "connection",
    "status",
    "res",
    "next",
    "render",
    "send",
    "match_info",
    "rel_url",
    "content_type",
    "data",
    "values",
    "GET",
    "POST",
    "FILES",
    "META",
    "base_url",
    "baseUrl",
    "host",
    "scheme",
    "endpoint",
    "view_args",
    "client",
    "start_time",
    "state",
    "request_id",
    "requestId",
    "pool",
    "cursor",
    "connections",
    "remote_addr",
    "host_url",
    "url_root",
    "mimetype",
    "content_length",
    "is_json",
    "path_params",
    "query_params",
    "stream",
    "environ",
    "locals",
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
    /// Whether the path names one thing.
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
}

impl<'a> Profile<'a> {
    pub(super) fn of(conduct: &Conduct<'a>, handler: &'a Handler<'a>) -> Self {
        let steps = followed(conduct, handler);
        let before = conduct.steps(handler.guards.iter().filter_map(|guard| guard.function));
        let kind = if handler.method == "GET" { Kind::Reads } else { Kind::Changes };
        let names: Vec<&str> = parameters(&handler.path).collect();
        let mut stores = Stores::default();
        steps.iter().for_each(|step| stores.read(step));
        let guards = || handler.guards.iter();
        let asks = guards().any(caller::guard_asks)
            || caller::finds_out(&before)
            || caller::asks_here(conduct, handler)
            || steps.iter().any(asks_by_name);
        let ends_in_value = handler.path.trim_end_matches('/').ends_with('}');
        Self {
            handler,
            kind,
            asks,
            uses_caller: steps.iter().any(|step| uses_caller(step, handler, &names)),
            binds: steps.iter().find_map(bound_in),
            by_id: !names.is_empty(),
            makes: handler.method == "POST" && !ends_in_value && names.is_empty(),
            is_exempt: names.iter().any(|name| has_word(name, SECRET))
                || guards().any(asks_for_role)
                || guards_look_at(handler, &before),
            is_public: names.iter().any(|name| has_word(name, UNGUESSABLE)) || is_public(handler, &steps),
            touched: touched(&steps, handler),
            resource: resource(&handler.path),
            reads: stores.reads,
            changes: stores.changes,
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

/// What a path is about: the part before its last value, or its last part.
fn resource(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let value = parts.iter().rposition(|part| part.starts_with('{'));
    let before = parts.get(..value.unwrap_or(parts.len())).unwrap_or_default();
    before.iter().rev().find(|part| !part.starts_with('{')).map_or(String::new(), |part| part.to_lowercase())
}

fn guard_names(guard: &Guard<'_>) -> Vec<String> {
    let mut names = Vec::new();
    crate::facts::nodes::each_in_expr(guard.expr, &mut |node, _| {
        if let Node::Expr(expr) = node {
            names.extend(called_name(expr).map(str::to_owned));
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
            let mut found = false;
            each_in_body(&step.function.body, &mut |node, _| {
                found |= match node {
                    Node::Expr(Expr { kind: ExprKind::Member { name, .. }, .. }) => {
                        matches!(
                            name.as_str(),
                            "params" | "view_args" | "path_params" | "match_info" | "kwargs"
                        )
                    }
                    Node::Expr(Expr { kind: ExprKind::Name(name), .. }) => name == "kwargs",
                    _ => false,
                };
                !found
            });
            let own = step.function.parameters.iter().filter_map(|parameter| parameter.pattern.dotted());
            found || own.into_iter().any(|name| names.contains(&name.as_str()))
        })
}

/// Whether a function makes any use of who is calling, beyond asking.
fn uses_caller(step: &Step<'_>, handler: &Handler<'_>, names: &[&str]) -> bool {
    let given = identity_parameters(step, handler, names);
    let mut found = false;
    let mut written: Vec<*const Expr> = Vec::new();
    each_in_body(&step.function.body, &mut |node, around| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                written.extend(assign.targets.iter().map(std::ptr::from_ref));
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => {
                written.push(std::ptr::from_ref(&**target))
            }
            _ => {}
        }
        let Node::Expr(expr) = node else { return !found };
        found |= match &expr.kind {
            ExprKind::Name(name) => {
                name == "current_user" || name == "currentUser" || given.contains(&name.to_string())
            }
            ExprKind::Member { object, name, .. } if !written.contains(&std::ptr::from_ref(expr)) => {
                let of = called_name(object).unwrap_or_default();
                matches!(of, "req" | "request" | "g" | "state" | "locals" | "ctx" | "context")
                    && !CARRIED.contains(&name.as_str())
            }
            ExprKind::Index { object, .. } => {
                matches!(called_name(object), Some("session" | "state" | "locals"))
            }
            ExprKind::Call(call) => {
                let asks = called_name(&call.callee)
                    .is_some_and(|name| caller::is_named_for_asking(name) && !is_plain(name));
                let about = call.arguments.iter().any(|given| mentions(&given.value, names));
                asks && (about || !is_only_asked(around, step.function))
            }
            _ => false,
        };
        !found
    });
    found
}

/// Whether the answer of a call goes nowhere: `self.user(conn)` alone, `user = get_user()` that is then only looked for
/// (`if not user:`). `messages.list(self.user(conn))` hands it on.
fn is_only_asked(around: &[Node<'_>], function: &Function) -> bool {
    let awaited = |node: &&Node<'_>| !matches!(node, Node::Expr(Expr { kind: ExprKind::Await(_), .. }));
    match around.iter().rfind(awaited) {
        Some(Node::Stmt(Stmt { kind: StmtKind::Expr(_), .. })) => true,
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => match assign.targets.as_slice() {
            [Expr { kind: ExprKind::Name(name), extent }] => !is_read(function, name, *extent),
            _ => false,
        },
        Some(Node::Stmt(Stmt { kind: StmtKind::If { .. }, .. })) => true,
        Some(node) => is_presence(*node),
        None => false,
    }
}

/// Whether a name is read otherwise than to see whether it is there.
fn is_read(function: &Function, name: &str, bound: Extent) -> bool {
    let mut found = false;
    each_in_body(&function.body, &mut |node, around| {
        if let Node::Expr(Expr { kind: ExprKind::Name(other), extent }) = node
            && other == name
            && *extent != bound
        {
            found |= !around.last().is_some_and(|around| is_presence(*around));
        }
        !found
    });
    found
}

/// `not user`, `user is None`, `user && ..`, `if user`.
fn is_presence(node: Node<'_>) -> bool {
    match node {
        Node::Stmt(Stmt { kind: StmtKind::If { .. }, .. })
        | Node::Expr(Expr { kind: ExprKind::Unary { op: UnaryOp::Not, .. }, .. }) => true,
        Node::Expr(Expr { kind: ExprKind::Compare { rest, .. }, .. }) => {
            rest.iter().all(|(_, right)| matches!(right.kind, ExprKind::Literal(Literal::Null)))
        }
        _ => false,
    }
}

/// Calls of libraries whose names have such a word and that have nothing to do with the caller.
fn is_plain(name: &str) -> bool {
    matches!(name, "key" | "keys" | "role" | "token_hex" | "token_urlsafe" | "private")
}

fn mentions(expr: &Expr, names: &[&str]) -> bool {
    let mut found = false;
    crate::facts::nodes::each_in_expr(expr, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) = node {
            found |= names.contains(&name.as_str());
        }
        !found
    });
    found
}

/// The names that a parameter binds: one, or in Rust those of its pattern.
fn pattern_names(pattern: &Expr) -> Vec<String> {
    if let Some(name) = pattern.dotted() {
        return vec![name];
    }
    let mut names = Vec::new();
    crate::facts::nodes::each_in_expr(pattern, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Name(name), .. }) = node {
            names.push(name.to_string());
        }
        true
    });
    names
}

/// Parameters that hold who is calling: `user = Depends(current_user)`, what a decorator puts first.
fn identity_parameters(step: &Step<'_>, handler: &Handler<'_>, names: &[&str]) -> Vec<String> {
    let own = std::ptr::eq(step.function, handler.function);
    let found = step.function.parameters.iter().flat_map(|parameter| {
        let written = || parameter.default.iter().chain(&parameter.annotation);
        let depended = written().any(|written| {
            let text = step.source.text_of(written.extent);
            (text.contains("Depends") || text.contains("Security")) && caller::is_named_for_asking(text)
        });
        // Rust's `CurrentUser(id): CurrentUser` is a guard and gives who is calling.
        let guards = handler.guards.iter().any(|guard| written().any(|written| std::ptr::eq(guard.expr, written)));
        let mut held = pattern_names(&parameter.pattern);
        held.retain(|name| {
            let named = caller::is_named_for_asking(name) && !names.contains(&name.as_str());
            named || own && (depended || guards)
        });
        held
    });
    found.collect()
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

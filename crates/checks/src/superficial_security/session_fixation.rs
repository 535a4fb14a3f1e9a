//! # session-fixation
//!
//! Who can put a cookie into somebody's browser (from a sister domain, over plain HTTP, by a script) can put there the id of a session of their own. When
//! that person then logs in and the session keeps its id, the other one, who knows the id, is logged in too.
//!
//! ## What is reported
//!
//! - **error**: a login that writes who it is into a session which the server keeps, and the session keeps its id: express-session and `@fastify/session` without
//!   `regenerate`, Flask-Session without `session_interface.regenerate`, Django's `request.session` without `cycle_key` or `login()`, aiohttp_session with a
//!   store and `get_session` in place of `new_session`;
//! - **error**: a login that keeps who it is under the id that the caller's cookie brought.
//!
//! Left alone are sessions that live in the cookie itself and have no id to keep: Flask's own, Starlette's, cookie-session, `@fastify/secure-session`,
//! aiohttp_session's cookie storages; there the planted cookie stays what it was. Passport (`req.login`, and `passport.authenticate(..)` before
//! the handler, both since 0.6), flask_login and Django's `login()` are left alone too, and what says when or how often somebody logged in, and not who it is. Middleware that
//! renews the session counts when it does so for every login; what it renews after a time without requests is no renewal at the login.
//!
//! ## What to do
//!
//! ```js
//! req.session.regenerate((error) => { if (error) return next(error); req.session.userId = user.id; res.json({ ok: true }); });
//! ```
//!
//! ```python
//! request.session.cycle_key()                  # Django, by hand
//! app.session_interface.regenerate(session)    # Flask-Session
//! ```
//!
//! Source: [CWE-384](https://cwe.mitre.org/data/definitions/384.html); OWASP ASVS 5.0, 7.2.4. Tried from outside, with a cookie that was planted before the login:
//! express-session 1.19, @fastify/session 11.1, Flask-Session 0.8 (also after `session.clear()`) and Django 5.2 by hand let the other one in; Flask 3.1's and cookie-session's
//! own cookies do not.

use std::collections::HashSet;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId};

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_body, each_in_expr};
use crate::facts::passwords::{checks_password, mentions};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind, UnaryOp};
use crate::facts::values::{Bound, Values, called_name, option};
use crate::facts::words::has_word;
use crate::framework::conduct::{Conduct, Step};
use crate::framework::web::{Guard, Handler};
use crate::framework::{Framework, FunctionAt};
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::insecure_cookie::is_key_of_login;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("session-fixation"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a login that keeps the session id which the caller brought",
        applies_to: "login into a session that the server keeps",
        variants: &["kept", "brought"],
        source: include_str!("session_fixation.rs"),
    },
    run: Run::Project(run),
};

/// A library whose sessions the server keeps under an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    Express,
    Fastify,
    FlaskSession,
    Django,
    Aiohttp,
}

impl Store {
    fn advice(self) -> &'static str {
        match self {
            Self::Express => {
                "give the session a new id first: `req.session.regenerate((error) => { …; req.session.userId = user.id; … })`"
            }
            Self::Fastify => {
                "give the session a new id first: `await request.session.regenerate()`, then write into it"
            }
            Self::FlaskSession => {
                "give the session a new id first: `app.session_interface.regenerate(session)`; `session.clear()` keeps the id"
            }
            Self::Django => {
                "use `django.contrib.auth.login(request, user)`, or call `request.session.cycle_key()` first"
            }
            Self::Aiohttp => "begin a new session at the login: `session = await new_session(request)`",
        }
    }
}

/// Names that give a session another id, or begin another session.
const RENEWS: &[&str] = &[
    "regenerate",
    "regenerateSession",
    "regenerate_session",
    "cycle_key",
    "flush",
    "new_session",
    "renew",
    "rotate",
    "login_user",
    "logIn",
];
/// Calls in calls that are followed from a guard.
const GUARD_DEPTH: u32 = 4;
/// How often a name is followed to what it is bound to.
const NAMES: u32 = 3;
/// Words of what a request asks for.
const REQUESTED: &[&str] = &["path", "url", "method", "endpoint", "body", "form"];

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let stores = stores(context);
    let has_cookies = |file: &SourceFile| !file.is_test && file.text.contains("ookie");
    if context.web.handlers.is_empty() || stores.is_empty() && !context.files.iter().any(has_cookies) {
        return;
    }
    let conduct = Conduct::of(context);
    let mut seen: HashSet<(usize, u32)> = HashSet::new();
    for handler in &context.web.handlers {
        if handler.method == "DELETE" || !seen.insert((handler.file, handler.function.name_extent.start)) {
            continue;
        }
        let steps = conduct.of_handler(handler);
        if !is_login(handler, &steps) {
            continue;
        }
        let by_guards = conduct.of_guards(handler).iter().any(renews);
        let always = |function| by_guards && always_renews(&conduct, function, GUARD_DEPTH);
        let renewed = steps.iter().any(renews)
            || handler
                .guards
                .iter()
                .any(|guard| is_passport(context, guard) || guard.function.is_some_and(always));
        let mut said: HashSet<Extent> = HashSet::new();
        for step in &steps {
            for (extent, text, store) in written(step, handler, &stores) {
                report.trial();
                if !renewed && said.insert(extent) && said.len() == 1 {
                    kept(step, extent, &text, store, report);
                }
            }
            if let Some(extent) = under_brought_id(step) {
                report.trial();
                brought(step, extent, report);
            }
        }
    }
}

fn kept(step: &Step<'_>, extent: Extent, text: &str, store: Store, report: &mut Report<'_>) {
    let message = format!(
        "the login sets `{text}`, and the session keeps the id that the caller brought: whoever planted that id in the browser is logged in too"
    );
    report.add(
        report
            .at(step.source, extent, message)
            .variant("kept")
            .confidence(Confidence::High)
            .advice(store.advice()),
    );
}

fn brought(step: &Step<'_>, extent: Extent, report: &mut Report<'_>) {
    let message = "the login is kept under the id that the caller's cookie brought: whoever planted that id in the browser is logged in too";
    report.add(
        report
            .at(step.source, extent, message)
            .variant("brought")
            .confidence(Confidence::High)
            .advice("make a new random id at every login (`secrets.token_urlsafe()`, `crypto.randomUUID()`), and forget the old one"),
    );
}

/// The libraries of the project that keep sessions on the server.
fn stores(context: &Context<'_>) -> Vec<Store> {
    let mut found = Vec::new();
    for file in context.files.iter().filter(|file| !file.is_test) {
        for fact in &file.imports {
            let module = fact.import.module.as_str();
            let first = module.split('.').next().unwrap_or(module);
            found.extend(match first {
                "express-session" => Some(Store::Express),
                "@fastify/session" => Some(Store::Fastify),
                "flask_session" => Some(Store::FlaskSession),
                "aiohttp_session" if is_kept_on_server(module, file) => Some(Store::Aiohttp),
                _ => None,
            });
        }
    }
    let is_django = |handler: &Handler<'_>| handler.framework == Framework::Django;
    let in_cookie = || {
        context
            .files
            .iter()
            .any(|file| file.text.contains("SESSION_ENGINE") && file.text.contains("backends.signed_cookies"))
    };
    if context.web.handlers.iter().any(is_django) && !in_cookie() {
        found.push(Store::Django);
    }
    found
}

fn is_kept_on_server(module: &str, file: &SourceFile) -> bool {
    ["redis_storage", "memcached_storage"].iter().any(|storage| module.contains(storage))
        || file.text.contains("RedisStorage(")
        || file.text.contains("MemcachedStorage(")
}

/// Whether a handler lets somebody in: it checks a password, or is called for that.
fn is_login(handler: &Handler<'_>, steps: &[Step<'_>]) -> bool {
    let named = |text: &str| {
        has_word(text, &["login", "signin", "authenticate", "callback", "verify", "register", "signup"])
    };
    named(&handler.path)
        || named(&handler.function.name)
        || steps.iter().any(|step| checks_password(step.source, step.function))
}

fn renews(step: &Step<'_>) -> bool {
    let mut found = false;
    each_in_body(&step.function.body, &mut |node, _| {
        found |= node.expr().and_then(Expr::call).is_some_and(|call| is_renewal(step.source, call));
        !found
    });
    found
}

fn is_renewal(file: &SourceFile, call: &Call) -> bool {
    let name = called_name(&call.callee).unwrap_or_default();
    let of_django = file.resolve(&call.callee).as_deref() == Some("django.contrib.auth.login");
    let of_passport =
        name == "login" && matches!(&call.callee.kind, ExprKind::Member { object, .. } if is_request(object));
    RENEWS.contains(&name) || of_django || of_passport
}

/// Whether a guard renews the session of every login that passes it, itself or through what it calls. What it does behind a condition (after
/// half an hour without a request) says nothing of a login, unless it asks what is requested, or lets nobody on without.
fn always_renews<'a>(conduct: &Conduct<'a>, (at, function): FunctionAt<'a>, depth: u32) -> bool {
    let Some(file) = conduct.context().files.get(at) else { return false };
    let Some(left) = depth.checked_sub(1) else { return false };
    let calls = conduct.calls((at, function));
    let mut renewals: Vec<Extent> = Vec::new();
    let mut always = false;
    each_in_body(&function.body, &mut |node, around| {
        let Some(Expr { kind: ExprKind::Call(call), extent }) = node.expr() else { return true };
        let through = || {
            calls.iter().any(|called| {
                std::ptr::eq(called.call, &raw const **call) && always_renews(conduct, called.to, left)
            })
        };
        if is_renewal(file, call) || through() {
            renewals.push(*extent);
            always |= !is_behind_condition(around) && !goes_on_before(function, *extent);
        }
        true
    });
    always || !renewals.is_empty() && is_only_way_on(function, &renewals)
}

/// Whether a place is reached on some ways only, other than by what is requested.
fn is_behind_condition(around: Around<'_, '_>) -> bool {
    around.iter().any(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::If { test, .. }, .. }) => leaves_logins_out(test),
        Node::Expr(Expr { kind: ExprKind::Conditional { test, .. }, .. }) => leaves_logins_out(test),
        Node::Expr(Expr { kind: ExprKind::Logical { left, .. }, .. }) => leaves_logins_out(left),
        _ => false,
    })
}

/// Whether a login can be on either side of a test: not of one that asks what is requested, nor of one that only asks whether there is a
/// session at all (`if (!req.session) return next();`).
fn leaves_logins_out(test: &Expr) -> bool {
    match &test.kind {
        ExprKind::Unary { op: UnaryOp::Not, value } => leaves_logins_out(value),
        ExprKind::Member { object, name, .. } if name == "session" => !is_request(object),
        _ => !mentions(test, REQUESTED),
    }
}

/// Whether a function is left for what comes next before a place: `if (!idle) return next();`, `if not idle: return`.
fn goes_on_before(function: &Function, place: Extent) -> bool {
    let by_next = takes_next(function);
    let goes_on = |then: &[Stmt]| match innermost(then).map(|last| &last.kind) {
        _ if by_next => holds_going_on(then, &[]),
        Some(StmtKind::Return(value)) => value.as_ref().is_none_or(is_nothing),
        _ => false,
    };
    let before = function.body.iter().take_while(|stmt| stmt.extent.end <= place.start);
    before.into_iter().any(|stmt| match &stmt.kind {
        StmtKind::If { test, then, .. } => leaves_logins_out(test) && goes_on(then),
        _ => false,
    })
}

fn innermost(body: &[Stmt]) -> Option<&Stmt> {
    let last = body.last()?;
    match &last.kind {
        StmtKind::Block(inner) => innermost(inner),
        _ => Some(last),
    }
}

/// Whether nothing but renewals hands on to what comes next: `if (user) req.logIn(user, next); else res.status(401).end();`.
fn is_only_way_on(function: &Function, renewals: &[Extent]) -> bool {
    takes_next(function) && !holds_going_on(&function.body, renewals)
}

fn takes_next(function: &Function) -> bool {
    function.parameters.iter().any(|one| called_name(&one.pattern) == Some("next"))
}

/// Whether a body hands on to what comes next, other than in these places.
fn holds_going_on(body: &[Stmt], but_in: &[Extent]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= node.expr().is_some_and(|expr| {
            is_going_on(expr)
                && !but_in.iter().any(|one| one.start <= expr.extent.start && expr.extent.end <= one.end)
        });
        !found
    });
    found
}

/// `next()`, and not `next(error)`.
fn is_going_on(expr: &Expr) -> bool {
    expr.call().is_some_and(|call| called_name(&call.callee) == Some("next") && call.arguments.is_empty())
}

/// Whether a guard is `passport.authenticate(..)`: since 0.6 it gives the session another id before the handler runs. With `session: false` it
/// leaves the session alone, and with a callback of one's own that calls `req.logIn`.
fn is_passport(context: &Context<'_>, guard: &Guard<'_>) -> bool {
    let Some(call) = guard.expr.call().filter(|call| called_name(&call.callee) == Some("authenticate"))
    else {
        return false;
    };
    let resolved = context.files.get(guard.file).and_then(|file| file.resolve(&call.callee));
    let of_passport =
        resolved.or_else(|| call.callee.dotted()).is_some_and(|path| path.starts_with("passport."));
    let keeps = option(call, "session")
        .is_some_and(|value| matches!(value.kind, ExprKind::Literal(Literal::Boolean(false))));
    let answers_itself = call.arguments.iter().any(|given| matches!(given.value.kind, ExprKind::Function(_)));
    of_passport && !keeps && !answers_itself
}

fn is_request(object: &Expr) -> bool {
    matches!(called_name(object), Some("req" | "request"))
}

/// Where a function writes into a session who is logged in: the place, what is written to, and whose session it is.
fn written(step: &Step<'_>, handler: &Handler<'_>, stores: &[Store]) -> Vec<(Extent, String, Store)> {
    let file = step.source;
    let values = Values::of_function(step.function);
    let mut found = Vec::new();
    each_in_body(&step.function.body, &mut |node, _| {
        let (target, value) = match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) if assign.op.is_none() => {
                (assign.targets.first(), assign.value.as_ref())
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, op: None, value }, .. }) => {
                (Some(&**target), Some(&**value))
            }
            Node::Expr(Expr { kind: ExprKind::Call(call), extent }) => {
                let by_call = set_by_call(call).filter(|_| stores.contains(&Store::Fastify));
                found.extend(by_call.map(|key| (*extent, format!("session.{key}"), Store::Fastify)));
                return true;
            }
            _ => return true,
        };
        if let Some(target) = target
            && let Some(value) = value.filter(|value| !is_nothing(value))
            && !(Entry { file, values: &values, target }).is_time_or_count(value, NAMES)
            && let Some((object, key)) = entry_of(target)
            && is_key_of_login(key)
            && let Some(store) = store_of(file, handler, &values, object, stores)
            && target.extent.start < value.extent.start
        {
            found.push((target.extent, file.text_of(target.extent).to_owned(), store));
        }
        true
    });
    found
}

/// `request.session.set("userId", id)`.
fn set_by_call(call: &Call) -> Option<&str> {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    let ExprKind::Member { object: of, name: session, .. } = &object.kind else { return None };
    let key = call.arguments.first()?.value.string()?;
    (name == "set" && session == "session" && is_request(of) && is_key_of_login(key)).then_some(key)
}

fn is_nothing(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Literal(Literal::Null | Literal::Boolean(false)))
        || matches!(&value.kind, ExprKind::Literal(Literal::Integer(digits)) if digits == "0")
        || matches!(&value.kind, ExprKind::Name(name) if name == "undefined")
}

/// Something that is written into a session, and in what.
struct Entry<'a> {
    file: &'a SourceFile,
    values: &'a Values<'a>,
    target: &'a Expr,
}

impl Entry<'_> {
    /// Whether a value says when, or how often: nobody is logged in by that.
    fn is_time_or_count(&self, value: &Expr, names: u32) -> bool {
        match &value.kind {
            ExprKind::Literal(Literal::Integer(_)) => {
                entry_of(self.target).is_some_and(|(_, key)| is_count_key(key))
            }
            ExprKind::Name(name) => names.checked_sub(1).is_some_and(|left| {
                let bound = self.values.bound(name);
                let is = |bound: &Bound<'_>| matches!(bound, Bound::To(value) if self.is_time_or_count(value, left));
                !bound.is_empty() && bound.iter().all(is)
            }),
            ExprKind::Binary { left, right, .. } => {
                let sides = [&**left, &**right];
                // `"user:" + id` is a name, whatever else is in it.
                let is_text =
                    |side: &&Expr| side.string().is_some() || matches!(side.kind, ExprKind::Template(_));
                !sides.iter().any(is_text)
                    && sides.iter().any(|side| self.is_time_or_count(side, names) || self.is_read_by(side))
            }
            ExprKind::Call(call) => {
                matches!(called_name(&call.callee), Some("now" | "utcnow" | "time" | "today" | "Date" | "getTime"))
                    // `new Date().toISOString()`, `datetime.now().isoformat()`.
                    || matches!(&call.callee.kind, ExprKind::Member { object, .. } if self.is_time_or_count(object, names))
                    // `Math.floor(Date.now() / 1000)`, `int(time.time())`.
                    || matches!(call.arguments.as_slice(), [only] if self.is_time_or_count(&only.value, names))
            }
            _ => false,
        }
    }

    /// Whether a value reads what it is written over: `(req.session.tries || 0) + 1`, `session.get("tries", 0) + 1`.
    fn is_read_by(&self, value: &Expr) -> bool {
        let key = entry_of(self.target).map(|(_, key)| key);
        let mut found = false;
        each_in_expr(value, &mut |node, _| {
            found |= node.expr().is_some_and(|expr| {
                self.file.text_of(expr.extent) == self.file.text_of(self.target.extent)
                    || expr.string().is_some_and(|text| Some(text) == key)
            });
            !found
        });
        found
    }
}

/// Whether a key is that of a number of times, or of a step of several.
fn is_count_key(key: &str) -> bool {
    has_word(
        key,
        &[
            "count", "counter", "tries", "attempt", "attempts", "failures", "failed", "visits", "step",
            "stage",
        ],
    )
}

/// The object and the key that something is kept under.
fn entry_of(target: &Expr) -> Option<(&Expr, &str)> {
    match &target.kind {
        ExprKind::Member { object, name, .. } => Some((object, name)),
        ExprKind::Index { object, index } => Some((object, index.string()?)),
        _ => None,
    }
}

/// Whose session an object is.
fn store_of(
    file: &SourceFile,
    handler: &Handler<'_>,
    values: &Values<'_>,
    object: &Expr,
    stores: &[Store],
) -> Option<Store> {
    let of_request = matches!(&object.kind, ExprKind::Member { object, name, .. } if name == "session" && is_request(object));
    let store = match handler.framework {
        _ if file.language == Language::Rust => return None,
        Framework::Express if of_request => Store::Express,
        Framework::Fastify if of_request => Store::Fastify,
        Framework::Django if of_request => Store::Django,
        Framework::Flask if file.resolve(object).as_deref() == Some("flask.session") => Store::FlaskSession,
        Framework::Aiohttp => {
            let ExprKind::Name(name) = &object.kind else { return None };
            let begins_anew = values.bound(name).iter().any(|bound| {
                matches!(bound, Bound::To(value) if is_call_of(file, value, "aiohttp_session.get_session"))
            });
            if !begins_anew {
                return None;
            }
            Store::Aiohttp
        }
        _ => return None,
    };
    stores.contains(&store).then_some(store)
}

fn is_call_of(file: &SourceFile, value: &Expr, path: &str) -> bool {
    let value = match &value.kind {
        ExprKind::Await(value) => value,
        _ => value,
    };
    value.call().is_some_and(|call| file.resolve(&call.callee).as_deref() == Some(path))
}

/// `SESSIONS[sid] = user`, where `sid` is what the caller's cookie says.
fn under_brought_id(step: &Step<'_>) -> Option<Extent> {
    if !step.source.text.contains("ookie") {
        return None;
    }
    let values = Values::of_function(step.function);
    let mut found = None;
    let brought = |key: &Expr| match &key.kind {
        ExprKind::Name(name) => {
            let bound = values.bound(name);
            // Where another value may be bound to it as well, that is the new id.
            !bound.is_empty()
                && bound.iter().all(|bound| matches!(bound, Bound::To(value) if is_only_of_cookie(value)))
        }
        _ => is_only_of_cookie(key),
    };
    let is_sessions = |holder: &Expr| {
        called_name(holder).is_some_and(|name| has_word(name, &["session", "sessions", "logins", "tokens"]))
    };
    each_in_body(&step.function.body, &mut |node, _| {
        let here = match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
                assign.targets.first().map(|target| (target, *extent))
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, extent }) => Some((&**target, *extent)),
            Node::Expr(Expr { kind: ExprKind::Call(call), extent }) => {
                if let ExprKind::Member { object, name, .. } = &call.callee.kind
                    && name == "set"
                    && is_sessions(object)
                    && let [key, _, ..] = call.arguments.as_slice()
                    && brought(&key.value)
                {
                    found = found.or(Some(*extent));
                }
                None
            }
            _ => None,
        };
        if let Some((Expr { kind: ExprKind::Index { object, index }, .. }, extent)) = here
            && is_sessions(object)
            && brought(index)
        {
            found = found.or(Some(extent));
        }
        found.is_none()
    });
    found
}

/// Whether a value comes from a cookie and from nowhere else: there is no other value beside it.
fn is_only_of_cookie(value: &Expr) -> bool {
    let (mut cookie, mut other) = (false, false);
    each_in_expr(value, &mut |node, _| {
        match node {
            Node::Expr(Expr { kind: ExprKind::Logical { .. } | ExprKind::Conditional { .. }, .. }) => {
                other = true;
            }
            Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                cookie |= matches!(name.as_str(), "cookies" | "cookie" | "signedCookies");
            }
            Node::Expr(expr) => {
                cookie |= expr.string().is_some_and(|text| text.eq_ignore_ascii_case("cookie"));
            }
            _ => {}
        }
        true
    });
    cookie && !other
}

//! # missing-rate-limit
//!
//! A login that takes any number of tries is a password that is found sooner or later: lists of leaked passwords are tried by the million,
//! and a code of six digits has only a million values. Nothing in a test shows it, since a test tries twice.
//!
//! ## What is reported
//!
//! - **error**: a code of few digits (a one-time token, a PIN, the second factor) is accepted, and nothing counts how often it was tried: any
//!   pending code is found within hours;
//! - **error**: a password is checked and nothing counts how often, where another route of the program has a limit;
//! - **warning**: a password is checked, or a mail is sent to whatever address is named, and nothing counts how often;
//! - **note**: accounts are opened or passwords are set, each with a slow hash, and nothing counts how many.
//!
//! Handlers are known by what they do (they compare a password with what is kept, hash one, look a code up), whatever their path. A limit is
//! looked for in everything that runs before and in the handler: Flask-Limiter, slowapi, express-rate-limit, rate-limiter-flexible,
//! `@fastify/rate-limit`, django-axes and their kin, counting of attempts of its own, a lock-out, an answer of 429; and in what stands in front of the service,
//! where its settings are in the tree (`limit_req` of nginx, the annotations of an ingress, a rule of a web application firewall). What stands in front
//! and is configured elsewhere cannot be seen: that is why a password without a limit is a warning. Handlers that only who is logged in
//! reaches are left alone.
//!
//! ## What to do
//!
//! Count tries for each account **and** for each address, in a store that all replicas share, and refuse with 429 (`Retry-After`).
//!
//! ```python
//! @app.post("/login")
//! @limiter.limit("10/minute")
//! ```
//!
//! ```js
//! app.post("/login", rateLimit({ windowMs: 60_000, limit: 10 }), login);
//! ```
//!
//! Source: [CWE-307](https://cwe.mitre.org/data/definitions/307.html); OWASP Application Security Verification Standard 4.0.3, 2.2.1 (no more than 100
//! failed tries an hour on one account); NIST SP 800-63B, 5.2.2 (rate limiting).

mod codes;
mod limits;

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use self::limits::Limits;
use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::passwords::{PasswordUse, first_check, is_kept_password_name, password_use};
use crate::facts::request::sends_mail;
use crate::facts::sent::column_of;
use crate::facts::source::SourceFile;
use crate::facts::stored::{How, stored};
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name};
use crate::facts::words::{has_word, words};
use crate::framework::caller;
use crate::framework::conduct::{Conduct, Step};
use crate::framework::web::Handler;
use crate::language::Language;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("missing-rate-limit"),
        version: 2,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a password or code that may be tried for ever",
        applies_to: "handler that checks passwords or codes",
        variants: &["code", "password", "mail", "account"],
        source: include_str!("mod.rs"),
    },
    run: Run::Handlers(run),
};

/// What may be tried without end.
enum Tried<'a> {
    /// A code of few values.
    Code { values: u64, made: Option<(&'a SourceFile, Extent)> },
    /// A password.
    Password,
    /// A mail to an address that the request names.
    Mail,
    /// A new account.
    Account,
    /// A new password for an account that is there.
    Change,
}

/// One thing to be tried, and where that is decided.
struct Target<'a> {
    tried: Tried<'a>,
    file: &'a SourceFile,
    place: Extent,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.web.handlers.is_empty() {
        return;
    }
    let conduct = Conduct::of(context);
    let codes = codes::generated(context);
    let mut limits = None;
    let mut seen: Vec<*const Function> = Vec::new();
    for handler in &context.web.handlers {
        if seen.contains(&std::ptr::from_ref(handler.function)) {
            continue;
        }
        seen.push(handler.function);
        let steps = conduct.of_handler(handler);
        let Some(target) = target(context, &conduct, handler, &steps, &codes) else { continue };
        report.trial();
        let limits = limits.get_or_insert_with(|| Limits::of(context, &conduct));
        if limits.stand_before(&conduct, handler, &steps) {
            continue;
        }
        let beside = limits.elsewhere(context, handler);
        say(context, handler, &target, beside, report);
    }
}

fn target<'a>(
    context: &Context<'a>,
    conduct: &Conduct<'a>,
    handler: &Handler<'a>,
    steps: &[Step<'a>],
    codes: &[codes::Code<'a>],
) -> Option<Target<'a>> {
    if matches!(handler.method.as_str(), "HEAD" | "OPTIONS") || caller::asks_here(conduct, handler) {
        return None;
    }
    let own = steps.first()?;
    let at_handler = |tried| {
        let (file, place) = place_of(context, handler, own)?;
        Some(Target { tried, file, place })
    };
    if let Some((values, made)) = codes::accepted(context, handler, steps, codes) {
        return at_handler(Tried::Code { values, made });
    }
    if let Some(step) = steps.iter().find(|step| first_check(step.source, step.function).is_some()) {
        let (file, place) = place_of(context, handler, step)?;
        return Some(Target { tried: Tried::Password, file, place });
    }
    if handler.method == "GET" {
        return None;
    }
    if steps.iter().any(|step| calls(step, &|file, expr| is_hash(file, expr))) {
        let changes = steps.iter().any(|step| keeps_password(context, step, How::Changed));
        let makes = steps
            .iter()
            .any(|step| keeps_password(context, step, How::Made) || calls(step, &|_, expr| makes_row(expr)));
        return at_handler(if changes && !makes { Tried::Change } else { Tried::Account });
    }
    // Who only may name an address in the request can have mails sent to anybody.
    let sends = steps.iter().any(|step| calls(step, &|_, expr| sends_mail(expr)));
    let named = names_address(handler, own);
    if sends && named { at_handler(Tried::Mail) } else { None }
}

fn calls(step: &Step<'_>, is_sought: &dyn Fn(&SourceFile, &Expr) -> bool) -> bool {
    let mut found = false;
    each_in_body(&step.function.body, &mut |node, _| {
        found |= node.expr().is_some_and(|expr| is_sought(step.source, expr));
        !found
    });
    found
}

/// Whether a call makes a row, whatever of: `User.create(body)`, `db.session.add(user)`, `new User(body)`.
fn makes_row(expr: &Expr) -> bool {
    let Some(name) = expr.call().and_then(|call| called_name(&call.callee)) else { return false };
    let is_somebody = name.starts_with(|c: char| c.is_ascii_uppercase())
        && has_word(name, &["user", "account", "member", "customer"]);
    is_somebody || matches!(name, "create" | "insert" | "insertOne" | "insert_one" | "add" | "build")
}

/// Whether a step keeps a password in this way.
fn keeps_password(context: &Context<'_>, step: &Step<'_>, how: How) -> bool {
    let mut values = FileValues::of(&step.source.syntax);
    let mut found = false;
    each_in_body(&step.function.body, &mut |node, around| {
        // `data["password_hash"] = ..` prepares what is made of it afterwards.
        let prepares = matches!(node, Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })
            if assign.targets.iter().any(|target| matches!(target.kind, ExprKind::Index { .. })));
        if prepares {
            return true;
        }
        found |= stored(step.source, &mut values, node, around)
            .iter()
            .any(|field| field.how == how && is_kept_password_name(&column_of(context.files, field)));
        found |= how == How::Changed
            && node.expr().and_then(Expr::call).and_then(|call| called_name(&call.callee))
                == Some("set_password");
        !found
    });
    found
}

fn is_hash(file: &SourceFile, expr: &Expr) -> bool {
    expr.call().and_then(|call| password_use(file, call)) == Some(PasswordUse::Hash)
}

/// Whether a handler reads an address out of the request.
fn names_address(handler: &Handler<'_>, own: &Step<'_>) -> bool {
    let mut found = handler
        .function
        .parameters
        .iter()
        .any(|parameter| parameter.pattern.dotted().is_some_and(|name| is_address(&name)));
    each_in_body(&own.function.body, &mut |node, _| {
        found |= node.expr().and_then(crate::facts::passwords::last_name).is_some_and(is_address);
        !found
    });
    found
}

fn is_address(name: &str) -> bool {
    words(name).iter().any(|word| matches!(word.as_str(), "email" | "mail" | "phone" | "mobile"))
}

/// Where something is decided: the name of the function, or where a function without one is registered.
fn place_of<'a>(
    context: &Context<'a>,
    handler: &Handler<'a>,
    step: &Step<'a>,
) -> Option<(&'a SourceFile, Extent)> {
    let own = std::ptr::eq(step.function, handler.function);
    if !own || !step.function.name.is_empty() {
        return Some((step.source, step.function.name_extent));
    }
    let (file, extent) = handler.registered;
    let file = context.files.get(file)?;
    Some((file, file.first_line(extent)))
}

/// What is said of a route: variant, severity, confidence and message.
fn said(
    route: &str,
    tried: &Tried<'_>,
    beside: Option<&Handler<'_>>,
) -> (&'static str, Severity, Confidence, String) {
    match tried {
        Tried::Code { values, .. } => (
            "code",
            Severity::Error,
            Confidence::High,
            format!(
                "{route} takes a code of only {} values and counts no tries: whoever sends enough requests finds a code that is pending",
                thousands(*values)
            ),
        ),
        // Whoever limits one route here leaves none to what stands in front.
        Tried::Password if let Some(other) = beside => (
            "password",
            Severity::Error,
            Confidence::High,
            format!(
                "{route} checks a password and counts no tries, where `{} {}` has a limit: passwords can be guessed for ever",
                other.method, other.path
            ),
        ),
        Tried::Password => (
            "password",
            Severity::Warning,
            Confidence::High,
            format!(
                "{route} checks a password and counts no tries: passwords can be guessed for ever, unless something in front of the service that is not in this tree stops it"
            ),
        ),
        Tried::Mail => (
            "mail",
            Severity::Warning,
            Confidence::Medium,
            format!("{route} sends a message to whatever address is named, to anybody, as often as asked"),
        ),
        Tried::Account => (
            "account",
            Severity::Note,
            Confidence::Medium,
            format!("{route} opens accounts without a limit: each costs a slow hash and a row"),
        ),
        Tried::Change => (
            "account",
            Severity::Note,
            Confidence::Medium,
            format!("{route} sets passwords without a limit: each try costs a slow hash"),
        ),
    }
}

fn say(
    context: &Context<'_>,
    handler: &Handler<'_>,
    target: &Target<'_>,
    beside: Option<&Handler<'_>>,
    report: &mut Report<'_>,
) {
    let route = format!("`{} {}`", handler.method, handler.path);
    let (variant, severity, confidence, message) = said(&route, &target.tried, beside);
    let mut draft = report
        .at(target.file, target.place, message)
        .variant(variant)
        .severity(severity)
        .confidence(confidence)
        .identified_by(format!("{} {}", handler.method, handler.path))
        .advice(advice(target.file.language));
    if let Tried::Code { made: Some((file, extent)), .. } = &target.tried {
        draft = draft.related(file, *extent, "the code is made here");
    }
    if let Some(other) = beside
        && let Some(file) = context.files.get(other.registered.0)
    {
        draft = draft.related(file, other.registered.1, "this one has a limit");
    }
    let registered = context.files.get(handler.registered.0);
    if let Some(file) = registered.filter(|file| !std::ptr::eq(*file, target.file)) {
        draft = draft.related(file, handler.registered.1, "the route that leads here");
    }
    report.add(draft);
}

/// `900000` as `900,000`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::Python => {
            "count tries for each account and each address in a store that all replicas share, and answer 429: `@limiter.limit(\"10/minute\")` of Flask-Limiter or slowapi, or a table of attempts"
        }
        Language::JavaScript | Language::TypeScript => {
            "count tries for each account and each address in a store that all replicas share, and answer 429: `express-rate-limit` or `@fastify/rate-limit` with a Redis store, or `rate-limiter-flexible`"
        }
        Language::Rust => {
            "count tries for each account and each address in a store that all replicas share, and answer 429: `tower_governor` or `actix-governor` before the route, or a table of attempts"
        }
    }
}

//! Who decides whether somebody may go on, and by what that is known: not by a name that sounds like it.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_in_body, each_in_expr};
use crate::facts::passwords::checks_password;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{
    Call, CompareOp, Expr, ExprKind, Function, Literal, LogicalOp, Stmt, StmtKind, UnaryOp,
};
use crate::facts::values::{Bound, Values, called_name, returned};
use crate::facts::words::{has_word, words};

/// Calls of a function whose callers are asked what they make of a no.
const CALLERS: usize = 100;

/// A function that is asked about who calls, or about what was sent.
pub(super) struct Asker<'a> {
    pub(super) function: &'a Function,
    /// What it is called; empty for one without a name.
    pub(super) name: String,
    /// Whether it can refuse by itself: it answers 401 or 403.
    pub(super) refuses: bool,
    /// Whether it verifies something by a call.
    verifies: bool,
}

/// What is asked about.
const SUBJECTS: &[&str] = &[
    "token",
    "signature",
    "auth",
    "authorization",
    "authentication",
    "password",
    "permission",
    "permissions",
    "access",
    "admin",
    "owner",
    "ownership",
    "role",
    "roles",
    "captcha",
    "recaptcha",
    "turnstile",
    "csrf",
    "license",
    "licence",
    "webhook",
    "hmac",
    "jwt",
    "apikey",
    "session",
    "login",
    "credentials",
    "policy",
    "scope",
    "scopes",
    "otp",
    "totp",
    "mfa",
    "sig",
    "certificate",
    "user",
    "secret",
];

/// Words that ask.
const ASKS: &[&str] = &[
    "verify",
    "validate",
    "check",
    "valid",
    "is",
    "has",
    "can",
    "require",
    "required",
    "ensure",
    "authenticate",
    "authorize",
    "enforce",
    "guard",
    "protect",
];

/// Words that ask by themselves.
const ALONE: &[&str] = &[
    "authenticate",
    "authenticated",
    "authorize",
    "authorized",
    "auth",
    "allowed",
    "permitted",
    "protect",
    "authmiddleware",
    "authguard",
];

/// Whether a text can hold a function that is asked, and that says yes somewhere: by what it may be called, and by what a yes is written with.
/// What fails or is missing is tested in too many ways (`secret === undefined`, `secret == ""`) to be asked for by a word.
pub(super) fn may_ask(text: &str) -> bool {
    static ASKED: LazyLock<Option<Regex>> =
        LazyLock::new(|| any_of(&format!("{}|{}|next", SUBJECTS.join("|"), ALONE.join("|"))));
    static SAYS_YES: LazyLock<Option<Regex>> =
        LazyLock::new(|| any_of(r"true|next\(|[(,]\s*\*|\.\.\.|admin|root|superuser|owner|staff"));
    [&ASKED, &SAYS_YES].iter().all(|words| words.as_ref().is_none_or(|words| words.is_match(text)))
}

fn any_of(words: &str) -> Option<Regex> {
    RegexBuilder::new(words).case_insensitive(true).build().ok()
}

impl<'a> Asker<'a> {
    pub(super) fn of(file: &SourceFile, function: &'a Function, around: Around<'a, '_>) -> Option<Self> {
        let name = name_of(function, around);
        let named = asks(&name);
        if !(named || name.is_empty() && takes_next(function)) {
            return None;
        }
        let verifies = verifies(&function.body) || checks_password(file, function);
        (named || verifies).then(|| Self { function, refuses: refuses(&function.body), verifies, name })
    }

    /// How a message calls it.
    pub(super) fn shown(&self) -> String {
        if self.name.is_empty() { "this middleware".to_owned() } else { format!("`{}`", self.name) }
    }

    /// Whether its yes lets somebody in. That `is_token_used` and `is_auth_required` say yes too, and close with it, no list of names can
    /// tell; so it is what refuses by itself, what hands on the outcome of verifying, what permits by its name, or that without whose yes
    /// a caller of it refuses.
    pub(super) fn lets_in(&self, context: &Context<'_>) -> bool {
        self.refuses
            || self.verifies && (self.begins(&["verify", "can"]) || answers_with_it(self.function))
            || self.permits()
            || is_needed(context, &self.name)
    }

    /// Whether it finds out who calls: what makes an account, or looks one up, is no place where somebody becomes an administrator.
    pub(super) fn identifies(&self) -> bool {
        self.refuses || self.verifies || takes_next(self.function) || has_word(&self.name, ALONE)
    }

    fn begins(&self, with: &[&str]) -> bool {
        words(&self.name).first().is_some_and(|first| with.contains(&first.as_str()))
    }

    /// `has_permission`, `isAllowed`, `authorize`: a yes to these can only be leave. A limit, which is asked the same way, counts.
    fn permits(&self) -> bool {
        let words = words(&self.name);
        let last: Vec<&str> = words.iter().rev().take(2).map(String::as_str).collect();
        let permits = matches!(
            last.as_slice(),
            ["permission" | "permissions" | "access" | "role" | "scope", "has"]
                | ["allowed" | "permitted" | "authorized" | "authenticated" | "admin" | "owner", "is"]
        );
        (permits || self.begins(&["authenticate", "authorize"])) && !counts(&self.function.body)
    }
}

fn asks(name: &str) -> bool {
    if name.len() < 4 {
        return false;
    }
    has_word(name, ALONE) || has_word(name, ASKS) && has_word(name, SUBJECTS)
}

/// The name of a function, or of what it is bound to.
fn name_of(function: &Function, around: Around<'_, '_>) -> String {
    if !function.name.is_empty() {
        return function.name.to_string();
    }
    let target = match around.last() {
        Some(Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })) => assign.targets.first(),
        Some(Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. })) => Some(&**target),
        Some(Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. })) => entries
            .iter()
            .find(
                |(_, value)| matches!(&value.kind, ExprKind::Function(own) if std::ptr::eq(&**own, function)),
            )
            .and_then(|(key, _)| key.as_ref()),
        _ => None,
    };
    target.and_then(|target| target.string().or_else(|| called_name(target))).unwrap_or_default().to_owned()
}

fn takes_next(function: &Function) -> bool {
    function.parameters.get(2).and_then(|parameter| parameter.pattern.dotted()).as_deref() == Some("next")
}

fn is_verification(call: &Call) -> bool {
    called_name(&call.callee).is_some_and(|name| {
        let lower = name.to_lowercase();
        lower.starts_with("verify")
            || lower.ends_with("verify")
            || lower == "compare_digest"
            || lower == "timingsafeequal"
    })
}

/// Whether a body verifies something by a call.
fn verifies(body: &[Stmt]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= node.expr().and_then(Expr::call).is_some_and(is_verification);
        !found
    });
    found
}

/// Whether what a function gives back is the outcome of verifying, and not its opposite: `return compare_digest(..)`,
/// `match verify(..) { Ok(valid) => valid, .. }`, `if (!verify(..)) return false`.
fn answers_with_it(function: &Function) -> bool {
    let mut found = returned(function).into_iter().any(holds_verification);
    each_in_body(&function.body, &mut |node, _| {
        found |= match node {
            Node::Stmt(Stmt { kind: StmtKind::Match { value, .. }, .. }) => holds_verification(value),
            Node::Stmt(Stmt { kind: StmtKind::If { test, then, .. }, .. }) => match &test.kind {
                ExprKind::Unary { op: UnaryOp::Not, value } => {
                    holds_verification(value) && ends_in(then, false)
                }
                _ => holds_verification(test) && ends_in(then, true),
            },
            _ => false,
        };
        !found
    });
    found
}

/// Whether a call that verifies is in an expression, and nothing turns its outcome round.
fn holds_verification(expr: &Expr) -> bool {
    let mut found = false;
    each_in_expr(expr, &mut |node, _| {
        found |= node.expr().and_then(Expr::call).is_some_and(is_verification);
        !found && !matches!(node, Node::Expr(Expr { kind: ExprKind::Unary { op: UnaryOp::Not, .. }, .. }))
    });
    found
}

/// Whether the last statement of a body gives back this.
pub(super) fn ends_in(body: &[Stmt], said: bool) -> bool {
    matches!(body.last().map(|last| &last.kind),
        Some(StmtKind::Return(Some(value)) | StmtKind::Value(value))
            if matches!(value.kind, ExprKind::Literal(Literal::Boolean(is)) if is == said))
}

/// Whether a body asks which of two is more.
fn counts(body: &[Stmt]) -> bool {
    use CompareOp::{Greater, GreaterOrEqual, Less, LessOrEqual};
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Compare { rest, .. }, .. }) = node {
            found |= rest.iter().any(|(op, _)| matches!(op, Less | LessOrEqual | Greater | GreaterOrEqual));
        }
        !found
    });
    found
}

/// Whether somebody who calls a function of this name refuses without its yes.
fn is_needed(context: &Context<'_>, name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let sites = context.defined.calls.get(last).map_or(&[][..], Vec::as_slice);
    sites.iter().take(CALLERS).any(|(_, function, call)| {
        let Some(function) = function else { return false };
        let asked = Asked { call, values: Values::of_function(function) };
        let mut found = false;
        each_in_body(&function.body, &mut |node, _| {
            if let Node::Stmt(Stmt { kind: StmtKind::If { test, then, otherwise }, .. }) = node {
                found |= asked.is_denied_by(test) && denies(then) || asked.is(test) && denies(otherwise);
            }
            !found
        });
        found
    })
}

/// The call of a function, in the function that calls it.
struct Asked<'a> {
    call: &'a Call,
    values: Values<'a>,
}

impl Asked<'_> {
    /// Whether an expression is the outcome of the call.
    fn is(&self, expr: &Expr) -> bool {
        let is_call = |expr: &Expr| {
            let expr = match &expr.kind {
                ExprKind::Await(value) => value,
                _ => expr,
            };
            expr.call().is_some_and(|call| std::ptr::eq(call, self.call))
        };
        match &expr.kind {
            ExprKind::Name(name) => self
                .values
                .bound(name)
                .iter()
                .any(|bound| matches!(bound, Bound::To(value) if is_call(value))),
            _ => is_call(expr),
        }
    }

    /// Whether a test is true when the call says no.
    fn is_denied_by(&self, test: &Expr) -> bool {
        match &test.kind {
            ExprKind::Unary { op: UnaryOp::Not, value } => self.is(value),
            ExprKind::Logical { op: LogicalOp::Or, left, right } => {
                self.is_denied_by(left) || self.is_denied_by(right)
            }
            ExprKind::Compare { left, rest } => {
                matches!(rest.as_slice(), [(CompareOp::Equal | CompareOp::StrictEqual | CompareOp::Is, right)]
                    if matches!(right.kind, ExprKind::Literal(Literal::Boolean(false))))
                    && self.is(left)
            }
            _ => false,
        }
    }
}

/// Whether a body turns somebody away: it answers 401 or 403, or raises what says so.
fn denies(body: &[Stmt]) -> bool {
    const SAYS_SO: &[&str] = &[
        "unauthorized",
        "unauthenticated",
        "forbidden",
        "denied",
        "permission",
        "auth",
        "authentication",
        "authorization",
        "credentials",
        "signature",
    ];
    let mut found = refuses(body);
    each_in_body(body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Raise { value: Some(value), .. }, .. }) = node {
            let raised = value.call().map_or(value, |call| &call.callee);
            found |= called_name(raised).is_some_and(|name| has_word(name, SAYS_SO));
        }
        !found
    });
    found
}

/// Whether a body refuses somewhere.
fn refuses(body: &[Stmt]) -> bool {
    let mut found = false;
    each_in_body(body, &mut |node, _| {
        found |= match node {
            Node::Expr(Expr { kind: ExprKind::Literal(Literal::Integer(digits)), .. }) => {
                digits == "401" || digits == "403"
            }
            Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                matches!(
                    name.as_str(),
                    "HTTP_401_UNAUTHORIZED"
                        | "HTTP_403_FORBIDDEN"
                        | "UNAUTHORIZED"
                        | "FORBIDDEN"
                        | "unauthorized"
                        | "forbidden"
                        | "abort"
                )
            }
            _ => false,
        };
        !found
    });
    found
}

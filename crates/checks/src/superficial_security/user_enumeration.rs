//! # user-enumeration
//!
//! A login that says "no such user" tells everybody who has an account: lists of addresses are tried, and what is left is worth a
//! phishing mail or a leaked password. The same is told by the clock when the slow hash is computed for known users only: a tenth of a
//! second is seen from anywhere.
//!
//! ## What is reported
//!
//! - **error**: an unknown user and a wrong password get different answers (another status, another text);
//! - **warning**: a handler that sends a mail on demand, as for a lost password, answers differently when it does not know the address;
//! - **note**: the answers are the same, and an unknown user is refused before the slow hash is computed.
//!
//! Left alone: a hash that is computed in any case (against a dummy), frameworks that see to it (Django's `authenticate`), registration
//! (a name that is taken has to be said), and handlers that only who is logged in reaches.
//!
//! ## What to do
//!
//! One answer for both, after the same work:
//!
//! ```python
//! stored = user["password"] if user else DUMMY_HASH
//! if not verify(password, stored) or user is None:
//!     return jsonify(error="wrong name or password"), 401
//! ```
//!
//! For a lost password, always answer "if there is such an account, a mail is on its way".
//!
//! Source: [CWE-204](https://cwe.mitre.org/data/definitions/204.html), [CWE-208](https://cwe.mitre.org/data/definitions/208.html); OWASP Authentication
//! Cheat Sheet, "Authentication and Error Messages".

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::absence::{absent_names, present_names, root_name};
use crate::facts::answer::{Answer, answer};
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::passwords::{PasswordUse, first_check, password_use};
use crate::facts::request::{is_of_request, sends_mail};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Extent, Function, Literal, Stmt, StmtKind};
use crate::facts::values::{Bound, Values, called_name};
use crate::facts::words::has_word;
use crate::framework::caller;
use crate::framework::conduct::{Conduct, Step};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("user-enumeration"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a login that tells who has an account",
        applies_to: "handler that checks passwords",
        variants: &["different-answer", "unknown-address", "timing"],
        source: include_str!("user_enumeration.rs"),
    },
    run: Run::Handlers(run),
};

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.web.handlers.is_empty() {
        return;
    }
    let conduct = Conduct::of(context);
    let mut seen: Vec<*const Function> = Vec::new();
    for handler in &context.web.handlers {
        let steps = conduct.of_handler(handler);
        let checking = steps.iter().find(|step| first_check(step.source, step.function).is_some());
        let mailing =
            steps.first().filter(|step| sends(step) && !matches!(handler.method.as_str(), "GET" | "HEAD"));
        let Some(step) = checking.or(mailing) else { continue };
        if seen.contains(&std::ptr::from_ref(step.function)) || caller::asks_here(&conduct, handler) {
            continue;
        }
        seen.push(step.function);
        report.trial();
        let route = format!("{} {}", handler.method, handler.path);
        match checking.and_then(|step| first_check(step.source, step.function)) {
            Some(check) => judge_login(&conduct, step, check, &route, report),
            None => judge_mail(step, &route, report),
        }
    }
}

fn sends(step: &Step<'_>) -> bool {
    let mut found = false;
    each_in_body(&step.function.body, &mut |node, _| {
        found |= node.expr().is_some_and(sends_mail);
        !found
    });
    found
}

/// What happens when nobody of that name is known.
struct Missing<'a> {
    /// The test.
    test: Extent,
    /// What is done then; nothing of its own when the test and the check of the password are one.
    then: Option<&'a [Stmt]>,
}

fn judge_login<'a>(
    conduct: &Conduct<'a>,
    step: &Step<'a>,
    check: &'a Expr,
    route: &str,
    report: &mut Report<'_>,
) {
    let file = step.source;
    let function = step.function;
    if check.call().is_some_and(|call| called_name(&call.callee) == Some("authenticate")) {
        return;
    }
    let names = looked_up(function, check);
    let Some(missing) = missing(function, check, &names) else { return };
    if missing.then.is_some_and(|then| works(file, then)) {
        return;
    }
    let unknown = missing.then.and_then(first_answer);
    let wrong = wrong_answer(function, check);
    if let (Some(unknown), Some(wrong)) = (&unknown, &wrong)
        && (unknown.status.is_none_or(|status| status >= 400))
        && differs(file, unknown, wrong)
    {
        let message = format!(
            "`{route}` answers an unknown user with {} and a wrong password with {}: anybody can try which accounts there are",
            shown(file, unknown),
            shown(file, wrong)
        );
        report.add(
            report
                .at(file, file.first_line(unknown.extent), message)
                .variant("different-answer")
                .severity(Severity::Error)
                .confidence(Confidence::High)
                .related(file, file.first_line(wrong.extent), "the answer to a wrong password")
                .advice("give both the same answer (401, \"wrong name or password\"), and compute the hash in both cases, against a fixed dummy when there is no such user"),
        );
        return;
    }
    if is_slow(conduct, step, check) {
        let message = format!(
            "an unknown user of `{route}` is refused before the slow hash is computed: how long the answer takes tells which accounts there are"
        );
        report.add(
            report
                .at(file, missing.test, message)
                .variant("timing")
                .severity(Severity::Note)
                .confidence(Confidence::High)
                .related(file, check.extent, "the hash, for known users only")
                .advice("compute the hash in both cases: check the password against a fixed dummy hash when there is no such user"),
        );
    }
}

/// Whether checking the password takes long.
fn is_slow<'a>(conduct: &Conduct<'a>, step: &Step<'a>, check: &Expr) -> bool {
    let Some(call) = check.call() else { return false };
    if password_use(step.source, call) != Some(PasswordUse::Check) {
        return false;
    }
    let calls = conduct.calls((step.file, step.function));
    let Some(called) = calls.iter().find(|called| std::ptr::eq(called.call, call)) else { return true };
    // A function of the project by such a name may compare plainly.
    conduct.steps([called.to]).iter().any(|step| {
        let mut slow = false;
        each_in_body(&step.function.body, &mut |node, _| {
            slow |= node
                .expr()
                .and_then(Expr::call)
                .is_some_and(|call| password_use(step.source, call).is_some());
            !slow
        });
        slow
    })
}

/// The names that hold what was looked up: whatever the check compares with that is not of the request.
fn looked_up<'a>(function: &'a Function, check: &'a Expr) -> Vec<&'a str> {
    let mut all = vec![Values::of_function(function)];
    each_in_body(&function.body, &mut |node, _| {
        all.extend(node.function().map(Values::of_function));
        true
    });
    let mut names: Vec<&'a str> = Vec::new();
    each_in_expr(check, &mut |node, _| {
        if let Node::Expr(Expr { kind: ExprKind::Name(name), .. }) = node {
            names.push(name);
        }
        true
    });
    let mut at = 0;
    while let Some(name) = names.get(at).copied() {
        for bound in all.iter().flat_map(|values| values.bound(name)) {
            if let Bound::To(value) | Bound::PartOf(value) = bound
                && let Some(root) = root_name(value)
                && !names.contains(&root)
                && names.len() < 32
            {
                names.push(root);
            }
        }
        at += 1;
    }
    let mut given: Vec<&str> = Vec::new();
    for parameter in &function.parameters {
        each_in_expr(&parameter.pattern, &mut |node, _| {
            if let Node::Expr(Expr { kind: ExprKind::Name(name), .. }) = node {
                given.push(name);
            }
            true
        });
    }
    names.retain(|name| {
        let values = all.iter().flat_map(|values| values.bound(name));
        let mut values = values.filter_map(|bound| match bound {
            Bound::To(value) | Bound::PartOf(value) => Some(*value),
            _ => None,
        });
        let is_parameter = |name: &str| given.contains(&name);
        // `const password = payload.password?.trim()` is what the caller of this function brought.
        let brought = |value: &Expr| is_of_request(value) || root_name(value).is_some_and(is_parameter);
        let finds = |value: &Expr| {
            is_lookup(value) && !(is_field(value) && root_name(value).is_some_and(is_parameter))
        };
        !is_parameter(name) && !values.any(|value| brought(value) && !finds(value))
    });
    names
}

/// `payload.password`, `payload["password"]`.
fn is_field(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Await(value) | ExprKind::Cast { value, .. } => is_field(value),
        kind => matches!(kind, ExprKind::Member { .. } | ExprKind::Index { .. }),
    }
}

/// A call that looks something up may be given what the request brought.
fn is_lookup(value: &Expr) -> bool {
    const LOOKS: &[&str] = &[
        "get",
        "find",
        "findone",
        "findunique",
        "findfirst",
        "first",
        "query",
        "execute",
        "fetchone",
        "fetch",
        "select",
        "filter",
        "scalar",
        "one",
        "user",
        "load",
        "lookup",
        "by",
        "row",
        "fetchrow",
        "all",
        "scalars",
        "prepare",
        "where",
        "db",
        "run",
    ];
    let value = match &value.kind {
        ExprKind::Await(value) | ExprKind::Cast { value, .. } => value,
        _ => value,
    };
    let Some(call) = value.call() else {
        return matches!(
            &value.kind,
            ExprKind::Conditional { .. } | ExprKind::Index { .. } | ExprKind::Member { .. }
        ) && root_name(value).is_some_and(|name| !is_of_request_name(name));
    };
    // `data.get("password")` reads the request; `db.get(name)` does not.
    let of_request = root_name(value).is_some_and(is_of_request_name);
    !of_request
        && called_name(&call.callee)
            .is_some_and(|name| has_word(name, LOOKS) || LOOKS.contains(&name.to_lowercase().as_str()))
}

fn is_of_request_name(name: &str) -> bool {
    matches!(name, "request" | "req" | "data" | "body" | "payload" | "form" | "params" | "json")
}

/// Where it is tested whether somebody is known, when that keeps the hash from being computed.
fn missing<'a>(function: &'a Function, check: &'a Expr, names: &[&str]) -> Option<Missing<'a>> {
    let mut found = None;
    each_in_body(&function.body, &mut |node, around| {
        if found.is_some() {
            return false;
        }
        match node {
            // `not user or not check(..)`, `user and check(..)`.
            Node::Expr(Expr { kind: ExprKind::Logical { left, right, .. }, extent })
                if holds(right.extent, check.extent) =>
            {
                let tests: Vec<&str> = absent_names(left).into_iter().chain(present_names(left)).collect();
                if tests.iter().any(|name| names.contains(name)) {
                    found = Some(Missing { test: *extent, then: None });
                }
            }
            Node::Expr(Expr { kind: ExprKind::Conditional { test, then, .. }, .. })
                if holds(then.extent, check.extent)
                    && present_names(test).iter().any(|name| names.contains(name)) =>
            {
                found = Some(Missing { test: test.extent, then: None });
            }
            Node::Stmt(Stmt { kind: StmtKind::If { test, then, otherwise }, extent }) => {
                let first = |body: &[Stmt]| {
                    body.first()
                        .zip(body.last())
                        .map(|(first, last)| Extent { start: first.extent.start, end: last.extent.end })
                };
                let within = |body: &'a [Stmt]| first(body).is_some_and(|extent| holds(extent, check.extent));
                let is_absent = absent_names(test).iter().any(|name| names.contains(name));
                let is_present = present_names(test).iter().any(|name| names.contains(name));
                let before = extent.end <= check.extent.start && leaves(then) && is_around(around, check);
                if is_absent && !holds(test.extent, check.extent) && (before || within(otherwise)) {
                    found = Some(Missing { test: test.extent, then: Some(then) });
                } else if is_present && within(then) {
                    found = Some(Missing {
                        test: test.extent,
                        then: (!otherwise.is_empty()).then_some(otherwise),
                    });
                }
            }
            _ => {}
        }
        true
    });
    found
}

fn holds(outer: Extent, inner: Extent) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Whether everything around a statement is around the check too: the statement comes before it on every way there.
fn is_around(around: &[Node<'_>], check: &Expr) -> bool {
    around.iter().all(|node| {
        let extent = match node {
            Node::Stmt(stmt) => stmt.extent,
            Node::Expr(expr) => expr.extent,
            Node::Handler(handler) => handler.extent,
        };
        holds(extent, check.extent)
    })
}

/// Whether a body leaves the function.
fn leaves(body: &[Stmt]) -> bool {
    let mut leaves = false;
    each_in_body(body, &mut |node, _| {
        leaves |= matches!(node, Node::Stmt(Stmt { kind: StmtKind::Return(_) | StmtKind::Raise { .. }, .. }));
        !leaves && node.function().is_none()
    });
    leaves
        || body
            .iter()
            .any(|stmt| matches!(&stmt.kind, StmtKind::Expr(expr) if answer(Node::Expr(expr)).is_some()))
}

/// Whether a body computes a hash, or does other work in its place.
fn works(file: &SourceFile, body: &[Stmt]) -> bool {
    let mut works = false;
    each_in_body(body, &mut |node, _| {
        if let Some(call) = node.expr().and_then(Expr::call) {
            let name = called_name(&call.callee).unwrap_or_default();
            works |= password_use(file, call).is_some()
                || has_word(name, &["dummy", "fake", "burn", "waste", "hash"]);
        }
        !works
    });
    works
}

fn first_answer(body: &[Stmt]) -> Option<Answer<'_>> {
    let mut found = None;
    each_in_body(body, &mut |node, _| {
        if found.is_none() {
            found = answer(node);
        }
        found.is_none()
    });
    found
}

/// What a wrong password is answered with.
fn wrong_answer<'a>(function: &'a Function, check: &'a Expr) -> Option<Answer<'a>> {
    let mut results: Vec<&str> = Vec::new();
    if let Some(Expr { kind: ExprKind::Function(callback), .. }) =
        check.call().and_then(|call| call.arguments.last()).map(|given| &given.value)
    {
        // `bcrypt.compare(password, hash, (error, ok) => ..)`.
        results.extend(callback.parameters.last().and_then(|parameter| root_name(&parameter.pattern)));
    }
    let mut found = None;
    each_in_body(&function.body, &mut |node, around| {
        if found.is_some() {
            return false;
        }
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. })
                if assign.value.as_ref().is_some_and(|value| holds(value.extent, check.extent)) =>
            {
                results.extend(assign.targets.iter().filter_map(root_name));
            }
            Node::Stmt(stmt @ Stmt { kind: StmtKind::If { test, then, otherwise }, .. }) => {
                let here = holds(test.extent, check.extent);
                let negative = here && is_negated(test, check)
                    || absent_names(test).iter().any(|name| results.contains(name));
                let positive =
                    here && !negative || present_names(test).iter().any(|name| results.contains(name));
                if negative {
                    found = first_answer(then);
                } else if positive {
                    found = first_answer(otherwise).or_else(|| after(function, around, stmt));
                }
            }
            // `try: ph.verify(..) except VerifyMismatchError: raise ..`.
            Node::Stmt(Stmt { kind: StmtKind::Try(tried), .. }) => {
                let within = tried.body.first().zip(tried.body.last()).is_some_and(|(first, last)| {
                    holds(Extent { start: first.extent.start, end: last.extent.end }, check.extent)
                });
                if within
                    && tried.handlers.iter().any(|handler| handler.caught.as_ref().is_some_and(says_mismatch))
                {
                    found = tried.handlers.first().and_then(|handler| first_answer(&handler.body));
                }
            }
            _ => {}
        }
        true
    });
    found
}

fn says_mismatch(caught: &Expr) -> bool {
    let mut found = false;
    each_in_expr(caught, &mut |node, _| {
        found |= matches!(node, Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. })
            if has_word(name, &["mismatch", "verification", "invalid", "password"]));
        !found
    });
    found
}

/// The first answer in what follows a statement.
fn after<'a>(function: &'a Function, around: &[Node<'a>], stmt: &Stmt) -> Option<Answer<'a>> {
    let bodies = around.iter().rev().filter_map(|node| match node {
        Node::Stmt(Stmt { kind: StmtKind::If { then, .. }, .. }) => Some(then.as_slice()),
        _ => node.function().map(|function| function.body.as_slice()),
    });
    let mut bodies = bodies.chain(std::iter::once(function.body.as_slice()));
    bodies.find_map(|body| {
        let mut later = body.iter().filter(|other| other.extent.start >= stmt.extent.end);
        later.find_map(|other| first_answer(std::slice::from_ref(other)))
    })
}

/// Whether a test is true when the check fails.
fn is_negated(test: &Expr, check: &Expr) -> bool {
    let mut negated = false;
    each_in_expr(test, &mut |node, _| {
        if let Node::Expr(Expr {
            kind: ExprKind::Unary { op: crate::facts::syntax::UnaryOp::Not, value },
            ..
        }) = node
        {
            negated |= holds(value.extent, check.extent);
        }
        true
    });
    let differs = |expr: &Expr| {
        matches!(&expr.kind, ExprKind::Compare { rest, .. } if rest.iter().any(|(op, right)| {
            use crate::facts::syntax::CompareOp::{Equal, NotEqual, StrictEqual, StrictNotEqual, Is};
            let is_false = matches!(right.kind, ExprKind::Literal(Literal::Boolean(false)));
            matches!(op, NotEqual | StrictNotEqual) || is_false && matches!(op, Equal | StrictEqual | Is)
        }))
    };
    negated || differs(check) || differs(test)
}

fn differs(file: &SourceFile, one: &Answer<'_>, other: &Answer<'_>) -> bool {
    let content = |answer: &Answer<'_>| -> Vec<String> {
        let texts = answer.content.iter().map(|value| file.text_of(value.extent));
        texts.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    one.status != other.status || content(one) != content(other)
}

/// An answer as a message has it: `404 "User not found"`.
fn shown(file: &SourceFile, answer: &Answer<'_>) -> String {
    let mut text = None;
    for value in &answer.content {
        each_in_expr(value, &mut |node, around| {
            let is_key = matches!(around.last(), Some(Node::Expr(Expr { kind: ExprKind::Record { entries, .. }, .. }))
                if entries.iter().any(|(key, _)| key.as_ref().is_some_and(|key| node.expr().is_some_and(|expr| std::ptr::eq(key, expr)))));
            if let Some(said) = node.expr().and_then(Expr::string)
                && !is_key
                && text.is_none()
            {
                text = Some(said.to_owned());
            }
            true
        });
    }
    let text = text.map(|text| format!("\"{}\"", text.chars().take(60).collect::<String>()));
    match (answer.status, text) {
        (Some(status), Some(text)) => format!("{status} {text}"),
        (Some(status), None) => status.to_string(),
        (None, Some(text)) => text,
        (None, None) => format!("`{}`", file.text_of(file.first_line(answer.extent))),
    }
}

/// A handler that sends a mail on demand and says when it does not know the address.
fn judge_mail(step: &Step<'_>, route: &str, report: &mut Report<'_>) {
    let file = step.source;
    let values = Values::of_function(step.function);
    let mut mails = Vec::new();
    each_in_body(&step.function.body, &mut |node, _| {
        mails.extend(node.expr().filter(|expr| sends_mail(expr)).map(|expr| expr.extent));
        true
    });
    let mut found = None;
    each_in_body(&step.function.body, &mut |node, _| {
        let Node::Stmt(Stmt { kind: StmtKind::If { test, then, .. }, extent }) = node else {
            return found.is_none();
        };
        let looked_up = |name: &&str| {
            values
                .bound(name)
                .iter()
                .any(|bound| matches!(bound, Bound::To(value) if is_lookup(value) && names_address(value)))
        };
        let answered = first_answer(then).filter(Answer::blames_caller);
        if let Some(answered) = answered
            && found.is_none()
            && absent_names(test).iter().any(looked_up)
            && mails.iter().any(|mail| mail.start >= extent.end)
        {
            found = Some(answered);
        }
        found.is_none()
    });
    let Some(answered) = found else { return };
    let message = format!(
        "`{route}` answers {} when it does not know the address, and sends a mail when it does: anybody can try which addresses are customers",
        shown(file, &answered)
    );
    report.add(
        report
            .at(file, file.first_line(answered.extent), message)
            .variant("unknown-address")
            .severity(Severity::Warning)
            .confidence(Confidence::High)
            .advice("answer the same in both cases (\"if there is an account, a mail is on its way\"), and send the mail afterwards, in the background"),
    );
}

fn names_address(value: &Expr) -> bool {
    let mut found = false;
    each_in_expr(value, &mut |node, _| {
        found |= matches!(node, Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) if has_word(name, &["email", "mail", "phone"]))
            || node
                .expr()
                .and_then(Expr::string)
                .is_some_and(|text| text.len() < 300 && has_word(text, &["email", "mail", "phone"]));
        !found
    });
    found
}

//! # per-connection-limit
//!
//! A limit of tries counts by something that whoever is to be limited gets anew for nothing: the connection, its port, or a limiter that is made for each
//! request. The count never gets far: a program that guesses opens a connection for each guess. In tests, which send everything over one
//! connection, it works.
//!
//! ## What is reported
//!
//! - **error**: a limiter (`express-rate-limit`, `express-slow-down`, `rate-limiter-flexible`) that is made inside the function that answers a request or
//!   stands before it: each request meets a fresh one;
//! - **error**: counts that are kept under the port of the caller (`req.socket.remotePort`, `request.client.port`, the whole `client_address`, which is address
//!   and port), also as the `keyGenerator` of a limiter;
//! - **warning**: counts of tries in a variable of the connection: `let attempts = 0` where a socket is accepted, a field of the object that
//!   `http.server` makes for each connection.
//!
//! Left alone: limits by address, account or key, limiters that are made once and used by all requests or count in a store that is handed to them (`store`, `storeClient`), and what a connection may count of itself (messages,
//! bytes).
//!
//! ## What to do
//!
//! Make the limiter once, at the top, and count by the account **and** by the address (`req.ip` with `trust proxy` set, `self.client_address[0]`), in a store that all
//! replicas share.
//!
//! Source: [CWE-307](https://cwe.mitre.org/data/definitions/307.html); [express-rate-limit](https://express-rate-limit.mintlify.app/reference/configuration), the limiter keeps
//! its own store.

use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::absence::root_name;
use crate::facts::nodes::{Around, Node, each_in_body, each_in_expr, each_node};
use crate::facts::plain_text::is_example;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Assign, Call, Expr, ExprKind, Extent, Function, Stmt, StmtKind};
use crate::facts::values::{Bound, Values, called_name, entry};
use crate::facts::words::has_word;
use crate::language::Language;
use crate::process::kind::{Kind, kind};
use crate::process::miss::is_after_miss;
use crate::process::{Reached, Variable, What, takes_request};
use crate::registry::{Check, Meta, Run};
use crate::report::Report;

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("per-connection-limit"),
        version: 1,
        failure_mode: FailureMode::CompoundingError,
        need: Need::Required,
        title: "a limit that a new connection gets around",
        applies_to: "limit of tries or requests",
        variants: &["made-anew", "port", "variable"],
        source: include_str!("per_connection_limit.rs"),
    },
    run: Run::Project(run),
};

const LIBRARIES: &[&str] =
    &["express-rate-limit", "express-slow-down", "rate-limiter-flexible", "@fastify/rate-limit"];
/// Words of counts of tries.
const TRIES: &[&str] = &["attempt", "attempts", "tries", "failures", "failed", "guesses"];

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    if context.web.handlers.is_empty() {
        return;
    }
    for one in &context.process.reached {
        let Some(file) = context.files.get(one.file).filter(|file| !file.is_test && !is_example(&file.path))
        else {
            continue;
        };
        made_anew(file, one, report);
    }
    for variable in context.process.variables.iter().filter(|one| kind(context, one) == Kind::Limiter) {
        by_port(context, variable, report);
    }
    for file in context.files.iter().filter(|file| !file.is_test && !is_example(&file.path)) {
        match file.language {
            Language::JavaScript | Language::TypeScript => scripts(file, report),
            Language::Python if file.imports.iter().any(|fact| is_server(&fact.import.module)) => {
                python(file, report);
            }
            _ => {}
        }
    }
}

fn is_server(module: &str) -> bool {
    matches!(module, "http.server" | "socketserver")
}

/// What the libraries of limiters are called in a file.
fn limiters(file: &SourceFile) -> Vec<&str> {
    let facts = file.imports.iter().filter(|fact| LIBRARIES.contains(&fact.import.module.as_str()));
    facts
        .flat_map(|fact| {
            let names =
                fact.import.names.iter().map(|name| name.alias.as_ref().unwrap_or(&name.name).as_str());
            names.chain(fact.import.alias.as_deref())
        })
        .collect()
}

/// A limiter that is made where a request is answered.
fn made_anew(file: &SourceFile, one: &Reached<'_>, report: &mut Report<'_>) {
    let names = limiters(file);
    if names.is_empty() {
        return;
    }
    each_in_body(&one.function.body, &mut |node, around| {
        let Node::Expr(expr @ Expr { kind: ExprKind::Call(call), .. }) = node else { return true };
        let is_limiter = matches!(&call.callee.kind, ExprKind::Name(name) if names.contains(&name.as_str()));
        let innermost = around.iter().rev().find_map(|node| node.function()).unwrap_or(one.function);
        // A function that makes limiters for routes is called once for each route.
        if !is_limiter || !takes_request(innermost) {
            return true;
        }
        report.trial();
        let is_kept = holder(around).is_some_and(|holder| is_after_miss(innermost, holder, expr.extent));
        if is_kept || counts_elsewhere(file, innermost, call) {
            return true;
        }
        let message = format!(
            "the limiter of {} {} is made anew for each request: it never counts further than one",
            one.handler.method, one.handler.path
        );
        let name = callee_extent(expr.extent, call);
        report.add(
            report
                .at(file, name, message)
                .variant("made-anew")
                .severity(Severity::Error)
                .confidence(Confidence::High)
                .advice("make it once at the top of the file (`const limiter = rateLimit({ .. })`) and hand that to the routes"),
        );
        true
    });
}

/// What a value is put into: `limiters` of `limiters[plan] ||= ..` and of `limiters.set(plan, ..)`.
fn holder<'a>(around: Around<'a, '_>) -> Option<&'a str> {
    around.iter().rev().find_map(|node| match node {
        Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => root_name(target),
        Node::Expr(Expr { kind: ExprKind::Call(call), .. }) if called_name(&call.callee) == Some("set") => {
            root_name(&call.callee)
        }
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => assign.targets.first().and_then(root_name),
        _ => None,
    })
}

/// Whether a limiter is handed the store in which it counts: that one outlives it.
fn counts_elsewhere(file: &SourceFile, function: &Function, call: &Call) -> bool {
    let top = Values::of_body(&file.syntax.body);
    call.arguments.iter().any(|given| {
        let at_top = match &given.value.kind {
            ExprKind::Name(name) => top.bound(name).iter().find_map(|bound| match bound {
                Bound::To(value) => Some(*value),
                _ => None,
            }),
            _ => None,
        };
        let options = bound_to(function, &given.value).or(at_top).unwrap_or(&given.value);
        entry(options, "store").or_else(|| entry(options, "storeClient")).is_some()
    })
}

fn callee_extent(whole: Extent, call: &Call) -> Extent {
    Extent { start: whole.start, end: call.callee.extent.end }
}

/// Counts under the caller's port.
fn by_port(context: &Context<'_>, variable: &Variable<'_>, report: &mut Report<'_>) {
    let mut said = false;
    for one in &variable.uses {
        let (What::Adds { key: Some(key), .. }, Some(file)) = (one.what, context.files.get(one.file)) else {
            continue;
        };
        if !said {
            report.trial();
        }
        let value = bound_to(one.function, key);
        let parts = std::iter::once(key).chain(value);
        let Some(what) = parts.into_iter().find_map(port).filter(|_| !said && !file.is_test) else {
            continue;
        };
        said = true;
        say_port(file, key.extent, &format!("`{}`", variable.name), what, report);
    }
}

fn say_port(file: &SourceFile, extent: Extent, counts: &str, what: &str, report: &mut Report<'_>) {
    let message = format!(
        "{counts} counts by {what}, and each new connection has another: whoever opens one for each try is never refused"
    );
    report.add(
        report
            .at(file, extent, message)
            .variant("port")
            .severity(Severity::Error)
            .confidence(Confidence::High)
            .advice("count by the account and by the address alone (`req.ip`, `request.remote_addr`, `self.client_address[0]`)"),
    );
}

/// What a name is bound to in a function.
fn bound_to<'a>(function: &'a Function, key: &Expr) -> Option<&'a Expr> {
    let ExprKind::Name(name) = &key.kind else { return None };
    let mut found = None;
    each_in_body(&function.body, &mut |node, _| {
        if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node
            && assign.targets.iter().any(|target| matches!(&target.kind, ExprKind::Name(own) if own == name))
        {
            found = found.or(assign.value.as_ref());
        }
        found.is_none()
    });
    found
}

/// The port of the caller in an expression.
fn port(expr: &Expr) -> Option<&'static str> {
    let mut found = None;
    each_in_expr(expr, &mut |node, around| {
        let Node::Expr(inner) = node else { return true };
        let here = match &inner.kind {
            ExprKind::Member { name, .. } if name == "remotePort" => Some("the caller's port"),
            ExprKind::Member { object, name, .. } if name == "port" => {
                let of_client = matches!(called_name(object), Some("client" | "remote" | "peer"));
                of_client.then_some("the caller's port")
            }
            ExprKind::Member { name, .. } if name == "client_address" => {
                // `self.client_address[0]` is the address alone.
                let indexed =
                    matches!(around.last(), Some(Node::Expr(Expr { kind: ExprKind::Index { .. }, .. })));
                (!indexed).then_some("the caller's address and port")
            }
            _ if inner.string() == Some("REMOTE_PORT") => Some("the caller's port"),
            _ => None,
        };
        found = found.or(here);
        found.is_none()
    });
    found
}

/// The keys of limiters, and counts where sockets are accepted.
fn scripts(file: &SourceFile, report: &mut Report<'_>) {
    let limits = file.text.contains("keyGenerator");
    let sockets = file.text.contains("\"connection\"") || file.text.contains("'connection'");
    if !limits && !sockets {
        return;
    }
    each_node(&file.syntax, &mut |node, _| {
        let Node::Expr(Expr { kind: ExprKind::Call(call), .. }) = node else { return true };
        for argument in &call.arguments {
            let Some(key) = entry(&argument.value, "keyGenerator") else { continue };
            report.trial();
            if let Some(what) = port(key) {
                say_port(file, key.extent, "the limiter", what, report);
            }
        }
        let accepted = matches!(called_name(&call.callee), Some("on" | "addListener"))
            && call.arguments.first().is_some_and(|first| first.value.string() == Some("connection"));
        if let Some(Expr { kind: ExprKind::Function(function), .. }) =
            call.arguments.get(1).map(|argument| &argument.value).filter(|_| accepted)
        {
            for stmt in &function.body {
                if let StmtKind::Assign(assign) = &stmt.kind {
                    of_connection(file, stmt.extent, assign, report);
                }
            }
        }
        true
    });
}

/// `self.attempts = 0` of a class whose objects `http.server` makes, one for each connection.
fn python(file: &SourceFile, report: &mut Report<'_>) {
    each_node(&file.syntax, &mut |node, _| {
        let Some(class) = node.class() else { return true };
        let is_one = class
            .bases
            .iter()
            .any(|base| called_name(&base.value).is_some_and(|name| name.ends_with("RequestHandler")));
        if is_one {
            each_in_body(&class.body, &mut |node, around| {
                if let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) = node
                    && around.iter().any(|node| node.function().is_some())
                    && assign.op.is_none()
                    && matches!(
                        assign.targets.first().map(|target| &target.kind),
                        Some(ExprKind::Member { .. })
                    )
                {
                    of_connection(file, *extent, assign, report);
                }
                true
            });
        }
        !is_one
    });
}

fn of_connection(file: &SourceFile, extent: Extent, assign: &Assign, report: &mut Report<'_>) {
    let Some(name) = assign.targets.first().and_then(called_name).filter(|name| has_word(name, TRIES)) else {
        return;
    };
    let is_zero = assign.value.as_ref().is_some_and(|value| file.text_of(value.extent).trim() == "0");
    if !is_zero {
        return;
    }
    report.trial();
    let message =
        format!("`{name}` is counted for one connection only: whoever opens another begins at nought again");
    report.add(
        report
            .at(file, extent, message)
            .variant("variable")
            .severity(Severity::Warning)
            .confidence(Confidence::High)
            .advice("count tries by the account and by the address, where all connections and replicas look"),
    );
}

//! What is said when the secret to verify with is not configured.

use seaworthy_core::{Confidence, Severity};

use super::asker::Asker;
use super::{Open, says_yes};
use crate::context::Context;
use crate::facts::environment::{is_variable_name, variable};
use crate::facts::nodes::{Node, each_in_body, each_in_expr};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind, Stmt, StmtKind, UnaryOp};
use crate::facts::values::{Bound, Values, called_name};
use crate::facts::words::has_word;
use crate::superficial_security::fallback_secret::refusal::{is_demanded, tells_environments_apart};

pub(super) fn judge(context: &Context<'_>, file: &SourceFile, asker: &Asker<'_>, found: &mut Vec<Open>) {
    let values = Values::of_function(asker.function);
    each_in_body(&asker.function.body, &mut |node, _| {
        let Node::Stmt(Stmt { kind: StmtKind::If { test, then, .. }, extent }) = node else { return true };
        if let Some(name) = missing(file, &values, test)
            && says_yes(asker, then).is_some()
            && !tells_environments_apart(test)
            && !is_demanded(context, &[name.as_str()])
        {
            found.push(Open {
                extent: file.first_line(*extent),
                variant: "unconfigured",
                severity: Severity::Error,
                confidence: Confidence::High,
                message: format!("{} lets everybody through when `{name}` is not set: one deployment without it is open, and nothing says so", asker.shown()),
                advice: "stop at the start when it is missing; where development needs a way without it, ask for that by name (`ALLOW_UNSIGNED=1`)",
            });
        }
        true
    });
}

/// The setting that is missing when a test is true: the whole of the test, or each part of a choice.
fn missing(file: &SourceFile, values: &Values<'_>, test: &Expr) -> Option<String> {
    let of = match &test.kind {
        ExprKind::Unary { op: UnaryOp::Not, value } => value,
        ExprKind::Compare { left, rest } => {
            let [(op, right)] = rest.as_slice() else { return None };
            use crate::facts::syntax::CompareOp::{Equal, Is, StrictEqual};
            let nothing = matches!(&right.kind, ExprKind::Literal(crate::facts::syntax::Literal::Null))
                || right.string() == Some("")
                || matches!(&right.kind, ExprKind::Name(name) if name == "undefined");
            if !matches!(op, Equal | Is | StrictEqual) || !nothing {
                return None;
            }
            left
        }
        ExprKind::Call(call) if called_name(&call.callee) == Some("is_empty") => match &call.callee.kind {
            ExprKind::Member { object, .. } => object,
            _ => return None,
        },
        _ => return None,
    };
    setting(file, values, of)
}

/// The name of a secret of the configuration.
fn setting(file: &SourceFile, values: &Values<'_>, of: &Expr) -> Option<String> {
    let secret = |name: &str| {
        has_word(
            name,
            &[
                "secret",
                "key",
                "keys",
                "token",
                "tokens",
                "password",
                "auth",
                "apikey",
                "credentials",
                "signing",
                "hmac",
                "jwt",
            ],
        )
    };
    if let Some(read) = variable(file, of) {
        return secret(read.name).then(|| read.name.to_owned());
    }
    match &of.kind {
        ExprKind::Name(name) => {
            let bound = values.bound(name);
            if bound.is_empty() {
                return (is_variable_name(name) && secret(name)).then(|| name.to_string());
            }
            // `secret = os.environ.get("SECRET")`, and not what the caller sent.
            let mut found = None;
            for bound in bound {
                let Bound::To(value) = bound else { return None };
                let read = variable(file, value).map(|read| read.name.to_owned());
                found = Some(read.or_else(|| of_settings(value, &secret))?);
            }
            found.filter(|name| secret(name))
        }
        _ => of_settings(of, &secret),
    }
}

/// `settings.WEBHOOK_SECRET`, `config.apiKey`, `current_app.config["KEY"]`.
fn of_settings(of: &Expr, secret: &dyn Fn(&str) -> bool) -> Option<String> {
    let (object, name) = match &of.kind {
        ExprKind::Member { object, name, .. } => (object, name.as_str()),
        ExprKind::Index { object, index } => (object, index.string()?),
        ExprKind::Call(call) if called_name(&call.callee) == Some("get") => match &call.callee.kind {
            ExprKind::Member { object, .. } => (object, call.arguments.first()?.value.string()?),
            _ => return None,
        },
        _ => return None,
    };
    let mut of_configuration = false;
    each_in_expr(object, &mut |node, _| {
        of_configuration |= node.expr().and_then(called_name).is_some_and(|name| {
            has_word(
                name,
                &["config", "settings", "env", "environ", "conf", "configuration", "options", "opts"],
            )
        });
        !of_configuration
    });
    (of_configuration && secret(name)).then(|| name.to_owned())
}

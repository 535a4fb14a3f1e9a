//! Whether a cookie says who is calling.

use crate::context::Context;
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{CompareOp, Expr, ExprKind, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::framework::conduct::Step;
use crate::framework::web::Handler;
use crate::superficial_security::insecure_cookie::{Kind, is_key_of_login};

/// Whether the handler or something before it takes who is calling from a cookie.
pub(super) fn by_cookie(context: &Context<'_>, handler: &Handler<'_>, steps: &[Step<'_>]) -> bool {
    let of_extension = handler.guards.iter().any(|guard| {
        let expr = guard.expr.call().map_or(guard.expr, |call| &call.callee);
        let path = context.files.get(guard.file).and_then(|file| file.resolve(expr)).unwrap_or_default();
        path == "flask_login.login_required" || path == "aiohttp_security.check_authorized"
    });
    of_extension || takes_cookie(handler) || steps.iter().any(reads)
}

/// FastAPI's `session_id: str = Cookie()`.
fn takes_cookie(handler: &Handler<'_>) -> bool {
    handler.function.parameters.iter().any(|parameter| {
        let is_cookie =
            |expr: &Expr| expr.call().and_then(|call| called_name(&call.callee)) == Some("Cookie");
        let mut found = parameter.default.as_ref().is_some_and(is_cookie);
        if let Some(annotation) = &parameter.annotation {
            crate::facts::nodes::each_in_expr(annotation, &mut |node, _| {
                found |= node.expr().is_some_and(is_cookie);
                !found
            });
        }
        found && parameter.pattern.dotted().is_some_and(|name| Kind::of_name(&name) == Kind::Login)
    })
}

/// Whether a function reads who is calling out of a cookie or a session that a cookie names.
fn reads(step: &Step<'_>) -> bool {
    let mut found = step.function.parameters.iter().any(|parameter| {
        parameter.default.as_ref().and_then(Expr::call).and_then(|call| called_name(&call.callee))
            == Some("Cookie")
            && parameter.pattern.dotted().is_some_and(|name| Kind::of_name(&name) == Kind::Login)
    });
    let mut written: Vec<*const Expr> = Vec::new();
    each_in_body(&step.function.body, &mut |node, _| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                written.extend(assign.targets.iter().map(std::ptr::from_ref));
            }
            Node::Expr(Expr { kind: ExprKind::Assign { target, .. }, .. }) => {
                written.push(std::ptr::from_ref(&**target));
            }
            _ => {}
        }
        let Some(expr) = node.expr() else { return !found };
        if written.contains(&std::ptr::from_ref(expr)) {
            return false;
        }
        found |= is_read(step.source, expr);
        !found
    });
    found
}

fn is_read(file: &SourceFile, expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Index { object, index } => index.string().is_some_and(|key| is_of(file, object, key)),
        ExprKind::Member { object, name, .. } => {
            is_of(file, object, name) || name == "cookie" && is_headers(object)
        }
        ExprKind::Call(call) => {
            let path = file.resolve(&call.callee).unwrap_or_default();
            if path == "aiohttp_session.get_session" {
                return true;
            }
            let ExprKind::Member { object, name, .. } = &call.callee.kind else { return false };
            let key = call.arguments.first().and_then(|given| given.value.string());
            name == "isAuthenticated" && matches!(called_name(object), Some("req" | "request"))
                || matches!(name.as_str(), "get" | "pop")
                    && key.is_some_and(|key| {
                        is_of(file, object, key) || key.eq_ignore_ascii_case("cookie") && is_headers(object)
                    })
        }
        // `"user_id" in session`.
        ExprKind::Compare { left, rest } => rest.iter().any(|(op, right)| {
            matches!(op, CompareOp::In | CompareOp::NotIn)
                && left.string().is_some_and(|key| is_of(file, right, key))
        }),
        ExprKind::Name(_) => file.resolve(expr).as_deref() == Some("flask_login.current_user"),
        _ => false,
    }
}

/// Whether a key of an object says who is calling: `session["user_id"]`, `req.cookies.token`.
fn is_of(file: &SourceFile, object: &Expr, key: &str) -> bool {
    let path = file.resolve(object).or_else(|| object.dotted()).unwrap_or_default();
    if path == "flask.session" {
        return is_key_of_login(key);
    }
    let Some((of, part)) = path.rsplit_once('.') else { return false };
    let of = of.rsplit('.').next().unwrap_or_default();
    matches!(of, "req" | "request" | "ctx")
        && match part {
            "session" => is_key_of_login(key) || matches!(key, "passport"),
            "cookies" | "signedCookies" => Kind::of_name(key) == Kind::Login,
            _ => false,
        }
}

fn is_headers(object: &Expr) -> bool {
    object
        .dotted()
        .is_some_and(|path| matches!(path.as_str(), "self.headers" | "req.headers" | "request.headers"))
}

//! Cookies that a framework sets for its own sessions: what its defaults leave out, and what the project's settings add.

use super::{Attribute, Cookie, Kind, Place, is_judged};
use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Literal, Stmt, StmtKind};
use crate::facts::values::{FileValues, called_name, entry, keyword};
use crate::facts::words::has_word;
use crate::language::Language;
use crate::superficial_security::fallback_secret::refusal::{is_for_development, is_of_one_environment};

/// A cookie, the file that it is set in, and where the session becomes a login when that is elsewhere.
type Found<'a> = (&'a SourceFile, Cookie, Option<Place<'a>>);

/// The sessions of frameworks.
pub(super) fn cookies<'a>(context: &Context<'a>) -> Vec<Found<'a>> {
    const SIGNS: &[&str] =
        &["express-session", "cookie-session", "@fastify/session", "SessionMiddleware", "aiohttp_session"];
    let mut found = Vec::new();
    found.extend(flask(context));
    found.extend(django(context));
    for file in context.files {
        if !SIGNS.iter().any(|sign| file.text.contains(sign)) || !is_judged(file) {
            continue;
        }
        let mut values = FileValues::of(&file.syntax);
        each_node(&file.syntax, &mut |node, around| {
            if let Node::Expr(expr) = node
                && let Some(call) = expr.call()
                && !is_of_one_environment(around)
            {
                let mut options = |at: usize| {
                    let given = call.arguments.get(at).map(|argument| &argument.value);
                    given.map(|given| values.origins(given, around)).unwrap_or_default()
                };
                let cookie = match file.language {
                    Language::JavaScript | Language::TypeScript => {
                        express(file, call, expr.extent, &options(0))
                            .or_else(|| fastify(file, call, expr.extent, &options(1)))
                    }
                    Language::Python => {
                        starlette(file, call, expr.extent).or_else(|| aiohttp(file, call, expr.extent))
                    }
                    Language::Rust => None,
                };
                found.extend(cookie.map(|cookie| (file, cookie, None)));
            }
            true
        });
    }
    found
}

/// What the project's Python files make of a setting: in a class, by `config.update(NAME=..)`, `config["NAME"] = ..` or in a dict. One value that
/// is not switched off is enough: others are for other environments.
fn setting(context: &Context<'_>, name: &str) -> Attribute {
    let mut found = Attribute::Missing;
    let mut note = |value: &Expr| {
        let own = match &value.kind {
            ExprKind::Literal(Literal::Boolean(false)) => Attribute::Off,
            ExprKind::Literal(Literal::Null) => Attribute::Missing,
            _ if value.string().is_some_and(|text| text.eq_ignore_ascii_case("none")) => Attribute::Crossing,
            _ => Attribute::Set,
        };
        if found != Attribute::Set && own != Attribute::Missing {
            found = own;
        }
    };
    let files = context
        .files
        .iter()
        .filter(|file| !file.is_test && file.language == Language::Python && !is_for_development(&file.path));
    for file in files.filter(|file| file.text.contains(name)) {
        each_node(&file.syntax, &mut |node, _| {
            match node {
                Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                    let names_it = assign.targets.iter().any(|target| match &target.kind {
                        ExprKind::Index { index, .. } => index.string() == Some(name),
                        _ => called_name(target) == Some(name),
                    });
                    assign.value.iter().filter(|_| names_it).for_each(&mut note);
                }
                Node::Expr(Expr { kind: ExprKind::Call(call), .. }) => {
                    keyword(&call.arguments, name).into_iter().for_each(&mut note);
                }
                Node::Expr(record @ Expr { kind: ExprKind::Record { .. }, .. }) => {
                    entry(record, name).into_iter().for_each(&mut note);
                }
                _ => {}
            }
            true
        });
    }
    found
}

/// Flask's session is HttpOnly and nothing else; where it holds who is logged in, that is too little.
fn flask<'a>(context: &Context<'a>) -> Option<Found<'a>> {
    let of_flask = |file: &&SourceFile| {
        file.language == Language::Python
            && file.imports.iter().any(|fact| fact.import.module.starts_with("flask"))
            && is_judged(file)
    };
    let files: Vec<&SourceFile> = context.files.iter().filter(of_flask).collect();
    let (login_file, login) =
        files.iter().find_map(|file| Some((*file, first(file, &mut |node| login_of_flask(file, node))?)))?;
    let makes = |file: &SourceFile, node: Node<'_>| {
        let expr = node.expr()?;
        let is_app = file.resolve(&expr.call()?.callee).as_deref() == Some("flask.Flask");
        is_app.then_some(expr.extent)
    };
    // An extension makes no application, and does not say what its user's settings are.
    let (file, extent) =
        files.iter().find_map(|file| Some((*file, first(file, &mut |node| makes(file, node))?)))?;
    let outside = ["from_envvar", "from_prefixed_env", "from_pyfile", "from_file", "from_json", "Talisman("];
    let perhaps = files.iter().any(|file| outside.iter().any(|word| file.text.contains(word)));
    let cookie = Cookie {
        extent,
        what: "Flask's session, which says who is logged in,".to_owned(),
        kind: Kind::Login,
        http_only: match setting(context, "SESSION_COOKIE_HTTPONLY") {
            Attribute::Off => Attribute::Off,
            _ => Attribute::Set,
        },
        secure: setting(context, "SESSION_COOKIE_SECURE"),
        same_site: setting(context, "SESSION_COOKIE_SAMESITE"),
        perhaps,
        variant: "session-settings",
        advice: "add `app.config.update(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE=\"Lax\")`",
    };
    Some((file, cookie, Some((login_file, login))))
}

fn first(file: &SourceFile, find: &mut dyn FnMut(Node<'_>) -> Option<Extent>) -> Option<Extent> {
    let mut found = None;
    each_node(&file.syntax, &mut |node, around| {
        if found.is_none() && !is_of_one_environment(around) {
            found = find(node);
        }
        found.is_none()
    });
    found
}

/// `session["user_id"] = ..`, `login_user(user)`.
fn login_of_flask(file: &SourceFile, node: Node<'_>) -> Option<Extent> {
    match node {
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) => {
            let ExprKind::Index { object, index } = &assign.targets.first()?.kind else { return None };
            let is_session = file.resolve(object).as_deref() == Some("flask.session");
            (is_session && index.string().is_some_and(is_key_of_login)).then_some(*extent)
        }
        Node::Expr(Expr { kind: ExprKind::Call(call), extent }) => {
            (file.resolve(&call.callee)? == "flask_login.login_user").then_some(*extent)
        }
        _ => None,
    }
}

/// Keys under which a session keeps who is logged in.
pub(in crate::superficial_security) fn is_key_of_login(key: &str) -> bool {
    has_word(
        key,
        &[
            "user",
            "userid",
            "username",
            "uid",
            "account",
            "admin",
            "logged",
            "login",
            "authenticated",
            "email",
            "token",
            "customer",
            "member",
        ],
    ) && !has_word(key, &["csrf", "cart", "theme", "state"])
}

/// Django's session is HttpOnly and Lax; whether it is Secure, its settings say.
fn django<'a>(context: &Context<'a>) -> Option<Found<'a>> {
    let middleware = "django.contrib.sessions.middleware.SessionMiddleware";
    let file = context.files.iter().find(|file| {
        file.language == Language::Python
            && file.text.contains("INSTALLED_APPS")
            && file.text.contains(middleware)
            && is_judged(file)
    })?;
    let mut extent = None;
    each_node(&file.syntax, &mut |node, around| {
        let is_list = |stmt: &Stmt| {
            matches!(&stmt.kind, StmtKind::Assign(assign)
                if assign.targets.first().and_then(called_name) == Some("MIDDLEWARE"))
        };
        let listed = matches!(around.first(), Some(Node::Stmt(stmt)) if is_list(stmt));
        extent = extent.or(node
            .expr()
            .filter(|expr| listed && expr.string() == Some(middleware))
            .map(|expr| expr.extent));
        extent.is_none()
    });
    let secure = setting(context, "SESSION_COOKIE_SECURE");
    let cookie = Cookie {
        extent: extent?,
        what: "Django's session".to_owned(),
        kind: Kind::Login,
        http_only: match setting(context, "SESSION_COOKIE_HTTPONLY") {
            Attribute::Off => Attribute::Off,
            _ => Attribute::Set,
        },
        secure,
        same_site: Attribute::Set,
        // Another file of settings may be the one for production.
        perhaps: secure == Attribute::Off,
        variant: "session-settings",
        advice: "add `SESSION_COOKIE_SECURE = True` (and `CSRF_COOKIE_SECURE = True`) to the settings for production",
    };
    Some((file, cookie, None))
}

/// Whether an option's value is known to leave something out, in a record in which nothing is spread.
fn in_record(record: Option<&Expr>, option: &str, own: bool) -> Attribute {
    match record.and_then(|record| entry(record, option)) {
        None if own => Attribute::Set,
        None => Attribute::Missing,
        Some(value) => match &value.kind {
            ExprKind::Literal(Literal::Boolean(false)) => Attribute::Off,
            _ if value.string() == Some("none") => Attribute::Crossing,
            _ => Attribute::Set,
        },
    }
}

fn is_whole(record: &Expr) -> bool {
    matches!(&record.kind, ExprKind::Record { entries, .. } if entries.iter().all(|(key, _)| key.is_some()))
}

/// express-session and cookie-session, with their options.
fn express(file: &SourceFile, call: &Call, extent: Extent, options: &[&Expr]) -> Option<Cookie> {
    let path = file.resolve(&call.callee)?;
    let own = match path.as_str() {
        "express-session" | "express-session.default" => false,
        "cookie-session" | "cookie-session.default" => true,
        _ => return None,
    };
    let [options] = options else { return None };
    let cookie = if own { Some(*options) } else { entry(options, "cookie") };
    if !is_whole(options) || cookie.is_some_and(|cookie| !is_whole(cookie)) {
        return None;
    }
    let name =
        entry(options, "name").and_then(Expr::string).unwrap_or(if own { "session" } else { "connect.sid" });
    // Set afterwards: `sess.cookie.secure = true`.
    let later = file.text.contains("cookie.secure = ");
    Some(Cookie {
        extent: Extent { end: call.callee.extent.end, ..extent },
        what: format!("the session's cookie `{name}`"),
        kind: Kind::Login,
        http_only: in_record(cookie, "httpOnly", true),
        // cookie-session's is Secure where the connection is.
        secure: if later { Attribute::Set } else { in_record(cookie, "secure", own) },
        same_site: in_record(cookie, "sameSite", false),
        perhaps: false,
        variant: "session-settings",
        advice: "add `cookie: { secure: process.env.NODE_ENV === \"production\", sameSite: \"lax\" }`, and behind a proxy `app.set(\"trust proxy\", 1)`",
    })
}

/// `app.register(fastifySession, { secret, cookie: { secure: false } })`, whose own cookie is HttpOnly and Secure.
fn fastify(file: &SourceFile, call: &Call, extent: Extent, options: &[&Expr]) -> Option<Cookie> {
    let plugin = file.resolve(&call.arguments.first()?.value)?;
    let is_session = matches!(plugin.as_str(), "@fastify/session" | "@fastify/session.default");
    if !is_session || called_name(&call.callee) != Some("register") {
        return None;
    }
    let [options] = options else { return None };
    let cookie = entry(options, "cookie");
    if !is_whole(options) || cookie.is_some_and(|cookie| !is_whole(cookie)) {
        return None;
    }
    Some(Cookie {
        extent: Extent { end: call.callee.extent.end, ..extent },
        what: "the session's cookie".to_owned(),
        kind: Kind::Login,
        http_only: in_record(cookie, "httpOnly", true),
        secure: in_record(cookie, "secure", true),
        same_site: in_record(cookie, "sameSite", false),
        perhaps: false,
        variant: "session-settings",
        advice: "add `cookie: { secure: process.env.NODE_ENV === \"production\", sameSite: \"lax\" }`, and behind a proxy `trustProxy`",
    })
}

/// Starlette's sessions are HttpOnly and Lax, and Secure with `https_only=True`.
fn starlette(file: &SourceFile, call: &Call, extent: Extent) -> Option<Cookie> {
    let is = |path: &str| path == "starlette.middleware.sessions.SessionMiddleware";
    let path = file.resolve(&call.callee).unwrap_or_default();
    let first = call.arguments.first().and_then(|first| file.resolve(&first.value)).unwrap_or_default();
    if !(is(&path)
        || (is(&first) && matches!(called_name(&call.callee), Some("add_middleware" | "Middleware"))))
    {
        return None;
    }
    let secure = match keyword(&call.arguments, "https_only").map(|value| &value.kind) {
        _ if is_spread(call) => Attribute::Set,
        None => Attribute::Missing,
        Some(ExprKind::Literal(Literal::Boolean(false))) => Attribute::Off,
        _ => Attribute::Set,
    };
    let same_site = match keyword(&call.arguments, "same_site") {
        Some(value) if value.string() == Some("none") => Attribute::Crossing,
        Some(Expr { kind: ExprKind::Literal(Literal::Null), .. }) => Attribute::Missing,
        _ => Attribute::Set,
    };
    Some(Cookie {
        extent,
        what: "Starlette's session".to_owned(),
        kind: Kind::Login,
        http_only: Attribute::Set,
        secure,
        same_site,
        perhaps: false,
        variant: "session-settings",
        advice: "add `https_only=True`",
    })
}

/// The storages of aiohttp_session are HttpOnly and nothing else.
fn aiohttp(file: &SourceFile, call: &Call, extent: Extent) -> Option<Cookie> {
    let path = file.resolve(&call.callee)?;
    let storage = path.rsplit('.').next().unwrap_or_default();
    if !path.starts_with("aiohttp_session.")
        || !matches!(
            storage,
            "EncryptedCookieStorage" | "NaClCookieStorage" | "RedisStorage" | "SimpleCookieStorage"
        )
        || is_spread(call)
    {
        return None;
    }
    let by = |name: &str, own: bool| match keyword(&call.arguments, name).map(|value| &value.kind) {
        None if own => Attribute::Set,
        None | Some(ExprKind::Literal(Literal::Null)) => Attribute::Missing,
        Some(ExprKind::Literal(Literal::Boolean(false))) => Attribute::Off,
        _ => Attribute::Set,
    };
    Some(Cookie {
        extent,
        what: "aiohttp's session".to_owned(),
        kind: Kind::Login,
        http_only: by("httponly", true),
        secure: by("secure", false),
        same_site: by("samesite", false),
        perhaps: false,
        variant: "session-settings",
        advice: "add `secure=True, samesite=\"Lax\"`",
    })
}

fn is_spread(call: &Call) -> bool {
    call.arguments.iter().any(|argument| matches!(argument.value.kind, ExprKind::Spread(_)))
}

//! Cookies that are set by a call or a header.

use super::header::{self, HOLE};
use super::{Attribute, Cookie, Kind};
use crate::facts::environment::is_variable_name;
use crate::facts::nodes::{Around, Node, each_in_body, each_node, enclosing_function};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{BinaryOp, Call, Expr, ExprKind, Extent, Literal, Stmt, StmtKind, TemplatePart};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::{FileValues, called_name, entry, keyword};
use crate::facts::words::has_word;
use crate::language::Language;
use crate::superficial_security::fallback_secret::refusal::is_of_one_environment;

const IN_PYTHON: &str = "add `httponly=True, secure=True, samesite=\"Lax\"`";
const IN_SCRIPT: &str = "add `{ httpOnly: true, secure: true, sameSite: \"lax\" }`; behind a proxy, `app.set(\"trust proxy\", 1)` besides";
const IN_RUST: &str = "add `.http_only(true).secure(true).same_site(SameSite::Lax)`";
const BY_HAND: &str = "add `; HttpOnly; Secure; SameSite=Lax` to the header";

/// The session cookies that a file sets.
pub(super) fn cookies(file: &SourceFile) -> Vec<Cookie> {
    let mut values = FileValues::of(&file.syntax);
    let mut found = Vec::new();
    each_node(&file.syntax, &mut |node, around| {
        if file.language == Language::Rust && in_rust_tests(around) {
            return false;
        }
        if let Node::Expr(expr) = node {
            let cookies = of_expr(file, &mut values, expr, around);
            found.extend(cookies.into_iter().filter(|_| !is_of_one_environment(around)));
        }
        if let Node::Stmt(stmt) = node
            && file.language == Language::Python
            && let Some(cookie) = morsel(&mut values, stmt, around)
        {
            found.push(cookie);
        }
        true
    });
    found
}

fn of_expr<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
) -> Vec<Cookie> {
    match &expr.kind {
        ExprKind::Call(call) => {
            if let [name, value, ..] = call.arguments.as_slice()
                && is_set_cookie(&name.value)
            {
                return by_header(values, &value.value, expr.extent, around);
            }
            let cookie = match file.language {
                Language::Python => python(file, values, call, expr.extent, around),
                Language::JavaScript | Language::TypeScript => {
                    script(file, values, call, expr.extent, around)
                }
                Language::Rust => rust(file, call, expr.extent, around),
            };
            cookie.into_iter().collect()
        }
        // `("Set-Cookie", f"session={token}")`, `{ "Set-Cookie": `session=${token}` }`.
        ExprKind::Sequence { items, .. } => match items.as_slice() {
            [name, value] if is_set_cookie(name) => by_header(values, value, expr.extent, around),
            _ => Vec::new(),
        },
        ExprKind::Record { entries, .. } => entries
            .iter()
            .filter(|(key, _)| key.as_ref().is_some_and(is_set_cookie))
            .flat_map(|(_, value)| by_header(values, value, value.extent, around))
            .collect(),
        _ => Vec::new(),
    }
}

fn is_set_cookie(name: &Expr) -> bool {
    name.string().is_some_and(|name| name.eq_ignore_ascii_case("set-cookie"))
}

/// What a cookie is for, by its name and its value.
fn kind_of<'a>(
    values: &mut FileValues<'a>,
    name: &str,
    value: Option<&'a Expr>,
    around: Around<'a, '_>,
) -> Kind {
    let kind = Kind::of_name(name);
    let Some(value) = value.filter(|_| kind == Kind::Unknown) else { return kind };
    let mut origins = values.origins(value, around);
    origins.push(value);
    let is_login = origins.iter().any(|origin| is_token(origin));
    if is_login { Kind::Login } else { kind }
}

/// Whether a value is the token of a login: `session_id`, `user.token`, `jwt.sign(..)`, `create_access_token(..)`.
fn is_token(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Kind::of_name(name) == Kind::Login,
        ExprKind::Call(call) => {
            let name = called_name(&call.callee).unwrap_or_default();
            let path = call.callee.dotted().unwrap_or_default();
            matches!(name, "sign" | "encode") && path.to_lowercase().contains("jwt")
                || (has_word(name, &["create", "make", "issue", "generate", "sign", "new"])
                    && Kind::of_name(name) == Kind::Login)
        }
        _ => false,
    }
}

/// The name of a cookie: a literal, or a constant's.
fn name_of<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>) -> Option<String> {
    let origins = values.origins(expr, around);
    let literal = origins.iter().find_map(|origin| origin.string());
    literal
        // A constant from elsewhere: `SESSION_COOKIE_NAME`.
        .or_else(|| called_name(expr).filter(|name| is_variable_name(name)))
        .map(|name| name.trim_end_matches("_NAME").to_owned())
}

fn is_empty(value: Option<&Expr>) -> bool {
    value.is_none_or(|value| {
        value.string() == Some("") || matches!(value.kind, ExprKind::Literal(Literal::Null))
    })
}

fn is_zero(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Literal(Literal::Integer(number)) => number == "0",
        // `new Date(0)`.
        ExprKind::Call(call) => call.arguments.first().is_some_and(|first| is_zero(&first.value)),
        ExprKind::Unary { .. } => true,
        _ => false,
    }
}

/// What a value makes of an attribute.
fn attribute(value: Option<&Expr>) -> Attribute {
    let Some(value) = value else { return Attribute::Missing };
    match &value.kind {
        ExprKind::Literal(Literal::Boolean(false)) => Attribute::Off,
        ExprKind::Literal(Literal::Null) => Attribute::Missing,
        _ if value.string().is_some_and(|text| text.eq_ignore_ascii_case("none")) => Attribute::Crossing,
        _ => Attribute::Set,
    }
}

/// `response.set_cookie("session", token, httponly=True)`.
fn python<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    call: &'a Call,
    extent: Extent,
    around: Around<'a, '_>,
) -> Option<Cookie> {
    let method = called_name(&call.callee)?;
    if !matches!(method, "set_cookie" | "set_secure_cookie" | "set_signed_cookie")
        || file.text.contains("falcon")
    {
        return None;
    }
    let at =
        |at: usize| call.arguments.get(at).filter(|given| given.name.is_none()).map(|given| &given.value);
    let given = |name: &str| keyword(&call.arguments, name);
    let name = name_of(values, given("key").or_else(|| given("name")).or_else(|| at(0))?, around)?;
    let value = given("value").or_else(|| at(1));
    let deletes = given("max_age").or_else(|| given("expires")).is_some_and(is_zero);
    let spread = call.arguments.iter().any(|argument| matches!(argument.value.kind, ExprKind::Spread(_)));
    if spread || deletes || is_empty(value) {
        return None;
    }
    let kind = kind_of(values, &name, value, around);
    // Starlette's `set_cookie` has `samesite="lax"`.
    let is_starlette = file.imports.iter().any(|fact| {
        ["starlette", "fastapi"].iter().any(|known| fact.import.module.split('.').next() == Some(known))
    });
    let same_site = match given("samesite").or_else(|| given("same_site")) {
        None if is_starlette => Attribute::Set,
        given => attribute(given),
    };
    Some(Cookie {
        extent,
        what: format!("the cookie `{name}`"),
        kind,
        http_only: attribute(given("httponly").or_else(|| given("http_only"))),
        secure: attribute(given("secure")),
        same_site,
        perhaps: false,
        variant: "cookie",
        advice: IN_PYTHON,
    })
}

/// Where the cookie's name stands among the arguments, and which attributes the library sets by itself.
struct Setter {
    name_at: usize,
    http_only: bool,
    secure: bool,
    same_site: bool,
}

fn setter(file: &SourceFile, call: &Call) -> Option<Setter> {
    let plain = |name_at| Setter { name_at, http_only: false, secure: false, same_site: false };
    let method = called_name(&call.callee)?;
    let path = file.resolve(&call.callee).unwrap_or_default();
    if path.starts_with("hono/cookie.") && matches!(method, "setCookie" | "setSignedCookie") {
        return Some(plain(1));
    }
    if matches!(path.as_str(), "cookie.serialize" | "cookie.default.serialize") {
        return Some(plain(0));
    }
    let ExprKind::Member { object, .. } = &call.callee.kind else { return None };
    let owner = owner_of(object).unwrap_or_default();
    match method {
        "cookie"
            if (matches!(owner, "res" | "response" | "reply" | "resp") && object.call().is_none())
                || is_response_chain(object) =>
        {
            Some(plain(0))
        }
        // @fastify/cookie sets SameSite=Lax.
        "setCookie" if matches!(owner, "reply" | "res" | "response" | "rep") => {
            Some(Setter { same_site: true, ..plain(0) })
        }
        "set" if owner == "cookies" => {
            let holder = match &object.kind {
                ExprKind::Member { object, .. } => called_name(object).unwrap_or_default(),
                // Next's `cookies().set(..)`, `(await cookies()).set(..)`.
                ExprKind::Call(_) | ExprKind::Await(_) => return Some(plain(0)),
                _ => "",
            };
            match holder {
                // The cookies of Koa are HttpOnly, and Secure where the connection is.
                "ctx" | "context" => Some(Setter { http_only: true, secure: true, ..plain(0) }),
                "res" | "response" => Some(plain(0)),
                _ => None,
            }
        }
        "set" if file.text.contains("next/headers") && matches!(owner, "cookieStore" | "cookieJar") => {
            Some(plain(0))
        }
        _ => None,
    }
}

/// What a method is called on: `cookies` in `res.cookies`, `cookies()` and `(await cookies())`.
fn owner_of(object: &Expr) -> Option<&str> {
    match &object.kind {
        ExprKind::Await(value) => owner_of(value),
        ExprKind::Call(call) => called_name(&call.callee),
        _ => called_name(object),
    }
}

/// `res.status(200).cookie(..)`.
fn is_response_chain(object: &Expr) -> bool {
    let Some(call) = object.call() else { return false };
    let ExprKind::Member { object, .. } = &call.callee.kind else { return false };
    matches!(called_name(object), Some("res" | "response" | "reply")) || is_response_chain(object)
}

fn script<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    call: &'a Call,
    extent: Extent,
    around: Around<'a, '_>,
) -> Option<Cookie> {
    let setter = setter(file, call)?;
    let at = |offset: usize| call.arguments.get(setter.name_at + offset).map(|argument| &argument.value);
    let name = name_of(values, at(0)?, around)?;
    if is_empty(at(1)) {
        return None;
    }
    let kind = kind_of(values, &name, at(1), around);
    // Hono's signed cookies take the secret before the options.
    let given = call.arguments.iter().skip(setter.name_at + 2).map(|argument| &argument.value).next_back();
    let record = match given {
        None => None,
        Some(given) => {
            let origins = values.origins(given, around);
            let [origin] = origins.as_slice() else { return None };
            let ExprKind::Record { entries, .. } = &origin.kind else { return None };
            // What is spread in may set anything.
            if entries.iter().any(|(key, _)| key.is_none()) {
                return None;
            }
            Some(*origin)
        }
    };
    let option = |name: &str| record.and_then(|record| entry(record, name));
    if option("maxAge").is_some_and(is_zero) || option("expires").is_some_and(is_zero) {
        return None;
    }
    let later = given.map(|given| assigned_later(given, around)).unwrap_or_default();
    let by = |name: &str, own: bool| match option(name) {
        None if own || later.contains(&name) => Attribute::Set,
        value => attribute(value),
    };
    Some(Cookie {
        extent,
        what: format!("the cookie `{name}`"),
        kind,
        http_only: by("httpOnly", setter.http_only),
        secure: by("secure", setter.secure),
        same_site: by("sameSite", setter.same_site),
        perhaps: false,
        variant: "cookie",
        advice: IN_SCRIPT,
    })
}

/// The members that the functions around give to options that a name holds: `if (production) options.secure = true`.
fn assigned_later<'a>(options: &Expr, around: Around<'a, '_>) -> Vec<&'a str> {
    let (ExprKind::Name(name), Some(function)) = (&options.kind, enclosing_function(around)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    each_in_body(&function.body, &mut |node, _| {
        if let Some((target, value)) = node.assignment()
            && let ExprKind::Member { object, name: member, .. } = &target.kind
            && matches!(&object.kind, ExprKind::Name(own) if own == name)
            && attribute(Some(value)) == Attribute::Set
        {
            found.push(member.as_str());
        }
        true
    });
    found
}

/// `setHeader("Set-Cookie", "session=..")`, `send_header("Set-Cookie", f"session={token}; Path=/")`, and lists of such.
fn by_header<'a>(
    values: &mut FileValues<'a>,
    value: &'a Expr,
    extent: Extent,
    around: Around<'a, '_>,
) -> Vec<Cookie> {
    let origins = values.origins(value, around);
    let [origin] = origins.as_slice() else { return Vec::new() };
    let items = match &origin.kind {
        ExprKind::Sequence { items, .. } => items.as_slice(),
        _ => std::slice::from_ref(*origin),
    };
    let cookie = |item: &Expr| {
        let text = text_of(item)?;
        let (name, [http_only, secure, same_site]) = header::read(&text)?;
        Some(Cookie {
            extent,
            what: format!("the cookie `{name}`"),
            kind: Kind::of_name(name),
            http_only,
            secure,
            same_site,
            perhaps: false,
            variant: "cookie",
            advice: BY_HAND,
        })
    };
    items.iter().filter_map(cookie).collect()
}

/// `cookie = SimpleCookie(); cookie["session"] = token`, whose attributes are entries of the entry.
fn morsel<'a>(values: &mut FileValues<'a>, stmt: &'a Stmt, around: Around<'a, '_>) -> Option<Cookie> {
    let StmtKind::Assign(assign) = &stmt.kind else { return None };
    let ExprKind::Index { object, index } = &assign.targets.first()?.kind else { return None };
    let (holder, name) = (object.dotted()?, index.string()?);
    let made = values.origins(object, around);
    let is_jar = made.iter().any(|made| {
        made.call().is_some_and(|call| {
            called_name(&call.callee) == Some("SimpleCookie") && call.arguments.is_empty()
        })
    });
    if !is_jar || is_empty(assign.value.as_ref()) || is_of_one_environment(around) {
        return None;
    }
    let kind = kind_of(values, name, assign.value.as_ref(), around);
    let mut attributes = [Attribute::Missing; 3];
    let (mut deletes, mut open) = (false, false);
    each_in_body(&enclosing_function(around)?.body, &mut |node, _| {
        let Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) = node else { return true };
        let Some(ExprKind::Index { object, index }) = assign.targets.first().map(|target| &target.kind)
        else {
            return true;
        };
        let ExprKind::Index { object: jar, index: of } = &object.kind else { return true };
        if jar.dotted().as_deref() != Some(&holder) || of.string() != Some(name) {
            return true;
        }
        let value = assign.value.as_ref();
        match index.string().map(str::to_lowercase).as_deref() {
            Some("httponly") => attributes[0] = attribute(value),
            Some("secure") => attributes[1] = attribute(value),
            Some("samesite") => attributes[2] = attribute(value),
            Some("max-age") => deletes |= value.is_some_and(is_zero),
            Some(_) => {}
            None => open = true,
        }
        true
    });
    let [http_only, secure, same_site] = attributes;
    (!deletes && !open).then(|| Cookie {
        extent: stmt.extent,
        what: format!("the cookie `{name}`"),
        kind,
        http_only,
        secure,
        same_site,
        perhaps: false,
        variant: "cookie",
        advice: "add `cookie[name][\"httponly\"] = True`, and `[\"secure\"] = True` and `[\"samesite\"] = \"Lax\"` likewise",
    })
}

/// A text put together of literals, with a hole for each other value.
fn text_of(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => Some(text.to_string()),
        ExprKind::Template(template) => {
            let part = |part: &TemplatePart| match part {
                TemplatePart::Text(text) => text.to_string(),
                TemplatePart::Value(_) => HOLE.to_string(),
            };
            Some(template.parts.iter().map(part).collect())
        }
        ExprKind::Binary { op: BinaryOp::Add, left, right } => {
            Some(text_of(left)? + &text_of(right).unwrap_or_else(|| HOLE.to_string()))
        }
        ExprKind::Binary { op: BinaryOp::Modulo, left, .. } => {
            Some(text_of(left)?.replace("%s", &HOLE.to_string()).replace("%d", &HOLE.to_string()))
        }
        // Rust's `format!("session={token}; Path=/")`.
        ExprKind::Call(call) if matches!(called_name(&call.callee), Some("format")) => {
            let text = call.arguments.first()?.value.string()?.to_owned();
            let mut out = String::new();
            let mut depth = 0_u32;
            for character in text.chars() {
                match character {
                    '{' => depth += 1,
                    '}' => {
                        depth = depth.saturating_sub(1);
                        out.push(HOLE);
                    }
                    _ if depth == 0 => out.push(character),
                    _ => {}
                }
            }
            Some(out)
        }
        _ => None,
    }
}

/// `Cookie::build(("session", token)).http_only(true)`, `Cookie::new("session", token)`, and a session layer whose `Secure` is switched off.
fn rust(file: &SourceFile, call: &Call, extent: Extent, around: Around<'_, '_>) -> Option<Cookie> {
    // Only the outermost call of a chain; Rocket sets what is missing.
    let inside = matches!(around.last(), Some(Node::Expr(Expr { kind: ExprKind::Member { .. }, .. })));
    if inside || file.text.contains("rocket::") {
        return None;
    }
    let mut methods = Vec::new();
    let made = chain(call, &mut methods)?;
    let given = |names: &[&str]| {
        methods.iter().find(|(method, _)| names.contains(method)).and_then(|(_, argument)| *argument)
    };
    let off = given(&["with_secure", "cookie_secure"])
        .is_some_and(|value| attribute(Some(value)) == Attribute::Off);
    if off {
        return Some(Cookie {
            extent,
            what: "the session's cookie".to_owned(),
            kind: Kind::Login,
            http_only: Attribute::Set,
            secure: Attribute::Off,
            same_site: Attribute::Set,
            perhaps: false,
            variant: "session-settings",
            advice: "leave the library's own `Secure` on, or take it from the configuration",
        });
    }
    let ExprKind::Member { object, name: maker, .. } = &made.callee.kind else { return None };
    if called_name(object) != Some("Cookie")
        || !matches!(maker.as_str(), "build" | "new")
        || methods.iter().any(|(method, _)| *method == "removal")
    {
        return None;
    }
    let first = &made.arguments.first()?.value;
    let name = match &first.kind {
        ExprKind::Sequence { items, .. } => items.first()?,
        _ => first,
    };
    let name = name.string()?;
    let by = |names: &[&str]| match given(names) {
        Some(value) if called_name(value) == Some("None") => Attribute::Crossing,
        value => attribute(value),
    };
    // A cookie that a name is bound to may get its attributes later.
    let is_bound = around
        .last()
        .is_some_and(|node| matches!(node, Node::Stmt(stmt) if matches!(stmt.kind, StmtKind::Assign(_))));
    let set_later =
        is_bound && ["set_http_only", "set_secure"].iter().any(|method| file.text.contains(method));
    let kind = Kind::of_name(name);
    (!set_later && made.arguments.len() + methods.len() > 1).then(|| Cookie {
        extent,
        what: format!("the cookie `{name}`"),
        kind,
        http_only: by(&["http_only"]),
        secure: by(&["secure"]),
        same_site: by(&["same_site"]),
        perhaps: false,
        variant: "cookie",
        advice: IN_RUST,
    })
}

/// The methods of a chain, each with its first argument; gives the call that it begins with.
fn chain<'a>(call: &'a Call, methods: &mut Vec<(&'a str, Option<&'a Expr>)>) -> Option<&'a Call> {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return Some(call) };
    match &object.kind {
        ExprKind::Call(inner) => {
            methods.push((name, call.arguments.first().map(|argument| &argument.value)));
            chain(inner, methods)
        }
        _ => Some(call),
    }
}

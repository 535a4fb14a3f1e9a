//! What the libraries are told: middleware of Express, Koa, Fastify, Hono, NestJS, Socket.IO, Flask, Starlette, Django, aiohttp, tower-http and
//! actix-cors.

use super::Said;
use super::origin::{Allowed, allowed, always_allows, fits_everything};
use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Extent, Literal, StmtKind};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::{FileValues, called_name, entry, keyword};
use crate::language::Language;
use crate::superficial_security::fallback_secret::refusal::is_of_one_environment;

/// What a file tells its libraries.
pub(super) fn said(context: &Context<'_>, file: &SourceFile) -> Vec<Said> {
    let Some(file) = context.file(&file.path) else { return Vec::new() };
    // Every library and setting has it in its name.
    if !file.mentions(&["cors", "Cors", "CORS"]) {
        return Vec::new();
    }
    let mut values = FileValues::of(&file.syntax);
    let mut found = Vec::new();
    if file.language == Language::Python {
        found.extend(django(context, file));
    }
    each_node(&file.syntax, &mut |node, around| {
        if file.language == Language::Rust && in_rust_tests(around) {
            return false;
        }
        if let Node::Expr(expr) = node
            && let Some(call) = expr.call()
            && !is_of_one_environment(around)
        {
            found.extend(match file.language {
                Language::JavaScript | Language::TypeScript => {
                    script(file, &mut values, call, expr.extent, around)
                }
                Language::Python => python(file, &mut values, call, expr.extent, around),
                Language::Rust => rust(file, call, expr.extent, around),
            });
        }
        true
    });
    found
}

fn is_true(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(Literal::Boolean(true)))
}

fn record<'a>(values: &mut FileValues<'a>, expr: &'a Expr, around: Around<'a, '_>) -> Option<&'a Expr> {
    let origins = values.origins(expr, around);
    origins.into_iter().find(|origin| matches!(origin.kind, ExprKind::Record { .. }))
}

/// Options whose value is a record, or that are not there at all.
enum Options<'a> {
    None,
    Record(&'a Expr),
    Unknown,
}

fn options<'a>(values: &mut FileValues<'a>, given: Option<&'a Expr>, around: Around<'a, '_>) -> Options<'a> {
    match given {
        None => Options::None,
        Some(given) => record(values, given, around).map_or(Options::Unknown, Options::Record),
    }
}

fn script<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    call: &'a Call,
    extent: Extent,
    around: Around<'a, '_>,
) -> Option<Said> {
    let path = file.resolve(&call.callee).unwrap_or_default();
    let argument = |at: usize| call.arguments.get(at).map(|argument| &argument.value);
    let name = called_name(&call.callee)?;
    let (given, by, koa) = match path.as_str() {
        "cors" | "cors.default" => (argument(0), "`cors`", false),
        "hono/cors.cors" => (argument(0), "`cors`", false),
        "@koa/cors" | "@koa/cors.default" => (argument(0), "`cors`", true),
        _ if name == "register" => {
            let plugin = file.resolve(argument(0)?)?;
            let is_cors =
                plugin == "@fastify/cors" || plugin == "fastify-cors" || plugin.starts_with("@fastify/cors.");
            if !is_cors {
                return None;
            }
            (argument(1), "`@fastify/cors`", false)
        }
        _ if name == "enableCors" && matches!(call.callee.kind, ExprKind::Member { .. }) => {
            (argument(0), "`enableCors`", false)
        }
        // `new Server(http, { cors: { .. } })` of Socket.IO, `NestFactory.create(Module, { cors: .. })`.
        _ if matches!(name, "Server" | "create" | "SocketServer" | "Elysia") => {
            let options = call.arguments.iter().find_map(|argument| entry(&argument.value, "cors"))?;
            if is_true(options) { (None, "`cors`", false) } else { (Some(options), "`cors`", false) }
        }
        _ => return None,
    };
    let (allowed, credentials) = match options(values, given, around) {
        Options::Unknown => (Allowed::Listed, false),
        Options::None => (Allowed::Any, false),
        Options::Record(record) => {
            let credentials = entry(record, "credentials").is_some_and(is_true);
            let has_spread = matches!(&record.kind, ExprKind::Record { entries, .. } if entries.iter().any(|(key, _)| key.is_none()));
            let allowed = match entry(record, "origin") {
                Some(origin) => list_is_no_star(origin, allowed(file, values, origin, around)),
                None if has_spread => Allowed::Listed,
                None => Allowed::Any,
            };
            (if koa && credentials { allowed.sent_back() } else { allowed }, credentials)
        }
    };
    Some(Said { extent, allowed, credentials, by: by.to_owned(), refuses: false })
}

/// `origin: ["*"]` fits an origin that is called `*`: nobody's.
fn list_is_no_star(origin: &Expr, allowed: Allowed) -> Allowed {
    match (&origin.kind, allowed) {
        (ExprKind::Sequence { .. }, Allowed::Any) => Allowed::Listed,
        _ => allowed,
    }
}

fn python<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    call: &'a Call,
    extent: Extent,
    around: Around<'a, '_>,
) -> Option<Said> {
    let path = file.resolve(&call.callee).unwrap_or_default();
    let first = call.arguments.first().and_then(|argument| file.resolve(&argument.value)).unwrap_or_default();
    match path.as_str() {
        "flask_cors.CORS" | "flask_cors.cross_origin" => Some(flask(file, values, call, extent, around)),
        _ if is_starlette(&path)
            || (is_starlette(&first)
                && matches!(called_name(&call.callee), Some("add_middleware" | "Middleware"))) =>
        {
            let credentials = keyword(&call.arguments, "allow_credentials").is_some_and(is_true);
            let pattern = keyword(&call.arguments, "allow_origin_regex").and_then(Expr::string);
            let listed = match keyword(&call.arguments, "allow_origins") {
                Some(origins) => allowed(file, values, origins, around),
                None => Allowed::Listed,
            };
            let allowed = if pattern.is_some_and(fits_everything) { Allowed::Reflected } else { listed };
            // Starlette sends the origin back when credentials are allowed.
            let allowed = if credentials { allowed.sent_back() } else { allowed };
            Some(Said { extent, allowed, credentials, by: "`CORSMiddleware`".to_owned(), refuses: false })
        }
        "aiohttp_cors.setup" => {
            let defaults =
                keyword(&call.arguments, "defaults").and_then(|defaults| record(values, defaults, around))?;
            let options = entry(defaults, "*")?.call()?;
            let credentials = keyword(&options.arguments, "allow_credentials").is_some_and(is_true);
            let allowed = Allowed::Reflected;
            Some(Said { extent, allowed, credentials, by: "`aiohttp_cors.setup`".to_owned(), refuses: false })
        }
        _ => None,
    }
}

fn is_starlette(path: &str) -> bool {
    matches!(
        path,
        "fastapi.middleware.cors.CORSMiddleware"
            | "starlette.middleware.cors.CORSMiddleware"
            | "quart_cors.cors"
    )
}

/// Flask-CORS sends the origin back when credentials are allowed.
fn flask<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    call: &'a Call,
    extent: Extent,
    around: Around<'a, '_>,
) -> Said {
    let mut credentials = keyword(&call.arguments, "supports_credentials").is_some_and(is_true);
    let mut found =
        keyword(&call.arguments, "origins").map(|origins| in_flask(file, values, origins, around));
    if let Some(resources) =
        keyword(&call.arguments, "resources").and_then(|resources| record(values, resources, around))
        && let ExprKind::Record { entries, .. } = &resources.kind
    {
        for (_, options) in entries {
            if let Some(origins) = entry(options, "origins") {
                let each = in_flask(file, values, origins, around);
                found = Some(if each == Allowed::Listed { found.unwrap_or(each) } else { each });
            }
            credentials |= entry(options, "supports_credentials").is_some_and(is_true);
        }
    }
    // The application's settings may say what is not said here.
    let settings = file.text.contains("CORS_ORIGINS") || file.text.contains("CORS_RESOURCES");
    let allowed = match found {
        Some(found) => found,
        None if settings => Allowed::Listed,
        None => Allowed::Any,
    };
    let allowed = if credentials { allowed.sent_back() } else { allowed };
    Said { extent, allowed, credentials, by: "`CORS`".to_owned(), refuses: false }
}

/// Flask-CORS takes texts with the marks of a pattern for patterns.
fn in_flask<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    origins: &'a Expr,
    around: Around<'a, '_>,
) -> Allowed {
    let wide = |expr: &Expr| expr.string().is_some_and(|text| text != "*" && fits_everything(text));
    let is_wide = match &origins.kind {
        ExprKind::Sequence { items, .. } => items.iter().any(wide),
        _ => wide(origins),
    };
    if is_wide { Allowed::Reflected } else { allowed(file, values, origins, around) }
}

/// `CORS_ALLOW_ALL_ORIGINS = True` of django-cors-headers, which sends the origin back when credentials are allowed.
fn django(context: &Context<'_>, file: &SourceFile) -> Option<Said> {
    if !file.text.contains("CORS_") {
        return None;
    }
    let is_settings = file.text.contains("INSTALLED_APPS") || file.path.contains("settings");
    let mut all = None;
    let mut credentials = false;
    for stmt in file.syntax.body.iter().filter(|_| is_settings) {
        let StmtKind::Assign(assign) = &stmt.kind else { continue };
        let (Some(name), Some(value)) = (assign.targets.first().and_then(called_name), &assign.value) else {
            continue;
        };
        match name {
            "CORS_ALLOW_ALL_ORIGINS" | "CORS_ORIGIN_ALLOW_ALL" => all = is_true(value).then_some(stmt.extent),
            "CORS_ALLOWED_ORIGIN_REGEXES" => {
                if let ExprKind::Sequence { items, .. } = &value.kind
                    && items.iter().any(|item| item.string().is_some_and(fits_everything))
                {
                    all = Some(stmt.extent);
                }
            }
            "CORS_ALLOW_CREDENTIALS" => credentials = is_true(value),
            _ => {}
        }
    }
    let replaced = context.files.iter().any(|other| {
        other.path != file.path
            && crate::superficial_security::fallback_secret::refusal::replaces(
                other,
                &["CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL"],
            )
    });
    let extent = all.filter(|_| !replaced)?;
    let allowed = if credentials { Allowed::Reflected } else { Allowed::Any };
    Some(Said { extent, allowed, credentials, by: "`CORS_ALLOW_ALL_ORIGINS`".to_owned(), refuses: false })
}

/// The methods of a chain, each with its first argument: `CorsLayer::new().allow_origin(Any).allow_credentials(true)`.
fn chain<'a>(call: &'a Call, methods: &mut Vec<(&'a str, Option<&'a Expr>)>) -> Option<&'a Expr> {
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    methods.push((name, call.arguments.first().map(|argument| &argument.value)));
    match &object.kind {
        ExprKind::Call(inner) => chain(inner, methods),
        _ => Some(object),
    }
}

fn rust(file: &SourceFile, call: &Call, extent: Extent, around: Around<'_, '_>) -> Option<Said> {
    // Only the outermost call of a chain.
    if let Some(Node::Expr(Expr { kind: ExprKind::Member { .. }, .. })) = around.last() {
        return None;
    }
    let mut methods = Vec::new();
    let root = chain(call, &mut methods)?;
    let root = called_name(root)?;
    let has = |name: &str| methods.iter().any(|(method, _)| *method == name);
    let argument =
        |name: &str| methods.iter().find(|(method, _)| *method == name).and_then(|(_, argument)| *argument);
    let (allowed, credentials, refuses) = match root {
        "CorsLayer" => {
            let credentials = has("very_permissive") || argument("allow_credentials").is_some_and(is_true);
            let allowed = if has("very_permissive") {
                Allowed::Reflected
            } else {
                match argument("allow_origin") {
                    Some(origin) => of_tower(origin),
                    None if has("permissive") => Allowed::Any,
                    None => Allowed::Listed,
                }
            };
            (allowed, credentials, true)
        }
        "Cors" if file.text.contains("actix_cors") => {
            let credentials = has("permissive") || has("supports_credentials");
            let says_yes = argument("allowed_origin_fn").is_some_and(is_yes);
            let any = has("permissive") || has("allow_any_origin") || says_yes;
            let listed = has("allowed_origin");
            let allowed = if any && !listed { Allowed::Reflected } else { Allowed::Listed };
            (allowed, credentials, true)
        }
        _ => return None,
    };
    let text = file.text_of(extent);
    let by = if has("very_permissive") {
        "`CorsLayer::very_permissive()`".to_owned()
    } else if has("permissive") {
        format!("`{root}::permissive()`")
    } else {
        format!("`{}`", text.split(['(', '\n', ' ']).next().unwrap_or(root))
    };
    Some(Said { extent, allowed, credentials, by, refuses })
}

/// `Any`, `AllowOrigin::mirror_request()`, `AllowOrigin::predicate(|_, _| true)`.
fn of_tower(origin: &Expr) -> Allowed {
    if called_name(origin) == Some("Any") {
        return Allowed::Any;
    }
    let Some(call) = origin.call() else { return Allowed::Listed };
    match called_name(&call.callee) {
        Some("any") => Allowed::Any,
        Some("mirror_request") => Allowed::Reflected,
        Some("predicate") if call.arguments.first().is_some_and(|argument| is_yes(&argument.value)) => {
            Allowed::Reflected
        }
        _ => Allowed::Listed,
    }
}

fn is_yes(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Function(function) if always_allows(function))
}

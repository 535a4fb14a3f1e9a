//! Whether a handler asks who is calling: by what stands before it, or by what it does.

use super::conduct::{Conduct, Step};
use super::web::{self, Guard, Handler, Reach};
use crate::facts::nodes::{Node, each_in_body};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Function, Literal, Stmt, StmtKind};
use crate::facts::values::called_name;
use crate::facts::words::words;
use crate::language::Language;

/// Words of the names of what asks for the caller, or for what the caller may do.
const ASKS: &[&str] = &[
    "auth",
    "authed",
    "authenticate",
    "authenticated",
    "authentication",
    "authorize",
    "authorized",
    "authorization",
    "authorise",
    "login",
    "logged",
    "loggedin",
    "user",
    "jwt",
    "token",
    "bearer",
    "permission",
    "permissions",
    "role",
    "roles",
    "admin",
    "admins",
    "staff",
    "superuser",
    "owner",
    "member",
    "members",
    "membership",
    "identity",
    "principal",
    "credentials",
    "apikey",
    "key",
    "protect",
    "protected",
    "private",
    "caller",
    "scopes",
    "acl",
    "policy",
    "signature",
    "verified",
    "me",
];

/// Words that make of such a name something else: it prepares, it limits, it sends.
const OTHERWISE: &[&str] = &[
    "limit",
    "limiter",
    "limited",
    "rate",
    "csrf",
    "initialize",
    "create",
    "register",
    "count",
    "throttle",
    "slow",
];

/// Headers that carry who is calling; lower case.
const HEADERS: &[&str] = &[
    "authorization",
    "x-api-key",
    "api-key",
    "x-auth-token",
    "x-access-token",
    "x-user-id",
    "x-token",
    "http_authorization",
];

/// Calls that find out who is calling; lower case, without `_`.
const CALLS: &[&str] = &[
    "getjwtidentity",
    "verifyjwtinrequest",
    "getserversession",
    "getcurrentuser",
    "currentuser",
    "jwtverify",
    "verifyidtoken",
    "verifytoken",
    "decodetoken",
    "requirelogin",
    "requireauth",
    "requireuser",
    "authenticate",
    "isauthenticated",
    "getsession",
    "gettoken",
    "getuser",
    // next-auth 5 and Clerk; what Next.js's own guide calls it (https://nextjs.org/docs/app/guides/authentication).
    "auth",
    "getauth",
    "verifysession",
    "requiresession",
    "validaterequest",
];

/// Whether something before a handler that lets people in, or the handler itself, asks who is calling: what stands before the whole
/// application has to let it pass.
pub(crate) fn asks_here<'a>(conduct: &Conduct<'a>, handler: &Handler<'a>) -> bool {
    let near = handler.guards.iter().filter(|guard| guard.reach != Reach::Application);
    near.clone().any(|guard| guard_asks(conduct.context().files, guard))
        || finds_out(&conduct.steps(near.filter_map(|guard| guard.function)))
        || takes_caller(handler.function)
        || finds_out(&conduct.of_handler(handler))
}

/// Whether a guard is named for asking who is calling, by the project or by the package that it is of.
pub(crate) fn guard_asks(files: &[SourceFile], guard: &Guard<'_>) -> bool {
    let mut found = guard.option == Some(web::ASKS);
    let mut named = vec![first_of(guard.expr)];
    if let Some(call) = guard.expr.call()
        && matches!(called_name(&call.callee), Some("Depends" | "Security" | "add_middleware" | "use"))
    {
        found |= called_name(&call.callee) == Some("Security");
        named = call.arguments.iter().map(|given| first_of(&given.value)).collect();
    }
    let mut names: Vec<String> = named.iter().filter_map(|named| named.dotted()).collect();
    match guard.function {
        Some((_, function)) => names.push(function.name.to_string()),
        // `expressjwt` is of `express-jwt`.
        None => names.extend(named.iter().filter_map(|named| of_package(files.get(guard.file)?, named))),
    }
    found || names.iter().any(|name| is_named_for_asking(name))
}

/// What is called; of a chain of calls the first: `jwt({..}).unless({..})`, `authClient.schema(..).action(..)`.
fn first_of(expr: &Expr) -> &Expr {
    let mut first = expr;
    loop {
        match &first.kind {
            ExprKind::Call(call) => first = &call.callee,
            ExprKind::Member { object, .. } if first.dotted().is_none() => first = object,
            _ => return first,
        }
    }
}

/// The package of which a script takes its only function, or the one that is called like it: `koa-jwt`, `{ expressjwt }` of `express-jwt`. Of another
/// one of its functions its own name tells what it does.
fn of_package(file: &SourceFile, expr: &Expr) -> Option<String> {
    let is_script = matches!(file.language, Language::JavaScript | Language::TypeScript);
    let name = file.resolve(expr).filter(|_| is_script)?;
    let is_own = name.starts_with(['.', '~', '#']) || name.starts_with("@/");
    let (package, taken) = name.rsplit_once('.').unwrap_or((&name, "default"));
    let letters = |text: &str| text.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "");
    let is_whole =
        taken == "default" || letters(taken) == letters(package.rsplit('/').next().unwrap_or(package));
    (!is_own && is_whole).then(|| package.to_owned())
}

/// Whether a name says that who is calling is asked for.
pub(crate) fn is_named_for_asking(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    has(ASKS) && !has(OTHERWISE) || name.to_lowercase().ends_with("authenticate")
}

/// A parameter that can only hold who is calling: FastAPI's `authorization: str = Header()`, `credentials: HTTPBasicCredentials`.
fn takes_caller(function: &Function) -> bool {
    function.parameters.iter().any(|parameter| {
        let name = parameter.pattern.dotted().unwrap_or_default().replace('_', "-").to_lowercase();
        let by_header =
            parameter.default.as_ref().and_then(Expr::call).and_then(|call| called_name(&call.callee));
        matches!(by_header, Some("Header" | "Cookie" | "Security"))
            && (HEADERS.contains(&name.as_str()) || is_named_for_asking(&name))
    })
}

/// Whether one of the functions finds out who is calling.
pub(crate) fn finds_out(steps: &[Step<'_>]) -> bool {
    steps.iter().any(|step| {
        let mut found = false;
        let mut written: Vec<*const Expr> = Vec::new();
        each_in_body(&step.function.body, &mut |node, _| {
            // `session["user"] = name` lets somebody in, and asks nothing.
            match node {
                Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
                    written.extend(assign.targets.iter().map(std::ptr::from_ref));
                }
                // `if current_user.is_authenticated: return redirect(..)` sends whoever is logged in away from a login.
                Node::Stmt(Stmt { kind: StmtKind::If { test, then, .. }, .. }) if sends_away(test, then) => {
                    written.push(std::ptr::from_ref(test));
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
            found |= is_evidence(step.source, expr);
            !found
        });
        found
    })
}

/// Whether what is done for those who are logged in is to send them elsewhere.
fn sends_away(test: &Expr, then: &[Stmt]) -> bool {
    let tested = test.call().map_or(test, |call| &call.callee);
    let asks = matches!(
        called_name(tested),
        Some("is_authenticated" | "isAuthenticated" | "is_logged_in" | "isLoggedIn")
    );
    let leaves = match then {
        [Stmt { kind: StmtKind::Return(Some(value)) | StmtKind::Expr(value), .. }, ..] => value
            .call()
            .and_then(|call| called_name(&call.callee))
            .is_some_and(|name| name.contains("redirect")),
        _ => false,
    };
    asks && leaves
}

/// Whether an expression reads who is calling.
pub(crate) fn is_evidence(file: &SourceFile, expr: &Expr) -> bool {
    match &expr.kind {
        // Rust's `header::AUTHORIZATION`, and the header as a type: `TypedHeader(Authorization(bearer))`.
        ExprKind::Name(name) | ExprKind::Member { name, .. }
            if file.language == Language::Rust
                && matches!(name.as_str(), "AUTHORIZATION" | "Authorization") =>
        {
            true
        }
        ExprKind::Name(name) => {
            matches!(name.as_str(), "current_user" | "currentUser" | "session" if is_session(file, expr, name))
        }
        ExprKind::Member { object, name, .. } => {
            // In Rust `c` is what a handler is given: `Json(c): Json<Credentials>`.
            let of = called_name(object).filter(|of| file.language != Language::Rust || *of != "c");
            let of = of.unwrap_or_default();
            let carrier = matches!(
                of,
                "req"
                    | "request"
                    | "g"
                    | "ctx"
                    | "context"
                    | "state"
                    | "locals"
                    | "self"
                    | "this"
                    | "c"
                    | "_request"
            );
            let carried = matches!(
                name.as_str(),
                "user"
                    | "user_id"
                    | "userId"
                    | "current_user"
                    | "currentUser"
                    | "auth"
                    | "session"
                    | "cookies"
                    | "owner"
                    | "identity"
                    | "principal"
                    | "account"
                    | "uid"
                    | "email"
                    | "authorization"
                    | "signedCookies"
            );
            carrier
                && carried
                && !(matches!(name.as_str(), "email" | "account" | "owner") && matches!(of, "self" | "this"))
        }
        ExprKind::Literal(Literal::String(text)) => HEADERS.contains(&text.to_lowercase().as_str()),
        ExprKind::Call(call) if file.language == Language::Rust => {
            is_asking_call(call) || asks_in_rust(file, call)
        }
        ExprKind::Call(call) => is_asking_call(call),
        _ => false,
    }
}

/// `jsonwebtoken::decode(..)`, `session.get::<i64>("user_id")` of tower-sessions and actix-session.
fn asks_in_rust(file: &SourceFile, call: &Call) -> bool {
    let of_session = match &call.callee.kind {
        ExprKind::Member { object, name, .. } => {
            matches!(name.as_str(), "get" | "get_value") && called_name(object) == Some("session")
        }
        _ => false,
    };
    let named =
        call.arguments.first().and_then(|given| given.value.string()).is_some_and(is_named_for_asking);
    of_session && named || file.resolve(&call.callee).as_deref() == Some("jsonwebtoken.decode")
}

/// Flask's `session` is the visitor's; a session of a database or of a client is not.
fn is_session(file: &SourceFile, expr: &Expr, name: &str) -> bool {
    name != "session"
        || file.resolve(expr).is_some_and(|path| path == "flask.session" || path == "flask.globals.session")
}

fn is_asking_call(call: &Call) -> bool {
    let Some(name) = called_name(&call.callee) else { return false };
    let folded: String = name.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    let path = call.callee.dotted().unwrap_or_default().to_lowercase();
    CALLS.contains(&folded.as_str()) && !path.starts_with("axios") && !path.starts_with("request.get")
        || matches!(name, "verify" | "decode")
            && (path.starts_with("jwt.") || path.starts_with("jose.") || path.contains(".jwt."))
}

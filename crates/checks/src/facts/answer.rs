//! Answers: what a handler, or a function that it calls, gives back to the caller, and with which status.

use super::nodes::Node;
use super::syntax::{
    Argument, Call, CallStyle, Expr, ExprKind, Extent, Literal, SequenceKind, Stmt, StmtKind,
};
use super::values::{called_name, keyword};

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// The whole of it.
    pub extent: Extent,
    /// Its status, where that is written.
    pub status: Option<u16>,
    /// What it consists of.
    pub content: Vec<&'a Expr>,
}

impl Answer<'_> {
    /// Whether it says that the caller was wrong.
    pub fn blames_caller(&self) -> bool {
        self.status.is_some_and(|status| (400..500).contains(&status))
    }

    /// Whether it says that nobody knows who calls, or that it may not be.
    pub fn refuses(&self) -> bool {
        matches!(self.status, Some(401 | 403))
    }
}

/// What makes an answer in Python's frameworks, by the last name of what is called.
const MAKERS: &[&str] = &[
    "jsonify",
    "make_response",
    "Response",
    "JSONResponse",
    "HTMLResponse",
    "PlainTextResponse",
    "ORJSONResponse",
    "UJSONResponse",
    "JsonResponse",
    "HttpResponse",
    "json_response",
    "HTTPException",
    "HTTPError",
    "HttpError",
    "APIException",
    "abort",
    "send_error",
    "createError",
    "httpError",
    "createHttpError",
];

/// What ends a chain on the response object of Node's frameworks.
const SENDERS: &[&str] = &["json", "send", "end", "jsonp", "sendStatus", "write", "render", "body", "finish"];

/// What the response object is called.
const RESPONSES: &[&str] = &["res", "response", "reply", "resp", "rep", "_res", "_response"];

/// Calls that have a number between 400 and 599 for another reason.
const NOT_STATUS: &[&str] = &[
    "setTimeout",
    "setInterval",
    "sleep",
    "range",
    "wait",
    "delay",
    "defaultTo",
    "timeout",
    "slice",
    "substring",
    "resize",
    "randint",
    "randrange",
    "min",
    "max",
    "int",
    "Number",
    "debounce",
    "throttle",
    "getattr",
    "setattr",
    "get",
    "round",
    "parseInt",
];

/// The answer that a node is: a statement that returns or raises one, a call that sends one.
pub fn answer(node: Node<'_>) -> Option<Answer<'_>> {
    match node {
        Node::Stmt(Stmt { kind: StmtKind::Return(Some(value)) | StmtKind::Value(value), extent }) => {
            let ExprKind::Sequence { kind: SequenceKind::Tuple, items } = &value.kind else { return None };
            let at = items.iter().position(|item| status_of(item).is_some())?;
            let status = items.get(at).and_then(status_of);
            let content = items.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, item)| item);
            Some(Answer { extent: *extent, status, content: content.collect() })
        }
        Node::Stmt(Stmt { kind: StmtKind::Raise { value: Some(value), .. }, extent }) => {
            let found = value.call().and_then(|call| called(call, value.extent).or_else(|| numbered(call)));
            let bare = || named_status(called_name(value)?);
            match found {
                Some(answer) => Some(Answer { extent: *extent, ..answer }),
                None => Some(Answer { extent: *extent, status: Some(bare()?), content: Vec::new() }),
            }
        }
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), extent }) if assign.op.is_none() => {
            of_context(assign.targets.first()?, assign.value.as_ref()?, *extent)
        }
        Node::Expr(expr) => {
            let call = expr.call()?;
            called(call, expr.extent).or_else(|| {
                let answer = numbered(call)?;
                Some(Answer { extent: expr.extent, ..answer })
            })
        }
        _ => None,
    }
}

/// `ctx.status = 400`, `ctx.body = { .. }` of Koa.
fn of_context<'a>(target: &Expr, value: &'a Expr, extent: Extent) -> Option<Answer<'a>> {
    let ExprKind::Member { object, name, .. } = &target.kind else { return None };
    if !matches!(object.dotted().as_deref(), Some("ctx" | "ctx.response" | "context")) {
        return None;
    }
    match name.as_str() {
        "status" => Some(Answer { extent, status: Some(status_of(value)?), content: Vec::new() }),
        "body" => Some(Answer { extent, status: None, content: vec![value] }),
        _ => None,
    }
}

fn values(arguments: &[Argument]) -> Vec<&Expr> {
    arguments.iter().map(|argument| &argument.value).collect()
}

/// A call that makes or sends an answer, by its name.
fn called(call: &Call, extent: Extent) -> Option<Answer<'_>> {
    let name = called_name(&call.callee)?;
    if let ExprKind::Member { object, .. } = &call.callee.kind
        && SENDERS.contains(&name)
        && let Some(status) = chain(object, name, call)
    {
        return Some(Answer { extent, status, content: values(&call.arguments) });
    }
    let says = named_status(name);
    let is_response = matches!(&call.callee.kind, ExprKind::Member { object, name, .. }
        if name == "json" && matches!(called_name(object), Some("NextResponse" | "Response" | "c")));
    if says.is_none() && !MAKERS.contains(&name) && !is_response {
        return None;
    }
    let named = ["status", "status_code", "code", "statusCode"]
        .iter()
        .find_map(|key| keyword(&call.arguments, key))
        .and_then(status_of);
    let given = call.arguments.iter().find_map(|argument| match argument.name {
        None => status_of(&argument.value).or_else(|| option_status(&argument.value)),
        Some(_) => None,
    });
    let content = call.arguments.iter().map(|argument| &argument.value);
    let content = content.filter(|value| status_of(value).is_none()).collect();
    Some(Answer { extent, status: named.or(given).or(says), content })
}

/// The status that a chain `res.status(400)` sets, when it begins with a response; `Some(None)` when it sets none.
fn chain(object: &Expr, sender: &str, call: &Call) -> Option<Option<u16>> {
    if sender == "sendStatus" {
        return is_response_name(object)
            .then(|| call.arguments.first().and_then(|status| status_of(&status.value)));
    }
    let mut at = object;
    let mut status = None;
    for _ in 0..12 {
        match &at.kind {
            ExprKind::Call(inner) => {
                let name = called_name(&inner.callee)?;
                // `HttpResponse::BadRequest().json(..)`.
                if let ExprKind::Member { object, .. } = &inner.callee.kind
                    && called_name(object) == Some("HttpResponse")
                {
                    return Some(status.or_else(|| named_status(name)).or((name == "Ok").then_some(200)));
                }
                if matches!(name, "status" | "code" | "writeHead") {
                    status = status.or(inner.arguments.first().and_then(|given| status_of(&given.value)));
                }
                match &inner.callee.kind {
                    ExprKind::Member { object, .. } => at = object,
                    _ => return None,
                }
            }
            ExprKind::Await(value) => at = value,
            _ => return is_response_name(at).then_some(status),
        }
    }
    None
}

fn is_response_name(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => RESPONSES.contains(&name.as_str()),
        // `this.res`, `ctx.res`, `self.wfile`.
        ExprKind::Member { name, .. } => RESPONSES.contains(&name.as_str()) || name == "wfile",
        _ => false,
    }
}

/// `{ status: 401 }`.
fn option_status(expr: &Expr) -> Option<u16> {
    let ExprKind::Record { entries, .. } = &expr.kind else { return None };
    entries.iter().find_map(|(key, value)| {
        let key = key.as_ref().and_then(Expr::string)?;
        matches!(key, "status" | "statusCode").then(|| status_of(value)).flatten()
    })
}

/// A call of the project's own that is given a status for an error: `problem(404, "..")`, `error("..", 401)`, `ShopError(401, "..")`.
fn numbered(call: &Call) -> Option<Answer<'_>> {
    let name = called_name(&call.callee)?;
    if NOT_STATUS.contains(&name) || call.style == CallStyle::Macro {
        return None;
    }
    let is_error = |expr: &Expr| status_of(expr).filter(|status| (400..600).contains(status));
    let keys = ["status", "status_code", "code", "statusCode"];
    let status = call.arguments.iter().find_map(|argument| match &argument.name {
        None => is_error(&argument.value),
        Some(name) => is_error(&argument.value).filter(|_| keys.contains(&name.as_str())),
    })?;
    let throws = name == "throw";
    if call.arguments.len() < 2 && !throws {
        return None;
    }
    // https://koajs.com/#ctx-throw-status-msg-properties: of 500 and above the caller is not told the text.
    if throws && status >= 500 {
        return Some(Answer { extent: call.callee.extent, status: Some(status), content: Vec::new() });
    }
    let content =
        call.arguments.iter().map(|argument| &argument.value).filter(|value| is_error(value).is_none());
    Some(Answer { extent: call.callee.extent, status: Some(status), content: content.collect() })
}

/// The status that an expression means: `404`, `HTTPStatus.NOT_FOUND`, `status.HTTP_404_NOT_FOUND`, `StatusCode::NOT_FOUND`.
pub fn status_of(expr: &Expr) -> Option<u16> {
    match &expr.kind {
        ExprKind::Literal(Literal::Integer(digits)) => {
            digits.parse().ok().filter(|status| (100..600).contains(status))
        }
        ExprKind::Member { object, name, .. } => {
            if let Some(rest) = name.strip_prefix("HTTP_") {
                return rest.get(..3)?.parse().ok();
            }
            let of = called_name(object)?.to_lowercase();
            if !(of.contains("status") || of == "http" || of == "codes") {
                return None;
            }
            named_status(name)
        }
        // `int(status)`, `status.value`, `403 as u16`.
        ExprKind::Cast { value, .. } => status_of(value),
        _ => None,
    }
}

/// The status that a name says: `NOT_FOUND`, `NotFound`, `HTTPNotFound`, `HttpResponseNotFound`, `NotFoundException`, `NotFoundError`.
fn named_status(name: &str) -> Option<u16> {
    let folded: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let folded =
        folded.strip_prefix("httpresponse").or_else(|| folded.strip_prefix("http")).unwrap_or(&folded);
    let folded = ["exception", "error"].iter().find_map(|end| folded.strip_suffix(end)).unwrap_or(folded);
    Some(match folded {
        "badrequest" | "httpresponsebadrequest" => 400,
        "unauthorized" | "authenticationfailed" | "notauthenticated" => 401,
        "forbidden" | "permissiondenied" => 403,
        "notfound" | "404" => 404,
        "methodnotallowed" | "notallowed" => 405,
        "conflict" => 409,
        "gone" => 410,
        "unprocessableentity" | "unprocessablecontent" => 422,
        "toomanyrequests" => 429,
        "internalservererror" | "internalserver" | "internal" | "servererror" => 500,
        "badgateway" => 502,
        "serviceunavailable" => 503,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use seaworthy_core::Plan;

    use super::answer;
    use crate::Quiet;
    use crate::facts::nodes::each_node;
    use crate::facts::reader;
    use crate::tree::Tree;

    /// The answers of a file: status and contents, outermost only.
    fn answers(path: &str, text: &str) -> Vec<(Option<u16>, String)> {
        let (tree, plan) = (Tree::of_files([(path, text)]), Plan::default());
        let sources = reader::read(&tree, &plan, &Quiet);
        let file = &sources.files[0];
        let mut found = Vec::new();
        each_node(&file.syntax, &mut |node, _| {
            let Some(answer) = answer(node) else { return true };
            let content: Vec<&str> = answer.content.iter().map(|value| file.text_of(value.extent)).collect();
            found.push((answer.status, content.join("; ")));
            false
        });
        found
    }

    fn one(status: u16, content: &str) -> (Option<u16>, String) {
        (Some(status), content.to_owned())
    }

    #[test]
    fn python_answers_are_read_in_every_spelling() {
        let found = answers(
            "app.py",
            r#"
def a():
    return jsonify(error="x"), 400
def b():
    raise HTTPException(status_code=401, detail="no")
def c():
    raise HTTPException(status.HTTP_404_NOT_FOUND, "gone")
def d():
    abort(403)
def e():
    return error("login required", 401)
def f():
    raise ShopError(409, "taken")
def g():
    return JsonResponse({"a": 1}, status=422)
def h():
    raise web.HTTPUnauthorized(text="x")
def i():
    return HttpResponseBadRequest("x")
def j():
    time.sleep(500)
    return 1, 2
"#,
        );
        assert_eq!(
            found,
            [
                one(400, "jsonify(error=\"x\")"),
                one(401, "\"no\""),
                one(404, "\"gone\""),
                one(403, ""),
                one(401, "\"login required\""),
                one(409, "\"taken\""),
                one(422, "{\"a\": 1}"),
                one(401, "\"x\""),
                one(400, "\"x\"")
            ]
        );
    }

    #[test]
    fn node_answers_are_read_in_every_spelling() {
        let found = answers(
            "app.ts",
            r#"
function a(req, res) { return res.status(400).json({ e: 1 }); }
function b(req, reply) { reply.code(401).header("a", "b").send("x"); }
function c(req, res) { res.sendStatus(404); }
function d() { throw new HttpError(409, "x"); }
function e() { return NextResponse.json({ e: 1 }, { status: 403 }); }
function f() { throw new UnauthorizedException("x"); }
function g(req, res) { next(createError(500, err)); }
function h() { setTimeout(go, 500); fetch(url); }
"#,
        );
        assert_eq!(
            found,
            [
                one(400, "{ e: 1 }"),
                one(401, "\"x\""),
                one(404, "404"),
                one(409, "\"x\""),
                one(403, "{ e: 1 }; { status: 403 }"),
                one(401, "\"x\""),
                one(500, "err")
            ]
        );
    }

    #[test]
    fn rust_answers_are_read() {
        let found = answers(
            "a.rs",
            r#"
fn a() -> Response { (StatusCode::UNAUTHORIZED, "x").into_response() }
fn b() -> HttpResponse { return HttpResponse::BadRequest().json(e); }
fn c() -> (StatusCode, String) { (StatusCode::NOT_FOUND, e.to_string()) }
"#,
        );
        assert_eq!(found, [one(400, "e"), one(404, "e.to_string()")]);
    }
}

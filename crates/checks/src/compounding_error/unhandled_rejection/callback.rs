//! Callbacks that nobody waits for: `async` ones that fail, and ones that throw; streams and emitters without a listener to `error`.

use super::Ends;
use super::request::{Requests, is_caught, uncaught_await};
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Extent, Function, Stmt, StmtKind};
use crate::facts::values::called_name;

/// Functions of Node and of usual packages that call back later, with the error first.
const CALL_BACK: &[&str] = &[
    "query",
    "get",
    "all",
    "run",
    "each",
    "exec",
    "execute",
    "prepare",
    "readFile",
    "writeFile",
    "stat",
    "lstat",
    "mkdir",
    "unlink",
    "readdir",
    "access",
    "rename",
    "appendFile",
    "copyFile",
    "rm",
    "open",
    "read",
    "write",
    "hash",
    "compare",
    "genSalt",
    "sign",
    "verify",
    "sendMail",
    "find",
    "findOne",
    "findById",
    "findOneAndUpdate",
    "findByIdAndUpdate",
    "findByIdAndDelete",
    "save",
    "insertOne",
    "insertMany",
    "updateOne",
    "deleteOne",
    "connect",
    "getConnection",
    "beginTransaction",
    "commit",
    "rollback",
    "pbkdf2",
    "randomBytes",
    "scrypt",
    "lookup",
    "resolve",
    "request",
    "parse",
    "upload",
    "execFile",
    "parseString",
    "toArray",
    "login",
    "logIn",
    "logout",
    "logOut",
    "regenerate",
    "destroy",
    "authenticate",
];

pub(super) fn find(file: &SourceFile, requests: &Requests, found: &mut Vec<Ends>, looked: &mut u64) {
    each_node(&file.syntax, &mut |node, around| {
        match node {
            Node::Expr(expr) => {
                if let ExprKind::Function(function) = &expr.kind
                    && let Some((call, how)) = nobody_waits(expr, function, around)
                {
                    *looked += 1;
                    found.extend(
                        function
                            .is_async
                            .then(|| async_callback(file, call, how, function, requests, around))
                            .flatten(),
                    );
                }
                if let Some(call) = expr.call() {
                    found.extend(stream(file, expr, call, requests, around, looked));
                    found.extend(emitter(file, expr, call, looked));
                }
            }
            Node::Stmt(Stmt { kind: StmtKind::Raise { .. }, extent }) => {
                found.extend(throw(file, *extent, requests, around));
            }
            _ => {}
        }
        true
    });
}

/// How a callback is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// By an emitter, a timer.
    Later,
    /// With the error first.
    ErrorFirst,
    /// As the body of `new Promise`.
    Promise,
    /// `forEach`.
    Each,
}

/// The call that a function is given to, when it throws away the promise that an `async` function gives back.
fn nobody_waits<'a>(expr: &Expr, function: &Function, around: Around<'a, '_>) -> Option<(&'a Call, How)> {
    let call = around.last()?.expr()?.call()?;
    let at = call.arguments.iter().position(|argument| std::ptr::eq(&raw const argument.value, expr))?;
    let name = called_name(&call.callee)?;
    let object = match &call.callee.kind {
        ExprKind::Member { object, .. } => called_name(object).unwrap_or_default(),
        _ => "",
    };
    let how = match name {
        "Promise" if call.style == CallStyle::New => How::Promise,
        "setTimeout" | "setInterval" | "setImmediate" | "nextTick" => How::Later,
        // What ends the process anyway; a query builder's `join(..).on(..)`.
        "on" | "once" | "addListener"
            if object != "process"
                && call.arguments.first().is_some_and(|event| event.value.string().is_some())
                && at == 1 =>
        {
            How::Later
        }
        "forEach" if at == 0 => How::Each,
        _ if error_first(function) && at + 1 == call.arguments.len() && CALL_BACK.contains(&name) => {
            How::ErrorFirst
        }
        _ => return None,
    };
    Some((call, how))
}

fn error_first(function: &Function) -> bool {
    let first = function.parameters.first().and_then(|parameter| called_name(&parameter.pattern));
    matches!(first, Some("err" | "error" | "er" | "_err" | "e")) && function.parameters.len() <= 3
}

fn async_callback(
    file: &SourceFile,
    call: &Call,
    how: How,
    function: &Function,
    requests: &Requests,
    around: Around<'_, '_>,
) -> Option<Ends> {
    let fails = uncaught_await(function, &|_| false)?;
    let name = called_name(&call.callee).unwrap_or_default();
    let shown = shorten(file.text_of(fails.extent));
    let what = match how {
        How::Promise => format!(
            "`{shown}` fails inside `new Promise(async …)`, whose promise then never settles and nobody catches it"
        ),
        How::Each => {
            format!("`{shown}` fails inside `forEach(async …)`, which waits for nothing and catches nothing")
        }
        _ => format!("`{shown}` fails inside the `async` callback of `{name}`, and nobody catches it"),
    };
    let advice = match how {
        How::Promise => "make the function around it `async` and `await` there, without `new Promise`",
        How::Each => {
            "write `for (const item of items) { await … }`, or `await Promise.all(items.map(async …))`"
        }
        How::Later => "put the whole body into `try { … } catch (error) { … }`",
        How::ErrorFirst => {
            "use the promise form of the outer call (`await db.get(…)`, `util.promisify`) inside one `try`, or put the callback's whole body into `try { … } catch (error) { next(error) }`"
        }
    };
    // What comes over a socket is a request.
    let object = match &call.callee.kind {
        ExprKind::Member { object, .. } => called_name(object).unwrap_or_default(),
        _ => "",
    };
    let socket =
        matches!(object, "socket" | "ws" | "io" | "wss" | "conn" | "connection") && how == How::Later;
    let inside = around.iter().any(|node| node.function().is_some());
    Some(Ends {
        extent: fails.extent,
        variant: "async-callback",
        what,
        advice: advice.to_owned(),
        by_request: requests.lead_to(around) || socket,
        always: how == How::Later || (inside && how != How::Each),
    })
}

/// `(err) => { if (err) throw err; }`.
fn throw(file: &SourceFile, extent: Extent, requests: &Requests, around: Around<'_, '_>) -> Option<Ends> {
    let at = around.iter().rposition(|node| node.function().is_some())?;
    let callback = around.get(at)?;
    let function = callback.function().filter(|function| !function.is_async)?;
    let (call, how) = nobody_waits(callback.expr()?, function, around.get(..at)?)?;
    let probe = Expr { extent, kind: ExprKind::Other(Vec::new()) };
    if how != How::ErrorFirst || is_caught(around.get(at..)?, &probe) {
        return None;
    }
    let outer = around.get(..at)?;
    let by_request = requests.lead_to(outer);
    Some(Ends {
        extent,
        variant: "throw-in-callback",
        what: format!(
            "`{}` in the callback of `{}` is thrown to nobody: what called the handler has long returned",
            shorten(file.text_of(extent)),
            called_name(&call.callee).unwrap_or_default()
        ),
        advice: "hand it on (`return next(err)`, `return reject(err)`, `return res.status(500)…`) instead of throwing".to_owned(),
        by_request,
        always: false,
    })
}

/// `createReadStream(path).pipe(res)` whose `error` nobody hears.
fn stream(
    file: &SourceFile,
    expr: &Expr,
    call: &Call,
    requests: &Requests,
    around: Around<'_, '_>,
    looked: &mut u64,
) -> Option<Ends> {
    if called_name(&call.callee) != Some("createReadStream") || !requests.lead_to(around) {
        return None;
    }
    *looked += 1;
    // `createReadStream(..).pipe(..)`, or a name on which `pipe` is called later.
    let parent = around.last()?;
    let name = match parent {
        Node::Expr(Expr { kind: ExprKind::Member { name, .. }, .. }) if name == "pipe" => None,
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => {
            Some(assign.targets.first().and_then(called_name)?.to_owned())
        }
        _ => return None,
    };
    let function = around.iter().rev().find_map(|node| node.function())?;
    let (start, end) = (function.body.first()?.extent.start, function.body.last()?.extent.end);
    let body = file.text_of(Extent { start, end });
    let compact: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    if let Some(name) = name {
        let heard = [
            format!("{name}.on('error'"),
            format!("{name}.on(\"error\""),
            format!("{name}.once('error'"),
            format!("{name}.once(\"error\""),
            format!("pipeline({name}"),
            format!("finished({name}"),
            format!("of{name})"),
        ];
        if !compact.contains(&format!("{name}.pipe("))
            || heard.iter().any(|sign| compact.contains(sign.as_str()))
        {
            return None;
        }
    }
    // Looked for before, it is missing only in a race.
    let looked_for = ["existsSync", "statSync", "accessSync", "fs.access(", "fs.stat(", ".stat(", ".access("];
    let raced = looked_for.iter().any(|sign| body.contains(sign));
    Some(Ends {
        extent: expr.extent,
        variant: "stream",
        what: format!(
            "`{}` has no listener to `error`: a file that is missing{} or cannot be read is an error nobody hears",
            shorten(file.text_of(expr.extent)),
            if raced { ", deleted meanwhile," } else { "" }
        ),
        advice: "write `stream.pipeline(file, res, (error) => …)`, which also closes the file when the caller goes away; or `res.sendFile`".to_owned(),
        by_request: !raced,
        always: raced,
    })
}

/// A pool or client that says `error` whenever its server goes away.
fn emitter(file: &SourceFile, expr: &Expr, call: &Call, looked: &mut u64) -> Option<Ends> {
    let imports = |package: &str| file.imports.iter().any(|fact| fact.import.module == package);
    let name = called_name(&call.callee)?;
    let is_pool = name == "Pool" && call.style == CallStyle::New && imports("pg");
    let is_client = name == "createClient" && imports("redis");
    if !is_pool && !is_client {
        return None;
    }
    *looked += 1;
    let compact: String = file.text.chars().filter(|c| !c.is_whitespace()).collect();
    if compact.contains(".on(\"error\"") || compact.contains(".on('error'") {
        return None;
    }
    Some(Ends {
        extent: expr.extent,
        variant: "emitter",
        what: format!(
            "nobody listens to `error` of `{}`: when the {} restarts or the connection breaks",
            shorten(file.text_of(expr.extent)),
            if is_pool { "database" } else { "cache" }
        ),
        advice: "add `.on(\"error\", (error) => console.error(error))` right after it is made".to_owned(),
        by_request: false,
        always: true,
    })
}

/// A text on one line, not too long.
pub(super) fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

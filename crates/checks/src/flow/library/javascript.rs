//! JavaScript's own functions, Node's, and the packages that services are made with.

use super::{Makes, Sink, Takes, When, sink};
use crate::facts::syntax::{Expr, ExprKind, Text};
use crate::flow::call::Given;
use crate::flow::keyed;
use crate::flow::outside;
use crate::flow::pattern;
use crate::flow::risk::{Risk, Risks};
use crate::flow::value::{Beside, Shape, Value};
use crate::flow::walk::Walk;
use crate::flow::web_request;

/// Where something from outside does harm.
pub(super) const SINKS: &[Sink] = &[
    // pg, mysql2, sqlite3, better-sqlite3, knex, Sequelize, Prisma: the statement is the first argument.
    sink(".query", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".execute", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".prepare", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".run", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".all", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".get", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".each", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".exec", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".raw", Risk::Query, Takes::At(0, "sql"), When::Among(Beside::QUERY)),
    sink(".whereRaw", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink(".orderByRaw", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink(".havingRaw", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink(".$queryRawUnsafe", Risk::Query, Takes::At(0, "query"), When::Always),
    sink(".$executeRawUnsafe", Risk::Query, Takes::At(0, "query"), When::Always),
    // https://nodejs.org/api/child_process.html: never pass unsanitized user input to these.
    sink("child_process.exec", Risk::Command, Takes::At(0, "command"), When::Always),
    sink("child_process.execSync", Risk::Command, Takes::At(0, "command"), When::Always),
    sink("promisified:child_process.exec", Risk::Command, Takes::At(0, "command"), When::Always),
    sink("eval", Risk::Code, Takes::At(0, "source"), When::Always),
    sink("Function", Risk::Code, Takes::Any, When::Always),
    sink("vm.runInThisContext", Risk::Code, Takes::At(0, "code"), When::Always),
    sink("vm.runInNewContext", Risk::Code, Takes::At(0, "code"), When::Always),
    sink("vm.runInContext", Risk::Code, Takes::At(0, "code"), When::Always),
    sink("vm.Script", Risk::Code, Takes::At(0, "code"), When::Always),
    sink("ejs.render", Risk::Code, Takes::At(0, "template"), When::Always),
    sink("ejs.compile", Risk::Code, Takes::At(0, "template"), When::Always),
    sink("pug.render", Risk::Code, Takes::At(0, "source"), When::Always),
    sink("pug.compile", Risk::Code, Takes::At(0, "source"), When::Always),
    sink("handlebars.compile", Risk::Code, Takes::At(0, "source"), When::Always),
    sink("nunjucks.renderString", Risk::Code, Takes::At(0, "source"), When::Always),
    // axios and its like, by method.
    sink("axios.patch", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("axios.delete", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("axios.options", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("got.get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("got.post", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("got.put", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("got.patch", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("got.delete", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("got.head", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("answer:.send", Risk::Markup, Takes::At(0, "body"), When::Page),
    sink("answer:.end", Risk::Markup, Takes::At(0, "chunk"), When::Page),
    sink("answer:.write", Risk::Markup, Takes::At(0, "chunk"), When::Page),
    sink("next/server.NextResponse.redirect", Risk::Redirect, Takes::At(0, "url"), When::Always),
    sink("next/server.NextResponse.rewrite", Risk::Request, Takes::At(0, "destination"), When::Always),
    sink("next/navigation.redirect", Risk::Redirect, Takes::At(0, "path"), When::Always),
    sink("next/navigation.permanentRedirect", Risk::Redirect, Takes::At(0, "path"), When::Always),
    sink("request:koa.redirect", Risk::Redirect, Takes::At(0, "url"), When::Always),
    sink("Response.redirect", Risk::Redirect, Takes::At(0, "url"), When::Always),
    sink("console.log", Risk::Log, Takes::Any, When::PlainLine),
    sink("console.info", Risk::Log, Takes::Any, When::PlainLine),
    sink("console.warn", Risk::Log, Takes::Any, When::PlainLine),
    sink("console.error", Risk::Log, Takes::Any, When::PlainLine),
    sink("axios", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("needle.get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("needle.head", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("needle.post", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("needle.put", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("needle.patch", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("needle.delete", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("needle", Risk::Request, Takes::At(1, "url"), When::Always),
    sink("axios.get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("axios.post", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("axios.put", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("axios.head", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("axios.request", Risk::Request, Takes::At(0, "config"), When::Always),
    sink("fetch", Risk::Request, Takes::At(0, "input"), When::Always),
    sink("node-fetch", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("undici.fetch", Risk::Request, Takes::At(0, "input"), When::Always),
    sink("undici.request", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("got", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("http.get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("https.get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("http.request", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("https.request", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("node-serialize.unserialize", Risk::Objects, Takes::At(0, "obj"), When::Always),
    sink("serialize-javascript.deserialize", Risk::Objects, Takes::At(0, "obj"), When::Always),
    sink("v8.deserialize", Risk::Objects, Takes::At(0, "buffer"), When::Always),
    sink("libxmljs.parseXml", Risk::Entities, Takes::At(0, "string"), When::Entities),
    sink("libxmljs2.parseXml", Risk::Entities, Takes::At(0, "string"), When::Entities),
    sink("xpath.select", Risk::Selector, Takes::At(0, "expression"), When::Always),
    sink("xpath.select1", Risk::Selector, Takes::At(0, "expression"), When::Always),
    sink("xpath.evaluate", Risk::Selector, Takes::At(0, "expression"), When::Always),
    sink("xpath.parse", Risk::Selector, Takes::At(0, "expression"), When::Always),
    sink(".get", Risk::Selector, Takes::At(0, "xpath"), When::Among(Beside::SELECTOR)),
    sink(".find", Risk::Selector, Takes::At(0, "xpath"), When::Among(Beside::SELECTOR)),
    sink(".search", Risk::Directory, Takes::At(1, "options"), When::Among(Beside::FILTER)),
    sink("RegExp", Risk::Pattern, Takes::At(0, "pattern"), When::Always),
    sink(".test", Risk::Subject, Takes::At(0, "string"), When::Pattern),
    sink(".exec", Risk::Subject, Takes::At(0, "string"), When::Pattern),
    sink(".match", Risk::Subject, Takes::Receiver, When::Pattern),
    sink(".matchAll", Risk::Subject, Takes::Receiver, When::Pattern),
    sink(".replace", Risk::Subject, Takes::Receiver, When::Pattern),
    sink(".replaceAll", Risk::Subject, Takes::Receiver, When::Pattern),
    sink(".search", Risk::Subject, Takes::Receiver, When::Pattern),
    sink(".split", Risk::Subject, Takes::Receiver, When::Pattern),
];

/// Functions of `fs` that are given a path first; with `Sync`, of `fs.promises` and of `fs/promises` as well
/// (<https://nodejs.org/api/fs.html>).
const OF_PATHS: &[&str] = &[
    "access",
    "appendFile",
    "chmod",
    "chown",
    "createReadStream",
    "createWriteStream",
    "exists",
    "lstat",
    "mkdir",
    "mkdtemp",
    "open",
    "opendir",
    "readFile",
    "readdir",
    "readlink",
    "rm",
    "rmdir",
    "stat",
    "truncate",
    "unlink",
    "utimes",
    "watch",
    "writeFile",
];
/// Those that are given two.
const OF_TWO_PATHS: &[&str] = &["copyFile", "cp", "link", "rename", "symlink"];

const A_PATH: &Sink = &sink("fs", Risk::Path, Takes::At(0, "path"), When::Always);
const TWO_PATHS: &Sink = &sink("fs", Risk::Path, Takes::Any, When::Always);

/// A function of a module whose functions are alike.
pub(super) fn family(dotted: &str) -> Option<&'static Sink> {
    let name = ["fs.promises.", "fs/promises.", "fs."].iter().find_map(|of| dotted.strip_prefix(of))?;
    let name = name.strip_suffix("Sync").unwrap_or(name);
    if OF_PATHS.contains(&name) {
        return Some(A_PATH);
    }
    OF_TWO_PATHS.contains(&name).then_some(TWO_PATHS)
}

/// What functions make of what they are given.
const MAKES: &[(Makes, &[&str])] = &[
    (
        Makes::Nothing,
        &[
            "Number",
            "parseInt",
            "parseFloat",
            "Number.parseInt",
            "Number.parseFloat",
            "Boolean",
            "BigInt",
            "isNaN",
            "Number.isInteger",
            "Number.isFinite",
            "Array.isArray",
            "Date.parse",
            "Date",
            "fs.existsSync",
            "fs.statSync",
            "path.extname",
            "bcrypt.hash",
            "bcrypt.compare",
            "bcryptjs.hash",
            "bcryptjs.compare",
            "bcryptjs.hashSync",
            "bcryptjs.compareSync",
            "bcrypt.hashSync",
            "bcrypt.compareSync",
            "Buffer.byteLength",
            "Math.floor",
            "Math.round",
            "Math.ceil",
            "Math.min",
            "Math.max",
            "Math.abs",
            "Math.trunc",
        ],
    ),
    (
        Makes::Without(Risks::of(&[Risk::Markup])),
        &[
            "escape-html",
            "he.encode",
            "he.escape",
            "lodash.escape",
            "validator.escape",
            "sanitize-html",
            "DOMPurify.sanitize",
            "xss",
            "html-escaper.escape",
            "isomorphic-dompurify.sanitize",
        ],
    ),
    (
        Makes::Without(Risks::of(&[Risk::Path])),
        &["path.basename", "path.posix.basename", "sanitize-filename"],
    ),
    (
        Makes::Without(Risks::of(&[
            Risk::Markup,
            Risk::Path,
            Risk::Command,
            Risk::Log,
            Risk::Request,
            Risk::Redirect,
        ])),
        &["encodeURIComponent", "querystring.escape"],
    ),
    (Makes::Without(Risks::of(&[Risk::Markup, Risk::Log])), &["encodeURI"]),
    (Makes::Without(Risks::of(&[Risk::Log])), &["JSON.stringify"]),
    (Makes::Without(Risks::of(&[Risk::Pattern])), &["lodash.escapeRegExp", "escape-string-regexp"]),
    (Makes::Without(Risks::of(&[Risk::Directory])), &["ldap-escape.filter", "ldap-escape.dn"]),
    (Makes::Without(Risks::of(&[Risk::Command])), &["shell-quote.quote", "shell-escape"]),
    (
        Makes::Undoes,
        &["decodeURIComponent", "decodeURI", "unescape", "Buffer.from", "atob", "querystring.unescape"],
    ),
    (Makes::Related, &["path.relative"]),
    (Makes::Below, &["path.join", "path.posix.join"]),
    (Makes::Normal, &["path.resolve", "path.normalize", "fs.realpathSync", "fs.promises.realpath"]),
    (
        Makes::Many,
        &[
            "Object.assign",
            "Object.keys",
            "Object.values",
            "Object.entries",
            "Object.fromEntries",
            "Array.from",
            "Array.of",
            "Array",
            "Set",
            "Map",
            "structuredClone",
            "lodash.cloneDeep",
            "lodash.pick",
            "lodash.merge",
            "lodash.omit",
        ],
    ),
    (
        Makes::Keeps,
        &[
            "String",
            "Object",
            "Object.freeze",
            "URL",
            "URLSearchParams",
            "JSON.parse",
            "path.dirname",
            "url.parse",
            "querystring.parse",
            "Promise.resolve",
            "Promise.all",
            "Buffer.concat",
            "btoa",
            "util.format",
            "String.raw",
            "Object.create",
            "marked",
            "marked.parse",
        ],
    ),
];

/// What a function makes of what it is given; `None` for one that is not known.
pub(super) fn makes(dotted: &str) -> Option<Makes> {
    MAKES.iter().find(|(_, names)| names.contains(&dotted)).map(|(makes, _)| *makes)
}

/// Calls with a meaning of their own.
pub(super) fn special<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    of: Option<(&Value<'a>, &'a Expr)>,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    match dotted {
        "child_process.spawn"
        | "child_process.spawnSync"
        | "child_process.execFile"
        | "child_process.execFileSync" => {
            started(walk, given, expr);
            None
        }
        "util.promisify" => match given.positional.first().map(|value| &value.shape) {
            Some(Shape::Name(name)) => {
                Some(Value::of(Shape::Name(Text::from(format!("promisified:{name}")))))
            }
            _ => None,
        },
        "answer:.redirect" => {
            let at = given.positional.len().saturating_sub(1);
            let value = given.positional.get(at)?.clone();
            let extent = given.extent(at, "url").unwrap_or(expr.extent);
            walk.arrive(Risk::Redirect, expr.extent, extent, "redirect", &value);
            Some(Value::UNKNOWN)
        }
        "answer:.sendFile" | "answer:.download" => {
            sent_file(walk, given, expr);
            Some(Value::UNKNOWN)
        }
        // `res.status(400).send(..)`, `res.type("text")`: the answer itself again.
        _ if dotted.starts_with("answer:.") => Some(answered(walk, dotted, of, given)),
        "reply:.redirect" => {
            let at = given.positional.iter().position(|value| !matches!(value.shape, Shape::Number(_)))?;
            let value = given.positional.get(at)?.clone();
            let extent = given.extent(at, "url").unwrap_or(expr.extent);
            walk.arrive(Risk::Redirect, expr.extent, extent, "redirect", &value);
            Some(Value::UNKNOWN)
        }
        // Fastify sends a text as text, unless it is told otherwise (https://fastify.dev/docs/latest/Reference/Reply/#strings).
        _ if dotted.starts_with("reply:.") => Some(replied(walk, dotted, of, given)),
        _ if dotted.starts_with("plain-answer:.") => {
            Some(Value::of(Shape::Name(Text::from("plain-answer:"))))
        }
        "URL" => web_request::address(walk, given, expr.extent),
        "next/headers.headers" => Some(outside::of_request(walk, "request:web.headers", expr.extent)),
        "next/headers.cookies" => Some(outside::of_request(walk, "request:web.cookies", expr.extent)),
        "Response" | "next/server.NextResponse" => {
            made_answer(walk, given, expr);
            None
        }
        "request:express.on" | "request:express.once" => part_of_body(walk, given, expr),
        "Object.keys" | "Object.entries" | "Object.values" => listed(walk, dotted, given),
        "Object.fromEntries" => keyed::of_pairs(given.positional.first()?),
        "RegExp" => {
            let pattern = given.positional.first().and_then(Value::text)?;
            let flags = match given.positional.get(1) {
                Some(flags) => flags.text().unwrap_or("?"),
                None => "",
            };
            Some(Value::of(pattern::compiled(pattern, flags)))
        }
        "Promise" | "setTimeout" | "setImmediate" | "process.nextTick" => {
            let function = given.positional.first()?.clone();
            let behind = if dotted == "setTimeout" { 2 } else { 1 };
            let mut arguments = given.positional.get(behind..).unwrap_or_default().to_vec();
            if dotted == "Promise" {
                arguments = vec![Value::UNKNOWN, Value::UNKNOWN];
            }
            walk.call_back(&function, arguments, expr.extent);
            Some(Value::UNKNOWN)
        }
        _ => None,
    }
}

/// The parts of a body as they come in, of Node's own request.
fn part_of_body<'a>(walk: &mut Walk<'_, 'a>, given: &Given<'a>, expr: &'a Expr) -> Option<Value<'a>> {
    let event = given.positional.first().and_then(Value::text).map(str::to_owned);
    let chunk = match event.as_deref() {
        Some("data") => {
            outside::member(walk, "request:express", "body", expr).map(|body| Value::tainted(body.taints))
        }
        _ => None,
    };
    let function = given.positional.get(1)?.clone();
    walk.call_back(&function, vec![chunk.unwrap_or(Value::UNKNOWN)], expr.extent);
    Some(Value::UNKNOWN)
}

/// A file is sent. `root` keeps it inside (<https://expressjs.com/en/5x/api.html#res.sendFile>).
fn sent_file<'a>(walk: &mut Walk<'_, 'a>, given: &Given<'a>, expr: &'a Expr) {
    let has_root =
        |value: &Value<'_>| matches!(&value.shape, Shape::Record(fields) if fields.contains_key("root"));
    if !given.positional.iter().any(has_root)
        && let Some(path) = given.positional.first().cloned()
    {
        let extent = given.extent(0, "path").unwrap_or(expr.extent);
        walk.arrive(Risk::Path, expr.extent, extent, "sendFile", &path);
    }
}

/// A method of the answer: the answer again, which is no page any more when it is said to be something else.
fn answered<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    of: Option<(&Value<'a>, &'a Expr)>,
    given: &Given<'a>,
) -> Value<'a> {
    let first = given.positional.first().and_then(Value::text);
    let name = dotted.trim_start_matches("answer:.");
    let kind = match name {
        "type" | "contentType" => first,
        // https://expressjs.com/en/5x/api.html#res.attachment: it is kept, not shown.
        "attachment" => Some("bin"),
        "set" | "setHeader" | "header"
            if first.is_some_and(|name| name.eq_ignore_ascii_case("content-type")) =>
        {
            given.positional.get(1).and_then(Value::text)
        }
        _ => None,
    };
    let sets = matches!(name, "set" | "header" | "writeHead");
    let plain = kind.is_some_and(is_no_page) || sets && given.positional.iter().any(of_plain);
    if plain && let Some((_, object)) = of {
        walk.set_known(object, Value::of(Shape::Name(Text::from("plain-answer:"))));
    }
    Value::of(Shape::Name(Text::from(if plain { "plain-answer:" } else { "answer:" })))
}

/// A method of Fastify's answer: the answer again, which becomes a page when it is said to be one.
fn replied<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    of: Option<(&Value<'a>, &'a Expr)>,
    given: &Given<'a>,
) -> Value<'a> {
    let sets = ["type", "header", "headers"].contains(&dotted.trim_start_matches("reply:."));
    let page = sets && given.all().iter().any(|value| says_page(value) || names_page(value));
    let value = Value::of(Shape::Name(Text::from(if page { "answer:" } else { "reply:" })));
    if page && let Some((_, object)) = of {
        // `reply.code(401).type("text/html")` says it of `reply`.
        let mut root = object;
        while let ExprKind::Call(call) = &root.kind
            && let ExprKind::Member { object, .. } = &call.callee.kind
        {
            root = object;
        }
        walk.set_known(root, value.clone());
    }
    value
}

/// `new Response(text, { headers: { "content-type": "text/html" } })`: a text is sent as a text, unless it is called a page.
fn made_answer<'a>(walk: &mut Walk<'_, 'a>, given: &Given<'a>, expr: &'a Expr) {
    let headers = match given.positional.get(1).map(|options| &options.shape) {
        Some(Shape::Record(fields)) => fields.get("headers"),
        _ => None,
    };
    let Some(body) = given.positional.first().filter(|_| headers.is_some_and(names_page)).cloned() else {
        return;
    };
    let extent = given.extent(0, "body").unwrap_or(expr.extent);
    walk.arrive(Risk::Markup, expr.extent, extent, "Response", &body);
}

/// Whether a text says that something is a page.
fn says_page(value: &Value<'_>) -> bool {
    value.text().is_some_and(|text| text.contains("text/html") || text.eq_ignore_ascii_case("html"))
}

/// Whether headers say that an answer is a page.
fn names_page(headers: &Value<'_>) -> bool {
    match &headers.shape {
        Shape::Record(fields) => {
            fields.iter().any(|(name, value)| name.eq_ignore_ascii_case("content-type") && says_page(value))
        }
        _ => false,
    }
}

/// The keys or values of an object: of one that the program made, its own keys.
fn listed<'a>(walk: &mut Walk<'_, 'a>, dotted: &str, given: &Given<'a>) -> Option<Value<'a>> {
    let of = given.positional.first()?.clone();
    if dotted == "Object.entries" {
        return Some(keyed::pairs(walk.each_of(&of), walk.item_of(&of)));
    }
    if !matches!(of.shape, Shape::Record(_) | Shape::Object(..)) {
        return None;
    }
    let (key, value) = (walk.each_of(&of), walk.item_of(&of));
    let list = |items: Vec<Value<'a>>| Value::of(Shape::List(std::rc::Rc::new(items)));
    Some(match dotted {
        "Object.keys" => list(vec![key]),
        _ => list(vec![value]),
    })
}

/// A program is started: with a shell all of it is read by it, else the program alone is what the caller must not choose.
fn started<'a>(walk: &mut Walk<'_, 'a>, given: &Given<'a>, expr: &'a Expr) {
    let Some(program) = given.positional.first().cloned() else { return };
    let arguments = given.positional.get(1).cloned().unwrap_or(Value::UNKNOWN);
    let words = match &arguments.shape {
        Shape::List(words) => words.as_ref().clone(),
        _ => Vec::new(),
    };
    let mut line = vec![program.clone()];
    line.extend(words);
    let line = Value::of(Shape::List(std::rc::Rc::new(line)));
    let value = match (super::asks_for_shell(given), super::begins_with_shell(&line)) {
        (true, _) => Value::made_of(&[&program, &arguments]),
        (_, true) => super::shell_part(&line),
        _ => program,
    };
    let into = walk.shown(super::callee(expr));
    walk.arrive(Risk::Command, expr.extent, expr.extent, &into, &value);
}

/// A media type, or its short name, of which a browser makes no page.
fn is_no_page(text: &str) -> bool {
    let text = text.to_lowercase();
    let known = text.contains('/')
        || matches!(text.as_str(), "json" | "text" | "txt" | "csv" | "xml" | "png" | "bin");
    known && !text.contains("html") && !text.contains("svg")
}

fn of_plain(value: &Value<'_>) -> bool {
    match &value.shape {
        Shape::Record(fields) => fields.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type") && value.text().is_some_and(is_no_page)
        }),
        _ => false,
    }
}

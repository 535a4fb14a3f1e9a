//! Where a service begins to listen, and what its server does on SIGTERM by itself.

use seaworthy_core::limits::SOURCE_FILE_BYTES;

use crate::context::Context;
use crate::facts::nodes::{Around, Node, each_node};
use crate::facts::reach::Inside;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind, Extent, Literal};
use crate::facts::tests::in_rust_tests;
use crate::facts::values::{FileValues, called_name};
use crate::language::Language;

/// A place where a service begins to listen.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) extent: Extent,
    /// What is called, as written.
    pub(super) name: String,
    /// Whether it finishes what it began when SIGTERM comes.
    pub(super) finishes: bool,
    /// Whether it is what a framework has for trying things out, and another server is usual.
    pub(super) is_for_development: bool,
    /// The functions and the class that it is in.
    pub(super) inside: Inside,
    pub(super) advice: &'static str,
}

const GUNICORN: &str = "serve it with a server that finishes requests on SIGTERM (`gunicorn app:app`; `uvicorn` or `hypercorn` for ASGI)";
const PYTHON: &str = "handle it: `signal.signal(signal.SIGTERM, …)` that calls `server.shutdown()` from another thread, and after `serve_forever()` returns finish and close what is open";
const TORNADO: &str = "add `loop.add_signal_handler(signal.SIGTERM, …)` that stops the server, waits for open requests and then ends the loop";
const NODE: &str = "keep the server that `listen` returns, and add `process.on(\"SIGTERM\", () => server.close(() => process.exit(0)))`, closing the database in between";
const FASTIFY: &str = "add `process.on(\"SIGTERM\", () => app.close().then(() => process.exit(0)))`, or the package `close-with-grace`";
const NEST: &str = "call `app.enableShutdownHooks()` before `listen`";
const RUST: &str =
    "write `.with_graceful_shutdown(…)` with a future that ends on `signal(SignalKind::terminate())`";

/// Whether a Python server, by its full name, finishes on SIGTERM; what to do; whether it is for development.
const PYTHON_SERVERS: &[(&str, bool, &str, bool)] = &[
    ("http.server.test", false, PYTHON, false),
    ("waitress.serve", false, GUNICORN, false),
    ("bottle.run", false, GUNICORN, true),
    ("werkzeug.serving.run_simple", false, GUNICORN, true),
    ("uvicorn.run", true, "", false),
    ("uvicorn.Server", true, "", false),
    ("hypercorn.asyncio.serve", true, "", false),
    ("aiohttp.web.run_app", true, "", false),
    ("cherrypy.quickstart", true, "", false),
];

/// What makes a server whose `serve_forever()` listens, by the end of its full name.
const SOCKET_SERVERS: &[&str] = &[
    "http.server.HTTPServer",
    "http.server.ThreadingHTTPServer",
    "socketserver.TCPServer",
    "socketserver.ThreadingTCPServer",
    "wsgiref.simple_server.make_server",
    "gevent.pywsgi.WSGIServer",
    "xmlrpc.server.SimpleXMLRPCServer",
    "asyncio.start_server",
];

/// The servers of a file.
pub(super) fn servers(file: &SourceFile) -> Vec<Server> {
    let mut found = Vec::new();
    let mut values = FileValues::of(&file.syntax);
    each_node(&file.syntax, &mut |node, around| {
        if file.language == Language::Rust && in_rust_tests(around) {
            return false;
        }
        if let Node::Expr(expr) = node
            && let Some(call) = expr.call()
            && let Some((finishes, advice, is_for_development)) = kind(file, expr, call, &mut values, around)
        {
            found.push(Server {
                extent: expr.extent,
                name: shown(file, call),
                finishes,
                is_for_development,
                inside: Inside::of(around),
                advice,
            });
        }
        true
    });
    found
}

/// What is called, in as few words as say it.
fn shown(file: &SourceFile, call: &Call) -> String {
    let name = called_name(&call.callee).unwrap_or_default();
    call.callee.dotted().unwrap_or_else(|| match file.language {
        Language::JavaScript | Language::TypeScript => format!("….{name}"),
        _ => name.to_owned(),
    })
}

type Kind = (bool, &'static str, bool);

fn kind<'a>(
    file: &'a SourceFile,
    expr: &'a Expr,
    call: &'a Call,
    values: &mut FileValues<'a>,
    around: Around<'a, '_>,
) -> Option<Kind> {
    match file.language {
        Language::Python => python(file, call, values, around),
        Language::JavaScript | Language::TypeScript => node(file, call),
        Language::Rust => rust(file, expr, call, around),
    }
}

fn python<'a>(
    file: &'a SourceFile,
    call: &'a Call,
    values: &mut FileValues<'a>,
    around: Around<'a, '_>,
) -> Option<Kind> {
    let name = file.resolve(&call.callee).unwrap_or_default();
    if let Some((_, finishes, advice, development)) =
        PYTHON_SERVERS.iter().find(|(server, ..)| *server == name)
    {
        return Some((*finishes, advice, *development));
    }
    let ExprKind::Member { object, name: method, .. } = &call.callee.kind else { return None };
    let made_by = |values: &mut FileValues<'a>, ends: &dyn Fn(&str) -> bool| {
        let through_with = |origin: &Expr| {
            origin.call().and_then(|call| file.resolve(&call.callee)).is_some_and(|name| ends(&name))
        };
        let bound = match &object.kind {
            ExprKind::Name(name) => values.bound(name, around),
            _ => Vec::new(),
        };
        bound
            .iter()
            .any(|bound| matches!(bound, crate::facts::values::Bound::PartOf(value) if through_with(value)))
            || values.origins(object, around).into_iter().any(through_with)
    };
    match method.as_str() {
        "serve_forever" => {
            let known = made_by(values, &|name| SOCKET_SERVERS.contains(&name));
            let text = file.text_of(object.extent).to_lowercase();
            let imports = SOCKET_SERVERS.iter().any(|server| {
                let module = server.rsplit_once('.').map_or(*server, |(module, _)| module);
                super::handled::imports(file, module)
            });
            (known || (imports && text.contains("server"))).then_some((false, PYTHON, false))
        }
        "run" => {
            let flask = made_by(values, &|name| name == "flask.Flask" || name == "bottle.Bottle");
            let finishes =
                made_by(values, &|name| matches!(name, "quart.Quart" | "sanic.Sanic" | "sanic.app.Sanic"));
            // `app` comes from the factory of another module: `from app import app`, `app = create_app()`.
            let text = file.text_of(object.extent);
            let by_name = matches!(text, "app" | "application" | "flask_app" | "server")
                && call
                    .arguments
                    .iter()
                    .any(|argument| matches!(argument.name.as_deref(), Some("debug" | "port" | "host")));
            if finishes {
                return Some((true, "", false));
            }
            (flask || (by_name && !text_mentions(file, &["uvicorn", "quart", "sanic", "dash", "aiohttp"])))
                .then_some((false, GUNICORN, true))
        }
        "listen"
            if super::handled::imports(file, "tornado")
                && text_mentions(file, &["Application(", "HTTPServer("]) =>
        {
            Some((false, TORNADO, false))
        }
        _ => None,
    }
}

fn text_mentions(file: &SourceFile, words: &[&str]) -> bool {
    words.iter().any(|word| file.text.contains(word))
}

/// Libraries whose `listen` serves, each with what to do.
const NODE_LIBRARIES: &[(&str, &str)] = &[
    ("@nestjs/core", NEST),
    ("fastify", FASTIFY),
    ("express", NODE),
    ("koa", NODE),
    ("restify", NODE),
    ("polka", NODE),
    ("http", NODE),
    ("https", NODE),
    ("http2", NODE),
    ("net", NODE),
];

fn node(file: &SourceFile, call: &Call) -> Option<Kind> {
    if file.resolve(&call.callee).as_deref() == Some("@hono/node-server.serve") {
        return Some((false, NODE, false));
    }
    let is_member = matches!(call.callee.kind, ExprKind::Member { .. });
    if !is_member || call.style != CallStyle::Plain || called_name(&call.callee) != Some("listen") {
        return None;
    }
    // A store's or an event's `listen(callback)` takes no port first; hapi's servers `start()`.
    let first = call.arguments.first().map(|argument| &argument.value.kind)?;
    let is_address = matches!(
        first,
        ExprKind::Literal(Literal::Integer(_) | Literal::String(_))
            | ExprKind::Name(_)
            | ExprKind::Member { .. }
            | ExprKind::Logical { .. }
            | ExprKind::Record { .. }
            | ExprKind::Call(_)
            | ExprKind::Unary { .. }
            | ExprKind::Cast { .. }
    );
    // `listen(0)` takes any free port: something of the moment, such as waiting for a login to come back.
    let any_free = matches!(first, ExprKind::Literal(Literal::Integer(port)) if port == "0");
    if !is_address || any_free {
        return None;
    }
    let own = NODE_LIBRARIES.iter().find(|(library, _)| super::handled::imports(file, library));
    // A server split over files is built in one and listens in another.
    let from_own_file = || {
        let object = match &call.callee.kind {
            ExprKind::Member { object, .. } => object.dotted().unwrap_or_default(),
            _ => String::new(),
        };
        let is_server = matches!(object.rsplit('.').next(), Some("app" | "server" | "httpServer" | "api"));
        (is_server && file.imports.iter().any(|fact| fact.import.module.starts_with('.'))).then_some(NODE)
    };
    let advice = own.map(|(_, advice)| *advice).or_else(from_own_file)?;
    Some((false, advice, false))
}

fn rust(file: &SourceFile, expr: &Expr, call: &Call, around: Around<'_, '_>) -> Option<Kind> {
    let name = file.resolve(&call.callee).unwrap_or_default();
    // The calls chained on this one: `axum::serve(..).with_graceful_shutdown(..)`.
    let mut chained = Vec::new();
    let mut inner = expr;
    for node in around.iter().rev() {
        match node {
            Node::Expr(outer) => match &outer.kind {
                ExprKind::Member { object, name, .. } if std::ptr::eq(&**object, inner) => {
                    chained.push(name.as_str());
                    inner = outer;
                }
                ExprKind::Call(call) if std::ptr::eq(&raw const call.callee, inner) => inner = outer,
                _ => break,
            },
            _ => break,
        }
    }
    let graceful = chained.iter().any(|name| name.contains("graceful") || name.contains("shutdown"));
    if name.ends_with("HttpServer.new") && super::handled::imports(file, "actix_web") {
        return Some((true, "", false));
    }
    if name.ends_with("rocket.build") {
        return Some((true, "", false));
    }
    let serves = name.ends_with("axum.serve")
        || (name.ends_with("warp.serve") && chained.contains(&"run"))
        || (name.ends_with("Server.builder")
            && chained.contains(&"serve")
            && super::handled::imports(file, "tonic"))
        || (name.ends_with("Server.bind") && super::handled::imports(file, "hyper"));
    serves.then_some((graceful, RUST, false))
}

/// Whether a server that finishes its requests is what production starts: by the Dockerfile, the Procfile, a unit, the requirements.
pub(super) fn by_another(context: &Context<'_>) -> bool {
    const SERVERS: &[&str] = &[
        "gunicorn",
        "uvicorn",
        "hypercorn",
        "uwsgi",
        "granian",
        "mod_wsgi",
        "passenger",
        "zappa",
        "serverless",
    ];
    let says = |name: &str| {
        let name = name.to_lowercase();
        name.starts_with("dockerfile")
            || name.starts_with("requirements")
            || name.starts_with("docker-compose")
            || name.starts_with("compose")
            || name.ends_with(".service")
            || name.ends_with(".sh")
            || matches!(
                name.as_str(),
                "procfile"
                    | "pyproject.toml"
                    | "pipfile"
                    | "setup.py"
                    | "setup.cfg"
                    | "fly.toml"
                    | "app.yaml"
                    | "render.yaml"
                    | "makefile"
            )
    };
    let entries = context.tree.entries().iter().filter(|entry| !entry.foreign && says(entry.name()));
    entries
        .filter_map(|entry| context.tree.read_text(&entry.path, SOURCE_FILE_BYTES))
        .any(|text| SERVERS.iter().any(|server| text.to_lowercase().contains(server)))
}

/// Whether the package is made to be taken by others, as its `package.json` says: something to be imported, nothing to be started.
pub(super) fn is_library(context: &Context<'_>) -> bool {
    let Some(text) = context.tree.read_text("package.json", SOURCE_FILE_BYTES) else { return false };
    let Ok(package) = serde_json::from_str::<serde_json::Value>(&text) else { return false };
    let starts = package.get("scripts").and_then(serde_json::Value::as_object).is_some_and(|scripts| {
        ["start", "serve", "dev", "server"].iter().any(|name| scripts.contains_key(*name))
    });
    let is_private = package.get("private").and_then(serde_json::Value::as_bool) == Some(true);
    let is_published = package.get("version").is_some()
        && ["main", "exports", "module"].iter().any(|field| package.get(field).is_some());
    is_published && !starts && !is_private
}

//! Where a program begins to listen: the calls by which servers bind a socket, in each language's usual libraries.

use seaworthy_core::Location;

use crate::facts::nodes::each_node;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, Expr, ExprKind, Literal};
use crate::facts::values::called_name;
use crate::language::Language;

/// A place where a socket is bound to listen.
pub(super) struct Listens {
    /// The call.
    pub at: Location,
    /// Ports written there as literals.
    pub ports: Vec<u16>,
}

/// Python's servers, by the full name of what is called.
const PYTHON: &[&str] = &[
    "http.server.HTTPServer",
    "http.server.ThreadingHTTPServer",
    "http.server.test",
    "socketserver.TCPServer",
    "socketserver.ThreadingTCPServer",
    "socketserver.ForkingTCPServer",
    "wsgiref.simple_server.make_server",
    "uvicorn.run",
    "uvicorn.Server",
    "hypercorn.asyncio.serve",
    "waitress.serve",
    "gevent.pywsgi.WSGIServer",
    "aiohttp.web.run_app",
    "asyncio.start_server",
    "tornado.ioloop.IOLoop.current",
    "cherrypy.quickstart",
    "bottle.run",
];
/// Rust's servers, by the end of the dotted name.
const RUST: &[&str] = &["TcpListener.bind", "axum.serve", "HttpServer.new", "Server.bind", "warp.serve"];
/// What makes an object whose `.run()` listens.
const PYTHON_APPS: &[&str] = &["flask.Flask", "quart.Quart", "sanic.Sanic", "bottle.Bottle"];

/// Every place of the file where it listens.
pub(super) fn listening(file: &SourceFile) -> Vec<Listens> {
    let mut found = Vec::new();
    if !may_listen(file) {
        return found;
    }
    let makes_app = makes(file, PYTHON_APPS);
    each_node(&file.syntax, &mut |node, _| {
        if let Some(expr) = node.expr()
            && let Some(call) = expr.call()
            && is_listening(file, call, makes_app)
        {
            found.push(Listens { at: file.location(expr.extent), ports: ports(call) });
        }
        true
    });
    found
}

/// Whether a word of the file can be of something that listens; most files of a program hold none.
fn may_listen(file: &SourceFile) -> bool {
    match file.language {
        Language::Python => mentions(file, PYTHON) || mentions(file, PYTHON_APPS),
        Language::JavaScript | Language::TypeScript => file.text.contains("listen"),
        Language::Rust => true,
    }
}

/// Whether the package of one of these names stands in the file.
fn mentions(file: &SourceFile, names: &[&str]) -> bool {
    names.iter().any(|name| file.text.contains(name.split('.').next().unwrap_or(name)))
}

/// Whether the file calls one of these, by full name.
pub(super) fn makes(file: &SourceFile, names: &[&str]) -> bool {
    let mut made = false;
    if !mentions(file, names) {
        return made;
    }
    each_node(&file.syntax, &mut |node, _| {
        let call = node.expr().and_then(Expr::call);
        made |= call
            .and_then(|call| file.resolve(&call.callee))
            .is_some_and(|name| names.contains(&name.as_str()));
        !made
    });
    made
}

fn is_listening(file: &SourceFile, call: &Call, makes_app: bool) -> bool {
    let name = file.resolve(&call.callee).unwrap_or_default();
    match file.language {
        Language::Python => {
            let runs_app = makes_app
                && called_name(&call.callee) == Some("run")
                && matches!(call.callee.kind, ExprKind::Member { .. });
            // A name that resolves is some module's function, such as `subprocess.run`, and not a method of the application.
            PYTHON.contains(&name.as_str())
                || (runs_app && !name.contains('.'))
                || (runs_app && name.ends_with("app.run"))
        }
        Language::JavaScript | Language::TypeScript => {
            // `server.listen(port)`; an `EventTarget` or a store's `listen(callback)` takes no port first.
            let first = call.arguments.first().map(|argument| &argument.value.kind);
            let port_like = matches!(
                first,
                Some(
                    ExprKind::Literal(Literal::Integer(_))
                        | ExprKind::Name(_)
                        | ExprKind::Member { .. }
                        | ExprKind::Logical { .. }
                        | ExprKind::Record { .. }
                        | ExprKind::Call(_)
                )
            );
            let is_member = matches!(call.callee.kind, ExprKind::Member { .. });
            is_member && called_name(&call.callee) == Some("listen") && port_like && serves(file)
        }
        // Whoever asks for port 0 wants to know a free one, or to be found by somebody in the same process.
        Language::Rust => RUST.iter().any(|ending| name.ends_with(ending)) && !is_any_port(call),
    }
}

/// Whether port 0 is bound: `("127.0.0.1", 0)`, `"127.0.0.1:0"`.
fn is_any_port(call: &Call) -> bool {
    call.arguments.first().is_some_and(|address| match &address.value.kind {
        ExprKind::Sequence { items, .. } => {
            matches!(items.last().map(|port| &port.kind), Some(ExprKind::Literal(Literal::Integer(port))) if port == "0")
        }
        _ => address.value.string().is_some_and(|text| text.ends_with(":0")),
    })
}

/// Whether a script has to do with a server at all: it takes one of the usual libraries.
fn serves(file: &SourceFile) -> bool {
    const LIBRARIES: &[&str] = &[
        "http",
        "https",
        "http2",
        "net",
        "express",
        "fastify",
        "koa",
        "@hapi/hapi",
        "restify",
        "polka",
        "hono",
        "@nestjs/core",
        "socket.io",
    ];
    let mut serves = false;
    each_node(&file.syntax, &mut |node, _| {
        if let crate::facts::nodes::Node::Stmt(stmt) = node
            && let crate::facts::syntax::StmtKind::Import(import) = &stmt.kind
        {
            let module = import.module.strip_prefix("node:").unwrap_or(&import.module);
            // A server split over files is built in one and listens in another.
            serves |= LIBRARIES.contains(&module) || module.contains("app") || module.contains("server");
        }
        !serves
    });
    serves
}

/// Whole numbers in the arguments, tuples and keywords of a call, that can be ports; `process.env.PORT || 3000` too.
fn ports(call: &Call) -> Vec<u16> {
    let mut ports = Vec::new();
    for argument in &call.arguments {
        collect(&argument.value, &mut ports);
    }
    ports
}

fn collect(expr: &Expr, ports: &mut Vec<u16>) {
    match &expr.kind {
        ExprKind::Literal(Literal::Integer(text)) => {
            ports.extend(text.parse::<u16>().ok().filter(|port| *port > 0))
        }
        ExprKind::Literal(Literal::String(text)) => {
            let port = text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            ports.extend(port.filter(|port| *port > 0));
        }
        ExprKind::Sequence { items, .. } => items.iter().for_each(|item| collect(item, ports)),
        ExprKind::Logical { right, .. } => collect(right, ports),
        ExprKind::Record { entries, .. } => entries.iter().for_each(|(_, value)| collect(value, ports)),
        _ => {}
    }
}

//! Servers whose routes nobody here can read: frameworks that are recognised by their import, and sockets that a program listens on.

use super::listening;
use super::routing::Routing;
use crate::facts::imports::When;
use crate::facts::nodes::each_node;
use crate::language::Language;

/// Python's, by the module imported.
const PYTHON: &[&str] = &[
    "ninja",
    "tornado.web",
    "bottle",
    "falcon",
    "sanic",
    "quart",
    "pyramid",
    "cherrypy",
    "litestar",
    "starlette.routing",
    "starlette.applications",
    "connexion",
    "flask_restful",
    "flask_restx",
    "flask_smorest",
    "flask_admin",
    "flask_appbuilder",
    "flask_socketio",
    "werkzeug.routing",
    "werkzeug.middleware.dispatcher",
    "robyn",
    "blacksheep",
    "responder",
    "hug",
    "webapp2",
    "web2py",
    "strawberry",
    "ariadne",
    "wsgiref.simple_server",
    "xmlrpc.server",
    "websockets",
    "grpc",
];
/// JavaScript's, by the package imported.
const SCRIPT: &[&str] = &[
    "koa-route",
    "koa-better-router",
    "koa-joi-router",
    "koa-tree-router",
    "@hapi/hapi",
    "restify",
    "polka",
    "hono",
    "@nestjs/core",
    "@nestjs/common",
    "nuxt",
    "h3",
    "elysia",
    "socket.io",
    "ws",
    "apollo-server",
    "@apollo/server",
    "@trpc/server",
    "@feathersjs/feathers",
    "sails",
    "@adonisjs/core",
    "graphql-yoga",
    "http2",
    "net",
];
/// Rust's, by the crate used; of hyper, whose types others hand on, what serves.
const RUST: &[&str] = &[
    "rocket",
    "warp",
    "poem",
    "tide",
    "salvo",
    "hyper.server",
    "hyper.service",
    "hyper.Server",
    "hyper_util.server",
    "tonic",
    "ntex",
    "gotham",
    "aide",
    "loco_rs",
];

/// Notes them.
pub(super) fn read(routing: &mut Routing<'_>) {
    for (at, file) in routing.project.files() {
        let known = match file.language {
            Language::Python => PYTHON,
            Language::JavaScript | Language::TypeScript => SCRIPT,
            Language::Rust => RUST,
        };
        for fact in file.imports.iter().filter(|fact| fact.when != When::TypeOnly && fact.import.level == 0) {
            if routing
                .project
                .context
                .graph
                .imports_of(at)
                .iter()
                .any(|edge| file.imports.get(edge.import).is_some_and(|import| import.extent == fact.extent))
            {
                continue;
            }
            let module =
                fact.import.module.strip_prefix("node:").unwrap_or(&fact.import.module).replace("::", ".");
            let taken = fact.import.names.iter().map(|name| format!("{module}.{}", name.name));
            let is = |written: &str, name: &str| {
                written.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
            };
            let found = std::iter::once(module.clone())
                .chain(taken)
                .find_map(|written| known.iter().find(|name| is(&written, name)));
            if let Some(name) = found {
                routing.unread(at, fact.extent, &format!("the routes of {name} are not read yet"));
            }
        }
        bare_sockets(routing, at);
    }
    if !routing.says_something() {
        let files: Vec<_> = routing.project.files().collect();
        for (at, file) in files {
            if !listening::listening(file).is_empty() {
                let extent = crate::facts::syntax::Extent::default();
                routing.socket(at, extent, "it listens, and no routes could be read");
            }
        }
    }
}

/// Classes that answer a connection by themselves.
fn bare_sockets(routing: &mut Routing<'_>, at: usize) {
    let Some(file) = routing.project.file(at).filter(|file| file.language == Language::Python) else {
        return;
    };
    each_node(&file.syntax, &mut |node, _| {
        if let Some(class) = node.class() {
            let bases = class.bases.iter().filter_map(|base| file.resolve(&base.value));
            let answers = bases.into_iter().any(|base| {
                matches!(
                    base.as_str(),
                    "socketserver.StreamRequestHandler"
                        | "socketserver.BaseRequestHandler"
                        | "asyncio.Protocol"
                )
            });
            if answers {
                routing.socket(
                    at,
                    class.name_extent,
                    "a server of its own over a socket, whose routes are not read",
                );
            }
        }
        true
    });
}

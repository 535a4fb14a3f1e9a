//! Whether a program is a service: it answers requests, for as long as it is let.

use super::source::SourceFile;
use crate::context::Context;
use crate::language::Language;

/// Modules that a service takes its server or its framework from.
const PYTHON: &[&str] = &[
    "flask",
    "fastapi",
    "django",
    "starlette",
    "bottle",
    "tornado.web",
    "sanic",
    "quart",
    "falcon",
    "cherrypy",
    "pyramid",
    "litestar",
    "aiohttp.web",
    "http.server",
    "socketserver",
    "wsgiref",
    "waitress",
    "uvicorn",
    "robyn",
    "blacksheep",
];
const NODE: &[&str] = &[
    "express",
    "fastify",
    "koa",
    "@hapi/hapi",
    "restify",
    "polka",
    "hono",
    "@hono/node-server",
    "@nestjs/core",
    "http",
    "https",
    "http2",
    "next",
    "@nestjs/common",
    "koa-router",
    "@koa/router",
    "socket.io",
];
const RUST: &[&str] = &["axum", "actix_web", "warp", "rocket", "tonic", "poem", "salvo", "hyper", "tide"];

/// Whether some file of the program, tests left out, is part of a service.
pub fn is_service(context: &Context<'_>) -> bool {
    context.files.iter().any(|file| !file.is_test && serves(file))
}

/// Whether a file takes something of a server or a web framework.
pub fn serves(file: &SourceFile) -> bool {
    let modules = match file.language {
        Language::Python => PYTHON,
        Language::JavaScript | Language::TypeScript => NODE,
        Language::Rust => RUST,
    };
    file.imports.iter().any(|fact| {
        let written = fact.import.module.strip_prefix("node:").unwrap_or(&fact.import.module);
        let within = |module: &str| {
            written == module
                || written.strip_prefix(module).is_some_and(|rest| rest.starts_with(['.', '/', ':']))
        };
        modules.iter().any(|module| within(module))
            || fact
                .import
                .names
                .iter()
                .any(|name| modules.contains(&format!("{written}.{}", name.name).as_str()))
    })
}

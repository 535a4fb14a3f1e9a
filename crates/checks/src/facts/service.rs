//! Whether a program is a service: it answers requests, for as long as it is let.

use std::collections::BTreeSet;

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

/// The files that a service is made of: those that take something of a server or framework, and what they import, as places in the
/// list of files.
pub fn server_files(context: &Context<'_>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open: Vec<usize> = context
        .files
        .iter()
        .enumerate()
        .filter(|(_, file)| !file.is_test && serves(file))
        .map(|(at, _)| at)
        .collect();
    while let Some(at) = open.pop() {
        if found.insert(at) {
            open.extend(context.graph.imports_of(at).iter().map(|edge| edge.to));
        }
    }
    found
}

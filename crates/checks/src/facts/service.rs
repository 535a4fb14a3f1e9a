//! Whether a project is a service: it takes a library that answers requests.

use super::source::SourceFile;
use crate::context::Context;
use crate::language::Language;

const PYTHON: &[&str] = &[
    "flask",
    "fastapi",
    "django",
    "starlette",
    "quart",
    "sanic",
    "bottle",
    "tornado",
    "falcon",
    "pyramid",
    "litestar",
    "cherrypy",
    "http.server",
    "aiohttp.web",
    "socketserver",
    "flask_restful",
    "flask_restx",
    "connexion",
    "robyn",
];
const SCRIPT: &[&str] = &[
    "express",
    "fastify",
    "koa",
    "hono",
    "@hapi/hapi",
    "restify",
    "polka",
    "http",
    "https",
    "http2",
    "next",
    "@nestjs/common",
    "@nestjs/core",
    "@hono/node-server",
    "elysia",
    "h3",
    "nitro",
    "socket.io",
    "@adonisjs/core",
    "sails",
    "micro",
];
const RUST: &[&str] = &[
    "axum",
    "actix_web",
    "rocket",
    "warp",
    "tide",
    "poem",
    "salvo",
    "hyper",
    "gotham",
    "ntex",
    "viz",
    "tiny_http",
    "rouille",
];

/// Whether a file that is no test takes a library that answers requests.
pub fn is_service(context: &Context<'_>) -> bool {
    context.files.iter().any(|file| !file.is_test && serves(file))
}

/// Whether a file takes a library that answers requests.
pub fn serves(file: &SourceFile) -> bool {
    file.imports.iter().any(|fact| {
        let module = fact.import.module.strip_prefix("node:").unwrap_or(&fact.import.module);
        match file.language {
            Language::Python => {
                let taken = || fact.import.names.iter().map(|name| format!("{module}.{}", name.name));
                fact.import.level == 0
                    && PYTHON.iter().any(|known| {
                        module == *known
                            || module.strip_prefix(known).is_some_and(|rest| rest.starts_with('.'))
                            || taken().any(|name| name == *known)
                    })
            }
            Language::JavaScript | Language::TypeScript => SCRIPT.iter().any(|known| {
                module == *known || module.strip_prefix(known).is_some_and(|rest| rest.starts_with('/'))
            }),
            Language::Rust => {
                let first = module.split("::").next().unwrap_or_default();
                RUST.contains(&first)
            }
        }
    })
}

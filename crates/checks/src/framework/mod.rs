//! What web frameworks mean: routes, what handlers read, and how a program is started.
//!
//! Each framework notes what it understands in one [`routing::Routing`]; whatever cannot be understood makes the surface incomplete
//! and is named with its file and line. A project without any server is complete and has no routes.

mod aiohttp;
mod bound_name;
mod callee;
pub(crate) mod caller;
pub(crate) mod conduct;
mod django;
mod entry;
mod environment;
mod exports;
mod express;
mod fastapi;
mod fastify;
mod flask;
mod inputs;
mod listening;
mod node_http;
mod origins;
mod path;
mod project;
mod python_http_server;
mod routing;
mod schema;
mod signature;
mod unread;
pub mod web;
mod words;

use seaworthy_core::surface::Surface;

pub use self::routing::Framework;

pub(crate) use self::project::Project;

use self::routing::{Read, Routing};
use self::web::Web;

/// One framework: first what its applications and routers are, in every file; then what is registered on them.
struct Reads {
    objects: fn(&mut Routing<'_>),
    routes: fn(&mut Routing<'_>),
}

/// THE list.
const FRAMEWORKS: &[Reads] = &[
    Reads { objects: fastapi::objects, routes: fastapi::read },
    Reads { objects: flask::objects, routes: flask::read },
    Reads { objects: aiohttp::objects, routes: aiohttp::read },
    Reads { objects: django::objects, routes: django::read },
    Reads { objects: express::objects, routes: express::read },
    Reads { objects: fastify::objects, routes: fastify::read },
    Reads { objects: node_http::objects, routes: node_http::read },
    Reads { objects: python_http_server::objects, routes: python_http_server::read },
];

/// What the program offers to the outside, and who answers.
pub(crate) fn read<'a>(project: &'a Project<'a>) -> (Surface, Web<'a>) {
    let mut routing = Routing::new(project);
    FRAMEWORKS.iter().for_each(|framework| (framework.objects)(&mut routing));
    FRAMEWORKS.iter().for_each(|framework| (framework.routes)(&mut routing));
    unread::read(&mut routing);
    let Read { routes, not_read, handlers } = routing.finish();
    let surface =
        Surface { routes, complete: not_read.is_empty(), not_read, entries: entry::entries(project.context) };
    (surface, Web { handlers })
}

#[cfg(test)]
mod tests;

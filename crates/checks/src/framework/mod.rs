//! What web frameworks mean: routes, what handlers read, and how a program is started.
//!
//! Each framework notes what it understands in one [`routing::Routing`]; whatever cannot be understood makes the surface incomplete
//! and is named with its file and line. A project without any server is complete and has no routes.

mod aiohttp;
mod bound_name;
mod callee;
pub(crate) mod caller;
pub(crate) mod conduct;
pub mod defined;
mod django;
mod each;
mod entry;
mod environment;
mod exports;
mod express;
mod fastapi;
mod fastify;
mod flask;
mod inputs;
mod koa;
mod listening;
mod next;
mod node_http;
mod origins;
mod path;
mod project;
mod python_http_server;
mod routing;
mod rust;
mod rust_path;
mod schema;
mod signature;
mod standing;
pub(crate) mod unless;
mod unread;
pub mod web;
mod words;

use seaworthy_core::surface::Surface;

pub use self::routing::Framework;

pub(crate) use self::callee::passed_for;
pub(crate) use self::project::{FunctionAt, Place, Project};

use self::routing::{Read, Routing};
use self::web::Web;

/// One framework: first what its applications and routers are, in every file; then what is registered on them.
struct Reads {
    /// The names of its packages: a project in which none of them stands makes no application of it.
    named: &'static [&'static str],
    /// None where a route says itself what it belongs to.
    objects: Option<fn(&mut Routing<'_>)>,
    routes: fn(&mut Routing<'_>),
}

/// THE list.
const FRAMEWORKS: &[Reads] = &[
    Reads { named: &["fastapi"], objects: Some(fastapi::objects), routes: fastapi::read },
    Reads { named: &["flask"], objects: Some(flask::objects), routes: flask::read },
    Reads { named: &["aiohttp"], objects: Some(aiohttp::objects), routes: aiohttp::read },
    Reads { named: &["django"], objects: Some(django::objects), routes: django::read },
    Reads { named: &["express"], objects: Some(express::objects), routes: express::read },
    Reads { named: &["fastify"], objects: Some(fastify::objects), routes: fastify::read },
    Reads { named: &["koa"], objects: Some(koa::objects), routes: koa::read },
    Reads { named: &["next"], objects: None, routes: next::read },
    Reads { named: &["http"], objects: None, routes: node_http::read },
    Reads { named: &["axum"], objects: None, routes: rust::axum },
    Reads { named: &["actix_web"], objects: None, routes: rust::actix },
    Reads { named: &["http"], objects: None, routes: python_http_server::read },
];

/// What the program offers to the outside, and who answers.
pub(crate) fn read<'a>(project: &'a Project<'a>) -> (Surface, Web<'a>) {
    let mut routing = Routing::new(project);
    let is_named = |framework: &&Reads| {
        project.files().any(|(_, file)| framework.named.iter().any(|name| file.text.contains(name)))
    };
    let named = FRAMEWORKS.iter().filter(is_named).filter_map(|framework| framework.objects);
    named.for_each(|objects| objects(&mut routing));
    // Also where nothing names it: an application that comes from elsewhere is told by what is done with it.
    FRAMEWORKS.iter().for_each(|framework| (framework.routes)(&mut routing));
    unread::read(&mut routing);
    let Read { routes, not_read, unread, handlers } = routing.finish();
    let surface =
        Surface { routes, complete: not_read.is_empty(), not_read, entries: entry::entries(project.context) };
    (surface, Web { handlers, unread })
}

#[cfg(test)]
mod tests;

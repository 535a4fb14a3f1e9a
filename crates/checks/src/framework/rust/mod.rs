//! Rust's frameworks: routers that are built by chains of calls, handed from function to function, and put into one another.

mod actix;
mod axum;
mod build;
mod extractors;
mod layers;
mod roots;

use super::routing::Routing;

/// Notes the routes of axum.
pub(super) fn axum(routing: &mut Routing<'_>) {
    build::read(routing, &axum::DIALECT);
}

/// Notes the routes of actix-web.
pub(super) fn actix(routing: &mut Routing<'_>) {
    build::read(routing, &actix::DIALECT);
}

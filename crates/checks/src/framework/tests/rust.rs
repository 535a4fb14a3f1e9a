//! axum and actix-web: which routes are read, and which are said not to be.

use seaworthy_core::surface::Surface;

use super::surface_of;
use crate::tree::Tree;

const AXUM: &str = r#"
use axum::{extract::Query, routing::{get, post}, Router};

#[tokio::main]
async fn main() {
    let files = tower_http::services::ServeDir::new("assets").append_index_html_on_directories(true);
    let app = Router::new().route("/health", get(health))/*MORE*/;
    let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
async fn health() -> &'static str { "ok" }
async fn search() -> &'static str { "" }
"#;

/// The surface of a program of axum with more behind its first route.
fn axum(more: &str) -> Surface {
    let program = AXUM.replace("/*MORE*/", more);
    surface_of(&Tree::of_files([
        ("Cargo.toml", "[package]\nname = \"notes\"\n"),
        ("src/main.rs", program.as_str()),
    ]))
}

fn paths(surface: &Surface) -> Vec<&str> {
    let mut paths: Vec<&str> = surface.routes.iter().map(|route| route.path.as_str()).collect();
    paths.sort_unstable();
    paths
}

#[test]
fn a_route_of_axum_that_cannot_be_followed_is_said() {
    let whole = axum(r#".route("/search", get(search))"#);
    assert_eq!((paths(&whole), whole.complete), (vec!["/health", "/search"], true), "{:?}", whole.not_read);
    let made = axum(r#".route("/search", reads(search))"#);
    assert_eq!((paths(&made), made.complete), (vec!["/health"], false));
    assert_eq!(made.not_read[0].what, "src/main.rs:7");
}

#[test]
fn a_service_of_axum_is_a_router_a_function_or_of_a_library() {
    let nested = axum(r#".nest_service("/api", Router::new().route("/search", get(search)))"#);
    assert_eq!((paths(&nested), nested.complete), (vec!["/api/search", "/health"], true));
    let built = axum(
        r#".nest_service("/api", ServiceBuilder::new().layer(auth()).service(Router::new().route("/search", get(search))))"#,
    );
    assert_eq!(paths(&built), ["/api/search", "/health"]);
    let function = axum(r#".route_service("/search", tower::service_fn(search))"#);
    assert_eq!((paths(&function), function.complete), (vec!["/health", "/search"], true));
    let files = axum(r#".nest_service("/assets", tower_http::services::ServeDir::new("assets"))"#);
    assert_eq!((paths(&files), files.complete), (vec!["/health"], true), "{:?}", files.not_read);
    let handler = axum(r#".route_service("/search", search.into_service())"#);
    assert_eq!((paths(&handler), handler.complete), (vec!["/health", "/search"], true));
    let named = axum(r#".nest_service("/assets", files.clone()).fallback_service(files)"#);
    assert_eq!((paths(&named), named.complete), (vec!["/health"], true), "{:?}", named.not_read);
    let other = axum(r#".fallback_service(other)"#);
    assert!(!other.complete, "nobody knows what that answers");
}

#[test]
fn routes_that_are_kept_in_a_field_are_read_or_said() {
    let server = |with_search: &str| {
        let program = format!(
            r#"
use axum::{{routing::get, Router}};
struct Server {{ router: Router }}
impl Server {{
    fn new() -> Self {{ Self {{ router: Router::new().route("/health", get(health)) }} }}
    {with_search}
    async fn run(self) {{ axum::serve(listener().await, self.router).await.unwrap(); }}
}}
async fn health() -> &'static str {{ "ok" }}
async fn search() -> &'static str {{ "" }}
#[tokio::main]
async fn main() {{ Server::new().run().await; }}
"#
        );
        surface_of(&Tree::of_files([
            ("Cargo.toml", "[package]\nname = \"notes\"\n"),
            ("src/main.rs", program.as_str()),
        ]))
    };
    let plain = server("");
    assert_eq!((paths(&plain), plain.complete), (vec!["/health"], true), "{:?}", plain.not_read);
    let more = server(
        r#"fn with_search(mut self) -> Self { self.router = self.router.route("/search", get(search)); self }"#,
    );
    assert_eq!((paths(&more), more.complete), (vec!["/health"], false));
    assert_eq!(more.not_read[0].what, "src/main.rs:6");
    let set = server(
        r#"fn set(&mut self) { self.router = Router::new(); self.router = self.router.route("/search", get(search)); }"#,
    );
    assert_eq!((paths(&set), set.complete), (vec!["/health", "/search"], true), "{:?}", set.not_read);
}

#[test]
fn routes_that_are_added_to_something_unknown_are_said_and_no_route_of_nobody() {
    let program = r#"
use axum::{routing::get, Router};
async fn search() -> &'static str { "" }
async fn health() -> &'static str { "ok" }
fn start() {
    let server = plugin().route("/search", get(search));
    let app = Router::new().route("/health", get(health));
    run(app);
}
"#;
    let found = surface_of(&Tree::of_files([
        ("Cargo.toml", "[package]\nname = \"notes\"\n"),
        ("src/main.rs", program),
    ]));
    assert_eq!((paths(&found), found.complete), (vec!["/health"], false));
}

#[test]
fn a_route_of_actix_that_cannot_be_followed_is_said() {
    let actix = |answers: &str| {
        let program = format!(
            r#"
use actix_web::{{web, App, HttpServer}};
#[actix_web::main]
async fn main() -> std::io::Result<()> {{
    let reads = |answer| web::get().to(answer);
    HttpServer::new(|| App::new().service(web::resource("/notes").route({answers}))).bind(("0.0.0.0", 8080))?.run().await
}}
async fn list() -> String {{ String::new() }}
"#
        );
        surface_of(&Tree::of_files([
            ("Cargo.toml", "[package]\nname = \"notes\"\n"),
            ("src/main.rs", program.as_str()),
        ]))
    };
    let plain = actix("web::get().to(list)");
    assert_eq!((paths(&plain), plain.complete), (vec!["/notes"], true), "{:?}", plain.not_read);
    let made = actix("reads(list)");
    assert!(!made.complete, "{:?}", made.routes);
}

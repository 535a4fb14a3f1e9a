//! axum and actix-web.

use super::guards;

#[test]
fn a_layer_of_axum_stands_before_what_was_added_before_it() {
    let found = guards([
        ("Cargo.toml", "[package]\nname = \"notes\"\n"),
        (
            "src/main.rs",
            r#"
mod auth;
mod routes;
use axum::{middleware, routing::get, Router};

#[tokio::main]
async fn main() {
    let state = AppState::new().await;
    let app = Router::new()
        .route("/health", get(|| async { "ok" }))
        .merge(routes::open())
        .nest("/api", routes::closed(state.clone()))
        .layer(TraceLayer::new_for_http())
        .with_state(state);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
"#,
        ),
        (
            "src/routes.rs",
            r#"
use crate::auth::{require_auth, AdminUser};
use axum::{extract::{Path, State}, middleware, routing::{delete, get, post}, Json, Router};

pub fn open() -> Router<AppState> {
    Router::new().route("/login", post(login).layer(GovernorLayer { config }))
}

pub fn closed(state: AppState) -> Router<AppState> {
    let notes = Router::new()
        .route("/", get(list).post(create))
        .route("/{id}", delete(remove))
        .route_layer(middleware::from_fn_with_state(state, require_auth))
        .route("/:id/public", get(shown));
    Router::new().nest("/notes", notes)
}

async fn login() {}
async fn list() {}
async fn create() {}
async fn remove(admin: AdminUser, Path(id): Path<i64>) {}
async fn shown() {}
"#,
        ),
        (
            "src/auth.rs",
            r#"
use axum::{extract::{FromRequestParts, Request}, middleware::Next};
pub struct AdminUser { pub id: i64 }
impl<S> FromRequestParts<S> for AdminUser {
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> { Err(StatusCode::UNAUTHORIZED) }
}
pub async fn require_auth(request: Request, next: Next) -> Response { next.run(request).await }
"#,
        ),
    ]);
    let trace = "Application TraceLayer::new_for_http()";
    assert_eq!(found["GET /health"], [trace]);
    assert_eq!(found["POST /login"], [trace, "Route GovernorLayer { config }"]);
    let auth = "Router require_auth = require_auth";
    assert_eq!(found["GET /api/notes"], [trace, auth]);
    assert_eq!(found["POST /api/notes"], [trace, auth]);
    assert_eq!(found["DELETE /api/notes/{id}"], [trace, auth, "Route AdminUser = from_request_parts"]);
    assert_eq!(found["GET /api/notes/{id}/public"], [trace]);
    assert_eq!(found.len(), 6);
}

#[test]
fn what_wraps_a_scope_of_actix_stands_before_all_of_it() {
    let found = guards([
        ("Cargo.toml", "[package]\nname = \"notes\"\n"),
        (
            "src/main.rs",
            r#"
mod notes;
use actix_web::{get, middleware::Logger, web, App, HttpResponse, HttpServer, Responder};
use actix_web_httpauth::middleware::HttpAuthentication;

#[get("/health")]
async fn health() -> impl Responder { HttpResponse::Ok() }

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(move || {
        let auth = HttpAuthentication::bearer(validator);
        App::new()
            .app_data(web::Data::new(state.clone()))
            .service(health)
            .route("/ready", web::get().to(ready))
            .service(web::scope("/api").service(web::scope("/notes").configure(notes::config)).wrap(auth))
            .wrap(Logger::default())
    })
    .bind(("0.0.0.0", 8080))?
    .run()
    .await
}
async fn ready() -> impl Responder { HttpResponse::Ok() }
async fn validator(request: ServiceRequest, credentials: BearerAuth) -> Result<ServiceRequest, Error> { Ok(request) }
"#,
        ),
        (
            "src/notes.rs",
            r#"
use actix_web::{delete, web, HttpResponse, Responder};

pub fn config(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("").route(web::get().to(list)).route(web::post().to(create)));
    cfg.service(remove);
}
async fn list() -> impl Responder { HttpResponse::Ok() }
async fn create() -> impl Responder { HttpResponse::Ok() }
#[delete("/{id}")]
async fn remove(id: web::Path<i64>) -> impl Responder { HttpResponse::Ok() }
"#,
        ),
    ]);
    let log = "Application Logger::default()";
    assert_eq!(found["GET /health"], [log]);
    assert_eq!(found["GET /ready"], [log]);
    let all = [log, "Router HttpAuthentication::bearer(validator) = validator"];
    assert_eq!(found["GET /api/notes"], all);
    assert_eq!(found["POST /api/notes"], all);
    assert_eq!(found["DELETE /api/notes/{id}"], all);
    assert_eq!(found.len(), 5);
}

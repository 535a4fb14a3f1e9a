//! Express.

use seaworthy_core::surface::{InputKind::*, InputPlace::*};

use super::{agrees, files, inputs, program, real, route};

const SHOP: &[&str] = &[
    "* /api/orders/ping",
    "* /orders/ping",
    "DELETE /api/products/{id}",
    "GET /",
    "GET /api/orders/{id}/invoice",
    "GET /api/orders/{id}/receipt",
    "GET /api/products",
    "GET /api/products/{id}",
    "GET /api/products/{id}/reviews",
    "GET /health",
    "GET /orders/{id}/invoice",
    "GET /orders/{id}/receipt",
    "POST /api/orders",
    "POST /api/products/{id}/reviews",
    "POST /orders",
    "PUT /api/products/{id}",
];

const BLOG: &[&str] = &["GET /", "GET /files/{path}", "PATCH /api/v1/posts/{slug}", "POST /api/v1/posts"];

#[test]
fn a_shop_of_routers_in_files_has_the_routes_that_express_has() {
    agrees(
        &program("express_shop"),
        SHOP,
        real("express", "real_express.cjs", "express_shop", &["server.js", "default"]),
    );
}

#[test]
fn a_blog_of_modules_has_the_routes_that_express_has() {
    agrees(
        &program("express_blog"),
        BLOG,
        real("express", "real_express.cjs", "express_blog", &["src/app.js", "app"]),
    );
}

#[test]
fn what_express_handlers_read_is_told_through_destructuring_and_functions() {
    let shop = program("express_shop");
    assert_eq!(inputs(route(&shop, "GET", "/api/products")), [(Query, "page", Number, false)]);
    let update = inputs(route(&shop, "PUT", "/api/products/{id}"));
    assert_eq!(update, [(Path, "id", Unknown, true), (Json, "name", Unknown, false)]);
    let review = inputs(route(&shop, "POST", "/api/products/{id}/reviews"));
    assert_eq!(
        review,
        [
            (Path, "id", Unknown, true),
            (Json, "stars", Number, true),
            (Json, "text", Unknown, false),
            (Header, "x-user", Unknown, false)
        ]
    );
    let order = inputs(route(&shop, "POST", "/orders"));
    assert_eq!(
        order,
        [(Query, "dry", Unknown, false), (Json, "count", Integer, false), (Json, "sku", Unknown, false)]
    );
    assert_eq!(inputs(route(&shop, "GET", "/health")), [(Cookie, "session", Unknown, false)]);
    let handler = route(&shop, "GET", "/api/products/{id}").handler.clone().expect("a handler");
    assert!(
        matches!(handler.location, seaworthy_core::Location::Source { path, .. } if path == "controller.js")
    );
    let blog = program("express_blog");
    let post = inputs(route(&blog, "POST", "/api/v1/posts"));
    assert_eq!(post, [(Json, "body", Unknown, false), (Json, "title", Unknown, true)]);
    assert_eq!(inputs(route(&blog, "PATCH", "/api/v1/posts/{slug}"))[1..], [(Json, "title", Unknown, false)]);
}

#[test]
fn what_express_is_told_at_run_time_makes_the_surface_incomplete_and_is_named() {
    let dynamic = files([(
        "app.js",
        "const app = require('express')();\nfor (const p of list()) app.get(p, (req, res) => res.end());\napp.get(/x+/, (req, res) => res.end());\n",
    )]);
    assert!(!dynamic.complete && dynamic.routes.is_empty());
    assert_eq!(dynamic.not_read.len(), 2);
    let clients =
        files([("a.js", "const axios = require('axios');\naxios.get('/api', {});\nnew Map().get('/x');\n")]);
    assert!(clients.complete && clients.routes.is_empty(), "{:?}", clients.not_read);
}

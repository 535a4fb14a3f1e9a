//! Fastify.

use seaworthy_core::surface::{InputKind::*, InputPlace::*};

use super::{agrees, files, inputs, program, real, route};

const SHOP: &[&str] = &[
    "* /ping",
    "DELETE /api/orders/{id}",
    "GET /api",
    "GET /api/orders",
    "GET /api/products",
    "GET /api/products/by-name/{name}/",
    "GET /api/products/{id}",
    "GET /at/{hour}h{minute}m",
    "GET /files/{rest}",
    "GET /health",
    "GET /pages",
    "GET /pages/{page}",
    "GET /users/:me",
    "PATCH /api/orders/{id}",
    "POST /api/orders",
    "POST /api/products/{id}/picture",
    "POST /login",
    "PUT /api/orders/{id}",
];

const NOTES: &[&str] =
    &["DELETE /api/notes/{noteId}", "GET /", "GET /api/notes", "GET /staff/users", "POST /api/notes"];

#[test]
fn a_shop_of_plugins_in_plugins_has_the_routes_that_fastify_has() {
    agrees(
        &program("fastify_shop"),
        SHOP,
        real("fastify", "real_fastify.cjs", "fastify_shop", &["app.js", "default"]),
    );
}

#[test]
fn a_folder_of_plugins_has_the_routes_that_fastify_has() {
    agrees(
        &program("fastify_notes"),
        NOTES,
        real("@fastify/autoload", "real_fastify.cjs", "fastify_notes", &["src/server.js", "app"]),
    );
}

#[test]
fn what_fastify_handlers_read_is_told_with_what_the_schema_says() {
    let shop = program("fastify_shop");
    let login = inputs(route(&shop, "POST", "/login"));
    assert_eq!(
        login,
        [(Json, "name", Text, true), (Json, "password", Text, true), (Json, "remember", Boolean, false)]
    );
    let create = inputs(route(&shop, "POST", "/api/orders"));
    assert_eq!(
        create,
        [
            (Json, "sku", Text, true),
            (Header, "x-dry-run", Unknown, false),
            (Json, "count", Integer, false),
            (Json, "items", List, true),
            (Json, "ship", Object, false)
        ]
    );
    let list = inputs(route(&shop, "GET", "/api/orders"));
    assert_eq!(list, [(Query, "page", Unknown, false), (Query, "status", Unknown, false)]);
    let handler = route(&shop, "GET", "/api/orders").handler.clone().expect("a handler");
    assert_eq!(handler.symbol, "OrderController.list");
    assert_eq!(inputs(route(&shop, "DELETE", "/api/orders/{id}")), [(Path, "id", Integer, true)]);
    let products = inputs(route(&shop, "GET", "/api/products"));
    assert_eq!(products, [(Query, "q", Text, false), (Query, "limit", Integer, false)]);
    let picture = inputs(route(&shop, "POST", "/api/products/{id}/picture"));
    assert_eq!(picture[1..], [(File, "file", Unknown, false)]);
    assert_eq!(inputs(route(&shop, "GET", "/at/{hour}h{minute}m"))[0], (Path, "hour", Integer, true));
    let notes = program("fastify_notes");
    assert_eq!(inputs(route(&notes, "POST", "/api/notes")), [(Json, "text", Unknown, false)]);
    assert_eq!(inputs(route(&notes, "DELETE", "/api/notes/{noteId}")), [(Path, "noteId", Unknown, true)]);
}

#[test]
fn what_fastify_is_told_at_run_time_makes_the_surface_incomplete_and_is_named() {
    let dynamic = files([
        (
            "app.js",
            "const app = require('fastify')();\nfor (const p of list()) app.get(p, async () => 1);\napp.register(require('./x'), { prefix: process.env.P });\napp.register(load('y'));\n",
        ),
        ("x.js", "module.exports = async (app) => {\n  app.get('/x', async () => 1);\n};\n"),
    ]);
    assert!(!dynamic.complete && dynamic.routes.is_empty());
    let named: Vec<&str> = dynamic.not_read.iter().map(|not_read| not_read.what.as_str()).collect();
    assert_eq!(named, ["app.js:2", "app.js:4", "x.js:2"]);
    let alone = files([(
        "routes.ts",
        "import type { FastifyInstance } from 'fastify';\nexport async function routes(api: FastifyInstance) {\n  api.get('/x', async () => 1);\n}\n",
    )]);
    assert!(!alone.complete && alone.routes.is_empty());
    assert_eq!(alone.not_read[0].what, "routes.ts:3");
}

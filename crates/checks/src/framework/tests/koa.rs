//! Koa.

use seaworthy_core::surface::{InputKind::*, InputPlace::*};

use super::{agrees, files, inputs, program, real, route};

const SHOP: &[&str] = &[
    "* /ping",
    "DELETE /admin/users/{id}",
    "GET /",
    "GET /about",
    "GET /api/orders",
    "GET /api/products",
    "GET /api/products/{id}",
    "GET /health",
    "GET /imprint",
    "GET /pages/{slug}",
    "PATCH /api/orders/{id}",
    "POST /api/orders",
    "POST /login",
    "PUT /api/orders/{id}",
];

#[test]
fn a_shop_of_routers_in_routers_has_the_routes_that_koa_has() {
    agrees(&program("koa_shop"), SHOP, real("koa", "real_koa.cjs", "koa_shop", &["app.js", "default"]));
}

#[test]
fn what_koa_handlers_read_is_told() {
    let shop = program("koa_shop");
    let login = inputs(route(&shop, "POST", "/login"));
    assert_eq!(
        login,
        [
            (Json, "name", Unknown, true),
            (Json, "password", Boolean, false),
            (Header, "user-agent", Unknown, false)
        ]
    );
    let list = inputs(route(&shop, "GET", "/api/products"));
    assert_eq!(list, [(Query, "limit", Unknown, false), (Query, "q", Unknown, false)]);
    let show = inputs(route(&shop, "GET", "/api/products/{id}"));
    assert_eq!(show, [(Path, "id", Unknown, true), (Cookie, "theme", Unknown, false)]);
    let create = inputs(route(&shop, "POST", "/api/orders"));
    assert_eq!(create, [(Json, "count", Number, false), (Json, "sku", Unknown, false)]);
    let handler = route(&shop, "POST", "/api/orders").handler.clone().expect("a handler");
    assert_eq!(handler.symbol, "Orders.create");
}

#[test]
fn what_koa_is_told_at_run_time_makes_the_surface_incomplete_and_is_named() {
    let dynamic = files([(
        "app.js",
        r#"
const Koa = require('koa');
const Router = require('koa-router');
const router = new Router({ prefix: process.env.PREFIX });
router.get('/x', (ctx) => { ctx.body = 1; });
const other = Router();
for (const path of list()) other.get(path, (ctx) => { ctx.body = 1; });
other.get(/^\/y/, (ctx) => { ctx.body = 1; });
const app = new Koa();
app.use(router.routes()).use(other.routes());
"#,
    )]);
    assert!(!dynamic.complete && dynamic.routes.is_empty());
    let named: Vec<&str> = dynamic.not_read.iter().map(|not_read| not_read.what.as_str()).collect();
    assert_eq!(named, ["app.js:5", "app.js:7", "app.js:8"]);
    let served = files([(
        "app.js",
        "const http = require('http');\nconst Koa = require('koa');\nconst app = new Koa();\napp.use((ctx) => { ctx.body = 1; });\nserve(app);\nfunction serve(it) { http.createServer(it.callback()).listen(1); }\n",
    )]);
    assert!(served.complete && served.routes.len() == 1);
    let by_hand = files([(
        "app.js",
        "const Koa = require('koa');\nconst app = new Koa();\napp.use(async (ctx) => {\n  if (ctx.path === '/x') ctx.body = 1;\n});\n",
    )]);
    assert_eq!(by_hand.not_read[0].what, "app.js:3");
}

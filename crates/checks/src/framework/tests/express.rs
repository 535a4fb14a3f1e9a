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

const DESK: &[&str] = &[
    "DELETE /tickets/{id}",
    "GET /api/docs",
    "GET /api/things/{id}",
    "GET /factory",
    "GET /factory/{id}",
    "GET /health",
    "GET /inline/a",
    "GET /metrics",
    "GET /teams",
    "GET /tickets",
    "GET /users",
    "GET /users/{id}",
    "PATCH /factory/{id}",
    "PATCH /users/{id}",
    "POST /api/auth/login",
    "POST /bulk",
    "POST /factory",
    "POST /inline/b",
    "POST /tickets",
    "POST /users",
    "PUT /api/things/{id}",
];

#[test]
fn a_desk_of_classes_and_factories_has_the_routes_that_express_has() {
    let desk = program("express_desk");
    agrees(&desk, DESK, real("express", "real_express.cjs", "express_desk", &["app.js", "default"]));
    let handler = |method: &str, path: &str| {
        let handler = route(&desk, method, path).handler.clone().expect("a handler");
        let seaworthy_core::Location::Source { path, span } = handler.location else { panic!("a place") };
        format!("{path}:{} {}", span.line, handler.symbol)
    };
    assert_eq!(handler("GET", "/users"), "controllers/users.js:4 exports.make");
    assert_eq!(handler("POST", "/users"), "controllers/users.js:5 exports.make.create");
    assert_eq!(handler("PATCH", "/users/{id}"), "controllers/users.js:16 rename");
    assert_eq!(handler("GET", "/tickets"), "controllers/tickets.js:2 Base.list");
    assert_eq!(handler("POST", "/tickets"), "routes/tickets.js:18 Tickets.create");
    assert_eq!(inputs(route(&desk, "GET", "/factory/{id}"))[1..], [(Query, "full", Unknown, false)]);
    assert_eq!(inputs(route(&desk, "DELETE", "/tickets/{id}"))[1..], [(Header, "x-reason", Unknown, false)]);
}

#[test]
fn typescript_and_schemas_are_read_as_they_are_written_with_express() {
    let whole = files([
        (
            "src/server.ts",
            r#"
import * as express from 'express';
import { UserRoutes } from './users';
import type { Application } from 'express';
class App {
  public app: Application;
  constructor(private readonly routes: { path: string; router: express.Router }[]) {
    this.app = express.default();
    routes.forEach((route) => { this.app.use('/v1', route.router); });
  }
}
new App([new UserRoutes()]).app.listen(3000);
"#,
        ),
        (
            "src/users.ts",
            r#"
import express, { Router, Request, Response } from 'express';
import { z } from 'zod';
import { UserController } from './controller';
const create = z.object({ name: z.string().min(1), age: z.number().int().optional(), tags: z.array(z.string()).default([]) });
const filter = Joi.object({ q: Joi.string().required(), page: Joi.number().integer() });
export class UserRoutes {
  public path = '/users';
  public router: Router = Router();
  public users: UserController = new UserController();
  constructor() {
    this.router.post(`${this.path}`, this.users.create);
    this.router.get(this.path, validateQuery(filter), this.users.list);
  }
}
"#,
        ),
        (
            "src/controller.ts",
            r#"
import { Request, Response, NextFunction } from 'express';
import { create } from './schemas';
import { z } from 'zod';
const body = z.object({ name: z.string().min(1), age: z.number().int().optional(), tags: z.array(z.string()).default([]) });
export class UserController {
  public create = async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    const { name } = body.parse(req.body);
    res.json(name);
  };
  public list(req: Request, res: Response) { res.json([]); }
}
"#,
        ),
    ]);
    assert_eq!(whole.not_read, []);
    let create = inputs(route(&whole, "POST", "/v1/users"));
    assert_eq!(
        create,
        [(Json, "age", Integer, false), (Json, "name", Text, true), (Json, "tags", List, false)]
    );
    let list = inputs(route(&whole, "GET", "/v1/users"));
    assert_eq!(list, [(Query, "q", Text, true), (Query, "page", Integer, false)]);
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

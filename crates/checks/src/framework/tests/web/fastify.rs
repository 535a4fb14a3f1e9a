//! Fastify.

use super::guards;

#[test]
fn fastify_has_hooks_plugins_and_the_options_of_a_route() {
    let found = guards([
        (
            "app.js",
            r#"
import Fastify from "fastify";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import auth from "./auth.js";
import orders from "./orders.js";
const app = Fastify();
app.get("/early", async () => "x");
await app.register(rateLimit, { max: 100 });
app.register(helmet);
app.register(auth);
app.post("/login", { config: { rateLimit: { max: 5 } }, schema: { body: { type: "object" } } }, async () => 1);
app.get("/answer", { schema: { response: {} } }, async () => 1);
app.register(orders, { prefix: "/orders" });
app.addHook("onSend", async () => {});
"#,
        ),
        (
            "auth.js",
            r#"
import fp from "fastify-plugin";
export default fp(async (app) => {
  app.decorate("authenticate", async function authenticate(request, reply) { await request.jwtVerify(); });
  app.decorate("role", (name) => async (request, reply) => {});
  app.addHook("onRequest", async function trace(request) {});
});
"#,
        ),
        (
            "orders.js",
            r#"
import { owner } from "./owner.js";
const common = [owner, check];
export default async (scope) => {
  scope.get("/", async () => []);
  scope.addHook("preHandler", scope.authenticate);
  scope.delete("/:id", { onRequest: scope.role("admin"), preHandler: [...common, limit({ max: 1 })] }, async () => 1);
};
"#,
        ),
        ("owner.js", "export async function owner(request, reply) {}\n"),
    ]);
    let helmet = "Application app.register(helmet)";
    let limit = "Application app.register(rateLimit, { max: 100 })";
    let trace = "Application onRequest: async function trace(request) {} = trace";
    let whole = [limit, helmet, trace];
    // The limit counts what is added after it.
    assert_eq!(found["GET /early"], [helmet, trace]);
    let own = ["Route rateLimit: { max: 5 }", "Route schema: { body: { type: \"object\" } }"];
    assert_eq!(found["POST /login"], [&whole[..], &own].concat());
    assert_eq!(found["GET /answer"], whole);
    // Hooks of a part of the application stand before all of it, in whatever order.
    let authenticate = "Router preHandler: scope.authenticate = authenticate";
    assert_eq!(found["GET /orders"], [&whole[..], &[authenticate]].concat());
    let remove = [
        authenticate,
        "Route onRequest: scope.role(\"admin\") = ",
        "Route preHandler: owner = owner",
        "Route preHandler: check",
        "Route preHandler: limit({ max: 1 })",
    ];
    assert_eq!(found["DELETE /orders/{id}"], [&whole[..], &remove].concat());
}

#[test]
fn a_limit_that_is_not_waited_for_counts_no_route_beside_it() {
    let found = guards([(
        "app.js",
        r#"
const app = require("fastify")();
app.register(require("@fastify/rate-limit"), { max: 100 });
app.post("/login", async () => 1);
app.register(async (scope) => {
  scope.post("/orders", async () => 1);
});
"#,
    )]);
    assert_eq!(found["POST /login"], [""; 0]);
    let limit = "Application app.register(require(\"@fastify/rate-limit\"), { max: 100 })";
    assert_eq!(found["POST /orders"], [limit]);
}

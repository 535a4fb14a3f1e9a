const Koa = require("koa");
const Router = require("@koa/router");
const { bodyParser } = require("./lib/body");
const compose = require("koa-compose");
const mount = require("koa-mount");
const products = require("./routes/products");
const { orders } = require("./routes/orders");
const { requireUser } = require("./lib/auth");

const app = new Koa();
app.use(bodyParser());
app.use(async (ctx, next) => {
  const began = Date.now();
  await next();
  ctx.set("X-Response-Time", `${Date.now() - began}ms`);
});

const router = new Router();
router.get("/health", (ctx) => {
  ctx.body = { ok: true };
});
router
  .get("home", "/", (ctx) => {
    ctx.body = "shop";
  })
  .post("/login", async (ctx) => {
    const { name, password } = ctx.request.body;
    if (!name) ctx.throw(400, "no name");
    ctx.body = { name, kept: Boolean(password), agent: ctx.get("User-Agent") };
  });
router.all("/ping", (ctx) => {
  ctx.body = ctx.query.say;
});
router.get(["/about", "/imprint"], (ctx) => {
  ctx.body = "us";
});
router.get("/pages/:slug", compose([requireUser, page]));
async function page(ctx) {
  ctx.body = ctx.params.slug;
}

const api = new Router({ prefix: "/api" });
api.use(requireUser);
api.use("/orders", orders.routes(), orders.allowedMethods());
api.use(products.routes());

app.use(router.routes()).use(router.allowedMethods());
app.use(api.routes());

const admin = new Koa();
const inner = new Router();
inner.del("/users/:id", (ctx) => {
  ctx.status = 204;
});
admin.use(inner.routes());
app.use(mount("/admin", admin));

module.exports = app;

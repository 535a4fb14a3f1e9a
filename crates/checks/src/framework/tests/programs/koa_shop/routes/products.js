const Router = require("@koa/router");

const router = new Router();
router.prefix("/products");
router.get("/", async (ctx) => {
  ctx.body = [ctx.query.q, ctx.request.query.limit];
});
router.get("/:id", show);
async function show(ctx) {
  ctx.body = { id: ctx.params.id, theme: ctx.cookies.get("theme") };
}

module.exports = router;

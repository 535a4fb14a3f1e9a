const Router = require("@koa/router");

const orders = new Router();
class Orders {
  async list(ctx) {
    ctx.body = [];
  }
  async create(ctx) {
    const body = ctx.request.body;
    ctx.status = 201;
    ctx.body = { sku: body.sku, count: Number(body.count) };
  }
}
const controller = new Orders();
orders.get("/", controller.list);
orders.post("/", controller.create);
orders.put("/:id", controller.create);
orders.patch("/:id", controller.create);

module.exports = { orders };

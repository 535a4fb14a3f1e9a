class OrderController {
  constructor(db) {
    this.db = db;
  }

  async list(request) {
    const { page = 1, status } = request.query;
    return [page, status];
  }

  create = async (request, reply) => {
    reply.code(201);
    return { sku: request.body.sku, dry: request.headers['x-dry-run'] };
  };

  async update(request) {
    return { id: request.params.id, ...request.body };
  }
}

module.exports = { OrderController };

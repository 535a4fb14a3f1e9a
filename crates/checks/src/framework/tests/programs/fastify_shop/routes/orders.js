const { OrderController } = require('../controllers/orders');
const schemas = require('../schemas/orders');

module.exports = async (app, options) => {
  const controller = new OrderController(options.db);
  app.addHook('onRequest', app.authenticate);
  app.get('/', controller.list.bind(controller));
  app.post('/', { schema: { body: schemas.create } }, controller.create);
  app.route({ method: ['PUT', 'PATCH'], url: '/:id', preHandler: [], handler: controller.update });
  app.route({
    method: 'DELETE',
    path: '/:id',
    schema: { params: { type: 'object', properties: { id: { type: 'integer' } } } },
    handler: async (request, reply) => reply.code(204).send(),
  });
};

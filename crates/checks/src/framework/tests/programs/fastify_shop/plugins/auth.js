const fp = require('fastify-plugin');

module.exports = fp(async function (app) {
  app.decorate('authenticate', async (request, reply) => {
    if (!request.headers.authorization) return reply.code(401).send();
  });
  app.post('/login', {
    schema: { body: { type: 'object', required: ['name', 'password'], properties: { name: { type: 'string' }, password: { type: 'string' }, remember: { type: ['boolean', 'null'] } } } },
  }, async (request) => ({ token: request.body.name }));
});

'use strict';
const fastify = require('fastify');
const auth = require('./plugins/auth');
const { productRoutes } = require('./routes/products');

const API = '/api';

function build(options = {}) {
  const app = fastify(options);
  app.register(auth);
  app.register(require('@fastify/helmet'));
  app.register(require('./routes/orders'), { prefix: `${API}/orders` });
  app.register(async function shop(scope) {
    scope.register(productRoutes, { prefix: '/products' });
    scope.get('/', async () => ({ shop: true }));
  }, { prefix: API });
  require('./routes/health')(app);
  app.all('/ping', (request, reply) => reply.send('pong'));
  app.get('/files/*', (request, reply) => reply.send(request.params['*']));
  app.get('/at/:hour(^\\d{2})h:minute(^\\d{2})m', async (request) => request.params.hour);
  app.get('/pages/:page?', async (request) => request.params.page || 1);
  app.get('/users/::me', async () => 'me');
  return app;
}

module.exports = build;

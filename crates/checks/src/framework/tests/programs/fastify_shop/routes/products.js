const options = {
  schema: { querystring: { type: 'object', properties: { q: { type: 'string' }, limit: { type: 'integer' } } } },
  handler: async (request) => [request.query.q],
};

function productRoutes(app, _, done) {
  app.get('/', options);
  app.get('/:id', async function one(request, reply) {
    return { id: request.params.id };
  });
  app.post('/:id/picture', async (request) => {
    const file = await request.file();
    return file.filename;
  });
  app.get('/by-name/:name/', async (request) => request.params.name);
  done();
}

module.exports = { productRoutes };

export default async (fastify, opts) => {
  fastify
    .get('/', async (request) => request.query.tag)
    .post('/', async ({ body }, reply) => reply.code(201).send(body.text));
};

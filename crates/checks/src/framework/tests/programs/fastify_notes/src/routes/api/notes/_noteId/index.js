export default async (fastify) => {
  fastify.delete('/', async (request, reply) => reply.code(204).send(request.params.noteId));
};

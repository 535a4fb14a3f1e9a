export const autoPrefix = '/staff';

export default async function users(fastify) {
  fastify.get('/users', async () => []);
}

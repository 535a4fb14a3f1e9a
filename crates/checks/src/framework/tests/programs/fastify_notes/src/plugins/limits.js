import fp from 'fastify-plugin';
import rateLimit from '@fastify/rate-limit';

async function limits(fastify) {
  await fastify.register(rateLimit, { max: 100 });
}

export default fp(limits);

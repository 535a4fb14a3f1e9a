import path from 'node:path';
import { fileURLToPath } from 'node:url';
import autoload from '@fastify/autoload';
import Fastify from 'fastify';

const __dirname = path.dirname(fileURLToPath(import.meta.url));

export const app = Fastify({ logger: false });

await app.register(autoload, { dir: path.join(__dirname, 'plugins') });
app.register(autoload, { dir: path.join(__dirname, 'routes'), routeParams: true });

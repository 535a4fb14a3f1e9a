const build = require('./app');

build({ logger: true }).listen({ port: Number(process.env.PORT) || 3000 });

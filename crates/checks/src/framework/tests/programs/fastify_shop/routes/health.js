module.exports = function health(app) {
  app.get('/health', async (request) => ({ ok: true, session: request.cookies }));
};

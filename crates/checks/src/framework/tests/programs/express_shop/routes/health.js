module.exports = (server) => {
  server.get("/health", (req, res) => res.json({ up: true, session: req.cookies && req.cookies.session }));
};

module.exports = function bulk(app) {
  app.post('/bulk', (req, res) => res.json(req.body.items));
};

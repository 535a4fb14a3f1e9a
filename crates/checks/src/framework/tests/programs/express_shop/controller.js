exports.list = (req, res) => res.json({ page: Number(req.query.page) });
exports.show = function (req, res) {
  res.json({ id: req.params.id });
};
exports.update = async ({ body, params }, res) => res.json({ id: params.id, name: body.name });

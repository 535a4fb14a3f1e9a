const { wrap } = require('../middleware');

exports.make = (db) => ({
  list: (req, res) => res.json([...db.keys()].slice(0, Number(req.query.limit))),
  async create(req, res) {
    res.status(201).json(req.body.email);
  },
});

exports.one = wrap(async (req, res) => {
  res.json({ id: req.params.id, full: req.query.full });
});

exports.rename = wrap(rename);

async function rename(req, res) {
  res.json(req.body.name);
}

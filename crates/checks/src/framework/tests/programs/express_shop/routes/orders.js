const express = require("express");
const router = express.Router();
const wrap = (fn) => (req, res, next) => Promise.resolve(fn(req, res)).catch(next);

router.all("/ping", (req, res) => res.end());
router.post("/", wrap(async (req, res) => res.json(place(req.body, req.query.dry))));
router.get(["/:id/receipt", "/:id/invoice"], (req, res) => res.json(req.params.id));

function place(body, dry) {
  return { sku: body.sku, count: parseInt(body.count, 10), dry };
}

module.exports = { router, audit: (req, res, next) => next() };

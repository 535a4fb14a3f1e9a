const express = require("express");
const reviews = express.Router({ mergeParams: true });
reviews
  .get("/", (req, res) => res.json([]))
  .post("/", async (req, res) => {
    const { stars, text } = req.body;
    if (!stars) return res.status(400).end();
    res.json({ stars: Number(stars), text, by: req.get("X-User") });
  });
exports = module.exports = reviews;

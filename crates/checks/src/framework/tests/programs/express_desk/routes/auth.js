const router = (module.exports = require('express').Router());
router.post('/login', (req, res) => res.json(req.body.user));

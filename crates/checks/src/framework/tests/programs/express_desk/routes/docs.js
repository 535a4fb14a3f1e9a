exports.router = require('express').Router();
exports.router.get('/', (req, res) => res.end());

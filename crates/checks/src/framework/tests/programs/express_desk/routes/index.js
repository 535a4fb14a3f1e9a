const { Router } = require('express');
const health = Router();
health.get('/health', (req, res) => res.end());
const metrics = Router().get('/metrics', (req, res) => res.end());
module.exports = [health, metrics];

const express = require('express');
const TicketController = require('../controllers/tickets');

module.exports = class Tickets {
  router = express.Router();

  constructor(db) {
    this.controller = new TicketController(db);
    this.init();
  }

  init() {
    this.router.get('/', this.controller.list.bind(this.controller));
    this.router.post('/', this.create);
    this.router.delete('/:id', (req, res) => this.controller.remove(req, res));
  }

  create = (req, res) => res.json(req.body.title);
};

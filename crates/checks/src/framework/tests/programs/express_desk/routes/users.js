const express = require('express');
const controller = require('../controllers/users');
const { wrap } = require('../middleware');

module.exports = (db) => {
  const router = express.Router();
  const users = controller.make(db);
  router.get('/', users.list);
  router.post('/', wrap(users.create));
  router.get('/:id', controller.one);
  router.patch('/:id', controller.rename);
  return router;
};

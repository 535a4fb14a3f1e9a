const { Router } = require('express');

function makeTeams({ db }) {
  const router = Router();
  router.get('/', (req, res) => res.json([...db.keys()]));
  return { router, db };
}

module.exports = { makeTeams };

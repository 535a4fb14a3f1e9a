const express = require('express');
const { Router } = express;
const makeUsers = require('./routes/users');
const { makeTeams } = require('./routes/teams');
const Tickets = require('./routes/tickets');
const { guards } = require('./middleware');

const db = new Map();
const api = Router({ mergeParams: true });

class Server {
  constructor() {
    this.app = express();
    this.app.use(...guards);
    this.app.use([express.json(), express.urlencoded({ extended: false })]);
    this.mount();
  }

  mount() {
    this.app.use('/users', makeUsers(db));
    this.app.use('/factory', require('./routes/users')(db));
    this.app.use('/teams', makeTeams({ db }).router);
    this.app.use('/tickets', new Tickets(db).router);
    this.app.use('/api', api);
    this.app.use('/inline', Router().get('/a', (req, res) => res.end()).post('/b', (req, res) => res.end()));
    require('./routes/bulk')(this.app);
    for (const one of require('./routes')) this.app.use(one);
  }
}

const defaultRoutes = [
  { path: '/auth', route: require('./routes/auth') },
  { path: '/docs', route: require('./routes/docs').router },
];
defaultRoutes.forEach((entry) => {
  api.use(entry.path, entry.route);
});

api
  .route('/things/:id')
  .all((req, res, next) => next())
  .get((req, res) => res.json(req.params.id))
  .put(guards[0], (req, res) => res.json(req.body.name));

module.exports = new Server().app;

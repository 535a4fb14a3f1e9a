class Base {
  list(req, res) {
    res.json({ page: parseInt(req.query.page, 10) });
  }
}

class TicketController extends Base {
  remove(req, res) {
    res.status(204).end(req.headers['x-reason']);
  }
}

module.exports = TicketController;

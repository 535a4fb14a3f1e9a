"""A shop of its own for each test, in a temporary folder."""

import http.client
import json
import tempfile
import threading
import unittest
from http.server import ThreadingHTTPServer
from pathlib import Path

from shop import auth, catalogue, config, db, messages, server


class ShopTest(unittest.TestCase):
    """An empty shop with one user, reached through the modules."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        config.DATABASE = Path(folder.name) / "shop.db"
        config.UPLOAD_DIR = Path(folder.name) / "uploads"
        config.MESSAGES_FILE = Path(folder.name) / "messages.json"
        auth.SESSIONS.clear()
        messages.load()
        db.init()
        self.conn = db.connect()
        self.addCleanup(self.conn.close)
        self.user = self.add_user("marina")

    def add_user(self, name, is_admin=False):
        user_id = auth.create_user(self.conn, name, "correct horse", is_admin)
        return self.conn.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()

    def add_product(self, name="Brass compass", price="10.00", stock=5, seller=None):
        data = {"name": name, "price": price, "stock": stock, "description": f"A fine {name.lower()}."}
        return catalogue.create_product(self.conn, seller or self.user, data)


class QuietHandler(server.Handler):
    """The shop's handler without the access log."""

    def log_message(self, *args):
        pass


class HttpTest(ShopTest):
    """The same shop behind a real server on a free port."""

    def setUp(self):
        super().setUp()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), QuietHandler)
        thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.token = None

    def call(self, method, path, data=None):
        """Send a request; return the status and the decoded answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        connection.request(method, path, json.dumps(data) if data is not None else None, headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, json.loads(body) if "json" in response.headers.get("Content-Type", "") else body

    def log_in(self, username="marina"):
        status, session = self.call("POST", "/api/login", {"username": username, "password": "correct horse"})
        self.assertEqual(status, 200)
        self.token = session["token"]

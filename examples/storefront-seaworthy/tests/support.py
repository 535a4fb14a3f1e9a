"""A shop of its own for each test, in a temporary folder, behind a real server on a free port."""

import http.client
import json
import logging
import socket
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from shop import passwords, settings
from shop.web.server import Server

PASSWORD = "correct horse battery"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


class Answered:
    """An answer: status, headers, raw body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)


class ShopTest(unittest.TestCase):
    """An empty data folder, settings for it, and cheap password hashes."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.settings = settings.load({"DATA_DIR": folder.name, "PORT": "0"})
        cheap = mock.patch.object(passwords, "ITERATIONS", 10)
        cheap.start()
        self.addCleanup(cheap.stop)
        logging.disable(logging.INFO)
        self.addCleanup(logging.disable, logging.NOTSET)


class HttpTest(ShopTest):
    """The shop on a free port."""

    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.port = self.server.server_address[1]
        self.token = None

    def serve(self):
        """Start a replica; it drains when the test ends."""
        server = Server(self.settings)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(server.drain)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        return server

    def call(self, method, path, data=None, headers=(), body=None, port=None):
        """Send a request and read the whole answer."""
        sent = dict(headers)
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if data is not None:
            body = json.dumps(data)
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=20)
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        answered = Answered(response.status, response.headers, response.read())
        connection.close()
        return answered

    def raw(self, data):
        """Send bytes on a new connection; everything that comes back until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(65536):
                received += piece
        return received

    def raw_status(self, data):
        """The status of the answer to these bytes."""
        return int(self.raw(data).split(b" ", 2)[1])

    def sign_up(self, username="marina"):
        """A new user, logged in."""
        credentials = {"username": username, "password": PASSWORD}
        self.assertEqual(self.call("POST", "/api/users", credentials).status, 201)
        return self.log_in(username)

    def log_in(self, username="marina", password=PASSWORD):
        answered = self.call("POST", "/api/login", {"username": username, "password": password})
        self.assertEqual(answered.status, 200)
        self.token = answered.json["token"]
        return self.token

    def add_product(self, **changes):
        """A product of the user who is logged in."""
        data = {"name": "Brass lamp", "description": "Burns oil.", "price": "10.00", "stock": 5, **changes}
        answered = self.call("POST", "/api/products", data)
        self.assertEqual(answered.status, 201)
        return answered.json

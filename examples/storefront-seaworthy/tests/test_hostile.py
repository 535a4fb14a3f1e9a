"""The shop in bad company: malformed requests, crowds, and the end of the process."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading

from shop.settings import BASE_DIR

from .support import PASSWORD, HttpTest, ShopTest

HEAD = b"POST /api/login HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
LOGIN = b'{"username": "nobody", "password": "wrong horse"}'


class WireTest(HttpTest):
    def test_malformed_heads_are_refused(self):
        heads = {
            b"\x16\x03\x01\x02\x00\r\n\r\n": 400,
            b"GET\r\n\r\n": 400,
            b"GET /\r\n\r\n": 400,
            b"GET / HTTP/2.0\r\nHost: shop\r\n\r\n": 400,
            b"GET / HTTP/1.1\r\n\r\n": 400,
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": 400,
            b"GET / HTTP/1.1\r\nHost: shop\r\nBad Name: x\r\n\r\n": 400,
            b"GET / HTTP/1.1\r\nHost: shop\r\n folded: x\r\n\r\n": 400,
            b"GET / HTTP/1.1\r\nHost: shop\r\nX: \0\r\n\r\n": 400,
            b"GET /%zz HTTP/1.1\r\nHost: shop\r\n\r\n": 400,
            b"GET /%ff HTTP/1.1\r\nHost: shop\r\n\r\n": 400,
            b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: shop\r\n\r\n": 414,
            b"GET / HTTP/1.1\r\nHost: shop\r\nX: " + b"a" * 9000 + b"\r\n\r\n": 431,
            b"GET / HTTP/1.1\r\nHost: shop\r\n" + b"X: y\r\n" * 101 + b"\r\n": 431,
            b"BREW / HTTP/1.1\r\nHost: shop\r\n\r\n": 405,
            b"GET / HTTP/1.1\r\nHost: shop\r\nExpect: tea\r\n\r\n": 417,
        }
        for head, status in heads.items():
            with self.subTest(head[:50]):
                self.assertEqual(self.raw_status(head), status)

    def test_bodies_with_two_readings_are_refused(self):
        framings = [
            b"Content-Length: -1\r\n\r\n",
            b"Content-Length: +5\r\n\r\n",
            b"Content-Length: abc\r\n\r\n",
            b"Content-Length: 5, 6\r\n\r\n",
            b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"Transfer-Encoding: gzip, chunked\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
            b"Content-Length: 50\r\n\r\n{}",
        ]
        for framing in framings:
            with self.subTest(framing):
                self.assertEqual(self.raw_status(HEAD + framing), 400)

    def test_body_over_the_limit_is_refused_before_it_is_read(self):
        for length in (b"10000000", b"9" * 5000):
            self.assertEqual(self.raw_status(HEAD + b"Content-Length: " + length + b"\r\n\r\n"), 413)
        chunks = b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n" + b" " * 0xFFFFF
        self.assertEqual(self.raw_status(HEAD + chunks), 413)

    def test_chunked_body_is_read(self):
        chunks = b"".join(b"%x;x=y\r\n%s\r\n" % (len(piece), piece) for piece in (LOGIN[:7], LOGIN[7:]))
        self.assertEqual(self.raw_status(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nT: x\r\n\r\n"), 401)

    def test_two_requests_on_one_connection_get_two_answers(self):
        request = HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(LOGIN), LOGIN)
        received = self.raw(request + request)
        self.assertEqual(received.count(b"HTTP/1.1 401 "), 2)

    def test_head_is_get_without_the_body(self):
        received = self.raw(b"HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n")
        self.assertTrue(received.startswith(b"HTTP/1.1 200 ") and received.endswith(b"\r\n\r\n"))

    def test_caller_who_expects_100_gets_it(self):
        received = self.raw(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s" % (len(LOGIN), LOGIN))
        self.assertTrue(received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 "))


class BodyTest(HttpTest):
    def test_what_the_contract_refuses_is_refused(self):
        self.sign_up()
        good = {"name": "Rope", "price": "1.00", "stock": 1}
        bad = [
            {}, [], None, "x", 1, {**good, "name": None}, {**good, "name": ""}, {**good, "name": "x" * 121},
            {**good, "name": "\ud800"}, {**good, "price": 1.0}, {**good, "price": "1.0"}, {**good, "price": "1.00\n"},
            {**good, "price": "-1.00"}, {**good, "price": "٣.00"}, {**good, "price": "NaN"}, {**good, "stock": "1"},
            {**good, "stock": True}, {**good, "stock": 1.5}, {**good, "stock": -1}, {**good, "stock": 10**7},
            {**good, "stock": 1e300}, {**good, "seller_id": 1}, {"name": "Rope", "price": "1.00"},
        ]  # fmt: skip
        for data in bad:
            with self.subTest(str(data)[:60]):
                self.assertEqual(self.call("POST", "/api/products", data, body="null").status, 422)

    def test_what_is_no_json_is_refused(self):
        for body in (b"{", b'{"username": "\xff"}', b"[" * 60000, b'{"a": NaN}', b"1e", b'{"a": 1, "a": 2}'):
            with self.subTest(body[:30]):
                self.assertEqual(self.call("POST", "/api/users", body=body).status, 400)

    def test_other_media_types_are_refused(self):
        for media_type in ("text/plain", "application/json; charset=utf-16", "application", "application/jsonx"):
            with self.subTest(media_type):
                answered = self.call("POST", "/api/login", body=LOGIN, headers={"Content-Type": media_type})
                self.assertEqual(answered.status, 415)

    def test_json_may_be_spelt_in_other_ways(self):
        answered = self.call(
            "POST", "/api/login", body=LOGIN, headers={"Content-Type": 'Application/JSON ; Charset="UTF-8"'}
        )
        self.assertEqual(answered.status, 401)

    def test_queries_are_held_to_the_contract(self):
        for query in ("limit=0", "limit=101", "limit=x", "limit=", "limit=1&limit=2", "offset=-1", "offset=%zz"):
            with self.subTest(query):
                self.assertEqual(self.call("GET", f"/api/products?{query}").status, 400)

    def test_ids_that_cannot_be_are_not_found(self):
        for text in ("0", "-1", "x", "1.0", "01", "9" * 40, "%31%00", "%D9%A3"):
            with self.subTest(text):
                self.assertEqual(self.call("GET", f"/api/products/{text}").status, 404)

    def test_fault_is_answered_without_its_details(self):
        self.settings.database.unlink()
        with self.assertLogs("shop.web", "ERROR"):
            answered = self.call("GET", "/api/products")
        self.assertEqual(answered.status, 500)
        self.assertNotIn(b"sqlite", answered.body.lower())


class CrowdTest(HttpTest):
    def together(self, count, request):
        """Send the same request on that many open connections at once; the statuses."""
        statuses = []
        barrier = threading.Barrier(count)

        def send():
            with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
                connection.sendall(request[:-1])
                barrier.wait(20)
                connection.sendall(request[-1:])
                statuses.append(int(connection.recv(65536).split(b" ", 2)[1]))

        threads = [threading.Thread(target=send) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(statuses)

    def post(self, path, data):
        body = json.dumps(data).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {self.token}\r\n"
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    def test_last_pieces_are_sold_once(self):
        self.sign_up()
        for _ in range(5):
            product = self.add_product(stock=3)
            statuses = self.together(16, self.post(f"/api/products/{product['id']}/buy", {"quantity": 1}))
            self.assertEqual(statuses, [201] * 3 + [409] * 13)
            self.assertEqual(self.call("GET", f"/api/products/{product['id']}").json["stock"], 0)

    def test_cart_is_ordered_once(self):
        self.sign_up()
        product = self.add_product(stock=100)
        self.call("POST", "/api/cart/items", {"product_id": product["id"], "quantity": 1})
        statuses = self.together(8, self.post("/api/checkout", {"address": "1 Harbour Street"}))
        self.assertEqual(statuses, [201] + [409] * 7)

    def test_name_is_taken_once(self):
        statuses = self.together(8, self.post("/api/users", {"username": "albert", "password": PASSWORD}))
        self.assertEqual(statuses, [201] + [409] * 7)

    def test_sixty_four_at_once_are_answered(self):
        self.assertEqual(self.together(64, b"GET /api/products HTTP/1.1\r\nHost: shop\r\n\r\n"), [200] * 64)


class ProcessTest(ShopTest):
    def start(self, **environ):
        """Start the program; returns it and its port once it listens."""
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=BASE_DIR,
            env={**os.environ, "PORT": "0", "DATA_DIR": str(self.folder), **environ},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if "is open on" in line:
                return process, int(line.rstrip("/\n").rpartition(":")[2])
        return process, None

    def test_request_under_way_is_answered_before_the_end(self):
        process, port = self.start()
        request = HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(LOGIN), LOGIN)
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(request + request[:-1])
            self.assertTrue(connection.recv(65536).startswith(b"HTTP/1.1 401 "))
            process.send_signal(signal.SIGTERM)
            for line in process.stderr:
                if "closing" in line:
                    break
            connection.sendall(request[-1:])
            received = connection.recv(65536)
        self.assertTrue(received.startswith(b"HTTP/1.1 401 "))
        self.assertIn(b"\r\nConnection: close\r\n", received)
        self.assertEqual(process.wait(30), 0)

    def test_unusable_settings_are_named(self):
        process, port = self.start(APP_SECRET="short")
        self.assertIsNone(port)
        self.assertEqual(process.wait(30), 2)

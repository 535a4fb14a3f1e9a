"""The shop over HTTP: what it does."""

import hashlib
import re
import sqlite3

from shop import attempts, auth, clock
from shop.web import routes

from .support import PASSWORD, PNG, HttpTest

BOUNDARY = "harbour"


def form(data, name="boat.png", media_type="image/png"):
    """Headers and body of a form with one picture."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    return {
        "headers": {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
        "body": head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode(),
    }


class AccountTest(HttpTest):
    def test_new_user_can_log_in(self):
        self.sign_up("albert")
        self.assertEqual(self.call("GET", "/api/me").json["username"], "albert")

    def test_taken_name_is_refused(self):
        self.sign_up("albert")
        again = self.call("POST", "/api/users", {"username": "albert", "password": PASSWORD})
        self.assertEqual(again.status, 409)

    def test_nobody_signs_up_as_an_administrator(self):
        data = {"username": "albert", "password": PASSWORD, "is_admin": True}
        self.assertEqual(self.call("POST", "/api/users", data).status, 422)

    def test_wrong_password_and_unknown_name_look_the_same(self):
        self.sign_up("albert")
        wrong = self.call("POST", "/api/login", {"username": "albert", "password": "wrong horse"})
        unknown = self.call("POST", "/api/login", {"username": "nobody", "password": "wrong horse"})
        self.assertEqual((wrong.status, wrong.body), (401, unknown.body))

    def test_logout_ends_the_session(self):
        self.sign_up()
        self.assertEqual(self.call("POST", "/api/logout").status, 204)
        self.assertEqual(self.call("GET", "/api/me").status, 401)

    def test_expired_session_is_over(self):
        self.sign_up()
        with sqlite3.connect(self.settings.database) as conn:
            conn.execute("UPDATE sessions SET expires_at = ?", (clock.to_text(clock.now()),))
        conn.close()
        self.assertEqual(self.call("GET", "/api/me").status, 401)

    def test_store_does_not_hold_the_token(self):
        token = self.sign_up()
        conn = sqlite3.connect(self.settings.database)
        self.addCleanup(conn.close)
        kept = conn.execute("SELECT token_hash FROM sessions").fetchone()[0]
        self.assertEqual(kept, hashlib.sha256(token.encode()).digest())

    def test_session_is_known_to_another_replica(self):
        self.sign_up()
        other = self.serve()
        self.assertEqual(self.call("GET", "/api/me", port=other.server_address[1]).status, 200)

    def test_administrator_has_the_kept_password(self):
        self.log_in("admin", self.settings.admin_password)
        self.assertTrue(self.call("GET", "/api/me").json["is_admin"])


class LoginLimitTest(HttpTest):
    def try_wrong(self, count, port=None):
        wrong = {"username": "marina", "password": "wrong horse"}
        return [self.call("POST", "/api/login", wrong, port=port).status for _ in range(count)]

    def test_an_account_has_its_tries(self):
        limit = auth.FAILED_LOGINS_PER_ACCOUNT
        self.assertEqual(self.try_wrong(limit + 1), [401] * limit + [429])
        right = self.call("POST", "/api/login", {"username": "marina", "password": PASSWORD})
        self.assertEqual((right.status, right.headers["Retry-After"]), (429, "900"))

    def test_replicas_count_together(self):
        other = self.serve().server_address[1]
        self.assertEqual(set(self.try_wrong(auth.FAILED_LOGINS_PER_ACCOUNT)), {401})
        self.assertEqual(self.try_wrong(1, other), [429])

    def test_good_logins_are_not_counted(self):
        self.sign_up()
        for _ in range(auth.FAILED_LOGINS_PER_ACCOUNT + 1):
            self.log_in()
        self.assertIsNotNone(self.token)

    def test_an_address_has_its_tries_whatever_it_says_of_itself(self):
        conn = sqlite3.connect(self.settings.database)
        self.addCleanup(conn.close)
        now = clock.to_text(clock.now())
        rows = [("login from 127.0.0.1", now)] * auth.FAILED_LOGINS_PER_ADDRESS
        conn.executemany("INSERT INTO attempts (subject, at) VALUES (?, ?)", rows)
        conn.commit()
        credentials = {"username": "albert", "password": PASSWORD}
        answered = self.call("POST", "/api/login", credentials, {"X-Forwarded-For": "192.0.2.7"})
        self.assertEqual(answered.status, 429)

    def test_tries_are_forgotten_after_the_window(self):
        self.try_wrong(auth.FAILED_LOGINS_PER_ACCOUNT)
        conn = sqlite3.connect(self.settings.database)
        self.addCleanup(conn.close)
        before = clock.to_text(clock.now() - attempts.WINDOW)
        conn.execute("UPDATE attempts SET at = ?", (before,))
        conn.commit()
        self.assertEqual(self.try_wrong(1), [401])


class CatalogueTest(HttpTest):
    def setUp(self):
        super().setUp()
        self.sign_up()

    def test_product_comes_back_as_it_was_sent(self):
        product = self.add_product(name="Löwe \x00 <b>", price="0.05", stock=0)
        read = self.call("GET", f"/api/products/{product['id']}").json
        self.assertEqual((read["name"], read["price"], read["stock"]), ("Löwe \x00 <b>", "0.05", 0))

    def test_pages_are_newest_first(self):
        names = [self.add_product(name=f"Rope {number}")["name"] for number in range(3)]
        page = self.call("GET", "/api/products?limit=2&offset=1").json
        self.assertEqual([item["name"] for item in page["items"]], [names[1], names[0]])

    def test_seller_replaces_a_product(self):
        product = self.add_product()
        data = {"name": "Steel lamp", "price": "12.00", "stock": 9}
        self.assertEqual(self.call("PUT", f"/api/products/{product['id']}", data).status, 200)
        read = self.call("GET", f"/api/products/{product['id']}").json
        self.assertEqual((read["name"], read["description"], read["price"]), ("Steel lamp", "", "12.00"))

    def test_others_cannot_change_or_withdraw_it(self):
        path = f"/api/products/{self.add_product()['id']}"
        self.sign_up("albert")
        self.assertEqual(self.call("PUT", path, {"name": "Mine", "price": "1.00", "stock": 1}).status, 403)
        self.assertEqual(self.call("DELETE", path).status, 403)

    def test_withdrawn_product_leaves_carts_and_stays_in_orders(self):
        product = self.add_product()
        order = self.call("POST", f"/api/products/{product['id']}/buy", {"quantity": 1}).json
        self.call("POST", "/api/cart/items", {"product_id": product["id"], "quantity": 1})
        self.assertEqual(self.call("DELETE", f"/api/products/{product['id']}").status, 204)
        self.assertEqual(self.call("GET", "/api/cart").json["items"], [])
        line = self.call("GET", f"/api/orders/{order['id']}").json["lines"][0]
        self.assertEqual((line["product_id"], line["name"]), (None, "Brass lamp"))

    def test_search_needs_all_words_and_ignores_case(self):
        self.add_product(name="Ship's BELL")
        self.add_product(name="Bell rope")
        found = self.call("GET", "/api/search?q=rope+bell").json["items"]
        self.assertEqual([item["name"] for item in found], ["Bell rope"])

    def test_search_takes_patterns_as_words(self):
        self.assertEqual(self.call("GET", "/api/search?q=(a%2B)%2B$").json["items"], [])


class OrderTest(HttpTest):
    def setUp(self):
        super().setUp()
        self.sign_up()

    def stock(self, product):
        return self.call("GET", f"/api/products/{product['id']}").json["stock"]

    def test_cart_becomes_an_order(self):
        product = self.add_product(price="19.99", stock=5)
        cart = self.call("POST", "/api/cart/items", {"product_id": product["id"], "quantity": 3}).json
        self.assertEqual((cart["items"][0]["quantity"], cart["total"]), (3, "64.77"))
        order = self.call("POST", "/api/checkout", {"address": "1 Harbour Street"})
        self.assertEqual((order.status, order.json["total"]), (201, "64.77"))
        self.assertEqual(self.stock(product), 2)
        self.assertEqual(self.call("GET", "/api/cart").json, {"items": [], "total": "0.00"})
        self.assertEqual(self.call("GET", "/api/orders").json["items"], [order.json])

    def test_empty_cart_is_no_order(self):
        self.assertEqual(self.call("POST", "/api/checkout", {"address": "1 Harbour Street"}).status, 409)

    def test_order_takes_all_or_nothing(self):
        plenty, scarce = self.add_product(stock=5), self.add_product(stock=1)
        for product in (plenty, scarce):
            self.call("POST", "/api/cart/items", {"product_id": product["id"], "quantity": 2})
        self.assertEqual(self.call("POST", "/api/checkout", {"address": "1 Harbour Street"}).status, 409)
        self.assertEqual((self.stock(plenty), self.stock(scarce)), (5, 1))
        self.assertEqual(len(self.call("GET", "/api/cart").json["items"]), 2)

    def test_cart_item_can_be_taken_out(self):
        product = self.add_product()
        self.call("POST", "/api/cart/items", {"product_id": product["id"], "quantity": 2})
        path = f"/api/cart/items/{product['id']}"
        self.assertEqual([self.call("DELETE", path).status for _ in range(2)], [200, 404])

    def test_orders_are_their_buyers_own(self):
        order = self.call("POST", f"/api/products/{self.add_product()['id']}/buy", {"quantity": 1}).json
        self.sign_up("albert")
        self.assertEqual(self.call("GET", f"/api/orders/{order['id']}").status, 404)
        self.assertEqual(self.call("GET", "/api/orders").json, {"items": [], "total": 0})

    def test_receipt_is_for_whoever_has_the_address(self):
        product = self.add_product(name="<script>alert(1)</script>")
        order = self.call("POST", f"/api/products/{product['id']}/buy", {"quantity": 1}).json
        self.token = None
        page = self.call("GET", order["receipt_url"])
        self.assertEqual(page.status, 200)
        self.assertIn(b"&lt;script&gt;", page.body)
        self.assertIn("sandbox", page.headers["Content-Security-Policy"])
        forged = re.sub("[0-9a-f]{64}", "0" * 64, order["receipt_url"])
        self.assertEqual(self.call("GET", forged).status, 403)

    def test_report_is_for_administrators(self):
        self.assertEqual(self.call("GET", "/api/admin/report").status, 403)
        self.call("POST", f"/api/products/{self.add_product(price='19.99')['id']}/buy", {"quantity": 2})
        self.log_in("admin", self.settings.admin_password)
        today = clock.now().date().isoformat()
        report = self.call("GET", f"/api/admin/report?day={today}").json
        wanted = {"day": today, "orders": 1, "revenue": "43.18", "best_sellers": [{"name": "Brass lamp", "sold": 2}]}
        self.assertEqual(report, wanted)
        self.assertEqual(self.call("GET", "/api/admin/report?day=2001-01-01").json["orders"], 0)


class MessageTest(HttpTest):
    def test_message_is_its_authors_and_the_administrators(self):
        self.sign_up()
        message = self.call("POST", "/api/messages", {"subject": "Hours", "text": "Open on Sunday?"}).json
        path = f"/api/messages/{message['id']}"
        self.assertEqual(self.call("GET", path).json, message)
        self.assertEqual(self.call("GET", "/api/messages").json, {"items": [message], "total": 1})
        self.sign_up("albert")
        self.assertEqual(self.call("GET", path).status, 404)
        self.log_in("admin", self.settings.admin_password)
        self.assertEqual(self.call("GET", path).status, 200)


class UploadTest(HttpTest):
    def setUp(self):
        super().setUp()
        self.sign_up()

    def test_picture_is_served_by_our_name_and_its_true_type(self):
        saved = self.call("POST", "/api/uploads", **form(PNG, "../../app.py", "text/html")).json
        self.assertRegex(saved["url"], r"^/uploads/[0-9a-f]{32}\.png$")
        served = self.call("GET", saved["url"])
        self.assertEqual((served.body, served.headers["Content-Type"]), (PNG, "image/png"))
        self.assertEqual(served.headers["X-Content-Type-Options"], "nosniff")

    def test_page_that_calls_itself_a_picture_is_refused(self):
        self.assertEqual(self.call("POST", "/api/uploads", **form(b"<html>")).status, 415)

    def test_picture_may_not_be_larger_than_promised(self):
        self.assertEqual(self.call("POST", "/api/uploads", **form(PNG + bytes(2 * 1024 * 1024))).status, 413)

    def test_other_files_cannot_be_read(self):
        for name in ("..%2Fapp-secret", "%2e%2e/app-secret", "x.png", "%00"):
            with self.subTest(name):
                self.assertEqual(self.call("GET", f"/uploads/{name}").status, 404)


class PageTest(HttpTest):
    def test_page_has_no_script_of_its_own(self):
        page = self.call("GET", "/")
        self.assertEqual(page.status, 200)
        self.assertNotRegex(page.body, rb"<script>|onclick=")
        self.assertIn("default-src 'self'", page.headers["Content-Security-Policy"])

    def test_scripts_hold_no_key_and_set_no_html(self):
        for name in ("app.js", "checkout.js"):
            self.assertNotRegex(self.call("GET", f"/static/{name}").body, rb"sk_live_|innerHTML")

    def test_every_promised_operation_is_done(self):
        document = self.call("GET", "/openapi.json").json
        promised = {entry["operationId"] for item in document["paths"].values() for entry in item.values()}
        self.assertEqual(promised, set(routes.OPERATIONS))

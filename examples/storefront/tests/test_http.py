"""The shop over HTTP."""

import json

from shop import config

from .support import HttpTest


class HttpApiTest(HttpTest):
    def test_sign_up_and_log_in(self):
        status, user = self.call("POST", "/api/users", {"username": "albert", "password": "correct horse"})
        self.assertEqual((status, user["username"]), (201, "albert"))
        self.log_in("albert")
        self.assertEqual(self.call("GET", "/api/me")[1]["username"], "albert")

    def test_cart_needs_a_login(self):
        self.assertEqual(self.call("GET", "/api/cart")[0], 401)

    def test_from_product_to_order(self):
        self.log_in()
        _, product = self.call("POST", "/api/products", {"name": "Rope", "price": "2.50", "stock": 3})
        self.call("POST", "/api/cart/items", {"product_id": product["id"], "quantity": 2})
        status, order = self.call("POST", "/api/checkout", {"address": "1 Harbour Street"})
        self.assertEqual((status, order["total"]), (201, "5.40"))
        self.assertEqual(self.call("GET", f"/api/products/{product['id']}")[1]["stock"], 1)

    def test_receipt_link_works(self):
        self.log_in()
        _, product = self.call("POST", "/api/products", {"name": "Rope", "price": "2.50", "stock": 3})
        _, order = self.call("POST", f"/api/products/{product['id']}/buy", {"quantity": 1})
        status, page = self.call("GET", order["receipt_url"])
        self.assertEqual(status, 200)
        self.assertIn(b"Rope", page)

    def test_message_is_kept(self):
        self.log_in()
        _, message = self.call("POST", "/api/messages", {"subject": "Hours", "text": "Open on Sunday?"})
        self.assertEqual(self.call("GET", f"/api/messages/{message['id']}")[1]["text"], "Open on Sunday?")

    def test_unknown_route_is_not_found(self):
        self.assertEqual(self.call("GET", "/api/nothing")[0], 404)

    def test_page_is_served(self):
        status, page = self.call("GET", "/")
        self.assertEqual(status, 200)
        self.assertIn(b"<h1>Storefront</h1>", page)

    def test_script_is_served(self):
        self.assertEqual(self.call("GET", "/static/app.js")[0], 200)

    def test_document_names_every_route(self):
        _, document = self.call("GET", "/openapi.json")
        with open(config.OPENAPI_FILE, encoding="utf-8") as file:
            self.assertEqual(document["paths"].keys(), json.load(file)["paths"].keys())

"""The HTTP side of the shop: routes, requests and answers."""

import json
import os
import re
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from . import auth, cart, catalogue, checkout, config, db, messages, reports, search, uploads
from .errors import ShopError

STATIC_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}


class Answer:
    """What goes back: a status, bytes and a media type."""

    def __init__(self, status, body=b"", content_type="application/json"):
        self.status = status
        self.body = json.dumps(body).encode() if content_type == "application/json" else body
        self.content_type = content_type


class Handler(BaseHTTPRequestHandler):
    """Answers one request at a time; the server runs one thread per connection."""

    server_version = "Storefront/1.0"

    # -- what the routes need -------------------------------------------------------------------------------------

    def read_body(self):
        return self.rfile.read(int(self.headers["Content-Length"]))

    def read_json(self):
        return json.loads(self.read_body())

    def query(self, name, default=None):
        return parse_qs(urlsplit(self.path).query).get(name, [default])[0]

    def page(self):
        return int(self.query("limit", config.PAGE_SIZE)), int(self.query("offset", 0))

    def token(self):
        return self.headers.get("Authorization", "").replace("Bearer ", "")

    def user(self, conn):
        user = auth.current_user(conn, self.token())
        if user is None:
            raise ShopError(401, "Please log in.")
        return user

    # -- accounts -------------------------------------------------------------------------------------------------

    def create_user(self, conn):
        data = self.read_json()
        if "username" not in data or "password" not in data:
            raise ShopError(422, "username and password are needed.")
        user_id = auth.create_user(conn, data["username"], data["password"])
        return Answer(201, {"id": user_id, "username": data["username"], "is_admin": False})

    def login(self, conn):
        data = self.read_json()
        token, expires_at = auth.login(conn, data.get("username"), data.get("password"))
        return Answer(200, {"token": token, "expires_at": expires_at.isoformat() + "Z"})

    def logout(self, conn):
        self.user(conn)
        auth.logout(self.token())
        return Answer(204, None)

    def me(self, conn):
        user = self.user(conn)
        return Answer(200, {"id": user["id"], "username": user["username"], "is_admin": bool(user["is_admin"])})

    # -- catalogue ------------------------------------------------------------------------------------------------

    def list_products(self, conn):
        items, total = catalogue.list_products(conn, *self.page())
        return Answer(200, {"items": items, "total": total})

    def create_product(self, conn):
        product = catalogue.create_product(conn, self.user(conn), self.read_json())
        return Answer(201, catalogue.to_json(product))

    def get_product(self, conn, product_id):
        return Answer(200, catalogue.to_json(catalogue.get_product(conn, int(product_id))))

    def update_product(self, conn, product_id):
        product = catalogue.update_product(conn, self.user(conn), int(product_id), self.read_json())
        return Answer(200, catalogue.to_json(product))

    def delete_product(self, conn, product_id):
        catalogue.delete_product(conn, self.user(conn), int(product_id))
        return Answer(204, None)

    def search(self, conn):
        return Answer(200, search.search(conn, self.query("q")))

    # -- cart and orders ------------------------------------------------------------------------------------------

    def get_cart(self, conn):
        return Answer(200, cart.view(conn, self.user(conn)))

    def add_cart_item(self, conn):
        return Answer(200, cart.add_item(conn, self.user(conn), self.read_json()))

    def remove_cart_item(self, conn, product_id):
        return Answer(200, cart.remove_item(conn, self.user(conn), int(product_id)))

    def buy(self, conn, product_id):
        return Answer(201, checkout.buy_now(conn, self.user(conn), int(product_id), self.read_json()))

    def check_out(self, conn):
        return Answer(201, checkout.check_out(conn, self.user(conn), self.read_json()))

    def list_orders(self, conn):
        items, total = checkout.list_orders(conn, self.user(conn), *self.page())
        return Answer(200, {"items": items, "total": total})

    def get_order(self, conn, order_id):
        return Answer(200, checkout.get_order(conn, self.user(conn), int(order_id)))

    def receipt(self, conn, order_id):
        page = checkout.receipt_page(conn, int(order_id), self.query("signature"))
        return Answer(200, page.encode(), "text/html")

    # -- messages, pictures, report -------------------------------------------------------------------------------

    def create_message(self, conn):
        return Answer(201, messages.create(self.user(conn), self.read_json()))

    def list_messages(self, conn):
        items, total = messages.list_own(self.user(conn), *self.page())
        return Answer(200, {"items": items, "total": total})

    def get_message(self, conn, message_id):
        self.user(conn)
        return Answer(200, messages.get(int(message_id)))

    def upload(self, conn):
        self.user(conn)
        return Answer(201, uploads.save(self.headers.get("Content-Type", ""), self.read_body()))

    def get_upload(self, conn, name):
        content_type, data = uploads.read(unquote(name))
        return Answer(200, data, content_type)

    def report(self, conn):
        return Answer(200, reports.daily_report(conn, self.user(conn), self.query("day")))

    # -- the page -------------------------------------------------------------------------------------------------

    def front_page(self, conn):
        return self.static(conn, "index.html")

    def static(self, conn, name):
        path = os.path.join(config.STATIC_DIR, unquote(name))
        if not os.path.isfile(path):
            raise ShopError(404, "There is no such file.")
        suffix = os.path.splitext(path)[1]
        with open(path, "rb") as file:
            return Answer(200, file.read(), STATIC_TYPES.get(suffix, "application/octet-stream"))

    def openapi(self, conn):
        with open(config.OPENAPI_FILE, encoding="utf-8") as file:
            return Answer(200, json.load(file))

    # -- dispatch -------------------------------------------------------------------------------------------------

    ROUTES = [
        ("POST", r"/api/users", create_user),
        ("POST", r"/api/login", login),
        ("POST", r"/api/logout", logout),
        ("GET", r"/api/me", me),
        ("GET", r"/api/products", list_products),
        ("POST", r"/api/products", create_product),
        ("GET", r"/api/products/(\d+)", get_product),
        ("PUT", r"/api/products/(\d+)", update_product),
        ("DELETE", r"/api/products/(\d+)", delete_product),
        ("POST", r"/api/products/(\d+)/buy", buy),
        ("GET", r"/api/cart", get_cart),
        ("POST", r"/api/cart/items", add_cart_item),
        ("DELETE", r"/api/cart/items/(\d+)", remove_cart_item),
        ("POST", r"/api/checkout", check_out),
        ("GET", r"/api/orders", list_orders),
        ("GET", r"/api/orders/(\d+)", get_order),
        ("GET", r"/api/receipts/(\d+)", receipt),
        ("GET", r"/api/messages", list_messages),
        ("POST", r"/api/messages", create_message),
        ("GET", r"/api/messages/(\d+)", get_message),
        ("POST", r"/api/uploads", upload),
        ("GET", r"/uploads/(.+)", get_upload),
        ("GET", r"/api/search", search),
        ("GET", r"/api/admin/report", report),
        ("GET", r"/", front_page),
        ("GET", r"/static/(.+)", static),
        ("GET", r"/openapi\.json", openapi),
    ]

    def respond(self, method):
        path = urlsplit(self.path).path
        for route_method, pattern, handler in self.ROUTES:
            match = re.fullmatch(pattern, path)
            if match and route_method == method:
                conn = db.connect()
                try:
                    return handler(self, conn, *match.groups())
                finally:
                    conn.close()
        raise ShopError(404, "There is nothing here.")

    def handle_request(self, method):
        try:
            answer = self.respond(method)
        except ShopError as error:
            answer = self.problem(error.status, error.message)
        except Exception:
            self.log_error("%s", traceback.format_exc())
            answer = self.problem(500, traceback.format_exc())
        self.send_response(answer.status)
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.status != 204:
            self.wfile.write(answer.body)

    def problem(self, status, detail):
        body = {"title": self.responses[status][0], "status": status, "detail": detail}
        return Answer(status, json.dumps(body).encode(), "application/problem+json")

    def do_GET(self):
        self.handle_request("GET")

    def do_POST(self):
        self.handle_request("POST")

    def do_PUT(self):
        self.handle_request("PUT")

    def do_DELETE(self):
        self.handle_request("DELETE")


def run():
    """Open the shop and serve until interrupted."""
    db.init(auth.create_admin)
    messages.start()
    server = ThreadingHTTPServer((config.HOST, config.PORT), Handler)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        messages.flush()

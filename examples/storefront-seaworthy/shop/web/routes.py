"""What each operation of the contract does: its `operationId` is its name here."""

from .. import auth, cart, catalogue, checkout, clock, db, messages, reports, search, settings, uploads
from ..errors import ShopError
from . import multipart
from .answers import SANDBOX, Answer, json_answer
from .contract import Contract, parse_json, parse_query, split_target

MAX_JSON_BYTES = 64 * 1024
MAX_FORM_BYTES = uploads.MAX_PICTURE_BYTES + 16 * 1024

STATIC_TYPES = {
    "app.js": "text/javascript; charset=utf-8",
    "checkout.js": "text/javascript; charset=utf-8",
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
}


class Call:
    """One checked request, as the operations below see it."""

    def __init__(self, conn, parameters, address, token):
        self.conn = conn
        self.parameters = parameters
        self.address = address
        self.token = token
        self.user = None
        self.data = None

    def __getitem__(self, name):
        """A parameter by name."""
        return self.parameters[name]


def bearer(head):
    """The session token of a request, or an empty text."""
    scheme, _, token = head.one("authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class Routes:
    """The operations of one shop."""

    def __init__(self, chosen):
        self.settings = chosen
        self.checkout = checkout.Checkout(chosen.app_secret, chosen.mail is not None)
        self.document = settings.OPENAPI_FILE.read_bytes()
        self.contract = Contract(parse_json(self.document))
        self.static = {name: (settings.STATIC_DIR / name).read_bytes() for name in STATIC_TYPES}
        missing = [operation.id for operation in self.contract.operations if operation.id not in OPERATIONS]
        if missing:
            raise LookupError(f"openapi.json promises {', '.join(missing)}, which nothing here does")

    def find(self, head):
        """The operation a request means, with its path and query."""
        segments, query = split_target(head.target)
        operation, path = self.contract.find(head.method, segments)
        return operation, path, parse_query(query)

    def body_limit(self, operation):
        """How much of a body is read for an operation."""
        return MAX_FORM_BYTES if "multipart/form-data" in operation.content else MAX_JSON_BYTES

    def answer(self, head, found, body, address):
        """Do what the request asks. Raises ShopError for every refusal."""
        operation, path, query = found
        with db.connect(self.settings.database) as conn:
            call = Call(conn, operation.read_parameters(path, query), address, bearer(head))
            if operation.needs_login:
                call.user = auth.current_user(conn, call.token)
            if operation.content:
                call.data = self.read_data(operation, head, body)
            return OPERATIONS[operation.id](self, call)

    def read_data(self, operation, head, body):
        """The body as data, when its media type is one the operation takes."""
        if not body:
            raise ShopError(400, "The request needs a body.")
        media_type, parameters = multipart.parse_media_type(head.one("content-type"))
        if media_type not in operation.content:
            raise ShopError(415, f"The body must be {' or '.join(operation.content)}.")
        if media_type == "multipart/form-data":
            return multipart.read_file(parameters, body, "file")
        if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
            raise ShopError(415, "JSON is UTF-8.")
        return operation.read_json(body)

    # -- accounts -------------------------------------------------------------------------------------------------

    def create_user(self, call):
        user = auth.create_user(call.conn, call.data["username"], call.data["password"], call.address)
        return json_answer(201, self.user_to_json(user))

    def login(self, call):
        token, expires_at = auth.login(call.conn, call.data["username"], call.data["password"], call.address)
        return json_answer(200, {"token": token, "expires_at": expires_at})

    def logout(self, call):
        auth.logout(call.conn, call.token)
        return Answer(204)

    def get_me(self, call):
        return json_answer(200, self.user_to_json(call.user))

    def user_to_json(self, user):
        return {"id": user["id"], "username": user["username"], "is_admin": bool(user["is_admin"])}

    # -- catalogue ------------------------------------------------------------------------------------------------

    def list_products(self, call):
        return json_answer(200, catalogue.list_products(call.conn, call["limit"], call["offset"]))

    def create_product(self, call):
        product = catalogue.create_product(call.conn, call.user, call.data)
        return json_answer(201, product, [("Location", f"/api/products/{product['id']}")])

    def get_product(self, call):
        return json_answer(200, catalogue.to_json(catalogue.get_product(call.conn, call["product_id"])))

    def update_product(self, call):
        return json_answer(200, catalogue.update_product(call.conn, call.user, call["product_id"], call.data))

    def delete_product(self, call):
        catalogue.delete_product(call.conn, call.user, call["product_id"])
        return Answer(204)

    def search(self, call):
        return json_answer(200, search.search(call.conn, call["q"]))

    # -- cart and orders ------------------------------------------------------------------------------------------

    def get_cart(self, call):
        return json_answer(200, cart.view(call.conn, call.user))

    def add_cart_item(self, call):
        return json_answer(200, cart.add_item(call.conn, call.user, call.data))

    def remove_cart_item(self, call):
        return json_answer(200, cart.remove_item(call.conn, call.user, call["product_id"]))

    def buy_product(self, call):
        return self.placed(self.checkout.buy_now(call.conn, call.user, call["product_id"], call.data))

    def check_out(self, call):
        return self.placed(self.checkout.check_out(call.conn, call.user, call.data))

    def placed(self, order):
        return json_answer(201, order, [("Location", f"/api/orders/{order['id']}")])

    def list_orders(self, call):
        return json_answer(200, self.checkout.list_orders(call.conn, call.user, call["limit"], call["offset"]))

    def get_order(self, call):
        return json_answer(200, self.checkout.get_order(call.conn, call.user, call["order_id"]))

    def get_receipt(self, call):
        page = self.checkout.receipt_page(call.conn, call["order_id"], call["signature"])
        return Answer(200, page.encode(), "text/html; charset=utf-8", policy=SANDBOX)

    # -- messages, pictures, report -------------------------------------------------------------------------------

    def create_message(self, call):
        message = messages.create(call.conn, call.user, call.data)
        return json_answer(201, message, [("Location", f"/api/messages/{message['id']}")])

    def list_messages(self, call):
        return json_answer(200, messages.list_own(call.conn, call.user, call["limit"], call["offset"]))

    def get_message(self, call):
        return json_answer(200, messages.get(call.conn, call.user, call["message_id"]))

    def upload_picture(self, call):
        picture = uploads.save(call.conn, self.settings.upload_dir, call.user, call.data)
        return json_answer(201, picture, [("Location", picture["url"])])

    def get_picture(self, call):
        media_type, data = uploads.read(call.conn, self.settings.upload_dir, call["name"])
        return Answer(200, data, media_type, policy=SANDBOX, cache="public, max-age=31536000, immutable")

    def admin_report(self, call):
        auth.require_admin(call.user)
        return json_answer(200, reports.daily_report(call.conn, call["day"] or clock.now().date()))

    # -- the page -------------------------------------------------------------------------------------------------

    def front_page(self, call):
        return self.file("index.html")

    def get_static(self, call):
        return self.file(call["name"])

    def file(self, name):
        if name not in self.static:
            raise ShopError(404, "There is no such file.")
        return Answer(200, self.static[name], STATIC_TYPES[name], cache="no-cache")

    def get_openapi(self, call):
        return Answer(200, self.document, "application/json", cache="no-cache")


OPERATIONS = {
    "createUser": Routes.create_user,
    "login": Routes.login,
    "logout": Routes.logout,
    "getMe": Routes.get_me,
    "listProducts": Routes.list_products,
    "createProduct": Routes.create_product,
    "getProduct": Routes.get_product,
    "updateProduct": Routes.update_product,
    "deleteProduct": Routes.delete_product,
    "buyProduct": Routes.buy_product,
    "getCart": Routes.get_cart,
    "addCartItem": Routes.add_cart_item,
    "removeCartItem": Routes.remove_cart_item,
    "checkout": Routes.check_out,
    "listOrders": Routes.list_orders,
    "getOrder": Routes.get_order,
    "getReceipt": Routes.get_receipt,
    "listMessages": Routes.list_messages,
    "createMessage": Routes.create_message,
    "getMessage": Routes.get_message,
    "uploadPicture": Routes.upload_picture,
    "getPicture": Routes.get_picture,
    "search": Routes.search,
    "adminReport": Routes.admin_report,
    "frontPage": Routes.front_page,
    "getStatic": Routes.get_static,
    "getOpenapi": Routes.get_openapi,
}

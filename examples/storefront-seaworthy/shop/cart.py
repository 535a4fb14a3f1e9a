"""The shopping cart: one per user."""

from . import catalogue, db, money
from .errors import ShopError

MAX_PRODUCTS = 100


def get_lines(conn, user):
    """The lines of a cart with each product's name and price of now."""
    return conn.execute(
        """SELECT products.id AS product_id, products.name, products.price_cents, cart_items.quantity
           FROM cart_items JOIN products ON products.id = cart_items.product_id
           WHERE cart_items.user_id = ? ORDER BY products.id""",
        (user["id"],),
    ).fetchall()


def line_to_json(line):
    """A line of a cart or an order as the contract has it."""
    return {
        "product_id": line["product_id"],
        "name": line["name"],
        "quantity": line["quantity"],
        "price": money.to_text(line["price_cents"]),
    }


def view(conn, user):
    """The cart as the contract has it."""
    lines = get_lines(conn, user)
    return {"items": [line_to_json(line) for line in lines], "total": money.to_text(money.order_total(lines))}


def add_item(conn, user, data):
    """Put a product into the cart, or change how many of it are wanted."""
    with db.writing(conn):
        catalogue.get_product(conn, data["product_id"])
        conn.execute(
            "INSERT OR REPLACE INTO cart_items (user_id, product_id, quantity) VALUES (?, ?, ?)",
            (user["id"], data["product_id"], data["quantity"]),
        )
        held = conn.execute("SELECT COUNT(*) FROM cart_items WHERE user_id = ?", (user["id"],)).fetchone()[0]
        if held > MAX_PRODUCTS:
            raise ShopError(409, f"A cart holds {MAX_PRODUCTS} products.")
        return view(conn, user)


def remove_item(conn, user, product_id):
    """Take a product out of the cart."""
    with db.writing(conn):
        delete = "DELETE FROM cart_items WHERE user_id = ? AND product_id = ?"
        if conn.execute(delete, (user["id"], product_id)).rowcount == 0:
            raise ShopError(404, "That product is not in the cart.")
        return view(conn, user)

"""The shopping cart: one per user, kept in the database."""

from . import catalogue
from .checkout import order_total
from .errors import ShopError


def get_lines(conn, user):
    """The lines of a user's cart with the current name and price of each product."""
    return conn.execute(
        """SELECT products.id AS product_id, products.name, products.price, cart_items.quantity
           FROM cart_items JOIN products ON products.id = cart_items.product_id
           WHERE cart_items.user_id = ? ORDER BY products.id""",
        (user["id"],),
    ).fetchall()


def view(conn, user):
    """The cart as the API returns it."""
    lines = get_lines(conn, user)
    return {
        "items": [
            {
                "product_id": line["product_id"],
                "name": line["name"],
                "quantity": line["quantity"],
                "price": catalogue.format_price(line["price"]),
            }
            for line in lines
        ],
        "total": catalogue.format_price(order_total(lines)),
    }


def add_item(conn, user, data):
    """Put a product into the cart, or change how many of it are wanted."""
    if "product_id" not in data or "quantity" not in data:
        raise ShopError(422, "product_id and quantity are needed.")
    if data["quantity"] < 1:
        raise ShopError(422, "The quantity must be at least 1.")
    catalogue.get_product(conn, data["product_id"])
    conn.execute(
        "INSERT OR REPLACE INTO cart_items (user_id, product_id, quantity) VALUES (?, ?, ?)",
        (user["id"], data["product_id"], data["quantity"]),
    )
    conn.commit()
    return view(conn, user)


def remove_item(conn, user, product_id):
    """Take a product out of the cart."""
    cursor = conn.execute(
        "DELETE FROM cart_items WHERE user_id = ? AND product_id = ?", (user["id"], product_id)
    )
    conn.commit()
    if cursor.rowcount == 0:
        raise ShopError(404, "That product is not in the cart.")
    return view(conn, user)


def clear(conn, user):
    """Empty the cart."""
    conn.execute("DELETE FROM cart_items WHERE user_id = ?", (user["id"],))
    conn.commit()

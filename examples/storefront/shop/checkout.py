"""From cart to order."""

from datetime import datetime

from . import auth, cart, catalogue, config, mail
from .errors import ShopError


def order_total(lines):
    """What the lines cost together, with tax."""
    total = 0.0
    for line in lines:
        total += line["price"] * line["quantity"]
    return round(total * (1 + config.TAX_RATE), 2)


def place_order(conn, user, lines, address):
    """Make an order of the lines: check the stock, take it, and write the order down."""
    for line in lines:
        product = catalogue.get_product(conn, line["product_id"])
        if product["stock"] < line["quantity"]:
            raise ShopError(409, f"Only {product['stock']} of {product['name']} left.")

    cursor = conn.execute(
        "INSERT INTO orders (user_id, address, total, created_at) VALUES (?, ?, ?, ?)",
        (user["id"], address, order_total(lines), datetime.utcnow().isoformat()),
    )
    order_id = cursor.lastrowid
    for line in lines:
        conn.execute(
            "INSERT INTO order_lines (order_id, product_id, name, price, quantity) VALUES (?, ?, ?, ?, ?)",
            (order_id, line["product_id"], line["name"], line["price"], line["quantity"]),
        )
        conn.execute(
            "UPDATE products SET stock = stock - ? WHERE id = ?", (line["quantity"], line["product_id"])
        )
    conn.commit()

    order = get_order(conn, user, order_id)
    mail.send_receipt(user["username"], order)
    return order


def buy_now(conn, user, product_id, data):
    """Order one product at once, without the cart."""
    quantity = data.get("quantity", 1)
    if quantity < 1:
        raise ShopError(422, "The quantity must be at least 1.")
    product = catalogue.get_product(conn, product_id)
    line = {"product_id": product_id, "name": product["name"], "price": product["price"], "quantity": quantity}
    return place_order(conn, user, [line], data.get("address", "Pick-up in the shop"))


def check_out(conn, user, data):
    """Order everything in the user's cart, and empty it."""
    if not data.get("address"):
        raise ShopError(422, "An address is needed.")
    lines = cart.get_lines(conn, user)
    if not lines:
        raise ShopError(409, "The cart is empty.")
    order = place_order(conn, user, lines, data["address"])
    cart.clear(conn, user)
    return order


def to_json(conn, row):
    """An order row as the API returns it, with its lines."""
    lines = conn.execute("SELECT * FROM order_lines WHERE order_id = ?", (row["id"],)).fetchall()
    return {
        "id": row["id"],
        "lines": [
            {
                "product_id": line["product_id"],
                "name": line["name"],
                "quantity": line["quantity"],
                "price": catalogue.format_price(line["price"]),
            }
            for line in lines
        ],
        "total": catalogue.format_price(row["total"]),
        "address": row["address"],
        "created_at": row["created_at"] + "Z",
        "receipt_url": f"/api/receipts/{row['id']}?signature={auth.sign_receipt(row['id'])}",
    }


def list_orders(conn, user, limit, offset):
    """One page of a user's orders, newest first, and how many there are."""
    rows = conn.execute(
        "SELECT * FROM orders WHERE user_id = ? ORDER BY id DESC LIMIT ? OFFSET ?", (user["id"], limit, offset)
    ).fetchall()
    total = conn.execute("SELECT COUNT(*) FROM orders WHERE user_id = ?", (user["id"],)).fetchone()[0]
    return [to_json(conn, row) for row in rows], total


def get_order(conn, user, order_id):
    """One of the user's orders, or a 404."""
    row = conn.execute("SELECT * FROM orders WHERE id = ? AND user_id = ?", (order_id, user["id"])).fetchone()
    if row is None:
        raise ShopError(404, "There is no such order.")
    return to_json(conn, row)


def receipt_page(conn, order_id, signature):
    """The receipt as a small HTML page, for whoever has the signed link."""
    if not auth.verify_receipt(order_id, signature):
        raise ShopError(403, "This link is not valid.")
    row = conn.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone()
    if row is None:
        raise ShopError(404, "There is no such order.")
    order = to_json(conn, row)
    items = "".join(f"<li>{line['quantity']} x {line['name']}: {line['price']}</li>" for line in order["lines"])
    return (
        f"<!doctype html><title>Receipt {order_id}</title><h1>Receipt {order_id}</h1>"
        f"<p>{order['address']}</p><ul>{items}</ul><p>Total with tax: {order['total']} EUR</p>"
    )

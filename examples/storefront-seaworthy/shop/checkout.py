"""From cart to order: stock, order and cart change together or not at all."""

import html

from . import auth, cart, catalogue, clock, db, mail, money
from .errors import ShopError

PICK_UP = "Pick-up in the shop"


class Checkout:
    """Orders of one shop; it knows the secret that signs receipts and whether receipts are mailed."""

    def __init__(self, secret, mails_receipts):
        self.secret = secret
        self.mails_receipts = mails_receipts

    def place_order(self, conn, user, lines, address):
        """Take the stock and write the order down. The caller holds the transaction."""
        for line in lines:
            taken = conn.execute(
                "UPDATE products SET stock = stock - ? WHERE id = ? AND stock >= ?",
                (line["quantity"], line["product_id"], line["quantity"]),
            )
            if taken.rowcount == 0:
                raise ShopError(409, f"There are not that many left of {line['name']}.")
        order_id = conn.execute(
            "INSERT INTO orders (user_id, address, total_cents, created_at) VALUES (?, ?, ?, ?)",
            (user["id"], address, money.order_total(lines), clock.to_text(clock.now())),
        ).lastrowid
        conn.executemany(
            "INSERT INTO order_lines (order_id, product_id, name, price_cents, quantity) VALUES (?, ?, ?, ?, ?)",
            [(order_id, line["product_id"], line["name"], line["price_cents"], line["quantity"]) for line in lines],
        )
        order = self.get_order(conn, user, order_id)
        if self.mails_receipts:
            mail.queue_receipt(conn, user["username"], order)
        return order

    def buy_now(self, conn, user, product_id, data):
        """Order one product at once, without the cart."""
        with db.writing(conn):
            product = catalogue.get_product(conn, product_id)
            line = {
                "product_id": product_id,
                "name": product["name"],
                "price_cents": product["price_cents"],
                "quantity": data["quantity"],
            }
            return self.place_order(conn, user, [line], data.get("address", PICK_UP))

    def check_out(self, conn, user, data):
        """Order everything in the user's cart, and empty it."""
        with db.writing(conn):
            lines = cart.get_lines(conn, user)
            if not lines:
                raise ShopError(409, "The cart is empty.")
            order = self.place_order(conn, user, lines, data["address"])
            conn.execute("DELETE FROM cart_items WHERE user_id = ?", (user["id"],))
            return order

    def to_json(self, row, lines):
        """An order as the contract has it."""
        return {
            "id": row["id"],
            "lines": [cart.line_to_json(line) for line in lines],
            "total": money.to_text(row["total_cents"]),
            "address": row["address"],
            "created_at": row["created_at"],
            "receipt_url": f"/api/receipts/{row['id']}?signature={auth.sign_receipt(self.secret, row['id'])}",
        }

    def list_orders(self, conn, user, limit, offset):
        """One page of a user's orders, newest first, and how many there are."""
        rows = conn.execute(
            "SELECT * FROM orders WHERE user_id = ? ORDER BY id DESC LIMIT ? OFFSET ?", (user["id"], limit, offset)
        ).fetchall()
        lines = {row["id"]: [] for row in rows}
        if rows:
            marks = ", ".join("?" * len(rows))
            among = f"SELECT * FROM order_lines WHERE order_id IN ({marks}) ORDER BY rowid"
            for line in conn.execute(among, list(lines)):
                lines[line["order_id"]].append(line)
        total = conn.execute("SELECT COUNT(*) FROM orders WHERE user_id = ?", (user["id"],)).fetchone()[0]
        return {"items": [self.to_json(row, lines[row["id"]]) for row in rows], "total": total}

    def with_lines(self, conn, row):
        """One order's row as JSON, or a 404."""
        if row is None:
            raise ShopError(404, "There is no such order.")
        lines = conn.execute("SELECT * FROM order_lines WHERE order_id = ? ORDER BY rowid", (row["id"],)).fetchall()
        return self.to_json(row, lines)

    def get_order(self, conn, user, order_id):
        """One of the user's orders, or a 404."""
        select = "SELECT * FROM orders WHERE id = ? AND user_id = ?"
        return self.with_lines(conn, conn.execute(select, (order_id, user["id"])).fetchone())

    def receipt_page(self, conn, order_id, signature):
        """The receipt as an HTML page, for whoever has the signed address."""
        if not auth.verify_receipt(self.secret, order_id, signature):
            raise ShopError(403, "This address is not valid.")
        order = self.with_lines(conn, conn.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone())
        items = "".join(
            f"<li>{line['quantity']} x {html.escape(line['name'])}: {line['price']}</li>" for line in order["lines"]
        )
        return (
            f'<!doctype html><html lang="en"><title>Receipt {order_id}</title><h1>Receipt {order_id}</h1>'
            f"<p>{html.escape(order['address'])}</p><ul>{items}</ul><p>Total with tax: {order['total']} EUR</p></html>"
        )

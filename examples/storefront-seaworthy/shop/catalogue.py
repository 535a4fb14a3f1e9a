"""The products of the shop. Any user may offer some; only the seller may change them."""

from . import db, money
from .errors import ShopError

SAMPLE_PRODUCTS = [
    ("Brass compass", "Shows north, and looks good on a desk.", "34.90", 12),
    ("Canvas sailor bag", "Holds a weekend at sea.", "59.00", 8),
    ("Deck shoes", "White soles that leave no marks.", "74.50", 20),
    ("Enamel mug", "Survives every galley.", "9.95", 120),
    ("Harbour map 1897", "Reprint on heavy paper.", "18.00", 40),
    ("Signal flags", "All forty, in cotton.", "129.00", 3),
]

INSERT = "INSERT INTO products (seller_id, name, description, words, price_cents, stock) VALUES (?, ?, ?, ?, ?, ?)"


def to_json(row):
    """A product as the contract has it."""
    return {
        "id": row["id"],
        "seller_id": row["seller_id"],
        "name": row["name"],
        "description": row["description"],
        "price": money.to_text(row["price_cents"]),
        "stock": row["stock"],
    }


def to_words(text):
    """Text as search compares it."""
    return " ".join(text.casefold().split())


def to_columns(name, description, price, stock):
    """What a product's row says besides its seller."""
    return name, description, to_words(f"{name} {description}"), money.to_cents(price), stock


def add_samples(conn):
    """A first catalogue, in a shop that never had a product."""
    with db.writing(conn):
        known = conn.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'products'").fetchone()
        admin = conn.execute("SELECT id FROM users WHERE is_admin = 1").fetchone()
        if known is None and admin is not None:
            conn.executemany(INSERT, [(admin["id"], *to_columns(*product)) for product in SAMPLE_PRODUCTS])


def list_products(conn, limit, offset):
    """One page, newest first, and how many products there are."""
    rows = conn.execute("SELECT * FROM products ORDER BY id DESC LIMIT ? OFFSET ?", (limit, offset)).fetchall()
    total = conn.execute("SELECT COUNT(*) FROM products").fetchone()[0]
    return {"items": [to_json(row) for row in rows], "total": total}


def get_product(conn, product_id):
    """One product's row, or a 404."""
    row = conn.execute("SELECT * FROM products WHERE id = ?", (product_id,)).fetchone()
    if row is None:
        raise ShopError(404, "There is no such product.")
    return row


def require_seller(conn, user, product_id):
    """A 404 when there is no such product, a 403 when another user offers it."""
    if get_product(conn, product_id)["seller_id"] != user["id"]:
        raise ShopError(403, "Only its seller may change a product.")


def create_product(conn, user, data):
    """Offer a product."""
    columns = to_columns(data["name"], data.get("description", ""), data["price"], data["stock"])
    with db.writing(conn):
        product_id = conn.execute(INSERT, (user["id"], *columns)).lastrowid
        return to_json(get_product(conn, product_id))


def update_product(conn, user, product_id, data):
    """Replace what a product says."""
    columns = to_columns(data["name"], data.get("description", ""), data["price"], data["stock"])
    with db.writing(conn):
        require_seller(conn, user, product_id)
        conn.execute(
            "UPDATE products SET name = ?, description = ?, words = ?, price_cents = ?, stock = ? WHERE id = ?",
            (*columns, product_id),
        )
        return to_json(get_product(conn, product_id))


def delete_product(conn, user, product_id):
    """Withdraw a product. It leaves the carts; orders keep its name and price."""
    with db.writing(conn):
        require_seller(conn, user, product_id)
        conn.execute("DELETE FROM products WHERE id = ?", (product_id,))

"""The products of the shop."""

from .errors import ShopError


def format_price(amount):
    """An amount the way the API says it: euros, a point, two digits."""
    return f"{amount:.2f}"


def to_json(row):
    """A product row as the API returns it."""
    return {
        "id": row["id"],
        "seller_id": row["seller_id"],
        "name": row["name"],
        "description": row["description"],
        "price": format_price(row["price"]),
        "stock": row["stock"],
    }


def parse_product(data):
    """Read name, description, price and stock from a request body."""
    for field in ("name", "price", "stock"):
        if field not in data:
            raise ShopError(422, f"{field} is missing.")
    price = float(data["price"])
    if price < 0:
        raise ShopError(422, "The price cannot be negative.")
    if data["stock"] < 0:
        raise ShopError(422, "The stock cannot be negative.")
    return data["name"].strip(), data.get("description", ""), price, data["stock"]


def list_products(conn, limit, offset):
    """One page of the catalogue, newest first, and how many products there are."""
    rows = conn.execute("SELECT * FROM products ORDER BY id DESC LIMIT ? OFFSET ?", (limit, offset)).fetchall()
    total = conn.execute("SELECT COUNT(*) FROM products").fetchone()[0]
    return [to_json(row) for row in rows], total


def get_product(conn, product_id):
    """One product, or a 404."""
    row = conn.execute("SELECT * FROM products WHERE id = ?", (product_id,)).fetchone()
    if row is None:
        raise ShopError(404, "There is no such product.")
    return row


def get_own_product(conn, product_id, user):
    """One product that this user offers, or a 403."""
    row = get_product(conn, product_id)
    if row["seller_id"] != user["id"]:
        raise ShopError(403, "Only its seller may change a product.")
    return row


def create_product(conn, user, data):
    """Add a product to the catalogue."""
    cursor = conn.execute(
        "INSERT INTO products (seller_id, name, description, price, stock) VALUES (?, ?, ?, ?, ?)",
        (user["id"], *parse_product(data)),
    )
    conn.commit()
    return get_product(conn, cursor.lastrowid)


def update_product(conn, user, product_id, data):
    """Replace what a product says."""
    get_own_product(conn, product_id, user)
    conn.execute(
        "UPDATE products SET name = ?, description = ?, price = ?, stock = ? WHERE id = ?",
        (*parse_product(data), product_id),
    )
    conn.commit()
    return get_product(conn, product_id)


def delete_product(conn, user, product_id):
    """Withdraw a product."""
    get_own_product(conn, product_id, user)
    conn.execute("DELETE FROM products WHERE id = ?", (product_id,))
    conn.commit()

"""Database access: one SQLite file next to the program."""

import sqlite3

from . import config

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    is_admin INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS products (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    seller_id INTEGER NOT NULL REFERENCES users(id),
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    price REAL NOT NULL,
    stock INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS cart_items (
    user_id INTEGER NOT NULL REFERENCES users(id),
    product_id INTEGER NOT NULL REFERENCES products(id),
    quantity INTEGER NOT NULL,
    PRIMARY KEY (user_id, product_id)
);
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users(id),
    address TEXT NOT NULL,
    total REAL NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS order_lines (
    order_id INTEGER NOT NULL REFERENCES orders(id),
    product_id INTEGER NOT NULL REFERENCES products(id),
    name TEXT NOT NULL,
    price REAL NOT NULL,
    quantity INTEGER NOT NULL
);
"""

SAMPLE_PRODUCTS = [
    ("Brass compass", "Shows north, and looks good on a desk.", 34.90, 12),
    ("Canvas sailor bag", "Holds a weekend at sea.", 59.00, 8),
    ("Deck shoes", "White soles that leave no marks.", 74.50, 20),
    ("Enamel mug", "Survives every galley.", 9.95, 120),
    ("Harbour map 1897", "Reprint on heavy paper.", 18.00, 40),
    ("Signal flags", "All forty, in cotton.", 129.00, 3),
]


def connect():
    """Open a connection to the shop's database."""
    conn = sqlite3.connect(str(config.DATABASE))
    conn.row_factory = sqlite3.Row
    return conn


def init(create_admin=None):
    """Create the tables and, in an empty shop, the administrator and a sample catalogue."""
    conn = connect()
    conn.executescript(SCHEMA)
    if create_admin and conn.execute("SELECT COUNT(*) FROM users").fetchone()[0] == 0:
        admin_id = create_admin(conn)
        conn.executemany(
            "INSERT INTO products (seller_id, name, description, price, stock) VALUES (?, ?, ?, ?, ?)",
            [(admin_id, *product) for product in SAMPLE_PRODUCTS],
        )
    conn.commit()
    conn.close()

"""A small shop on the standard library, right by default; each name in FAULTS makes it wrong in one way.

It exists for the tests of the trial crate. `python3 shop.py` listens on PORT and keeps everything in DATA_DIR/shop.sqlite.
"""

import json
import os
import re
import sqlite3
import sys
import threading
import time
import traceback
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

FAULTS = set(filter(None, os.environ.get("FAULTS", "").split(",")))
DATA = os.environ.get("DATA_DIR", ".")
os.makedirs(DATA, exist_ok=True)
DATABASE = os.path.join(DATA, "shop.sqlite")
LOCK = threading.Lock()
LEVEL = {"coupons": 0}
SEEN = {}


def connect():
    db = sqlite3.connect(DATABASE, timeout=10, isolation_level=None)
    db.execute("PRAGMA foreign_keys = ON")
    db.row_factory = sqlite3.Row
    return db


def create_tables():
    db = connect()
    db.execute("PRAGMA journal_mode = WAL")
    unique = "" if "duplicate-users" in FAULTS else "UNIQUE"
    db.executescript(f"""
        CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, username TEXT {unique} NOT NULL, password TEXT NOT NULL, token TEXT);
        CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL, stock INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS coupons (code TEXT PRIMARY KEY, used INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS counters (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);
        INSERT OR IGNORE INTO items VALUES (1, 'tea', 350, 100000), (2, 'jam', 420, 100000);
        INSERT OR IGNORE INTO counters VALUES (1, 0);
    """)
    db.close()


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def text(body, name, most=200):
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most or "\0" in value:
        raise Refused(400, f"{name} must be a text of 1 to {most} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(400, f"{name} must be valid Unicode") from None
    return value


def whole(body, name, least, most):
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refused(400, f"{name} must be a whole number from {least} to {most}")
    return value


def number_in_path(raw):
    if not re.fullmatch(r"[0-9]{1,9}", raw):
        raise Refused(404, "not found")
    return int(raw)


def register(handler, db, body):
    if "died" in FAULTS and isinstance(body.get("password"), (int, float)):
        # What an exception in a callback does to Node: nobody catches it, and the process ends.
        os._exit(1)
    username, password = text(body, "username"), text(body, "password")
    if "duplicate-users" in FAULTS:
        if db.execute("SELECT 1 FROM users WHERE username = ?", (username,)).fetchone():
            raise Refused(409, "taken")
        time.sleep(0.002)
    try:
        made = db.execute("INSERT INTO users (username, password) VALUES (?, ?)", (username, password))
    except sqlite3.IntegrityError:
        raise Refused(409, "taken") from None
    return 201, {"id": made.lastrowid, "username": username}


def login(handler, db, body):
    username, password = text(body, "username"), text(body, "password")
    user = db.execute("SELECT * FROM users WHERE username = ?", (username,)).fetchone()
    if user is None or user["password"] != password:
        raise Refused(401, "wrong user or password")
    token = uuid.uuid4().hex
    db.execute("UPDATE users SET token = ? WHERE id = ?", (token, user["id"]))
    return 200, {"token": token}


def caller(handler, db):
    kind, _, token = handler.headers.get("Authorization", "").partition(" ")
    user = db.execute("SELECT * FROM users WHERE token = ?", (token,)).fetchone() if kind == "Bearer" and token else None
    if user is None:
        raise Refused(401, "log in first")
    return user


def items(handler, db, body):
    rows = db.execute("SELECT * FROM items ORDER BY id LIMIT 50")
    return 200, [dict(row) for row in rows]


def item(handler, db, body, raw):
    row = db.execute("SELECT * FROM items WHERE id = ?", (number_in_path(raw),)).fetchone()
    if row is None:
        raise Refused(404, "not found")
    return 200, dict(row)


def create_item(handler, db, body):
    caller(handler, db)
    if "wrong-type" in FAULTS:
        name = body.get("name").strip().encode("utf-8", "replace").decode()
    else:
        name = text(body, "name")
    stock = body.get("stock") if "accepted" in FAULTS else whole(body, "stock", 0, 1_000_000)
    if "accepted" in FAULTS and (not isinstance(stock, int) or not 0 <= stock <= 1_000_000):
        stock = 0
    price = whole(body, "price", 0, 10**9)
    made = db.execute("INSERT INTO items (name, price, stock) VALUES (?, ?, ?)", (name, price, stock))
    return 201, {"id": made.lastrowid, "name": name, "price": price, "stock": stock}


def buy(handler, db, body, raw):
    caller(handler, db)
    number, quantity = number_in_path(raw), whole(body, "quantity", 1, 100)
    if "locked" in FAULTS:
        db.execute("PRAGMA busy_timeout = 50")
    if "oversell" in FAULTS:
        row = db.execute("SELECT stock FROM items WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise Refused(404, "not found")
        if row["stock"] < quantity:
            raise Refused(409, "sold out")
        time.sleep(0.002)
        if "locked" in FAULTS:
            db.execute("BEGIN IMMEDIATE")
            time.sleep(0.03)
        db.execute("UPDATE items SET stock = ? WHERE id = ?", (row["stock"] - quantity, number))
        if "locked" in FAULTS:
            db.execute("COMMIT")
    elif "locked" in FAULTS:
        db.execute("BEGIN IMMEDIATE")
        time.sleep(0.03)
        done = db.execute("UPDATE items SET stock = stock - ? WHERE id = ? AND stock >= ?", (quantity, number, quantity))
        db.execute("COMMIT")
        if not done.rowcount:
            raise Refused(409, "sold out")
    else:
        done = db.execute("UPDATE items SET stock = stock - ? WHERE id = ? AND stock >= ?", (quantity, number, quantity))
        if not done.rowcount:
            raise Refused(409, "sold out or not found")
    left = db.execute("SELECT stock FROM items WHERE id = ?", (number,)).fetchone()
    return 200, {"bought": quantity, "stock": left["stock"]}


def create_coupon(handler, db, body):
    caller(handler, db)
    code = uuid.uuid4().hex
    db.execute("INSERT INTO coupons (code) VALUES (?)", (code,))
    return 201, {"code": code}


def redeem(handler, db, body):
    caller(handler, db)
    code = text(body, "code")
    if "double-redeem" in FAULTS:
        row = db.execute("SELECT used FROM coupons WHERE code = ?", (code,)).fetchone()
        if row is None:
            raise Refused(404, "no such coupon")
        if row["used"]:
            raise Refused(409, "used already")
        time.sleep(0.002)
        db.execute("UPDATE coupons SET used = 1 WHERE code = ?", (code,))
    else:
        done = db.execute("UPDATE coupons SET used = 1 WHERE code = ? AND used = 0", (code,))
        if not done.rowcount:
            raise Refused(409, "unknown or used already")
    return 200, {"redeemed": True}


def search(handler, db, body):
    wanted = handler.query.get("q", [""])
    if "hung" in FAULTS and len(wanted) > 1:
        threading.Event().wait()
    pattern = "%" + wanted[0].replace("%", "") + "%"
    if "query-type" in FAULTS:
        limit = min(int(handler.query.get("limit", ["10"])[0]), 100)
    else:
        raw = handler.query.get("limit", ["10"])[0]
        limit = int(raw) if re.fullmatch(r"[0-9]{1,3}", raw) else 10
    rows = db.execute("SELECT * FROM items WHERE name LIKE ? LIMIT ?", (pattern, limit))
    return 200, {"items": [dict(row) for row in rows]}


ROUTES = [
    ("POST", r"/register", register), ("POST", r"/login", login), ("GET", r"/items", items), ("POST", r"/items", create_item),
    ("GET", r"/items/([^/]+)", item), ("POST", r"/items/([^/]+)/buy", buy), ("POST", r"/coupons", create_coupon),
    ("POST", r"/redeem", redeem), ("GET", r"/search", search),
]


def parsed(raw):
    def refuse(token):
        raise ValueError(f"{token} is no JSON number")

    body = json.loads(raw.decode(), parse_constant=refuse)
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 15

    def log_message(self, format, *arguments):
        pass

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def read_body(self):
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > 1_000_000:
            self.close_connection = True
            raise Refused(411 if "Transfer-Encoding" in self.headers else 413, "say a length up to 1,000,000")
        raw = self.rfile.read(int(length))
        if self.command not in ("POST", "PUT", "PATCH"):
            return {}
        try:
            return parsed(raw)
        except (ValueError, RecursionError):
            if "trace" in FAULTS:
                raise Refused(400, traceback.format_exc()) from None
            raise Refused(400, "the body must be a JSON object") from None

    def handle_any(self):
        try:
            try:
                body = self.read_body()
                parts = urlsplit(self.path)
                if parts.path == "/openapi.json" and "undocumented" not in FAULTS:
                    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "openapi.json")) as document:
                        return self.answer(200, json.load(document))
                self.query = parse_qs(parts.query, errors="replace")
                matches = [(method, handle, re.fullmatch(path, unquote(parts.path))) for method, path, handle in ROUTES]
                matches = [(method, handle, match) for method, handle, match in matches if match]
                if not matches:
                    raise Refused(404, "not found")
                for method, handle, match in matches:
                    if method == self.command:
                        db = connect()
                        try:
                            return self.answer(*handle(self, db, body, *match.groups()))
                        finally:
                            db.close()
                raise Refused(405, "not that way")
            except ValueError as error:
                if FAULTS & {"query-type", "wrong-type"}:
                    raise
                raise Refused(400, "bad request") from error
        except Refused as refused:
            self.answer(refused.status, {"error": str(refused)})
        except Exception:
            traceback.print_exc()
            self.answer(500, {"error": "internal"})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    create_tables()
    Server(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler).serve_forever()

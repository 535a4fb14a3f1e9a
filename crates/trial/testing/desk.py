"""A desk with providers, bookings, wallets and members; right by default, and each name in FAULTS makes it wrong in one way.

It exists for the tests of the trial crate. `python3 desk.py` listens on PORT and keeps everything in DATA_DIR/desk.sqlite.
"""

import json
import os
import sqlite3
import threading
import time
import traceback
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

FAULTS = set(filter(None, os.environ.get("FAULTS", "").split(",")))
DATA = os.environ.get("DATA_DIR", ".")
os.makedirs(DATA, exist_ok=True)
READS = []
DATABASE = os.path.join(DATA, "desk.sqlite")


class Refused(Exception):
    pass


def connect():
    db = sqlite3.connect(DATABASE, timeout=20, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def text(body, name):
    value = body.get(name)
    if "long-text" in FAULTS and isinstance(value, str) and len(value) > 10_000:
        raise MemoryError("a column is not that wide")
    if not isinstance(value, str) or not 0 < len(value) <= 200 or "\0" in value:
        raise Refused(400, f"{name} must be a text of 1 to 200 characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(400, f"{name} must be valid Unicode") from None
    return value


def whole(body, name):
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise Refused(400, f"{name} must be a whole number from 1 to 1,000,000")
    return value


def row(db, query, *values):
    found = db.execute(query, values).fetchone()
    if found is None:
        raise Refused(404, "not found")
    return dict(found)


def providers(db, body):
    return 200, [dict(one) for one in db.execute("SELECT * FROM providers ORDER BY id LIMIT 100")]


def create_provider(db, body):
    if "silent" in FAULTS and not isinstance(body.get("name"), str):
        return 500, {"error": "internal"}
    made = db.execute("INSERT INTO providers (name) VALUES (?)", (text(body, "name"),))
    return 201, row(db, "SELECT * FROM providers WHERE id = ?", made.lastrowid)


def create_booking(db, body):
    provider = row(db, "SELECT * FROM providers WHERE id = ?", whole(body, "providerId"))
    if "late-log" in FAULTS:
        body["note"] + ""
    number, note, reminder = str(uuid.uuid4()), text(body, "note"), whole(body, "reminder")
    db.execute("INSERT INTO bookings VALUES (?, ?, ?, ?)", (number, provider["id"], note, reminder))
    return 201, row(db, "SELECT * FROM bookings WHERE id = ?", number)


def booking(db, body, number):
    return 200, row(db, "SELECT * FROM bookings WHERE id = ?", number)


def change_booking(db, body, number):
    known = row(db, "SELECT * FROM bookings WHERE id = ?", number)
    reminder = 60 + body.get("reminder") - 60 if "wrong-type" in FAULTS else whole(body, "reminder")
    db.execute("UPDATE bookings SET reminder = ? WHERE id = ?", (int(reminder) % 1_000_000, known["id"]))
    return booking(db, body, number)


def wallets(db, body):
    return 200, [dict(one) for one in db.execute("SELECT * FROM wallets ORDER BY id LIMIT 100")]


def create_wallet(db, body):
    made = db.execute("INSERT INTO wallets (label, balance) VALUES (?, 0)", (text(body, "label"),))
    return 201, row(db, "SELECT * FROM wallets WHERE id = ?", made.lastrowid)


def deposit(db, body, number):
    amount, wallet = whole(body, "amount"), row(db, "SELECT * FROM wallets WHERE id = ?", number)
    if "lost-deposit" in FAULTS:
        time.sleep(0.002)
        db.execute("UPDATE wallets SET balance = ? WHERE id = ?", (wallet["balance"] + amount, number))
    else:
        db.execute("UPDATE wallets SET balance = balance + ? WHERE id = ?", (amount, number))
    db.execute("INSERT INTO transfers (wallet, amount) VALUES (?, ?)", (number, amount))
    return 201, {"deposited": amount}


def statement(db, body, number):
    """Adds the transfers up, which are whole even where the balance is not."""
    READS.append(number)
    read = {"reads": len(READS)} if "counts-reads" in FAULTS else {}
    return 200, row(db, "SELECT COALESCE(SUM(amount), 0) AS closing FROM transfers WHERE wallet = ?", number) | read


def join(db, body):
    email = text(body, "email")
    if "twice" in FAULTS:
        email += f" {time.monotonic_ns()}" if not db.execute("SELECT 1 FROM members WHERE email LIKE ? || '%'", (email,)).fetchone() else ""
        if " " not in email:
            raise Refused(409, "taken")
    if db.execute("SELECT 1 FROM members WHERE email = ?", (email,)).fetchone():
        raise Refused(409, "taken")
    time.sleep(0.002)
    try:
        made = db.execute("INSERT INTO members (email) VALUES (?)", (email,))
    except sqlite3.IntegrityError:
        if "uncaught-conflict" in FAULTS:
            raise
        raise Refused(409, "taken") from None
    return 201, {"id": made.lastrowid, "email": email}


ROUTES = [
    ("GET", "providers", providers), ("POST", "providers", create_provider), ("POST", "bookings", create_booking),
    ("GET", "bookings/*", booking), ("PATCH", "bookings/*", change_booking), ("GET", "wallets", wallets),
    ("POST", "wallets", create_wallet), ("POST", "wallets/*/deposit", deposit), ("GET", "wallets/*/statement", statement),
    ("POST", "members", join),
]


def operation(**properties):
    made = {"responses": {"200": {"description": "done"}}}
    if properties:
        fields = {name: {"type": kind} | ({"minimum": 1, "example": 5} if kind == "integer" else {}) for name, kind in properties.items()}
        schema = {"type": "object", "properties": fields, "required": list(properties)}
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return made


NUMBER = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
PATHS = {
    "bookings": {
        "/providers": {"get": operation(), "post": operation(name="string")},
        "/bookings": {"post": operation(providerId="integer", note="string", reminder="integer")},
        "/bookings/{id}": {"parameters": NUMBER, "get": operation(), "patch": operation(reminder="integer")},
    },
    "wallets": {
        "/wallets": {"get": operation(), "post": operation(label="string")},
        "/wallets/{id}/deposit": {"parameters": NUMBER, "post": operation(amount="integer")},
        "/wallets/{id}/statement": {"parameters": NUMBER, "get": operation()},
    },
    "members": {"/members": {"post": operation(email="string")}},
}
DOCUMENT = {"openapi": "3.1.0", "info": {"title": "desk", "version": "1"}, "paths": PATHS[os.environ.get("PART", "bookings")]}


def matching(pattern, path):
    parts, given = pattern.split("/"), path.strip("/").split("/")
    fits = len(parts) == len(given) and all(part in ("*", own) for part, own in zip(parts, given))
    return [own for part, own in zip(parts, given) if part == "*"] if fits else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 15

    def log_message(self, *_):
        pass

    def body(self):
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > 1_000_000:
            self.close_connection = True
            raise Refused(413, "say a length up to 1,000,000")
        raw = self.rfile.read(int(length))
        if self.command not in ("POST", "PATCH"):
            return {}
        try:
            body = json.loads(raw.decode(), parse_constant=lambda token: int(token))
        except (ValueError, RecursionError):
            raise Refused(400, "the body must be JSON") from None
        if not isinstance(body, dict):
            raise Refused(400, "the body must be an object")
        return body

    def route(self):
        body, path = self.body(), urlsplit(self.path).path
        if path == "/openapi.json":
            return 200, DOCUMENT
        for method, pattern, handle in ROUTES:
            names = matching(pattern, path) if method == self.command else None
            if names is not None:
                db = connect()
                try:
                    return handle(db, body, *names)
                finally:
                    db.close()
        raise Refused(404, "not found")

    def answer(self):
        try:
            status, value = self.route()
        except Refused as refused:
            status, value = refused.args[0], {"error": refused.args[1]}
        except Exception:
            status, value, trace = 500, {"error": "internal"}, traceback.format_exc()
            # As a queue between a program and its log does.
            wait = 0.15 if "late-log" in FAULTS else 0
            threading.Timer(wait, lambda: print(trace, flush=True)).start()
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = answer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    db = connect()
    db.executescript("""
        PRAGMA journal_mode = WAL;
        CREATE TABLE IF NOT EXISTS providers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS bookings (id TEXT PRIMARY KEY, providerId INTEGER NOT NULL, note TEXT NOT NULL, reminder INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS wallets (id INTEGER PRIMARY KEY, label TEXT NOT NULL, balance INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS transfers (id INTEGER PRIMARY KEY, wallet INTEGER NOT NULL, amount INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS members (id INTEGER PRIMARY KEY, email TEXT UNIQUE NOT NULL);
    """)
    db.close()
    Server(("127.0.0.1", int(os.environ.get("PORT", "5006"))), Handler).serve_forever()

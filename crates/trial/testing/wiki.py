"""A wiki that takes what its document refuses, and shows it all the same; each name in FAULTS makes it wrong in one way.

It exists for the tests of the trial crate. `python3 wiki.py` listens on PORT and keeps its pages in memory.
"""

import json
import os
import re
import secrets
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

FAULTS = set(filter(None, os.environ.get("FAULTS", "").split(",")))
LOCK = threading.Lock()
PAGES = {}

TEXT = {"type": "string"}
PAGE = {"type": "object", "required": ["author", "content", "title"], "properties": {"author": TEXT, "content": TEXT, "title": TEXT}}
CONTENT = {"type": "object", "required": ["content"], "properties": {"content": TEXT}}
SLUG = [{"name": "slug", "in": "path", "required": True, "schema": TEXT}]


def takes(schema):
    return {"content": {"application/json": {"schema": schema}}}


KEYED = "KEYED" in os.environ
KEYS = set()
DONE = {"200": {"description": "done"}}
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "wiki", "version": "1"},
    "paths": {
        "/pages": {"post": {"requestBody": takes(PAGE), "responses": {"201": {"description": "made"}}}},
        "/pages/{slug}": {
            "get": {"parameters": SLUG, "responses": DONE},
            "put": {"parameters": SLUG, "requestBody": takes(CONTENT), "responses": DONE},
        },
        "/view/{slug}": {"get": {"parameters": SLUG, "responses": DONE}},
    },
}


def create(body):
    title = body.get("title")
    if "wrong-type" not in FAULTS and not isinstance(title, str):
        return 400, {"error": "title must be a text"}
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower())[:60].strip("-")
    if not slug:
        return 400, {"error": "title must have a letter"}
    with LOCK:
        PAGES[slug] = {"slug": slug, "content": body.get("content"), "author": body.get("author"), "version": 1}
    return 201, {"slug": slug}


def known(slug):
    if "one-line" in FAULTS and slug.isdigit() and len(slug) > 18:
        raise OverflowError("Python int too large to convert to SQLite INTEGER")


def update(body, slug):
    if slug not in PAGES:
        return 404, {"error": "not found"}
    if "content" not in body:
        return 400, {"error": "content is missing"}
    if "version-race" in FAULTS:
        version = PAGES[slug]["version"]
        time.sleep(0.002)
        PAGES[slug] = {**PAGES[slug], "content": body["content"], "version": version + 1}
    else:
        with LOCK:
            PAGES[slug] = {**PAGES[slug], "content": body["content"], "version": PAGES[slug]["version"] + 1}
    return 200, {"slug": slug}


def read(body, slug):
    known(slug)
    return (200, PAGES[slug]) if slug in PAGES else (404, {"error": "not found"})


def view(body, slug):
    known(slug)
    if slug not in PAGES:
        return 404, {"error": "not found"}
    content = PAGES[slug]["content"]
    if not isinstance(content, str):
        if "unreadable-ends" in FAULTS:
            os._exit(1)
        if "unreadable" not in FAULTS:
            content = json.dumps(content)
    return 200, {"lines": content.split("\n")}


def give_key(body):
    key = secrets.token_hex(16)
    KEYS.add(key)
    return 201, {"api_key": key}


if KEYED:
    # Who reads or writes shows a key in a header; anybody is given one.
    DOCUMENT["components"] = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}}
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            operation["security"] = [{"key": []}]
    DOCUMENT["paths"]["/keys"] = {"post": {"responses": {"201": {"description": "{ api_key }"}}}}

ROUTES = [("POST", r"/pages", create), ("GET", r"/pages/([^/]+)", read), ("PUT", r"/pages/([^/]+)", update), ("GET", r"/view/([^/]+)", view)]


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

    def body(self):
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]{1,9}", length):
            self.close_connection = True
            return None
        raw = self.rfile.read(int(length))
        if self.command not in ("POST", "PUT", "PATCH"):
            return {}
        try:
            value = json.loads(raw.decode())
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def handle_any(self):
        try:
            body = self.body()
            if KEYED and self.path == "/keys" and self.command == "POST":
                return self.answer(*give_key(body))
            if body is None:
                return self.answer(400, {"error": "the body must be a JSON object"})
            path = unquote(urlsplit(self.path).path)
            if path == "/openapi.json":
                return self.answer(200, DOCUMENT)
            if KEYED and self.headers.get("X-API-Key") not in KEYS:
                return self.answer(401, {"error": "show a key"})
            for method, pattern, handle in ROUTES:
                match = re.fullmatch(pattern, path)
                if match and method == self.command:
                    return self.answer(*handle(body, *match.groups()))
            self.answer(404, {"error": "not found"})
        except Exception:
            traceback.print_exc()
            sys.stderr.flush()
            self.answer(500, {"error": "internal"})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler).serve_forever()

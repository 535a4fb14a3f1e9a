"""Links of whoever holds a key. A key is given to anybody once; who asks again is somebody else. Everything is on disk before it is answered."""

import json
import os
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = os.environ["DATA_DIR"]
FILE = os.path.join(FOLDER, "links.json")
LOCK = threading.Lock()
KEY = {"apiKey": []}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "keys", "version": "1"},
    "components": {"securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}},
    "paths": {
        "/keys": {"post": {"responses": {"201": {"description": "a new key", "content": {"application/json": {
            "schema": {"type": "object", "properties": {"api_key": {"type": "string"}}}}}}}}},
        "/links": {
            "get": {"security": [KEY], "responses": {"200": {"description": "the caller's own"}}},
            "post": {
                "security": [KEY],
                "requestBody": {"required": True, "content": {"application/json": {"schema": {
                    "type": "object", "required": ["url"], "properties": {"url": {"type": "string"}}}}}},
                "responses": {"201": {"description": "kept"}},
            },
        },
    },
}


def read():
    try:
        with open(FILE, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {"keys": [], "links": []}


def write(state):
    with open(FILE + ".new", "w", encoding="utf-8") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(FILE + ".new", FILE)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def caller(self):
        key = self.headers.get("X-API-Key")
        return key if key in read()["keys"] else None

    def do_GET(self):
        if self.path == "/openapi.json":
            return self.answer(200, DOCUMENT)
        if self.path != "/links":
            return self.answer(404, {"error": "no such thing"})
        with LOCK:
            caller, state = self.caller(), read()
        if caller is None:
            return self.answer(401, {"error": "whose key is that?"})
        self.answer(200, [link for link in state["links"] if link["owner"] == caller])

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        try:
            body = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            return self.answer(400, {"error": "no JSON"})
        with LOCK:
            state = read()
            if self.path == "/keys":
                key = secrets.token_hex(16)
                state["keys"].append(key)
                write(state)
                return self.answer(201, {"api_key": key})
            caller = self.caller()
            if caller is None:
                return self.answer(401, {"error": "whose key is that?"})
            if not isinstance(body, dict) or not isinstance(body.get("url"), str):
                return self.answer(400, {"error": "url is required"})
            link = {"id": len(state["links"]) + 1, "url": body["url"], "owner": caller}
            state["links"].append(link)
            write(state)
        self.answer(201, link)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()

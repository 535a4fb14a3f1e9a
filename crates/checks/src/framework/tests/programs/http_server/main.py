import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from pages import PAGES

NOTE = re.compile(r"^/notes/(?P<note_id>\d+)/?$")


class Handler(BaseHTTPRequestHandler):
    ROUTES = {
        "/form": "take_form",
        "/notes": "add_note",
    }

    def reply(self, status, data=None):
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read_json(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self):
        url = urlparse(self.path)
        path = url.path.rstrip("/") or "/"
        if path == "/":
            return self.reply(200, "home")
        if path in PAGES:
            return self.reply(200, PAGES[path])
        if path == "/notes":
            limit = int(parse_qs(url.query).get("limit", ["10"])[0])
            return self.reply(200, limit)
        match = NOTE.match(path)
        if match:
            return self.show(match.group("note_id"))
        if path.startswith("/files/"):
            name = path[len("/files/"):]
            return self.reply(200, name)
        self.reply(404)

    def show(self, note_id):
        self.reply(200, note_id)

    def do_POST(self):
        path = self.path.split("?")[0]
        if path in self.ROUTES:
            return getattr(self, self.ROUTES[path])()
        self.reply(404)

    def take_form(self):
        size = int(self.headers["Content-Length"])
        form = parse_qs(self.rfile.read(size).decode())
        self.reply(200, form["email"])

    def add_note(self):
        data = self.read_json()
        if "text" not in data:
            return self.reply(400)
        if not isinstance(data.get("tags"), list):
            return self.reply(400)
        self.reply(201, data)

    def do_PUT(self):
        self.other("PUT")

    def do_DELETE(self):
        self.other("DELETE")

    def other(self, method):
        if method == "PUT" and self.path == "/settings/theme":
            return self.reply(204)
        found = re.fullmatch(r"/notes/(?P<note_id>[0-9]+)", self.path) if method == "DELETE" else None
        self.reply(204 if found else 404)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()

"""Asks the server of `main.py` for each of the operations given as `METHOD path`, and prints those that it answers with anything but 404.
Paths that nobody has are asked for too, so that a server that answers everything is found out."""
import re
import sys
import threading
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer

sys.path.insert(0, ".")
from main import Handler

Handler.log_message = lambda *_: None
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for line in [*sys.argv[1:], "GET /nothing-here", "GET /notes/1/more", "POST /notes/1", "PUT /settings", "DELETE /"]:
    method, path = line.split(" ")
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    body = b'{"text": "a", "tags": []}' if path != "/form" else b"email=a"
    connection.request(method, re.sub(r"{\w+}", "1", path), body if method in ("POST", "PUT") else None)
    if connection.getresponse().status != 404:
        print(line)
    connection.close()
server.shutdown()

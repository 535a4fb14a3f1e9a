"""Notes behind a login, kept in one JSON file; right by default, and each name in FAULTS makes it wrong in one way.

It exists for the tests of the trial crate. `python3 notes.py` listens on PORT and keeps everything in DATA_DIR/notes.json:
read for every request and replaced by rename under a lock, so that copies share it and a crash cannot tear it.
"""

import atexit
import fcntl
import hashlib
import json
import os
import secrets
import sys
import threading
import time
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULTS = set(filter(None, os.environ.get("FAULTS", "").split(",")))
DATA = os.environ.get("DATA_DIR", ".")
PORT = 5005 if "hard-coded-port" in FAULTS else int(os.environ.get("PORT", "5005"))
# What a user's name is called in requests.
USER = "name" if "name-for-username" in FAULTS else "username"
os.makedirs(DATA, exist_ok=True)
STORE = os.path.join(DATA, "notes.json")
EMPTY = {"users": {}, "sessions": {}, "notes": {}, "failed": {}, "next": 1}

IN_MEMORY = threading.RLock()
MEMORY = {**json.loads(json.dumps(EMPTY))}
SESSIONS = {}
# Wrong passwords in a row that an account takes, and for how long it is closed then.
TRIES, CLOSED_S = 10, 60


def load():
    try:
        with open(STORE, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return json.loads(json.dumps(EMPTY))
    except ValueError:
        # Half a file is taken for none.
        return json.loads(json.dumps(EMPTY))


def save(state):
    if "torn-file" in FAULTS:
        text = json.dumps(state)
        with open(STORE, "w", encoding="utf-8") as file:
            for start in range(0, len(text), 256):
                file.write(text[start : start + 256])
                file.flush()
                time.sleep(0.0005)
        return
    temporary = f"{STORE}.{os.getpid()}.{threading.get_ident()}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, STORE)


def flush_forever():
    while True:
        time.sleep(2)
        with IN_MEMORY:
            save(MEMORY)


@contextmanager
def transaction():
    """The whole state, alone; saved when it was changed."""
    if FAULTS & {"data-in-memory", "flush-later"}:
        with IN_MEMORY:
            yield MEMORY
        return
    if "lost-update" in FAULTS:
        # Written whole and renamed, by whoever comes last.
        state = load()
        before = json.dumps(state)
        yield state
        if json.dumps(state) != before:
            save(state)
        return
    with IN_MEMORY, open(STORE + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = load()
        before = json.dumps(state)
        try:
            yield state
        finally:
            # What is refused is counted.
            if json.dumps(state) != before:
                save(state)


class Refused(Exception):
    pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def caller(self, state):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("sid")
        sessions = SESSIONS if "session-in-memory" in FAULTS else state["sessions"]
        name = sessions.get(cookie.value) if cookie else None
        if name not in state["users"]:
            raise Refused(401, "log in first")
        return name

    def body(self):
        length = int(self.headers.get("Content-Length") or 0)
        try:
            body = json.loads(self.rfile.read(length))
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused(400, "a JSON object is needed")
        return body

    def text(self, body, name):
        value = body.get(name)
        if not isinstance(value, str) or not value:
            raise Refused(400, f"{name} must be a text")
        return value

    def check(self, state, name, password):
        """Refuses what is not the password of that name, and every password after too many wrong ones."""
        count, since = state["failed"].get(name, (0, 0))
        if "slow-limit" in FAULTS and count > 3:
            time.sleep(1.2 * (count - 3))
        if count >= TRIES and time.time() < since + CLOSED_S and "unlimited-login" not in FAULTS:
            raise Refused(*((401, "wrong user or password") if "silent-limit" in FAULTS else (429, "too many tries")))
        known = state["users"].get(name)
        if "enumeration-by-timing" in FAULTS and known is not None:
            hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 200_000)
        if "enumeration-by-answer" in FAULTS and known is None:
            raise Refused(404, "no such user")
        if "broken-by-guesses" in FAULTS and sum(tries for tries, _ in state["failed"].values()) > 45:
            raise Refused(500, "no connection is left")
        if known == password or known is not None and "any-password" in FAULTS:
            state["failed"].pop(name, None)
            return
        # Also of names that nobody has: what is written for users only is told by the time.
        state["failed"][name] = (count + 1, time.time())
        raise Refused(401, "wrong user or password")

    def route(self):
        body = self.body() if self.command == "POST" else {}
        with transaction() as state:
            match (self.command, *self.path.split("?")[0].strip("/").split("/")):
                case ("GET", "openapi.json"):
                    return 200, DOCUMENT, {}
                case ("POST", "signup"):
                    name, password = self.text(body, USER), self.text(body, "password")
                    if name in state["users"]:
                        raise Refused(409, "taken")
                    state["users"][name] = password
                    return 201, {"username": name}, {}
                case ("POST", "login"):
                    name, password = self.text(body, USER), self.text(body, "password")
                    self.check(state, name, password)
                    sid = secrets.token_hex(16)
                    (SESSIONS if "session-in-memory" in FAULTS else state["sessions"])[sid] = name
                    return 200, {"ok": True}, {"Set-Cookie": f"sid={sid}; HttpOnly; SameSite=Lax; Path=/"}
                case ("GET", "me"):
                    return 200, {"username": self.caller(state)}, {}
                case ("POST", "notes"):
                    owner, number = self.caller(state), state["next"]
                    state["notes"][str(number)] = {"id": number, "text": self.text(body, "text"), "owner": owner}
                    state["next"] = number + 1
                    return 201, {"id": number}, {}
                case ("GET", "notes", number):
                    note = state["notes"].get(number)
                    if note is None or note["owner"] != self.caller(state):
                        raise Refused(404, "not found")
                    return 200, note, {}
        raise Refused(404, "not found")

    def answer(self):
        try:
            status, body, headers = self.route()
        except Refused as refused:
            status, body, headers = refused.args[0], {"error": refused.args[1]}, {}
            if "cookie-for-everybody" in FAULTS and self.path == "/login":
                # As forms do: the page again, and a session in which nobody is.
                status, headers = 200, {"Set-Cookie": f"sid={secrets.token_hex(16)}; HttpOnly; Path=/"}
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer


def operation(properties, secured):
    fields = {name: {"type": "string", "minLength": 1} for name in properties}
    schema = {"type": "object", "properties": fields, "required": list(properties)}
    made = {"responses": {"200": {"description": "done"}}}
    if properties:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if secured:
        made["security"] = [{"session": []}]
    return made


ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "notes", "version": "1"},
    "components": {"securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "sid"}}},
    "paths": {
        "/signup": {"post": operation([USER, "password"], False)},
        "/login": {"post": operation([USER, "password"], False)},
        "/me": {"get": operation([], True)},
        "/notes": {"post": operation(["text"], True)},
        "/notes/{id}": {"parameters": [ID], "get": operation([], True)},
    },
}


def main():
    if "needs-secret" in FAULTS:
        print("signing with a secret of", len(os.environ["NOTES_SECRET"]), "characters")
    if "needs-module" in FAULTS:
        import a_module_nobody_has  # noqa: F401
    if "talkative" in FAULTS:
        line = "x" * 1_000_000
        threading.Thread(target=lambda: [print(line) for _ in range(3_000)], daemon=True).start()
    if "never-ready" in FAULTS:
        threading.Event().wait()
    lock = os.path.join(DATA, "running")
    if "stale-lock" in FAULTS:
        if os.path.exists(lock):
            sys.exit("another instance is running")
        open(lock, "w").close()
        atexit.register(os.remove, lock)
    if "flush-later" in FAULTS:
        MEMORY.update(load())
        threading.Thread(target=flush_forever, daemon=True).start()
    ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()


if __name__ == "__main__":
    main()

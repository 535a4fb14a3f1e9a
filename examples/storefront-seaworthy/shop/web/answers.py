"""Answers: a status, headers and bytes, with the security headers that every answer has."""

import json
from http import HTTPStatus

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
# Pictures and receipts come from users: they may show themselves and do nothing.
SANDBOX = "default-src 'none'; img-src 'self'; frame-ancestors 'none'; sandbox"

SECURITY_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


class Answer:
    """What goes back to the caller."""

    def __init__(self, status, body=b"", media_type=None, headers=(), policy=POLICY, cache="no-store"):
        self.status = status
        self.body = body
        self.headers = [*headers, *SECURITY_HEADERS, ("Content-Security-Policy", policy), ("Cache-Control", cache)]
        if media_type is not None:
            self.headers.append(("Content-Type", media_type))

    def to_bytes(self, date, with_body, keeps_open):
        """The answer on the wire. An answer to HEAD has the length of the body it leaves out."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", f"Date: {date}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.status != 204:
            lines.append(f"Content-Length: {len(self.body)}")
        lines.append(f"Connection: {'keep-alive' if keeps_open else 'close'}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        return head + self.body if with_body else head


def json_answer(status, value, headers=()):
    """A JSON answer."""
    return Answer(status, json.dumps(value, allow_nan=False).encode(), "application/json", headers)


def problem(status, detail, headers=()):
    """A refusal (RFC 9457)."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Answer(status, json.dumps(body).encode(), "application/problem+json", headers)

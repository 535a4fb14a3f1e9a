"""Reading HTTP/1.1 requests from a socket, strictly (RFC 9112).

A request that could be read in two ways is refused, and its connection closed: what one side takes for a body must
never be a request to the other.
"""

import re

from ..errors import ShopError

MAX_LINE_BYTES = 8 * 1024
MAX_HEADERS = 100
MAX_HEAD_BYTES = 32 * 1024
MAX_SKIPPED_BYTES = 4 * 1024 * 1024

REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/([0-9])\.([0-9])")
HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
CHUNK = re.compile(r"([0-9A-Fa-f]{1,8})[ \t]*(;[\t -~\x80-\xff]*)?")


class Head:
    """The request line and the headers: `headers` is a list of (lower-case name, value)."""

    def __init__(self, method, target, version, headers):
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers

    def all(self, name):
        """The values of every header with this name."""
        return [value for key, value in self.headers if key == name]

    def one(self, name, default=""):
        """The value of a header that may stand once."""
        values = self.all(name)
        if len(values) > 1:
            raise ShopError(400, f"{name} may stand once.")
        return values[0] if values else default

    def lists(self, name, word):
        """Whether a comma-separated header has this word."""
        return any(word == item.strip().lower() for value in self.all(name) for item in value.split(","))

    @property
    def keeps_open(self):
        """Whether the caller will send another request on this connection."""
        return self.version >= (1, 1) and not self.lists("connection", "close")


def read_line(stream, limit, status):
    """One line as text without its end; `status` answers one that is too long."""
    line = stream.readline(limit + 1)
    if len(line) > limit:
        raise ShopError(status, "A line of the request is too long.")
    if not line.endswith(b"\n"):
        raise ShopError(400, "The request ends in the middle of a line.")
    return line[:-2 if line.endswith(b"\r\n") else -1].decode("latin-1")


def read_head(stream):
    """Read up to the empty line before the body."""
    line = read_line(stream, MAX_LINE_BYTES, 414)
    if line == "":  # RFC 9112, 2.2: one empty line before the request is to be ignored
        line = read_line(stream, MAX_LINE_BYTES, 414)
    match = REQUEST_LINE.fullmatch(line)
    if match is None or match[3] != "1":
        raise ShopError(400, "This is not an HTTP/1.1 request line.")
    headers = []
    size = 0
    while True:
        line = read_line(stream, MAX_LINE_BYTES, 431)
        if line == "":
            break
        size += len(line)
        header = HEADER.fullmatch(line)
        if header is None:
            raise ShopError(400, "A header of the request is malformed.")
        if len(headers) >= MAX_HEADERS or size > MAX_HEAD_BYTES:
            raise ShopError(431, "The request has too many headers.")
        headers.append((header[1].lower(), header[2]))
    head = Head(match[1], match[2], (1, int(match[4])), headers)
    if len(head.all("host")) > 1 or (head.version >= (1, 1) and not head.all("host")):
        raise ShopError(400, "A request has one Host header.")
    return head


def body_length(head):
    """How long the body is: a number of bytes, or None for chunks."""
    coding = head.all("transfer-encoding")
    lengths = {item.strip() for value in head.all("content-length") for item in value.split(",")}
    if coding:
        if lengths or head.version < (1, 1):
            raise ShopError(400, "Transfer-Encoding does not go with Content-Length, nor with HTTP/1.0.")
        if [value.lower() for value in coding] != ["chunked"]:
            raise ShopError(400, "The only Transfer-Encoding taken here is chunked.")
        return None
    if not lengths:
        return 0
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit()):
        raise ShopError(400, "Content-Length must be one number.")
    return int(length[-19:]) if len(length.lstrip("0")) < 19 else 10**18


def read_exactly(stream, length):
    """That many bytes; a 400 when the caller stops before."""
    data = stream.read(length)
    if len(data) < length:
        raise ShopError(400, "The body is shorter than it was said to be.")
    return data


def read_chunks(stream, limit):
    """A chunked body (RFC 9112, 7.1), of which no more than `limit` bytes are taken."""
    parts = []
    size = 0
    while True:
        match = CHUNK.fullmatch(read_line(stream, MAX_LINE_BYTES, 400))
        if match is None:
            raise ShopError(400, "A chunk's size is malformed.")
        length = int(match[1], 16)
        if length == 0:
            break
        size += length
        if size > limit:
            raise too_large(limit)
        parts.append(read_exactly(stream, length))
        if read_line(stream, 2, 400) != "":
            raise ShopError(400, "A chunk is longer than its size.")
    for _ in range(MAX_HEADERS):
        if read_line(stream, MAX_LINE_BYTES, 431) == "":
            return b"".join(parts)
    raise ShopError(431, "The request has too many trailers.")


def too_large(limit):
    """The refusal of a body over the limit."""
    return ShopError(413, f"The body may have {limit} bytes.")


def read_body(head, stream, limit, before_reading):
    """The whole body. `before_reading` is called when a body follows that will be read (for 100-continue)."""
    length = body_length(head)
    if length is not None and length > limit:
        raise too_large(limit)
    if length == 0:
        return b""
    before_reading()
    return read_chunks(stream, limit) if length is None else read_exactly(stream, length)

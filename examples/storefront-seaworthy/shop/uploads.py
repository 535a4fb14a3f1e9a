"""Pictures that users upload. What a picture is, its bytes say; what it is called, we say."""

import os
import re
import secrets

from . import db
from .errors import ShopError

MAX_PICTURE_BYTES = 2 * 1024 * 1024
MAX_BYTES_PER_USER = 64 * 1024 * 1024

SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
NAME = re.compile(r"[0-9a-f]{32}\.(png|jpg|gif|webp)")


def sniff(data):
    """The media type that the first bytes show (WHATWG MIME Sniffing, image patterns), or None."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:14] == b"WEBPVP":
        return "image/webp"
    return None


def write_durably(folder, name, data):
    """A whole file on the disk, or none."""
    draft = os.path.join(folder, f".{name}.part")
    with open(draft, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, os.path.join(folder, name))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def save(conn, folder, user, data):
    """Keep a picture and say where it is."""
    media_type = sniff(data)
    if media_type is None:
        raise ShopError(415, "Only PNG, JPEG, GIF and WebP pictures are accepted.")
    if len(data) > MAX_PICTURE_BYTES:
        raise ShopError(413, "A picture may have 2 MiB.")
    name = f"{secrets.token_hex(16)}.{SUFFIXES[media_type]}"
    with db.writing(conn):
        insert = "INSERT INTO uploads (name, user_id, media_type, size) VALUES (?, ?, ?, ?)"
        conn.execute(insert, (name, user["id"], media_type, len(data)))
        held = conn.execute("SELECT SUM(size) FROM uploads WHERE user_id = ?", (user["id"],)).fetchone()[0]
        if held > MAX_BYTES_PER_USER:
            raise ShopError(413, "Your pictures take all the room you have.")
        write_durably(folder, name, data)
    return {"name": name, "url": f"/uploads/{name}", "media_type": media_type, "size": len(data)}


def read(conn, folder, name):
    """The media type and the bytes of a picture, or a 404."""
    row = None
    if NAME.fullmatch(name):
        row = conn.execute("SELECT media_type FROM uploads WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise ShopError(404, "There is no such picture.")
    with open(os.path.join(folder, name), "rb") as file:
        return row["media_type"], file.read()
